"""The picture of eligibilities and learning signals: what is drawn, and what is refused."""

import io

import matplotlib.pyplot as plt
import numpy as np
import pytest
from brian2 import ms
from matplotlib.colors import to_hex

from bioplastic.datasets import load_spoken
from bioplastic.errors import ParameterError
from bioplastic.inspect import PlasticityRecorder, PlasticityRecording
from bioplastic.models import EPropALIF, RateRegularization
from bioplastic.models.eprop import LeakyReadout
from bioplastic.networks import EPropClassifier

VARIABLES = (
    "input_to_lif.e_bar", "input_to_alif.e_bar", "alif_to_lif.e_bar", "lif.psi", "alif.psi",
    "lif.signal", "alif.signal", "error.p", "error.wanted", "input_to_lif.gradient", "rates",
)  # fmt: skip
N_LIF, N_ALIF = 4, 3
SAMPLE = 2


@pytest.fixture(scope="module")
def words():
    return load_spoken()


@pytest.fixture(scope="module")
def train(words):
    """Train a small network under a recorder of these options."""

    def train(**options):
        options = {"times": np.arange(1, 80) * 10 * ms, "variables": VARIABLES} | options
        recorder = PlasticityRecorder(samples=[1, SAMPLE], **options)
        model = EPropClassifier(
            N_LIF, N_ALIF, n_epochs=1, batch_size=8, dt=10 * ms, shuffle=False, pool=1, n_lines=1,
            neuron=EPropALIF(), readout=LeakyReadout(), gains={"input": 2.0},
            regularization=RateRegularization(rate_cost=0.0), decision_window=1.0,
            feedback="symmetric", engine="numpy", random_state=0,
        )  # fmt: skip
        return model.fit(words.data[:4], words.target[:4], recorder=recorder), recorder.recording

    return train


@pytest.fixture(scope="module")
def fitted(train):
    return train()


@pytest.fixture(scope="module")
def recording(fitted):
    return fitted[1]


def render(axes):
    """Draw for real, as errors in artists show only then."""
    stream = io.BytesIO()
    axes[0].figure.savefig(stream, dpi=50)
    assert len(stream.getvalue()) > 1000


def labels(panel):
    return [text.get_text() for text in panel.get_legend().get_texts()]


