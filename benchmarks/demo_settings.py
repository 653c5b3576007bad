"""How the constants of `bioplastic demo` were chosen: prints the validation table.

python benchmarks/demo_settings.py [--cuts 3]
"""

import argparse
import itertools
import statistics
from dataclasses import replace

from _protocol import header, progress, table
from sklearn.model_selection import train_test_split

from bioplastic.cli.settings import SETTINGS, DiehlCookSettings
from bioplastic.cli.tasks import digits_task

# Other constants were found by hand before, on the same training part: 256 Hz and a norm of 12 make
# 64 pixels drive a neuron like 784 do at 63.75 Hz and a norm of 78.
GRID = {
    "epochs": (5, 10),
    "theta_plus_mv": (0.02, 0.03, 0.05),
    "inhibition": (17.0, 34.0, 50.0),
}

PROTOCOL = """
    scikit-learn's handwritten digits. Only the 1,437 training images of the demo's cut are used
    here; the 360 test images are never loaded into a network. The training images are cut again, a
    stratified fifth of them (288) for validation; network and cut have the same seed. The accuracy
    is that of the validation images, mean and standard deviation over the seeds. Other constants:
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cuts", type=int, default=3, help="validation cuts and seeds")
    args = parser.parse_args()
    rows = []
    for values in itertools.product(*GRID.values()):
        settings = replace(SETTINGS["digits"], **dict(zip(GRID, values, strict=True)))
        measured = [validate(settings, seed) for seed in range(args.cuts)]
        accuracies, seconds = zip(*measured, strict=True)
        mean, spread = statistics.mean(accuracies), statistics.pstdev(accuracies)
        mark = "<- the demo" if settings == SETTINGS["digits"] else ""
        numbers = f"{mean:.1%}", f"{spread:.1%}", f"{statistics.mean(seconds):.1f}"
        rows.append([*map(str, values), *numbers, mark])
        progress("  ".join(rows[-1]))
    head = [*GRID, "accuracy", "sd", "simulate s", ""]
    fixed = ", ".join(
        f"{name} {getattr(SETTINGS['digits'], name)}"
        for name in DiehlCookSettings.__dataclass_fields__
        if name not in {*GRID, "label_samples", "engine"}
    )
    print(header("Constants of the demo", f"{PROTOCOL} {fixed}. Seeds 0 to {args.cuts - 1}."))
    print(table(head, rows))


def validate(settings: DiehlCookSettings, seed: int) -> tuple[float, float]:
    """Accuracy on a fifth of the training part, and the seconds of simulated training."""
    task = digits_task()
    X, X_validation, y, y_validation = train_test_split(
        task.X_train, task.y_train, test_size=0.2, stratify=task.y_train, random_state=seed
    )
    model = settings.estimator(random_state=seed).fit(X, y)
    return model.score(X_validation, y_validation), model.timings_["simulate"]


if __name__ == "__main__":
    main()
