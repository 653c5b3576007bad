"""Read NIR graphs of leaky neurons as networks."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from brian2 import ms, second

from bioplastic._quantities import base_units
from bioplastic.errors import BioplasticError, DataError, ParameterError
from bioplastic.exchange._nir_files import read_graph
from bioplastic.exchange._partners import partner
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

__all__ = ["import_nir"]

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
#: Nodes that have no state.
_STATELESS = ("Linear", "Affine", "Scale", "Delay", "Flatten", "Input", "Output")
_STATEFUL = ("LIF", "CubaLIF", "LI")


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
    nodes, edges, metadata = read_graph(nir, path)
    noted = {str(k): v for k, v in metadata.items()}
    if dt is None:
        dt = noted.get("dt", 0.001)
    seconds = float(base_units("import_nir.dt", dt, second, error=ParameterError))
    integration = integration or str(noted.get("integration", "exact"))
    reset = reset or str(noted.get("reset", "to v_reset"))
    for name, value, others in (
        ("integration", integration, ("exact", "euler")),
        ("reset", reset, ("to v_reset", "subtract")),
        ("takes", takes, ("spikes", "signals")),
    ):
        if value not in others:
            raise ParameterError(f"import_nir.{name}: must be one of {others}, got {value!r}")
    if not 0 < seconds < np.inf:
        raise ParameterError(f"import_nir.dt: must be > 0 s, got {dt}")
    try:
        return _Reading(path, nodes, edges, seconds, integration, reset, takes).network()
    except BioplasticError:
        raise
    except Exception as error:  # of numbers that no reader has foreseen
        raise DataError(f"import_nir: {path} is no NIR graph that can be read: {error}") from error


def _after(first: Numbers, second: Numbers | None) -> Numbers:
    """Put weights behind each other: of each pair, or on a diagonal, or none."""
    if second is None:
        return first
    if first.ndim == 1:
        return np.asarray(first * second if second.ndim == 1 else first[:, None] * second)
    return np.asarray(first * second if second.ndim == 1 else first @ second)


@dataclass
class _Path:
    """Weights from one node with a state to the next; of a diagonal (n,), None where all are 1."""

    source: str
    weights: Numbers | None = None
    bias: Numbers | float = 0.0
    delay: float = 0.0
    passed: tuple[str, ...] = field(default=())


class _Reading:
    def __init__(
        self,
        path: Path,
        nodes: dict[str, Any],
        edges: list[tuple[str, str]],
        dt: float,
        integration: str,
        reset: str,
        takes: str,
    ) -> None:
        self._path, self._nodes, self._edges = path, nodes, edges
        self._dt, self._euler, self._reset, self._takes = dt, integration == "euler", reset, takes
        for name, node in nodes.items():
            kind = type(node).__name__
            if kind not in (*_STATELESS, *_STATEFUL):
                raise self._error(
                    f"node {name} is of {kind}; {', '.join((*_STATEFUL, *_STATELESS))} can be read"
                )
        ends = {a for a, _ in edges}, {b for _, b in edges}
        self._inputs = [n for n in nodes if self._kind(n) == "Input" and n not in ends[1]]
        self._outputs = [n for n in nodes if self._kind(n) == "Output" and n not in ends[0]]
        if len(self._inputs) != 1:
            raise self._error(f"it must have one input, got {len(self._inputs)}")
        self._stateful = [n for n in nodes if self._kind(n) in _STATEFUL]
        self._names = self._identifiers()
        self._state: State = {}

    def network(self) -> tuple[Network, State]:
        """Declare the network, and fill its state."""
        entrance = self._inputs[0]
        neuron = SpikeInput() if self._takes == "spikes" else SignalInput()
        populations = [
            Population(name=self._names[entrance], n=self._size(entrance), neuron=neuron)
        ]
        projections: list[Projection] = []
        watch = []
        for name in self._stateful:
            paths = self._paths_to(name)
            bias = sum((np.asarray(p.bias) for p in paths), start=np.zeros(self._size(name)))
            populations.append(self._population(name, bias))
            projections += self._projections(name, paths)
        for name in self._outputs:
            paths = self._paths_to(name)
            direct = [p for p in paths if p.weights is None and not p.delay and not np.any(p.bias)]
            if len(paths) == len(direct) == 1 and self._kind(direct[0].source) != "LI":
                watch.append(self._names[direct[0].source])
                continue
            bias = sum((np.asarray(p.bias) for p in paths), start=np.zeros(self._size(name)))
            populations.append(self._exit(name, bias))
            projections += self._projections(name, paths)
        if not watch:
            watch = [self._names[n] for n in self._stateful if self._kind(n) != "LI"]
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

    # ------------------------------------------------------------------ nodes

    def _kind(self, name: str) -> str:
        return type(self._nodes[name]).__name__

    def _size(self, name: str) -> int:
        node = self._nodes[name]
        shape = node.input_type["input"] if self._kind(name) != "Output" else (
            node.output_type["output"]
        )  # fmt: skip
        return int(np.prod(shape))

    def _error(self, what: str) -> DataError:
        return DataError(f"import_nir: {self._path}: {what}")

    def _identifiers(self) -> dict[str, str]:
        """Names of populations, short where that tells them apart."""
        found: dict[str, str] = {}
        for name in (*self._inputs, *self._stateful, *self._outputs):
            long = re.sub(r"\W", "_", name)
            long = long if long.isidentifier() else f"node_{long}"
            # Of a graph within the graph, that holds one node, its own name.
            short = re.sub(r"\W", "_", name.split(".", 1)[0])
            good = short.isidentifier() and short not in found.values()
            own = short if good else long
            while own in found.values():
                own += "_"
            found[name] = own
        return found

    def _population(self, name: str, bias: Numbers) -> Population:
        node, own = self._nodes[name], self._names[name]
        kind, n = self._kind(name), self._size(name)
        tau = node.tau_mem if kind == "CubaLIF" else node.tau
        values = {"tau": tau, "v_leak": node.v_leak}
        method = "euler" if self._euler else "exponential_euler"
        if kind == "LI":
            if np.any(bias):
                raise self._error(f"node {name} has a bias, which LI cannot have here")
            neuron = NeuronModel(equations=_LI, at_slot_start="v = v_leak", method=method)
        else:
            # The constant input of a bias, of which the current would make another one.
            if kind == "CubaLIF" and np.any(bias):
                raise self._error(f"node {name} has a bias, which CubaLIF cannot have here")
            values["v_leak"] = np.ravel(node.v_leak) + np.ravel(node.r) * bias
            values |= {"v_threshold": node.v_threshold, "v_reset": node.v_reset, "r": node.r}
            values |= {"tau_syn": node.tau_syn} if kind == "CubaLIF" else {}
            current = " + current" if kind == "CubaLIF" else ""
            neuron = NeuronModel(
                equations=_LIF.format(current=current) + (_CURRENT if current else ""),
                threshold="v > v_threshold",
                reset="v = v_reset" if self._reset == "to v_reset" else "v -= v_threshold",
                before_spikes="v = v + kick; kick = 0; drive = 0",
                at_slot_start="v = v_leak; kick = 0; drive = 0" + ("; current = 0" * bool(current)),
                method=method,
            )
        for key, value in values.items():
            self._state[f"{own}.{key}"] = np.broadcast_to(np.ravel(value).astype(float), (n,))
        return Population(name=own, n=n, neuron=neuron)

    def _exit(self, name: str, bias: Numbers) -> Population:
        own = self._names[name]
        neuron = NeuronModel(
            equations="y : 1\nbias : 1 (constant)", before_spikes="y = bias", at_slot_start="y = 0"
        )
        self._state[f"{own}.bias"] = np.broadcast_to(
            np.ravel(bias).astype(float), (self._size(name),)
        )
        return Population(name=own, n=self._size(name), neuron=neuron)

    # ------------------------------------------------------------------ weights

    def _paths_to(self, target: str) -> list[_Path]:
        """Find all ways on which others with a state reach a node, backwards."""
        found, open_ends = [], [_Path(source=a) for a, b in self._edges if b == target]
        while open_ends:
            path = open_ends.pop()
            name = path.source
            if name in self._stateful or name in self._inputs:
                found.append(path)
                continue
            if name in path.passed:
                raise self._error(f"node {name} is in a cycle without neurons")
            path = self._through(name, path)
            open_ends += [
                _Path(source=a, weights=path.weights, bias=path.bias, delay=path.delay,
                      passed=(*path.passed, name))
                for a, b in self._edges if b == name
            ]  # fmt: skip
            if len(found) + len(open_ends) > 10_000:
                raise self._error("it has more than 10,000 ways between its nodes")
        return found

    def _through(self, name: str, path: _Path) -> _Path:
        """Put what a node without a state does before what follows on a way."""
        node, kind = self._nodes[name], self._kind(name)
        if kind == "Delay":
            delays = np.unique(node.delay)
            if len(delays) != 1 or delays[0] < 0:
                raise self._error(f"node {name} must have one delay >= 0 for all its elements")
            return _Path(path.source, path.weights, path.bias, path.delay + float(delays[0]))
        if kind in ("Input", "Output", "Flatten"):
            return path
        if kind == "Scale":
            scale = np.ravel(node.scale).astype(float)
            return _Path(path.source, _after(scale, path.weights), path.bias, path.delay)
        own = np.asarray(node.weight, dtype=float).T
        if own.ndim != 2:
            raise self._error(f"node {name} must have weights of two dimensions")
        bias = path.bias
        if kind == "Affine":
            bias = bias + _after(np.ravel(node.bias).astype(float)[None, :], path.weights)[0]
        return _Path(path.source, _after(own, path.weights), bias, path.delay)

    def _projections(self, target: str, paths: list[_Path]) -> list[Projection]:
        made = []
        for number, path in enumerate(paths):
            pre, post = self._names[path.source], self._names[target]
            label = f"{pre}_to_{post}" + (f"_{number}" if len(paths) > 1 else "")
            n_pre, n_post = self._size(path.source), self._size(target)
            weights = np.ones(n_pre) if path.weights is None else path.weights
            wanted = (n_pre, n_post) if weights.ndim == 2 else (n_post,)
            if weights.shape != wanted or (weights.ndim == 1 and n_pre != n_post):
                raise self._error(
                    f"weights from {path.source} to {target} must be {(n_pre, n_post)}, got "
                    f"{weights.shape}"
                )
            graded = self._kind(path.source) == "LI"
            variable, gain = self._entry(target, graded=graded)
            made.append(self._projection(label, pre, post, weights * gain, variable, graded, path))
        return made

    def _entry(self, target: str, *, graded: bool) -> tuple[str, Numbers]:
        """Variable to which inputs of a node are added, and what a weight of 1 adds."""
        kind, node = self._kind(target), self._nodes[target]
        one = np.ones(self._size(target))
        if kind == "Output":
            return "y", one
        if kind == "LI":
            if graded:
                raise self._error(f"node {target}: an LI that follows another one cannot be read")
            return "v", one * np.ravel(node.r) * self._dt / np.ravel(node.tau)
        if graded:
            if kind == "CubaLIF":
                raise self._error(f"node {target}: a CubaLIF that follows an LI cannot be read")
            return "drive", one
        if kind == "CubaLIF":
            return "current", one * np.ravel(node.w_in) * self._dt / np.ravel(node.tau_syn)
        tau = np.ravel(node.tau)
        # A spike acts before the step's leak, and in a reader that integrates by Euler after it.
        leak = np.ones_like(tau) if self._euler else np.exp(-self._dt / tau)
        return "kick", one * np.ravel(node.r) * self._dt / tau * leak

    def _projection(
        self,
        label: str,
        pre: str,
        post: str,
        weights: Numbers,
        variable: str,
        graded: bool,
        path: _Path,
    ) -> Projection:
        wiring: Any = "all_to_all" if weights.ndim == 2 else "one_to_one"
        if graded and path.delay:
            raise self._error(f"{path.source} is an LI, whose delay cannot be read")
        numbers = self._takes == "signals" and path.source in self._inputs
        if numbers and path.delay:  # the number would be that of the step in which it arrives
            raise self._error("its input has delays, which only spikes can have; leave takes out")
        factor = "*value_pre" if numbers else "*v_pre" if graded else ""
        does = f"{variable}_post += w{factor}"
        many = np.count_nonzero(weights) > weights.size // 2
        if graded or (not path.delay and (many or weights.ndim == 1)):
            self._state[f"{label}.w"] = weights.ravel()
        else:
            (i, j), wiring = _pairs(weights), RandomWiring(p=0.0)  # the state lists them
            self._state |= {
                f"{label}.i": i.astype(float),
                f"{label}.j": j.astype(float),
                f"{label}.w": weights[i, j] if weights.ndim == 2 else weights[i],
                f"{label}.delay": np.full(len(i), path.delay),
            }
        on_pre, each_step = ("", does) if graded else (does, "")
        return Projection(
            pre=pre, post=post, label=label, wiring=wiring, on_pre=on_pre, graded=each_step
        )


def _pairs(weights: Numbers) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Neurons between which there is a weight."""
    found = np.nonzero(weights)
    return (found[0], found[-1])
