"""Every rule against its closed form, spike by spike, and every engine against the others."""

import numpy as np
import pytest
from brian2 import Hz, ms

from bioplastic.models import (
    DiehlCookSTDP,
    InhibitorySTDP,
    MultiplicativeSTDP,
    NearestTripletSTDP,
    PairSTDP,
    PowerLawSTDP,
    TripletSTDP,
)
from bioplastic.models.plasticity.diehl_cook import (
    DiehlCookExponential,
    DiehlCookPowerLaw,
    DiehlCookPreAndPost,
)

TAU = {"tau_plus": 17 * ms, "tau_minus": 34 * ms}
SLOW = {"tau_x": 101 * ms, "tau_y": 60 * ms}
A = {"a_plus": 0.03, "a_minus": 0.02}
AMPLITUDES = {"a2_plus": 0.01, "a3_plus": 0.02, "a2_minus": 0.015, "a3_minus": 0.004}

# Rates of a size that shows in one spike, every constant another one.
RULES = {
    "pair": PairSTDP(**TAU, **A, w_max=2.0),
    "multiplicative": MultiplicativeSTDP(**TAU, **A, w_max=2.0),
    "power_law": PowerLawSTDP(**TAU, **A, mu=0.3, w_max=2.0),
    "triplet": TripletSTDP(**TAU, **SLOW, **AMPLITUDES, w_max=2.0),
    "nearest_triplet": NearestTripletSTDP(**TAU, **SLOW, **AMPLITUDES, w_max=2.0),
    "script": DiehlCookSTDP(**TAU, tau_y=60 * ms, eta_minus=0.02, eta_plus=0.05, w_max=2.0),
    "dc_power_law": DiehlCookPowerLaw(
        tau_plus=17 * ms, eta_plus=0.02, r1_target=0.45, mu=0.2, w_max=2.0
    ),
    "dc_exponential": DiehlCookExponential(
        tau_plus=17 * ms, eta_plus=0.1, r1_target=0.45, beta=1.5, w_max=2.0
    ),
    "dc_pre_and_post": DiehlCookPreAndPost(
        **TAU, eta_plus=0.02, eta_minus=0.01, r1_target=0.45, mu=0.2, w_max=2.0
    ),
    "inhibitory": InhibitorySTDP(tau=25 * ms, eta=0.03, rate_target=60 * Hz, w_max=2.0),
}
NEAREST = {"nearest_triplet", "script"}
#: Change at a presynaptic and at a postsynaptic spike, written anew from the papers.
CHANGES = {
    "pair": (lambda w, o1, r2: -0.02 * o1, lambda w, r1, o2: 0.03 * r1),
    "multiplicative": (lambda w, o1, r2: -0.02 * w * o1, lambda w, r1, o2: 0.03 * (2 - w) * r1),
    "power_law": (
        lambda w, o1, r2: -0.02 * 2 * (w / 2) ** 0.3 * o1,
        lambda w, r1, o2: 0.03 * 2 * (1 - w / 2) ** 0.3 * r1,
    ),
    "triplet": (
        lambda w, o1, r2: -o1 * (0.015 + 0.004 * r2),
        lambda w, r1, o2: r1 * (0.01 + 0.02 * o2),
    ),
    "script": (lambda w, o1, r2: -0.02 * o1, lambda w, r1, o2: 0.05 * r1 * o2),
    "dc_power_law": (
        lambda w, o1, r2: 0.0,
        lambda w, r1, o2: 0.02 * (r1 - 0.45) * (2 - w) ** 0.2,
    ),
    "dc_exponential": (
        lambda w, o1, r2: 0.0,
        lambda w, r1, o2: 0.1 * (r1 * np.exp(-1.5 * w) - 0.45 * np.exp(-1.5 * (2 - w))),
    ),
    "dc_pre_and_post": (
        lambda w, o1, r2: -0.01 * o1 * w**0.2,
        lambda w, r1, o2: 0.02 * (r1 - 0.45) * (2 - w) ** 0.2,
    ),
    "inhibitory": (
        lambda w, o1, r2: 0.03 * (o1 - 2 * 60 * 0.025),
        lambda w, r1, o2: 0.03 * r1,
    ),
}
CHANGES["nearest_triplet"] = CHANGES["triplet"]

