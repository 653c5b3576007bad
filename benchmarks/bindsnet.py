"""BindsNET beside ``constants="bindsnet"``: the same images, labels and protocol; prints a table.

    python benchmarks/bindsnet.py [--seeds 0 1 2 3 4] [--rounds 3] [--records FILE]

BINDSNET_PYTHON is the interpreter of an environment in which BindsNET is installed (see
_peers/bindsnet_accuracy.py). Every finished run is kept in FILE, a line of JSON each, so that an
interrupted call goes on.
"""

import argparse
import json
import os
import statistics
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from _protocol import PEERS, default_core, header, paragraph, progress, run_json, table

from bioplastic.datasets import load_mnist
from bioplastic.models import PairSTDP
from bioplastic.networks import DiehlCook
from bioplastic.readout import NeuronLabelClassifier

#: Learning rates at a presynaptic and at a postsynaptic spike: the class's, and much slower ones.
RATES = ((1e-4, 1e-2), (1e-10, 1e-3))
#: Name of a vote there and here.
VOTES = {"all activity": "counts", "proportions": "proportions"}
N_NEURONS, N_IMAGES, TEST = 100, 5_000, slice(50_000, 55_000)
#: Images of a round of the speed's measurement, there and here.
N_TIMED = 60, 1_000


def images(n: int = N_IMAGES) -> dict[str, np.ndarray]:
    """Return the first training images, and training images that take the place of test images."""
    mnist = load_mnist()
    X, y = mnist.data.astype(np.uint8), mnist.target.astype(int)
    return {"X": X[:n], "y": y[:n], "X_test": X[TEST], "y_test": y[TEST]}


