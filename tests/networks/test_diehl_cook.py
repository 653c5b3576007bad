"""Diehl & Cook's network: what it learns, what it refuses, and that it repeats itself."""

import inspect
import os
import pickle
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest
from brian2 import Hz, ms, mV
from sklearn.base import clone
from sklearn.model_selection import train_test_split

from bioplastic.datasets import load_digits
from bioplastic.engine.cuda_program import gpu_capabilities
from bioplastic.errors import BioplasticError, CheckpointError, DataError, ParameterError
from bioplastic.models import DiehlCookSTDP, PlasticityRule
from bioplastic.networks import DiehlCook, DiehlCookClassifier

QUICK = {
    "n_neurons": 8,
    "n_epochs": 1,
    "presentation": 50 * ms,
    "rest": 10 * ms,
    "dt": 0.5 * ms,
    "rate_max": 200 * Hz,
    "norm": 20.0,
    "min_spikes": 2,
    "engine": "cpp_standalone",
    "random_state": 3,
}


@pytest.fixture(scope="module")
def X():
    return load_digits().data[:240]


def test_repeats_bit_for_bit_and_builds_once(X):
    first = DiehlCook(**QUICK).fit(X)
    second = DiehlCook(**QUICK).fit(X)
    assert np.array_equal(first.weights_, second.weights_)
    assert np.array_equal(first.theta_, second.theta_)
    assert second.timings_["build"] == 0.0
    assert first.weights_.shape == (64, 8)
    assert not np.array_equal(
        first.weights_, DiehlCook(**{**QUICK, "random_state": 4}).fit(X).weights_
    )


def test_changed_parameters_need_no_build(X):
    DiehlCook(**QUICK).fit(X[:5])
    changed = DiehlCook(**{**QUICK, "theta_plus": 1 * mV, "norm": 10.0, "inhibition": 5.0})
    assert changed.fit(X[:5]).timings_["build"] == 0.0


def test_partial_fit_continues_as_one_fit_would(X):
    settings = {**QUICK, "shuffle": False, "x_max": 16.0}
    whole = DiehlCook(**settings).fit(X)
    parts = DiehlCook(**settings).partial_fit(X[:100]).partial_fit(X[100:])
    assert np.array_equal(whole.weights_, parts.weights_)
    assert np.array_equal(whole.theta_, parts.theta_)
    assert whole.n_presentations_ == parts.n_presentations_


def test_training_changes_weights_within_bounds_and_keeps_the_norm(X):
    model = DiehlCook(**QUICK).fit(X)
    assert model.weights_.min() >= 0
    assert model.weights_.max() <= 1
    # Each column was scaled to the norm at the last slot's begin and learned one sample since.
    assert np.allclose(model.weights_.sum(axis=0), 20.0, rtol=0.1)
    assert (model.theta_ > 0.0).all()
    assert model.history_["presentation"][-1] == model.n_presentations_ >= len(X)
    assert model.history_["weight_change"].max() > 0


def test_transform_is_a_function_of_the_sample(X):
    model = DiehlCook(**QUICK).fit(X)
    before = model.weights_.copy()
    counts = model.transform(X[:20])
    assert counts.shape == (20, 8)
    assert counts.sum() > 0
    assert np.array_equal(model.transform(X[:20][::-1]), counts[::-1])
    assert np.array_equal(model.transform(X[7:8]), counts[7:8])
    assert np.array_equal(model.weights_, before)
    spikes = model.transform_spikes(X[:20])
    assert np.array_equal(spikes.counts(), counts)
    assert np.array_equal(model.set_params(n_jobs=2).transform(X[:20]), counts)


def test_repeats_samples_that_evoke_too_few_spikes(X):
    settings = {**QUICK, "min_spikes": 40, "max_repeats": 3}
    model = DiehlCook(**settings).fit(X[:20])
    assert 20 < model.n_presentations_ <= 80
    never = DiehlCook(**{**QUICK, "max_repeats": 3}).fit(np.zeros((3, 64)))
    assert never.n_presentations_ == 3 * 4  # nothing to see: repeated to the limit, then left


