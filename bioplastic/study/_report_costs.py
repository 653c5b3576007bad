"""What a method cost on a problem, and which settings it tried."""

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from bioplastic.study._report_format import NOT_COUNTED
from bioplastic.study.energy import energies
from bioplastic.study.outcome import Outcome
from bioplastic.study.workload import OPERATIONS

__all__ = ["DEVICE", "chosen", "costs", "operations", "plain", "with_gaps_named"]

#: The device of the summary; all are in a table of their own.
DEVICE: Final = "cmos45"
#: What is said of a method's costs that follow from counted operations.
_COSTS: Final = ("inference_J", "training_J", "energy", "inference", "learning")


def costs(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Means over the tasks of a method on a problem; of memory the highest."""
    inference, learning = ([getattr(o, use) for o in outcomes] for use in ("inference", "learning"))
    joules = {
        use: _means([energies(workload) for workload in workloads])
        for use, workloads in (("inference", inference), ("learning", learning))
    }
    trainings = _means(
        [
            {device: joules * workload.n_samples for device, joules in energies(workload).items()}
            for workload in learning
        ]
    )
    return {
        "inference_J": joules["inference"].get(DEVICE),
        "training_J": trainings.get(DEVICE),
        "energy": {
            device: {
                "inference": joules["inference"][device],
                "learning": joules["learning"][device],
                "training": trainings[device],
            }
            for device in joules["inference"]
        },
        "seconds": _means([outcome.seconds for outcome in outcomes]),
        "peak_mb": max(outcome.peak_mb for outcome in outcomes),
        "inference": _means([operations(workload) for workload in inference]),
        "learning": _means([operations(workload) for workload in learning]),
        "n_train": _mean([outcome.n_train for outcome in outcomes]),
        "confusion": np.sum([outcome.confusion for outcome in outcomes], axis=0),
        "candidates": _candidates(outcomes),
        "description": outcomes[0].description,
    }


def _candidates(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """List the settings tried, how they did in choosing, and how often they were taken."""
    tried: dict[str, list[dict[str, Any]]] = {}
    for outcome in outcomes:
        for candidate in outcome.candidates:
            written = json.dumps(plain(candidate["settings"]), sort_keys=True)
            tried.setdefault(written, []).append(candidate)
    taken = Counter(json.dumps(plain(chosen(outcome)), sort_keys=True) for outcome in outcomes)
    return [
        {
            "settings": json.loads(written),
            "score": _mean([candidate.get("score") for candidate in own]),
            "seconds": _mean([candidate.get("seconds") for candidate in own]),
            "n_tried": len(own),
            "n_chosen": taken[written],
        }
        for written, own in tried.items()
    ]  # fmt: skip


def chosen(outcome: Outcome) -> Any:
    known = 0 <= outcome.chosen < len(outcome.candidates)
    return outcome.candidates[outcome.chosen]["settings"] if known else {}


def operations(workload: Any) -> dict[str, float | None]:
    """Return what a mean sample takes, and size; None for what was not counted."""
    found: dict[str, float | None] = workload.per_sample.as_json() | {
        "n_samples": workload.n_samples
    }
    # No model is without bytes and weights, and not counted is not dense.
    for whole, parts in (
        (workload.counted, OPERATIONS),
        (workload.footprint, ("footprint",)),
        (workload.n_weights, ("n_weights", "n_zero_weights")),
        (workload.activation_sites, ("activations", "activation_sites")),
    ):
        if not whole:
            found |= dict.fromkeys(parts)
    return found | {
        "connection_sparsity": workload.connection_sparsity if workload.n_weights else None,
        "activation_sparsity": workload.activation_sparsity if workload.activation_sites else None,
    }


def with_gaps_named(numbers: dict[str, Any]) -> dict[str, Any]:
    """Return a report's numbers with words in place of costs that were not counted."""

    def named(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: named(item) for name, item in value.items()}
        return NOT_COUNTED if value is None else value

    problems = [
        problem
        | {
            "methods": {
                name: method | {key: named(method[key]) for key in _COSTS}
                for name, method in problem["methods"].items()
            }
        }
        for problem in numbers["problems"]
    ]
    tasks = [
        row | {k: named(v) for k, v in row.items() if k.startswith(("inference_", "learning_"))}
        for row in numbers["tasks"]
    ]
    return numbers | {"problems": problems, "tasks": tasks}


def plain(value: Any) -> Any:
    """Return a value as JSON has it; NaN and infinity, which JSON has not, are None."""
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, str | bool | None):
        return value
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, Sequence | set):
        return [plain(item) for item in value]
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return str(value)


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None and math.isfinite(value)]
    return float(np.mean(known)) if known else None


def _means(rows: Sequence[Mapping[str, float | None]]) -> dict[str, float | None]:
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: _mean([row.get(name) for row in rows]) for name in names}
