"""SpikeTimeClassifier: what it equals, what must always hold, what it finds, in scikit-learn."""

import pickle

import numpy as np
import pytest
from brian2 import Quantity, ms, mV, second
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    StratifiedKFold,
    cross_val_predict,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.utils import estimator_checks, get_tags

from bioplastic import SpikeTrains
from bioplastic.algebra import evaluate, gram_matrix
from bioplastic.algebra.projection import project
from bioplastic.errors import DataError, ParameterError
from bioplastic.networks import LiquidStateMachine
from bioplastic.readout import SpikeTimeClassifier

LENGTH = 0.5
KINDS = [
    {"residual": residual, "selection": selection}
    for residual in ("decision", "train")
    for selection in ("shared", "one_vs_rest")
]
every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: "-".join(kind.values()))
property_test = settings(max_examples=15, deadline=None)


def trains(samples, *, n_units, duration=LENGTH):
    """Samples of (time, unit) in any order."""
    samples = [sorted(sample) for sample in samples]
    return SpikeTrains(
        [time for sample in samples for time, _ in sample],
        [unit for sample in samples for _, unit in sample],
        np.cumsum([0, *map(len, samples)]), n_units=n_units, duration=duration,
    )  # fmt: skip


def noise(n_samples, n_units, *, n_spikes=4, seed=0):
    """Samples in which each unit has a Poisson number of spikes at any time."""
    rng = np.random.default_rng(seed)
    return trains(
        [
            [(rng.uniform(0, LENGTH), unit) for unit in np.repeat(np.arange(n_units), counts)]
            for counts in rng.poisson(n_spikes, (n_samples, n_units))
        ],
        n_units=n_units,
    )


def by_time(n_samples, *, n_classes=2, n_units=12, informative=(7, 3), seed=0):
    """Labels, and samples in which informative units spike when the class says, as often as all."""
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.arange(n_samples) % n_classes)
    samples = []
    for label in y:
        sample = [(rng.uniform(0, LENGTH), unit) for unit in range(n_units) for _ in range(3)]
        for k, unit in enumerate(informative):
            sample = [event for event in sample if event[1] != unit]
            centre = LENGTH * (label + 0.5) / n_classes
            width = 0.02 * (1 + 2 * k)  # the first unit says it better
            times = np.clip(rng.normal(centre, width, size=3), 0, LENGTH)
            sample += [(time, unit) for time in times]
        samples.append(sample)
    return trains(samples, n_units=n_units), y


def moved(X, *, units=None, shift=0.0, factor=1.0):
    """The same spikes with other numbers of units, later, or in time that runs slower."""
    units = np.arange(X.n_units) if units is None else np.argsort(units)
    return SpikeTrains(
        X.times * factor + shift, units[X.units], X.offsets, n_units=X.n_units,
        duration=X.duration * factor + 2 * shift,
    )  # fmt: skip


def everything(**given):
    """Decoder that takes every unit."""
    return SpikeTimeClassifier(**{"max_neurons": 1.0, "tol": 0.0, "tau": 50 * ms, **given})


def indices(chosen):
    """Chosen units of all parts, as lists."""
    return [list(part) for part in (chosen if isinstance(chosen, list) else [chosen])]


