"""Files of NIR, before they are believed."""

from pathlib import Path
from typing import Any

import numpy as np

from bioplastic._hdf5 import check_hdf5
from bioplastic.errors import DataError, DataNotFoundError

__all__ = ["read_graph"]


def read_graph(
    nir: Any, path: Path
) -> tuple[dict[str, Any], list[tuple[str, str]], dict[str, Any]]:
    """Return nodes, edges and metadata of a file, without graphs within graphs.

    Raises
    ------
    DataNotFoundError
        If there is no such file.
    DataError
        If it is damaged, or no NIR graph.
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
        return nodes, edges, dict(graph.metadata)
    except Exception as error:  # of a stranger's file and a package that asserts
        said = str(error) or type(error).__name__
        raise DataError(f"import_nir: {path} is no NIR graph that can be read: {said}") from error


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
