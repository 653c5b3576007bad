"""A regressor that learns by e-prop: signals out of spikes or signals."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils.validation import check_is_fitted

from bioplastic.errors import DataError
from bioplastic.models import Adam
from bioplastic.models.declaration import Declaration
from bioplastic.models.eprop import SquaredError
from bioplastic.networks._eprop import EPropNetwork
from bioplastic.networks._eprop_training import Ends, EPropTraining, mean_loss
from bioplastic.networks._inheriting import with_defaults, with_sections_of
from bioplastic.networks.eprop_samples import Samples, n_steps_of


@with_sections_of(EPropNetwork)
class EPropRegressor(RegressorMixin, EPropTraining):
    r"""Recurrent spiking network that learns signals, or numbers, by e-prop.

    The network of :class:`EPropClassifier`, with a leaky readout for each output, whose deviation
    from the target is the error.

    Attributes
    ----------
    history_ : dict of str to ndarray of shape (n_epochs,)
        ``"loss"``, half the mean squared error, of the samples while they were learned,
        ``"spikes"`` a sample, and ``"validation_loss"`` and ``"validation_score"`` (less the mean
        squared error) of those held out.
    n_outputs_ : int
        Signals, or numbers, that are learned.

    Notes
    -----
    Bellec et al., Nature Communications 11:3625, 2020, doi 10.1038/s41467-020-17236-y.

    Examples
    --------
    >>> import numpy as np
    >>> from brian2 import ms
    >>> from bioplastic import SpikeTrains
    >>> from bioplastic.networks import EPropRegressor
    >>> spikes = SpikeTrains([0.01, 0.02], [0, 1], [0, 2], n_units=2, duration=0.04)
    >>> wave = np.sin(np.linspace(0, 6, 40))[None, :, None]
    >>> model = EPropRegressor(5, 0, n_epochs=1, batch_size=1, engine="numpy", random_state=0)
    >>> model.fit(spikes, wave).predict(spikes)[0].shape
    (40, 1)
    """

    #: set by `fit`
    n_outputs_: int
    _learns_signals: bool
    _flat: bool
    _error = SquaredError

    _standard: ClassVar[Mapping[str, Declaration]] = {
        **EPropNetwork._standard,
        "optimizer": Adam(learning_rate=0.003),
    }

    __init__ = with_defaults(EPropNetwork.__init__, n_lif=100, n_alif=0, n_epochs=100, batch_size=1)

    def predict(self, X: Any) -> Any:
        """Return what the readouts say.

        Parameters
        ----------
        X : SpikeTrains or array_like
            As in `fit`.

        Returns
        -------
        y : list of ndarray of shape (n_steps, n_outputs), or ndarray of shape (n_samples,) or \
(n_samples, n_outputs)
            Signals, one array for each sample; or means over the decision window, where numbers
            were learned.
        """
        check_is_fitted(self, "weights_")
        if self._learns_signals:
            return self.predict_course(X)
        answers = self._recorded(X, "predict", "error.answer", "end").values[:, 0]
        return answers[:, 0] if self._flat else answers

    def predict_course(self, X: Any) -> list[npt.NDArray[np.float64]]:
        """Return what the readouts say as time goes by.

        Parameters
        ----------
        X : SpikeTrains or array_like
            As in `fit`.

        Returns
        -------
        y : list of ndarray of shape (n_steps, n_outputs)
            One array for each sample.
        """
        return self._course(X, "error.y")

    def score(self, X: Any, y: Any, sample_weight: npt.ArrayLike | None = None) -> float:
        """Coefficient of determination, of signals over all steps of all samples.

        Parameters
        ----------
        X : SpikeTrains or array_like
            As in `fit`.
        y : array_like
            As in `fit`.
        sample_weight : array_like of shape (n_samples,), optional
            Weights of samples; not for signals.

        Returns
        -------
        score : float
        """
        answer = self.predict(X)
        if not self._learns_signals:
            return float(r2_score(y, answer, sample_weight=sample_weight))
        if sample_weight is not None:
            raise DataError("EPropRegressor.score: signals take no sample_weight; leave it out")
        try:
            truth = [
                np.asarray(one, dtype=float)[: len(a)] for one, a in zip(y, answer, strict=True)
            ]
            return float(r2_score(np.concatenate(truth), np.concatenate(answer)))
        except (TypeError, ValueError) as error:
            raise DataError(
                f"EPropRegressor.score: y must hold a signal (n_steps, n_outputs) for each of the "
                f"{len(answer)} samples: {error}"
            ) from error

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        tags.regressor_tags.poor_score = True
        return tags

    # ------------------------------------------------------------------ for the training

    @property
    def _n_outputs(self) -> int:
        return self.n_outputs_

    def _targets(self, samples: Samples, y: Any, classes: Any, *, fit: bool, first: bool) -> Any:
        """Check the targets, and make numbers that stay signals, too."""
        name = type(self).__name__
        if y is None:
            raise DataError(f"{name} requires y to be passed, but the target y is None")
        try:
            y = y if isinstance(y, (list, tuple)) else np.asarray(y)
            signals = np.ndim(y[0]) == 2
            found = [np.asarray(one, dtype=np.float64) for one in y]
            lengths = n_steps_of(samples, self._dt)
            if len(found) != len(lengths):
                raise ValueError(f"there are {len(lengths)} samples and {len(found)} targets")
            if not all(np.isfinite(one).all() for one in found):
                raise ValueError("some are not finite")
            rows = found if signals else [np.atleast_1d(one)[None, :] for one in found]
            widths = {row.shape[1] for row in rows}
            if len(widths) != 1 or any(row.ndim != 2 for row in rows):
                raise ValueError("all must have the same outputs")
            bad = [k for k, row in enumerate(rows) if signals and len(row) < lengths[k]]
            if bad:
                raise ValueError(
                    f"target {bad[0]} has {len(rows[bad[0]])} steps, its sample {lengths[bad[0]]}"
                )
        except (TypeError, ValueError, IndexError) as error:
            raise DataError(
                f"{name}: y must hold a signal (n_steps, n_outputs), a number or (n_outputs,) for "
                f"each sample: {error}"
            ) from error
        if signals and self.augmenter is not None:
            raise DataError(
                f"{name}.augmenter: stretches samples, whose target signals would no longer fit; "
                f"leave it out"
            )
        width: int = widths.pop()
        if not first and (width != self.n_outputs_ or signals != self._learns_signals):
            raise DataError(f"{name}: y must be of the kind and width of the first call")
        self.n_outputs_, self._learns_signals = width, signals
        self._flat = not signals and np.ndim(found[0]) == 0
        room = 2 * int(lengths.max(initial=1))  # an augmented sample may be longer
        return rows if signals else [np.broadcast_to(row, (room, width)) for row in rows]

    def _shown_targets(self, targets: Any) -> dict[str, Any]:
        return {"target_signals": targets}

    def _no_targets(self, n: int) -> dict[str, Any]:
        return {"target_signals": [np.zeros((1, self.n_outputs_))] * n}

    def _score(self, ends: Ends, targets: Any) -> float:
        return -2.0 * mean_loss(ends)
