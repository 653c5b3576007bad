"""How a study cuts data sets."""

import functools

import numpy as np
import pytest
from sklearn.utils import Bunch

from bioplastic import SpikeTrains
from bioplastic.errors import DataError, ParameterError
from bioplastic.study import PROBLEMS, Problem


def spikes(n):
    return SpikeTrains(
        np.full(n, 0.01), np.arange(n) % 3, np.arange(n + 1), n_units=3, duration=0.1
    )


def made(n=60, **extra):
    return Bunch(data=spikes(n), target=np.arange(n) % 2, **extra)


SPEAKERS = np.repeat(np.arange(12), 5)


@pytest.fixture
def problem():
    return Problem(
        name="own",
        title="Own",
        loader=functools.partial(made, groups=SPEAKERS),
        n_folds=4,
        groups_are="speaker",
        limits={"demo": (10, 4)},
    )


def test_folds_hold_out_whole_groups_and_cover_all(problem):
    samples = problem.load()
    tested = []
    for fold in range(4):
        train, test = problem.split(samples, fold)
        assert not set(SPEAKERS[train]) & set(SPEAKERS[test])
        assert sorted([*train, *test]) == list(range(60))
        # The groups in their order, one each in turn: numbers, not their digits.
        assert sorted(set(SPEAKERS[test])) == [fold, fold + 4, fold + 8]
        tested += [*test]
    assert sorted(tested) == list(range(60))


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("fold", range(4))
def test_settings_are_chosen_on_training_speakers_who_are_not_learned_from(problem, fold, seed):
    samples = problem.load()
    train, test = problem.split(samples, fold)
    learn, validate = problem.inner_split(samples, train, fold, seed)
    assert sorted([*learn, *validate]) == sorted(train)
    assert len(validate) == 15
    assert not set(SPEAKERS[learn]) & set(SPEAKERS[validate])
    assert not set(test) & {*learn, *validate}


def test_validation_speakers_change_with_the_seed_of_the_same_fold(problem):
    samples = problem.load()
    train, _ = problem.split(samples, 1)
    held = [tuple(problem.inner_split(samples, train, 1, seed)[1]) for seed in (1, 5, 9)]
    assert len(set(held)) == 3


def test_limits_take_classes_in_equal_parts(problem):
    samples = problem.load()
    train, test = problem.split(samples, 0, "demo")
    assert (len(train), len(test)) == (10, 4)
    assert np.bincount(samples.y[train]).tolist() == [5, 5]
    again, _ = problem.split(samples, 0, "demo")
    assert train.tolist() == again.tolist()


def test_without_groups_folds_are_stratified():
    problem = PROBLEMS["digits"]
    samples = problem.load()
    train, test = problem.split(samples, 3)
    assert abs(np.bincount(samples.y[test]) - np.bincount(samples.y) / 5).max() <= 1
    learn, validate = problem.inner_split(samples, train, 3, seed=1)
    assert sorted([*learn, *validate]) == train.tolist()
    assert samples.X.max() == 1.0


def test_an_official_split_stays_as_it_is():
    mask = np.arange(60) < 40
    problem = Problem(name="o", title="O", loader=functools.partial(made, train=mask), n_folds=1)
    train, test = problem.split(problem.load(), 0)
    assert (train.tolist(), test.tolist()) == (list(range(40)), list(range(40, 60)))


def test_the_digest_tells_data_apart(problem):
    same = Problem(
        name="same",
        title="S",
        loader=functools.partial(made, groups=SPEAKERS),
        n_folds=3,
        groups_are="speaker",
    )
    other = Problem(
        name="other",
        title="O",
        loader=functools.partial(made, groups=SPEAKERS[::-1]),
        n_folds=3,
        groups_are="speaker",
    )
    assert problem.load().digest == same.load().digest != other.load().digest


@pytest.mark.parametrize(
    ("given", "extra", "message"),
    [
        ({"n_folds": 4, "groups_are": "speaker"}, {}, "has no groups"),
        ({"n_folds": 13, "groups_are": "speaker"}, {"groups": SPEAKERS}, "12 speakers cannot be"),
        ({"n_folds": 1}, {}, "must say by `train`"),
    ],
)
def test_what_cannot_be_cut_is_refused(given, extra, message):
    problem = Problem(name="o", title="O", loader=functools.partial(made, **extra), **given)
    with pytest.raises(DataError, match=message):
        problem.load()


def test_a_fold_that_there_is_not(problem):
    with pytest.raises(ParameterError, match="fold: must be 0 to 3, got 4"):
        problem.split(problem.load(), 4)
    with pytest.raises(ParameterError, match="n_folds: must be a whole number >= 1, got 0"):
        Problem(name="o", title="O", loader=made, n_folds=0)


def test_protocols_say_who_is_held_out():
    assert "speakers of whom nothing was heard" in PROBLEMS["hd"].protocol("full")
    assert "At most 400 training and 200 test" in PROBLEMS["hd"].protocol("demo")
    assert "official split" in PROBLEMS["mnist"].protocol("full")
