"""Make the data of `bioplastic.datasets.load_spoken`: espeak-ng speaks, our Cochlea listens.

    python tools/make_spoken.py [--out bioplastic/datasets/data/spoken.h5] [--seed 0]

Twelve voices say zero to nine, six takes each, at speeds and pitches drawn from the seed. Needs the
program espeak-ng (Debian and Ubuntu: apt install espeak-ng); takes a minute.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np
import soundfile
from brian2 import Hz

from bioplastic.encoding import Cochlea

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "bioplastic" / "datasets" / "data" / "spoken.h5"
WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
# Accent + timbre, and the voice's usual pitch (espeak's 0 to 99) and speed (words a minute): a
# voice that is left out in cross-validation is a speaker never heard.
VOICES = (
    ("en-us+m1", 40, 150),
    ("en-us+f1", 60, 165),
    ("en-us+m3", 30, 135),
    ("en+f2", 70, 150),
    ("en+m4", 50, 170),
    ("en+f4", 55, 140),
    ("en-gb-scotland+m2", 35, 160),
    ("en-gb-scotland+f3", 65, 150),
    ("en-gb-x-rp+m7", 45, 145),
    ("en-gb-x-rp+f5", 60, 155),
    ("en-029+m5", 50, 150),
    ("en-029+f2", 50, 165),
)
N_TAKES = 6
N_CHANNELS = 64
# espeak-ng's output; one word is some 20,000 samples.
RATE = 22_050


class Take(NamedTuple):
    """One word by one voice, and how it is said."""

    speaker: int
    word: int
    speed: int
    pitch: int


def takes(seed: int) -> Iterator[Take]:
    """Every take, with speed and pitch near the voice's own; no two are equal."""
    said = set()
    for speaker, (_, pitch, speed) in enumerate(VOICES):
        for number in range(N_TAKES):
            for word in range(len(WORDS)):
                rng = np.random.default_rng([seed, speaker, number, word])
                take = None
                while take is None or take in said:
                    take = Take(
                        speaker=speaker,
                        word=word,
                        speed=round(speed * rng.lognormal(sigma=0.1)),
                        pitch=int(np.clip(round(rng.normal(pitch, 6)), 0, 99)),
                    )
                said.add(take)
                yield take


def speak(take: Take) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Sound of a take at RATE, without the silence around it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "word.wav"
        voice = VOICES[take.speaker][0]
        command = ["espeak-ng", "-v", voice, "-s", str(take.speed), "-p", str(take.pitch)]
        subprocess.run([*command, "-w", path, WORDS[take.word]], check=True)
        sound, rate = soundfile.read(path)
    if rate != RATE:
        sys.exit(f"espeak-ng {voice}: expected {RATE} Hz, got {rate} Hz")
    loud = np.flatnonzero(np.abs(sound) > 0.01 * np.abs(sound).max())
    margin = RATE // 50
    return sound[max(loud[0] - margin, 0) : loud[-1] + margin]


def cochlea() -> Cochlea:
    """The ear of the data set."""
    return Cochlea(n_channels=N_CHANNELS, sample_rate=RATE * Hz)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    if shutil.which("espeak-ng") is None:
        sys.exit("needs the program espeak-ng; on Debian and Ubuntu: apt install espeak-ng")
    chosen = list(takes(args.seed))
    sounds = [speak(take) for take in chosen]
    ear = cochlea().fit(sounds)
    ear.transform(sounds).save(
        args.out,
        labels=[take.word for take in chosen],
        groups=[VOICES[take.speaker][0] for take in chosen],
        label_names=WORDS,
        times_dtype="float32",
    )
    with h5py.File(args.out, "r+") as file:
        file["extra/center_frequencies"] = ear.center_frequencies_
        file.attrs["made_by"] = f"tools/make_spoken.py --seed {args.seed}"
        file.attrs["espeak_ng"] = espeak_version()
    seconds = sum(map(len, sounds)) / RATE
    size = args.out.stat().st_size / 1e6
    print(f"{args.out}: {len(chosen)} words, {seconds:.0f} s, {size:.2f} MB")


def espeak_version() -> str:
    """Version of the installed espeak-ng, as it says itself."""
    said = subprocess.run(["espeak-ng", "--version"], capture_output=True, text=True, check=True)
    found = re.search(r"\d+(\.\d+)+", said.stdout)
    return found.group() if found else said.stdout.strip()


if __name__ == "__main__":
    main()
