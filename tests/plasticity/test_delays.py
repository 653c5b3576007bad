"""Plastic projections with delays against networks of Brian, written by hand, spike by spike.

Every synapse of these networks has traces of its own, which a presynaptic spike changes when it
arrives, as in Brian's examples. All rules and wirings stand side by side in one network.
"""

from dataclasses import dataclass
from inspect import cleandoc

import brian2 as b2
import numpy as np
import pytest
from brian2 import Hz, ms, mV

from bioplastic import SpikeTrains, engine
from bioplastic.models import (
    SGD,
    DiehlCookSTDP,
    InhibitorySTDP,
    MultiplicativeSTDP,
    NearestTripletSTDP,
    Network,
    NeuronModel,
    PairSTDP,
    PairWiring,
    PlasticityRule,
    Population,
    PowerLawSTDP,
    Projection,
    RandomWiring,
    RewardSTDP,
    Schedule,
    SpikeInput,
    SynapticScaling,
    TripletSTDP,
    Uniform,
    VoltageSTDP,
)
from bioplastic.models.plasticity.diehl_cook import (
    DiehlCookExponential,
    DiehlCookPowerLaw,
    DiehlCookPreAndPost,
)
from bioplastic.models.plasticity.eprop import (
    AdaptiveEProp,
    EProp,
    EPropBias,
    EPropFeedback,
    EPropReadout,
)
from bioplastic.models.plasticity.reward import (
    CovarianceRewardSTDP,
    EpisodicRewardSTDP,
    ThreeFactorSTDP,
)
from bioplastic.models.plasticity.voltage import HomeostaticVoltageSTDP
from bioplastic.models.strings import words_of
from bioplastic.models.summary import declared_names

N, N_STEPS, N_SAMPLES, LONGEST = 5, 150, 3, 10
NORM = 2.5
INPUT = SpikeInput(equations="error = 0.1 : 1")
#: Neurons that fire by their weights, and have what any rule reads.
EQUATIONS = """
dv/dt = (-65*mV - v)/(10*ms) : volt
"""
OF_EPROP = """
psi = 0.3*clip((v + 65*mV)/(25*mV), 0, 1) : 1
signal = 0.2 - 0.3*psi : 1
error = 0.1 - psi : 1
leak = 0.9 : 1
push = 0.01 : 1
beta = 0.2 : 1
leak_a = 0.95 : 1
"""


@dataclass
class Case:
    """A rule of ours, and the same by hand."""

    rule: PlasticityRule
    model: str = ""
    on_pre: str = ""
    on_post: str = ""
    #: equations of the postsynaptic neuron, and which of its variables begin at -65 mV
    neuron: str = ""
    begin: tuple = ()
    reset: str = ""
    before_spikes: str = ""
    every_step: str = ""
    at_end: str = ""
    #: variables that go on from sample to sample
    carried: tuple = ()
    wiring: object = "all_to_all"
    norm: float = None
    delayed: bool = True


def neuron_of(case):
    return EQUATIONS + (OF_EPROP if "eprop" in case else "")


def event_driven(**taus):
    return "\n".join(f"d{n}/dt = -{n}/({tau}*ms) : 1 (event-driven)" for n, tau in taus.items())


PAIR = {
    "rule": PairSTDP(tau_plus=17 * ms, tau_minus=34 * ms, a_plus=0.05, a_minus=0.04),
    "model": event_driven(apre=17, apost=34),
    "on_pre": "w = clip(w - 0.04*apost, 0, 1); apre += 1",
    "on_post": "w = clip(w + 0.05*apre, 0, 1); apost += 1",
}
TRIPLET = {"a2_plus": 0.03, "a2_minus": 0.04, "a3_plus": 0.05, "a3_minus": 0.02, "tau_x": 101 * ms,
           "tau_y": 125 * ms}  # fmt: skip
REWARD = {"a_plus": 0.1, "a_minus": 0.08}
VOLTAGE = """
dl1/dt = (v - l1)/(2*ms) : volt
dl2/dt = (l1 - l2)/(2*ms) : volt
dl3/dt = (l2 - l3)/(2*ms) : volt
du_minus/dt = (l3 - u_minus)/(10*ms) : volt
du_plus/dt = (l3 - u_plus)/(7*ms) : volt
"""
PARAMETERS = {"tau_lag": 2 * ms, "theta_minus": -63 * mV, "theta_plus": -50 * mV,
              "a_ltd": 5e-3 / mV, "a_ltp": 2e-3 / mV**2}  # fmt: skip
