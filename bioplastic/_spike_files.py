"""Read spikes from files: HDF5 in the layout of the Spiking Heidelberg Digits (SHD).

The layout is that of B. Cramer, Y. Stradmann, J. Schemmel and F. Zenke, "The Heidelberg Spiking
Data Sets for the Systematic Evaluation of Spiking Neural Networks", IEEE Transactions on Neural
Networks and Learning Systems 33(7):2744-2757, 2022, doi:10.1109/TNNLS.2020.3044364.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from bioplastic._hdf5 import open_hdf5
from bioplastic._spike_checks import up_to_last_spikes
from bioplastic.errors import DataError, DataNotFoundError

__all__ = [
    "beside",
    "check_there",
    "columns",
    "n_rows",
    "read_rows",
    "read_spikes",
    "reading",
]


#: Rows that are read at once.
_BLOCK = 4096


def check_there(method: str, path: Path) -> None:
    """Refuse the path of no file."""
    if not path.exists():
        raise DataNotFoundError(f"SpikeTrains.{method}: there is no file {path}; check the path")


@contextlib.contextmanager
def reading(method: str, path: Path) -> Iterator[None]:
    """Say in errors who reads what."""
    try:
        yield
    except DataNotFoundError:
        raise
    except DataError as error:
        raise DataError(f"SpikeTrains.{method}: {error}") from error
    except (OSError, RuntimeError, KeyError) as error:
        raise DataError(
            f"SpikeTrains.{method}: cannot read {path}: {error}; it is truncated or no HDF5 file, "
            f"copy or download it again"
        ) from error


def read_spikes(
    cls: Any, path: Path, n_units: int | None, duration: Any, *, return_bunch: bool
) -> Any:
    """Read a file in SHD's layout; see SpikeTrains.load."""
    check_there("load", path)
    with reading("load", path), open_hdf5(path) as file:
        n = n_rows(file, path)
        found = columns(file, n, path)
        rows = (slice(first, first + _BLOCK) for first in range(0, n, _BLOCK))
        parts = [(np.empty(0), np.zeros(0, np.int64), np.empty(0, np.uint16))]
        parts += [read_rows(file, path, part) for part in rows]
    times, sizes, units = (np.concatenate(column) for column in zip(*parts, strict=True))
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    if n_units is None:
        n_units = found["n_units"]
    if n_units is None:
        n_units = int(units.max()) + 1 if len(units) else 0
    if duration is None:
        duration = found["duration"]
    if duration is None:
        duration = up_to_last_spikes(times, offsets)
    try:
        spikes = cls(times, units, offsets, n_units=n_units, duration=duration)
    except DataError as error:
        raise DataError(f"SpikeTrains.load: {path}: {error}") from error
    return beside(spikes, found) if return_bunch else spikes


def read_rows(
    file: Any, path: Path, part: slice
) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64], npt.NDArray[Any]]:
    """Read times, sizes and units of some samples, end to end."""
    # In slices: far faster than row by row, and a row by itself takes some 100 bytes more.
    rows = [_ragged(file, f"spikes/{name}", path)[part] for name in ("times", "units")]
    sizes, others = (np.fromiter(map(len, given), np.int64, len(given)) for given in rows)
    if not np.array_equal(sizes, others):
        row = part.start + int(np.flatnonzero(sizes != others)[0])
        raise DataError(
            f"{path}: spikes/times and spikes/units must have rows of equal lengths, row "
            f"{row} has not; the file is damaged, copy or download it again"
        )
    return np.concatenate(rows[0]), sizes, np.concatenate(rows[1])


def n_rows(file: Any, path: Path) -> int:
    """Count the samples."""
    n, others = (len(_ragged(file, f"spikes/{name}", path)) for name in ("times", "units"))
    if n != others:
        raise DataError(
            f"{path}: spikes/times and spikes/units must have as many rows, got {n} and {others}; "
            f"the file is damaged, copy or download it again"
        )
    return n


def columns(file: Any, n: int, path: Path) -> dict[str, Any]:
    """Read what a file of so many samples says beside the spikes; None where it does not."""
    return {
        "n_units": _n_units(file, path),
        "duration": _column(file, "extra/duration", n, path, kinds="fiu"),
        "target": _column(file, "labels", n, path),
        "groups": _column(file, "extra/speaker", n, path),
        "target_names": _column(file, "extra/keys", None, path),
    }


def beside(spikes: Any, found: dict[str, Any]) -> Any:
    """Return spikes with what belongs to them, as a Bunch."""
    from sklearn.utils import Bunch

    return Bunch(
        data=spikes, **{name: found[name] for name in ("target", "groups", "target_names")}
    )


def _ragged(file: Any, name: str, path: Path) -> Any:
    """Return times or units, one ragged row a sample."""
    dataset, kinds = file.get(name), "f" if name.endswith("times") else "iu"
    base = h5py.check_vlen_dtype(dataset.dtype) if isinstance(dataset, h5py.Dataset) else None
    if not isinstance(base, np.dtype) or base.kind not in kinds or dataset.ndim != 1:
        kind = "seconds as floats" if kinds == "f" else "whole numbers"
        raise DataError(
            f"{path} has no {name} with one ragged row of {kind} a sample; it "
            f"must be in the layout of the Spiking Heidelberg Digits"
        )
    return dataset


def _n_units(file: Any, path: Path) -> int | None:
    dataset = file.get("extra/n_units")
    if dataset is None:
        return None
    shape, kind = (getattr(dataset, name, None) for name in ("shape", "dtype"))
    if shape != () or getattr(kind, "kind", "") not in "iu":
        raise DataError(
            f"{path}: extra/n_units must be one whole number, got {dataset!r}; "
            f"the file is damaged or of another layout"
        )
    return int(dataset[()])


def _column(file: Any, name: str, n: int | None, path: Path, *, kinds: str = "fiubSO") -> Any:
    dataset = file.get(name)
    if dataset is None:
        return None
    shape = getattr(dataset, "shape", None)
    kind = getattr(getattr(dataset, "dtype", None), "kind", "")
    fits = shape is not None and len(shape) == 1 and (n is None or shape[0] == n)
    if kind in {"S", "O"}:  # anything of no fixed size is an object
        fits = fits and h5py.check_string_dtype(dataset.dtype) is not None
    if not fits or kind not in kinds:
        raise DataError(
            f"{path}: {name} must be a list"
            f"{'' if n is None else f' of {n} values, one a sample'}, got {dataset!r}; the file is "
            f"damaged or of another layout"
        )
    if h5py.check_string_dtype(dataset.dtype):
        try:
            return dataset.asstr()[:].astype(np.str_)
        except UnicodeDecodeError as error:
            raise DataError(
                f"{path}: {name} must hold text in UTF-8: {error}; the file is "
                f"damaged or of another layout"
            ) from error
    return dataset[:]
