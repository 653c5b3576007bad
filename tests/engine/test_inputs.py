"""Networks with several inputs, of different kinds or of one, and with none.

Populations that do not interact do what each would do in a network of its own; results depend
neither on chunks nor on lanes nor on processors; engines agree spike by spike.
"""

import dataclasses
import importlib.util

import numpy as np
import pytest
from brian2 import ms, second

from bioplastic import SpikeTrains, engine
from bioplastic.engine.inputs import KINDS
from bioplastic.engine.plan import Plan
from bioplastic.engine.stimuli import Stimuli
from bioplastic.errors import DataError, ParameterError
from bioplastic.models import Network, NeuronModel, Population, Schedule, SpikeInput
from bioplastic.study.accounting import learning_workload, network_workload

ENGINES = [
    "numpy",
    pytest.param("cython", marks=pytest.mark.slow),
    "cpp_standalone",
]

CHUNKS, LANES = {"chunk_size": 2}, {"lanes": 3}


def of_each(network, counts):
    """Counts of the watched populations by name."""
    ends = np.cumsum([network.population(name).n for name in network.watched])
    return dict(zip(network.watched, np.split(counts, ends[:-1], axis=1), strict=True))


def run(shown, **options):
    network, stimulus = shown
    return engine.run(network, stimulus, **{"seed": 3, "record": "spikes"} | options)


def assert_same(one, other):
    assert one.spikes == other.spikes
    assert one.state.keys() == other.state.keys()
    for name, values in one.state.items():
        np.testing.assert_array_equal(other.state[name], values, err_msg=name)


@pytest.fixture(params=["all_inputs", "without_input"])
def shown(request):
    return request.getfixturevalue(request.param)


class TestSeveralInputs:
    @pytest.mark.parametrize("name", ENGINES)
    def test_each_does_what_it_does_alone(self, all_inputs, name, alone):
        network, _ = all_inputs
        counts = of_each(network, run(all_inputs, engine=name).counts)
        for population in network.inputs:
            if population.name == "dark":  # whose noise is its own
                continue
            small, stimulus = alone(population.name)
            found = of_each(small, run((small, stimulus), engine="numpy").counts)
            for watched, expected in found.items():
                np.testing.assert_array_equal(counts[watched], expected, err_msg=watched)
                assert expected.sum() > 5

    @pytest.mark.parametrize("name", ENGINES)
    def test_inputs_of_rates_draw_noise_of_their_own(self, all_inputs, name):
        result = run(all_inputs, engine=name)
        counts = of_each(all_inputs[0], result.counts)
        light, dark = counts["light"], counts["dark"]  # of the same rates
        assert not np.array_equal(light, dark)
        assert abs(light.sum() - dark.sum()) < 6 * (light.sum() + dark.sum()) ** 0.5

    def test_noise_follows_from_the_name_and_not_from_the_place(self, all_inputs, alone):
        network, stimuli = all_inputs
        turned = dataclasses.replace(network, populations=network.populations[::-1])
        expected = of_each(network, run(all_inputs, engine="numpy").counts)
        found = of_each(network, run((turned, stimuli), engine="numpy").counts)
        for name in ("touch", "Touch", "tone", "lines"):
            np.testing.assert_array_equal(found[name], expected[name])
        # The first of them draws as one alone does.
        small, stimulus = alone("dark")
        draws_first = of_each(small, run((small, stimulus), engine="numpy").counts)["dark"]
        np.testing.assert_array_equal(found["dark"], draws_first)

    def test_the_longest_input_tells_how_long_a_sample_is(self, alone):
        network, stimuli = alone("touch", "tone", presentation=None)
        spikes, signals = stimuli
        lengths = np.maximum(spikes.durations(0, 5), signals.durations(0, 5))
        together = Stimuli(network, stimuli)
        np.testing.assert_allclose(together.durations(0, 5), lengths)
        assert (lengths > spikes.durations(0, 5)).any()
        assert (lengths > signals.durations(0, 5)).any()
        result = run((network, stimuli), engine="numpy")
        np.testing.assert_allclose(result.spikes.duration, lengths + 0.005)

    def test_targets_and_keys_are_those_of_the_input_that_has_some(self, alone):
        network, (one, other) = alone("light", "touch")
        keys, targets = np.arange(5) + 100.0, np.arange(5)
        order = np.array([3, 3, 0])
        one = dataclasses.replace(one, order=order, keys=keys[order])
        other = dataclasses.replace(other, order=order, targets=targets)
        together = Stimuli(network, [other, one])
        assert together.keys.tolist() == [103.0, 103.0, 100.0]
        assert together.targets[1:].tolist() == [3.0, 0.0]
        turned = together.in_this_order(np.array([2, 0, 1]))
        assert turned.keys.tolist() == [100.0, 103.0, 103.0]
        assert turned.targets.tolist() == [0.0, 3.0, 3.0]

    @pytest.mark.parametrize("name", ENGINES)
    def test_one_of_them_may_be_what_the_program_never_looks_up(self, name):
        """A population takes samples that its strings do not name."""

        class Deaf(NeuronModel):
            takes = "signals"

        network = Network(
            populations=(
                Population(name="deaf", n=2, neuron=Deaf(equations="x : 1", before_spikes="x = i")),
                Population(name="input", n=1, neuron=SpikeInput()),
            ),
            watch="input",
            schedule=Schedule(presentation=5 * ms, rest=0 * ms, dt=1 * ms, min_spikes=0),
        )
        assert network.inputs == network.populations
        silence = engine.SignalStimulus(values=[np.ones((3, 2))] * 2, dt=1 * ms)
        trains = engine.SpikeStimulus(
            trains=trains_of([[0.001], [0.002, 0.003]]), population="input"
        )
        result = run((network, (trains, silence)), engine=name)
        assert result.counts.tolist() == [[1], [2]]


