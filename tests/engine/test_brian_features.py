"""What declarations have from Brian: each beside the same in plain Brian, spike by spike."""

import contextlib

import brian2 as b2
import numpy as np
import pytest
from brian2 import ms, mV, second

from bioplastic import SpikeTrains, engine
from bioplastic.errors import ParameterError
from bioplastic.models import (
    Event,
    Network,
    NeuronModel,
    PairWiring,
    Pathway,
    PlasticityRule,
    Population,
    Projection,
    Regularly,
    Schedule,
    SpikeInput,
    SynapseModel,
    TimeTable,
    Uniform,
)

DT, N_IN, N = 0.5, 6, 5
N_STEPS = 160


@pytest.fixture(params=["numpy", "cpp_standalone"], scope="module")
def on(request):
    return request.param


def trains(seed=0, n=150):
    """Input spikes, at most one of a neuron in a step."""
    rng = np.random.default_rng(seed)
    places = np.sort(rng.choice(N_STEPS * N_IN, n, replace=False))
    return places // N_IN * DT * 1e-3, places % N_IN


@contextlib.contextmanager
def brian():
    before = b2.prefs.codegen.target
    b2.prefs.codegen.target = "numpy"
    try:
        yield b2.Clock(DT * ms)
    finally:
        b2.prefs.codegen.target = before


def spikes_of(monitor):
    return sorted(zip(np.rint(monitor.t / (DT * ms)).astype(int).tolist(), monitor.i, strict=True))


def shown(network, on, state=None, *, n_samples=2, **options):
    """Steps and units of one of several equal samples, and the result."""
    times, units = trains()
    train = SpikeTrains(times, units, [0, len(times)], n_units=N_IN, duration=N_STEPS * DT * 1e-3)
    stimulus = engine.SpikeStimulus(trains=SpikeTrains.concatenate([train] * n_samples))
    result = engine.run(
        network, stimulus, seed=0, engine=on, state=state, record="spikes", **options
    )
    first, *others = [result.spikes[k : k + 1] for k in range(n_samples)]
    assert len(first.times) > 3
    steps = np.rint(first.times / (DT * 1e-3)).astype(int)
    return sorted(zip(steps.tolist(), first.units.tolist(), strict=True)), others, result


def declared(neuron, *projections, **more):
    return Network(
        populations=(
            Population(name="input", n=N_IN, neuron=SpikeInput()),
            Population(name="out", n=N, neuron=neuron),
        ),
        projections=projections,
        watch="out",
        schedule=Schedule(presentation=None, rest=0 * ms, dt=DT * ms, min_spikes=0, **more),
    )


LEAKY = "dv/dt = -v/(10*ms) : 1"
RNG = np.random.default_rng(3)
SOURCES, TARGETS = RNG.integers(0, N_IN, 40), RNG.integers(0, N, 40)
WIRING = PairWiring(SOURCES.tolist(), j=TARGETS.tolist())
W = RNG.uniform(0.1, 0.6, 40)
DELAYS = {name: RNG.integers(0, 9, 40) * DT * 1e-3 for name in ("pre", "post", "late")}


def leaky(**more):
    given = {"equations": LEAKY, "threshold": "v > 1", "reset": "v = 0", "method": "exact"}
    return NeuronModel(**(given | {"at_slot_start": "v = 0"} | more))


def in_brian(clock, group, model, *, delays=(), weights=None, **pathways):
    """Run Brian's network of these synapses; return spikes and the synapses."""
    times, units = trains()
    source = b2.SpikeGeneratorGroup(N_IN, units, times * second, clock=clock)
    synapses = b2.Synapses(source, group, model, clock=clock, method="exact", **pathways)
    synapses.connect(i=SOURCES, j=TARGETS)
    for name in delays:
        getattr(synapses, name).delay = DELAYS[name] * second
    synapses.w = W if weights is None else weights
    monitor = b2.SpikeMonitor(group)
    b2.Network(source, group, synapses, monitor).run(N_STEPS * DT * ms)
    return spikes_of(monitor), synapses


def given(**more):
    """Synapses of the lists above as a state."""
    values = {"i": SOURCES, "j": TARGETS, "delay": np.zeros(40), "w": W} | more
    return {f"input_to_out.{name}": value for name, value in values.items()}


