"""A result or a rule in a notebook, with sliders."""

import dataclasses
import importlib.util
import warnings
from collections.abc import Callable, Mapping
from typing import Any, Final

import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
from brian2 import Hz, Quantity, ms
from matplotlib.axes import Axes

from bioplastic._quantities import whole
from bioplastic.engine.result import Result
from bioplastic.errors import ParameterError
from bioplastic.inspect._style import COLORS, label
from bioplastic.inspect.measurements import SJOESTROEM_2001, WANG_2005
from bioplastic.inspect.protocol_plots import plot_protocol
from bioplastic.inspect.protocols import pairing_protocol, stdp_window, triplet_protocol
from bioplastic.inspect.raster import plot_raster
from bioplastic.inspect.states import plot_state
from bioplastic.models import PlasticityRule
from bioplastic.models.declaration import field_values
from bioplastic.models.values import is_one_number

#: How far a slider of a constant goes, in multiples of its value.
_SPAN: Final = 3.0
_STEPS: Final = 60

type Panels = npt.NDArray[Any]


def explore(what: Result | PlasticityRule, *, sample: int = 0) -> Any:
    """Look at a result, or at a rule, with sliders.

    Of a result the spikes and the recorded state of a sample are drawn above each other, with
    sliders for the sample and the time. Of a rule its STDP window, its frequency dependence and its
    triplets are measured anew for every value of its constants, each of which has a slider.

    Parameters
    ----------
    what : Result or PlasticityRule
        What :func:`bioplastic.engine.run` or ``model.look`` returned, with spikes or states; or
        a rule that reads no membrane.
    sample : int, default=0
        Which sample to begin with.

    Returns
    -------
    view : ipywidgets.VBox, or ndarray of matplotlib.axes.Axes
        What a notebook shows; without a notebook, or where ipywidgets is not installed (extra
        ``bioplastic[notebook]``), the picture without sliders.

    Raises
    ------
    ParameterError
        If it is neither, nothing was recorded, or there is no such sample.

    See Also
    --------
    plot_raster, plot_state, stdp_window, pairing_protocol, triplet_protocol

    Examples
    --------
    >>> from bioplastic.inspect import explore
    >>> from bioplastic.models import PairSTDP
    >>> panels = explore(PairSTDP())
    >>> [panel.get_xlabel()[:5] for panel in panels]
    ['delay', 'frequ', 'inter']
    """
    if isinstance(what, PlasticityRule):
        draw, sliders = _of_rule(what)
    elif isinstance(what, Result):
        draw, sliders = _of_result(what, sample)
    else:
        raise ParameterError(
            f"explore.what: must be a Result or a PlasticityRule, got {type(what).__name__}"
        )
    if not _in_notebook():
        return draw(**{name: given["value"] for name, given in sliders.items()})
    return _with_sliders(draw, sliders)


def _in_notebook() -> bool:
    """Whether widgets are installed and somebody would see them."""
    if importlib.util.find_spec("ipywidgets") is None:
        return False
    from IPython import get_ipython

    return hasattr(get_ipython(), "kernel")


def _with_sliders(draw: Callable[..., Panels], sliders: Mapping[str, Any]) -> Any:
    import ipywidgets
    from IPython.display import display

    kinds = {int: ipywidgets.IntSlider, float: ipywidgets.FloatSlider}
    controls = {
        name: kinds.get(type(given["value"]), ipywidgets.FloatRangeSlider)(
            **given, continuous_update=False, readout_format=_FORMATS[type(given["value"])],
            style={"description_width": "initial"}, layout={"width": "95%"},
        )
        for name, given in sliders.items()
    }  # fmt: skip

    def show(**values: Any) -> None:
        figure = draw(**values)[0].figure
        display(figure)  # type: ignore[no-untyped-call]
        plt.close(figure)

    return ipywidgets.VBox([*controls.values(), ipywidgets.interactive_output(show, controls)])


_FORMATS: Final = {int: "d", float: ".4g", tuple: ".3f"}


# ------------------------------------------------------------------ a result


