"""Hyperparameters of a training as numbers, as they are given on the command line.

A field is an option: its annotation holds type, range and help, and the commands read them here.
"""

import dataclasses
from collections.abc import Iterable, Mapping
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from typer import Option

from bioplastic.errors import ParameterError

if TYPE_CHECKING:
    from bioplastic.networks import DiehlCookClassifier, LiquidStateMachine

#: Ours, and those of installed packages, by name: help and completion do not load them.
_ENGINES = ("auto", "numpy", "cython", "cpp_standalone", "cuda_standalone")
Engine: Any = Literal[(*_ENGINES, *sorted(entry_points(group="bioplastic.engines").names))]


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What the models share.

    Parameters
    ----------
    neurons : int
        Size of the network.
    engine : str
        Name of the engine.
    dt_ms, rest_ms : float or None
        Time step, and time between a sample's end and the next sample.
    """

    model: ClassVar[str]

    neurons: Annotated[
        int, Option(min=1, help="Neurons of the liquid; for digits and mnist, excitatory ones.")
    ]
    engine: Annotated[Engine, Option(help="How the network is computed.")] = "auto"
    dt_ms: Annotated[float | None, Option(help="Time step.")] = None
    rest_ms: Annotated[
        float | None, Option(help="How long the network goes on after a sample.")
    ] = None


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class DiehlCookSettings(Settings):
    """Parameters of :class:`~bioplastic.networks.DiehlCookClassifier` without units.

    What is None follows data and size, as in the estimator.

    Parameters
    ----------
    neurons, epochs : int
        Size of the network, passes over the training samples.
    label_samples : int or None
        Training samples that label the neurons; all where None.
    presentation_ms, rest_ms, dt_ms : float or None
        Length of a presentation, of the rest after it, and time step.
    rate_max_hz : float or None
        Rate of the brightest pixel.
    theta_plus_mv : float or None
        Growth of the threshold at a spike.
    inhibition, norm : float or None
        Weight of the inhibition, sum of the incoming weights of a neuron.
    min_spikes : int or None
        A sample with fewer spikes is presented again.
    rule, engine : str
        Names of the learning rule and the engine.

    Examples
    --------
    >>> from bioplastic.cli.settings import DiehlCookSettings
    >>> DiehlCookSettings(neurons=100, rest_ms=50.0).estimator(random_state=0).rest
    50. * msecond
    """

    model: ClassVar[str] = "diehl_cook"

    epochs: Annotated[int | None, Option(min=1, help="Passes over the training samples.")] = None
    label_samples: Annotated[
        int | None, Option(min=1, help="Training samples that label the neurons.")
    ] = None
    rule: Annotated[
        Literal["triplet", "pair", "power_law", "exponential", "pre_and_post"],
        Option(help="Learning rule."),
    ] = "triplet"
    presentation_ms: Annotated[float | None, Option(help="Length of a presentation.")] = None
    rate_max_hz: Annotated[float | None, Option(help="Rate of the brightest pixel.")] = None
    theta_plus_mv: Annotated[float | None, Option(help="Growth of the threshold at a spike.")] = (
        None
    )
    inhibition: Annotated[float | None, Option(help="Weight of the inhibition.")] = None
    norm: Annotated[float | None, Option(help="Sum of the incoming weights of a neuron.")] = None
    min_spikes: Annotated[
        int | None, Option(min=0, help="With fewer spikes, a sample is shown again.")
    ] = None

    def estimator(self, **others: Any) -> "DiehlCookClassifier":
        """Return an estimator with these parameters, and with those in `others`."""
        from brian2 import Hz, ms, mV

        from bioplastic.networks import DiehlCookClassifier

        quantities: dict[str, Any] = {
            name: value * unit
            for name, value, unit in (
                ("presentation", self.presentation_ms, ms),
                ("rest", self.rest_ms, ms),
                ("dt", self.dt_ms, ms),
                ("rate_max", self.rate_max_hz, Hz),
                ("theta_plus", self.theta_plus_mv, mV),
            )
            if value is not None
        }
        return DiehlCookClassifier(
            self.neurons,
            n_label=self.label_samples,
            n_epochs=self.epochs,
            inhibition=self.inhibition,
            norm=self.norm,
            min_spikes=self.min_spikes,
            rule=self.rule,
            engine=self.engine,
            **quantities,
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
        Augmented copies of each training word.
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
        Option(min=0, help="Augmented copies of each training word."),
    ] = 3
    bins: Annotated[
        int, Option(min=1, help="Bins of time in which spikes are counted; references, if timed.")
    ] = 6
    span_ms: Annotated[float, Option(help="What they cover, from the begin of a word.")] = 800.0

    def network(self, **others: Any) -> "LiquidStateMachine":
        """Return a liquid with these parameters, and with those in `others`."""
        from brian2 import ms

        from bioplastic.networks import LiquidStateMachine, MaassColumn

        # Weights of a cochlea's many channels: the column of 2002 has but one.
        column = MaassColumn(p_input=0.1, scale_input=0.5)
        return LiquidStateMachine(
            self.neurons,
            liquid=column if self.liquid == "maass" else self.liquid,
            dt=self.dt_ms * ms,
            rest=self.rest_ms * ms,
            engine=self.engine,
            **others,
        )

    def readout_steps(self) -> list[tuple[str, Any]]:
        """Return what follows the liquid, as steps of a pipeline."""
        from brian2 import ms

        from bioplastic.readout import SpikeTimeClassifier
        from bioplastic.study.methods.liquid import READOUTS, count_steps

        if self.readout == "spike_times":
            # Of benchmarks/spike_times.py, chosen on training speakers.
            timed = SpikeTimeClassifier(
                tau=100 * ms, n_references=self.bins, relative=True, alpha=1.0
            )
            return [("readout", timed)]
        counts = count_steps(self.bins, self.span_ms * ms)
        return [*counts, ("readout", READOUTS[self.readout]())]


SETTINGS: dict[str, Settings] = {
    "digits": DiehlCookSettings(neurons=100),
    # As in the authors' published script.
    "mnist": DiehlCookSettings(neurons=400, label_samples=10_000),
    "spoken": LiquidSettings(),
    "hd": LiquidSettings(),
    "shd": LiquidSettings(),
    "ssc": LiquidSettings(),
    "ntidigits": LiquidSettings(),
    "fsdd": LiquidSettings(),
    "audio": LiquidSettings(),
}
#: Those that are read by name.
DATA_SETS = tuple(name for name in SETTINGS if name != "audio")


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
    """Return the hyperparameters for a data set, changed by options.

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
