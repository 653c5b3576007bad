"""SpikeAugmenter: laws of the changes, labels and groups, order, seeds, what it refuses."""

import numpy as np
import pytest
from brian2 import ms, second
from scipy import stats

from bioplastic import SpikeTrains
from bioplastic.encoding import SpikeAugmenter
from bioplastic.errors import DataError, ParameterError

ALPHA = 1e-3
SPIKE_NOISE = {"jitter": 1 * ms, "deletion": 0.1}
UNCHANGED = {"channel_shift": 0, "time_stretch": 0}


def words(n=300, *, n_units=400, n_spikes=20, low=150, high=250, seed=0):
    """Samples of different lengths with spikes in the middle channels, one of them silent."""
    rng = np.random.default_rng(seed)
    counts = rng.integers(1, n_spikes, n)
    counts[1] = 0
    offsets = np.concatenate([[0], counts.cumsum()])
    durations = rng.uniform(0.5, 1.0, n)
    sample = np.repeat(np.arange(n), counts)
    times = rng.uniform(0, 0.5, offsets[-1])
    times = times[np.lexsort((times, sample))]
    units = rng.integers(low, high, offsets[-1])
    return SpikeTrains(times, units, offsets, n_units=n_units, duration=durations)


def is_sorted(spikes):
    return all((np.diff(sample.times) >= 0).all() for sample in spikes)


