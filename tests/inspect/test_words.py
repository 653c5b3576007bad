"""Pictures of words: confusions, one word on its way, how far states part."""

import io

import matplotlib.pyplot as plt
import numpy as np
import pytest

from bioplastic import SpikeTrains
from bioplastic.errors import DataError, ParameterError
from bioplastic.inspect import plot_confusion, plot_word
from bioplastic.inspect.separation import plot_separation


def render(axes):
    """Draw for real, as errors in artists show only then."""
    stream = io.BytesIO()
    np.ravel(axes)[0].figure.savefig(stream, dpi=50)
    assert len(stream.getvalue()) > 1000


# ----------------------------------------------------------------------------------- confusion


def test_tiles_are_shares_of_the_true_class_and_say_counts():
    true, predicted = list("aaaabbc"), list("aaabbac")
    axes = plot_confusion(true, predicted)
    np.testing.assert_allclose(axes.images[0].get_array(), [[75, 25, 0], [50, 50, 0], [0, 0, 100]])
    assert axes.images[0].get_clim() == (0, 100)
    written = {text.get_position(): text.get_text() for text in axes.texts}
    assert written == {(0, 0): "3", (1, 0): "1", (0, 1): "1", (1, 1): "1", (2, 2): "1"}
    assert axes.get_title(loc="left") == "5 of 7 samples right (71.4 %)"
    render(axes)


def test_names_and_order_of_classes():
    axes = plot_confusion(
        [2, 0], [0, 0], classes=[2, 1, 0], names=["two", "one", "zero"], title="Mine"
    )
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["two", "one", "zero"]
    assert {tick.get_rotation() for tick in axes.get_xticklabels()} == {90}
    np.testing.assert_array_equal(axes.images[0].get_array()[:, 2], [100, 0, 100])
    assert axes.get_title(loc="left") == "Mine"
    _, given = plt.subplots()
    assert plot_confusion([0, 1], [0, 1], axes=given) is given
    assert {tick.get_rotation() for tick in given.get_xticklabels()} == {0}


@pytest.mark.parametrize("n_classes", [1, 2, 40])
def test_any_number_of_classes(n_classes):
    labels = np.arange(n_classes)
    axes = plot_confusion(labels, labels)
    assert len(axes.texts) == n_classes
    assert max(axes.figure.get_size_inches()) < 10
    render(axes)


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        (([0, 1], [0]), DataError, r"shapes \(2,\) and \(1,\)"),
        (([], []), DataError, "not empty"),
        (([0, 1], ["a", "b"]), DataError, "must be labels"),
        (([0.5], [0.5]), DataError, "must be labels"),
    ],
)
def test_labels_are_checked(arguments, kind, message):
    with pytest.raises(kind, match=r"^plot_confusion.*" + message):
        plot_confusion(*arguments)
    assert plt.get_fignums() == []


def test_classes_and_names_are_checked():
    with pytest.raises(DataError, match=r"^plot_confusion\.classes: .*missing: \[1\]"):
        plot_confusion([0, 1], [0, 0], classes=[0])
    with pytest.raises(ParameterError, match=r"^plot_confusion\.names: .* 2 classes, got 1"):
        plot_confusion([0, 1], [0, 0], names=["zero"])


# ---------------------------------------------------------------------------------------- word


@pytest.fixture
def word():
    """Two words; the second: three channels, four neurons, two classes asked four times."""
    return {
        "inputs": SpikeTrains([0.1, 0.1, 0.3], [0, 2, 1], [0, 1, 3], n_units=3, duration=0.4),
        "outputs": SpikeTrains(
            [0.2, 0.15, 0.2, 0.35], [0, 3, 0, 1], [0, 1, 4], n_units=4, duration=0.45
        ),
        "sample": 1,
        "times": [0.1, 0.2, 0.3, 0.4],
        "scores": [[0.0, 0.1], [0.3, 0.2], [0.1, 0.8], [0.0, 1.0]],
        "classes": ["no", "yes"],
    }


def points(panel):
    return sorted(
        (float(x), int(y)) for line in panel.lines for x, y in zip(*line.get_data(), strict=True)
    )


def test_the_word_goes_through_three_panels(word):
    panels = plot_word(**word, populations=["exc", "exc", "exc", "inh"], truth="yes")
    ear, liquid, readout = panels
    assert points(ear) == [(0.1, 2), (0.3, 1)]
    assert points(liquid) == [(0.15, 3), (0.2, 0), (0.35, 1)]
    assert ear.get_title(loc="left") == "Ear: 2 spikes of 3 channels"
    assert liquid.get_title(loc="left") == "Liquid: 3 spikes of 4 neurons"
    assert [text.get_text() for text in liquid.get_legend().get_texts()] == ["exc", "inh"]
    assert {panel.get_xlim() for panel in panels} == {(0.0, 0.45)}
    np.testing.assert_allclose(readout.collections[0].get_array().T.reshape(4, 2), word["scores"])
    np.testing.assert_array_equal(readout.lines[0].get_ydata(), [1, 1, 0, 1, 1])
    assert readout.get_title(loc="left") == 'Readout: "yes"'
    weights = [tick.get_fontweight() for tick in readout.get_yticklabels()]
    assert weights == ["normal", "bold"]
    render(panels)


