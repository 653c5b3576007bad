"""Diehl & Cook's network: competition, STDP, and neurons that get their labels afterwards."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from brian2 import mV

from bioplastic.networks import DiehlCookClassifier
from bioplastic.spikes import SpikeTrains
from bioplastic.study.methods import _parts as parts
from bioplastic.study.methods.base import Inputs, Theory

_NEURONS = {"demo": 100, "default": 400, "full": 400}


class DiehlCookMethod(parts.RateMethod):
    """Unsupervised STDP with lateral inhibition and adaptive thresholds."""

    name = "stdp"
    title = "Diehl & Cook STDP"
    effort = 4.0
    labels_afterwards = True
    theory: ClassVar[Theory] = Theory(
        idea=(
            "Neurons inhibit each other, so that few fire for a sample; STDP draws the weights of "
            "those to it, and thresholds grow until all have their turn. Labels come in only "
            "afterwards: each neuron takes that of the training samples that it answers."
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
            "The sum of each neuron's weights is kept by normalization at every sample's end. "
            "Labels of the neurons use those of the samples."
        ),
        history=(
            "Constants follow data and size, by a rule that was found on digits and MNIST. For "
            "words, growth of the thresholds and inhibition are chosen, from values of some ten "
            "trainings on eight speakers of hd, validated on speakers 1 and 8, the test speakers "
            "of fold 1 of hd here. Words are counts in bins, as for R-STDP, and of these what "
            "exceeds the mean word: on spikes of the 700 channels themselves the best of 25 "
            "trainings classified 14 % correctly (chance is 5 %)."
        ),
        sources=["Diehl & Cook (2015), doi 10.3389/fncom.2015.00099"],
    )

    def candidates(self, X: Inputs, size: str) -> Sequence[Mapping[str, Any]]:
        """Constants for images; growth of the thresholds in mV and inhibition for words."""
        if not isinstance(X, SpikeTrains):
            return [{"constants": "published"}, {"constants": "tuned"}]
        return [
            {"theta_plus_mv": theta_plus, "inhibition": inhibition}
            for theta_plus, inhibition in ((0.1, 100.0), (0.1, 50.0), (0.2, 100.0), (0.05, 100.0))
        ]

    def make(
        self, X: Inputs, size: str, settings: Mapping[str, Any], seed: int, *, trial: bool
    ) -> Any:
        """Build the network; all training samples label its neurons."""
        options = dict(settings)
        if "theta_plus_mv" in options:
            options["theta_plus"] = options.pop("theta_plus_mv") * mV
        network = DiehlCookClassifier(_NEURONS[size], random_state=seed, **options)
        return parts.augmented([*parts.rate_steps(X), ("network", network)], X, size, seed)
