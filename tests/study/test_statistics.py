"""Intervals and tests of a study, against numbers found by hand and by scipy."""

import itertools

import numpy as np
import pytest
from scipy import stats

from bioplastic.errors import DataError, ParameterError
from bioplastic.study.outcome import Outcome
from bioplastic.study.statistics import (
    holm,
    paired_tests,
    sign_flip,
    smallest_p,
    summary,
    unit_accuracies,
    wilson,
)
from bioplastic.study.workload import Workload


def outcome(method, right, *, groups=None, seed=0, fold=0, samples=None, problem="words"):
    """Make an outcome in which the answers are right (1) or wrong (0) as given."""
    right = np.asarray(right)
    n = len(right)
    return Outcome(
        problem=problem,
        method=method,
        size="default",
        seed=seed,
        fold=fold,
        classes=["no", "yes"],
        answers=right,
        truth=np.ones(n, dtype=int),
        samples=np.arange(n) if samples is None else np.asarray(samples),
        groups=groups,
        n_train=4,
        candidates=[],
        chosen=0,
        curve={"x": [], "train": []},
        seconds={"choose": 0.0, "build": 0.0, "fit": 1.0, "predict": 0.1},
        peak_mb=1.0,
        learning=Workload(n_samples=4),
        inference=Workload(n_samples=n),
        description="",
        versions={},
    )


def by_speaker(method, accuracies, **options):
    """Make one outcome of ten samples a speaker, of which so many tenths are right."""
    right = [k < round(10 * share) for share in accuracies for k in range(10)]
    groups = [f"s{k}" for k in range(len(accuracies)) for _ in range(10)]
    return outcome(method, np.array(right, dtype=int), groups=groups, **options)


# ------------------------------------------------------------------------------------- units


def test_a_speaker_is_a_unit_whatever_its_number_of_samples():
    found = unit_accuracies([outcome("a", [1, 1, 0, 1], groups=["x", "x", "x", "y"])])
    assert found == {"a": {"x": pytest.approx(2 / 3), "y": 1.0}}
    told = summary([outcome("a", [1, 1, 0, 1], groups=["x", "x", "x", "y"])])["a"]
    assert told.accuracy == pytest.approx(5 / 6)
    assert (told.n_units, told.n_samples, told.n_tasks) == (2, 4, 1)


def test_a_unit_tested_by_several_seeds_counts_once():
    outcomes = [
        outcome("a", [1, 0], groups=["x", "x"], seed=0),
        outcome("a", [1, 1], groups=["x", "x"], seed=1),
        outcome("a", [0, 0], groups=["y", "y"], seed=0, fold=1, samples=[2, 3]),
    ]
    assert unit_accuracies(outcomes) == {"a": {"x": 0.75, "y": 0.0}}
    told = summary(outcomes)["a"]
    assert told.accuracy == 0.375
    assert (told.n_units, told.n_samples, told.n_seeds, told.n_tasks) == (2, 4, 2, 3)
    # Seed 0: mean of 0.5 and 0 over its folds; seed 1: 1.
    assert told.sd_seeds == pytest.approx(np.std([0.25, 1.0], ddof=1))


def test_without_groups_samples_are_the_units():
    outcomes = [
        outcome("a", [1, 0, 0], samples=[10, 2, 7]),
        outcome("a", [0, 1], samples=[10, 9], seed=1),
    ]
    assert unit_accuracies(outcomes) == {"a": {"2": 0.0, "7": 0.0, "9": 1.0, "10": 0.5}}
    assert list(unit_accuracies(outcomes)["a"]) == ["2", "7", "9", "10"]


# --------------------------------------------------------------------------------- intervals


def test_interval_over_speakers_is_students():
    accuracies = [0.6, 0.8, 0.7, 0.9, 0.5]
    told = summary([by_speaker("a", accuracies)])["a"]
    expected = stats.t.interval(0.95, 4, np.mean(accuracies), stats.sem(accuracies))
    assert (told.low, told.high) == pytest.approx(expected)
    assert told.interval == "t"
    assert told.sd_seeds is None


