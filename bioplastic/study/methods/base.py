"""What a study asks of a method of training."""

import abc
import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from bioplastic.spikes import SpikeTrains
from bioplastic.study.workload import Workload

#: Samples of a problem: spike trains, or an array of shape (n_samples, n_features) in [0, 1].
type Inputs = SpikeTrains | npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Theory:
    """What is known of a method, in sentences for the report.

    Parameters
    ----------
    idea : str
        How it learns, in two or three sentences; like all that follows, empty for nothing.
    strengths, weaknesses, local, not_local : str
        One or two sentences each: what speaks for and against it, what a synapse has at hand, and
        what it has not.
    history : str
        How its hyperparameters were found, and which data had a part in that.
    sources : list of str
        References with their DOI.
    """

    idea: str = ""
    strengths: str = ""
    weaknesses: str = ""
    local: str = ""
    not_local: str = ""
    history: str = ""
    sources: list[str] = field(default_factory=list)


class Method(abc.ABC):
    """A method of training. A study can take one of yours: derive from this class.

    A method says which hyperparameters it would choose from and makes an estimator of each; the
    study chooses by validation samples, trains, tests, and asks for the workload. What it does not
    count or describe the report says is not known.

    Examples
    --------
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from bioplastic.study import Method
    >>> class Nearest(Method):
    ...     name, title = "nearest", "Nearest neighbors"
    ...     def candidates(self, X, size):
    ...         return [{"n_neighbors": 1}, {"n_neighbors": 5}]
    ...     def make(self, X, size, settings, seed, *, trial):
    ...         return KNeighborsClassifier(**settings)
    >>> Nearest().missing
    []
    """

    #: Short name, as on the command line.
    name: ClassVar[str]
    #: Name in tables.
    title: ClassVar[str]
    #: Whether a brain could learn so; the others are there to show the distance.
    plausible: ClassVar[bool] = False
    #: Packages it needs beyond those of bioplastic, and the extra that installs them.
    needs: ClassVar[Mapping[str, str]] = {}
    #: How long a training takes, beside others: what takes long begins early.
    effort: ClassVar[float] = 1.0
    theory: ClassVar[Theory] = Theory()

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    @property
    def missing(self) -> list[str]:
        """Packages of `needs` that are not installed."""
        return [name for name in self.needs if importlib.util.find_spec(name) is None]

    @abc.abstractmethod
    def candidates(self, X: Inputs, size: str) -> Sequence[Mapping[str, Any]]:
        """Return hyperparameters to choose from, the most promising first."""

    @abc.abstractmethod
    def make(
        self, X: Inputs, size: str, settings: Mapping[str, Any], seed: int, *, trial: bool
    ) -> Any:
        """Build an estimator with `fit(X, y)` and `predict(X)`; a trial may be cheaper."""

    def workloads(self, model: Any, X_train: Inputs, X_test: Inputs) -> tuple[Workload, Workload]:
        """Count what training a fitted estimator on `X_train` takes, and classifying `X_test`.

        Without operations, as here, they count as not counted.
        """
        return Workload(n_samples=len(X_train)), Workload(n_samples=len(X_test))

    def describe(self, model: Any) -> str:
        """Give the fitted estimator in words, generated from what it declares."""
        return repr(model)

    def curve(self, model: Any) -> dict[str, list[float]]:
        """Give the learning curve: ``"x"``, passes, and ``"train"``, accuracy in training.

        Here it is the ``history_["score"]`` of models that note their accuracy after each epoch.
        """
        history = getattr(model, "history_", None)
        score = history.get("score", ()) if isinstance(history, Mapping) else ()
        return {"x": list(range(1, len(score) + 1)), "train": [float(s) for s in score]}

    def exhibits(
        self, model: Any, X_test: Inputs, image_shape: tuple[int, int] | None
    ) -> dict[str, npt.NDArray[Any]]:
        """Give arrays to draw, see `Outcome`."""
        return {}
