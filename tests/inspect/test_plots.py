"""Pictures: what is drawn, where, with which limits, and what is refused."""

import io
import time
from types import SimpleNamespace

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex

from bioplastic import SpikeTrains
from bioplastic.errors import DataError, ParameterError
from bioplastic.inspect import plot_raster, plot_receptive_fields, plot_weight_history


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def render(axes):
    """Draw for real, as errors in artists show only then."""
    stream = io.BytesIO()
    np.ravel(axes)[0].figure.savefig(stream, dpi=50)
    assert len(stream.getvalue()) > 1000


# ---------------------------------------------------------------------------- receptive fields


def test_tiles_hold_the_weights_in_order(rng):
    weights = rng.random((6, 7))
    axes = plot_receptive_fields(weights, image_shape=(2, 3), n_columns=4)
    assert len(axes.images) == 1
    mosaic = axes.images[0].get_array()
    assert mosaic.shape == (2 * 2, 4 * 3)
    for k in range(7):
        row, column = divmod(k, 4)
        tile = mosaic[2 * row : 2 * row + 2, 3 * column : 3 * column + 3]
        np.testing.assert_array_equal(tile, weights[:, k].reshape(2, 3))
    assert mosaic[2:, 9:].mask.all()
    assert mosaic.mask.sum() == 6
    assert axes.get_xlim() == (0, 12)
    assert axes.get_ylim() == (4, 0)
    render(axes)


def test_colour_scale_starts_at_zero_and_ends_at_the_largest_weight(rng):
    weights = 0.2 + 0.5 * rng.random((16, 500))
    weights[3, 450] = 0.9
    axes = plot_receptive_fields(weights)
    assert axes.images[0].get_clim() == (0.0, 0.9)
    (bar,) = axes.child_axes
    assert bar.get_ylabel() == "synaptic weight"
    assert bar.get_ylim() == (0.0, 0.9)
    assert plot_receptive_fields(weights, w_max=1).images[0].get_clim() == (0.0, 1.0)
    assert plot_receptive_fields(np.zeros((4, 2))).images[0].get_clim() == (0.0, 1.0)


@pytest.mark.parametrize(
    ("low", "high", "extend"),
    [(0.1, 0.5, "neither"), (-0.1, 0.5, "min"), (0.1, 2, "max"), (-1, 2, "both")],
)
def test_colour_bar_tells_of_weights_beyond_the_scale(low, high, extend):
    axes = plot_receptive_fields(np.linspace(low, high, 16).reshape(4, 4), w_max=1)
    assert axes.images[0].colorbar.extend == extend


def test_many_neurons_are_cut_and_the_title_says_so(rng):
    weights = rng.random((4, 1600))
    axes = plot_receptive_fields(weights)
    assert axes.get_title(loc="left") == "Receptive fields of the first 400 of 1,600 neurons"
    assert axes.images[0].get_array().shape == (40, 40)
    axes = plot_receptive_fields(weights, max_neurons=None)
    assert axes.get_title(loc="left") == "Receptive fields of 1,600 neurons"
    assert axes.images[0].get_array().shape == (80, 80)
    axes = plot_receptive_fields(weights[:, :1])
    assert axes.get_title(loc="left") == "Receptive fields of 1 neuron"


def test_ticks_lead_to_the_number_of_a_neuron(rng):
    axes = plot_receptive_fields(rng.random((64, 30)), n_columns=6)
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["0", "6", "12", "18", "24"]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == [f"+{k}" for k in range(6)]
    np.testing.assert_array_equal(axes.get_yticks(), 8 * np.arange(5) + 4)


def test_wide_tiles_are_stacked_to_a_square(rng):
    mosaic = plot_receptive_fields(rng.random((64, 16)), image_shape=(4, 16)).images[0].get_array()
    assert mosaic.shape == (8 * 4, 2 * 16)


def test_labels_are_written_on_their_tiles(rng):
    axes = plot_receptive_fields(rng.random((16, 5)), n_columns=3, labels=[7, -1, "a", None, 0])
    written = {text.get_text(): text.get_position() for text in axes.texts}
    assert set(written) == {"7", "a", "0"}
    x, y = written["0"]
    assert 4 < x < 8
    assert 4 < y < 8
    labelled = plot_receptive_fields(rng.random((4, 500)), labels=np.arange(500))
    assert len(labelled.texts) == 400


