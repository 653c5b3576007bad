"""Choice of neurons by forward orthogonal regression: a line of JSON to stdout.

python selection.py train|decision N_NEURONS N_SELECTED N_REFERENCES N_SAMPLES N_TARGETS
"""

import argparse
import json
import time

import numpy as np

from bioplastic.readout.selection import select_neurons


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("residual", choices=["train", "decision"])
    for name in ("n_neurons", "n_selected", "n_references", "n_samples", "n_targets"):
        parser.add_argument(name, type=int)
    args = parser.parse_args()
    rng = np.random.default_rng(0)
    # No time depends on the numbers, as long as no neuron repeats others.
    values = rng.standard_normal((args.n_samples, args.n_neurons, args.n_references))
    wanted = rng.standard_normal((args.n_samples, args.n_targets))
    gram = None
    if args.residual == "train":
        gram = np.tensordot(values, values, axes=([0, 2], [0, 2]))
        gram += np.eye(args.n_neurons)
    start = time.perf_counter()
    found = select_neurons(values, wanted, n_neurons=args.n_selected, tol=0.0, alpha=0.1, gram=gram)
    wall = time.perf_counter() - start
    assert len(found) == args.n_selected
    print(json.dumps({"seconds": wall}))


if __name__ == "__main__":
    main()
