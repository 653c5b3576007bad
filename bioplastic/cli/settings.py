"""Settings of a training as numbers, as they are given on the command line.

A field is an option: its annotation holds type, range and help, and the commands read them here.
"""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
from brian2 import Hz, ms, mV
from sklearn.linear_model import RidgeClassifierCV
from sklearn.preprocessing import FunctionTransformer, Normalizer
from sklearn.svm import SVC
from typer import Option

from bioplastic.encoding import SpikeAugmenter
from bioplastic.engine.engines import ENGINES
from bioplastic.errors import ParameterError
from bioplastic.networks import (
    DiehlCookClassifier,
    Liquid,
    LiquidStateMachine,
    MaassColumn,
    RandomLiquid,
    TonotopicLiquid,
)
from bioplastic.readout import KernelRidgeClassifier, SpikeTimeClassifier, TimeBinnedCount

__all__ = [
    "SETTINGS",
    "DiehlCookSettings",
    "LiquidSettings",
    "Settings",
    "choose_settings",
    "refuse",
]

#: The liquids by name. Weights of a cochlea's many channels: the column of 2002 has but one.
_LIQUIDS: dict[str, Liquid] = {
    "tonotopic": TonotopicLiquid(),
    "random": RandomLiquid(),
    "maass": MaassColumn(p_input=0.1, scale_input=0.5),
}
#: A voice differs from the next by so many channels (standard deviation), as a share of all.
_SHIFT = 25 / 700

if TYPE_CHECKING:
    Engine = str
