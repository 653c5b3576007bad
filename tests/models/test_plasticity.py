"""Plasticity rules against their closed forms: sign, window, nearest spikes, forgetting."""

import numpy as np
import pytest
from brian2 import ms, second

from bioplastic import engine
from bioplastic.models import (
    DiehlCookSTDP,
    Network,
    NeuronModel,
    PairSTDP,
    PlasticityRule,
    PoissonInput,
    Population,
    Projection,
    Schedule,
)

NEVER = 1e6
W = "pre_to_post.w"

#: Spikes at two times of its own, which the state sets.
METRONOME = NeuronModel(
    equations="first : second\nsecond_one : second",
    threshold="abs(t - first) < 0.5*dt or abs(t - second_one) < 0.5*dt",
    initial={"first": NEVER * second, "second_one": NEVER * second},
)


class Pairs:
    """Synapses from every neuron of `pre` to every one of `post`, which spike when told."""

    def __init__(self, rule, *, n_pre=4, n_post=40, dt=0.5):
        self.rule, self.n_pre, self.n_post, self.dt = rule, n_pre, n_post, dt
        self.network = Network(
            populations=(
                Population(name="input", n=1, neuron=PoissonInput()),
                Population(name="pre", n=n_pre, neuron=METRONOME),
                Population(name="post", n=n_post, neuron=METRONOME),
            ),
            projections=(Projection(pre="pre", post="post", on_pre="", rule=rule),),
            watch="post",
            schedule=Schedule(presentation=100 * ms, rest=0 * ms, dt=dt * ms, min_spikes=0),
        )
        self.program = engine.open_program(self.network, engine="numpy")

    def change(self, *, pre, post, n_slots=1, w=0.5):
        """Change of the weights, (n_pre, n_post); spike times in ms, (n, 2) or (n,)."""
        state = {W: np.full(self.n_pre * self.n_post, w)}
        for name, n, times in (("pre", self.n_pre, pre), ("post", self.n_post, post)):
            two = np.full((n, 2), NEVER)
            given = np.reshape(np.array(times, dtype=float), (len(times), -1)) * 1e-3
            two[: given.shape[0], : given.shape[1]] = given
            state[f"{name}.first"], state[f"{name}.second_one"] = two.T
        result = engine.run(
            self.network,
            engine.RateStimulus(values=np.zeros((n_slots, 1))),
            seed=0,
            state=state,
            engine="numpy",
            program=self.program,
        )
        return (result.state[W] - w).reshape(self.n_pre, self.n_post)

    def one(self, *, pre, post, **kwargs):
        """Change of the first synapse; spike times in ms."""
        change = self.change(pre=[pre], post=[post], **kwargs)
        assert (change[1:, 1:] == 0).all(), "neurons that were silent learned"
        return change[0, 0]


@pytest.fixture(scope="module")
def pair():
    return Pairs(PairSTDP(tau_plus=17 * ms, tau_minus=34 * ms, a_plus=0.01, a_minus=0.004))


@pytest.fixture(scope="module")
def triplet():
    # learning rates of a size that shows in one spike
    return Pairs(DiehlCookSTDP(eta_minus=0.02, eta_plus=0.05), n_pre=2, n_post=2)


class TestPairSTDP:
    def test_the_window_is_the_closed_form(self, pair):
        pre = [40.0, 50.0, 60.0, 41.5]
        post = np.linspace(5.0, 95.0, pair.n_post).round()
        delay = post[None, :] - np.array(pre)[:, None]
        expected = np.where(delay >= 0, 0.01 * np.exp(-delay / 17.0), -0.004 * np.exp(delay / 34.0))
        np.testing.assert_allclose(pair.change(pre=pre, post=post), expected, rtol=0, atol=1e-9)

    def test_all_pairs_of_spikes_add_up(self, pair):
        rng = np.random.default_rng(3)
        pre, post = (np.sort(rng.integers(0, 200, (n, 2)), axis=1) * 0.5
                     for n in (pair.n_pre, pair.n_post))  # fmt: skip
        pre[:, 1] += 0.5 * (pre[:, 0] == pre[:, 1])  # two spikes, not one
        post[:, 1] += 0.5 * (post[:, 0] == post[:, 1])
        delay = post[None, :, None, :] - pre[:, None, :, None]
        each = np.where(delay >= 0, 0.01 * np.exp(-delay / 17.0), -0.004 * np.exp(delay / 34.0))
        np.testing.assert_allclose(
            pair.change(pre=pre, post=post), each.sum(axis=(2, 3)), rtol=0, atol=1e-9
        )

    def test_weights_stay_between_0_and_w_max(self, pair):
        assert pair.one(pre=20.0, post=21.0, w=0.9999) == pytest.approx(1e-4, abs=1e-12)
        assert pair.one(pre=21.0, post=20.0, w=0.0001) == pytest.approx(-1e-4, abs=1e-12)

    def test_a_slot_knows_nothing_of_the_one_before(self, pair):
        # 99.5 ms and 0.5 ms of the next slot: neighbours, were it not for the slot's edge
        once = pair.one(pre=99.5, post=0.5)
        assert pair.one(pre=99.5, post=0.5, n_slots=3) == pytest.approx(3 * once, abs=1e-12)
        assert once < 0


