"""A standalone C++ program of a network: generated, compiled as one unit, or exported."""

import functools
import json
import platform
import shlex
import shutil
import tempfile
from pathlib import Path
from typing import Any

from bioplastic.engine import cache
from bioplastic.engine.arrays_file import write_arrays
from bioplastic.engine.brian_internals import own_names
from bioplastic.engine.builder import build
from bioplastic.engine.chunks import Run, chunk_of
from bioplastic.engine.compiled_program import CompiledProgram
from bioplastic.engine.compiler import (
    INSTALL,
    call,
    compiler_trouble,
    compiler_version,
    find_compiler,
)
from bioplastic.engine.context import brian_context
from bioplastic.engine.engines import Engine
from bioplastic.engine.presenting import Presentation
from bioplastic.engine.record import Wanted
from bioplastic.engine.standalone import Part, SlotDevice, slot_device
from bioplastic.engine.stimuli import Stimuli
from bioplastic.errors import BuildError, StorageError
from bioplastic.models import Network

#: -ffast-math lets the compiler vectorize sums; infinities stay honest.
FLAGS = ("-std=c++17", "-O3", "-ffast-math", "-fno-finite-math-only", "-w", "-pthread")
_NATIVE = "-march=native"
_TEMPLATES = Path(__file__).with_name("templates")


@functools.cache
def _processor() -> str:
    # A program made for one processor must not be taken from a shared home by another.
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line for line in lines if line.startswith(("flags", "Features")))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


class StandaloneProgram(CompiledProgram):
    """A network as one compiled C++ program.

    Parameters
    ----------
    network : Network
        The declaration.
    lanes : int
        Samples that are shown side by side.

    Raises
    ------
    BuildError
        If there is no C++ compiler, or it fails; shows its last lines and where the sources lie.
    StorageError
        If the cache cannot be written.
    """

    def __init__(self, network: Network, *, lanes: int = 1, answers: Network | None = None) -> None:
        compiler = find_compiler()
        if compiler is None:
            raise BuildError(f"engine 'cpp_standalone': no C++ compiler found; {INSTALL}")
        versions = compiler_version(compiler), " ".join(FLAGS), _processor()
        super().__init__(
            network,
            lanes,
            versions,
            lambda folder: _build(network, folder, compiler, lanes, answers),
            answers,
        )


CPP = Engine(
    name="cpp_standalone",
    open=lambda network, lanes: StandaloneProgram(network, lanes=lanes),
    open_both=lambda network, answers: StandaloneProgram(network, answers=answers),
    remark="fast; what engine='auto' takes",
    trouble=compiler_trouble,
    auto=lambda: "" if find_compiler() else "no C++ compiler found",
    lanes=True,
    threads=True,
    shares=True,
    copies=False,
)


def _build(
    network: Network, folder: Path, compiler: str, lanes: int, answers: Network | None
) -> None:
    generate(network, folder, slot_device, lanes=lanes, superpose=lanes == 1, answers=answers)
    commands = [
        [compiler, *FLAGS, *extra, "-I.", "unit.cpp", "-o", "main"] for extra in ((_NATIVE,), ())
    ]
    compile_unit(folder, commands, _NATIVE)  # some compilers know no -march=native


def generate(
    network: Network,
    folder: Path,
    device: SlotDevice,
    *,
    lanes: int = 1,
    superpose: bool = False,
    answers: Network | None = None,
) -> None:
    """Write the sources of a program, as one unit, and the manifest of its network's variables.

    Parameters
    ----------
    network : Network
        The declaration.
    folder : Path
        Where to.
    device : SlotDevice
        Brian's device that generates them.
    lanes : int
        Samples that are shown side by side.
    superpose : bool
        Whether synapses are computed as superpositions where they allow it.
    answers : Network, optional
        A second network that is part of the program, with a manifest of its own.
    """
    # Brian would probe the compiler for each of its own flags; ours are given to our own call.
    preferences: dict[str, Any] = {"codegen.cpp.extra_compile_args": []}
    known: dict[tuple[str, ...], str] = {}
    parts: list[Part] = []
    networks = [n for n in (network, answers) if n is not None]
    for declared, name in zip(networks, cache.MANIFESTS, strict=False):
        with brian_context(device, preferences), own_names():
            device.reinit()
            device.activate(build_on_run=False)
            try:
                device.known = known
                built = build(declared, superpose=superpose, lanes=lanes)
                device.add_slot_loop(built)
                manifest = {what: device.plan[what] for what in ("layout", "numbers")}
                manifest |= {"parameters": sorted(built.parameters), "part": len(parts)}
                (folder / name).write_text(json.dumps(manifest))
                parts.append(device.part())
                if len(parts) == len(networks):
                    (folder / device.unit).write_text(device.text(parts))
            finally:
                device.reinit()
    for header in device.our_headers:
        shutil.copy(_TEMPLATES / header, folder)


def compile_unit(folder: Path, commands: list[list[str]], try_next: str = "") -> None:
    """Compile what :func:`generate` wrote.

    Parameters
    ----------
    folder : Path
        Where the sources lie.
    commands : list of list of str
        The compiler with its arguments; the second where the first fails over `try_next`.
    try_next : str
        Option that not every compiler knows.

    Raises
    ------
    BuildError
        If the compiler fails. The sources are kept.
    """
    for command in commands:
        done = call(command, cwd=folder)
        if done.returncode == 0:
            return
        if not try_next or try_next not in done.stderr:
            break
    kept = Path(tempfile.mkdtemp(prefix="bioplastic-failed-build-"))
    shutil.copytree(folder, kept, dirs_exist_ok=True)
    said = "\n".join((done.stderr or done.stdout).splitlines()[-20:])
    raise BuildError(
        f"{command[0]} failed with code {done.returncode}; its last lines:\n{said}\n"
        f"The sources lie in {kept}; run there: {shlex.join(command)}"
    )


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
