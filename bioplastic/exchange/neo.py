"""Recordings in neo, and what neo reads: NWB, Blackrock, Plexon and others."""

from typing import TYPE_CHECKING, Any

import numpy as np

from bioplastic._partners import partner
from bioplastic._quantities import base_units
from bioplastic.errors import DataError
from bioplastic.exchange.events import assemble

if TYPE_CHECKING:
    from bioplastic.spikes import SpikeTrains


def from_neo(cls: type["SpikeTrains"], source: Any) -> "SpikeTrains":
    """Read what neo has: one sample a segment, one unit a spike train.

    Parameters
    ----------
    source : neo.Block, neo.Segment or list of such
        As ``neo.io`` reads them from NWB and files of other formats.

    Returns
    -------
    spikes : SpikeTrains
        Times count from the earliest ``t_start`` of a segment's trains; the sample lasts up to
        their latest ``t_stop``. The number of a unit is its train's annotation ``unit`` where
        all trains have one, as those of :meth:`to_neo` do, else its place in the segment.

    Raises
    ------
    DataError
        If there is no segment, one has no spike trains, or segments differ in the number of
        trains and these are not annotated.

    References
    ----------
    .. [1] S. Garcia et al. (2014). Neo: an object model for handling electrophysiology data in
       multiple formats. Front. Neuroinform. 8:10. https://doi.org/10.3389/fninf.2014.00010

    Examples
    --------
    >>> import neo
    >>> from bioplastic import SpikeTrains
    >>> segment = neo.Segment()
    >>> for times in ([110, 130], [120]):
    ...     train = neo.SpikeTrain(times, units="ms", t_start=100, t_stop=200)
    ...     segment.spiketrains.append(train)
    >>> SpikeTrains.from_neo(segment)
    SpikeTrains(1 samples, 2 units, 3 spikes, 0.1 s)
    """
    where = "SpikeTrains.from_neo"
    segments = _segments(source, where)
    trains = [list(segment.spiketrains) for segment in segments]
    for k, some in enumerate(trains):
        if not some:
            raise DataError(
                f"{where}: segment {k} ({segments[k].name!r}) has no spike trains, and so neither "
                f"units nor a length; leave it out"
            )
    numbers = _numbers(trains, where)
    times, units, lengths = [], [], []
    for some, own in zip(trains, numbers, strict=True):
        spans = [_span(train, where) for train in some]
        start = min(begin for _, begin, _ in spans)
        times.append(np.concatenate([seconds for seconds, _, _ in spans]) - start)
        units.append(np.repeat(own, [len(seconds) for seconds, _, _ in spans]))
        lengths.append(max(end for _, _, end in spans) - start)
    return assemble(
        cls,
        where,
        times,
        units,
        n_units=max(max(own) for own in numbers) + 1,
        duration=np.array(lengths),
        known=True,
    )


def to_neo(spikes: "SpikeTrains") -> list[Any]:
    """Convert to neo, for Elephant and other tools of electrophysiology.

    Returns
    -------
    segments : list of neo.Segment, of length n_samples
        One segment a sample, each with `n_units` objects `neo.SpikeTrain` in the order of the
        units, silent ones included; times in seconds from 0 to the sample's duration.
        :meth:`from_neo` gives the same spikes, bit for bit.

    Raises
    ------
    ImportError
        If neo is not installed.

    Notes
    -----
    neo makes one object for each unit of each sample and takes some 0.5 ms for it: choose
    samples first, ``spikes[:10].to_neo()``.
    """
    neo = partner("neo", caller="SpikeTrains.to_neo")
    segments = []
    for k, sample in enumerate(spikes):
        segment = neo.Segment(name=f"sample {k}")
        order = np.argsort(sample.units, kind="stable")  # keeps the times of a unit sorted
        edges = np.searchsorted(sample.units[order], np.arange(1, spikes.n_units))
        for unit, times in enumerate(np.split(sample.times[order], edges)):
            segment.spiketrains.append(
                neo.SpikeTrain(
                    times, units="s", t_stop=sample.duration[0], name=f"unit {unit}", unit=unit
                )
            )
        segments.append(segment)
    return segments


def _segments(source: Any, where: str) -> list[Any]:
    if hasattr(source, "segments"):  # a block
        return _segments(source.segments, where)
    if hasattr(source, "spiketrains"):
        return [source]
    if isinstance(source, str) or not hasattr(source, "__iter__"):
        raise DataError(
            f"{where}: must be a Block, a Segment or a list of such, got {type(source).__name__}"
        )
    found = [one for part in source for one in _segments(part, where)]
    if not found:
        raise DataError(f"{where}: must have at least one segment, got none")
    return found


def _numbers(trains: list[list[Any]], where: str) -> list[list[int]]:
    """Units of the trains of each segment: as annotated, else in their order."""
    said = [[train.annotations.get("unit") for train in some] for some in trains]
    if all(isinstance(unit, int | np.integer) and unit >= 0 for some in said for unit in some):
        for k, some in enumerate(said):
            if len(set(some)) < len(some):
                twice = next(unit for unit in some if some.count(unit) > 1)
                raise DataError(
                    f"{where}: the annotation unit must differ within a segment, segment {k} has "
                    f"{twice} more than once"
                )
        return [[int(unit) for unit in some] for some in said]
    sizes = [len(some) for some in trains]
    if len(set(sizes)) > 1:
        k = next(k for k, size in enumerate(sizes) if size != sizes[0])
        raise DataError(
            f"{where}: segments must have equally many spike trains, segment {k} has {sizes[k]} "
            f"and segment 0 has {sizes[0]}; say which is which by annotating every train: "
            f"train.annotate(unit=...)"
        )
    return [list(range(size)) for size in sizes]


def _span(train: Any, where: str) -> tuple[Any, float, float]:
    """Return times, begin and end of a train, in seconds of 64 bits."""
    # Of narrow types, which would round anew if they were rescaled as they are.
    unit = float(base_units(where, train.units))
    times = np.asarray(train.magnitude, dtype=np.float64) * unit
    start, stop = (float(edge.rescale(train.units).magnitude) * unit
                   for edge in (train.t_start, train.t_stop))  # fmt: skip
    return times, start, max(stop, times.max(initial=stop))
