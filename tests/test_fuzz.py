"""A few files that go wrong for each reader; `make fuzz` tries a hundred thousand of each."""

import importlib
import tracemalloc
from pathlib import Path

import pytest

from bioplastic import _hdf5
from bioplastic.errors import BioplasticError

TOOLS = Path(__file__).resolve().parents[1] / "tools"


@pytest.fixture(scope="module")
def files():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(TOOLS)
        yield importlib.import_module("fuzz_files")


@pytest.mark.parametrize(
    ("name", "n"),
    [
        ("idx", 200), ("hdf5", 60), ("ntidigits", 30), ("checkpoint", 200), ("recording", 40),
        ("wav", 150), ("toml", 200), ("model", 30), ("nir", 30),
    ],
)  # fmt: skip
def test_a_file_is_read_or_refused(files, tmp_path, monkeypatch, name, n):
    monkeypatch.setattr(_hdf5, "SECONDS", 0.2)
    reader = files.READERS[name]
    valid = reader.valid()
    for kept, content in valid.items():  # unchanged, they are read
        (tmp_path / kept).write_bytes(content)
        reader.read(tmp_path / kept)
    ended = {"read": 0, "refused": 0}
    tracemalloc.start()
    try:
        for number in range(n):
            kept, content = files.mutated(name, 1, number, valid)
            (tmp_path / kept).write_bytes(content)
            tracemalloc.reset_peak()
            before, _ = tracemalloc.get_traced_memory()
            try:
                reader.read(tmp_path / kept)
                ended["read"] += 1
            except BioplasticError:
                ended["refused"] += 1
            taken = tracemalloc.get_traced_memory()[1] - before
            assert taken <= 10 * len(content) + reader.floor, f"{name}, seed 1, number {number}"
    finally:
        tracemalloc.stop()
    assert min(ended.values()) > 0, ended


def test_a_file_follows_from_its_number(files):
    valid = files.READERS["idx"].valid()
    assert files.mutated("idx", 3, 7, valid) == files.mutated("idx", 3, 7, valid)
    assert files.mutated("idx", 3, 7, valid) != files.mutated("idx", 3, 8, valid)
