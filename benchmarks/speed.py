"""Milliseconds a presentation, side by side with peers: prints the table of benchmarks/results.

    python benchmarks/speed.py [--neurons 400] [--rounds 5] [--presentations 1000]

Two environment variables add rows: BINDSNET_PYTHON, the interpreter of an environment in which
BindsNET is installed (see _peers/bindsnet_train.py), and PROTOTYPE, the path of a script that
trains the same network in one compiled Brian2 program and that takes the arguments N_NEURONS
N_TRAIN N_LABEL N_TEST.
"""

import argparse
import os
import statistics
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from _protocol import (
    OURS,
    PEERS,
    Result,
    default_core,
    header,
    median_range,
    paragraph,
    progress,
    run,
    run_json,
    table,
)

from bioplastic.datasets import load_mnist


@dataclass(frozen=True, kw_only=True)
class System:
    """A row of the table: how it is prepared, unpinned, and measured, pinned."""

    name: str
    precision: str
    settings: str
    prepare: Callable[[], object]
    measure: Callable[[], Result]


def script(name: str, precision: str, settings: str, command: list[object], core: int) -> System:
    """Return a system that is measured by a script; preparing it is running it once."""
    return System(
        name=name,
        precision=precision,
        settings=settings,
        prepare=lambda: run_json(command),
        measure=lambda: run_json(command, core=core),
    )


def prototype(path: str, args: argparse.Namespace, folder: Path) -> System:
    """Return the prototype: built once in `folder`, then its program is run in every round."""
    n_learn, n_rest = args.presentations - 20, 10

    def prepare() -> None:
        # Only the linker's -ffast-math makes denormal numbers zero. Traces decay to such numbers,
        # and some processors take a hundred times longer with them.
        (folder / "brian_preferences").write_text("codegen.cpp.extra_link_args = ['-ffast-math']\n")
        counts = [str(n) for n in (args.neurons, n_learn, n_rest, n_rest)]
        command = ["env", f"TMPDIR={folder}", sys.executable, str(Path(path).resolve()), *counts]
        run(command, cwd=folder)

    def measure() -> Result:
        project = next(folder.glob("*/main")).parent
        results = project / "results"
        _, peaks = run(["./main", "--results_dir", f"{results}/"], core=args.core, cwd=project)
        seconds = float((results / "last_run_info.txt").read_text().split()[0])
        spikes = next(results.glob("_dynamic_array_spikemonitor_i_*")).stat().st_size / 4
        return {
            "ms_per_presentation": 1e3 * seconds / args.presentations,
            "spikes_per_presentation": spikes / args.presentations,
            "python_mb": None,
            "program_mb": peaks["python_mb"],
        }

    return System(
        name="prototype",
        precision="float64",
        settings=f"dt 0.5 ms, 350 + 150 ms; {args.presentations} images; one compiled Brian2 "
        "program, traces on neurons, denormal numbers taken as zero",
        prepare=prepare,
        measure=measure,
    )


def systems(args: argparse.Namespace, folder: Path) -> list[System]:
    """Return ours, first, and the peers that can be had here."""
    n, core = args.neurons, args.core
    slot = "dt 0.5 ms, 350 + 150 ms"
    brian = [sys.executable, PEERS / "brian2_runtime.py", n]
    found = [
        script(
            "bioplastic",
            "float64",
            f"{slot}; {args.presentations} images; DiehlCook, engine cpp_standalone",
            [sys.executable, OURS, n, args.presentations],
            core,
        ),
        script(
            "Brian2 runtime",
            "float64",
            f"{slot}; {args.images} images; cython, textbook model, a run() for each phase",
            [*brian, args.images],
            core,
        ),
        script(
            "Brian2 runtime, one run",
            "float64",
            f"{slot}; {2 * args.images} images; cython, textbook model, one run() for all images",
            [*brian, 2 * args.images, "--one-run"],
            core,
        ),
    ]
    if path := os.environ.get("PROTOTYPE"):
        found.append(prototype(path, args, folder))
    if python := os.environ.get("BINDSNET_PYTHON"):
        images = load_mnist().data
        for batch, n_images in ((1, 3 + args.images), (32, 32 * 6)):
            file = folder / f"images_{batch}.npy"
            np.save(file, images[:n_images])
            command = [python, PEERS / "bindsnet_train.py", n, file, "--batch-size", batch]
            settings = f"dt 1 ms, 250 ms without rest, batch {batch}; {n_images} images"
            found.append(script(f"BindsNET, batch {batch}", "float32", settings, command, core))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--neurons", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--presentations", type=int, default=1000, help="of the fast systems")
    parser.add_argument("--images", type=int, default=20, help="of the slow systems")
    parser.add_argument("--core", type=int, default=default_core())
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = systems(args, Path(folder))
        for system in found:
            progress(f"preparing {system.name}")
            system.prepare()
        results: dict[str, list[Result]] = {system.name: [] for system in found}
        for number in range(args.rounds):
            for system in found:
                results[system.name].append(system.measure())
                milliseconds = results[system.name][-1]["ms_per_presentation"]
                progress(f"round {number + 1}/{args.rounds}: {system.name} {milliseconds:.1f} ms")
    print(report(args, found, results))


def report(args: argparse.Namespace, found: list[System], results: dict[str, list[Result]]) -> str:
    """Return header, table and notes."""
    ours = results[found[0].name]
    rows, settings = [], []
    for system in found:
        measured = results[system.name]
        times = [r["ms_per_presentation"] for r in measured]
        ratios = [t / o["ms_per_presentation"] for t, o in zip(times, ours, strict=True)]
        last = measured[-1]
        known = [last[key] for key in ("python_mb", "program_mb") if last[key] is not None]
        rows.append(
            [
                system.name,
                median_range(times),
                "1" if measured is ours else median_range(ratios),
                f"{last['spikes_per_presentation']:.1f}",
                f"{sum(known):.0f}" if known else "-",
                system.precision,
            ]
        )
        versions = f"; {last['versions']}" if "versions" in last else ""
        settings.append(f"{system.name}: {system.settings}{versions}.")
    protocol = f"""
        A training presentation of Diehl & Cook (2015), 784-{args.neurons}-{args.neurons}, on MNIST,
        weight normalisation included. Measured in turn, {args.rounds} rounds, each system in a
        process of its own pinned to the same core, with one thread. Compilation and a few first
        images are left out. Median (minimum-maximum); a peer's ratio to ours is taken within a
        round. All train from the start, with fixed seeds, on images of the training set.
    """
    whole = statistics.median(r["fit_ms_per_presentation"] for r in ours)
    missing = "" if "BINDSNET_PYTHON" in os.environ else "BindsNET was not at hand."
    notes = f"""
        spikes: of the excitatory neurons, a presentation. peak MB: Python and the compiled program.
        The whole `fit` of bioplastic, input and output included, takes {whole:.3g} ms a
        presentation. BindsNET's network is simpler and its presentation shorter, as in its own
        example. GeNN is not measured here: it is built from its repository. {missing}
    """
    head = ["system", "ms a presentation", "times ours", "spikes", "peak MB", "precision"]
    return "\n".join(
        [header("Speed", protocol), table(head, rows), "", *settings, "", paragraph(notes)]
    )


if __name__ == "__main__":
    main()
