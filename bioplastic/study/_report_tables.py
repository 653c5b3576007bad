"""The tables of a report."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from bioplastic.study import _report_format as words

__all__ = ["Cell", "Table", "candidates", "energies", "network", "summary", "tests", "units"]


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A text, the number behind it, a smaller second line, and how it is set off."""

    text: str
    value: float | None = None
    note: str = ""
    kind: str = ""


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows of cells under a head; the first column names the rows."""

    name: str
    caption: str
    columns: list[str]
    rows: list[list[Cell]]
    kinds: list[str] = field(default_factory=list)
    dense: bool = False


def summary(found: dict[str, Any]) -> Table:
    """Accuracy and cost of each method, the most accurate first."""
    rows, kinds = [], []
    for name, method in found["methods"].items():
        best = "best" if name == found["answer"]["best"] else ""
        kinds.append(best if method["plausible"] else "reference")
        interval = (
            ""
            if method["low"] is None
            else f"{100 * method['low']:.1f} – {100 * method['high']:.1f}"
        )
        rows.append(
            [
                _title(method),
                Cell(text="plausible" if method["plausible"] else "reference", kind="words"),
                _number(method["accuracy"], words.percent),
                Cell(text=interval or "–"),
                _number(method["sd_seeds"], lambda sd: words.points(sd, sign=False)),
                _cost(method["inference_J"], words.energy_text),
                _cost(method["training_J"], words.energy_text),
                _number(method["seconds"].get("fit"), words.duration),
                _number(method["peak_mb"], words.memory),
            ]
        )
    return Table(
        name=f"summary-{found['name']}",
        caption=(
            f"Mean accuracy over {_units(found)}, its 95 % interval, and the mean cost of a task; "
            "energies are estimates for arithmetic at 45 nm CMOS, time is without compiling, and "
            "memory with Python and its libraries."
        ),
        columns=[
            "method", "kind", "accuracy", "95 % interval", "sd over seeds",
            "energy to name a sample", "energy of training", "wall time of training",
            "peak memory",
        ],
        rows=rows,
        kinds=kinds,
    )  # fmt: skip


def tests(found: dict[str, Any]) -> Table | None:
    """Differences of all pairs, row minus column, with corrected p; None of one method."""
    names = list(found["methods"])
    if not found["tests"]:
        return None
    pairs = {}
    for test in found["tests"]:
        pairs[test["first"], test["second"]] = (test, 1)
        pairs[test["second"], test["first"]] = (test, -1)
    rows = [
        [
            _title(found["methods"][row]),
            *(_difference(pairs.get((row, column)), same=row == column) for column in names),
        ]
        for row in names
    ]
    return Table(
        name=f"tests-{found['name']}",
        caption=(
            "Difference of the mean accuracies in percentage points, row minus column, and p of "
            f"the paired sign-flip test after Holm's correction over {len(found['tests'])} pairs. "
            "Bold: below 0.05. Where so few units could not give 0.05, the uncorrected 95 % "
            "interval of the difference stands instead. References are not compared with each "
            "other."
        ),
        columns=["", *(found["methods"][name]["title"] for name in names)],
        rows=rows,
        dense=True,
    )


def network(found: dict[str, Any]) -> list[Table]:
    """NeuroBench's metrics in inference, and the same operations in learning."""
    both = []
    for use, caption in (
        ("inference", "NeuroBench's metrics of naming a test sample."),
        (
            "learning",
            "Operations a sample presented in training. Weight updates are not NeuroBench's.",
        ),
    ):
        extra = [("weight_updates", "weight updates", _count)] if use == "learning" else []
        size = (
            [
                ("footprint", "Footprint", _bytes),
                ("connection_sparsity", "Connection Sparsity", lambda share: f"{share:.3f}"),
            ]
            if use == "inference"
            else [("n_samples", "samples presented", _count)]
        )  # fmt: skip
        columns: list[tuple[str, str, Callable[[float], str]]] = [
            *size,
            ("activation_sparsity", "Activation Sparsity", lambda share: f"{share:.4f}"),
            ("dense", "Dense", _count),
            ("effective_acs", "Effective ACs", _count),
            ("effective_macs", "Effective MACs", _count),
            ("membrane_updates", "Membrane Updates", _count),
            *extra,
        ]
        both.append(
            Table(
                name=f"{use}-{found['name']}",
                caption=caption,
                columns=["method", *(title for _, title, _ in columns)],
                rows=[
                    [_title(m), *(_cost(m[use].get(key), write) for key, _, write in columns)]
                    for m in found["methods"].values()
                ],
            )
        )
    return both


