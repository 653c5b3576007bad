"""Samples side by side: each as if it were alone, and what they teach together."""

import dataclasses

import numpy as np
import pytest
from brian2 import ms, mV

from bioplastic import SpikeTrains, engine
from bioplastic.engine.engines import find_engine
from bioplastic.engine.lanes import default_lanes, learned_variables, own_variables
from bioplastic.engine.plan import plan_of
from bioplastic.errors import ParameterError
from bioplastic.models import (
    LIF,
    Adam,
    DiehlCookSTDP,
    Network,
    NeuronModel,
    PairSTDP,
    PlasticityRule,
    Population,
    Projection,
    RandomWiring,
    Schedule,
    SignalInput,
    SpikeInput,
    SynapseModel,
    TsodyksMarkram,
    Uniform,
)
from bioplastic.networks import LiquidStateMachine
from bioplastic.networks.eprop_network import eprop_network

ENGINES = ["numpy", "cpp_standalone"]
W = "input_to_excitatory.w"
#: Lengths of samples in seconds, none of them in order.
LENGTHS = np.array([0.05, 0.02, 0.07, 0.01, 0.04, 0.03, 0.06])


def slow(*values):
    """Parameters of a test that runs with the slow ones: a build for each."""
    return pytest.param(*values, marks=pytest.mark.slow)


@pytest.fixture(scope="module", params=ENGINES)
def name(request):
    return request.param


def trains(n_units=8, rate=80.0, lengths=LENGTHS, seed=3):
    rng = np.random.default_rng(seed)
    counts = rng.poisson(rate * n_units * lengths)
    times = [np.sort(rng.uniform(0, d, n)) for d, n in zip(lengths, counts, strict=True)]
    return SpikeTrains(
        np.concatenate(times),
        rng.integers(0, n_units, counts.sum()),
        np.concatenate([[0], np.cumsum(counts)]),
        n_units=n_units,
        duration=lengths,
    )


def assert_same(one, other):
    """Bit for bit."""
    assert one.spikes == other.spikes
    np.testing.assert_array_equal(one.counts, other.counts)
    np.testing.assert_array_equal(one.repeats, other.repeats)
    np.testing.assert_array_equal(one.spikes_per_slot, other.spikes_per_slot)
    assert one.n_done == other.n_done
    for key, its in one.states.items():
        for a, b in zip(its, other.states[key], strict=True):
            np.testing.assert_array_equal(a.values, b.values, err_msg=key)


