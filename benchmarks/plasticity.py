"""Each plasticity rule in the experiment that it was made for: prints the results.

    python benchmarks/plasticity.py [--figures docs/figures] [--only windows pairings ...]

Every number is also the mark of a test; the networks are those of tests/plasticity.
"""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from _protocol import header, progress, table
from brian2 import Hz, ms

from bioplastic.inspect import pairing_protocol, plot_protocol, stdp_window, triplet_protocol
from bioplastic.inspect._style import COLORS, INK, declutter
from bioplastic.inspect.measurements import SJOESTROEM_2001, WANG_2005
from bioplastic.models import (
    InhibitorySTDP,
    MultiplicativeSTDP,
    NearestTripletSTDP,
    PairSTDP,
    PowerLawSTDP,
    TripletSTDP,
)

mpl.use("Agg")
import matplotlib.pyplot as plt

# The networks of the experiments stand with the tests that check them.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "plasticity"))
import test_bimodal
import test_inhibitory
import test_short_term
import test_voltage

Picture = Callable[[], Any]


def windows() -> tuple[str, Picture]:
    """Pair rules at three weights: the measured window and the closed form."""
    rules = {
        "additive": (PairSTDP(), lambda w: (0.01, 0.0105)),
        "multiplicative": (MultiplicativeSTDP(), lambda w: (0.01 * (1 - w), 0.0105 * w)),
        "power law, mu = 0.3": (
            PowerLawSTDP(mu=0.3),
            lambda w: (0.01 * (1 - w) ** 0.3, 0.0105 * w**0.3),
        ),
    }
    rows, shown = [], {}
    for name, (rule, amplitudes) in rules.items():
        errors = []
        for w in (0.2, 0.5, 0.8):
            window = stdp_window(rule, w=w)
            up, down = amplitudes(w)
            size = np.exp(-np.abs(window.delays) / 0.020)
            closed = np.where(window.delays > 0, up, -down) * size
            errors.append(np.abs(window.change - closed).max())
            shown[name, w] = window
        rows.append((name, *(f"{e:.1e}" for e in errors)))
    text = table(("largest difference to the closed form", "w = 0.2", "w = 0.5", "w = 0.8"), rows)

    def draw() -> Any:
        figure, axes = plt.subplots(1, 3, figsize=(11, 3.4), sharey=True, layout="constrained")
        for panel, name in zip(axes, rules, strict=True):
            lines = {f"w = {w}": shown[name, w] for w in (0.2, 0.5, 0.8)}
            plot_protocol(lines, title=name.capitalize(), axes=panel)
            panel.set_xlabel("post after pre (ms)")
        for panel in axes[1:]:
            panel.set_ylabel("")
        return figure

    return text, draw


SETS = {
    "all spikes, minimal": TripletSTDP.published("visual_cortex", "minimal", w_max=10.0),
    "all spikes, full": TripletSTDP.published("visual_cortex", "full", w_max=10.0),
    "nearest spikes, minimal": NearestTripletSTDP.published("visual_cortex", "minimal", w_max=10.0),
    "nearest spikes, full": NearestTripletSTDP.published("visual_cortex", "full", w_max=10.0),
}


