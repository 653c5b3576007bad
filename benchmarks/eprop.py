"""What networks learn by e-prop, and what it costs.

python benchmarks/eprop.py [{evidence,patterns,hd,speed} [--records FILE] [...]]

Without a part, all are run in turn.

hd needs the `hd` data (BIOPLASTIC_DATA), speed takes it where it is. Every finished training is
appended to --records at once, and a second call goes on where the first was stopped.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from _protocol import (
    PEERS,
    Result,
    header,
    median_range,
    progress,
    run_json,
    table,
)
from brian2 import Hz, ms, second

from bioplastic.datasets import load_hd, make_evidence_accumulation, make_patterns
from bioplastic.encoding import SpikeAugmenter
from bioplastic.models import Adam, LogUniform
from bioplastic.models.eprop import EPropALIF, EPropLIF, LeakyReadout, RateRegularization
from bioplastic.networks import EPropClassifier, EPropRegressor

Array = npt.NDArray[Any]

RHO = float(np.exp(-1 / 2000))
#: Constants of Bellec et al. 2020; standard deviations of initial weights times the root of n_pre.
EVIDENCE: dict[str, Any] = {
    "n_lif": 50, "n_alif": 50, "batch_size": 64, "feedback_decay": 0.01,
    "neuron": EPropALIF(
        tau_membrane=20 * ms, tau_adaptation=2000 * ms, tau_refractory=5 * ms, v_threshold=0.6,
        # There `a` decays between its use and the next spike's, here before: hence RHO.
        beta=1.7 * (1 - RHO) / (1 - float(np.exp(-1 / 20))) / RHO,
    ),
    "readout": LeakyReadout(tau_out=20 * ms), "decision_window": 150 * ms,
    "optimizer": Adam(learning_rate=5e-3),
    "regularization": RateRegularization(
        rate_target=10 * Hz, rate_cost=2e-4, tau_rate=144 * second
    ),
    "gains": {"readout": 0.068, "feedback": 0.488},
}  # fmt: skip
ASKED_EVERY, CRITERION = 10, 7.0

GAIN = 1 - float(np.exp(-1 / 30))
PATTERNS: dict[str, Any] = {
    "n_lif": 100, "n_alif": 0, "batch_size": 1, "optimizer": Adam(learning_rate=3e-5),
    "neuron": EPropLIF(tau_membrane=30 * ms, v_threshold=0.03),
    "readout": LeakyReadout(tau_out=30 * ms),
    "regularization": RateRegularization(
        rate_target=10 * Hz, rate_cost=3e-5, tau_rate=10 * second
    ),
    "gains": dict.fromkeys(("input", "recurrent", "readout", "feedback"), GAIN),
}  # fmt: skip
#: Presentations of the one sample in a run of the program, which takes a while to start.
REPEATED = 50

#: Chosen by trainings on six speakers, validated on two others.
HD: dict[str, Any] = {
    "n_lif": 0, "n_alif": 512, "batch_size": 16, "schedule": "cosine",
    "optimizer": Adam(learning_rate=3e-3),
    "neuron": EPropALIF(
        beta=1.5, psi_width=2.0, tau_membrane=LogUniform(low=10 * ms, high=100 * ms),
        tau_adaptation=LogUniform(low=100 * ms, high=500 * ms),
    ),
    "readout": LeakyReadout(tau_out=300 * ms),
    "decision_window": 0.6, "pool": 10, "n_lines": 5, "line_delay": 50 * ms, "dt": 10 * ms,
    "regularization": RateRegularization(rate_target=10 * Hz, rate_cost=0.003),
    "gains": {"input": 0.5, "readout": 0.3, "feedback": 0.3}, "feedback_decay": 0.5,
    "augmenter": SpikeAugmenter(channel_shift=25, time_stretch=0.12, channel_stretch=0.12),
}  # fmt: skip
N_EPOCHS = 24
#: Folds whose test speakers had no part in choosing settings.
UNTOUCHED = (0, 2, 4)
#: From results/hd.txt.
REFERENCES = [
    ("three liquids and kernel ridge, 3 copies", "78.2", "5.0"),
    ("SVM of the input's counts, 3 copies", "70.4", "5.8"),
]

OURS, BPTT = PEERS / "eprop_ours.py", PEERS / "eprop_bptt.py"
VARIANTS = {
    "LIF": ("lif", "normal"),
    "LIF, silent input": ("lif", "silent"),
    "LIF, a tenth of the input spikes": ("lif", "sparse"),
    "LIF, all far below threshold": ("lif", "below"),
    "ALIF": ("alif", "normal"),
}
LENGTHS = (1, 4, 16)
#: Seconds of input of each program whose memory is measured.
SOUND = 64


class Records:
    """Finished measurements, one a line: what was measured, with which settings, and what came."""

    def __init__(self, path: Path) -> None:
        self.path, self.found = path, list[tuple[Result, Result]]()
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            self.found = [tuple(json.loads(line)) for line in path.read_text().splitlines()]

    def once(
        self, name: Result, settings: dict[str, Any], measure: Callable[..., Result], *what: Any
    ) -> Result:
        """Return what was recorded under this name and these settings, or measure and record it."""
        key = name | {"settings": {k: repr(v) for k, v in settings.items()}}
        for known, result in self.found:
            if known == key:
                return result
        result = measure(*what)
        self.found.append((key, result))
        with self.path.open("a") as file:
            file.write(json.dumps([key, result]) + "\n")
        return result


# ------------------------------------------------------------------ evidence accumulation


def learn_evidence(feedback: str, seed: int, limit: int) -> Result:
    """Learn on fresh trials until the criterion is met."""

    def trials(n: int, purpose: int, iteration: int = 0) -> Any:
        stream = np.random.SeedSequence([seed, purpose, iteration])
        return make_evidence_accumulation(n, random_state=int(stream.generate_state(1)[0]))

    def error(task: Any) -> float:
        return 100 * (1 - float(model.score(task.data, task.target)))

    model = EPropClassifier(**EVIDENCE, feedback=feedback, random_state=seed)
    course, seconds, reached = list[float](), 0.0, 0
    asked: float | None = None
    for iteration in range(ASKED_EVERY, limit + 1, ASKED_EVERY):
        task = trials(64 * ASKED_EVERY, 0, iteration)
        model.partial_fit(task.data, task.target, classes=[0, 1])
        seconds += model.timings_["simulate"]
        course.append(error(trials(64, 1, iteration)))
        progress(f"{feedback}, seed {seed}, iteration {iteration}: {course[-1]:.1f} %")
        if course[-1] <= CRITERION:
            asked = error(trials(512, 2, iteration))
            if asked <= CRITERION:
                reached = iteration
                break
    return {
        "reached": reached,
        "asked": asked,
        "test": error(trials(1024, 3)),
        "checks": course,
        "ms_per_trial": 1e3 * seconds / (64 * ASKED_EVERY * len(course)),
        "spikes": float(model.history_["spikes"][-1]),
    }


def evidence(args: argparse.Namespace, records: Records) -> str:
    rows = []
    for feedback in args.feedback:
        for seed in range(args.seeds):
            name = {"part": "evidence", "feedback": feedback, "seed": seed, "limit": args.limit}
            r = records.once(name, EVIDENCE, learn_evidence, feedback, seed, args.limit)
            rows.append([
                feedback, str(seed), str(r["reached"] or f"not in {args.limit}"),
                "-" if r["asked"] is None else f"{r['asked']:.1f}", f"{r['test']:.1f}",
                f"{r['spikes'] / 2.25 / 100:.1f}",
                f"{r['ms_per_trial']:.1f}",
            ])  # fmt: skip
    head = ["feedback", "seed", "iterations", "criterion's error %", "test error %", "rate Hz",
            "ms a trial"]  # fmt: skip
    return table(head, rows)


# ------------------------------------------------------------------ patterns


def learn_pattern(feedback: str, seed: int, presentations: int) -> Result:
    """Learn one curve, and note the error of each run."""
    task = make_patterns(random_state=seed)
    X, y = task.data[np.zeros(REPEATED, dtype=int)], [task.target[0]] * REPEATED
    model = EPropRegressor(
        **PATTERNS, n_epochs=presentations // REPEATED, feedback=feedback, random_state=seed
    ).fit(X, y)
    truth, answer = task.target[0], model.predict(task.data)[0]
    spread = ((truth - truth.mean()) ** 2).mean()
    course = 2 * model.history_["loss"] / spread
    below = np.flatnonzero(course < 0.1)
    return {
        "error": float(((answer - truth) ** 2).mean() / spread),
        "below": int(below[0] + 1) * REPEATED if len(below) else 0,
        "course": course.tolist(),
        "ms_per_presentation": 1e3 * model.timings_["simulate"] / presentations,
        "spikes": float(model.history_["spikes"][-1]),
    }


def patterns(args: argparse.Namespace, records: Records) -> str:
    rows = []
    for feedback in args.feedback:
        for seed in range(args.seeds):
            name = {"part": "patterns", "feedback": feedback, "seed": seed, "limit": args.limit}
            r = records.once(name, PATTERNS, learn_pattern, feedback, seed, args.limit)
            progress(f"{feedback}, seed {seed}: {r['error']:.4f}")
            rows.append([
                feedback, str(seed), f"{r['error']:.4f}", str(r["below"] or "never"),
                f"{r['spikes'] / 100:.1f}", f"{r['ms_per_presentation']:.1f}",
            ])  # fmt: skip
    head = ["feedback", "seed", "error", "below 0.1 after", "rate Hz", "ms a presentation"]
    return table(head, rows)


# ------------------------------------------------------------------ hd


def learn_words(
    words: Any, train: Array, test: Array, options: dict[str, Any], checkpoint: Path
) -> Result:
    """Learn the words of some speakers, and tell those of others."""
    model = EPropClassifier(**HD, **options, checkpoint=checkpoint)
    begun, resumed = time.perf_counter(), checkpoint.exists()
    model.fit(words.data[train], words.target[train])
    seconds = time.perf_counter() - begun
    truth = words.target[test]
    probabilities = model.predict_proba(words.data[test])
    right = model.classes_[probabilities.argmax(axis=1)] == truth
    of_truth = probabilities[np.arange(len(truth)), np.searchsorted(model.classes_, truth)]
    return {
        "accuracy": float(right.mean()),
        "by_class": [float(right[truth == label].mean()) for label in model.classes_],
        "probabilities": np.round(probabilities, 4).tolist(),
        "surprise": float(-np.log(np.maximum(of_truth, 1e-12)).mean()),
        "seconds": None if resumed else seconds,
        "simulate": model.timings_["simulate"],
        **{k: model.history_[k].tolist() for k in ("loss", "score", "spikes")},
    }


def hd(args: argparse.Namespace, records: Records) -> str:
    words = load_hd()
    names = np.unique(words.groups)
    half = len(names) // 2
    pair_of = np.searchsorted(names, words.groups) % half
    found: dict[str, list[list[Result]]] = {feedback: [] for feedback in args.feedback}
    together: dict[str, list[float]] = {feedback: [] for feedback in args.feedback}
    for fold in args.folds:
        measured = (fold + 1) % half if args.validation else fold
        train = np.flatnonzero((pair_of != measured) & (pair_of != fold))
        test = np.flatnonzero(pair_of == measured)
        for feedback in args.feedback:
            found[feedback].append([])
            for seed in range(args.seeds):
                options = {"feedback": feedback, "n_epochs": args.epochs, "random_state": seed}
                name = {"part": "hd", "fold": fold, "validation": args.validation, **options}
                said = zlib.crc32(repr([name, HD]).encode())
                checkpoint = records.path.with_name(f"{records.path.stem}_{said:08x}.npz")
                what = words, train, test, options, checkpoint
                r = records.once(name, HD, learn_words, *what)
                found[feedback][-1].append(r)
                progress(
                    f"{feedback}, fold {fold}, seed {seed}: {100 * r['accuracy']:.1f} % after "
                    f"{args.epochs} epochs, loss {r['loss'][-1]:.2f}"
                )
            mean = np.mean([r["probabilities"] for r in found[feedback][-1]], axis=0)
            together[feedback].append(
                100 * float(np.mean(mean.argmax(axis=1) == words.target[test]))
            )
    rows = []
    for feedback, folds in found.items():
        every = [r for fold in folds for r in fold]
        trained = 100 * np.mean([r["score"][-1] for r in every])
        minutes = [r["seconds"] / 60 for r in every if r["seconds"] is not None]
        means = [100 * float(np.mean([r["accuracy"] for r in fold])) for fold in folds]
        several = {f"e-prop, {feedback} feedback": means}
        if args.seeds > 1:
            several[f"{args.seeds} such networks together"] = together[feedback]
        for name, of_folds in several.items():
            untouched = [m for m, k in zip(of_folds, args.folds, strict=True) if k in UNTOUCHED]
            rows.append([
                name, f"{np.mean(of_folds):.1f}",
                f"{np.std(of_folds, ddof=1):.1f}" if len(of_folds) > 1 else "-",
                f"{np.mean(untouched):.1f}" if untouched else "-", f"{trained:.1f}",
                f"{np.mean(minutes):.1f}" if minutes else "-",
                "  ".join(f"{m:.1f}" for m in of_folds),
            ])  # fmt: skip
    if not args.validation:
        rows += [[*line, "-", "-", "-", "-"] for line in REFERENCES]
    measured = "validation %" if args.validation else "test %"
    return table(["", measured, "sd", "untouched", "training %", "minutes", "folds"], rows)


# ------------------------------------------------------------------ speed


def ours(kind: str, variant: str, n: int, *options: object, core: int | None) -> Result:
    r = run_json([sys.executable, OURS, kind, variant, n, *options], core=core)
    progress(f"{kind}, {variant} {' '.join(map(str, options))}: {r['ms_per_sample']:.2f} ms")
    return r


def speed(args: argparse.Namespace, records: Records) -> str:
    del records  # times that are compared are taken together
    core, n = args.core, args.samples
    for kind, variant in VARIANTS.values():
        progress(f"building {kind}, {variant}")
        ours(kind, variant, 4, core=core)
    found: dict[str, list[Result]] = {name: [] for name in VARIANTS}
    peers: dict[int, list[Result]] = {100: [], 200: []} if args.peer_python else {}
    with tempfile.TemporaryDirectory() as folder:
        spikes = Path(folder) / "words.npz"
        ours("lif", "normal", n, "--write", spikes, core=core)
        for _ in range(args.rounds):
            for name, (kind, variant) in VARIANTS.items():
                found[name].append(ours(kind, variant, n, core=core))
            for steps, list_ in peers.items():
                r = run_json([args.peer_python, BPTT, spikes, "--steps", steps], core=core)
                progress(f"{r['system']}, {steps} steps: {r['ms_per_sample']:.2f} ms")
                list_.append(r)
    blocks = [f"Time, {found['LIF'][0]['source']}", shares(found)]
    blocks += ["Against backpropagation through time", against(found, peers)]
    grown: dict[tuple[str, int], list[Result]] = {
        (kind, length): [] for kind in ("lif", "alif") for length in LENGTHS
    }
    for _ in range(min(args.rounds, 3)):
        for (kind, length), list_ in grown.items():
            options = "--seconds", length, "--batch", 4
            list_.append(ours(kind, "poisson", SOUND // length, *options, core=core))
    rows = [
        [kind.upper(), str(length), str(SOUND // length), f"{peak(list_, 'program_mb'):.1f}",
         median_range([r["ms_per_sample"] / length for r in list_])]
        for (kind, length), list_ in grown.items()
    ]  # fmt: skip
    head = ["neurons", "sample s", "samples", "program MB", "simulate ms a second"]
    blocks += ["Memory of the compiled program, Poisson trains of hd's rate", table(head, rows)]
    return "\n\n".join(blocks)


def peak(found: list[Result], key: str) -> float:
    return max(r[key] or np.nan for r in found)


def shares(found: dict[str, list[Result]]) -> str:
    def times(list_: list[Result], key: str) -> list[float]:
        return [r[key] for r in list_]

    normal = times(found["LIF"], "ms_per_sample")
    rows = []
    for name, list_ in found.items():
        own = times(list_, "ms_per_sample")
        share = statistics.median(a / b for a, b in zip(own, normal, strict=True))
        rows.append([
            name, median_range(own), f"{share:.2f}", median_range(times(list_, "cpu_ms")),
            median_range(times(list_, "fit_ms")),
            f"{list_[-1]['input_rate']:.1f}", f"{list_[-1]['rate']:.1f}",
        ])  # fmt: skip
    head = ["", "simulate ms", "share", "CPU ms", "fit ms", "input Hz", "rate Hz"]
    return table(head, rows)


def against(found: dict[str, list[Result]], peers: dict[int, list[Result]]) -> str:
    if not peers:
        return "Not measured: no --peer-python was given."
    own = [r["ms_per_sample"] for r in found["LIF"]]
    lines = [("e-prop, 200 steps, float64", found["LIF"], "program_mb")]
    lines += [(f"{p[-1]['system']}, {k} steps", p, "python_mb") for k, p in peers.items()]
    rows = []
    for name, list_, memory in lines:
        theirs = [r["ms_per_sample"] for r in list_]
        ratio = statistics.median(a / b for a, b in zip(theirs, own, strict=True))
        rows.append([
            name, median_range(theirs), f"{ratio:.2f}",
            median_range([r["cpu_ms"] for r in list_]), f"{list_[-1]['rate']:.1f}",
            f"{peak(list_, memory):.0f}",
        ])  # fmt: skip
    return table(["", "ms a sample", "of e-prop's", "CPU ms", "rate Hz", "MB"], rows)


PARTS: dict[str, tuple[str, Callable[[argparse.Namespace, Records], str], str]] = {
    "evidence": (
        "E-prop: evidence accumulation",
        evidence,
        """EPropClassifier, 50 LIF and 50 ALIF neurons, on make_evidence_accumulation: 40 channels,
        seven cues on two sides, a delay of 1.05 s, and 150 ms in which to tell the side with more
        cues; dt 1 ms. Constants are those of Bellec et al. 2020 and their code, but weights of the
        readout are drawn from a normal distribution, as wide as theirs, and readouts have no factor
        of 1 - exp(-dt/tau_out): a step of Adam changes them 20 times as much. Every iteration
        brings 64 fresh trials and one update. Every 10 iterations the network is asked 64 fresh
        trials, and, where it is wrong in at most 7 % of them, 512 more. Training ends when it is
        wrong in at most 7 % of these, too, or after {limit} iterations. The criterion's error is
        the last such; the test error is that of the network as it is then on 1,024 trials that had
        no part in stopping. Chance is 50 %. The rate is that of the last ten iterations. ms a
        trial: the compiled program in training, one process.""",
    ),
    "patterns": (
        "E-prop: pattern generation",
        patterns,
        f"""EPropRegressor, 100 LIF neurons, on make_patterns: 100 channels of frozen noise at
        50 Hz for 1 s, and a sum of four sines to draw; dt 1 ms. {{limit}} presentations, an update
        after each; {REPEATED} of them are one run of the program. Seed k draws task and weights.
        The error is the sum of squared deviations over that of the target from its mean, with
        weights held fixed after training. It is below 0.1 after so many presentations: the end of
        the first run with a mean error below it, while weights change. Constants are those of
        Bellec et al. 2020 and their code, but Adam with 3e-5 in place of gradient descent. ms a
        presentation: the compiled program in training, one process.""",
    ),
    "hd": (
        "E-prop: spoken digits of speakers never heard (hd)",
        hd,
        """EPropClassifier on 3,329 words, 20 classes, ten speakers; five folds leave two speakers
        out, the pairs of results/hd.txt. Settings are the same for all folds and kinds of
        feedback: {settings}, {epochs} epochs. They were found by trainings on six speakers:
        some thirty, in a prototype in PyTorch and with this library, were validated on speakers
        1 and 8, three on 3 and 10. So words of folds 1 and 3 had a part in choosing settings,
        though in no training of these folds; "untouched" are folds 0, 2 and 4. Each training word
        is changed anew in each epoch, test words never are. {measured} The last epoch's weights
        answer, whatever their accuracy; {seeds} seed(s) a fold, of which folds are
        means; together: classes of the largest mean probability of these networks.
        sd over folds. Training %: right answers in the last epoch,
        while weights change. Minutes: the whole fit, one process. Below e-prop stands what
        results/hd.txt has, with settings chosen for each fold.""",
    ),
    "speed": (
        "E-prop's time and memory",
        speed,
        """EPropClassifier, 700-256-20, recurrent, dt 5 ms, on one core: an epoch over {samples}
        samples of 1 s, 200 steps, an update every 64; float64. Words of hd that are no longer than
        1 s, followed by silence up to it (Poisson trains of the same rate where there is no hd).
        Every measurement in a process of its own, the program built before; {rounds} rounds, in
        each of which everything is measured once; median (minimum-maximum), of a sample. Simulate
        is the compiled program with presentation, eligibilities and updates; CPU the
        processor's time of the same; fit the whole call.
        A share is the median over rounds of the quotient with LIF. Far below threshold: weights
        so small, and pseudo-derivatives so narrow, that these are always 0. The peer: snnTorch,
        surrogate gradients through time, the same words as dense arrays made before the clock
        starts, 700 inputs, 256 recurrent Leaky neurons, 20 leaky readouts, batches of 64, Adam,
        float32, one thread; 100 steps of 10 ms and 200 of 5 ms; a first batch is not counted. MB
        are peaks, the peer's of its whole process with PyTorch. For memory, samples are longer and
        fewer, {sound} s in all, three rounds.""",
    ),
}


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parts = parser.add_subparsers(dest="part", required=True)
    options = {name: parts.add_parser(name, help=title) for name, (title, *_) in PARTS.items()}
    for name, own in options.items():
        own.add_argument("--records", type=Path, default=Path(f"out/eprop_{name}.jsonl"))
        if name != "speed":
            kinds = ["symmetric", "random", "adaptive"]
            default = kinds if name == "hd" else kinds[:2]
            own.add_argument("--feedback", nargs="+", choices=kinds, default=default)
            own.add_argument("--seeds", type=int, default=1 if name == "hd" else 3)
    options["evidence"].add_argument("--limit", type=int, default=500, help="iterations")
    options["patterns"].add_argument("--limit", type=int, default=2000, help="presentations")
    options["hd"].add_argument("--folds", type=int, nargs="+", default=list(range(5)))
    options["hd"].add_argument("--epochs", type=int, default=N_EPOCHS)
    options["hd"].add_argument("--validation", action="store_true",
                               help="train on three pairs, measure on a fourth, never on the test "
                               "pair")  # fmt: skip
    options["speed"].add_argument("--samples", type=int, default=256)
    options["speed"].add_argument("--rounds", type=int, default=5)
    options["speed"].add_argument("--core", type=int, help="pin everything to this one")
    options["speed"].add_argument("--peer-python", help="a Python that has snnTorch")
    args = parser.parse_args(argv)
    title, part, protocol = PARTS[args.part]
    text = part(args, Records(args.records))
    said = dict(vars(args), sound=SOUND)
    if args.part == "hd":
        said["settings"] = ", ".join(f"{k} {v}" for k, v in HD.items())
        said["measured"] = (
            "This is such a validation: of the eight speakers of a fold six train, and two, the "
            "next pair, are measured." if args.validation else ""
        )  # fmt: skip
    print(header(title, protocol.format(**said)))
    print(text)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main()
    else:
        for part in PARTS:
            main([part])