def test_fitted_estimator_and_given_axes(rng):
    estimator = SimpleNamespace(fit=None, weights_=rng.random((9, 4)))
    _, given = plt.subplots()
    assert plot_receptive_fields(estimator, axes=given) is given
    np.testing.assert_array_equal(
        given.images[0].get_array()[:3, :3].ravel(), estimator.weights_[:, 0]
    )
    assert plt.get_fignums() == [given.figure.number]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "image_shape: .* got None for 6 features; pass"),
        ({"image_shape": (2, 4)}, r"image_shape: .* got \(2, 4\) for 6 features"),
        ({"image_shape": (-2, -3)}, "image_shape"),
        ({"image_shape": 6}, "image_shape"),
        ({"image_shape": (2.0, 3.0)}, "image_shape"),
        ({"image_shape": (2, 3), "labels": [1]}, "labels: .* 1 labels for 2 neurons"),
        ({"image_shape": (2, 3), "n_columns": 0}, "n_columns: .* at least 1, got 0"),
        ({"image_shape": (2, 3), "max_neurons": 1.5}, "max_neurons: .* got 1.5"),
        ({"image_shape": (2, 3), "w_max": 0.0}, "w_max: .* got 0.0"),
        ({"image_shape": (2, 3), "w_max": np.nan}, "w_max"),
    ],
)
def test_receptive_field_parameters_are_checked(arguments, message):
    with pytest.raises(ParameterError, match=r"^plot_receptive_fields\." + message):
        plot_receptive_fields(np.ones((6, 2)), **arguments)
    assert plt.get_fignums() == []


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (np.ones(4), r"got \(4,\)"),
        (np.ones((4, 0)), r"got \(4, 0\)"),
        (np.array([[1.0, np.nan]] * 4), "4 NaN"),
        ("weights", "got str"),
        (None, r"got \(\)"),
    ],
)
def test_bad_weights(weights, message):
    with pytest.raises(DataError, match=message):
        plot_receptive_fields(weights)


def test_unfitted_estimator():
    with pytest.raises(ParameterError, match="SimpleNamespace has no weights_; call fit first"):
        plot_receptive_fields(SimpleNamespace(fit=None))


# ------------------------------------------------------------------------------ weight history


@pytest.fixture
def history(rng):
    histogram = rng.random((6, 10)) + 0.01
    histogram[:, 8:] = 0
    return {
        "presentation": np.array([0, 100, 200, 300, 500, 600]),
        "weight_bins": np.linspace(0, 1, 11),
        "weight_histogram": histogram / histogram.sum(axis=1, keepdims=True),
        "weight_change": np.array([0.0, 0.05, 0.04, 0.03, 0.04, 0.01]),
        "theta": 0.02 + 0.01 * rng.random((6, 20)),
        "spikes": np.array([np.nan, 14.0, 15.0, 16.0, 15.0, 17.0]),
        "repeated": np.array([np.nan, 0.25, 0.1, 0.05, 0.0, 0.0]),
    }


def test_panels_show_the_records(history):
    panels = plot_weight_history(history)
    assert panels.shape == (4,)
    assert [panel.get_xlim() for panel in panels] == [(0, 600)] * 4
    assert panels[0].get_shared_x_axes().joined(panels[0], panels[3])
    assert panels[-1].get_xlabel() == "presentations"
    (heat,) = panels[0].collections
    np.testing.assert_allclose(
        heat.get_array().filled(0).ravel(), history["weight_histogram"].T.ravel()
    )
    assert heat.get_array().mask.sum() == 6 * 2
    assert panels[0].get_ylim() == (0, 1)
    np.testing.assert_array_equal(heat.get_coordinates()[0, :, 0], [0, 50, 150, 250, 400, 550, 600])
    (theta,) = panels[2].lines
    np.testing.assert_allclose(theta.get_ydata(), 1e3 * history["theta"].mean(axis=1))
    band = panels[2].collections[0].get_paths()[0].get_extents()
    np.testing.assert_allclose(
        (band.y0, band.y1), (1e3 * history["theta"].min(), 1e3 * history["theta"].max())
    )
    (spikes,) = panels[3].lines
    np.testing.assert_array_equal(spikes.get_ydata(), history["spikes"])
    render(panels)


def test_change_is_divided_by_the_presentations_between_records(history):
    (line,) = plot_weight_history(history)[1].lines
    np.testing.assert_allclose(line.get_ydata(), [np.nan, 5e-4, 4e-4, 3e-4, 2e-4, 1e-4])


def test_change_of_a_much_shorter_last_record_is_left_out(history):
    history["presentation"][-1] = 501
    (line,) = plot_weight_history(history)[1].lines
    np.testing.assert_allclose(line.get_ydata(), [np.nan, 5e-4, 4e-4, 3e-4, 2e-4, np.nan])