def pairings() -> tuple[str, Picture]:
    """Triplet rules and pairings at five frequencies, beside Sjoestroem et al. 2001."""
    data, spread = (np.array(getattr(SJOESTROEM_2001, k)) for k in ("change", "spread"))
    found = {
        name: pairing_protocol(rule, SJOESTROEM_2001.frequencies * Hz, w=5.0)
        for name, rule in SETS.items()
    }
    # An additive pair rule knows nothing of frequency.
    pair = PairSTDP(a_plus=2e-3, a_minus=5e-3, tau_plus=16.8 * ms, tau_minus=33.7 * ms, w_max=10.0)
    found["pair rule"] = pairing_protocol(pair, SJOESTROEM_2001.frequencies * Hz, w=5.0)
    rows = [
        ("measured", *(f"{d:+.2f} ±{s:.2f}" for d, s in zip(row, e, strict=True)), "")
        for row, e in zip(data, spread, strict=True)
    ]
    rows = [(f"{name}, {sign}10 ms", *row[1:]) for (name, *_), row, sign in
            zip(rows, rows, "+-", strict=True)]  # fmt: skip
    for name, result in found.items():
        error = (((result.change - data) / spread) ** 2).mean()
        for sign, change, note in zip("+-", result.change, (f"{error:.3f}", ""), strict=True):
            rows.append((f"{name}, {sign}10 ms", *(f"{c:+.4f}" for c in change), note))
    head = ("change of a weight", *(f"{f:g} Hz" for f in SJOESTROEM_2001.frequencies), "error")

    def draw() -> Any:
        figure, axes = plt.subplots(1, 2, figsize=(11, 4), sharey=True, layout="constrained")
        for panel, form in zip(axes, ("all", "nearest"), strict=True):
            shown = {n.partition(", ")[2]: r for n, r in found.items() if n.startswith(form)}
            plot_protocol(
                shown | {"pair rule": found["pair rule"]} if form == "all" else shown,
                data=True,
                title=f"Triplet rule, {form} spikes",
                axes=panel,
            )
        axes[1].set_ylabel("")
        return figure

    return table(head, rows), draw


def triplets() -> tuple[str, Picture]:
    """Triplet rules and triplets of spikes, beside Wang et al. 2005."""
    rules = {
        "all spikes, full": TripletSTDP.published("hippocampus", "full", w_max=10.0),
        "all spikes, minimal": TripletSTDP.published("hippocampus", "minimal", w_max=10.0),
        "nearest spikes, full": NearestTripletSTDP.published("hippocampus", "full", w_max=10.0),
    }
    found = {
        name: [
            triplet_protocol(rule, kind, np.array(data.intervals) * 1e3 * ms, w=5.0)
            for kind, data in WANG_2005.items()
        ]
        for name, rule in rules.items()
    }
    data = np.concatenate([d.change for d in WANG_2005.values()])
    head = ["change of a weight"]
    for kind, experiment in WANG_2005.items():
        head += [f"{kind.replace('_', '-')} ({a * 1e3:g}, {b * 1e3:g})"
                 for a, b in experiment.intervals]  # fmt: skip
    rows = [("measured", *(f"{d:+.2f}" for d in data), "")]
    for name, results in found.items():
        change = np.concatenate([r.change for r in results])
        off = np.abs(change - data).mean()
        rows.append((name, *(f"{c:+.3f}" for c in change), f"{off:.3f}"))
    head.append("mean distance")

    def draw() -> Any:
        figure, axes = plt.subplots(figsize=(10, 4), layout="constrained")
        plot_protocol(found, data=True, axes=axes, title="Triplets in hippocampal neurons")
        return figure

    # one column a row: eight protocols are too wide for a page
    return table(("", *(row[0] for row in rows)), list(zip(head, *rows, strict=True))[1:]), draw


def bimodal() -> tuple[str, Picture]:
    """Additive STDP parts the weights of one neuron."""
    found = {
        "additive": test_bimodal.learn(PairSTDP(), name="cpp_standalone", seconds=100),
        "multiplicative": test_bimodal.learn(
            MultiplicativeSTDP(), name="cpp_standalone", seconds=100
        ),
    }
    rows = []
    for name, (weights, rate) in found.items():
        counts, _ = np.histogram(weights, bins=10, range=(0, 1))
        two = test_bimodal.has_two_modes_at_the_bounds(weights)
        rows.append((name, *map(str, counts), "yes" if two else "no", f"{rate:.1f}"))
    head = ("synapses by weight", *(f"{k / 10:.1f}" for k in range(10)), "two modes", "rate (Hz)")

    def draw() -> Any:
        figure, axes = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
        for panel, (name, (weights, rate)), color in zip(axes, found.items(), COLORS, strict=False):
            panel.hist(weights, bins=20, range=(0, 1), color=color)
            panel.set_title(f"{name.capitalize()}, {rate:.0f} Hz", loc="left", fontsize=11)
            panel.set_xlabel("weight after 100 s")
            declutter(panel)
        axes[0].set_ylabel("synapses")
        return figure

    return table(head, rows), draw