@pytest.mark.slow  # the example of the README says as much
@pytest.mark.parametrize(
    "engine_name",
    [
        "cpp_standalone",
        pytest.param(
            "cuda_standalone",
            marks=[
                pytest.mark.cuda,
                pytest.mark.skipif(not gpu_capabilities(), reason="no GPU: `bioplastic doctor`"),
            ],
        ),
    ],
)
def test_learns_digits_well_above_chance(engine_name):
    digits = load_digits()
    X, X_test, y, y_test = train_test_split(
        digits.data, digits.target, test_size=0.2, random_state=0, stratify=digits.target
    )
    model = DiehlCookClassifier(
        50, n_epochs=2, rate_max=128 * Hz, norm=16.0, engine=engine_name, random_state=0
    ).fit(X, y)
    assert model.score(X_test, y_test) > 0.6  # a tenth is chance
    static = clone(model).set_params(rule=DiehlCookSTDP(eta_plus=0.0, eta_minus=0.0))
    assert model.score(X_test, y_test) > static.fit(X, y).score(X_test, y_test) + 0.05


def test_batches_learn_and_end_with_their_epoch(X, tmp_path, interrupted):
    settings = {**QUICK, "shuffle": False, "batch_size": 7, "x_max": 16.0}
    whole = DiehlCook(**settings | {"n_epochs": 2}).fit(X)
    parts = DiehlCook(**settings).fit(X).partial_fit(X)
    assert np.array_equal(whole.weights_, parts.weights_)
    assert np.array_equal(whole.theta_, parts.theta_)
    assert whole.n_presentations_ == 2 * len(X)  # each once, whatever it evokes
    saved = {**settings, "checkpoint": tmp_path / "c"}
    interrupted(lambda: DiehlCook(**saved).fit(X), after=2)
    longer = DiehlCook(**saved | {"n_epochs": 2}).fit(X)
    assert np.array_equal(whole.weights_, longer.weights_)
    one_by_one = DiehlCook(**settings | {"batch_size": 1, "n_epochs": 2}).fit(X)
    mean = DiehlCook(**settings | {"n_epochs": 2}, batch_update="mean").fit(X)
    # Sums move weights and thresholds about as far as samples one by one do, means less far.
    assert whole.theta_.mean() == pytest.approx(one_by_one.theta_.mean(), rel=0.2)
    assert mean.theta_.mean() - 0.02 < 0.5 * (whole.theta_.mean() - 0.02)  # from 20 mV
    assert whole.weights_.min() >= 0
    assert whole.weights_.max() <= 1


def test_takes_a_rule_of_the_users_own(X):
    rule = PlasticityRule(
        pre_traces="dx/dt = -x/tau_x : 1",
        on_pre_trace="x = 1",
        on_post="w = clip(w + eta*(x_pre - 0.4), 0, 1)",
        at_slot_start_pre="x = 0",
        constants={"tau_x": 20 * ms, "eta": 0.01},
    )
    model = DiehlCook(**{**QUICK, "rule": rule, "engine": "numpy", "n_neurons": 4}).fit(X[:5])
    other = DiehlCook(**{**QUICK, "engine": "numpy", "n_neurons": 4}).fit(X[:5])
    assert not np.array_equal(model.weights_, other.weights_)


