"""The panels of `plot_eligibility`: what each draws of one neuron within one sample."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from bioplastic.errors import ParameterError
from bioplastic.inspect._style import COLORS, INK, declutter
from bioplastic.inspect.raster import SpikeEvents, events_of, plot_raster
from bioplastic.inspect.recording import PlasticityRecording

__all__ = [
    "WHERE",
    "Word",
    "draw_eligibilities",
    "draw_input",
    "draw_psi",
    "draw_readouts",
    "draw_signal",
    "draw_spikes",
]

WHERE: Final = "plot_eligibility"
_FAINT: Final = "#c8ccce"
_OF_SYNAPSES: Final = (*COLORS[:3], *COLORS[4:7])


@dataclass(frozen=True, slots=True)
class Word:
    """What the recording holds of one neuron within one sample."""

    recording: PlasticityRecording
    points: slice
    times: npt.NDArray[np.float64]
    post: str
    neuron: int
    pre: str
    sources: npt.NDArray[np.int64]
    eligibilities: npt.NDArray[np.float32]

    def of(self, name: str) -> npt.NDArray[np.float32] | None:
        """Read a variable at the moments of the sample, None where it was not recorded."""
        column = self.recording.variables.get(name)
        return None if column is None else np.asarray(column[self.points])


def _title(panel: Axes, text: str) -> None:
    panel.set_title(text, loc="left", fontsize=10, color=INK)


def _beside(panel: Axes) -> None:
    panel.legend(
        frameon=False, fontsize=8, labelcolor=INK, loc="upper left", bbox_to_anchor=(1.0, 1.05),
        handlelength=1.2, borderaxespad=0.3,
    )  # fmt: skip


def _coloured(panel: Axes, spikes: SpikeEvents, row: int, unit: int, color: str) -> None:
    """Draw the spikes of a unit once more, in a colour."""
    times, units = events_of(spikes, row)
    times = times[units == unit]
    height = panel.get_window_extent().height * 72 / panel.figure.dpi
    panel.plot(
        times, np.full(len(times), unit), linestyle="none", marker="|", color=color,
        markersize=min(max(1.5 * height / max(spikes.n_units, 1), 4.0), 9.0), markeredgewidth=1.8,
    )  # fmt: skip


def _raster(panel: Axes, spikes: SpikeEvents, row: int, what: str, unit: str) -> int:
    n = len(spikes.offsets) - 1
    plot_raster(spikes, sample=row, colors=COLORS[8], axes=panel)
    panel.set_ylabel(unit, fontsize=9, color=INK)
    row = row % n
    _title(panel, f"{what}: {spikes.offsets[row + 1] - spikes.offsets[row]:,} spikes")
    return row


def draw_input(
    panel: Axes, heard: SpikeEvents, row: int, word: Word, strongest: npt.NDArray[np.int64]
) -> None:
    """Draw the input, channels of the strongest synapses in their colours."""
    row = _raster(panel, heard, row, "Input", "channel")
    inner = {found.post for found in word.recording.projections.values()}
    if word.pre in inner or heard.n_units != word.recording.populations[word.pre]:
        return
    for color, k in zip(_OF_SYNAPSES, strongest, strict=False):
        _coloured(panel, heard, row, int(word.sources[k]), color)


def draw_spikes(panel: Axes, answered: SpikeEvents, row: int, word: Word) -> None:
    """Draw the spikes of the neurons, those of the chosen one dark."""
    row = _raster(panel, answered, row, "Neurons", "neuron")
    sizes, first = word.recording.populations, 0
    for name in word.recording.watched:
        if name == word.post:
            break
        first += sizes[name]
    # Where no rates were recorded, nobody says which populations the spikes are of.
    if word.recording.watched or answered.n_units == sizes[word.post]:
        _coloured(panel, answered, row, first + word.neuron, INK)
        panel.set_ylabel(f"neuron (dark: {first + word.neuron})", fontsize=9, color=INK)


def draw_psi(panel: Axes, word: Word) -> None:
    """Draw the pseudo-derivative of the neuron."""
    values = word.of(f"{word.post}.psi")
    assert values is not None
    panel.fill_between(word.times, values[:, word.neuron], color=INK, alpha=0.75, linewidth=0)
    panel.set_ylim(0.0, None)
    panel.set_ylabel("ψ", fontsize=9, color=INK)
    _title(panel, f"Pseudo-derivative of {word.post} {word.neuron}: how near it is to a spike")
    declutter(panel)


def draw_eligibilities(panel: Axes, word: Word, strongest: npt.NDArray[np.int64]) -> None:
    """Draw the eligibility traces of its synapses."""
    others = np.setdiff1d(np.arange(len(word.sources)), strongest)
    panel.plot(word.times, word.eligibilities[:, others], color=_FAINT, linewidth=0.6)
    for color, k in zip(_OF_SYNAPSES, strongest, strict=False):
        panel.plot(
            word.times, word.eligibilities[:, k], color=color, linewidth=1.5,
            label=f"{word.pre} {word.sources[k]}",
        )  # fmt: skip
    panel.axhline(0.0, color=INK, linewidth=0.6)
    panel.set_ylabel("eligibility", fontsize=9, color=INK)
    _title(panel, f"Eligibility traces of its {len(word.sources):,} synapses from {word.pre}")
    _beside(panel)
    declutter(panel)


def draw_signal(panel: Axes, word: Word) -> None:
    """Draw its learning signal."""
    values = word.of(f"{word.post}.signal")
    assert values is not None
    signal = values[:, word.neuron]
    for side, color, label in ((signal > 0, COLORS[2], "less"), (signal < 0, COLORS[0], "more")):
        panel.fill_between(
            word.times, np.where(side, signal, 0.0), color=color, alpha=0.75, linewidth=0,
            label=f"fire {label}",
        )  # fmt: skip
    panel.axhline(0.0, color=INK, linewidth=0.6)
    panel.ticklabel_format(axis="y", style="sci", scilimits=(-2, 3))
    panel.yaxis.get_offset_text().set_fontsize(8)
    panel.set_ylabel("signal", fontsize=9, color=INK)
    _title(panel, f"Learning signal of {word.post} {word.neuron}")
    _beside(panel)
    declutter(panel)


def draw_readouts(panel: Axes, word: Word, classes: Any) -> None:
    """Draw what the readouts say, the true class and the favoured one in colour."""
    values = word.of("error.p")
    is_share = values is not None
    if values is None:
        values = word.of("error.y")
    assert values is not None
    n = values.shape[1]
    names = [str(k) for k in (range(n) if classes is None else classes)]
    if len(names) != n:
        raise ParameterError(f"{WHERE}.classes: must name {n} classes, got {len(names)}")
    truth = word.of("error.wanted")
    true = None if truth is None else int(truth[-1].argmax())
    panel.plot(word.times, values, color=_FAINT, linewidth=0.9)
    best = int(values.mean(axis=0).argmax())
    if is_share and best != true:
        panel.plot(word.times, values[:, best], color=COLORS[2], linewidth=1.5, label=names[best])
    if true is not None:
        panel.plot(
            word.times, values[:, true], color=COLORS[0], linewidth=2.2,
            label=f"{names[true]} (true)",
        )  # fmt: skip
    panel.set_ylabel("probability" if is_share else "readout", fontsize=9, color=INK)
    _title(panel, f"What the {n} readouts say")
    if is_share:
        panel.set_ylim(0.0, 1.0)
    if is_share or true is not None:
        _beside(panel)
    declutter(panel)
