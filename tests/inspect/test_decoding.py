"""Pictures of decoders: which neurons and spikes, how many of them, and how precise."""

import io
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest
from brian2 import ms, mV, second
from matplotlib.collections import LineCollection
from sklearn.base import BaseEstimator
from sklearn.linear_model import Ridge

from bioplastic import SpikeTrains
from bioplastic.errors import DataError, ParameterError
from bioplastic.inspect import (
    accuracy_curve,
    plot_accuracy,
    plot_error_reduction,
    plot_selected_spikes,
)
from bioplastic.inspect.accuracy import _jittered
from bioplastic.readout import SpikeTimeClassifier, SpikeTimeRegressor

N_UNITS = 12


def words(n_classes=3, *, n_samples=30, seed=0, jitter=0.004):
    """Samples of classes that differ in when each unit spikes, not in how often."""
    rng = np.random.default_rng(seed)
    templates = rng.uniform(0.02, 0.28, (n_classes, N_UNITS, 3))
    y = np.arange(n_samples) % n_classes
    times = templates[y].reshape(n_samples, -1)
    times = np.clip(times + rng.normal(0, jitter, times.shape), 0, 0.3)
    units = np.tile(np.repeat(np.arange(N_UNITS), 3), (n_samples, 1))
    order = np.argsort(times, axis=1)
    spikes = SpikeTrains(
        np.take_along_axis(times, order, 1).ravel(),
        np.take_along_axis(units, order, 1).ravel(),
        np.arange(n_samples + 1) * N_UNITS * 3,
        n_units=N_UNITS,
        duration=0.3,
    )
    return spikes, np.array(["one", "two", "three", "four"])[y]


@pytest.fixture(scope="module")
def data():
    return words()


@pytest.fixture(scope="module")
def shared(data):
    return SpikeTimeClassifier(tau=10 * ms, n_references=5, max_neurons=6).fit(*data)


@pytest.fixture(scope="module")
def apart(data):
    decoder = SpikeTimeClassifier(
        tau=10 * ms, n_references=5, max_neurons=4, selection="one_vs_rest"
    )
    return decoder.fit(*data)


@pytest.fixture(scope="module")
def signals(data):
    """What unit 3 did, 10 ms later, in two outputs of which the second is upside down."""
    spikes, _ = data
    time = np.arange(300) * 1e-3
    bump = np.stack(
        [
            np.exp(-np.abs(time - one.times[one.units == 3, None] - 0.01) / 0.005).sum(axis=0)
            for one in spikes
        ]
    )
    return np.stack([bump, -bump], axis=2)


@pytest.fixture(scope="module")
def regressor(data, signals):
    decoder = SpikeTimeRegressor(lags=[-5, 0, 10] * ms, dt=1 * ms, max_atoms=4)
    return decoder.fit(data[0], signals)


def render(axes):
    """Draw for real, as errors in artists show only then."""
    stream = io.BytesIO()
    np.ravel(axes)[0].figure.savefig(stream, dpi=50)
    assert len(stream.getvalue()) > 1000


class Chosen(BaseEstimator):
    """Fitted to choose what it is told."""

    def __init__(self, selected=None, ratio=None):
        self.selected_ = selected
        self.error_reduction_ratio_ = ratio
        apart = isinstance(ratio, list)
        left = [1 - np.cumsum(part) for part in (ratio if apart else [ratio])]
        self.residual_ = left if apart else left[0]

    def fit(self, X, y):
        return self


def twin_of(axes):
    (twin,) = [one for one in axes.figure.axes if one is not axes]
    return twin


def spikes_in(panel):
    """Times, rows and values of the spikes that are drawn."""
    (lines,) = [c for c in panel.collections if isinstance(c, LineCollection)]
    segments = np.reshape(lines.get_segments(), (-1, 2, 2))
    return segments[:, 0, 0], segments[:, :, 1].mean(axis=1), np.asarray(lines.get_array()), lines


# ------------------------------------------------------------------------------ error reduction