VOLTAGE_CASE = {
    "model": "dbar/dt = -bar/(15*ms) : Hz\ndlate/dt = (bar - late)/(2*ms) : Hz",
    "begin": ("l1", "l2", "l3", "u_minus", "u_plus"),
    "every_step": """
        above_plus = clip((v_post + 50*mV)/mV, 0, 1000)
        above_minus = clip((u_plus_post + 63*mV)/mV, 0, 1000)
        w = clip(w + 2e-3*late*ms*above_plus*above_minus, 0, 1)""",
}
ELIGIBILITY = {
    "model": f"{event_driven(apre=20, apost=20)}\nc : 1",
    "on_pre": "c -= 0.08*apost; apre += 1",
    "on_post": "c += 0.1*apre; apost += 1",
}
DESCENT = SGD(learning_rate=0.05)
DESCEND = "w = w - 0.05*gradient"


CASES = {
    "pair": Case(**PAIR),
    "one_to_one": Case(**PAIR, wiring="one_to_one"),
    "all_but_one": Case(**PAIR, wiring="all_but_one", norm=NORM),
    "random": Case(**PAIR, wiring=RandomWiring(p=0.6), norm=NORM),
    "twice": Case(**PAIR, wiring=PairWiring(i=[0, 0, 1, 2, 3, 4], j=[1, 1, 1, 2, 2, 2])),
    "at_once": Case(**PAIR, wiring=RandomWiring(p=0.6), delayed=False),
    "normed": Case(**PAIR, norm=NORM),
    "multiplicative": Case(
        MultiplicativeSTDP(a_plus=0.05, a_minus=0.04),
        event_driven(apre=20, apost=20),
        "w = clip(w - 0.04*w*apost, 0, 1); apre += 1",
        "w = clip(w + 0.05*(1 - w)*apre, 0, 1); apost += 1",
    ),
    "power": Case(
        PowerLawSTDP(a_plus=0.05, a_minus=0.04, mu=0.4),
        event_driven(apre=20, apost=20),
        "w = clip(w - 0.04*clip(w, 0, 1)**0.4*apost, 0, 1); apre += 1",
        "w = clip(w + 0.05*clip(1 - w, 0, 1)**0.4*apre, 0, 1); apost += 1",
    ),
    "triplet": Case(
        TripletSTDP(**TRIPLET),
        event_driven(r1=16.8, r2=101, o1=33.7, o2=125),
        "w = clip(w - o1*(0.04 + 0.02*r2), 0, 1); r1 += 1; r2 += 1",
        "w = clip(w + r1*(0.03 + 0.05*o2), 0, 1); o1 += 1; o2 += 1",
        norm=NORM,
    ),
    "nearest_triplet": Case(
        NearestTripletSTDP(**TRIPLET),
        event_driven(r1=16.8, r2=101, o1=33.7, o2=125),
        "w = clip(w - o1*(0.04 + 0.02*r2), 0, 1); r1 = 1; r2 = 1",
        "w = clip(w + r1*(0.03 + 0.05*o2), 0, 1); o1 = 1; o2 = 1",
    ),
    "script": Case(
        DiehlCookSTDP(eta_plus=0.1, eta_minus=0.05),
        event_driven(pre=20, post1=20, post2=40),
        "pre = 1; w = clip(w - 0.05*post1, 0, 1)",
        "before = post2; w = clip(w + 0.1*pre*before, 0, 1); post1 = 1; post2 = 1",
        norm=NORM,
    ),
    "power_law": Case(
        DiehlCookPowerLaw(eta_plus=0.1),
        event_driven(x=20),
        "x += 1",
        "w = clip(w + 0.1*(x - 0.4)*clip(1 - w, 0, 1)**0.2, 0, 1)",
        norm=NORM,
    ),
    "exponential": Case(
        DiehlCookExponential(eta_plus=0.1),
        event_driven(x=20),
        "x += 1",
        "w = clip(w + 0.1*(x*exp(-3*w) - 0.4*exp(-3*(1 - w))), 0, 1)",
    ),
    "pre_and_post": Case(
        DiehlCookPreAndPost(eta_plus=0.1, eta_minus=0.05),
        event_driven(x=20, y=20),
        "w = clip(w - 0.05*y*clip(w, 0, 1)**0.2, 0, 1); x += 1",
        "w = clip(w + 0.1*(x - 0.4)*clip(1 - w, 0, 1)**0.2, 0, 1); y += 1",
    ),
    "inhibitory": Case(
        InhibitorySTDP(eta=0.05, w_max=1.0),
        event_driven(x=20, y=20),
        "w = clip(w + 0.05*(y - 2*3*Hz*20*ms), 0, 1); x += 1",
        "w = clip(w + 0.05*x, 0, 1); y += 1",
    ),
    "three_factor": Case(
        ThreeFactorSTDP(**REWARD, eta=20 * Hz, m_tonic=0.5),
        **ELIGIBILITY,
        every_step="""
            due = int((t_in_timesteps + 1) % 10 == 0)
            w = clip(w + due*20*Hz*10*ms*0.5*c, 0, 1)
            c = c*exp(-due*10*ms/(1000*ms))""",
    ),
    "reward": Case(
        RewardSTDP(**REWARD, w_max=1.0, m_tonic=0.02, update_interval=1 * ms),
        **ELIGIBILITY,
        every_step="w = clip(w + 100*Hz*1*ms*0.02*c, 0, 1); c = c*exp(-1*ms/(1000*ms))",
    ),
    "episodic": Case(
        EpisodicRewardSTDP(**REWARD), **ELIGIBILITY, at_end="w = clip(w + 0.5*c, 0, 1)"
    ),
    "covariance": Case(
        CovarianceRewardSTDP(a_plus=0.1, tau_mean=200 * ms),
        "dr/dt = -r/(20*ms) : 1\ndmean/dt = (r - mean)/(200*ms) : 1\nc : 1",
        "r += 1",
        "c += 0.1*(r - mean)",
        at_end="w = clip(w + 0.5*c, 0, 1)",
        carried=("mean",),
    ),
    "voltage": Case(
        VoltageSTDP(**PARAMETERS),
        on_pre="""
            w = clip(w - 5e-3*clip((u_minus_post + 63*mV)/mV, 0, 1000), 0, 1)
            bar += 1/(15*ms)""",
        neuron=VOLTAGE,
        **VOLTAGE_CASE,
    ),
    "homeostatic_voltage": Case(
        HomeostaticVoltageSTDP(**PARAMETERS, v_reference=8 * mV),
        on_pre="""
            w = clip(w - 5e-3*square_post/(8*mV)**2*clip((u_minus_post + 63*mV)/mV, 0, 1000), 0, 1)
            bar += 1/(15*ms)""",
        neuron=f"{VOLTAGE}\ndsquare/dt = ((l3 + 63*mV)**2 - square)/(1200*ms) : volt**2",
        carried=("square_post",),
        **VOLTAGE_CASE,
    ),
    "scaling": Case(
        SynapticScaling(beta=0.1, tau_activity=100 * ms, update_interval=1 * ms),
        neuron="dactivity/dt = -activity/(100*ms) : Hz",
        reset="activity += 1/(100*ms)",
        every_step="w = clip(w + 0.1*w*(5*Hz - activity_post)*ms, 0, 1)",
        carried=("activity_post",),
    ),
    "eprop": Case(
        EProp(optimizer=DESCENT),
        "eps : 1\nebar : 1\ngradient : 1",
        "eps += 1",
        before_spikes="""
            gradient += signal_post*ebar
            eps = 0.9*eps
            ebar = exp(-dt/(20*ms))*ebar + psi_post*eps
            gradient += 0.01*psi_post*eps""",
        at_end=f"gradient += signal_post*ebar; {DESCEND}",
    ),
    "adaptive_eprop": Case(
        AdaptiveEProp(optimizer=DESCENT),
        "eps : 1\nslow : 1\nebar : 1\ngradient : 1",
        "eps += 1",
        before_spikes="""
            gradient += signal_post*ebar
            eps = 0.9*eps
            e = psi_post*(eps - 0.2*slow)
            slow = 0.95*(slow + e)
            ebar = exp(-dt/(20*ms))*ebar + e
            gradient += 0.01*e""",
        at_end=f"gradient += signal_post*ebar; {DESCEND}",
    ),
    "eprop_readout": Case(
        EPropReadout(optimizer=DESCENT),
        "z : 1\ngradient : 1",
        "z += 1",
        before_spikes="gradient += error_post*z; z = exp(-dt/(20*ms))*z",
        at_end=f"gradient += error_post*z; {DESCEND}",
    ),
    "eprop_feedback": Case(
        EPropFeedback(optimizer=DESCENT),
        "gradient : 1",
        neuron="dz/dt = -z/(20*ms) : 1",
        reset="z += 1",
        every_step="gradient += 0.1*z_post",
        at_end=DESCEND,
    ),
    "eprop_bias": Case(
        EPropBias(optimizer=DESCENT), "gradient : 1", every_step="gradient += 0.1", at_end=DESCEND
    ),
}


