"""Parameters of `DiehlCook`, checked and made a declaration."""

import dataclasses
from collections.abc import Callable
from typing import Any

import joblib
from brian2 import Hz, ms, second

from bioplastic._checks import (
    check_choice,
    check_number,
    check_positive,
    check_quantity,
    check_whole,
)
from bioplastic._quantities import same_unit
from bioplastic.engine.engines import find_engine
from bioplastic.errors import ParameterError
from bioplastic.models import (
    DiehlCookExcitatory,
    DiehlCookSTDP,
    EpisodicRewardSTDP,
    Network,
    PairSTDP,
    PlasticityRule,
    ThreeFactorSTDP,
    VoltageSTDP,
)
from bioplastic.models.plasticity.diehl_cook import (
    DiehlCookExponential,
    DiehlCookPowerLaw,
    DiehlCookPreAndPost,
)
from bioplastic.models.values import is_distribution, unit_of
from bioplastic.networks._samples import Samples, check_rates, sample_schedule
from bioplastic.networks.declarations import diehl_cook_network
from bioplastic.networks.diehl_cook_constants import (
    CONSTANTS,
    epochs_of,
    few_of,
    norm_of,
    rate_of,
)
from bioplastic.spikes import SpikeTrains

__all__ = ["batched", "declare"]

RULES: dict[str, Callable[[], PlasticityRule]] = {
    "triplet": DiehlCookSTDP,
    "pair": PairSTDP,
    "power_law": DiehlCookPowerLaw,
    "exponential": DiehlCookExponential,
    "pre_and_post": DiehlCookPreAndPost,
}


def declare(estimator: Any, data: Samples) -> tuple[Network, dict[str, Any]]:
    """Check the parameters, fit those that are None, and declare the network.

    Parameters
    ----------
    estimator : DiehlCook
        What has the parameters, and the scale ``x_max_`` of numbers.
    data : ndarray or SpikeTrains of shape (n_samples, n_features)
        Training samples.

    Returns
    -------
    network : Network
    fitted : dict
        Attributes that say what was fitted.

    Raises
    ------
    ParameterError
        If a parameter has a wrong unit, type or range.
    """
    n_neurons = check_whole(estimator, "n_neurons", low=1)
    constants = CONSTANTS[check_choice(estimator, "constants", tuple(CONSTANTS))]
    takes_spikes = isinstance(data, SpikeTrains)
    schedule = sample_schedule(
        estimator,
        takes_spikes=takes_spikes,
        presentation=constants.presentation,
        rest=constants.rest,
        dt=constants.dt,
        min_spikes=constants.min_spikes,
    )

    def given(name: str, fitted: Callable[[], Any], low: float = 0.0) -> Any:
        found = getattr(estimator, name) is None
        return fitted() if found else check_number(estimator, name, low=low)

    x_max = 0.0 if takes_spikes else estimator.x_max_
    norm = given("norm", lambda: norm_of(constants, data, x_max), low=1e-9)
    rate_max = rate_of(constants, norm, float(schedule.dt)) * Hz
    check_rates(estimator, schedule, rate_max)
    excitatory = estimator.excitatory or constants.excitatory or DiehlCookExcitatory()
    few = few_of(constants, n_neurons)
    theta_plus = check_quantity(estimator, "theta_plus", constants.theta_plus / few)
    if estimator.theta_plus is not None or estimator.excitatory is None:
        excitatory = dataclasses.replace(excitatory, theta_plus=theta_plus)
    if (n_epochs := estimator.n_epochs) is None:
        n_epochs = epochs_of(len(data))
    else:
        n_epochs = check_whole(estimator, "n_epochs", low=1)
    inhibition = given("inhibition", lambda: constants.inhibition * few)
    excitation = given("excitation", lambda: constants.excitation)
    network = diehl_cook_network(
        n_features=data.shape[1],
        n_neurons=n_neurons,
        takes_spikes=takes_spikes,
        rule=constants.rule if estimator.rule is None and constants.rule else _rule(estimator),
        norm=norm,
        excitation=excitation,
        inhibition=inhibition,
        delay=_delay(estimator),
        excitatory=excitatory,
        inhibitory=estimator.inhibitory or constants.inhibitory,
        schedule=schedule,
    )
    fitted = {
        "_n_epochs_fitted": n_epochs,
        "norm_": norm,
        "inhibition_": inhibition,
        "excitation_": excitation,
    }
    if hasattr(excitatory, "theta_plus"):
        fitted["theta_plus_"] = float(excitatory.theta_plus)
    if not takes_spikes:
        fitted["rate_max_"] = float(check_quantity(estimator, "rate_max", rate_max))
    return network, fitted


def _delay(estimator: Any) -> Any:
    value = estimator.delay
    if not is_distribution(value):
        return check_positive(estimator, "delay", 0 * ms, zero=True) * second
    if not same_unit(unit_of(value), second):
        name = type(estimator).__name__
        raise ParameterError(f"{name}.delay: must be times, in seconds, got {value!r}")
    return value


def _rule(estimator: Any) -> PlasticityRule:
    rule = "triplet" if estimator.rule is None else estimator.rule
    name = type(estimator).__name__
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
