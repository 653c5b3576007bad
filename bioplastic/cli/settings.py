"""Settings of a training as numbers, as they are given on the command line."""

from dataclasses import dataclass
from typing import Any

from brian2 import Hz, ms, mV

from bioplastic.networks import DiehlCookClassifier

__all__ = ["SETTINGS", "Settings"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """Parameters of :class:`~bioplastic.networks.DiehlCookClassifier` without units.

    The defaults are those of the authors' published script for 400 neurons, one epoch long.

    Parameters
    ----------
    neurons, epochs : int
        Size of the network, passes over the training samples.
    label_samples : int or None
        Training samples that label the neurons; all where None.
    presentation_ms, rest_ms, dt_ms : float
        Length of a presentation, of the rest after it, and time step.
    rate_max_hz : float
        Rate of the brightest pixel.
    theta_plus_mv : float
        Growth of the threshold at a spike.
    inhibition, norm : float
        Weight of the inhibition, sum of the incoming weights of a neuron.
    min_spikes : int
        A sample with fewer spikes is presented again.
    rule, engine : str
        Names of the learning rule and the engine.

    Examples
    --------
    >>> from bioplastic.cli.settings import Settings
    >>> Settings(neurons=100).estimator(random_state=0).presentation
    0.35 * second
    """

    neurons: int = 400
    epochs: int = 1
    label_samples: int | None = 10_000
    presentation_ms: float = 350.0
    rest_ms: float = 150.0
    dt_ms: float = 0.5
    rate_max_hz: float = 63.75
    theta_plus_mv: float = 0.05
    inhibition: float = 17.0
    norm: float = 78.0
    min_spikes: int = 5
    rule: str = "triplet"
    engine: str = "auto"

    def estimator(self, **others: Any) -> DiehlCookClassifier:
        """Return an estimator with these settings, and with the parameters in `others`."""
        return DiehlCookClassifier(
            self.neurons,
            n_label=self.label_samples,
            n_epochs=self.epochs,
            presentation=self.presentation_ms * ms,
            rest=self.rest_ms * ms,
            dt=self.dt_ms * ms,
            rate_max=self.rate_max_hz * Hz,
            theta_plus=self.theta_plus_mv * mV,
            inhibition=self.inhibition,
            norm=self.norm,
            min_spikes=self.min_spikes,
            rule=self.rule,
            engine=self.engine,
            **others,
        )


SETTINGS: dict[str, Settings] = {
    # From the validation table that benchmarks/demo_settings.py prints, which uses nothing but the
    # training part of the digits: of the means within a standard deviation of the best, the one
    # with the least spread.
    "digits": Settings(
        neurons=100,
        epochs=10,
        label_samples=None,
        presentation_ms=150.0,
        rest_ms=50.0,
        rate_max_hz=256.0,
        theta_plus_mv=0.02,
        inhibition=50.0,
        norm=12.0,
    ),
    "mnist": Settings(),
}