class TestInvariances:
    @every_kind
    @property_test
    @given(seed=st.integers(0, 10**6), n_classes=st.integers(2, 3))
    def test_the_order_of_units_is_nothing(self, kind, seed, n_classes):
        X, y = noise(40, 6, seed=seed), np.arange(40) % n_classes
        order = np.random.default_rng(seed).permutation(6)
        found = SpikeTimeClassifier(max_neurons=3, n_references=3, **kind).fit(X, y)
        other = clone(found).fit(moved(X, units=order), y)
        assert [[order[j] for j in part] for part in indices(other.selected_)] == indices(
            found.selected_
        )
        np.testing.assert_allclose(other.weights_, found.weights_[order], rtol=1e-7, atol=1e-10)

    @every_kind
    @property_test
    @given(seed=st.integers(0, 10**6), shift=st.floats(0, 2))
    def test_a_common_shift_is_nothing(self, kind, seed, shift):
        X, y = noise(30, 5, seed=seed), np.arange(30) % 3
        times = np.array([0.1, 0.25, 0.4])
        found = SpikeTimeClassifier(references=times * second, max_neurons=3, **kind).fit(X, y)
        later = clone(found).set_params(references=(times + shift) * second)
        later.fit(moved(X, shift=shift), y)
        assert indices(later.selected_) == indices(found.selected_)
        np.testing.assert_allclose(
            later.decision_function(moved(X, shift=shift)), found.decision_function(X), atol=1e-8
        )

    @property_test
    @given(seed=st.integers(0, 10**6), factor=st.floats(0.3, 3))
    def test_relative_references_follow_each_sample(self, seed, factor):
        X, y = noise(30, 5, seed=seed), np.arange(30) % 3
        # The kernel does not stretch, so that it must not matter here.
        found = everything(relative=True, n_references=4, tau=1e6 * second, alpha=1e-3).fit(X, y)
        np.testing.assert_allclose(
            found.decision_function(moved(X, factor=factor)), found.decision_function(X), atol=1e-4
        )
        stretched = clone(found).set_params(tau=factor * 50 * ms).fit(moved(X, factor=factor), y)
        np.testing.assert_allclose(
            stretched.decision_function(moved(X, factor=factor)),
            clone(found).set_params(tau=50 * ms).fit(X, y).decision_function(X),
            atol=1e-6,
        )

    def test_words_of_all_lengths(self):
        X, y = by_time(60)
        factors = np.random.default_rng(0).uniform(0.5, 2, size=60)
        parts = [moved(x, factor=factor) for x, factor in zip(X, factors, strict=True)]
        spoken = SpikeTrains.concatenate(parts)
        relative = SpikeTimeClassifier(tau=20 * ms, relative=True, n_references=4, max_neurons=2)
        assert cross_val_score(relative, spoken, y).mean() > 0.9
        np.testing.assert_allclose(
            relative.fit(spoken, y).references_, [1 / 8, 3 / 8, 5 / 8, 7 / 8]
        )


