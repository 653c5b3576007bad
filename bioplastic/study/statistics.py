"""What the outcomes of a study say about its methods, and how surely."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import stats

from bioplastic.errors import DataError, ParameterError
from bioplastic.study.outcome import Outcome

#: Up to so many units every combination of signs is tried, of more units random ones.
_MAX_EXACT, _N_FLIPS = 16, 10_000
#: Accuracies that differ by less are the same but for rounding.
_ROUNDING: Final = 1e-12


@dataclass(frozen=True, kw_only=True)
class Summary:
    """Accuracy of a method on a problem, as shares of 1.

    Parameters
    ----------
    accuracy : float
        Mean over units.
    low, high : float or None
        Ends of the 95 % interval; None where one unit tells nothing of the others.
    interval : {"t", "wilson"} or None
        How the interval was found.
    n_units, n_samples : int
        Different groups (samples where there are none), and different samples, that were tested.
    sd_seeds : float or None
        Standard deviation, over seeds, of the accuracy of a seed, which is the mean over its
        folds; None of one seed.
    n_seeds, n_tasks : int
        Seeds, and trainings.
    """

    accuracy: float
    low: float | None
    high: float | None
    interval: str | None
    n_units: int
    n_samples: int
    sd_seeds: float | None
    n_seeds: int
    n_tasks: int


@dataclass(frozen=True, kw_only=True)
class PairedTest:
    """Two methods compared on the units that both were tested on.

    Parameters
    ----------
    first, second : str
        The methods.
    n_units : int
        Units that both were tested on.
    difference : float or None
        Accuracy of the first minus that of the second, mean over those units; None of no units.
    low, high : float or None
        Ends of its 95 % interval, by Student's t, not corrected; None of fewer than two units.
    p : float or None
        Of a sign-flip test, two-sided.
    p_corrected : float or None
        The same after Holm's correction over all pairs.
    p_floor : float or None
        The smallest corrected p that so many units and pairs could give, whatever the accuracies.
    exact : bool
        Whether all combinations of signs were tried.
    """

    first: str
    second: str
    n_units: int
    difference: float | None
    low: float | None
    high: float | None
    p: float | None
    p_corrected: float | None
    p_floor: float | None
    exact: bool

    def decides(self, level: float = 0.05) -> bool:
        """Whether the test could find a difference: its smallest corrected p is below `level`."""
        return self.p_floor is not None and self.p_floor < level

    def significant(self, level: float = 0.05) -> bool:
        """Whether it found one."""
        return self.p_corrected is not None and self.p_corrected < level


def unit_accuracies(outcomes: Iterable[Outcome]) -> dict[str, dict[str, float]]:
    """Accuracy of each method on each unit: what a study generalises over.

    A unit is a group, such as a speaker, where the problem knows groups, else a test sample. Its
    accuracy is the mean over the trainings, of whatever seed and fold, that tested it.

    Parameters
    ----------
    outcomes : iterable of Outcome
        Of one problem.

    Returns
    -------
    accuracies : dict of str to dict of str to float
        Of methods, in the order of `outcomes`, and units, sorted: numbers from 0 to 1.

    Raises
    ------
    ParameterError
        If the outcomes are of several problems.
    DataError
        If only some of them know groups.
    """
    outcomes = list(outcomes)
    _check_one_problem(outcomes)
    found: dict[str, dict[str | int, list[float]]] = {}
    for outcome in outcomes:
        right = outcome.answers == outcome.truth
        units = outcome.samples if outcome.groups is None else np.asarray(outcome.groups)
        names, of = np.unique(units, return_inverse=True)
        means = np.bincount(of, right) / np.bincount(of)
        own = found.setdefault(outcome.method, {})
        for name, mean in zip(names.tolist(), means.tolist(), strict=True):
            own.setdefault(name, []).append(mean)
    return {
        method: {str(unit): float(np.mean(own[unit])) for unit in sorted(own)}
        for method, own in found.items()
    }


def summary(outcomes: Iterable[Outcome]) -> dict[str, Summary]:
    """Mean accuracy of each method on a problem, with a 95 % interval.

    Parameters
    ----------
    outcomes : iterable of Outcome
        Of one problem.

    Returns
    -------
    summaries : dict of str to Summary
        Of each method, in the order of `outcomes`.

    Raises
    ------
    ParameterError
        If the outcomes are of several problems.
    DataError
        If only some of them know groups.

    Notes
    -----
    Of groups it is Student's interval of their mean; where all groups agree, as they do when every
    answer is right, that would have no width, and Wilson's interval over samples is taken. Of
    samples it is Wilson's (Wilson 1927, doi 10.1080/01621459.1927.10502953), and a sample counts
    once, however many seeds tested it. Trainings on overlapping parts of the data are no
    independent ones, so the intervals are rather too narrow than too wide.
    """
    outcomes = list(outcomes)
    found = {}
    for method, units in unit_accuracies(outcomes).items():
        own = [outcome for outcome in outcomes if outcome.method == method]
        values = np.array(list(units.values()))
        samples = len(np.unique(np.concatenate([outcome.samples for outcome in own])))
        grouped = own[0].groups is not None
        low, high, kind = _interval(values, samples, grouped=grouped)
        of_seeds = [
            float(np.mean([outcome.accuracy for outcome in own if outcome.seed == seed]))
            for seed in sorted({outcome.seed for outcome in own})
        ]
        found[method] = Summary(
            accuracy=float(values.mean()),
            low=low,
            high=high,
            interval=kind,
            n_units=len(values),
            n_samples=samples,
            sd_seeds=float(np.std(of_seeds, ddof=1)) if len(of_seeds) > 1 else None,
            n_seeds=len(of_seeds),
            n_tasks=len(own),
        )
    return found


def paired_tests(
    outcomes: Iterable[Outcome], *, pairs: Iterable[tuple[str, str]] | None = None
) -> list[PairedTest]:
    """Compare methods on the units that both were tested on, corrected for the number of pairs.

    Parameters
    ----------
    outcomes : iterable of Outcome
        Of one problem.
    pairs : iterable of tuple of str, optional
        Methods to compare; all pairs where None. A question that needs fewer pairs is answered
        with more power: the correction is over these.

    Returns
    -------
    tests : list of PairedTest
        In the order of `pairs`.

    Raises
    ------
    ParameterError
        If the outcomes are of several problems, or a pair names a method that has none.
    DataError
        If only some outcomes know groups.

    Notes
    -----
    If two methods were alike, a difference on a unit would be as likely with the other sign. p is
    the share of combinations of signs whose mean difference is at least as large as the one found:
    of all combinations up to 16 units that differ, else of 10,000 random ones (seed 0) and the one
    found, see `scipy.stats.permutation_test`. With few units no p can be small: five speakers give
    1/16 at best. Ask `PairedTest.decides` before reading a large p as "no difference". Correction:
    S. Holm, Scandinavian Journal of Statistics 6:65-70, 1979.
    """
    accuracies = unit_accuracies(outcomes)
    chosen = list(itertools.combinations(accuracies, 2) if pairs is None else pairs)
    for name in itertools.chain.from_iterable(chosen):
        if name not in accuracies:
            raise ParameterError(
                f"paired_tests.pairs: must name methods with outcomes, {', '.join(accuracies)}; "
                f"got {name!r}"
            )
    differences = [_differences(accuracies[a], accuracies[b]) for a, b in chosen]
    tested = [k for k, values in enumerate(differences) if len(values)]
    p = {k: sign_flip(differences[k]) for k in tested}
    floors = [smallest_p(len(differences[k])) for k in tested]
    corrected = dict(zip(tested, holm([p[k] for k in tested]), strict=True))
    lowest = dict(zip(tested, holm(floors), strict=True))
    found = []
    for k, ((first, second), values) in enumerate(zip(chosen, differences, strict=True)):
        low, high, _ = _interval(values, 0, grouped=True, bounds=(-1.0, 1.0))
        found.append(
            PairedTest(
                first=first,
                second=second,
                n_units=len(values),
                difference=float(values.mean()) if len(values) else None,
                low=low,
                high=high,
                p=p.get(k),
                p_corrected=corrected.get(k),
                p_floor=lowest.get(k),
                exact=int(np.count_nonzero(values)) <= _MAX_EXACT,
            )
        )
    return found


def _check_one_problem(outcomes: Sequence[Outcome]) -> None:
    problems = sorted({outcome.problem for outcome in outcomes})
    if len(problems) > 1:
        raise ParameterError(
            f"outcomes: must be of one problem, got {', '.join(problems)}; take each by itself"
        )
    if len({outcome.groups is None for outcome in outcomes}) > 1:
        raise DataError(
            f"outcomes: only some of problem {problems[0]} know groups; run it again for all "
            f"methods with one version of the data"
        )


def _differences(
    first: Mapping[str, float], second: Mapping[str, float]
) -> npt.NDArray[np.float64]:
    shared = [unit for unit in first if unit in second]
    found = np.array([first[unit] - second[unit] for unit in shared], dtype=np.float64)
    found[np.abs(found) < _ROUNDING] = 0.0
    return found


def _interval(
    values: npt.NDArray[np.float64],
    n_samples: int,
    *,
    grouped: bool,
    bounds: tuple[float, float] = (0.0, 1.0),
) -> tuple[float | None, float | None, str | None]:
    """95 % interval of a mean: by t of groups, by Wilson of `n_samples` samples."""
    n = len(values)
    spread = float(values.std(ddof=1)) if n > 1 else 0.0
    if n_samples and (not grouped or (n > 1 and spread < _ROUNDING)):
        return (*wilson(float(values.mean()), n_samples), "wilson")
    if n < 2:
        return None, None, None
    half = float(stats.t.ppf(0.975, n - 1)) * spread / n**0.5
    mean = float(values.mean())
    return max(mean - half, bounds[0]), min(mean + half, bounds[1]), "t"


def holm(p: Sequence[float]) -> list[float]:
    """Correct p values for their number, by Holm's step-down method.

    Examples
    --------
    >>> [round(value, 3) for value in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    values = np.asarray(p, dtype=np.float64)
    order = np.argsort(values, kind="stable")
    stepped = np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1))
    corrected = np.empty_like(values)
    corrected[order] = np.minimum(stepped, 1.0)
    return [float(value) for value in corrected]


def wilson(share: float, n: int) -> tuple[float, float]:
    """Return the ends of Wilson's 95 % interval of a share, which may be a mean, of `n` samples."""
    z = float(stats.norm.ppf(0.975))
    center = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * (share * (1 - share) / n + z**2 / (4 * n**2)) ** 0.5
    return max(center - half, 0.0), min(center + half, 1.0)


def sign_flip(differences: npt.NDArray[np.float64]) -> float:
    """Return the two-sided p of a mean difference if each sign were as likely as the other."""
    signed = differences[differences != 0]  # a unit without a difference has no sign
    if len(signed) < 2:
        return 1.0
    found = stats.permutation_test(
        (signed,),
        lambda values, axis: values.sum(axis=axis).round(9),
        permutation_type="samples",
        vectorized=True,
        n_resamples=np.inf if len(signed) <= _MAX_EXACT else _N_FLIPS,
        batch=256,
        rng=np.random.default_rng(0),
    )
    return float(found.pvalue)


def smallest_p(n_units: int) -> float:
    """Return the smallest p that `sign_flip` can give of so many differences."""
    exact = min(1.0, 2.0 ** (1 - n_units))
    return exact if n_units <= _MAX_EXACT else max(exact, 2 / (_N_FLIPS + 1))
