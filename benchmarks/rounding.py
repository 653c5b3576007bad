"""How far rounding in the cochlea moves Diehl & Cook's network on fsdd: prints figures of the docs.

python benchmarks/rounding.py [--out FOLDER]    # some 20 minutes; goes on where FOLDER has outcomes
"""

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from _protocol import header, progress, table
from brian2 import Hz
from sklearn.utils import Bunch

from bioplastic import SpikeTrains, datasets
from bioplastic.encoding import Cochlea
from bioplastic.encoding._sound import Sound
from bioplastic.study import PROBLEMS, compare
from bioplastic.study.outcome import Outcome

#: Of one fold: they test the same speaker.
SEEDS = (1, 7, 13, 19, 25)


class LastDigit(Cochlea):
    """A cochlea that hears sounds louder by their last binary digit."""

    def _pressure(self, sound: Sound) -> npt.NDArray[np.float32]:
        """Multiply by the number that follows 1."""
        heard: npt.NDArray[np.float32] = super()._pressure(sound)
        return heard * np.nextafter(np.float32(1), np.float32(2))


def louder() -> Bunch:
    """Return fsdd as that cochlea hears it."""
    fsdd = datasets.load_fsdd()
    ear = LastDigit(n_channels=128, sample_rate=fsdd.sample_rate * Hz)
    fsdd.data = ear.fit_transform(fsdd.data)
    del fsdd["train"]
    return fsdd


def main() -> None:
    """Hear, compare, train and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    fsdd = PROBLEMS["fsdd"]
    changed = replace(fsdd, name="fsdd, last digit", loader=louder)
    progress("hearing fsdd twice")
    heard, other = fsdd.load().X, changed.load().X
    n_spikes, n_words = difference(heard, other)
    options: dict[str, Any] = {"size": "default", "progress": True}
    with tempfile.TemporaryDirectory() as scratch:
        folder = args.out or Path(scratch)
        alone = compare([fsdd, changed], "stdp", seeds=SEEDS[:1], folder=folder / "one", **options)
        many = compare(fsdd, "stdp", seeds=SEEDS, budget=1, folder=folder / "seeds", **options)
    protocol = """
        fsdd (3,000 words), Diehl & Cook STDP of bioplastic compare, size default. Sounds as they
        are, and louder by the factor that follows 1 in 32 bits, before they meet the membrane.
    """
    rows = [[o.problem, str(o.seed), said(o)] for o in alone.outcomes]
    rows += [[f"{o.problem}, one setting", str(o.seed), said(o)] for o in many.outcomes]
    print(header("Rounding and Diehl & Cook STDP", protocol))
    print(f"{n_spikes} of {len(heard.times):,} spikes differ, in {n_words} words.\n")
    print(table(["heard", "seed", "test words right"], rows))


def said(outcome: Outcome) -> str:
    """Give the accuracy."""
    return f"{outcome.accuracy:.1%}"


def difference(a: SpikeTrains, b: SpikeTrains) -> tuple[int, int]:
    """Count spikes that only one of them has, and samples with such spikes."""
    counts = [
        len(set(zip(x.times, x.units, strict=True)) ^ set(zip(y.times, y.units, strict=True)))
        for x, y in zip(a, b, strict=True)
    ]
    return sum(counts), sum(count > 0 for count in counts)


if __name__ == "__main__":
    main()