class TestWhatItEquals:
    @pytest.mark.parametrize("alpha", [1e-12, 0.1, 3.0])
    @pytest.mark.parametrize("n_classes", [2, 4])
    def test_all_units_are_ridge_regression_on_the_values(self, alpha, n_classes):
        X, y = noise(100, 5), np.arange(100) % n_classes
        found = everything(alpha=alpha, n_references=3).fit(X, y)
        values = evaluate(X, found.references_ * second, tau=50 * ms)
        flat = values.reshape(100, -1)
        ridge = alpha * ((values - values.mean(axis=0)) ** 2).sum(axis=0).mean()
        targets = 2.0 * (y[:, np.newaxis] == found.classes_) - 1
        expected = Ridge(alpha=ridge).fit(flat, targets)
        decision = expected.predict(flat)
        np.testing.assert_allclose(
            found.decision_function(X), decision[:, 1] if n_classes == 2 else decision, atol=1e-7
        )
        weights, intercept = expected.coef_.T, expected.intercept_
        if n_classes == 2:
            weights, intercept = weights[:, 1:], intercept[1:]
        np.testing.assert_allclose(found.weights_.reshape(15, -1), weights, rtol=1e-6, atol=1e-8)
        np.testing.assert_allclose(found.intercept_, intercept, atol=1e-7)
        # Every class by itself is the same, where each takes all units.
        apart = clone(found).set_params(selection="one_vs_rest").fit(X, y)
        np.testing.assert_allclose(apart.weights_, found.weights_, rtol=1e-6, atol=1e-8)

    @pytest.mark.parametrize("selection", ["shared", "one_vs_rest"])
    def test_all_units_near_the_reference_trains_are_kernel_least_squares(self, selection):
        X, y = noise(50, 6), np.arange(50) % 3
        times = np.array([0.1, 0.3])
        found = everything(
            alpha=0.0, residual="train", selection=selection, references=times * second
        ).fit(X, y)
        expected = 0
        for k, time in enumerate(times):
            # One train for each class, and one that all samples have: targets are 2 * own - 1.
            wanted = trains([[(time, label), (time, 3)] for label in y], n_units=4)
            onto = project(wanted, X, tau=50 * ms).coefficients
            expected = 2 * onto[:, :3] - 2 * onto[:, 3:] * np.bincount(y) / 50
            np.testing.assert_allclose(found.weights_[:, k], expected / 2, rtol=1e-8, atol=1e-12)

    def test_it_solves_the_normal_equations_of_the_selected(self):
        X, y = noise(50, 8), np.arange(50) % 2
        found = SpikeTimeClassifier(
            alpha=0.3, residual="train", references=0.2 * second, max_neurons=3, tau=50 * ms
        ).fit(X, y)
        S, gram = found.selected_, gram_matrix(X, tau=50 * ms)
        targets = 2.0 * y - 1
        values = evaluate(X, found.references_ * second, tau=50 * ms)[:, :, 0]
        b = values.T @ (targets - targets.mean())
        left = gram[np.ix_(S, S)] + 0.3 * np.diag(gram).mean() * np.eye(3)
        weights = np.linalg.solve(left, b[S])
        np.testing.assert_allclose(found.weights_[S, 0, 0], weights, rtol=1e-9)
        assert not np.delete(found.weights_, S, axis=0).any()
        # The penalised error of so many units is what is left.
        explained = b[S] @ weights / (targets**2).sum()
        assert found.residual_[-1] == pytest.approx(1 - explained)

    @pytest.mark.parametrize("n_references", [1, 4])
    def test_endless_tau_counts_spikes(self, n_references):
        X, y = noise(80, 5), np.arange(80) % 3
        found = everything(tau=np.inf * second, n_references=n_references, alpha=0.01).fit(X, y)
        counts = X.counts().astype(float)
        # Equal regressors share their weight, and the penalty with it.
        ridge = 0.01 * ((counts - counts.mean(axis=0)) ** 2).sum(axis=0).mean() / n_references
        expected = Ridge(alpha=ridge).fit(counts, 2.0 * np.eye(3)[y] - 1)
        np.testing.assert_allclose(found.weights_.sum(axis=1), expected.coef_.T, atol=1e-6)
        np.testing.assert_allclose(found.decision_function(X), expected.predict(counts), atol=1e-6)

    @every_kind
    @pytest.mark.parametrize("n_classes", [2, 3])
    def test_what_is_stored_is_consistent(self, kind, n_classes):
        X, y = by_time(60, n_classes=n_classes)
        found = SpikeTimeClassifier(max_neurons=5, n_references=4, **kind).fit(X, y)
        several = kind["selection"] == "one_vs_rest" and n_classes > 2
        assert isinstance(found.selected_, list) == several
        n_outputs = 1 if n_classes == 2 else n_classes
        assert found.weights_.shape == (12, 4, n_outputs)
        assert found.intercept_.shape == (n_outputs,)
        ratios, left = found.error_reduction_ratio_, found.residual_
        parts = (found.selected_, ratios, left)
        for chosen, ratio, rest in zip(*parts, strict=True) if several else [parts]:
            assert len(chosen) == len(ratio) == len(rest) == 5
            assert ((ratio > 0) & (ratio <= 1)).all()
            assert (np.diff(rest) < 0).all()
            np.testing.assert_allclose(rest, 1 - np.cumsum(ratio))
        used = np.flatnonzero(found.weights_.any(axis=(1, 2)))
        np.testing.assert_array_equal(used, np.unique(np.concatenate(indices(found.selected_))))
        assert found.n_neurons_ == len(used)
        if several:
            for c, chosen in enumerate(found.selected_):
                own = np.flatnonzero(found.weights_[:, :, c].any(axis=1))
                np.testing.assert_array_equal(own, np.sort(chosen))
        assert found.tau_ == 0.03
        np.testing.assert_allclose(found.references_, LENGTH * np.array([1, 3, 5, 7]) / 8)

    @every_kind
    @pytest.mark.parametrize("n_classes", [2, 3])
    def test_stages_are_decoders_with_fewer_units(self, kind, n_classes):
        X, y = noise(60, 8), np.arange(60) % n_classes
        found = SpikeTimeClassifier(max_neurons=6, n_references=3, tol=0.0, **kind).fit(X, y)
        held_out = noise(40, 8, seed=1)
        stages = list(found.staged_predict(held_out))
        assert len(stages) == 6
        for n, labels in enumerate(stages, start=1):
            fewer = clone(found).set_params(max_neurons=n).fit(X, y)
            np.testing.assert_array_equal(labels, fewer.predict(held_out))
        np.testing.assert_array_equal(stages[-1], found.predict(held_out))


