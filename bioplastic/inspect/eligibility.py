"""Why synapses get credit: one sample of a network that learns by e-prop, from top to bottom."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from bioplastic._quantities import whole
from bioplastic.errors import ParameterError
from bioplastic.inspect._style import COLORS, INK, declutter, label, panels_of, some
from bioplastic.inspect.raster import plot_raster
from bioplastic.inspect.states import moments_within
from bioplastic.spikes import SpikeTrains

if TYPE_CHECKING:
    from bioplastic.inspect.recording import PlasticityRecording

_WHERE: Final = "PlasticityRecording.plot_eligibility"
_HEIGHTS: Final = {"input": 1.5, "spikes": 1.5, "psi": 0.7, "e_bar": 1.3, "signal": 0.9, "p": 1.3}
_FAINT: Final = "#c8ccce"
_OF_SYNAPSES: Final = (*COLORS[:3], *COLORS[4:7])


def plot_eligibility(
    recording: "PlasticityRecording",
    *,
    inputs: SpikeTrains | None = None,
    outputs: SpikeTrains | None = None,
    row: int = 0,
    sample: int | None = None,
    projection: str | None = None,
    neuron: int | None = None,
    n_synapses: int = 4,
    classes: Sequence[Any] | npt.NDArray[Any] | None = None,
    axes: npt.NDArray[Any] | Sequence[Axes] | None = None,
) -> npt.NDArray[Any]:
    """Draw what decides how much credit synapses get, over the time within one sample.

    This takes ``e_bar`` of a projection at two or more `times` of a sample; and for a panel each
    ``psi`` and ``signal`` of its postsynaptic population, ``error.p`` (or ``error.y``).

    Parameters
    ----------
    inputs : SpikeTrains, optional
        The input. Spikes of the synapses' channels are colored, where the projection begins there.
    outputs : SpikeTrains, optional
        Spikes of the neurons that learn, such as `transform_spikes` gives them.
    row : int
        Sample of `inputs` and `outputs`.
    sample : int, optional
        Recorded sample; the last with two or more moments where None.
    projection : str, optional
        Whose synapses, for example ``"input_to_lif"``; the first one recorded where None.
    neuron : int, optional
        Postsynaptic neuron whose synapses were recorded. Where None the one with the most credit:
        the largest sum of signals times eligibilities, without their signs.
    n_synapses : int
        How many of its most eligible synapses to draw in color.
    classes : sequence of length n_classes, optional
        Name of each class; None counts them.
    axes : sequence of matplotlib.axes.Axes, optional
        Where to draw, one for each of those panels that there is something for; None makes a new
        figure.

    Returns
    -------
    axes : ndarray of matplotlib.axes.Axes
        From top to bottom: input, spikes, pseudo-derivative, eligibility traces, learning signal,
        and readouts, the true class in color (it is known where ``error.wanted`` was recorded).

    Raises
    ------
    ParameterError
        If the recording holds no eligibilities, fewer than two moments of the sample, or not the
        neuron, or if another parameter does not fit.
    DataError
        If the spikes are not as SpikeTrains says.

    Notes
    -----
    Eligibility traces and learning signals: Bellec et al., Nature Communications 11:3625, 2020,
    doi 10.1038/s41467-020-17236-y.

    Examples
    --------
    >>> import numpy as np
    >>> from brian2 import ms
    >>> from bioplastic.datasets import load_spoken
    >>> from bioplastic.inspect import PlasticityRecorder
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
    >>> panels = recorder.recording.plot_eligibility()
    >>> [panel.get_ylabel() for panel in panels]
    ['ψ', 'eligibility', 'signal', 'probability']
    """
    one = _Neuron(recording, sample, projection, neuron, n_synapses)
    draw: dict[str, Callable[[Axes], None]] = {}
    if inputs is not None:
        draw["input"] = lambda panel: one.draw_input(panel, inputs, row)
    if outputs is not None:
        draw["spikes"] = lambda panel: one.draw_spikes(panel, outputs, row)
    if f"{one.post}.psi" in recording.variables:
        draw["psi"] = one.draw_psi
    draw["e_bar"] = one.draw_eligibilities
    if f"{one.post}.signal" in recording.variables:
        draw["signal"] = one.draw_signal
    if {"error.p", "error.y"} & set(recording.variables):
        draw["p"] = lambda panel: one.draw_readouts(panel, classes)
    heights = [_HEIGHTS[name] for name in draw]
    panels = panels_of(
        _WHERE, axes, len(draw), figsize=(8.0, 1.0 + 1.15 * sum(heights)), height_ratios=heights
    )
    for k, (panel, paint) in enumerate(zip(panels, draw.values(), strict=True)):
        paint(panel)
        declutter(panel)
        panel.set_xlim(0.0, 1e-3 * np.ceil(1e3 * one.times[-1]))
        if k + 1 < len(panels):
            panel.set_xlabel("")
            panel.tick_params(labelbottom=False)
    label(panels[-1], "time within the sample (s)")
    panels[0].figure.align_ylabels(list(panels))
    return panels


class _Neuron:
    """What the recording holds of one neuron within one sample, and a panel for each part of it."""

    def __init__(
        self,
        recording: "PlasticityRecording",
        sample: int | None,
        projection: str | None,
        neuron: int | None,
        n_synapses: int,
    ) -> None:
        names = [name for name in recording.variables if name.endswith(".e_bar")]
        wanted = names[0] if projection is None and names else f"{projection}.e_bar"
        if wanted not in names:
            raise ParameterError(
                f"{_WHERE}.projection: must be one of "
                f"{', '.join(repr(name[:-6]) for name in names) or '(none recorded)'}, got "
                f"{projection!r}; record with "
                f'PlasticityRecorder(variables=("input_to_lif.e_bar", ...))'
            )
        self.recording = recording
        self.points = moments_within(_WHERE, recording, sample)
        self.times = recording.times[self.points]
        found = recording.projections[wanted[:-6]]
        self.pre, self.post = found.pre, found.post
        values = self.of(wanted)
        i, j = found.i, found.j
        if found.wiring == "all_to_all":
            i = np.repeat(np.arange(found.n_pre), len(found.neurons))
            j = np.tile(found.neurons, found.n_pre)
        if neuron is None:
            credit = np.abs(values)
            if f"{self.post}.signal" in recording.variables:
                credit = credit * np.abs(self.of(f"{self.post}.signal")[:, j])
            neuron = int(np.bincount(j, credit.sum(axis=0)).argmax())
        if neuron not in j:
            raise ParameterError(
                f"{_WHERE}.neuron: must be one whose synapses were recorded, "
                f"{some(found.neurons)}, got {neuron!r}"
            )
        self.neuron = int(neuron)
        self.sources, self.eligibilities = i[j == neuron], values[:, j == neuron]
        most = whole(f"{_WHERE}.n_synapses", n_synapses, 1, 6)
        order = np.argsort(-np.abs(self.eligibilities).sum(axis=0), kind="stable")
        self.strongest = order[:most]

    def of(self, name: str) -> npt.NDArray[np.float32]:
        """Read a variable at the moments of the sample, None where it was not recorded."""
        return np.asarray(self.recording.variables[name][self.points])

    def draw_input(self, panel: Axes, inputs: SpikeTrains, row: int) -> None:
        """Draw the input, channels of the strongest synapses in their colors."""
        row = _raster(panel, inputs, row, "Input", "channel")
        inner = {found.post for found in self.recording.projections.values()}
        if self.pre in inner or inputs.n_units != self.recording.populations[self.pre]:
            return
        for color, k in zip(_OF_SYNAPSES, self.strongest, strict=False):
            _colored(panel, inputs, row, int(self.sources[k]), color)

    def draw_spikes(self, panel: Axes, outputs: SpikeTrains, row: int) -> None:
        """Draw the spikes of the neurons, those of the chosen one dark."""
        row = _raster(panel, outputs, row, "Neurons", "neuron")
        # Where no rates were recorded, nobody says which populations the spikes are of.
        unit = self.neuron
        if self.post in self.recording.watched:
            unit += self.recording.watched_columns(self.post).start
        elif self.recording.watched or outputs.n_units != self.recording.populations[self.post]:
            return
        _colored(panel, outputs, row, unit, INK)
        label(panel, y=f"neuron (dark: {unit})")

    def draw_psi(self, panel: Axes) -> None:
        """Draw the pseudo-derivative of the neuron."""
        values = self.of(f"{self.post}.psi")
        panel.fill_between(self.times, values[:, self.neuron], color=INK, alpha=0.75, linewidth=0)
        panel.set_ylim(0.0, None)
        label(panel, y="ψ")
        _title(panel, f"Pseudo-derivative of {self.post} {self.neuron}: how near it is to a spike")

    def draw_eligibilities(self, panel: Axes) -> None:
        """Draw the eligibility traces of its synapses."""
        others = np.setdiff1d(np.arange(len(self.sources)), self.strongest)
        panel.plot(self.times, self.eligibilities[:, others], color=_FAINT, linewidth=0.6)
        for color, k in zip(_OF_SYNAPSES, self.strongest, strict=False):
            panel.plot(
                self.times, self.eligibilities[:, k], color=color, linewidth=1.5,
                label=f"{self.pre} {self.sources[k]}",
            )  # fmt: skip
        panel.axhline(0.0, color=INK, linewidth=0.6)
        label(panel, y="eligibility")
        _title(panel, f"Eligibility traces of its {len(self.sources):,} synapses from {self.pre}")
        _beside(panel)

    def draw_signal(self, panel: Axes) -> None:
        """Draw its learning signal."""
        signal = self.of(f"{self.post}.signal")[:, self.neuron]
        for side, color, word in ((signal > 0, COLORS[2], "less"), (signal < 0, COLORS[0], "more")):
            panel.fill_between(
                self.times, np.where(side, signal, 0.0), color=color, alpha=0.75, linewidth=0,
                label=f"fire {word}",
            )  # fmt: skip
        panel.axhline(0.0, color=INK, linewidth=0.6)
        panel.ticklabel_format(axis="y", style="sci", scilimits=(-2, 3))
        panel.yaxis.get_offset_text().set_fontsize(8)
        label(panel, y="signal")
        _title(panel, f"Learning signal of {self.post} {self.neuron}")
        _beside(panel)

    def draw_readouts(self, panel: Axes, classes: Any) -> None:
        """Draw the readouts, the true class and the favored one in color."""
        is_share = "error.p" in self.recording.variables
        values = self.of("error.p" if is_share else "error.y")
        n = values.shape[1]
        names = [str(k) for k in (range(n) if classes is None else classes)]
        if len(names) != n:
            raise ParameterError(f"{_WHERE}.classes: must name {n} classes, got {len(names)}")
        known = "error.wanted" in self.recording.variables
        true = int(self.of("error.wanted")[-1].argmax()) if known else None
        panel.plot(self.times, values, color=_FAINT, linewidth=0.9)
        best = int(values.mean(axis=0).argmax())
        lines = []
        if is_share and best != true:
            lines.append((best, COLORS[2], 1.5, names[best]))
        if true is not None:
            lines.append((true, COLORS[0], 2.2, f"{names[true]} (true)"))
        for k, color, width, name in lines:
            panel.plot(self.times, values[:, k], color=color, linewidth=width, label=name)
        label(panel, y="probability" if is_share else "readout")
        _title(panel, f"What the {n} readouts say")
        if is_share:
            panel.set_ylim(0.0, 1.0)
        if is_share or true is not None:
            _beside(panel)


def _title(panel: Axes, text: str) -> None:
    panel.set_title(text, loc="left", fontsize=10, color=INK)


def _beside(panel: Axes) -> None:
    panel.legend(
        frameon=False, fontsize=8, labelcolor=INK, loc="upper left", bbox_to_anchor=(1.0, 1.05),
        handlelength=1.2, borderaxespad=0.3,
    )  # fmt: skip


def _colored(panel: Axes, spikes: SpikeTrains, row: int, unit: int, color: str) -> None:
    """Draw the spikes of a unit once more, in a color."""
    times = spikes[row].times[spikes[row].units == unit]
    height = panel.get_window_extent().height * 72 / panel.figure.dpi
    panel.plot(
        times, np.full(len(times), unit), linestyle="none", marker="|", color=color,
        markersize=min(max(1.5 * height / max(spikes.n_units, 1), 4.0), 9.0), markeredgewidth=1.8,
    )  # fmt: skip


def _raster(panel: Axes, spikes: SpikeTrains, row: int, what: str, unit: str) -> int:
    n = len(spikes.offsets) - 1
    plot_raster(spikes, sample=row, colors=COLORS[8], axes=panel)
    label(panel, y=unit)
    row = row % n
    _title(panel, f"{what}: {spikes.offsets[row + 1] - spikes.offsets[row]:,} spikes")
    return row
