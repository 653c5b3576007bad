"""The C++ program of a network, with all that it reads beside the samples, in a folder."""

import shutil
from collections.abc import Callable
from pathlib import Path

from bioplastic.engine.arrays_file import write_arrays
from bioplastic.engine.presenting import Presentation
from bioplastic.engine.program import Chunk, ChunkResult
from bioplastic.engine.running import run
from bioplastic.engine.standalone import slot_device
from bioplastic.engine.standalone_program import FLAGS, CompiledProgram, generate
from bioplastic.errors import StorageError
from bioplastic.models import Network

__all__ = ["FLAGS", "export_program"]

#: What a word is, which whoever runs the program writes itself.
OF_SAMPLES = {"n_steps", "sample_keys", "targets", "target_signals"}


class _Written(Exception):
    """All that a program would read is there."""


class _Sources(CompiledProgram):
    """A program that is never compiled: in place of a run its files are kept.

    Parameters
    ----------
    network : Network
        The declaration.
    folder : Path
        Where they are to lie.
    """

    def __init__(self, network: Network, folder: Path) -> None:
        self._kept = folder

        def write(scratch: Path) -> None:
            generate(network, scratch, slot_device, superpose=True)
            (scratch / "main").touch()  # what the cache asks for; others compile it

        super().__init__(network, 1, ("sources",), write)

    @property
    def numbers(self) -> dict[str, int]:
        """Numbers of the variables' arrays."""
        return dict(self._numbers)

    def run(
        self, chunk: Chunk, *, report: Callable[[int], None], stop: Callable[[], bool]
    ) -> ChunkResult:
        """Write what a run would read, and the sources."""
        data = self._kept / "data"
        (data / "word").mkdir(parents=True, exist_ok=True)
        others = {
            name: array
            for name, array in self.samples_of(chunk).items()
            if name not in OF_SAMPLES and not name.startswith("input.")
        }
        write_arrays(data / "word" / "given", self.values_of(chunk) | others)
        shutil.copy(chunk.folder / "given", data)  # synapses, which have their place by now
        for path in self._folder.iterdir():
            if path.suffix in (".cpp", ".h"):
                shutil.copy(path, self._kept)
        raise _Written


def export_program(shown: Presentation, folder: Path) -> dict[str, int]:
    """Write the sources of the program that presents samples, and what it reads beside these.

    Parameters
    ----------
    shown : Presentation
        A network that learns nothing, its state, and at least one sample, of which nothing is kept.
    folder : Path
        Gets ``unit.cpp`` and its headers, ``data/word/given`` with what a run reads, and
        ``data/given`` with synapses, for which the program looks above the folder of a run.

    Returns
    -------
    numbers : dict of str to int
        By ``"population.variable"``, the number `K` of its array: ``in.K``, ``out.K``.

    Raises
    ------
    StorageError
        If the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        program = _Sources(shown.network, folder)
        try:
            run(
                shown.network, shown.stimulus, seed=shown.seed, state=shown.state, engine="numpy",
                program=program, record="spikes",
            )  # fmt: skip
        except _Written:
            return program.numbers
    except OSError as error:
        raise StorageError(f"cannot write the program to {folder}: {error}") from error
    raise AssertionError("a program without samples has nothing to write")