def trains_of(times):
    ends = np.cumsum([0, *map(len, times)])
    flat = np.concatenate(times)
    return SpikeTrains(flat, np.zeros(len(flat), int), ends, n_units=1, duration=0.005)


class TestWithoutInput:
    @pytest.mark.parametrize("name", ENGINES)
    def test_neurons_are_active_by_themselves(self, without_input, name):
        result = run(without_input, engine=name)
        np.testing.assert_allclose(result.spikes.duration, [0.06, 0.12, 0.03, 0.09, 0.06])
        counts = of_each(without_input[0], result.counts)
        assert counts["noisy"].sum() > 20
        assert counts["driven"].sum() > 5
        assert len({tuple(row) for row in counts["noisy"]}) == 5  # each has noise of its own

    def test_keys_name_the_noise(self, without_input):
        network, stimulus = without_input
        again = dataclasses.replace(stimulus, order=np.array([0, 0]), keys=np.array([7.0, 7.0]))
        one, other = run((network, again), engine="numpy").counts
        assert one.tolist() == other.tolist()

    def test_a_presentation_sets_the_length(self, without_input):
        network, _ = without_input
        schedule = dataclasses.replace(network.schedule, presentation=25 * ms)
        network = dataclasses.replace(network, schedule=schedule)
        for duration in (None, 25 * ms):
            stimulus = engine.SpontaneousActivity(n_samples=2, duration=duration)
            result = run((network, stimulus), engine="numpy")
            np.testing.assert_allclose(result.spikes.duration, 0.025)

    def test_a_duration_may_be_a_number_of_seconds(self):
        stimulus = engine.SpontaneousActivity(n_samples=2, duration=0.5)
        np.testing.assert_array_equal(stimulus.durations(0, 2), 0.5)


