"""Voltage-based STDP: frequency dependence (Clopath et al. 2010) and closed forms."""

import brian2.units.allunits
import numpy as np
import pytest
from brian2 import ms, mV, pA, volt

from bioplastic import SpikeTrains, engine
from bioplastic.errors import ParameterError
from bioplastic.models import (
    AdaptiveExponential,
    Network,
    NeuronModel,
    PairWiring,
    Population,
    Projection,
    Schedule,
    SpikeInput,
    VoltageSTDP,
)
from bioplastic.models.plasticity.voltage import HomeostaticVoltageSTDP

FREQUENCIES = [0.1, 10.0, 20.0, 40.0, 50.0]  # hertz
#: Weight after all pairings, in per cent of that before, post 10 ms after pre and 10 ms before it.
PUBLISHED = [[100.0, 102.9, 115.7, 146.3, 165.0], [71.7, 59.6, 60.5, 117.8, 173.6]]
N = 10
W = 0.5
MILLIVOLT = 1e-3


def present(network, pre, post, *, name, state, duration, program=None):
    """Run spikes, whole milliseconds, of which those of post are told to the channels after pre."""
    trains = [np.asarray(train, dtype=float) for train in (*pre, *post)]
    times, units = np.concatenate(trains), np.repeat(np.arange(len(trains)), [*map(len, trains)])
    order = np.argsort(times, kind="stable")
    order = order[times[order] < duration]
    samples = SpikeTrains(
        times[order] * 1e-3, units[order], [0, len(order)],
        n_units=len(trains), duration=duration * ms,
    )  # fmt: skip
    return engine.run(
        network,
        engine.SpikeStimulus(trains=samples),
        seed=0,
        engine=name,
        state=state,
        record="counts",
        program=program,
    )


def declare(n, neuron, rule, *, on_spike=None):
    """Synapses of channels 0 to n - 1; channel n + k does `on_spike` to postsynaptic neuron k."""
    learned, forced = (PairWiring(i=range(k, k + n), j=range(n)) for k in (0, n))
    side = {"pre": "input", "post": "post"}
    projections = [Projection(**side, wiring=learned, on_pre="", rule=rule, label="learned")]
    if on_spike:
        projections.append(
            Projection(**side, wiring=forced, on_pre=on_spike, weight=1.0, label="forced")
        )
    return Network(
        populations=(
            Population(name="input", n=2 * n, neuron=SpikeInput(method="euler")),
            Population(name="post", n=n, neuron=neuron),
        ),
        projections=tuple(projections),
        watch="post",
        schedule=Schedule(presentation=None, rest=0 * ms, dt=1 * ms, min_spikes=0),
    )


# ------------------------------------------------------------------ frequency of pairings


def pairings():
    """Spikes of the authors' program (ModelDB 144566), in steps of 1 ms.

    Bursts of five pairings, 15 of them one in 10 s; at 0.1 Hz ten bursts that follow each other.
    A post-pre burst has a sixth postsynaptic spike, one period after the fifth. The program starts
    its neuron at the fourth step, after the very first of these spikes.
    """
    pre, post = [], []
    for delay in (10, -10):
        for f in FREQUENCIES:
            period = round(1000 / f)
            length = 5 * period + 11
            bursts = np.arange(10 if f == 0.1 else 15)[:, None] * max(length, 10_000)
            pre.append((bursts + np.arange(10, length - 1, period)).ravel())
            told = (bursts + np.arange(10 + delay, length, period)).ravel()
            post.append(told[told >= 3])
    return pre, post


class Pairings:
    """The experiment, all ten conditions side by side."""

    def __init__(self):
        # A current of one step: the neuron spikes in the next one.
        neuron = AdaptiveExponential(tau_syn=1 * ms)
        self.network = declare(N, neuron, VoltageSTDP(), on_spike="i_syn_post += w*uA")
        self.programs = {}

    def run(self, name, *, duration):
        if name not in self.programs:
            self.programs[name] = engine.open_program(self.network, engine=name)
        pre, post = pairings()
        told = [train - 1 for train in post]
        result = present(
            self.network, pre, told, name=name, state={"learned.w": np.full(N, W)},
            duration=duration, program=self.programs[name],
        )  # fmt: skip
        assert result.counts[0].tolist() == [(t < duration - 1).sum() for t in told]
        return result.state


