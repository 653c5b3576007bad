"""What the CUDA engine needs, how it is told, and when it builds; nothing is compiled here."""

import importlib.metadata
import importlib.util
import re

import pytest

from bioplastic import engine
from bioplastic.engine import cache, cuda_program
from bioplastic.errors import BuildError, SimulationError

NVCC = """#!/bin/sh
if [ "$1" = --version ]; then echo "Cuda compilation tools, release {release}, V1"; exit 0; fi
echo "$@" >> {log}
printf '#!/bin/sh\\necho CUDA: no device >&2; exit 3\\n' > main
/bin/chmod +x main
"""


@pytest.fixture
def bare(tmp_path, monkeypatch):
    """Return an empty folder that is all of the PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    for name in ("CUDACXX", "CUDA_HOME", "CUDA_PATH", "CXX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(cuda_program, "_USUAL_FOLDER", str(tmp_path / "nowhere"))
    return folder


def script(path, text):
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.fixture
def nvcc(bare, tmp_path, fake_compiler):
    """``make(release)`` puts a script in the place of nvcc; ``make.log`` has its calls."""
    fake_compiler()

    def make(release="13.0"):
        script(bare / "nvcc", NVCC.format(release=release, log=tmp_path / "log"))
        cuda_program.cuda_release.cache_clear()

    make.log = tmp_path / "log"
    yield make
    cuda_program.cuda_release.cache_clear()


@pytest.fixture
def installed(monkeypatch):
    """Brian2cuda seems to be there, and writes no sources."""
    find, version = importlib.util.find_spec, importlib.metadata.version

    def generate(network, folder, command, lanes):
        (folder / cache.MANIFEST).write_text(
            '{"layout": {}, "numbers": {}, "parameters": [], "part": 0}'
        )
        cuda_program.compile_unit(folder, [command])

    monkeypatch.setattr(
        importlib.util, "find_spec", lambda n, *a: n if n == "brian2cuda" else find(n, *a)
    )
    monkeypatch.setattr(
        importlib.metadata, "version", lambda n: "1.0b1" if n == "brian2cuda" else version(n)
    )
    monkeypatch.setattr(cuda_program, "_build", generate)


def build(network):
    return engine.open_program(network, engine="cuda_standalone")


class TestWhatIsMissing:
    def test_brian2cuda(self, network, monkeypatch):
        find = importlib.util.find_spec
        monkeypatch.setattr(
            importlib.util, "find_spec", lambda n, *a: None if n == "brian2cuda" else find(n, *a)
        )
        with pytest.raises(BuildError, match=r"pip install 'bioplastic\[cuda\]'.*cpp_standalone"):
            build(network)

    def test_nvcc(self, network, bare, installed):
        with pytest.raises(BuildError, match="no nvcc found; install the CUDA toolkit"):
            build(network)

    def test_a_toolkit_that_is_not_too_old(self, network, nvcc, installed):
        nvcc("11.8")
        with pytest.raises(BuildError, match="is of CUDA 11.8, and version 12"):
            build(network)

    def test_a_compiler_for_nvcc(self, network, nvcc, installed, monkeypatch):
        nvcc()
        monkeypatch.delenv("CXX")
        with pytest.raises(BuildError, match=r"nvcc needs a C\+\+ compiler"):
            build(network)

    def test_a_gpu(self, network, nvcc, installed, tmp_cache):
        nvcc()
        program = build(network)
        for said, advice in (
            ("CUDA: no CUDA-capable device is detected", "install NVIDIA's driver"),
            ("CUDA: CUDA driver version is insufficient", "install NVIDIA's driver"),
            ("CUDA: out of memory", "free memory of the GPU"),
            ("CUDA: no kernel image is available for execution on the device", "--clear-cache"),
            ("cannot read 8 bytes from in.x", "^$"),
        ):
            assert re.search(advice, program._advice(said))

    def test_the_programs_words_are_shown(self, network, stimulus, nvcc, installed, tmp_cache):
        nvcc()
        program = build(network)
        with pytest.raises(SimulationError, match="said: CUDA: no device; install NVIDIA's driver"):
            program._call(tmp_cache, [], lambda rows: None, lambda: False)


class TestWherenvccIs:
    def test_on_the_path(self, nvcc, bare):
        nvcc()
        assert cuda_program.find_nvcc() == str(bare / "nvcc")

    @pytest.mark.parametrize("variable", ["CUDA_HOME", "CUDA_PATH"])
    def test_in_the_toolkits_folder(self, bare, tmp_path, monkeypatch, variable):
        path = script(tmp_path / "cuda" / "bin" / "nvcc", NVCC)
        monkeypatch.setenv(variable, str(tmp_path / "cuda"))
        assert cuda_program.find_nvcc() == str(path)

    def test_where_it_is_named(self, nvcc, tmp_path, monkeypatch):
        nvcc()
        path = script(tmp_path / "other" / "nvcc-12", NVCC)
        monkeypatch.setenv("CUDACXX", str(path))
        assert cuda_program.find_nvcc() == str(path)


class TestCapabilities:
    @pytest.mark.parametrize(
        ("said", "found"),
        [
            ("echo 9.0; echo 8.6; echo 9.0", ["8.6", "9.0"]),
            ("echo 12.0; echo 9.0", ["9.0", "12.0"]),
            ("echo NVIDIA-SMI has failed; exit 9", []),
            ("echo '[N/A]'", []),
        ],
    )
    def test_are_those_of_the_gpus(self, bare, said, found):
        script(bare / "nvidia-smi", f"#!/bin/sh\n{said}\n")
        assert cuda_program.gpu_capabilities() == found

    def test_without_a_driver(self, bare):
        assert cuda_program.gpu_capabilities() == []


class TestBuilds:
    def test_the_second_opening_compiles_nothing(self, network, nvcc, installed, tmp_cache):
        nvcc()
        assert build(network).build_seconds > 0
        assert build(network).build_seconds == 0.0
        said = nvcc.log.read_text()
        assert said.count("unit.cu") == 1
        assert "-std=c++17" in said
        assert "arch=compute_90,code=sm_90" in said

    def test_another_gpu_toolkit_or_version_does(
        self, network, nvcc, installed, tmp_cache, bare, monkeypatch
    ):
        nvcc()
        build(network)
        script(bare / "nvidia-smi", "#!/bin/sh\necho 8.6\n")
        assert build(network).build_seconds > 0
        assert "code=sm_86" in nvcc.log.read_text()
        nvcc("12.4")
        assert build(network).build_seconds > 0
        version = importlib.metadata.version
        monkeypatch.setattr(
            importlib.metadata, "version", lambda n: "2.0" if n == "brian2cuda" else version(n)
        )
        assert build(network).build_seconds > 0
        assert build(network).build_seconds == 0.0
