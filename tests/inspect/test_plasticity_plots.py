"""Pictures of a recording: what is drawn, on which scales, and what is refused."""

import io

import matplotlib.pyplot as plt
import numpy as np
import pytest
from brian2 import Hz, ms

from bioplastic.errors import ParameterError
from bioplastic.inspect import PlasticityRecorder, PlasticityRecording
from bioplastic.networks import DiehlCook

PLOTS = [
    PlasticityRecording.plot_homeostasis,
    PlasticityRecording.plot_receptive_fields,
    PlasticityRecording.plot_traces,
    PlasticityRecording.plot_weight_change,
    PlasticityRecording.plot_weight_distribution,
]
N = 6


@pytest.fixture(scope="module")
def train():
    """Train a small network under a recorder of these options."""

    def train(**options):
        recorder = PlasticityRecorder(**options)
        images = np.random.default_rng(0).random((12, 16))
        DiehlCook(
            N, n_epochs=1, presentation=30 * ms, rest=5 * ms, dt=1 * ms, min_spikes=0,
            rate_max=300 * Hz, norm=8.0, engine="numpy", random_state=0,
        ).fit(images, recorder=recorder)  # fmt: skip
        return recorder.recording

    return train


@pytest.fixture(scope="module")
def recording(train):
    return train(every=1, times=np.arange(5, 36, 5) * ms)


@pytest.fixture(scope="module")
def rates_only(train):
    return train(every=4, variables=("rates",))


@pytest.fixture(scope="module")
def sparse(train):
    """No rates, one moment a sample, weights of two neurons."""
    return train(every=6, neurons=[2, 5], variables=("weights", "traces", "thresholds"))


def render(axes):
    """Draw for real, as errors in artists show only then."""
    stream = io.BytesIO()
    np.ravel(axes)[0].figure.savefig(stream, dpi=50)
    assert len(stream.getvalue()) > 1000


@pytest.mark.parametrize("plot", PLOTS)
def test_every_picture_is_drawn_from_memory_and_file(plot, recording, tmp_path):
    render(plot(recording))
    recording.save(tmp_path / "run.h5")
    with PlasticityRecording.load(tmp_path / "run.h5") as loaded:
        render(plot(loaded))


@pytest.mark.parametrize(
    ("plot", "word"),
    [
        (PlasticityRecording.plot_homeostasis, "thresholds"),
        (PlasticityRecording.plot_receptive_fields, "weights"),
        (PlasticityRecording.plot_traces, "traces"),
        (PlasticityRecording.plot_weight_change, "weights"),
        (PlasticityRecording.plot_weight_distribution, "weights"),
    ],
)
def test_what_was_not_recorded_is_not_drawn(plot, word, rates_only):
    with pytest.raises(ParameterError, match=f'variables=\\("{word}", ...\\)'):
        plot(rates_only)


@pytest.mark.parametrize("plot", PLOTS)
def test_given_axes_are_used(plot, recording):
    n = 2 if plot in (PLOTS[0], PLOTS[3]) else 1
    figure, given = plt.subplots(1, n)
    drawn = plot(recording, axes=given)
    assert np.all(np.ravel(drawn) == np.ravel(given))
    assert plt.get_fignums() == [figure.number]
    if n == 2:
        with pytest.raises(ParameterError, match="axes: must hold 2 Axes, got 1"):
            plot(recording, axes=given[:1])


def test_the_distribution_sums_to_one_at_each_sample(recording):
    axes = recording.plot_weight_distribution(n_bins=20)
    share = axes.collections[0].get_array().filled(0)
    assert share.shape == (20, 13)
    np.testing.assert_allclose(share.sum(axis=0), 1.0)
    weights = recording.weights(points=int(recording.last_points()[4]))
    bins = np.linspace(0, recording.weights()[recording.last_points()].max(), 21)
    np.testing.assert_allclose(share[:, 4], np.histogram(weights, bins)[0] / weights.size)
    assert axes.get_xlim() == (0, 12)
    with pytest.raises(ParameterError, match="n_bins"):
        recording.plot_weight_distribution(n_bins=0)


def test_rows_are_neurons_and_columns_are_moments(recording):
    axes = recording.plot_receptive_fields(neurons=[4, 1], n_moments=3)
    tiles = axes.images[0].get_array()
    assert tiles.shape == (2 * 4, 3 * 4)
    for row, neuron in enumerate([4, 1]):
        for column, sample in enumerate([-1, 5, 11]):
            point = np.flatnonzero(recording.samples == sample)[-1]
            np.testing.assert_array_equal(
                tiles[4 * row : 4 * row + 4, 4 * column : 4 * column + 4].ravel(),
                recording.weights()[point][:, neuron],
            )
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["0", "6", "12"]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["4", "1"]
    wide = recording.plot_receptive_fields(shape=(2, 8), n_moments=50)
    assert wide.images[0].get_array().shape == (6 * 2, 13 * 8)
    assert wide.images[0].get_clim() == (0.0, recording.weights()[recording.last_points()].max())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"neurons": [0, 6]}, "neurons: .* 0, 1, 2, 3, 4, 5; got"),
        ({"neurons": []}, "neurons"),
        ({"shape": (3, 5)}, r"shape: .* got \(3, 5\) for 16 features"),
        ({"n_moments": 0}, "n_moments"),
        ({"w_max": 0.0}, "w_max"),
        ({"projection": "a_to_b"}, "got 'a_to_b'"),
    ],
)
def test_receptive_fields_that_cannot_be_are_refused(recording, arguments, message):
    with pytest.raises(ParameterError, match=message):
        recording.plot_receptive_fields(**arguments)


