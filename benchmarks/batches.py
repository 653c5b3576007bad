"""What Diehl & Cook's network loses when it learns from several images at once: prints the table.

python benchmarks/batches.py [--images 6000] [--seeds 3]
"""

import argparse

import numpy as np
from _protocol import header, progress, table
from brian2 import mV

from bioplastic.datasets import load_mnist
from bioplastic.networks import DiehlCookClassifier

#: Images side by side, and what becomes of their changes.
TRIED = [(1, "sum"), (8, "sum"), (32, "sum"), (128, "sum"), (8, "mean"), (32, "mean")]
N_NEURONS, N_VALIDATE = 100, 5000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=6000)
    parser.add_argument("--seeds", type=int, default=3)
    args = parser.parse_args()
    mnist = load_mnist()
    X, y = mnist.data[: mnist.n_train], mnist.target[: mnist.n_train]
    learned, held = slice(args.images), slice(-N_VALIDATE, None)
    rows = []
    for batch_size, update in TRIED:
        accuracies = []
        for seed in range(args.seeds):
            model = DiehlCookClassifier(
                N_NEURONS,
                n_epochs=1,
                theta_plus=0.05 * mV,
                inhibition=17.0,
                batch_size=batch_size,
                batch_update=update,
                n_jobs=-1,
                engine="cpp_standalone",
                random_state=seed,
            ).fit(X[learned], y[learned])
            accuracies.append(100 * model.score(X[held], y[held]))
            progress(f"{batch_size} {update} seed {seed}: {accuracies[-1]:.1f} %")
        rows.append(
            [
                str(batch_size),
                update if batch_size > 1 else "–",
                f"{np.mean(accuracies):.1f} ± {np.std(accuracies, ddof=1):.1f}",
                " ".join(f"{accuracy:.1f}" for accuracy in accuracies),
            ]
        )
    protocol = f"""
        DiehlCookClassifier, {N_NEURONS} neurons, published settings, the first {args.images:,}
        training images of MNIST presented once, which also name the neurons; accuracy on the last
        {N_VALIDATE:,} training images, mean and standard deviation over seeds 0 to
        {args.seeds - 1}. Images of batches are not repeated where they evoke few spikes; a batch
        of 1 repeats them. No test image is loaded into a network.
    """
    head = ["images side by side", "changes", "accuracy %", "by seed"]
    print("\n".join([header("Batches of images", protocol), table(head, rows)]))


if __name__ == "__main__":
    main()
