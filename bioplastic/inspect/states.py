"""State over the time of a sample: membranes, currents, traces of a rule."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from bioplastic.engine.result import Result
from bioplastic.engine.states import SampleStates, States
from bioplastic.errors import DataError, ParameterError
from bioplastic.inspect._style import COLORS, INK, color_bar, declutter, label, new_axes, some

if TYPE_CHECKING:
    from bioplastic.inspect.recording import PlasticityRecording

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
                f"{some([*places])}, got {element!r}"
            )
    values = its.values[:, [places[element] for element in rows]]
    values, unit = _scaled(values, its.unit)
    owner, _, variable = (name or "").rpartition(".")
    what = (f"{variable} of {owner}" if owner else "state") + (f" ({unit})" if unit else "")
    axes = new_axes(axes, (7.0, 3.0))
    if len(its.times) == 1:
        axes.plot(rows, values[0], "o", color=COLORS[0], markersize=4)
        label(axes, "element", what)
    elif len(rows) <= _FEW:
        for k, element in enumerate(rows):
            axes.plot(its.times, values[:, k], color=COLORS[k], linewidth=1.2, label=str(element))
        label(axes, y=what)
        axes.legend(
            title=owner or None, title_fontsize=8, frameon=False, fontsize=8, labelcolor=INK,
            loc="upper left", bbox_to_anchor=(1.0, 1.0), handlelength=1.2,
        )  # fmt: skip
    else:
        image = axes.imshow(
            values.T, aspect="auto", origin="lower", interpolation="nearest", cmap="viridis",
            extent=(0.0, its.times[-1], -0.5, values.shape[1] - 0.5),
        )  # fmt: skip
        label(axes, y="element")
        color_bar(axes, image, what, inset=None, pad=0.01, aspect=30)
    if len(its.times) > 1:
        label(axes, "time (s)")
        axes.set_xlim(0.0, its.times[-1])
    declutter(axes)
    return axes


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


def plot_traces(
    recording: "PlasticityRecording",
    *,
    variables: Sequence[str] | None = None,
    sample: int | None = None,
    neuron: int | Mapping[str, int] | None = None,
    axes: Axes | None = None,
) -> Axes:
    """Draw the traces that a rule keeps, or other variables, over the time within one sample.

    Parameters
    ----------
    variables : sequence of str, optional
        What to draw, such as ``["excitatory.v"]``, in base units. None takes the traces, and where
        none were recorded all variables that are no weights or thresholds.
    sample : int, optional
        Recorded sample; the last with two or more moments where None.
    neuron : int or mapping of str to int, optional
        Whose traces to draw: a postsynaptic neuron, or a neuron of each population, such as
        ``{"input": 350, "excitatory": 3}``, or a synapse of a projection whose synapses have
        traces of their own. Where nothing is said it is the one with the strongest traces.
    axes : matplotlib.axes.Axes, default=None
        Where to draw; None makes a new figure.

    Returns
    -------
    axes : matplotlib.axes.Axes
        One line a trace, over time in ms.

    Raises
    ------
    ParameterError
        If the recording holds nothing to draw, fewer than two moments of the sample, or not the
        neuron.

    Examples
    --------
    >>> import numpy as np
    >>> from brian2 import ms
    >>> from bioplastic.datasets import load_digits
    >>> from bioplastic.inspect import PlasticityRecorder
    >>> from bioplastic.networks import DiehlCook
    >>> recorder = PlasticityRecorder(every=2, times=np.arange(1, 21) * ms)
    >>> net = DiehlCook(5, n_epochs=1, presentation=20 * ms, rest=0 * ms, dt=1 * ms, min_spikes=0,
    ...                 engine="numpy", random_state=0)
    >>> net = net.fit(load_digits().data[:4], recorder=recorder)
    >>> axes = recorder.recording.plot_traces(neuron=3)
    >>> [line.get_label() for line in axes.lines][1:]
    ['o1 of excitatory 3', 'o2 of excitatory 3']
    """
    where = "PlasticityRecording.plot_traces"
    names = _names(where, recording, variables)
    points = moments_within(where, recording, sample)
    values = {name: recording.variables[name][points] for name in names}
    chosen = _chosen(where, recording, values, neuron)
    axes = new_axes(axes, (7.0, 3.4))
    times = 1e3 * recording.times[points]
    marker = "o" if len(times) <= 30 else None
    for k, (name, traces) in enumerate(values.items()):
        owner, _, trace = name.partition(".")
        axes.plot(
            times, traces[:, chosen[owner]], color=COLORS[k % len(COLORS)], linewidth=1.4,
            marker=marker, markersize=3, label=f"{trace} of {owner} {chosen[owner]}",
        )  # fmt: skip
    are_traces = set(names) <= set(recording.with_role("traces"))
    label(
        axes,
        "time within the sample (ms)",
        "trace" if are_traces else "value (base unit)",
        f"{'Traces' if are_traces else 'Variables'} during sample "
        f"{recording.samples[points.start]:,}",
    )
    axes.set_xlim(times[0], times[-1])
    axes.legend(
        frameon=False, fontsize=8, labelcolor=INK, ncols=len(values), loc="lower right",
        bbox_to_anchor=(1.0, 0.98), borderaxespad=0.0, handlelength=1.4, columnspacing=1.2,
    )  # fmt: skip
    declutter(axes)
    return axes


def moments_within(where: str, recording: "PlasticityRecording", sample: int | None) -> slice:
    """Find the moments of a sample, which stand together; of the last with several where None.

    Raises
    ------
    ParameterError
        If there are fewer than two.
    """
    numbers, counts = np.unique(recording.samples, return_counts=True)
    several = numbers[counts > 1]
    if sample is None and len(several):
        sample = int(several[-1])
    points = np.flatnonzero(recording.samples == sample)
    if len(points) < 2:
        raise ParameterError(
            f"{where}.sample: must have two or more recorded moments, got {len(points)} of "
            f"{sample!r}; record with PlasticityRecorder(times=...), samples with several moments "
            f"are {some(several)}"
        )
    return slice(int(points[0]), int(points[-1]) + 1)


def _names(
    where: str, recording: "PlasticityRecording", variables: Sequence[str] | None
) -> list[str]:
    if variables is None:
        names = recording.with_role("traces") or recording.with_role("other")
        if not names:
            raise ParameterError(
                f"{where}: the recording holds no traces; record them with "
                f'PlasticityRecorder(variables=("traces", ...))'
            )
        return names
    known = list(recording.variables)
    if isinstance(variables, str) or not variables or set(variables) - set(known):
        raise ParameterError(
            f"{where}.variables: must be some of {', '.join(known)}, got {variables!r}"
        )
    return list(variables)


def _chosen(
    where: str,
    recording: "PlasticityRecording",
    values: Mapping[str, npt.NDArray[np.float32]],
    neuron: int | Mapping[str, int] | None,
) -> dict[str, int]:
    """Choose a neuron of each population, or a synapse of each projection, that has traces."""
    wanted = dict(neuron) if isinstance(neuron, Mapping) else {}
    owners = {name.partition(".")[0] for name in values}
    unknown = sorted(set(wanted) - owners)
    if unknown:
        raise ParameterError(
            f"{where}.neuron: must name what has traces, {', '.join(sorted(owners))}, got "
            f"{unknown[0]!r}"
        )
    if neuron is not None and not isinstance(neuron, Mapping):
        posts = {found.post for found in recording.projections.values()}
        wanted = dict.fromkeys(posts & owners, neuron)
    chosen: dict[str, int] = {}
    for name, traces in values.items():
        owner = name.partition(".")[0]
        if owner in wanted and not 0 <= wanted[owner] < traces.shape[1]:
            raise ParameterError(
                f"{where}.neuron: must be from 0 to {traces.shape[1] - 1} for {owner!r}, got "
                f"{wanted[owner]!r}"
            )
        strongest = int(np.argmax(np.abs(traces).sum(axis=0)))
        chosen.setdefault(owner, wanted.get(owner, strongest))
    return chosen
