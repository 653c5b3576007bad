"""The tables of a report, in Markdown."""

import json
from collections.abc import Callable
from typing import Any, Final

from bioplastic.study import _report_format as words
from bioplastic.study._report_format import Markdown, escaped, table


def summary(found: dict[str, Any]) -> str:
    """Accuracy and cost of each method, the most accurate first, the best plausible one in bold."""
    rows = []
    for name, method in found["methods"].items():
        low, high = method["low"], method["high"]
        row = [
            _title(method),
            "plausible" if method["plausible"] else "reference",
            words.percent(method["accuracy"]),
            "–" if low is None else f"{100 * low:.1f} – {100 * high:.1f}",
            words.points(method["sd_seeds"], sign=False),
            words.energy_text(method["inference_J"]),
            words.energy_text(method["training_J"]),
            words.duration(method["seconds"].get("fit")),
            words.memory(method["peak_mb"]),
        ]
        best = name == found["answer"]["best"]
        rows.append([_bold(cell) for cell in row] if best else row)
    most = max((method["n_units"] for method in found["methods"].values()), default=0)
    return table(
        f"Mean accuracy over {words.number(most, found['unit'])}, its 95 % interval, and the mean "
        "cost of a task; energies are estimates for arithmetic at 45 nm CMOS, time is without "
        "compiling, and memory with Python and its libraries.",
        [
            "method", "kind", "accuracy", "95 % interval", "sd over seeds",
            "energy to classify a sample", "energy of training", "wall time of training",
            "peak memory",
        ],
        rows,
        n_words=2,
    )  # fmt: skip


def tests(found: dict[str, Any]) -> str | None:
    """Differences of all pairs, row minus column, with corrected p; None of one method."""
    if not found["tests"]:
        return None
    pairs = {}
    for test in found["tests"]:
        pairs[test["first"], test["second"]] = (test, 1)
        pairs[test["second"], test["first"]] = (test, -1)
    methods = found["methods"]
    return table(
        "Difference of the mean accuracies in percentage points, row minus column, and p of "
        f"the paired sign-flip test after Holm's correction over {len(found['tests'])} pairs. "
        "Bold: below 0.05. Where so few units could not give 0.05, the uncorrected 95 % "
        "interval of the difference stands instead. References are not compared with each "
        "other.",
        ["", *(method["title"] for method in methods.values())],
        [
            [
                _title(method),
                *("" if a == b else _difference(*pairs.get((a, b), (None, 1))) for b in methods),
            ]
            for a, method in methods.items()
        ],
    )


def _bytes(n: float) -> str:
    return words.memory(n / 1e6) if n >= 1e6 else f"{n / 1e3:,.1f} kB"


#: NeuroBench's metrics and ours: in which uses they are shown, under which name and how.
_OPERATIONS: Final[dict[str, tuple[str, str, Callable[[float], str]]]] = {
    "footprint": ("inference", "Footprint", _bytes),
    "connection_sparsity": ("inference", "Connection Sparsity", "{:.3f}".format),
    "n_samples": ("learning", "samples presented", words.count),
    "activation_sparsity": ("inference learning", "Activation Sparsity", "{:.4f}".format),
    "dense": ("inference learning", "Dense", words.count),
    "effective_acs": ("inference learning", "Effective ACs", words.count),
    "effective_macs": ("inference learning", "Effective MACs", words.count),
    "membrane_updates": ("inference learning", "Membrane Updates", words.count),
    "weight_updates": ("learning", "weight updates", words.count),
}


def network(found: dict[str, Any], use: str, caption: str) -> str:
    """NeuroBench's metrics in inference, or the same operations in learning."""
    columns = {key: how for key, how in _OPERATIONS.items() if use in how[0]}
    return table(
        caption,
        ["method", *(title for _, title, _ in columns.values())],
        [
            [_title(m), *(_cost(m[use].get(key), write) for key, (*_, write) in columns.items())]
            for m in found["methods"].values()
        ],
    )


def energies(found: dict[str, Any], devices: dict[str, Any], use: str, caption: str) -> str:
    """Energy on each device: of a sample in inference or learning, or of a whole training."""
    head = [f"{d['title']}{'' if d['sure'] else words.NBSP + '*'}" for d in devices.values()]
    return table(
        caption,
        ["method", *head],
        [
            [
                _title(method),
                *(words.energy_text(method["energy"].get(one, {}).get(use)) for one in devices),
            ]
            for method in found["methods"].values()
        ],
    )


def units(found: dict[str, Any]) -> str | None:
    """Accuracy on each group; None where there are no groups."""
    if not found["grouped"]:
        return None
    methods = found["methods"].values()
    return table(
        f"Accuracy on each {found['unit']}, mean over the trainings that held it out.",
        [found["unit"], *(method["title"] for method in methods)],
        [
            [unit, *(words.percent(method["units"].get(unit)) for method in methods)]
            for unit in sorted({unit for method in methods for unit in method["units"]})
        ],
    )


def candidates(found: dict[str, Any]) -> str:
    """List the hyperparameters that each method tried, and how often each was taken."""
    rows = []
    for method in found["methods"].values():
        for k, tried in enumerate(method["candidates"]):
            settings = tried["settings"].items()
            taken = f"{tried['n_chosen']} of {tried['n_tried']}"
            rows.append(
                [
                    _title(method) if k == 0 else "",
                    ", ".join(
                        f"{name} = {value if isinstance(value, str) else json.dumps(value)}"
                        for name, value in settings
                    )
                    or "as they stand",
                    words.percent(tried["score"]),
                    words.duration(tried["seconds"]),
                    _bold(taken) if tried["n_chosen"] else taken,
                ]
            )
    return table(
        "Hyperparameters tried, mean accuracy on validation samples (cut from the training "
        "samples), mean time of a trial, and how often each was taken.",
        ["method", "hyperparameters", "validation", "time", "taken"],
        rows,
        n_words=2,
    )


def _bold(text: str) -> Markdown:
    return Markdown(f"**{escaped(text)}**")


def _title(method: dict[str, Any]) -> str:
    """Write a method's title, that of a reference in italics."""
    title: str = method["title"]
    return title if method["plausible"] else Markdown(f"*{escaped(title)}*")


def _cost(value: float | None, write: Callable[[float], str]) -> str:
    return words.NOT_COUNTED if value is None else write(value)


def _difference(test: dict[str, Any] | None, sign: int) -> str:
    if test is None or test["difference"] is None:
        return "–"
    note = words.p_text(test["p_corrected"])
    if not test["decides"]:
        ends = sorted(sign * test[key] for key in ("low", "high") if test[key] is not None)
        note = " to ".join(map(words.points, ends)) or "cannot decide"
    difference = words.points(sign * test["difference"])
    return Markdown(f"{_bold(difference) if test['significant'] else difference} ({note})")
