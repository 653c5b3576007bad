"""Liquid state machines with a linear readout of their spike counts."""

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import numpy.typing as npt
from brian2 import Quantity, ms
from sklearn.linear_model import RidgeClassifier, RidgeClassifierCV
from sklearn.model_selection import ParameterGrid
from sklearn.svm import SVC

from bioplastic.networks import LiquidStateMachine
from bioplastic.readout import KernelRidgeClassifier
from bioplastic.spikes import SpikeTrains
from bioplastic.study.layers import dense_workload, linear_learning_workload
from bioplastic.study.methods import _parts as parts
from bioplastic.study.methods.base import Inputs, Theory
from bioplastic.study.workload import Workload

_NEURONS = {"demo": 300, "default": 1000, "full": 1000}
_N_BINS, _WINDOW = 6, 800 * ms
#: What classifies the liquid's counts on the command line; ridge chooses its own strength.
READOUTS: dict[str, Callable[[], Any]] = {
    "kernel_ridge": KernelRidgeClassifier,
    "ridge": functools.partial(RidgeClassifierCV, (0.1, 0.3, 1.0, 3.0)),
    "svm": functools.partial(SVC, C=10.0),
}


def count_steps(n_bins: int, span: Quantity | None) -> parts.Steps:
    """Return steps that count a liquid's spikes in overlapping bins, see `binned_steps`."""
    return parts.binned_steps("states", n_bins, span, window="triangular")


class LiquidMethod(parts.PipelineMethod):
    """What methods with a liquid share: the liquid, and who counts its work."""

    plausible = True

    def front(self, X: Inputs, size: str, seed: int) -> list[tuple[str, Any]]:
        """Return the liquid, and an encoder before it for images."""
        kind = "tonotopic" if isinstance(X, SpikeTrains) else "random"
        liquid = LiquidStateMachine(
            _NEURONS[size], liquid=kind, rest=60 * ms, n_jobs=1, random_state=seed
        )
        return [*parts.encoder_steps(X, seed), ("liquid", liquid)]

    def answers(self, model: Any, X: Any) -> tuple[LiquidStateMachine, SpikeTrains]:
        """Return the liquid of a fitted model, and X as spikes for it."""
        pipeline = parts.fitted(model)
        liquid = pipeline.named_steps["liquid"]
        before = pipeline.named_steps.get("spikes")
        spikes: SpikeTrains = X if before is None else before.transform(X)
        return liquid, spikes

    def liquid_workloads(
        self, model: Any, X_train: Inputs, X_test: Inputs
    ) -> tuple[Workload, Workload]:
        """Workloads of the liquid alone, for all training samples and copies, and for test."""
        found = []
        for X in (X_train, X_test):
            liquid, spikes = self.answers(model, X)
            found.append(parts.shown_workload(liquid.presentation_of(spikes)))
        return parts.with_augmented(found[0], model), found[1]

    def exhibits(
        self, model: Any, X_test: Inputs, image_shape: tuple[int, int] | None
    ) -> dict[str, npt.NDArray[Any]]:
        """Give a raster of the first test sample."""
        liquid, spikes = self.answers(model, X_test[:1])
        return parts.raster(liquid.transform(spikes), "liquid")


class Liquid(LiquidMethod):
    """A fixed random network, and a linear readout of spike counts in bins of time."""

    name = "liquid"
    title = "liquid + linear readout"
    effort = 2.0
    theory: ClassVar[Theory] = Theory(
        idea=(
            "A recurrent network of spiking neurons is drawn at random and stays as it is. What it "
            "remembers of the input can be read from its spikes, and only this readout learns: "
            "ridge regression on spike counts in six overlapping bins of time."
        ),
        strengths=(
            "Nothing within the network learns, so it can be built of anything that has fading "
            "memory and separates inputs; training is one linear system with one solution."
        ),
        weaknesses=(
            "A random network represents much that the task does not need: many neurons and "
            "synapses are active for what few learned ones could do. The wiring matters, and "
            "someone has to find it."
        ),
        local=(
            "The readout could learn by the delta rule, which needs the presynaptic activity and "
            "the error of one output neuron; here the same weights are computed in closed form."
        ),
        not_local=(
            "The closed form sees all samples at once. The bins of time are a memory outside the "
            "network; their number was chosen."
        ),
        history=(
            "Liquid and bins are those of benchmarks/hd.py, found by validation on speakers of hd, "
            "all ten of whom had a part in that at one time or another."
        ),
        sources=[
            "Maass, Natschlaeger & Markram (2002), doi 10.1162/089976602760407955",
        ],
    )

    def candidates(self, X: Inputs, size: str) -> Sequence[Mapping[str, Any]]:
        """Bins over a fixed time or each word's own length, and two strengths of the ridge."""
        if not isinstance(X, SpikeTrains):
            return [{"alpha": alpha, "bins": "own length"} for alpha in (1.0, 0.3, 3.0)]
        return list(ParameterGrid({"alpha": [0.3, 1.0], "bins": ["800 ms", "own length"]}))

    def make(
        self, X: Inputs, size: str, settings: Mapping[str, Any], seed: int, *, trial: bool
    ) -> Any:
        """Liquid, bins, ridge."""
        counts = count_steps(_N_BINS, None if settings["bins"] == "own length" else _WINDOW)
        readout = RidgeClassifier(alpha=settings["alpha"])
        steps = [*self.front(X, size, seed), *counts, ("readout", readout)]
        return parts.augmented(steps, X, size, seed)

    def workloads(self, model: Any, X_train: Inputs, X_test: Inputs) -> tuple[Workload, Workload]:
        """Count the liquid's, and the ridge's: normal equations, and one product a sample."""
        learning, inference = self.liquid_workloads(model, X_train, X_test)
        readout = parts.fitted(model).named_steps["readout"]
        shape = readout.n_features_in_, len(readout.classes_)
        return (
            learning + linear_learning_workload(learning.n_samples, *shape),
            inference + dense_workload(inference.n_samples, shape),
        )
