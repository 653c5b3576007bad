"""How estimators present samples: each time anew, or to a network that a listener keeps open."""

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from bioplastic import engine as engines
from bioplastic.engine.listening import OpenNetwork
from bioplastic.spikes import SpikeTrains

if TYPE_CHECKING:
    from bioplastic.networks.listener import Listener

__all__ = ["Opens"]


class Opens:
    """Parent of the estimators that present samples, and that can be kept open."""

    engine: str
    n_jobs: int | None
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

    def presentation_of(self, X: Any) -> engines.Presentation:
        """Return what samples are presented to."""
        raise NotImplementedError

    def _present(
        self, shown: engines.Presentation, *, progress: bool, **how: Any
    ) -> engines.Result:
        """Present samples as the parameters say, or to the network that is open."""
        if self._opened is not None:
            how.pop("description", None)
            return self._opened.present(shown.stimulus, **how)
        options = {"engine": self.engine, "n_jobs": self.n_jobs, "description": "presenting"}
        return shown.present(progress=progress, **options | how)

    def _open_network(self) -> OpenNetwork:
        """Open the network, for which a silent sample stands."""
        check_is_fitted(self)
        n: int = self.n_features_in_  # type: ignore[attr-defined]
        silence: Any = np.zeros((1, n))
        if self._takes_spikes:
            silence = SpikeTrains([], [], [0, 0], n_units=n, duration=0.0)
        return OpenNetwork(self.presentation_of(silence), engine=self.engine)
