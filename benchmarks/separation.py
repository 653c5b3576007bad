"""Figure 2 of Maass et al. (2002), the separation of a liquid: prints the table of the docs.

python benchmarks/separation.py [--pairs 200] [--liquids 5] [--figures docs/figures]
"""

import argparse
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")

import numpy as np
from _peers.column import simulate
from _protocol import header, paragraph, progress, table
from brian2 import ms, second
from sklearn.base import clone

from bioplastic.inspect.separation import pairs_at_distance, plot_separation, state_separation
from bioplastic.networks import LiquidStateMachine, MaassColumn

N_NEURONS = 135
DISTANCES = (0.0, 0.1, 0.2, 0.4)
#: Every 5 ms, the end included; and those that the table shows.
TIMES = np.arange(5, 501, 5) * ms
SHOWN = np.array([50, 100, 200, 300, 400, 500]) * ms
#: From here on the transient of the first spikes is over, for the mean over time.
SETTLED = 100 * ms


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=200)
    parser.add_argument("--liquids", type=int, default=5)
    parser.add_argument("--figures", type=Path, help="folder in which separation.png is drawn")
    args = parser.parse_args()
    pairs = {d: pairs_at_distance(d, args.pairs, random_state=0) for d in DISTANCES}
    measured = {dt: [measure(pairs, dt, k) for k in range(args.liquids)] for dt in (0.2, 1.0)}
    print(report(args, pairs, measured) + "\n\n" + second_opinion(pairs))
    if args.figures:
        draw(measured[0.2][0]["distances"], args)


def measure(pairs, dt: float, seed: int):
    """Distances of states, pair by pair, of one liquid that starts from two sets of potentials."""
    first = LiquidStateMachine(N_NEURONS, liquid=MaassColumn(), dt=dt * ms, random_state=seed)
    first.fit(pairs[0.0][0])
    other = clone(first).fit(pairs[0.0][0])
    rng = np.random.default_rng([seed, 1])
    for name in ("exc.v_initial", "inh.v_initial"):
        other.state_[name] = rng.uniform(13.5e-3, 15e-3, len(other.state_[name]))
    distances, rates = {}, {}
    for distance, (u, v) in pairs.items():
        x, y = first.transform(u), other.transform(v)
        distances[distance] = state_separation(x, y, TIMES)
        rates[distance] = (len(x.times) + len(y.times)) / (2 * N_NEURONS * x.duration.sum())
    progress(f"dt {dt} ms, liquid {seed}: {rates[0.4]:.1f} Hz at 0.4")
    return {"distances": distances, "rates": rates, "n_synapses": first.n_synapses_}


def report(args, pairs, measured) -> str:
    """Tables: over pairs of one liquid, then over liquids, at both time steps."""
    protocol = f"""
        MaassColumn, {N_NEURONS} neurons, the constants of Maass, Natschlaeger & Markram 2002.
        {args.pairs} pairs of Poisson spike trains, 20 Hz, 0.5 s, at each input distance d (within
        0.01; squared difference of trains convolved with exp(-(t/5 ms)^2), integrated, divided by
        0.5 s). State distance: Euclidean norm of the difference of exponential traces, 30 ms, of
        all neurons. The two inputs of a pair meet the same liquid with two random sets of initial
        potentials; at d = 0 nothing else differs. Trains: random_state 0; liquids: 0 to
        {args.liquids - 1}. Time step 0.2 ms, as in the paper, and 1 ms.
    """
    parts = [header("Separation of a liquid", protocol)]
    for dt, liquids in measured.items():
        parts += [
            f"dt {dt} ms, liquid 0: mean (sd over pairs)\n",
            over_pairs(liquids[0]["distances"]),
            "",
            f"dt {dt} ms: mean from {SETTLED / ms:g} ms on\n",
            over_liquids(liquids),
            "",
        ]
    spikes = ", ".join(
        f"{d:g}: {(len(u.times) + len(v.times)) / (2 * len(u)):.1f}" for d, (u, v) in pairs.items()
    )
    notes = f"""
        gap: difference of the means over time to the row above, in standard errors over pairs
        (liquid 0). mean square: squared distance divided by the number of neurons, the scale in
        which the paper's curves lie between 0 and 2.5. Input spikes of a train, by d: {spikes};
        distant pairs have more, since they are drawn by their distance.
    """
    return "\n".join([*parts, paragraph(notes)])


