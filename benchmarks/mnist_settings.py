"""How the settings of benchmarks/mnist.py were chosen: prints the validation table.

python benchmarks/mnist_settings.py [--images 25000]
"""

import argparse

from _protocol import header, progress, table
from brian2 import mV

from bioplastic.datasets import load_mnist
from bioplastic.networks import DiehlCook
from bioplastic.readout import NeuronLabelClassifier

#: Neurons, theta_plus in millivolts, inhibition.
TRIED = [
    (100, 0.05, 17.0),
    (100, 0.02, 17.0),
    (100, 0.01, 17.0),
    (100, 0.02, 60.0),
    (400, 0.05, 17.0),
    (400, 0.02, 17.0),
]
N_LABEL, N_VALIDATE = 10_000, 10_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=25_000)
    args = parser.parse_args()
    mnist = load_mnist()
    X, y = mnist.data[: mnist.n_train], mnist.target[: mnist.n_train]
    rows = []
    for n_neurons, theta_plus, inhibition in TRIED:
        network = DiehlCook(
            n_neurons,
            n_epochs=1,
            theta_plus=theta_plus * mV,
            inhibition=inhibition,
            engine="cpp_standalone",
            random_state=0,
        ).fit(X[: args.images])
        readout = NeuronLabelClassifier().fit(network.transform(X[:N_LABEL]), y[:N_LABEL])
        counts = network.transform(X[-N_VALIDATE:])
        accuracy = readout.score(counts, y[-N_VALIDATE:])
        rows.append(
            [
                str(n_neurons),
                str(theta_plus),
                str(inhibition),
                f"{100 * accuracy:.2f}",
                f"{counts.sum(axis=1).mean():.1f}",
                f"{100 * (network.n_presentations_ / args.images - 1):.1f}",
            ]
        )
        progress("  ".join(rows[-1]))
    protocol = f"""
        Diehl & Cook (2015) trained on the first {args.images:,} training images of MNIST, one
        epoch, seed 0; neurons labelled by the first {N_LABEL:,}; accuracy on the last
        {N_VALIDATE:,} training images. No test image is loaded into a network.
    """
    head = ["neurons", "theta_plus mV", "inhibition", "accuracy %", "spikes", "repeated %"]
    print("\n".join([header("Settings for MNIST", protocol), table(head, rows)]))


if __name__ == "__main__":
    main()
