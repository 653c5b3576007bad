"""What several methods share: copies of training words, states of the input, words for networks."""

from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from brian2 import Hz, Quantity, ms
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, Normalizer, StandardScaler

from bioplastic.encoding import PoissonEncoder, SpikeAugmenter
from bioplastic.engine.presenting import Presentation
from bioplastic.models import Network
from bioplastic.models.hooks import HOOKS, STRINGS
from bioplastic.readout import AugmentedClassifier, TimeBinnedCount
from bioplastic.spikes import SpikeTrains
from bioplastic.study.accounting import learning_workload, network_workload
from bioplastic.study.methods.base import Inputs, Method
from bioplastic.study.workload import Workload

type Steps = list[tuple[str, Any]]

#: Changed copies of each training word, by size. Methods that learn pass by pass change every word
#: anew in each pass instead.
COPIES = {"demo": 0, "default": 1, "full": 3}
#: Neurons of recurrent networks that learn pass by pass, by size, and their passes.
RECURRENT = {"demo": 96, "default": 512, "full": 512}
_EPOCHS = {"demo": 20, "default": 24, "full": 24}
#: How voices differ, as standard deviations: of channels, as a share of all, and of logarithms.
_SHIFT, _STRETCH = 25 / 700, 0.12
#: Bins of the input that readouts without a network see.
_N_BINS, _N_GROUPS = 15, 35
_WINDOW = 800 * ms
#: Standard deviations above the mean at which inputs of networks are clipped.
_HIGHEST = 3.0
#: Inputs of networks that receive words step by step.
_N_INPUTS = 70
#: Spikes of an image, where a method takes nothing but spikes.
_IMAGE, _RATE = 150 * ms, 256 * Hz


