"""How long one word waits for its answer, and each block of a stream: prints the table of the docs.

python benchmarks/latency.py [--calls 100] [--neurons 1000]
"""

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import psutil
from _protocol import header, median_range, paragraph, progress, table
from brian2 import ms
from sklearn.linear_model import RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer

from bioplastic import SpikeTrains
from bioplastic.datasets import load_spoken
from bioplastic.networks import EPropClassifier, LiquidStateMachine, Listener
from bioplastic.readout import TimeBinnedCount

BLOCK = 0.02


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=100)
    parser.add_argument("--neurons", type=int, default=1000, help="of the liquid")
    args = parser.parse_args()
    spoken = load_spoken()
    X, y = spoken.data[::6], spoken.target[::6]  # a take of each word and voice
    word = spoken.data[int(np.argmin(abs(spoken.data.duration - 0.5)))]
    states = TimeBinnedCount(n_bins=6, duration=800 * ms, window="triangular", scaling="sqrt")
    models: dict[str, Any] = {
        f"liquid of {args.neurons}": make_pipeline(
            LiquidStateMachine(args.neurons, random_state=0),
            states,
            Normalizer(),
            RidgeClassifier(),
        ),
        "e-prop, 128 + 128": EPropClassifier(n_epochs=1, random_state=0),
    }
    calls, blocks = [], []
    for name, model in models.items():
        progress(f"training: {name}")
        model.fit(X, y)
        model.predict(word)
        progress(f"measuring: {name}")
        calls += of_calls(name, model, word, args.calls)
        blocks.append(of_blocks(name, model, X[:20]))
    protocol = f"""
        One word of {word.duration[0]:.3f} s and {len(word.times):,} spikes of 64 channels, predict,
        {args.calls} calls one after the other; median (minimum-maximum), in ms. Liquid:
        LiquidStateMachine({args.neurons}, random_state=0), the tonotopic liquid with its defaults,
        TimeBinnedCount, Normalizer, RidgeClassifier, trained on {len(X)} words; e-prop:
        EPropClassifier(n_epochs=1) with its defaults, on the same words. dt 1 ms, engine
        cpp_standalone. Simulation: wall time of the slot within the program. Processor: Python by
        its clock, program by the sum over all calls, which its clock counts in steps of 10 ms.
    """
    head = [
        "predict",
        "call",
        "simulation",
        "difference",
        "Python, processor",
        "program, processor",
    ]
    head_of_blocks = ["stream", "blocks", "a block", "slowest of 20 words", "shorter than 20 ms"]
    print(
        "\n".join(
            [
                header("From a word to its answer", protocol),
                table(head, calls),
                "",
                paragraph(f"""
                    Blocks of {1e3 * BLOCK:.0f} ms of 20 words, from send() to the answer, in ms.
                    The liquid goes on from block to block. E-prop's mean over the sample asks for
                    its length, so that spikes so far are presented from the begin.
                """),
                "",
                table(head_of_blocks, blocks),
            ]
        )
    )


def measured(call: Callable[[], Any], simulated: Callable[[], float], n: int) -> list[list[float]]:
    """Wall time, wall time of the simulation, and processor time of Python, of each call."""
    found = []
    for _ in range(n):
        wall, processor = time.perf_counter(), time.process_time()
        call()
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
        found.append([1e3 * wall, 1e3 * simulated(), 1e3 * processor])
    return np.transpose(found).tolist()


def of_calls(name: str, model: Any, word: SpikeTrains, n: int) -> list[list[str]]:
    wall, _, python = measured(lambda: model.predict(word), lambda: 0.0, n)
    anew = [name, median_range(wall), "-", "-", median_range(python), "-"]
    with Listener(model) as listener:
        (label,) = listener.predict(word)
        assert [label] == list(model.predict(word))
        program = psutil.Process(listener._networks[0]._program._process.pid)
        before = sum(program.cpu_times()[:2])
        wall, inside, python = measured(
            lambda: listener.predict(word), lambda: listener.timings["simulate"], n
        )
        used = 1e3 * (sum(program.cpu_times()[:2]) - before) / n
    beyond = [a - b for a, b in zip(wall, inside, strict=True)]
    numbers = [median_range(values) for values in (wall, inside, beyond, python)]
    return [anew, [f"{name}, kept open", *numbers, f"{used:.2f}"]]


def of_blocks(name: str, model: Any, words: SpikeTrains) -> list[str]:
    latencies: list[float] = []
    with Listener(model) as listener:
        for word in words:
            with listener.stream(BLOCK) as stream:
                times, units, duration = word.times, word.units, float(word.duration[0])
                while stream.time < duration:
                    end = min(stream.time + BLOCK, duration)
                    its = (times >= stream.time) & (times < end)
                    stream.send(times[its], units[its], until=end)
                assert stream.end() == model.predict(word)[0]
                latencies += stream.latencies
    found = [1e3 * latency for latency in latencies]
    in_time = statistics.mean(latency < 1e3 * BLOCK for latency in found)
    return [
        name,
        str(len(found)),
        median_range(found),
        f"{max(found):.3g}",
        f"{100 * in_time:.1f} %",
    ]


if __name__ == "__main__":
    main()
