"""Jittered Poisson templates: classes that differ in nothing but the times of their spikes."""

from typing import Any

import numpy as np
import numpy.typing as npt
from brian2 import Hz, ms, second
from sklearn.utils import Bunch, check_random_state

from bioplastic._quantities import amount, whole
from bioplastic.errors import ParameterError
from bioplastic.spikes import SpikeTrains

DESCR = """Jittered Poisson templates.

{n_templates} templates of {n_channels} spike trains each, {n_spikes} spikes a train, of {n_classes}
classes; a sample is a template whose spikes are moved by a normal with sd {jitter:g} ms. Made in
the manner of Maass, Natschlaeger & Markram, Neural Computation 14(11):2531-2560, 2002."""


def make_jittered_templates(
    n_samples: int = 1000,
    *,
    n_templates: int = 2,
    n_classes: int = 2,
    n_channels: int = 1,
    rate: Any = 20 * Hz,
    duration: Any = 0.5 * second,
    jitter: Any = 4 * ms,
    random_state: Any = None,
) -> Bunch:
    """Make samples by jittering the spikes of a few templates.

    A template is a Poisson process given its count: every train of every template has
    ``rate * duration`` spikes, at independent uniform times. Counts tell nothing, times all.

    Parameters
    ----------
    n_samples : int, default=1000
        Samples, as equally shared among the templates as can be, in random order.
    n_templates : int, default=2
        Templates; template `k` belongs to class ``k % n_classes``. With several to a class, no
        single moment tells the classes apart.
    n_classes : int, default=2
        Classes.
    n_channels : int, default=1
        Spike trains of a template.
    rate : Quantity in hertz, default=20 Hz
        Rate of each train.
    duration : Quantity of time, default=0.5 s
        Length of a sample.
    jitter : Quantity of time, default=4 ms
        Standard deviation of each spike's displacement; spikes are reflected at both ends.
    random_state : int, RandomState or None
        Where templates and samples come from.

    Returns
    -------
    data : Bunch
        ``data``: SpikeTrains of shape (n_samples, n_channels). ``target``: ndarray of shape
        (n_samples,), class. ``template``: ndarray of shape (n_samples,), which one. ``templates``:
        SpikeTrains of shape (n_templates, n_channels). ``DESCR``.

    Raises
    ------
    ParameterError
        If a number is too small, a parameter has the wrong unit, or a train would have no spike.

    Examples
    --------
    >>> from bioplastic.datasets import make_jittered_templates
    >>> task = make_jittered_templates(100, n_templates=4, random_state=0)
    >>> task.data
    SpikeTrains(100 samples, 1 units, 1000 spikes, 0.5 s)
    """
    call = "make_jittered_templates"
    whole(f"{call}.n_samples", n_samples, 1)
    whole(f"{call}.n_classes", n_classes, 2)
    whole(f"{call}.n_templates", n_templates, n_classes)
    whole(f"{call}.n_channels", n_channels, 1)
    length = amount(f"{call}.duration", duration, second)
    n_spikes = round(amount(f"{call}.rate", rate, Hz) * length)
    if not n_spikes:
        raise ParameterError(
            f"{call}.rate: must give at least one spike in {duration!r}, got {rate!r}"
        )
    spread = amount(f"{call}.jitter", jitter, second, zero=True)
    random = check_random_state(random_state)
    templates = random.uniform(0.0, length, (n_templates, n_channels, n_spikes))
    which = random.permutation(np.arange(n_samples) % n_templates)
    times = templates[which] + spread * random.standard_normal((n_samples, n_channels, n_spikes))
    return Bunch(
        data=_trains(_reflected(times, length), length),
        target=which % n_classes,
        template=which,
        templates=_trains(templates, length),
        DESCR=DESCR.format(
            n_templates=n_templates, n_channels=n_channels, n_spikes=n_spikes,
            n_classes=n_classes, jitter=1e3 * spread,
        ),
    )  # fmt: skip


def _reflected(times: npt.NDArray[np.float64], length: float) -> npt.NDArray[np.float64]:
    """Fold times back into the sample, as between two mirrors."""
    folded: npt.NDArray[np.float64] = np.mod(times, 2 * length)
    return np.minimum(folded, 2 * length - folded)


def _trains(times: npt.NDArray[np.float64], length: float) -> SpikeTrains:
    """Make spike trains of times of shape (n_samples, n_channels, n_spikes)."""
    n_samples, n_channels, n_spikes = times.shape
    flat = times.reshape(n_samples, -1)
    order = np.argsort(flat, axis=1, kind="stable")
    units = np.repeat(np.arange(n_channels), n_spikes)[order]
    return SpikeTrains(
        np.take_along_axis(flat, order, axis=1).ravel(),
        units.ravel(),
        np.arange(n_samples + 1) * flat.shape[1],
        n_units=n_channels,
        duration=length,
    )
