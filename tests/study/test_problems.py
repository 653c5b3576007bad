"""How a study cuts data sets."""

import functools
import hashlib
from dataclasses import replace

import h5py
import numpy as np
import pytest
from sklearn.utils import Bunch

from bioplastic import SpikeTrains, datasets
from bioplastic.datasets import ntidigits
from bioplastic.errors import DataError, ParameterError
from bioplastic.study import PROBLEMS, Problem, compare


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
    with pytest.raises(ParameterError, match="fold: must be a whole number from 0 to 3, got 4"):
        problem.split(problem.load(), 4)
    with pytest.raises(ParameterError, match="n_folds: must be a whole number >= 1, got 0"):
        Problem(name="o", title="O", loader=made, n_folds=0)


def test_protocols_say_who_is_held_out():
    assert "speakers who are not in training" in PROBLEMS["hd"].protocol("full")
    assert "At most 400 training and 200 test" in PROBLEMS["hd"].protocol("demo")
    assert "test images of MNIST" in PROBLEMS["mnist"].protocol("full")
    assert "Hyperparameters are chosen" in PROBLEMS["hd"].protocol("full")
    assert "Hyperparameters are chosen" not in PROBLEMS["hd"].protocol("full", chosen=False)
    own = Problem(name="o", title="O", loader=made, n_folds=1, test_part="those of May")
    assert own.protocol("full").startswith("Test samples are those of May.")


def test_an_official_split_with_speakers_chooses_on_speakers_and_counts_samples():
    official = functools.partial(made, groups=SPEAKERS, train=SPEAKERS < 8)
    problem = Problem(name="o", title="O", loader=official, n_folds=1, groups_are="speaker")
    samples = problem.load()
    train, test = problem.split(samples, 0)
    assert set(SPEAKERS[test]) == {8, 9, 10, 11}
    assert problem.tested_groups(samples, test) is None
    held = []
    for seed in range(5):
        learn, validate = problem.inner_split(samples, train, 0, seed)
        assert sorted([*learn, *validate]) == train.tolist()
        assert not set(SPEAKERS[learn]) & set(SPEAKERS[validate])
        held.append(set(SPEAKERS[validate].tolist()))
    # Each of the eight once, as five seeds go round.
    assert held == [{0, 5}, {1, 6}, {2, 7}, {3}, {4}]
    assert "official split. Hyperparameters are chosen on a fifth of the training speakers" in (
        problem.protocol("full")
    )


def test_two_folds_choose_on_training_speakers(problem):
    two = replace(problem, n_folds=2)
    samples = two.load()
    train, _ = two.split(samples, 1)
    learn, validate = two.inner_split(samples, train, 1, seed=0)
    assert set(SPEAKERS[learn]) == {2, 4, 6, 8}
    assert set(SPEAKERS[validate]) == {0, 10}
    assert two.tested_groups(samples, validate) == ["0"] * 5 + ["10"] * 5


def test_one_training_speaker_cannot_choose_for_others():
    lonely = functools.partial(made, groups=SPEAKERS, train=SPEAKERS < 1)
    problem = Problem(name="o", title="O", loader=lonely, n_folds=1, groups_are="speaker")
    samples = problem.load()
    train, _ = problem.split(samples, 0)
    with pytest.raises(DataError, match="o: all training samples are of one speaker"):
        problem.inner_split(samples, train, 0, seed=0)


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Write small files of the official layouts, where the loaders look."""
    monkeypatch.setenv("BIOPLASTIC_DATA", str(tmp_path))
    spoken = datasets.load_spoken()
    _, speakers = np.unique(spoken.groups, return_inverse=True)
    parts = {"train": slice(0, 360), "valid": slice(360, 480), "test": slice(480, 720)}
    for name in ("shd", "ssc"):
        (tmp_path / name).mkdir()
        for part, rows in parts.items():
            spoken.data[rows].save(
                tmp_path / name / f"{name}_{part}.h5",
                labels=spoken.target[rows],
                groups=speakers[rows],
                label_names=spoken.target_names,
            )
    (tmp_path / "ntidigits").mkdir()
    path = tmp_path / "ntidigits" / "n-tidigits.hdf5"
    with h5py.File(path, "w") as file:
        for part, people in (("train", ("ae", "bc", "df")), ("test", ("fd",))):
            ids = [
                f"man-{who}-{take}-{digit}" for who in people for take in "ab" for digit in "z1o"
            ]
            file[f"{part}_labels"] = np.array(ids, dtype="S")
            for k, name in enumerate(ids):
                file[f"{part}_timestamps/{name}"] = np.linspace(0.0, 0.5, 9)
                file[f"{part}_addresses/{name}"] = np.arange(9) + 20 * (k % 3)
    md5 = hashlib.md5(path.read_bytes()).hexdigest()
    monkeypatch.setitem(ntidigits._FILES, "train", replace(ntidigits._FILES["train"], md5=md5))


@pytest.mark.parametrize(
    ("name", "n_train", "n_test"), [("shd", 360, 240), ("ssc", 480, 240), ("ntidigits", 18, 6)]
)
def test_data_sets_with_an_official_split_are_compared_on_it(
    files, name, n_train, n_test, tmp_path
):
    # Another name: problems are kept in memory, and these files are not the official ones.
    problem = replace(PROBLEMS[name], name=f"small {name}")
    found = compare(problem, "svm", seeds=1, budget=2, folder=tmp_path / "out")
    (outcome,) = found.outcomes
    assert (outcome.n_train, len(outcome.truth)) == (n_train, n_test)
    assert outcome.groups is None
    assert outcome.accuracy > 2 / len(outcome.classes)
    page = found.write_report(tmp_path / "out")
    assert "official split" in page.read_text()