def test_pickle_keeps_what_was_learned_and_can_go_on(X):
    model = DiehlCook(**QUICK).fit(X[:100])
    copy = pickle.loads(pickle.dumps(model))
    assert np.array_equal(copy.transform(X[:5]), model.transform(X[:5]))
    assert np.array_equal(
        copy.partial_fit(X[100:150]).weights_, model.partial_fit(X[100:150]).weights_
    )


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"n_neurons": 0}, ["n_neurons", "0", "at least 1"]),
        ({"n_neurons": 2.5}, ["n_neurons", "2.5"]),
        ({"n_epochs": -1}, ["n_epochs", "-1"]),
        ({"max_repeats": 300}, ["max_repeats", "300", "255"]),
        ({"presentation": 10}, ["presentation", "10"]),
        ({"presentation": 10.2 * ms}, ["presentation", "multiple", "dt"]),
        ({"dt": -1 * ms}, ["dt", "> 0"]),
        ({"rate_max": 5000 * Hz}, ["rate_max", "dt"]),
        ({"rule": "hebb"}, ["rule", "hebb", "triplet"]),
        ({"engine": "fortran"}, ["engine", "fortran", "cpp_standalone"]),
        ({"norm": -1.0}, ["norm", "-1"]),
        ({"x_max": 0.0}, ["x_max", "0"]),
        ({"theta_plus": 1 * ms}, ["theta_plus", "volt"]),
        ({"batch_size": 0}, ["batch_size", "0", "at least 1"]),
        ({"batch_update": "max"}, ["batch_update", "max", "'sum' or 'mean'"]),
    ],
)
def test_bad_parameters_are_named_with_value_and_remedy(X, change, names):
    with pytest.raises(ParameterError) as caught:
        DiehlCook(**{**QUICK, **change}).fit(X[:3])
    for name in names:
        assert name in str(caught.value)


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (np.array([[1.0, np.nan]]), "NaN"),
        (np.array([[1.0, np.inf]]), "infinity"),
        (np.array([[1.0, -2.0]]), "Negative"),
        (np.arange(4.0), "2D"),
        (np.zeros((0, 4)), "0 sample"),
        (np.array([["a", "b"]]), "numeric"),
    ],
)
def test_bad_data_are_refused_and_nothing_is_learned(bad, says):
    model = DiehlCook(**QUICK)
    with pytest.raises(DataError, match=says) as caught:
        model.fit(bad)
    assert isinstance(caught.value, (BioplasticError, ValueError))
    assert not hasattr(model, "weights_")


def test_other_number_of_features_or_labels_is_refused(X):
    model = DiehlCook(**QUICK).fit(X[:5])
    with pytest.raises(DataError, match="64"):
        model.transform(X[:2, :10])
    with pytest.raises(DataError, match="5 samples"):
        DiehlCookClassifier(**QUICK).fit(X[:5], [0, 1])


# ---------------------------------------------------------------------------- interruptions

SCRIPT = """
    import sys
    import numpy
    from brian2 import Hz, ms
    from bioplastic.datasets import load_digits
    from bioplastic.networks import DiehlCook
    X = load_digits().data
    model = DiehlCook(
        20, presentation=200*ms, rest=50*ms, rate_max=128*Hz, norm=16.0,
        engine=sys.argv[2], random_state=1, checkpoint=sys.argv[1], verbose=1,
    )
    if len(sys.argv) > 3:
        X = X[:int(sys.argv[3])]
    print("ready", flush=True)
    try:
        model.fit(X)
    except KeyboardInterrupt as error:
        print(error, flush=True)
        sys.exit(130)
    numpy.savez(sys.argv[1] + ".npz", weights=model.weights_, theta=model.theta_)
    print("done", flush=True)
"""