class TestPathways:
    SYNAPSE = SynapseModel(
        equations="w : 1\nn_late : 1",
        pathways=(
            Pathway(
                "late", code="v_post += 0.5*w; n_late += 1", delay=Uniform(0 * ms, high=1 * ms)
            ),
            Pathway(
                "back", code="w += 0.01*n_late", spike="post", delay=Uniform(0 * ms, high=1 * ms)
            ),
        ),
        at_slot_start="n_late = 0",
        learned=("w",),
    )

    def network(self):
        return declared(
            leaky(),
            Projection(
                pre="input", post="out", wiring=WIRING, on_pre="v_post += w", synapse=self.SYNAPSE,
                delay=Uniform(0 * ms, high=1 * ms),
            ),
        )  # fmt: skip

    def test_several_with_delays_of_their_own(self, on):
        with brian() as clock:
            group = b2.NeuronGroup(
                N, LEAKY, threshold="v > 1", reset="v = 0", method="exact", clock=clock
            )
            wanted, synapses = in_brian(
                clock,
                group,
                "w : 1\nn_late : 1",
                delays=("pre", "late", "post"),
                on_pre={"pre": "v_post += w", "late": "v_post += 0.5*w; n_late += 1"},
                on_post={"post": "w += 0.01*n_late"},
            )
            weights = np.asarray(synapses.w)
        state = given(delay=DELAYS["pre"], late_delay=DELAYS["late"], back_delay=DELAYS["post"])
        found, others, result = shown(self.network(), on, state, n_samples=1)
        assert found == wanted
        assert not others
        order = np.lexsort((TARGETS, DELAYS["pre"], SOURCES))
        np.testing.assert_allclose(result.state["input_to_out.w"], weights[order], rtol=1e-12)
        assert np.ptp(weights - W) > 0

    def test_what_is_learned_is_held(self, on):
        state = given(delay=DELAYS["pre"], late_delay=DELAYS["late"], back_delay=DELAYS["post"])
        found, others, result = shown(self.network().frozen(), on, state)
        np.testing.assert_array_equal(
            result.state["input_to_out.w"], W[np.lexsort((TARGETS, DELAYS["pre"], SOURCES))]
        )
        again = others[0]
        steps = np.rint(again.times / (DT * 1e-3)).astype(int)
        assert sorted(zip(steps.tolist(), again.units.tolist(), strict=True)) == found

    def test_a_postsynaptic_spike_of_a_rule_may_be_late(self, on):
        rule = PlasticityRule(
            pre_traces="dx/dt = -x/(20*ms) : 1", on_pre_trace="x += 1",
            post_traces="dy/dt = -y/(20*ms) : 1", on_post_trace="y += 1",
            on_pre="w = clip(w - 0.02*y_post, 0, 1)", on_post="w = clip(w + 0.03*x_pre, 0, 1)",
        )  # fmt: skip
        late = Uniform(0 * ms, high=1 * ms)
        network = declared(
            leaky(),
            Projection(
                pre="input", post="out", wiring=WIRING, rule=rule,
                on_pre="v_post += w", delay=late, post_delay=late,
            ),
        )  # fmt: skip
        with brian() as clock:
            group = b2.NeuronGroup(
                N, LEAKY, threshold="v > 1", reset="v = 0", method="exact", clock=clock
            )
            wanted, synapses = in_brian(
                clock,
                group,
                "w : 1\ndx/dt = -x/(20*ms) : 1 (event-driven)\n"
                "dy/dt = -y/(20*ms) : 1 (event-driven)",
                delays=("pre", "post"),
                on_pre="v_post += w; w = clip(w - 0.02*y, 0, 1); x += 1",
                on_post="w = clip(w + 0.03*x, 0, 1); y += 1",
            )
            weights = np.asarray(synapses.w)
        state = given(delay=DELAYS["pre"], post_delay=DELAYS["post"])
        found, _, result = shown(network, on, state, n_samples=1)
        assert found == wanted
        order = np.lexsort((TARGETS, DELAYS["pre"], SOURCES))
        np.testing.assert_allclose(result.state["input_to_out.w"], weights[order], rtol=1e-12)

    def test_an_event_in_the_place_of_a_spike(self, on):
        crossing = Event("crossing", condition="v > 0.6 and v < 1", code="n += 1; v += 0.05")
        synapse = SynapseModel(
            equations="w : 1",
            pathways=(Pathway("seen", code="w += 0.001", spike="post", event="crossing"),),
        )
        network = declared(
            leaky(equations=f"{LEAKY}\nn : 1", events=(crossing,)),
            Projection(
                pre="input", post="out", wiring=WIRING,
                on_pre="v_post += w", synapse=synapse,
            ),
        )  # fmt: skip
        with brian() as clock:
            group = b2.NeuronGroup(
                N, f"{LEAKY}\nn : 1", threshold="v > 1", reset="v = 0", method="exact",
                clock=clock, events={"crossing": "v > 0.6 and v < 1"},
            )  # fmt: skip
            group.run_on_event("crossing", "n += 1; v += 0.05")
            wanted, synapses = in_brian(
                clock,
                group,
                "w : 1",
                on_pre="v_post += w",
                on_post={"seen": "w += 0.001"},
                on_event={"pre": "spike", "seen": "crossing"},
            )
            weights, numbers = np.asarray(synapses.w), np.asarray(group.n)
        found, _, result = shown(network, on, given(), n_samples=1)
        assert found == wanted
        np.testing.assert_array_equal(result.state["out.n"], numbers)
        assert numbers.min() > 0
        order = np.lexsort((TARGETS, SOURCES))
        np.testing.assert_allclose(result.state["input_to_out.w"], weights[order], rtol=1e-12)


