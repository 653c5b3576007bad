"""Diehl & Cook's network: competition, STDP, and neurons that are named afterwards."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy.typing as npt
from brian2 import Hz, ms, mV

from bioplastic.networks import DiehlCookClassifier
from bioplastic.spikes import SpikeTrains
from bioplastic.study.methods._parts import (
    augmented,
    describe_network,
    fitted,
    n_copies,
    rule_workload,
    shown_workload,
    with_augmented,
)
from bioplastic.study.methods.base import Inputs, Method, Theory
from bioplastic.study.workload import Workload

__all__ = ["DiehlCookMethod"]

_NEURONS = {"demo": 100, "default": 400, "full": 400}
_EPOCHS = {"demo": 3, "default": 3, "full": 3}
#: Of benchmarks/demo_settings.py, for 64 pixels.
_IMAGES: dict[str, Any] = {"presentation": 150 * ms, "rest": 50 * ms, "rate_max": 256 * Hz}
#: Sum of a neuron's weights for each input that there is.
_NORM = 12.0 / 64


class DiehlCookMethod(Method):
    """Unsupervised STDP with lateral inhibition and adaptive thresholds."""

    name = "stdp"
    title = "Diehl & Cook STDP"
    plausible = True
    effort = 4.0
    theory: ClassVar[Theory] = Theory(
        idea=(
            "Neurons inhibit each other, so that few fire for a sample; STDP draws the weights of "
            "those to it, and thresholds grow until all have their turn. Labels come in only "
            "afterwards: each neuron is named by the training samples that it answers."
        ),
        strengths=(
            "No labels, no errors, no signal from elsewhere: the most local method here, with "
            "receptive fields that can be looked at."
        ),
        weaknesses=(
            "It finds prototypes, one a neuron, of whole samples. What varies in time or place "
            "needs a prototype for every variant; words are sequences, and it has no memory of "
            "them beyond its membranes' 100 ms."
        ),
        local="Pre- and postsynaptic spikes and their traces; a threshold of the neuron's own.",
        not_local=(
            "The sum of each neuron's weights is kept by normalisation at every sample's end. "
            "Naming the neurons uses labels."
        ),
        history="HISTORY",
        sources=["Diehl & Cook (2015), doi 10.3389/fncom.2015.00099"],
    )

    def candidates(self, X: Inputs, size: str) -> Sequence[Mapping[str, Any]]:
        """Growth of the thresholds and inhibition."""
        return [
            {"theta_plus_mv": 0.02, "inhibition": 50.0},
            {"theta_plus_mv": 0.05, "inhibition": 50.0},
            {"theta_plus_mv": 0.02, "inhibition": 17.0},
            {"theta_plus_mv": 0.05, "inhibition": 17.0},
        ]

    def make(
        self, X: Inputs, size: str, settings: Mapping[str, Any], seed: int, *, trial: bool
    ) -> Any:
        """Build the network with its neurons named by training samples."""
        words = isinstance(X, SpikeTrains)
        n_inputs = X.n_units if isinstance(X, SpikeTrains) else X.shape[1]
        network = DiehlCookClassifier(
            _NEURONS[size],
            n_epochs=_EPOCHS[size],
            theta_plus=settings["theta_plus_mv"] * mV,
            inhibition=settings["inhibition"],
            norm=_NORM * n_inputs,
            random_state=seed,
            **({} if words else _IMAGES),
        )
        return augmented(network, X, size, seed)

    def workloads(self, model: Any, X_train: Inputs, X_test: Inputs) -> tuple[Workload, Workload]:
        """Of all epochs and of naming the neurons, and of the test samples."""
        network = fitted(model)
        passed = rule_workload(network.network_, network.presentation_of(X_train))
        named = shown_workload(network.presentation_of(X_train))
        whole = (passed * network.n_epochs).then(named)
        return with_augmented(whole, model), shown_workload(network.presentation_of(X_test))

    def describe(self, model: Any) -> str:
        """Give the network's declaration, rules included."""
        network = fitted(model)
        return (
            f"{describe_network(network.network_)}\n{network!r}; "
            f"{n_copies(model)} changed copies of each training sample"
        )

    def exhibits(
        self, model: Any, X_test: Inputs, image_shape: tuple[int, int] | None
    ) -> dict[str, npt.NDArray[Any]]:
        """Receptive fields of some neurons."""
        fields = fitted(model).weights_.T[:40]
        return {"fields": fields.reshape(len(fields), *(image_shape or (1, -1)))}
