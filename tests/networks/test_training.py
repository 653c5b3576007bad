"""What all estimators promise of their training: the table of docs/howto/training.md."""

import copy
import inspect
import os
import pickle
import re
import signal
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from brian2 import Hz, ms
from sklearn.base import clone, is_classifier
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import KFold

from bioplastic import SpikeTrains, networks
from bioplastic.engine.checkpoint import save_checkpoint
from bioplastic.errors import DataError, ParameterError
from bioplastic.inspect import PlasticityRecorder
from bioplastic.models import InhibitorySTDP
from bioplastic.networks import _checkpoints
from bioplastic.networks._samples import hold_out
from bioplastic.networks.training import Trainer

PAGE = Path(__file__).parents[2] / "docs" / "howto" / "training.md"
SHORT = {"n_epochs": 2, "engine": "auto", "random_state": 0, "dt": 1 * ms}
INHIBITION = InhibitorySTDP(eta=0.5, rate_target=10 * Hz, w_max=20.0)
LIQUID = networks.RandomLiquid(p_input=0.5, w_input=30.0, p=0.3)
ESTIMATORS = [
    networks.DiehlCook(4, rest=0 * ms, **SHORT),
    networks.DiehlCookClassifier(4, rest=0 * ms, **SHORT),
    networks.EPropClassifier(3, 2, batch_size=10, schedule="constant", **SHORT),
    networks.EPropRegressor(3, 2, batch_size=10, **SHORT),
    networks.LiquidStateMachine(20, liquid=LIQUID, plasticity={"inh_to_exc": INHIBITION}, **SHORT),
    networks.RewardSTDPClassifier(2, **SHORT),
]  # fmt: skip
#: More than one chunk in two epochs.
N, UNITS = 60, 6
LEARNED = "weights_", "theta_", "expected_", "state_", "history_", "n_epochs_", "n_presentations_"


def make_spikes():
    rng = np.random.default_rng(0)
    times = np.concatenate([np.sort(rng.uniform(0, 0.006, 20)) for _ in range(N)])
    units = rng.integers(0, UNITS, len(times))
    return SpikeTrains(times, units, np.arange(N + 1) * 20, n_units=UNITS, duration=0.006)


X, Y = make_spikes(), np.arange(N) % 2


def learned(model):
    found = {name: getattr(model, name) for name in LEARNED if hasattr(model, name)}
    assert {"history_", "n_epochs_", "n_presentations_"} < found.keys()
    return copy.deepcopy(found)


def weights(model):
    found = getattr(model, "weights_", None)
    found = model.state_ if found is None else found
    return list(found.values()) if isinstance(found, dict) else [found]


def answers(model):
    return model.predict(X) if hasattr(model, "predict") else model.transform(X)


def fit_again(model, **options):
    """Train a model by `partial_fit` once more."""
    if is_classifier(model):
        options |= {"classes": [0, 1]}
    return model.partial_fit(X, Y, **options)


def differs(one, other):
    try:
        np.testing.assert_equal(one, other)
    except AssertionError:
        return True
    return False


class Fails:
    """A recorder that breaks down."""

    def begin(self, network, sizes, state, *, start, stop):
        pass

    def plan(self, start, n_steps):
        return None

    def record(self, start, result):
        raise ZeroDivisionError


@pytest.fixture(scope="module")
def undisturbed():
    """What each estimator learns when nothing happens."""
    found = {}

    def learn(estimator):
        name = type(estimator).__name__
        if name not in found:
            found[name] = learned(clone(estimator).fit(X, Y))
        return found[name]

    return learn


@pytest.fixture
def case(undisturbed, interrupted, tmp_path, capfd):
    class Case:
        path, end, ctrl_c = tmp_path / "checkpoint.npz", staticmethod(undisturbed), interrupted
        said = staticmethod(lambda: capfd.readouterr())

    return Case


# ---------------------------------------------------------------------------- promises