N = 201


def trace(spikes, tau, *, nearest):
    """Sum over spikes at distances `spikes`, or the last of them alone."""
    if len(spikes) == 0:
        return 0.0
    return float(np.exp(-(spikes.min() if nearest else spikes) / tau).sum())


def expected(name, pre, post, w, *, w_max=2.0):
    """Weight after each spike; in one step the presynaptic spike comes first."""
    on_pre, on_post = CHANGES[name]
    tau = {"plus": 17.0, "minus": 34.0, "x": 101.0, "y": 60.0}
    if name == "inhibitory":
        tau |= {"plus": 25.0, "minus": 25.0}
    nearest = name in NEAREST
    history = []
    for t, side in sorted([(t, 0) for t in pre] + [(t, 1) for t in post]):
        if side == 0:
            o1 = trace(t - post[post < t], tau["minus"], nearest=nearest)
            r2 = trace(t - pre[pre < t], tau["x"], nearest=nearest)
            w = w + on_pre(w, o1, r2)
        else:
            r1 = trace(t - pre[pre <= t], tau["plus"], nearest=nearest)
            o2 = trace(t - post[post < t], tau["y"], nearest=nearest)
            w = w + on_post(w, r1, o2)
        w = min(max(w, 0.0), w_max)
        history.append(w)
    return np.array(history)


@pytest.fixture(scope="module")
def trains():
    """Random spikes of both sides, some of them in the same step."""
    rng = np.random.default_rng(4)
    pre, post = (np.sort(rng.choice(1500, 100, replace=False)) * 1.0 for _ in "ab")
    assert len(np.intersect1d(pre, post)) > 3
    return pre, post


@pytest.fixture(scope="module")
def prefixes(trains):
    """Pair `k` of neurons gets the first `k` spikes, so its weight is that after spike `k`."""
    pre, post = trains
    events = sorted([(t, 0) for t in pre] + [(t, 1) for t in post])
    cut = [events[:k] for k in range(N)]
    return [[np.array([t for t, s in spikes if s == side]) for spikes in cut] for side in (0, 1)]


@pytest.fixture(scope="module")
def after_every_spike(laboratory, prefixes):
    return laboratory(N).weights(RULES, *prefixes, w=1.0)


@pytest.mark.parametrize("name", RULES)
def test_a_rule_is_its_closed_form_after_every_spike(name, trains, after_every_spike):
    history = np.concatenate([[1.0], expected(name, *trains, 1.0)])
    found = after_every_spike[name]
    np.testing.assert_allclose(found, history, rtol=0, atol=1e-9)
    assert np.unique(np.round(found, 9)).size > 50
    assert (np.diff(found) > 0).any()
    assert (np.diff(found) < 0).any()


class TestEngines:
    def test_cpp_gives_the_same_weight_after_every_spike(
        self, laboratory, prefixes, after_every_spike
    ):
        found = laboratory(N).weights(RULES, *prefixes, w=1.0, name="cpp_standalone")
        for name, weights in after_every_spike.items():
            np.testing.assert_allclose(found[name], weights, rtol=0, atol=1e-12, err_msg=name)

    @pytest.mark.slow
    @pytest.mark.usefixtures("quick_cython")
    @pytest.mark.parametrize("rule", RULES)
    def test_so_does_cython(self, laboratory, prefixes, after_every_spike, rule):
        # one name for all, so that what they have in common is the same code
        found = laboratory(N).weights({"rule": RULES[rule]}, *prefixes, w=1.0, name="cython")
        np.testing.assert_allclose(found["rule"], after_every_spike[rule], rtol=0, atol=1e-12)


DELAYS = np.arange(-100.0, 101.0)
SINGLE_PRE, SINGLE_POST = [np.array([150.0])] * N, [np.array([150.0 + d]) for d in DELAYS]