class TestErrorReduction:
    def test_bars_are_ratios_and_the_line_is_what_is_left(self, shared):
        axes = plot_error_reduction(shared)
        heights = [bar.get_height() for bar in axes.patches]
        np.testing.assert_array_equal(heights, shared.error_reduction_ratio_)
        np.testing.assert_array_equal(twin_of(axes).lines[0].get_ydata(), shared.residual_)
        assert twin_of(axes).get_ylim() == (0, 1)
        ticks = [tick.get_text() for tick in axes.get_xticklabels()]
        assert ticks == [str(unit) for unit in shared.selected_]
        explained = 100 * shared.error_reduction_ratio_.sum()
        assert axes.get_title(loc="left") == (
            f"6 neurons explain {explained:.1f} % of the targets' power"
        )
        render(axes)

    def test_the_first_ones_names_and_given_axes(self, shared):
        _, given = plt.subplots()
        names = [f"n{k}" for k in range(N_UNITS)]
        axes = plot_error_reduction(shared, max_neurons=2, names=names, axes=given)
        assert axes is given
        assert len(axes.patches) == 2
        ticks = [tick.get_text() for tick in axes.get_xticklabels()]
        assert ticks == [f"n{unit}" for unit in shared.selected_[:2]]
        assert axes.get_title(loc="left").startswith("The first 2 of 6 neurons explain")
        assert plot_error_reduction(shared, title="Mine").get_title(loc="left") == "Mine"

    def test_many_neurons_are_not_all_named(self):
        many = Chosen(np.arange(100), np.full(100, 0.005))
        axes = plot_error_reduction(many, max_neurons=None)
        assert len(axes.patches) == 100
        ticks = [tick.get_text() for tick in axes.get_xticklabels()]
        assert ticks == [str(k) for k in range(0, 100, 3)]
        assert "1 in 3 is named" in axes.get_xlabel()

    def test_a_row_for_each_class_that_chose_its_own(self, apart):
        axes = plot_error_reduction(apart, max_neurons=3)
        tiles = axes.images[0].get_array()
        assert tiles.shape == (3, 3)
        for row, (chosen, ratio, left) in enumerate(
            zip(apart.selected_, apart.error_reduction_ratio_, apart.residual_, strict=True)
        ):
            np.testing.assert_array_equal(tiles[row], ratio[:3])
            written = {t.get_position(): t.get_text() for t in axes.texts}
            assert [written[column, row] for column in range(3)] == [str(u) for u in chosen[:3]]
            assert written[2.6, row] == f"{100 * left[2]:.0f} %"
        assert [t.get_text() for t in axes.get_yticklabels()] == list(apart.classes_)
        render(axes)

    def test_classes_that_stopped_early_have_fewer_tiles(self):
        uneven = Chosen(
            [np.array([4, 2]), np.array([7]), np.array([], dtype=int)],
            [np.array([0.5, 0.2]), np.array([0.9]), np.array([])],
        )
        axes = plot_error_reduction(uneven)
        mask = np.ma.getmaskarray(axes.images[0].get_array())
        np.testing.assert_array_equal(mask, [[False, False], [False, True], [True, True]])
        assert [t.get_text() for t in axes.get_yticklabels()] == ["0", "1", "2"]
        render(axes)

    def test_a_regressors_lags_stand_beside_its_neurons(self, regressor):
        axes = plot_error_reduction(regressor)
        assert axes.get_xticklabels()[0].get_text() == "3, 10 ms"
        assert axes.get_xlabel().startswith("neuron and lag")
        assert "atom" in axes.get_title(loc="left")
        lags = [tick.get_text().split(", ")[1] for tick in axes.get_xticklabels()]
        assert lags == [f"{1e3 * lag:g} ms".replace("-", "−") for lag in regressor.selected_lags_]

    @pytest.mark.parametrize(
        ("wrong", "kind", "message"),
        [
            ({"max_neurons": 0}, ParameterError, "max_neurons: must be a whole number at least 1"),
            (
                {"max_neurons": 2.5},
                ParameterError,
                "max_neurons: must be a whole number at least 1",
            ),
            ({"names": ["a"]}, ParameterError, "names: must hold one name for each unit, got 1"),
            (
                {"decoder": SpikeTimeClassifier()},
                DataError,
                "decoder: .* got SpikeTimeClassifier without sel",
            ),
            (
                {"decoder": Ridge().fit([[1]], [1])},
                DataError,
                "decoder: .* got Ridge without selected_",
            ),
            ({"decoder": [1]}, DataError, "decoder: must be a fitted SpikeTimeClassifier"),
        ],
    )
    def test_what_is_refused(self, shared, wrong, kind, message):
        with pytest.raises(kind, match=f"plot_error_reduction.{message}"):
            plot_error_reduction(**({"decoder": shared} | wrong))

    def test_a_decoder_that_heard_nothing(self):
        with pytest.raises(DataError, match="chose no neuron; look whether any spikes"):
            plot_error_reduction(Chosen(np.array([]), np.array([])))
        with pytest.raises(DataError, match="must have one length"):
            plot_error_reduction(Chosen(np.array([1]), np.array([0.5, 0.1])))