class TestStatementsAndNames:
    EQUATIONS = "dv/dt = (drive(t) + each(t, i) + 0.02*twice(v_0) - v)/(10*ms) : 1\nn : 1"

    @staticmethod
    def twice():
        @b2.implementation("cpp", "double twice(double x) { return 2*x; }")
        @b2.implementation("cython", "cdef double twice(double x):\n    return 2*x")
        @b2.check_units(x=1, result=1)
        def twice(x):
            return 2 * x

        return twice

    def test_tables_functions_arrays_and_regular_statements(self, on):
        rng = np.random.default_rng(0)
        drive, each = rng.uniform(0.2, 1.6, 9), rng.uniform(-0.4, 0.8, (5, N))
        v_0, functions = rng.uniform(0, 1, N), {"twice": self.twice()}
        neuron = NeuronModel(
            equations=self.EQUATIONS, threshold="v > 1", reset="v = 0", method="euler",
            at_slot_start="v = v_0; n = 0", constants={"v_0": v_0},
            namespace={
                "drive": b2.TimedArray(drive, dt=7 * ms), "each": TimeTable(each, dt=15 * ms),
                **functions,
            },
            regularly=(
                Regularly("n += 1", every=5 * ms),
                Regularly("v += 0.05*int(n > 3)", every=2 * ms, when="after_resets"),
            ),
        )  # fmt: skip
        on_pre = "v_post += 0.1"
        network = declared(neuron, Projection(pre="input", post="out", on_pre=on_pre))
        with brian() as clock:
            group = b2.NeuronGroup(
                N, f"{self.EQUATIONS}\nv_0 : 1 (constant)", threshold="v > 1", reset="v = 0",
                method="euler", clock=clock,
                namespace={
                    "drive": b2.TimedArray(drive, dt=7 * ms),
                    "each": b2.TimedArray(each, dt=15 * ms), **functions,
                },
            )  # fmt: skip
            group.v = group.v_0 = v_0
            group.run_regularly("n += 1", dt=5 * ms)
            group.run_regularly("v += 0.05*int(n > 3)", dt=2 * ms, when="after_resets")
            times, units = trains()
            source = b2.SpikeGeneratorGroup(N_IN, units, times * second, clock=clock)
            synapses = b2.Synapses(source, group, on_pre=on_pre, clock=clock)
            synapses.connect()
            monitor = b2.SpikeMonitor(group)
            b2.Network(source, group, synapses, monitor).run(N_STEPS * DT * ms)
            wanted, n = spikes_of(monitor), np.asarray(group.n)
        found, others, result = shown(network, on)
        assert found == wanted
        np.testing.assert_array_equal(result.state["out.n"], n)
        np.testing.assert_array_equal(others[0].times, result.spikes[0:1].times)

    def test_another_table_needs_no_other_build(self):
        networks = [
            declared(
                leaky(
                    equations="dv/dt = (drive(t) - v)/(10*ms) : 1",
                    method="euler",
                    namespace={"drive": TimeTable(values, dt=5 * ms)},
                ),
                Projection(pre="input", post="out", on_pre="v_post += 0.2"),
            )
            for values in ([1.5, 0.3], [0.2, 0.9, 1.7])
        ]
        results = [shown(network, "cpp_standalone", n_samples=1) for network in networks]
        assert results[1][2].timings["build"] < 0.5
        assert results[0][0] != results[1][0]
        assert [shown(network, "numpy", n_samples=1)[0] for network in networks] == [
            result[0] for result in results
        ]

    def test_a_weight_with_a_unit(self, on):
        equations = "dv/dt = -v/(10*ms) : volt"
        neuron = NeuronModel(
            equations=equations, threshold="v > 10*mV", reset="v = 0*mV", method="exact",
            at_slot_start="v = 0*mV",
        )  # fmt: skip
        network = declared(
            neuron,
            Projection(
                pre="input", post="out", wiring=WIRING,
                on_pre="v_post += w", synapse=SynapseModel(equations="w : volt (constant)"),
            ),
        )  # fmt: skip
        with brian() as clock:
            group = b2.NeuronGroup(
                N, equations, threshold="v > 10*mV", reset="v = 0*mV", method="exact", clock=clock
            )
            wanted, _ = in_brian(
                clock, group, "w : volt (constant)", weights=10 * W * mV, on_pre="v_post += w"
            )
        found, _, _ = shown(network, on, given(w=10e-3 * W))
        assert found == wanted


