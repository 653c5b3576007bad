"""Pictures of a trained liquid: one word on its way, and how far its states part."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from brian2 import ms, second
from sklearn.pipeline import Pipeline

from bioplastic.cli.data import Task
from bioplastic.cli.folder import save_figure, save_table
from bioplastic.cli.measuring import save_confusion
from bioplastic.encoding import SpikeAugmenter
from bioplastic.inspect import plot_word
from bioplastic.inspect.separation import plot_separation, spike_train_distance, state_separation
from bioplastic.networks import LiquidStateMachine
from bioplastic.spikes import SpikeTrains

#: How often the readout is asked, and how many pairs of words are compared.
_N_TIMES, _N_PAIRS = 100, 60
_JITTER = 5 * ms
_POPULATIONS = {"exc": "excitatory", "inh": "inhibitory"}


def save_listening(
    folder: Path, model: Pipeline, task: Task, predicted: npt.NDArray[Any], *, seed: int
) -> list[Path]:
    """Write what a model answered to the test words, and draw it.

    Parameters
    ----------
    folder : Path
        Where the files go.
    model : Pipeline
        The trained model.
    task : Task
        Gives the words.
    predicted : ndarray of shape (n_test,)
        What the test words were taken for.
    seed : int
        Of the choice of pairs.

    Returns
    -------
    paths : list of Path
        ``answers.csv`` and three pictures.

    Raises
    ------
    StorageError
        If a file cannot be written.
    """
    answers, confusion = folder / "answers.csv", folder / "confusion_matrix.png"
    columns: dict[str, Any] = {
        "speaker": task.speakers[task.test],
        "said": task.names(task.y[task.test]),
        "heard": task.names(predicted),
    }
    save_table(answers, columns)
    save_confusion(confusion, task, task.test, predicted)
    word = save_word(folder, model, task)
    return [answers, confusion, word, save_separation(folder, model, task, seed=seed)]


def save_word(folder: Path, model: Pipeline, task: Task) -> Path:
    """Draw the first test word through cochlea, liquid and readout.

    Parameters
    ----------
    folder : Path
        Where the picture goes.
    model : Pipeline
        The trained model.
    task : Task
        Gives the word.

    Returns
    -------
    path : Path
        ``word.png``. The readout is asked again and again what it would say if the word had ended.

    Raises
    ------
    StorageError
        If the picture cannot be written.
    """
    # The first, so that nobody can have chosen a good one.
    first = task.test[:1]
    heard = task.samples[first]
    answered = model[0].transform(heard)
    times = np.linspace(0.0, float(answered.duration[0]), _N_TIMES + 1)[1:]
    scores = model[1:].decision_function(_cut_short(answered, times))
    (spoken,) = task.names(task.y[first])
    if scores.ndim == 1:
        scores = np.column_stack([-scores, scores])
    panels = plot_word(
        heard,
        answered,
        times=times,
        scores=scores,
        classes=task.names(model.classes_),
        truth=spoken,
        frequencies=task.samples.frequencies,
        populations=_populations(model[0]),
    )
    figure = panels[0].figure.get_figure(root=True)
    (speaker,) = task.speakers[first]
    known = speaker in task.speakers[task.train]
    who = "who said other words in training" if known else "who is not in training"
    by = f", said by speaker {speaker}, {who}" if speaker != "" else ""
    title = f'"{spoken}"{by}'
    figure.suptitle(title, x=0.01, ha="left", fontsize=12)
    path = folder / "word.png"
    save_figure(figure, path)
    return path


def save_separation(folder: Path, model: Pipeline, task: Task, *, seed: int) -> Path:
    """Draw how far the liquid's states part for pairs of test words.

    Parameters
    ----------
    folder : Path
        Where the picture goes.
    model : Pipeline
        The trained model.
    task : Task
        Gives the words.
    seed : int
        Of the choice of pairs.

    Returns
    -------
    path : Path
        ``separation.png``: the mean over pairs of words that are the same but for a jitter of each
        spike, the same word again, by another speaker, and another word.

    Raises
    ------
    StorageError
        If the picture cannot be written.
    """
    random = np.random.default_rng(seed)
    tested = task.samples[task.test]
    n = min(_N_PAIRS, len(tested))
    rows = np.sort(random.choice(len(tested), n, replace=False))
    words = tested[rows]
    jittered, *_ = SpikeAugmenter(
        n_copies=1,
        channel_shift=0.0,
        time_stretch=0.0,
        jitter=_JITTER,
        include_original=False,
        random_state=seed,
    ).fit_resample(words)
    partners: dict[str, tuple[npt.NDArray[Any], SpikeTrains]] = {}
    partners[f"the same, spikes jittered by {_JITTER / ms:g} ms"] = (np.arange(n), jittered)
    for kind, found in _partners(task, rows, random).items():
        has = found >= 0
        if has.any():
            partners[kind] = (np.flatnonzero(has), tested[found[has]])
    # Pairs are compared over one time: that of the longest word.
    longest = max(part.duration.max() for part in (words, *(p for _, p in partners.values())))
    words = _as_long(words, longest)
    answers = model[0].transform(words)
    times = np.linspace(0.0, float(answers.duration[0]), _N_TIMES + 1)
    curves = []
    for kind, (own, partner) in partners.items():
        others = _as_long(partner, longest)
        apart = spike_train_distance(words[own], others).mean()
        states = state_separation(answers[own], model[0].transform(others), times * second)
        curves.append((apart, f"{kind} ({apart:.1f})", states.mean(axis=0)))
    curves.sort(key=lambda curve: curve[0])
    _, labels, distances = zip(*curves, strict=True)
    axes = plot_separation(
        times,
        np.array(distances),
        labels,
        title=f"How far the liquid's states part: {n} held-out words, each with another",
        legend="the other (mean distance of the inputs)",
    )
    figure = axes.figure.get_figure(root=True)
    figure.set_size_inches(9.0, 3.8)
    path = folder / "separation.png"
    save_figure(figure, path)
    return path


def _partners(
    task: Task, rows: npt.NDArray[Any], random: np.random.Generator
) -> dict[str, npt.NDArray[np.int64]]:
    """Draw a partner of each kind for each row, -1 where there is none."""
    word, speaker = task.y[task.test], task.speakers[task.test]
    found: dict[str, list[int]] = {}
    for row in rows:
        same_word, same_speaker = word == word[row], speaker == speaker[row]
        for kind, suits in (
            ("the same word again", same_word & same_speaker),
            ("the same word, another speaker", same_word & ~same_speaker),
            ("another word, the same speaker", ~same_word & same_speaker),
        ):
            candidates = np.flatnonzero(suits)
            candidates = candidates[candidates != row]
            chosen = int(random.choice(candidates)) if len(candidates) else -1
            found.setdefault(kind, []).append(chosen)
    return {kind: np.array(chosen) for kind, chosen in found.items()}


def _as_long(spikes: SpikeTrains, duration: float) -> SpikeTrains:
    return SpikeTrains(
        spikes.times, spikes.units, spikes.offsets, n_units=spikes.n_units, duration=duration
    )


def _cut_short(spikes: SpikeTrains, times: npt.NDArray[np.float64]) -> SpikeTrains:
    """Make a sample of the spikes up to each of the times."""
    seen = np.searchsorted(spikes.times, times, side="right")
    return SpikeTrains(
        np.concatenate([spikes.times[:k] for k in seen]),
        np.concatenate([spikes.units[:k] for k in seen]),
        np.concatenate([[0], np.cumsum(seen)]),
        n_units=spikes.n_units,
        duration=spikes.duration[0],
    )


def _populations(liquid: LiquidStateMachine) -> npt.NDArray[Any]:
    """Name the population of each neuron."""
    network = liquid.network_
    sizes = {p.name: p.n for p in network.populations}
    names = [_POPULATIONS.get(name, name) for name in network.watch]
    return np.repeat(names, [sizes[name] for name in network.watch])
