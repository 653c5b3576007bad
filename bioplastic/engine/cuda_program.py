"""Build and run a standalone CUDA program: as the C++ one, compiled by nvcc, run by a GPU."""

import functools
import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
from pathlib import Path

from bioplastic.engine.compiled_program import CompiledProgram
from bioplastic.engine.compiler import (
    call,
    compiler_trouble,
    compiler_version,
    find_compiler,
    first_found,
    refusal,
    words_of_version,
)
from bioplastic.engine.engines import Engine
from bioplastic.engine.program import Chunk
from bioplastic.engine.standalone_program import compile_unit, generate
from bioplastic.engine.staying import StayingProgram
from bioplastic.errors import BuildError, ParameterError
from bioplastic.models import Network

#: Built for where no GPU says what it is.
DEFAULT_CAPABILITY = "9.0"
#: Neurons, of all lanes, that keep a GPU busy: about the threads that an H100 holds at once.
N_BUSY = 2**18
#: Where the toolkit installs itself.
_USUAL_FOLDER = "/usr/local/cuda"
#: Graphs of launches are made as the program makes them since this version of CUDA.
_LEAST_RELEASE = 12
FLAGS = ("-std=c++17", "-O3", "-w")
INSTALL_CUDA = (
    "install the CUDA toolkit, version 12 or 13 (developer.nvidia.com/cuda-downloads), and put its "
    "bin folder on the PATH, or set CUDA_HOME to its folder"
)
INSTALL_BRIAN2CUDA = "pip install 'bioplastic[cuda]'"
INSTALL_DRIVER = (
    "install NVIDIA's driver, so that nvidia-smi names a GPU (Debian/Ubuntu: apt install "
    "nvidia-driver; others: nvidia.com/drivers)"
)
_OTHER_COMPILER = (
    "where it does not support your C++ compiler, name one that it supports: export "
    "NVCC_PREPEND_FLAGS='-ccbin g++-13'"
)
_PROBE = (
    "#include <cuda_runtime.h>\n"
    "__global__ void kernel(int* x) { if constexpr (true) *x = 1; }\n"
    "int main() { kernel<<<1, 1>>>(0); return 0; }\n"
)
_OTHERWISE = "or choose engine='cpp_standalone', which needs a C++ compiler only"


def find_nvcc() -> str | None:
    """Path of nvcc: ``$CUDACXX``, else on the PATH, else in ``$CUDA_HOME`` or ``$CUDA_PATH``.

    Returns
    -------
    path : str or None
        None where there is none.
    """
    folders = (os.environ.get("CUDA_HOME"), os.environ.get("CUDA_PATH"), _USUAL_FOLDER)
    places = [str(Path(folder) / "bin" / "nvcc") for folder in folders if folder]
    return first_found(os.environ.get("CUDACXX"), "nvcc", *places)


@functools.cache
def cuda_release(nvcc: str) -> str:
    """Version of CUDA as nvcc reports it, for example ``"13.0"``; empty where it reports none."""
    said = words_of_version(nvcc, "cuda_standalone", f"{INSTALL_CUDA}, {_OTHERWISE}")
    found = re.search(r"release ([\d.]+)", said)
    return found[1] if found else ""


