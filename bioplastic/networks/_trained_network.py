"""What estimators that train a network say of it, its random streams, and how it answers."""

import copy
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import is_classifier
from sklearn.utils.validation import check_is_fitted

from bioplastic._checks import check_whole
from bioplastic.engine.presenting import Presentation
from bioplastic.engine.program import Recorder
from bioplastic.engine.result import Result
from bioplastic.engine.stimulus import Stimulus
from bioplastic.models import Network
from bioplastic.networks._nested import NestedParameters
from bioplastic.networks._opening import Opens

type Points = dict[str, Any]
type Rows = npt.NDArray[np.int64]
type State = dict[str, npt.NDArray[np.float64]]


class TrainedNetwork(Opens, NestedParameters):
    """Parent of the estimators that train a network and present samples to what was trained.

    The first part is what a child says of itself: `_begin`, `_stimulus`, what to note of a part of
    the training (`_note`) and of held-out samples (`_measure`), `_finish`. `training.py` has the
    loop that asks.
    """

    #: what random numbers are for; the order is part of the result
    _purposes: tuple[str, ...] = ("weights", "noise", "order", "answers", "validation")
    #: whether each epoch is a run with a stimulus of its own
    _by_epoch = False
    #: numbers of the history that stand beside the progress bar
    _beside: tuple[str, ...] = ("spikes",)
    #: parameters that a resumed training may change
    _extends: frozenset[str] = frozenset({"n_epochs"})
    _is_loaded = False
    #: set by a training
    network_: Network
    timings_: dict[str, float]
    history_: dict[str, npt.NDArray[Any]]
    n_epochs_: int
    n_presentations_: int
    _entropy: list[int]
    _state: State
    _points: dict[str, list[Any]]
    _n_learned: int
    #: samples of an epoch; -1 where trainings differed in it
    _n_rows: int
    #: weights that held-out samples have found best, with their score and epoch
    _best: State

    # ------------------------------------------------------------------ what an estimator says

    def _samples(self, X: Any, method: str, *, reset: bool) -> Any:
        """Check samples for a method, which learns their kind and width where `reset`."""
        raise NotImplementedError

    def _targets(self, samples: Any, y: Any, classes: Any, *, fit: bool, first: bool) -> Any:
        """Check targets."""

    def _learned_from(self, targets: Any) -> tuple[Any, ...]:
        """Return the arrays beside the samples that training depends on, for a checkpoint."""
        return ()

    def _constants(self) -> dict[str, Any]:
        """Return numbers that training depends on, and that stand in no parameter or network."""
        return {}

    def _begin(self, samples: Any) -> None:
        """Declare `network_`, and set the initial `_state`."""
        raise NotImplementedError

    def _n_epochs_wanted(self) -> int:
        """Count the epochs of a training, where `_begin` has been called."""
        return check_whole(self, "n_epochs", low=1)

    def _learning(self, recorder: Recorder | None) -> tuple[Network, dict[str, Any]]:
        """Return the network that learns, and the options of its runs."""
        return self.network_, {}

    def _answering(self) -> Network:
        """Return the network as it answers, without learning."""
        raise NotImplementedError

    def _stimulus(self, samples: Any, targets: Any, *, first: int, epochs: range) -> Stimulus:
        """Make a stimulus of some epochs, before which so many samples were learned."""
        raise NotImplementedError

    def _given(self, epoch: int) -> State:
        """Return values that a run of this epoch begins with, beside what was learned."""
        return {}

    def _note(self, result: Result, before: State, targets: Any) -> Points:
        """Return a point of the history.

        Parameters
        ----------
        result : Result
            Of the run since the last point.
        before : dict of ndarray
            State that it began with.
        targets : object
            Those of its samples, in the order in which they were presented.
        """
        raise NotImplementedError

    def _measure(self, samples: Any, targets: Any) -> Points:
        """Return what to note of held-out samples."""
        twin = self._so_far()
        twin.__dict__.pop("feature_names_in_", None)  # samples were checked, and lost theirs
        twin._is_loaded = True  # no bar within the bar
        if is_classifier(self):
            right = twin.predict(samples) == self.classes_[targets]
            return {"validation_score": float(right.mean())}
        counts = twin._answer(twin._presentation(samples)).counts
        return {"validation_spikes": float(counts.sum(axis=1).mean())}

    @property
    def _learns(self) -> bool:
        """Whether there is anything to learn."""
        return True

    def _is_enough(self) -> bool:
        """Whether held-out samples say that training may end."""
        return False

    def _finish(self) -> None:
        """Set what a fitted estimator has, from `_state`; a child has more."""
        self.history_ = {name: np.array(points) for name, points in self._points.items()}

    def _label(self) -> None:
        """Set what a fitted estimator needs beside it to answer while it trains."""

    def _conclude(self, samples: Any, targets: Any, *, fit: bool) -> None:
        """Do what is left to do after a training that was not interrupted."""

    def _presentation(self, data: Any) -> Presentation:
        """Return what shows checked samples to the network, which learns nothing."""
        raise NotImplementedError

    def _so_far(self) -> Self:
        """Copy the estimator as it would be had the training ended now."""
        twin = copy.copy(self)
        twin._finish()
        twin._label()
        return twin

    # ------------------------------------------------------------------ random streams

    def _stream(self, name: str) -> np.random.SeedSequence:
        """Independent stream of random numbers for one purpose."""
        streams = np.random.SeedSequence(self._entropy).spawn(len(self._purposes))
        return streams[self._purposes.index(name)]

    def _order(self, n: int, number: int) -> Rows:
        """Shuffle the samples of an epoch, by a number that tells it from others."""
        if not self.shuffle:
            return np.arange(n)
        seed = int(self._stream("order").generate_state(1)[0])
        return np.random.default_rng([seed, number]).permutation(n)

    # ------------------------------------------------------------------ answers

    @property
    def _shows_bar(self) -> bool:
        """Whether answers show one: not those of a model that comes from a file."""
        return bool(self.verbose) and not self._is_loaded

    def _shown(self, X: Any, method: str) -> Presentation:
        check_is_fitted(self, "network_")
        return self._presentation(self._samples(X, method, reset=False))

    def _answer(self, shown: Presentation, **options: Any) -> Result:
        """Present samples as the parameters say."""
        result = self._present(shown, **{"progress": self._shows_bar} | options)
        self.timings_["build"] += result.timings["build"]
        return result

    def presentation_of(self, X: Any) -> Presentation:
        """Return what the trained network is presented with, for runs of your own.

        Parameters
        ----------
        X : SpikeTrains or array_like
            As in `fit`.

        Returns
        -------
        presentation : Presentation
            The network without its rules, what was learned, and the samples as a stimulus.
        """
        return self._shown(X, "presentation_of")

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "network_")

    def __setstate__(self, state: Any) -> None:
        super().__setstate__(state)
        self._is_loaded = True
