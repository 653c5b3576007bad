"""Diehl & Cook's network: its parameters, what it begins with, notes, and ends with."""

import dataclasses
from collections.abc import Callable
from typing import Any

import joblib
import numpy as np
import numpy.typing as npt
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
from bioplastic.engine.program import Recorder
from bioplastic.engine.result import Result
from bioplastic.errors import ParameterError
from bioplastic.models import (
    DiehlCookExcitatory,
    DiehlCookSTDP,
    Network,
    PairSTDP,
    PlasticityRule,
    VoltageSTDP,
)
from bioplastic.models.plasticity.diehl_cook import (
    DiehlCookExponential,
    DiehlCookPowerLaw,
    DiehlCookPreAndPost,
)
from bioplastic.models.plasticity.reward import EpisodicRewardSTDP, ThreeFactorSTDP
from bioplastic.models.values import is_distribution, unit_of
from bioplastic.networks._rate_network import RateNetwork
from bioplastic.networks._samples import Samples, check_rates, sample_schedule
from bioplastic.networks._trained_network import Points, State
from bioplastic.networks.bindsnet import with_one_spike
from bioplastic.networks.declarations import diehl_cook_network
from bioplastic.networks.diehl_cook_constants import (
    CONSTANTS,
    epochs_of,
    few_of,
    norm_of,
    rate_of,
)
from bioplastic.spikes import SpikeTrains

WEIGHTS, THETA = "input_to_excitatory.w", "excitatory.theta"
#: Where synapses with delays are a list.
LIST = "input_to_excitatory.i", "input_to_excitatory.j", "input_to_excitatory.delay"
#: Edges of the history's histograms: weights are from 0 to 1.
BINS = np.linspace(0.0, 1.0, 51)

RULES: dict[str, Callable[[], PlasticityRule]] = {
    "triplet": DiehlCookSTDP,
    "pair": PairSTDP,
    "power_law": DiehlCookPowerLaw,
    "exponential": DiehlCookExponential,
    "pre_and_post": DiehlCookPreAndPost,
}


class DiehlCookTraining(RateNetwork):
    """Parent of the estimators that train Diehl & Cook's network."""

    _learned = WEIGHTS, THETA
    #: set when a training begins
    _n_epochs_fitted: int
    _purposes = ("weights", "noise", "order", "answers", "delays", "validation")
    _beside = ("spikes", "weight_change")

    def _n_epochs_wanted(self) -> int:
        return self._n_epochs_fitted if self.n_epochs is None else super()._n_epochs_wanted()

    def _begin(self, samples: Samples) -> None:
        self._set_scale(samples)
        self.network_, fitted = declare(self, samples)
        for name, value in fitted.items():
            setattr(self, name, value)
        size = samples.shape[1] * int(self.n_neurons)
        # (rand + 0.01)*0.3, as in the authors' script
        weights = (np.random.default_rng(self._stream("weights")).random(size) + 0.01) * 0.3
        self._state = {}
        if self.network_.projections[0].delayed:
            drawn = self.network_.sample(self._stream("delays"))
            self._state = {name: drawn[name] for name in LIST}
        self._state[WEIGHTS] = weights[self._places()]

    def _learning(self, recorder: Recorder | None) -> tuple[Network, dict[str, Any]]:
        return _batched(self, self.network_)

    def _answering(self) -> Network:
        return self.network_.frozen()

    def _note(self, result: Result, before: State, targets: Any) -> Points:
        weights = self._state[WEIGHTS]
        histogram, _ = np.histogram(np.clip(weights, None, 1.0), bins=BINS)
        return {
            "presentation": self.n_presentations_,
            "weight_histogram": histogram / max(weights.size, 1),
            "weight_change": float(np.abs(weights - before[WEIGHTS]).mean()),
            "theta": self._theta().copy(),
            "spikes": float(result.spikes_per_slot.mean()),
            "repeated": float((result.repeats > 0).mean()),
        }

    def _finish(self) -> None:
        super()._finish()
        self.weights_ = np.empty((self.n_features_in_, self.network_.n_watched))
        self.weights_.flat[self._places()] = self._state[WEIGHTS]
        self.theta_ = self._theta().copy()
        self.history_["weight_bins"] = BINS.copy()

    def _theta(self) -> Any:
        return self._state.get(THETA, np.zeros(self.network_.n_watched))

    def _places(self) -> Any:
        """Places of synapses in `weights_`, in the order in which their state has them."""
        if LIST[0] not in self._state:
            return slice(None)
        i, j = (self._state[name].astype(np.int64) for name in LIST[:2])
        return i * self.network_.n_watched + j

    def _input_synapses(self) -> dict[str, npt.NDArray[np.float64]]:
        drawn = self._answering().drawn
        wiring = {name: self._state[name] for name in LIST if name in drawn}
        return wiring | {WEIGHTS: self.weights_.ravel()[self._places()]}


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
    if constants.one_spike and estimator.excitatory is None:
        network = with_one_spike(network)
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
            what = "waits for a modulator, which this network does not have"
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


def _batched(estimator: Any, network: Network) -> tuple[Network, dict[str, Any]]:
    """Return the network as it learns from batches, and the options of a run for them.

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
