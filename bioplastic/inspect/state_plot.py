"""State over the time of a sample: membranes, currents, weights."""

from typing import Any, Final

import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from bioplastic.engine.result import Result
from bioplastic.engine.states import SampleStates, States
from bioplastic.errors import DataError, ParameterError
from bioplastic.inspect._style import COLORS, INK, declutter

__all__ = ["plot_state"]

#: Up to so many elements have a line each; more are rows of an image.
_FEW: Final = len(COLORS)
_PREFIXES: Final = ((1.0, ""), (1e-3, "m"), (1e-6, "µ"), (1e-9, "n"), (1e-12, "p"))


def plot_state(
    states: Result | States | SampleStates,
    name: str | None = None,
    *,
    sample: int = 0,
    elements: Any = None,
    axes: Axes | None = None,
) -> Axes:
    """Draw what was recorded of a variable during one sample.

    Parameters
    ----------
    states : Result, States or SampleStates
        What :func:`bioplastic.engine.run` or ``model.look`` returned, or its ``states[name]``.
    name : str, optional
        The variable, such as ``"exc.v"``; of a result that has one, it may be left out.
    sample : int, default=0
        Which sample to draw; negative numbers count from the last.
    elements : sequence of int, optional
        Neurons, or synapses, of those that were recorded; all where None.
    axes : matplotlib.axes.Axes, default=None
        Where to draw; None makes a new figure.

    Returns
    -------
    axes : matplotlib.axes.Axes
        A line for each element over time in seconds; of more than ten elements an image, with a
        row for each; of values at one time a point for each element. Values have their unit.

    Raises
    ------
    DataError
        If it is no recorded state.
    ParameterError
        If the variable, the sample or an element was not recorded.

    Examples
    --------
    >>> from bioplastic import SpikeTrains
    >>> from bioplastic.inspect import plot_state
    >>> from bioplastic.networks import LiquidStateMachine
    >>> X = SpikeTrains([0.01, 0.02, 0.01], [0, 1, 1], [0, 2, 3], n_units=2, duration=0.05)
    >>> lsm = LiquidStateMachine(20, liquid="random", engine="numpy", random_state=0).fit(X)
    >>> axes = plot_state(lsm.look(X, {"exc.v": [0, 5, 7]}), "exc.v")
    >>> [line.get_label() for line in axes.lines], axes.get_ylabel()
    (['0', '5', '7'], 'v of exc (mV)')
    """
    its, name = _one_sample(states, name, sample)
    places = {element: k for k, element in enumerate(its.elements.tolist())}
    rows = list(places) if elements is None else list(elements)
    for element in rows:
        if element not in places:
            raise ParameterError(
                f"plot_state.elements: must be among those that were recorded, "
                f"{', '.join(map(str, [*places][:20]))}, got {element!r}"
            )
    values = its.values[:, [places[element] for element in rows]]
    values, unit = _scaled(values, its.unit)
    owner, _, variable = (name or "").rpartition(".")
    what = (f"{variable} of {owner}" if owner else "state") + (f" ({unit})" if unit else "")
    if axes is None:
        _, axes = plt.subplots(figsize=(7.0, 3.0), layout="constrained")
    if len(its.times) == 1:
        axes.plot(rows, values[0], "o", color=COLORS[0], markersize=4)
        axes.set_xlabel("element", fontsize=9, color=INK)
        axes.set_ylabel(what, fontsize=9, color=INK)
    elif len(rows) <= _FEW:
        for k, element in enumerate(rows):
            axes.plot(its.times, values[:, k], color=COLORS[k], linewidth=1.2, label=str(element))
        axes.set_ylabel(what, fontsize=9, color=INK)
        axes.legend(
            title=owner or None, title_fontsize=8, frameon=False, fontsize=8, labelcolor=INK,
            loc="upper left", bbox_to_anchor=(1.0, 1.0), handlelength=1.2,
        )  # fmt: skip
    else:
        _draw_image(axes, its.times, values, what)
    if len(its.times) > 1:
        axes.set_xlabel("time (s)", fontsize=9, color=INK)
        axes.set_xlim(0.0, its.times[-1])
    declutter(axes)
    return axes


def _draw_image(axes: Axes, times: Any, values: Any, what: str) -> None:
    image = axes.imshow(
        values.T, aspect="auto", origin="lower", interpolation="nearest", cmap="viridis",
        extent=(0.0, times[-1], -0.5, values.shape[1] - 0.5),
    )  # fmt: skip
    axes.set_ylabel("element", fontsize=9, color=INK)
    bar = axes.figure.colorbar(image, ax=axes, pad=0.01, aspect=30)
    bar.set_label(what, fontsize=9, color=INK)
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=9, width=0.8, length=3, color=INK, labelcolor=INK)


def _one_sample(states: Any, name: str | None, sample: int) -> tuple[SampleStates, str | None]:
    """Find the values of a variable during a sample."""
    if isinstance(states, Result):
        known = states.states
        if name is None and len(known) == 1:
            name = next(iter(known))
        if name not in known:
            raise ParameterError(
                f"plot_state.name: must be one of {', '.join(known) or '(nothing recorded)'}, got "
                f'{name!r}; record it: record={{"exc.v": [0, 5, 7]}}'
            )
        states = known[name]
    if isinstance(states, States):
        if not -len(states) <= sample < len(states):
            raise ParameterError(
                f"plot_state.sample: must be a whole number below {len(states)}, the number of "
                f"samples, got {sample!r}"
            )
        states = states[sample % len(states)]
    if not isinstance(states, SampleStates):
        raise DataError(
            f"plot_state.states: must be a Result, or what stands in its states, got "
            f"{type(states).__name__}"
        )
    return states, name


def _scaled(values: npt.NDArray[np.float64], unit: Any) -> tuple[npt.NDArray[np.float64], str]:
    """Return values in the multiple of their unit that suits them, and how that is written."""
    name, peak = str(unit), float(np.abs(values).max(initial=0.0))
    if name == "1":
        return values, ""
    if not name.isalpha() or name == "kg":
        return values, name
    scale, prefix = next((its for its in _PREFIXES if peak >= its[0]), (1.0, ""))
    return values / scale, prefix + name
