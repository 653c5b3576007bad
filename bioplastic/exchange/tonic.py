"""Data sets of events in tonic, and data sets for its transforms and for PyTorch."""

import importlib.metadata
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from bioplastic.errors import DataError, ParameterError
from bioplastic.exchange._event_dataset import EventDataset
from bioplastic.exchange.events import assemble

if TYPE_CHECKING:
    from bioplastic.spikes import SpikeTrains

_WHERE = "SpikeTrains.from_tonic"
#: Beyond it a float names no microsecond for certain; an infinite time ends there as an integer.
_LATEST = 2**53
#: Under which names data sets of tonic say who a sample is of.
_WHO = ("speaker", "_speaker", "users")


def from_tonic(
    cls: type["SpikeTrains"],
    dataset: Any,
    *,
    sensor_size: tuple[int, int, int] | None = None,
    duration: Any = None,
    return_bunch: bool = False,
) -> Any:
    """Read a data set of tonic, or tables of events like tonic's.

    Parameters
    ----------
    dataset : sequence of (events, target), or of events
        A data set of tonic, a cache or slices of one, or a list. Events are a structured array
        with the fields ``t`` (microseconds), ``x``, and where the sensor has such ``y`` and
        ``p``, in any order. tonic need not be installed.
    sensor_size : tuple of int, optional
        Numbers of columns, rows and polarities, ``(X, Y, P)``. By default that of the data
        set.
    duration : float, array_like or Quantity of shape (n_samples,), in seconds, optional
        Length of each sample. By default the data set's own where it is one of
        :meth:`to_tonic`, else the time of the sample's last event rounded up to a whole
        millisecond.
    return_bunch : bool, default=False
        Also return what belongs to the spikes.

    Returns
    -------
    spikes : SpikeTrains or Bunch
        The spikes, of ``X * Y * P`` units: an event belongs to the unit ``x + X*(y + Y*p)``,
        where ``p`` does not count with one polarity. With `return_bunch` a Bunch with ``data``
        (the spikes), ``target``, ``groups`` (speaker or user) and ``target_names``; None where
        the data set has none.

    Raises
    ------
    DataError
        If an item is no table of events, a time is below 0 or not finite, or an event lies
        outside the sensor. Item and event are named.
    ParameterError
        If there is no `sensor_size`, or if tonic is older than 1.7 and its times of these data
        are wrong.

    References
    ----------
    .. [1] G. Lenz et al. (2021). Tonic: event-based datasets and transformations.
       https://doi.org/10.5281/zenodo.5079802

    Examples
    --------
    >>> import numpy as np
    >>> from bioplastic import SpikeTrains
    >>> kind = [("x", int), ("y", int), ("t", int), ("p", bool)]
    >>> events = np.array([(1, 0, 2000, True), (0, 1, 1500, False)], kind)
    >>> seen = SpikeTrains.from_tonic([(events, 7)], sensor_size=(2, 2, 2), return_bunch=True)
    >>> seen.data.times, seen.data.units, seen.target
    (array([0.0015, 0.002 ]), array([2, 5], dtype=int32), array([7]))
    """
    _refuse_old(dataset)
    size = _sensor_size(dataset, sensor_size)
    times, units, targets = [], [], []
    for k in range(len(dataset)):
        item = dataset[k]
        events, target = item if isinstance(item, tuple | list) and len(item) == 2 else (item, None)
        seconds, channels = _converted(events, size, k)
        times.append(seconds)
        units.append(channels)
        targets.append(target)
    spikes = assemble(
        cls,
        _WHERE,
        times,
        units,
        n_units=math.prod(size),
        duration=getattr(dataset, "duration", None) if duration is None else duration,
        known=True,
    )
    if not return_bunch:
        return spikes
    from sklearn.utils import Bunch

    return Bunch(
        data=spikes,
        target=None if any(target is None for target in targets) else np.asarray(targets),
        groups=_groups(dataset),
        target_names=_names(dataset),
    )