def by_hand(cases, samples, state):
    """Spikes of each sample and weights after the last, by Brian's runtime device."""
    clock = b2.Clock(dt=1 * ms)
    inputs = b2.SpikeGeneratorGroup(N, [], [] * ms, clock=clock)
    parts, net = {}, b2.Network(inputs)
    for name, case in cases.items():
        equations = f"{neuron_of(name)}\n{case.neuron}"
        group = b2.NeuronGroup(
            N, equations, threshold="v > -40*mV", reset=f"v = -65*mV\n{case.reset}",
            method="exponential_euler", clock=clock,
        )  # fmt: skip
        synapses = b2.Synapses(
            inputs, group, f"w : 1\n{case.model}", clock=clock, method="exponential_euler",
            on_pre=f"v_post += w*20*mV\n{cleandoc(case.on_pre)}", on_post=case.on_post or None,
        )  # fmt: skip
        synapses.connect(**{k: state[f"{name}.{k}"].astype(int) for k in "ij"})
        synapses.pre.delay = state.get(f"{name}.delay", 0.0) * b2.second
        if case.before_spikes:
            synapses.run_regularly(cleandoc(case.before_spikes), when="before_synapses")
        if case.every_step:
            synapses.run_regularly(cleandoc(case.every_step), when="end")
        monitor = b2.SpikeMonitor(group)
        net.add(group, synapses, monitor)
        parts[name] = group, synapses, monitor
    net.store()
    weights = {name: state[f"{name}.w"] for name in cases}
    carried = {(name, key): 0.0 for name, case in cases.items() for key in case.carried}
    spikes = {name: [] for name in cases}
    for sample in samples:
        net.restore()
        inputs.set_spikes(sample.units, sample.times * b2.second)
        for name, case in cases.items():
            group, synapses, _ = parts[name]
            group.v = -65 * mV
            for key in case.begin:
                setattr(group, key, -65 * mV)
            w, j = weights[name], np.array(synapses.j)
            if case.norm is not None:
                w = w * case.norm / np.bincount(j, weights=w, minlength=N)[j]
            synapses.w = w
            for key in case.carried:
                owner = group if key.endswith("_post") else synapses
                owner.variables[key.removesuffix("_post")].set_value(carried[name, key])
        net.run(N_STEPS * ms, namespace={})
        for name, case in cases.items():
            group, synapses, monitor = parts[name]
            spikes[name].append(sorted(zip(np.rint(monitor.t / ms), monitor.i, strict=True)))
            for key in case.carried:
                owner = group if key.endswith("_post") else synapses
                carried[name, key] = owner.variables[key.removesuffix("_post")].get_value().copy()
            read = words_of(case.at_end) - {"clip"}
            words = {v: np.array(getattr(synapses, f"{v}_")) for v in read}
            exec(case.at_end, {"clip": np.clip}, words)
            weights[name] = words.get("w", np.array(synapses.w))
    return spikes, weights