class TestFrozen:
    """Networks that learn nothing: lanes change no bit."""

    @pytest.mark.parametrize("lanes", [5, *(slow(n) for n in (2, 16))])
    def test_diehl_and_cook(self, name, network, stimulus, weights, lanes):
        record = {"spikes": ["excitatory", "input"], "excitatory.v": "end", W: "end"}
        options = {"record": record, "state": weights}
        one, other = (
            engine.run(network.frozen(), stimulus, seed=5, engine=name, lanes=n, **options)
            for n in (1, lanes)
        )
        assert one.repeats.max() > 0, "no sample was shown again"
        assert_same(one, other)

    @pytest.mark.slow
    def test_inhibition_by_single_synapses(self, name, unpooled_network, stimulus, weights):
        options = {"state": weights, "record": "spikes", "engine": name, "seed": 5}
        network = unpooled_network.frozen()
        one, other = (engine.run(network, stimulus, lanes=n, **options) for n in (1, 4))
        assert_same(one, other)

    @pytest.mark.parametrize("on", ["numpy", slow("cpp_standalone")])
    def test_a_wiring_without_synapses(self, on):
        network = Network(
            populations=(
                Population(name="input", n=8, neuron=SpikeInput()),
                Population(name="cell", n=1, neuron=LIF()),
            ),
            projections=(
                Projection(pre="input", post="cell", on_pre="i_syn_post += w*mV", weight=30.0),
                Projection(
                    pre="cell", post="cell", on_pre="i_syn_post -= w*mV", weight=1.0,
                    wiring="all_but_one", pooled=False,
                ),
            ),
            watch="cell",
            schedule=Schedule(presentation=None, rest=0 * ms, dt=1 * ms, min_spikes=0),
        )  # fmt: skip
        options = {"record": "spikes", "engine": on, "seed": 5}
        stimulus = engine.SpikeStimulus(trains=trains())
        one, other = (engine.run(network, stimulus, lanes=n, **options) for n in (1, 3))
        assert one.counts.sum() > 0
        assert_same(one, other)

    def test_chunks(self, name, network, stimulus, weights):
        options = {"state": weights, "record": "spikes", "engine": name, "seed": 5}
        one, other = (
            engine.run(network.frozen(), stimulus, chunk_size=n, lanes=lanes, **options)
            for n, lanes in ((1000, 1), (7, 3))
        )
        assert_same(one, other)

    @pytest.mark.parametrize("lanes", [3, slow(8)])
    def test_liquids(self, name, lanes):
        # Time constants and delays differ from neuron to neuron, samples in their lengths.
        samples = trains(lengths=10 * LENGTHS)
        liquid = LiquidStateMachine(37, engine=name, random_state=0).fit(samples)
        shown = liquid.presentation_of(samples)
        one, other = (
            engine.run(
                shown.network, shown.stimulus, seed=shown.seed, state=shown.state, engine=name,
                record={"spikes": ["exc", "inh"], "exc.v": engine.every(1)}, lanes=n,
            )
            for n in (1, lanes)
        )  # fmt: skip
        assert one.counts.sum() > 300
        assert_same(one, other)

    def test_synapses_with_a_state(self, name):
        tired = TsodyksMarkram(utilisation=0.5, tau_recovery=80 * ms, tau_facilitation=20 * ms)
        worn = SynapseModel(
            equations="used : 1\ndtrace/dt = -trace/tau_trace : 1 (clock-driven)",
            after_pre="used += gain; trace += 1",
            at_slot_start="used = 0; trace = 0",
            at_slot_end="gone_post += used",
            constants={"tau_trace": 20 * ms, "gain": Uniform(low=0.5, high=2.0)},
        )
        cell = NeuronModel(
            equations="dv/dt = -v/tau : 1\ngone : 1\nkind : 1",
            threshold="v > 1",
            reset="v = 0",
            at_slot_start="v = 0; gone = 0; kind = target(cursor) + i",
            constants={"tau": 10 * ms},
        )
        on_pre = "v_post += 0.5*w*u*x"
        network = Network(
            populations=(
                Population(name="input", n=8, neuron=SpikeInput()),
                Population(name="cell", n=5, neuron=cell),
            ),
            projections=(
                Projection(pre="input", post="cell", on_pre=on_pre, weight=2.0, synapse=tired),
                Projection(
                    pre="input", post="cell", label="listed", wiring=RandomWiring(p=0.7),
                    on_pre=on_pre, weight=Uniform(low=0.0, high=3.0), synapse=tired,
                    delay=Uniform(low=0 * ms, high=9 * ms),
                ),
                Projection(
                    pre="cell", post="cell", label="worn", wiring="all_but_one",
                    on_pre="v_post -= 0.01*trace*(1 + i - j)*gain/(1 + used)", weight=1.0,
                    synapse=worn,
                ),
            ),
            watch=("cell", "input"),
            schedule=Schedule(presentation=None, rest=5 * ms, dt=1 * ms, min_spikes=0),
        )  # fmt: skip
        stimulus = engine.SpikeStimulus(
            trains=trains(), order=np.array([6, 0, 1, 1, 3, 2, 4, 5]), targets=np.arange(7) * 10
        )
        seen = ["cell.v", "cell.kind", "input_to_cell.u", "listed.x", "worn.used", "worn.trace"]
        record = {"spikes": ["cell", "input"], **dict.fromkeys(seen, "end")}
        one, other = (
            engine.run(network, stimulus, seed=2, engine=name, record=record, lanes=n)
            for n in (1, 3)
        )
        assert one.counts[:, :5].sum() > 20
        assert all(np.any(v[-1].values) for v in one.states.values()), "nothing to compare"
        assert_same(one, other)
        # What a sample leaves behind is that of the last one, whichever lane has shown it.
        for key in ("cell.gone", "listed.u", "worn.used"):
            np.testing.assert_array_equal(one.state[key], other.state[key], err_msg=key)

    def test_signals(self, name):
        rng = np.random.default_rng(0)
        values = [rng.normal(size=(n, 3)) * (rng.random((n, 3)) < 0.5) for n in (4, 9, 1, 6)]
        wanted = [rng.normal(size=(len(v), 2)) for v in values]
        cell = NeuronModel(
            equations="v : 1\ntotal : 1",
            after_spikes="total += abs(v - target_signal(row, i))",
            at_slot_start="v = 0; total = 0",
        )
        network = Network(
            populations=(
                Population(name="input", n=3, neuron=SignalInput()),
                Population(name="cell", n=2, neuron=cell),
            ),
            projections=(
                Projection(pre="input", post="cell", on_pre="v_post += w*value_pre"),
                Projection(
                    pre="cell", post="input", label="back", on_pre="", weight=0.0,
                    graded="value_post += w*total_pre",
                ),
            ),
            watch="input",
            schedule=Schedule(presentation=None, rest=1 * ms, dt=1 * ms, min_spikes=0),
        )  # fmt: skip
        stimulus = engine.SignalStimulus(values=values, dt=1e-3, target_signals=wanted)
        state = {"input_to_cell.w": rng.normal(size=6)}
        seen = ("cell.v", "cell.total", "input.value")
        record = {"spikes": ["input"], **dict.fromkeys(seen, engine.every(1))}
        one, other = (
            engine.run(
                network, stimulus, seed=0, engine=name, state=state, lanes=n, record=record,
            )
            for n in (1, 3)
        )  # fmt: skip
        assert one.counts.sum() > 10
        assert_same(one, other)


