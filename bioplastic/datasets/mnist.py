"""MNIST: 70,000 handwritten digits, from local IDX files or fetched once to the user's cache."""

import logging
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pooch
from sklearn.utils import Bunch

from bioplastic._paths import cache_dir
from bioplastic.datasets._idx import read_idx
from bioplastic.datasets._official import files_there
from bioplastic.errors import DataNotFoundError, StorageError

__all__ = ["load_mnist"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class _File:
    """One IDX file of the data set.

    Parameters
    ----------
    name : str
        File name without ``.gz``.
    n_dims : int
        Number of dimensions.
    md5_gz : str
        Checksum of the file as published, gzipped: what a download must have.
    md5 : str
        Checksum of the content: what a local file must have, however it was zipped.
    """

    name: str
    n_dims: int
    md5_gz: str
    md5: str


_FILES = (
    _File(
        name="train-images-idx3-ubyte",
        n_dims=3,
        md5_gz="f68b3c2dcbeaaa9fbdd348bbdeb94873",
        md5="6bbc9ace898e44ae57da46a324031adb",
    ),
    _File(
        name="train-labels-idx1-ubyte",
        n_dims=1,
        md5_gz="d53e105ee54ea40749a09fcbcd1e9432",
        md5="a25bea736e30d166cdddb491f175f624",
    ),
    _File(
        name="t10k-images-idx3-ubyte",
        n_dims=3,
        md5_gz="9fb629c4189551a2d022fa330f9573f3",
        md5="2646ac647ad5339dbf082846283269ea",
    ),
    _File(
        name="t10k-labels-idx1-ubyte",
        n_dims=1,
        md5_gz="ec29112dd5afa0611ce80d1b7f02629c",
        md5="27ae3e4e09519cfbb04c329615203637",
    ),
)

_MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)

_DESCR = """\
MNIST handwritten digits
------------------------
60,000 training images, first, and 10,000 test images of 28 x 28 pixels, 0 (background) to 255
(ink), with the digit each shows. Training and test images were written by different people.

Y. LeCun, L. Bottou, Y. Bengio, P. Haffner (1998). Gradient-based learning applied to document
recognition. Proceedings of the IEEE 86(11), 2278-2324. https://doi.org/10.1109/5.726791
"""


def load_mnist(path: str | os.PathLike[str] | None = None) -> Bunch:
    """Load MNIST, from local files where they are, else fetched once to the cache (11 MB).

    The four official IDX files, gzipped or not, also as ``train-images.idx3-ubyte`` and so on with
    a dot in place of a dash, are looked for in `path` alone where it is given;
    else in the folder that the environment variable ``BIOPLASTIC_DATA`` names, then in the cache
    (``mnist/`` in ``BIOPLASTIC_CACHE`` or in the user's cache folder). Every file's content is
    checked against the published one.

    Parameters
    ----------
    path : str or os.PathLike, optional
        Folder that holds the four files, itself or in its subfolder ``mnist``.

    Returns
    -------
    sklearn.utils.Bunch
        data : ndarray of shape (70000, 784), uint8
            One image a row, the 60,000 training images first, intensities 0 to 255 (no unit).
        target : ndarray of shape (70000,), int64
            The digit, 0 to 9.
        n_train : int
            60000, the row where the test images begin.
        image_shape : tuple of int
            ``(28, 28)``.
        feature_names : list of str
            ``pixel_<row>_<column>``.
        DESCR : str
            Origin and description.

    Raises
    ------
    DataError
        If a file is damaged, truncated or not the published one.
    DataNotFoundError
        If files are missing in `path`, or found nowhere and no mirror can be reached.
    StorageError
        If fetched files cannot be written to the cache.

    References
    ----------
    .. [1] Y. LeCun, L. Bottou, Y. Bengio, P. Haffner (1998). Gradient-based learning applied to
       document recognition. Proceedings of the IEEE 86(11), 2278-2324.
       https://doi.org/10.1109/5.726791

    Examples
    --------
    >>> from bioplastic.datasets import load_mnist
    >>> mnist = load_mnist()  # doctest: +SKIP
    >>> X_train = mnist.data[: mnist.n_train]  # doctest: +SKIP
    >>> X_train.shape  # doctest: +SKIP
    (60000, 784)
    """
    found = _find_or_fetch() if path is None else _find_in_folder(Path(path).expanduser())
    train_images, train_labels, test_images, test_labels = (
        read_idx(found[file], n_dims=file.n_dims, md5=file.md5) for file in _FILES
    )
    n_rows, n_columns = train_images.shape[1:]
    data = np.concatenate([train_images, test_images]).reshape(-1, n_rows * n_columns)
    return Bunch(
        data=data,
        target=np.concatenate([train_labels, test_labels]).astype(np.int64),
        n_train=len(train_images),
        image_shape=(n_rows, n_columns),
        feature_names=[f"pixel_{i}_{j}" for i in range(n_rows) for j in range(n_columns)],
        DESCR=_DESCR,
    )