def test_interval_over_samples_is_wilsons():
    told = summary([outcome("a", [1] * 81 + [0] * 19)])["a"]
    # Brown, Cai & DasGupta 2001: 81 of 100.
    assert (told.low, told.high) == pytest.approx((0.7222, 0.8749), abs=1e-4)
    expected = stats.binomtest(81, 100).proportion_ci(method="wilson")
    assert (told.low, told.high) == pytest.approx((expected.low, expected.high))
    assert told.interval == "wilson"


def test_more_seeds_of_the_same_samples_do_not_narrow_the_interval():
    one = summary([outcome("a", [1, 0] * 20)])["a"]
    five = summary([outcome("a", [1, 0] * 20, seed=seed) for seed in range(5)])["a"]
    assert (five.low, five.high) == (one.low, one.high)
    assert five.sd_seeds == 0.0


def test_intervals_stay_within_0_and_1():
    told = summary([by_speaker("a", [1.0, 1.0, 0.5])])["a"]
    assert told.high == 1.0
    # 0.8333 - 4.3027 * 0.28868 / sqrt(3)
    assert told.low == pytest.approx(0.1162, abs=1e-4)
    assert wilson(0.0, 10)[0] == 0.0
    assert wilson(1.0, 10) == pytest.approx((0.7225, 1.0), abs=1e-4)


def test_speakers_that_agree_give_no_interval_without_width():
    told = summary([by_speaker("a", [1.0, 1.0, 1.0])])["a"]
    expected = stats.binomtest(30, 30).proportion_ci(method="wilson")
    assert (told.low, told.high) == pytest.approx((expected.low, expected.high))
    assert told.interval == "wilson"


def test_one_speaker_tells_nothing_of_others():
    told = summary([by_speaker("a", [0.7])])["a"]
    assert (told.accuracy, told.low, told.high, told.interval) == (0.7, None, None, None)


# ------------------------------------------------------------------------------------- tests


def test_sign_flips_by_hand():
    # Sums of the 8 combinations of 1, 2, 3: 6, 4, 2, 0, 0, -2, -4, -6.
    assert sign_flip(np.array([1.0, 2.0, 3.0])) == 2 / 8
    assert sign_flip(np.array([-1.0, 2.0, 3.0])) == 4 / 8
    assert sign_flip(np.array([1.0, 2.0, -3.0])) == 1.0
    assert sign_flip(np.zeros(5)) == 1.0
    # Units without a difference change nothing.
    assert sign_flip(np.array([1.0, 0.0, 2.0, 0.0, 3.0])) == 2 / 8


def test_rounding_does_not_break_ties():
    differences = np.array([0.1, 0.2, -0.3, 0.7, 0.1 + 0.2])
    brute = [abs(np.dot(signs, differences)) for signs in itertools.product([1, -1], repeat=5)]
    found = abs(differences.sum())
    assert sign_flip(differences) == np.mean([value >= found - 1e-9 for value in brute])


def test_random_flips_of_many_units_are_close_to_the_exact_test():
    # 14 times +1 and 6 times -1: the two-sided sign test.
    differences = np.repeat([1.0, -1.0], [14, 6])
    exact = stats.binomtest(14, 20).pvalue
    assert sign_flip(differences) == pytest.approx(exact, abs=0.01)
    assert sign_flip(differences) == sign_flip(differences)
    assert sign_flip(np.ones(40)) == smallest_p(40) == 2 / 10_001


def test_holms_correction_by_hand():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


@pytest.mark.statistical
def test_methods_that_are_alike_rarely_differ():
    rng = np.random.default_rng(3)
    p = [sign_flip(rng.normal(size=8)) for _ in range(2000)]
    assert 0.03 < np.mean(np.array(p) <= 0.05) < 0.06