SCHEDULE = Schedule(presentation=None, rest=5 * ms, dt=1 * ms, min_spikes=0)


def learner(rule, *, norm=None, neuron=None, wiring="all_to_all"):
    return Network(
        populations=(
            Population(name="input", n=8, neuron=SpikeInput()),
            Population(name="cell", n=5, neuron=neuron or LIF(v_threshold=-62 * mV)),
        ),
        projections=(
            Projection(
                pre="input", post="cell", on_pre="i_syn_post += 10*w*mV", rule=rule, norm=norm,
                wiring=wiring, weight=Uniform(low=0.2, high=0.9),
            ),
        ),
        watch="cell",
        schedule=SCHEDULE,
    )  # fmt: skip


def eprop(batch_size):
    return eprop_network(
        n_inputs=4, n_lif=5, n_alif=4, n_outputs=3, optimizer=Adam(learning_rate=0.01),
        schedule=dataclasses.replace(SCHEDULE, batch_size=batch_size), spikes=False,
    )  # fmt: skip


def test_presenting_them_in_order_of_length():
    samples = trains(lengths=10 * LENGTHS)
    liquid = LiquidStateMachine(20, engine="numpy", random_state=0).fit(samples)
    shown = liquid.presentation_of(samples)
    one, other = (
        shown.present(
            engine="numpy", record={"spikes": ["exc"], "exc.v": engine.every(1)}, lanes=n
        )
        for n in (1, 3)
    )  # fmt: skip
    assert one.counts.sum() > 100
    assert_same(one, other)


