"""Three-factor rules: their closed forms, and many spikes on every engine."""

import numpy as np
import pytest
from brian2 import Hz, ms

from bioplastic import SpikeTrains, engine
from bioplastic.models import (
    Constant,
    Network,
    NeuronModel,
    PairWiring,
    Population,
    Projection,
    RewardSTDP,
    Schedule,
    SpikeInput,
)
from bioplastic.models.plasticity.reward import ThreeFactorSTDP

# Fires one step after it was told to.
RELAY = NeuronModel(
    equations="last : second",
    threshold="abs(t - dt - last) < 0.5*dt",
    at_slot_start="last = -1*second",
)
#: Presynaptic spike, postsynaptic spike and reward of each synapse, in milliseconds.
PRE = np.array([20, 35, 60, 44, 47, 100])
POST = np.array([25, 55, 61, 40, 32, 99])
PAID = np.array([1003, 520, 1499, 800, 1503, 130])
AMOUNT = np.array([0.5, 0.5, -0.5, 0.5, -0.25, 0.4])
N, W, C = len(PRE), "plastic.w", "plastic.c"


def declare(rule, *, n_pre=N, n_post=N, wiring="one_to_one"):
    """Neurons that fire when told; the last inputs tell each neuron on the post side of a reward.

    The first `n_pre` inputs are connected through the rule, the next `n_post` make neurons fire.
    """
    if wiring == "one_to_one":
        wiring = PairWiring(i=range(N), j=range(N))
    told, everyone = range(n_pre, n_pre + n_post), range(n_post)
    paid = range(n_pre + n_post, n_pre + 2 * n_post)
    return Network(
        populations=(
            Population(name="input", n=n_pre + 2 * n_post, neuron=SpikeInput()),
            Population(name="post", n=n_post, neuron=RELAY),
        ),
        projections=(
            Projection(
                pre="input",
                post="post",
                label="tell",
                wiring=PairWiring(i=told, j=everyone),
                on_pre="last_post = t",
                weight=1.0,
            ),
            Projection(
                pre="input",
                post="post",
                label="reward",
                wiring=PairWiring(i=paid, j=everyone),
                on_pre="m_post += w",
                weight=Constant(value=0.5),
            ),
            Projection(
                pre="input", post="post", label="plastic", wiring=wiring, on_pre="", rule=rule
            ),
        ),
        watch="post",
        schedule=Schedule(presentation=None, rest=0 * ms, dt=1 * ms, min_spikes=0),
    )


def sample(*trains, duration):
    """One sample of the spikes of these channels, in milliseconds."""
    times = np.concatenate(trains)
    units = np.repeat(np.arange(len(trains)), [len(train) for train in trains])
    order = np.argsort(times, kind="stable")
    return SpikeTrains(
        times[order] * 1e-3, units[order], [0, len(order)],
        n_units=len(trains), duration=duration * 1e-3,
    )  # fmt: skip


def present(rule, *, duration=4000, w=2.0, paid=PAID, name="numpy"):
    """State after one pairing and one reward of every synapse."""
    singles = np.concatenate([PRE, POST - 1, paid])
    trains = [[time] if time < duration else [] for time in singles]
    return engine.run(
        declare(rule),
        engine.SpikeStimulus(trains=sample(*trains, duration=duration)),
        seed=0,
        engine=name,
        state={W: np.full(N, w), "reward.w": AMOUNT},
    ).state


def mark(rule):
    """Eligibility right after the pairing."""
    passed = POST - PRE
    grown = float(rule.a_plus) * np.exp(-passed / (rule.tau_plus / ms))
    lost = float(rule.a_minus) * np.exp(passed / (rule.tau_minus / ms))
    return np.where(passed > 0, grown, -lost)


