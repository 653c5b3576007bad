"""Every training that writes a checkpoint: what it belongs to, and what it is refused for."""

import dataclasses
import functools
import inspect
import json

import numpy as np
import pytest
from brian2 import Hz, ms
from sklearn.base import clone

from bioplastic import networks
from bioplastic.engine import checkpoint
from bioplastic.errors import CheckpointError
from bioplastic.models import Adam, DiehlCookInhibitory
from bioplastic.models.eprop import EPropALIF
from bioplastic.networks import declarations
from bioplastic.networks._samples import digest
from bioplastic.networks.diehl_cook_constants import CONSTANTS

ESTIMATORS = [
    estimator
    for estimator in (getattr(networks, name) for name in networks.__all__)
    if inspect.isclass(estimator)
    and estimator.__name__.startswith(("DiehlCook", "EProp"))  # of these defaults are changed
]
DIEHL_COOK = {
    "n_neurons": 3, "presentation": 4 * ms, "rest": 0 * ms, "dt": 1 * ms, "min_spikes": 0,
}  # fmt: skip
EPROP = {"n_lif": 0, "n_alif": 3, "presentation": 4 * ms, "n_epochs": 1}
X, Y = np.random.default_rng(0).random((6, 5)), np.arange(6) % 2


@pytest.fixture(params=ESTIMATORS, ids=lambda estimator: estimator.__name__)
def estimator(request):
    return request.param


@pytest.fixture
def path(tmp_path):
    return tmp_path / "checkpoint"


@pytest.fixture
def fit(estimator, path, interrupted):
    """``fit()`` trains, each time with the same checkpoint, which an interrupted one has left."""
    options = EPROP if is_eprop(estimator) else DIEHL_COOK
    model = estimator(**options, engine="auto", random_state=0, checkpoint=path)
    interrupted(lambda: model.fit(X, Y))
    return lambda X=X, y=Y: model.fit(X, y)


def is_eprop(estimator):
    return estimator.__name__.startswith("EProp")


def rewrite(path, change):
    """Change what a checkpoint says of itself."""
    with np.load(path) as file:
        arrays = dict(file)
    meta = json.loads(str(arrays["meta"]))
    change(meta)
    with path.open("wb") as file:
        np.savez(file, **(arrays | {"meta": np.array(json.dumps(meta))}))


def test_versions_are_told_and_do_not_matter(fit, path):
    def older(meta):
        assert set(meta["versions"]) == {"brian2", "numpy"}
        meta["versions"] = {"brian2": "2.7", "numpy": "1.26"}

    rewrite(path, older)
    model = fit()
    undisturbed = clone(model).set_params(checkpoint=None).fit(X, Y)
    np.testing.assert_equal(model.weights_, undisturbed.weights_)


def test_another_mathematics_is_refused(fit, path, monkeypatch):
    here = checkpoint.MATHEMATICS + 1
    monkeypatch.setattr(checkpoint, "MATHEMATICS", here)
    with pytest.raises(CheckpointError, match=f"mathematics {here - 1}, this is {here}.*anew"):
        fit()


def test_an_older_layout_is_refused(fit, path):
    rewrite(path, lambda meta: meta.update(format=1))
    with pytest.raises(CheckpointError, match="was written by format 1, this is 2.*delete it"):
        fit()


def test_a_file_from_before_there_was_a_number_is_refused(fit, path):
    rewrite(path, lambda meta: meta.pop("mathematics"))
    with pytest.raises(CheckpointError, match="was written by mathematics 1, this is"):
        fit()


@pytest.mark.parametrize("what", ["a value", "a string"])
def test_a_default_that_a_release_changes_is_refused(fit, estimator, monkeypatch, what):
    if is_eprop(estimator):
        name, changed = "optimizer", Adam(learning_rate=0.005, epsilon=1e-6)
        shown = "epsilon: .* there, 1e-06 here"
        if what == "a string":
            name, changed = "neuron", EPropALIF(reset=EPropALIF().reset + "\nrate += 0*hertz")
        monkeypatch.setitem(estimator._standard, name, changed)
    else:
        change, shown = {"tau_membrane": 11 * ms}, "inhibitory.tau_membrane: 0.01 there, 0.011 here"
        if what == "a string":
            change = {"reset": DiehlCookInhibitory().reset + "\nv += 0*mV"}
        changed = functools.partial(DiehlCookInhibitory, **change)
        monkeypatch.setattr(declarations, "DiehlCookInhibitory", changed)
    shown = shown if what == "a value" else "the network's declaration differs"
    with pytest.raises(CheckpointError, match=f"another training .*{shown}"):
        fit()


def test_a_default_outside_the_network_is_refused(monkeypatch, path, interrupted):
    model = networks.DiehlCook(**DIEHL_COOK, engine="auto", random_state=0, checkpoint=path)
    interrupted(lambda: model.fit(X))
    slower = dataclasses.replace(CONSTANTS["published"], rate_max=1 * Hz)
    monkeypatch.setitem(CONSTANTS, "published", slower)
    with pytest.raises(CheckpointError, match="rate_of_an_input_of_1: .* there"):
        model.fit(X)


def test_other_samples_are_refused(fit):
    with pytest.raises(CheckpointError, match=r"\(the data differ\)"):
        fit(X[::-1].copy())


class TestDigest:
    def test_where_samples_end_is_part_of_them(self):
        values = np.arange(12.0)
        one = [values[:6].reshape(3, 2), values[6:].reshape(3, 2)]
        assert digest(one) == digest([part.copy() for part in one])
        others = [
            [values[:4].reshape(2, 2), values[4:].reshape(4, 2)],
            [values[:6].reshape(2, 3), values[6:].reshape(2, 3)],
            [part.view(np.int64) for part in one],
        ]
        assert digest(one) not in [digest(other) for other in others]

    def test_samples_are_not_targets(self):
        values = np.arange(4.0)
        assert digest([values[:1]], [values[1:]]) != digest([values[:3]], [values[3:]])