def checkpoint(estimator, case):
    """An interrupted `fit` goes on to the same weights, and its file goes."""
    model = clone(estimator).set_params(checkpoint=case.path)
    case.ctrl_c(lambda: model.fit(X, Y))
    with np.load(case.path) as file:
        n_learned = int(file["counters"][0])
    assert 0 < n_learned < 2 * N
    resumed = clone(model).fit(X, Y)
    np.testing.assert_equal(learned(resumed), case.end(estimator))
    assert not case.path.exists()
    # Such as the folds of a cross-validation: one file after the other.
    for rows, _ in KFold(2).split(Y):
        clone(model).fit(X[rows], Y[rows])
        assert not case.path.exists()
    # In a folder, where several may be cut short, each has its own.
    model.set_params(checkpoint=case.path.parent)
    for rows in (slice(None), slice(0, 50)):
        case.ctrl_c(lambda rows=rows: clone(model).fit(X[rows], Y[rows]))
    assert len(list(case.path.parent.iterdir())) == 2
    np.testing.assert_equal(learned(clone(model).fit(X, Y)), case.end(estimator))
    assert len(list(case.path.parent.iterdir())) == 1


def kill(estimator, case):
    """A killed `fit` leaves a whole file, from which another process goes on."""
    model = clone(estimator).set_params(checkpoint=case.path)
    case.end(estimator)  # programs are made by one process
    save = save_checkpoint

    def save_and_die(*args, **kwargs):
        save(*args, **kwargs)
        os.kill(os.getpid(), signal.SIGKILL)

    with warnings.catch_warnings(), pytest.MonkeyPatch.context() as patch:
        warnings.simplefilter("ignore", DeprecationWarning)  # threads and fork
        patch.setattr(_checkpoints, "save_checkpoint", save_and_die)
        child = os.fork()
        if child == 0:
            try:
                model.fit(X, Y)
            finally:
                os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    np.testing.assert_equal(learned(model.fit(X, Y)), case.end(estimator))


def ctrl_c(estimator, case):
    """What was learned is kept, and nothing of an earlier `fit` beside it."""
    model = clone(estimator).set_params(random_state=1).fit(X, Y)
    before = learned(model)
    model.set_params(random_state=0, checkpoint=case.path)
    said = case.ctrl_c(lambda: model.fit(X, Y))
    assert not said or re.match(
        rf"training stopped after \d+ of 120 samples; {case.path} holds \d+ of them$", said
    )
    kept = learned(model)
    assert differs(kept, before)
    assert 0 < kept["n_presentations_"] < case.end(estimator)["n_presentations_"]
    assert len(kept["history_"]["spikes"]) == 1
    if isinstance(model, networks.DiehlCookClassifier):  # its neurons have no labels yet
        assert model.transform(X).shape == (N, 4)
        with pytest.raises(NotFittedError):
            model.predict(X)
    else:
        assert len(answers(model)) == N
    assert len(answers(fit_again(model))) == N
    np.testing.assert_equal(learned(clone(model).fit(X, Y)), case.end(estimator))


def error(estimator, case):
    """It leaves a model as it was, trained or not."""
    model = clone(estimator)

    def fail():
        for train in (lambda **how: model.fit(X, Y, **how), lambda **how: fit_again(model, **how)):
            with pytest.raises(ZeroDivisionError):
                train(recorder=Fails())

    fail()
    assert vars(model).keys() == estimator.get_params(deep=False).keys()
    model.fit(X, Y)
    before, said = learned(model), answers(model)
    fail()
    np.testing.assert_equal(learned(model), before)
    assert not differs(list(answers(model)), list(said))
    again = fit_again(clone(estimator).fit(X, Y))
    np.testing.assert_equal(learned(fit_again(model)), learned(again))


def recorder(estimator, case):
    """It sees the weights of all samples, and changes nothing."""
    watched = PlasticityRecorder(every=5, variables=("weights",))
    model = clone(estimator).fit(X, Y, recorder=watched)
    assert watched.recording.samples[-1] == 2 * N - 1
    assert len(watched.recording.samples) >= 20
    found, end = learned(model), case.end(estimator)
    for one in (found, end := copy.deepcopy(end)):
        one["history_"].pop("score", None)  # e-prop's is not known then
    np.testing.assert_equal(found, end)
    fit_again(model, recorder=watched)
    assert watched.recording.samples[-1] == 3 * N - 1


def progress(estimator, case):
    """A bar with numbers beside it, where asked; a loaded model is quiet."""
    clone(estimator).fit(X, Y)
    assert case.said() == ("", "")
    model = clone(estimator).set_params(verbose=1).fit(X, Y)
    out, err = case.said()
    assert not out
    assert re.search(rf"training: 100%.*120/120.*{model._beside[0]}=[\d.e-]+", err)
    answers(model)
    assert "presenting: 100%" in case.said().err
    loaded = pickle.loads(pickle.dumps(model))
    answers(loaded)
    assert case.said() == ("", "")
    clone(model).set_params(verbose=2).fit(X, Y)
    lines = case.said().out.splitlines()
    assert len([line for line in lines if re.match(r"epoch [\d.]+, \w+ [\d.e-]+", line)]) >= 2


