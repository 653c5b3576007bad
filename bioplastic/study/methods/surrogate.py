"""A recurrent spiking network in snnTorch, as a module of `TorchClassifier`.

Needs torch and snntorch, the extra ``bptt``.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import snntorch
import torch
from snntorch import surrogate

from bioplastic.spikes import SpikeTrains
from bioplastic.study.methods.torch_classifier import AT_ONCE, TorchClassifier

#: Time constants with which neurons begin, in seconds: log-uniform, as those of e-prop here.
_TAU_LOW, _TAU_HIGH, _TAU_OUT = 0.010, 0.100, 0.300
#: Share of a sample, its last part, in which the answer counts.
_WINDOW = 0.6


class Recurrent(torch.nn.Module):
    """Inputs, recurrent leaky neurons, leaky readouts; to be trained through time.

    Parameters
    ----------
    n_inputs, n_classes, n_neurons : int
        Sizes.
    dt : float, in seconds
        Time step.
    input_gain, recurrent_gain : float
        Standard deviation of initial weights, times the root of their number for each neuron.
    """

    loss = staticmethod(torch.nn.functional.nll_loss)

    def __init__(
        self,
        n_inputs: int,
        n_classes: int,
        *,
        n_neurons: int,
        dt: float,
        input_gain: float = 1.0,
        recurrent_gain: float = 1.0,
    ) -> None:
        super().__init__()
        taus = torch.exp(
            torch.empty(n_neurons).uniform_(float(np.log(_TAU_LOW)), float(np.log(_TAU_HIGH)))
        )
        self.inward = torch.nn.Linear(n_inputs, n_neurons, bias=False)
        torch.nn.init.normal_(self.inward.weight, std=input_gain / float(np.sqrt(n_inputs)))
        self.hidden = snntorch.RLeaky(
            beta=torch.exp(-dt / taus),
            learn_beta=True,
            linear_features=n_neurons,
            spike_grad=surrogate.fast_sigmoid(slope=25),
        )
        torch.nn.init.normal_(
            self.hidden.recurrent.weight, std=recurrent_gain / float(np.sqrt(n_neurons))
        )
        torch.nn.init.zeros_(self.hidden.recurrent.bias)
        self.outward = torch.nn.Linear(n_neurons, n_classes)
        self.decay = float(np.exp(-dt / _TAU_OUT))

    def simulate(self, x: torch.Tensor, n_steps: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Mean log-probabilities (n_samples, n_classes), and spikes (n_steps, n_samples, n)."""
        x = x.transpose(0, 1).contiguous()
        spikes, v = self.hidden.init_rleaky()
        answers, fired = [], []
        y = torch.zeros(x.shape[1], self.outward.out_features)
        for current in self.inward(x):
            spikes, v = self.hidden(current, spikes, v)
            y = self.decay * y + (1 - self.decay) * self.outward(spikes)
            answers.append(y)
            fired.append(spikes)
        step = torch.arange(len(x))[:, None]
        counts = (step < n_steps) & (step >= ((1 - _WINDOW) * n_steps).floor())
        log_p = torch.log_softmax(torch.stack(answers), dim=2) * counts[..., None]
        return log_p.sum(dim=0) / counts.sum(dim=0)[:, None], torch.stack(fired).detach()

    def forward(self, x: torch.Tensor, n_steps: torch.Tensor) -> torch.Tensor:
        """Log-probabilities, averaged over the last part of each sample."""
        return self.simulate(x, n_steps)[0]

    @property
    def weights(self) -> dict[str, npt.NDArray[np.float32]]:
        """Weights, of shape (n_pre, n_post)."""
        layers = {
            "input": self.inward,
            "recurrent": self.hidden.recurrent,
            "readout": self.outward,
        }
        return {name: layer.weight.detach().numpy().T for name, layer in layers.items()}

    def describe(self) -> str:
        """Give the network in words."""
        sizes = {name: weights.shape for name, weights in self.weights.items()}
        return (
            f"{sizes['input'][0]} inputs, {sizes['input'][1]} leaky neurons of snnTorch "
            f"(RLeaky, reset by subtraction, all to all, decay constants learned), "
            f"{sizes['readout'][1]} leaky readouts; fast sigmoid as surrogate (slope 25); Adam, "
            f"gradients clipped to a norm of 1; cross-entropy of the mean log-probability over the "
            f"last {_WINDOW:.0%} of each sample"
        )


def _presented(model: TorchClassifier, X: Any, n: int) -> Iterator[tuple[torch.Tensor, ...]]:
    """Present `n` samples at a time: inputs, steps of each sample, spikes of the neurons."""
    spikes = model.encoded(X)
    for begin in range(0, len(spikes), n):
        inputs, n_steps = model.batch(spikes[begin : begin + n])
        with torch.no_grad():
            yield inputs, n_steps, model.module_.simulate(inputs, n_steps)[1]


def network_spikes(model: TorchClassifier, X: Any) -> SpikeTrains:
    """Spikes of the recurrent neurons."""
    parts = []
    for _, _, fired in _presented(model, X, 1):
        steps, units = np.nonzero(fired[:, 0].numpy())
        size = {"n_units": fired.shape[2], "duration": len(fired) * model.dt}
        parts.append(SpikeTrains(steps * model.dt, units, [0, len(steps)], **size))
    return SpikeTrains.concatenate(parts)


def activity(model: TorchClassifier, X: Any) -> dict[str, Any]:
    """How often inputs and neurons were not 0: ``"input"``, ``"spikes"``, and the ``"steps"``.

    Steps are the number of samples, and that of all steps of all samples.
    """
    n_inputs, n_neurons = model.module_.weights["input"].shape
    received, spikes, steps = np.zeros(n_inputs), np.zeros(n_neurons), 0
    for inputs, n_steps, fired in _presented(model, X, AT_ONCE):
        within = torch.arange(inputs.shape[1]) < n_steps[:, None]
        received += ((inputs != 0) & within[..., None]).sum(dim=(0, 1)).numpy()
        spikes += (fired * within.T[..., None]).sum(dim=(0, 1)).numpy()
        steps += int(n_steps.sum())
    return {"input": received, "spikes": spikes, "steps": (len(X), steps)}