def n_epochs(size: str, *, trial: bool, wanted: int | None = None) -> int:
    """Return how many passes a training makes; a trial makes a third of them."""
    return max((wanted or _EPOCHS[size]) // (3 if trial else 1), 1)


def augmenter(X: SpikeTrains, seed: int | None, **options: Any) -> SpikeAugmenter:
    """Return what makes other voices of the words in X."""
    return SpikeAugmenter(
        channel_shift=_SHIFT * X.n_units, time_stretch=_STRETCH, random_state=seed, **options
    )


def augmented(steps: Steps, X: Inputs, size: str, seed: int) -> Any:
    """Return a pipeline, which learns from changed copies too where X are words."""
    pipeline = Pipeline(steps)
    if not isinstance(X, SpikeTrains) or not COPIES[size]:
        return pipeline
    return AugmentedClassifier(pipeline, augmenter(X, seed, n_copies=COPIES[size]))


def fitted(model: Any) -> Any:
    """Return the fitted estimator, within that which augments or without."""
    return model.estimator_ if isinstance(model, AugmentedClassifier) else model


def build_seconds(model: Any) -> float:
    """How long a model that was just fitted waited for programs that it had compiled."""
    steps = [step for _, step in getattr(fitted(model), "steps", [("", fitted(model))])]
    return float(sum(getattr(step, "timings_", {}).get("build", 0.0) for step in steps))


def n_copies(model: Any) -> int:
    """How many copies of each training sample there were beside it."""
    return int(model.augmenter.n_copies) if isinstance(model, AugmentedClassifier) else 0


def with_augmented(workload: Workload, model: Any) -> Workload:
    """Return the workload of the training samples and of their copies, which are as many spikes."""
    return workload * (1 + n_copies(model))


def stepwise_options(X: Inputs, size: str) -> dict[str, Any]:
    """Return options of networks that receive words step by step; none for images.

    Neighboring channels make one input, which comes again on delay lines, and every word is
    changed anew in each pass.
    """
    if not isinstance(X, SpikeTrains):
        return {}
    return {
        "pool": max(1, round(X.n_units / _N_INPUTS)),
        "n_lines": 1 if size == "demo" else 5,
        "augmenter": augmenter(X, None, channel_stretch=_STRETCH),
    }


def input_steps(X: Inputs, *, own_length: bool) -> Steps:
    """Count the input's spikes in bins of time and channels, at unit length; keep images.

    Bins divide each word's own length, or a time that is the same for all.
    """
    if not isinstance(X, SpikeTrains):
        return [("unit_length", Normalizer())]
    span = None if own_length else _WINDOW
    return binned_steps("bins", _N_BINS, span, n_groups=min(_N_GROUPS, X.n_units))


def binned_steps(name: str, n_bins: int, span: Quantity | None, **options: Any) -> Steps:
    """Return steps that count spikes in bins of time, at unit length.

    Parameters
    ----------
    name : str
        Of the first step.
    n_bins : int
        Bins of time.
    span : Quantity, in seconds, or None
        What they cover, the last one open; each word's own length where None.
    **options
        Others of `TimeBinnedCount`.
    """
    ends = {"relative": True} if span is None else {"duration": span, "overflow": True}
    return [
        (name, TimeBinnedCount(n_bins=n_bins, scaling="sqrt", **ends, **options)),
        # Half the memory, for numbers that are small counts.
        ("single", FunctionTransformer(np.float32)),
        ("unit_length", Normalizer(copy=False)),
    ]


def rate_steps(X: Inputs) -> Steps:
    """Turn words into numbers for networks that take rates; nothing for images.

    Counts in bins of time and channels, in units of the word's own mean, so that loud words are
    like soft ones; then what exceeds the mean word, in standard deviations of each bin.
    """
    if not isinstance(X, SpikeTrains):
        return []
    n_groups = min(_N_GROUPS, X.n_units)
    return [
        ("bins", TimeBinnedCount(n_bins=_N_BINS, n_groups=n_groups, relative=True)),
        ("own_mean", FunctionTransformer(_in_own_mean)),
        ("scale", StandardScaler()),
        ("sticking_out", FunctionTransformer(_clipped)),
    ]


def n_rates(X: SpikeTrains) -> int:
    """Return how many numbers `rate_steps` makes of a word."""
    return _N_BINS * min(_N_GROUPS, X.n_units)


def _in_own_mean(counts: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    scaled: npt.NDArray[np.float64] = counts / np.maximum(counts.mean(axis=1, keepdims=True), 1e-9)
    return scaled


def _clipped(deviations: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    clipped: npt.NDArray[np.float64] = np.clip(deviations, 0.0, _HIGHEST)
    return clipped


def network_within(model: Any, X: Inputs | None = None) -> tuple[Any, Any]:
    """Return the network at a fitted model's end, and X as it gets it."""
    inner = fitted(model)
    for _, step in inner.steps[:-1] if X is not None else []:
        X = step.transform(X)
    return inner.named_steps["network"], X


def fields_of(
    weights: npt.NDArray[Any], image_shape: tuple[int, int] | None
) -> dict[str, npt.NDArray[Any]]:
    """Give input weights (n_neurons, n_inputs) as pictures: channels upwards, time to the right."""
    if image_shape is not None:
        return {"fields": weights.reshape(len(weights), *image_shape)}
    bins = weights.reshape(len(weights), _N_BINS, -1)
    return {"fields": bins.transpose(0, 2, 1)[:, ::-1]}


def encoder_steps(X: Inputs, seed: int) -> Steps:
    """Return what turns images into spikes; nothing for what is spikes already."""
    if isinstance(X, SpikeTrains):
        return []
    return [("spikes", PoissonEncoder(duration=_IMAGE, rate_max=_RATE, random_state=seed))]


def shown_workload(shown: Presentation, engine: str = "auto") -> Workload:
    """Workload of presenting samples to a network that learns nothing."""
    return network_workload(
        shown.network, shown.state, shown.stimulus, seed=shown.seed, engine=engine
    )


def rule_workload(network: Network, shown: Presentation, engine: str = "auto") -> Workload:
    """Workload of one pass of training, of `network` with its rules.

    Spikes are counted as they are after training.
    """
    return learning_workload(network, shown.state, shown.stimulus, seed=shown.seed, engine=engine)


def raster(spikes: SpikeTrains, population: str) -> dict[str, npt.NDArray[Any]]:
    """Give the first sample's spikes in the network."""
    return {
        "raster_times": spikes[0].times,
        "raster_units": spikes[0].units,
        "raster_population": np.array(population),
    }


def describe_network(network: Network) -> str:
    """Say who there is, who reaches whom and what is learned, from a network's declaration."""
    lines = []
    for population in network.populations:
        neuron = population.neuron
        lines.append(f"Population {population.name}: {population.n} {type(neuron).__name__}")
        lines += _said_by(neuron, "neuron")
        if values := ", ".join(f"{name} = {value}" for name, value in neuron.parameters.items()):
            lines.append(f"    {values}")
    for projection in network.projections:
        kind = projection.wiring
        wiring = kind.replace("_", " ") if isinstance(kind, str) else repr(kind)
        lines.append(f"Projection {projection.name}: {wiring}")
        lines += _said_by(projection, "projection")
        if projection.norm is not None:
            lines.append(f"    weights of a neuron are scaled to a sum of {projection.norm:g}")
        for of, model in (("synapse", projection.synapse), ("rule", projection.rule)):
            if model is not None:
                lines += [f"    {of} {type(model).__name__}", *_said_by(model, of)]
    schedule = network.schedule
    long = "as long as it is" if schedule.presentation is None else f"for {schedule.presentation}"
    lines.append(f"Each sample {long}, then {schedule.rest} of rest; time step {schedule.dt}")
    return "\n".join(lines)


def _said_by(model: Any, of: str) -> list[str]:
    """Return equations and statements of a model, each after its name."""
    names = [name for owner, _, name, _ in STRINGS if owner == of]
    names += [hook.name for hook in HOOKS if hook.of == of]
    lines = []
    for name in names:
        said = str(getattr(model, name, "")).replace(";", "\n")
        parts = [part.strip() for part in said.splitlines() if part.strip()]
        lines += [f"    {f'{name}: ' * (k == 0)}{part}" for k, part in enumerate(parts)]
    return lines


#: What a fitted step has counted, and the words for it.
_COUNTED = {
    "n_synapses_": "synapses",
    "n_neurons_": "neurons chosen",
    "n_support_": "support vectors",
}


def describe_pipeline(model: Any) -> str:
    """Return the steps of a fitted pipeline, with the declarations of networks, and its copies."""
    lines = []
    for name, step in fitted(model).steps:
        if hasattr(step, "network_"):
            lines.append(describe_network(step.network_))
        counts = [
            f"; {int(np.sum(getattr(step, attribute))):,} {what}"
            for attribute, what in _COUNTED.items()
            if hasattr(step, attribute)
        ]
        lines.append(f"{name}: {step!r}{''.join(counts)}")
    return "\n".join([*lines, f"{n_copies(model)} changed copies of each training sample"])


class PipelineMethod(Method):
    """A pipeline, which may learn from changed copies too."""

    def describe(self, model: Any) -> str:
        """Give its steps, with the declarations of networks."""
        return describe_pipeline(model)


class RateMethod(PipelineMethod):
    """A pipeline of `rate_steps` and a network, which is its step ``"network"``."""

    plausible = True
    #: Whether the training samples are presented once more, to label the neurons.
    labels_afterwards: ClassVar[bool] = False

    def workloads(self, model: Any, X_train: Inputs, X_test: Inputs) -> tuple[Workload, Workload]:
        """Count those of all epochs and of labeling the neurons, and of the test samples."""
        network, train = network_within(model, X_train)
        _, test = network_within(model, X_test)
        shown, engine = network.presentation_of(train), network.engine
        n_epochs = getattr(network, "n_epochs_", network.n_epochs)
        learned = rule_workload(network.network_, shown, engine) * n_epochs
        if self.labels_afterwards:
            learned = learned.then(shown_workload(shown, engine))
        tested = shown_workload(network.presentation_of(test), engine)
        return with_augmented(learned, model), tested

    def exhibits(
        self, model: Any, X_test: Inputs, image_shape: tuple[int, int] | None
    ) -> dict[str, npt.NDArray[Any]]:
        """Give receptive fields of some neurons, over bins of time and channels for words."""
        network, _ = network_within(model)
        weights = network.weights_.T
        return fields_of(weights[:: max(1, len(weights) // 40)][:40], image_shape)
