"""Gradients and weights are those of the equations, computed without Brian."""

import numpy as np
import pytest
from brian2 import ms

from bioplastic.models import SGD, Adam

ENGINES = ["numpy", "cpp_standalone"]
CLASSES = np.array([0, 2, 1, 1, 0, 2])
ORDER = [0, 1, 2, 3, 4, 5, 2, 0, 5, 1]


def matrices(rng, n_hidden, n_out, n_input=5):
    """Weights that make the neurons fire, and feedback that is no transpose."""
    weights = {
        "input": rng.normal(0.25, 0.6, (n_input, n_hidden)),
        "recurrent": rng.normal(0.0, 0.4, (n_hidden, n_hidden)),
        "readout": rng.normal(0.0, 0.6, (n_hidden, n_out)),
        "bias": rng.normal(0.0, 0.3, n_out),
        "feedback": rng.normal(0.0, 0.6, (n_out, n_hidden)),
    }
    np.fill_diagonal(weights["recurrent"], 0.0)
    return weights


def assert_equal(state, expected, *, rtol=1e-10):
    for name, values in expected.items():
        least = 1e-3 * rtol * max(np.abs(values).max(), 1e-3)
        np.testing.assert_allclose(state[name], values, rtol=rtol, atol=least, err_msg=name)


class Case:
    """A network, its initial state, and the same as a reference."""

    def __init__(self, declared, network, state, reference, simulate):
        self.declared, self.network, self.state = declared, network, state
        self.reference, self.simulate = reference, simulate

    def run(self, name, **kwargs):
        return self.simulate(self.network, self.state, name=name, **kwargs)

    def split(self, matrices, variable="w"):
        return self.declared.split(self.network, matrices, variable)


@pytest.fixture(scope="module")
def classifying(declared, reference, simulate):
    """``make(...)`` declares a classifier: LIF and ALIF, heterogeneous, softmax, learned feedback.

    All of them are one program: what differs are values of parameters.
    """

    def make(*, batch_size=100, n_window=10**6, symmetric=False, **adam):
        options = {"batch_size": batch_size, "decision_window": n_window * ms}
        network = declared.classifier(optimizer=Adam(**adam), **options)
        weights = matrices(np.random.default_rng(1), 7, 3)
        if symmetric:
            weights["feedback"] = weights["readout"].T.copy()
        state = network.sample(3)
        hidden = reference.Hidden(
            tau_membrane=np.concatenate([state["lif.tau_membrane"], state["alif.tau_membrane"]]),
            tau_adaptation=0.06,
            beta=np.array([0.0] * 4 + [0.4] * 3),
            n_refractory=3,
            tau_rate=0.2,
            rate_target=20.0,
            rate_cost=0.5,
        )
        expected = reference.Reference(
            weights=weights, hidden=hidden, tau_out=0.015, dt=1e-3, n_window=round(n_window),
            optimizer=reference.Adam(**adam) if adam else None,
        )  # fmt: skip
        return Case(declared, network, state | declared.split(network, weights), expected, simulate)

    return make


@pytest.fixture(scope="module")
def regressing(declared, reference, simulate):
    """``make(...)`` declares a regressor: alike LIF neurons, squared error, fixed feedback."""

    def make(*, batch_size=100, n_window=10**6, **sgd):
        options = {"batch_size": batch_size, "decision_window": n_window * ms}
        network = declared.regressor(optimizer=SGD(**sgd), **options)
        weights = matrices(np.random.default_rng(2), 4, 2)
        hidden = reference.Hidden(
            tau_membrane=0.02, tau_adaptation=1.0, beta=np.zeros(4), v_threshold=0.7, gamma=0.4
        )
        expected = reference.Reference(
            weights=weights, hidden=hidden, tau_out=0.015, dt=1e-3, n_window=round(n_window),
            squared=True, learns_feedback=False, optimizer=reference.SGD(**sgd) if sgd else None,
        )  # fmt: skip
        return Case(declared, network, declared.split(network, weights), expected, simulate)

    return make


