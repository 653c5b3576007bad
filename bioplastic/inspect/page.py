"""A page for a browser in which a training can be watched."""

import base64
import importlib.metadata
import json
import os
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

import bioplastic
from bioplastic._partners import partner
from bioplastic._quantities import whole
from bioplastic._whole_files import whole_file
from bioplastic.errors import ParameterError
from bioplastic.inspect._page_contents import Contents
from bioplastic.inspect._recording_file import existing

if TYPE_CHECKING:
    from bioplastic.inspect.recording import PlasticityRecording

TEMPLATES: Final = Path(__file__).with_name("templates")


def write_page(
    recording: "PlasticityRecording",
    path: str | os.PathLike[str],
    *,
    projection: str | None = None,
    title: str | None = None,
    shape: tuple[int, int] | None = None,
    neurons: Sequence[int] | npt.NDArray[Any] | None = None,
    max_neurons: int = 100,
    max_moments: int = 60,
    overwrite: bool = False,
) -> Path:
    """Write an interactive page of a training: one HTML file, to be opened in any browser.

    One slider over the training moves all of it: the receptive fields, the distribution of the
    weights, threshold and rate of each neuron, and the traces within the sample. Curves over the
    training have a cursor at the moment. A click on a field chooses a neuron, a click on a curve
    a moment; the arrow keys step, the space bar plays. The end of the page's address,
    ``#moment=12&neuron=3``, is the view, so that a view can be passed on. Thresholds, rates, and
    traces at several times of a sample are shown where they were recorded. Of every recorded
    sample the last moment is shown.

    Parameters
    ----------
    path : path-like
        The file, such as ``"training.html"``.
    projection : str, optional
        Whose weights; of the only projection with recorded weights where None.
    title : str, optional
        Headline; None says what learned from how many samples.
    shape : tuple of (height, width), in pixels, optional
        Shape of a receptive field. None takes a square where there is one, else each neuron is a
        column of the weight matrix.
    neurons : sequence of int, optional
        Neurons to show, of those whose weights were recorded; the first `max_neurons` where None.
        Distributions, medians and bands are over everything that was recorded.
    max_neurons : int
        Most neurons to show where `neurons` is None.
    max_moments : int
        Most moments to show; of more, as many are chosen evenly, the first and the last among
        them.
    overwrite : bool
        Whether to replace an existing file.

    Returns
    -------
    path : Path
        The file.

    Raises
    ------
    ImportError
        If Bokeh is not installed.
    ParameterError
        If the recording holds no such weights or neurons, the shape has another number of pixels,
        a number is below 1, or the file exists.
    StorageError
        If the file cannot be written.

    See Also
    --------
    plot_receptive_fields : Receptive fields over the training, as a figure.

    Notes
    -----
    The page loads nothing: Bokeh's script (1.4 MB) is part of it, and the page's own rules forbid
    it to reach for anything else. Weights have 255 levels from the lowest (or 0) to the highest,
    which the page states; all else has the precision of float32. 784 x 100 weights at 60 moments
    take about 0.6 MB after some hundred samples, and never more than 6.3. The numbers are in
    the element ``plasticity`` as JSON. Bokeh is used since it is lighter than plotly, whose script
    has 4.8 MB.

    Examples
    --------
    >>> import tempfile
    >>> from brian2 import ms
    >>> from bioplastic.datasets import load_digits
    >>> from bioplastic.inspect import PlasticityRecorder
    >>> from bioplastic.networks import DiehlCook
    >>> recorder = PlasticityRecorder(every=2)
    >>> net = DiehlCook(5, n_epochs=1, presentation=20 * ms, rest=0 * ms, dt=1 * ms, min_spikes=0,
    ...                 engine="numpy", random_state=0)
    >>> net = net.fit(load_digits().data[:4], recorder=recorder)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page = recorder.recording.write_page(f"{folder}/training.html")
    ...     page.name, 1e6 < page.stat().st_size < 2e6
    ('training.html', True)
    """
    where = "PlasticityRecording.write_page"
    partner("bokeh", caller=where, install="'bioplastic[page]'")
    from bokeh.core.types import ID
    from bokeh.embed import json_item
    from bokeh.resources import Resources
    from jinja2 import Environment

    from bioplastic.inspect._page_figures import CHOSEN, charts

    path = Path(path)
    if path.exists() and not overwrite:
        raise ParameterError(f"{where}.{existing(path)}")
    max_neurons = whole(f"{where}.max_neurons", max_neurons, 1)
    max_moments = whole(f"{where}.max_moments", max_moments, 1)
    contents = Contents(
        where, recording, projection=projection, shape=shape, neurons=neurons,
        max_neurons=max_neurons, max_moments=max_moments,
    )  # fmt: skip
    figures = charts(contents)
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(_text("page.html"))
    text = template.render(
        title=title or _title(recording, contents),
        facts=_facts(recording, contents),
        places=set(figures),
        contents=contents,
        chosen=CHOSEN,
        style=_text("page.css"),
        bokeh=Resources(mode="inline", components=["bokeh"]).js_raw,
        script=_text("page.js"),
        charts=_json([json_item(chart, target=ID(place)) for place, chart in figures.items()]),
        numbers=_json(_numbers(contents)),
    )
    with whole_file(path, f"{where}.path") as scratch:
        scratch.write_text(text, encoding="utf-8")
    return path


