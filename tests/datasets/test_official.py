"""What all loaders say of files that they do not find."""

import re
from pathlib import Path

import pytest

from bioplastic import datasets
from bioplastic.datasets._official import files_there
from bioplastic.errors import DataNotFoundError

LOADERS = [
    datasets.load_fsdd, datasets.load_grasshopper, datasets.load_hd, datasets.load_mnist,
    datasets.load_ntidigits, datasets.load_shd, datasets.load_ssc,
]  # fmt: skip


@pytest.mark.parametrize("load", LOADERS, ids=lambda load: load.__name__)
def test_loaders_list_what_lies_there(load, tmp_path: Path) -> None:
    (tmp_path / "almost.name").touch()
    with pytest.raises(DataNotFoundError, match=re.escape(f"{tmp_path} holds almost.name.")):
        load(tmp_path)


def test_what_lies_beside_a_file_that_is_not_there(tmp_path: Path) -> None:
    for k in range(12):
        (tmp_path / f"{k:02}.h5").touch()
    (tmp_path / "folder").mkdir()
    said = files_there([tmp_path / "0.h5", tmp_path, tmp_path / "folder", Path("/nowhere/at/all")])
    names = ", ".join(f"{k:02}.h5" for k in range(8))
    assert said == f" {tmp_path} holds {names} and 4 more."