def voltage() -> tuple[str, Picture]:
    """Voltage-based STDP and bursts of pairings at five frequencies."""
    last = max(train[-1] for train in test_voltage.pairings()[0])
    state = test_voltage.Pairings().run("cpp_standalone", duration=last + 50)
    found = 100 * state["learned.w"].reshape(2, 5) / test_voltage.W
    published = np.array(test_voltage.PUBLISHED)
    rows = []
    for name, row, other in zip(("pre-post", "post-pre"), found, published, strict=True):
        rows.append((f"{name}, published", *(f"{p:.1f}" for p in other)))
        rows.append((f"{name}, here", *(f"{p:.2f}" for p in row)))
    text = table(("weight, % of before", *(f"{f:g} Hz" for f in test_voltage.FREQUENCIES)), rows)
    text += f"\n\nlargest difference: {np.abs(found - published).max():.3f} points"

    def draw() -> Any:
        figure, panel = plt.subplots(figsize=(6, 3.8), layout="constrained")
        for name, row, other, color in zip(
            ("+10 ms", "−10 ms"), found, published, (COLORS[0], COLORS[2]), strict=True
        ):
            panel.plot(test_voltage.FREQUENCIES, row, color=color, label=f"{name}, here")
            panel.plot(
                test_voltage.FREQUENCIES, other, "o", color=color, mfc="white",
                label=f"{name}, authors' program",
            )  # fmt: skip
        panel.axhline(100, color=INK, linewidth=0.6, linestyle=":")
        panel.set(xlabel="pairings a second (Hz)", ylabel="weight (% of before)")
        panel.set_title("Voltage-based STDP", loc="left", fontsize=11)
        panel.legend(frameon=False, fontsize=8)
        declutter(panel)
        return figure

    return text, draw


def inhibitory() -> tuple[str, Picture]:
    """Inhibitory STDP brings a recurrent network to 3 Hz."""
    seconds, weak = 100, test_inhibitory.MANY_WEAK
    networks = {
        "1000 neurons, 40 % connected": (InhibitorySTDP(), weak, seconds),
        "10,000 neurons, 2 % connected, eta x 10": (
            InhibitorySTDP(eta=0.1), {"n_exc": 8000, "p": 0.02, "strength": 1.0}, 60,
        ),
    }  # fmt: skip
    found, rows = {}, []
    for name, (rule, size, length) in networks.items():
        progress(f"inhibitory: {name}")
        spikes = test_inhibitory.simulate(rule, **size, seconds=length)
        found[name] = spikes, length
        late = [
            test_inhibitory.rate(spikes, a, b)
            for a, b in ((0, 0.5), (0.6 * length, 0.8 * length), (0.8 * length, length))
        ]
        irregular = test_inhibitory.irregularity(spikes, 0.6 * length)
        rows.append((name, str(length), *(f"{r:.2f}" for r in late), f"{irregular:.2f}"))
    head = ("network", "seconds", "first 0.5 s (Hz)", "60-80 % (Hz)", "80-100 % (Hz)",
            "CV of intervals")  # fmt: skip

    def draw() -> Any:
        figure, panel = plt.subplots(figsize=(6.5, 3.6), layout="constrained")
        for (name, (spikes, length)), color in zip(found.items(), COLORS, strict=False):
            counts, edges = np.histogram(spikes.times, bins=length, range=(0, length))
            panel.plot(edges[1:], counts / spikes.n_units, color=color, label=name)
        panel.axhline(3, color=INK, linewidth=0.8, linestyle=":", label="target")
        panel.set(xlabel="time (s)", ylabel="rate of excitatory neurons (Hz)", yscale="log")
        panel.set_yticks([2, 3, 5, 10, 20, 50], ["2", "3", "5", "10", "20", "50"])
        panel.minorticks_off()
        panel.set_title("Inhibitory STDP", loc="left", fontsize=11)
        panel.legend(frameon=False, fontsize=8)
        declutter(panel)
        return figure

    return table(head, rows), draw


