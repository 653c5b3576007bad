"""Input delays of Diehl & Cook's network: drawn once, and the same in all that follows."""

import numpy as np
import pytest
from brian2 import Hz, ms, mV
from sklearn.base import clone

from bioplastic.cli.model_file import read_model_file, write_model_file
from bioplastic.datasets import load_digits
from bioplastic.errors import ParameterError
from bioplastic.models import Constant, DiehlCookSTDP, Uniform
from bioplastic.networks import DiehlCook, DiehlCookClassifier, diehl_cook_network

DELAY = Uniform(low=0 * ms, high=10 * ms)
SHORT = {"n_neurons": 6, "presentation": 60 * ms, "rest": 20 * ms, "dt": 1 * ms, "min_spikes": 0,
         "n_epochs": 1, "norm": 6.4, "theta_plus": 1 * mV, "random_state": 3, "x_max": 16.0,
         "rate_max": 300 * Hz}  # fmt: skip


@pytest.fixture(scope="module")
def X():
    return load_digits().data[:9]


def model(**changes):
    return DiehlCook(**SHORT | {"engine": "numpy", "delay": DELAY} | changes)


@pytest.fixture(scope="module")
def trained(X):
    return model().fit(X)


def test_the_weights_are_those_of_their_synapses(X, trained):
    """A run of the declared network, put together by hand, learns the same."""
    shown = trained.presentation_of(X)
    i, j, delay = (shown.state[f"input_to_excitatory.{k}"] for k in ("i", "j", "delay"))
    assert 0 <= delay.min() < 1e-3
    assert 9e-3 < delay.max() <= 10e-3
    matrix = np.full(trained.weights_.shape, np.nan)
    matrix[i.astype(int), j.astype(int)] = shown.state["input_to_excitatory.w"]
    np.testing.assert_array_equal(matrix, trained.weights_)
    np.testing.assert_allclose(trained.weights_.sum(axis=0), 6.4, rtol=0.05)
    assert trained.transform(X).sum() > 10
    assert not np.array_equal(trained.weights_, model(delay=None).fit(X).weights_)


@pytest.mark.parametrize("delay", [0 * ms, Constant(value=0 * ms)])
def test_a_delay_of_0_is_none(X, delay):
    late, plain = (model(delay=d).fit(X) for d in (delay, None))
    np.testing.assert_allclose(late.weights_, plain.weights_, rtol=1e-12)
    np.testing.assert_array_equal(late.transform(X), plain.transform(X))


def test_delays_stay(X, trained, tmp_path, interrupted):
    def delays(fitted):
        return fitted.presentation_of(X).state["input_to_excitatory.delay"]

    again = clone(trained).fit(X)
    np.testing.assert_array_equal(again.weights_, trained.weights_)
    parts = model(shuffle=False).fit(X[:5]).partial_fit(X[5:])
    whole = model(shuffle=False).fit(X)
    np.testing.assert_array_equal(parts.weights_, whole.weights_)
    short = model(checkpoint=tmp_path / "c", n_epochs=1)
    interrupted(lambda: short.fit(X))
    longer = model(checkpoint=tmp_path / "c", n_epochs=2).fit(X)
    np.testing.assert_array_equal(longer.weights_, model(n_epochs=2).fit(X).weights_)
    for other in (again, parts, short, longer):
        np.testing.assert_array_equal(delays(other), delays(trained))
    assert not np.array_equal(delays(model(random_state=4).fit(X)), delays(trained))


def test_loaded_it_answers_the_same(X, tmp_path):
    fitted = DiehlCookClassifier(**SHORT, engine="numpy", delay=DELAY).fit(X, np.arange(9) % 3)
    write_model_file(tmp_path / "model", fitted)
    loaded = read_model_file(tmp_path / "model")
    np.testing.assert_array_equal(loaded.transform(X), fitted.transform(X))
    assert loaded.get_params()["delay"] == DELAY


@pytest.mark.parametrize("options", [{}, {"batch_size": 3}])
def test_cpp_agrees(X, options):
    cpp, numpy = (model(engine=e, **options).fit(X) for e in ("cpp_standalone", "numpy"))
    np.testing.assert_allclose(cpp.weights_, numpy.weights_, rtol=1e-10, atol=1e-12)
    np.testing.assert_array_equal(cpp.transform(X), numpy.transform(X))


def test_one_for_all(X):
    fitted = DiehlCookClassifier(**SHORT, engine="numpy", delay=4 * ms).fit(X, np.arange(9) % 3)
    assert (fitted.presentation_of(X).state["input_to_excitatory.delay"] == 0.004).all()
    assert fitted.predict(X).shape == (9,)


@pytest.mark.parametrize(
    ("delay", "what"),
    [(5, "must have the unit"), (-1 * ms, "delay: must be"), (3 * mV, "must have the unit"),
     (Uniform(low=0.0, high=1.0), "must be times"), ([1, 2] * ms, "delay: must be")],
)  # fmt: skip
def test_what_is_no_delay_is_refused(X, delay, what):
    with pytest.raises(ParameterError, match=f"DiehlCook.delay: .*{what}|DiehlCook.{what}"):
        model(delay=delay).fit(X)


def test_the_network_alone():
    network = diehl_cook_network(
        n_features=4, n_neurons=3, rule=DiehlCookSTDP(), norm=1.0, delay=DELAY
    )  # fmt: skip
    assert network.projections[0].delayed
    assert not any(p.delayed for p in network.projections[1:])
