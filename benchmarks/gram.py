"""Time and memory of Gram matrices of spike trains, and time of a selection: the docs' tables.

python benchmarks/gram.py [--neurons 1000] [--samples 100 1000] [--spikes 10000]
                          [--selected 100] [--rounds 3] [--core 0]
"""

import argparse
import sys

from _protocol import (
    PEERS,
    Result,
    default_core,
    header,
    median_range,
    paragraph,
    progress,
    run_json,
    table,
)

GRAM, SELECTION = PEERS / "gram.py", PEERS / "selection.py"

#: Residual, references, samples.
type Case = tuple[str, int, int]
#: What is selected from.
CASES = [("train", 1, 2000), ("decision", 1, 2000), ("decision", 6, 2000)]
#: Targets, one a class.
TARGETS = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--neurons", type=int, default=1000)
    parser.add_argument("--samples", type=int, nargs="+", default=[100, 1000])
    parser.add_argument("--spikes", type=int, default=10_000, help="of a sample")
    parser.add_argument("--selected", type=int, default=100, help="neurons to choose")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--core", type=int, default=default_core(), help="pin to this core")
    args = parser.parse_args()
    by_samples: dict[int, list[Result]] = {n: [] for n in args.samples}
    by_case: dict[Case, list[Result]] = {case: [] for case in CASES}
    for _ in range(args.rounds):
        for n, found in by_samples.items():
            found.append(measure(args.neurons, n, args.spikes, core=args.core))
        for case, found in by_case.items():
            found.append(measure_selection(case, args.neurons, args.selected, core=args.core))
    protocol = f"""
        bioplastic.algebra.gram_matrix of {args.neurons} neurons, samples of 1 s with
        {args.spikes:,} spikes each, of any neuron at any time; tau 30 ms, float64. Each measurement
        in a process of its own, pinned to one core, one BLAS thread; {args.rounds} rounds; median
        (minimum-maximum).
    """
    print(
        "\n".join(
            [
                header("Spike-train algebra: time and memory", protocol),
                "Gram matrix, by samples\n",
                grams(by_samples, args.spikes),
                "",
                paragraph("""
                    input MB: times and units of the spikes. beyond MB: peak of the process during
                    the call, beyond what it held before, the input among it; the result is in it.
                """),
                "",
                f"Selection of {args.selected} of {args.neurons} neurons\n",
                selections(by_case),
                "",
                paragraph(f"""
                    ms: what SpikeTimeClassifier does in fit once it has the inner products of
                    neurons and references and, where the residual is that of the train, the Gram
                    matrix: the inner products with {TARGETS} targets, and the forward orthogonal
                    regression, which all targets share. The Gram matrix of the decision is part of
                    it, as far as it is needed. The numbers are random.
                """),
            ]
        )
    )


def measure(n_neurons: int, n_samples: int, n_spikes: int, *, core: int) -> Result:
    result = run_json([sys.executable, GRAM, n_neurons, n_samples, n_spikes], core=core)
    progress(f"{n_neurons} neurons, {n_samples} samples: {result['seconds']:.2f} s")
    return result


def measure_selection(case: Case, n_neurons: int, n_selected: int, *, core: int) -> Result:
    residual, n_references, n_samples = case
    numbers = (n_neurons, n_selected, n_references, n_samples, TARGETS)
    result = run_json([sys.executable, SELECTION, residual, *numbers], core=core)
    progress(f"selection, {residual}, {n_references} references: {result['seconds']:.3f} s")
    return result


def grams(by_samples: dict[int, list[Result]], n_spikes: int) -> str:
    head = ["samples", "spikes", "seconds", "ms a sample", "input MB", "result MB", "beyond MB"]
    rows = [
        [
            str(n),
            f"{n * n_spikes:,}",
            median_range([result["seconds"] for result in found]),
            median_range([1e3 * result["seconds"] / n for result in found]),
            f"{found[-1]['input_mb']:.0f}",
            f"{found[-1]['gram_mb']:.0f}",
            beyond(found),
        ]
        for n, found in by_samples.items()
    ]
    return table(head, rows)


def selections(by_case: dict[Case, list[Result]]) -> str:
    head = ["residual", "references", "samples", "ms"]
    rows = [
        [
            residual,
            str(n_references),
            str(n_samples),
            median_range([1e3 * result["seconds"] for result in found]),
        ]
        for (residual, n_references, n_samples), found in by_case.items()
    ]
    return table(head, rows)


def beyond(found: list[Result]) -> str:
    peaks = [result["beyond_mb"] for result in found]
    return "-" if None in peaks else f"{max(peaks):.0f}"


if __name__ == "__main__":
    main()