def energies(found: dict[str, Any], devices: dict[str, Any]) -> list[Table]:
    """Energy of a sample on each device, in inference and in learning."""
    tables = []
    for use, caption in (
        ("inference", "Energy to name a test sample."),
        ("learning", "Energy a sample presented in training."),
        ("training", "Energy of a whole training."),
    ):
        rows = []
        for method in found["methods"].values():
            cells = [_title(method)]
            for device in devices:
                joules = method["energy"].get(device, {}).get(use)
                cells.append(_cost(joules, words.energy_text))
            rows.append(cells)
        tables.append(
            Table(
                name=f"energy-{use}-{found['name']}",
                caption=caption,
                columns=["method", *(_device(device) for device in devices.values())],
                rows=rows,
            )
        )
    return tables if devices else []


def units(found: dict[str, Any]) -> Table | None:
    """Accuracy on each group; None where there are no groups."""
    if not found["grouped"]:
        return None
    methods = found["methods"].values()
    names = sorted({unit for method in methods for unit in method["units"]})
    return Table(
        name=f"units-{found['name']}",
        caption=f"Accuracy on each {found['unit']}, mean over the trainings that held it out.",
        columns=[found["unit"], *(method["title"] for method in methods)],
        rows=[
            [
                Cell(text=unit),
                *(_number(method["units"].get(unit), words.percent) for method in methods),
            ]
            for unit in names
        ],
        dense=True,
    )


def candidates(found: dict[str, Any]) -> Table:
    """List the settings that each method tried, and how often each was taken."""
    rows = []
    for method in found["methods"].values():
        for k, candidate in enumerate(method["candidates"]):
            rows.append(
                [
                    _title(method) if k == 0 else Cell(text=""),
                    Cell(text=_settings(candidate["settings"]), kind="words"),
                    _number(candidate["score"], words.percent),
                    _number(candidate["seconds"], words.duration),
                    Cell(
                        text=f"{candidate['n_chosen']} of {candidate['n_tried']}",
                        value=candidate["n_chosen"],
                        kind="strong" if candidate["n_chosen"] else "",
                    ),
                ]
            )
    return Table(
        name=f"candidates-{found['name']}",
        caption=(
            "Settings tried, mean accuracy on validation samples (cut from the training samples), "
            "mean time of a trial, and how often each was taken."
        ),
        columns=["method", "settings", "validation", "time", "taken"],
        rows=rows,
    )


def _title(method: dict[str, Any]) -> Cell:
    return Cell(text=method["title"], kind="" if method["plausible"] else "reference")


def _number(value: float | None, write: Callable[[float], str]) -> Cell:
    return Cell(text="–" if value is None else write(value), value=value)


def _cost(value: float | None, write: Callable[[float], str]) -> Cell:
    return Cell(text=words.NOT_COUNTED if value is None else write(value), value=value)


def _bytes(n: float) -> str:
    return words.memory(n / 1e6) if n >= 1e6 else f"{n / 1e3:,.1f} kB"


def _count(n: float) -> str:
    return f"{n:,.0f}" if n >= 10 or n == round(n) else f"{n:.2g}"


def _units(found: dict[str, Any]) -> str:
    most = max((method["n_units"] for method in found["methods"].values()), default=0)
    return f"{most:,} {found['unit']}{'' if most == 1 else 's'}"


def _device(device: dict[str, Any]) -> str:
    return f"{device['title']}{'' if device['sure'] else words.NBSP + '*'}"


def _difference(pair: tuple[dict[str, Any], int] | None, *, same: bool) -> Cell:
    if pair is None or pair[0]["difference"] is None:
        return Cell(text="" if same else "–", kind="same" if same else "")
    test, sign = pair
    difference = sign * test["difference"]
    note = words.p_text(test["p_corrected"])
    if not test["decides"]:
        ends = sorted(sign * test[key] for key in ("low", "high") if test[key] is not None)
        note = " to ".join(map(words.points, ends)) or "cannot decide"
    return Cell(
        text=words.points(difference),
        value=difference,
        note=note,
        kind="strong" if test["significant"] else "",
    )


def _settings(settings: dict[str, Any]) -> str:
    parts: Sequence[str] = [
        f"{name} = {value if isinstance(value, str) else json.dumps(value)}"
        for name, value in settings.items()
    ]
    return ", ".join(parts) or "as they stand"