def test_repeated_samples_keep_their_noise_and_their_slots(network, weights):
    # Rates have no length, so that the order stays; a stimulus may name one sample twice.
    rng = np.random.default_rng(0)
    values = rng.uniform(0.0, 200.0, (5, 20)) * np.array([[0.1], [1], [0.1], [1], [1]])
    stimulus = engine.RateStimulus(values=values, order=np.array([4, 0, 2, 2, 1, 3]))
    one, other = (
        engine.present(
            network.frozen(), stimulus, seed=3, state=weights, engine="numpy", record="spikes",
            lanes=n,
        )
        for n in (1, 4)
    )  # fmt: skip
    assert one.repeats.max() > 0
    assert_same(one, other)


class TestLearning:
    """All samples of a round begin with the same values, and teach together."""

    @pytest.mark.parametrize("wiring", ["all_to_all", RandomWiring(p=0.8)], ids=["all", "list"])
    @pytest.mark.parametrize("combine", ["sum", "mean"])
    def test_changes_of_a_round_are_put_together(self, name, combine, wiring):
        network = learner(DiehlCookSTDP(eta_plus=0.1, eta_minus=0.02), norm=4.0, wiring=wiring)
        samples, w = trains(), "input_to_cell.w"
        begun = network.sample(7)
        expected = dict(begun)
        for first in range(0, len(samples), 3):
            alone = [
                engine.run(
                    network, engine.SpikeStimulus(trains=samples[k : k + 1]), seed=0, engine=name,
                    state=expected,
                ).state[w]
                for k in range(first, min(first + 3, len(samples)))
            ]  # fmt: skip
            # Every run has scaled the weights before its sample.
            nothing = SpikeTrains([], [], [0, 0], n_units=8, duration=[0.01])
            scaled = engine.run(
                network, engine.SpikeStimulus(trains=nothing), seed=0, engine=name, state=expected
            ).state[w]
            changes = np.array(alone) - scaled
            together = changes.sum(axis=0) if combine == "sum" else changes.mean(axis=0)
            new = np.clip(scaled + together, np.minimum(scaled, 0), np.maximum(scaled, 1))
            expected = expected | {w: new}
        assert np.abs(changes).max() > 0.01
        found = engine.run(
            network, engine.SpikeStimulus(trains=samples), seed=0, engine=name, state=begun,
            lanes=3, combine=combine,
        )  # fmt: skip
        np.testing.assert_allclose(found.state[w], expected[w], rtol=1e-12, atol=1e-13)

    def test_one_lane_learns_as_without_lanes(self, name, network, stimulus, weights):
        one, other = (
            engine.run(network, stimulus, seed=1, engine=name, state=weights, **more)
            for more in ({}, {"lanes": 1, "combine": "mean"})
        )
        np.testing.assert_array_equal(one.state[W], other.state[W])

    @pytest.mark.parametrize("combine", ["sum", "mean"])
    def test_engines_agree_with_thresholds_and_noise(self, network, stimulus, weights, combine):
        once = dataclasses.replace(network.schedule, min_spikes=0)
        once = dataclasses.replace(network, schedule=once)
        one, other = (
            engine.run(
                once, stimulus, seed=5, state=weights, engine=each, record="spikes", lanes=5,
                combine=combine, chunk_size=size,
            )
            for each, size in (("numpy", 100), ("cpp_standalone", 5))
        )  # fmt: skip
        assert one.spikes.units.tolist() == other.spikes.units.tolist()
        for key in (W, "excitatory.theta"):
            assert np.ptp(one.state[key]) > 0
            np.testing.assert_allclose(one.state[key], other.state[key], rtol=1e-9, atol=1e-12)

    @pytest.mark.parametrize("engine_name", ["numpy", slow("cpp_standalone")])
    def test_gradients_of_a_batch(self, engine_name):
        rng = np.random.default_rng(4)
        network = eprop(batch_size=4)
        samples = [rng.random((n, 4)) * (rng.random((n, 4)) < 0.3) for n in (20, 12, 25, 16, 9)]
        stimulus = engine.SignalStimulus(
            values=samples, dt=float(network.schedule.dt), targets=np.array([0, 1, 2, 1, 0]),
            order=np.array([0, 1, 2, 3, 4, 1, 0, 2]),
        )  # fmt: skip
        begun = network.sample(3)
        one, other = (
            engine.run(network, stimulus, seed=3, engine=engine_name, state=begun, lanes=n, **more)
            for n, more in ((1, {}), (4, {"combine": "sum"}))
        )
        for key in (k for k in begun if k.endswith(".w")):
            assert np.abs(one.state[key] - begun[key]).max() > 1e-4, key
            np.testing.assert_allclose(
                other.state[key], one.state[key], rtol=0, atol=1e-9, err_msg=key
            )

    @pytest.mark.parametrize("engine_name", ["numpy", slow("cpp_standalone")])
    def test_a_batch_that_an_earlier_run_began_is_filled_first(self, engine_name):
        network = eprop(batch_size=4)
        rng = np.random.default_rng(5)
        samples = [rng.random((n, 4)) * (rng.random((n, 4)) < 0.3) for n in (20, 12, 25, 16, 9, 7)]
        stimulus = engine.SignalStimulus(
            values=samples, dt=float(network.schedule.dt), targets=np.array([0, 1, 2, 1, 0, 2])
        )
        states = []
        for n, more in ((1, {}), (4, {"combine": "sum"})):
            state = network.sample(3)
            for _ in range(2):
                result = engine.run(
                    network, stimulus, seed=3, engine=engine_name, state=state, lanes=n, **more
                )
                state = result.state
            states.append(state)
        one, other = states
        assert (one["schedule.in_batch"] == 0).all()
        assert (other["schedule.in_batch"] == 0).all()
        for key in (k for k in one if k.endswith((".w", ".gradient"))):
            np.testing.assert_allclose(other[key], one[key], rtol=0, atol=1e-9, err_msg=key)

    def test_what_a_batch_ends_with(self, name):
        rule = PlasticityRule(
            synapse="total : 1\nlast : 1\nn_batches : 1",
            at_slot_end="total += kind_post",
            at_batch_end="w += 0.5*total; last = total; total = 0; n_batches += 1",
        )
        cell = NeuronModel(
            equations="kind : 1\ni_syn : volt", threshold="False",
            at_slot_start="kind = target(cursor)",
        )  # fmt: skip
        network = learner(rule, neuron=cell)
        network = dataclasses.replace(network, schedule=dataclasses.replace(SCHEDULE, batch_size=4))
        stimulus = engine.SpikeStimulus(
            trains=trains(), order=np.arange(14) % 7, targets=np.arange(7.0) + 1
        )
        result = engine.run(
            network, stimulus, seed=0, engine=name, lanes=2, combine="sum",
            state={"input_to_cell.w": np.zeros(40)},
        )  # fmt: skip
        values = np.arange(14) % 7 + 1
        found = {k: result.state[f"input_to_cell.{k}"] for k in ("w", "last", "total", "n_batches")}
        assert (found["w"] == 0.5 * values[:12].sum()).all()
        assert (found["last"] == values[8:12].sum()).all()
        assert (found["total"] == values[12:].sum()).all()
        assert (found["n_batches"] == 3).all()
        assert (result.state["schedule.in_batch"] == 2).all()


