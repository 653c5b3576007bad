"""Callbacks of scikit-learn, whose versions from 1.9 on have some: each epoch is a task."""

from collections.abc import Callable
from typing import Any

try:
    from sklearn import callback
except ImportError:  # scikit-learn before 1.9
    callback = None

__all__ = ["CallbackSupport", "Epochs", "with_callbacks"]

CallbackSupport: Any = type("", (), {}) if callback is None else callback.CallbackSupportMixin


def with_callbacks[F: Callable[..., Any]](method: F) -> F:
    """Decorate what fits: callbacks are torn down afterwards, also after an error."""
    return method if callback is None else callback.with_callbacks(method)


class Epochs:
    """What the callbacks of an estimator are told of its `fit`.

    Parameters
    ----------
    estimator : estimator
        With callbacks or without.
    X, y
        What it is fitted to.
    fitted : callable
        Makes the attributes of an estimator whose training had stopped now.
    """

    def __init__(
        self, estimator: Any, X: Any, y: Any, fitted: Callable[[], dict[str, Any]]
    ) -> None:
        self.wanted = bool(getattr(estimator, "_skl_callbacks", ()))
        self._estimator, self._data, self._fitted = estimator, {"X": X, "y": y}, fitted
        if self.wanted:
            self._fit = estimator._init_callback_context(max_subtasks=estimator.n_epochs)
            self._fit.call_on_fit_task_begin(estimator=estimator, **self._data)

    def begin(self) -> None:
        """Tell that an epoch begins."""
        if self.wanted:
            self._epoch = self._fit.subcontext(task_name="epoch")
            self._epoch.call_on_fit_task_begin(estimator=self._estimator, **self._data)

    def end(self) -> bool:
        """Tell that an epoch is over; return whether a callback asks to stop."""
        return self.wanted and self._tell(self._epoch)

    def end_fit(self) -> None:
        """Tell that all is done."""
        if self.wanted:
            self._tell(self._fit)

    def _tell(self, task: Any) -> bool:
        asked = task.call_on_fit_task_end(
            estimator=self._estimator, **self._data, reconstruction_attributes=self._fitted
        )
        return bool(asked)