class TestResultsDoNotDependOn:
    @pytest.mark.parametrize("name", ENGINES)
    def test_the_engine(self, shown, name):
        expected, found = run(shown, engine="numpy"), run(shown, engine=name)
        assert expected.counts.sum() > 50
        np.testing.assert_array_equal(found.spikes.units, expected.spikes.units)
        np.testing.assert_array_equal(found.spikes.offsets, expected.spikes.offsets)
        np.testing.assert_allclose(found.spikes.times, expected.spikes.times, atol=1e-12)
        for key, values in expected.state.items():
            np.testing.assert_allclose(found.state[key], values, rtol=1e-7, atol=1e-9, err_msg=key)

    @pytest.mark.parametrize(
        ("name", "options"), [("numpy", CHUNKS), ("numpy", LANES), ("cpp_standalone", CHUNKS),
                              pytest.param("cpp_standalone", LANES, marks=pytest.mark.slow)],
        ids=str,
    )  # fmt: skip
    def test_chunks_and_lanes(self, shown, name, options):
        expected, found = run(shown, engine=name), run(shown, engine=name, **options)
        assert found.spikes == expected.spikes

    def test_an_interruption(self, shown):
        calls = iter([False, False, True, True, True])
        first = run(shown, engine="numpy", interrupted=lambda: next(calls), chunk_size=1)
        assert 0 < first.n_done < 5
        rest = run(shown, engine="numpy", start=first.n_done, state=first.state)
        whole = run(shown, engine="numpy")
        np.testing.assert_array_equal(np.vstack([first.counts, rest.counts]), whole.counts)
        for name, values in whole.state.items():
            np.testing.assert_array_equal(rest.state[name], values, err_msg=name)

    @pytest.mark.parametrize(
        ("name", "options"), [("numpy", {"n_jobs": 2}), ("numpy", {"n_jobs": 2} | LANES),
                              ("cpp_standalone", {"n_jobs": 2}),
                              pytest.param("cpp_standalone", {"n_jobs": 2} | LANES,
                                           marks=pytest.mark.slow)],
        ids=str,
    )  # fmt: skip
    def test_processors(self, shown, name, options):
        network, stimulus = shown
        expected = run(shown, engine=name)
        found = engine.present(network, stimulus, seed=3, engine=name, record="spikes", **options)
        assert found.spikes == expected.spikes
        record = {"spikes": network.watched, **dict.fromkeys(membranes(network), "end")}
        kept = run(shown, engine=name, record=record)
        found = engine.present(network, stimulus, seed=3, engine=name, record=record, **options)
        assert kept.spikes == found.spikes
        np.testing.assert_array_equal(kept.counts, expected.counts)
        for name_, its in kept.states.items():
            np.testing.assert_array_equal(its.values, found.states[name_].values)

    @pytest.mark.parametrize("name", ENGINES)
    def test_repetitions_and_the_chunk_they_lie_in(self, alone, name):
        network, stimuli = alone("light", "touch", min_spikes=160, max_repeats=2)
        expected = run((network, stimuli), engine=name)
        assert expected.repeats.max() == 2
        assert_same(expected, run((network, stimuli), engine=name, chunk_size=1))


def membranes(network):
    return [f"{p.name}.v" for p in network.populations if "dv/dt" in str(p.neuron.equations)]


def levels(monkeypatch, row, table):
    """A network whose input is of a kind that the library does not have, and two samples."""

    class Level(engine.RateStimulus):
        def arrays(self, *_):
            return {"table": table}

    Level.takes, Level.row = "levels", row
    monkeypatch.setitem(KINDS, "levels", Level)

    class LevelInput(NeuronModel):
        takes = "levels"

    network = Network(
        populations=(Population(name="in", n=3, neuron=LevelInput(equations="v : 1",
                                                                  threshold="v > 1")),),
        watch="in",
        schedule=Schedule(presentation=5 * ms, rest=0 * ms, dt=1 * ms),
    )  # fmt: skip
    return network, Level(values=np.zeros((2, 3)))


