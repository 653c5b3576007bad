"""Small files in the official layouts."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest


class HeidelbergFile:
    """Writes files in the layout of the Spiking Heidelberg Digits."""

    words = (
        *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
        *("null", "eins", "zwei", "drei", "vier", "fuenf", "sechs", "sieben", "acht", "neun"),
    )

    def __init__(self, seed: int = 0, n: int = 6) -> None:
        rng = np.random.default_rng(seed)
        counts = rng.integers(3, 30, n)
        self.times = [np.sort(rng.uniform(0, 0.9, k)).astype(np.float16) for k in counts]
        self.units = [rng.integers(0, 700, k).astype(np.uint16) for k in counts]
        self.labels = rng.integers(0, 20, n).astype(np.uint16)
        self.speaker = rng.integers(0, 12, n).astype(np.uint16)
        self.keys: Any = np.array(self.words, dtype="S8")

    def write(self, path: Path, *, without: tuple[str, ...] = ()) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        with h5py.File(path, "w") as file:
            for name, rows in (("times", self.times), ("units", self.units)):
                dataset = file.create_dataset(
                    f"spikes/{name}", (len(rows),), dtype=h5py.vlen_dtype(rows[0].dtype)
                )
                for k, row in enumerate(rows):
                    dataset[k] = row
            file["labels"] = self.labels
            file["extra/keys"] = self.keys
            file["extra/speaker"] = self.speaker
            file["extra/meta_info/gender"] = np.array([b"female", b"male"] * 6)
            file["extra/meta_info/age"] = np.arange(12)
            for name in without:
                del file[name]
        return path


@pytest.fixture
def heidelberg() -> type[HeidelbergFile]:
    """Return the class whose objects write files in SHD's layout."""
    return HeidelbergFile
