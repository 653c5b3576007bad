"""Refractoriness is that of Brian: the same spikes as its runtime device, step by step."""

import brian2
import numpy as np
import pytest
from brian2 import Hz, ms, mV, nA, second

from bioplastic import SpikeTrains, engine
from bioplastic.engine import integrators
from bioplastic.engine.lanes import learned_variables
from bioplastic.engine.plan import plan_of
from bioplastic.engine.refractory import silence_of
from bioplastic.errors import ParameterError
from bioplastic.models import (
    LIF,
    AdaptiveExponential,
    AdaptiveLIF,
    DiehlCookExcitatory,
    DiehlCookInhibitory,
    HomeostaticLIF,
    Network,
    NeuronModel,
    PairWiring,
    Population,
    Projection,
    Schedule,
    SpikeInput,
    Uniform,
)
from bioplastic.models.declaration import key_of
from bioplastic.models.eprop import EPropALIF, EPropLIF
from bioplastic.models.intrinsic import AdaptiveThresholdLIF

DT, N, N_INPUTS, DURATION = 0.2, 5, 8, 60.0  # ms

LEAKY = """
dv/dt = (drive - v)/(10*ms) : 1 (unless refractory)
du/dt = -u/(20*ms) : 1
drive : 1
"""


def leaky(refractory, **changes):
    """Neurons whose membrane is held while another variable goes on."""
    settings = {
        "equations": LEAKY,
        "threshold": "v > 1",
        "reset": "v = 0.2; u += 1",
        "refractory": refractory,
        "at_slot_start": "v = 0; u = 0; drive = 1.2 + 0.1*i",
        "constants": {"long_period": 3 * ms},
    } | changes
    return NeuronModel(**settings)


#: A neuron, and a spike that acts on its potential, which is held while it is refractory.
CASES = {
    "LIF": (LIF(), "v_post += w*mV", 6.0),
    "AdaptiveLIF": (AdaptiveLIF(adaptation=0.5 * mV), "v_post += w*mV", 6.0),
    "DiehlCookExcitatory": (
        DiehlCookExcitatory(theta_initial=0 * mV, theta_plus=1 * mV), "v_post += w*mV", 6.0,
    ),
    "DiehlCookInhibitory": (DiehlCookInhibitory(), "v_post += w*mV", 12.0),
    "AdaptiveThresholdLIF": (AdaptiveThresholdLIF(), "v_post += w*mV", 8.0),
    "HomeostaticLIF": (HomeostaticLIF(rate_target=50 * Hz), "v_post += w*mV", 8.0),
    "AdaptiveExponential": (AdaptiveExponential(), "i_syn_post += w*nA", 0.8),
    "EPropLIF": (EPropLIF(tau_refractory=1 * ms), "v_post += w", 0.6),
    "EPropALIF": (EPropALIF(tau_refractory=1 * ms), "v_post += w", 0.6),
    "LIF, a current": (LIF(), "i_syn_post += w*mV", 40.0),
    "AdaptiveLIF, a current": (AdaptiveLIF(adaptation=0.5 * mV), "i_exc_post += w*mV", 60.0),
    "DiehlCookExcitatory, a conductance": (
        DiehlCookExcitatory(theta_initial=0 * mV, theta_plus=1 * mV), "ge_post += w", 3.0,
    ),
    "DiehlCookInhibitory, a conductance": (DiehlCookInhibitory(), "ge_post += w", 3.0),
    "AdaptiveThresholdLIF, a current": (AdaptiveThresholdLIF(), "i_syn_post += w*mV", 50.0),
    "HomeostaticLIF, a current": (
        HomeostaticLIF(rate_target=50 * Hz), "i_syn_post += w*mV", 50.0,
    ),
    "a period, a current": (leaky(2 * ms), "drive_post += 0.2*w", 0.7),
    "steps and a half, a current": (leaky(10.5 * DT * ms), "drive_post += 0.2*w", 0.7),
    "no period, a current": (leaky(0 * ms), "drive_post += 0.2*w", 0.7),
    "held by its method": (leaky(2 * ms, method="exact"), "u_post += w", 0.5),
    "held by its method, exponential": (
        leaky(2 * ms, method="exponential_euler"), "u_post += w", 0.5,
    ),
    "held, and another follows it": (
        leaky(2 * ms, method="exact", equations=f"{LEAKY}\ndz/dt = (v - z)/(5*ms) : 1",
              threshold="v + 0.1*z > 1", at_slot_start="v = 0; u = 0; z = 0; drive = 1.2 + 0.1*i"),
        "u_post += w", 0.5,
    ),
    "always passed, a current": (leaky(2 * ms, threshold="v > -1"), "drive_post += 0.2*w", 0.7),
    "a period": (leaky(2 * ms), "v_post += w", 0.7),
    "a period of steps and a half": (leaky(1.5 * DT * ms), "v_post += w", 0.7),
    "a period of many steps and a half": (leaky(10.5 * DT * ms), "v_post += w", 0.7),
    "less than a step": (leaky(0.3 * DT * ms), "v_post += w", 0.7),
    "no period": (leaky(0 * ms), "v_post += w", 0.7),
    "a period longer than the run": (leaky(1000 * second), "v_post += w", 0.7),
    "the name of a period": (leaky("long_period"), "v_post += w", 0.7),
    "a period that changes": (leaky("(1 + u)*ms"), "v_post += w", 0.7),
    "a condition": (leaky("u > 0.8"), "v_post += w", 0.7),
    "a condition on the neuron": (leaky("u > 0.4 and i > 1"), "v_post += w", 0.7),
    "what precedes the threshold asks": (
        leaky(2 * ms, before_spikes="drive += 0.01*int(not_refractory)"),
        "drive_post += 0.2*w", 0.7,
    ),
    "a threshold that is always passed": (leaky(2 * ms, threshold="v > -1"), "v_post += w", 0.7),
    "a spike sets the potential": (leaky(2 * ms), "v_post = w", 1.5),
    "equations that ask": (
        leaky(2 * ms, threshold="v > 1 + 0.1*int(t < lastspike + 5*ms)"), "v_post += w", 0.7,
    ),
}  # fmt: skip