def declare(cases):
    populations, projections = [Population(name="input", n=N, neuron=INPUT)], []
    for name, case in cases.items():
        rewarded = case.rule.at_slot_end and "m :" in case.rule.post_traces
        neuron = NeuronModel(
            equations=neuron_of(name), threshold="v > -40*mV", reset="v = -65*mV",
            at_slot_start="v = -65*mV", at_slot_end="m = 0.5" if rewarded else "",
        )  # fmt: skip
        populations.append(Population(name=f"post_{name}", n=N, neuron=neuron))
        projections.append(
            Projection(
                pre="input", post=f"post_{name}", label=name, wiring=case.wiring, rule=case.rule,
                on_pre="v_post += w*20*mV", weight=Uniform(low=0.2, high=0.8), norm=case.norm,
                delay=Uniform(low=0 * ms, high=LONGEST * ms) if case.delayed else 0 * ms,
            )
        )  # fmt: skip
    return Network(
        populations=tuple(populations),
        projections=tuple(projections),
        watch=tuple(f"post_{name}" for name in cases),
        schedule=Schedule(presentation=None, rest=0 * ms, dt=1 * ms, min_spikes=0),
    )


@pytest.fixture(scope="module")
def samples():
    """Samples in which a channel spikes at most once in a step."""
    rng, parts = np.random.default_rng(3), []
    for _ in range(N_SAMPLES):
        steps, units = np.nonzero(rng.random((N_STEPS, N)) < 0.08)
        parts.append(
            SpikeTrains(steps * 1e-3, units, [0, len(steps)], n_units=N, duration=N_STEPS * 1e-3)
        )
    return SpikeTrains.concatenate(parts)


