"""Distributions: what they draw against the laws of SciPy, and what they refuse."""

import dataclasses

import numpy as np
import pytest
from brian2 import get_dimensions, ms, mV, second
from scipy import stats

from bioplastic.errors import ParameterError
from bioplastic.models import AdaptiveLIF, Constant, LogUniform, Normal, Uniform
from bioplastic.models.distributions import Distribution, Gamma, LogNormal

N_DRAWN, ALPHA = 20_000, 1e-3

# What is drawn is in base units: seconds, volts.
LAWS = {
    "uniform": (Uniform(low=5 * ms, high=20 * ms), stats.uniform(0.005, 0.015)),
    "uniform below 0": (Uniform(low=-3.0, high=-1.0), stats.uniform(-3.0, 2.0)),
    "log-uniform": (LogUniform(low=5 * ms, high=0.1 * second), stats.loguniform(0.005, 0.1)),
    "log-normal": (LogNormal(median=18 * mV, sigma=0.7), stats.lognorm(0.7, scale=0.018)),
    "normal": (Normal(mean=-2.0, sd=0.5), stats.norm(-2.0, 0.5)),
    # METHODS: mean 1.1 s, standard deviation half of it, drawn again where not positive
    "normal above 0": (
        Normal(mean=1.1 * second, sd=0.55 * second, low=0 * second),
        stats.truncnorm(-2.0, np.inf, loc=1.1, scale=0.55),
    ),
    "gamma": (Gamma(mean=30 * mV, sd=30 * mV), stats.gamma(1.0, scale=0.03)),
    "narrow gamma": (Gamma(mean=4.0, sd=1.0), stats.gamma(16.0, scale=0.25)),
}


def draw(distribution, *, seed=0, size=N_DRAWN):
    return distribution.sample(np.random.default_rng(seed), size)


@pytest.mark.statistical
class TestLaws:
    @pytest.mark.parametrize("name", LAWS)
    def test_the_drawn_values_follow_the_law(self, name):
        distribution, law = LAWS[name]
        assert stats.kstest(draw(distribution), law.cdf).pvalue > ALPHA

    @pytest.mark.parametrize("name", LAWS)
    def test_the_test_would_notice_a_wrong_scale(self, name):
        distribution, law = LAWS[name]
        assert stats.kstest(draw(distribution) * 1.05, law.cdf).pvalue < ALPHA

    @pytest.mark.parametrize(("mean", "sd"), [(30.0, 30.0), (-19.0, 19.0), (-4.0, 1.0), (2.0, 5.0)])
    def test_gamma_is_given_by_mean_and_standard_deviation(self, mean, sd):
        drawn = draw(Gamma(mean=mean, sd=sd))
        assert (np.sign(drawn) == np.sign(mean)).all()
        assert drawn.mean() == pytest.approx(mean, abs=4 * sd / np.sqrt(N_DRAWN))
        assert drawn.std() == pytest.approx(sd, rel=0.1)

    def test_a_negative_gamma_is_the_mirror_of_a_positive_one(self):
        np.testing.assert_array_equal(
            draw(Gamma(mean=-3.0, sd=2.0)), -draw(Gamma(mean=3.0, sd=2.0))
        )

    def test_all_values_of_a_bounded_normal_lie_above_its_bound(self):
        assert draw(Normal(mean=0.1, sd=1.0, low=0.0)).min() > 0
        # a bound right below the mean refuses half of all values, and ends
        assert draw(Normal(mean=0.0, sd=1.0, low=-1e-9)).min() > -1e-9


