"""Input delays of Diehl & Cook on MNIST, accuracy and time: prints benchmarks/results/delays.txt.

python benchmarks/delays.py [--seeds 0 1 2 ...] [--records FILE] [--table-only]

Every finished run is kept in FILE (a line of JSON each), so that an interrupted call goes on.
"""

import argparse
import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from _protocol import header, median_range, paragraph, progress, table
from brian2 import ms, mV

from bioplastic import engine
from bioplastic.datasets import load_mnist
from bioplastic.models import DiehlCookSTDP, PairSTDP, TripletSTDP, Uniform
from bioplastic.networks import DiehlCook, diehl_cook_network
from bioplastic.readout import NeuronLabelClassifier

DELAYS: dict[str, Any] = {"none": None, "0-10 ms": Uniform(low=0 * ms, high=10 * ms)}
N_NEURONS, N_TRAIN, N_TEST = 100, 10_000, 2_000
#: Rules whose cost is measured, slow enough that weights stay where they are.
RULES = {
    "DiehlCookSTDP": DiehlCookSTDP(),
    "PairSTDP": PairSTDP(a_plus=1e-3, a_minus=1.05e-3),
    "TripletSTDP": TripletSTDP(a2_plus=5e-4, a3_plus=5e-4, a2_minus=5e-4, a3_minus=1e-4),
}
N_SHOWN, ROUNDS = 300, 5


def accuracy(delay: str, seed: int) -> dict[str, Any]:
    """Train, label and test on training images alone."""
    mnist = load_mnist()
    X, y = mnist.data[: mnist.n_train], mnist.target[: mnist.n_train]
    start = time.perf_counter()
    network = DiehlCook(
        N_NEURONS, n_epochs=1, theta_plus=0.02 * mV, inhibition=17.0, delay=DELAYS[delay],
        engine="cpp_standalone", random_state=seed,
    ).fit(X[:N_TRAIN])  # fmt: skip
    trained = time.perf_counter() - start
    readout = NeuronLabelClassifier().fit(network.transform(X[:N_TRAIN]), y[:N_TRAIN])
    counts = network.transform(X[-N_TEST:])
    found = float(readout.score(counts, y[-N_TEST:]))
    progress(f"delays {delay}, seed {seed}: {found:.4f}, {trained:.0f} s")
    return {
        "delay": delay,
        "seed": seed,
        "accuracy": found,
        "spikes": float(counts.sum(axis=1).mean()),
        "repeated": network.n_presentations_ / N_TRAIN - 1,
    }


def cost(rule: str, n_neurons: int) -> dict[str, Any]:
    """Milliseconds of simulation a presentation, with delays and without in turn."""
    mnist = load_mnist()
    shown = engine.RateStimulus(values=mnist.data[:N_SHOWN] / 255 * 63.75)
    weights = (np.random.default_rng(0).random(784 * n_neurons) + 0.01) * 0.3
    found: dict[str, list[float]] = {name: [] for name in DELAYS}
    for turn in range(ROUNDS + 1):
        for name, delay in DELAYS.items():
            network = diehl_cook_network(
                n_features=784, n_neurons=n_neurons, rule=RULES[rule], norm=78.0, delay=delay
            )
            state = {"input_to_excitatory.w": weights, **network.sample(1)}
            result = engine.run(
                network, shown, seed=1, engine="cpp_standalone", state=state, record="counts"
            )
            if turn:  # the first builds
                n_shown = N_SHOWN + float(result.repeats.sum())
                found[name].append(1e3 * result.timings["simulate"] / n_shown)
    progress(f"{rule}, {n_neurons} neurons: {found}")
    return {"rule": rule, "n_neurons": n_neurons, "times": found}


def report(records: list[dict[str, Any]]) -> str:
    """Return header, tables and notes."""
    protocol = f"""
        Diehl & Cook (2015) on MNIST with delays of the input synapses as in the authors' script,
        uniform over 0-10 ms, and without; engine cpp_standalone, float64, dt 0.5 ms, 350 + 150 ms
        a presentation. Accuracy: {N_NEURONS} neurons, rule triplet, theta_plus 0.02 mV as
        benchmarks/mnist.py has it, trained without labels on the first {N_TRAIN:,} training images,
        once; neurons labelled by their responses to the same images; tested on the last
        {N_TEST:,} training images. Nothing was chosen here. Cost: simulation of {N_SHOWN} training
        images that are learned, {ROUNDS} rounds in turn, medians (lowest-highest).
    """
    rows = []
    for delay in DELAYS:
        runs = [r for r in records if r.get("delay") == delay]
        values = [100 * r["accuracy"] for r in sorted(runs, key=lambda r: r["seed"])]
        spread = f"{statistics.stdev(values):.2f}" if len(values) > 1 else "-"
        rows.append([
            delay, f"{statistics.mean(values):.2f}", spread, " ".join(f"{v:.2f}" for v in values),
            f"{statistics.mean(r['spikes'] for r in runs):.1f}",
            f"{100 * statistics.mean(r['repeated'] for r in runs):.1f}",
        ])  # fmt: skip
    columns = ["delays", "mean %", "sd", "each seed", "spikes", "repeated %"]
    by_seed = {(r["delay"], r["seed"]): 100 * r["accuracy"] for r in records if "delay" in r}
    gains = [v - by_seed["none", s] for (d, s), v in by_seed.items() if d != "none"]
    costs = [r for r in records if "times" in r]
    times = [
        [f"{r['rule']}, {r['n_neurons']} neurons",
         *(median_range(r["times"][name]) for name in DELAYS),
         median_range([b / a for a, b in zip(*r["times"].values(), strict=True)])]
        for r in costs
    ]  # fmt: skip
    notes = f"""
        With delays less without, by seed, in points: mean {statistics.mean(gains):.2f}, sd
        {statistics.stdev(gains):.2f}, {sum(gain > 0 for gain in gains)} of {len(gains)} above 0.
        spikes: of all excitatory neurons for a test image. repeated %: presentations of the
        training that were repeated because fewer than 5 spikes came.
    """
    return "\n".join([
        header("Input delays", protocol), table(columns, rows), "", paragraph(notes), "",
        table(["ms a presentation", *DELAYS, "ratio"], times),
    ])  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(10)))
    default = Path(__file__).parent / "results" / "delays.jsonl"
    parser.add_argument("--records", type=Path, default=default)
    parser.add_argument("--table-only", action="store_true", help="print what is on file")
    parser.add_argument("--part", choices=["accuracy", "cost", "both"], default="both")
    args = parser.parse_args()
    lines = args.records.read_text().splitlines() if args.records.exists() else []
    records = [json.loads(line) for line in lines]
    todo: list[tuple[dict[str, Any], Any]] = []
    if args.part != "cost":
        todo += [({"delay": d, "seed": s}, accuracy) for s in args.seeds for d in DELAYS]
    if args.part != "accuracy":
        todo += [({"rule": r, "n_neurons": n}, cost) for n in (100, 400) for r in RULES]
    for what, measure in () if args.table_only else todo:
        if not any(what.items() <= record.items() for record in records):
            records.append(measure(*what.values()))
            with args.records.open("a") as file:
                file.write(json.dumps(records[-1]) + "\n")
    print(report(records))


if __name__ == "__main__":
    sys.exit(main())
