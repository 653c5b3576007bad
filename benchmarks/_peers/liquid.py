"""A liquid hears words: a line of JSON to stdout.

    python liquid.py N_NEURONS N_SAMPLES [--jobs 1] [--poisson]

Words of hd where BIOPLASTIC_DATA has it, else Poisson trains of the same rate and length. A first
`transform` of a few samples builds the program, where it is not built; the next is measured.
"""

import argparse
import json
import time

import numpy as np

from bioplastic import SpikeTrains
from bioplastic.datasets import load_hd
from bioplastic.errors import DataNotFoundError
from bioplastic.networks import LiquidStateMachine

N_CHANNELS = 700
#: Mean spike rate of a channel and length of a word in hd.
RATE, LENGTH = 11.3, 0.72


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("n_neurons", type=int)
    parser.add_argument("n_samples", type=int)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--poisson", action="store_true")
    args = parser.parse_args()
    X, source = words(args.n_samples, args.poisson)
    lsm = LiquidStateMachine(args.n_neurons, n_jobs=args.jobs, random_state=0).fit(X)
    lsm.transform(X[:4])
    build = lsm.timings_["build"]
    start = time.perf_counter()
    answers = lsm.transform(X)
    wall = time.perf_counter() - start
    sound = float(X.duration.sum())
    held = sum(a.nbytes for x in (X, answers) for a in (x.times, x.units))
    result = {
        "source": source,
        "seconds_of_sound": sound,
        "ms_per_second": 1e3 * lsm.timings_["simulate"] / sound,
        "transform_ms_per_second": 1e3 * wall / sound,
        "synapses": lsm.n_synapses_,
        "rate": len(answers.times) / answers.duration.sum() / args.n_neurons,
        "input_rate": len(X.times) / sound / N_CHANNELS,
        "spikes_mb": held / 1e6,
        "build_seconds": build,
    }
    print(json.dumps(result))


def words(n: int, poisson: bool) -> tuple[SpikeTrains, str]:
    """Return `n` words, over and over again where there are not as many."""
    if not poisson:
        try:
            hd = load_hd().data
            return hd[np.arange(n) * 7 % len(hd)], "words of hd"
        except DataNotFoundError:
            pass
    rng = np.random.default_rng(0)
    counts = rng.poisson(RATE * LENGTH * N_CHANNELS, n)
    sample = np.repeat(np.arange(n), counts)
    times = rng.uniform(0, LENGTH, len(sample))
    trains = SpikeTrains(
        times[np.lexsort((times, sample))],
        rng.integers(N_CHANNELS, size=len(times), dtype=np.int32),
        np.concatenate([[0], np.cumsum(counts)]),
        n_units=N_CHANNELS,
        duration=LENGTH,
    )
    return trains, "Poisson trains"


if __name__ == "__main__":
    main()