def _find_or_fetch() -> dict[_File, Path]:
    """Return where each file lies: in BIOPLASTIC_DATA, in the cache, or there once fetched."""
    data = os.environ.get("BIOPLASTIC_DATA")
    if data:
        found = _look_in(Path(data).expanduser())
        if len(found) == len(_FILES):
            return found
    cache = cache_dir() / "mnist"
    found = _present(cache)
    return {file: found[file] if file in found else _fetch(file, cache) for file in _FILES}


def _find_in_folder(folder: Path) -> dict[_File, Path]:
    """Return where each file lies in the folder that a user named, or say what is missing."""
    if not folder.is_dir():
        raise DataNotFoundError(
            f"load_mnist.path: must be a folder with the MNIST files, got {str(folder)!r}, which "
            "is not a folder. Correct it, or leave path out to use BIOPLASTIC_DATA or the cache."
        )
    found = _look_in(folder)
    missing = [file for file in _FILES if file not in found]
    if missing:
        raise DataNotFoundError(
            f"load_mnist.path: {folder} (with its subfolder mnist) lacks {_names(missing)}. Put "
            f"them there (they are at {_MIRRORS[0]}), or leave path out to use BIOPLASTIC_DATA or "
            f"the cache.{files_there([folder, folder / 'mnist'])}"
        )
    return found


def _look_in(folder: Path) -> dict[_File, Path]:
    """Return the files in `folder` or in its subfolder ``mnist``, whichever holds more of them."""
    return max(_present(folder), _present(folder / "mnist"), key=len)


def _dotted(file: _File) -> str:
    """Name that some archives give a file: ``train-images.idx3-ubyte``."""
    return file.name.replace("-idx", ".idx")


def _present(place: Path) -> dict[_File, Path]:
    return {
        file: place / name
        for file in _FILES
        # The last one wins: the file as published before an unzipped copy of it.
        for name in (_dotted(file), f"{_dotted(file)}.gz", file.name, f"{file.name}.gz")
        if (place / name).is_file()
    }


def _names(files: Iterable[_File]) -> str:
    return ", ".join(f"{file.name}.gz" for file in files)


def _fetch(file: _File, cache: Path) -> Path:
    """Fetch one file to the cache; pooch renames a checked temporary file, so none is partial."""
    import requests  # slow to import, and needed for a download only

    name = f"{file.name}.gz"
    failures = []
    for mirror in _MIRRORS:
        logger.info("Fetching %s%s to %s", mirror, name, cache)
        try:
            fetched = pooch.retrieve(
                url=mirror + name,
                known_hash=f"md5:{file.md5_gz}",
                fname=name,
                path=cache,
                downloader=pooch.HTTPDownloader(timeout=30),
            )
        except (requests.RequestException, ValueError) as error:
            # ValueError: the mirror sent something else, such as a proxy's log-in page.
            failures.append(f"{mirror}: {error}")
        except OSError as error:
            raise StorageError(
                f"load_mnist: {name} cannot be written to {cache}: {error}. Free space or permit "
                "writing there, or set BIOPLASTIC_CACHE to another folder."
            ) from error
        else:
            return Path(fetched)
    data = os.environ.get("BIOPLASTIC_DATA")
    own = Path(data).expanduser() if data else cache
    raise DataNotFoundError(
        f"load_mnist: the MNIST files are neither in BIOPLASTIC_DATA ({data or 'not set'}) nor "
        f"complete in the cache ({cache}), and no mirror gave {name}: {'; '.join(failures)}. "
        f"Connect to the internet and call again, or put {_names(_FILES)} into a folder and name "
        f"it: load_mnist(path) or BIOPLASTIC_DATA.{files_there([own, own / 'mnist', cache])}"
    )
