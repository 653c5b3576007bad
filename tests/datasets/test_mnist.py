"""MNIST on small IDX files of the same layout: found, fetched, and refused where they are damaged.

No test reaches the network: `requests.get` is replaced, and pooch runs as it is.
"""

import errno
import gzip
import hashlib
import re
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import requests

from bioplastic.datasets import load_mnist, mnist
from bioplastic.errors import DataError, DataNotFoundError, StorageError

N_TRAIN, N_TEST = 6, 3
Contents = dict[str, bytes]


class Mirror:
    """Stands in for `requests.get`: serves files, or fails as told for a part of the addresses."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files
        self.fails: dict[str, Callable[[], Iterator[bytes]]] = {}
        self.asked: list[str] = []

    def __call__(self, url: str, **_: object) -> "Mirror.Response":
        self.asked.append(url)
        for part, chunks in self.fails.items():
            if part in url:
                return Mirror.Response(chunks())
        return Mirror.Response(iter([self.files[url.rsplit("/", 1)[1]]]))

    class Response:
        def __init__(self, chunks: Iterator[bytes]) -> None:
            self.headers: dict[str, str] = {}
            self.chunks = chunks

        def raise_for_status(self) -> None:
            pass

        def iter_content(self, chunk_size: int) -> Iterator[bytes]:
            return self.chunks


def offline() -> Iterator[bytes]:
    raise requests.ConnectionError("name or service not known")
    yield b""


def breaks_off() -> Iterator[bytes]:
    yield b"half of the"
    raise requests.exceptions.ChunkedEncodingError("connection broken")


def login_page() -> Iterator[bytes]:
    yield b"<html>Please log in</html>"


def disk_full() -> Iterator[bytes]:
    yield b"half of the"
    raise OSError(errno.ENOSPC, "No space left on device")


def idx(values: np.ndarray) -> bytes:
    header = bytes([0, 0, 8, values.ndim]) + np.array(values.shape, dtype=">u4").tobytes()
    return header + values.astype(np.uint8).tobytes()


@pytest.fixture
def contents(monkeypatch: pytest.MonkeyPatch) -> Contents:
    """Return four small files by name, unzipped, that load_mnist takes for the published ones."""
    rng = np.random.default_rng(0)
    arrays = [
        rng.integers(0, 256, (N_TRAIN, 28, 28)),
        rng.integers(0, 10, N_TRAIN),
        rng.integers(0, 256, (N_TEST, 28, 28)),
        rng.integers(0, 10, N_TEST),
    ]
    contents = {file.name: idx(array) for file, array in zip(mnist._FILES, arrays, strict=True)}
    files = tuple(
        replace(
            file,
            md5=hashlib.md5(contents[file.name]).hexdigest(),
            md5_zip=hashlib.md5(zipped(contents[file.name])).hexdigest(),
        )
        for file in mnist._FILES
    )
    monkeypatch.setattr(mnist, "_FILES", files)
    return contents


@pytest.fixture(autouse=True)
def mirror(contents: Contents, monkeypatch: pytest.MonkeyPatch, tmp_cache: Path) -> Mirror:
    """Replace the network, clear BIOPLASTIC_DATA, and start with an empty cache."""
    mirror = Mirror({f"{name}.gz": zipped(content) for name, content in contents.items()})
    monkeypatch.setattr(requests, "get", mirror)
    monkeypatch.delenv("BIOPLASTIC_DATA", raising=False)
    return mirror


@pytest.fixture
def folder(contents: Contents, tmp_path: Path) -> Path:
    """Return a folder with the four files, gzipped."""
    return write(tmp_path / "files", contents)


def zipped(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


def write(folder: Path, contents: Contents, *, gz: bool = True) -> Path:
    folder.mkdir(parents=True)
    for name, content in contents.items():
        path = folder / (f"{name}.gz" if gz else name)
        path.write_bytes(zipped(content) if gz else content)
    return folder


def test_bunch(folder: Path, contents: Contents, mirror: Mirror) -> None:
    loaded = load_mnist(folder)
    images = b"".join(content[16:] for name, content in contents.items() if "images" in name)
    labels = b"".join(content[8:] for name, content in contents.items() if "labels" in name)
    assert loaded.data.shape == (N_TRAIN + N_TEST, 784)
    assert loaded.data.dtype == np.uint8
    assert loaded.data.tobytes() == images, "training images first"
    assert loaded.target.dtype == np.int64
    assert loaded.target.tolist() == list(labels)
    assert loaded.n_train == N_TRAIN
    assert loaded.image_shape == (28, 28)
    assert len(loaded.feature_names) == 784
    assert loaded.feature_names[29] == "pixel_1_1"
    assert "LeCun" in loaded.DESCR
    assert loaded.data.flags.writeable
    assert not mirror.asked


@pytest.mark.parametrize("gz", [True, False])
@pytest.mark.parametrize("subfolder", ["", "mnist"])
def test_found_in_folder_or_its_mnist(
    gz: bool, subfolder: str, contents: Contents, tmp_path: Path
) -> None:
    write(tmp_path / "files" / subfolder, contents, gz=gz)
    assert load_mnist(str(tmp_path / "files")).n_train == N_TRAIN


def test_another_zipping_of_the_same_content_is_accepted(folder: Path, contents: Contents) -> None:
    for name, content in contents.items():
        (folder / f"{name}.gz").write_bytes(gzip.compress(content, compresslevel=1, mtime=1))
    assert load_mnist(folder).n_train == N_TRAIN


@pytest.mark.parametrize("gz", [True, False])
def test_a_dot_in_place_of_the_dash(contents: Contents, tmp_path: Path, gz: bool) -> None:
    dotted = {name.replace("-idx", ".idx"): content for name, content in contents.items()}
    assert "t10k-labels.idx1-ubyte" in dotted
    loaded = load_mnist(write(tmp_path / "dotted", dotted, gz=gz))
    assert len(loaded.data) == N_TRAIN + N_TEST


def test_what_lies_there_is_listed(
    contents: Contents, tmp_path: Path, mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = write(tmp_path / "mnist", {f"my-{name}": c for name, c in contents.items()}, gz=False)
    listed = f"{place} holds my-t10k-images-idx3-ubyte, my-t10k-labels-idx1-ubyte, my-train"
    with pytest.raises(DataNotFoundError, match=re.escape(listed)):
        load_mnist(tmp_path)
    mirror.fails[""] = offline
    monkeypatch.setenv("BIOPLASTIC_DATA", str(tmp_path))
    with pytest.raises(DataNotFoundError, match=re.escape(listed)):
        load_mnist()


def test_environment_variable_before_cache(
    contents: Contents, tmp_path: Path, tmp_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "data" / "mnist", contents)
    write(tmp_cache / "mnist", dict.fromkeys(contents, b"never read"))
    monkeypatch.setenv("BIOPLASTIC_DATA", str(tmp_path / "data"))
    assert load_mnist().n_train == N_TRAIN


def test_cache_where_environment_variable_has_no_mnist(
    contents: Contents, tmp_path: Path, tmp_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_cache / "mnist", contents)
    monkeypatch.setenv("BIOPLASTIC_DATA", str(tmp_path))
    assert load_mnist().n_train == N_TRAIN


def test_fetched_once(mirror: Mirror, tmp_cache: Path) -> None:
    first = load_mnist()
    assert len(mirror.asked) == 4
    assert all(url.startswith(mnist._MIRRORS[0]) for url in mirror.asked)
    assert sorted(path.name for path in (tmp_cache / "mnist").iterdir()) == sorted(mirror.files)
    np.testing.assert_array_equal(load_mnist().data, first.data)
    assert len(mirror.asked) == 4, "the second call reads the cache"


def test_only_missing_files_are_fetched(
    contents: Contents, mirror: Mirror, tmp_cache: Path
) -> None:
    write(tmp_cache / "mnist", contents)
    (tmp_cache / "mnist" / "t10k-labels-idx1-ubyte.gz").unlink()
    assert load_mnist().n_train == N_TRAIN
    assert mirror.asked == [mnist._MIRRORS[0] + "t10k-labels-idx1-ubyte.gz"]


@pytest.mark.parametrize("failure", [offline, breaks_off, login_page])
def test_second_mirror_where_the_first_fails(
    failure: Callable[[], Iterator[bytes]], mirror: Mirror, tmp_cache: Path
) -> None:
    mirror.fails[mnist._MIRRORS[0]] = failure
    assert load_mnist().n_train == N_TRAIN
    assert sorted(path.name for path in (tmp_cache / "mnist").iterdir()) == sorted(mirror.files)


@pytest.mark.parametrize("failure", [offline, breaks_off, login_page])
def test_no_mirror_says_where_it_looked_and_leaves_nothing(
    failure: Callable[[], Iterator[bytes]],
    mirror: Mirror,
    tmp_path: Path,
    tmp_cache: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BIOPLASTIC_DATA", str(tmp_path / "data"))
    mirror.fails["http"] = failure
    with pytest.raises(DataNotFoundError) as caught:
        load_mnist()
    message = str(caught.value)
    for expected in (
        str(tmp_path / "data"),
        str(tmp_cache / "mnist"),
        *mnist._MIRRORS,
        *mirror.files,
        "Connect to the internet",
    ):
        assert expected in message
    assert not list((tmp_cache / "mnist").iterdir())


def test_full_disk_names_the_cache_and_leaves_nothing(mirror: Mirror, tmp_cache: Path) -> None:
    mirror.fails["t10k-images"] = disk_full
    with pytest.raises(StorageError, match=r"No space left.*BIOPLASTIC_CACHE") as caught:
        load_mnist()
    assert str(tmp_cache / "mnist") in str(caught.value)
    left = sorted(path.name for path in (tmp_cache / "mnist").iterdir())
    assert left == ["train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"]


def test_cache_that_cannot_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("BIOPLASTIC_CACHE", str(tmp_path / "file"))
    with pytest.raises(StorageError, match="BIOPLASTIC_CACHE"):
        load_mnist()


def test_path_is_never_overridden(
    folder: Path,
    contents: Contents,
    mirror: Mirror,
    tmp_cache: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write(tmp_cache / "mnist", contents)
    monkeypatch.setenv("BIOPLASTIC_DATA", str(tmp_cache))
    (folder / "train-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(DataNotFoundError, match="train-labels-.*gz is not in") as caught:
        load_mnist(folder)
    assert str(folder) in str(caught.value)
    assert not mirror.asked


def test_path_that_is_no_folder(tmp_path: Path) -> None:
    with pytest.raises(DataNotFoundError, match="load_mnist: .* is not in .*nowhere"):
        load_mnist(tmp_path / "nowhere")


IMAGES = "train-images-idx3-ubyte"


def flipped(content: bytes) -> bytes:
    return content[:100] + bytes([content[100] ^ 1]) + content[101:]


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda content: b"", "is no IDX file of 3 dimensions, it begins with 0x"),
        (
            lambda content: b"\0\0\x08\x01" + content[4:],
            "is no IDX file of 3 dimensions, it begins with 0x00000801",
        ),
        (lambda content: content[:10], "is truncated or too long: 10 bytes"),
        (lambda content: content[:-1], "is truncated .*: 4719 bytes do not hold"),
        (lambda content: content + b"\0", "is .* too long: 4721 bytes do not hold"),
        (flipped, "has another content: expected md5 [0-9a-f]{32} .*, found [0-9a-f]{32}"),
    ],
)
@pytest.mark.parametrize("gz", [True, False])
def test_damaged_content(
    damage: Callable[[bytes], bytes], message: str, gz: bool, contents: Contents, tmp_path: Path
) -> None:
    contents[IMAGES] = damage(contents[IMAGES])
    folder = write(tmp_path / "damaged", contents, gz=gz)
    with pytest.raises(DataError, match=rf"{IMAGES}.*: {message}.*Delete the file and call again"):
        load_mnist(folder)


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[: len(content) // 2],
        lambda content: b"no gzip file at all",
        lambda content: content[:50] + b"\xff" * 50 + content[100:],
    ],
    ids=["truncated", "not gzip", "overwritten"],
)
def test_damaged_gzip(damage: Callable[[bytes], bytes], folder: Path) -> None:
    path = folder / f"{IMAGES}.gz"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DataError, match="Delete the file and call again") as caught:
        load_mnist(folder)
    assert str(path) in str(caught.value)
    assert path.is_file(), "what a user put there is the user's to delete"


def test_a_file_that_unpacks_without_end(folder: Path) -> None:
    path = folder / f"{IMAGES}.gz"
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes())[:16] + bytes(10**8)))
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match="unpacks to far more than its size"):
            load_mnist(folder)
        assert tracemalloc.get_traced_memory()[1] < 10 * path.stat().st_size + 4 * 2**20
    finally:
        tracemalloc.stop()


def test_damaged_file_in_the_cache_is_not_fetched_over(
    contents: Contents, mirror: Mirror, tmp_cache: Path
) -> None:
    contents[IMAGES] = flipped(contents[IMAGES])
    write(tmp_cache / "mnist", contents)
    with pytest.raises(DataError, match=str(tmp_cache)):
        load_mnist()
    assert not mirror.asked
    (tmp_cache / "mnist" / f"{IMAGES}.gz").unlink()
    assert load_mnist().n_train == N_TRAIN, "the remedy in the message works"


def test_published_checksums_are_of_two_kinds() -> None:
    assert all(len(file.md5) == len(file.md5_zip) == 32 for file in mnist._FILES)
    assert len({checksum for file in mnist._FILES for checksum in (file.md5, file.md5_zip)}) == 8
