"""Files of NIR, before they are believed, and the ways through their graphs."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bioplastic._hdf5 import check_hdf5
from bioplastic.errors import DataError, DataNotFoundError

type Numbers = npt.NDArray[np.float64]

STATEFUL = ("LIF", "CubaLIF", "LI")
_STATELESS = ("Linear", "Affine", "Scale", "Delay", "Flatten", "Input", "Output")


@dataclass(frozen=True)
class Way:
    """Weights from one node with a state to the next; of a diagonal (n,), None where all are 1."""

    source: str
    weights: Numbers | None = None
    bias: Numbers | float = 0.0
    delay: float = 0.0
    passed: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ReadGraph:
    """What a file holds, without graphs within graphs.

    Parameters
    ----------
    path : Path
        The file.
    nodes : dict of str to node
        By their names.
    edges : list of (str, str)
        From which node to which.
    metadata : dict
        What the writer has noted.
    """

    path: Path
    nodes: dict[str, Any]
    edges: list[tuple[str, str]]
    metadata: dict[str, Any] = field(default_factory=dict)

    def kind(self, name: str) -> str:
        """Return the class of a node."""
        return type(self.nodes[name]).__name__

    def size(self, name: str) -> int:
        """Return the number of elements of a node."""
        node, side = self.nodes[name], "output" if self.kind(name) == "Output" else "input"
        return int(np.prod(getattr(node, f"{side}_type")[side]))

    def error(self, what: str) -> DataError:
        """Return an error that names the file."""
        return DataError(f"import_nir: {self.path}: {what}")

    def ends(self, kind: str) -> list[str]:
        """Return the inputs or outputs of the whole."""
        inner = {edge[kind == "Input"] for edge in self.edges}
        return [name for name in self.nodes if self.kind(name) == kind and name not in inner]

    def ways_to(self, target: str) -> list[Way]:
        """Find all ways on which inputs and nodes with a state reach a node, backwards."""
        found, open_ends = [], [Way(a) for a, b in self.edges if b == target]
        known = {*self.ends("Input"), *(n for n in self.nodes if self.kind(n) in STATEFUL)}
        while open_ends:
            way = open_ends.pop()
            name = way.source
            if name in known:
                found.append(way)
                continue
            if name in way.passed:
                raise self.error(f"node {name} is in a cycle without neurons")
            way = replace(self._through(name, way), passed=(*way.passed, name))
            open_ends += [replace(way, source=a) for a, b in self.edges if b == name]
            if len(found) + len(open_ends) > 10_000:
                raise self.error("it has more than 10,000 ways between its nodes")
        return found

    def _through(self, name: str, way: Way) -> Way:
        """Put what a node without a state does before what follows on a way."""
        node, kind = self.nodes[name], self.kind(name)
        if kind == "Delay":
            delays = np.unique(node.delay)
            if len(delays) != 1 or delays[0] < 0:
                raise self.error(f"node {name} must have one delay >= 0 for all its elements")
            return replace(way, delay=way.delay + float(delays[0]))
        if kind == "Scale":
            return replace(way, weights=_after(np.ravel(node.scale).astype(float), way.weights))
        if kind not in ("Linear", "Affine"):
            return way
        own, bias = np.asarray(node.weight, dtype=float).T, way.bias
        if own.ndim != 2:
            raise self.error(f"node {name} must have weights of two dimensions")
        if kind == "Affine":
            bias = bias + _after(np.ravel(node.bias).astype(float)[None, :], way.weights)[0]
        return replace(way, weights=_after(own, way.weights), bias=bias)


def _after(first: Numbers, second: Numbers | None) -> Numbers:
    """Put weights behind each other: of each pair, or on a diagonal, or none."""
    if second is None:
        return first
    if first.ndim == 1:
        return np.asarray(first * second if second.ndim == 1 else first[:, None] * second)
    return np.asarray(first * second if second.ndim == 1 else first @ second)


def read_graph(nir: Any, path: Path) -> ReadGraph:
    """Read a file.

    Raises
    ------
    DataNotFoundError
        If there is no such file.
    DataError
        If it is damaged, no NIR graph, or has nodes of other kinds.
    """
    if not path.is_file():
        raise DataNotFoundError(f"import_nir: there is no file {path}")
    try:
        check_hdf5(path)
        graph = nir.read(path)
        if type(graph).__name__ != "NIRGraph":
            raise ValueError(f"it holds a node {type(graph).__name__} and no graph")
        nodes, edges = _flat(graph, "")
        for name, node in nodes.items():
            _check_numbers(name, node)
        metadata = {str(key): value for key, value in graph.metadata.items()}
    except Exception as error:  # of a stranger's file and a package that asserts
        said = str(error) or type(error).__name__
        raise DataError(f"import_nir: {path} is no NIR graph that can be read: {said}") from error
    read = ReadGraph(path=path, nodes=nodes, edges=edges, metadata=metadata)
    readable = (*STATEFUL, *_STATELESS)
    for name in nodes:
        if read.kind(name) not in readable:
            raise read.error(
                f"node {name} is of {read.kind(name)}; {', '.join(readable)} can be read"
            )
    return read


def _flat(graph: Any, prefix: str) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    nodes, edges, ends = {}, [], {}
    for name, node in graph.nodes.items():
        if type(node).__name__ != "NIRGraph":
            nodes[f"{prefix}{name}"] = node
            continue
        inner, more = _flat(node, f"{prefix}{name}.")
        nodes |= inner
        edges += more
        own = {
            kind: [n for n, sub in node.nodes.items() if type(sub).__name__ == kind]
            for kind in ("Input", "Output")
        }
        if any(len(found) != 1 for found in own.values()):
            raise ValueError(f"its graph {name} has not one input and one output")
        ends[name] = tuple(f"{name}.{own[kind][0]}" for kind in ("Input", "Output"))
    for a, b in graph.edges:
        edges.append((prefix + ends.get(a, (a, a))[1], prefix + ends.get(b, (b, b))[0]))
    return nodes, edges


def _check_numbers(name: str, node: Any) -> None:
    for key, value in vars(node).items():
        if key in ("input_type", "output_type", "metadata"):
            continue
        numbers = np.asarray(value, dtype=float)
        infinite = key == "v_threshold" and not np.isnan(numbers).any()
        if not (np.isfinite(numbers).all() or infinite):
            raise ValueError(f"{key} of its node {name} must be finite numbers")
        if key.startswith("tau") and not (numbers > 0).all():
            raise ValueError(f"{key} of its node {name} must be > 0 s")