def trains(seed=0):
    rng = np.random.default_rng(seed)
    steps = np.sort(rng.choice(round(DURATION / DT) * N_INPUTS, 300, replace=False))
    step, unit = steps // N_INPUTS, steps % N_INPUTS
    return step * DT * 1e-3, unit


def weights(scale, seed=1):
    return scale * np.random.default_rng(seed).uniform(0.2, 1.8, (N_INPUTS, N))


def brians_spikes(neuron, on_pre, w):
    """Steps and neurons of spikes on Brian's runtime device, with its own refractoriness.

    Brian's NumPy sets the potential of refractory neurons, too, where a spike sets it: Cython's.
    """
    before = brian2.prefs["codegen.target"]
    brian2.prefs["codegen.target"] = "numpy" if "+=" in on_pre else "cython"
    try:
        constants = {**neuron.parameters, "ms": ms, "mV": mV, "nA": nA}
        period = neuron.refractory
        clock = brian2.Clock(DT * ms)
        group = brian2.NeuronGroup(
            N, str(neuron.equations), threshold=neuron.threshold, reset=neuron.reset,
            refractory=period, method=integrators.resolve(neuron.method),
            namespace=constants, clock=clock,
        )  # fmt: skip
        if neuron.before_spikes:
            group.run_regularly(neuron.before_spikes, when="before_thresholds")
        for name, value in neuron.initial_values.items():
            setattr(group, name, value)
        for statement in neuron.at_slot_start.replace(";", "\n").strip().splitlines():
            name, _, value = statement.partition("=")
            setattr(group, name.strip(), value.strip())
        times, units = trains()
        source = brian2.SpikeGeneratorGroup(N_INPUTS, units, times * brian2.second, clock=clock)
        synapses = brian2.Synapses(
            source, group, "w : 1", on_pre=on_pre, namespace=constants, clock=clock
        )
        synapses.connect()
        synapses.w = w.ravel()
        monitor = brian2.SpikeMonitor(group)
        brian2.Network(source, group, synapses, monitor).run(DURATION * ms)
        return np.rint(np.asarray(monitor.t) / (DT * 1e-3)).astype(int), np.asarray(monitor.i)
    finally:
        brian2.prefs["codegen.target"] = before


