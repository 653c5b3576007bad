"""Gram matrix of Poisson spike trains: a line of JSON to stdout.

python gram.py N_NEURONS N_SAMPLES N_SPIKES [--tau 30]
"""

import argparse
import contextlib
import json
import time
from pathlib import Path

import numpy as np
from brian2 import ms

from bioplastic import SpikeTrains
from bioplastic.algebra import gram_matrix

#: Length of a sample, in seconds.
LENGTH = 1.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("n_neurons", type=int)
    parser.add_argument("n_samples", type=int)
    parser.add_argument("n_spikes", type=int, help="of a sample, all neurons together")
    parser.add_argument("--tau", type=float, default=30.0, help="ms")
    args = parser.parse_args()
    X = trains(args.n_neurons, args.n_samples, args.n_spikes)
    gram_matrix(X[:1], tau=args.tau * ms)  # what is loaded late is loaded
    with contextlib.suppress(OSError):
        # The peak begins anew; without /proc it is that of the whole program.
        Path("/proc/self/clear_refs").write_text("5")
    held = memory("VmRSS")
    start = time.perf_counter()
    gram = gram_matrix(X, tau=args.tau * ms)
    wall = time.perf_counter() - start
    peak = memory("VmHWM")
    result = {
        "seconds": wall,
        "beyond_mb": None if peak is None or held is None else peak - held,
        "input_mb": (X.times.nbytes + X.units.nbytes) / 1e6,
        "gram_mb": gram.nbytes / 1e6,
    }
    print(json.dumps(result))


def trains(n_neurons: int, n_samples: int, n_spikes: int) -> SpikeTrains:
    """Return samples with equal numbers of spikes, of any neuron at any time."""
    rng = np.random.default_rng(0)
    times = np.empty((n_samples, n_spikes))
    units = np.empty((n_samples, n_spikes), dtype=np.int32)
    for k in range(n_samples):
        times[k] = np.sort(rng.uniform(0, LENGTH, n_spikes))
        units[k] = rng.integers(n_neurons, size=n_spikes, dtype=np.int32)
    offsets = n_spikes * np.arange(n_samples + 1)
    return SpikeTrains(times.ravel(), units.ravel(), offsets, n_units=n_neurons, duration=LENGTH)


def memory(name: str) -> float | None:
    """Return a figure of this process, in MB; None where there is no /proc."""
    with contextlib.suppress(OSError, StopIteration):
        lines = Path("/proc/self/status").read_text().splitlines()
        return int(next(x for x in lines if x.startswith(name)).split()[1]) * 1024 / 1e6
    return None


if __name__ == "__main__":
    main()