def test_neurons_that_were_not_kept_are_not_drawn(sparse):
    axes = sparse.plot_receptive_fields()
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["2", "5"]
    with pytest.raises(ParameterError, match="whose weights were recorded, 2, 5; got"):
        sparse.plot_receptive_fields(neurons=[0])


def test_homeostasis_has_median_band_and_neurons(recording):
    rates, theta = recording.plot_homeostasis(neurons=[0, 5])
    last = recording.last_points()
    median, first, second = theta.lines
    np.testing.assert_array_equal(median.get_xdata(), np.arange(13))
    expected = 1e3 * recording.thresholds()[last].astype(float)
    np.testing.assert_allclose(median.get_ydata(), np.median(expected, axis=1))
    np.testing.assert_allclose(first.get_ydata(), expected[:, 0])
    np.testing.assert_allclose(second.get_ydata(), expected[:, 5])
    band = theta.collections[0].get_paths()[0].vertices[:, 1]
    low, high = np.percentile(expected, (10, 90), axis=1)
    assert (band.min(), band.max()) == (pytest.approx(low.min()), pytest.approx(high.max()))
    # before the first sample nothing has a rate
    np.testing.assert_array_equal(rates.lines[0].get_xdata(), np.arange(1, 13))
    np.testing.assert_allclose(
        rates.lines[0].get_ydata(), np.median(recording.rates[last[1:]].astype(float), axis=1)
    )
    chosen = [line.get_label() for line in recording.plot_homeostasis()[0].lines[1:]]
    order = np.argsort(expected[-1], kind="stable")
    assert chosen == [f"neuron {order[k]}" for k in (0, 2, 5)]
    with pytest.raises(ParameterError, match="neurons: must be from 0 to 5"):
        recording.plot_homeostasis(neurons=[6])
    with pytest.raises(ParameterError, match="got 'input'"):
        recording.plot_homeostasis(population="input")


def test_thresholds_without_rates_are_refused(sparse):
    with pytest.raises(ParameterError, match="holds no rates"):
        sparse.plot_homeostasis()


def test_change_compares_the_samples_that_are_named(recording):
    pairs, changes = recording.plot_weight_change(first=3, last=7)
    points = pairs.collections[0].get_offsets()
    before, after = (
        recording.weights()[np.flatnonzero(recording.samples == sample)[-1]].ravel()
        for sample in (3, 7)
    )
    np.testing.assert_allclose(points, np.stack([before, after], axis=1))
    assert sum(bar.get_height() for bar in changes.patches) == before.size
    assert pairs.get_xlabel() == "weight after 4 samples"
    assert pairs.get_xlim() == pairs.get_ylim()
    with pytest.raises(ParameterError, match=r"last: must be a recorded sample, -1, .*; got 40"):
        recording.plot_weight_change(last=40)


def test_many_synapses_are_drawn_as_density(monkeypatch, recording):
    monkeypatch.setattr("bioplastic.inspect.weights.MAX_POINTS", 10)
    pairs, _ = recording.plot_weight_change()
    assert pairs.collections[0].get_array().sum() == 16 * N
    assert pairs.child_axes[0].get_ylabel() == "synapses"


def test_traces_of_the_sample_and_neuron_that_are_named(recording):
    axes = recording.plot_traces(sample=4, neuron={"input": 7, "excitatory": 2})
    here = recording.samples == 4
    for line, (name, number) in zip(
        axes.lines,
        [("input.r1", 7), ("excitatory.o1", 2), ("excitatory.o2", 2)],
        strict=True,
    ):
        np.testing.assert_allclose(line.get_xdata(), np.arange(5, 36, 5))
        np.testing.assert_array_equal(line.get_ydata(), recording.traces()[name][here, number])
    assert axes.get_title(loc="left") == "Traces during sample 4"
    axes = recording.plot_traces(neuron=1)
    assert axes.get_title(loc="left") == "Traces during sample 11"
    r1 = recording.traces()["input.r1"][recording.samples == 11]
    strongest = int(np.argmax(r1.sum(axis=0)))
    assert [line.get_label() for line in axes.lines] == [
        f"r1 of input {strongest}", "o1 of excitatory 1", "o2 of excitatory 1"
    ]  # fmt: skip


def test_membranes_are_drawn_as_traces_are(train):
    found = train(every=6, variables=("excitatory.v",), times=np.arange(5, 36, 5) * ms)
    for variables in (None, ["excitatory.v"]):
        axes = found.plot_traces(variables=variables, neuron={"excitatory": 3})
        (line,) = axes.lines
        v = found.variables["excitatory.v"][:][found.samples == 11, 3]
        np.testing.assert_array_equal(line.get_ydata(), v)
        assert axes.get_ylabel() == "value (base unit)"
    with pytest.raises(ParameterError, match="plot_traces.variables: must be some of"):
        found.plot_traces(variables=["excitatory.o1"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sample": -1}, "got 1 of -1; .* samples with several moments are 0, 1"),
        ({"sample": 99}, "got 0 of 99"),
        ({"neuron": 6}, "must be from 0 to 5 for 'excitatory', got 6"),
        ({"neuron": {"inhibitory": 0}}, "excitatory, input, got 'inhibitory'"),
    ],
)
def test_traces_that_cannot_be_are_refused(recording, arguments, message):
    with pytest.raises(ParameterError, match=message):
        recording.plot_traces(**arguments)


def test_one_moment_a_sample_shows_no_course_of_traces(sparse):
    with pytest.raises(ParameterError, match=r"PlasticityRecorder\(times=...\), .* \(none\)"):
        sparse.plot_traces()
