"""Make the figures of README.md and docs/ from a real training on MNIST.

    python docs/figures/make_figures.py [--neurons 100] [--images 10000] [--theta-plus 0.02]

The figures in the repository are made with the defaults, in about a minute. The network is trained
and its neurons are labelled with training images only.
"""

import argparse
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")

from brian2 import mV

from bioplastic.datasets import load_mnist
from bioplastic.inspect import plot_receptive_fields, plot_weight_history
from bioplastic.networks import DiehlCookClassifier

FOLDER = Path(__file__).resolve().parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--neurons", type=int, default=100)
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--theta-plus", type=float, default=0.02, help="in mV")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    mnist = load_mnist()
    model = DiehlCookClassifier(
        args.neurons,
        n_epochs=1,
        theta_plus=args.theta_plus * mV,
        inhibition=17.0,
        n_label=min(2000, args.images),
        random_state=args.seed,
        verbose=1,
    )
    model.fit(mnist.data[: args.images], mnist.target[: args.images])
    axes = plot_receptive_fields(model, labels=model.readout_.assignments_)
    axes.set_title(f"{args.neurons} neurons after {args.images:,} images", loc="left", fontsize=11)
    axes.figure.savefig(FOLDER / "receptive_fields.png", dpi=100)

    panels = plot_weight_history(model)
    panels[0].figure.savefig(FOLDER / "weight_history.png", dpi=100)


if __name__ == "__main__":
    main()
