"""Declarations of the networks that the estimators train."""

from typing import Any

from brian2 import ms

from bioplastic.models import (
    DiehlCookExcitatory,
    DiehlCookInhibitory,
    Network,
    PlasticityRule,
    PoissonInput,
    Population,
    Projection,
    Schedule,
    SpikeInput,
)


def diehl_cook_network(
    *,
    n_features: int,
    n_neurons: int,
    takes_spikes: bool = False,
    rule: PlasticityRule | None,
    norm: float,
    excitation: float = 10.4,
    inhibition: float = 17.0,
    delay: Any = None,
    pooled_inhibition: bool = True,
    excitatory: DiehlCookExcitatory | None = None,
    inhibitory: DiehlCookInhibitory | None = None,
    schedule: Schedule | None = None,
) -> Network:
    """Declare the network of Diehl & Cook: input, excitatory and inhibitory neurons.

    Parameters
    ----------
    n_features, n_neurons : int
        Sizes of the input and of both other populations.
    takes_spikes : bool
        Whether samples are spikes, or rates of random ones.
    rule : PlasticityRule or None
        How input weights learn.
    norm : float
        Sum to which the incoming weights of a neuron are scaled when a sample begins.
    excitation, inhibition : float
        Weight from a neuron to its inhibitory partner, and from that to all other neurons.
    delay : Quantity in seconds, Distribution or None
        From an input spike to its effect; one for each synapse from a distribution, such as the
        script's ``Uniform(low=0*ms, high=10*ms)``.
    pooled_inhibition : bool
        Sum inhibitory spikes once at a cost of O(n), or make n*(n - 1) synapses.
    excitatory, inhibitory, schedule : optional
        Models and schedule in place of the published ones.

    Examples
    --------
    >>> from bioplastic.models import DiehlCookSTDP
    >>> from bioplastic.networks import diehl_cook_network
    >>> network = diehl_cook_network(n_features=784, n_neurons=400, rule=DiehlCookSTDP(), norm=78)
    >>> [p.name for p in network.projections]
    ['input_to_excitatory', 'excitatory_to_inhibitory', 'inhibitory_to_excitatory']
    """
    entrance = SpikeInput() if takes_spikes else PoissonInput()
    return Network(
        populations=(
            Population(name="input", n=n_features, neuron=entrance),
            Population(name="excitatory", n=n_neurons, neuron=excitatory or DiehlCookExcitatory()),
            Population(name="inhibitory", n=n_neurons, neuron=inhibitory or DiehlCookInhibitory()),
        ),
        projections=(
            Projection(
                pre="input",
                post="excitatory",
                rule=rule,
                norm=norm,
                delay=0 * ms if delay is None else delay,
            ),
            Projection(pre="excitatory", post="inhibitory", wiring="one_to_one", weight=excitation),
            Projection(
                pre="inhibitory",
                post="excitatory",
                wiring="all_but_one",
                on_pre="gi_post += w",
                weight=inhibition,
                pooled=pooled_inhibition,
            ),
        ),
        watch="excitatory",
        schedule=schedule or Schedule(),
    )