def test_a_wrong_answer_says_what_it_was(word):
    readout = plot_word(**word, truth="no")[2]
    assert readout.get_title(loc="left") == 'Readout: "yes", but it was "no"'


def test_channels_are_told_by_their_frequency(word):
    ear = plot_word(**word, frequencies=[90.0, 300.0, 1000.0])[0]
    assert ear.get_ylabel() == "frequency (Hz)"
    assert [tick.get_text() for tick in ear.get_yticklabels()] == ["100", "200", "500", "1k"]
    np.testing.assert_allclose(ear.get_yticks()[1:], [110 / 210, 1 + 2 / 7, 2])
    assert plot_word(**word)[0].get_ylabel() == "channel"


def test_one_question_at_the_begin_and_given_axes(word):
    _, given = plt.subplots(3, 1)
    panels = plot_word(**word | {"times": [0.0], "scores": [[1.0, 0.0]]}, axes=given)
    assert panels[2] is given[2]
    assert panels[2].get_title(loc="left") == 'Readout: "no"'
    render(panels)


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        ({"scores": [[0.0, 1.0]]}, DataError, r"scores: .*got \(1, 2\) with times of shape \(4,\)"),
        ({"scores": np.full((4, 2), np.nan)}, DataError, "scores: must be finite"),
        ({"times": [0.1, 0.1, 0.3, 0.4]}, DataError, "times: .*increase"),
        ({"times": [-0.1, 0.1, 0.3, 0.4]}, DataError, "times: .*not negative"),
        ({"truth": "maybe"}, ParameterError, r"truth: must be one of \['no', 'yes'\]"),
        ({"frequencies": [1.0, 2.0]}, ParameterError, "frequencies: must be 3 rising"),
        ({"frequencies": [3.0, 2.0, 1.0]}, ParameterError, "frequencies: must be 3 rising"),
        ({"axes": []}, ParameterError, "axes: must hold 3 Axes, got 0"),
    ],
)
def test_word_is_checked(word, change, kind, message):
    with pytest.raises(kind, match=r"^plot_word\." + message):
        plot_word(**word | change)
    assert plt.get_fignums() == []


# ---------------------------------------------------------------------------------- separation


@pytest.fixture
def curves():
    return {
        "times": np.array([0.0, 0.1, 0.2]),
        "distances": np.array([[0.0, 0.0, 0.0], [0.0, 1.0, 0.5], [0.0, 4.0, 2.0]]),
        "labels": [0.0, 0.1, 0.4],
    }


def test_one_line_for_each_input_distance(curves):
    axes = plot_separation(**curves)
    assert len(axes.lines) == 3
    for line, expected in zip(axes.lines, curves["distances"], strict=True):
        np.testing.assert_array_equal(line.get_ydata(), expected)
        np.testing.assert_array_equal(line.get_xdata(), curves["times"])
    # From the top, as the lines lie.
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["0.4", "0.1", "0"]
    assert axes.get_legend().get_title().get_text() == "input distance"
    assert axes.get_xlim() == (0.0, 0.2)
    assert axes.get_ylim()[0] == 0
    brightness = [sum(line.get_color()[:3]) for line in axes.lines]
    assert brightness == sorted(brightness, reverse=True)
    render(axes)


def test_gaps_and_given_axes(curves):
    curves["distances"][1, 2] = np.nan
    _, given = plt.subplots()
    axes = plot_separation(**curves, title="Mine", legend="pairs", axes=given)
    assert axes is given
    assert axes.get_title(loc="left") == "Mine"
    assert axes.get_legend().get_title().get_text() == "pairs"
    render(axes)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"times": [0.0, 0.1]}, r"shape \(n_curves, n_times\)"),
        ({"labels": ["a"]}, "with 1 labels"),
        ({"times": [0.0, 0.2, 0.1]}, "increase"),
        ({"times": [0.0, 0.1, np.nan]}, "finite"),
        ({"distances": [[0, 1, -1]] * 3}, "not negative"),
        ({"distances": [[0, 1, np.inf]] * 3}, "finite"),
        ({"distances": "far"}, "must hold numbers"),
        ({"distances": np.zeros((0, 3)), "labels": []}, "not be empty"),
    ],
)
def test_curves_are_checked(curves, change, message):
    with pytest.raises(DataError, match=r"^plot_separation\.\w+: .*" + message):
        plot_separation(**curves | change)
    assert plt.get_fignums() == []
