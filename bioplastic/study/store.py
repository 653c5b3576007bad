"""Where a study keeps what its tasks have found."""

import contextlib
import hashlib
import io
import json
import logging
import os
import re
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bioplastic._archives import check_archive
from bioplastic._whole_files import whole_file
from bioplastic.errors import DataError, ParameterError
from bioplastic.study.outcome import Outcome

_FORMAT = 1
#: Bytes of exhibits, whatever they are compressed to.
_LARGEST = 2**28
#: In seconds. A write takes far less: what lies here that long has no writer any more.
_ABANDONED = 3600.0

_logger = logging.getLogger(__name__)


class Store:
    """A folder of outcomes, each under the key of its task.

    A killed program, a full disk or a power cut leaves an outcome that is whole or none: files are
    written aside, brought to the disk and moved to their place. Any number of processes may use a
    folder at once, also for the same key, where the last that comes stays.

    Parameters
    ----------
    folder : path-like
        Made at the first `save`.

    Notes
    -----
    An outcome is ``KEY.json``, and ``KEY-DIGEST.npz`` where there are exhibits. The first names the
    second and has the digest (BLAKE2b) of both, so that a file that was damaged or cut off counts
    as not there.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     "5eed" in Store(folder)
    False
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)

    def __repr__(self) -> str:
        return f"Store({str(self.folder)!r})"

    def __contains__(self, key: str) -> bool:
        return self.load(key) is not None

    def load(self, key: str) -> Outcome | None:
        """Return the outcome of a task.

        Parameters
        ----------
        key : str
            Of the task, in hexadecimal digits.

        Returns
        -------
        outcome : Outcome or None
            None where there is none, or a damaged one.

        Raises
        ------
        ParameterError
            If `key` is none.
        """
        path = self._path(key)
        try:
            said = json.loads(path.read_bytes())
            content, digest = said["content"], said["digest"]
            if said["format"] != _FORMAT or content["key"] != key or digest != _digest(content):
                raise ValueError("it does not have its digest")
            return Outcome.from_json(content["outcome"], self._exhibits(content["exhibits"]))
        except FileNotFoundError as error:
            if Path(error.filename) != path:
                _logger.warning("%s counts as not there: %s", path, error)
            return None
        # A damaged file fails anywhere in JSON, zip or NPY header.
        except Exception as error:
            _logger.warning("%s counts as not there: %s", path, error)
            return None

    def save(self, key: str, outcome: Outcome) -> None:
        """Keep the outcome of a task; it is on the disk when this returns.

        Parameters
        ----------
        key : str
            Of the task, in hexadecimal digits.
        outcome : Outcome
            What it found.

        Raises
        ------
        ParameterError
            If `key` is none.
        DataError
            If the outcome has something that JSON or NPZ has not.
        StorageError
            If it cannot be written; what was there stays.
        """
        path = self._path(key)
        try:
            said = json.dumps(outcome.as_json(), default=_plain)
            image = _image(outcome.exhibits)
        except (TypeError, ValueError) as error:
            raise DataError(
                f"store: the outcome of {outcome.method} on {outcome.problem} cannot be kept: "
                f"{error}; give numbers, strings, lists and dicts of strings, and arrays of numbers"
            ) from error
        content: dict[str, Any] = {"key": key, "outcome": json.loads(said), "exhibits": None}
        if image is not None:
            digest = hashlib.blake2b(image, digest_size=16).hexdigest()
            # Writers of the same key do not meet: other content, other name.
            name = f"{key}-{digest[:16]}.npz"
            content["exhibits"] = {"file": name, "digest": digest}
            with whole_file(self.folder / name, "store") as scratch:
                scratch.write_bytes(image)
        text = {"format": _FORMAT, "digest": _digest(content), "content": content}
        with whole_file(path, "store") as scratch:
            scratch.write_text(json.dumps(text), encoding="utf-8")

    def sweep(self) -> None:
        """Remove what killed writers left: files of an hour ago that belong to no outcome."""
        named = set()
        for path in self.folder.glob("*.json"):
            with contextlib.suppress(OSError, ValueError, KeyError, TypeError, RecursionError):
                named.add(json.loads(path.read_bytes())["content"]["exhibits"]["file"])
        for path in [*self.folder.glob(".*.part*"), *self.folder.glob("*.npz")]:
            # Another process may sweep too.
            with contextlib.suppress(OSError):
                age = time.time() - path.stat().st_mtime
                if path.name not in named and age > _ABANDONED:
                    path.unlink()

    def _path(self, key: str) -> Path:
        if not isinstance(key, str) or not re.fullmatch("[0-9a-f]+", key):
            raise ParameterError(f"store: key must be lower-case hexadecimal digits, got {key!r}")
        return self.folder / f"{key}.json"

    def _exhibits(self, named: dict[str, str] | None) -> dict[str, npt.NDArray[Any]]:
        if named is None:
            return {}
        if named["file"] != Path(named["file"]).name:
            raise ValueError(f"{named['file']} lies elsewhere")
        image = (self.folder / named["file"]).read_bytes()
        if hashlib.blake2b(image, digest_size=16).hexdigest() != named["digest"]:
            raise ValueError(f"{named['file']} does not have its digest")
        check_archive(io.BytesIO(image), 10 * len(image) + _LARGEST)
        with np.load(io.BytesIO(image), allow_pickle=False) as file:
            return {name: file[name] for name in file.files}


def _digest(content: dict[str, Any]) -> str:
    return hashlib.blake2b(json.dumps(content).encode(), digest_size=16).hexdigest()


def _image(exhibits: dict[str, npt.NDArray[Any]]) -> bytes | None:
    if not exhibits:
        return None
    arrays = {name: np.asarray(array) for name, array in exhibits.items()}
    for name, array in arrays.items():
        if array.dtype.hasobject:
            raise TypeError(f"exhibit {name!r} is an array of objects")
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)  # type: ignore[arg-type]
    return stream.getvalue()


def _plain(value: Any) -> Any:
    """Give a number or an array of numpy as JSON has it."""
    if isinstance(value, np.generic) or type(value) is np.ndarray:
        return value.tolist()
    raise TypeError(f"{value!r} is {type(value).__name__}")
