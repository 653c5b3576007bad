"""What estimators that train a network share: streams of random numbers, and how they answer."""

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from bioplastic import engine as engines
from bioplastic.networks._opening import Opens

__all__ = ["TrainedNetwork", "draw_entropy"]


def draw_entropy(random_state: Any) -> list[int]:
    """Draw what all streams of a training follow from."""
    words = check_random_state(random_state).randint(0, 2**31 - 1, size=4)
    return [int(word) for word in words]


class TrainedNetwork(Opens, BaseEstimator):
    """Parent of the estimators that train a network and present samples to what was trained."""

    #: what random numbers are for; the order is part of the result
    _purposes: tuple[str, ...]
    #: set by a training
    timings_: dict[str, float]
    #: set by `fit`
    _entropy: list[int]

    def _samples(self, X: Any, method: str, *, reset: bool) -> Any:
        """Check samples for a method, which learns their kind and width where `reset`."""
        raise NotImplementedError

    def _presentation(self, data: Any) -> engines.Presentation:
        """Return what shows checked samples to the network, which learns nothing."""
        raise NotImplementedError

    def _stream(self, name: str) -> np.random.SeedSequence:
        """Independent stream of random numbers for one purpose."""
        streams = np.random.SeedSequence(self._entropy).spawn(len(self._purposes))
        return streams[self._purposes.index(name)]

    def _order(self, rows: npt.NDArray[np.int64], number: int) -> npt.NDArray[np.int64]:
        """Shuffle the rows of an epoch, by a number that tells it from others."""
        if not self.shuffle:
            return rows
        seed = int(self._stream("order").generate_state(1)[0])
        return np.random.default_rng([seed, number]).permutation(rows)

    @property
    def _shows_bar(self) -> bool:
        return bool(self.verbose)

    def _shown(self, X: Any, method: str) -> engines.Presentation:
        check_is_fitted(self, "weights_")
        return self._presentation(self._samples(X, method, reset=False))

    def _answer(self, shown: engines.Presentation, **options: Any) -> engines.Result:
        """Present samples as the parameters say."""
        result = self._present(shown, progress=self._shows_bar, **options)
        self.timings_["build"] += result.timings["build"]
        return result

    def presentation_of(self, X: Any) -> engines.Presentation:
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
        return hasattr(self, "weights_")
