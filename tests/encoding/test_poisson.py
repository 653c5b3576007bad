"""PoissonEncoder and BernoulliEncoder: the laws of their spikes, seeds, parameters.

Each statistical test has a fixed seed and fails by chance, had it another seed, once in 1/ALPHA.
"""

import pickle

import numpy as np
import pytest
from brian2 import Hz, ms, second
from scipy import stats

from bioplastic.encoding import BernoulliEncoder, PoissonEncoder
from bioplastic.encoding._noise import sample_keys, uniform
from bioplastic.errors import ParameterError

ALPHA = 1e-3


@pytest.mark.statistical
class TestNoise:
    def test_numbers_are_uniform_and_know_nothing_of_each_other(self):
        keys = sample_keys(np.random.default_rng(0).random((300, 3)), 0)
        numbers = uniform(keys[:, None], np.arange(300))
        low_bits = (numbers * 2.0**40) % 1.0
        for some in (numbers, low_bits):
            assert stats.kstest(some.ravel(), "uniform").pvalue > ALPHA
        for one, next_one in ((numbers[1:], numbers[:-1]), (numbers[:, 1:], numbers[:, :-1])):
            table, _, _ = np.histogram2d(one.ravel(), next_one.ravel(), bins=10)
            assert stats.chisquare(table.ravel()).pvalue > ALPHA

    def test_neighbouring_seeds_know_nothing_of_each_other(self):
        X = np.random.default_rng(0).random((20_000, 3))
        one, other = (uniform(sample_keys(X, seed), np.zeros(1, int)) for seed in (4, 5))
        assert stats.pearsonr(one, other).pvalue > ALPHA


class TestKeys:
    def test_equal_samples_are_trials_of_their_own(self):
        keys = sample_keys(np.ones((1000, 2)), 0)
        assert len(np.unique(keys)) == 1000
        assert sample_keys(np.ones((10, 2)), 0).tolist() == keys[:10].tolist()

    def test_equal_numbers_give_equal_keys(self):
        X = np.array([[0, 1], [2, 3]])
        expected = sample_keys(X, 1).tolist()
        assert sample_keys(X.astype(np.uint8), 1).tolist() == expected
        assert sample_keys(X * np.array([-1.0, 1.0]) * [-1, 1], 1).tolist() == expected
        assert sample_keys(np.array([[-0.0, 1.0], [2.0, 3.0]]), 1).tolist() == expected
        assert sample_keys(X, 2).tolist() != expected


@pytest.mark.statistical
class TestPoissonLaw:
    RATES = np.array([0.0, 10.0, 40.0])
    N = 2000

    @pytest.fixture(scope="class")
    @staticmethod
    def spikes():
        encoder = PoissonEncoder(duration=500 * ms, rate_max=40 * Hz, random_state=7)
        return encoder.fit_transform(np.tile(TestPoissonLaw.RATES, (TestPoissonLaw.N, 1)))

    def test_mean(self, spikes):
        totals, means = spikes.counts().sum(axis=0), 0.5 * self.RATES * self.N
        assert totals[0] == 0
        for total, mean in zip(totals[1:], means[1:], strict=True):
            assert stats.poisson.cdf(total, mean) > ALPHA / 2
            assert stats.poisson.sf(total - 1, mean) > ALPHA / 2

    def test_fano_factor(self, spikes):
        counts = spikes.counts()[:, 1:]
        fano = counts.var(axis=0, ddof=1) / counts.mean(axis=0)
        # (n - 1) * Fano factor is chi-square distributed, in good approximation
        low, high = stats.chi2.ppf([ALPHA / 2, 1 - ALPHA / 2], self.N - 1) / (self.N - 1)
        assert ((low < fano) & (fano < high)).all()

    def test_counts_follow_poissons_law(self, spikes):
        observed = np.bincount(spikes.counts()[:, 1], minlength=20)
        expected = stats.poisson.pmf(np.arange(20), 5) * self.N
        tail = slice(12, None)
        observed = np.append(observed[:12], observed[tail].sum())
        expected = np.append(expected[:12], self.N - expected[:12].sum())
        assert stats.chisquare(observed, expected).pvalue > ALPHA

    def test_intervals_are_exponential(self):
        encoder = PoissonEncoder(duration=200 * second, rate_max=40 * Hz, random_state=7)
        spikes = encoder.fit_transform([[0.25, 1.0]])
        for unit, rate in ((0, 10), (1, 40)):
            intervals = np.diff(spikes.times[spikes.units == unit])
            assert stats.kstest(intervals, stats.expon(scale=1 / rate).cdf).pvalue > ALPHA
            assert stats.pearsonr(intervals[1:], intervals[:-1]).pvalue > ALPHA

    def test_times_are_uniform_and_fall_between_grid_points(self, spikes):
        assert stats.kstest(spikes.times / 0.5, "uniform").pvalue > ALPHA
        assert stats.kstest((spikes.times * 1e6) % 1, "uniform").pvalue > ALPHA

    def test_units_and_trials_are_independent(self, spikes):
        counts = spikes.counts()[:, 1:]
        assert stats.pearsonr(counts[:, 0], counts[:, 1]).pvalue > ALPHA
        assert stats.pearsonr(counts[1:, 1], counts[:-1, 1]).pvalue > ALPHA