class TestWhatItFinds:
    @every_kind
    @pytest.mark.parametrize("n_classes", [2, 4])
    def test_units_whose_times_tell_come_first(self, kind, n_classes):
        X, y = by_time(120, n_classes=n_classes)
        found = SpikeTimeClassifier(tau=30 * ms, n_references=n_classes, max_neurons=4, **kind)
        found.fit(X, y)
        for chosen in indices(found.selected_):
            if kind["residual"] == "decision":
                assert set(chosen[:2]) == {3, 7}
            # Silence elsewhere is wanted too, and any train helps to cancel what the first adds.
            assert chosen[0] in {3, 7}
        assert cross_val_score(found, X, y).mean() > 0.95

    def test_a_decoder_of_counts_is_at_chance_there(self):
        X, y = by_time(120)
        # So that counts do differ, by chance: some spikes are lost.
        kept = np.random.default_rng(1).random(len(X.times)) < 0.8
        offsets = np.concatenate([[0], np.cumsum(kept)])[X.offsets]
        X = SpikeTrains(X.times[kept], X.units[kept], offsets, n_units=12, duration=LENGTH)
        counts = SpikeTimeClassifier(tau=np.inf * second, n_references=1)
        assert abs(cross_val_score(counts, X, y).mean() - 0.5) < 0.15
        times = SpikeTimeClassifier(tau=30 * ms, n_references=4)
        assert cross_val_score(times, X, y).mean() > 0.95

    def test_a_reference_of_ones_own(self):
        # Class 1 has a spike at 0.2 s, class 0 at 0.3 s, in unit 1; both are far from the default.
        y = np.arange(40) % 2
        rng = np.random.default_rng(0)
        X = trains(
            [[(0.3 - 0.1 * label, 1), (rng.uniform(0, LENGTH), 0)] for label in y], n_units=2
        )
        own = SpikeTimeClassifier(tau=5 * ms, references=[200, 300] * ms, max_neurons=1).fit(X, y)
        assert own.selected_.tolist() == [1]
        assert own.score(X, y) == 1
        np.testing.assert_allclose(own.references_, [0.2, 0.3])
        assert own.weights_[1, 0, 0] > 0 > own.weights_[1, 1, 0]
        one = SpikeTimeClassifier(tau=5 * ms, references=200 * ms, max_neurons=1).fit(X, y)
        assert one.weights_.shape == (2, 1, 1)

    def test_labels_may_be_words(self):
        X, y = by_time(60, n_classes=3)
        words = np.array(["one", "two", "three"])[y]
        found = SpikeTimeClassifier(n_references=4).fit(X, words)
        assert found.classes_.tolist() == ["one", "three", "two"]
        assert found.score(X, words) > 0.95
        number = SpikeTimeClassifier(n_references=4).fit(X, y)
        np.testing.assert_array_equal(np.array(["one", "two", "three"])[number.predict(X)],
                                      found.predict(X))  # fmt: skip

    @pytest.mark.parametrize(("max_neurons", "n"), [(1, 1), (5, 5), (100, 12), (0.5, 6), (0.01, 1)])
    def test_max_neurons(self, max_neurons, n):
        X, y = noise(60, 12), np.arange(60) % 2
        found = SpikeTimeClassifier(max_neurons=max_neurons, tol=0.0, n_references=2).fit(X, y)
        assert found.n_neurons_ == len(found.selected_) == n

    def test_tol(self):
        X, y = noise(60, 12), np.arange(60) % 2
        whole = everything(n_references=2).fit(X, y)
        for n in (1, 4, 9):
            few = clone(whole).set_params(tol=whole.residual_[n - 1] + 1e-9).fit(X, y)
            np.testing.assert_array_equal(few.selected_, whole.selected_[:n])