else:  # those of installed packages, too
    Engine = Literal[*ENGINES]


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What the models' settings share.

    Parameters
    ----------
    neurons : int
        Size of the network.
    engine : str
        Name of the engine.
    dt_ms, rest_ms : float
        Time step, and time between a sample's end and the next sample.
    """

    model: ClassVar[str]

    neurons: Annotated[
        int, Option(min=1, help="Neurons of the liquid; for digits and mnist, excitatory ones.")
    ]
    engine: Annotated[Engine, Option(help="How the network is computed.")] = "auto"
    dt_ms: Annotated[float, Option(help="Time step.")]
    rest_ms: Annotated[float, Option(help="How long the network goes on after a sample.")]


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class DiehlCookSettings(Settings):
    """Parameters of :class:`~bioplastic.networks.DiehlCookClassifier` without units.

    The defaults are those of the authors' published script for 400 neurons, one epoch long. What is
    None follows data and size, as in the estimator.

    Parameters
    ----------
    neurons, epochs : int
        Size of the network, passes over the training samples.
    label_samples : int or None
        Training samples that label the neurons; all where None.
    presentation_ms, rest_ms, dt_ms : float
        Length of a presentation, of the rest after it, and time step.
    rate_max_hz : float or None
        Rate of the brightest pixel.
    theta_plus_mv : float or None
        Growth of the threshold at a spike.
    inhibition, norm : float or None
        Weight of the inhibition, sum of the incoming weights of a neuron.
    min_spikes : int
        A sample with fewer spikes is presented again.
    rule, engine : str
        Names of the learning rule and the engine.

    Examples
    --------
    >>> from bioplastic.cli.settings import DiehlCookSettings
    >>> DiehlCookSettings(neurons=100).estimator(random_state=0).presentation
    0.35 * second
    """

    model: ClassVar[str] = "diehl_cook"

    neurons: int = 400
    dt_ms: float = 0.5
    rest_ms: float = 150.0
    epochs: Annotated[int, Option(min=1, help="Passes over the training samples.")] = 1
    label_samples: Annotated[
        int | None, Option(min=1, help="Training samples that label the neurons.")
    ] = 10_000
    rule: Annotated[
        Literal["triplet", "pair", "power_law", "exponential", "pre_and_post"],
        Option(help="Learning rule."),
    ] = "triplet"
    presentation_ms: Annotated[float, Option(help="Length of a presentation.")] = 350.0
    rate_max_hz: Annotated[float | None, Option(help="Rate of the brightest pixel.")] = None
    theta_plus_mv: Annotated[float | None, Option(help="Growth of the threshold at a spike.")] = (
        None
    )
    inhibition: Annotated[float | None, Option(help="Weight of the inhibition.")] = None
    norm: Annotated[float | None, Option(help="Sum of the incoming weights of a neuron.")] = None
    min_spikes: Annotated[
        int, Option(min=0, help="With fewer spikes, a sample is shown again.")
    ] = 5

    def estimator(self, **others: Any) -> DiehlCookClassifier:
        """Return an estimator with these settings, and with the parameters in `others`."""
        return DiehlCookClassifier(
            self.neurons,
            n_label=self.label_samples,
            n_epochs=self.epochs,
            presentation=self.presentation_ms * ms,
            rest=self.rest_ms * ms,
            dt=self.dt_ms * ms,
            rate_max=None if self.rate_max_hz is None else self.rate_max_hz * Hz,
            theta_plus=None if self.theta_plus_mv is None else self.theta_plus_mv * mV,
            inhibition=self.inhibition,
            norm=self.norm,
            min_spikes=self.min_spikes,
            rule=self.rule,
            engine=self.engine,
            **others,
        )


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class LiquidSettings(Settings):
    """Parameters of a liquid state machine, its readout and its training words, without units.

    Parameters
    ----------
    neurons : int
        Size of the liquid.
    liquid, readout, engine : str
        Names of the liquid, the classifier and the engine.
    copies : int
        Changed copies of each training word.
    bins : int
        Bins of time in which the readout counts spikes; with ``"spike_times"``, references that
        are spread over each word's own length.
    span_ms : float
        What the bins cover, from the begin of a word.
    dt_ms, rest_ms : float
        Time step, and how long the liquid goes on after a word's end.

    Examples
    --------
    >>> from bioplastic.cli.settings import LiquidSettings
    >>> [name for name, _ in LiquidSettings(readout="ridge").readout_steps()]
    ['states', 'single', 'unit_length', 'readout']
    """

    model: ClassVar[str] = "lsm"

    neurons: int = 1000
    dt_ms: float = 1.0
    rest_ms: float = 60.0
    liquid: Annotated[
        Literal["tonotopic", "random", "maass"], Option(help="Kind of the liquid.")
    ] = "tonotopic"
    readout: Annotated[
        Literal["kernel_ridge", "ridge", "svm", "spike_times"],
        Option(help="Classifier of the liquid's states, or decoder of its precise spike times."),
    ] = "kernel_ridge"
    copies: Annotated[
        int,
        Option(min=0, help="Changed copies of each training word, of other voices as it were."),
    ] = 3
    bins: Annotated[
        int, Option(min=1, help="Bins of time in which spikes are counted; references, if timed.")
    ] = 6
    span_ms: Annotated[float, Option(help="What they cover, from the begin of a word.")] = 800.0

    def network(self, **others: Any) -> LiquidStateMachine:
        """Return a liquid with these settings, and with the parameters in `others`."""
        return LiquidStateMachine(
            self.neurons,
            liquid=_LIQUIDS[self.liquid],
            dt=self.dt_ms * ms,
            rest=self.rest_ms * ms,
            engine=self.engine,
            **others,
        )

    def readout_steps(self) -> list[tuple[str, Any]]:
        """Return what follows the liquid, as steps of a pipeline.

        Square roots of counts in overlapping bins, the last one open, scaled to unit length, and
        a classifier; or a decoder of spike times alone.
        """
        if self.readout == "spike_times":
            # Of benchmarks/spike_times.py, chosen on training speakers.
            timed = SpikeTimeClassifier(
                tau=100 * ms, n_references=self.bins, relative=True, alpha=1.0
            )
            return [("readout", timed)]
        states = TimeBinnedCount(
            n_bins=self.bins,
            duration=self.span_ms * ms,
            overflow=True,
            window="triangular",
            scaling="sqrt",
        )
        classifiers = {
            "kernel_ridge": KernelRidgeClassifier(),
            # The strength is chosen on training words, each left out in turn.
            "ridge": RidgeClassifierCV((0.1, 0.3, 1.0, 3.0)),
            "svm": SVC(C=10.0),
        }
        return [
            ("states", states),
            # Half the memory, for numbers that are small counts.
            ("single", FunctionTransformer(np.float32)),
            ("unit_length", Normalizer(copy=False)),
            ("readout", classifiers[self.readout]),
        ]

    def augmenter(self, n_channels: int, random_state: Any) -> SpikeAugmenter:
        """Return what makes the copies of the training words."""
        return SpikeAugmenter(
            n_copies=self.copies, channel_shift=_SHIFT * n_channels, random_state=random_state
        )


SETTINGS: dict[str, Settings] = {
    # From the validation table that benchmarks/demo_settings.py prints, which uses nothing but the
    # training part of the digits: of the means within a standard deviation of the best, the one
    # with the least spread.
    "digits": DiehlCookSettings(
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
    "mnist": DiehlCookSettings(),
    "spoken": LiquidSettings(),
    "hd": LiquidSettings(),
    "shd": LiquidSettings(),
    "ssc": LiquidSettings(),
    "ntidigits": LiquidSettings(),
    "fsdd": LiquidSettings(),
    "audio": LiquidSettings(),
}


def refuse(data_set: str, options: Iterable[str]) -> None:
    """Refuse options that the model of a data set does not have.

    Raises
    ------
    ParameterError
        If there is any.
    """
    for name in options:
        raise ParameterError(
            f"--{name.replace('_', '-')}: {SETTINGS[data_set].model}, the model for {data_set}, "
            f"has no such option; leave it out"
        )


def choose_settings(data_set: str, model: str | None, given: Mapping[str, Any]) -> Settings:
    """Return a data set's settings, changed by options.

    Parameters
    ----------
    data_set : str
        One of those in `SETTINGS`.
    model : str or None
        Name of the model; None takes the one that the data set has.
    given : mapping of str to object
        Options by their names; those that are None were not given.

    Raises
    ------
    ParameterError
        If the model is not offered for the data set, or has no such option.

    Examples
    --------
    >>> from bioplastic.cli.settings import choose_settings
    >>> choose_settings("mnist", "diehl_cook", {"neurons": 100, "norm": None}).neurons
    100
    """
    settings = SETTINGS[data_set]
    if model not in {None, settings.model}:
        offered = ", ".join(name for name, s in SETTINGS.items() if s.model == model)
        raise ParameterError(
            f"--model: for {data_set} it must be {settings.model}, got {model}, which is for "
            f"{offered}"
        )
    chosen = {name: value for name, value in given.items() if value is not None}
    refuse(data_set, [name for name in chosen if not hasattr(settings, name)])
    return dataclasses.replace(settings, **chosen)
