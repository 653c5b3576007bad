"""Time and memory of a liquid by neurons, samples and processors: prints the table of the docs.

python benchmarks/liquid_speed.py [--sizes 100 300 1000 3000 10000] [--rounds 3] [--core 0]
"""

import argparse
import statistics
import sys

from _protocol import (
    PEERS,
    Result,
    header,
    median_range,
    paragraph,
    progress,
    run_json,
    table,
)

LIQUID = PEERS / "liquid.py"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 300, 1000, 3000, 10_000])
    parser.add_argument("--neurons", type=int, default=1000, help="of the tables by samples")
    parser.add_argument("--samples", type=int, default=200, help="of the table by neurons")
    parser.add_argument("--growth", type=int, nargs="+", default=[100, 400, 1600, 6400])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--core", type=int, help="pin what runs on one core to this one")
    args = parser.parse_args()
    for n in {*args.sizes, args.neurons}:
        progress(f"building {n} neurons")
        run_json([sys.executable, LIQUID, n, 4])
    by_size: dict[int, list[Result]] = {n: [] for n in args.sizes}
    by_samples: dict[int, list[Result]] = {n: [] for n in args.growth}
    by_jobs: dict[int, list[Result]] = {1: [], 2: []}
    for _ in range(args.rounds):
        for n, found in by_size.items():
            found.append(measure(n, args.samples, core=args.core))
        for n, found in by_samples.items():
            found.append(measure(args.neurons, n, "--poisson", core=args.core))
        for jobs, found in by_jobs.items():
            found.append(measure(args.neurons, 16 * args.samples, "--jobs", jobs))
    source = by_size[args.sizes[0]][0]
    protocol = f"""
        LiquidStateMachine(n_neurons, random_state=0), the tonotopic liquid with its defaults, 700
        channels, dt 1 ms, engine cpp_standalone, float64. {args.samples} samples,
        {source["source"]}, {source["seconds_of_sound"]:.0f} s of sound,
        {source["input_rate"]:.1f} Hz a channel. Each measurement in a process of its own, the
        program built before; {args.rounds} rounds; median (minimum-maximum). A second of sound:
        simulate is the compiled program, transform the whole call, with all that goes to and from
        the program.
    """
    print(
        "\n".join(
            [
                header("A liquid's time and memory", protocol),
                "On one core, by neurons\n",
                sizes(by_size),
                "",
                f"On one core, {args.neurons} neurons, by samples (Poisson trains of hd's rate)\n",
                growth(by_samples),
                "",
                f"On one and on two cores, {args.neurons} neurons, {16 * args.samples} samples\n",
                processors(by_jobs),
                "",
                paragraph("""
                    MB: peaks of the compiled program and of the Python process, which holds the
                    samples; spikes MB: times and units of the input and of the answers.
                """),
            ]
        )
    )


def measure(n_neurons: int, n_samples: int, *options: object, core: int | None = None) -> Result:
    result = run_json([sys.executable, LIQUID, n_neurons, n_samples, *options], core=core)
    text = " ".join(str(option) for option in options)
    progress(f"{n_neurons} neurons, {n_samples} samples {text}: {result['ms_per_second']:.2f} ms")
    return result


def column(found: list[Result], key: str) -> str:
    return median_range([result[key] for result in found])


def peak(found: list[Result], key: str) -> str:
    return "-" if found[-1][key] is None else f"{max(result[key] for result in found):.0f}"


def sizes(by_size: dict[int, list[Result]]) -> str:
    head = ["neurons", "synapses", "rate Hz", "simulate ms", "transform ms", "program MB"]
    rows = [
        [
            str(n),
            f"{found[-1]['synapses']:,}",
            f"{found[-1]['rate']:.1f}",
            column(found, "ms_per_second"),
            column(found, "transform_ms_per_second"),
            peak(found, "program_mb"),
        ]
        for n, found in by_size.items()
    ]
    return table(head, rows)


def growth(by_samples: dict[int, list[Result]]) -> str:
    head = [
        "samples",
        "sound s",
        "simulate ms",
        "transform ms",
        "program MB",
        "Python MB",
        "spikes MB",
    ]
    rows = [
        [
            str(n),
            f"{found[-1]['seconds_of_sound']:.0f}",
            column(found, "ms_per_second"),
            column(found, "transform_ms_per_second"),
            peak(found, "program_mb"),
            peak(found, "python_mb"),
            f"{found[-1]['spikes_mb']:.0f}",
        ]
        for n, found in by_samples.items()
    ]
    return table(head, rows)


def processors(by_jobs: dict[int, list[Result]]) -> str:
    times = {
        jobs: statistics.median(result["transform_ms_per_second"] for result in found)
        for jobs, found in by_jobs.items()
    }
    rows = [
        [str(jobs), column(found, "transform_ms_per_second"), f"{times[1] / times[jobs]:.2f}"]
        for jobs, found in by_jobs.items()
    ]
    return table(["n_jobs", "transform ms", "times faster"], rows)


if __name__ == "__main__":
    main()
