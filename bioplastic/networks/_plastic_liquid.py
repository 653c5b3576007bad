"""Liquids that learn: rules put into a network, and what it has learned taken out again."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
from brian2 import Equations
from brian2.utils.stringtools import get_identifiers

from bioplastic.errors import ParameterError
from bioplastic.models import Constant, Network, PlasticityRule, Population, Projection

State = dict[str, npt.NDArray[np.float64]]
#: Population whose synapses on itself a single rule is for.
EXCITATORY = "exc"


def with_rules(network: Network, plasticity: Any) -> Network:
    """Put rules into a network.

    Parameters
    ----------
    network : Network
        Without rules.
    plasticity : PlasticityRule or mapping of str to PlasticityRule
        For the projections from ``"exc"`` to ``"exc"``, or by names of projections.

    Raises
    ------
    ParameterError
        If it is neither, the network has rules of its own, or there is no such projection.
    """
    where = "LiquidStateMachine.plasticity"
    if any(p.rule is not None for p in network.projections):
        raise ParameterError(
            f"{where}: must be None, since the liquid has rules of its own; give them here, and "
            f"liquid.frozen() as liquid, or none"
        )
    names = [p.name for p in network.projections]
    if isinstance(plasticity, PlasticityRule):
        chosen = [p.name for p in network.projections if p.pre == p.post == EXCITATORY]
        if not chosen:
            raise ParameterError(
                f"{where}: must be a mapping of projections to rules for a liquid without "
                f"synapses between neurons of a population {EXCITATORY!r}; its projections are "
                f"{', '.join(names)}"
            )
        rules = dict.fromkeys(chosen, plasticity)
    elif (
        isinstance(plasticity, Mapping)
        and plasticity
        and all(isinstance(rule, PlasticityRule) for rule in plasticity.values())
    ):
        rules = dict(plasticity)
    else:
        raise ParameterError(
            f"{where}: must be a PlasticityRule, a mapping of projections to PlasticityRules or "
            f"None, got {plasticity!r}"
        )
    unknown = [name for name in rules if name not in names]
    if unknown:
        raise ParameterError(
            f"{where}: must name projections of the liquid, which are {', '.join(names)}, got "
            f"{', '.join(map(repr, unknown))}"
        )
    return replace(
        network, projections=tuple(_with_rule(p, rules.get(p.name)) for p in network.projections)
    )


def _with_rule(projection: Projection, rule: PlasticityRule | None) -> Projection:
    if rule is None:
        return projection
    weight = projection.weight
    if projection.one_weight:  # each synapse goes its own way from there
        weight = Constant(value=weight)
    return replace(projection, rule=rule, weight=weight)


def learns(network: Network) -> bool:
    """Whether anything is handed on from sample to sample: a rule's weights, or thresholds."""
    rules = any(p.rule is not None for p in network.projections)
    return rules or any(_adapted(p) for p in network.populations)


def _adapted(population: Population) -> list[str]:
    """Variables in which a neuron remembers earlier samples, and which can be held fixed.

    Those of an adaptive threshold; none where it is set anew when a slot begins.
    """
    neuron = population.neuron
    if neuron.frozen() == neuron:
        return []
    equations = Equations(str(neuron.equations))
    names = sorted(equations.diff_eq_names | equations.parameter_names)
    set_anew = {
        name
        for name, value in re.findall(r"(\w+)\s*=(?!=)([^;\n]*)", neuron.at_slot_start)
        if name not in get_identifiers(value)
    }
    return [n for n in names if n not in set_anew and "constant" not in equations[n].flags]


def without_learning(network: Network) -> Network:
    """Return the network without rules, normalization, and thresholds that go on adapting.

    Unlike `Network.frozen`, neurons that forget when a slot begins stay as they are.
    """
    return replace(
        network,
        populations=tuple(
            replace(p, neuron=p.neuron.frozen()) if _adapted(p) else p for p in network.populations
        ),
        projections=tuple(replace(p, rule=None, norm=None) for p in network.projections),
    )


def learned_state(network: Network, state: Mapping[str, npt.NDArray[np.float64]]) -> State:
    """Choose what the network without learning needs of the state of one that has learned.

    Wiring, delays, weights and adapted variables: what else there is, a slot's begin sets.
    """
    wanted = set(without_learning(network).drawn)
    wanted |= {f"{p.name}.w" for p in network.projections if not p.one_weight}
    wanted |= {f"{p.name}.{name}" for p in network.populations for name in _adapted(p)}
    return {name: values for name, values in state.items() if name in wanted}