class TestAll:
    @pytest.mark.parametrize("name", LAWS)
    def test_the_same_generator_draws_the_same(self, name):
        distribution, _ = LAWS[name]
        np.testing.assert_array_equal(draw(distribution, seed=3), draw(distribution, seed=3))
        assert not np.array_equal(draw(distribution, seed=3), draw(distribution, seed=4))

    @pytest.mark.parametrize("name", LAWS)
    @pytest.mark.parametrize("size", [0, 1, 7])
    def test_as_many_are_drawn_as_asked_for(self, name, size):
        drawn = draw(LAWS[name][0], size=size)
        assert drawn.shape == (size,)
        assert drawn.dtype == np.float64

    @pytest.mark.parametrize(
        "distribution",
        [
            Constant(value=3 * ms),
            Uniform(low=3 * ms, high=3 * ms),
            LogUniform(low=3 * ms, high=3 * ms),
            LogNormal(median=3 * ms, sigma=0.0),
            Normal(mean=3 * ms, sd=0 * ms, low=0 * ms),
        ],
        ids=lambda d: type(d).__name__,
    )
    def test_without_width_all_values_are_one(self, distribution):
        np.testing.assert_allclose(draw(distribution, size=5), 0.003, rtol=1e-12)
        assert get_dimensions(distribution.unit) == get_dimensions(ms)

    def test_one_of_ones_own_stands_where_the_others_do(self):
        @dataclasses.dataclass(frozen=True, kw_only=True, slots=True, repr=False)
        class Either(Distribution):
            one: object
            other: object

            @property
            def unit(self):
                return self.one

            def sample(self, rng, size):
                return rng.choice([float(self.one), float(self.other)], size)

        neuron = AdaptiveLIF(tau_membrane=Either(one=10 * ms, other=50 * ms))
        assert set(neuron.tau_membrane.sample(np.random.default_rng(0), 50)) == {0.01, 0.05}
        with pytest.raises(ParameterError, match="AdaptiveLIF.tau_membrane: must have the unit"):
            AdaptiveLIF(tau_membrane=Either(one=1 * mV, other=2 * mV))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Uniform(low=2.0, high=1.0), "Uniform.high: must be >= 2.0, got 1.0"),
        (lambda: Uniform(low=1 * ms, high=1 * mV), "Uniform.*must have the same unit"),
        (lambda: Uniform(low=1.0, high=1 * mV), "Uniform.*must have the same unit"),
        (lambda: LogUniform(low=0.0, high=1.0), "LogUniform: must have 0 < low <= high, got 0.0"),
        (lambda: LogUniform(low=2.0, high=1.0), "LogUniform: .* got 2.0 and 1.0"),
        (lambda: LogUniform(low=1 * ms, high=1.0), "LogUniform.*must have the same unit"),
        (lambda: LogNormal(median=0.0, sigma=1.0), "LogNormal: must have median > 0"),
        (lambda: LogNormal(median=1.0, sigma=-1.0), "sigma >= 0, got 1.0 and -1.0"),
        (lambda: LogNormal(median=1.0, sigma=np.nan), "sigma >= 0, got 1.0 and nan"),
        (lambda: Normal(mean=1.0, sd=-1.0), "Normal.sd: must be >= 0, got -1.0"),
        (lambda: Normal(mean=1.0, sd=1 * mV), "Normal.mean, Normal.sd: must have the same unit"),
        (lambda: Normal(mean=1.0, sd=1.0, low=1.0), "Normal.low: must be < 1.0, got 1.0"),
        (lambda: Normal(mean=1.0, sd=1.0, low=2.0), "Normal.low: must be < 1.0, got 2.0"),
        (lambda: Normal(mean=1 * ms, sd=1 * ms, low=0.0), "Normal.low: must have the same unit"),
        (lambda: Gamma(mean=0.0, sd=1.0), "Gamma: must have a mean other than 0"),
        (lambda: Gamma(mean=1.0, sd=0.0), "sd > 0, got 1.0 and 0.0"),
        (lambda: Gamma(mean=1.0, sd=1 * ms), "Gamma.mean, Gamma.sd: must have the same unit"),
    ],
)
def test_what_cannot_be_drawn_is_refused(make, message):
    with pytest.raises(ParameterError, match=message):
        make()
