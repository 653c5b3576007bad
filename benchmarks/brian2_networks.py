"""Ten Brian2 networks on Brian's devices and on ours: do spikes agree, and how long do they take?

    python benchmarks/brian2_networks.py [--rounds 3] [--networks cuba song] [--store FOLDER]

With a store, what was measured is kept there as one JSON file for each network, and not measured
again; so the ten can be measured one by one.
"""

import argparse
import importlib
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from _brian2_networks import NAMES
from _protocol import default_core, header, progress, run_json, table

SEED = 0
DEVICES = ("runtime", "standalone", "bioplastic")
PROTOCOL = """
    The networks of benchmarks/_brian2_networks on deterministic input, seed 0, each device in a
    process of its own on one core: Brian's runtime device (Cython), its C++ standalone device with
    default flags, and bioplastic's cpp_standalone by models.from_brian2. "build": seconds until the
    simulation can start, code generated and compiled in empty caches, Python objects included;
    of the first round.
    "run": seconds of the simulation alone, median of the rounds in which devices take turns.
    "agree": the biological time up to which monitored spikes are those of the runtime device, in
    every step and neuron; "all" where that is the whole duration.
    """


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--networks", nargs="+", choices=NAMES, default=NAMES)
    parser.add_argument("--store", type=Path, help="folder that keeps what was measured")
    parser.add_argument("--core", type=int, default=default_core())
    parser.add_argument("--child", nargs=3, metavar=("DEVICE", "NETWORK", "FOLDER"))
    args = parser.parse_args()
    if args.child:
        device, name, folder = args.child
        print(json.dumps(CHILDREN[device](name, Path(folder))))
        return
    rows = []
    for name in args.networks:
        kept = args.store and args.store / f"{name}.json"
        if kept and kept.exists():
            found = json.loads(kept.read_text())
        else:
            found = measure(name, args.rounds, args.core)
            if kept:
                kept.parent.mkdir(parents=True, exist_ok=True)
                kept.write_text(json.dumps(found))
        rows.append(row(name, found))
        progress("  ".join(rows[-1]))
    print(header("Networks of Brian2", PROTOCOL))
    titles = (
        "network", "neurons", "synapses", "biology s", "spikes", "rounds",
        "runtime: build", "run", "standalone: build", "run", "agree",
        "bioplastic: build", "run", "agree", "standalone/bioplastic",
    )  # fmt: skip
    print(table(titles, rows))


def measure(name: str, rounds: int, core: int) -> dict:
    """Let the devices take turns; what they say of each round, and until when spikes agree."""
    found: dict = {device: [] for device in DEVICES}
    with tempfile.TemporaryDirectory() as folder:
        for k in range(rounds):
            for device in DEVICES:
                progress(f"{name}, {device}, round {k + 1}")
                command = [sys.executable, __file__, "--child", device, name, folder]
                found[device].append(run_json(command, core=core))
        expected = spikes_of(Path(folder) / "runtime.npz")
        for device in DEVICES[1:]:
            path = Path(folder) / f"{device}.npz"
            if path.exists():
                found[f"{device} parts"] = first_difference(expected, spikes_of(path))
    return found


def row(name: str, found: dict) -> tuple[str, ...]:
    """One row of the table."""
    first = found["runtime"][0]
    cells = [
        name, str(first["neurons"]), str(first["synapses"]), f"{first['duration']:g}",
        str(first["spikes"]), str(len(found["runtime"])),
    ]  # fmt: skip
    run = {}
    for device in DEVICES:
        said = found[device]
        if "build" not in said[0]:
            cells += [said[0]["missing"], "-", "-"]
            continue
        run[device] = statistics.median(one["run"] for one in said)
        cells += [f"{said[0]['build']:.1f}", f"{run[device]:.3g}"]
        if device != "runtime":
            parts = found[f"{device} parts"]
            cells.append("all" if parts is None else f"{parts * 1000:.1f} ms")
    ours = run.get("bioplastic")
    return (*cells, f"{run['standalone'] / ours:.2f}" if ours else "-")


def spikes_of(path: Path) -> dict[str, np.ndarray]:
    """Spikes by population: rows of time step and neuron, in order, and the step in seconds."""
    with np.load(path) as file:
        return dict(file)


