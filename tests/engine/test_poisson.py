"""Poisson inputs: drawn by their gaps, yet with the law of one draw a step."""

import numpy as np
import pytest
from brian2 import ms
from scipy import stats

from bioplastic import engine
from bioplastic.models import LIF, Network, PoissonInput, Population, Projection, Schedule

ALPHA = 1e-3
DT, N_STEPS, REST = 1e-3, 200, 50
N_SAMPLES, N_INPUTS = 40, 60
#: Input `i` fires at one of these, in hertz; dt is so coarse that Poisson and Bernoulli differ.
RATES = np.array([5.0, 50.0, 300.0])


def declare(**schedule):
    lengths = {"presentation": N_STEPS * DT * 1e3 * ms, "rest": REST * ms, "min_spikes": 0}
    return Network(
        populations=(Population(name="input", n=N_INPUTS, neuron=PoissonInput()),),
        watch="input",
        schedule=Schedule(dt=1 * ms, **lengths | schedule),
    )


def present(values, *, seed=7, network=None, **kwargs):
    return engine.run(
        network or declare(),
        engine.RateStimulus(values=values),
        seed=seed,
        engine="numpy",
        record="spikes",
        **kwargs,
    )


@pytest.fixture(scope="module")
def rates():
    return np.tile(np.repeat(RATES, N_INPUTS // len(RATES)), (N_SAMPLES, 1))


@pytest.fixture(scope="module")
def result(rates):
    return present(rates)


@pytest.fixture(scope="module")
def raster(result):
    """Whether there is a spike, (n_samples, n_inputs, n_steps with those of the rest)."""
    spikes = result.spikes
    sample = np.repeat(np.arange(len(spikes)), np.diff(spikes.offsets))
    step = np.rint(spikes.times / DT).astype(int)
    table = np.zeros((len(spikes), N_INPUTS, N_STEPS + REST), dtype=int)
    np.add.at(table, (sample, spikes.units, step), 1)
    return table


@pytest.mark.statistical
class TestLaw:
    @pytest.mark.parametrize("rate", RATES)
    def test_counts_are_binomial(self, result, rates, rate):
        counts = result.counts[rates == rate]
        law = stats.binom(N_STEPS, rate * DT)
        # bins of at least some ten expected counts
        edges = np.unique(law.ppf(np.linspace(0, 1, 12)[1:-1]))
        bins = np.concatenate([[-np.inf], edges, [np.inf]])
        observed, _ = np.histogram(counts, bins=np.nextafter(bins, np.inf))
        expected = np.diff(np.concatenate([[0], law.cdf(edges), [1]])) * counts.size
        assert expected.min() > 5
        assert stats.chisquare(observed, expected).pvalue > ALPHA

    @pytest.mark.parametrize("rate", RATES)
    def test_every_step_has_the_same_chance(self, raster, rates, rate):
        # the first step too, where a gap that began before the slot would be cut short
        chosen = raster[:, rates[0] == rate, :N_STEPS]
        blocks = chosen.sum(axis=(0, 1)).reshape(20, -1).sum(axis=1)
        assert stats.chisquare(blocks).pvalue > ALPHA
        first = chosen[:, :, 0].sum()
        assert stats.binomtest(int(first), chosen[:, :, 0].size, rate * DT).pvalue > ALPHA

    def test_gaps_are_geometric(self, raster, rates):
        chance = 300.0 * DT
        gaps = []
        for train in raster[:, rates[0] == 300.0, :N_STEPS].reshape(-1, N_STEPS):
            # Only gaps that begin in the first half: later ones may be cut short by the rest.
            steps = np.flatnonzero(train)
            gaps.append(np.diff(steps)[steps[:-1] < N_STEPS // 2])
        gaps = np.concatenate(gaps)
        longest = 15
        observed = np.bincount(np.minimum(gaps, longest), minlength=longest + 1)[1:]
        law = stats.geom(chance)
        expected = np.append(law.pmf(np.arange(1, longest)), law.sf(longest - 1)) * gaps.size
        assert stats.chisquare(observed, expected).pvalue > ALPHA

    def test_inputs_are_independent_of_each_other(self, raster, rates):
        chosen = raster[:, rates[0] == 300.0, :N_STEPS]
        one, other = chosen[:, :-1].ravel(), chosen[:, 1:].ravel()
        assert stats.pearsonr(one, other).pvalue > ALPHA

    def test_samples_have_noise_of_their_own(self, raster, rates):
        chosen = raster[:, rates[0] == 300.0, :N_STEPS]
        one, other = chosen[:-1].ravel(), chosen[1:].ravel()
        assert stats.pearsonr(one, other).pvalue > ALPHA


def test_no_more_than_one_spike_a_step_and_none_in_the_rest(raster):
    assert raster.max() == 1
    assert raster[:, :, N_STEPS:].sum() == 0
    assert raster[:, :, N_STEPS - 1].sum() > 0, "the last step of the presentation is part of it"


@pytest.mark.parametrize("name", ["numpy", "cpp_standalone"])
def test_silent_inputs_stay_silent(name):
    # 1e-6 Hz: a gap of 1e9 steps, more than 32 bits hold
    values = np.tile([0.0, 1e-12, 1e-6, 1e-4, 300.0, 0.0], (20, N_INPUTS // 6))
    result = engine.run(declare(), engine.RateStimulus(values=values), seed=3, engine=name)
    assert result.counts[values <= 1e-4].sum() == 0
    assert result.counts[values == 300.0].min() > 20


def test_a_rate_of_1_over_dt_and_more_fires_in_every_step():
    result = present(np.full((2, N_INPUTS), 5000.0))
    assert (result.counts >= N_STEPS - 1).all()


class TestNoiseOfASample:
    def test_it_follows_from_seed_and_key_alone(self, rates):
        whole = present(rates[:4])
        order = np.array([2, 0])
        some = engine.run(
            declare(),
            engine.RateStimulus(values=rates[:4], order=order, keys=order.astype(float)),
            seed=7,
            engine="numpy",
            record="spikes",
        )
        for k, sample in enumerate(order):
            np.testing.assert_array_equal(some.spikes[k].times, whole.spikes[sample].times)
            np.testing.assert_array_equal(some.spikes[k].units, whole.spikes[sample].units)

    def test_another_seed_gives_other_noise(self, rates, result):
        other = present(rates[:4], seed=8)
        assert (other.counts != result.counts[:4]).mean() > 0.5


def test_a_repetition_brings_more_input_and_other_noise():
    network = Network(
        populations=(
            Population(name="input", n=N_INPUTS, neuron=PoissonInput(boost=1.0)),
            Population(name="output", n=1, neuron=LIF()),
        ),
        # Nothing reaches the output: every sample is repeated until `max_repeats`.
        projections=(Projection(pre="input", post="output", on_pre="v_post += w*mV", weight=0.0),),
        watch="output",
        schedule=Schedule(
            presentation=100 * ms, rest=0 * ms, dt=1 * ms, min_spikes=1, max_repeats=3
        ),
    )
    result = engine.run(
        network, engine.RateStimulus(values=np.full((2, N_INPUTS), 50.0)), seed=1, engine="numpy"
    )
    assert result.repeats.tolist() == [0, 1, 2, 3] * 2
    assert result.state["input.rate"][0] == 50.0 * (1 + 3 * 1.0)
    assert result.n_done == 2
    assert result.counts.shape == (2, 1)
