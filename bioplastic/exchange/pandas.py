"""Tables of events in pandas."""

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from bioplastic._partners import partner
from bioplastic._quantities import base_units, has_unit
from bioplastic._spike_checks import whole_units
from bioplastic.errors import DataError
from bioplastic.exchange.events import assemble, narrow_type

if TYPE_CHECKING:
    from bioplastic.spikes import SpikeTrains

_COLUMNS = ("sample", "time", "unit")


def from_pandas(
    cls: type["SpikeTrains"], frame: Any, *, n_units: int | None = None, duration: Any = None
) -> "SpikeTrains":
    """Make SpikeTrains of a table with one spike a row.

    Parameters
    ----------
    frame : pandas.DataFrame
        Columns ``sample`` (whole numbers from 0 on), ``time`` (seconds from the sample's begin,
        or timedelta) and ``unit``; rows in any order, other columns are left aside.
    n_units : int, optional
        Number of units. By default ``frame.attrs["n_units"]``, else the largest unit that
        spiked and those below it.
    duration : float, array_like or Quantity of shape (n_samples,), in seconds, optional
        Length of each sample, silent ones included. By default ``frame.attrs["duration"]``,
        else the time of the sample's last spike rounded up to a whole millisecond.

    Returns
    -------
    spikes : SpikeTrains
        As many samples as there are durations, else up to the largest sample that has a spike.

    Raises
    ------
    DataError
        If a column is missing, a value is, or events do not fit. Sample and event are named.

    Examples
    --------
    >>> import pandas as pd
    >>> from bioplastic import SpikeTrains
    >>> frame = pd.DataFrame({"sample": [0, 2], "time": [0.1, 0.3], "unit": [4, 0]})
    >>> SpikeTrains.from_pandas(frame, n_units=10, duration=0.5)
    SpikeTrains(3 samples, 10 units, 2 spikes, 0.5 s)
    """
    where = "SpikeTrains.from_pandas"
    missing = [name for name in _COLUMNS if name not in getattr(frame, "columns", ())]
    if missing:
        raise DataError(
            f"{where}: needs a DataFrame with the columns sample, time and unit, lacks "
            f"{', '.join(missing)}; rename yours by frame.rename(columns=...)"
        )
    for name in _COLUMNS:
        if list(frame.columns).count(name) > 1:
            raise DataError(f"{where}: needs one column {name}, got several; drop the others")
        bad = np.flatnonzero(frame[name].isna())
        if len(bad):
            raise DataError(
                f"{where}: {name} must be known of every event, row {bad[0]} has "
                f"{frame[name].iloc[bad[0]]}; leave such rows out by frame.dropna()"
            )
    n_units = frame.attrs.get("n_units") if n_units is None else n_units
    duration = frame.attrs.get("duration") if duration is None else duration
    sample = whole_units(_plain(frame["sample"]), f"{where}: sample")
    n_samples = int(sample.max(initial=-1)) + 1
    if duration is not None and np.ndim(duration):
        n_samples = len(duration)
    wrong = np.flatnonzero((sample < 0) | (sample >= n_samples))
    if len(wrong):
        raise DataError(
            f"{where}: sample must lie in 0..{n_samples - 1}, row {wrong[0]} has "
            f"{sample[wrong[0]]}; give a duration for each sample, or number samples anew by "
            f"pandas.factorize(frame['sample'])[0]"
        )
    given = _plain(frame["time"])
    times = base_units(f"{where}: time", given)
    units = whole_units(_plain(frame["unit"]), f"{where}: unit")
    order = sample.argsort(kind="stable")
    edges = np.searchsorted(sample[order], np.arange(1, n_samples))
    rows = np.split(order, edges)[:n_samples]  # of no sample it makes one part, too
    return assemble(
        cls,
        where,
        [times[own] for own in rows],
        [units[own] for own in rows],
        n_units=n_units,
        duration=duration,
        known=has_unit(duration) or has_unit(given),
        narrow=[narrow_type(given)] * len(rows),
    )


def to_pandas(spikes: "SpikeTrains") -> Any:
    """Make a table with one spike a row.

    Returns
    -------
    frame : pandas.DataFrame
        Columns ``sample``, ``time`` (seconds from the sample's begin) and ``unit``; ``attrs``
        hold what rows do not tell, ``n_units`` and ``duration`` of each sample.
        :meth:`from_pandas` gives the same spikes, bit for bit.

    Raises
    ------
    ImportError
        If pandas is not installed.

    Examples
    --------
    >>> from bioplastic import SpikeTrains
    >>> spikes = SpikeTrains([0.1, 0.2, 0.1], [0, 1, 1], [0, 2, 3], n_units=2, duration=0.5)
    >>> spikes.to_pandas()
       sample  time  unit
    0       0   0.1     0
    1       0   0.2     1
    2       1   0.1     1
    """
    pandas = partner("pandas", caller="SpikeTrains.to_pandas")
    sample = np.repeat(np.arange(len(spikes)), np.diff(spikes.offsets))
    frame = pandas.DataFrame({"sample": sample, "time": spikes.times, "unit": spikes.units})
    # Plain types, which go to files with the frame.
    frame.attrs = {"n_units": spikes.n_units, "duration": spikes.duration.tolist()}
    return frame


def _plain(column: Any) -> npt.NDArray[Any]:
    """Return a column as NumPy's own type, whatever type of pandas it has."""
    values: npt.NDArray[Any] = column.to_numpy()
    if values.dtype == object and len(values) and not has_unit(values[0]):
        return np.array(values.tolist())
    return values
