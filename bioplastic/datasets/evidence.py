"""Evidence accumulation: which side gave more cues, to be told after a delay."""

from typing import Any

import numpy as np
from brian2 import Hz, ms, second
from sklearn.utils import Bunch, check_random_state

from bioplastic._quantities import amount, number, whole
from bioplastic.datasets._tasks import (
    bernoulli,
    on_grid,
    spike_probability,
    steps_of,
)
from bioplastic.errors import ParameterError

GROUPS = ("left", "right", "recall", "background")

DESCR = """Evidence accumulation.

{n_trials} trials of {length:g} ms: {n_cues} cues on the left or on the right, a delay of
{delay:g} ms, and a recall cue of {recall:g} ms, during which the side with more cues is to be told.
{n_channels} channels in equal groups: left, right, recall, background. After Morcos & Harvey,
Nature Neuroscience 19:1672-1681, 2016, as in Bellec et al., Nature Communications 11:3625, 2020."""


def make_evidence_accumulation(
    n_trials: int = 64,
    *,
    n_cues: int = 7,
    cue: Any = 100 * ms,
    cue_interval: Any = 150 * ms,
    delay: Any = 1050 * ms,
    recall: Any = 150 * ms,
    n_channels: int = 40,
    rate: Any = 40 * Hz,
    background_rate: Any = 10 * Hz,
    p_majority: float = 0.7,
    dt: Any = 1 * ms,
    random_state: Any = None,
) -> Bunch:
    """Make trials in which cues come on two sides, and the side with more is to be told later.

    One side of each trial, drawn at random, is favored: each cue comes on it with probability
    `p_majority`, independently of the others. The target is the side that got more cues, which need
    not be the favored one. A network has to count, and to remember through the delay.

    Channels are four equal groups, in this order: those of the left cues, those of the right cues,
    those of the recall cue, each silent while its cue is off; and background, which fires all the
    time. A channel spikes at most once a step.

    Parameters
    ----------
    n_trials : int, default=64
        Trials.
    n_cues : int, default=7
        Cues of a trial; odd, so that no trial is undecided.
    cue : Quantity of time, default=100 ms
        How long a cue lasts.
    cue_interval : Quantity of time, default=150 ms
        From cue to cue. A cue fills the end of its interval.
    delay : Quantity of time, default=1050 ms
        From the end of the last cue to the begin of the recall cue.
    recall : Quantity of time, default=150 ms
        How long the recall cue lasts, which ends the trial.
    n_channels : int, default=40
        Channels, a multiple of 4.
    rate : Quantity in hertz, default=40 Hz
        Rate of a channel while its cue is on.
    background_rate : Quantity in hertz, default=10 Hz
        Rate of a background channel.
    p_majority : float, default=0.7
        Probability that a cue comes on the favored side, from 0.5 to 1.
    dt : Quantity of time, default=1 ms
        Time step, of which all times must be multiples. Spikes stand at the begin of their step.
    random_state : int, RandomState or None
        Where cues and spikes come from.

    Returns
    -------
    data : Bunch
        ``data``: SpikeTrains of shape (n_trials, n_channels). ``target``: ndarray of shape
        (n_trials,), 0 for left and 1 for right. ``target_names``. ``cues``: ndarray of shape
        (n_trials, n_cues), the side of each cue, likewise. ``cue_times``: ndarray of shape
        (n_cues,), in seconds, when cues begin. ``groups``: ndarray of shape (n_channels,), the name
        of each channel's group. ``decision_window``: Quantity of time, the end of a trial in which
        to answer, as long as the recall cue. ``DESCR``.

    Raises
    ------
    ParameterError
        If a number is out of range, a parameter has the wrong unit, or a time is no whole number of
        steps.

    Notes
    -----
    The task is that of [1]_, after an experiment with mice [2]_; the defaults are those of the
    authors' code, https://github.com/IGITUGraz/eligibility_propagation.

    References
    ----------
    .. [1] Bellec, G. et al., "A solution to the learning dilemma for recurrent networks of spiking
       neurons", Nature Communications 11:3625, 2020. https://doi.org/10.1038/s41467-020-17236-y
    .. [2] Morcos, A. S. & Harvey, C. D., "History-dependent variability in population dynamics
       during evidence accumulation in cortex", Nature Neuroscience 19:1672-1681, 2016.
       https://doi.org/10.1038/nn.4403

    Examples
    --------
    >>> from bioplastic.datasets import make_evidence_accumulation
    >>> task = make_evidence_accumulation(100, random_state=0)
    >>> task.data.shape, float(task.data.duration[0])
    ((100, 40), 2.25)
    >>> bool((task.target == (task.cues.sum(axis=1) > 3)).all())
    True
    """
    call = "make_evidence_accumulation"
    whole(f"{call}.n_trials", n_trials, 1)
    if whole(f"{call}.n_cues", n_cues, 1) % 2 == 0:
        raise ParameterError(f"{call}.n_cues: must be odd, so that one side has more, got {n_cues}")
    if whole(f"{call}.n_channels", n_channels, 4) % 4:
        raise ParameterError(
            f"{call}.n_channels: must be a multiple of 4, one part for each group, got {n_channels}"
        )
    number(f"{call}.p_majority", p_majority, 0.5, 1)
    step = amount(f"{call}.dt", dt, second)

    def n_steps(name: str, value: Any, *, zero: bool = False) -> int:
        return steps_of(f"{call}.{name}", amount(f"{call}.{name}", value, second, zero=zero), step)

    on, every = n_steps("cue", cue), n_steps("cue_interval", cue_interval)
    if on > every:
        raise ParameterError(
            f"{call}.cue_interval: must be at least as long as a cue of {cue!r}, got "
            f"{cue_interval!r}"
        )
    begin = n_cues * every + n_steps("delay", delay, zero=True)
    answer = n_steps("recall", recall)
    p_cue = spike_probability(f"{call}.rate", rate, step)
    p_background = spike_probability(f"{call}.background_rate", background_rate, step)

    random = check_random_state(random_state)
    favored = random.randint(2, size=(n_trials, 1))
    cues = np.where(random.random_sample((n_trials, n_cues)) < p_majority, favored, 1 - favored)
    size = n_channels // 4

    trial, which, at, channel = bernoulli(random, (n_trials, n_cues, on, size), p_cue).T
    onsets = every * np.arange(n_cues) + every - on
    shown = np.column_stack([trial, onsets[which] + at, size * cues[trial, which] + channel])
    recalled = bernoulli(random, (n_trials, answer, size), p_cue)
    recalled += np.array([0, begin, 2 * size])
    noise = bernoulli(random, (n_trials, begin + answer, size), p_background)
    noise += np.array([0, 0, 3 * size])
    return Bunch(
        data=on_grid(
            np.concatenate([shown, recalled, noise]), n_trials,
            n_units=n_channels, n_steps=begin + answer, dt=step,
        ),
        target=(2 * cues.sum(axis=1) > n_cues).astype(np.int64),
        target_names=np.array(GROUPS[:2]),
        cues=cues,
        cue_times=onsets * step,
        groups=np.repeat(GROUPS, size),
        decision_window=answer * step * second,
        DESCR=DESCR.format(
            n_trials=n_trials, length=1e3 * step * (begin + answer), n_cues=n_cues,
            delay=1e3 * step * (begin - n_cues * every), recall=1e3 * step * answer,
            n_channels=n_channels,
        ),
    )  # fmt: skip
