"""Files that go wrong: small valid ones of our own writers, changed at random, and their readers.

`tools/fuzz.py` and `tests/test_fuzz.py` run them. A file follows from reader, seed and number.
"""

import gzip
import hashlib
import itertools
import json
import re
import warnings
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import h5py
import nir
import numpy as np
import scipy.io.wavfile
import soundfile
from brian2 import Hz, ms
from fuzz_mutations import mutate
from sklearn.pipeline import Pipeline
from sklearn.utils import Bunch

from bioplastic import SpikeTrains
from bioplastic.cli.compare import _names, _seeds, options_in
from bioplastic.cli.folder import MODEL, RECORD, load_model
from bioplastic.cli.model_file import write_model_file
from bioplastic.datasets import load_ntidigits
from bioplastic.datasets.hd import DIGITS, read_heidelberg
from bioplastic.datasets.mnist import read_idx
from bioplastic.encoding import Cochlea
from bioplastic.encoding._sound import read_sound
from bioplastic.engine.checkpoint import load_checkpoint, save_checkpoint
from bioplastic.errors import DataError
from bioplastic.exchange import import_nir
from bioplastic.inspect import PlasticityRecording, _recording_file
from bioplastic.inspect._recording_layout import Layout, RecordedProjection
from bioplastic.models import PairSTDP
from bioplastic.networks import DiehlCookClassifier, LiquidStateMachine, RandomLiquid
from bioplastic.readout import KernelRidgeClassifier
from bioplastic.study import PROBLEMS, Problem
from bioplastic.study.compare import _chosen, _methods, plan

__all__ = ["READERS", "Reader", "mutated"]

MIB = 2**20


@dataclass(frozen=True, kw_only=True)
class Reader:
    """What reads a kind of file.

    Parameters
    ----------
    make : callable
        Gives valid files, by name; the end of a name counts.
    read : callable
        Reads the file of a path; raises an error of ours where it refuses.
    floor : int
        Bytes that reading may take beyond ten times the size of the file.
    tokens : tuple of bytes
        What is put into files, too.
    """

    make: Callable[[Path], None]
    read: Callable[[Path], object]
    floor: int = 4 * MIB
    tokens: tuple[bytes, ...] = ()

    def valid(self) -> dict[str, bytes]:
        with TemporaryDirectory() as folder:
            self.make(Path(folder))
            return {path.name: path.read_bytes() for path in sorted(Path(folder).iterdir())}


def mutated(name: str, seed: int, number: int, valid: dict[str, bytes]) -> tuple[str, bytes]:
    """Return the name and the content of a file that goes wrong, perhaps."""
    rng = np.random.default_rng([zlib.crc32(name.encode()), seed, number])
    chosen, other = (sorted(valid)[rng.integers(len(valid))] for _ in range(2))
    return chosen, mutate(valid[chosen], valid[other], READERS[name].tokens, rng)


# ---------------------------------------------------------------------------------------- files


def _make_idx(folder: Path) -> None:
    rng = np.random.default_rng(0)
    for n_dims, shape in ((1, (40,)), (3, (6, 8, 9)), (3, (1, 28, 28))):
        header = bytes([0, 0, 8, n_dims]) + np.array(shape, ">u4").tobytes()
        content = header + rng.integers(0, 256, np.prod(shape), dtype=np.uint8).tobytes()
        name = f"{'x'.join(map(str, shape))}-idx{n_dims}"
        (folder / name).write_bytes(content)
        (folder / f"{name}.gz").write_bytes(gzip.compress(content, mtime=0))


def _read_idx(path: Path) -> object:
    # With the checksum that it has: what is read of a file that passes is of interest.
    content = path.read_bytes()
    if path.suffix == ".gz":
        try:
            content = zlib.decompressobj(31).decompress(content, MIB)
        except zlib.error:
            content = b""
    found = hashlib.md5(content, usedforsecurity=False).hexdigest()
    return read_idx(path, n_dims=int(path.stem.rpartition("idx")[2][:1]), md5=found)


def _spikes(n: int, rng: np.random.Generator) -> SpikeTrains:
    sizes = rng.integers(0, 12, n)
    times = [np.sort(rng.random(size)) for size in sizes]
    units = rng.integers(0, 20, sizes.sum())
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    return SpikeTrains(np.concatenate(times), units, offsets, n_units=20, duration=1.0)