class Spy:
    """Splitter that notes what it is shown."""

    def __init__(self, splitter):
        self.splitter, self.shown, self.splits = splitter, [], []

    def split(self, X, y=None, groups=None):
        self.shown.append((len(X), y, groups))
        for train, test in self.splitter.split(X, y, groups):
            self.splits.append((train, test))
            yield train, test

    def get_n_splits(self, X=None, y=None, groups=None):
        return self.splitter.get_n_splits(X, y, groups)


class TestValidation:
    @every_kind
    def test_scores_are_those_of_decoders_fitted_without_the_held_out(self, kind):
        X, y = by_time(48, n_classes=3, n_units=8)
        folds = KFold(3)
        found = SpikeTimeClassifier(
            max_neurons=4, n_references=4, validation=folds, tol=0.0, **kind
        ).fit(X, y)
        expected = np.zeros((3, 4))
        for k, (train, test) in enumerate(folds.split(y)):
            for n in range(1, 5):
                fewer = clone(found).set_params(validation=None, max_neurons=n)
                # References are those of all training samples.
                fewer.set_params(n_references=10, references=found.references_ * second)
                expected[k, n - 1] = fewer.fit(X[train], y[train]).score(X[test], y[test])
        np.testing.assert_allclose(found.validation_scores_, expected.mean(axis=0))
        best = int(np.argmax(found.validation_scores_)) + 1
        assert max(map(len, indices(found.selected_))) == best
        plain = clone(found).set_params(validation=None, max_neurons=best).fit(X, y)
        np.testing.assert_array_equal(plain.weights_, found.weights_)

    def test_it_sees_the_training_samples_and_their_groups_only(self):
        X, y = by_time(60)
        groups, train = np.arange(60) // 10, np.arange(40)
        spy = Spy(GroupKFold(4))
        found = SpikeTimeClassifier(n_references=4, validation=spy)
        found.fit(X[train], y[train], groups=groups[train])
        ((n, labels, shown),) = spy.shown
        assert n == 40
        np.testing.assert_array_equal(labels, y[train])
        np.testing.assert_array_equal(shown, groups[train])
        for inner, held_out in spy.splits:
            assert not set(groups[inner]) & set(groups[held_out])

    def test_groups_reach_it_through_cross_validation(self):
        X, y = by_time(60)
        groups = np.arange(60) // 10
        found = SpikeTimeClassifier(n_references=4, validation=GroupKFold(3))
        scores = cross_val_score(
            found, X, y, groups=groups, cv=GroupKFold(3), params={"groups": groups},
            error_score="raise",
        )  # fmt: skip
        assert scores.mean() > 0.9
        with pytest.raises(ValueError, match="groups"):
            found.fit(X, y)

    def test_a_number_of_folds_is_stratified(self):
        X, y = by_time(60, n_classes=3)
        number = SpikeTimeClassifier(n_references=4, validation=4).fit(X, y)
        folds = SpikeTimeClassifier(n_references=4, validation=StratifiedKFold(4)).fit(X, y)
        np.testing.assert_array_equal(number.validation_scores_, folds.validation_scores_)
        assert not hasattr(SpikeTimeClassifier().fit(X, y), "validation_scores_")

    def test_units_that_do_not_help_are_left_out(self):
        X, y = by_time(80, informative=(7,))
        found = SpikeTimeClassifier(tau=30 * ms, max_neurons=1.0, n_references=2, validation=5)
        assert found.fit(X, y).selected_.tolist() == [7]

    @every_kind
    def test_folds_without_a_class_or_without_spikes(self, kind):
        X, y = by_time(45, n_classes=3)
        order = np.argsort(y, kind="stable")  # each fold lacks a class
        found = SpikeTimeClassifier(n_references=4, validation=KFold(3), **kind)
        assert found.fit(X[order], y[order]).validation_scores_.max() == 0
        silent = trains([[]] * 45, n_units=12)
        found = SpikeTimeClassifier(n_references=4, validation=3, **kind).fit(silent, y)
        np.testing.assert_allclose(found.validation_scores_, 1 / 3)