def test_how_many_where_nobody_says(network):
    n_neurons = sum(p.n for p in network.populations)
    assert default_lanes(network, find_engine("cpp_standalone").n_busy) == 1
    assert default_lanes(network, find_engine("numpy").n_busy) == 1
    assert (
        default_lanes(network, find_engine("cuda_standalone").n_busy)
        == min(2**18 // n_neurons, 1024)
        > 1
    )


class TestWhatLasts:
    def test_of_diehl_and_cook(self, network):
        assert learned_variables(network) == ["excitatory.theta", W]

    def test_of_synapses(self):
        network = learner(PairSTDP())
        assert learned_variables(network) == ["input_to_cell.w"]
        assert own_variables(plan_of(network), "input_to_cell") == {"w"}
        assert own_variables(plan_of(learner(None)), "input_to_cell") == frozenset()

    def test_of_eprop(self):
        network = eprop(batch_size=1)
        synapses = {p.name for p in network.projections}
        names = [name.split(".") for name in learned_variables(network)]
        assert {variable for owner, variable in names if owner in synapses} == {"gradient"}
        for projection in network.projections:
            if projection.rule is not None:
                own = own_variables(plan_of(network), projection.name)
                assert "gradient" in own
                assert not own & {"w", "momentum", "power"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lanes": 0}, "lanes: must be a whole number >= 1, got 0"),
        ({"lanes": 2.0}, "lanes: must be a whole number >= 1, got 2.0"),
        ({"lanes": 2, "combine": "max"}, "combine: must be 'sum', 'mean' or None, got 'max'"),
        ({"lanes": 2}, "combine: must be 'sum' or 'mean' where 2 samples"),
        ({"lanes": 2, "combine": "sum"}, "lanes: must be 1 where .* give Schedule min_spikes=0"),
    ],
)
def test_what_lanes_cannot_do(network, stimulus, options, message):
    with pytest.raises(ParameterError, match=message):
        engine.run(network, stimulus, seed=0, engine="numpy", **options)