def first_difference(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> float | None:
    """Seconds at which the first spike stands that only one of both has; None where none does."""
    found = []
    for name in one.keys() - {"dt"}:
        a, b = one[name], other[name]
        shared = min(len(a), len(b))
        differ = np.flatnonzero((a[:shared] != b[:shared]).any(axis=1))
        at = differ[0] if len(differ) else shared
        found += [spikes[at, 0] for spikes in (a, b) if at < len(spikes)]
    return float(min(found) * one["dt"]) if found else None


def build(name: str):
    """Import a network's module and build it."""
    module = importlib.import_module(f"_brian2_networks.{name}")
    return module, module.build(seed=SEED)


def in_script(module, expression: str, **names):
    """Evaluate where a script would: among the constants of the module."""
    return eval(expression, vars(module) | names)


def spike_monitors(network) -> list:
    """Return the monitors of spikes, in the order of their names."""
    from brian2 import SpikeMonitor

    found = [thing for thing in network.objects if isinstance(thing, SpikeMonitor)]
    return sorted(found, key=lambda monitor: monitor.name)


def save(path: Path, spikes: dict[str, tuple], dt: float) -> int:
    """Save spikes, given as times and neurons, in order; their number."""
    rows = {}
    for name, (times, units) in spikes.items():
        steps = np.rint(np.asarray(times) / dt).astype(np.int64)
        order = np.lexsort((units, steps))
        rows[name] = np.column_stack([steps, np.asarray(units)])[order]
    np.savez(path, dt=dt, **rows)
    return sum(map(len, rows.values()))


def recorded(network) -> dict[str, tuple]:
    """Times and neurons of what monitors recorded."""
    return {one.source.name: (one.t_[:], one.i[:]) for one in spike_monitors(network)}


def sizes(module, network) -> dict:
    """Count neurons and synapses."""
    from brian2 import NeuronGroup, Synapses

    kinds = {"neurons": NeuronGroup, "synapses": Synapses}
    counts = {
        key: sum(len(thing) for thing in network.objects if isinstance(thing, kind))
        for key, kind in kinds.items()
    }
    return counts | {"duration": float(module.DURATION)}


def runtime(name: str, folder: Path) -> dict:
    """Run on Brian's runtime device."""
    from brian2 import defaultclock, prefs

    prefs.codegen.target = "cython"
    prefs.codegen.runtime.cython.cache_dir = str(folder / "cython")
    begin = time.perf_counter()
    module, network = build(name)
    elapsed = []
    # Brian tells how long the loop over steps has run.
    in_script(
        module, "network.run(DURATION, report=report)", network=network,
        report=lambda seconds, *_: elapsed.append(float(seconds)),
    )  # fmt: skip
    total = time.perf_counter() - begin
    n_spikes = save(folder / "runtime.npz", recorded(network), float(defaultclock.dt))
    said = {"build": total - elapsed[-1], "run": elapsed[-1], "spikes": n_spikes}
    return said | sizes(module, network)


def standalone(name: str, folder: Path) -> dict:
    """Run on Brian's C++ standalone device; a program that is there is run again."""
    from brian2 import defaultclock, device, set_device

    project = folder / "project"
    begin, made = time.perf_counter(), project.exists()
    set_device("cpp_standalone", build_on_run=False)
    module, network = build(name)
    in_script(module, "network.run(DURATION)", network=network)
    device.build(directory=str(project), compile=not made, run=False)
    built = time.perf_counter() - begin
    device.run(str(project), with_output=False)
    info = project / "results" / "last_run_info.txt"
    save(folder / "standalone.npz", recorded(network), float(defaultclock.dt))
    return {"build": built, "run": float(info.read_text().split()[0])}


def bioplastic(name: str, folder: Path) -> dict:
    """Run what models.from_brian2 makes of it."""
    from brian2 import defaultclock

    from bioplastic import engine, models

    if not hasattr(models, "from_brian2"):
        return {"missing": "not there"}
    begin = time.perf_counter()
    os.environ["BIOPLASTIC_CACHE"] = str(folder / "cache")
    module, built = build(name)
    watch = [monitor.source.name for monitor in spike_monitors(built)]
    network, state, samples, record = in_script(
        module, "from_brian2(built, watch=watch, presentation=DURATION)",
        from_brian2=models.from_brian2, built=built, watch=watch if len(watch) > 1 else watch[0],
    )  # fmt: skip
    stimulus = [
        engine.SpikeStimulus(trains=trains, population=population)
        for population, trains in samples.items()
    ]
    if not stimulus:
        stimulus = [engine.SpontaneousActivity(n_samples=1, duration=module.DURATION)]
    result = engine.run(
        network, stimulus, seed=SEED, state=state, engine="cpp_standalone", record=record
    )
    total = time.perf_counter() - begin
    spikes = {name: (result.spikes[name].times, result.spikes[name].units) for name in watch}
    save(folder / "bioplastic.npz", spikes, float(defaultclock.dt))
    run = result.timings["simulate"]
    return {"build": total - run, "run": run}


CHILDREN = {"runtime": runtime, "standalone": standalone, "bioplastic": bioplastic}

if __name__ == "__main__":
    main()
