"""Why synapses get credit: one sample of a network that learns by e-prop, from top to bottom."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from bioplastic.errors import ParameterError
from bioplastic.inspect._eligibility_panels import (
    WHERE,
    Word,
    draw_eligibilities,
    draw_input,
    draw_psi,
    draw_readouts,
    draw_signal,
    draw_spikes,
)
from bioplastic.inspect._recording_panels import check_recording, panels_of
from bioplastic.inspect._style import INK
from bioplastic.inspect.raster import SpikeEvents
from bioplastic.inspect.recording import PlasticityRecording

__all__ = ["plot_eligibility"]

_HEIGHTS: Final = {"heard": 1.5, "spikes": 1.5, "psi": 0.7, "e_bar": 1.3, "signal": 0.9, "p": 1.3}


def plot_eligibility(
    recording: PlasticityRecording,
    *,
    heard: SpikeEvents | None = None,
    answered: SpikeEvents | None = None,
    row: int = 0,
    sample: int | None = None,
    projection: str | None = None,
    neuron: int | None = None,
    n_synapses: int = 4,
    classes: Sequence[Any] | npt.NDArray[Any] | None = None,
    axes: npt.NDArray[Any] | Sequence[Axes] | None = None,
) -> npt.NDArray[Any]:
    """Draw what decides how much credit synapses get, over the time within one sample.

    Parameters
    ----------
    recording : PlasticityRecording
        With ``e_bar`` of a projection at two or more `times` of a sample; and for a panel each
        ``psi`` and ``signal`` of its postsynaptic population, ``error.p`` (or ``error.y``).
    heard : SpikeTrains, optional
        The input. Spikes of the synapses' channels are coloured, where the projection begins there.
    answered : SpikeTrains, optional
        Spikes of the neurons that learn, such as `transform_spikes` gives them.
    row : int
        Sample of `heard` and `answered`.
    sample : int, optional
        Recorded sample; the last with two or more moments where None.
    projection : str, optional
        Whose synapses, for example ``"input_to_lif"``; the first one recorded where None.
    neuron : int, optional
        Postsynaptic neuron whose synapses were recorded. Where None the one with the most credit:
        the largest sum of signals times eligibilities, without their signs.
    n_synapses : int
        How many of its most eligible synapses to draw in colour.
    classes : sequence of length n_classes, optional
        Name of each class; None counts them.
    axes : sequence of matplotlib.axes.Axes, optional
        Where to draw, one for each of those panels that there is something for; None makes a new
        figure.

    Returns
    -------
    axes : ndarray of matplotlib.axes.Axes
        From top to bottom: input, spikes, pseudo-derivative, eligibility traces, learning signal,
        and readouts, the true class in colour (it is known where ``error.wanted`` was recorded).

    Raises
    ------
    ParameterError
        If the recording holds no eligibilities, fewer than two moments of the sample, or not the
        neuron, or if another parameter does not fit.
    DataError
        If the spikes are not as SpikeEvents says.

    Notes
    -----
    Eligibility traces and learning signals: Bellec et al., Nature Communications 11:3625, 2020,
    doi 10.1038/s41467-020-17236-y.

    Examples
    --------
    >>> import numpy as np
    >>> from brian2 import ms
    >>> from bioplastic.datasets import load_spoken
    >>> from bioplastic.inspect import PlasticityRecorder, plot_eligibility
    >>> from bioplastic.networks import EPropClassifier
    >>> words = load_spoken()
    >>> recorder = PlasticityRecorder(
    ...     samples=[1], times=np.arange(1, 60) * 10 * ms,
    ...     variables=("input_to_lif.e_bar", "lif.psi", "lif.signal", "error.p", "error.wanted"),
    ... )
    >>> model = EPropClassifier(
    ...     8, 0, n_epochs=1, recurrent=False, dt=10 * ms, pool=8, shuffle=False, engine="numpy",
    ...     random_state=0,
    ... )
    >>> model = model.fit(words.data[:2], words.target[:2], recorder=recorder)
    >>> panels = plot_eligibility(recorder.recording)
    >>> [panel.get_ylabel() for panel in panels]
    ['ψ', 'eligibility', 'signal', 'probability']
    """
    word = _word(recording, sample, projection, neuron)
    strongest = _strongest(word, n_synapses)
    draw: dict[str, Callable[[Axes], None]] = {}
    if heard is not None:
        draw["heard"] = lambda panel: draw_input(panel, heard, row, word, strongest)
    if answered is not None:
        draw["spikes"] = lambda panel: draw_spikes(panel, answered, row, word)
    if f"{word.post}.psi" in recording.variables:
        draw["psi"] = lambda panel: draw_psi(panel, word)
    draw["e_bar"] = lambda panel: draw_eligibilities(panel, word, strongest)
    if f"{word.post}.signal" in recording.variables:
        draw["signal"] = lambda panel: draw_signal(panel, word)
    if {"error.p", "error.y"} & set(recording.variables):
        draw["p"] = lambda panel: draw_readouts(panel, word, classes)
    heights = [_HEIGHTS[name] for name in draw]
    panels = panels_of(
        WHERE, axes, len(draw), figsize=(8.0, 1.0 + 1.15 * sum(heights)), height_ratios=heights
    )
    for k, (panel, paint) in enumerate(zip(panels, draw.values(), strict=True)):
        paint(panel)
        panel.set_xlim(0.0, 1e-3 * np.ceil(1e3 * word.times[-1]))
        if k + 1 < len(panels):
            panel.set_xlabel("")
            panel.tick_params(labelbottom=False)
    panels[-1].set_xlabel("time within the sample (s)", fontsize=9, color=INK)
    panels[0].figure.align_ylabels(list(panels))
    return panels


def _word(recording: Any, sample: int | None, projection: str | None, neuron: int | None) -> Word:
    check_recording(WHERE, recording)
    names = [name for name in recording.variables if name.endswith(".e_bar")]
    wanted = names[0] if projection is None and names else f"{projection}.e_bar"
    if wanted not in names:
        raise ParameterError(
            f"{WHERE}.projection: must be one of "
            f"{', '.join(repr(name[:-6]) for name in names) or '(none recorded)'}, got "
            f'{projection!r}; record with PlasticityRecorder(variables=("input_to_lif.e_bar", ...))'
        )
    points = _points(recording, sample)
    found = recording.projections[wanted[:-6]]
    values = np.asarray(recording.variables[wanted][points])
    i, j = found.i, found.j
    if found.wiring == "all_to_all":
        i = np.repeat(np.arange(found.n_pre), len(found.neurons))
        j = np.tile(found.neurons, found.n_pre)
    if neuron is None:
        neuron = _most_credited(recording, points, found.post, j, values)
    if neuron not in j:
        raise ParameterError(
            f"{WHERE}.neuron: must be one whose synapses were recorded, "
            f"{', '.join(map(str, found.neurons[:20]))}, got {neuron!r}"
        )
    own = j == neuron
    return Word(
        recording, points, recording.times[points], found.post, int(neuron), found.pre, i[own],
        values[:, own],
    )  # fmt: skip


def _points(recording: PlasticityRecording, sample: int | None) -> slice:
    """Find the moments of the sample, which stand together."""
    numbers, counts = np.unique(recording.samples, return_counts=True)
    several = numbers[counts > 1]
    if sample is None and len(several):
        sample = int(several[-1])
    points = np.flatnonzero(recording.samples == sample)
    if len(points) < 2:
        raise ParameterError(
            f"{WHERE}.sample: must have two or more recorded moments, got {len(points)} of "
            f"{sample!r}; record with PlasticityRecorder(times=...), samples with several moments "
            f"are {', '.join(map(str, several[:20])) or '(none)'}"
        )
    return slice(int(points[0]), int(points[-1]) + 1)


def _most_credited(
    recording: PlasticityRecording,
    points: slice,
    post: str,
    j: npt.NDArray[np.int64],
    values: npt.NDArray[np.float32],
) -> int:
    credit = np.abs(values)
    if f"{post}.signal" in recording.variables:
        credit = credit * np.abs(recording.variables[f"{post}.signal"][points])[:, j]
    return int(np.bincount(j, credit.sum(axis=0)).argmax())


def _strongest(word: Word, n: int) -> npt.NDArray[np.int64]:
    if isinstance(n, bool) or not isinstance(n, int | np.integer) or not 1 <= n <= 6:
        raise ParameterError(f"{WHERE}.n_synapses: must be a whole number from 1 to 6, got {n!r}")
    order = np.argsort(-np.abs(word.eligibilities).sum(axis=0), kind="stable")
    return order[:n]
