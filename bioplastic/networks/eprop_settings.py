"""Parameters of the estimators that learn by e-prop, checked and made a declaration."""

from typing import Any

from brian2 import Hz, ms, second

from bioplastic._checks import (
    check_choice,
    check_number,
    check_positive,
    check_quantity,
    check_whole,
)
from bioplastic.encoding import SpikeAugmenter
from bioplastic.errors import ParameterError
from bioplastic.models import SGD, Adam, Network, Schedule
from bioplastic.models.eprop import EPropALIF, EPropLIF, LeakyReadout, SoftmaxError, SquaredError
from bioplastic.models.optimizers import Optimizer
from bioplastic.models.values import is_distribution
from bioplastic.networks.eprop_network import FEEDBACKS, eprop_network

__all__ = ["answer_window", "declare"]


def declare(
    estimator: Any,
    *,
    n_features: int,
    n_outputs: int,
    takes_spikes: bool,
    error: SoftmaxError | SquaredError,
    learning: bool,
) -> Network:
    """Check the parameters and declare the network.

    Parameters
    ----------
    estimator : EPropClassifier or EPropRegressor
        What has the parameters.
    n_features, n_outputs : int
        Channels or features of a sample, readouts.
    takes_spikes : bool
        Whether samples are spikes or numbers.
    error : SoftmaxError or SquaredError
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
    check_choice(estimator, "schedule", ("constant", "cosine"))
    check_whole(estimator, "n_epochs", low=1)
    pool = check_whole(estimator, "pool", low=1)
    if estimator.augmenter is not None and not isinstance(estimator.augmenter, SpikeAugmenter):
        raise ParameterError(
            f"{name}.augmenter: must be a SpikeAugmenter or None, got {estimator.augmenter!r}"
        )
    v_threshold = check_number(estimator, "v_threshold", low=1e-12)
    common: dict[str, Any] = {
        "tau_membrane": _time(estimator, "tau_membrane", 20 * ms),
        "tau_refractory": check_positive(estimator, "tau_refractory", 0 * ms, zero=True) * second,
        "v_threshold": v_threshold,
        "gamma": check_number(estimator, "gamma", low=1e-12),
        "psi_width": check_number(estimator, "psi_width", low=1e-12),
        "tau_rate": check_positive(estimator, "tau_rate", 100 * second) * second,
        "rate_target": check_positive(estimator, "rate_target", 10 * Hz) * Hz,
        "rate_cost": check_number(estimator, "rate_cost", low=0),
    }
    n_lines = check_whole(estimator, "n_lines", low=1)
    spikes = takes_spikes and pool == 1 and n_lines == 1
    n_inputs = -(-n_features // pool) if takes_spikes else n_features
    return eprop_network(
        n_inputs=n_inputs,
        n_lif=n_lif,
        n_alif=n_alif,
        n_outputs=n_outputs,
        schedule=Schedule(
            presentation=None,
            rest=check_quantity(estimator, "rest", 0 * ms),
            dt=check_quantity(estimator, "dt", 1 * ms),
            min_spikes=0,
            max_repeats=0,
            batch_size=check_whole(estimator, "batch_size", low=1),
        ),
        optimizer=_optimizer(estimator),
        lif=EPropLIF(**common),
        alif=EPropALIF(
            **common,
            tau_adaptation=_time(estimator, "tau_adaptation", 200 * ms),
            beta=check_number(estimator, "beta", low=0) * v_threshold,
        ),
        readout=LeakyReadout(tau_out=check_positive(estimator, "tau_out", 20 * ms) * second),
        error=error,
        feedback=check_choice(estimator, "feedback", FEEDBACKS),
        decay=check_number(estimator, "feedback_decay", low=0),
        recurrent=bool(estimator.recurrent),
        n_lines=n_lines,
        line_delay=check_positive(estimator, "line_delay", 30 * ms) * second,
        spikes=spikes,
        learning=learning,
    )


def _optimizer(estimator: Any) -> Optimizer:
    kind = check_choice(estimator, "optimizer", ("adam", "sgd"))
    options: dict[str, Any] = {
        "learning_rate": check_number(estimator, "learning_rate", low=0),
        "weight_decay": check_number(estimator, "weight_decay", low=0),
    }
    return Adam(**options) if kind == "adam" else SGD(**options)


def answer_window(estimator: Any) -> dict[str, Any]:
    """Return the part of a sample in which the answer counts, for an error neuron."""
    window = estimator.decision_window
    if window is None:
        return {}
    if isinstance(window, (int, float)) and not isinstance(window, bool):
        return {"decision_share": check_number(estimator, "decision_window", low=1e-9, high=1)}
    return {"decision_window": check_positive(estimator, "decision_window", 1 * second) * second}


def _time(estimator: Any, name: str, default: Any) -> Any:
    """Return a time constant: one, or a distribution of them."""
    value = getattr(estimator, name)
    if is_distribution(value):
        return value
    return check_positive(estimator, name, default) * second
