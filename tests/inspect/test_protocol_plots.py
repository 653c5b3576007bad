"""Pictures of protocols show what was measured, under the names that were given."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from bioplastic.errors import DataError, ParameterError
from bioplastic.inspect import plot_protocol
from bioplastic.inspect.measurements import (
    SJOESTROEM_2001,
    WANG_2005,
    FrequencyDependence,
    STDPWindow,
    TripletChanges,
)
from bioplastic.models import PairSTDP


def measurement(result, change, /, **more):
    change = np.asarray(change, dtype=float)
    common = {
        "rule": PairSTDP(),
        "variable": "w",
        "w": 0.5,
        "change": change,
        "latencies": np.zeros(change.shape),
        "at_bound": np.zeros(change.shape, dtype=bool),
    }
    return result(**common | more)


@pytest.fixture
def window():
    delays = np.array([0.01, -0.02, 0.0, -0.01])
    return measurement(STDPWindow, [0.2, -0.1, 0.3, -0.2], delays=delays, n_pairs=1)


@pytest.fixture
def frequencies():
    return measurement(
        FrequencyDependence,
        [[0.3, 0.1], [0.2, -0.4]],
        frequencies=np.array([20.0, 0.1]),
        delays=np.array([0.01, -0.01]),
    )


@pytest.fixture
def triplets():
    return [
        measurement(
            TripletChanges, change, kind=kind, intervals=np.array(WANG_2005[kind].intervals)[:2]
        )
        for kind, change in (("post_pre_post", [0.3, 0.2]), ("pre_post_pre", [0.0, -0.1]))
    ]


def texts(legend):
    return [text.get_text() for text in legend.get_texts()]


def render(axes):
    axes.figure.canvas.draw()


# ------------------------------------------------------------------------------------- windows


def test_window_is_drawn_in_two_halves_in_the_order_of_time(window):
    axes = plot_protocol(window)
    before, after = axes.lines[-2:]
    np.testing.assert_allclose(before.get_xdata(), [-20, -10])
    np.testing.assert_allclose(before.get_ydata(), [-0.1, -0.2])
    np.testing.assert_allclose(after.get_xdata(), [0, 10])
    np.testing.assert_allclose(after.get_ydata(), [0.3, 0.2])
    assert before.get_color() == after.get_color()
    assert after.get_marker() == "o"
    assert axes.get_ylabel() == "change of w"
    assert axes.get_title(loc="left") == "Change by one pair of spikes"
    assert axes.get_legend() is None
    render(axes)


def test_several_windows_have_names_and_shares(window):
    many = measurement(STDPWindow, np.ones(100), delays=np.arange(100) / 1e3, n_pairs=60)
    _, given = plt.subplots()
    axes = plot_protocol({"few": window, "many": many}, relative=True, axes=given)
    assert axes is given
    assert texts(axes.get_legend()) == ["few", "many"]
    np.testing.assert_allclose(axes.lines[-1].get_ydata(), 2.0)
    assert axes.lines[-1].get_marker() == "None"
    assert axes.get_ylabel() == "change of w, share of w before"
    assert axes.get_title(loc="left") == "Change by pairs of spikes"
    assert axes.yaxis.get_major_formatter()(-0.015) == "\N{MINUS SIGN}1.5 %"
    assert len({line.get_color() for line in axes.lines[2:]}) == 2


@pytest.mark.parametrize("windows", [{}, None, {"a": 3}, "window"])
def test_windows_must_be_windows(windows):
    with pytest.raises(DataError, match=r"^plot_protocol\.results: must be results of one"):
        plot_protocol(windows)
    assert plt.get_fignums() == []


def test_no_shares_of_a_weight_of_0(window):
    nothing = measurement(STDPWindow, window.change, delays=window.delays, n_pairs=1, w=0.0)
    with pytest.raises(ParameterError, match="relative: the weight before was 0"):
        plot_protocol(nothing, relative=True)


# --------------------------------------------------------------------------------- frequencies


def test_one_result_has_a_color_for_each_delay(frequencies):
    axes = plot_protocol(frequencies)
    up, down = axes.lines[-2:]
    np.testing.assert_allclose(up.get_xdata(), [0.1, 20])
    np.testing.assert_allclose(up.get_ydata(), [0.1, 0.3])
    np.testing.assert_allclose(down.get_ydata(), [-0.4, 0.2])
    assert up.get_color() != down.get_color()
    assert texts(axes.get_legend()) == ["+10 ms", "\N{MINUS SIGN}10 ms"]
    render(axes)


def test_measured_values_have_their_delay_s_color_and_bars(frequencies):
    axes = plot_protocol(frequencies, data=True)
    assert len(axes.containers) == 2
    for row, bars in enumerate(axes.containers):
        points = bars.lines[0]
        np.testing.assert_allclose(points.get_ydata().astype(float), SJOESTROEM_2001.change[row])
        lengths = [np.ptp(segment[:, 1]) for segment in bars.lines[2][0].get_segments()]
        np.testing.assert_allclose(lengths, 2 * np.array(SJOESTROEM_2001.spread[row]))
    colors = [bars.lines[0].get_color() for bars in axes.containers]
    assert colors == [axes.lines[k].get_color() for k in (1, 2)]
    render(axes)


def test_several_results_have_a_color_each_and_delays_a_style(frequencies):
    axes = plot_protocol({"a": frequencies, "b": frequencies}, data=SJOESTROEM_2001)
    drawn = [line for line in axes.lines[1:] if len(line.get_xdata()) == 2]
    assert [line.get_color() for line in drawn] == [drawn[0].get_color()] * 2 + [
        drawn[2].get_color()
    ] * 2
    assert drawn[0].get_linestyle() != drawn[1].get_linestyle()
    minus = "\N{MINUS SIGN}10 ms"
    assert texts(axes.get_legend()) == [
        "a", "b", "+10 ms", minus, "measured, +10 ms", f"measured, {minus}",
    ]  # fmt: skip
    render(axes)


def test_measured_delays_that_were_not_simulated_are_drawn_too(frequencies):
    other = measurement(
        FrequencyDependence,
        frequencies.change[:1],
        frequencies=frequencies.frequencies,
        delays=np.array([0.005]),
    )
    axes = plot_protocol(other, data=SJOESTROEM_2001)
    colors = {axes.lines[1].get_color(), *(b.lines[0].get_color() for b in axes.containers)}
    assert len(colors) == 3


def test_frequency_dependence_and_data_are_checked(frequencies, window):
    with pytest.raises(DataError, match="got FrequencyDependence, STDPWindow"):
        plot_protocol({"frequencies": frequencies, "window": window})
    with pytest.raises(DataError, match="data: must be a FrequencyExperiment"):
        plot_protocol(frequencies, data=WANG_2005)
    with pytest.raises(DataError, match="data: must be False for windows"):
        plot_protocol(window, data=True)
    assert plt.get_fignums() == []


# ------------------------------------------------------------------------------------ triplets


def test_bars_stand_at_their_intervals_by_kind(triplets):
    axes = plot_protocol(triplets, data=WANG_2005)
    labels = [tick.get_text() for tick in axes.get_xticklabels()]
    assert labels == ["5, 5", "10, 10", "5, 5", "10, 10"]
    bars, points = axes.containers
    heights = {bar.get_x(): bar.get_height() for bar in bars}
    found = [heights[place] for place in sorted(heights)]
    assert found == [0.0, -0.1, 0.3, 0.2]
    np.testing.assert_allclose(points.lines[0].get_ydata().astype(float), [-0.01, 0.03, 0.33, 0.34])
    assert [text.get_text() for text in axes.texts] == ["pre, post, pre", "post, pre, post"]
    assert texts(axes.get_legend()) == ["model", "measured"]
    render(axes)


def test_rules_stand_side_by_side(triplets):
    axes = plot_protocol({"a": triplets, "b": triplets[0]}, relative=True)
    first, second = axes.containers
    assert (len(first), len(second)) == (4, 2)
    left, right = first[0], second[0]
    assert left.get_x() + left.get_width() <= right.get_x()
    assert left.get_height() == pytest.approx(0.6)
    assert texts(axes.get_legend()) == ["a", "b"]
    assert left.get_facecolor() != right.get_facecolor()


def test_one_result_alone_has_no_legend(triplets):
    _, given = plt.subplots()
    assert plot_protocol(triplets[0], axes=given) is given
    assert given.get_legend() is None


def test_triplets_and_data_are_checked(triplets, window):
    for results in ([], {}, [window, window], {"a": [*triplets, window]}):
        with pytest.raises(DataError, match=r"^plot_protocol\.results: must be results of one"):
            plot_protocol(results)
    with pytest.raises(DataError, match=r"^plot_protocol\.data: must be a mapping from kinds"):
        plot_protocol(triplets, data=SJOESTROEM_2001)
    assert plt.get_fignums() == []
