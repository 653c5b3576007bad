"""Pattern generation: frozen noise in, a sum of sines out."""

from typing import Any

import numpy as np
from brian2 import Hz, ms, second
from sklearn.utils import Bunch, check_random_state

from bioplastic._quantities import amount, whole
from bioplastic.datasets._tasks import (
    bernoulli,
    on_grid,
    spike_probability,
    steps_of,
)
from bioplastic.errors import ParameterError

DESCR = """Pattern generation.

One sample of {length:g} ms: {n_channels} frozen Poisson spike trains, and for each of {n_outputs}
outputs a sum of sines of {frequencies} Hz with random amplitudes and phases. As in Bellec et al.,
Nature Communications 11:3625, 2020."""


def make_patterns(
    n_outputs: int = 1,
    *,
    n_channels: int = 100,
    rate: Any = 50 * Hz,
    duration: Any = 1 * second,
    frequencies: Any = (1, 2, 3, 5) * Hz,
    dt: Any = 1 * ms,
    random_state: Any = None,
) -> Bunch:
    """Make one sample of frozen noise and the curves that a network is to draw while it lasts.

    A curve is a sum of sines whose amplitudes are uniform from 0.5 to 2 and whose phases are
    uniform. It is shifted to begin at 0 and scaled so that its largest absolute value is 1.

    Parameters
    ----------
    n_outputs : int, default=1
        Curves.
    n_channels : int, default=100
        Spike trains; one spikes at most once a step.
    rate : Quantity in hertz, default=50 Hz
        Rate of each train.
    duration : Quantity of time, default=1 s
        Length of the sample, a whole number of steps.
    frequencies : Quantity in hertz, of shape (n_sines,), default=(1, 2, 3, 5) Hz
        Frequencies of the sines.
    dt : Quantity of time, default=1 ms
        Time step. Spikes stand at the begin of their step.
    random_state : int, RandomState or None
        Where spikes and curves come from.

    Returns
    -------
    data : Bunch
        ``data``: SpikeTrains of shape (1, n_channels). ``target``: ndarray of shape
        (1, n_steps, n_outputs), the curves at the times ``k * dt``. ``DESCR``.

    Raises
    ------
    ParameterError
        If a number is too small, a parameter has the wrong unit, or the duration is no whole number
        of steps.

    Notes
    -----
    The task is that of [1]_; the defaults are those of the authors' code,
    https://github.com/IGITUGraz/eligibility_propagation.

    References
    ----------
    .. [1] Bellec, G. et al., "A solution to the learning dilemma for recurrent networks of spiking
       neurons", Nature Communications 11:3625, 2020. https://doi.org/10.1038/s41467-020-17236-y

    Examples
    --------
    >>> from bioplastic.datasets import make_patterns
    >>> task = make_patterns(3, random_state=0)
    >>> task.data.shape, task.target.shape
    ((1, 100), (1, 1000, 3))
    >>> float(abs(task.target).max())
    1.0
    """
    call = "make_patterns"
    whole(f"{call}.n_outputs", n_outputs, 1)
    whole(f"{call}.n_channels", n_channels, 1)
    step = amount(f"{call}.dt", dt, second)
    n_steps = steps_of(f"{call}.duration", amount(f"{call}.duration", duration, second), step)
    probability = spike_probability(f"{call}.rate", rate, step)
    if np.ndim(frequencies) != 1 or not len(frequencies):
        raise ParameterError(
            f"{call}.frequencies: must be a list of at least one frequency, got {frequencies!r}; "
            f"give e.g. (1, 2) * Hz"
        )
    hertz = np.array([amount(f"{call}.frequencies", one, Hz) for one in frequencies])

    random = check_random_state(random_state)
    cells = bernoulli(random, (1, n_steps, n_channels), probability)
    amplitude = random.uniform(0.5, 2.0, (n_outputs, len(hertz)))
    phase = random.uniform(0.0, 2 * np.pi, (n_outputs, len(hertz)))
    angle = 2 * np.pi * step * np.arange(n_steps)[:, None, None] * hertz + phase
    curves = (amplitude * np.sin(angle)).sum(axis=2)
    curves -= curves[0]
    # A sample of one step has no curve to scale.
    curves /= np.maximum(np.abs(curves).max(axis=0), np.finfo(np.float64).tiny)
    return Bunch(
        data=on_grid(cells, 1, n_units=n_channels, n_steps=n_steps, dt=step),
        target=curves[None],
        DESCR=DESCR.format(
            length=1e3 * step * n_steps, n_channels=n_channels, n_outputs=n_outputs,
            frequencies=", ".join(f"{one:g}" for one in hertz),
        ),
    )  # fmt: skip