def test_weights_fill_the_panel_where_most_of_their_range_is_empty(history):
    history["weight_histogram"][:, 5:] = 0
    np.testing.assert_allclose(plot_weight_history(history)[0].get_ylim(), (0, 0.6))


def test_colours_are_logarithmic_and_span_four_decades_at_most(history):
    history["weight_histogram"][0, 0] = 1e-9
    norm = plot_weight_history(history)[0].collections[0].norm
    assert isinstance(norm, mpl.colors.LogNorm)
    assert norm.vmax == history["weight_histogram"].max()
    np.testing.assert_allclose(norm.vmin, norm.vmax / 1e4)


def test_repeats_are_drawn_in_percent_only_where_there_are_some(history):
    def right_axes(panels):
        return [axes for axes in panels[0].figure.axes if axes not in panels]

    (right,) = right_axes(plot_weight_history(history))
    np.testing.assert_array_equal(right.lines[0].get_ydata(), 100 * history["repeated"])
    assert "%" in right.get_ylabel()
    history["repeated"] = np.zeros(6)
    assert right_axes(plot_weight_history(history)) == []


def test_estimator_and_given_axes(history):
    figure, given = plt.subplots(2, 2)
    panels = plot_weight_history(SimpleNamespace(history_=history), axes=given)
    assert list(panels) == list(given.ravel())
    assert plt.get_fignums() == [figure.number]


def test_single_record_is_drawn(history):
    one = {key: value if key == "weight_bins" else value[1:2] for key, value in history.items()}
    panels = plot_weight_history(one)
    assert panels[0].get_xlim() == (99.5, 100.5)
    assert panels[1].lines[0].get_marker() == "o"
    render(panels)


def test_silent_history_is_drawn_without_warnings(history):
    history |= {"weight_histogram": np.zeros((6, 10)), "spikes": np.full(6, np.nan)}
    history |= {"repeated": np.full(6, np.nan), "weight_change": np.zeros(6)}
    panels = plot_weight_history(history)
    render(panels)
    assert panels[0].collections[0].get_array().mask.all()
    assert panels[3].get_ylim() == (0, 1)


def test_missing_keys_and_unfitted_estimator(history):
    del history["theta"], history["spikes"]
    with pytest.raises(ParameterError, match="missing: theta, spikes"):
        plot_weight_history(history)
    with pytest.raises(ParameterError, match="SimpleNamespace has no history_; call fit first"):
        plot_weight_history(SimpleNamespace())


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("weight_change", np.zeros(5)),
        ("weight_histogram", np.zeros((6, 11))),
        ("theta", np.zeros(6)),
        ("theta", np.zeros((6, 0))),
        ("presentation", np.zeros((6, 1))),
        ("presentation", np.array([0, 1, 2, 3, 3, 4])),
        ("presentation", np.array([])),
        ("weight_bins", np.array([])),
        ("spikes", ["many"] * 6),
    ],
)
def test_records_that_do_not_fit(history, key, value):
    with pytest.raises(DataError, match=r"^plot_weight_history\.history: "):
        plot_weight_history(history | {key: value})
    assert plt.get_fignums() == []


def test_wrong_number_of_axes(history):
    with pytest.raises(ParameterError, match=r"axes: must hold 4 Axes, got 1"):
        plot_weight_history(history, axes=[plt.subplots()[1]])


# -------------------------------------------------------------------------------------- raster


@pytest.fixture
def spikes():
    """Two samples of four units: three spikes, and five."""
    times = [0.01, 0.02, 0.30, 0.05, 0.06, 0.10, 0.40, 0.45]
    units = [0, 3, 1, 2, 2, 0, 3, 1]
    return SpikeTrains(times, units, [0, 3, 8], n_units=4, duration=[0.5, 0.6])


def points(axes):
    return sorted(
        (float(x), int(y)) for line in axes.lines for x, y in zip(*line.get_data(), strict=True)
    )


@pytest.mark.parametrize("sample", [1, -1])
def test_one_sample_is_drawn(spikes, sample):
    axes = plot_raster(spikes, sample=sample)
    assert points(axes) == [(0.05, 2), (0.06, 2), (0.10, 0), (0.40, 3), (0.45, 1)]
    assert axes.get_xlim() == (0.0, 0.6)
    low, high = axes.get_ylim()
    assert low < 0
    assert high > 3
    assert axes.get_xlabel() == "time (s)"
    assert axes.get_title(loc="left") == "Sample 1: 5 spikes of 4 units"
    assert axes.get_legend() is None
    assert all(line.get_rasterized() for line in axes.lines)
    render(axes)