def test_where_a_kind_is_looked_up_is_part_of_the_key(monkeypatch):
    network, _ = levels(monkeypatch, "sample", None)
    key = Plan(network).key
    levels(monkeypatch, "step", None)
    assert Plan(network).key != key


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        ("inputs", "shown", "message"),
        [
            (("light", "dark"), lambda of: of("light", population=""),
             "population: must say which of 'light', 'dark' the RateStimulus is for"),
            (("light", "touch"), lambda of: of("light"),
             "since 'light' takes rates and .* since 'touch' takes spikes, .* got RateStimulus"),
            (("light",), lambda of: [of("light")] * 2, "each input, got RateStimulus, RateSt"),
            (("light",), lambda of: [], "one for each input, got none"),
            (("light",), lambda of: np.ones((5, 6)), "must be a RateStimulus, since 'light'"),
            (("light",), lambda of: of("touch", population=""), "got a SpikeStimulus"),
            (("light", "touch"), lambda of: of("light", population="touch"),
             "must be .* got a RateStimulus"),
            (("light",), lambda of: of("dark"), "must be one of 'light', got 'dark'"),
            (("light",), lambda of: engine.SpontaneousActivity(n_samples=5),
             "since 'light' takes rates, .* got SpontaneousActivity"),
            (("light", "touch"), lambda of: [of("light"), of("touch", n_samples=4)],
             "as many presentations, got 5 for 'light', 4 for 'touch'"),
            (("light", "touch"),
             lambda of: [of("light", keys=np.arange(5.0)), of("touch", keys=np.ones(5))],
             "stimulus.keys: must be the same for all inputs, got others for 'touch' than for "),
            (("light", "touch"),
             lambda of: [of("light", targets=np.arange(5)), of("touch", targets=np.ones(5))],
             "stimulus.targets: must be the same for all inputs, got others for 'touch'"),
            (("light", "touch"),
             lambda of: [of("light"), of("touch", target_signals=[np.ones((3, 1))] * 5)],
             "target_signals: must be 5 arrays of 0 columns"),
        ],
    )  # fmt: skip
    def test_stimuli_that_do_not_fit_the_inputs(
        self, network_with, stimulus_of, inputs, shown, message
    ):
        with pytest.raises(DataError, match=message):
            Stimuli(network_with(*inputs), shown(stimulus_of))

    def test_the_same_keys_twice_are_no_conflict(self, network_with, stimulus_of):
        keys = np.arange(5.0) + 3
        parts = [stimulus_of(name, keys=keys) for name in ("light", "touch")]
        assert Stimuli(network_with("light", "touch"), parts).keys[1:3].tolist() == [4.0, 5.0]

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"n_samples": -1}, "n_samples: must be a whole number >= 0, got -1"),
            ({"n_samples": 2.5}, "n_samples: must be a whole number >= 0, got 2.5"),
            ({"duration": [0.1, 0.2]}, "duration: must be one length >= 0 s, or one for each of 5"),
            ({"duration": -1 * second}, "duration: must be one length >= 0 s"),
            ({"duration": np.nan}, "duration: must be one length >= 0 s"),
            ({"duration": None}, "duration: must be given where Schedule.presentation is None"),
        ],
    )  # fmt: skip
    def test_lengths_of_nothing(self, without_input, change, message):
        network, stimulus = without_input
        with pytest.raises(DataError, match=message):
            Stimuli(network, dataclasses.replace(stimulus, **change))

    def test_another_length_than_the_schedule_has(self, without_input):
        network, _ = without_input
        schedule = dataclasses.replace(network.schedule, presentation=25 * ms)
        network = dataclasses.replace(network, schedule=schedule)
        stimulus = engine.SpontaneousActivity(n_samples=2, duration=30 * ms)
        with pytest.raises(DataError, match=r"presentation=25\. ms sets the length .* got 0.03 s"):
            Stimuli(network, stimulus)

    def test_samples_for_a_network_that_takes_none(self, without_input, stimulus_of):
        with pytest.raises(
            DataError, match="a SpontaneousActivity, since the network has no input"
        ):
            Stimuli(without_input[0], stimulus_of("light"))

    def test_a_kind_that_there_is_not(self):
        class Smelling(NeuronModel):
            takes = "smells"

        network = Network(
            populations=(Population(name="nose", n=2, neuron=Smelling(equations="x : 1")),),
            watch=(),
        )
        with pytest.raises(ParameterError, match="Smelling.takes: must be 'rates', .*'smells'"):
            engine.run(network, engine.SpontaneousActivity(n_samples=1), seed=0, engine="numpy")

    @pytest.mark.parametrize(
        ("given", "said"),
        [
            ({"keys": np.arange(2.0)}, r"keys: must hold 4 finite numbers.*got an array of shape"),
            ({"keys": np.full(4, np.nan)}, "keys: must hold 4 finite numbers"),
            ({"keys": ["a", "b", "c", "d"]}, "keys: must hold 4 finite numbers"),
            ({"order": [0, 4]}, r"order: must hold whole numbers in 0\.\.3"),
            ({"order": np.ones(4, dtype=bool)}, "order: must hold whole numbers"),
            ({"order": [[0, 1]]}, "order: must hold whole numbers"),
        ],
    )
    def test_keys_and_order(self, without_input, given, said):
        network, _ = without_input
        stimulus = engine.SpontaneousActivity(n_samples=4, duration=20 * ms, **given)
        with pytest.raises(DataError, match=said):
            engine.run(network, stimulus, seed=0, engine="numpy")

    def test_no_samples_at_all(self, without_input):
        network, _ = without_input
        nothing = engine.SpontaneousActivity(n_samples=0, duration=20 * ms)
        shown = engine.present(network, nothing, seed=0, engine="numpy", lanes=2)
        assert len(shown.counts) == 0

    @pytest.mark.parametrize(
        ("row", "table", "error", "said"),
        [
            ("samples", np.zeros((2, 3)), ParameterError, "Level.row: must be 'sample', 'step'"),
            ("sample", np.zeros((2, 2)), DataError, r"of shape \(2, 3\) for 'in', got .*\(2, 2\)"),
            ("step", np.zeros((2, 3)), DataError, r"of shape \(10, 3\) for 'in', got"),
        ],
    )
    def test_tables_of_a_kind_of_ones_own(self, monkeypatch, row, table, error, said):
        network, stimulus = levels(monkeypatch, row, table)
        with pytest.raises(error, match=said):
            engine.run(network, stimulus, seed=0, engine="numpy")

    def test_rates_of_any_input_need_a_length(self, network_with):
        with pytest.raises(ParameterError, match=r"presentation: must be given .* None \(dark\)"):
            network_with("touch", "dark", presentation=None)


