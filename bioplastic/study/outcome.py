"""What one task of a study found."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from bioplastic.study.workload import Workload


@dataclass(frozen=True, kw_only=True, eq=False)
class Outcome:
    """One method, trained once on one split of a problem and tested once.

    Parameters
    ----------
    problem, method, size : str
        Names.
    seed, fold : int
        Seed of the method; which part of the data was held out.
    classes : list of str
        Names of the classes.
    answers, truth : ndarray of int, shape (n_test,)
        Classes of the test samples, as indices of `classes`.
    samples : ndarray of int, shape (n_test,)
        Which samples of the problem they are.
    groups : list of str of length n_test, or None
        Speaker of each test sample, where the problem knows.
    n_train : int
        Training samples, those for choosing included.
    candidates : list of dict
        Hyperparameters that were tried, in order: ``"settings"`` (dict), ``"score"`` (accuracy on
        validation samples, None where there was nothing to choose) and ``"seconds"``.
    chosen : int
        Which of them was taken.
    curve : dict of list
        Learning curve: ``"x"`` (passes over the data), and ``"train"``, accuracy in training; both
        empty where a method learns in one go.
    seconds : dict of float
        Wall time of ``"choose"``, ``"build"`` (what `fit` waited for the compiler; 0 where programs
        were in the cache), ``"fit"`` (the rest of it) and ``"predict"``.
    peak_mb : float
        Highest memory of the process that did the task, in MB, with libraries, data and the
        programs that it ran; also with what tasks of other methods have left there, which is
        nothing where several processes of this machine do the tasks.
    learning, inference : Workload
        Of the last training (choosing left out) and of the test samples.
    description : str
        The model in words, with its equations where it has some.
    versions : dict of str
        Of Python and packages.
    exhibits : dict of str to ndarray
        Arrays to draw: ``"raster_times"``, ``"raster_units"`` (a test sample's spikes in the
        network; ``"raster_population"`` names it) and ``"fields"``, receptive fields of shape
        (n_neurons, height, width).
    """

    problem: str
    method: str
    size: str
    seed: int
    fold: int
    classes: list[str]
    answers: npt.NDArray[np.int_]
    truth: npt.NDArray[np.int_]
    samples: npt.NDArray[np.int_]
    groups: list[str] | None
    n_train: int
    candidates: list[dict[str, Any]]
    chosen: int
    curve: dict[str, list[float]]
    seconds: dict[str, float]
    peak_mb: float
    learning: Workload
    inference: Workload
    description: str
    versions: dict[str, str]
    exhibits: dict[str, npt.NDArray[Any]] = field(default_factory=dict)

    @property
    def accuracy(self) -> float:
        """Share of test samples that were classified correctly."""
        return float(np.mean(self.answers == self.truth))

    @property
    def confusion(self) -> npt.NDArray[np.int_]:
        """Test samples by true class (rows) and answer (columns)."""
        n = len(self.classes)
        return np.bincount(self.truth * n + self.answers, minlength=n * n).reshape(n, n)

    def as_json(self) -> dict[str, Any]:
        """All but `exhibits`, as JSON has it."""
        said = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "exhibits"}
        for name in ("answers", "truth", "samples"):
            said[name] = said[name].tolist()
        return said | {name: asdict(said[name]) for name in ("learning", "inference")}

    @classmethod
    def from_json(
        cls, said: Mapping[str, Any], exhibits: Mapping[str, npt.NDArray[Any]] | None = None
    ) -> Self:
        """Return what `as_json` gave, and its exhibits."""
        values = dict(said)
        for name in ("answers", "truth", "samples"):
            values[name] = np.asarray(values[name], dtype=int)
        for name in ("learning", "inference"):
            values[name] = Workload(**values[name])
        return cls(**values, exhibits=dict(exhibits or {}))
