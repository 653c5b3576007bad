"""Neurons that keep a rate: by their threshold, or by scaling what comes in."""

import numpy as np
import pytest
from brian2 import Hz, ms, mV, second

from bioplastic import engine
from bioplastic.errors import ParameterError
from bioplastic.models import (
    LIF,
    HomeostaticLIF,
    Network,
    PairSTDP,
    PlasticityRule,
    PoissonInput,
    Population,
    Projection,
    Schedule,
    SynapticScaling,
    combine_rules,
)
from bioplastic.models.intrinsic import AdaptiveThresholdLIF

N_INPUT, N, SLOT = 20, 4, 0.6
# From hardly any drive to a strong one.
STRENGTHS = np.tile(np.array([0.3, 0.5, 0.7, 1.0]), N_INPUT)
HOMEOSTATIC = HomeostaticLIF(rate_target=10 * Hz, theta_plus=0.5 * mV)
ADAPTIVE = AdaptiveThresholdLIF(tau_theta=200 * ms, theta_plus=2 * mV)
STDP = PairSTDP(a_plus=0.0005, a_minus=0.0, w_max=10.0)
SCALING = SynapticScaling(beta=0.02, rate_target=12 * Hz, tau_activity=2 * second, w_max=10.0)


def declare(**outputs):
    """Populations of neurons side by side, each with its rule, that hear the same input."""
    return Network(
        populations=(
            Population(name="input", n=N_INPUT, neuron=PoissonInput()),
            *(Population(name=name, n=N, neuron=neuron) for name, (neuron, _) in outputs.items()),
        ),
        projections=tuple(
            Projection(pre="input", post=name, on_pre="i_syn_post += 5*w*mV", rule=rule)
            for name, (_, rule) in outputs.items()
        ),
        watch=tuple(outputs),
        schedule=Schedule(presentation=500 * ms, rest=100 * ms, dt=1 * ms, min_spikes=0),
    )


NEURONS = declare(plain=(LIF(), None), keeps=(HOMEOSTATIC, None), adapts=(ADAPTIVE, None))
RULES = declare(
    scales=(LIF(), SCALING), learns=(LIF(), STDP), both=(LIF(), combine_rules(STDP, SCALING))
)


def simulate(network, n_samples, w, **state):
    """Rate of each neuron in each sample, rest included, by population; and the state after."""
    samples = engine.RateStimulus(values=np.full((n_samples, N_INPUT), 40.0))
    state |= {f"{p.name}.w": w for p in network.projections}
    result = engine.run(network, samples, seed=0, state=state)
    rates = np.split(result.counts / SLOT, len(network.watched), axis=1)
    return dict(zip(network.watched, rates, strict=True)), result.state


class TestNeurons:
    def test_one_comes_to_its_rate_whatever_drives_it(self):
        rates, state = simulate(NEURONS, 300, STRENGTHS)
        mean = {name: rate[-100:].mean(axis=0) for name, rate in rates.items()}
        assert mean["plain"].min() < 5
        assert mean["plain"].max() > 30
        np.testing.assert_allclose(mean["keeps"], 10, rtol=0, atol=0.5)
        assert (np.diff(state["keeps.theta"]) > 0).all()
        assert (mean["adapts"][1:] < 0.8 * mean["plain"][1:]).all()

    def test_its_threshold_counts_spikes(self):
        """Up by `theta_plus` a spike, down evenly: what is left says how many spikes there were."""
        rates, state = simulate(NEURONS, 20, STRENGTHS)
        spikes, seconds = rates["keeps"].sum(axis=0) * SLOT, 20 * SLOT
        expected = 0.5e-3 * (spikes - 10 * seconds)
        np.testing.assert_allclose(state["keeps.theta"], expected, rtol=0, atol=1e-9)

    def test_an_adaptive_threshold_decays(self):
        begin = {"adapts.theta": np.full(N, 5e-3)}
        _, state = simulate(NEURONS, 1, np.zeros(N_INPUT * N), **begin)
        np.testing.assert_allclose(state["adapts.theta"], 5e-3 * np.exp(-3), rtol=1e-9)

    def test_frozen_they_stay(self):
        theta = np.array([-1e-3, 0.0, 1e-3, 2e-3])
        begin = {"keeps.theta": theta, "adapts.theta": theta}
        rates, state = simulate(NEURONS.frozen(), 3, STRENGTHS, **begin)
        assert rates["keeps"].sum() > 0
        np.testing.assert_allclose(state["keeps.theta"], theta, rtol=1e-12)
        np.testing.assert_allclose(state["adapts.theta"], theta, rtol=1e-12)


class TestSynapticScaling:
    def test_every_neuron_comes_to_its_rate_and_ratios_are_kept(self):
        pattern = np.linspace(0.5, 1.5, N_INPUT)[:, np.newaxis] * STRENGTHS.reshape(N_INPUT, N)
        rates, state = simulate(RULES, 300, pattern.ravel())
        # the activity of samples and rests alike
        np.testing.assert_allclose(rates["scales"][-100:].mean(axis=0), 12, rtol=0, atol=0.6)
        weights = state["input_to_scales.w"].reshape(N_INPUT, N)
        ratios = weights / pattern
        np.testing.assert_allclose(ratios, np.broadcast_to(ratios[0], ratios.shape), rtol=1e-9)
        assert ratios[0].max() / ratios[0].min() > 1.5

    def test_a_silent_neuron_grows_as_the_equation_says(self):
        _, state = simulate(RULES, 2, np.full(N_INPUT * N, 0.01))
        grown = 0.01 * (1 + 0.02 * 12 * 0.01) ** 120  # every 10 ms of 1.2 s
        np.testing.assert_allclose(state["input_to_scales.w"], grown, rtol=1e-9)

    def test_the_interval_must_fit_the_steps(self):
        network = declare(scales=(LIF(), SynapticScaling(update_interval=2.5 * ms)))
        with pytest.raises(ParameterError, match="SynapticScaling.update_interval: .*dt=1. ms"):
            engine.open_program(network, engine="numpy")


class TestCombined:
    def test_stdp_and_scaling_do_both(self):
        rates, state = simulate(RULES, 400, STRENGTHS)
        assert rates["learns"][-100:].mean() > 40, "STDP alone makes it fire more and more"
        assert rates["both"][-100:].mean() == pytest.approx(12, abs=3)
        ratios = state["input_to_both.w"] / STRENGTHS
        assert np.ptp(ratios[::N]) > 0.01, "STDP changed nothing"

    @pytest.mark.parametrize(
        ("rules", "message"),
        [
            ([], "at least one rule"),
            ([PairSTDP(), "pair"], "must be given PlasticityRules, got 'pair'"),
            ([PairSTDP(), PairSTDP(w_max=2.0)], "w_max must be the same .* got 1.0 and 2.0"),
            (
                [
                    SynapticScaling(),
                    PlasticityRule(every_step="w = w", update_interval=1 * ms),
                ],
                "update_interval must be the same",
            ),
        ],
    )
    def test_what_does_not_go_together_is_refused(self, rules, message):
        with pytest.raises(ParameterError, match=f"combine_rules: .*{message}"):
            combine_rules(*rules)