class Listens:
    """A callback that keeps what fitted estimators answer, and stops after some epochs."""

    def __init__(self, stop_after):
        self.stop_after, self.heard, self.answers = stop_after, [], []

    def setup(self, estimator, context):
        self.heard.append("setup")

    def teardown(self, estimator, context):
        self.heard.append("teardown")

    def on_fit_task_begin(self, estimator, context):
        self.heard.append(f"{context.task_name} begins")

    def on_fit_task_end(self, estimator, context, *, X=None, fitted_estimator=None):
        self.heard.append(f"{context.task_name} ends")
        self.answers.append((learned(fitted_estimator), answers(fitted_estimator)))
        return context.task_name == "epoch" and len(self.answers) == self.stop_after


def callbacks(estimator, case):
    """They hear of each epoch with an estimator that can answer, change nothing, and may stop."""
    listens = Listens(stop_after=3)
    model = clone(estimator).set_callbacks(listens).fit(X, Y)
    epoch = ["epoch begins", "epoch ends"]
    assert listens.heard == ["setup", "fit begins", *epoch, *epoch, "fit ends", "teardown"]
    (first, _), *last = listens.answers
    for found, said in last:
        for name, values in case.end(estimator).items():
            if name != "history_":  # chunks end elsewhere
                np.testing.assert_equal(found[name], values)
        assert not differs(list(said), list(answers(model)))
    assert first["n_epochs_"] == 1
    stopped = clone(estimator).set_callbacks(Listens(stop_after=1)).fit(X, Y)
    np.testing.assert_equal(learned(stopped), first)
    broken = clone(estimator).set_callbacks(listens)
    with pytest.raises(ZeroDivisionError):
        broken.fit(X, Y, recorder=Fails())
    assert listens.heard[-1] == "teardown"


def partial_fit(estimator, case):
    """As many calls as `fit` has epochs learn the same, and know the same time and again."""
    model = fit_again(fit_again(clone(estimator)))
    found, end = learned(model), copy.deepcopy(case.end(estimator))
    n_points = len(end["history_"]["spikes"])
    for one in (found, end):  # chunks end elsewhere
        history = one.pop("history_")
        assert abs(len(history["spikes"]) - n_points) <= 1
    np.testing.assert_equal(found, end)
    assert set(model.timings_) >= {"build", "simulate"}


def warm_start(estimator, case):
    """A finished `fit` can be lengthened, and an interrupted one goes on, to the same weights."""
    model = clone(estimator).set_params(warm_start=True)
    model.set_params(n_epochs=1).fit(X, Y)
    assert model.n_epochs_ == 1
    model.set_params(n_epochs=2).fit(X, Y)
    found, end = learned(model), copy.deepcopy(case.end(estimator))
    for one in (found, end):  # chunks end elsewhere
        one.pop("history_")
    np.testing.assert_equal(found, end)
    said = list(answers(model))
    assert not differs(list(answers(model.fit(X, Y))), said)  # there is nothing left to learn
    np.testing.assert_equal(learned(model) | {"history_": None}, end | {"history_": None})
    with pytest.raises(ParameterError, match="n_epochs: must be at least the 2 epochs .* got 1"):
        model.set_params(n_epochs=1).fit(X, Y)
    model.set_params(n_epochs=3).fit(X[:40], Y[:40])  # other samples
    assert model.n_epochs_ == 3
    assert model.n_presentations_ - found["n_presentations_"] == 40
    # After Ctrl-C the model in memory goes on, after more than that the file does.
    model = clone(estimator).set_params(warm_start=True, checkpoint=case.path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_checkpoints, "save_checkpoint", lambda *args, **kwargs: None)
        model.set_params(n_epochs=1).fit(X, Y)
    model.set_params(n_epochs=2)
    case.ctrl_c(lambda: pickle.loads(pickle.dumps(model)).fit(X, Y))
    model.fit(X, Y)
    assert not case.path.exists()
    end = copy.deepcopy(case.end(estimator))
    np.testing.assert_equal(learned(model) | {"history_": None}, end | {"history_": None})