def test_every_pair_is_tested_on_the_units_that_both_have():
    a, b = [0.9, 0.8, 0.9, 1.0, 0.9, 0.8], [0.5, 0.6, 0.4, 0.7, 0.5, 0.5]
    outcomes = [by_speaker("a", a), by_speaker("b", b), by_speaker("c", a[:4])]
    tests = paired_tests(outcomes)
    assert [(t.first, t.second, t.n_units) for t in tests] == [
        ("a", "b", 6),
        ("a", "c", 4),
        ("b", "c", 4),
    ]
    first = tests[0]
    differences = np.subtract(a, b)
    assert first.difference == pytest.approx(differences.mean())
    expected = stats.t.interval(0.95, 5, differences.mean(), stats.sem(differences))
    assert (first.low, first.high) == pytest.approx(expected)
    assert [t.p for t in tests] == [2 / 64, 1.0, 2 / 16]
    assert [t.p_corrected for t in tests] == pytest.approx([6 / 64, 1.0, 4 / 16])
    # The best that 6, 4 and 4 speakers can give: 3 x 1/32, then 2 x 1/8 for both.
    assert [t.p_floor for t in tests] == pytest.approx([3 / 32, 2 / 8, 2 / 8])
    assert all(t.exact for t in tests)


def test_few_speakers_decide_nothing_and_it_says_so():
    six = paired_tests([by_speaker("a", [0.9] * 6), by_speaker("b", [0.1] * 6)])[0]
    assert six.p_corrected == six.p_floor == 2 / 64
    assert six.decides()
    assert six.significant()
    outcomes = [by_speaker(name, [k / 10] * 6) for k, name in enumerate("abc")]
    for test in paired_tests(outcomes):
        assert test.p == 2 / 64
        assert test.p_floor == pytest.approx(6 / 64)
        assert not test.decides()
        assert not test.significant()


def test_fewer_pairs_cost_less():
    outcomes = [by_speaker(name, [k / 10] * 6) for k, name in enumerate("abc")]
    test, *others = paired_tests(outcomes, pairs=[("c", "a")])
    assert others == []
    assert (test.first, test.second, test.p_corrected) == ("c", "a", 2 / 64)
    assert test.difference == pytest.approx(0.2)
    with pytest.raises(ParameterError, match=r"paired_tests.pairs: .* a, b, c; got 'd'"):
        paired_tests(outcomes, pairs=[("a", "d")])


def test_methods_tested_on_different_units_are_not_compared():
    outcomes = [outcome("a", [1, 0]), outcome("b", [1, 0], samples=[5, 6]), outcome("c", [0, 0])]
    apart, alike, _ = paired_tests(outcomes)
    assert (apart.n_units, apart.difference, apart.p, apart.p_corrected) == (0, None, None, None)
    assert not apart.decides()
    # It does not count as a test either: two are left, one of them without shared units.
    assert (alike.n_units, alike.p_corrected, alike.p_floor) == (2, 1.0, 0.5)


def test_samples_give_the_exact_test_of_discordant_answers():
    rng = np.random.default_rng(5)
    a, b = (rng.random(200) < share for share in (0.8, 0.75))
    test = paired_tests([outcome("a", a.astype(int)), outcome("b", b.astype(int))])[0]
    only_a, only_b = int(np.sum(a & ~b)), int(np.sum(b & ~a))
    mcnemar = stats.binomtest(only_a, only_a + only_b).pvalue
    assert not test.exact
    assert test.p == pytest.approx(mcnemar, abs=0.015)


@pytest.mark.parametrize(("n", "p"), [(0, 1.0), (1, 1.0), (5, 1 / 16), (16, 2**-15)])
def test_the_smallest_p_of_few_units(n, p):
    assert smallest_p(n) == p


def test_one_method_has_no_pairs():
    assert paired_tests([by_speaker("a", [0.5, 0.6])]) == []
    assert summary([]) == {}
    assert paired_tests([]) == []


def test_problems_are_not_mixed():
    outcomes = [outcome("a", [1]), outcome("a", [1], problem="digits")]
    with pytest.raises(ParameterError, match="must be of one problem, got digits, words"):
        summary(outcomes)
    with pytest.raises(DataError, match="only some of problem words know groups"):
        paired_tests([outcome("a", [1]), outcome("b", [1], groups=["x"])])
