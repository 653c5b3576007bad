"""Traces of a plasticity rule within a sample."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from bioplastic.errors import ParameterError
from bioplastic.inspect._recording_panels import check_recording, lacks
from bioplastic.inspect._style import COLORS, INK, declutter
from bioplastic.inspect.recording import PlasticityRecording

__all__ = ["plot_traces"]


def plot_traces(
    recording: PlasticityRecording,
    *,
    variables: Sequence[str] | None = None,
    sample: int | None = None,
    neuron: int | Mapping[str, int] | None = None,
    axes: Axes | None = None,
) -> Axes:
    """Draw the traces that a rule keeps, or other variables, over the time within one sample.

    Parameters
    ----------
    recording : PlasticityRecording
        With what is to be drawn, at two or more `times` of a sample.
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
    >>> from bioplastic.inspect import PlasticityRecorder, plot_traces
    >>> from bioplastic.networks import DiehlCook
    >>> recorder = PlasticityRecorder(every=2, times=np.arange(1, 21) * ms)
    >>> net = DiehlCook(5, n_epochs=1, presentation=20 * ms, rest=0 * ms, dt=1 * ms, min_spikes=0,
    ...                 engine="numpy", random_state=0)
    >>> net = net.fit(load_digits().data[:4], recorder=recorder)
    >>> axes = plot_traces(recorder.recording, neuron=3)
    >>> [line.get_label() for line in axes.lines][1:]
    ['o1 of excitatory 3', 'o2 of excitatory 3']
    """
    where = "plot_traces"
    check_recording(where, recording)
    names = _names(recording, variables)
    points = _moments(recording, sample)
    values = {name: recording.variables[name][points[0] : points[-1] + 1] for name in names}
    chosen = _chosen(recording, values, neuron)
    if axes is None:
        _, axes = plt.subplots(figsize=(7.0, 3.4), layout="constrained")
    times = 1e3 * recording.times[points]
    marker = "o" if len(times) <= 30 else None
    for k, (name, traces) in enumerate(values.items()):
        owner, _, trace = name.partition(".")
        axes.plot(
            times, traces[:, chosen[owner]], color=COLORS[k % len(COLORS)], linewidth=1.4,
            marker=marker, markersize=3, label=f"{trace} of {owner} {chosen[owner]}",
        )  # fmt: skip
    axes.set_xlabel("time within the sample (ms)", fontsize=9, color=INK)
    are_traces = set(names) <= set(recording.with_role("traces"))
    axes.set_ylabel("trace" if are_traces else "value (base unit)", fontsize=9, color=INK)
    what = "Traces" if are_traces else "Variables"
    title = f"{what} during sample {recording.samples[points[0]]:,}"
    axes.set_title(title, loc="left", fontsize=11, color=INK)
    axes.set_xlim(times[0], times[-1])
    axes.legend(
        frameon=False, fontsize=8, labelcolor=INK, ncols=len(values), loc="lower right",
        bbox_to_anchor=(1.0, 0.98), borderaxespad=0.0, handlelength=1.4, columnspacing=1.2,
    )  # fmt: skip
    declutter(axes)
    return axes


def _names(recording: PlasticityRecording, variables: Sequence[str] | None) -> list[str]:
    if variables is None:
        names = recording.with_role("traces") or recording.with_role("other")
        if not names:
            raise lacks("plot_traces", "traces")
        return names
    known = list(recording.variables)
    if isinstance(variables, str) or not variables or set(variables) - set(known):
        raise ParameterError(
            f"plot_traces.variables: must be some of {', '.join(known)}, got {variables!r}"
        )
    return list(variables)


def _moments(recording: PlasticityRecording, sample: int | None) -> npt.NDArray[np.int64]:
    numbers, counts = np.unique(recording.samples, return_counts=True)
    several = numbers[counts > 1]
    if sample is None and len(several):
        sample = int(several[-1])
    points = np.flatnonzero(recording.samples == sample)
    if len(points) < 2:
        raise ParameterError(
            f"plot_traces.sample: must have two or more recorded moments, got {len(points)} of "
            f"{sample!r}; record with PlasticityRecorder(times=...), samples with several moments "
            f"are {', '.join(map(str, several[:20])) or '(none)'}"
        )
    return points


def _chosen(
    recording: PlasticityRecording,
    values: Mapping[str, npt.NDArray[np.float32]],
    neuron: int | Mapping[str, int] | None,
) -> dict[str, int]:
    """Choose a neuron of each population, or a synapse of each projection, that has traces."""
    wanted = dict(neuron) if isinstance(neuron, Mapping) else {}
    owners = {name.partition(".")[0] for name in values}
    unknown = sorted(set(wanted) - owners)
    if unknown:
        raise ParameterError(
            f"plot_traces.neuron: must name what has traces, {', '.join(sorted(owners))}, got "
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
                f"plot_traces.neuron: must be from 0 to {traces.shape[1] - 1} for {owner!r}, got "
                f"{wanted[owner]!r}"
            )
        strongest = int(np.argmax(np.abs(traces).sum(axis=0)))
        chosen.setdefault(owner, wanted.get(owner, strongest))
    return chosen
