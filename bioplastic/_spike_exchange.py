"""How SpikeTrains come from other libraries, and go to them."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, Self, overload

import numpy.typing as npt

from bioplastic._spike_arrays import SpikeArrays

if TYPE_CHECKING:
    from sklearn.utils import Bunch

    from bioplastic.exchange._event_dataset import EventDataset

__all__ = ["SpikeExchange"]


class SpikeExchange(SpikeArrays):
    """Parent of SpikeTrains: what other libraries take and give."""

    __slots__ = ()

    @overload
    @classmethod
    def from_tonic(
        cls,
        dataset: Any,
        *,
        sensor_size: tuple[int, int, int] | None = None,
        duration: Any = None,
        return_bunch: Literal[False] = False,
    ) -> Self: ...
    @overload
    @classmethod
    def from_tonic(
        cls,
        dataset: Any,
        *,
        sensor_size: tuple[int, int, int] | None = None,
        duration: Any = None,
        return_bunch: Literal[True],
    ) -> "Bunch": ...
    @classmethod
    def from_tonic(
        cls,
        dataset: Any,
        *,
        sensor_size: tuple[int, int, int] | None = None,
        duration: Any = None,
        return_bunch: bool = False,
    ) -> "Self | Bunch":
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
        from bioplastic.exchange.tonic import from_tonic

        read: Self | Bunch = from_tonic(
            cls,
            dataset,
            sensor_size=sensor_size,
            duration=duration,
            return_bunch=return_bunch,
        )
        return read

    def to_tonic(
        self,
        labels: npt.ArrayLike | None = None,
        *,
        groups: npt.ArrayLike | None = None,
        label_names: npt.ArrayLike | None = None,
        sensor_size: tuple[int, int, int] | None = None,
        transform: Callable[[Any], Any] | None = None,
        target_transform: Callable[[Any], Any] | None = None,
        transforms: Callable[[Any, Any], Any] | None = None,
    ) -> "EventDataset":
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
        from bioplastic.exchange.tonic import to_tonic

        return to_tonic(
            self,
            labels=labels,
            groups=groups,
            label_names=label_names,
            sensor_size=sensor_size,
            transform=transform,
            target_transform=target_transform,
            transforms=transforms,
        )

    @classmethod
    def from_neo(cls, source: Any) -> Self:
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
        from bioplastic.exchange.neo import from_neo

        return from_neo(cls, source)

    def to_neo(self) -> list[Any]:
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
        from bioplastic.exchange.neo import to_neo

        return to_neo(self)

    @classmethod
    def from_pandas(cls, frame: Any, *, n_units: int | None = None, duration: Any = None) -> Self:
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
        from bioplastic.exchange.pandas import from_pandas

        return from_pandas(cls, frame, n_units=n_units, duration=duration)

    def to_pandas(self) -> Any:
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
        from bioplastic.exchange.pandas import to_pandas

        return to_pandas(self)

    @classmethod
    def from_brian(cls, monitor: Any, *, windows: Any = None) -> Self:
        """Take what a SpikeMonitor of Brian has recorded.

        Parameters
        ----------
        monitor : brian2.SpikeMonitor
            Whose simulation has run; it may be of a group or of a part of one.
        windows : array_like or Quantity of shape (n_samples, 2), in seconds, optional
            Start and stop of each sample, as in :meth:`from_recording`. By default the whole
            simulation is one sample.

        Returns
        -------
        spikes : SpikeTrains
            Of as many units as the monitored group has neurons.

        Raises
        ------
        DataError
            If that is no monitor of spikes, or windows do not fit.

        Examples
        --------
        >>> from brian2 import Network, PoissonGroup, SpikeMonitor, Hz, ms
        >>> from bioplastic import SpikeTrains
        >>> group = PoissonGroup(5, 50 * Hz)
        >>> monitor = SpikeMonitor(group)
        >>> Network(group, monitor).run(100 * ms)
        >>> SpikeTrains.from_brian(monitor, windows=[(0, 40), (60, 100)] * ms).shape
        (2, 5)
        """
        from bioplastic.exchange.brian import from_brian

        return from_brian(cls, monitor, windows=windows)

    def to_brian(self, **options: Any) -> Any:
        """Make a group of Brian that fires the spikes of one sample.

        Parameters
        ----------
        **options
            Of brian2.SpikeGeneratorGroup: `dt`, `clock`, `period`, `when`, `order`, `name`.

        Returns
        -------
        group : brian2.SpikeGeneratorGroup
            Of `n_units` neurons; it fires in the step in which a spike lies.

        Raises
        ------
        DataError
            If there are several samples, or a unit has two spikes within one step of Brian's clock,
            which fires a neuron at most once in a step.

        Notes
        -----
        Choose a sample by ``spikes[0].to_brian()``. Spikes that lie on steps, ``k * dt``, come back
        bit for bit by :meth:`from_brian`.

        Examples
        --------
        >>> from brian2 import ms
        >>> from bioplastic import SpikeTrains
        >>> spikes = SpikeTrains([0.1, 0.2, 0.1], [0, 1, 1], [0, 2, 3], n_units=2, duration=0.5)
        >>> spikes[0].to_brian(dt=1 * ms).N
        2
        """
        from bioplastic.exchange.brian import to_brian

        return to_brian(self, **options)
