"""What pictures of a recording share: panels, the scale of the training, words for what lacks."""

from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from bioplastic.errors import ParameterError
from bioplastic.inspect._style import INK
from bioplastic.inspect.recording import PlasticityRecording

__all__ = ["check_recording", "label_training", "lacks", "panels_of"]


def check_recording(where: str, recording: Any) -> PlasticityRecording:
    """Refuse what is no recording, or one without a moment."""
    if not isinstance(recording, PlasticityRecording):
        raise ParameterError(
            f"{where}.recording: must be a PlasticityRecording, got {type(recording).__name__}; "
            "it is PlasticityRecorder.recording, or load one"
        )
    if not len(recording):
        raise ParameterError(f"{where}.recording: holds no moment; train a network first")
    return recording


def lacks(where: str, what: str) -> ParameterError:
    """Say that a recording holds nothing of a kind."""
    return ParameterError(
        f"{where}.recording: holds no {what}; record them with "
        f'PlasticityRecorder(variables=("{what}", ...))'
    )


def panels_of(
    where: str,
    axes: npt.NDArray[Any] | Sequence[Axes] | None,
    n: int,
    *,
    side_by_side: bool = False,
    **figure: Any,
) -> npt.NDArray[Any]:
    """Return the given Axes, or those of a new figure, one above the other or side by side.

    Raises
    ------
    ParameterError
        If there are not `n` of them.
    """
    if axes is None:
        if not side_by_side:
            figure = {"sharex": True} | figure
        rows, columns = (1, n) if side_by_side else (n, 1)
        _, new = plt.subplots(rows, columns, layout="constrained", squeeze=False, **figure)
        return np.ravel(new)
    panels = np.asarray(axes, dtype=object).ravel()
    if len(panels) != n or not all(isinstance(panel, Axes) for panel in panels):
        shape = f"1, {n}" if side_by_side else f"{n}, 1, sharex=True"
        raise ParameterError(
            f"{where}.axes: must hold {n} Axes, got {len(panels)} objects; make them with "
            f"plt.subplots({shape})"
        )
    return panels


def label_training(panel: Axes, done: npt.NDArray[Any]) -> None:
    """Let an x axis count the samples presented."""
    if done[-1] > done[0]:
        panel.set_xlim(done[0], done[-1])
    panel.set_xlabel("samples presented", fontsize=9, color=INK)
    panel.xaxis.set_major_formatter("{x:,.0f}")