def callback(estimator, case):
    """It is called with a model that can answer and what was noted, and may stop."""
    calls = []

    def call(model, point):
        calls.append((learned(model), list(answers(model)), point))
        return stops and model.n_epochs_ == 1

    stops = False
    model = clone(estimator).fit(X, Y, callback=call)
    np.testing.assert_equal(learned(model), case.end(estimator))
    points = model.history_["spikes"]
    assert len(calls) == len(points) == 2
    for (found, _, point), spikes in zip(calls, points, strict=True):
        assert point["spikes"] == found["history_"]["spikes"][-1] == spikes
    np.testing.assert_equal(calls[-1][0], learned(model))
    assert differs(calls[0][0], calls[1][0])
    fit_again(model, callback=call)
    assert len(calls) == 3
    stops = True
    stopped = clone(estimator).fit(X, Y, callback=call)
    assert stopped.n_epochs_ == 1
    assert len(answers(stopped)) == N
    before = learned(stopped)
    with pytest.raises(TypeError):
        stopped.fit(X, Y, callback=lambda model: None)
    np.testing.assert_equal(learned(stopped), before)


def validation(estimator, case):
    """Held-out samples are measured on the way, beside the bar, and teach nothing."""
    name = "validation_score" if hasattr(estimator, "predict") else "validation_spikes"
    model = clone(estimator).set_params(validation_fraction=12, verbose=1).fit(X, Y)
    assert re.search(rf"training: 100%.*96/96.*{name}=[\d.e-]+", case.said().err)
    measured = model.history_[name]
    assert len(measured) == len(model.history_["spikes"])
    assert np.isfinite(measured).all()
    # The same samples alone teach the same; constants follow all samples, whose mean is the same.
    targets = Y if is_classifier(model) else None
    rows, held_out = hold_out(model, targets, None, n=N)
    assert (len(rows), len(held_out)) == (48, 12)
    if is_classifier(model):
        assert np.bincount(Y[held_out]).tolist() == [6, 6]
    alone = clone(estimator).fit(X[rows], Y[rows])
    for one, other in zip(weights(model), weights(alone), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9)
    assert not differs(list(answers(model)), list(answers(alone)))
    # Whole groups, and a share.
    groups = np.repeat(np.arange(6), 10)
    model = clone(estimator).set_params(validation_fraction=0.3, n_epochs=1).fit(X, Y, groups)
    assert model.n_presentations_ == 40
    model = fit_again(model)
    assert model.n_epochs_ == 2
    assert len(model.history_[name]) == len(model.history_["spikes"])
    assert np.isnan(model.history_[name][-1])
    with pytest.raises(ParameterError, match="validation_fraction: must be .* got 1.5"):
        model.set_params(validation_fraction=1.5).fit(X, Y)
    with pytest.raises(DataError, match="validation_fraction: these samples cannot be split"):
        model.set_params(validation_fraction=60).fit(X, Y)


PROMISES = {
    "checkpoint": checkpoint,
    "kill": kill,
    "Ctrl-C": ctrl_c,
    "error": error,
    "recorder": recorder,
    "progress": progress,
    "`partial_fit`": partial_fit,
    "callbacks": callbacks,
    "`callback`": callback,
    "`warm_start`": warm_start,
    "validation": validation,
}


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda one: type(one).__name__)
@pytest.mark.parametrize("promise", PROMISES)
def test_promise(promise, estimator, case):
    if promise == "callbacks":
        pytest.importorskip("sklearn.callback")
    PROMISES[promise](estimator, case)


def test_before_scikit_learn_had_callbacks():
    script = "import sys; sys.modules['sklearn.callback'] = None; from bioplastic import networks"
    script += "; print(hasattr(networks.DiehlCook(), 'set_callbacks'))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout == "False\n", done.stderr


def test_the_table_says_so():
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("|")]
    head, _, *rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    names = {type(estimator).__name__ for estimator in ESTIMATORS}
    assert {name.strip("`") for name in head[1:]} == names
    assert [row[0] for row in rows] == list(PROMISES)
    assert all(len(row) == len(head) and all(row) for row in rows)


def test_all_that_train_are_here():
    public = [getattr(networks, name) for name in networks.__all__]
    trained = {one for one in public if inspect.isclass(one) and issubclass(one, Trainer)}
    assert trained == {type(estimator) for estimator in ESTIMATORS}
    for one in trained:
        promised = {"checkpoint", "verbose", "n_epochs", "warm_start", "validation_fraction"}
        assert promised < inspect.signature(one).parameters.keys()