class TestEdges:
    @every_kind
    @pytest.mark.parametrize("alpha", [0.0, 0.1])
    def test_silent_constant_and_duplicate_units(self, kind, alpha):
        X, y = by_time(60)
        # Units 12 and 13 never spike, 14 does so at the same times in every sample; 15 is 7 again.
        samples = []
        for x in X:
            sample = list(zip(x.times.tolist(), x.units.tolist(), strict=True))
            again = [(time, 15) for time, unit in sample if unit == 7]
            samples.append([*sample, *again, (0.123, 14), (0.321, 14)])
        more = trains(samples, n_units=16)
        found = everything(n_references=3, alpha=alpha, **kind).fit(more, y)
        chosen = found.selected_.tolist()
        assert not {12, 13} & set(chosen)
        if kind["residual"] == "decision":
            assert 14 not in chosen  # it tells nothing
        if not alpha:
            assert (7 in chosen) != (15 in chosen)
        assert np.isfinite(found.weights_).all()
        assert found.score(more, y) == 1

    def test_rounding_is_no_difference_between_samples(self):
        # Relative references stretch with the sample; unit 0 does so too, and stays the same.
        rng = np.random.default_rng(0)
        y, lengths = np.arange(40) % 2, rng.uniform(0.3, 0.7, size=40)
        X = trains([[(0.4 * length, 0)] for length in lengths], n_units=1, duration=lengths)
        found = SpikeTimeClassifier(tau=np.inf * second, relative=True, alpha=0.0).fit(X, y)
        assert not len(found.selected_)
        shifted = SpikeTimeClassifier(references=[0.1, 0.2] * second, alpha=0.0, tau=1e12 * second)
        assert not len(shifted.fit(X, y).selected_)

    @every_kind
    @pytest.mark.parametrize("n_classes", [2, 3])
    def test_without_any_spike_the_most_frequent_class_wins(self, kind, n_classes):
        y = np.append(np.arange(9) % n_classes, [1, 1])
        X = trains([[]] * 11, n_units=4)
        found = SpikeTimeClassifier(**kind).fit(X, y)
        assert found.n_neurons_ == 0
        assert all(not part for part in indices(found.selected_))
        assert not found.weights_.any()
        np.testing.assert_array_equal(found.predict(X), np.ones(11))
        assert list(found.staged_predict(X)) == []

    @every_kind
    def test_silent_samples(self, kind):
        X, y = by_time(60, n_classes=3)
        X = SpikeTrains.concatenate([X, trains([[]] * 6, n_units=12)])
        y = np.append(y, np.arange(6) % 3)
        found = SpikeTimeClassifier(n_references=4, **kind).fit(X, y)
        np.testing.assert_allclose(
            found.decision_function(X[60:]), np.tile(found.intercept_, (6, 1)), atol=1e-12
        )
        assert found.score(X[:60], y[:60]) > 0.9

    @every_kind
    @pytest.mark.parametrize("n_classes", [2, 3])
    def test_one_sample_of_each_class(self, kind, n_classes):
        X, y = by_time(n_classes, n_classes=n_classes)
        found = SpikeTimeClassifier(n_references=4, **kind).fit(X, y)
        assert found.score(X, y) == 1

    @pytest.mark.parametrize("tau", [1e-6, 1e-3, 1e3, np.inf])
    @pytest.mark.parametrize("alpha", [0.0, 0.1])
    @every_kind
    def test_any_tau_gives_numbers(self, kind, alpha, tau):
        X, y = noise(40, 6), np.arange(40) % 3
        found = SpikeTimeClassifier(tau=tau * second, alpha=alpha, max_neurons=1.0, **kind)
        with np.errstate(all="raise", under="ignore"):
            found.fit(X, y)
            assert np.isfinite(found.decision_function(X)).all()
        for ratio in found.error_reduction_ratio_ if "shared" not in kind.values() else [
            found.error_reduction_ratio_
        ]:  # fmt: skip
            assert (ratio >= 0).all()
            assert ratio.sum() <= 1 + 1e-12

    def test_very_many_spikes(self):
        rng = np.random.default_rng(0)
        y, n = np.arange(20) % 2, 20_000
        times = np.sort(rng.uniform(0, LENGTH, (20, n)), axis=1)
        units = rng.integers(3, size=(20, n))
        late = (y[:, np.newaxis] == 1) & (times > 0.4)
        units[late & (units == 1)] = 2
        X = SpikeTrains(
            times.ravel(), units.ravel(), n * np.arange(21), n_units=3, duration=LENGTH
        )  # fmt: skip
        found = everything(n_references=5, alpha=0.0).fit(X, y)
        assert found.selected_[0] in (1, 2)
        assert found.residual_[0] < 1e-3


