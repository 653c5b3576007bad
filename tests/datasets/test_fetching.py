"""The official layouts of SHD, SSC and N-TIDIGITS, from a server to an accuracy.

Files are synthetic, tonic's addresses lead to this machine, and all else is as it is.
"""

import csv
import functools
import hashlib
import http.server
import sys
import threading
import zipfile
from dataclasses import replace
from pathlib import Path

import h5py
import matplotlib as mpl
import numpy as np
import pytest
from typer.testing import CliRunner

from bioplastic import SpikeTrains
from bioplastic.cli import app
from bioplastic.datasets import load_ntidigits, load_shd, load_ssc, ntidigits
from bioplastic.errors import DataError, DataNotFoundError, StorageError
from bioplastic.study import problems

mpl.use("Agg")
SUBSETS = {"shd": ("train", "test"), "ssc": ("train", "valid", "test")}
LOADERS = {"shd": load_shd, "ssc": load_ssc, "ntidigits": load_ntidigits}
FOLDERS = {"shd": "SHD", "ssc": "SSC", "ntidigits": "NTIDIGITS18"}
#: Of N-TIDIGITS: speaker, take and digits make a name.
SPEAKERS = {"train": ("man-ae", "woman-bc", "man-df", "woman-ka"), "test": ("man-fd", "woman-pq")}


@pytest.fixture(autouse=True)
def no_data(monkeypatch, tmp_cache):
    """Start without BIOPLASTIC_DATA and with an empty cache."""
    monkeypatch.delenv("BIOPLASTIC_DATA", raising=False)
    problems._load.cache_clear()
    yield
    problems._load.cache_clear()