def _of_result(result: Result, sample: int) -> tuple[Callable[..., Panels], dict[str, Any]]:
    panels = [name for name, its in result.states.items() if len(its)]
    if result.spikes is None and not panels:
        raise ParameterError(
            'explore.what: holds nothing to draw; record={"spikes": ["exc"], "exc.v": [0, 5, 7]}'
        )
    counted = [len(its) for its in result.states.values()]
    n_samples = min(counted) if counted else len(_trains(result)[0])
    whole("explore.sample", sample, 0, n_samples - 1)
    lengths = [float(trains.duration.max()) for trains in _trains(result)]
    lengths += [float(its[k].times[-1]) for its in result.states.values() for k in range(len(its))]
    end = max(lengths)

    def draw(sample: int, time: tuple[float, float]) -> Panels:
        spikes = result.spikes is not None
        heights = [2.2] * spikes + [1.0] * len(panels)
        figure, axes = plt.subplots(
            len(heights), 1, figsize=(8.0, 0.8 + 1.5 * sum(heights)), height_ratios=heights,
            layout="constrained", squeeze=False,
        )  # fmt: skip
        found: list[Axes] = list(axes[:, 0])
        if spikes:
            plot_raster(result, sample=sample, axes=found[0])
        for panel, name in zip(found[spikes:], panels, strict=True):
            plot_state(result, name, sample=sample, axes=panel)
        over_time = [panel for panel in found if panel.get_xlabel() == "time (s)"]
        own = max((panel.get_xlim()[1] for panel in over_time), default=end)
        for panel in over_time:
            panel.set_xlim(time[0], max(min(time[1], own), time[0] + end / 200))
        for panel in over_time[:-1]:
            panel.set_xlabel("")
            panel.tick_params(labelbottom=False)
        if not spikes:
            label(found[0], title=f"Sample {sample}")
        figure.align_ylabels(found)
        return np.asarray(found)

    sliders = {
        "sample": {"value": sample, "min": 0, "max": n_samples - 1, "description": "sample"},
        "time": {
            "value": (0.0, end), "min": 0.0, "max": end, "step": end / 200,
            "description": "time (s)",
        },
    }  # fmt: skip
    return draw, sliders


def _trains(result: Result) -> list[Any]:
    if result.spikes is None:
        return []
    return list(result.spikes.values() if isinstance(result.spikes, Mapping) else [result.spikes])


# ------------------------------------------------------------------ a rule


def _of_rule(rule: PlasticityRule) -> tuple[Callable[..., Panels], dict[str, Any]]:
    units: dict[str, Any] = {}
    sliders = {}
    for name, value in rule.parameters.items():
        if not is_one_number(value) or not np.asarray(value):
            continue
        best = value.get_best_unit() if isinstance(value, Quantity) else 1
        units[name] = best
        number = float(value / best)
        low, high = sorted((number / _STEPS * _SPAN, _SPAN * number))
        sliders[name] = {
            "value": number, "min": low, "max": high, "step": (high - low) / _STEPS,
            "description": f"{name} ({best})" if isinstance(value, Quantity) else name,
        }  # fmt: skip

    def draw(**numbers: float) -> Panels:
        values = {name: number * units[name] for name, number in numbers.items()}
        return _draw_rule(_changed(rule, values))

    return draw, sliders


def _changed(rule: PlasticityRule, values: Mapping[str, Any]) -> PlasticityRule:
    """Give constants of a rule other values."""
    changes = {name: values[name] for name in field_values(rule) if name in values}
    if rule.constants:
        changes["constants"] = {n: values.get(n, value) for n, value in rule.constants.items()}
    return dataclasses.replace(rule, **changes)


def _draw_rule(rule: PlasticityRule) -> Panels:
    figure, panels = plt.subplots(
        1, 3, figsize=(13.0, 3.4), width_ratios=(1.0, 1.0, 1.5), layout="constrained"
    )
    rates = [rate for rate in SJOESTROEM_2001.frequencies if rate >= 10] * Hz
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always", RuntimeWarning)
        window = stdp_window(rule, dt=1 * ms)
        pairings = pairing_protocol(rule, rates, n_pairs=30, dt=1 * ms)
        triplets = [triplet_protocol(rule, kind, n_triplets=10, dt=1 * ms) for kind in WANG_2005]
    plot_protocol(window, axes=panels[0])
    plot_protocol(pairings, title="Change by the frequency of 30 pairings", axes=panels[1])
    plot_protocol(triplets, title="Change by 10 triplets of spikes", axes=panels[2])
    if any("ended on a bound" in str(warning.message) for warning in warned):
        figure.supxlabel("some weights ended on a bound of the rule", fontsize=9, color=COLORS[2])
    return np.asarray(panels)