class TestErrors:
    @pytest.mark.parametrize(
        ("given", "message"),
        [
            ({"tau": 0 * ms}, "tau: must be one time > 0 s, got 0. .*; give e.g. 30"),
            ({"tau": 30}, "tau: must be one time > 0 s, got 30; give"),
            ({"tau": 30 * mV}, "tau: must be one time > 0 s"),
            ({"tau": [10, 30] * ms}, "tau: must be one time > 0 s"),
            ({"tau": np.nan * ms}, "tau: must be one time > 0 s"),
            ({"n_references": 0}, "n_references: must be a whole number at least 1, got 0"),
            ({"n_references": 2.5}, "n_references: must be a whole number at least 1, got 2.5"),
            ({"references": [0.1, 0.2]}, "references: must be finite times with a unit, .*; g"),
            ({"references": [1, 2] * mV}, "references: must be finite times with a unit"),
            ({"references": [] * ms}, "references: must be finite times with a unit"),
            ({"references": [[1, 2]] * ms}, "references: must be finite times with a unit"),
            ({"references": [1, np.inf] * ms}, "references: must be finite times with a unit"),
            ({"references": [2, 1] * ms}, "references: .* rising, got"),
            ({"references": [1, 1] * ms}, "references: .* rising, got"),
            (
                {"references": [1, 2] * ms, "relative": True},
                "references: must be None where relative is True, got .*; give n_references",
            ),
            ({"max_neurons": 0}, "max_neurons: must be a whole number at least 1, got 0"),
            ({"max_neurons": True}, "max_neurons: must be a whole number at least 1, got True"),
            ({"max_neurons": "all"}, "max_neurons: must be a whole number at least 1, got 'all'"),
            ({"max_neurons": 0.0}, "max_neurons: must be a share above 0 and up to 1, got 0.0; g"),
            ({"max_neurons": 5.0}, "max_neurons: must be a share above 0 and up to 1, got 5.0; g"),
            ({"max_neurons": np.nan}, "max_neurons: must be a share above 0 and up to 1, got nan"),
            ({"tol": -1e-3}, "tol: must be a number from 0 to 1, got -0.001"),
            ({"tol": 2}, "tol: must be a number from 0 to 1, got 2"),
            ({"alpha": -1.0}, "alpha: must be a number at least 0, got -1.0"),
            ({"alpha": np.inf}, "alpha: must be a number at least 0, got inf"),
            ({"alpha": "auto"}, "alpha: must be a number at least 0, got 'auto'"),
            ({"residual": "spikes"}, "residual: must be one of 'decision', 'train', got 'spikes'"),
            ({"selection": "own"}, "selection: must be one of 'shared', 'one_vs_rest', got 'own'"),
            ({"validation": 1}, "validation: must be a number of folds from 2, .*, got 1"),
            ({"validation": "loo"}, "validation: must be a number of folds from 2, .*, got 'loo'"),
            ({"validation": 0.3}, "validation: must be a number of folds from 2, .*, got 0.3"),
        ],
    )
    def test_parameters(self, given, message):
        X, y = noise(8, 3), np.arange(8) % 2
        with pytest.raises(ParameterError, match=f"SpikeTimeClassifier.{message}"):
            SpikeTimeClassifier(**given).fit(X, y)

    def test_samples(self):
        X, y = noise(8, 3), np.arange(8) % 2
        fresh = SpikeTimeClassifier(n_references=2)
        with pytest.raises(NotFittedError):
            fresh.predict(X)
        with pytest.raises(NotFittedError):
            next(fresh.staged_predict(X))
        with pytest.raises(
            DataError, match="SpikeTimeClassifier.fit: X must be SpikeTrains, got n"
        ):
            fresh.fit(X.counts(), y)
        with pytest.raises(DataError, match=r"fit: X must hold at least one sample"):
            fresh.fit(X[:0], y[:0])
        with pytest.raises(DataError, match=r"fit: X must hold a sample longer than 0 s"):
            fresh.fit(trains([[], []], n_units=3, duration=0), [0, 1])
        fresh.fit(X, y)
        with pytest.raises(DataError, match="decision_function: X must be SpikeTrains, got list"):
            fresh.predict([[1, 2, 3]])
        with pytest.raises(DataError, match="decision_function: .* the 3 units of fit, got 5"):
            fresh.decision_function(noise(2, 5))
        with pytest.raises(DataError, match="staged_predict: .* the 3 units of fit, got 5"):
            next(fresh.staged_predict(noise(2, 5)))

    def test_labels(self):
        X = noise(8, 3)
        for y, message in [
            (None, "requires y to be passed"),
            (np.zeros(8), "y must hold at least two classes, got 1 class"),
            (np.arange(7) % 2, "inconsistent numbers of samples"),
            (np.linspace(0, 1, 8), "Unknown label type"),
            (np.zeros((8, 2)), "1d array"),
        ]:
            with pytest.raises(ValueError, match=message):
                SpikeTimeClassifier().fit(X, y)


