"""The network of `RewardSTDPClassifier`: neurons that answer, classes that count, a critic."""

from dataclasses import dataclass
from typing import Any

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

__all__ = ["BASELINES", "SharingNeuron", "class_neuron", "reward_network"]

BASELINES = ("class", "global", "none")

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


def class_neuron(
    *,
    n_classes: int,
    baseline: str = "class",
    baseline_rate: float = 0.02,
    r_wrong: float = 0.0,
    dip: float = 0.2,
    schedule: Schedule,
) -> NeuronModel:
    """Declare the neuron of a class: it counts votes, and as a critic it expects a reward.

    Parameters
    ----------
    n_classes : int
        Classes; the expected reward begins at that of guessing.
    baseline : {"class", "global", "none"}
        Whether it expects the mean reward of samples of its class, of all samples, or nothing.
    baseline_rate : float
        Rate of the running mean.
    r_wrong : float
        Reward of a wrong answer; that of a right one is 1.
    dip : float
        Factor of a reward that is less than expected.
    schedule : Schedule
        Says which presentations do not count, since they are repeated.

    Examples
    --------
    >>> from bioplastic.models import Schedule
    >>> from bioplastic.networks.reward_network import class_neuron
    >>> class_neuron(n_classes=4, schedule=Schedule()).initial
    {'expected': 0.25}
    """
    guessing = r_wrong + (1 - r_wrong) / n_classes
    return NeuronModel(
        equations=CLASS_EQUATIONS,
        # Never: what it tells others it tells when a slot ends.
        threshold="n_votes < 0",
        at_slot_start=CLASS_SLOT_START,
        at_slot_end=CLASS_SLOT_END,
        constants={
            "baseline_rate": 0.0 if baseline == "none" else float(baseline_rate),
            "shared": float(baseline == "global"),
            "r_wrong": float(r_wrong),
            "dip": float(dip),
            "min_spikes": float(schedule.min_spikes),
            "max_repeats": float(schedule.max_repeats),
        },
        initial={"expected": 0.0 if baseline == "none" else guessing},
        method="euler",
    )


def reward_network(
    *,
    n_features: int,
    n_classes: int,
    n_per_class: int,
    takes_spikes: bool,
    neuron: SharingNeuron,
    inhibition: float,
    schedule: Schedule,
    rule: PlasticityRule | None = None,
    norm: float | None = None,
    critic: NeuronModel | None = None,
) -> Network:
    """Declare the network: input, output neurons of all classes, class neurons that are critics.

    Parameters
    ----------
    n_features, n_classes, n_per_class : int
        Input channels, classes, output neurons of each class, which stand class by class.
    takes_spikes : bool
        Whether samples are spikes or rates.
    neuron : SharingNeuron
        Output neuron.
    inhibition : float
        Weight with which an output neuron inhibits all others.
    schedule : Schedule
        Lengths and repetitions.
    rule : PlasticityRule or None
        How input weights learn; its ``m_post`` is set when a slot ends.
    norm : float or None
        Sum to which the incoming weights of a neuron are scaled when a sample begins.
    critic : NeuronModel or None
        Class neurons, see :func:`class_neuron`; none where the network only answers.

    Examples
    --------
    >>> from bioplastic.models import Schedule
    >>> from bioplastic.networks.reward_network import SharingNeuron, reward_network
    >>> network = reward_network(
    ...     n_features=64, n_classes=10, n_per_class=20, takes_spikes=False,
    ...     neuron=SharingNeuron(), inhibition=17.0, schedule=Schedule(),
    ... )
    >>> network.n_watched
    200
    """
    n_neurons = n_classes * n_per_class
    entrance = SpikeInput() if takes_spikes else PoissonInput()
    populations = [
        Population(name="input", n=n_features, neuron=entrance),
        Population(name="output", n=n_neurons, neuron=neuron),
    ]
    projections = [
        Projection(pre="input", post="output", rule=rule, norm=norm),
        Projection(
            pre="output",
            post="output",
            wiring="all_but_one",
            on_pre="gi_post += w",
            weight=inhibition,
            label="inhibition",
        ),
    ]
    if critic is not None:
        populations.append(Population(name="classes", n=n_classes, neuron=critic))
        neurons = range(n_neurons)
        classes = [k // n_per_class for k in neurons]
        votes = PairWiring(i=neurons, j=classes)
        projections.append(
            Projection(
                pre="output",
                post="classes",
                wiring=votes,
                on_pre="n_votes_post += w",
                weight=1.0,
                label="votes",
            )
        )
        projections += [
            _at_the_end("comparison", COMPARISON, post="classes"),
            _at_the_end("critic", CRITIC, post="classes"),
            _at_the_end("reward", REWARD, post="output", wiring=PairWiring(i=classes, j=neurons)),
        ]
    return Network(
        populations=tuple(populations),
        projections=tuple(projections),
        watch="output",
        schedule=schedule,
    )


def _at_the_end(
    label: str, code: str, *, post: str, wiring: str | PairWiring = "all_to_all"
) -> Projection:
    """Declare what class neurons tell others when a slot ends."""
    return Projection(
        pre="classes",
        post=post,
        wiring=wiring,
        on_pre="",
        weight=0.0,
        synapse=SynapseModel(at_slot_end=code),
        label=label,
    )
