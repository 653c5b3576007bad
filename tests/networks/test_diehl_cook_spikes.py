"""Diehl & Cook's network on spike trains: times given, samples as long as they are."""

import numpy as np
import pytest
from brian2 import ms, mV
from numpy.testing import assert_allclose, assert_array_equal

from bioplastic import SpikeTrains
from bioplastic.errors import CheckpointError, DataError
from bioplastic.inspect import PlasticityRecorder, plot_receptive_fields
from bioplastic.models import DiehlCookSTDP, PoissonInput, SpikeInput
from bioplastic.networks import DiehlCook, DiehlCookClassifier

SMALL = {
    "n_neurons": 6,
    "n_epochs": 1,
    "rest": 5 * ms,
    "dt": 1 * ms,
    "norm": 8.0,
    "theta_plus": 0.1 * mV,
    "engine": "auto",
    "random_state": 2,
}


def make_words(n=16, seed=0, late=0.0):
    """Words of two kinds: one in the lower half of 20 channels, one in the upper half."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 2
    duration = 0.001 * rng.integers(35, 61, n)
    times, units, offsets = [], [], [0]
    for kind, length in zip(y, duration, strict=True):
        drawn = np.sort(rng.uniform(0, length - 0.002, 120))
        times.append(drawn + late)
        units.append(10 * kind + rng.integers(0, 10, 120))
        offsets.append(offsets[-1] + 120)
    trains = SpikeTrains(
        np.concatenate(times), np.concatenate(units), offsets, n_units=20, duration=duration
    )
    return trains, y


@pytest.fixture(scope="module")
def words():
    return make_words()


class TestHowSamplesAreShown:
    def test_a_sample_lasts_as_long_as_it_lasts(self, words):
        X, _ = words
        model = DiehlCook(**SMALL).fit(X)
        assert isinstance(model.network_.input.neuron, SpikeInput)
        spikes = model.transform_spikes(X)
        assert_allclose(spikes.duration, X.duration + 0.005)
        counts = model.transform(X)
        assert_array_equal(spikes.counts(), counts)
        assert counts.shape == (16, 6)
        assert counts.sum() > 0
        same = DiehlCook(**SMALL, presentation=40 * ms).fit(X)
        assert_allclose(same.transform_spikes(X).duration, 0.045)

    def test_is_presented_once_however_few_spikes_it_evokes(self, words):
        X, _ = words
        model = DiehlCook(**SMALL, min_spikes=1000, max_repeats=3).fit(X)
        assert model.n_presentations_ == len(X)
        assert model.history_["presentation"][-1] == len(X)
        assert not model.history_["repeated"].any()

    def test_a_sample_has_one_answer(self, words):
        X, _ = words
        model = DiehlCook(**SMALL).fit(X)
        counts = model.transform(X)
        assert_array_equal(model.transform(X[::-1]), counts[::-1])
        assert_array_equal(model.transform(X[3:4]), counts[3:4])

    def test_silence_is_nothing_special(self):
        silent = SpikeTrains([], [], [0, 0, 0], n_units=3, duration=0.01)
        model = DiehlCookClassifier(**{**SMALL, "norm": None}).fit(silent, [0, 1])
        assert model.transform(silent).sum() == 0
        assert set(model.predict(silent)) <= {0, 1}

    def test_numbers_still_become_poisson_spikes(self):
        model = DiehlCook(**SMALL, presentation=10 * ms, min_spikes=0).fit(np.ones((2, 3)))
        assert isinstance(model.network_.input.neuron, PoissonInput)
        assert model.network_.schedule.presentation == 10 * ms


def test_learns_two_words(words):
    X, y = words
    settings = {**SMALL, "engine": "cpp_standalone", "n_epochs": 10}
    model = DiehlCookClassifier(**settings, rule=DiehlCookSTDP(eta_plus=0.1, eta_minus=1e-3))
    later, truth = make_words(seed=1)
    assert model.fit(X, y).score(later, truth) == 1.0
    lower = model.weights_[:10].sum(axis=0) / model.weights_.sum(axis=0)
    assert lower.min() < 0.1
    assert lower.max() > 0.9
    fixed = DiehlCook(**settings, rule=DiehlCookSTDP(eta_plus=0.0, eta_minus=0.0)).fit(X)
    lower = fixed.weights_[:10].sum(axis=0) / fixed.weights_.sum(axis=0)
    assert lower.min() > 0.3
    assert lower.max() < 0.7


def test_norm_follows_the_rate_of_the_training_samples(words):
    X, _ = words
    rate = 120 * len(X) / X.duration.sum() / 20
    for slower, expected in ((0.5, 78 * 8.33 / (2 * rate)), (1.0, 20 / 4)):
        duration = X.duration * slower
        trains = SpikeTrains(X.times * slower, X.units, X.offsets, n_units=20, duration=duration)
        model = DiehlCook(**{**SMALL, "norm": None}).fit(trains)
        assert_allclose(model.network_.projections[0].norm, expected)


def test_engines_agree_and_so_does_any_number_of_processors(words):
    X, _ = words
    ours = DiehlCook(**SMALL | {"n_epochs": 2}).fit(X)
    compiled = DiehlCook(**SMALL | {"engine": "cpp_standalone", "n_epochs": 2}).fit(X)
    assert_allclose(compiled.weights_, ours.weights_, rtol=1e-7)
    assert_allclose(compiled.theta_, ours.theta_, rtol=1e-9)
    counts = compiled.transform(X)
    assert_array_equal(counts, ours.transform(X))
    assert_array_equal(compiled.set_params(n_jobs=2).transform(X), counts)
    # With constants of its own it is the same program.
    changed = DiehlCook(**{**SMALL, "engine": "cpp_standalone", "norm": None}).fit(X)
    assert changed.timings_["build"] == 0.0


class TestGoingOn:
    def test_partial_fit_continues_as_one_fit_would(self, words):
        X, _ = words
        whole = DiehlCook(**SMALL, shuffle=False).fit(X)
        parts = DiehlCook(**SMALL, shuffle=False).partial_fit(X[:7]).partial_fit(X[7:])
        assert_array_equal(parts.weights_, whole.weights_)
        assert_array_equal(parts.theta_, whole.theta_)

    def test_each_epoch_has_an_order_of_its_own(self, words):
        X, _ = words
        shuffled = DiehlCook(**SMALL | {"n_epochs": 2}).fit(X)
        again = DiehlCook(**SMALL | {"n_epochs": 2}).fit(X)
        in_turn = DiehlCook(**SMALL | {"n_epochs": 2}, shuffle=False).fit(X)
        assert_array_equal(again.weights_, shuffled.weights_)
        assert not np.array_equal(in_turn.weights_, shuffled.weights_)

    def test_a_longer_training_goes_on_from_a_checkpoint(self, words, tmp_path, interrupted):
        X, _ = words
        path = tmp_path / "c"
        interrupted(lambda: DiehlCook(**SMALL, checkpoint=path).fit(X))
        longer = DiehlCook(**SMALL | {"n_epochs": 2}, checkpoint=path, n_jobs=2).fit(X)
        fresh = DiehlCook(**SMALL | {"n_epochs": 2}).fit(X)
        assert_array_equal(longer.weights_, fresh.weights_)
        assert_array_equal(longer.theta_, fresh.theta_)
        assert longer.n_presentations_ == fresh.n_presentations_ == 2 * len(X)

    @pytest.mark.parametrize("change", ["a time", "a unit", "a length"])
    def test_a_checkpoint_of_other_spikes_is_refused(self, words, tmp_path, interrupted, change):
        X, _ = words
        path = tmp_path / "c"
        interrupted(lambda: DiehlCook(**SMALL, checkpoint=path).fit(X))
        times, units, duration = X.times.copy(), X.units.copy(), X.duration.copy()
        if change == "a time":
            times[0] *= 0.5
        elif change == "a unit":
            units[5] = (units[5] + 1) % 20
        else:
            duration[-1] += 0.001
        other = SpikeTrains(times, units, X.offsets, n_units=20, duration=duration)
        with pytest.raises(CheckpointError, match="data"):
            DiehlCook(**SMALL, checkpoint=path).fit(other)


class TestRefusals:
    def test_the_other_kind_is_refused(self, words):
        X, y = words
        model = DiehlCookClassifier(**SMALL).fit(X, y)
        numbers = X.counts().astype(float)
        for call in (model.predict, model.transform, model.transform_spikes):
            with pytest.raises(DataError, match="SpikeTrains, as in fit, got ndarray"):
                call(numbers)
        with pytest.raises(DataError, match=r"partial_fit: X must be SpikeTrains, as in fit"):
            model.partial_fit(numbers, y)
        model.set_params(presentation=10 * ms, min_spikes=0).fit(numbers, y)
        with pytest.raises(DataError, match="numbers, as in fit, got SpikeTrains"):
            model.predict(X)

    def test_other_widths_no_samples_and_missing_labels_are_refused(self, words):
        X, y = words
        model = DiehlCookClassifier(**SMALL).fit(X, y)
        with pytest.raises(DataError, match="20 units of fit, got 3"):
            model.predict(SpikeTrains([], [], [0, 0], n_units=3, duration=0.02))
        with pytest.raises(DataError, match="at least one sample"):
            model.fit(X[:0], y[:0])
        with pytest.raises(DataError, match="16 samples"):
            model.fit(X, y[:5])


def test_tells_what_it_presents(words):
    X, _ = words
    model = DiehlCook(**SMALL).fit(X)
    shown = model.presentation_of(X[:4])
    assert all(p.rule is None for p in shown.network.projections)
    found = shown.present(engine="numpy")
    assert_array_equal(found.counts, model.transform(X[:4]))


def test_can_be_looked_at(words):
    X, _ = words
    recorder = PlasticityRecorder(every=4)
    model = DiehlCook(**SMALL).fit(X, recorder=recorder)
    assert recorder.recording.weights().shape[-2:] == (20, 6)
    # A neuron's field is one column of channels.
    axes = plot_receptive_fields(model, image_shape=(20, 1))
    assert axes.images[0].get_array().shape == (20, 6)
