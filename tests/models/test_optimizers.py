"""Adam and SGD: every update against the same formulas in NumPy."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from brian2 import ms

from bioplastic import engine
from bioplastic.errors import ParameterError
from bioplastic.models import (
    SGD,
    Adam,
    Network,
    NeuronModel,
    PoissonInput,
    Population,
    Projection,
    Schedule,
)
from bioplastic.models.declaration import key_of, parameter
from bioplastic.models.optimizers import Optimizer
from bioplastic.models.plasticity.eprop import EPropBias

N, N_STEPS, BATCH = 3, 4, 2
W = "teacher_to_pupil.w"

#: Its error is the sample's target, times a factor of its own.
TEACHER = NeuronModel(
    equations="error : 1\nsize : 1",
    at_slot_start="error = size*target(cursor)",
    initial={"size": 1.0},
)
PUPIL = NeuronModel(equations="y : 1")
SIZES = np.array([1.0, -2.0, 1e-3])


def declare(optimizer, batch=BATCH):
    return Network(
        populations=(
            Population(name="input", n=1, neuron=PoissonInput()),
            Population(name="teacher", n=N, neuron=TEACHER),
            Population(name="pupil", n=N, neuron=PUPIL),
        ),
        projections=(
            Projection(
                pre="teacher", post="pupil", wiring="one_to_one", on_pre="", graded="y_post = w",
                rule=EPropBias(optimizer=optimizer, batch=float(batch)),
            ),
        ),
        watch="input",
        schedule=Schedule(
            presentation=N_STEPS * ms, rest=0 * ms, dt=1 * ms, min_spikes=0, batch_size=batch
        ),
    )  # fmt: skip


def train(optimizer, targets, *, batch=BATCH, **state):
    """Weights after the samples, whose gradients are known."""
    targets = np.asarray(targets, dtype=float)
    stimulus = engine.RateStimulus(values=np.zeros((len(targets), 1)), targets=targets)
    begin = {W: np.array([0.5, -1.0, 0.0]), "teacher.size": SIZES, **state}
    return engine.run(
        declare(optimizer, batch), stimulus, seed=0, state=begin, engine="numpy"
    ).state


def gradients(targets, batch=BATCH):
    """Mean gradient of every full batch; the error of a step is learned in the same step."""
    n = len(targets) // batch
    means = np.reshape(targets[: n * batch], (n, batch)).mean(axis=1)
    return N_STEPS * means[:, None] * SIZES


def adam(gradient, *, rate, beta_1, beta_2, epsilon, decay):
    w, m, v = np.array([0.5, -1.0, 0.0]), 0.0, 0.0
    for k, g in enumerate(gradient, start=1):
        m, v = beta_1 * m + (1 - beta_1) * g, beta_2 * v + (1 - beta_2) * g**2
        m_hat, v_hat = m / (1 - beta_1**k), v / (1 - beta_2**k)
        w = w * (1 - rate * decay) - rate * m_hat / (np.sqrt(v_hat) + epsilon)
    return w


def sgd(gradient, *, rate, inertia, decay):
    w, m = np.array([0.5, -1.0, 0.0]), 0.0
    for g in gradient:
        m = inertia * m + g
        w = w * (1 - rate * decay) - rate * m
    return w


@pytest.fixture(scope="module")
def targets():
    return np.random.default_rng(0).normal(size=14)


@pytest.mark.parametrize("decay", [0.0, 0.5])
def test_adam_is_that_of_kingma_and_ba(targets, decay):
    settings = {"beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-3}
    optimizer = Adam(learning_rate=0.02, weight_decay=decay, **settings)
    state = train(optimizer, targets)
    expected = adam(gradients(targets), rate=0.02, decay=decay, **settings)
    np.testing.assert_allclose(state[W], expected, rtol=1e-12)
    assert state["teacher_to_pupil.n_updates"].tolist() == [7]


@pytest.mark.parametrize(("inertia", "decay"), [(0.0, 0.0), (0.9, 0.0), (0.5, 0.1)])
def test_sgd_with_and_without_inertia(targets, inertia, decay):
    optimizer = SGD(learning_rate=0.01, inertia=inertia, weight_decay=decay)
    expected = sgd(gradients(targets), rate=0.01, inertia=inertia, decay=decay)
    np.testing.assert_allclose(train(optimizer, targets)[W], expected, rtol=1e-12)


def test_the_first_step_of_adam_is_the_learning_rate(targets):
    w = train(Adam(learning_rate=0.01), targets[:BATCH])[W]
    step = np.abs(w - [0.5, -1.0, 0.0])
    np.testing.assert_allclose(step, 0.01, rtol=1e-3)  # whatever the size of the gradient


def test_a_batch_that_is_not_full_waits_for_the_next_run(targets):
    optimizer = Adam(learning_rate=0.02)
    begun = train(optimizer, targets[:3])
    kept = {k: v for k, v in begun.items() if not k.startswith("teacher.")}
    assert np.abs(begun["teacher_to_pupil.gradient"]).max() > 0
    both = train(optimizer, targets[3:8], **kept)
    whole = train(optimizer, targets[:8])
    np.testing.assert_allclose(both[W], whole[W], rtol=1e-14)
    assert not both["teacher_to_pupil.gradient"].any()


def test_batches_are_means(targets):
    one = train(SGD(learning_rate=0.1), [1.0, 3.0, 2.0, 2.0], batch=4)
    other = train(SGD(learning_rate=0.1), [2.0], batch=1)
    np.testing.assert_allclose(one[W], other[W], rtol=1e-14)


def test_the_learning_rate_may_change_from_run_to_run(targets):
    optimizer = SGD(learning_rate=1.0)
    state = train(optimizer, targets, **{"teacher_to_pupil.learning_rate": np.array([0.25])})
    expected = sgd(gradients(targets), rate=0.25, inertia=0.0, decay=0.0)
    np.testing.assert_allclose(state[W], expected, rtol=1e-12)
    assert key_of(declare(SGD(learning_rate=0.5))) == key_of(declare(optimizer))
    assert key_of(declare(Adam())) != key_of(declare(optimizer))


def test_an_optimizer_of_the_users_own(targets):
    @dataclass(frozen=True, kw_only=True, slots=True, repr=False)
    class Signs(Optimizer):
        update: str = "w -= step*sign(gradient)\n"
        step: Any = parameter(0.125, low=0)  # noqa: RUF009

    w = train(Signs(), targets)[W]
    expected = np.array([0.5, -1.0, 0.0]) - 0.125 * np.sign(gradients(targets)).sum(axis=0)
    np.testing.assert_allclose(w, expected, rtol=1e-14)


class TestDeclaration:
    @pytest.mark.parametrize(
        "optimizer",
        [Adam(), Adam(learning_rate=0.5, beta_1=0.0), SGD(), SGD(inertia=0.9, weight_decay=1e-3)],
        ids=repr,
    )
    def test_what_it_shows_is_what_it_is(self, optimizer):
        copy = eval(repr(optimizer))
        assert copy == optimizer
        assert hash(copy) == hash(optimizer)

    def test_constants_by_name(self):
        assert Adam(learning_rate=0.5).parameters == {
            "learning_rate": 0.5, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8,
            "weight_decay": 0.0,
        }  # fmt: skip
        assert set(SGD().parameters) == {"learning_rate", "inertia", "weight_decay"}

    @pytest.mark.parametrize(
        ("kind", "name", "value"),
        [
            (Adam, "learning_rate", -1.0),
            (Adam, "beta_1", -0.1),
            (Adam, "beta_2", -0.1),
            (Adam, "epsilon", 0.0),
            (Adam, "weight_decay", -1.0),
            (Adam, "learning_rate", 3 * ms),
            (SGD, "learning_rate", -1.0),
            (SGD, "inertia", -0.5),
            (SGD, "weight_decay", np.nan),
        ],
    )
    def test_bad_constants_are_named(self, kind, name, value):
        with pytest.raises(ParameterError, match=f"{kind.__name__}.{name}"):
            kind(**{name: value})


def test_a_rule_keeps_its_optimizer():
    rule = EPropBias(optimizer=Adam(learning_rate=0.1))
    faster = replace(rule, optimizer=Adam(learning_rate=0.2))
    assert faster.parameters["learning_rate"] == 0.2
    assert faster.at_batch_end == rule.at_batch_end
    with pytest.raises(ParameterError, match="EPropBias.optimizer: .* make a new rule"):
        replace(rule, optimizer=SGD())