@pytest.fixture
def written(tmp_path, heidelberg, monkeypatch):
    """Write zipped files as they are published, three words by four speakers in each."""
    folder = tmp_path / "published"
    files = [(name, subset) for name, subsets in SUBSETS.items() for subset in subsets]
    for seed, (name, subset) in enumerate(files):
        words = heidelberg(seed, n=24)
        words.times = [times / np.float16(4) for times in words.times]  # short, for quick tests
        words.labels = np.arange(24, dtype=np.uint16) % 3
        words.speaker = np.arange(24, dtype=np.uint16) // 3 % 4
        words.units = [
            (200 * label + unit % 150).astype(np.uint16)
            for label, unit in zip(words.labels, words.units, strict=True)
        ]
        path = words.write(folder / f"{name}_{subset}.h5")
        with zipfile.ZipFile(f"{path}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(path, path.name)
        path.unlink()
    rng = np.random.default_rng(0)
    path = folder / "n-tidigits.hdf5"
    with h5py.File(path, "w") as file:
        for subset, speakers in SPEAKERS.items():
            names = [f"{who}-{take}-{d}" for who in speakers for take in "ab" for d in "z1o"]
            names.append(f"{speakers[0]}-a-z3o")
            file[f"{subset}_labels"] = np.array(names, dtype="S")
            for name in names:
                times = np.sort(rng.uniform(0, 0.2, 30)).astype(np.float32)
                units = 20 * "z1o".index(name.split("-")[-1][0]) + rng.integers(0, 15, 30)
                file[f"{subset}_timestamps/{name}"] = times
                file[f"{subset}_addresses/{name}"] = units.astype(np.uint8)
    file = replace(ntidigits._FILES["train"], md5=md5(path))
    monkeypatch.setitem(ntidigits._FILES, "train", file)
    return folder


@pytest.fixture
def tonic(written, monkeypatch):
    """Return tonic, to which the files that were written are the published ones, out of reach."""
    tonic = pytest.importorskip("tonic", reason="tonic is not installed")
    sets = tonic.datasets
    for kind, name in ((sets.SHD, "shd"), (sets.SSC, "ssc")):
        monkeypatch.setattr(kind, "base_url", "http://127.0.0.1:1/")
        for subset in SUBSETS[name]:
            monkeypatch.setattr(kind, f"{subset}_md5", md5(written / f"{name}_{subset}.h5.zip"))
    monkeypatch.setattr(sets.NTIDIGITS18, "base_url", "http://127.0.0.1:1/n-tidigits.hdf5")
    return tonic


@pytest.fixture
def server(tonic, written, monkeypatch):
    """Let this machine serve what was written; return what it was asked for."""
    asked = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_request(self, *_):
            if self.command == "GET":
                asked.append(self.path.removeprefix("/"))

    handler = functools.partial(Handler, directory=written)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as here:
        threading.Thread(target=here.serve_forever, args=[0.01], daemon=True).start()
        url, sets = f"http://127.0.0.1:{here.server_port}/", tonic.datasets
        for kind in (sets.SHD, sets.SSC):
            monkeypatch.setattr(kind, "base_url", url)
        monkeypatch.setattr(sets.NTIDIGITS18, "base_url", f"{url}n-tidigits.hdf5")
        yield asked
        here.shutdown()


def md5(path):
    return hashlib.md5(path.read_bytes()).hexdigest()


def in_tonics_folder(written, root):
    """Put the files where tonic would have put them: unpacked, with their archives beside them."""
    for name, folder in FOLDERS.items():
        place = root / folder
        place.mkdir(parents=True)
        for path in written.glob(f"{'n-' if name == 'ntidigits' else name}*"):
            (place / path.name).write_bytes(path.read_bytes())
            if path.suffix == ".zip":
                zipfile.ZipFile(path).extractall(place)
    return root


def same_as_of_tonic(loaded, dataset):
    """Whether tonic reads the same: units exactly, times to its microsecond, who speaks."""
    of_tonic = SpikeTrains.from_tonic(dataset, duration=loaded.data.duration, return_bunch=True)
    np.testing.assert_array_equal(of_tonic.data.offsets, loaded.data.offsets)
    np.testing.assert_array_equal(of_tonic.data.units, loaded.data.units)
    whole = np.floor(loaded.data.times * 1e6) / 1e6  # which it cuts off
    np.testing.assert_array_equal(of_tonic.data.times, whole)
    np.testing.assert_array_equal(of_tonic.groups, loaded.groups)
    return of_tonic


@pytest.mark.parametrize("name", ["shd", "ssc"])
def test_what_is_not_here_is_fetched_once_and_for_tonic_too(name, server, tonic, tmp_cache, capsys):
    load, subsets = LOADERS[name], SUBSETS[name]
    with pytest.raises(DataNotFoundError, match=rf"without load_{name}\(fetch=True\)"):
        load(subset="all")
    loaded = load(subset="all", fetch=True)
    fetched = [*server]
    assert [*dict.fromkeys(fetched)] == [f"{name}_{subset}.h5.zip" for subset in subsets]
    assert loaded.data.shape == (24 * len(subsets), 700)
    assert not capsys.readouterr().out  # tonic prints
    assert load(subset="all").data == load(subset="all", fetch=True).data == loaded.data
    for k, subset in enumerate(subsets):
        choice = {"split": subset} if name == "ssc" else {"train": subset == "train"}
        dataset = getattr(tonic.datasets, FOLDERS[name])(str(tmp_cache), **choice)
        own = load(subset=subset)
        assert own.data == loaded.data[24 * k : 24 * k + 24]
        of_tonic = same_as_of_tonic(own, dataset)
        assert of_tonic.target.tolist() == own.target.tolist()
        assert of_tonic.target_names == own.target_names
    assert server == fetched
    found = sorted(path.name for path in (tmp_cache / FOLDERS[name]).iterdir())
    assert found == sorted(f"{name}_{s}.h5{z}" for s in subsets for z in ("", ".zip"))


@pytest.mark.parametrize("subset", ["train", "test"])
def test_n_tidigits_with_labels_of_its_own(subset, server, tonic, tmp_path):
    loaded = load_ntidigits(tmp_path, subset, fetch=True)
    assert server == ["n-tidigits.hdf5"]
    assert set(loaded.groups) == set(SPEAKERS[subset])
    single = tonic.datasets.NTIDIGITS18(str(tmp_path), subset == "train", single_digits=True)
    of_tonic = same_as_of_tonic(loaded, single)
    # Ours: "z" is 0 and "o" is 10; tonic's: "o" is 0 and "z" is 10.
    assert set(of_tonic.target) == {0, 1, 10}
    assert loaded.target.tolist() == [{0: 10, 10: 0}.get(t, t) for t in of_tonic.target.tolist()]
    assert loaded.target_names[0] == "zero"
    every = load_ntidigits(tmp_path, subset, single_digits=False, fetch=True)
    dataset = tonic.datasets.NTIDIGITS18(str(tmp_path), subset == "train")
    assert same_as_of_tonic(every, dataset).target.tolist() == every.target.tolist()
    assert "z3o" in every.target
    assert len(server) == 1


@pytest.mark.parametrize("name", LOADERS)
def test_files_in_tonics_folder_are_found(name, written, tmp_path, monkeypatch):
    root = in_tonics_folder(written, tmp_path / "data")
    loaded = LOADERS[name](root, "test", fetch=True)
    assert len(loaded.data) in {24, 12}
    monkeypatch.setenv("BIOPLASTIC_DATA", str(root))
    assert LOADERS[name](subset="test").data == loaded.data


class TestFaults:
    @pytest.mark.parametrize("name", LOADERS)
    def test_out_of_reach(self, name, tonic, tmp_cache):
        with pytest.raises(
            DataNotFoundError, match=rf"load_{name}: tonic could not fetch .*check the network"
        ) as caught:
            LOADERS[name](fetch=True)
        assert "https://" in str(caught.value)
        assert not list((tmp_cache / FOLDERS[name]).iterdir())

    def test_another_content(self, server, written, tmp_cache):
        (written / "shd_train.h5.zip").write_bytes(b"a page that says sorry")
        with pytest.raises(DataNotFoundError, match=r"shd_train\.h5: File not found or corrupted"):
            load_shd(fetch=True)
        with h5py.File(written / "n-tidigits.hdf5", "a") as file:
            file["more"] = 1
        with pytest.raises(DataError, match="is not the published file: expected md5"):
            load_ntidigits(fetch=True)
        assert not [path for path in tmp_cache.rglob("*") if path.is_file()]
        assert len(load_ntidigits(fetch=True, verify=False).data) == 24

    @pytest.mark.parametrize("name", LOADERS)
    def test_without_tonic_it_says_how_to_get_it(self, name, monkeypatch):
        monkeypatch.setitem(sys.modules, "tonic", None)
        with pytest.raises(
            ImportError, match=rf"load_{name}: fetch=True .* pip install bioplastic\[tonic\], or"
        ):
            LOADERS[name](fetch=True)

    def test_a_file_that_was_named_is_not_fetched(self, server, tmp_path):
        with pytest.raises(DataNotFoundError, match=r"shd_train\.h5 .*is not in"):
            load_shd(tmp_path / "shd_train.h5", fetch=True)
        assert not server

    def test_nowhere_to_write_to(self, tonic, tmp_path):
        (tmp_path / "SHD").write_text("no folder")
        with pytest.raises(StorageError, match=r"load_shd: cannot write to .*SHD.*name another"):
            load_shd(tmp_path, fetch=True)

    def test_times_of_16_bits_that_overflowed(self, tonic, heidelberg, tmp_path):
        """Both our reader and what comes by way of tonic name the first."""
        words = heidelberg()
        words.times[3][-2:] = np.inf
        words.write(tmp_path / "SHD" / "shd_train.h5")
        (tmp_path / "SHD" / "shd_train.h5.zip").touch()
        with pytest.raises(DataError, match=r"must be finite, event \d+ has inf s \(sample 3\)"):
            load_shd(tmp_path, fetch=True)
        dataset = tonic.datasets.SHD(str(tmp_path))
        event = len(words.times[3]) - 2
        with (
            np.errstate(invalid="ignore"),
            pytest.raises(
                DataError, match=rf"microseconds from 0 on, item 3, event {event} has .*overflowed"
            ),
        ):
            SpikeTrains.from_tonic(dataset)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run a command that has to succeed, in an empty folder."""
    (tmp_path / "cwd").mkdir()
    monkeypatch.chdir(tmp_path / "cwd")

    def invoke(*arguments):
        result = CliRunner().invoke(app, [str(a) for a in arguments], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.stdout

    return invoke


TINY = [
    *("--engine", "numpy"), *("--neurons", "30"), *("--dt-ms", "5"), *("--rest-ms", "0"),
    *("--copies", "0"), *("--span-ms", "200"), "--quiet",
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "n_train", "n_test"),
    [
        pytest.param("shd", 24, 24, marks=pytest.mark.slow),
        pytest.param("ssc", 48, 24, marks=pytest.mark.slow),
        ("ntidigits", 24, 12),
    ],
)
def test_from_a_server_to_an_accuracy(name, n_train, n_test, server, run):
    LOADERS[name](subset="all", fetch=True)
    fetched = len(server)
    said = run("train", name, *TINY, "--out", "trained")
    assert f"training on {n_train}, {n_test} held out" in said
    assert f"the official test words of {name}" in said
    assert "Held-out accuracy" in run("evaluate", "trained", "--quiet")
    run(
        "compare", "--data", name, "--methods", "svm", "--seeds", 1, "--size", "demo",
        "--budget", 1, "--quiet", "--out", "compared",
    )  # fmt: skip
    with Path("compared/results.csv").open() as file:
        (task,) = csv.DictReader(file)
    assert (int(task["n_train"]), int(task["n_test"])) == (n_train, n_test)
    assert float(task["accuracy"]) > 0.8  # words differ in their channels
    assert len(server) == fetched