def to_tonic(
    spikes: "SpikeTrains",
    labels: npt.ArrayLike | None = None,
    *,
    groups: npt.ArrayLike | None = None,
    label_names: npt.ArrayLike | None = None,
    sensor_size: tuple[int, int, int] | None = None,
    transform: Callable[[Any], Any] | None = None,
    target_transform: Callable[[Any], Any] | None = None,
    transforms: Callable[[Any, Any], Any] | None = None,
) -> EventDataset:
    """Make a data set for tonic's transforms and caches, and for PyTorch's DataLoader.

    Parameters
    ----------
    labels : array_like of shape (n_samples,), optional
        Target of each sample; -1 where there are none.
    groups : array_like of shape (n_samples,), optional
        Who each sample is of: the data set's ``speaker``.
    label_names : array_like of shape (n_classes,), optional
        Names of the classes: the data set's ``classes``.
    sensor_size : tuple of int, optional
        Numbers of columns, rows and polarities, `n_units` in all; by default
        ``(n_units, 1, 1)``.
    transform, target_transform : callable, optional
        Done to the events, and to the target, of each sample that is asked for.
    transforms : callable, optional
        Done to both together, after these.

    Returns
    -------
    dataset : EventDataset
        It has a length, ``dataset[k]`` is (events, target), and ``sensor_size``, ``dtype`` and
        ``ordering`` are as tonic's. Events are structured arrays of whole microseconds, as
        tonic has them; ``duration`` says how long samples are, which events do not.

    Raises
    ------
    DataError
        If labels or groups do not fit.
    ParameterError
        If `sensor_size` does not have `n_units` channels.

    Notes
    -----
    Times are rounded to microseconds, never past the end of their sample. Times that are
    whole microseconds, ``k / 1e6``, and durations come back bit for bit by :meth:`from_tonic`.
    tonic need not be installed.

    Examples
    --------
    >>> from bioplastic import SpikeTrains
    >>> spikes = SpikeTrains([0.1, 0.2, 0.1], [0, 1, 1], [0, 2, 3], n_units=2, duration=0.5)
    >>> dataset = spikes.to_tonic(labels=[3, 4])
    >>> dataset.ordering, dataset[0]
    (('t', 'x', 'p'), (array([(100000, 0, 0), (200000, 1, 0)],
          dtype=[('t', '<i8'), ('x', '<i8'), ('p', '<i8')]), 3))
    >>> SpikeTrains.from_tonic(dataset) == spikes
    True
    """
    where = "SpikeTrains.to_tonic"
    size = (spikes.n_units, 1, 1) if sensor_size is None else _checked(sensor_size, where)
    if math.prod(size) != spikes.n_units:
        raise ParameterError(
            f"{where}: sensor_size must have as many channels as there are units, "
            f"{spikes.n_units}, got {size} with {math.prod(size)}"
        )
    targets = [-1] * len(spikes)
    if labels is not None:
        targets = _each(labels, spikes, f"{where}: labels").tolist()
    ends = np.repeat(spikes.duration, np.diff(spikes.offsets))
    microseconds = np.rint(spikes.times * 1e6)
    if (microseconds > _LATEST).any():
        raise DataError(
            f"{where}: times must lie below 2**53 microseconds, got {spikes.times.max()} s"
        )
    microseconds -= microseconds / 1e6 > ends  # rounding must not carry a spike out of its sample
    return EventDataset(
        microseconds.astype(np.int64),
        spikes.units,
        spikes.offsets,
        sensor_size=size,
        duration=spikes.duration,
        targets=targets,
        speaker=None if groups is None else _each(groups, spikes, f"{where}: groups"),
        classes=None if label_names is None else np.asarray(label_names).astype(np.str_).tolist(),
        transform=transform,
        target_transform=target_transform,
        transforms=transforms,
    )