class TestDiehlCookSTDP:
    def test_a_presynaptic_spike_lowers_the_weight(self, triplet):
        # The ports of the script raise it: this is where their lost minus sign shows.
        change = triplet.one(post=10.0, pre=15.0)
        assert change < 0
        assert change == pytest.approx(-0.02 * np.exp(-5 / 20), abs=1e-12)

    def test_a_postsynaptic_spike_raises_the_weight(self, triplet):
        change = triplet.one(post=[10.0, 40.0], pre=25.0)
        up = change - -0.02 * np.exp(-15 / 20)
        assert up > 0
        assert up == pytest.approx(0.05 * np.exp(-15 / 20) * np.exp(-30 / 40), abs=1e-12)

    def test_the_first_postsynaptic_spike_does_nothing(self, triplet):
        assert triplet.one(pre=10.0, post=15.0) == 0.0

    def test_only_the_nearest_spike_counts(self, triplet):
        once = triplet.one(post=[10.0, 40.0], pre=[1e6, 35.0])
        down = -0.02 * (np.exp(-5 / 20) + np.exp(-25 / 20))
        up = 0.05 * np.exp(-5 / 20) * np.exp(-30 / 40)
        assert triplet.one(post=[10.0, 40.0], pre=[15.0, 35.0]) == pytest.approx(
            down + up, abs=1e-12
        )
        assert once == pytest.approx(-0.02 * np.exp(-25 / 20) + up, abs=1e-12)

    def test_spikes_of_one_step_act_as_pre_before_post(self, triplet):
        # The presynaptic spike reads o1 before, the postsynaptic one r1 after the other's spike.
        change = triplet.one(post=[10.0, 40.0], pre=40.0)
        assert change == pytest.approx(
            -0.02 * np.exp(-30 / 20) + 0.05 * np.exp(-30 / 40), abs=1e-12
        )

    def test_a_slot_knows_nothing_of_the_one_before(self, triplet):
        once = triplet.one(post=99.0, pre=1.0)
        assert once == 0.0
        assert triplet.one(post=99.0, pre=1.0, n_slots=3) == 0.0

    def test_weights_stay_between_0_and_w_max(self, triplet):
        assert triplet.one(post=10.0, pre=10.5, w=0.001) == -0.001
        assert triplet.one(post=[10.0, 11.0], pre=10.5, w=0.999) == pytest.approx(
            # first down from 0.999, then up to 1
            1 - 0.999,
            abs=1e-12,
        )


class TestOwnRule:
    def test_constants_reach_traces_and_what_spikes_do_to_them(self):
        rule = PlasticityRule(
            pre_traces="dx/dt = -x/tau_x : 1",
            on_pre_trace="x += jump",
            at_slot_start_pre="x = x_start",
            on_post="w = w + eta*x_pre",
            constants={"tau_x": 25 * ms, "jump": 2.0, "x_start": 0.5, "eta": 0.1},
        )
        pairs = Pairs(rule, n_pre=2, n_post=2)
        change = pairs.change(pre=[10.0], post=[30.0])
        assert change[0, 0] == pytest.approx(
            0.1 * (0.5 * np.exp(-30.5 / 25) + 2.0 * np.exp(-20 / 25)), abs=1e-12
        )
        assert change[1, 0] == pytest.approx(0.1 * 0.5 * np.exp(-30.5 / 25), abs=1e-12)

    def test_a_changed_constant_needs_no_new_program(self, pair):
        state = {"pre_to_post.a_plus": np.array([0.03])}
        rates = engine.RateStimulus(values=np.zeros((1, 1)))
        result = engine.run(
            pair.network,
            rates,
            seed=0,
            engine="numpy",
            program=pair.program,
            state=state | {"pre.first": np.array([10e-3]), "post.first": np.array([20e-3])},
        )
        np.testing.assert_allclose(result.state[W], 0.03 * np.exp(-10 / 17), rtol=1e-9)


def test_a_trace_of_an_input_decays_exactly():
    """The inputs' own method must not be a coarser one than the rule's window assumes."""
    network = Network(
        populations=(
            Population(name="input", n=30, neuron=PoissonInput()),
            Population(name="post", n=1, neuron=METRONOME),
        ),
        projections=(Projection(pre="input", post="post", on_pre="", rule=DiehlCookSTDP()),),
        watch="input",
        schedule=Schedule(presentation=60 * ms, rest=20 * ms, dt=0.5 * ms, min_spikes=0),
    )
    result = engine.run(
        network,
        engine.RateStimulus(values=np.full((1, 30), 40.0)),
        seed=2,
        engine="numpy",
        record="spikes",
    )
    last = np.full(30, -np.inf)
    np.maximum.at(last, result.spikes.units, result.spikes.times)
    assert np.isfinite(last).sum() > 20
    end = 80e-3 - 0.5e-3  # time of the last step
    np.testing.assert_allclose(
        result.state["input.r1"], np.exp(-(end - last) / 20e-3), rtol=1e-9, atol=1e-12
    )