def declare(neuron, on_pre, **projection):
    return Network(
        populations=(
            Population(name="input", n=N_INPUTS, neuron=SpikeInput()),
            Population(name="out", n=N, neuron=neuron),
        ),
        projections=(Projection(pre="input", post="out", on_pre=on_pre, **projection),),
        watch="out",
        schedule=Schedule(presentation=None, rest=0 * ms, dt=DT * ms, min_spikes=0),
    )


def our_spikes(network, state, *, on, **options):
    times, units = trains()
    # The same sample three times: what one leaves behind must not reach the next.
    train = SpikeTrains(times, units, [0, len(times)], n_units=N_INPUTS, duration=DURATION * 1e-3)
    stimulus = engine.SpikeStimulus(trains=SpikeTrains.concatenate([train] * 3))
    found = engine.run(
        network, stimulus, seed=0, state=state, engine=on, record="spikes", **options
    ).spikes
    first, *others = [found[k : k + 1] for k in range(3)]
    for other in others if not learned_variables(network) else ():  # a threshold lasts
        np.testing.assert_array_equal(other.times, first.times)
        np.testing.assert_array_equal(other.units, first.units)
    return np.rint(first.times / (DT * 1e-3)).astype(int), first.units


def check(name, on, **options):
    neuron, on_pre, scale = CASES[name]
    w = weights(scale)
    steps, units = brians_spikes(neuron, on_pre, w)
    assert len(np.unique(units)) > 1
    found = our_spikes(declare(neuron, on_pre), {"input_to_out.w": w.ravel()}, on=on, **options)
    np.testing.assert_array_equal(found[0], steps)
    np.testing.assert_array_equal(found[1], units)


@pytest.mark.parametrize("method", ["exact", "exponential_euler"])
def test_a_method_holds_where_nobody_else_reads_what_is_held(method):
    """No exponential of a neuron's own: its rate has no factor."""

    def held(equations):
        network = declare(leaky(2 * ms, method=method, equations=equations), "u_post += w")
        return silence_of(plan_of(network), network.population("out")).held

    assert held(LEAKY) == {"v"}
    assert held(f"{LEAKY}\ndz/dt = (v - z)/(5*ms) : 1") == set()


@pytest.mark.parametrize("name", CASES)
def test_the_spikes_are_brians(name):
    check(name, "numpy")


@pytest.mark.parametrize("name", ["LIF", "LIF, a current", "a condition"])
def test_compiled_too(name):
    check(name, "cpp_standalone")


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_every_one_compiled(name):
    check(name, "cpp_standalone")


@pytest.mark.slow
@pytest.mark.usefixtures("quick_cython")
@pytest.mark.parametrize("name", ["LIF", "a condition"])
def test_cython_too(name):
    check(name, "cython")


@pytest.mark.parametrize("on", ["numpy", "cpp_standalone"])
@pytest.mark.parametrize("delay", [0.0, 1.0])
def test_what_a_list_of_synapses_adds_is_lost(on, delay):
    neuron, on_pre, scale = CASES["LIF"]
    w = weights(scale)
    i, j = (index.ravel() for index in np.indices(w.shape))
    wiring = PairWiring(i=i, j=j)
    steps, units = brians_spikes(neuron, on_pre, w)
    network = declare(neuron, on_pre, wiring=wiring, delay=delay * ms)
    found = our_spikes(network, {"input_to_out.w": w.ravel()}, on=on)
    late = round(delay / DT)
    kept = steps < round(DURATION / DT) - late
    np.testing.assert_array_equal(found[0], steps[kept] + late)
    np.testing.assert_array_equal(found[1], units[kept])