def second_opinion(pairs, n: int = 50) -> str:
    """Table: rates and states of a NumPy loop with the same constants."""
    u = pairs[0.0][0][:n]
    lsm = LiquidStateMachine(N_NEURONS, liquid=MaassColumn(), dt=0.2 * ms, random_state=0)
    ours = lsm.fit_transform(u).counts()
    rows = [["MaassColumn", f"{ours.sum() / (n * N_NEURONS * 0.5):.2f}", "-"]]
    for name, options in (
        ("loop, as MaassColumn", {}),
        ("loop, synapse stays active", {"stays_active": True}),
        ("loop, input exact", {"exact_input": True}),
        ("loop, both", {"exact_input": True, "stays_active": True}),
    ):
        counts = simulate(lsm.state_, u, 0.2e-3, **options).sum(axis=1)
        same = (counts == ours).all(axis=1).mean()
        rows.append([name, f"{counts.sum() / (n * N_NEURONS * 0.5):.2f}", f"{100 * same:.0f} %"])
        progress(rows[-1][0])
    title = (
        f"The column in a NumPy loop, dt 0.2 ms, {n} inputs of 20 Hz: rate, and answers with the"
    )
    head = ["simulation", "rate Hz", "same counts"]
    return f"{title}\nsame spike counts of all neurons\n\n" + table(head, rows)


def over_pairs(distances) -> str:
    at = np.rint(SHOWN / (5 * ms)).astype(int) - 1
    rows = [
        [f"{d:g}", *(f"{x.mean():.2f} ({x.std(ddof=1):.2f})" for x in found[:, at].T)]
        for d, found in distances.items()
    ]
    return table(["d", *(f"{t / ms:g} ms" for t in SHOWN)], rows)


def over_liquids(liquids) -> str:
    settled = np.flatnonzero(TIMES >= SETTLED)
    head = ["d", "distance", "sd over liquids", "gap", "mean square", "its peak", "rate Hz"]
    rows, before = [], None
    for d in DISTANCES:
        found = [liquid["distances"][d] for liquid in liquids]
        means = [x[:, settled].mean() for x in found]
        each = found[0][:, settled].mean(axis=1)  # of a pair
        gap = "-"
        if before is not None:
            error = np.sqrt(each.var(ddof=1) / len(each) + before.var(ddof=1) / len(before))
            gap = f"{(each.mean() - before.mean()) / error:.1f}"
        squares = np.mean([(x**2).mean(axis=0) / N_NEURONS for x in found], axis=0)
        rows.append([
            f"{d:g}", f"{np.mean(means):.2f}", f"{np.std(means, ddof=1):.2f}", gap,
            f"{squares[settled].mean():.3f}", f"{squares.max():.2f}",
            f"{np.mean([liquid['rates'][d] for liquid in liquids]):.1f}",
        ])  # fmt: skip
        before = each
    return table(head, rows)


def draw(distances, args) -> None:
    curves = {
        "times": TIMES / second,
        "distances": [found.mean(axis=0) for found in distances.values()],
        "labels": [f"{d:g}" for d in distances],
    }
    title = f"A column of {N_NEURONS} neurons, means over {args.pairs} pairs of inputs"
    axes = plot_separation(**curves, title=title, legend="d(u, v)")
    args.figures.mkdir(parents=True, exist_ok=True)
    axes.figure.savefig(args.figures / "separation.png", dpi=110)


if __name__ == "__main__":
    main()
