"""Callbacks of a training: a function, and those of scikit-learn 1.9 and later."""

from collections.abc import Callable
from typing import Any

try:
    from sklearn import callback
except ImportError:  # scikit-learn before 1.9
    callback = None

CallbackSupport: Any = type("", (), {}) if callback is None else callback.CallbackSupportMixin

#: Called with an estimator that can answer and the last point of its history.
type Callback = Callable[[Any, dict[str, Any]], Any]


def with_callbacks[F: Callable[..., Any]](method: F) -> F:
    """Decorate what fits: callbacks are torn down afterwards, also after an error."""
    return method if callback is None else callback.with_callbacks(method)


class Callbacks:
    """All callbacks of a training, which may stop it.

    Parameters
    ----------
    estimator : estimator
        With callbacks of scikit-learn or without; each epoch of `fit` is a task for them.
    X, y
        What it is fitted to.
    function : callable or None
        Called after each point of the history.
    fit : bool
        Whether this is a `fit`; scikit-learn's callbacks are called in no other training.
    """

    def __init__(
        self, estimator: Any, X: Any, y: Any, function: Callback | None, *, fit: bool
    ) -> None:
        self.of_epochs = fit and bool(getattr(estimator, "_skl_callbacks", ()))
        self.function = function
        self._estimator, self._data = estimator, {"X": X, "y": y}
        if self.of_epochs:
            self._fit = estimator._init_callback_context(max_subtasks=estimator.n_epochs)
            self._fit.call_on_fit_task_begin(estimator=estimator, **self._data)

    def begin_epoch(self) -> None:
        """Call at the begin of an epoch."""
        if self.of_epochs:
            self._epoch = self._fit.subcontext(task_name="epoch")
            self._epoch.call_on_fit_task_begin(estimator=self._estimator, **self._data)

    def end_epoch(self, fitted: Callable[[], dict[str, Any]]) -> bool:
        """Call at the end of an epoch; return whether a callback asks to stop.

        `fitted` makes the attributes of an estimator whose training had ended now.
        """
        return self.of_epochs and self._tell(self._epoch, fitted)

    def end_fit(self, fitted: Callable[[], dict[str, Any]]) -> None:
        """Call at the end of a `fit`."""
        if self.of_epochs:
            self._tell(self._fit, fitted)

    def _tell(self, task: Any, fitted: Callable[[], dict[str, Any]]) -> bool:
        asked = task.call_on_fit_task_end(
            estimator=self._estimator, **self._data, reconstruction_attributes=fitted
        )
        return bool(asked)