# ------------------------------------------------------------------------------ selected spikes


class TestSelectedSpikes:
    @pytest.mark.parametrize("kind", ["shared", "apart"])
    @pytest.mark.parametrize("sample", [0, 4, -1])
    def test_evidence_adds_up_to_the_decision(self, request, data, kind, sample):
        decoder = request.getfixturevalue(kind)
        panels = plot_selected_spikes(decoder, data[0], data[1], sample=sample)
        own = list(decoder.classes_).index(data[1][sample])
        decision = decoder.decision_function(data[0][sample])[0]
        times, rows, values, lines = spikes_in(panels[0])
        assert decoder.intercept_[own] + values.sum() == pytest.approx(decision[own])
        drawn = {line.get_label(): line.get_ydata() for line in panels[1].lines}
        curve = drawn[data[1][sample]]
        assert curve[0] == pytest.approx(decoder.intercept_[own])
        assert curve[-1] == pytest.approx(decision[own])
        np.testing.assert_allclose(
            sorted(line.get_ydata()[-1] for line in panels[1].lines if len(line.get_ydata()) > 2),
            np.sort(decision),
        )
        chosen = decoder.selected_ if kind == "shared" else decoder.selected_[own]
        ticks = [tick.get_text() for tick in panels[0].get_yticklabels()]
        assert ticks == [str(unit) for unit in chosen]
        one = data[0][sample]
        for row, unit in enumerate(chosen):
            np.testing.assert_array_equal(np.sort(times[rows == row]), one.times[one.units == unit])
        low, high = lines.get_clim()
        assert low == -high < 0
        render(panels)

    def test_one_spike_by_hand(self):
        spikes = SpikeTrains(
            [0.02, 0.06, 0.08], [0, 0, 0], [0, 1, 3], n_units=1, duration=0.1
        )  # fmt: skip
        decoder = SpikeTimeClassifier(tau=10 * ms, references=[30, 70] * ms, max_neurons=1)
        decoder.fit(spikes, ["a", "b"])
        _, _, values, _ = spikes_in(plot_selected_spikes(decoder, spikes, target="b")[0])
        expected = decoder.weights_[0, :, 0] @ np.exp([-1, -5])
        np.testing.assert_allclose(values, expected)
        _, _, against, _ = spikes_in(plot_selected_spikes(decoder, spikes, target="a")[0])
        np.testing.assert_allclose(against, -expected)

    def test_two_classes_have_one_line_that_rises_for_the_target(self):
        spikes, y = words(2)
        decoder = SpikeTimeClassifier(tau=10 * ms, n_references=5, max_neurons=4).fit(spikes, y)
        for sample in (0, 1):
            panels = plot_selected_spikes(decoder, spikes, y, sample=sample)
            (line,) = [line for line in panels[1].lines if len(line.get_ydata()) > 2]
            assert line.get_label() == y[sample]
            sign = 1 if y[sample] == decoder.classes_[1] else -1
            decision = decoder.decision_function(spikes[sample])[0]
            assert line.get_ydata()[-1] == pytest.approx(sign * decision)
            assert panels[1].get_title(loc="left") == f'Decision: "{y[sample]}"'

    def test_a_mistake_is_told(self, shared, data):
        wrong = np.roll(data[1], 1)
        panels = plot_selected_spikes(shared, data[0], wrong, sample=1)
        assert panels[1].get_title(loc="left") == f'Decision: "{data[1][1]}", but it was "one"'
        assert 'blue spikes speak for "one"' in panels[0].get_title(loc="left")
        named = {text.get_text() for text in panels[1].texts}
        assert named == {"one", data[1][1]}

    def test_without_y_the_decision_is_the_target(self, shared, data):
        found = shared.predict(data[0][:1])[0]
        panels = plot_selected_spikes(shared, data[0])
        assert f'speak for "{found}"' in panels[0].get_title(loc="left")

    def test_rows_are_cut_but_lines_are_not(self, shared, data):
        panels = plot_selected_spikes(shared, data[0], data[1], max_neurons=2)
        assert len(panels[0].get_yticks()) == 2
        assert "first 2 of 6 chosen neurons" in panels[0].get_title(loc="left")
        line = {line.get_label(): line for line in panels[1].lines}[data[1][0]]
        own = list(shared.classes_).index(data[1][0])
        assert line.get_ydata()[-1] == pytest.approx(shared.decision_function(data[0][:1])[0, own])

    @pytest.mark.parametrize(("tau", "n_bands"), [(10, 5), (40, 0), (np.inf, 0)])
    def test_references_and_their_bands(self, data, tau, n_bands):
        decoder = SpikeTimeClassifier(tau=10 * ms, n_references=5, max_neurons=3).fit(*data)
        decoder.tau_ = tau * 1e-3
        panels = plot_selected_spikes(decoder, *data)
        for panel in panels:
            lines = [line for line in panel.lines if line.get_linestyle() == "--"]
            places = sorted(line.get_xdata()[0] for line in lines)
            np.testing.assert_allclose(places, decoder.references_)
            assert len(panel.patches) == n_bands
        assert ("τ = " in panels[1].get_xlabel()) == np.isfinite(tau)

    def test_relative_references_lie_in_the_samples_own_time(self):
        spikes = SpikeTrains(
            [0.02, 0.05, 0.1], [0, 1, 1], [0, 2, 3], n_units=2, duration=[0.1, 0.2]
        )
        decoder = SpikeTimeClassifier(n_references=2, relative=True, max_neurons=2)
        decoder.fit(spikes, ["a", "b"])
        panel = plot_selected_spikes(decoder, spikes, sample=1)[1]
        places = [line.get_xdata()[0] for line in panel.lines if line.get_linestyle() == "--"]
        np.testing.assert_allclose(places, [0.05, 0.15])
        assert panel.get_xlim() == (0, 0.2)

    def test_a_class_that_chose_no_neuron(self):
        spikes = SpikeTrains([0.05, 0.02], [0, 1], [0, 1, 2, 2], n_units=2, duration=0.1)
        decoder = SpikeTimeClassifier(n_references=1, selection="one_vs_rest", max_neurons=1)
        decoder.fit(spikes, ["a", "b", "c"])
        decoder.selected_[2] = decoder.selected_[2][:0]
        panels = plot_selected_spikes(decoder, spikes, target="c")
        assert len(panels[0].get_yticks()) == 0
        render(panels)

    def test_a_sample_without_spikes(self, shared, data):
        silent = SpikeTrains([], [], [0, 0], n_units=N_UNITS, duration=0.3)
        panels = plot_selected_spikes(shared, silent)
        assert len(spikes_in(panels[0])[0]) == 0
        render(panels)

    def test_a_regressors_atoms_and_what_it_decodes(self, regressor, data, signals):
        panels = plot_selected_spikes(regressor, data[0], signals, sample=2, target=1)
        one = data[0][2]
        times, rows, values, _ = spikes_in(panels[0])
        np.testing.assert_allclose(np.sort(times[rows == 0]), one.times[one.units == 3] + 0.01)
        place = np.flatnonzero(regressor.lags_ == 0.01)[0]
        np.testing.assert_allclose(values[rows == 0], regressor.weights_[3, place, 1])
        assert (values[rows == 0] < 0).all()
        drawn = {line.get_label(): line.get_ydata() for line in panels[1].lines}
        np.testing.assert_array_equal(drawn["target"], signals[2, :, 1])
        np.testing.assert_allclose(drawn["decoded"], regressor.predict(one)[0, :, 1])
        score = regressor.score(one, signals[2:3])
        assert panels[1].get_title(loc="left") == f"Reconstruction, R² = {score:.2f}"
        render(panels)
        bare = plot_selected_spikes(regressor, data[0])
        assert [line.get_label() for line in bare[1].lines] == ["decoded"]

    def test_a_regressor_that_fires(self, data):
        spikes, _ = data
        own = spikes.units == 5
        offsets = np.concatenate(([0], np.cumsum(own)))[spikes.offsets]
        target = SpikeTrains(
            spikes.times[own], np.zeros(own.sum(), int), offsets, n_units=1, duration=0.3
        )
        decoder = SpikeTimeRegressor(kernel="exponential", max_atoms=1).fit(spikes, target)
        panels = plot_selected_spikes(decoder, spikes, target, sample=1)
        drawn = {line.get_label(): line.get_xdata() for line in panels[1].lines}
        np.testing.assert_array_equal(drawn["target"], target[1].times)
        np.testing.assert_allclose(drawn["decoded"], target[1].times)
        assert panels[1].get_title(loc="left") == "Reconstruction, score 1.00"

    def test_given_axes(self, shared, data):
        _, given = plt.subplots(2, 1)
        panels = plot_selected_spikes(shared, data[0], axes=given)
        assert list(panels) == list(given)
        assert len(plt.get_fignums()) == 1

    @pytest.mark.parametrize(
        ("wrong", "kind", "message"),
        [
            ({"sample": 30}, ParameterError, "sample: must be a whole number from -30 to 29"),
            ({"sample": 0.5}, ParameterError, "sample: must be a whole number"),
            ({"target": "five"}, ParameterError, "target: must be one of .* got 'five'"),
            ({"y": ["one"]}, DataError, "y: must have one entry for each of 30 samples, got 1"),
            ({"y": ["five"] * 30}, ParameterError, "target: must be one of"),
            ({"max_neurons": -1}, ParameterError, "max_neurons: must be"),
            ({"axes": [1, 2]}, ParameterError, "axes: must hold 2 Axes"),
            ({"spikes": np.zeros((3, N_UNITS))}, DataError, "spikes: must be .* got ndarray"),
            ({"spikes": SpikeTrains([], [], [0, 0], n_units=2, duration=1)}, DataError,
             "spikes: must be SpikeTrains of the 12 units of fit, got 2 units"),
            ({"decoder": SpikeTimeRegressor()}, DataError, "decoder: .* got SpikeTimeRegressor"),
        ],
    )  # fmt: skip
    def test_what_is_refused(self, shared, data, wrong, kind, message):
        given = {"decoder": shared, "spikes": data[0]} | wrong
        with pytest.raises(kind, match=f"plot_selected_spikes.{message}"):
            plot_selected_spikes(**given)

    @pytest.mark.parametrize("target", [2, -1, "one", True])
    def test_an_output_that_a_regressor_lacks(self, regressor, data, target):
        with pytest.raises(ParameterError, match="target: must be a whole number from 0 to 1"):
            plot_selected_spikes(regressor, data[0], target=target)


