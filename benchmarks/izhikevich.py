"""Figure 1 of Izhikevich (2007), a reward that comes late: prints the table of the docs.

    python benchmarks/izhikevich.py [--seeds 5] [--minutes 60] [--course results/izhikevich.csv]
    python benchmarks/izhikevich.py --draw results/izhikevich.csv --figures docs/figures

The second form simulates nothing and draws the weights over time of an earlier run.
"""

import argparse
import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np
from _protocol import header, progress, table

from bioplastic.inspect._style import COLORS, declutter

mpl.use("Agg")
import matplotlib.pyplot as plt

# The network stands with the tests that check it.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "plasticity"))
from test_distal_reward import N_OTHERS, Course, simulate

#: From here on a weight counts as at the top, 4 mV.
TOP = 3.8
#: At the end a weight is judged by its mean over this time, too: single weights come and go.
LAST = 20 * 60


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--course", type=Path, help="file for the weights over time, as CSV")
    parser.add_argument("--draw", type=Path, help="such a file, of which to make a picture")
    parser.add_argument("--figures", type=Path, default=Path(), help="folder for the picture")
    args = parser.parse_args()
    if args.draw:
        draw(args.draw, args.figures)
        return
    rows, courses = [], {}
    for seed in range(args.seeds):
        course = simulate(seed, duration=60 * args.minutes)
        courses[seed] = course
        rows.append((str(seed), *summary(course)))
        progress(f"seed {seed}: {course.rewarded[-1]:.2f} mV, {course.seconds:.0f} s")
    seconds = [course.seconds for course in courses.values()]
    protocol = f"""
        1000 neurons of Izhikevich's published program daspnet.m, 800 of them excitatory, 100
        synapses each on average, drawn at random; RewardSTDP() on all synapses of excitatory
        neurons, which begin at 1 mV and lie between 0 and 4 mV. One synapse begins at 0 mV; a spike
        of its postsynaptic neuron less than 20 ms after one of its presynaptic neuron earns a
        reward 1 to 3 s later. {args.minutes:g} min simulated in one slot of 1 ms steps, engine
        cpp_standalone, in {np.mean(seconds):.0f} s on average. Weights in mV. "top": when the
        rewarded weight reaches {TOP} mV, and the share of other weights that are as strong then.
        "end": the rewarded weight at the last moment; median, mean and 99th percentile of all
        others, and the share of them that are as strong. "last": mean of the rewarded weight over
        the last {LAST // 60} min, and the share of others of which the mean is as large. Shares at
        the top and over the last minutes are those of {N_OTHERS} other synapses, seen every 10 s.
        """
    print(header("A reward that comes late", protocol))
    titles = (
        "seed", "rewards", "rate Hz", "top s", "as strong", "end", "median", "mean", "99 %",
        "as strong", "last", "as strong",
    )  # fmt: skip
    print(table(titles, rows))
    if args.course:
        args.course.write_text("\n".join(lines(courses)) + "\n")


def share(others: np.ndarray, weight: float) -> str:
    """Share of the others that are at least as strong."""
    return f"{100 * np.mean(others >= weight):.2f} %"


def summary(course: Course) -> tuple[str, ...]:
    """One row of the table, the seed excepted."""
    at_top = np.flatnonzero(course.rewarded >= TOP)
    first = int(at_top[0]) if len(at_top) else None
    last = course.times > course.times[-1] - LAST
    end, recent = course.rewarded[-1], course.rewarded[last].mean()
    return (
        str(len(course.rewards)),
        f"{course.rate:.2f}",
        "-" if first is None else f"{course.times[first]:.0f}",
        "-" if first is None else share(course.others[first], course.rewarded[first]),
        f"{end:.2f}",
        f"{np.median(course.rest):.2f}",
        f"{course.rest.mean():.2f}",
        f"{np.quantile(course.rest, 0.99):.2f}",
        share(course.rest, end),
        f"{recent:.2f}",
        share(course.others[last].mean(axis=0), recent),
    )


def lines(courses: dict[int, Course]) -> list[str]:
    """Weights over time as CSV: the rewarded one, and what is known of the others."""
    found = ["seed,seconds,rewards,rewarded,median,mean,percentile_99"]
    for seed, course in courses.items():
        for k, now in enumerate(course.times):
            others = course.others[k]
            found.append(
                f"{seed},{now:.0f},{np.sum(course.rewards < now)},{course.rewarded[k]:.3f},"
                f"{np.median(others):.3f},{others.mean():.3f},{np.quantile(others, 0.99):.3f}"
            )
    return found


def draw(course: Path, folder: Path) -> None:
    """Make a picture of the weights over time."""
    data = np.genfromtxt(course, delimiter=",", names=True)
    seeds = np.unique(data["seed"])
    figure, axes = plt.subplots(figsize=(7, 3.8), layout="constrained")
    for seed in seeds:
        one = data[data["seed"] == seed]
        label = f"rewarded synapse, {len(seeds)} seeds" if seed == 0 else None
        axes.plot(
            one["seconds"] / 60, one["rewarded"], color=COLORS[2], lw=1, alpha=0.7, label=label
        )
    shape = (len(seeds), -1)
    minutes = data["seconds"].reshape(shape)[0] / 60
    for name, style in (("percentile_99", ":"), ("mean", "-"), ("median", "--")):
        label = {"percentile_99": "99th percentile of the others"}.get(
            name, f"{name} of the others"
        )
        of_all = data[name].reshape(shape).mean(axis=0)
        axes.plot(minutes, of_all, style, color=COLORS[0], label=label)
    axes.set(xlabel="time (min)", ylabel="weight (mV)", ylim=(0, 4.1))
    axes.set_title("A reward 1 to 3 s after the spikes that earn it", loc="left", fontsize=11)
    axes.legend(frameon=False, fontsize=8, loc="center right")
    declutter(axes)
    figure.savefig(folder / "plasticity_reward.png", dpi=110)


if __name__ == "__main__":
    main()
