"""Recurrent e-prop with NumPy alone, from the papers' equations: what the engines must give.

Forward in time, then back: what a synapse's eligibility is worth is the learning signal of all
later steps, so that no eligibility has to be filtered. Hidden neurons stand in one list; a LIF
neuron is an ALIF neuron whose `beta` is 0.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

__all__ = ["SGD", "Adam", "Hidden", "Reference"]


@dataclass(kw_only=True)
class Hidden:
    """Hidden neurons, in seconds and hertz; arrays have an entry for each."""

    tau_membrane: Any
    tau_adaptation: Any
    beta: Any
    n_refractory: int = 0
    v_threshold: float = 1.0
    gamma: float = 0.3
    tau_rate: float = 10.0
    rate_target: float = 10.0
    rate_cost: float = 0.0


@dataclass(kw_only=True)
class Adam:
    """Kingma & Ba 2015, algorithm 1, with decoupled weight decay."""

    learning_rate: float
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    weight_decay: float = 0.0
    memory: dict = field(default_factory=dict)

    def step(self, name, w, gradient):
        n, m, s = self.memory.get(name, (0, 0.0, 0.0))
        n += 1
        m = self.beta_1 * m + (1 - self.beta_1) * gradient
        s = self.beta_2 * s + (1 - self.beta_2) * gradient**2
        self.memory[name] = n, m, s
        unbiased, power = m / (1 - self.beta_1**n), s / (1 - self.beta_2**n)
        step = unbiased / (np.sqrt(power) + self.epsilon) + self.weight_decay * w
        return w - self.learning_rate * step


@dataclass(kw_only=True)
class SGD:
    """Gradient descent with momentum and decoupled weight decay."""

    learning_rate: float
    inertia: float = 0.0
    weight_decay: float = 0.0
    memory: dict = field(default_factory=dict)

    def step(self, name, w, gradient):
        self.memory[name] = self.inertia * self.memory.get(name, 0.0) + gradient
        return w - self.learning_rate * (self.memory[name] + self.weight_decay * w)


@dataclass(kw_only=True)
class Reference:
    """A network in training.

    `weights` are ``"input"`` (n_in, n), ``"recurrent"`` (n, n), ``"readout"`` (n, n_out),
    ``"bias"`` (n_out,) and ``"feedback"`` (n_out, n).
    """

    weights: dict
    hidden: Hidden
    tau_out: float
    dt: float
    squared: bool = False
    n_window: int | None = None
    learns_feedback: bool = True
    optimizer: Any = None
    loss: float = 0.0
    n_spikes: int = 0
    scores: list = field(default_factory=list)
    rate: Any = None

    def __post_init__(self):
        self.weights = {name: np.array(w) for name, w in self.weights.items()}
        self.gradients = {name: np.zeros_like(w) for name, w in self.weights.items()}
        if self.rate is None:
            self.rate = np.full(len(self.weights["recurrent"]), self.hidden.rate_target)

    def present(self, x, target):
        """Add the gradient of one sample: spikes `x` of shape (n_steps, n_in), class or signal."""
        z, psi, y, rates = self._forward(x)
        n_steps = len(x)
        n_window = min(self.n_window or n_steps, n_steps)
        counted = np.arange(n_steps) >= n_steps - n_window
        if self.squared:
            error = y - target[:n_steps]
            losses = 0.5 * (error**2).sum(axis=1)
        else:
            p = np.exp(y) / np.exp(y).sum(axis=1, keepdims=True)
            error = p - np.eye(y.shape[1])[target]
            losses = -np.log(p[:, target])
            self.scores.append(p[counted].mean(axis=0))
        error = np.where(counted[:, None], error, 0.0) / n_window
        self.loss += losses[counted].mean()
        self.n_spikes += int(z.sum())
        self._backward(x, z, psi, error, rates)

    def train(self, samples, targets, *, batch_size):
        """Present samples in their order and change the weights after each full batch."""
        for k, (x, target) in enumerate(zip(samples, targets, strict=True)):
            self.present(x, target)
            if (k + 1) % batch_size == 0:
                self._change_weights(batch_size)

    def _forward(self, x):
        """Return spikes, pseudo-derivatives, outputs and the rates that each step begins with."""
        h, w, dt = self.hidden, self.weights, self.dt
        n, n_out = w["readout"].shape
        v, a, y = np.zeros(n), np.zeros(n), np.zeros(n_out)
        last = np.full(n, -(10**9))
        kept = ([], [], [], [])
        for t in range(len(x)):
            rate_before = self.rate
            v = v * np.exp(-dt / h.tau_membrane)
            a = a * np.exp(-dt / h.tau_adaptation)
            y = y * np.exp(-dt / self.tau_out)
            free = t - last >= h.n_refractory
            above = v - h.v_threshold - h.beta * a
            slope = np.maximum(0.0, 1 - np.abs(above / h.v_threshold))
            psi = np.where(free, h.gamma / h.v_threshold * slope, 0.0)
            z = np.where(free & (above > 0), 1.0, 0.0)
            last = np.where(z > 0, t, last)
            v = v + x[t] @ w["input"] + z @ w["recurrent"] - h.v_threshold * z
            a = a + z
            y = y + z @ w["readout"]
            self.rate = self.rate * np.exp(-dt / h.tau_rate) + z / h.tau_rate
            for values, value in zip(kept, (z, psi, y + w["bias"], rate_before), strict=True):
                values.append(value)
        return tuple(np.array(values) for values in kept)

    def _backward(self, x, z, psi, error, rates):
        h, dt = self.hidden, self.dt
        n_steps = len(x)
        # What an error at a later step says of the readout's potential now.
        worth = np.zeros_like(error)
        later = np.zeros(error.shape[1])
        for t in reversed(range(n_steps)):
            later = later * np.exp(-dt / self.tau_out) + error[t]
            worth[t] = later
        signal = worth @ self.weights["feedback"]
        push = h.rate_cost * (rates - h.rate_target) / h.rate_target**2 / (n_steps * dt)
        self.gradients["readout"] += z.T @ worth
        self.gradients["feedback"] += (z.T @ worth).T
        self.gradients["bias"] += error.sum(axis=0)
        alpha = np.exp(-dt / h.tau_membrane)
        rho = np.exp(-dt / h.tau_adaptation)
        for name, spikes in (("input", x), ("recurrent", z)):
            of_v = np.zeros_like(self.weights[name])  # dv/dw
            of_a = np.zeros_like(self.weights[name])  # da/dw
            for t in range(n_steps):
                e = psi[t] * (of_v - h.beta * of_a)  # of_v already is that of this step
                self.gradients[name] += e * (signal[t] + push[t])
                of_a = rho * (of_a + e)
                of_v = alpha * (of_v + spikes[t][:, None])

    def _change_weights(self, batch_size):
        for name, total in self.gradients.items():
            if name == "feedback" and not self.learns_feedback:
                continue
            mean = total / batch_size
            if name == "recurrent":
                np.fill_diagonal(mean, 0.0)
            self.weights[name] = self.optimizer.step(name, self.weights[name], mean)
            total[...] = 0.0