def test_lanes_fill_batches():
    network = eprop(batch_size=6)
    stimulus = engine.SignalStimulus(values=[np.zeros((3, 4))], dt=1e-3)
    with pytest.raises(ParameterError, match=r"lanes: must divide Schedule.batch_size=6, got 4"):
        engine.run(network, stimulus, seed=0, engine="numpy", lanes=4, combine="sum")


class TestWordsThatCountNeurons:
    """Strings see the neurons and the synapses of their own lane."""

    NEURON = NeuronModel(
        equations="q : 1\nown : 1", at_slot_start="q = 0; own = i + 100*N", threshold="q > 1e9",
        reset="q = 0",
    )  # fmt: skip

    def network(self, **changes):
        neuron = dataclasses.replace(self.NEURON, **changes)
        return Network(
            populations=(
                Population(name="input", n=2, neuron=SpikeInput()),
                Population(name="out", n=3, neuron=neuron),
            ),
            projections=tuple(
                Projection(
                    pre="input", post="out", label=label, wiring=wiring, weight=1.0,
                    on_pre="q_post += i + 2*j + 10*i_pre + 100*i_post + 1e3*N_pre + 1e4*N_post"
                    " + 1e5*N",
                )
                for label, wiring in (("dense", "all_to_all"), ("sparse", RandomWiring(p=0.7)))
            ),
            watch="out",
            schedule=Schedule(presentation=None, rest=0 * ms, dt=1 * ms, min_spikes=0),
        )  # fmt: skip

    def stimulus(self):
        trains = SpikeTrains(
            [0.001, 0.002] * 5, [0, 1] * 5, np.arange(6) * 2, n_units=2, duration=0.004
        )
        return engine.SpikeStimulus(trains=trains)

    @pytest.mark.parametrize("name", ["numpy", "cpp_standalone"])
    def test_each_lane_counts_for_itself(self, name):
        network = self.network()
        arguments = {"seed": 0, "engine": name, "record": {"out.q": "end", "out.own": "end"}}
        one, other = (
            engine.run(network, self.stimulus(), lanes=n, **arguments).states for n in (1, 3)
        )
        np.testing.assert_array_equal(other["out.q"].values, one["out.q"].values)
        np.testing.assert_array_equal(other["out.own"].values, one["out.own"].values)
        assert one["out.own"].values[0].ravel().tolist() == [300, 301, 302]

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"at_slot_end": "q = t/ms"}, "out asks for the time at_slot_end"),
            (
                {"equations": "q : 1\nown : 1\ng : 1 (shared)", "before_spikes": "g = g + 1"},
                "all neurons of out share g",
            ),
            (
                {"equations": "q : 1\nown : 1\nk : integer", "before_spikes": "k = k + 1"},
                "out.k lasts, which is no real number",
            ),
            (
                {"equations": "q : 1\nown : 1\nk : boolean", "before_spikes": "k = not k"},
                "out.k lasts, which is no real number",
            ),
        ],
    )
    def test_what_a_round_has_once_is_refused(self, changes, said):
        network = self.network(**changes)
        with pytest.raises(ParameterError, match=f"lanes: must be 1 where {said}"):
            engine.run(network, self.stimulus(), seed=0, engine="numpy", lanes=2)
        assert default_lanes(network, find_engine("cuda_standalone").n_busy) == 1


