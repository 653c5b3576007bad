"""Diehl & Cook's network: competition, STDP, and neurons that are named afterwards."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from brian2 import Hz, ms, mV
from sklearn.pipeline import Pipeline

from bioplastic.networks import DiehlCookClassifier
from bioplastic.spikes import SpikeTrains
from bioplastic.study.methods._parts import (
    augmented,
    n_rates,
    network_within,
    rate_steps,
    rule_workload,
    shown_workload,
    with_augmented,
)
from bioplastic.study.methods._rates import RateMethod
from bioplastic.study.methods.base import Inputs, Theory
from bioplastic.study.workload import Workload

__all__ = ["DiehlCookMethod"]

_NEURONS = {"demo": 100, "default": 400, "full": 400}
_EPOCHS = {"demo": 8, "default": 3, "full": 3}
#: Of benchmarks/demo_settings.py, for 64 pixels.
_SHORT: dict[str, Any] = {
    "presentation": 150 * ms,
    "rest": 50 * ms,
    "rate_max": 256 * Hz,
    "norm": 12.0,
}
#: From so many pixels on, the published constants.
_PUBLISHED = 500
#: Sum of a neuron's weights for each bin of words.
_NORM = 0.06


class DiehlCookMethod(RateMethod):
    """Unsupervised STDP with lateral inhibition and adaptive thresholds."""

    name = "stdp"
    title = "Diehl & Cook STDP"
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
        history=(
            "Constants for digits are those of benchmarks/demo_settings.py. For words, some ten "
            "trainings on eight speakers of hd were validated on speakers 1 and 8, the test "
            "speakers of fold 1 of hd here. They hear counts in bins, as R-STDP does, and what "
            "sticks out of the mean word: on spikes of the 700 channels themselves the best of 25 "
            "settings named 14 % (chance is 5 %)."
        ),
        sources=["Diehl & Cook (2015), doi 10.3389/fncom.2015.00099"],
    )

    def candidates(self, X: Inputs, size: str) -> Sequence[Mapping[str, Any]]:
        """Growth of the thresholds and inhibition."""
        if not isinstance(X, SpikeTrains):
            return [
                {"theta_plus_mv": 0.02, "inhibition": 50.0},
                {"theta_plus_mv": 0.05, "inhibition": 50.0},
                {"theta_plus_mv": 0.02, "inhibition": 17.0},
                {"theta_plus_mv": 0.05, "inhibition": 17.0},
            ]
        return [
            {"theta_plus_mv": 0.1, "inhibition": 100.0},
            {"theta_plus_mv": 0.1, "inhibition": 50.0},
            {"theta_plus_mv": 0.2, "inhibition": 100.0},
            {"theta_plus_mv": 0.05, "inhibition": 100.0},
        ]

    def make(
        self, X: Inputs, size: str, settings: Mapping[str, Any], seed: int, *, trial: bool
    ) -> Any:
        """Build the network; its neurons are named by all training samples."""
        options: dict[str, Any] = dict(_SHORT)
        if isinstance(X, SpikeTrains):
            options["norm"] = _NORM * n_rates(X)
        elif X.shape[1] >= _PUBLISHED:
            options = {}
        network = DiehlCookClassifier(
            _NEURONS[size],
            n_epochs=_EPOCHS[size],
            theta_plus=settings["theta_plus_mv"] * mV,
            inhibition=settings["inhibition"],
            random_state=seed,
            **options,
        )
        return augmented(Pipeline([*rate_steps(X), ("network", network)]), X, size, seed)

    def workloads(self, model: Any, X_train: Inputs, X_test: Inputs) -> tuple[Workload, Workload]:
        """Count those of all epochs and of naming the neurons, and of the test samples."""
        network, train = network_within(model, X_train)
        _, test = network_within(model, X_test)
        shown = network.presentation_of(train)
        learned = rule_workload(network.network_, shown, network.engine) * network.n_epochs
        return (
            with_augmented(learned.then(shown_workload(shown, network.engine)), model),
            shown_workload(network.presentation_of(test), network.engine),
        )