def theirs(data: dict[str, np.ndarray], nu: tuple[float, float], seed: int) -> dict[str, Any]:
    """Train and test BindsNET's network."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "data.npz"
        np.savez(file, **data)
        script = PEERS / "bindsnet_accuracy.py"
        options = ["--seed", str(seed), "--nu", *map(str, nu), "--n-neurons", str(N_NEURONS)]
        command = [os.environ["BINDSNET_PYTHON"], script, file, *options]
        return run_json(command, core=default_core())


def model(nu: tuple[float, float], seed: int) -> DiehlCook:
    """Return the preset with these learning rates."""
    rule = PairSTDP(on_pre_trace="r1 = 1", on_post_trace="o1 = 1", a_plus=nu[1], a_minus=nu[0])
    return DiehlCook(
        N_NEURONS, constants="bindsnet", rule=rule, n_epochs=1, shuffle=False, random_state=seed
    )


def ours(data: dict[str, np.ndarray], nu: tuple[float, float], seed: int) -> dict[str, Any]:
    """Train and test the preset."""
    network = model(nu, seed).fit(data["X"])
    labelling, answers = network.transform(data["X"]), network.transform(data["X_test"])
    found: dict[str, Any] = {"system": "bioplastic", "nu": list(nu), "seed": seed}
    for name, vote in VOTES.items():
        readout = NeuronLabelClassifier(vote=vote).fit(labelling, data["y"])
        found[name] = float(readout.score(answers, data["y_test"]))
    return found | {
        "spikes_per_presentation": float(network.history_["spikes"].mean()),
        "test_spikes": float(answers.sum(axis=1).mean()),
        "theta": 1e3 * float(network.theta_.mean()),
        "largest_weight": float(network.weights_.max()),
    }


def speed(rounds: int) -> list[dict[str, Any]]:
    """Time training presentations there and here in turn, one core, one thread."""
    os.sched_setaffinity(0, {default_core()})
    found = []
    for _ in range(rounds):
        data = images(N_TIMED[0])
        data["X_test"], data["y_test"] = data["X_test"][:50], data["y_test"][:50]
        there = theirs(data, RATES[0], 0)["ms_per_presentation"]
        network = model(RATES[0], 0).fit(images(N_TIMED[1])["X"])
        times = network.timings_
        here = 1e3 * (times["simulate"] + times["read"]) / N_TIMED[1]
        found.append({"system": "speed", "BindsNET": there, "bioplastic": here})
        progress(f"{there:.1f} and {here:.2f} ms a presentation")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--rounds", type=int, default=0, help="of the speed's measurement")
    default = Path(__file__).parent / "results" / "bindsnet.jsonl"
    parser.add_argument("--records", type=Path, default=default)
    args = parser.parse_args()
    text = args.records.read_text() if args.records.exists() else ""
    records = [json.loads(line) for line in text.splitlines()]

    def keep(new: list[dict[str, Any]]) -> None:
        records.extend(new)
        with args.records.open("a") as file:
            file.writelines(json.dumps(record) + "\n" for record in new)

    data = images()
    for seed in args.seeds:
        for nu in RATES:
            known = {r["system"].split()[0] for r in records if _is(r, nu, seed)}
            if "bioplastic" not in known:
                keep([ours(data, nu, seed)])
            if "BindsNET" not in known and "BINDSNET_PYTHON" in os.environ:
                keep([theirs(data, nu, seed)])
    if args.rounds:
        keep(speed(args.rounds))
    print(report(records))


def _is(record: dict[str, Any], nu: tuple[float, float], seed: int | None = None) -> bool:
    return record.get("nu") == list(nu) and seed in (None, record["seed"])


def report(records: list[dict[str, Any]]) -> str:
    """Return header, table and notes."""
    protocol = f"""
        DiehlAndCook2015 of BindsNET, with the defaults of its class, beside
        DiehlCook(constants="bindsnet"): {N_NEURONS} neurons, the first {N_IMAGES:,} training
        images of MNIST, presented once, one by one, 250 steps of 1 ms. Then learning is off, the
        same images label the neurons, and training images 50,000 to 54,999, which nobody trained
        on, are classified. nu: learning rates at a presynaptic and at a postsynaptic spike.
        BindsNET draws intervals between input spikes that vary less than those of a Poisson
        process; ours are those of one.
    """
    lines = []
    for nu in RATES:
        for vote in VOTES:
            values = {
                name: [100 * r[vote] for r in records if _is(r, nu) and name in r["system"]]
                for name in ("BindsNET", "bioplastic")
            }
            if min(map(len, values.values())) < 2:
                continue
            means = {name: statistics.mean(v) for name, v in values.items()}
            errors = {n: statistics.stdev(v) / len(v) ** 0.5 for n, v in values.items()}
            apart = means["bioplastic"] - means["BindsNET"]
            lines.append(
                [
                    f"{nu[0]:g} {nu[1]:g}",
                    vote,
                    *(f"{means[n]:.2f} +- {errors[n]:.2f} ({len(values[n])})" for n in values),
                    f"{apart:+.2f}",
                    f"{apart / sum(e**2 for e in errors.values()) ** 0.5:+.1f}",
                ]
            )
    columns = ["nu", "vote", "BindsNET %", "bioplastic %", "difference", "in standard errors"]
    parts = [header("BindsNET", protocol), table(columns, lines), ""]
    said = ("spikes_per_presentation", "test_spikes", "theta", "largest_weight")
    rows = [
        [
            f"{nu[0]:g} {nu[1]:g}",
            name,
            *(f"{statistics.mean(r[key] for r in chosen):.4g}" for key in said),
        ]
        for nu in RATES
        for name in ("BindsNET", "bioplastic")
        if (chosen := [r for r in records if _is(r, nu) and name in r["system"]])
    ]
    columns = ["nu", "", "spikes in training", "spikes in test", "theta mV", "largest weight"]
    parts += [table(columns, rows), ""]
    if timed := [r for r in records if r["system"] == "speed"]:
        ratio = statistics.median(r["BindsNET"] / r["bioplastic"] for r in timed)
        there, here = (statistics.median(r[n] for r in timed) for n in ("BindsNET", "bioplastic"))
        versions = next(r["system"] for r in records if "BindsNET" in r["system"])
        parts.append(
            paragraph(
                f"A training presentation takes BindsNET (batch of one, one thread) {there:.1f} ms "
                f"and bioplastic {here:.2f} ms: {ratio:.0f} times (medians of {len(timed)} rounds "
                f"in turn on one core). The second figure of a cell is the standard error, in "
                f"brackets the number of seeds. {versions}."
            )
        )
    return "\n".join(parts)


if __name__ == "__main__":
    main()
