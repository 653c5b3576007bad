"""A multilayer perceptron on the binned input, by back-propagation."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from sklearn.model_selection import ParameterGrid
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler

from bioplastic.spikes import SpikeTrains
from bioplastic.study.layers import dense_workload
from bioplastic.study.methods import _parts as parts
from bioplastic.study.methods.base import Inputs, Theory
from bioplastic.study.workload import Workload

_HIDDEN = {"demo": 64, "default": 256, "full": 256}
_EPOCHS = {"demo": 50, "default": 60, "full": 60}
_BATCH = 64


class MLP(parts.PipelineMethod):
    """scikit-learn's multilayer perceptron, one hidden layer of rectified units."""

    name = "mlp"
    title = "MLP of the input"
    effort = 1.5
    theory: ClassVar[Theory] = Theory(
        idea=(
            "A multilayer perceptron sees the same bins as the SVM; back-propagation and Adam "
            "train it. Time is an axis of its input like any other."
        ),
        strengths="What most people would try first; cheap to train and to run.",
        weaknesses="No time: a word must be over, and cut into bins, before it is classified.",
        local="Nothing, except the product of activity and error once the error is there.",
        not_local="Errors go backwards through the weights that activity came through.",
        history="Width and number of epochs are round numbers; nothing was tuned beforehand.",
        sources=["Rumelhart, Hinton & Williams (1986), doi 10.1038/323533a0"],
    )

    def candidates(self, X: Inputs, size: str) -> Sequence[Mapping[str, Any]]:
        """Weight decay, and the bins."""
        if not isinstance(X, SpikeTrains):
            return [{"alpha": alpha, "bins": "none"} for alpha in (1e-2, 1.0, 1e-4)]
        return list(ParameterGrid({"alpha": [1.0, 1e-2], "bins": ["800 ms", "own length"]}))

    def make(
        self, X: Inputs, size: str, settings: Mapping[str, Any], seed: int, *, trial: bool
    ) -> Any:
        """Bins, scaled to unit variance, and the perceptron."""
        net = MLPClassifier(
            (_HIDDEN[size],),
            alpha=settings["alpha"],
            batch_size=_BATCH,
            max_iter=_EPOCHS[size],
            n_iter_no_change=_EPOCHS[size],
            random_state=seed,
        )
        bins = parts.input_steps(X, own_length=settings["bins"] == "own length")
        steps = [*bins, ("scale", StandardScaler()), ("readout", net)]
        return parts.augmented(steps, X, size, seed)

    def workloads(self, model: Any, X_train: Inputs, X_test: Inputs) -> tuple[Workload, Workload]:
        """Forward and backward for every epoch, forward once."""
        pipeline = parts.fitted(model)
        net = pipeline.named_steps["readout"]
        states = pipeline[:-1].transform(X_test)
        hidden = np.maximum(states @ net.coefs_[0] + net.intercepts_[0], 0.0)
        layers = [net.n_features_in_, *(len(b) for b in net.intercepts_)]
        n_train = len(X_train) * (1 + parts.n_copies(model))
        # Adam keeps two numbers more for each weight, and the gradient is one.
        passed = dense_workload(n_train, layers, n_updates=n_train / _BATCH, numbers_per_weight=4)
        named = dense_workload(
            len(X_test), layers, weights=net.coefs_, activations=[states, hidden]
        )
        return passed * net.n_iter_, named