def _latest(path: Path) -> h5py.File:
    """Make a file of the latest structures, which would hold the time that it was made at."""
    created, kept, opened = (
        h5py.h5p.create(kind)
        for kind in (h5py.h5p.FILE_CREATE, h5py.h5p.GROUP_CREATE, h5py.h5p.FILE_ACCESS)
    )
    created.set_obj_track_times(False)
    kept.set_obj_track_times(False)
    opened.set_libver_bounds(h5py.h5f.LIBVER_LATEST, h5py.h5f.LIBVER_LATEST)
    file = h5py.h5f.create(bytes(path), h5py.h5f.ACC_TRUNC, fcpl=created, fapl=opened)
    for name in (b"spikes", b"extra"):
        h5py.h5g.create(file, name, gcpl=kept)
    return h5py.File(file)


def _make_hdf5(folder: Path) -> None:
    rng = np.random.default_rng(1)
    spikes, numbers = _spikes(9, rng), np.arange(9) % 3
    words = np.array(["zero", "one", "zwei"])
    spikes.save(folder / "plain.h5")
    spikes.save(folder / "numbers.h5", labels=numbers, groups=numbers, times_dtype="float16")
    spikes.save(folder / "words.h5", labels=words[numbers], groups=words[numbers])
    _spikes(60, rng).save(folder / "longer.h5", times_dtype="float32")
    spikes[:0].save(folder / "empty.h5")
    # As others write: later structures, chunks, compression, strings of any length.
    with _latest(folder / "latest.h5") as file:
        for name, kind in (("times", np.float16), ("units", np.uint16)):
            rows = file.create_dataset(
                f"spikes/{name}", 9, h5py.vlen_dtype(kind), chunks=(4,), compression="gzip"
            )
            for k in range(9):
                rows[k] = getattr(spikes[k], name)
        file.create_dataset("labels", data=numbers, chunks=(4,), shuffle=True, fletcher32=True)
        file["extra/speaker"] = numbers
        file["extra/keys"] = words.tolist()
        file["extra"].attrs["title"] = "a title"


def _read_hdf5(path: Path) -> object:
    if path.stem in {"plain", "longer", "empty"}:  # without labels
        return SpikeTrains.load(path, return_bunch=True)
    return read_heidelberg(path, names=DIGITS)


def _read_opened(path: Path) -> object:
    return SpikeTrains.open(path, return_bunch=True).data.to_memory()


def _make_nir(folder: Path) -> None:
    rng, n = np.random.default_rng(5), 6
    full = np.full(n, 0.01)
    lif = nir.LIF(tau=full, r=full * 1e3, v_leak=0 * full, v_threshold=full * 100, v_reset=0 * full)
    weights = nir.Linear(rng.normal(size=(n, 4)))
    nir.write(folder / "layer.nir", nir.NIRGraph.from_list(weights, lif))
    inner = {
        "input": nir.Input({"input": np.array([n])}),
        "lif": lif,
        "w_rec": nir.Affine(rng.normal(size=(n, n)), np.zeros(n)),
        "output": nir.Output({"output": np.array([n])}),
    }
    loop = [("input", "lif"), ("lif", "w_rec"), ("w_rec", "lif"), ("lif", "output")]
    nodes = {
        "input": nir.Input({"input": np.array([4])}),
        "late": nir.Delay(np.full(4, 0.002)),
        "w": weights,
        "rec": nir.NIRGraph(inner, loop),
        "mean": nir.LI(tau=full, r=full, v_leak=0 * full),
        "output": nir.Output({"output": np.array([n])}),
    }
    edges = list(itertools.pairwise(nodes))
    nir.write(folder / "recurrent.nir", nir.NIRGraph(nodes, edges, metadata={"dt": 0.001}))


def _read_nir(path: Path) -> object:
    return import_nir(path)


def _make_ntidigits(folder: Path) -> None:
    rng = np.random.default_rng(2)
    with h5py.File(folder / "n-tidigits.hdf5", "w") as file:
        for subset in ("train", "test"):
            names = ["man-ae-a-1", "woman-bc-b-z1o"]
            file[f"{subset}_labels"] = np.array(names, "S")
            for name in names:
                file[f"{subset}_timestamps/{name}"] = np.sort(rng.random(20))
                file[f"{subset}_addresses/{name}"] = rng.integers(0, 64, 20).astype(np.uint8)


def _read_ntidigits(path: Path) -> object:
    return load_ntidigits(path, "all", single_digits=False, verify=False)


