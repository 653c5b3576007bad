"""Build a network with an empty or a full cache: a line of JSON to stdout.

    python build.py {diehl_cook,liquid,eprop} N_NEURONS N_FEATURES

Training and answers of two samples, so that both programs are there. Processor seconds are those of
this process and its children, its start and its imports included; those of `build` are what opening
the programs took.
"""

import argparse
import json
import os
import time

import numpy as np

from bioplastic import SpikeTrains, networks


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kind", choices=["diehl_cook", "liquid", "eprop"])
    parser.add_argument("n_neurons", type=int)
    parser.add_argument("n_features", type=int)
    args = parser.parse_args()
    imported, begun = processor(), time.perf_counter()
    same = {"engine": "cpp_standalone", "random_state": 0}
    if args.kind == "diehl_cook":
        X = np.full((2, args.n_features), 0.5)
        model = networks.DiehlCook(args.n_neurons, n_epochs=1, **same).fit(X)
        model.transform(X)
    elif args.kind == "liquid":
        model = networks.LiquidStateMachine(args.n_neurons, liquid="tonotopic", **same)
        model.fit(words(args.n_features)).transform(words(args.n_features))
    else:
        model = networks.EPropClassifier(args.n_neurons, n_epochs=1, batch_size=2, **same)
        model.fit(words(args.n_features), [0, 1]).predict(words(args.n_features))
    used = processor()
    print(
        json.dumps(
            {
                "processor": used,
                "without_imports": used - imported,
                "wall": time.perf_counter() - begun,
                "build": model.timings_["build"],
            }
        )
    )


def processor() -> float:
    """Processor seconds of this process and of the children that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def words(n_channels: int) -> SpikeTrains:
    """Return two short trains of random spikes."""
    rng, n = np.random.default_rng(0), 200
    times = np.sort(rng.random((2, n)) * 0.1, axis=1).ravel()
    units = rng.integers(0, n_channels, 2 * n)
    return SpikeTrains(times, units, [0, n, 2 * n], n_units=n_channels, duration=0.1)


if __name__ == "__main__":
    main()