@pytest.mark.statistical
class TestBernoulliLaw:
    P = np.array([0.0, 0.03, 0.5])
    N = 1500
    STEPS = 40

    @pytest.fixture(scope="class")
    @staticmethod
    def grid():
        """Whether there is a spike, of shape (n_samples, n_steps, n_units)."""
        self = TestBernoulliLaw
        encoder = BernoulliEncoder(duration=40 * ms, rate_max=500 * Hz, random_state=11)
        spikes = encoder.fit_transform(np.tile(self.P, (self.N, 1)))
        steps = np.rint(spikes.times * 1000).astype(int)
        np.testing.assert_allclose(spikes.times, steps * 1e-3, rtol=0, atol=1e-12)
        grid = np.zeros((self.N, self.STEPS, 3), dtype=int)
        sample = np.repeat(np.arange(self.N), np.diff(spikes.offsets))
        np.add.at(grid, (sample, steps, spikes.units), 1)
        return grid

    def test_at_most_one_spike_a_step(self, grid):
        assert grid.max() == 1
        assert grid[:, :, 0].sum() == 0

    def test_counts_are_binomial(self, grid):
        for unit, cut in ((1, np.arange(5)), (2, np.arange(13, 27))):
            counts = grid[:, :, unit].sum(axis=1)
            # classes: up to the first cut, each number between, the last cut and more
            classes = np.clip(counts, cut[0], cut[-1]) - cut[0]
            law = stats.binom(self.STEPS, self.P[unit])
            below = law.cdf(np.append(cut[:-1], np.inf))
            expected = np.diff(below, prepend=0) * self.N
            observed = np.bincount(classes, minlength=len(cut))
            assert stats.chisquare(observed, expected).pvalue > ALPHA

    def test_every_step_alike(self, grid):
        for unit in (1, 2):
            assert stats.chisquare(grid[:, :, unit].sum(axis=0)).pvalue > ALPHA

    def test_neighbours_are_independent(self, grid):
        for one, other in (
            (grid[:, 1:, 2], grid[:, :-1, 2]),
            (grid[:, :, 1], grid[:, :, 2]),
            (grid[1:, :, 2], grid[:-1, :, 2]),
        ):
            assert stats.pearsonr(one.ravel(), other.ravel()).pvalue > ALPHA


def test_probability_one_spikes_in_every_step():
    encoder = BernoulliEncoder(duration=7 * ms, rate_max=1 / ms, random_state=0).fit([[1.0]])
    assert encoder.transform([[1.0], [5.0]]).counts().tolist() == [[7], [7]]


@pytest.mark.parametrize("encoder", [BernoulliEncoder, PoissonEncoder])
class TestSeeds:
    X = np.full((3, 20), 0.7)

    def test_an_int_gives_the_same_spikes_in_every_call(self, encoder):
        fitted = encoder(random_state=5).fit(self.X)
        assert fitted.transform(self.X) == fitted.transform(self.X)
        assert encoder(random_state=6).fit(self.X).transform(self.X) != fitted.transform(self.X)
        again = pickle.loads(pickle.dumps(fitted))
        assert again.transform(self.X) == fitted.transform(self.X)

    def test_none_and_a_generator_give_new_ones(self, encoder):
        for state in (None, np.random.RandomState(0)):
            fitted = encoder(random_state=state).fit(self.X)
            assert fitted.transform(self.X) != fitted.transform(self.X)
        one, other = (
            encoder(random_state=np.random.RandomState(0)).fit_transform(self.X) for _ in range(2)
        )
        assert one == other

    def test_numpys_global_generator_stays_as_it_is(self, encoder):
        before = np.random.get_state()[1].copy()  # noqa: NPY002
        encoder(random_state=0).fit_transform(self.X)
        np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002

    def test_x_max_given_or_learned(self, encoder):
        assert encoder().fit([[2.0, 3.0]]).x_max_ == 3.0
        assert encoder(x_max=255).fit([[2.0, 3.0]]).x_max_ == 255.0
        one = encoder(random_state=0, x_max=4).fit(self.X)
        half = encoder(random_state=0, x_max=2, rate_max=63.75 / 2 * Hz).fit(self.X)
        np.testing.assert_allclose(one.transform(self.X).times, half.transform(self.X).times)


def test_larger_values_than_in_fit_fire_faster():
    encoder = PoissonEncoder(duration=100 * second, random_state=0, rate_max=10 * Hz).fit([[1.0]])
    assert encoder.transform([[3.0]]).counts().item() == pytest.approx(3000, abs=200)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"dt": 0.3 * ms}, "dt: must divide the duration of 350 ms into whole steps, got 0.3 ms"),
        ({"dt": 700 * ms}, "dt: must divide the duration"),
        ({"dt": 1.0}, "dt: must have the unit of"),
        ({"rate_max": 2000 * Hz}, "rate_max: must be at most one spike a step, 1000 Hz, got 2000"),
    ],
)
def test_bad_grid(parameters, message):
    with pytest.raises(ParameterError, match=rf"BernoulliEncoder\.{message}"):
        BernoulliEncoder(**parameters).fit([[1.0]])
