"""Liquids and e-prop on words without a constant handed over: prints the table of results.

    python benchmarks/word_defaults.py [--data spoken hd] [--seeds 0 1] [--records FILE]

Needs the `hd` data (BIOPLASTIC_DATA). Every finished run is kept in FILE, a line of JSON each, so
that an interrupted call goes on.
"""

import argparse
import json
import statistics
from pathlib import Path
from typing import Any

import numpy as np
from _protocol import header, progress, table
from brian2 import Hz, ms
from sklearn.linear_model import RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer

from bioplastic import SpikeTrains
from bioplastic.datasets import load_hd, load_spoken
from bioplastic.encoding import SpikeAugmenter
from bioplastic.models import Adam, EPropALIF, LogUniform, RateRegularization
from bioplastic.models.eprop import LeakyReadout
from bioplastic.networks import EPropClassifier, LiquidStateMachine, RandomLiquid, TonotopicLiquid
from bioplastic.readout import TimeBinnedCount

#: Constants by hand: those of benchmarks/eprop.py, for hd.
BY_HAND: dict[str, Any] = {
    "neuron": EPropALIF(
        beta=1.5,
        psi_width=2.0,
        tau_membrane=LogUniform(low=10 * ms, high=100 * ms),
        tau_adaptation=LogUniform(low=100 * ms, high=500 * ms),
    ),
    "readout": LeakyReadout(tau_out=300 * ms),
    "regularization": RateRegularization(rate_target=10 * Hz, rate_cost=0.003),
    "optimizer": Adam(learning_rate=3e-3),
    "gains": {"input": 0.5, "readout": 0.3, "feedback": 0.3},
    "feedback": "adaptive",
    "schedule": "cosine",
    "batch_size": 16,
    "decision_window": 0.6,
    "n_lines": 5,
    "line_delay": 50 * ms,
    "dt": 10 * ms,
}
LIQUIDS = {
    "tonotopic liquid": ("tonotopic", TonotopicLiquid(w_input=20.0, w_inhibition=25.0)),
    "random liquid": ("random", RandomLiquid(w_input=6.0)),
}
METHODS = (*LIQUIDS, "e-prop")


def words(name: str) -> tuple[SpikeTrains, Any, Any]:
    """Return words, classes, and whether the speaker of a word is held out, every fourth of them.

    ``"hd, 64 channels"`` keeps every eleventh channel of hd; ``"hd, 0.3 s"`` and ``"hd, 2 s"`` are
    as fast, or slow, that the mean word takes so long.
    """
    found = load_spoken() if name == "spoken" else load_hd()
    X, y, speakers = found.data, found.target, np.asarray(found.groups)
    held_out = np.isin(speakers, np.unique(speakers)[::4])
    factor = {"hd, 0.3 s": 0.43, "hd, 2 s": 2.8}.get(name, 1.0)
    keep = X.units % 11 == 0 if name == "hd, 64 channels" else np.ones(len(X.units), bool)
    every = 11 if name == "hd, 64 channels" else 1
    changed = SpikeTrains(
        factor * X.times[keep],
        X.units[keep] // every,
        np.concatenate([[0], np.cumsum(keep)])[X.offsets],
        n_units=-(-X.n_units // every),
        duration=factor * np.asarray(X.duration),
    )
    return changed, y, held_out


def measure(data: str, method: str, by_hand: bool, seed: int) -> float:
    """Train on the other speakers and classify the words of those held out, once."""
    X, y, held_out = words(data)
    if method == "e-prop":
        constants = BY_HAND | {"pool": max(1, round(X.n_units / 70))} if by_hand else {}
        changes = SpikeAugmenter(
            channel_shift=X.n_units / 28, channel_stretch=0.12, random_state=seed
        )
        model = EPropClassifier(augmenter=changes, random_state=seed, **constants)
    else:
        liquid = LIQUIDS[method][by_hand]
        model = make_pipeline(
            LiquidStateMachine(500, liquid=liquid, rest=60 * ms, random_state=seed),
            TimeBinnedCount(n_bins=6, window="triangular", scaling="sqrt", relative=True),
            Normalizer(),
            RidgeClassifier(alpha=1.0),
        )
    return float(model.fit(X[~held_out], y[~held_out]).score(X[held_out], y[held_out]))


def main() -> None:
    known = ("spoken", "hd", "hd, 64 channels", "hd, 0.3 s", "hd, 2 s")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", nargs="+", default=known, choices=known)
    parser.add_argument("--methods", nargs="+", default=METHODS, choices=METHODS)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    default = Path(__file__).parent / "results" / "word_defaults.jsonl"
    parser.add_argument("--records", type=Path, default=default)
    args = parser.parse_args()
    text = args.records.read_text() if args.records.exists() else ""
    records = [json.loads(line) for line in text.splitlines()]
    for seed in args.seeds:
        for data in args.data:
            for method in args.methods:
                for by_hand in (False, True):
                    row = {"data": data, "method": method, "by_hand": by_hand, "seed": seed}
                    if any(row.items() <= r.items() for r in records):
                        continue
                    records.append(row | {"accuracy": measure(data, method, by_hand, seed)})
                    progress(str(records[-1]))
                    with args.records.open("a") as file:
                        file.write(json.dumps(records[-1]) + "\n")
    print(report(records))


def report(records: list[dict[str, Any]]) -> str:
    """Return header and table."""
    protocol = """
        Accuracy on words of unseen speakers, every fourth speaker of spoken (64 channels, 0.5 s)
        and of hd (700 channels, 0.7 s), and of hd with every eleventh channel, or with all times
        times 0.43 or 2.8. "No constants": TonotopicLiquid(), RandomLiquid(), EPropClassifier().
        "By hand": the constants that benchmarks/eprop.py found on hd, with channels pooled to about
        70 inputs; liquids with input weights of 20 and 25 mV, and of 6 mV. Liquids have 500
        neurons, six triangular bins and a ridge; e-prop has 128 LIF and 128 adaptive neurons, 20
        epochs, and augmentation (channels shifted and stretched, time stretched). All speakers of
        hd have been looked at in development. The rules were found on four speakers of hd and on
        inner speakers of spoken.
    """
    lines = []
    for data, method in dict.fromkeys((r["data"], r["method"]) for r in records):
        cells = [data, method]
        for by_hand in (False, True):
            row = {"data": data, "method": method, "by_hand": by_hand}
            values = [100 * r["accuracy"] for r in records if row.items() <= r.items()]
            mean = f"{statistics.mean(values):.1f}" if values else "-"
            cells.append(f"{mean} ({len(values)})")
        lines.append(cells)
    columns = ["data", "method", "no constants % (seeds)", "by hand %"]
    return "\n".join([header("Defaults on words", protocol), table(columns, lines)])


if __name__ == "__main__":
    main()
