"""What learns by e-prop: its parameters, what it is shown, and how it answers."""

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from brian2 import ms

from bioplastic import engine as engines
from bioplastic._checks import check_positive
from bioplastic.encoding import SpikeAugmenter
from bioplastic.engine.presenting import Presentation
from bioplastic.engine.states import States
from bioplastic.errors import DataError, ParameterError
from bioplastic.models import Adam, Network
from bioplastic.models.declaration import Declaration
from bioplastic.models.eprop import (
    EPropALIF,
    EPropLIF,
    LeakyReadout,
    RateRegularization,
    SoftmaxError,
    SquaredError,
)
from bioplastic.models.optimizers import Optimizer
from bioplastic.networks._samples import check_kind
from bioplastic.networks.eprop_constants import word_constants
from bioplastic.networks.eprop_samples import Samples, check_samples, make_stimulus
from bioplastic.networks.eprop_settings import declare
from bioplastic.networks.training import Trainer
from bioplastic.spikes import SpikeTrains

#: Variables that are learned. Samples are presented to a network without the others.
LEARNED = ".w"


class EPropNetwork(Trainer):
    """Network of LIF and adaptive LIF neurons with readouts, whose weights e-prop learns.

    Parameters
    ----------
    n_lif, n_alif : int
        Neurons without and with adaptation; one of them may be 0.
    neuron : EPropALIF, or EPropLIF where `n_alif` is 0, or None
        Constants of the neurons; those without adaptation have the same, as far as they have some.
        Time constants may be distributions. This and other constants that are None follow the
        samples, see the notes.
    readout : LeakyReadout or None
        Readouts.
    feedback : {"symmetric", "random", "adaptive"} or None
        Weights that carry errors to the neurons: the readout's, fixed random ones, or such that
        begin random and change as the readout's do.
    feedback_decay : float
        Weight decay of readout and feedback where feedback is adaptive.
    optimizer : Optimizer or None
        How gradients change weights.
    schedule : {"constant", "cosine"} or None
        Whether the learning rate stays, or falls to 0 as half a cosine over `n_epochs`.
    regularization : RateRegularization or None
        Rate to which neurons are drawn, and how much; for numbers what `neuron` says, where None.
    gains : mapping of str to float, or None
        Of ``"input"``, ``"recurrent"``, ``"readout"`` and ``"feedback"`` weights: their standard
        deviation at first, times the root of the number of presynaptic neurons; 1 where a mapping
        does not say.
    recurrent : bool
        Whether neurons reach each other.
    decision_window : Quantity in seconds, float or None
        Last part of a sample in which the answer counts, in seconds or as a share.
    pool : int or None
        Neighboring channels of SpikeTrains that make one input, whose spikes are counted in every
        step; 1 for spikes as they are.
    n_lines : int or None
        How often each input comes: at once, and again after each `line_delay`; spikes are then
        counted in every step, as by `pool`.
    line_delay : Quantity, in seconds, optional
        From one to the next.
    presentation, rest, dt : Quantity, in seconds, optional
        How long numbers that stay are presented (100 ms), rest after each sample (0 ms), time step.
    n_epochs : int
        How often `fit` presents the training samples.
    batch_size : int or None
        Samples whose gradients are averaged for an update.
    augmenter : SpikeAugmenter or None
        Changes every training sample anew in each epoch; targets must be labels, or numbers that
        stay.
    shuffle : bool
        Whether each epoch presents the samples in an order of its own.
    validation_fraction : float, int or None
        Share, or number, of the samples that `fit` holds out, whole groups where it knows groups;
        their loss and score are noted after each epoch.
    n_iter_no_change : int or None
        Epochs without a better score of held-out samples after which `fit` ends, with the best
        weights; where None it goes on to the end, and keeps the last ones.
    warm_start : bool
        Whether `fit` goes on from what was learned, until there were `n_epochs` in all.
    n_jobs : int or None
        Processors for training and predictions; -1 takes all. Those of a training share out the
        samples of a batch, and add up what these teach in an order of their own: weights depend on
        the number of processors as sums do on their order. Answers do not.
    engine : {"auto", "numpy", "cython", "cpp_standalone", "cuda_standalone"}
        ``"auto"`` takes C++ where a compiler is found.
    random_state : int, RandomState or None
        Initial weights, drawn constants, order, augmentation and held-out samples come from
        independent streams of it.
    checkpoint : path-like or None
        File to which `fit` saves itself after each epoch, and which goes when it is done; a
        folder gets a file for each training. After an interruption of any kind the same `fit`
        goes on from there, to the same weights bit for bit.
    verbose : int
        1 shows a progress bar, 2 also a line at every point of the history.

    Attributes
    ----------
    weights_ : dict of str to ndarray
        Weights by projection, for example ``"input_to_lif"`` of shape (n_inputs, n_lif).
    n_epochs_, n_presentations_ : int
        Whole epochs, and presentations so far.
    n_features_in_ : int
        Input channels.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the columns of X, where X had names.
    network_ : Network
        The declaration that was trained.
    constants_ : dict
        What parameters are that are None, where spikes are classified.
    timings_ : dict of float, in seconds
        ``"build"``, all that was waited for programs to be made in the last training and for
        answers since; ``"simulate"`` and ``"read"``, all else, of the training.
    engine_ : dict of str
        Engine and time step of the last training.

    Raises
    ------
    ParameterError
        If a parameter has a wrong unit, type or range.
    DataError
        If X or y is not as described, or not of the kind and width that `fit` has seen.
    CheckpointError
        If the checkpoint belongs to another training.

    Notes
    -----
    Constants that are None follow the training samples where spikes are classified. For words of
    0.7 s, time constants of membrane and adaptation are distributed from 10 to 100 and from 100 to
    500 ms, that of the readout is 300 ms, and each input comes five times, 50 ms apart; the step is
    10 ms. All of these grow and shrink with the mean length of a sample. Neighboring channels make
    about 70 inputs, whose gain is the larger, the fewer spikes they have. Feedback is adaptive, the
    optimizer ``Adam(learning_rate=0.003)``, a batch 16 samples, and `fit` has a cosine schedule.

    For numbers, and for regression, constants are those of ``EPropALIF()`` and ``LeakyReadout()``,
    gains 1, one line, a step of 1 ms, symmetric feedback, ``Adam(learning_rate=0.005)``, batches of
    32 and a constant schedule. ``docs/eprop.md`` tells how they were found.
    """

    _purposes = ("weights", "neurons", "order", "noise", "augmentation", "validation")
    _standard: ClassVar[Mapping[str, Declaration]] = {
        "neuron": EPropALIF(),
        "readout": LeakyReadout(),
        "optimizer": Adam(learning_rate=0.005),
        "regularization": RateRegularization(),
    }
    #: whether a sample has one answer, which does not depend on the time step
    _classifies: ClassVar[bool] = False
    #: what compares readouts with targets
    _error: type[SoftmaxError] | type[SquaredError]
    #: set by `fit`
    n_features_in_: int
    constants_: dict[str, Any]

    @property
    def _n_outputs(self) -> int:
        """Number of readouts."""
        raise NotImplementedError

    def __init__(
        self,
        n_lif: int = 128,
        n_alif: int = 128,
        *,
        neuron: EPropLIF | None = None,
        readout: LeakyReadout | None = None,
        feedback: str | None = None,
        feedback_decay: float = 0.5,
        optimizer: Optimizer | None = None,
        schedule: str | None = None,
        regularization: RateRegularization | None = None,
        gains: Mapping[str, float] | None = None,
        recurrent: bool = True,
        decision_window: Any = None,
        pool: int | None = None,
        n_lines: int | None = None,
        line_delay: Any = None,
        presentation: Any = None,
        rest: Any = None,
        dt: Any = None,
        n_epochs: int = 20,
        batch_size: int | None = None,
        augmenter: SpikeAugmenter | None = None,
        shuffle: bool = True,
        validation_fraction: float | None = None,
        n_iter_no_change: int | None = None,
        warm_start: bool = False,
        n_jobs: int | None = None,
        engine: str = "auto",
        random_state: Any = None,
        checkpoint: Any = None,
        verbose: int = 0,
    ) -> None:
        self.n_lif = n_lif
        self.n_alif = n_alif
        self.neuron = neuron
        self.readout = readout
        self.feedback = feedback
        self.feedback_decay = feedback_decay
        self.optimizer = optimizer
        self.schedule = schedule
        self.regularization = regularization
        self.gains = gains
        self.recurrent = recurrent
        self.decision_window = decision_window
        self.pool = pool
        self.n_lines = n_lines
        self.line_delay = line_delay
        self.presentation = presentation
        self.rest = rest
        self.dt = dt
        self.n_epochs = n_epochs
        self.batch_size = batch_size
        self.augmenter = augmenter
        self.shuffle = shuffle
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.warm_start = warm_start
        self.n_jobs = n_jobs
        self.engine = engine
        self.random_state = random_state
        self.checkpoint = checkpoint
        self.verbose = verbose

    def transform_spikes(self, X: Any) -> SpikeTrains:
        """Spikes of the recurrent neurons, LIF first, with weights held fixed.

        Parameters
        ----------
        X : SpikeTrains or array_like
            As in `fit`.

        Returns
        -------
        spikes : SpikeTrains of shape (n_samples, n_lif + n_alif)
        """
        spikes: SpikeTrains = self._answer(
            self._shown(X, "transform_spikes"), record="spikes"
        ).spikes
        return spikes

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags

    # ------------------------------------------------------------------ presenting

    def _no_targets(self, n: int) -> dict[str, Any]:
        """Targets of so many samples from which nothing is to be learned."""
        return {}

    def _presentation(self, data: Samples, targets: dict[str, Any] | None = None) -> Presentation:
        network = self._declare(learning=False) if self._opened is None else self._opened.network
        names, drawn = {p.name for p in network.projections}, network.drawn
        state = {
            k: v
            for k, v in self._state.items()
            if (k.endswith(LEARNED) and k.split(".")[0] in names) or k in drawn
        }
        targets = self._no_targets(len(data)) if targets is None else targets
        stimulus = make_stimulus(data, dt=self._dt, pool=self._pool, **targets)
        return Presentation(
            network=network, stimulus=stimulus, seed=self._stream("noise"), state=state
        )

    def _recorded(self, X: Any, method: str, variable: str, when: Any) -> States:
        """Values of a variable during each sample."""
        return self._answer(self._shown(X, method), record={variable: when}).states[variable]

    def _course(self, X: Any, variable: str) -> list[npt.NDArray[np.float64]]:
        """Values of a variable in all steps of each sample."""
        states = self._recorded(X, "predict_course", variable, engines.every(1))
        return [sample.values for sample in states]

    # ------------------------------------------------------------------ parameters

    @property
    def _pool(self) -> int | None:
        """Channels that are counted together, None for spikes as they are."""
        pool, n_lines = self._constant("pool", 1), self._constant("n_lines", 1)
        return None if pool == 1 and n_lines == 1 else int(pool)

    @property
    def _dt(self) -> float:
        return check_positive(self, "dt", self._fitted("dt", 1 * ms))

    def _fitted(self, name: str, otherwise: Any) -> Any:
        """Return what a parameter is if it is None."""
        return getattr(self, "constants_", {}).get(name, otherwise)

    def _constant(self, name: str, otherwise: Any) -> Any:
        """Return a parameter, or what it is if it is None."""
        value = getattr(self, name)
        return self._fitted(name, otherwise) if value is None else value

    def _declaration(self, name: str) -> Any:
        value = self._constant(name, None)
        return super()._declaration(name) if value is None else value

    def _samples(self, X: Any, method: str, *, reset: bool) -> Samples:
        if reset:
            self.constants_ = {}
        else:
            check_kind(self, X, method)
        steps = check_positive(self, "presentation", 100 * ms) / self._dt
        n_steps = round(steps)
        whole = isinstance(X, SpikeTrains) or math.isclose(steps, n_steps, abs_tol=1e-6)
        if self.presentation is not None and not whole:
            raise ParameterError(
                f"{type(self).__name__}.presentation: must be a whole multiple of dt={self._dt} s, "
                f"got {self.presentation}"
            )
        samples = check_samples(self, X, method, reset=reset, n_steps=max(n_steps, 1))
        if reset and self._classifies and isinstance(samples, SpikeTrains):
            self.constants_ = word_constants(samples, fit=method == "fit")
        if self.augmenter is not None and not isinstance(samples, SpikeTrains):
            raise DataError(
                f"{type(self).__name__}.augmenter: changes SpikeTrains, got {type(X).__name__}; "
                f"leave it out"
            )
        return samples

    def _declare(self, *, learning: bool) -> Network:
        return declare(self, self._error, learning=learning)