@pytest.mark.parametrize("on", ["numpy", "cpp_standalone"])
def test_side_by_side(on):
    check("LIF", on, lanes=3)


def test_strings_do_where_nobody_else_looks():
    """Loops over neurons are ones of vectors where the potential is held for itself alone."""
    for name, (neuron, on_pre, _) in CASES.items():
        network = declare(neuron, on_pre)
        silence = silence_of(plan_of(network), network.population("out"))
        alone = name.endswith((", a current", ", a conductance", "threshold asks"))
        alone |= name.startswith("held by its method")
        alone |= name in ("EPropLIF", "EPropALIF")  # whose potential goes on
        assert bool(silence.period) == alone, name


def test_neurons_with_periods_of_their_own():
    neuron = leaky(Uniform(low=1 * ms, high=7 * ms), threshold="v > -1")
    assert eval(repr(neuron), {**vars(brian2), **globals()}) == neuron
    periods = np.array([1, 7, 7, 1, 7]) * 1e-3
    state = {"input_to_out.w": np.zeros(N * N_INPUTS), "out.refractory_period": periods}
    steps, units = our_spikes(declare(neuron, "v_post += w"), state, on="numpy")
    for k, period in enumerate(periods):
        assert (np.diff(steps[units == k]) == round(period * 1e3 / DT)).all()


@pytest.mark.parametrize("period", [1e7 * second, 1e12 * second, "inf*second"])
def test_a_period_of_more_steps_than_32_bits_count(period):
    """`lastspike` begins at -10,000 s, as in Brian: such a neuron is silent from the start."""
    state = {"input_to_out.w": np.zeros(N * N_INPUTS)}
    network = declare(leaky(period, threshold="v > -1"), "v_post += w")
    assert not len(our_spikes(network, state, on="numpy")[0])


def test_another_period_needs_no_new_build():
    network, other = (declare(leaky(period), "v_post += w") for period in (2 * ms, 3 * ms))
    assert key_of(network) == key_of(other)


class TestDeclaration:
    @pytest.mark.parametrize(
        ("period", "said"),
        [
            (-1 * ms, "NeuronModel.refractory: must be >= 0, got -1. ms"),
            (2 * mV, "NeuronModel.refractory: must have the unit of"),
            (2.0, "NeuronModel.refractory: must have the unit of"),
            (None, "NeuronModel.refractory: must have the unit of"),
            (np.inf * ms, "NeuronModel.refractory: must be one finite number"),
        ],
    )
    def test_a_period_that_is_none(self, period, said):
        with pytest.raises(ParameterError, match=said):
            leaky(period)

    def test_marked_equations_need_a_period(self):
        with pytest.raises(ParameterError, match=r"NeuronModel.refractory: .* that of v is"):
            leaky("")

    def test_the_name_of_the_period_is_taken(self):
        with pytest.raises(ParameterError, match="refractory_period is the name of what is given"):
            leaky(2 * ms, constants={"refractory_period": 20 * ms})

    def test_samples_say_when_an_input_spikes(self):
        with pytest.raises(ParameterError, match="SpikeInput.refractory: must be ''"):
            SpikeInput(refractory=3 * ms)

    def test_the_time_of_the_last_spike_is_seen(self):
        network = declare(leaky(2 * ms), "v_post += w")
        times, units = trains()
        train = SpikeTrains(times, units, [0, len(times)], n_units=N_INPUTS, duration=0.06)
        result = engine.run(
            network, engine.SpikeStimulus(trains=train), seed=0, engine="numpy",
            state={"input_to_out.w": weights(0.7).ravel()},
            record={"spikes": ["out"], "out.lastspike": "end"},
        )  # fmt: skip
        spikes, found = result.spikes["out"], result.states["out.lastspike"]
        last = [spikes.times[spikes.units == k].max() for k in range(N)]
        np.testing.assert_allclose(found.values[0, 0], last, rtol=1e-12)
