"""The network of `RewardSTDPClassifier`: its parameters, neurons that answer, and a critic."""

from dataclasses import dataclass
from typing import Any

from brian2 import Equations, Hz, ms, mV, second, volt

from bioplastic._checks import check_choice, check_number, check_positive, check_whole
from bioplastic.errors import ParameterError
from bioplastic.models import (
    DiehlCookExcitatory,
    Network,
    NeuronModel,
    PairWiring,
    PlasticityRule,
    PoissonInput,
    Population,
    Projection,
    Schedule,
    SpikeInput,
    SynapseModel,
)
from bioplastic.models.declaration import parameter
from bioplastic.models.plasticity.reward import CovarianceRewardSTDP
from bioplastic.networks._samples import check_rates, sample_schedule

BASELINES = ("class", "global", "none")
#: Rate of an input of `x_max`.
RATE_MAX = 128 * Hz
#: Largest weight, in units of the mean one.
W_MAX = 5.0

CLASS_EQUATIONS = """
is_target : 1                                                      # whether the sample is of it
n_votes   : 1                                                      # spikes of its own neurons
n_total   : 1                                                      # spikes of all neurons
n_better  : 1                                                      # classes with more votes
n_equal   : 1                                                      # with as many, itself included
answered  = int(n_better == 0) : 1
reward    = r_wrong + (1 - r_wrong)*answered/n_equal : 1           # if it is the target
counts    = int(n_total >= min_spikes or repeats >= max_repeats) : 1
outcome   : 1                                                      # reward of the sample
surprise  : 1                                                      # outcome beside the expected one
expected  : 1                                                      # running mean of the reward
"""
CLASS_SLOT_START = """
is_target = int(abs(target(cursor) - i) < 0.5)
n_votes = 0; n_total = 0; n_better = 0; n_equal = 0
outcome = 0; surprise = 0
"""
CLASS_SLOT_END = """
expected += baseline_rate*counts*clip(is_target + shared, 0, 1)*(outcome - expected)
"""
COMPARISON = """
n_total_post += n_votes_pre
n_better_post += int(n_votes_pre > n_votes_post)
n_equal_post += int(n_votes_pre == n_votes_post)
"""
CRITIC = """
outcome_post += is_target_pre*reward_pre
surprise_post += is_target_pre*counts_pre*(reward_pre - expected_pre)
"""
REWARD = "m_post = answered_pre*surprise_pre*(1 - (1 - dip_pre)*int(surprise_pre < 0))"


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class SharingNeuron(DiehlCookExcitatory):
    """Excitatory neuron of Diehl & Cook whose threshold falls a little after every sample.

    A spike raises `theta` by `theta_plus`, a sample lowers it by ``theta_plus*share``. The two
    balance where the neuron fires `share` times a sample on the average: every neuron takes part.

    Parameters
    ----------
    share : float
        Spikes a sample.
    tau_membrane, tau_ge, tau_gi, tau_theta, tau_refractory : Quantity, in seconds
        See :class:`~bioplastic.models.DiehlCookExcitatory`.
    v_rest, v_reset, e_exc, e_inh, v_threshold, theta_plus, theta_initial : Quantity, in volts
        See :class:`~bioplastic.models.DiehlCookExcitatory`.

    Examples
    --------
    >>> from bioplastic.networks.reward_network import SharingNeuron
    >>> SharingNeuron(share=0.1).frozen().theta_plus
    0. * volt
    """

    at_slot_end: str = "theta = theta - theta_plus*share"
    share: Any = parameter(0.1, low=0)


