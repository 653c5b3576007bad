"""bioplastic's DiehlCook on the C++ engine: a line of JSON to stdout.

    python ours.py N_NEURONS N_IMAGES

A first fit on a few images fills the build cache, where it is not filled; the second is measured.
The time is that of the simulation alone, without the build; `fit_ms_per_presentation` is the whole
`fit`, with everything that goes to and from the program. Images that were presented again
because they made too few spikes count as presentations.
"""

import argparse
import json
import resource
import sys
import time

import numpy as np
from brian2 import mV

from bioplastic.datasets import load_mnist
from bioplastic.networks import DiehlCook

WARM_UP = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("n_neurons", type=int)
    parser.add_argument("n_images", type=int)
    args = parser.parse_args()
    model = DiehlCook(
        args.n_neurons, n_epochs=1, theta_plus=0.05 * mV, inhibition=17.0, engine="cpp_standalone",
        random_state=0,
    )  # fmt: skip
    X = load_mnist().data
    build = model.fit(X[:WARM_UP]).timings_["build"]
    start = time.perf_counter()
    model.fit(X[: args.n_images])
    seconds = time.perf_counter() - start
    n = model.n_presentations_
    records = np.diff(model.history_["presentation"], prepend=0)
    unit = 1 if sys.platform == "darwin" else 1024  # macOS counts bytes, Linux KiB
    result = {
        "system": "bioplastic",
        "ms_per_presentation": 1e3 * model.timings_["simulate"] / n,
        "fit_ms_per_presentation": 1e3 * seconds / n,
        "spikes_per_presentation": float(np.average(model.history_["spikes"], weights=records)),
        "n_presentations": int(n),
        "build_seconds": build,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