class TestTheAccounting:
    def test_of_several_inputs_and_of_none(self, shown):
        network, stimulus = shown
        workload = network_workload(network, {}, stimulus, seed=3, engine="numpy")
        learning = learning_workload(network, {}, stimulus, seed=3, engine="numpy")
        assert workload.n_samples == learning.n_samples == 5
        counts = of_each(network, run(shown, engine="numpy").counts)
        inner = [p for p in network.populations if not p.neuron.takes]
        assert workload.activations == sum(counts[p.name].sum() for p in inner)
        assert workload.membrane_updates > 0


def test_a_recorder_sees_the_same_whatever_the_lanes(shown):
    network, stimulus = shown
    name = membranes(network)[0]
    results = [
        engine.run(
            network, stimulus, seed=3, engine="cpp_standalone", lanes=lanes,
            record={name: engine.every(1)},
        ).states[name]
        for lanes in (1, 2)
    ]  # fmt: skip
    for one, other in zip(*results, strict=True):
        np.testing.assert_array_equal(one.values, other.values)


@pytest.mark.skipif(importlib.util.find_spec("brian2cuda") is None, reason="no brian2cuda")
def test_a_program_for_a_gpu_is_generated(shown, tmp_path):
    from bioplastic.engine.cuda import cuda_device
    from bioplastic.engine.standalone_program import generate

    generate(shown[0], tmp_path, cuda_device)
    text = (tmp_path / "unit.cu").read_text()
    for name in ("dark",) if shown[0].inputs else ():
        assert f"__constant__ double* _stimulus_of_{name}_values;" in text
        assert f"__constant__ int64_t _uniform_of_{name}_key[2];" in text
