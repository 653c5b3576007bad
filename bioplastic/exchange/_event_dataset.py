"""Samples as tonic hands them out: tables of events, with their targets.

Nothing but NumPy is needed here: workers of PyTorch's DataLoader import this file.
"""

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(eq=False, repr=False)
class EventDataset:
    """What SpikeTrains.to_tonic gives; an item is (events, target).

    Attributes
    ----------
    microseconds, units : ndarray of shape (n_events,)
        Time and unit of each event, sample after sample.
    offsets : ndarray of shape (n_samples + 1,)
        Where the events of each sample begin and end.
    sensor_size : tuple of int
        Numbers of columns, rows and polarities.
    dtype : dtype
        Fields of the events; times in microseconds.
    ordering : tuple of str
        Names of the fields.
    duration : ndarray of shape (n_samples,), in seconds
        Length of each sample, which events do not tell.
    speaker : ndarray of shape (n_samples,) or None
        Who each sample is of.
    classes : list of str or None
        Names of the classes.
    transform, target_transform, transforms : callable or None
        What is done to events, to the target, to both.
    """

    microseconds: np.ndarray[Any, Any]
    units: np.ndarray[Any, Any]
    offsets: np.ndarray[Any, Any]
    sensor_size: tuple[int, int, int]
    duration: np.ndarray[Any, Any]
    targets: list[Any]
    speaker: np.ndarray[Any, Any] | None = None
    classes: list[str] | None = None
    transform: Callable[[Any], Any] | None = None
    target_transform: Callable[[Any], Any] | None = None
    transforms: Callable[[Any, Any], Any] | None = None

    def __post_init__(self) -> None:
        self.ordering = ("t", "x", "p") if self.sensor_size[1] == 1 else ("x", "y", "t", "p")
        self.dtype = np.dtype([(name, np.int64) for name in self.ordering])

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        k = operator.index(index)
        if not -len(self) <= k < len(self):
            raise IndexError(f"there are {len(self)} samples, got the index {k}")
        k %= len(self)
        rows = slice(self.offsets[k], self.offsets[k + 1])
        # Made anew each time: transforms of tonic write into what they are given.
        events: Any = np.empty(rows.stop - rows.start, self.dtype)
        events["t"], units = self.microseconds[rows], self.units[rows]
        columns, lines, _ = self.sensor_size
        events["x"], events["p"] = units % columns, units // (columns * lines)
        if "y" in self.ordering:
            events["y"] = units // columns % lines
        target = self.targets[k]
        if self.transform is not None:
            events = self.transform(events)
        if self.target_transform is not None:
            target = self.target_transform(target)
        if self.transforms is not None:
            events, target = self.transforms(events, target)
        return events, target
