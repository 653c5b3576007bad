"""Parameters of `DiehlCook`, checked and made a declaration."""

import dataclasses
from collections.abc import Callable
from typing import Any

import joblib
from brian2 import Hz, ms, mV, second

from bioplastic._checks import check_positive, check_quantity, check_whole
from bioplastic._quantities import same_unit
from bioplastic.engine.engines import find_engine
from bioplastic.errors import ParameterError
from bioplastic.models import (
    DiehlCookExcitatory,
    DiehlCookExponential,
    DiehlCookPowerLaw,
    DiehlCookPreAndPost,
    DiehlCookSTDP,
    EpisodicRewardSTDP,
    Network,
    PairSTDP,
    PlasticityRule,
    ThreeFactorSTDP,
    VoltageSTDP,
)
from bioplastic.models.declaration import is_distribution, unit_of
from bioplastic.networks._samples import check_rates, sample_schedule
from bioplastic.networks.declarations import diehl_cook_network

__all__ = ["RATE_MAX", "batched", "declare"]

RULES: dict[str, Callable[[], PlasticityRule]] = {
    "triplet": DiehlCookSTDP,
    "pair": PairSTDP,
    "power_law": DiehlCookPowerLaw,
    "exponential": DiehlCookExponential,
    "pre_and_post": DiehlCookPreAndPost,
}
#: The brightest pixel of the authors' script.
RATE_MAX = 63.75 * Hz
#: Incoming weights of a neuron sum to 78 over 784 pixels in the authors' script.
NORM, PIXELS = 78.0, 784.0
#: Mean rate of a pixel of MNIST in the authors' script, in hertz: 63.75 times 0.1307.
PIXEL_RATE = 8.33
#: Largest mean weight that `norm` gets by itself, so that there is room below a `w_max` of 1.
MEAN_WEIGHT = 0.25


def declare(
    estimator: Any, *, n_features: int, takes_spikes: bool = False, mean_rate: float = PIXEL_RATE
) -> Network:
    """Check the parameters and declare the network.

    Parameters
    ----------
    estimator : DiehlCook
        What has the parameters.
    n_features : int
        Input channels.
    takes_spikes : bool
        Whether samples are spikes or numbers.
    mean_rate : float, in hertz
        Mean rate of a channel in training samples of spikes, which sets the default of `norm`.

    Raises
    ------
    ParameterError
        If a parameter has a wrong unit, type or range.
    """
    n_neurons = check_whole(estimator, "n_neurons", low=1)
    check_whole(estimator, "n_epochs", low=1)
    schedule = sample_schedule(
        estimator, takes_spikes=takes_spikes, presentation=350 * ms, rest=150 * ms
    )
    check_rates(estimator, schedule, RATE_MAX)
    excitatory = estimator.excitatory or DiehlCookExcitatory()
    if estimator.theta_plus is not None:
        excitatory = dataclasses.replace(
            excitatory, theta_plus=check_quantity(estimator, "theta_plus", 0.05 * mV)
        )
    norm = NORM * n_features / PIXELS
    if takes_spikes:  # as much input in all as the script's pixels give
        norm = min(NORM * PIXEL_RATE / mean_rate, MEAN_WEIGHT * n_features)
    return diehl_cook_network(
        n_features=n_features,
        n_neurons=n_neurons,
        takes_spikes=takes_spikes,
        rule=_rule(estimator),
        norm=norm if estimator.norm is None else float(estimator.norm),
        inhibition=float(estimator.inhibition),
        delay=_delay(estimator),
        excitatory=excitatory,
        inhibitory=estimator.inhibitory,
        schedule=schedule,
    )


def _delay(estimator: Any) -> Any:
    value = estimator.delay
    if not is_distribution(value):
        return check_positive(estimator, "delay", 0 * ms, zero=True) * second
    if not same_unit(unit_of(value), second):
        name = type(estimator).__name__
        raise ParameterError(f"{name}.delay: must be times, in seconds, got {value!r}")
    return value


def _rule(estimator: Any) -> PlasticityRule:
    rule, name = estimator.rule, type(estimator).__name__
    if isinstance(rule, ThreeFactorSTDP | EpisodicRewardSTDP | VoltageSTDP):
        what = "reads spikes in the potential, which these neurons do not show"
        if not isinstance(rule, VoltageSTDP):
            what = "waits for a modulator, of which nobody tells this network"
        raise ParameterError(
            f"{name}.rule: must be a rule of spikes alone, {type(rule).__name__} {what}"
        )
    if isinstance(rule, PlasticityRule):
        return rule
    if rule not in RULES:
        raise ParameterError(
            f"{name}.rule: must be one of {', '.join(RULES)} or a PlasticityRule, got {rule!r}"
        )
    return RULES[rule]()


def batched(estimator: Any, network: Network) -> tuple[Network, dict[str, Any]]:
    """Return the network as it learns from batches, and what a run is told of them.

    Raises
    ------
    ParameterError
        If `batch_size` or `batch_update` is none.
    """
    lanes = check_whole(estimator, "batch_size", low=1)
    name, update = type(estimator).__name__, estimator.batch_update
    if update not in ("sum", "mean"):
        raise ParameterError(f"{name}.batch_update: must be 'sum' or 'mean', got {update!r}")
    if lanes == 1:
        return network, {"lanes": 1}
    # Samples of a batch are presented equally often.
    schedule = dataclasses.replace(network.schedule, min_spikes=0)
    options = {"lanes": lanes, "combine": update}
    if find_engine(estimator.engine).shares:
        # Of as many threads as there may be, such that each has lanes.
        n_jobs = joblib.effective_n_jobs(estimator.n_jobs)
        n = max(n for n in range(1, n_jobs + 1) if lanes % n == 0 and (n == 1 or lanes // n > 1))
        options |= {"lanes": lanes // n, "n_threads": n}
    return dataclasses.replace(network, schedule=schedule), options