def test_whole_numbers_and_truth(name):
    """They go in and out, wait and come back, and are looked at, as others are."""
    neuron = NeuronModel(
        equations="q : 1\nk : integer\non : boolean\nkept : integer", threshold="q > 1e9",
        reset="q = 0", at_slot_start="q = 0; k = 0; on = i > 0",
        before_spikes="k += 2; on = not on",
    )  # fmt: skip
    words = TestWordsThatCountNeurons()
    network = words.network()
    record = dict.fromkeys(("out.k", "out.on", "out.kept"), engine.every(1))
    out = dataclasses.replace(network.populations[1], neuron=neuron)
    network = dataclasses.replace(network, populations=(network.populations[0], out))
    state = {"out.kept": np.array([7, 8, 9])}
    options = {"seed": 0, "engine": name, "record": record, "state": state}
    shown = engine.SpikeStimulus(
        trains=SpikeTrains([], [], [0] * 6, n_units=2, duration=[0.003, 0.001, 0.002, 0.004, 0.001])
    )
    one, other = (engine.run(network, shown, lanes=lanes, **options) for lanes in (1, 3))
    assert_same(one, other)
    np.testing.assert_array_equal(one.states["out.k"][3].values, np.outer([2, 4, 6, 8], [1, 1, 1]))
    np.testing.assert_array_equal(one.states["out.on"][0].values, [[1, 0, 0], [0, 1, 1], [1, 0, 0]])
    for result in (one, other):
        np.testing.assert_array_equal(result.state["out.kept"], [7, 8, 9])
        np.testing.assert_array_equal(result.state["out.k"], [2, 2, 2])  # of the last sample
        np.testing.assert_array_equal(result.state["out.on"], [1, 0, 0])


def test_a_list_whose_weights_are_normalised_is_handed_back_whole(name):
    network = learner(None, norm=4.0, wiring=RandomWiring(0.6))
    network = dataclasses.replace(
        network, schedule=dataclasses.replace(network.schedule, min_spikes=0)
    )
    samples = engine.SpikeStimulus(trains=trains(n_units=network.input.n))
    drawn = network.sample(1)
    state = {**drawn, "input_to_cell.w": np.arange(1.0, 1 + len(drawn["input_to_cell.i"]))}
    one, two = (
        engine.run(network, samples, seed=0, state=state, engine=name, lanes=n, combine=c)
        for n, c in ((1, None), (2, "sum"))
    )
    np.testing.assert_array_equal(two.state["input_to_cell.w"], one.state["input_to_cell.w"])
    assert_same(two, one)


def test_time_that_is_asked_for_by_an_expression():
    clock = NeuronModel(
        equations="age = t : second\nx : 1", threshold="x > 1e9", reset="x = 0",
        at_slot_end="x = x + age/ms",
    )  # fmt: skip
    network = learner(None, neuron=LIF())
    network = dataclasses.replace(
        network,
        populations=(*network.populations, Population(name="clock", n=2, neuron=clock)),
        schedule=dataclasses.replace(network.schedule, min_spikes=0),
    )
    samples = engine.SpikeStimulus(trains=trains(n_units=network.input.n))
    with pytest.raises(ParameterError, match="lanes: must be 1 where clock asks for the time"):
        engine.run(network, samples, seed=0, engine="numpy", lanes=2)
