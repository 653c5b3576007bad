"""A recurrent spiking network in snnTorch, as an estimator of scikit-learn.

Needs torch and snntorch, the extra ``bptt``.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import snntorch
import torch
from snntorch import surrogate

from bioplastic.spikes import SpikeTrains
from bioplastic.study.methods.torch_classifier import AT_ONCE, TorchEstimator

__all__ = ["SurrogateGradientClassifier"]

#: Time constants with which neurons begin, in seconds: log-uniform, as those of e-prop here.
_TAU_LOW, _TAU_HIGH, _TAU_OUT = 0.010, 0.100, 0.300
#: Share of a sample, its last part, in which the answer counts.
_WINDOW = 0.6


class SurrogateGradientClassifier(TorchEstimator):
    """Train a recurrent network of leaky neurons by surrogate gradients through time.

    Parameters
    ----------
    n_neurons, n_epochs, batch_size : int
        Recurrent neurons, passes over the samples, samples of a batch.
    learning_rate : float
        Step size of Adam, which falls to 0 as half a cosine.
    input_gain, recurrent_gain : float
        Standard deviation of initial weights, times the root of their number for each neuron.
    pool, n_lines : int
        Neighboring channels that make one input, and how often each comes, 50 ms later each time.
    dt : float, in seconds
        Time step.
    encoder : transformer or None
        Makes spikes of arrays.
    augmenter : SpikeAugmenter or None
        Changes every training sample anew in each epoch.
    random_state : int
        Of everything.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels.
    weights_ : dict of ndarray
        ``"input"``, ``"recurrent"`` and ``"readout"``, of shape (n_pre, n_post).
    history_ : dict of list
        ``"loss"`` and ``"score"`` of each epoch.
    """

    loss = staticmethod(torch.nn.functional.nll_loss)

    def __init__(
        self,
        *,
        n_neurons: int = 512,
        n_epochs: int = 24,
        batch_size: int = 16,
        learning_rate: float = 1e-3,
        input_gain: float = 1.0,
        recurrent_gain: float = 1.0,
        pool: int = 1,
        n_lines: int = 1,
        dt: float = 0.010,
        encoder: Any = None,
        augmenter: Any = None,
        random_state: int = 0,
    ) -> None:
        self.n_neurons = n_neurons
        self.n_epochs = n_epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.input_gain = input_gain
        self.recurrent_gain = recurrent_gain
        self.pool = pool
        self.n_lines = n_lines
        self.dt = dt
        self.encoder = encoder
        self.augmenter = augmenter
        self.random_state = random_state

    def _make(self, n_inputs: int, n_classes: int) -> torch.nn.Module:
        gains = self.input_gain, self.recurrent_gain
        return _Recurrent(n_inputs, self.n_neurons, n_classes, self.dt, *gains)

    def _scores(self, X: SpikeTrains) -> torch.Tensor:
        """Log-probabilities, averaged over the last part of each sample."""
        log_p: torch.Tensor = self.module_(*self._batch(X))[0]
        return log_p

    def transform_spikes(self, X: Any) -> SpikeTrains:
        """Spikes of the recurrent neurons."""
        parts = []
        for sample in self._encoded(X):
            inputs, n_steps = self._batch(sample)
            with torch.no_grad():
                _, fired = self.module_(inputs, n_steps)
            steps, units = np.nonzero(fired[:, 0].numpy())
            duration = len(fired) * self.dt
            parts.append(
                SpikeTrains(
                    steps * self.dt,
                    units,
                    [0, len(steps)],
                    n_units=self.n_neurons,
                    duration=duration,
                )
            )
        return SpikeTrains.concatenate(parts)

    @property
    def weights_(self) -> dict[str, npt.NDArray[np.float32]]:
        """Weights, of shape (n_pre, n_post)."""
        module = self.module_
        layers = {
            "input": module.inward,
            "recurrent": module.hidden.recurrent,
            "readout": module.outward,
        }
        return {name: layer.weight.detach().numpy().T for name, layer in layers.items()}

    def activity(self, X: Any) -> dict[str, Any]:
        """How often inputs and neurons were not 0: ``"input"``, ``"spikes"``, and the ``"steps"``.

        Steps are the number of samples, and that of all steps of all samples.
        """
        spikes = self._encoded(X)
        n_inputs, steps = self.weights_["input"].shape[0], 0
        received, fired = np.zeros(n_inputs), np.zeros(self.n_neurons)
        for begin in range(0, len(spikes), AT_ONCE):
            inputs, n_steps = self._batch(spikes[begin : begin + AT_ONCE])
            with torch.no_grad():
                _, found = self.module_(inputs, n_steps)
            within = torch.arange(inputs.shape[1]) < n_steps[:, None]
            received += ((inputs != 0) & within[..., None]).sum(dim=(0, 1)).numpy()
            fired += (found * within.T[..., None]).sum(dim=(0, 1)).numpy()
            steps += int(n_steps.sum())
        return {"input": received, "spikes": fired, "steps": (len(spikes), steps)}

    def describe(self) -> str:
        """Give the network in words."""
        return (
            f"{self.weights_['input'].shape[0]} inputs, {self.n_neurons} leaky neurons of snnTorch "
            f"(RLeaky, reset by subtraction, all to all, decay constants learned), "
            f"{len(self.classes_)} leaky readouts; fast sigmoid as surrogate (slope 25); Adam, "
            f"gradients clipped to a norm of 1; cross-entropy of the mean log-probability over the "
            f"last {_WINDOW:.0%} of each sample\n{self!r}"
        )


class _Recurrent(torch.nn.Module):
    """Inputs, recurrent leaky neurons, leaky readouts."""

    def __init__(
        self,
        n_inputs: int,
        n_neurons: int,
        n_classes: int,
        dt: float,
        input_gain: float,
        recurrent_gain: float,
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

    def forward(self, x: torch.Tensor, n_steps: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
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
