"""C++ without Python: a folder that make turns into a program which answers events."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted

from bioplastic.engine.presenting import Presentation
from bioplastic.engine.standalone_program import FLAGS, export_program
from bioplastic.errors import ParameterError, StorageError
from bioplastic.networks import (
    DiehlCookClassifier,
    EPropClassifier,
    EPropRegressor,
    LiquidStateMachine,
)
from bioplastic.readout import NeuronLabelClassifier, SpikeCount
from bioplastic.spikes import SpikeTrains

type Numbers = npt.NDArray[np.float64]

_TEMPLATES = Path(__file__).with_name("templates")
_WHAT = (
    "an EPropClassifier, an EPropRegressor of numbers, a DiehlCookClassifier, or a Pipeline of "
    "LiquidStateMachine, SpikeCount and a linear classifier"
)


@dataclass(frozen=True, kw_only=True)
class _Answer:
    """How a word's answer follows from what the program leaves.

    Parameters
    ----------
    shown : Presentation
        The network, with one silent word.
    n_units : int
        Channels of the words.
    variable : str
        Whose last values are the answer; that is counted from spikes where empty.
    weights, intercept : ndarray of shape (n_outputs, n_neurons), (n_outputs,)
        Of counts, where they are counted.
    silent : int
        Answer where nothing was counted with a weight; -1 where that is no special case.
    labels : sequence or None
        Classes; None for numbers.
    pool : int
        Channels that are counted together in every step; 0 for spikes as they are.
    n_targets : int
        Columns of a target signal, which the program wants to read.
    """

    shown: Presentation
    n_units: int
    variable: str = ""
    weights: Numbers | None = None
    intercept: Numbers | None = None
    silent: int = -1
    labels: Any = None
    pool: int = 0
    n_targets: int = 0


def export_cpp(model: Any, folder: str | Path) -> Path:
    """Write a trained model as C++ that needs no Python: sources, data and a makefile.

    ``make`` in the folder makes the program ``answer``. It reads words from standard input and
    prints what ``model.predict`` answers to each, one a line::

        0.0125 17
        0.0131 20

    A line is an event: its time in seconds and its channel. An empty line, or the end of the input,
    ends a word and asks for its answer. A line with one number is the length of the word, which
    otherwise ends with the step of its last event. Lines that begin with # are passed over.

    Parameters
    ----------
    model : EPropClassifier, EPropRegressor, DiehlCookClassifier or Pipeline
        Trained on SpikeTrains. A pipeline has the steps LiquidStateMachine, SpikeCount,
        StandardScaler where there is one, and a linear classifier such as LogisticRegression or
        RidgeClassifier.
    folder : path-like
        New or empty folder; or one that this function has written before.

    Returns
    -------
    folder : Path
        Where the sources lie.

    Raises
    ------
    ParameterError
        If the model is none of these, or was not trained on SpikeTrains; if the folder has other
        files.
    StorageError
        If the folder cannot be written.
    NotFittedError
        If the model is not trained.

    Notes
    -----
    The simulation is the code that the engine ``cpp_standalone`` runs. Simulations of one word run
    in a process of their own, with its files in the system's temporary folder; the folder ``data``
    has to lie beside the program.

    Examples
    --------
    >>> import tempfile
    >>> from bioplastic import SpikeTrains
    >>> from bioplastic.exchange import export_cpp
    >>> from bioplastic.networks import EPropClassifier
    >>> X = SpikeTrains([0.01, 0.02], [0, 1], [0, 1, 2], n_units=2, duration=0.05)
    >>> model = EPropClassifier(4, 0, n_epochs=1, engine="numpy", random_state=0).fit(X, [0, 1])
    >>> folder = export_cpp(model, tempfile.mkdtemp())
    >>> sorted(path.name for path in folder.iterdir() if path.suffix != ".h")
    ['README.txt', 'data', 'main.cpp', 'makefile', 'unit.cpp']
    """
    answer = _answer_of(model)
    folder = Path(folder)
    known = {"README.txt", "data", "main.cpp", "makefile", "unit.cpp", "answer"}
    if folder.exists():
        others = {p.name for p in folder.iterdir() if p.suffix != ".h"} - known
        if others:
            raise ParameterError(
                f"export_cpp.folder: must be empty, {folder} has {', '.join(sorted(others)[:3])}"
            )
        shutil.rmtree(folder / "data", ignore_errors=True)
    numbers = export_program(answer.shown, folder)
    try:
        (folder / "answer.h").write_text(_constants(answer, numbers))
        for name in ("main.cpp", "README.txt"):
            shutil.copy(_TEMPLATES / name, folder)
        flags = " ".join(FLAGS)
        makefile = (_TEMPLATES / "makefile").read_text().replace("FLAGS", flags)
        (folder / "makefile").write_text(makefile)
        if answer.weights is not None:
            (folder / "data" / "weights").write_bytes(np.ascontiguousarray(answer.weights).data)
            (folder / "data" / "intercept").write_bytes(
                np.ascontiguousarray(answer.intercept, dtype=np.float64).data
            )
    except OSError as error:
        raise StorageError(f"cannot write the program to {folder}: {error}") from error
    return folder


# ------------------------------------------------------------------ models


def _answer_of(model: Any) -> _Answer:
    if not isinstance(model, EPropClassifier | EPropRegressor | DiehlCookClassifier | Pipeline):
        raise ParameterError(f"export_cpp.model: must be {_WHAT}, got {type(model).__name__}")
    check_is_fitted(model)
    if isinstance(model, Pipeline):
        network, said = _of_pipeline(model)
    elif model._takes_spikes:
        network, said = model, _of_model(model)
    else:
        raise ParameterError(
            f"export_cpp.model: must be trained on SpikeTrains, this {type(model).__name__} was "
            f"trained on numbers; encode them first"
        )
    n_units = network.n_features_in_
    silence = SpikeTrains([], [], [0, 0], n_units=n_units, duration=0.1)
    return _Answer(shown=network.presentation_of(silence), n_units=n_units, **said)


def _of_model(model: Any) -> dict[str, Any]:
    if isinstance(model, DiehlCookClassifier):
        return _of_labels(model.readout_)
    pool = model._pool or 0
    if isinstance(model, EPropClassifier):
        return {"variable": "error.score", "labels": model.classes_, "pool": pool}
    if model._learns_signals:
        raise ParameterError(
            "export_cpp.model: must answer a class or numbers, this EPropRegressor answers signals"
        )
    return {"variable": "error.answer", "n_targets": model.n_outputs_, "pool": pool}


def _of_pipeline(model: Pipeline) -> tuple[LiquidStateMachine, dict[str, Any]]:
    steps = [step for _, step in model.steps if step not in (None, "passthrough")]
    kinds = [type(step).__name__ for step in steps]
    known = len(steps) > 2 and isinstance(steps[0], LiquidStateMachine)
    known = known and type(steps[1]) is SpikeCount
    *scalers, last = steps[2:] or [None]
    if known and all(type(step) is StandardScaler for step in scalers):
        if isinstance(last, NeuronLabelClassifier) and last.vote == "counts" and not scalers:
            return steps[0], _of_labels(last)
        if hasattr(last, "coef_") and hasattr(last, "classes_"):
            weights = np.atleast_2d(last.coef_).astype(np.float64)  # of two classes (1, n)
            intercept = np.broadcast_to(last.intercept_, weights.shape[:1]).astype(np.float64)
            for scaler in scalers[::-1]:
                mean = 0.0 if scaler.mean_ is None else scaler.mean_
                weights = weights / (1.0 if scaler.scale_ is None else scaler.scale_)
                intercept = intercept - weights @ np.broadcast_to(mean, weights.shape[1:])
            said = {"weights": weights, "intercept": intercept, "labels": last.classes_}
            return steps[0], said
    raise ParameterError(f"export_cpp.model: must be {_WHAT}, got a Pipeline of {', '.join(kinds)}")


def _of_labels(readout: NeuronLabelClassifier) -> dict[str, Any]:
    """Means of the counts of each class's neurons."""
    n = len(readout.classes_)
    members = (readout.assignments_ == np.arange(n)[:, None]).astype(np.float64)
    sizes = members.sum(axis=1)
    return {
        "weights": members / np.maximum(sizes, 1)[:, None],
        "intercept": np.where(sizes > 0, 0.0, -1.0),  # less than any count
        "labels": readout.classes_,
        "silent": int(readout.class_count_.argmax()),
    }


