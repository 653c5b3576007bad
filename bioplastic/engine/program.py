"""What every engine offers: a program that shows a network a chunk of samples."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from bioplastic.engine.state import Values
from bioplastic.models import Network


def _nothing() -> npt.NDArray[np.int64]:
    return np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, kw_only=True, slots=True)
class ProbePlan:
    """What to look at within a chunk, and when.

    Parameters
    ----------
    variables : mapping of str to ndarray of int32
        Which elements of which ``"population.variable"`` or ``"projection.variable"``.
    every : mapping of str to int
        Variables that are looked at after every so many steps of each slot, counted from its
        begin; 0 is after its last step. Others are looked at after the following steps.
    rows, steps : ndarray of int64 of shape (n_points,)
        After which step of which row of the chunk, sorted by row and then by step.
    """

    variables: Mapping[str, npt.NDArray[np.int32]]
    every: Mapping[str, int] = field(default_factory=dict)
    rows: npt.NDArray[np.int64] = field(default_factory=_nothing)
    steps: npt.NDArray[np.int64] = field(default_factory=_nothing)

    def counts(self, name: str, shown: npt.NDArray[Any], n_steps: npt.NDArray[Any]) -> Any:
        """Count how often a variable is looked at in slots.

        Parameters
        ----------
        name : str
            The variable.
        shown : ndarray of shape (n_slots,)
            Rows that the slots show.
        n_steps : ndarray of shape (n_rows,)
            Lengths of all rows.

        Returns
        -------
        counts : ndarray of int64 of shape (n_slots,)
        """
        shown = shown.astype(np.int64)
        if name not in self.every:
            return np.bincount(self.rows, minlength=len(n_steps))[shown]
        lengths = np.asarray(n_steps, dtype=np.int64)[shown]
        every = self.every[name]
        return lengths // every if every else np.minimum(lengths, 1)

    def probed(
        self, log: npt.NDArray[np.float64], values: dict[str, npt.NDArray[np.float64]]
    ) -> "Probed":
        """Return what was seen, given the slots of a chunk in their order."""
        shown = log[:, 0].astype(np.int64)
        first, end = (np.searchsorted(self.rows, shown, side) for side in ("left", "right"))
        n = end - first
        at = np.repeat(first - (np.cumsum(n) - n), n) + np.arange(n.sum())
        repeats = np.repeat(log[:, 1].astype(np.int64), n)
        return Probed(rows=self.rows[at], steps=self.steps[at], repeats=repeats, values=values)


@dataclass(frozen=True, kw_only=True, slots=True)
class Probed:
    """What was seen of what a :class:`.ProbePlan` says.

    Parameters
    ----------
    rows, steps, repeats : ndarray of int64 of shape (n_met,)
        Points, slot after slot; a sample that was presented again gives its points again.
    values : dict of str to ndarray of shape (n_met, n_elements)
        Of variables with `every` there are as many rows as :meth:`ProbePlan.counts` says, slot
        after slot.
    """

    rows: npt.NDArray[np.int64]
    steps: npt.NDArray[np.int64]
    repeats: npt.NDArray[np.int64]
    values: dict[str, npt.NDArray[np.float64]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Chunk:
    """What a program is given.

    Parameters
    ----------
    samples : mapping of str to (mapping of str to ndarray)
        What each input is shown, by population. ``"table"``: of rates in hertz, a row for each
        sample; of signals, a row for each step of all slots end to end. ``"steps"``, ``"units"``:
        of spikes, in order of time, those of sample `k` from ``"offsets"[k]``. ``"key"``: two
        words in place of those of `seed`, for an input with noise of its own.
    n_steps : ndarray of shape (n_rows,)
        Length of every slot.
    keys : ndarray of shape (n_rows,)
        Names of the samples to the random numbers, whole numbers below 2**53.
    targets : ndarray of shape (n_rows,)
        What equations read as ``target(cursor)``.
    values : mapping of str to ndarray or float
        Every parameter and every variable of the network, in base units.
    seed : tuple of int
        Two 32-bit words.
    folder : Path
        Of the run: what its chunks have in common may be kept there.
    target_signals : ndarray of shape (n_steps, n_outputs) or None
        What equations read as ``target_signal(row, i)``, steps of all slots end to end.
    probe : ProbePlan or None
        What to look at on the way.
    combine : {"sum", "mean", None}
        What lanes learn of what the samples of a round taught.
    spikes : tuple of str
        Populations whose spikes are handed back, see ``spiking`` of `bioplastic.engine.record`;
        the number of those of the watched ones is given in any case.
    n_threads : int
        Threads that share the samples out, of a program that can.
    unit : int
        Samples that threads learn together: a batch, or those of a round. 0 where samples teach
        nothing.
    """

    samples: Mapping[str, Mapping[str, npt.NDArray[Any]]]
    n_steps: npt.NDArray[np.int64]
    keys: npt.NDArray[np.float64]
    targets: npt.NDArray[np.float64]
    values: Mapping[str, npt.NDArray[np.float64] | float]
    seed: tuple[int, int]
    folder: Path
    target_signals: npt.NDArray[np.float64] | None = None
    probe: ProbePlan | None = None
    combine: Literal["sum", "mean"] | None = None
    spikes: tuple[str, ...] = ()
    n_threads: int = 1
    unit: int = 0

    @property
    def first_rows(self) -> npt.NDArray[np.int64]:
        """Where each slot begins in the tables of signals."""
        return np.cumsum(self.n_steps) - self.n_steps


@dataclass(frozen=True, kw_only=True, slots=True)
class ChunkResult:
    """What a program hands back.

    Parameters
    ----------
    state : dict of str to ndarray
        Every variable that is not a parameter, after the last slot.
    times, units : ndarray of shape (n_spikes,)
        Spikes of the populations that the chunk names, in seconds from the begin of their slot; the
        units of a second population are counted on from those of the first.
    offsets : ndarray of shape (n_slots + 1,)
        Slot `k` owns the spikes ``offsets[k]`` up to ``offsets[k + 1]``; none where nobody wants
        them.
    log : ndarray of shape (n_slots, 3)
        Row, repetition and number of watched spikes of every slot.
    seconds : float
        Wall time of the slots.
    probed : Probed or None
        What was looked at on the way.
    build_seconds : float
        Wall time of building the program again, where it was lost.
    """

    state: dict[str, npt.NDArray[np.float64]]
    times: npt.NDArray[np.float64]
    units: npt.NDArray[np.int32]
    offsets: npt.NDArray[np.int64]
    log: npt.NDArray[np.float64]
    seconds: float
    probed: Probed | None = None
    build_seconds: float = 0.0


class Program(Protocol):
    """A built network."""

    #: Seconds that opening it waited for its build, 0 where the cache had it.
    build_seconds: float
    #: Size of every variable and parameter that is not one of a list of synapses, by name.
    sizes: dict[str, int]

    def run(
        self, chunk: Chunk, *, report: Callable[[int], None], stop: Callable[[], bool]
    ) -> ChunkResult:
        """Run slots until every row was presented, repetitions included, or `stop` says so.

        `report` receives the number of finished rows; `stop` is asked at the edges of slots.
        """


class Recorder(Protocol):
    """What watches a run, for example :class:`bioplastic.inspect.PlasticityRecorder`."""

    def begin(
        self, network: Network, sizes: Mapping[str, int], state: Values, *, start: int, stop: int
    ) -> None:
        """Begin a run of the presentations `start` up to `stop`, before the first of them."""

    def plan(self, start: int, n_steps: npt.NDArray[np.int64]) -> ProbePlan | None:
        """Say what to look at in the chunk that begins with presentation `start`."""

    def record(self, start: int, result: ChunkResult) -> None:
        """Take what the chunk gave."""


@contextlib.contextmanager
def deferred_interrupt() -> Iterator[Callable[[], bool]]:
    """Hold Ctrl-C back until a slot's edge; a second Ctrl-C acts at once.

    Yields
    ------
    asked : callable
        Says whether Ctrl-C was pressed.
    """
    pressed = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield pressed.is_set
        return
    before = signal.getsignal(signal.SIGINT)

    def handler(number: int, frame: object) -> None:
        if pressed.is_set():
            raise KeyboardInterrupt
        pressed.set()

    signal.signal(signal.SIGINT, handler)
    try:
        yield pressed.is_set
    finally:
        signal.signal(signal.SIGINT, before)
