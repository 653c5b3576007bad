"""Read NIR graphs of leaky neurons as networks."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from brian2 import ms, second

from bioplastic._partners import partner
from bioplastic._quantities import choice, positive_time
from bioplastic.errors import BioplasticError, DataError
from bioplastic.exchange._nir_files import STATEFUL, ReadGraph, Way, read_graph
from bioplastic.models import (
    Network,
    NeuronModel,
    Population,
    Projection,
    RandomWiring,
    Schedule,
    SignalInput,
    SpikeInput,
)

type Numbers = npt.NDArray[np.float64]
type State = dict[str, Numbers]

# Spikes of a step count when the next step looks at the threshold, whether it resets or not.
_LIF = """
dv/dt       = (v_leak - v + r*(drive{current}))/tau : 1
drive       : 1                        # what leaky integrators hand on
kick        : 1                        # spikes of the last step
v_leak      : 1 (constant)
v_threshold : 1 (constant)
v_reset     : 1 (constant)
r           : 1 (constant)
tau         : second (constant)
"""
_CURRENT = """
dcurrent/dt = -current/tau_syn         : 1
tau_syn     : second (constant)
"""
_LI = """
dv/dt       = (v_leak - v)/tau : 1
v_leak      : 1 (constant)
tau         : second (constant)
"""


def import_nir(
    path: str | Path,
    *,
    dt: Any = None,
    integration: str | None = None,
    reset: str | None = None,
    takes: str = "spikes",
) -> tuple[Network, State]:
    """Read a NIR graph of leaky neurons as a network that the engines run.

    Each node LIF, CubaLIF or LI becomes a population, each path of weights between two of them a
    projection. Arguments that are left out are those that :func:`export_nir` has noted, else 1 ms,
    exact integration and a reset to `v_reset`.

    Parameters
    ----------
    path : path-like
        HDF5 file of NIR.
    dt : Quantity, in seconds, optional
        Time step. A spike is an input of 1 for one step of the graph.
    integration : {"exact", "euler"}, optional
        How membranes follow their equations: ``"euler"`` with a `dt` of 0.1 ms gives the spikes of
        graphs that snnTorch has written.
    reset : {"to v_reset", "subtract"}, optional
        What a spike does to the membrane; NIR knows the first alone.
    takes : {"spikes", "signals"}
        Whether samples are SpikeTrains, or numbers over time.

    Returns
    -------
    network : Network
        The declaration: populations by the names of the nodes, recorded are those whose spikes
        leave the graph, or all where none do.
    state : dict of str to ndarray
        Weights and constants, for the runs of :mod:`bioplastic.engine`.

    Raises
    ------
    DataNotFoundError
        If there is no such file.
    DataError
        If it is damaged, is no NIR graph, or has nodes of other kinds.
    ParameterError
        If an argument has another value than these.
    ImportError
        If the package nir is not installed.

    Notes
    -----
    Pedersen et al., Nature Communications 15:8122, 2024, doi 10.1038/s41467-024-52259-9.

    A spike acts in the step after its own: of neurons in layers, each layer fires one step later
    than in readers that pass a layer's spikes on within the step.

    Examples
    --------
    >>> import tempfile, nir, numpy as np
    >>> from pathlib import Path
    >>> from bioplastic import SpikeTrains, engine
    >>> from bioplastic.exchange import import_nir
    >>> one = np.ones(1)
    >>> lif = nir.LIF(tau=0.01*one, r=10*one, v_leak=0*one, v_threshold=one, v_reset=0*one)
    >>> path = Path(tempfile.mkdtemp()) / "one.nir"
    >>> nir.write(path, nir.NIRGraph.from_list(nir.Linear(np.array([[0.8]])), lif))
    >>> network, state = import_nir(path)
    >>> X = SpikeTrains([0.002, 0.003], [0, 0], [0, 2], n_units=1, duration=0.01)
    >>> shown = engine.SpikeStimulus(trains=X)
    >>> engine.present(network, shown, seed=0, state=state, engine="numpy", record="spikes").spikes
    SpikeTrains(1 samples, 1 units, 1 spikes, 0.01 s)
    """
    nir = partner("nir", caller="import_nir", install="'bioplastic[nir]'")
    path = Path(path)
    graph = read_graph(nir, path)
    dt = graph.metadata.get("dt", 0.001) if dt is None else dt
    seconds = positive_time("import_nir.dt", dt)
    integration = integration or str(graph.metadata.get("integration", "exact"))
    reset = reset or str(graph.metadata.get("reset", "to v_reset"))
    choice("import_nir.integration", integration, ("exact", "euler"))
    choice("import_nir.reset", reset, ("to v_reset", "subtract"))
    choice("import_nir.takes", takes, ("spikes", "signals"))
    try:
        return _Reading(graph, seconds, integration, reset, takes).network()
    except BioplasticError:
        raise
    except Exception as error:  # of numbers that no reader has foreseen
        raise DataError(f"import_nir: {path} is no NIR graph that can be read: {error}") from error


class _Reading:
    def __init__(
        self, graph: ReadGraph, dt: float, integration: str, reset: str, takes: str
    ) -> None:
        self._graph, self._dt, self._euler = graph, dt, integration == "euler"
        self._reset = "v = v_reset" if reset == "to v_reset" else "v -= v_threshold"
        self._takes = takes
        inputs = graph.ends("Input")
        if len(inputs) != 1:
            raise graph.error(f"it must have one input, got {len(inputs)}")
        self._entrance = inputs[0]
        self._stateful = [n for n in graph.nodes if graph.kind(n) in STATEFUL]
        self._outputs = graph.ends("Output")
        self._names = self._identifiers()
        self._state: State = {}

    def network(self) -> tuple[Network, State]:
        """Declare the network, and fill its state."""
        graph, entrance = self._graph, self._entrance
        neuron = SpikeInput() if self._takes == "spikes" else SignalInput()
        populations = [
            Population(name=self._names[entrance], n=graph.size(entrance), neuron=neuron)
        ]
        projections: list[Projection] = []
        watch = []
        for name in (*self._stateful, *self._outputs):
            ways = graph.ways_to(name)
            direct = [w for w in ways if w.weights is None and not w.delay and not np.any(w.bias)]
            one = len(ways) == len(direct) == 1 and graph.kind(direct[0].source) != "LI"
            if one and name in self._outputs:
                watch.append(self._names[direct[0].source])
                continue
            bias = sum((np.asarray(w.bias) for w in ways), start=np.zeros(graph.size(name)))
            populations.append(self._population(name, bias))
            for number, way in enumerate(ways):
                label = f"{self._names[way.source]}_to_{self._names[name]}"
                label += f"_{number}" if len(ways) > 1 else ""
                projections.append(self._projection(label, way, name))
        if not watch:
            watch = [self._names[n] for n in self._stateful if graph.kind(n) != "LI"]
        schedule = Schedule(
            presentation=None, rest=0 * ms, dt=self._dt * second, min_spikes=0, max_repeats=0
        )
        network = Network(
            populations=tuple(populations),
            projections=tuple(projections),
            watch=tuple(dict.fromkeys(watch)),
            schedule=schedule,
        )
        return network, self._state

    def _identifiers(self) -> dict[str, str]:
        """Names of populations, short where that tells them apart."""
        found: dict[str, str] = {}
        for name in (self._entrance, *self._stateful, *self._outputs):
            long = re.sub(r"\W", "_", name)
            long = long if long.isidentifier() else f"node_{long}"
            # Of a graph within the graph, that holds one node, its own name.
            short = re.sub(r"\W", "_", name.split(".", 1)[0])
            own = short if short.isidentifier() and short not in found.values() else long
            while own in found.values():
                own += "_"
            found[name] = own
        return found

    def _population(self, name: str, bias: Numbers) -> Population:
        graph, own = self._graph, self._names[name]
        node, kind, n = graph.nodes[name], graph.kind(name), graph.size(name)
        method = "euler" if self._euler else "exponential_euler"
        # The constant input of a bias, of which the current would make another one.
        if kind in ("LI", "CubaLIF") and np.any(bias):
            raise graph.error(f"node {name} has a bias, which {kind} cannot have here")
        values: dict[str, Any]
        if kind == "Output":
            values = {"bias": bias}
            neuron = NeuronModel(
                equations="y : 1\nbias : 1 (constant)",
                before_spikes="y = bias",
                at_slot_start="y = 0",
            )
        elif kind == "LI":
            values = {"tau": node.tau, "v_leak": node.v_leak}
            neuron = NeuronModel(equations=_LI, at_slot_start="v = v_leak", method=method)
        else:
            values = {
                "v_leak": np.ravel(node.v_leak) + np.ravel(node.r) * bias,
                "v_threshold": node.v_threshold,
                "v_reset": node.v_reset,
                "r": node.r,
            }
            cuba = kind == "CubaLIF"
            values |= {"tau": node.tau_mem, "tau_syn": node.tau_syn} if cuba else {"tau": node.tau}
            neuron = NeuronModel(
                equations=_LIF.format(current=" + current" * cuba) + _CURRENT * cuba,
                threshold="v > v_threshold",
                reset=self._reset,
                before_spikes="v = v + kick; kick = 0; drive = 0",
                at_slot_start="v = v_leak; kick = 0; drive = 0" + "; current = 0" * cuba,
                method=method,
            )
        for key, value in values.items():
            self._state[f"{own}.{key}"] = np.broadcast_to(np.ravel(value).astype(float), (n,))
        return Population(name=own, n=n, neuron=neuron)

    # ------------------------------------------------------------------ weights

    def _projection(self, label: str, way: Way, target: str) -> Projection:
        graph, source = self._graph, way.source
        n_pre, n_post = graph.size(source), graph.size(target)
        weights = np.ones(n_pre) if way.weights is None else way.weights
        dense = weights.ndim == 2
        if weights.shape != ((n_pre, n_post) if dense else (n_post,)) or not (
            dense or n_pre == n_post
        ):
            raise graph.error(
                f"weights from {source} to {target} must be {(n_pre, n_post)}, got {weights.shape}"
            )
        graded = graph.kind(source) == "LI"
        if graded and way.delay:
            raise graph.error(f"{source} is an LI, whose delay cannot be read")
        numbers = self._takes == "signals" and source == self._entrance
        if numbers and way.delay:  # the number would be that of the step in which it arrives
            raise graph.error("its input has delays, which only spikes can have; leave takes out")
        variable, gain = self._entry(target, graded=graded)
        weights = weights * gain
        does = f"{variable}_post += w{'*value_pre' if numbers else '*v_pre' if graded else ''}"
        wiring: Any = "all_to_all" if dense else "one_to_one"
        many = np.count_nonzero(weights) > weights.size // 2
        if graded or (not way.delay and (many or not dense)):
            self._state[f"{label}.w"] = weights.ravel()
        else:
            wiring = RandomWiring(p=0.0)  # the state lists the synapses
            places = np.nonzero(weights)
            self._state |= {
                f"{label}.i": places[0].astype(float),
                f"{label}.j": places[-1].astype(float),
                f"{label}.w": weights[places],
                f"{label}.delay": np.full(len(places[0]), way.delay),
            }
        return Projection(
            pre=self._names[source],
            post=self._names[target],
            label=label,
            wiring=wiring,
            on_pre="" if graded else does,
            graded=does if graded else "",
        )

    def _entry(self, target: str, *, graded: bool) -> tuple[str, Numbers]:
        """Variable to which inputs of a node are added, and what a weight of 1 adds."""
        kind, node = self._graph.kind(target), self._graph.nodes[target]
        one = np.ones(self._graph.size(target))
        if kind == "Output":
            return "y", one
        if kind == "LI":
            if graded:
                raise self._graph.error(f"node {target}: an LI after another one cannot be read")
            return "v", one * np.ravel(node.r) * self._dt / np.ravel(node.tau)
        if graded:
            if kind == "CubaLIF":
                raise self._graph.error(f"node {target}: a CubaLIF after an LI cannot be read")
            return "drive", one
        if kind == "CubaLIF":
            return "current", one * np.ravel(node.w_in) * self._dt / np.ravel(node.tau_syn)
        tau = np.ravel(node.tau)
        # A spike acts before the step's leak, and in a reader that integrates by Euler after it.
        leak = np.ones_like(tau) if self._euler else np.exp(-self._dt / tau)
        return "kick", one * np.ravel(node.r) * self._dt / tau * leak
