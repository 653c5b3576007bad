"""The neurons of BindsNET's DiehlAndCook2015, and its rule that one of them spikes in a step."""

import dataclasses

from brian2 import mV

from bioplastic.models import (
    DiehlCookExcitatory,
    DiehlCookInhibitory,
    Network,
    NeuronModel,
    PairSTDP,
    Population,
    Projection,
)

EXCITATORY_EQUATIONS = """
dtheta/dt = -theta/tau_theta : volt
v       : volt
ge      : 1
gi      : 1
r       : 1      # steps of the refractory period that are left
crossed : 1      # whether v has reached the threshold
key     : 1      # the largest of a step spikes
largest : 1
"""

# A step of BindsNET begins at the end of one of Brian's: the membrane leaks, and adds what arrived.
# So keys are compared before the next spikes. All that reach the threshold are reset and adapt.
_STEP = """
v = v_rest + (v - v_rest)*exp(-dt/tau_membrane) + (ge - gi)*mV*int(r <= 0)
ge = 0
gi = 0
crossed = int(v >= v_threshold + theta*exp(-dt/tau_theta))
r = r - 1 + (tau_refractory/dt - r + 1)*crossed
v = v + (v_reset - v)*crossed
key = crossed*rand()
"""

INHIBITORY_EQUATIONS = """
dv/dt = (v_rest - v)/tau_membrane : volt
ge    : 1
gi    : 1
"""


def bindsnet_excitatory() -> DiehlCookExcitatory:
    """Return the excitatory neuron, ``DiehlAndCookNodes``."""
    return DiehlCookExcitatory(
        equations=EXCITATORY_EQUATIONS,
        before_spikes="theta = theta + theta_plus*crossed",
        threshold="key > 0 and key >= largest",
        reset="",
        refractory="False",
        after_spikes=_STEP,
        at_slot_start="v = v_rest; ge = 0; gi = 0; r = 0; crossed = 0; key = 0; largest = 0",
        v_threshold=-52 * mV,
        v_reset=-60 * mV,
        theta_initial=0 * mV,
    )


def bindsnet_inhibitory() -> DiehlCookInhibitory:
    """Return the inhibitory neuron, ``LIFNodes``; each excitatory spike makes its partner spike.

    The partner was silent for longer than it is refractory, so no refractory period is needed.
    """
    return DiehlCookInhibitory(
        equations=INHIBITORY_EQUATIONS,
        before_spikes="v = v + (ge - gi)*mV\nge = 0\ngi = 0",
        threshold="v >= v_threshold",
        refractory="False",
    )


def bindsnet_stdp() -> PairSTDP:
    """Return the rule, ``PostPre``, with the learning rates of the class."""
    return PairSTDP(on_pre_trace="r1 = 1", on_post_trace="o1 = 1", a_plus=1e-2, a_minus=1e-4)


def with_one_spike(network: Network) -> Network:
    """Let one neuron that reaches the threshold in a step spike, drawn uniformly.

    Each of them draws a key; one more neuron finds the largest key of a step and tells all.
    """
    judge = NeuronModel(equations="largest : 1", threshold="False", before_spikes="largest = 0")
    return dataclasses.replace(
        network,
        populations=(*network.populations, Population(name="winner", n=1, neuron=judge)),
        projections=(
            *network.projections,
            Projection(
                pre="excitatory",
                post="winner",
                on_pre="",
                graded="largest_post = clip(key_pre, largest_post, 1)",
                weight=1.0,
            ),
            Projection(
                pre="winner",
                post="excitatory",
                on_pre="",
                graded="largest_post = largest_pre",
                weight=1.0,
            ),
        ),
    )
