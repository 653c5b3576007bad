"""A network at a glance: lines or tables; and the names by which prints are read again."""

import dataclasses
import importlib
import pkgutil
from typing import TYPE_CHECKING, Any

from bioplastic.models.declaration import Declaration, shown
from bioplastic.models.display import html_block, html_table
from bioplastic.models.wiring import FixedInDegree, PairWiring, n_regular

if TYPE_CHECKING:
    from bioplastic.models.network import Network
    from bioplastic.models.projection import Projection


def declared_names() -> dict[str, Any]:
    """Return every declaration by its name: with units, what ``eval`` reads prints with."""
    room = __name__.rpartition(".")[0]
    paths = importlib.import_module(room).__path__
    modules = (importlib.import_module(m.name) for m in pkgutil.walk_packages(paths, f"{room}."))
    found = {name: kind for module in modules for name, kind in vars(module).items()}
    return {
        name: kind
        for name, kind in found.items()
        if isinstance(kind, type) and issubclass(kind, Declaration) and name[0] != "_"
    }


def network_repr(network: "Network") -> str:
    """Print a network so that ``eval`` reads it, one population or projection a line."""
    parts = []
    for name, value in network.shown_fields():
        if name in ("populations", "projections"):
            lines = "".join(f"        {item!r},\n" for item in getattr(network, name))
            value = f"(\n{lines}    )"
        parts.append(f"    {name}={value},\n")
    return f"{type(network).__name__}(\n{''.join(parts)})"


def network_html(network: "Network") -> str:
    """Show populations, projections and schedule as tables."""
    populations = [
        (p.name, p.n, repr(p.neuron), "yes" if p.name in network.watched else "")
        for p in network.populations
    ]
    projections = [
        (
            p.name,
            p.wiring if isinstance(p.wiring, str) else repr(p.wiring),
            _n_synapses(network, p),
            _weight(p),
            "-" if p.rule is None else repr(p.rule),
            "-" if not p.delayed else shown(p.delay),
        )
        for p in network.projections
    ]
    schedule = network.schedule
    times = [(f.name, shown(getattr(schedule, f.name))) for f in dataclasses.fields(schedule)]
    return html_block(
        type(network).__name__,
        html_table(["population", "neurons", "model", "watched"], populations),
        html_table(["projection", "wiring", "synapses", "weight", "rule", "delay"], projections),
        html_table(["schedule"] + [""] * (len(times) - 1), [[f"{n}: {v}" for n, v in times]]),
    )


def _weight(projection: "Projection") -> str:
    if projection.weight is not None:
        return shown(projection.weight)
    return "from the state" if projection.norm is None else f"sum {projection.norm:g} a neuron"


def _n_synapses(network: "Network", projection: "Projection") -> str:
    """Count the synapses where the declaration says how many there are."""
    n_pre, n_post = (network.population(name).n for name in (projection.pre, projection.post))
    wiring = projection.wiring
    if isinstance(wiring, FixedInDegree):
        n = wiring.n * n_post
    elif isinstance(wiring, PairWiring):
        n = len(wiring.i)
    elif isinstance(wiring, str):
        n = n_regular(wiring, n_pre, n_post)
    else:
        return "drawn"
    return f"{n:,}"
