"""Parameters of `RewardSTDPClassifier`, checked and made a declaration."""

from typing import Any

from brian2 import Equations, Hz, ms, mV, second, volt

from bioplastic._checks import (
    check_choice,
    check_number,
    check_positive,
    check_whole,
)
from bioplastic.errors import ParameterError
from bioplastic.models import Network, PlasticityRule
from bioplastic.models.plasticity.reward import CovarianceRewardSTDP
from bioplastic.networks._samples import check_rates, sample_schedule
from bioplastic.networks.reward_network import (
    BASELINES,
    SharingNeuron,
    class_neuron,
    reward_network,
)

__all__ = ["RATE_MAX", "declare"]

#: Rate of an input of `x_max`.
RATE_MAX = 128 * Hz
#: Largest weight, in units of the mean one.
W_MAX = 5.0


def declare(
    estimator: Any,
    *,
    n_features: int,
    n_classes: int,
    takes_spikes: bool,
    mean_rate: float,
    learning: bool,
) -> Network:
    """Check the parameters and declare the network.

    Parameters
    ----------
    estimator : RewardSTDPClassifier
        What has the parameters.
    n_features, n_classes : int
        Input channels, classes.
    takes_spikes : bool
        Whether samples are spikes or numbers.
    mean_rate : float, in hertz
        Mean rate of a channel in the training samples, which sets the scale of weights.
    learning : bool
        Whether to declare critic and rule, or a network that only answers.

    Raises
    ------
    ParameterError
        If a parameter has a wrong unit, type or range.
    """
    check_whole(estimator, "n_epochs", low=1)
    n_per_class = check_whole(estimator, "n_per_class", low=1)
    n_spikes = check_number(estimator, "n_spikes", low=1e-9)
    schedule = sample_schedule(
        estimator, takes_spikes=takes_spikes, presentation=200 * ms, rest=0 * ms
    )
    check_rates(estimator, schedule, RATE_MAX)
    critic = class_neuron(
        n_classes=n_classes,
        baseline=check_choice(estimator, "baseline", BASELINES),
        baseline_rate=check_number(estimator, "baseline_rate", low=0, high=1),
        r_wrong=check_number(estimator, "r_wrong", low=-1e9, high=1),
        dip=check_number(estimator, "dip", low=0),
        schedule=schedule,
    )
    neuron = SharingNeuron(
        share=n_spikes / (n_per_class * n_classes),
        theta_plus=check_positive(estimator, "theta_plus", 0.1 * mV, zero=True) * volt,
        tau_membrane=check_positive(estimator, "tau_membrane", 100 * ms) * second,
    )
    conductance = check_number(estimator, "drive", low=1e-9)
    norm = conductance / (mean_rate * float(neuron.tau_ge))
    rule = _rule(estimator, mean_weight=norm / n_features, mean_rate=mean_rate)
    return reward_network(
        n_features=n_features,
        n_classes=n_classes,
        n_per_class=n_per_class,
        takes_spikes=takes_spikes,
        neuron=neuron if learning else neuron.frozen(),
        inhibition=check_number(estimator, "inhibition", low=0),
        schedule=schedule,
        rule=rule if learning else None,
        norm=norm if learning else None,
        critic=critic if learning else None,
    )


def _rule(estimator: Any, *, mean_weight: float, mean_rate: float) -> PlasticityRule:
    rule, eta = estimator.rule, check_number(estimator, "eta", low=0)
    tau_trace = check_positive(estimator, "tau_trace", 20 * ms)
    if rule is None:
        return CovarianceRewardSTDP(
            tau_plus=tau_trace * second,
            # A trace of mean size adds the mean weight.
            a_plus=mean_weight / (mean_rate * tau_trace),
            eta=eta,
            w_max=W_MAX * mean_weight,
        )
    if (
        not isinstance(rule, PlasticityRule)
        or "m" not in Equations(str(rule.post_traces))
        or rule.varies
    ):
        raise ParameterError(
            f"{type(estimator).__name__}.rule: must be a PlasticityRule with a postsynaptic trace "
            f"m and without distributions, as EpisodicRewardSTDP, got {rule!r}"
        )
    return rule