def updates(rule, duration):
    """Steps in which weights follow, and how often each synapse's mark has decayed by then."""
    interval = round(float(rule.update_interval / ms))
    steps = np.arange(interval - 1, duration, interval)[:, None]
    marked = np.maximum(PRE, POST)
    return steps, (steps // interval) - marked // interval, steps >= marked


SLOW = ThreeFactorSTDP(a_plus=0.2, a_minus=0.1, tau_m=300 * ms, eta=2 * Hz, w_max=10.0)
RULES = {"Izhikevich": RewardSTDP(), "no tonic level": RewardSTDP(m_tonic=0.0), "other": SLOW}


@pytest.fixture(params=RULES)
def rule(request):
    return RULES[request.param]


class TestClosedForm:
    def test_the_mark_of_a_pairing_decays(self, rule):
        c = present(rule, duration=1000)[C]
        _, times, counts = updates(rule, 1000)
        decays = np.where(counts, times + 1, 0).max(axis=0)
        left = np.exp(-decays * float(rule.update_interval / rule.tau_c))
        np.testing.assert_allclose(c, mark(rule) * left, rtol=1e-9)
        assert c[0] / mark(rule)[0] == pytest.approx(np.exp(-0.975), rel=0.02)

    def test_a_reward_turns_what_is_left_of_it_into_weight(self, rule):
        state = present(rule)
        steps, times, counts = updates(rule, 4000)
        share = float(rule.update_interval / rule.tau_c)
        c = np.where(counts, mark(rule) * np.exp(-np.maximum(times, 0) * share), 0.0)
        passed = steps - PAID
        m = np.where(passed >= 0, AMOUNT * np.exp(-passed / (rule.tau_m / ms)), 0.0)
        change = float(rule.eta * rule.update_interval) * (c * (m + rule.m_tonic)).sum(axis=0)
        assert (np.abs(change) > 1e-4).all()
        np.testing.assert_allclose(state[W] - 2.0, change, rtol=1e-9)

    def test_signs(self):
        """Reward strengthens what came in order, punishment what came the wrong way round."""
        change = present(RewardSTDP(m_tonic=0.0))[W] - 2.0
        np.testing.assert_array_equal(np.sign(change), np.sign(AMOUNT) * np.sign(POST - PRE))

    def test_without_a_reward_only_the_tonic_level_acts(self):
        never = np.full(N, 10_000)
        np.testing.assert_array_equal(present(RewardSTDP(m_tonic=0.0), paid=never)[W], 2.0)
        change = present(RewardSTDP(), paid=never)[W] - 2.0
        # 100/s of 0.002 for one time constant of 1 s
        np.testing.assert_allclose(change, 0.2 * mark(RewardSTDP()), rtol=0.03)

    def test_a_pairing_behind_the_reward_gains_nothing_but_its_tail(self):
        early = present(RewardSTDP(m_tonic=0.0), paid=np.full(N, 5))[W] - 2.0
        m = 0.5 * np.exp(-(25 - 5) / 200)  # of the first synapse, when it is marked
        assert early[0] == pytest.approx(100 * mark(RewardSTDP())[0] * m / 6, rel=0.05)

    @pytest.mark.parametrize("interval", [2, 5, 10])
    def test_the_weight_is_the_integral_but_for_the_interval(self, interval):
        """``dw/dt = eta*m*c`` with both factors exponential; steps may be one interval late."""
        rule = RewardSTDP(m_tonic=0.0, update_interval=interval * ms)
        waited = (PAID - np.maximum(PRE, POST)) * 1e-3
        fall = 1 / rule.tau_c + 1 / rule.tau_m
        at_reward = AMOUNT * mark(rule) * np.exp(-waited / float(rule.tau_c))
        integral = float(rule.eta / fall) * at_reward
        change = present(rule, duration=6000)[W] - 2.0
        assert np.abs(change / integral - 1).max() < float(interval * ms * fall)

    @pytest.mark.parametrize(("w", "bound"), [(0.01, 0.0), (3.99, 4.0)])
    def test_weights_stay_within_their_bounds(self, w, bound):
        found = present(RewardSTDP(m_tonic=0.0), w=w)[W]
        toward = np.sign(AMOUNT) * np.sign(POST - PRE) == np.sign(bound - w)
        np.testing.assert_array_equal(found[toward], bound)
        assert ((found >= 0) & (found <= 4)).all()


# --- many spikes ---


def reference(rule, i, j, w, *, pre, post, reward, amounts):
    """Step by step and synapse by synapse; `pre`, `post`, `reward` of shape (n_steps, n)."""
    p = {name: float(getattr(rule, name)) for name in (*rule.parameters,)}
    interval = round(float(rule.update_interval / ms))
    r, o, m = np.zeros(pre.shape[1]), np.zeros(post.shape[1]), np.zeros(post.shape[1])
    c = np.zeros(len(w))
    for step in range(len(pre)):
        r, o = r * np.exp(-1e-3 / p["tau_plus"]), o * np.exp(-1e-3 / p["tau_minus"])
        m = m * np.exp(-1e-3 / p["tau_m"]) + reward[step] * amounts
        c = c - p["a_minus"] * o[j] * pre[step, i]
        r = r + pre[step]
        c = c + p["a_plus"] * r[i] * post[step, j]
        o = o + post[step]
        if (step + 1) % interval == 0:
            by = p["eta"] * p["update_interval"] * (m + p["m_tonic"])[j] * c
            w, c = np.clip(w + by, 0, p["w_max"]), c * np.exp(-p["update_interval"] / p["tau_c"])
    return w, c


class TestManySpikes:
    N_PRE, N_POST, STEPS = 5, 4, 1000

    @pytest.fixture(scope="class", params=["listed", "all_to_all"])
    @classmethod
    def case(cls, request):
        """Rule, connections and random spikes; all inputs are connected where all are to all."""
        rng = np.random.default_rng(0)
        n_pre, n_post = cls.N_PRE, cls.N_POST
        n_inputs = n_pre + 2 * n_post
        fired = rng.random((cls.STEPS, n_inputs)) < 0.03
        fired[:, n_pre + n_post :] &= rng.random((cls.STEPS, n_post)) < 0.1
        fired[-1] = False  # a relay would not fire any more
        wiring = "all_to_all"
        i, j = np.divmod(np.arange(n_inputs * n_post), n_post)
        if request.param == "listed":
            kept = (i < n_pre) & (rng.random(len(i)) < 0.7)
            i, j = i[kept], j[kept]
            wiring = PairWiring(i=i, j=j)
        return wiring, i, j, fired, rng.uniform(0.5, 3.5, len(i))

    def state(self, case, rule, name):
        wiring, _, _, fired, w = case
        n_pre, n_post = self.N_PRE, self.N_POST
        trains = [np.flatnonzero(channel) for channel in fired.T]
        found = engine.run(
            declare(rule, n_pre=n_pre, n_post=n_post, wiring=wiring),
            engine.SpikeStimulus(trains=sample(*trains, duration=self.STEPS)),
            seed=0,
            engine=name,
            state={W: w, "reward.w": [0.5, 0.3, -0.4, 0.0]},
        )
        assert found.counts.sum() == fired[:, n_pre : n_pre + n_post].sum()
        return found.state

    def expected(self, case, rule):
        _, i, j, fired, w = case
        n_pre, n_post = self.N_PRE, self.N_POST
        told = fired[:, n_pre : n_pre + n_post]
        return reference(
            rule, i, j, w,
            pre=fired,
            post=np.vstack([np.zeros((1, n_post), dtype=bool), told[:-1]]),
            reward=fired[:, n_pre + n_post :],
            amounts=np.array([0.5, 0.3, -0.4, 0.0]),
        )  # fmt: skip

    def test_weights_and_marks_are_those_of_the_reference(self, case, rule):
        self.compare(case, rule, "numpy")

    @pytest.mark.parametrize(
        "case", ["all_to_all", pytest.param("listed", marks=pytest.mark.slow)], indirect=True
    )
    def test_in_a_compiled_program_too(self, case):
        for rule in RULES.values():
            self.compare(case, rule, "cpp_standalone")

    def compare(self, case, rule, name):
        state, (w, c) = self.state(case, rule, name), self.expected(case, rule)
        np.testing.assert_allclose(state[C], c, rtol=0, atol=1e-12)
        np.testing.assert_allclose(state[W], w, rtol=0, atol=1e-12)
        assert np.abs(state[W] - case[-1]).max() > 0.02

    @pytest.mark.slow
    def test_cython_too(self, case, quick_cython):
        numpy, cython = (self.state(case, RewardSTDP(), name) for name in ("numpy", "cython"))
        for key in (W, C):
            np.testing.assert_allclose(cython[key], numpy[key], rtol=0, atol=1e-12)
