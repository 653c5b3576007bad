"""What training leaves behind to be looked at: weights, thresholds and spikes over time."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["HistoryRecorder"]


class HistoryRecorder:
    """Collect a summary of training at every chunk.

    Parameters
    ----------
    weights : ndarray of shape (n_synapses,)
        Weights before training.
    n_bins : int
        Bins of the weight histogram, over 0 to 1 or to the largest initial weight.
    """

    def __init__(self, weights: npt.NDArray[np.float64], n_bins: int = 50) -> None:
        self._last = weights
        self._bins = np.linspace(0.0, max(1.0, float(weights.max(initial=0.0))), n_bins + 1)
        self._rows: dict[str, list[Any]] = {
            name: []
            for name in (
                "presentation",
                "weight_histogram",
                "weight_change",
                "theta",
                "spikes",
                "repeated",
            )
        }

    def record(
        self,
        presentation: int,
        *,
        weights: npt.NDArray[np.float64],
        theta: npt.NDArray[np.float64],
        spikes: npt.NDArray[np.float64],
        repeats: npt.NDArray[np.float64],
    ) -> None:
        """Add a point.

        Parameters
        ----------
        presentation : int
            Presentations so far.
        weights : ndarray of shape (n_synapses,)
            Present weights.
        theta : ndarray of shape (n_neurons,), in volts
            Present thresholds.
        spikes, repeats : ndarray of shape (n_slots,)
            Of the slots since the last point.
        """
        histogram, _ = np.histogram(np.clip(weights, None, self._bins[-1]), bins=self._bins)
        rows = self._rows
        rows["presentation"].append(presentation)
        rows["weight_histogram"].append(histogram / max(weights.size, 1))
        rows["weight_change"].append(float(np.abs(weights - self._last).mean()))
        rows["theta"].append(theta.copy())
        rows["spikes"].append(float(spikes.mean()) if spikes.size else np.nan)
        rows["repeated"].append(float((repeats > 0).mean()) if repeats.size else np.nan)
        self._last = weights.copy()

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """All points, one array for each quantity.

        Returns
        -------
        history : dict of ndarray
            ``presentation``, ``weight_change``, ``spikes`` and ``repeated`` of shape
            (n_records,), ``weight_histogram`` (n_records, n_bins), ``weight_bins`` (n_bins + 1,)
            and ``theta`` (n_records, n_neurons) in volts.
        """
        return {name: np.array(rows) for name, rows in self._rows.items()} | {
            "weight_bins": self._bins.copy()
        }

    def restore(
        self, history: Mapping[str, npt.NDArray[Any]], weights: npt.NDArray[np.float64]
    ) -> None:
        """Go on from what :meth:`arrays` gave, with the weights of that moment."""
        self._bins = history["weight_bins"]
        self._rows = {name: list(history[name]) for name in self._rows}
        self._last = weights
