"""Surrogate gradients by back-propagation through time, in snnTorch: what e-prop leaves out."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from bioplastic.spikes import SpikeTrains
from bioplastic.study.layers import layer_workload
from bioplastic.study.methods import _parts as parts
from bioplastic.study.methods.base import Inputs, Method, Theory
from bioplastic.study.workload import Workload

_BATCH = {"demo": 16, "default": 64, "full": 64}


class BPTT(Method):
    """A recurrent spiking network in snnTorch, trained by surrogate gradients."""

    name = "bptt"
    title = "BPTT (surrogate gradients)"
    needs: ClassVar[Mapping[str, str]] = {"torch": "bptt", "snntorch": "bptt"}
    effort = 9.0
    theory: ClassVar[Theory] = Theory(
        idea=(
            "A recurrent network of leaky integrate-and-fire neurons; the whole history of a batch "
            "is kept, and gradients go back through it step by step, with a smooth function in "
            "place of the spike's derivative."
        ),
        strengths=(
            "The full gradient, as far as a spiking network has one; decay constants learn too. "
            "Matrix products that hardware is made for."
        ),
        weaknesses=(
            "Memory grows with a sample's length, and nothing is learned before it is over. "
            "Surrogate and scale of the weights have to suit each other."
        ),
        local="Nothing: a weight's change needs the future of the whole network.",
        not_local="Time runs backwards, and errors go back through the forward weights.",
        history=(
            "Input channels, delay lines, number of neurons, augmentation and epochs are those of "
            "e-prop here; snnTorch's neurons have no adaptive threshold and learn decays "
            "instead. Candidates are the best of six trainings of eight epochs on eight speakers "
            "of hd, validated on speakers 1 and 8, the test speakers of fold 1 of hd here: far "
            "fewer than e-prop had."
        ),
        sources=[
            "Neftci, Mostafa & Zenke (2019), doi 10.1109/MSP.2019.2931595",
            "Eshraghian et al. (2023), doi 10.1109/JPROC.2023.3308088",
        ],
    )

    def candidates(self, X: Inputs, size: str) -> Sequence[Mapping[str, Any]]:
        """Return step sizes and scales of the recurrent weights."""
        return [
            {"learning_rate": 3e-3, "recurrent_gain": 0.2},
            {"learning_rate": 6e-3, "recurrent_gain": 0.2},
            {"learning_rate": 1e-3, "recurrent_gain": 0.2},
            {"learning_rate": 3e-3, "recurrent_gain": 1.0},
        ]

    def make(
        self, X: Inputs, size: str, settings: Mapping[str, Any], seed: int, *, trial: bool
    ) -> Any:
        """Train for a third of the epochs in a trial."""
        # torch is heavy, and not everybody's.
        from bioplastic.study.methods.surrogate import Recurrent
        from bioplastic.study.methods.torch_classifier import TorchClassifier

        words = isinstance(X, SpikeTrains)
        dt, gain = 0.010 if words else 0.003, settings["recurrent_gain"]
        return TorchClassifier(
            Recurrent,
            settings={"n_neurons": parts.RECURRENT[size], "dt": dt, "recurrent_gain": gain},
            learning_rate=settings["learning_rate"],
            n_epochs=parts.n_epochs(size, trial=trial),
            batch_size=_BATCH[size],
            dt=dt,
            encoder=None if words else parts.encoder_steps(X, seed)[0][1],
            random_state=seed,
            **parts.stepwise_options(X, size),
        )

    def workloads(self, model: Any, X_train: Inputs, X_test: Inputs) -> tuple[Workload, Workload]:
        """Backward steps cost twice a dense forward step, since errors are no spikes."""
        train, test = (_forward(model, X) for X in (X_train, X_test))
        # Adam keeps two numbers more for each weight, and the gradient is one.
        backward = Workload(
            n_samples=train.n_samples,
            dense=2.0 * train.dense,
            effective_macs=2.0 * train.dense,
            weight_updates=train.n_weights * train.n_samples / model.batch_size,
            footprint=3.0 * train.footprint,
        )
        return (train + backward) * model.n_epochs, test

    def describe(self, model: Any) -> str:
        """Give the network in words."""
        return f"{model.module_.describe()}\n{model!r}"

    def exhibits(
        self, model: Any, X_test: Inputs, image_shape: tuple[int, int] | None
    ) -> dict[str, npt.NDArray[Any]]:
        """Give a raster of the first test sample."""
        from bioplastic.study.methods.surrogate import network_spikes

        return parts.raster(network_spikes(model, X_test[:1]), "recurrent neurons")


def _forward(model: Any, X: Inputs) -> Workload:
    """Forward steps: inputs are counts, neurons spike."""
    from bioplastic.study.methods.surrogate import activity

    seen, weights = activity(model, X), model.module_.weights
    n_samples, steps = seen["steps"]
    whole = layer_workload(
        seen["input"], weights["input"], n_samples=n_samples, steps=steps, spiking=False
    )
    whole += layer_workload(seen["spikes"], weights["recurrent"], n_samples=n_samples, steps=steps)
    whole += layer_workload(seen["spikes"], weights["readout"], n_samples=n_samples, steps=steps)
    n = len(seen["spikes"])
    return whole + Workload(
        n_samples=n_samples,
        membrane_updates=steps * (n + weights["readout"].shape[1]),
        activations=float(np.sum(seen["spikes"])),
        activation_sites=steps * n,
    )