class TestStructure:
    def test_originals_first_then_round_by_round(self):
        X, y = words(), np.arange(300)
        new, labels, groups = SpikeAugmenter(random_state=0).fit_resample(X, y, groups=y // 10)
        assert new.shape == (1200, 400)
        assert new[:300] == X
        assert labels.tolist() == list(range(300)) * 4
        np.testing.assert_array_equal(groups, labels // 10)
        assert is_sorted(new)
        # all the spikes of a word are there, in the channels' order, since none was shifted off
        for k in (0, 1, 7, 299):
            for copy in (new[300 + k], new[600 + k], new[900 + k]):
                assert len(copy.times) == len(X[k].times)
                assert len(np.unique(copy.units - X[k].units)) <= 1

    def test_sample_indices_tell_the_originals(self):
        augmenter = SpikeAugmenter(n_copies=2, include_original=False, random_state=0)
        new, _ = augmenter.fit_resample(words(5))
        assert augmenter.sample_indices_.tolist() == [0, 1, 2, 3, 4] * 2
        assert len(new) == 10

    def test_labels_of_any_kind_or_none(self):
        augmenter, X = SpikeAugmenter(n_copies=1, random_state=0), words(3)
        assert augmenter.fit_resample(X)[1] is None
        assert augmenter.fit_resample(X, ["a", "b", "c"])[1].tolist() == list("abcabc")
        assert augmenter.fit_resample(X, np.eye(3))[1].shape == (6, 3)
        new, none, groups = augmenter.fit_resample(X, groups=[5, 6, 7])
        assert (len(new), none, groups.tolist()) == (6, None, [5, 6, 7, 5, 6, 7])

    def test_no_copies_gives_the_originals(self):
        X = words(4)
        assert SpikeAugmenter(n_copies=0).fit_resample(X)[0] == X

    def test_without_changes_copies_are_the_originals(self):
        X = words()
        new, _ = SpikeAugmenter(n_copies=1, **UNCHANGED).fit_resample(X)
        assert new[300:] == X

    def test_the_originals_stay_as_they_are(self):
        X = words()
        before = X.times.copy(), X.units.copy(), X.duration.copy()
        SpikeAugmenter(jitter=5 * ms, deletion=0.2, random_state=0).fit_resample(X)
        for old, now in zip(before, (X.times, X.units, X.duration), strict=True):
            np.testing.assert_array_equal(old, now)

    def test_samples_without_spikes(self):
        silent = SpikeTrains([], [], [0, 0, 0], n_units=3, duration=1.0)
        new, _ = SpikeAugmenter(jitter=5 * ms, deletion=0.2, random_state=0).fit_resample(silent)
        assert len(new) == 8
        assert len(new.times) == 0


@pytest.mark.statistical
class TestLaws:
    """With a fixed seed; with another one, each would fail by chance once in 1/ALPHA."""

    def test_shift_is_normal_and_rounded(self):
        one = SpikeTrains([0.1], [1000], [0, 1], n_units=2001, duration=1.0)
        X = SpikeTrains.concatenate([one] * 3000)
        new, _ = SpikeAugmenter(
            n_copies=1, time_stretch=0, include_original=False, random_state=1
        ).fit_resample(X)
        shifts = new.units - 1000.0
        # half a channel of noise undoes the rounding
        shifts += np.random.default_rng(0).uniform(-0.5, 0.5, len(shifts))
        assert stats.kstest(shifts, stats.norm(scale=25).cdf).pvalue > ALPHA

    def test_stretch_is_log_normal_for_times_and_duration_alike(self):
        X = words(3000)
        new, _ = SpikeAugmenter(
            n_copies=1, channel_shift=0, include_original=False, random_state=2
        ).fit_resample(X)
        factors = new.duration / X.duration
        assert stats.kstest(np.log(factors), stats.norm(scale=0.12).cdf).pvalue > ALPHA
        per_spike = np.repeat(factors, np.diff(X.offsets))
        np.testing.assert_allclose(new.times, X.times * per_spike, rtol=1e-12)
        np.testing.assert_array_equal(new.units, X.units)

    def test_shift_and_stretch_are_independent_and_new_in_every_round(self):
        X = words(2000)
        X = X[np.diff(X.offsets) > 0]
        new, _ = SpikeAugmenter(n_copies=2, random_state=3).fit_resample(X)
        n = len(X)
        first, second_ = new[n : 2 * n], new[2 * n :]
        firsts = [
            part.units[part.offsets[:-1]] - X.units[X.offsets[:-1]] for part in (first, second_)
        ]
        factors = [np.log(part.duration / X.duration) for part in (first, second_)]
        for one, other in ((firsts[0], factors[0]), tuple(firsts), tuple(factors)):
            assert stats.pearsonr(one, other).pvalue > ALPHA

    def test_jitter_is_normal(self):
        X = SpikeTrains(np.full(5000, 0.5), np.arange(5000), [0, 5000], n_units=5000, duration=1.0)
        new, _ = SpikeAugmenter(
            n_copies=1, jitter=20 * ms, include_original=False, random_state=4, **UNCHANGED
        ).fit_resample(X)
        assert is_sorted(new)
        assert sorted(new.units) == list(range(5000))
        assert stats.kstest(new.times - 0.5, stats.norm(scale=0.02).cdf).pvalue > ALPHA
        assert stats.spearmanr(new.times, new.units).pvalue > ALPHA, "units move with their times"

    def test_deletion_is_binomial(self):
        X = words(500)
        new, _ = SpikeAugmenter(
            n_copies=1, deletion=0.3, include_original=False, random_state=5, **UNCHANGED
        ).fit_resample(X)
        p = stats.binomtest(len(new.times), len(X.times), 0.7).pvalue
        assert p > ALPHA
        left = set(zip(new.times.tolist(), new.units.tolist(), strict=True))
        assert left <= set(zip(X.times.tolist(), X.units.tolist(), strict=True))


class TestEnds:
    def test_spikes_shifted_off_the_ends_are_lost(self):
        X = SpikeTrains(np.arange(10) / 10, np.arange(10), [0, 10], n_units=10, duration=1.0)
        new, _ = SpikeAugmenter(
            n_copies=200, channel_shift=6, time_stretch=0, include_original=False, random_state=0
        ).fit_resample(X)
        for copy in new:
            shift = np.unique(copy.units - np.rint(copy.times * 10))
            assert len(shift) <= 1
            if len(shift):
                assert len(copy.times) == 10 - abs(shift.item())
        assert (np.diff(new.offsets) == 0).any(), "shifted away as a whole"
        assert new.units.min() == 0
        assert new.units.max() == 9

    def test_spikes_jittered_out_of_the_sample_are_lost(self):
        X = words(200)
        new, _ = SpikeAugmenter(
            n_copies=3, jitter=1 * second, include_original=False, random_state=0
        ).fit_resample(X)
        assert 0 < len(new.times) < 2 * len(X.times)
        assert (new.times >= 0).all()
        assert (new.times <= np.repeat(new.duration, np.diff(new.offsets))).all()
        assert is_sorted(new)

    def test_a_shift_beyond_all_numbers(self):
        new, _ = SpikeAugmenter(n_copies=1, channel_shift=1e30, random_state=0).fit_resample(
            words()
        )
        assert len(new) == 600


class TestSeeds:
    def test_an_int_gives_the_same_copies(self):
        X, augmenter = words(), SpikeAugmenter(random_state=1, **SPIKE_NOISE)
        first = augmenter.fit_resample(X)[0]
        assert augmenter.fit_resample(X)[0] == first
        assert SpikeAugmenter(random_state=2, **SPIKE_NOISE).fit_resample(X)[0] != first

    def test_none_gives_others(self):
        X, augmenter = words(20), SpikeAugmenter(**SPIKE_NOISE)
        assert augmenter.fit_resample(X)[0] != augmenter.fit_resample(X)[0]

    def test_numpys_global_generator_stays_as_it_is(self):
        before = np.random.get_state()[1].copy()  # noqa: NPY002
        SpikeAugmenter(random_state=1).fit_resample(words(5))
        np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


class TestRefusals:
    @pytest.mark.parametrize(
        ("parameters", "message"),
        [
            ({"n_copies": -1}, "n_copies: must be a whole number at least 0, got -1"),
            ({"n_copies": 1.5}, "n_copies: must be a whole number"),
            (
                {"n_copies": 0, "include_original": False},
                "n_copies: must be a whole number at least 1, got 0",
            ),
            ({"channel_shift": -1}, "channel_shift: must be a number at least 0, got -1"),
            ({"channel_shift": np.nan}, "channel_shift: must be a number at least 0, got nan"),
            ({"time_stretch": 6}, "time_stretch: must be a number from 0 to 5, got 6"),
            ({"jitter": 0.001}, "jitter: must have the unit of"),
            ({"jitter": -1 * ms}, "jitter: must be one finite value >= 0"),
            ({"deletion": 1}, "deletion: must be below 1, got 1"),
            ({"deletion": 1.1}, "deletion: must be a number from 0 to 1, got 1.1"),
        ],
    )
    def test_bad_parameters(self, parameters, message):
        with pytest.raises(ParameterError, match=rf"SpikeAugmenter\.{message}"):
            SpikeAugmenter(**parameters).fit_resample(words(3))

    def test_bad_data(self):
        augmenter, X = SpikeAugmenter(), words(3)
        with pytest.raises(DataError, match="X must be SpikeTrains, got ndarray; encode arrays"):
            augmenter.fit_resample(X.counts())
        with pytest.raises(DataError, match="X must hold samples, got none"):
            augmenter.fit_resample(X[:0])
        with pytest.raises(DataError, match="y must have one entry for each of the 3 samples"):
            augmenter.fit_resample(X, [1, 2])
        with pytest.raises(DataError, match="groups must have one entry for each of the 3"):
            augmenter.fit_resample(X, [1, 2, 3], groups=[1])
        with pytest.raises(DataError, match="y must have one entry"):
            augmenter.fit_resample(X, 5)

    def test_it_is_no_step_of_a_pipeline(self):
        assert not hasattr(SpikeAugmenter(), "fit")
        assert not hasattr(SpikeAugmenter(), "transform")

    def test_channels_spread_about_the_middle_by_a_log_normal_factor(self):
        one = SpikeTrains([0.1, 0.2, 0.3], [500, 1000, 1400], [0, 3], n_units=2001, duration=1.0)
        X = SpikeTrains.concatenate([one] * 2000)
        new, _ = SpikeAugmenter(
            n_copies=1, channel_shift=0, time_stretch=0, channel_stretch=0.1,
            include_original=False, random_state=8,
        ).fit_resample(X)  # fmt: skip
        units = new.units.reshape(-1, 3)  # none is lost: 500 is far from the ends
        assert (units[:, 1] == 1000).all()
        factors = (1000 - units[:, 0]) / 500
        assert stats.kstest(np.log(factors), stats.norm(scale=0.1).cdf).pvalue > ALPHA
        np.testing.assert_allclose(units[:, 2] - 1000, 400 * factors, atol=1.0)