def gpu_capabilities() -> list[str]:
    """Compute capabilities of this machine's GPUs, as nvidia-smi reports them.

    Returns
    -------
    capabilities : list of str
        For example ``["9.0"]``; each once, in ascending order.
    """
    path = shutil.which("nvidia-smi")
    if path is None:
        return []
    try:
        done = call([path, "--query-gpu=compute_cap", "--format=csv,noheader"], timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return []
    found = set(re.findall(r"^\d+\.\d+$", done.stdout, re.MULTILINE)) if not done.returncode else ()
    return sorted(found, key=float)


def compile_command(nvcc: str, capabilities: list[str], source: str, program: str) -> list[str]:
    """Return the call of nvcc.

    Parameters
    ----------
    nvcc : str
        Its path.
    capabilities : list of str
        Compute capabilities to build for, `DEFAULT_CAPABILITY` where there are none. A GPU newer
        than the first of them finds code that its driver translates.
    source, program : str
        Names of files.

    Examples
    --------
    >>> from bioplastic.engine.cuda_program import compile_command
    >>> " ".join(compile_command("nvcc", ["9.0"], "unit.cu", "main"))
    'nvcc -std=c++17 -O3 -w -gencode arch=compute_90,code=sm_90
     -gencode arch=compute_90,code=compute_90 -I. unit.cu -o main'
    """
    numbers = [c.replace(".", "") for c in capabilities or [DEFAULT_CAPABILITY]]
    targets = [f"arch=compute_{n},code=sm_{n}" for n in numbers]
    targets.append(f"arch=compute_{numbers[0]},code=compute_{numbers[0]}")
    options = [word for target in targets for word in ("-gencode", target)]
    return [nvcc, *FLAGS, *options, "-I.", source, "-o", program]


class CudaProgram(CompiledProgram):
    """A network as one compiled CUDA program. Building one needs no GPU.

    Parameters
    ----------
    network : Network
        The declaration.
    lanes : int
        Samples that are shown side by side.

    Raises
    ------
    BuildError
        If there is no nvcc, or no C++ compiler for it;
        if brian2cuda is not installed, or nvcc fails; shows its last lines and where the sources
        lie.
    StorageError
        If the cache cannot be written.
    """

    guess = 30.0

    def __init__(self, network: Network, *, lanes: int = 1) -> None:
        if importlib.util.find_spec("brian2cuda") is None:
            raise BuildError(_missing("brian2cuda is not installed", INSTALL_BRIAN2CUDA))
        nvcc, compiler = find_nvcc(), find_compiler()
        if nvcc is None:
            raise BuildError(_missing("no nvcc found", INSTALL_CUDA))
        release = cuda_release(nvcc)
        if float(release or 0) < _LEAST_RELEASE:
            old = f"{nvcc} is of CUDA {release or 'unknown'}, and version {_LEAST_RELEASE} is the"
            raise BuildError(_missing(f"{old} least", INSTALL_CUDA))
        if compiler is None:
            raise BuildError(
                "engine 'cuda_standalone': nvcc needs a C++ compiler, and none was found; install "
                "g++ (Debian/Ubuntu: apt install g++; Fedora: dnf install gcc-c++)"
            )
        command = compile_command(nvcc, gpu_capabilities(), "unit.cu", "main")
        versions = (
            importlib.metadata.version("brian2cuda"), release, " ".join(command[1:]),
            compiler_version(compiler),
        )  # fmt: skip
        super().__init__(
            network, lanes, versions, lambda folder: _build(network, folder, command, lanes)
        )

    def stay(self, chunk: Chunk) -> StayingProgram:
        """Refuse to stay alive between chunks.

        Raises
        ------
        ParameterError
            Always.
        """
        raise ParameterError(
            "engine: must be another one than 'cuda_standalone', whose programs end with their "
            "samples, to keep a model open; set_params(engine='cpp_standalone')"
        )

    def _advice(self, said: str) -> str:
        if "no kernel image" in said:
            return "`bioplastic doctor --clear-cache` lets it be built for this GPU; "
        if "out of memory" in said:
            return f"free memory of the GPU (nvidia-smi names who uses it), {_OTHERWISE}; "
        return f"{INSTALL_DRIVER}, {_OTHERWISE}; " if re.search("device|driver", said) else ""


def _missing(what: str, remedy: str) -> str:
    return f"engine 'cuda_standalone': {what}; {remedy}, {_OTHERWISE}"


def _build(network: Network, folder: Path, command: list[str], lanes: int) -> None:
    try:
        # Not earlier: brian2cuda need not be installed.
        from bioplastic.engine.cuda import cuda_device
    except ImportError as error:
        said = f"brian2cuda cannot be imported: {error}"
        raise BuildError(_missing(said, INSTALL_BRIAN2CUDA)) from error
    generate(network, folder, cuda_device, lanes=lanes)
    compile_unit(folder, [command])


def _trouble() -> str:
    needed = [] if importlib.util.find_spec("brian2cuda") else [INSTALL_BRIAN2CUDA]
    capabilities, nvcc = gpu_capabilities(), find_nvcc()
    if nvcc is None:
        needed.append(INSTALL_CUDA)
    elif said := compiler_trouble():
        needed.append(said)
    else:
        command = compile_command(nvcc, capabilities, "probe.cu", "probe")
        if said := refusal(command, "probe.cu", _PROBE):
            needed.append(f"{said}: {INSTALL_CUDA}; {_OTHER_COMPILER}")
    if not capabilities:
        needed.append(INSTALL_DRIVER)
    return "; ".join(needed)


CUDA = Engine(
    name="cuda_standalone",
    open=lambda network, lanes: CudaProgram(network, lanes=lanes),
    remark="for networks of thousands of neurons; small ones are faster with cpp_standalone",
    trouble=_trouble,
    lanes=True,
    n_busy=N_BUSY,
    batches=True,
    threads=True,
    copies=False,
    rings=True,
)