@pytest.fixture(scope="module")
def experiment():
    return Pairings()


def test_pairings_change_the_weight_as_published(experiment):
    last = max(train[-1] for train in pairings()[0])
    state = experiment.run("cpp_standalone", duration=last + 50)
    found = 100 * state["learned.w"].reshape(2, 5) / W
    np.testing.assert_allclose(found, PUBLISHED, rtol=0, atol=0.1)


def test_engines_agree_on_the_pairings(experiment):
    # Ends within a spike of some neurons, and soon after one of others.
    numpy, cpp = (experiment.run(name, duration=413) for name in ("numpy", "cpp_standalone"))
    assert (np.delete(numpy["learned.w"], [0, 5]) != W).all()
    assert numpy.keys() == cpp.keys()
    for name, value in numpy.items():
        np.testing.assert_allclose(cpp[name], value, rtol=1e-12, atol=1e-12, err_msg=name)


# ------------------------------------------------------------------ closed forms

# A potential of two values, so that every factor of the rule is known.
STEPPED = NeuronModel(
    equations="""
    v = base + (top - base)*int(abs(t - begin - 0.5*(length - dt)) < 0.5*length) : volt
    base : volt
    top : volt
    begin : second
    length : second
    """,
    threshold="v > 1*volt",
    method="euler",
)


def changes(rule, pre, *, base, top=None, begin=0, length=0, w=W, state=None):
    """Change of weights; potentials in millivolts, times in milliseconds; also the state."""
    n = len(pre)
    values = {
        "post.base": np.array(base) * MILLIVOLT,
        "post.top": np.array(base if top is None else top) * MILLIVOLT,
        "post.begin": np.array(begin) * 1e-3,
        "post.length": np.array(length) * 1e-3,
        "learned.w": np.array(w),
    }
    given = {k: np.broadcast_to(v, (n,)).astype(float) for k, v in (values | (state or {})).items()}
    network = declare(n, STEPPED, rule)
    result = present(network, pre, [[]] * n, name="numpy", state=given, duration=400)
    return result.state["learned.w"] - given["learned.w"], result.state


def test_a_constant_potential_gives_the_closed_form():
    rule = VoltageSTDP()
    w, _ = changes(rule, [[50], [50, 90], []], base=[-60, -20, -20])
    # The trace of a spike has the integral 1, whatever its time constant and lag.
    ltd, ltp = 14e-5 * np.array([10.6, 2 * 50.6, 0]), 8e-5 * np.array([0, 2 * 25.3 * 50.6, 0])
    np.testing.assert_allclose(w, ltp - ltd, rtol=0, atol=1e-9)


def test_nothing_changes_below_theta_minus():
    spikes = [np.arange(10, 300, 7)] * 3
    w, _ = changes(
        VoltageSTDP(), spikes, base=[-75, -71, -80], top=[-71, -70.7, 30], begin=50,
        length=[100, 100, 2],
    )  # fmt: skip
    assert (w[:2] == 0).all()
    assert w[2] < 0, "a spike lifts the filtered potential above theta_minus"
    w, _ = changes(VoltageSTDP(theta_minus=-20 * mV), spikes, base=-75, top=30, begin=50, length=2)
    assert (w == 0).all()


def test_potentiation_takes_three_factors():
    rule = VoltageSTDP(a_ltd=0 / volt)
    w, _ = changes(
        rule, [[40], [], [40], [40], [60]], base=[-60, -60, -60, -75, -60],
        top=[0, 0, -45.4, 0, 0], begin=50, length=2,
    )  # fmt: skip
    # The spike lasts two steps and is over when the filters begin to see it.
    trace = sum((1 - 1 / 15) ** k / 15 for k in (9, 10))
    assert w[0] == pytest.approx(8e-5 * 45.3 * 10.6 * trace, rel=1e-9)
    assert w[1:].tolist() == [0, 0, 0, 0], "without pre, spike, depolarisation before, in time"