@pytest.mark.parametrize("engine", ["numpy", "cpp_standalone"])
class TestWindows:
    """Change of the weight by one pair of spikes, 100 ms apart at most."""

    @pytest.fixture(scope="class")
    @staticmethod
    def change(laboratory):
        found = {}

        def change(engine, w):
            if (engine, w) not in found:
                weights = laboratory(N).weights(RULES, SINGLE_PRE, SINGLE_POST, w=w, name=engine)
                found[engine, w] = {name: after - w for name, after in weights.items()}
            return found[engine, w]

        return change

    def window(self, up, down):
        after = DELAYS >= 0
        return np.where(
            after, up * np.exp(-np.abs(DELAYS) / 17), -down * np.exp(-np.abs(DELAYS) / 34)
        )

    @pytest.mark.parametrize("w", [0.2, 1.0, 1.9])
    def test_additive(self, change, engine, w):
        found = change(engine, w)["pair"]
        np.testing.assert_allclose(found, self.window(0.03, 0.02), rtol=0, atol=1e-12)

    @pytest.mark.parametrize("w", [0.2, 1.0, 1.9])
    def test_multiplicative_depends_on_the_distance_to_the_bound(self, change, engine, w):
        found = change(engine, w)["multiplicative"]
        closed = self.window(0.03 * (2 - w), 0.02 * w)
        np.testing.assert_allclose(found, closed, rtol=0, atol=1e-12)

    @pytest.mark.parametrize("w", [0.2, 1.0, 1.9])
    def test_power_law_lies_between(self, change, engine, w):
        found = change(engine, w)["power_law"]
        closed = self.window(0.06 * (1 - w / 2) ** 0.3, 0.04 * (w / 2) ** 0.3)
        np.testing.assert_allclose(found, closed, rtol=0, atol=1e-12)

    def test_inhibitory_is_symmetric(self, change, engine):
        found = change(engine, 1.0)["inhibitory"]
        closed = 0.03 * (np.exp(-np.abs(DELAYS) / 25) - 2 * 60 * 0.025)
        np.testing.assert_allclose(found, closed, rtol=0, atol=1e-12)
        np.testing.assert_allclose(found, found[::-1], rtol=0, atol=1e-12)

    def test_the_paper_s_rules_of_diehl_and_cook_fall_below_a_target(self, change, engine):
        trace = np.where(DELAYS >= 0, np.exp(-np.abs(DELAYS) / 17), 0.0)
        found = change(engine, 1.0)
        np.testing.assert_allclose(found["dc_power_law"], 0.02 * (trace - 0.45), rtol=0, atol=1e-12)
        np.testing.assert_allclose(
            found["dc_exponential"], 0.1 * np.exp(-1.5) * (trace - 0.45), rtol=0, atol=1e-12
        )


@pytest.mark.parametrize("mu", [0.0, 1.0])
def test_the_power_law_s_limits_are_the_additive_and_the_multiplicative_rule(laboratory, mu):
    unit = {**TAU, **A, "w_max": 1.0}
    limits = RULES | {
        "power_law": PowerLawSTDP(**unit, mu=mu),
        "pair": PairSTDP(**unit),
        "multiplicative": MultiplicativeSTDP(**unit),
    }
    found = laboratory(N).weights(limits, SINGLE_PRE, SINGLE_POST, w=0.3)
    limit = found["multiplicative" if mu else "pair"]
    np.testing.assert_allclose(found["power_law"], limit, rtol=0, atol=1e-14)
    assert np.abs(found["pair"] - found["multiplicative"]).max() > 0.005


@pytest.mark.parametrize("engine", ["numpy", "cpp_standalone"])
def test_weights_beyond_their_bounds_come_back_and_stay_numbers(laboratory, prefixes, engine):
    """Normalisation may lift a weight above `w_max`."""
    found = laboratory(N).weights(RULES, *prefixes, w=2.7, name=engine)
    for name, weights in found.items():
        assert weights[0] == 2.7
        assert ((weights[3:] >= 0) & (weights[3:] <= 2)).all(), name
