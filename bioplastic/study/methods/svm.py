"""A support vector machine on the binned input: no network at all."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from sklearn.svm import SVC

from bioplastic.spikes import SpikeTrains
from bioplastic.study.layers import kernel_learning_workload, kernel_workload
from bioplastic.study.methods import _parts as parts
from bioplastic.study.methods.base import Inputs, Theory
from bioplastic.study.workload import Workload


class SVM(parts.PipelineMethod):
    """RBF-SVM on the square root of spike counts in 15 bins of time and 35 of channels."""

    name = "svm"
    title = "SVM of the input"
    theory: ClassVar[Theory] = Theory(
        idea=(
            "A support vector machine with Gaussian kernel on the input's spike counts in bins of "
            "time and channels (images: pixels). A network has to earn its place above it."
        ),
        strengths="Convex, quick, hard to get wrong; no spiking network is simulated.",
        weaknesses=(
            "Classifying a sample compares it with every support vector, so cost grows with the "
            "training data. Time is cut into bins by hand."
        ),
        local="Nothing.",
        not_local="Training looks at all pairs of samples; it keeps samples, not weights.",
        history="Bins and C were found by validation on speakers of hd (benchmarks/hd.py).",
        sources=["Cortes & Vapnik (1995), doi 10.1007/BF00994018"],
    )

    def candidates(self, X: Inputs, size: str) -> Sequence[Mapping[str, Any]]:
        """Bins over a fixed time or each word's own length, and two widths of the kernel."""
        if not isinstance(X, SpikeTrains):
            return [{"gamma": "scale", "C": C, "bins": "none"} for C in (10.0, 100.0, 1.0)]
        return [
            {"gamma": "scale", "C": 10.0, "bins": "800 ms"},
            {"gamma": "scale", "C": 10.0, "bins": "own length"},
            {"gamma": 1.0, "C": 10.0, "bins": "800 ms"},
            {"gamma": 1.0, "C": 10.0, "bins": "own length"},
        ]

    def make(
        self, X: Inputs, size: str, settings: Mapping[str, Any], seed: int, *, trial: bool
    ) -> Any:
        """Bins and machine."""
        machine = SVC(C=settings["C"], gamma=settings["gamma"])
        bins = parts.input_steps(X, own_length=settings["bins"] == "own length")
        return parts.augmented([*bins, ("readout", machine)], X, size, seed)

    def workloads(self, model: Any, X_train: Inputs, X_test: Inputs) -> tuple[Workload, Workload]:
        """Count kernel evaluations: all pairs in training, every support vector in inference."""
        pipeline = parts.fitted(model)
        machine = pipeline.named_steps["readout"]
        n_train = len(X_train) * (1 + parts.n_copies(model))
        active = float(np.count_nonzero(pipeline[:-1].transform(X_test)) / len(X_test))
        n_pairs = len(machine.intercept_)
        n_inputs, n_support = machine.n_features_in_, len(machine.support_)
        return (
            kernel_learning_workload(n_train, n_inputs, n_pairs, solve=False, n_active=active),
            kernel_workload(len(X_test), n_support, n_inputs, n_pairs, n_active=active),
        )