def test_weights_stay_within_bounds():
    rule = VoltageSTDP(a_ltd=1 / mV, a_ltp=1 / mV**2, w_max=2.0)
    _, state = changes(rule, [[50], [50]], base=[-60, -20])
    assert state["learned.w"].tolist() == [0, 2]


def test_homeostasis_scales_depression():
    rule = HomeostaticVoltageSTDP(tau_homeostasis=1e9 * ms)
    plain, _ = changes(VoltageSTDP(), [[50]], base=-60)
    # A share of the reference, of which the square counts.
    shares = np.array([0, 0.5, 1, 2])
    state = {"post.u_square": shares * 60 * MILLIVOLT**2}
    w, _ = changes(rule, [[50]] * 4, base=-60, state=state)
    np.testing.assert_allclose(w, plain * shares, rtol=1e-5, atol=1e-9)


def test_homeostasis_follows_the_mean_square():
    rule = HomeostaticVoltageSTDP(tau_homeostasis=100 * ms)
    _, state = changes(rule, [[], []], base=[-60, -80])
    expected = (np.array([10.6, 9.4]) * MILLIVOLT) ** 2 * (1 - 0.99**400)
    np.testing.assert_allclose(state["post.u_square"], expected, rtol=1e-9)


# ------------------------------------------------------------------ the neuron


def potentials(neuron, n_steps):
    """Potential in millivolts after 1 to `n_steps` steps; a spike is forced into the third."""
    network = declare(1, neuron, VoltageSTDP(), on_spike="i_syn_post += w*uA")
    program = engine.open_program(network, engine="numpy")
    states = [
        present(
            network, [[]], [[1.0]], name="numpy", state={}, duration=duration, program=program
        ).state
        for duration in range(1, n_steps + 1)
    ]
    return np.array([s["post.v"][0] for s in states]) / MILLIVOLT, states


def test_a_spike_shows_in_the_potential():
    neuron = AdaptiveExponential(tau_syn=1 * ms, adaptation=80.5 * pA)
    v, states = potentials(neuron, 8)
    np.testing.assert_allclose(v[:2], -70.6, rtol=0, atol=1e-3)
    np.testing.assert_allclose(v[2:4], [29.4, 32.862], rtol=0, atol=1e-9)
    # One step from v_reset, with the threshold raised and both currents on.
    current = -30 * (-49.5016 + 70.6) + 60 * np.exp((-49.5016 + 30.4) / 2) + 400 - 80.5
    assert v[4] == pytest.approx(-49.5016 + current / 281, abs=1e-2)
    assert (np.diff(v[4:]) < 0).all()
    after = {name: states[4][f"post.{name}"][0] for name in ("v_t", "i_after", "spiking")}
    expected = {"v_t": (-30.4 - 20 / 50) * MILLIVOLT, "i_after": 390e-12, "spiking": 0}
    assert after == pytest.approx(expected, rel=1e-9)


# ------------------------------------------------------------------ declarations


@pytest.mark.parametrize("made", [AdaptiveExponential, VoltageSTDP, HomeostaticVoltageSTDP])
def test_declarations_print_so_that_eval_reads_them(made):
    names = vars(brian2.units.allunits) | {made.__name__: made}
    for kwargs in ({}, {"tau_plus" if made is not AdaptiveExponential else "tau_syn": 3 * ms}):
        assert eval(repr(made(**kwargs)), names) == made(**kwargs)


def test_what_cannot_work_is_refused():
    with pytest.raises(ParameterError, match="VoltageSTDP.update_interval: must be None"):
        VoltageSTDP(update_interval=10 * ms)
    with pytest.raises(ParameterError, match=r"VoltageSTDP.a_ltp"):
        VoltageSTDP(a_ltp=8e-5 / mV)
    with pytest.raises(ParameterError, match=r"spike_duration: must be > 0"):
        AdaptiveExponential(spike_duration=0 * ms)