@pytest.fixture(scope="module")
def signals(samples):
    """Targets of the regression; longer ones than their samples are cut."""
    rng = np.random.default_rng(5)
    return [rng.normal(0.0, 1.0, (len(x) + k, 2)) for k, x in enumerate(samples)]


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize("n_window", [10**6, 17, 20.7], ids=["whole", "window", "rounded"])
def test_gradients_of_a_classifier(classifying, samples, name, n_window):
    case = classifying(n_window=n_window)
    expected = case.reference
    expected.train(samples, CLASSES.tolist(), batch_size=100)
    result = case.run(name, targets=CLASSES)
    assert result.counts.sum() == expected.n_spikes > 50
    assert (result.counts.sum(axis=0) > 0).sum() >= 5, "too few neurons fire"
    gradients = case.split(expected.gradients, "gradient")
    assert len(gradients) == 11
    assert_equal(result.state, gradients)
    assert_equal(result.state, {"lif.rate": expected.rate[:4], "alif.rate": expected.rate[4:]})
    np.testing.assert_allclose(result.state["error.loss"].sum(), expected.loss, rtol=1e-12)
    np.testing.assert_allclose(result.state["error.score"], expected.scores[-1], rtol=1e-12)
    for kind, values in expected.gradients.items():
        assert (np.abs(values) > 1e-6).mean() > 0.6, f"the gradient of {kind} is mostly 0"


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize("n_window", [10**6, 9], ids=["whole", "window"])
def test_gradients_of_a_regressor(regressing, samples, signals, name, n_window):
    case = regressing(n_window=n_window)
    expected = case.reference
    expected.train(samples, signals, batch_size=100)
    result = case.run(name, target_signals=signals)
    assert result.counts.sum() == expected.n_spikes > 50
    gradients = {n: v for n, v in case.split(expected.gradients, "gradient").items()
                 if not n.startswith("error_")}  # fmt: skip
    assert len(gradients) == 4
    assert_equal(result.state, gradients)
    np.testing.assert_allclose(result.state["error.loss"].sum(), expected.loss, rtol=1e-12)


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize("symmetric", [True, False], ids=["symmetric", "adaptive"])
def test_adam_changes_the_weights_of_a_classifier(classifying, samples, name, symmetric):
    adam = {"learning_rate": 0.01, "beta_1": 0.8, "beta_2": 0.99, "weight_decay": 0.2}
    case = classifying(batch_size=3, symmetric=symmetric, **adam)
    case.reference.train([samples[k] for k in ORDER], CLASSES[ORDER].tolist(), batch_size=3)
    result = case.run(name, targets=CLASSES, order=ORDER)
    weights = case.split(case.reference.weights)
    assert_equal(result.state, weights)
    assert_equal(result.state, case.split(case.reference.gradients, "gradient"))  # of one sample
    assert result.state["schedule.in_batch"] == len(ORDER) % 3
    for variable, values in weights.items():
        moved = np.abs(values - case.state[variable])
        assert moved.max() > 0.005, f"{variable} hardly changed"
        if variable in ("lif_to_lif.w", "alif_to_alif.w"):
            n = round(len(values) ** 0.5)
            assert not values.reshape(n, n).diagonal().any()


@pytest.mark.parametrize("name", ENGINES)
def test_sgd_changes_the_weights_of_a_regressor(regressing, samples, signals, name):
    case = regressing(batch_size=2, learning_rate=0.02, inertia=0.7, weight_decay=0.1)
    case.reference.train([samples[k] for k in ORDER], [signals[k] for k in ORDER], batch_size=2)
    result = case.run(name, target_signals=signals, order=ORDER)
    weights = case.split(case.reference.weights)
    assert_equal(result.state, weights)
    np.testing.assert_array_equal(result.state["error_to_lif.w"], case.state["error_to_lif.w"])
    assert np.abs(weights["lif_to_readout.w"] - case.state["lif_to_readout.w"]).max() > 0.01


@pytest.mark.parametrize(("name", "n_epochs"), [("numpy", 1), ("cpp_standalone", 20)])
def test_symmetric_feedback_stays_the_transpose(classifying, name, n_epochs):
    case = classifying(batch_size=1, symmetric=True, learning_rate=0.02, weight_decay=0.1)
    state = case.run(name, targets=CLASSES, order=ORDER * n_epochs).state
    for hidden, n in (("lif", 4), ("alif", 3)):
        readout = state[f"{hidden}_to_readout.w"].reshape(n, 3)
        feedback = state[f"error_to_{hidden}.w"].reshape(3, n)
        np.testing.assert_allclose(feedback, readout.T, rtol=0, atol=1e-12)
        assert np.abs(readout.ravel() - case.state[f"{hidden}_to_readout.w"]).max() > 0.05


@pytest.mark.parametrize("name", ENGINES)
def test_a_run_that_goes_on_is_one_run(classifying, name):
    """Gradients of half a batch, the optimizer's memory and the rates go on, too."""
    case = classifying(batch_size=3, learning_rate=0.01)
    one = case.run(name, targets=CLASSES, order=ORDER).state
    case.state |= case.run(name, targets=CLASSES, order=ORDER[:4]).state
    two = case.run(name, targets=CLASSES, order=ORDER[4:]).state
    assert one["input_to_lif.n_updates"] == 3
    for variable, values in one.items():
        np.testing.assert_array_equal(two[variable], values, err_msg=variable)