def _text(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def _json(value: Any) -> str:
    """Write JSON that ends no script element."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")


def _numbers(contents: Contents) -> dict[str, Any]:
    """Everything that belongs to a moment."""
    return {
        "done": contents.done.tolist(),
        "neurons": contents.neurons.tolist(),
        "tile": contents.tile,
        "grid": contents.grid,
        "weights": _levels(contents.fields, contents.low, contents.high),
        "share": _pack(contents.share),
        "labels": {course.key: course.label for course in contents.courses},
        "courses": {course.key: _pack(course.own) for course in contents.courses},
        "traces": [
            {"mean": _pack(trace.mean), "own": None if trace.own is None else _levels(trace.own)}
            for trace in contents.traces
        ],
    }


def _pack(array: npt.NDArray[Any], **more: Any) -> dict[str, Any]:
    """Write an array as a short text that a browser unpacks: zlib and base64."""
    numbers = array if more else np.ascontiguousarray(array, dtype="<f4")
    data = base64.b64encode(zlib.compress(numbers.tobytes(), 9)).decode("ascii")
    return {"type": "float32", "shape": list(numbers.shape), "data": data} | more


def _levels(
    array: npt.NDArray[Any], low: float | None = None, high: float | None = None
) -> dict[str, Any]:
    """Write an array as bytes that count 254 steps from `low` to `high`; 255 is no number.

    Where None, the range is that of the array and 0. A number is off by half a step at most.
    Along the first axis each byte holds the difference from the one before, modulo 256, since what
    changes slowly is short then.
    """
    if low is None or high is None:
        known = np.isfinite(array)
        low, high = (float(f(array, initial=0.0, where=known)) for f in (np.min, np.max))
        high = high if high > low else low + 1.0
    steps = (np.asarray(array, dtype=np.float64) - low) * (254 / (high - low))
    levels = np.where(np.isnan(steps), 255, np.rint(steps)).astype(np.uint8)
    changes = levels.copy()
    changes[1:] = levels[1:] - levels[:-1]
    return _pack(changes, type="levels", low=low, high=high)


def _title(recording: "PlasticityRecording", contents: Contents) -> str:
    post = recording.projections[contents.projection].post
    n_post, n_samples = recording.populations[post], int(contents.done[-1])
    return f"How {n_post:,} neurons ({post}) learned from {n_samples:,} samples"


def _facts(recording: "PlasticityRecording", contents: Contents) -> dict[str, str]:
    """Say what was recorded of which network."""
    found = recording.projections[contents.projection]
    n_synapses = recording.variables[f"{contents.projection}.w"].shape[1]
    n_moments, n_recorded = len(contents.done), len(recording.last_points())
    n_shown, n_kept = len(contents.neurons), len(found.neurons)
    simulated = float(recording.seconds[recording.last_points()].sum())
    step = (contents.high - contents.low) / 254
    versions = ", ".join(
        f"{name} {importlib.metadata.version(name.lower())}" for name in ("Brian2", "Bokeh")
    )
    return {
        "Network": ", ".join(
            f"{name} ({n:,} neurons)" for name, n in recording.populations.items()
        ),
        "Weights": (
            f"{contents.projection}, from {found.pre} to {found.post}, "
            f"{found.wiring.replace('_', ' ')}; {n_synapses:,} synapses recorded, onto "
            f"{n_kept:,} of {found.n_post:,} neurons"
        ),
        "Training": (
            f"{int(contents.done[-1] - contents.done[0]):,} samples, "
            f"{simulated:,.0f} s of simulated time"
        ),
        "Shown": f"{n_moments:,} of {n_recorded:,} recorded moments, {n_shown:,} neurons",
        "Precision": (
            f"weights in 255 levels from {contents.low:.3g} to {contents.high:.3g}, "
            f"in steps of {step:.2g}"
        ),
        "Made with": f"bioplastic {bioplastic.__version__}, {versions}",
    }