# ----------------------------------------------------------------------------- number of neurons


def neurons(n_neurons, accuracies):
    return {"n_neurons": n_neurons, "accuracies": accuracies}


class TestNeuronCurve:
    def test_it_is_the_accuracy_of_each_stage(self, shared, data):
        curve = accuracy_curve(shared, *data)
        n_neurons, accuracy = curve.n_neurons, curve.accuracies[:, 0]
        np.testing.assert_array_equal(n_neurons, np.arange(1, 7))
        assert accuracy[-1] == shared.score(*data)
        first = next(shared.staged_predict(data[0]))
        assert accuracy[0] == (first == data[1]).mean()

    def test_own_neurons_of_all_classes_are_counted_once(self, apart, data):
        curve = accuracy_curve(apart, *data)
        n_neurons, accuracy = curve.n_neurons, curve.accuracies[:, 0]
        assert len(n_neurons) == len(accuracy) == 4
        assert n_neurons[0] == len({chosen[0] for chosen in apart.selected_})
        assert n_neurons[-1] == apart.n_neurons_

    def test_what_is_refused(self, shared, regressor, data):
        with pytest.raises(DataError, match="decoder: must be a classifier with staged_predict"):
            accuracy_curve(regressor, *data)
        with pytest.raises(DataError, match="without selected_"):
            accuracy_curve(SpikeTimeClassifier(), *data)
        with pytest.raises(DataError, match="y: must hold one class for each sample"):
            accuracy_curve(shared, data[0], data[1][:3])

    def test_lines_are_means_and_bands_are_standard_deviations(self):
        scores = np.array([[0.5, 0.7, 0.9], [0.7, 0.7, np.nan], [0.6, 0.4, 0.8]])
        axes = plot_accuracy(
            {"timing": {"n_neurons": [1, 10, 100], "accuracies": scores.T}}, chance=0.1
        )
        np.testing.assert_allclose(axes.lines[0].get_ydata(), [0.6, 0.6, 0.85])
        (band,) = axes.collections
        around = band.get_paths()[0].vertices
        spread = [np.ptp(around[around[:, 0] == n, 1]) / 2 for n in (1, 10, 100)]
        np.testing.assert_allclose(spread, np.nanstd(scores, axis=0, ddof=1))
        assert axes.get_xscale() == "log"
        assert axes.lines[-1].get_ydata()[0] == 0.1
        assert axes.get_ylim()[0] < 0.1
        render(axes)

    def test_a_method_of_one_point_is_a_level(self):
        axes = plot_accuracy(
            {"some": neurons([2, 4], [0.5, 0.9]), "all": neurons([9], [[0.7, 0.9]])}
        )
        levels = [line for line in axes.lines if line.get_linestyle() == "--"]
        assert [line.get_ydata()[0] for line in levels] == [pytest.approx(0.8)]
        names = [text.get_text() for text in axes.get_legend().get_texts()]
        assert names == ["some", "all"]
        _, given = plt.subplots()
        assert plot_accuracy({"a": neurons([1, 2], [0.5, 0.6])}, axes=given) is given

    @pytest.mark.parametrize(
        ("curves", "message"),
        [
            ({}, "must map labels to curves"),
            ([1], "must map labels to curves, got list"),
            ({"a": [0.5]}, "'a' must have accuracies, and n_neurons or sigmas, got list"),
            ({"a": neurons([1, 2], [[0.5, 0.6]])}, "'a' has 2 n_neurons, but 1 accuracies"),
            ({"a": neurons([0, 2], [0.5, 0.6])}, "'a' must have n_neurons above 0"),
            ({"a": neurons([2, 1], [0.5, 0.6])}, "'a' must have n_neurons that are finite and"),
            ({"a": neurons([1, 2], [0.5, np.inf])}, "'a' must have finite accuracies"),
            ({"a": neurons([1, 2], [0.5, np.nan])}, "'a' must have finite .*, and one at each"),
            ({"a": neurons([1, 2], ["x", "y"])}, "'a' must hold numbers"),
            ({"a": neurons([], [])}, "'a' must have one-dimensional n_neurons"),
            (
                {"a": neurons([1], [0.5]), "b": {"sigmas": [0], "accuracies": [1]}},
                "must be all over n_neurons or all over sigmas",
            ),
        ],
    )
    def test_what_is_not_drawn(self, curves, message):
        with pytest.raises(DataError, match=f"plot_accuracy.curves: {message}"):
            plot_accuracy(curves)


