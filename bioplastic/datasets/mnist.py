"""MNIST: 70,000 handwritten digits, from local IDX files or fetched once to the user's cache."""

import hashlib
import logging
import math
import os
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pooch
from sklearn.utils import Bunch

from bioplastic._paths import cache_dir
from bioplastic.datasets._fetching import OfficialFile
from bioplastic.datasets._official import find_files, unpacked
from bioplastic.errors import DataError, DataNotFoundError, StorageError

_UNSIGNED_BYTE = 0x08

logger = logging.getLogger(__name__)


#: Of these, the content has one checksum, however it was zipped, and a download the other.
_FILES = (
    OfficialFile(
        name="train-images-idx3-ubyte",
        md5_zip="f68b3c2dcbeaaa9fbdd348bbdeb94873",
        md5="6bbc9ace898e44ae57da46a324031adb",
    ),
    OfficialFile(
        name="train-labels-idx1-ubyte",
        md5_zip="d53e105ee54ea40749a09fcbcd1e9432",
        md5="a25bea736e30d166cdddb491f175f624",
    ),
    OfficialFile(
        name="t10k-images-idx3-ubyte",
        md5_zip="9fb629c4189551a2d022fa330f9573f3",
        md5="2646ac647ad5339dbf082846283269ea",
    ),
    OfficialFile(
        name="t10k-labels-idx1-ubyte",
        md5_zip="ec29112dd5afa0611ce80d1b7f02629c",
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
    train_images, train_labels, test_images, test_labels = (
        read_idx(_find_or_fetch(file, path), n_dims=3 if "images" in file.name else 1, md5=file.md5)
        for file in _FILES
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


def read_idx(path: Path, *, n_dims: int, md5: str | None) -> npt.NDArray[np.uint8]:
    """Read an IDX file of unsigned bytes, gzipped or not.

    Parameters
    ----------
    path : pathlib.Path
        The file; a name that ends in ``.gz`` is unzipped on the way.
    n_dims : int
        Number of dimensions that the file must have.
    md5 : str or None
        Checksum of the unzipped content, 32 hexadecimal digits; any content will do for None.

    Returns
    -------
    ndarray of uint8, read-only
        The values in the shape that the file's header gives.

    Raises
    ------
    DataError
        If the file is damaged, truncated, of another format or has another checksum.

    Examples
    --------
    >>> import hashlib, pathlib, tempfile
    >>> from bioplastic.datasets.mnist import read_idx
    >>> content = bytes([0, 0, 8, 1, 0, 0, 0, 3]) + bytes([7, 8, 9])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "labels"
    ...     _ = path.write_bytes(content)
    ...     read_idx(path, n_dims=1, md5=hashlib.md5(content).hexdigest())
    array([7, 8, 9], dtype=uint8)
    """
    content = unpacked(path)
    start = 4 + 4 * n_dims
    shape = tuple(int(n) for n in np.frombuffer(content[4:start].ljust(start - 4), dtype=">u4"))
    found = hashlib.md5(content, usedforsecurity=False).hexdigest()
    # The header first: "truncated" tells a user more than two unequal checksums.
    if content[:4] != bytes([0, 0, _UNSIGNED_BYTE, n_dims]):
        problem = f"is no IDX file of {n_dims} dimensions, it begins with 0x{content[:4].hex()}"
    elif len(content) != start + math.prod(shape):
        problem = f"is truncated or too long: {len(content)} bytes do not hold {shape}"
    elif found != (md5 or found):
        problem = f"has another content: expected md5 {md5} (unzipped), found {found}"
    else:
        return np.frombuffer(content, dtype=np.uint8, offset=start).reshape(shape)
    raise DataError(
        f"{path}: {problem}. Delete the file and call again, or put an undamaged copy in its place."
    )


def _find_or_fetch(file: OfficialFile, path: str | os.PathLike[str] | None) -> Path:
    gz, dotted = f"{file.name}.gz", file.name.replace("-idx", ".idx")
    try:
        return find_files(
            (gz, file.name, f"{dotted}.gz", dotted), path,
            caller="load_mnist", folders=("mnist", "."), what=gz, home=_MIRRORS[0],
        )[0]  # fmt: skip
    except DataNotFoundError as error:
        if path is not None:
            raise
        return _fetch(file, str(error).rpartition("BIOPLASTIC_DATA.")[2])


def _fetch(file: OfficialFile, there: str) -> Path:
    """Fetch one file to the cache; pooch renames a checked temporary file, so none is partial."""
    import requests  # slow to import, and needed for a download only

    name, cache = f"{file.name}.gz", cache_dir() / "mnist"
    failures = []
    for mirror in _MIRRORS:
        logger.info("Fetching %s%s to %s", mirror, name, cache)
        try:
            fetched = pooch.retrieve(
                url=mirror + name,
                known_hash=f"md5:{file.md5_zip}",
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
    names = ", ".join(f"{one.name}.gz" for one in _FILES)
    raise DataNotFoundError(
        f"load_mnist: {name} is neither in BIOPLASTIC_DATA "
        f"({os.environ.get('BIOPLASTIC_DATA', 'not set')}) nor in the cache ({cache}), and no "
        f"mirror gave it: {'; '.join(failures)}. Connect to the internet and call again, or put "
        f"{names} into a folder and name it: load_mnist(path) or BIOPLASTIC_DATA.{there}"
    )