CONFIGURATION = {"n_neurons": "100", "engine": "numpy", "rates": [1.5, 2]}


def _make_checkpoint(folder: Path) -> None:
    rng = np.random.default_rng(3)
    arrays = {
        "state.input_to_excitatory.w": rng.random((5, 8)),
        "history.presentation": np.arange(3),
        "history.spikes": np.zeros((0, 4), dtype=np.float32),
        "entropy": np.array([2**31 - 1, 0]),
        "flag": np.array(True),
    }
    save_checkpoint(folder / "few.npz", arrays={"w": arrays["flag"]}, configuration={})
    save_checkpoint(folder / "some.npz", arrays=arrays, configuration=CONFIGURATION)


def _make_recording(folder: Path) -> None:
    rng = np.random.default_rng(4)
    neurons = np.array([0, 2])
    populations = {"input": 5, "first": 3, "second": 3}
    i, j = np.array([0, 0, 3, 4]), np.array([0, 2, 0, 2])
    projections = {
        "input_to_first": RecordedProjection(
            pre="input", post="first", wiring="all_to_all", n_pre=5, n_post=3, neurons=neurons,
            i=neurons[:0], j=neurons[:0],
        ),
        "input_to_second": RecordedProjection(
            pre="input", post="second", wiring="listed", n_pre=5, n_post=3, neurons=neurons,
            i=i, j=j,
        ),
    }  # fmt: skip
    widths = {"input_to_first.w": 10, "input_to_second.w": 4, "input.r1": 5, "first.theta": 3}
    roles = dict(zip(widths, ("weights", "weights", "traces", "thresholds"), strict=True))
    # Rows that are only reserved make most of a file.
    chunk, _recording_file.CHUNK = _recording_file.CHUNK, 8
    for name, watched, n in (("rates", ("first", "second"), 4), ("plain", (), 1)):
        layout = Layout(
            populations=populations, projections=projections, watched=watched, roles=roles,
            widths=widths,
        )  # fmt: skip
        columns = {"samples": np.arange(-1, n - 1), "times": rng.random(n), "seconds": np.ones(n)}
        if watched:
            columns["rates"] = rng.random((n, 6), dtype=np.float32)
        for variable, width in widths.items():
            columns[f"variables/{variable}"] = rng.random((n, width), dtype=np.float32)
        PlasticityRecording(layout, columns).save(folder / f"{name}.h5")
    _recording_file.CHUNK = chunk


def _read_recording(path: Path) -> object:
    with PlasticityRecording.load(path) as found:
        weights = [found.weights(name.partition(".")[0]) for name in found.with_role("weights")]
        rates = None if found.rates is None else found.rates[:]
        return repr(found), found.traces(), found.last_points(), weights, rates


def _make_sound(folder: Path) -> None:
    rng = np.random.default_rng(5)
    sound = np.clip(rng.normal(scale=0.1, size=900), -1, 1)
    for kind in ("PCM_16", "PCM_U8", "PCM_24", "ULAW", "IMA_ADPCM"):
        soundfile.write(folder / f"{kind}.wav", sound, 8000, subtype=kind)
    # soundfile notes the time here, and draws a number for Ogg: never the same file again.
    scipy.io.wavfile.write(folder / "FLOAT.wav", 8000, sound.astype(np.float32))
    soundfile.write(folder / "two.wav", np.column_stack([sound, sound]), 22050)
    soundfile.write(folder / "sound.flac", sound, 16000)
    soundfile.write(folder / "sound.au", sound, 16000)


def _read_wav(path: Path) -> object:
    return read_sound(path, 16000.0, 0)


_TOML = {
    "few": '[study]\ndata = "digits"\nseeds = 3\n',
    "all": '[study]\ndata = ["digits", "hd"]\nmethods = ["svm", "mlp"]\nseeds = [0, 2, 4]\n'
    'size = "demo"\nall_folds = true\nbudget = 2\njobs = -1\ncluster = "local:4"\n',
    "words": '# a study\nstudy.data = "hd,fsdd"\nstudy.methods = "all"\nstudy.seeds = "0,2"\n'
    "[other.table]\nwhen = 2026-01-01T10:00:00Z\nlist = [{a = 1}, {b = 0x1F}, 1e9, inf]\n",
}
_TOKENS = (
    b'"', b"'", b'"""', b"[", b"]", b"{", b"}", b"=", b".", b",", b"\n", b"#", b"\\u12", b"\xff",
    b"[study]\n", b"[[study]]\n", b"study = 3\n", b"seeds = ", b"data = ", b"jobs = ", b"size = ",
    b"true", b"-1", b"0", b"1e999", b"nan", b"1.5", b"[]", b"{}", b"[[[]]]", b"2026-01-01", b'""',
    b"9" * 30, b"9" * 5000, b"[" * 3000, b"a." * 2000, b"{a=" * 900, b"\0",
)  # fmt: skip