def _start(path, *arguments):
    script = path.with_suffix(".py")
    script.write_text(textwrap.dedent(SCRIPT))
    return subprocess.Popen(
        [sys.executable, str(script), str(path), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _wait_for(path, process, timeout=240):
    limit = time.monotonic() + timeout
    while not path.exists():
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < limit
        time.sleep(0.01)


def _children(pid):
    return [
        int(p.name)
        for p in Path("/proc").iterdir()
        if p.name.isdigit() and f"\nPPid:\t{pid}\n" in _status(p)
    ]


def _status(process):
    try:
        return (process / "status").read_text()
    except OSError:
        return ""


def _load(path):
    with np.load(path) as file:
        return {name: file[name] for name in file.files}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    path = tmp_path_factory.mktemp("undisturbed") / "checkpoint"
    process = _start(path, "cpp_standalone")
    out, err = process.communicate(timeout=400)
    assert process.returncode == 0, err
    assert "done" in out
    assert not path.exists()
    return _load(path.with_suffix(".npz"))


@pytest.mark.skipif(not Path("/proc").exists(), reason="looks into /proc")
def test_sigkill_in_the_middle_then_resumed_gives_the_same_weights(tmp_path, undisturbed):
    path = tmp_path / "checkpoint"
    process = _start(path, "cpp_standalone")
    _wait_for(path, process)
    children = _children(process.pid)
    process.kill()
    process.communicate()
    killed = _load(path)  # whole, though its writer died
    assert 0 < killed["counters"][0] < 1797
    # The compiled program notices that nobody listens any more.
    limit = time.monotonic() + 10
    while any(_status(Path(f"/proc/{c}")) for c in children) and time.monotonic() < limit:
        time.sleep(0.05)
    assert not any("Z" not in _status(Path(f"/proc/{c}")) for c in children if
                   _status(Path(f"/proc/{c}")))  # fmt: skip
    again = _start(path, "cpp_standalone")
    out, err = again.communicate(timeout=400)
    assert again.returncode == 0, err
    assert "done" in out
    resumed = _load(path.with_suffix(".npz"))
    for name, values in undisturbed.items():
        assert np.array_equal(resumed[name], values), name
    assert list(tmp_path.glob(".checkpoint*")) == []


@pytest.mark.parametrize("engine", ["cpp_standalone", "numpy"])
def test_ctrl_c_leaves_a_checkpoint_to_go_on_from(tmp_path, undisturbed, engine):
    path = tmp_path / "checkpoint"
    arguments = [engine] if engine == "cpp_standalone" else [engine, "200"]
    process = _start(path, *arguments)
    if engine == "numpy":
        # A chunk takes long with numpy: the interrupt acts at the next slot's edge, within it.
        assert process.stdout.readline() == "ready\n"
        while b"1/200" not in os.read(process.stderr.fileno(), 65536):
            assert process.poll() is None
    else:
        _wait_for(path, process)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "training stopped after" in out
    assert str(path) in out
    kept = _load(path)
    assert 0 < kept["counters"][0] < 1797
    if engine == "cpp_standalone":
        again = _start(path, engine)
        again.communicate(timeout=400)
        assert again.returncode == 0
        resumed = _load(path.with_suffix(".npz"))
        for name, values in undisturbed.items():
            assert np.array_equal(resumed[name], values), name


def test_a_longer_training_goes_on_from_a_checkpoint(X, tmp_path, interrupted):
    settings = {**QUICK, "checkpoint": tmp_path / "c"}
    interrupted(lambda: DiehlCook(**settings).fit(X), after=3)  # the last one
    longer = DiehlCook(**settings | {"n_epochs": 2}).fit(X)
    fresh = DiehlCook(**QUICK | {"n_epochs": 2}).fit(X)
    assert np.array_equal(longer.weights_, fresh.weights_)
    assert longer.n_presentations_ == fresh.n_presentations_ == longer.history_["presentation"][-1]


def test_a_checkpoint_of_another_training_is_refused_with_the_difference(X, tmp_path, interrupted):
    settings = {**QUICK, "checkpoint": tmp_path / "c"}
    interrupted(lambda: DiehlCook(**settings | {"n_epochs": 2}).fit(X), after=3)
    with pytest.raises(CheckpointError, match="inhibition"):
        DiehlCook(**{**settings, "inhibition": 3.0}).fit(X)
    with pytest.raises(CheckpointError, match="data"):
        DiehlCook(**settings).fit(X[:50])
    interrupted(lambda: DiehlCook(**settings | {"n_epochs": 2}).fit(X))
    with pytest.raises(CheckpointError, match="holds 1 epochs, this training has 1; raise n_ep"):
        DiehlCook(**settings).fit(X)


def test_the_constructor_only_stores():
    parameters = set(inspect.signature(DiehlCook).parameters)
    assert set(vars(DiehlCook(5))) == parameters
    assert parameters < set(inspect.signature(DiehlCookClassifier).parameters)
    assert os.environ.get("BIOPLASTIC_CACHE")  # tests never write to the user's own cache
