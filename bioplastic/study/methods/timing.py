"""Liquid state machines read by the precise times of chosen neurons' spikes."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from brian2 import ms

from bioplastic.readout import SpikeTimeClassifier
from bioplastic.study.layers import dense_workload, selection_workload
from bioplastic.study.methods import _parts as parts
from bioplastic.study.methods.base import Inputs, Theory
from bioplastic.study.methods.liquid import LiquidMethod
from bioplastic.study.workload import Workload


class Timing(LiquidMethod):
    """The same liquid; the readout chooses a quarter of its neurons and reads when they fire."""

    name = "timing"
    title = "liquid + spike times"
    effort = 3.0
    theory: ClassVar[Theory] = Theory(
        idea=(
            "The same random network. The readout sees each neuron through exponential traces of "
            "its spikes at a few reference times, and forward orthogonal regression chooses, one "
            "by one, the neurons that explain most of what is left to explain; at most a quarter."
        ),
        strengths=(
            "A quarter of the neurons is read and the others need not be wired. Precise times "
            "carry what counts do not, most of all for brief differences."
        ),
        weaknesses=(
            "The greedy choice compares all neurons in every step. With few references and short "
            "time constants it falls below a plain readout."
        ),
        local=(
            "Reading is local: leaky traces of presynaptic spikes, weighted and summed by an "
            "output neuron."
        ),
        not_local=(
            "Choosing and weighting need inner products of all pairs of neurons over all samples."
        ),
        history=(
            "A reconstruction: the paper's equations were not to be had. Time constants and "
            "references were found on validation speakers of hd."
        ),
        sources=[
            "Florescu & Coca (2019), doi 10.1162/neco_a_01218",
            "Chen, Billings & Luo (1989), doi 10.1080/00207178908953472",
        ],
    )

    def candidates(self, X: Inputs, size: str) -> Sequence[Mapping[str, Any]]:
        """Time constants of the traces, and how many references."""
        return [
            {"tau_ms": 100.0, "n_references": 6, "alpha": 1.0},
            {"tau_ms": 100.0, "n_references": 10, "alpha": 1.0},
            {"tau_ms": 200.0, "n_references": 6, "alpha": 1.0},
            {"tau_ms": 100.0, "n_references": 6, "alpha": 0.3},
        ]

    def make(
        self, X: Inputs, size: str, settings: Mapping[str, Any], seed: int, *, trial: bool
    ) -> Any:
        """Liquid and decoder."""
        readout = SpikeTimeClassifier(
            tau=settings["tau_ms"] * ms,
            n_references=settings["n_references"],
            relative=True,
            alpha=settings["alpha"],
        )
        steps = [*self.front(X, size, seed), ("readout", readout)]
        return parts.augmented(steps, X, size, seed)

    def workloads(self, model: Any, X_train: Inputs, X_test: Inputs) -> tuple[Workload, Workload]:
        """Count the liquid's, and the decoder's: the greedy choice, and one product a sample."""
        learning, inference = self.liquid_workloads(model, X_train, X_test)
        readout = parts.fitted(model).named_steps["readout"]
        n_units, n_references, n_outputs = readout.weights_.shape
        n_chosen = readout.n_neurons_ * n_references
        return (
            learning
            + selection_workload(learning.n_samples, n_units * n_references, n_chosen, n_outputs),
            inference + dense_workload(inference.n_samples, [n_chosen, n_outputs]),
        )