def _make_toml(folder: Path) -> None:
    for name, text in _TOML.items():
        (folder / f"{name}.toml").write_text(text)


def _two() -> Bunch:
    return Bunch(data=np.eye(4), target=np.array([0, 1, 0, 1]))


_PROBLEM = Problem(name="two", title="two", loader=_two, n_folds=2)


def _read_toml(path: Path) -> object:
    """Do what `bioplastic compare` does with its options, but for reading data and training."""
    chosen = options_in(path)
    _chosen("data", _names(chosen.get("data", "hd")), PROBLEMS)
    methods = _methods(_names(chosen.get("methods", "all")))[0]
    return plan(
        _PROBLEM,
        list(methods.values())[:1],
        seeds=_seeds(chosen.get("seeds", "5")),
        size=chosen.get("size", "default"),
    )


def _read_checkpoint(path: Path) -> object:
    configuration = {} if path.stem == "few" else CONFIGURATION
    found = load_checkpoint(path, configuration=configuration)
    if found is None:
        raise DataError("there is no file")
    return found


def _make_model(folder: Path) -> None:
    images = DiehlCookClassifier(3, presentation=20 * ms, rule=PairSTDP(), random_state=0)
    write_model_file(folder / "images.skops", images)
    liquid = LiquidStateMachine(20, liquid=RandomLiquid(), random_state=0)
    readout = KernelRidgeClassifier().fit(np.eye(4), np.arange(4) % 2)
    ear = Cochlea(n_channels=4, sample_rate=8000 * Hz).fit([np.zeros(100)])
    steps = [("cochlea", ear), ("liquid", liquid), ("readout", readout)]
    write_model_file(folder / "words.skops", Pipeline(steps))
    for path in folder.iterdir():
        _settle(path)


def _settle(path: Path) -> None:
    """Number the objects of a model, whose names are their places in memory."""
    numbers: dict[str, str] = {}
    with zipfile.ZipFile(path) as old:
        members = {name: old.read(name) for name in old.namelist()}
    text = re.sub(
        r"(?<![\d.])\d{14,15}\b",
        lambda found: numbers.setdefault(found[0], str(len(numbers) + 1)),
        members.pop("schema.json").decode(),
    )
    with zipfile.ZipFile(path, "w") as new:
        new.writestr(zipfile.ZipInfo("schema.json"), text)
        for name, content in members.items():
            stem, _, kind = name.partition(".")
            new.writestr(zipfile.ZipInfo(f"{numbers.get(stem, stem)}.{kind}"), content)


def _read_model(path: Path) -> object:
    kind = {"images": "diehl_cook", "words": "lsm"}[path.stem]
    record = {"versions": {}, "protocol": {}, "model": kind}
    (path.parent / MODEL).write_bytes(path.read_bytes())
    (path.parent / RECORD).write_text(json.dumps(record))
    return load_model(path.parent)


READERS = {
    "idx": Reader(make=_make_idx, read=_read_idx),
    "hdf5": Reader(make=_make_hdf5, read=_read_hdf5, floor=16 * MIB),
    "opened": Reader(make=_make_hdf5, read=_read_opened, floor=16 * MIB),
    "ntidigits": Reader(make=_make_ntidigits, read=_read_ntidigits, floor=16 * MIB),
    "nir": Reader(make=_make_nir, read=_read_nir, floor=32 * MIB),
    "checkpoint": Reader(make=_make_checkpoint, read=_read_checkpoint),
    "recording": Reader(make=_make_recording, read=_read_recording, floor=16 * MIB),
    "wav": Reader(make=_make_sound, read=_read_wav, floor=80 * MIB),
    "model": Reader(make=_make_model, read=_read_model),
    "toml": Reader(make=_make_toml, read=_read_toml, tokens=_TOKENS),
}
warnings.filterwarnings("ignore", module="sklearn")
