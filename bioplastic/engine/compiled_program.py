"""A network as a compiled program, which reads files and writes files: cached, run in chunks."""

import functools
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

import brian2
import numpy as np
import numpy.typing as npt
import sympy

from bioplastic.engine import cache
from bioplastic.engine.arrays_file import read_arrays, write_arrays
from bioplastic.engine.functions import looked_up
from bioplastic.engine.plan import plan_of
from bioplastic.engine.program import Chunk, ChunkResult, Probed
from bioplastic.engine.record import spiking
from bioplastic.engine.schedule import SLOT_LOG
from bioplastic.engine.staying import Samples, StayingProgram, end, follow, writing
from bioplastic.engine.stimulus import Arrays
from bioplastic.errors import SimulationError, StorageError
from bioplastic.models import Network, TimeTable

#: In place of the steps from one look at a variable to the next.
_AT_POINTS = -1
#: What lanes learn, by the number that the program is given.
_COMBINE = (None, "sum", "mean")


class CompiledProgram:
    """A network as one compiled program, which reads files and writes files.

    Parameters
    ----------
    network : Network
        The declaration.
    lanes : int
        Samples that are shown side by side.
    versions : tuple of str
        What the program follows from, beside the declaration and the versions of Python's packages.
    build : callable
        Makes the program in an empty folder.
    answers : Network, optional
        What answers after `network` has learned, and is part of the same program.

    Raises
    ------
    BuildError
        If the compiler fails; shows its last lines and where the sources lie.
    StorageError
        If the cache cannot be written.
    """

    #: Rows of one chunk where nobody says otherwise.
    n_rows = 1000
    #: Seconds that a build is said to take before there was any.
    guess = 3.0

    def __init__(
        self,
        network: Network,
        lanes: int,
        versions: tuple[str, ...],
        build: Callable[[Path], None],
        answers: Network | None = None,
    ) -> None:
        plan = plan_of(network)
        packages = brian2.__version__, np.__version__, sympy.__version__, sys.version
        key, *other = (
            cache.fingerprint(plan_of(each).key, str(lanes > 1), *packages, *versions)
            for each in (network, answers)
            if each is not None
        )
        self._of_cache = functools.partial(
            cache.get_or_build, key, build, *other, kind=type(self).__name__, guess=self.guess
        )
        self.folder, manifest, self.build_seconds = self._of_cache()
        self.sizes: dict[str, int] = {
            name: plan.sizes[owner] if owner else 1
            for name, (owner, _) in manifest["layout"].items()
        }
        #: What the program reads first, see :class:`SlotDevice`.
        neurons = [population.n for population in network.populations]
        self._sizes = np.array([lanes, *neurons, *plan.columns], dtype=np.int64)
        #: Tables over time, by their place among the functions of the network.
        tables = [f for own in plan.functions.values() for f in own.values()]
        tables = [table for table in tables if isinstance(table, TimeTable)]
        dt = float(network.schedule.dt)
        self._times = {f"times.{k}": looked_up(table, dt) for k, table in enumerate(tables)}
        self._types: dict[str, str] = {name: t for name, (_, t) in manifest["layout"].items()}
        #: By which the variables' arrays are named in files.
        self.numbers: dict[str, int] = manifest["numbers"]
        self._parameters = set(manifest["parameters"])
        self._lists = plan.lists
        self._inputs = [population.name for population in network.inputs]
        self._spiking = {name: network.population(name).n for name in spiking(network)}

    def run(
        self, chunk: Chunk, *, report: Callable[[int], None], stop: Callable[[], bool]
    ) -> ChunkResult:
        """Run slots, see :class:`~bioplastic.engine.program.Program`."""
        with tempfile.TemporaryDirectory(dir=chunk.folder, ignore_cleanup_errors=True) as name:
            folder = Path(name)
            with writing(chunk.folder):
                write_arrays(folder / "given", self.values_of(chunk) | self.samples_of(chunk))
            built = self._call(folder, self.arguments(folder, chunk), report, stop)
            return self.read_output(folder, chunk, built)

    def stay(self, chunk: Chunk) -> StayingProgram:
        """Start the program, which then stays alive between chunks of the same run.

        Parameters
        ----------
        chunk : Chunk
            The first, which may have no rows. Others have other samples, and all else alike: no
            threads, and a network for which samples do not depend on each other.

        Raises
        ------
        SimulationError
            If the program fails.
        StorageError
            If the disk is full, or the program may not be run.
        """
        return StayingProgram(self, chunk)

    @staticmethod
    def arguments(folder: Path, chunk: Chunk) -> list[str]:
        """Return what the program is called with, behind the number of its part."""
        combine = _COMBINE.index(chunk.combine)
        given = folder, len(chunk.keys), combine, chunk.n_threads, chunk.unit
        return [str(argument) for argument in given]

    def samples_of(self, chunk: Chunk) -> Arrays:
        """Return what differs between chunks of a network that learns nothing."""
        arrays = self.inputs_of(chunk.samples) | {
            "n_steps": np.asarray(chunk.n_steps, dtype=np.int64),
            "key": np.array(chunk.seed, dtype=np.int64),
            "sample_keys": np.asarray(chunk.keys, dtype=np.float64),
            "targets": np.asarray(chunk.targets, dtype=np.float64),
            "recorded": self._recorded(chunk),
        }
        if chunk.target_signals is not None:
            arrays["target_signals"] = chunk.target_signals
        if chunk.probe is not None:
            points = np.stack([chunk.probe.rows, chunk.probe.steps], axis=1)
            arrays["probe.points"] = points.astype(np.int64)
            for name, chosen in chunk.probe.variables.items():
                look = [chunk.probe.every.get(name, _AT_POINTS), *chosen]
                arrays[f"probe.{self.numbers[name]}"] = np.array(look, dtype=np.int32)
        return arrays

    def _recorded(self, chunk: Chunk) -> npt.NDArray[np.int32]:
        """Return the first unit of each population among recorded spikes, -1 of the others."""
        first, found = 0, []
        for name, n in self._spiking.items():
            found.append(first if name in chunk.spikes else -1)
            first += n * (name in chunk.spikes)
        return np.array(found, dtype=np.int32)

    def inputs_of(self, samples: Samples) -> Arrays:
        """Return what the inputs are shown, see :class:`~bioplastic.engine.program.Chunk`."""
        return {
            f"input.{self._inputs.index(name)}.{what}": array
            for name, arrays in samples.items()
            for what, array in arrays.items()
        }

    def values_of(self, chunk: Chunk) -> Arrays:
        """Return sizes, parameters and state, and leave in the run's folder what all chunks share.

        That is of synapses what stays as it is.
        """
        arrays: Arrays = {"sizes": self._sizes, **self._times}
        for variable, size in self.sizes.items():
            value = np.asarray(chunk.values[variable], dtype=self._types[variable])
            value = np.broadcast_to(value.ravel(), (size,))
            arrays[f"in.{self.numbers[variable]}"] = value

        def of_lists(*, change: bool) -> Arrays:
            return {
                f"in.{self.numbers[f'{name}.{key}']}": np.asarray(
                    chunk.values[f"{name}.{key}"], np.int32 if key in ("i", "j") else np.float64
                )
                for name, keys in self._lists.items()
                for key in keys[change]
            }

        shared = chunk.folder / "given"
        if not shared.exists():
            write_arrays(shared, of_lists(change=False))
        return arrays | of_lists(change=True)

    def _call(
        self,
        folder: Path,
        arguments: list[str],
        report: Callable[[int], None],
        stop: Callable[[], bool],
    ) -> float:
        """Run the program, and return the seconds that were waited for a build."""
        errors = folder / "stderr"
        with errors.open("w") as stderr:
            process, built = self.start(arguments, stderr)
            try:
                follow(process, report, stop)
                code = process.wait()
            finally:
                end(process)
        if code:
            raise self.failure(code, errors)
        return built

    def failure(self, code: int, errors: Path) -> SimulationError | StorageError:
        """Return the error that says how a program ended."""
        said = errors.read_text().strip() or "nothing"
        kind = StorageError if "disk full" in said else SimulationError
        return kind(
            f"the compiled program stopped with code {code} and said: {said}; "
            f"{self._advice(said)}its sources lie in {self.folder}"
        )

    def start(
        self,
        arguments: list[str],
        stderr: IO[str],
        *,
        stdin: int = subprocess.DEVNULL,
        tries: int = 3,
    ) -> tuple[subprocess.Popen[str], float]:
        """Start the program, which the cache may have lost since the last chunk."""
        self.folder, manifest, seconds = self._of_cache()
        try:
            # A session of its own, so that Ctrl-C reaches us and not the program, which is asked
            # to stop at a slot's edge. Should we die, its next report dies on the closed pipe.
            process = subprocess.Popen(
                [str(self.folder / "main"), str(manifest["part"]), *arguments],
                cwd=self.folder,
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
                start_new_session=True,
            )
        except OSError as error:
            if isinstance(error, FileNotFoundError) and tries > 1:  # removed since we looked
                process, more = self.start(arguments, stderr, stdin=stdin, tries=tries - 1)
                return process, seconds + more
            raise StorageError(
                f"the compiled program in {self.folder} cannot be run: {error}; set "
                f"BIOPLASTIC_CACHE to a folder of its own, from which programs may be run"
            ) from error
        return process, seconds

    def _advice(self, said: str) -> str:
        """Say what remedies there are for what the program said, ending in a semicolon."""
        return ""

    def read_output(self, folder: Path, chunk: Chunk, built: float) -> ChunkResult:
        """Read what the program has written for its first chunk."""
        made = read_arrays(folder / "made")
        types = {name: t for name, t in self._types.items() if name not in self._parameters}
        types |= {f"{n}.{k}": "float64" for n, (_, keys) in self._lists.items() for k in keys}
        state = {
            name: made[f"out.{self.numbers[name]}"].view(t).astype(np.float64)
            for name, t in types.items()
        }
        return replace(self.read_later_output(folder, chunk), state=state, build_seconds=built)

    def read_later_output(self, folder: Path, chunk: Chunk) -> ChunkResult:
        """Read what the program has written for a later chunk, which has little of the state."""
        made = read_arrays(folder / "made")
        odd = set(made["not_finite"].view(np.int32).tolist())
        state = {
            name: np.full(np.size(chunk.values[name]), np.nan)
            for name, number in self.numbers.items()
            if number in odd
        }
        name = "schedule.cursor"
        # Copied: the program writes the file anew.
        state[name] = made[f"out.{self.numbers[name]}"].view(self._types[name]).copy()

        def of_threads(name: str, dtype: Any) -> list[npt.NDArray[Any]]:
            return [made[f"{k}.{name}"].view(dtype) for k in range(chunk.n_threads)]

        lengths = [np.diff(offsets) for offsets in of_threads("offsets", np.int64)]
        log = np.concatenate(of_threads("log", np.float64)).reshape(-1, len(SLOT_LOG))
        return ChunkResult(
            state=state,
            times=np.concatenate(of_threads("spikes.t", np.float64)),
            units=np.concatenate(of_threads("spikes.i", np.int32)),
            offsets=np.concatenate([[0], np.cumsum(np.concatenate(lengths))]),
            log=log,
            seconds=float(made["seconds"].view(np.float64)[0]),
            probed=None if chunk.probe is None else self._probed(folder, chunk, log),
        )

    def _probed(self, folder: Path, chunk: Chunk, log: npt.NDArray[np.float64]) -> Probed:
        plan = chunk.probe
        assert plan is not None
        values = {}
        for name, chosen in plan.variables.items():
            paths = [folder / f"{k}.probed.{self.numbers[name]}" for k in range(chunk.n_threads)]
            n = int(plan.counts(name, log[:, 0], chunk.n_steps).sum())
            seen = [_numbers_in(path) for path in paths]
            whole = seen[0] if len(seen) == 1 else np.concatenate(seen)
            values[name] = whole.reshape(n, len(chosen))
        return plan.probed(log, values)


def _numbers_in(path: Path) -> npt.NDArray[np.float64]:
    """Return the numbers of a file, which stay in it until they are asked for or changed."""
    if not path.stat().st_size:
        return np.zeros(0)
    return np.asarray(np.memmap(path, np.float64, mode="c"))