def declare(estimator: Any, *, learning: bool) -> Network:
    """Check the parameters and declare the network.

    Parameters
    ----------
    estimator : RewardSTDPClassifier
        What has the parameters, and has seen samples and targets.
    learning : bool
        Whether to declare critic and rule, or a network that only answers.

    Raises
    ------
    ParameterError
        If a parameter has a wrong unit, type or range.
    """
    takes_spikes, mean_rate = estimator._takes_spikes, estimator._mean_rate
    n_classes, n_features = len(estimator.classes_), estimator.n_features_in_
    check_whole(estimator, "n_epochs", low=1)
    n_per_class = check_whole(estimator, "n_per_class", low=1)
    n_spikes = check_number(estimator, "n_spikes", low=1e-9)
    schedule = sample_schedule(
        estimator, takes_spikes=takes_spikes, presentation=200 * ms, rest=0 * ms
    )
    check_rates(estimator, schedule, RATE_MAX)
    classes = _class_neuron(estimator, n_classes, schedule)
    neuron = SharingNeuron(
        share=n_spikes / (n_per_class * n_classes),
        theta_plus=check_positive(estimator, "theta_plus", 0.1 * mV, zero=True) * volt,
        tau_membrane=check_positive(estimator, "tau_membrane", 100 * ms) * second,
    )
    conductance = check_number(estimator, "drive", low=1e-9)
    norm = conductance / (mean_rate * float(neuron.tau_ge))
    rule = _rule(estimator, mean_weight=norm / n_features, mean_rate=mean_rate)
    inhibition = check_number(estimator, "inhibition", low=0)
    output = neuron if learning else neuron.frozen()
    populations = [
        Population(
            name="input", n=n_features, neuron=SpikeInput() if takes_spikes else PoissonInput()
        ),
        Population(name="output", n=n_classes * n_per_class, neuron=output),
    ]
    projections = [
        Projection(
            pre="input",
            post="output",
            rule=rule if learning else None,
            norm=norm if learning else None,
        ),
        Projection(
            pre="output",
            post="output",
            wiring="all_but_one",
            on_pre="gi_post += w",
            weight=inhibition,
            label="inhibition",
        ),
    ]
    if learning:
        populations.append(Population(name="classes", n=n_classes, neuron=classes))
        projections += _critic(n_classes, n_per_class)
    return Network(
        populations=tuple(populations),
        projections=tuple(projections),
        watch="output",
        schedule=schedule,
    )


def _class_neuron(estimator: Any, n_classes: int, schedule: Schedule) -> NeuronModel:
    """Declare the neuron of a class: it counts votes, and as a critic it expects a reward."""
    baseline = check_choice(estimator, "baseline", BASELINES)
    r_wrong = check_number(estimator, "r_wrong", low=-1e9, high=1)
    guessing = r_wrong + (1 - r_wrong) / n_classes
    rate = check_number(estimator, "baseline_rate", low=0, high=1)
    return NeuronModel(
        equations=CLASS_EQUATIONS,
        # Never: it acts on others when a slot ends.
        threshold="n_votes < 0",
        at_slot_start=CLASS_SLOT_START,
        at_slot_end=CLASS_SLOT_END,
        constants={
            "baseline_rate": 0.0 if baseline == "none" else rate,
            "shared": float(baseline == "global"),
            "r_wrong": r_wrong,
            "dip": check_number(estimator, "dip", low=0),
            # Presentations that are repeated do not count.
            "min_spikes": float(schedule.min_spikes),
            "max_repeats": float(schedule.max_repeats),
        },
        initial={"expected": 0.0 if baseline == "none" else guessing},
        method="euler",
    )


def _critic(n_classes: int, n_per_class: int) -> list[Projection]:
    """Declare how classes receive votes, compare them, and reward the neurons of the winner."""
    neurons = range(n_classes * n_per_class)
    classes = [k // n_per_class for k in neurons]
    votes = Projection(
        pre="output",
        post="classes",
        wiring=PairWiring(i=neurons, j=classes),
        on_pre="n_votes_post += w",
        weight=1.0,
        label="votes",
    )
    return [
        votes,
        _at_the_end("comparison", COMPARISON, post="classes"),
        _at_the_end("critic", CRITIC, post="classes"),
        _at_the_end("reward", REWARD, post="output", wiring=PairWiring(i=classes, j=neurons)),
    ]


def _at_the_end(
    label: str, code: str, *, post: str, wiring: str | PairWiring = "all_to_all"
) -> Projection:
    """Declare how class neurons act on others when a slot ends."""
    return Projection(
        pre="classes",
        post=post,
        wiring=wiring,
        on_pre="",
        weight=0.0,
        synapse=SynapseModel(at_slot_end=code),
        label=label,
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