def settled_efficacy(kind: np.ndarray, rates: np.ndarray) -> np.ndarray:
    """Closed form of the efficacy to which regular spikes bring a synapse."""
    use, depression, facilitation = kind
    u = use / (1 - (1 - use) * np.exp(-1 / (rates * facilitation)))
    recovery = np.exp(-1 / (rates * depression))
    return u * (1 - recovery) / (1 - (1 - u) * recovery)


def short_term() -> tuple[str, Picture]:
    """Where short-term plasticity settles, beside the closed form."""
    rates, kinds = test_short_term.RATES, test_short_term.SETS
    steps = [np.arange(0, 1000 * test_short_term.SECONDS, round(1000 / r)) for r in rates]
    seen = test_short_term.measure("cpp_standalone", steps)
    settled = np.array([each[0, -1] for each in seen]).T
    names = [f"U {u:g}, D {1e3 * d:g} ms, F {1e3 * f:g} ms" for u, d, f in kinds]
    rows = []
    for name, kind, row in zip(names, kinds, settled, strict=True):
        off = np.abs(row - settled_efficacy(kind, rates)).max()
        rows.append((name, *(f"{r:.6f}" for r in row), f"{off:.0e}"))
    head = ("efficacy u x", *(f"{r:g} Hz" for r in rates), "off by")

    def draw() -> Any:
        figure, panel = plt.subplots(figsize=(6.5, 3.8), layout="constrained")
        fine = np.geomspace(rates[0], rates[-1], 200)
        for name, kind, row, color in zip(
            names[:4], kinds[:4], settled[:4], COLORS[:4], strict=True
        ):
            panel.plot(fine, settled_efficacy(kind, fine), color=color, linewidth=1)
            panel.plot(rates, row, "o", color=color, label=name, markersize=4)
        panel.set(xlabel="presynaptic rate (Hz)", ylabel="efficacy u·x, settled", xscale="log")
        panel.set_xticks(rates, [f"{r:g}" for r in rates])
        panel.minorticks_off()
        title = "Short-term plasticity: simulated (points), closed form (lines)"
        panel.set_title(title, loc="left", fontsize=11)
        panel.legend(frameon=False, fontsize=8)
        declutter(panel)
        return figure

    return table(head, rows), draw


PROOFS = {
    "windows": ("Pair STDP: window, pairs of spikes -100 to 100 ms apart", windows),
    "pairings": ("Triplet STDP: 60 pairings (Sjoestroem et al. 2001), visual cortex", pairings),
    "triplets": ("Triplet STDP: 60 triplets at 1 Hz (Wang et al. 2005), hippocampus", triplets),
    "bimodal": ("Pair STDP: weights of 1000 synapses after 100 s (Song et al. 2000)", bimodal),
    "voltage": ("Voltage-based STDP: bursts of pairings (Clopath et al. 2010)", voltage),
    "inhibitory": ("Inhibitory STDP: rate of a network (Vogels et al. 2011)", inhibitory),
    "short_term": ("Short-term plasticity: where it settles (Markram et al. 1998)", short_term),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--figures", type=Path, help="folder for pictures of what was measured")
    parser.add_argument("--only", nargs="+", choices=PROOFS, default=list(PROOFS))
    args = parser.parse_args()
    print(
        header(
            "Plasticity rules in the experiments that they were made for",
            """What each rule must reproduce: closed forms, published values of the model, or what
            biologists measured. Nothing was fitted here; constants are those of the papers. Engine
            C++, except windows (NumPy). The error of a triplet rule is the mean over the ten points
            of the squared distance to the measurement in units of its standard error.""",
        )
    )
    for name in args.only:
        title, prove = PROOFS[name]
        progress(name)
        begun = time.perf_counter()
        text, draw = prove()
        print(f"\n{title}\n{'-' * len(title)}\n{text}", flush=True)
        progress(f"{name}: {time.perf_counter() - begun:.0f} s")
        if args.figures:
            draw().savefig(args.figures / f"plasticity_{name}.png", dpi=110)


if __name__ == "__main__":
    main()