@pytest.fixture(scope="module")
def state():
    """Delays of whole steps, 0 to the longest; synapses as the engines order them."""
    rng, found = np.random.default_rng(1), declare(CASES).sample(5)
    for name, case in CASES.items():
        keys = [f"{name}.{key}" for key in ("i", "delay", "j", "w")]
        if case.delayed:
            found[keys[1]] = rng.integers(0, LONGEST + 1, len(found[keys[1]])) * 1e-3
        order = np.lexsort([found[key] for key in reversed(keys[:3])])
        found |= {key: found[key][order] for key in keys}
    return found


@pytest.fixture(scope="module")
def expected(samples, state):
    return by_hand(CASES, samples, state)


def check(result, expected, state, cases=CASES):
    spikes, weights = expected
    for k, name in enumerate(cases):
        for one, trains in zip(spikes[name], result.spikes, strict=True):
            mine = trains.units // N == k
            steps = np.rint(trains.times[mine] * 1e3)
            assert sorted(zip(steps, trains.units[mine] % N, strict=True)) == one, name
        w = result.state[f"{name}.w"]
        rtol = 1e-11 if "voltage" in name else 1e-12  # differences of potentials lose digits
        np.testing.assert_allclose(w, weights[name], rtol=rtol, atol=1e-14, err_msg=name)
        assert (np.abs(w - state[f"{name}.w"]) > 1e-3).mean() > 0.5, name
        assert sum(map(len, spikes[name])) > 10, name


def simulate(samples, state, name, cases=CASES, **options):
    stimulus = engine.SpikeStimulus(trains=samples)
    return engine.run(
        declare(cases), stimulus, seed=1, engine=name, state=state, record="spikes", **options
    )  # fmt: skip


def test_as_by_hand(samples, state, expected):
    check(simulate(samples, state, "numpy"), expected, state)


@pytest.mark.slow
@pytest.mark.parametrize(
    "options", [{}, {"chunk_size": 1}], ids=["at_once", "one_by_one"]
)  # fmt: skip
def test_so_does_cpp(samples, state, expected, options):
    check(simulate(samples, state, "cpp_standalone", **options), expected, state)


@pytest.mark.slow
@pytest.mark.usefixtures("quick_cython")
@pytest.mark.parametrize("name", ["pair", "triplet", "script"])
def test_so_does_cython(samples, state, expected, name):
    few = {name: CASES[name]}
    given = {key: values for key, values in state.items() if key.startswith(f"{name}.")}
    check(simulate(samples, given, "cython", few), expected, state, few)


def test_every_rule_is_here():
    rules = {r for r in declared_names().values() if issubclass(r, PlasticityRule)}
    assert rules - {type(case.rule) for case in CASES.values()} == {PlasticityRule}
