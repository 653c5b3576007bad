"""Parameters of the estimators that learn by e-prop, checked and made a declaration."""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from brian2 import ms, second

from bioplastic._checks import (
    check_choice,
    check_number,
    check_positive,
    check_quantity,
    check_whole,
)
from bioplastic.encoding import SpikeAugmenter
from bioplastic.errors import ParameterError
from bioplastic.models import Network, Schedule
from bioplastic.models.declaration import Declaration, field_values
from bioplastic.models.eprop import (
    EPropALIF,
    EPropLIF,
    LeakyReadout,
    RateRegularization,
    SoftmaxError,
    SquaredError,
)
from bioplastic.models.optimizers import Optimizer
from bioplastic.networks.eprop_network import FEEDBACKS, eprop_network

#: What is drawn at first, and has a gain.
WEIGHTS = ("input", "recurrent", "readout", "feedback")


def declare(estimator: Any, error: type[SoftmaxError | SquaredError], *, learning: bool) -> Network:
    """Check the parameters and declare the network.

    Parameters
    ----------
    estimator : EPropClassifier or EPropRegressor
        What has the parameters, and has seen samples and targets.
    error : type
        What is learned.
    learning : bool
        Whether to declare rules and feedback, or a network that only answers.

    Raises
    ------
    ParameterError
        If a parameter has a wrong unit, type or range.
    """
    name = type(estimator).__name__
    n_lif, n_alif = check_whole(estimator, "n_lif", low=0), check_whole(estimator, "n_alif", low=0)
    if n_lif + n_alif < 1:
        raise ParameterError(f"{name}.n_lif: there must be a neuron, got n_lif=0 and n_alif=0")
    _choice(estimator, "schedule", ("constant", "cosine"))
    check_whole(estimator, "n_epochs", low=1)
    pool = _whole(estimator, "pool")
    if estimator.augmenter is not None and not isinstance(estimator.augmenter, SpikeAugmenter):
        raise ParameterError(
            f"{name}.augmenter: must be a SpikeAugmenter or None, got {estimator.augmenter!r}"
        )
    neuron = _neuron(estimator, n_alif)
    # Neurons without adaptation have the same constants.
    shared = {name: getattr(neuron, name) for name in field_values(EPropLIF())}
    n_lines = _whole(estimator, "n_lines")
    takes_spikes, n_inputs = estimator._takes_spikes, estimator.n_features_in_
    spikes = takes_spikes and pool == 1 and n_lines == 1
    return eprop_network(
        n_inputs=-(-n_inputs // pool) if takes_spikes else n_inputs,
        n_lif=n_lif,
        n_alif=n_alif,
        n_outputs=estimator._n_outputs,
        schedule=Schedule(
            presentation=None,
            rest=check_quantity(estimator, "rest", 0 * ms),
            dt=estimator._dt * second,
            min_spikes=0,
            max_repeats=0,
            batch_size=_whole(estimator, "batch_size", 32),
        ),
        optimizer=_declared(estimator, "optimizer", Optimizer),
        lif=EPropLIF(**shared) if isinstance(neuron, EPropALIF) else neuron,
        alif=neuron if isinstance(neuron, EPropALIF) else None,
        readout=_declared(estimator, "readout", LeakyReadout),
        error=error(**_answer_window(estimator)),
        feedback=_choice(estimator, "feedback", FEEDBACKS),
        decay=check_number(estimator, "feedback_decay", low=0),
        recurrent=bool(estimator.recurrent),
        n_lines=n_lines,
        line_delay=check_positive(estimator, "line_delay", estimator._fitted("line_delay", 30 * ms))
        * second,
        spikes=spikes,
        learning=learning,
    )


def _whole(estimator: Any, name: str, otherwise: int = 1) -> int:
    given = getattr(estimator, name) is not None
    return check_whole(estimator, name, low=1) if given else int(estimator._fitted(name, otherwise))


def _choice(estimator: Any, name: str, choices: tuple[str, ...]) -> str:
    given = getattr(estimator, name) is not None
    return check_choice(estimator, name, choices) if given else estimator._fitted(name, choices[0])


def _declared[T: Declaration](estimator: Any, name: str, kind: type[T]) -> T:
    value = estimator._declaration(name)
    if not isinstance(value, kind):
        raise ParameterError(
            f"{type(estimator).__name__}.{name}: must be None or of the kind "
            f"{estimator._standard[name]!r}, got {value!r}"
        )
    return value


def _neuron(estimator: Any, n_alif: int) -> EPropLIF:
    """Return the neurons' constants, with the rates to which they are drawn."""
    neuron = _declared(estimator, "neuron", EPropALIF if n_alif else EPropLIF)
    if estimator._constant("regularization", None) is None:
        return neuron
    rates = _declared(estimator, "regularization", RateRegularization)
    return replace(neuron, **field_values(rates))


def gains_of(estimator: Any) -> tuple[float, ...]:
    """Return the factors of initial weights: of input, recurrent, readout and feedback.

    Raises
    ------
    ParameterError
        If there is another, or one is no number of at least 0.
    """
    given = estimator._constant("gains", {})
    known = isinstance(given, Mapping) and given.keys() <= {*WEIGHTS}
    numbers = given.values() if known else ()
    if not known or not all(isinstance(g, int | float) and 0 <= g < math.inf for g in numbers):
        raise ParameterError(
            f"{type(estimator).__name__}.gains: must give numbers of at least 0 to some of "
            f"{', '.join(WEIGHTS)}, got {given!r}"
        )
    return tuple(float(given.get(name, 1.0)) for name in WEIGHTS)


def _answer_window(estimator: Any) -> dict[str, Any]:
    """Return the part of a sample in which the answer counts, for an error neuron."""
    window = estimator._constant("decision_window", None)
    if window is None:
        return {}
    if estimator.decision_window is None:
        return {"decision_share": window}
    if isinstance(window, (int, float)) and not isinstance(window, bool):
        return {"decision_share": check_number(estimator, "decision_window", low=1e-9, high=1)}
    return {"decision_window": check_positive(estimator, "decision_window", 1 * second) * second}
