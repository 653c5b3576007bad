"""A trained decoder of spike times as a spiking network: agreement, spikes and time by quantum.

python benchmarks/spiking_decoder.py [--core 0]

Needs the `hd` data (BIOPLASTIC_DATA).
"""

import argparse
import os
import time

import numpy as np
from _protocol import default_core, header, progress, table
from brian2 import ms
from sklearn.frozen import FrozenEstimator

from bioplastic.datasets import load_hd
from bioplastic.networks import LiquidStateMachine, SpikingClassifier
from bioplastic.readout import SpikeTimeClassifier

QUANTA = (0.5, 0.2, 0.1, 0.05, 0.02)
STEPS = (0.1, 1.0)
REPEATS = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--core", type=int, default=default_core(), help="pin to this core")
    args = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {args.core})
    hd = load_hd()
    speakers = np.unique(hd.groups)
    held_out = np.isin(hd.groups, speakers[[0, len(speakers) // 2]])
    answers = LiquidStateMachine(1000, rest=60 * ms, random_state=0).fit_transform(hd.data)
    train, test = np.flatnonzero(~held_out), np.flatnonzero(held_out)
    decoder = SpikeTimeClassifier(
        tau=100 * ms, n_references=6, relative=True, max_neurons=250, alpha=1.0
    ).fit(answers[train], hd.target[train])
    X, y = answers[test], hd.target[test]
    decision, said = decoder.decision_function(X), decoder.predict(X)
    progress(f"decoder: {(said == y).mean():.4f}")
    rows = []
    for dt in STEPS:
        for quantum in QUANTA:
            spiking = SpikingClassifier(FrozenEstimator(decoder), quantum=quantum, dt=dt * ms)
            spiking.fit(answers[train[:1]], hd.target[train[:1]])
            spiking.transform(X[:2])  # builds
            seconds = []
            for _ in range(REPEATS):
                begun = time.perf_counter()
                spikes = spiking.transform(X)
                seconds.append(time.perf_counter() - begun)
            found = spiking.decision_function(X)
            named = decoder.classes_[found.argmax(axis=1)]
            error = found - decision
            rows.append([
                f"{dt:g}", f"{quantum:g}", f"{100 * (named == y).mean():.1f}",
                f"{100 * (named == said).mean():.1f}", f"{np.sqrt((error**2).mean()):.3f}",
                f"{np.abs(error).max():.3f}", f"{len(spikes.times) / len(X):.0f}",
                f"{1e3 * np.median(seconds) / len(X):.1f}",
            ])  # fmt: skip
            progress(" ".join(rows[-1]))
    n_in = len(X.times) / len(X)
    protocol = f"""
        hd, fold 0: trained on {len(train)} words of eight speakers, tested on {len(test)} words of
        two others. Liquid of 1000 neurons (TonotopicLiquid, random_state 0, rest 60 ms),
        {n_in:.0f} spikes a word of {X.duration.mean():.2f} s. SpikeTimeClassifier: tau 100 ms, 6
        references over each word's own length, {decoder.n_neurons_} neurons, ridge 1; it names
        {100 * (said == y).mean():.1f} % of the test words. SpikingClassifier: {2 * 6 * 20} readout
        neurons, C++, one processor. agree: same class as the decoder. rms, max: error of the
        decisions, whose targets are -1 and 1. ms: median of {REPEATS} runs of transform, a word.
    """
    print(header("A decoder as a spiking network", protocol))
    head = ["dt ms", "quantum", "correct %", "agree %", "rms", "max", "spikes out", "ms"]
    print(table(head, rows))


if __name__ == "__main__":
    main()
