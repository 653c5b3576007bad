"""Lateral inhibition with a pool, or with n*(n - 1) synapses: a line of JSON to stdout.

    python inhibition.py N_NEURONS N_IMAGES pooled|synapses

The network, its weights and its noise are the same in both; only the wiring of the inhibition is
not. The weights are those before training, which make more inhibitory spikes than trained ones.
"""

import argparse
import json

import numpy as np

from bioplastic import engine
from bioplastic.datasets import load_mnist
from bioplastic.models import DiehlCookSTDP
from bioplastic.networks import diehl_cook_network


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("n_neurons", type=int)
    parser.add_argument("n_images", type=int)
    parser.add_argument("wiring", choices=["pooled", "synapses"])
    args = parser.parse_args()
    n = args.n_neurons
    network = diehl_cook_network(
        n_features=784,
        n_neurons=n,
        rule=DiehlCookSTDP(),
        norm=78.0,
        pooled_inhibition=args.wiring == "pooled",
    )
    weights = (np.random.default_rng(0).random(784 * n) + 0.01) * 0.3
    X = load_mnist().data
    result = engine.run(
        network,
        engine.RateStimulus(values=X[: args.n_images], scale=63.75 / 255),
        seed=0,
        state={"input_to_excitatory.w": weights},
        engine="cpp_standalone",
    )
    slots = len(result.repeats)
    print(
        json.dumps(
            {
                "ms_per_presentation": 1e3 * result.timings["simulate"] / slots,
                "build_seconds": result.timings["build"],
                "spikes_per_presentation": float(result.spikes_per_slot.mean()),
            }
        )
    )


if __name__ == "__main__":
    main()