# ---------------------------------------------------------------------------------------- jitter


class TestJitter:
    def test_no_spike_is_lost_and_edges_reflect(self, data):
        spikes, _ = data
        moves = np.random.default_rng(1).normal(0, 1.0, len(spikes.times))
        moved = _jittered(spikes, moves)
        np.testing.assert_array_equal(moved.counts(), spikes.counts())
        assert _jittered(spikes, 0 * moves) == spikes
        one = SpikeTrains([0.01, 0.05, 0.09], [0, 1, 2], [0, 3], n_units=3, duration=0.1)
        moved = _jittered(one, np.array([-0.03, 0.0, 0.13]))
        np.testing.assert_allclose(moved.times, [0.02, 0.02, 0.05])
        assert sorted(moved.units[:2]) == [0, 2]
        point = SpikeTrains([0.0], [0], [0, 1], n_units=1, duration=0)
        assert _jittered(point, np.array([0.5])).times.tolist() == [0.0]

    def test_without_jitter_it_is_the_score_and_with_much_it_falls(self, shared, data):
        curve = accuracy_curve(shared, *data, [0, 1, 100] * ms, n_repeats=4, random_state=0)
        assert curve.accuracies.shape == (3, 4)
        np.testing.assert_allclose(curve.sigmas, [0, 0.001, 0.1])
        np.testing.assert_array_equal(curve.accuracies[0], shared.score(*data))
        assert curve.accuracies[1].mean() > 0.9
        assert curve.accuracies[2].mean() < 0.7

    @pytest.mark.statistical
    def test_moves_have_the_width_asked_for(self):
        spikes = SpikeTrains(
            np.full(4000, 0.5), np.arange(4000), [0, 4000], n_units=4000, duration=1
        )
        seen = []

        def score(X, y):
            seen.append(X.times.copy())
            return 0.0

        accuracy_curve(
            SimpleNamespace(score=score), spikes, None, [1, 10] * ms, n_repeats=1, random_state=0
        )
        np.testing.assert_allclose([np.std(t) for t in seen], [0.001, 0.01], rtol=0.05)
        # Larger jitter moves the same spikes further.
        np.testing.assert_allclose(10 * (seen[0] - 0.5), seen[1] - 0.5, atol=1e-9)

    def test_the_random_state_says_which(self, shared, data):
        first, again, other = (
            accuracy_curve(shared, *data, [15] * ms, n_repeats=6, random_state=seed).accuracies
            for seed in (1, 1, 2)
        )
        np.testing.assert_array_equal(first, again)
        assert (first != other).any()

    @pytest.mark.parametrize(
        ("wrong", "kind", "message"),
        [
            ({"sigmas": [0.1]}, ParameterError, "sigmas: must be finite times with a unit"),
            ({"sigmas": [-1] * ms}, ParameterError, "sigmas: .* at least 0"),
            ({"sigmas": [1] * mV}, ParameterError, "sigmas: must be finite times with a unit"),
            ({"n_repeats": 0}, ParameterError, "n_repeats: must be a whole number at least 1"),
            ({"X": np.zeros((2, 2))}, DataError, "X: must be SpikeTrains, got ndarray"),
            ({"decoder": 3}, DataError, "decoder: must be an estimator with score"),
        ],
    )
    def test_what_is_refused(self, shared, data, wrong, kind, message):
        given = {"decoder": shared, "X": data[0], "y": data[1], "sigmas": [1] * ms} | wrong
        with pytest.raises(kind, match=f"accuracy_curve.{message}"):
            accuracy_curve(**given)

    def test_drawn_in_units_of_tau_or_in_milliseconds(self):
        curves = {
            "a": {"sigmas": [0, 0.01, 0.02], "accuracies": [[1, 1], [0.6, 0.8], [0.5, 0.5]]},
            "b": SimpleNamespace(sigmas=[0.01, 0.02], accuracies=[0.9, 0.8]),
        }
        axes = plot_accuracy(curves)
        np.testing.assert_allclose(axes.lines[0].get_xdata(), [0, 10, 20])
        np.testing.assert_allclose(axes.lines[0].get_ydata(), [1, 0.7, 0.5])
        assert axes.get_xlabel() == "jitter σ (ms)"
        assert axes.get_xscale() == "linear"
        axes = plot_accuracy(curves, tau=20 * ms, chance=0.5)
        np.testing.assert_allclose(axes.lines[1].get_xdata(), [0.5, 1])
        assert axes.get_xlabel() == "jitter σ / τ, τ = 20 ms"
        axes = plot_accuracy(curves, tau={"a": 20 * ms, "b": 10 * ms})
        np.testing.assert_allclose(axes.lines[1].get_xdata(), [1, 2])
        assert axes.get_xlabel() == "jitter σ / τ"
        render(axes)

    def test_jitters_of_many_sizes_on_a_logarithmic_axis_that_has_a_zero(self):
        curve = {"sigmas": [0, 1e-3, 1e-1], "accuracies": [1, 0.9, 0.5]}
        axes = plot_accuracy({"a": curve})
        assert axes.get_xscale() == "symlog"
        assert axes.get_xlim()[0] == 0
        render(axes)

    @pytest.mark.parametrize(
        ("curves", "tau", "kind", "message"),
        [
            ({"a": 1}, None, DataError, "curves: 'a' must have accuracies, .*, got int"),
            ({"a": {"sigmas": [1]}}, None, DataError, "curves: 'a' must have accuracies"),
            (
                {"a": {"sigmas": [-1], "accuracies": [1]}},
                None,
                DataError,
                "'a' must .* sigmas from 0",
            ),
            ({"a": {"sigmas": [1], "accuracies": ["x"]}}, None, DataError, "must hold numbers"),
            ({"a": {"sigmas": [1, 2], "accuracies": [1]}}, None, DataError, "'a' has 2 sigmas"),
            ({"a": {"sigmas": [1], "accuracies": [1]}}, 0.1, ParameterError, "tau: must have"),
            ({"a": {"sigmas": [1], "accuracies": [1]}}, np.inf * second, ParameterError, "tau"),
            ({"a": {"sigmas": [1], "accuracies": [1]}}, {"b": 1 * ms}, ParameterError, "tau"),
        ],
    )
    def test_what_is_not_drawn(self, curves, tau, kind, message):
        with pytest.raises(kind, match=message):
            plot_accuracy(curves, tau=tau)
