"""How estimators present samples: each time anew, or to a network that a listener keeps open."""

import os
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from bioplastic.engine.listening import OpenNetwork
from bioplastic.engine.presenting import Presentation
from bioplastic.engine.result import Result
from bioplastic.spikes import SpikeTrains

if TYPE_CHECKING:
    from bioplastic.networks.listener import Listener


class Opens:
    """Parent of the estimators that present samples, and that can be kept open."""

    engine: str
    n_jobs: int | None
    timings_: dict[str, float]
    engine_: dict[str, str]
    #: Of an estimator within a listener.
    _opened: OpenNetwork | None = None
    #: Whether samples are spikes; `fit` may find out.
    _takes_spikes: bool = True

    def open(self) -> "Listener":
        """Keep the trained network ready to answer at once, sample by sample or bit by bit.

        Returns
        -------
        listener : Listener
            A context manager. What is trained afterwards it does not know.

        Raises
        ------
        NotFittedError
            If it was not trained.
        ParameterError
            If the network remembers earlier samples, or the engine keeps no program.
        """
        from bioplastic.networks.listener import Listener

        return Listener(self)

    def look(
        self, X: Any, record: Any, *, record_path: str | os.PathLike[str] | None = None
    ) -> Result:
        """Present samples to the trained network, and record what goes on in it.

        Parameters
        ----------
        X : SpikeTrains or array_like
            Samples, as `fit` takes them.
        record : mapping
            What to record, by names of the network that ``presentation_of(X).network`` shows: see
            :func:`bioplastic.engine.run`.
        record_path : path-like, optional
            New HDF5 file for recorded state, where memory has no room.

        Returns
        -------
        result : Result
            With `spikes`, `states` and `counts` of every sample.

        Raises
        ------
        NotFittedError
            If it was not trained.
        ParameterError
            If the network does not have what is to be recorded.

        Examples
        --------
        >>> from bioplastic import SpikeTrains
        >>> from bioplastic.networks import LiquidStateMachine
        >>> X = SpikeTrains([0.01, 0.02, 0.01], [0, 1, 1], [0, 2, 3], n_units=2, duration=0.05)
        >>> lsm = LiquidStateMachine(20, liquid="random", engine="numpy", random_state=0).fit(X)
        >>> result = lsm.look(X, {"spikes": ["exc"], "exc.v": [0, 5, 7]})
        >>> result.states["exc.v"][1].values.shape[1], len(result.spikes["exc"])
        (3, 2)
        """
        return self.presentation_of(X).present(
            engine=self.engine, n_jobs=self.n_jobs, record=record, record_path=record_path
        )

    def presentation_of(self, X: Any) -> Presentation:
        """Return what samples are presented to."""
        raise NotImplementedError

    def _present(self, shown: Presentation, *, progress: bool, **how: Any) -> Result:
        """Present samples as the parameters say, or to the network that is open."""
        if self._opened is not None:
            return self._opened.present(shown.stimulus, **how)
        options = {"engine": self.engine, "n_jobs": self.n_jobs, "description": "presenting"}
        return shown.present(progress=progress, **options, **how)

    def _spikes_of(self, shown: Presentation, *, progress: bool) -> SpikeTrains:
        """Present samples for their spikes; note how long that took, beside builds so far."""
        result = self._present(shown, record="spikes", progress=progress)
        result.timings["build"] += self.timings_["build"]
        self.timings_, self.engine_ = result.timings, result.engine
        spikes: SpikeTrains = result.spikes
        return spikes

    def _open_network(self) -> OpenNetwork:
        """Open the network, for which a silent sample stands."""
        check_is_fitted(self)
        n: int = self.n_features_in_  # type: ignore[attr-defined]
        silence: Any = np.zeros((1, n))
        if self._takes_spikes:
            silence = SpikeTrains([], [], [0, 0], n_units=n, duration=0.0)
        return OpenNetwork(self.presentation_of(silence), engine=self.engine)
