"""The C++ program of a network, with all that it reads beside the samples, in a folder."""

import shutil
from pathlib import Path

from bioplastic.engine.arrays_file import write_arrays
from bioplastic.engine.chunks import Run, chunk_of
from bioplastic.engine.compiled_program import CompiledProgram
from bioplastic.engine.presenting import Presentation
from bioplastic.engine.record import Wanted
from bioplastic.engine.standalone import slot_device
from bioplastic.engine.standalone_program import CPP, FLAGS, generate
from bioplastic.engine.stimuli import Stimuli
from bioplastic.errors import StorageError

__all__ = ["FLAGS", "export_program"]

#: What a word is, which whoever runs the program writes itself.
OF_SAMPLES = {"n_steps", "sample_keys", "targets", "target_signals"}


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

    def write(scratch: Path) -> None:
        generate(shown.network, scratch, slot_device, superpose=True)
        (scratch / "main").touch()  # what the cache asks for; others compile it

    network, word = shown.network, folder / "data" / "word"
    stimuli, wanted = Stimuli(network, shown.stimulus), Wanted("spikes", network)
    try:
        word.mkdir(parents=True, exist_ok=True)
        program = CompiledProgram(network, 1, ("sources",), write)
        run = Run(network, engine=CPP, seed=shown.seed, state=shown.state, program=program)
        chunk = chunk_of(
            stimuli, 0, len(stimuli), values=run.values, seed=run.seed, size=len(stimuli),
            folder=word.parent, spikes=wanted.kept,
        )  # fmt: skip
        others = {
            name: array
            for name, array in program.samples_of(chunk).items()
            if name not in OF_SAMPLES and not name.startswith("input.")
        }
        (word.parent / "given").unlink(missing_ok=True)  # of an earlier export
        write_arrays(word / "given", program.values_of(chunk) | others)
        for path in program.folder.iterdir():
            if path.suffix in (".cpp", ".h"):
                shutil.copy(path, folder)
    except OSError as error:
        raise StorageError(f"cannot write the program to {folder}: {error}") from error
    return program.numbers