def _converted(events: Any, size: tuple[int, int, int], k: int) -> tuple[Any, Any]:
    """Return times in seconds and units of the events of one item."""
    names = getattr(getattr(events, "dtype", None), "names", None) or ()
    if "t" not in names or "x" not in names or events.ndim != 1:
        found = f"fields {', '.join(names)}" if names else type(events).__name__
        raise DataError(
            f"{_WHERE}: item {k} must be a structured array of events with the fields t and x, got "
            f"{found}; leave out transforms that make frames or tensors"
        )
    stamps = events["t"].astype(np.float64)
    wrong = np.flatnonzero(~((stamps >= 0) & (stamps <= _LATEST)))
    if events.dtype["t"] == np.float16:
        wrong = np.arange(len(events))
    if len(wrong):
        raise DataError(
            f"{_WHERE}: times must be microseconds from 0 on, item {k}, event {wrong[0]} has "
            f"{events['t'][wrong[0]]} ({events.dtype['t']}); correct them. Times of 16 bits that "
            f"overflowed look so, as tonic before 1.7 makes them of SHD, SSC and N-TIDIGITS: "
            f"install tonic>=1.7 and empty its caches"
        )
    unit, stride = np.zeros(len(events), np.int64), 1
    for name, n in zip("xyp", size, strict=True):
        # With one polarity, data sets say 1, 0 or True, and mean nothing by it.
        if name in names and not (name == "p" and n == 1):
            place = events[name].astype(np.int64)
            wrong = np.flatnonzero((place < 0) | (place >= n) | (place != events[name]))
            if len(wrong):
                raise DataError(
                    f"{_WHERE}: {name} must lie in 0..{n - 1}, item {k}, event {wrong[0]} has "
                    f"{events[name][wrong[0]]}; give the sensor_size (columns, rows, polarities) "
                    f"of these data"
                )
            unit += stride * place
        stride *= n
    return stamps / 1e6, unit


def _sensor_size(dataset: Any, given: Any) -> tuple[int, int, int]:
    part = dataset
    while given is None and part is not None:
        given = getattr(part, "sensor_size", None)
        part = getattr(part, "dataset", None)  # what caches, slices and subsets are made of
    if given is None:
        raise ParameterError(
            f"{_WHERE}: sensor_size must be given where the data set has none: columns, rows and "
            f"polarities, as in sensor_size=(34, 34, 2), or (700, 1, 1) for channels"
        )
    return _checked(given, _WHERE)


def _checked(given: Any, where: str) -> tuple[int, int, int]:
    size = np.asarray(given)
    if size.shape != (3,) or size.dtype.kind not in "iu" or (size < 1).any():
        raise ParameterError(
            f"{where}: sensor_size must be three whole numbers of at least 1: columns, rows and "
            f"polarities, got {given!r}"
        )
    return int(size[0]), int(size[1]), int(size[2])


def _refuse_old(dataset: Any) -> None:
    """Refuse readers of tonic that multiplied times of 16 bits by a million."""
    if type(dataset).__module__ in {"tonic.datasets.hsd", "tonic.datasets.ntidigits18"}:
        version = importlib.metadata.version("tonic")
        if tuple(int(part) for part in version.split(".")[:2]) < (1, 7):
            raise ParameterError(
                f"{_WHERE}: tonic {version} reads times of these data with errors of milliseconds; "
                f"install tonic>=1.7, or read the files by bioplastic.datasets"
            )


def _groups(dataset: Any) -> npt.NDArray[Any] | None:
    found = next((who for name in _WHO if (who := getattr(dataset, name, None)) is not None), None)
    if found is None and type(dataset).__module__ == "tonic.datasets.ntidigits18":
        # Names such as man-ae-a-z1o begin with the speaker.
        found = ["-".join(name.split("-")[:2]) for name in dataset._samples]
    return None if found is None or len(found) != len(dataset) else np.asarray(found)


def _names(dataset: Any) -> list[str] | None:
    names = getattr(dataset, "classes", None)
    if names is None:
        return None
    return [name.decode() if isinstance(name, bytes) else str(name) for name in names]


def _each(values: npt.ArrayLike, spikes: "SpikeTrains", where: str) -> npt.NDArray[Any]:
    given = np.asarray(values)
    if given.shape != (len(spikes),):
        raise DataError(
            f"{where} must be one for each of the {len(spikes)} samples, got shape {given.shape}"
        )
    return given