class TestWhatIsDrawn:
    def test_all_panels_from_memory_and_file(self, fitted, recording, words, tmp_path):
        word = words.data[[SAMPLE]]
        spikes = {"inputs": word, "outputs": fitted[0].transform_spikes(word)}
        panels = recording.plot_eligibility(**spikes, classes=words.target_names[:4])
        assert len(panels) == 6
        render(panels)
        titles = [panel.get_title(loc="left") for panel in panels]
        recording.save(tmp_path / "run.h5")
        with PlasticityRecording.load(tmp_path / "run.h5") as loaded:
            panels = loaded.plot_eligibility(
                **spikes, classes=words.target_names[:4], projection="input_to_alif"
            )
            render(panels)
        assert titles[0] == panels[0].get_title(loc="left") == f"Input: {len(word.times):,} spikes"
        assert "alif" in panels[2].get_title(loc="left")

    def test_traces_are_those_of_the_most_eligible_synapses(self, recording):
        panel = recording.plot_eligibility(projection="input_to_lif", neuron=1, n_synapses=3)[1]
        at = recording.samples == SAMPLE
        traces = recording.variables["input_to_lif.e_bar"][at].reshape(at.sum(), -1, N_LIF)[..., 1]
        best = np.argsort(-np.abs(traces).sum(axis=0), kind="stable")[:3]
        assert labels(panel) == [f"input {k}" for k in best]
        drawn = {line.get_label(): line for line in panel.lines}
        for k in best:
            np.testing.assert_array_equal(drawn[f"input {k}"].get_ydata(), traces[:, k])
            np.testing.assert_allclose(drawn[f"input {k}"].get_xdata(), recording.times[at])
        assert np.abs(traces).max() > 0

    def test_the_neuron_is_the_one_with_the_most_credit(self, recording):
        at = recording.samples == SAMPLE
        traces = recording.variables["input_to_lif.e_bar"][at].reshape(at.sum(), -1, N_LIF)
        signals = recording.variables["lif.signal"][at]
        best = (np.abs(traces).sum(axis=1) * np.abs(signals)).sum(axis=0).argmax()
        panels = recording.plot_eligibility(projection="input_to_lif")
        assert panels[0].get_title(loc="left").startswith(f"Pseudo-derivative of lif {best}:")

    def test_what_is_drawn_multiplies_to_the_gradient(self, recording, words):
        # Signals of a step meet the trace of the same step; both are recorded when it ends.
        at = recording.samples == SAMPLE
        traces = recording.variables["input_to_lif.e_bar"][at].reshape(at.sum(), -1, N_LIF)
        signals = recording.variables["lif.signal"][at]
        gradients = recording.variables["input_to_lif.gradient"][at].reshape(traces.shape)
        n_steps = round(float(words.data.duration[SAMPLE]) / 0.01)
        credit = np.cumsum(traces * signals[:, None], axis=0)
        expected = gradients[1:n_steps] - gradients[0]
        np.testing.assert_allclose(credit[: len(expected)], expected, rtol=1e-4, atol=1e-6)
        assert np.abs(expected).max() > 1e-4

    def test_channels_and_the_neuron_are_marked_in_the_rasters(self, fitted, recording, words):
        word = words.data[[SAMPLE]]
        panels = recording.plot_eligibility(
            inputs=words.data[:4], outputs=fitted[0].transform_spikes(words.data[:4]),
            row=SAMPLE, projection="input_to_alif", neuron=2, n_synapses=2,
        )  # fmt: skip
        channels = [int(text.split()[1]) for text in labels(panels[3])]
        colors = [to_hex(line.get_color()) for line in panels[3].lines[-3:-1]]
        for channel, color, line in zip(channels, colors, panels[0].lines[1:], strict=True):
            np.testing.assert_array_equal(line.get_xdata(), word.times[word.units == channel])
            assert to_hex(line.get_color()) == color
        assert panels[1].get_ylabel() == f"neuron (dark: {N_LIF + 2})"

    def test_recurrent_synapses_are_not_marked_in_the_input(self, recording, words):
        panels = recording.plot_eligibility(
            inputs=words.data[[SAMPLE]], projection="alif_to_lif", n_synapses=2
        )
        assert len(panels[0].lines) == 1
        assert all(label.startswith("alif ") for label in labels(panels[2]))

    def test_the_true_class_stands_out(self, recording, words):
        panel = recording.plot_eligibility(classes=words.target_names[:4])[-1]
        true = int(words.target[SAMPLE])
        assert labels(panel)[-1] == f"{words.target_names[true]} (true)"
        at = recording.samples == SAMPLE
        np.testing.assert_array_equal(
            panel.lines[-1].get_ydata(), recording.variables["error.p"][at][:, true]
        )

    def test_panels_of_what_was_not_recorded_are_left_out(self, train):
        recording = train(variables=("input_to_lif.e_bar",), neurons=[1, 3])[1]
        panels = recording.plot_eligibility()
        assert [panel.get_ylabel() for panel in panels] == ["eligibility"]
        render(panels)
        with pytest.raises(ParameterError, match=r"neuron: must be one .* 1, 3, got 0"):
            recording.plot_eligibility(neuron=0)

    def test_it_draws_into_the_given_axes(self, recording):
        _, axes = plt.subplots(4, 1, sharex=True)
        panels = recording.plot_eligibility(sample=1, axes=axes)
        assert list(panels) == list(axes)


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            ({"projection": "input_to_nobody"}, "projection"),
            ({"sample": 0}, "sample"),
            ({"neuron": 9}, "neuron"),
            ({"n_synapses": 0}, "n_synapses"),
            ({"n_synapses": 1.5}, "n_synapses"),
            ({"classes": ["yes", "no"]}, "classes"),
            ({"axes": []}, "axes"),
        ],
    )
    def test_arguments_that_do_not_fit(self, recording, arguments, said):
        with pytest.raises(ParameterError, match=rf"plot_eligibility\.{said}: must"):
            recording.plot_eligibility(**arguments)

    def test_a_recording_without_eligibilities(self, train):
        with pytest.raises(ParameterError, match=r"projection: must be one of \(none recorded\)"):
            train(variables=("lif.psi",))[1].plot_eligibility()
