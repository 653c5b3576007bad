"""A compiled program that stays alive between chunks, and the process behind any of them."""

import contextlib
import os
import shutil
import subprocess
import tempfile
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from bioplastic.engine.arrays_file import read_arrays, write_arrays
from bioplastic.engine.program import Chunk, ChunkResult
from bioplastic.errors import SimulationError, StorageError

if TYPE_CHECKING:
    from bioplastic.engine.compiled_program import CompiledProgram

Samples = Mapping[str, Mapping[str, npt.NDArray[Any]]]


class StayingProgram:
    """A compiled program that stays alive between chunks, and can stop within a sample.

    State, synapses and parameters stay in its memory, as they do between the samples of a chunk.

    Parameters
    ----------
    program : CompiledProgram
        What is started.
    chunk : Chunk
        The first; its folder belongs to the program from now on. Others have other samples, and
        all else alike.

    Attributes
    ----------
    close : callable
        Ends the process, as losing the object does.

    Raises
    ------
    SimulationError
        If the program fails, was killed or closed.
    StorageError
        If the disk is full, or the program may not be run.
    """

    def __init__(self, program: "CompiledProgram", chunk: Chunk) -> None:
        self._program, self._lock, self._streams = program, threading.Lock(), False
        self._owner = os.getpid()
        self._folder = folder = Path(tempfile.mkdtemp(dir=chunk.folder))
        with writing(chunk.folder):
            write_arrays(folder / "given", program.values_of(chunk) | program.samples_of(chunk))
        with (folder / "stderr").open("w") as stderr:
            self._process, self.build_seconds = program.start(
                program.arguments(folder, chunk), stderr, stdin=subprocess.PIPE
            )
        self.close = weakref.finalize(self, _close, self._process, chunk.folder, self._owner)
        self._wait()

    def run(
        self, chunk: Chunk, *, report: Callable[[int], None], stop: Callable[[], bool]
    ) -> ChunkResult:
        """Run slots, see :class:`~bioplastic.engine.program.Program`."""
        with self._lock:
            self._begin(chunk, goes_on=False)
            return self._program.read_later_output(self._folder, chunk)

    def begin(self, chunk: Chunk) -> None:
        """Begin the only sample of a chunk, and stop after the steps that the chunk gives it."""
        with self._lock:
            self._begin(chunk, goes_on=True)
            self._streams = True

    def go_on(
        self, samples: Samples, n_steps: int
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int32]]:
        """Go on by so many steps, in which the inputs fire these spikes.

        Parameters
        ----------
        samples : mapping of str to (mapping of str to ndarray)
            See :class:`~bioplastic.engine.program.Chunk`; steps count from the sample's begin.
        n_steps : int
            How many.

        Returns
        -------
        times, units : ndarray of shape (n_spikes,)
            Watched spikes of these steps, in seconds from the begin of the sample.
        """
        with self._lock:
            self._feed(samples, n_steps, goes_on=True)
            made = read_arrays(self._folder / "made")
            times, units = made["0.spikes.t"].view(np.float64), made["0.spikes.i"].view(np.int32)
            return times.copy(), units.copy()

    def end(self, chunk: Chunk, n_steps: int) -> ChunkResult:
        """End the sample so many steps later; the chunk has spikes of these, and is the whole."""
        with self._lock:
            self._feed(chunk.samples, n_steps, goes_on=False)
            self._streams = False
            return self._program.read_later_output(self._folder, chunk)

    def _begin(self, chunk: Chunk, *, goes_on: bool) -> None:
        self._check_alive()
        if self._streams:
            raise SimulationError(
                "the program is within a sample: end its stream first, or open the model once more"
            )
        with writing(chunk.folder):
            write_arrays(self._folder / "given", self._program.samples_of(chunk))
        self._ask(len(chunk.keys), goes_on=goes_on)

    def _feed(self, samples: Samples, n_steps: int, *, goes_on: bool) -> None:
        self._check_alive()
        with writing(self._folder):
            write_arrays(self._folder / "given", self._program.inputs_of(samples))
        self._ask(n_steps, goes_on=goes_on)

    def _check_alive(self) -> None:
        if not self.close.alive:
            raise _closed()
        if os.getpid() != self._owner:  # two would read the answers of one
            raise SimulationError(
                "the program belongs to the process that has started it, and this is a fork of it; "
                "open the model once more"
            )

    def _ask(self, number: int, *, goes_on: bool) -> None:
        assert self._process.stdin is not None
        try:
            # It may have ended, or another thread closed it, as is found out next.
            with contextlib.suppress(BrokenPipeError, ValueError):
                self._process.stdin.write(f"{number} {int(goes_on)}\n")
                self._process.stdin.flush()
            self._wait()
        except BaseException:  # Ctrl-C, too: the next answer would be that to this question
            self.close()
            raise

    def _wait(self) -> None:
        if not follow(self._process, lambda n_rows: None, lambda: False):
            code = self._process.wait()
            if not self.close.alive:
                raise _closed()
            failure = self._program.failure(code, self._folder / "stderr")
            self.close()
            raise failure


def _closed() -> SimulationError:
    return SimulationError("the program was closed, or has failed; open the model once more")


def _close(process: subprocess.Popen[str], folder: Path, owner: int) -> None:
    if os.getpid() == owner:  # and no fork of it
        end(process)
        shutil.rmtree(folder, ignore_errors=True)


def follow(
    process: subprocess.Popen[str], report: Callable[[int], None], stop: Callable[[], bool]
) -> bool:
    """Wait for the end of a chunk, which an empty line ends; False where the program ended.

    Parameters
    ----------
    process : Popen
        The program.
    report, stop : callable
        See :class:`~bioplastic.engine.program.Program`.
    """
    assert process.stdout is not None
    stopped = False
    for line in process.stdout:
        if not line.strip():
            return True
        report(int(line))
        if stop() and not stopped:
            process.terminate()
            stopped = True
    return False


def end(process: subprocess.Popen[str]) -> None:
    """End a process, whatever it does."""
    if process.poll() is None:
        process.kill()
        process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):  # nobody reads what was still to be written
                pipe.close()


@contextlib.contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Say what to do where files of a run cannot be written.

    Raises
    ------
    StorageError
        In place of an OSError.
    """
    try:
        yield
    except OSError as error:
        raise StorageError(
            f"cannot write the input of a run to {folder.parent}: {error}; free some space, or "
            f"set TMPDIR to a folder with room"
        ) from error
