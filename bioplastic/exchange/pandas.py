"""Tables of events in pandas."""

from typing import Any

import numpy as np
import numpy.typing as npt

from bioplastic._quantities import has_unit
from bioplastic._spike_checks import whole_units
from bioplastic._spike_saving import SpikeSaving
from bioplastic.errors import DataError
from bioplastic.exchange._partners import partner
from bioplastic.exchange.events import from_events

__all__ = ["from_pandas", "to_pandas"]

_COLUMNS = ("sample", "time", "unit")


def from_pandas[S: SpikeSaving](
    cls: type[S], frame: Any, *, n_units: int | None, duration: Any
) -> S:
    """Make SpikeTrains of a table of events; see SpikeTrains.from_pandas."""
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
    times, units = _plain(frame["time"]), _plain(frame["unit"])
    order = sample.argsort(kind="stable")
    edges = np.searchsorted(sample[order], np.arange(1, n_samples))
    rows = np.split(order, edges)[:n_samples]  # of no sample it makes one part, too
    events = [(times[chosen], units[chosen]) for chosen in rows]
    return from_events(cls, events, n_units=n_units, duration=duration, where=where)


def to_pandas(spikes: SpikeSaving) -> Any:
    """Make a table of events; see SpikeTrains.to_pandas."""
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