class TestRefusals:
    @pytest.mark.parametrize(
        ("make", "message"),
        [
            (lambda: Regularly("v = 0", every=3 * mV), r"Regularly\.every: must be a time > 0"),
            (lambda: Regularly("v = 0", when="soon"), r"Regularly\.when: must be one of before_s"),
            (lambda: Event("spike", condition="v > 1"), r"Event\.name: .* other than 'spike'"),
            (lambda: Pathway("pre", code="w = 1"), r"Pathway\.name: .* other than 'pre'"),
            (lambda: Pathway("a", code="w = 1", spike="both"), r"Pathway\.spike: must be 'pre'"),
            (lambda: TimeTable([[[1.0]]], dt=1 * ms), r"TimeTable\.values: must be numbers of sh"),
            (lambda: leaky(namespace={"f": 3.0}), r"NeuronModel\.namespace\['f'\]: must be a Ti"),
            (lambda: leaky(namespace={"f": len}), r"brian2\.check_units"),
            (lambda: leaky(regularly=("v = 0",)), r"NeuronModel\.regularly: must be a tuple of"),
            (lambda: leaky(regularly=(Regularly("u = 0"),)), r"Regularly\.code of .*'u = 0'.*`u`"),
            (lambda: leaky(learned=("u",)).frozen(), r"NeuronModel\.learned: .*got u"),
            (
                lambda: Projection(
                    pre="a", post="b", weight=1.0, synapse=SynapseModel(equations="w : volt")
                ),
                r"Projection\.weight: must be None where the equations .* declare w",
            ),
        ],
    )
    def test_is_named_with_a_remedy(self, make, message):
        with pytest.raises(ParameterError, match=message):
            declared(make()) if not isinstance(make, NeuronModel) else make

    def test_an_interval_must_fit_the_step(self):
        neuron = leaky(regularly=(Regularly("v = 0", every=0.7 * ms),))
        with pytest.raises(ParameterError, match=r"Regularly\.every: must be a whole multiple"):
            shown(declared(neuron), "numpy")

    def test_a_pathway_takes_an_event_that_there_is(self):
        synapse = SynapseModel(pathways=(Pathway("a", code="v_post += 1", event="burst"),))
        with pytest.raises(ParameterError, match=r"Pathway\.event: .*'input', .*'burst'"):
            declared(leaky(), Projection(pre="input", post="out", on_pre="", synapse=synapse))

    def test_values_must_be_as_many_as_neurons(self):
        neuron = leaky(constants={"v_0": np.ones(3)}, at_slot_start="v = v_0")
        with pytest.raises(ParameterError, match=r"Values\.values: must have a value for each of"):
            shown(declared(neuron), "numpy")