def test_chosen_units_are_rows_in_the_order_given(spikes):
    axes = plot_raster(spikes, sample=1, units=[3, 2])
    assert points(axes) == [(0.05, 1), (0.06, 1), (0.40, 0)]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["3", "2"]
    assert axes.get_title(loc="left") == "Sample 1: 3 spikes of 2 of 4 units"


def test_labels_give_colours_and_a_legend(spikes):
    axes = plot_raster(
        spikes, sample=1, labels=["excitatory", "excitatory", "inhibitory", "excitatory"]
    )
    names = [text.get_text() for text in axes.get_legend().get_texts()]
    assert names == ["excitatory", "inhibitory"]
    assert [line.get_label() for line in axes.lines] == names
    np.testing.assert_array_equal(axes.lines[1].get_ydata(), [2, 2])
    assert axes.lines[0].get_color() != axes.lines[1].get_color()
    render(axes)


def test_given_colours(spikes):
    groups = [0, 0, 1, 1]
    axes = plot_raster(spikes, labels=groups, colors=["C0", "red"])
    assert [line.get_color() for line in axes.lines] == ["C0", "red"]
    axes = plot_raster(spikes, labels=groups, colors="black")
    assert {line.get_color() for line in axes.lines} == {"black"}


@pytest.mark.parametrize("n_groups", [2, 10, 30])
def test_every_group_has_its_own_colour(n_groups):
    units = np.arange(n_groups)
    axes = plot_raster((units / 10, units), labels=units)
    assert len({to_hex(line.get_color()) for line in axes.lines}) == n_groups


def test_tuple_of_times_and_units_on_given_axes():
    _, given = plt.subplots()
    assert plot_raster(([0.1, 0.3], [5, 0]), axes=given) is given
    assert points(given) == [(0.1, 5), (0.3, 0)]
    assert given.get_xlim() == (0.0, 0.3)
    assert len(plt.get_fignums()) == 1


@pytest.mark.parametrize("empty", [([], []), ([0.0], [0])])
def test_no_spikes_and_no_time(empty):
    axes = plot_raster(empty)
    assert len(points(axes)) == len(empty[0])
    render(axes)


def test_many_spikes_are_drawn_quickly_small_and_faint(rng):
    n = 100_000
    start = time.process_time()
    axes = plot_raster((np.sort(rng.random(n)), rng.integers(1000, size=n)))
    render(axes)
    assert time.process_time() - start < 5
    (line,) = axes.lines
    assert len(line.get_xdata()) == n
    few = plot_raster(([0.1], [0])).lines[0]
    assert line.get_markersize() < few.get_markersize()
    assert line.get_alpha() < few.get_alpha() == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sample": 2}, "sample: .* from -2 to 1, got 2"),
        ({"sample": -3}, "sample"),
        ({"sample": 0.0}, "sample"),
        ({"units": [4]}, r"units: .* 0 \.\.\. 3"),
        ({"units": [1, 1]}, "units: must be different"),
        ({"units": []}, "units"),
        ({"units": [0.5]}, "units"),
        ({"labels": [0, 1]}, "labels: .* 2 labels for 4 units"),
        ({"labels": [0, 0, 1, 1], "colors": ["red"]}, "colors: .* 2 groups, got 1"),
    ],
)
def test_raster_parameters_are_checked(spikes, arguments, message):
    with pytest.raises(ParameterError, match=r"^plot_raster\." + message):
        plot_raster(spikes, **arguments)
    assert plt.get_fignums() == []


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (([0.1, 0.2], [0]), r"shapes \(2,\) of times and \(1,\) of units"),
        (([0.1, np.nan], [0, 1]), "must be finite"),
        (([0.1], [0.5]), "whole numbers, event 0 has 0.5"),
        (([0.1], [-1]), "units must lie in"),
        (np.zeros((3, 2)), "must be SpikeTrains, a tuple"),
    ],
)
def test_bad_spikes(data, message):
    with pytest.raises(DataError, match=message):
        plot_raster(data)


# ----------------------------------------------------------------------------------- all of them


def test_settings_and_backend_stay_and_nothing_is_shown(rng, history, spikes, monkeypatch):
    monkeypatch.setattr(plt, "show", lambda *a, **k: pytest.fail("plt.show was called"))
    before, backend = dict(mpl.rcParams), mpl.get_backend()
    plot_receptive_fields(rng.random((4, 3)))
    plot_weight_history(history)
    plot_raster(spikes)
    assert dict(mpl.rcParams) == before
    assert mpl.get_backend() == backend