class TestScikitLearn:
    # The other common checks call fit with arrays.
    @pytest.mark.parametrize(
        "check",
        [
            "check_parameters_default_constructible", "check_no_attributes_set_in_init",
            "check_get_params_invariance", "check_set_params", "check_estimator_repr",
            "check_estimator_cloneable", "check_valid_tag_types", "check_mixin_order",
            "check_do_not_raise_errors_in_init_or_set_params",
        ],
    )  # fmt: skip
    def test_common_checks(self, check):
        getattr(estimator_checks, check)("SpikeTimeClassifier", SpikeTimeClassifier())

    def test_contract(self):
        X, y = by_time(40)
        given = {
            "tau": 20 * ms, "n_references": 3, "references": [1, 2] * ms, "relative": True,
            "max_neurons": 7, "tol": 0.1, "validation": 3, "alpha": 0.5, "residual": "train",
            "selection": "one_vs_rest",
        }  # fmt: skip
        for made in (SpikeTimeClassifier(**given), SpikeTimeClassifier().set_params(**given)):
            params = clone(made).get_params()
            assert params.keys() == given.keys()
            assert all(np.all(params[name] == value) for name, value in given.items())
        found = SpikeTimeClassifier()
        assert found.fit(X, y) is found
        assert found.n_features_in_ == 12
        assert not get_tags(found).input_tags.two_d_array
        assert found.decision_function(X).shape == (40,)
        again = clone(found).fit(*by_time(40, n_classes=3, seed=9)).fit(X, y)
        np.testing.assert_array_equal(again.weights_, found.weights_)

    @every_kind
    def test_pickle(self, kind):
        X, y = by_time(60, n_classes=3)
        found = SpikeTimeClassifier(n_references=4, max_neurons=3, **kind).fit(X, y)
        dumped = pickle.dumps(found)
        # Neither the training samples nor Gram matrices go along.
        assert len(dumped) < 20_000
        copy = pickle.loads(dumped)
        np.testing.assert_array_equal(copy.decision_function(X), found.decision_function(X))
        for one, other in zip(copy.staged_predict(X), found.staged_predict(X), strict=True):
            np.testing.assert_array_equal(one, other)

    def test_grid_search_over_tau(self):
        X, y = by_time(60)
        grid = {"tau": [1e-6 * second, 30 * ms, np.inf * second], "max_neurons": [1, 0.5]}
        search = GridSearchCV(
            SpikeTimeClassifier(n_references=4), grid, cv=3, error_score="raise"
        ).fit(X, y)  # fmt: skip
        assert isinstance(search.best_params_["tau"], Quantity)
        assert search.best_params_["tau"] == 30 * ms
        assert search.best_score_ > 0.95

    def test_behind_a_liquid(self):
        X, y = by_time(16, n_units=6, informative=range(6))
        X = moved(X, factor=0.3)
        model = make_pipeline(
            LiquidStateMachine(20, engine="numpy", random_state=0),
            SpikeTimeClassifier(n_references=4, max_neurons=0.5),
        )
        predicted = cross_val_predict(model, X, y, groups=np.arange(16) // 4, cv=GroupKFold(2))
        assert (predicted == y).mean() > 0.9
