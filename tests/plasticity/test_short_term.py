"""Short-term plasticity spike by spike, against its recursion and where that settles."""

import numpy as np
import pytest
from brian2 import ms, second

from bioplastic import SpikeTrains, engine
from bioplastic.engine.program import ProbePlan
from bioplastic.models import (
    Constant,
    Network,
    NeuronModel,
    PairWiring,
    Population,
    Projection,
    Schedule,
    SpikeInput,
    TsodyksMarkram,
)

CYTHON = pytest.param("cython", marks=pytest.mark.slow)
#: U, D and F, seconds: the four kinds of connection of Maass et al. 2002, the depressing and the
#: facilitating synapse of Tsodyks, Pawelzik & Markram 1998, and one of depression alone.
SETS = np.array([
    [0.50, 1.100, 0.050], [0.05, 0.125, 1.200], [0.25, 0.700, 0.020], [0.32, 0.144, 0.060],
    [0.67, 0.450, 1e-3], [0.15, 0.020, 1.000], [0.50, 0.800, 1e-6],
])  # fmt: skip
RATES = np.array([5.0, 10.0, 20.0, 50.0, 100.0, 200.0])  # intervals of whole steps
SECONDS = 16  # the slowest synapse at the slowest rate is then within 1e-7 of where it settles


def network():
    """A channel for each rate, with a synapse of every set to a meter of its own."""
    channel, kind = np.divmod(np.arange(len(RATES) * len(SETS)), len(SETS))
    synapse = TsodyksMarkram(
        utilisation=Constant(value=0.5),
        tau_recovery=Constant(value=1 * second),
        tau_facilitation=Constant(value=1 * second),
    )
    declared = Network(
        populations=(
            Population(name="input", n=len(RATES), neuron=SpikeInput()),
            Population(
                name="meter",
                n=len(channel),
                neuron=NeuronModel(equations="last : 1", at_slot_start="last = 0"),
            ),
        ),
        projections=(
            Projection(
                pre="input",
                post="meter",
                wiring=PairWiring(i=channel, j=range(len(channel))),
                on_pre="last_post = w*u*x",
                weight=1.0,
                synapse=synapse,
            ),
        ),
        watch="input",
        schedule=Schedule(presentation=None, rest=0 * ms, dt=1 * ms, min_spikes=0),
    )
    names = ("utilisation", "tau_recovery", "tau_facilitation")
    return declared, {f"input_to_meter.{name}": SETS[kind, k] for k, name in enumerate(names)} | {
        key: value for key, value in declared.sample(0).items() if key[-2:] in (".i", ".j", "ay")
    }


class EverySpike:
    """Looks at meters and synapses after the steps of a sample's spikes."""

    def __init__(self, steps):
        self.steps = np.unique(steps)

    def begin(self, network, sizes, state, *, start, stop):
        self.n = sizes["meter.last"]

    def plan(self, start, n_steps):
        names = ("meter.last", "input_to_meter.u", "input_to_meter.x")
        every = np.arange(self.n, dtype=np.int32)
        return ProbePlan(
            rows=np.zeros_like(self.steps),
            steps=self.steps,
            variables=dict.fromkeys(names, every),
        )

    def record(self, start, result):
        self.seen = result.probed


def measure(name, steps):
    """Efficacy, `u` and `x` of every synapse after each spike, for the spikes of each channel.

    Returns a list with an array of shape (3, n_spikes, n_sets) for each channel.
    """
    declared, state = network()
    times = np.concatenate(steps)
    units = np.repeat(np.arange(len(steps)), [len(s) for s in steps])
    order = np.argsort(times, kind="stable")
    trains = SpikeTrains(
        times[order] * 1e-3, units[order], [0, len(order)], n_units=len(steps),
        duration=(times.max() + 1) * 1e-3,
    )  # fmt: skip
    recorder = EverySpike(times)
    engine.run(
        declared,
        engine.SpikeStimulus(trains=trains),
        seed=0,
        engine=name,
        state=state,
        recorder=recorder,
    )
    seen = np.stack(list(recorder.seen.values.values())).reshape(3, -1, len(RATES), len(SETS))
    return [seen[:, np.searchsorted(recorder.steps, s), k] for k, s in enumerate(steps)]


@pytest.fixture(params=["numpy", "cpp_standalone", CYTHON], scope="module")
def name(request):
    return request.param


@pytest.fixture(scope="module")
def regular(name):
    """Equal intervals, which begin some time after the sample."""
    return measure(name, [np.arange(7, 1000 * SECONDS, round(1000 / r)) for r in RATES])


@pytest.mark.parametrize("k", range(len(RATES)), ids=[f"{r:g} Hz" for r in RATES])
class TestRegularSpikes:
    def test_every_spike_is_that_of_the_recursion(self, regular, k):
        """Maass et al. 2002, page 2557: u and R of each spike from those of the one before."""
        use, d, f = SETS.T
        decay_d, decay_f = np.exp(-1 / (RATES[k] * d)), np.exp(-1 / (RATES[k] * f))
        u, r, expected = use, np.ones(len(SETS)), []
        for _ in range(regular[k].shape[1]):
            expected.append(u * r)
            u, r = use + u * (1 - use) * decay_f, 1 + (r - u * r - 1) * decay_d
        np.testing.assert_allclose(regular[k][0], expected, rtol=1e-9)

    def test_facilitation_approaches_its_limit_geometrically(self, regular, k):
        use, _, f = SETS.T
        ratio = (1 - use) * np.exp(-1 / (RATES[k] * f))
        n = np.arange(1, regular[k].shape[1] + 1)[:, None]
        np.testing.assert_allclose(regular[k][1], use / (1 - ratio) * (1 - ratio**n), rtol=1e-9)

    def test_the_steady_state_is_the_closed_form(self, regular, k):
        efficacy, u, x = regular[k][:, -1]
        use, d, f = SETS.T
        settled = use / (1 - (1 - use) * np.exp(-1 / (RATES[k] * f)))
        rested = np.exp(-1 / (RATES[k] * d))
        ready = (1 - rested) / (1 - (1 - settled) * rested)
        np.testing.assert_allclose(u, settled, rtol=1e-6)
        np.testing.assert_allclose(x, ready * (1 - settled), rtol=1e-6)  # behind the spike
        np.testing.assert_allclose(efficacy, settled * ready, rtol=1e-6)


def test_irregular_spikes_are_those_of_a_sum_over_all_that_came_before(name):
    """`1 - x` behind a spike is a sum over the spikes before it: no recursion."""
    rng = np.random.default_rng(0)
    steps = [np.sort(rng.choice(600, size=30, replace=False)) for _ in RATES]
    for train, (efficacy, u, x) in zip(steps, measure(name, steps), strict=True):
        d = SETS[:, 1]
        for n, now in enumerate(train):
            passed = (now - train[: n + 1, None]) * 1e-3
            missing = (efficacy[: n + 1] * np.exp(-passed / d)).sum(axis=0)
            np.testing.assert_allclose(x[n], 1 - missing, rtol=0, atol=1e-9)
        assert ((u > 0) & (u <= 1)).all()
        assert ((x >= 0) & (x <= 1)).all()


@pytest.mark.slow
def test_engines_agree(quick_cython):
    rng = np.random.default_rng(1)
    steps = [np.sort(rng.choice(400, size=25, replace=False)) for _ in RATES]
    first, *others = (measure(name, steps) for name in ("numpy", "cython", "cpp_standalone"))
    for other in others:
        for one, two in zip(first, other, strict=True):
            np.testing.assert_allclose(two, one, rtol=0, atol=1e-12)