# ------------------------------------------------------------------ text


def _constants(answer: _Answer, numbers: dict[str, int]) -> str:
    """Write what main.cpp has to know of the model."""
    network = answer.shown.network
    schedule = network.schedule
    dt = float(schedule.dt)
    steps = -1 if schedule.presentation is None else round(float(schedule.presentation) / dt)
    labels = [] if answer.labels is None else [str(label) for label in answer.labels]
    n_outputs = len(labels) or answer.n_targets
    array = numbers[answer.variable] if answer.variable else -1
    lines = [
        "#pragma once",
        "// Of the model, for main.cpp.",
        f"static const double DT = {dt!r};  // time step in seconds",
        f"static const long N_PRESENTATION = {steps};  // steps of a word; -1: its own",
        f"static const long N_REST = {round(float(schedule.rest) / dt)};  // steps after it",
        f"static const long N_UNITS = {answer.n_units};",
        f"static const long POOL = {answer.pool};  // channels that are one input; 0: none",
        f"static const long N_TARGETS = {answer.n_targets};",
        f"static const int ANSWER = {array};  // its array; -1: weights of spike counts",
        f"static const long N_OUTPUTS = {n_outputs};",
        f"static const long N_NEURONS = {network.n_watched};",
        f"static const long SILENT = {answer.silent};  // class of silence; -1: none",
        f"static const bool HAS_LABELS = {str(bool(labels)).lower()};",
        f"static const char* const LABELS[] = {{{', '.join(map(_literal, labels)) or '0'}}};",
    ]
    return "\n".join(lines) + "\n"


def _literal(text: str) -> str:
    """Write a string as C++ reads it."""
    plain = set(range(32, 127)) - set(b'"\\?')
    said = "".join(chr(b) if b in plain else f"\\{b:03o}" for b in text.encode())
    return f'"{said}"'
