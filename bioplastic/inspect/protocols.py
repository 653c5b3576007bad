"""The classical experiments on synapses, for any plasticity rule.

Every protocol puts one synapse for each condition between a presynaptic and a postsynaptic neuron
that spike on command, and runs all of them side by side, in one program.
"""

from typing import Any, Unpack

import numpy as np
from brian2 import Hz, ms, second

from bioplastic._quantities import choice, whole
from bioplastic.errors import ParameterError
from bioplastic.inspect._laboratory import Laboratory, Pair
from bioplastic.inspect.measurements import (
    SJOESTROEM_2001,
    WANG_2005,
    FrequencyDependence,
    STDPWindow,
    TripletChanges,
)
from bioplastic.models import PlasticityRule


def stdp_window(
    rule: PlasticityRule,
    delays: Any = None,
    *,
    n_pairs: int = 1,
    interval: Any = 1 * second,
    **pair: Unpack[Pair],
) -> STDPWindow:
    """Measure how a rule changes a weight by the delay between two spikes.

    Parameters
    ----------
    rule : PlasticityRule
        Any rule, also one of your own.
    delays : Quantity of time of shape (n_delays,), default=-100..100 ms by 1 ms, without 0
        Time of the postsynaptic spike less that of the presynaptic one. At 0 both come in the same
        step, where the presynaptic spike acts first: 0 belongs to the positive side.
    n_pairs : int, default=1
        Pairs of spikes at each delay.
    interval : Quantity of time, default=1 s
        From one pair to the next.
    variable : str, default="w"
        Variable of the synapse that is read: of rules with an eligibility for example ``"c"``,
        which is taken to begin at 0.
    w : float, default=None
        Weight before; None takes the middle of its range ``0..w_max``, and 0.5 where the rule has
        no `w_max`.
    wait : Quantity of time, default=None
        Time before the first spike and after the last. None waits 100 ms where `post` is given,
        else not at all. Rules that change weights in between spikes may need more.
    post : NeuronModel, default=None
        Postsynaptic neuron, for rules that read its membrane; None takes a relay, which has none.
    drive : str, default=None
        Statement that makes `post` spike once, such as ``"v_post += 100*mV"``. It acts one step
        before the spike is due. A pulse of current comes sooner or later: see ``latencies`` of the
        result, by which the delays are then longer than asked for.
    dt : Quantity of time, default=0.1 ms
        Time step. All times must be whole multiples of it.
    engine : str
        See :func:`bioplastic.engine.run`. ``"auto"`` takes NumPy for runs of at most 20,000 steps,
        which are over before a compiler is done, and otherwise C++ where a compiler is found.

    Returns
    -------
    window : STDPWindow
        ``delays`` in seconds, ``change`` and ``relative`` of shape (n_delays,).

    Raises
    ------
    ParameterError
        If an argument has a wrong type, unit or range, the rule does not fit the neurons, or
        `post` does not spike once for each spike that is due.

    Warns
    -----
    RuntimeWarning
        If a weight has ended on a bound of the rule, 0 or `w_max`, where the rule is cut off.

    See Also
    --------
    plot_protocol : Draw windows.

    Notes
    -----
    Song, Miller & Abbott, Nature Neuroscience 3:919, 2000, doi 10.1038/78829, figure 1.

    Examples
    --------
    >>> from brian2 import ms
    >>> from bioplastic.inspect import stdp_window
    >>> from bioplastic.models import PairSTDP
    >>> window = stdp_window(PairSTDP(a_plus=0.01, a_minus=0.02), [-20, 20] * ms)
    >>> window.change.round(5)
    array([-0.00736,  0.00368])
    """
    laboratory = Laboratory("stdp_window", rule, **pair)
    if delays is None:
        delays = np.r_[-100:0, 1:101] * ms
    apart = laboratory.steps("delays", delays, row=True)
    n = whole("stdp_window.n_pairs", n_pairs, 1)
    begin = np.arange(n) * laboratory.length("interval", interval)
    found = laboratory.measure([begin] * len(apart), [begin + d for d in apart], apart.shape)
    return STDPWindow(**found, delays=apart * laboratory.dt, n_pairs=n)


def pairing_protocol(
    rule: PlasticityRule,
    frequencies: Any = None,
    delays: Any = None,
    *,
    n_pairs: int = 60,
    n_bursts: int = 1,
    burst_interval: Any = 10 * second,
    **pair: Unpack[Pair],
) -> FrequencyDependence:
    """Measure how a rule changes a weight by the frequency of pairings.

    Parameters
    ----------
    rule : PlasticityRule
        Any rule, also one of your own.
    frequencies : Quantity in hertz of shape (n_frequencies,), default=0.1, 10, 20, 40 and 50 Hz
        Pairings a second. Periods must be whole multiples of `dt`.
    delays : Quantity of time of shape (n_delays,), default=10 and -10 ms
        Time of the postsynaptic spike less that of the presynaptic one.
    n_pairs : int, default=60
        Pairings, of each burst.
    n_bursts : int, default=1
        How often all of it is done.
    burst_interval : Quantity of time, default=10 s
        From the first pairing of a burst to that of the next one.
    variable, w, wait, post, drive, dt, engine
        As in :func:`.stdp_window`.

    Returns
    -------
    changes : FrequencyDependence
        ``change`` and ``relative`` have the shape (n_delays, n_frequencies). Amplitudes of rules
        that are shares of the initial weight, such as those of
        :meth:`~bioplastic.models.TripletSTDP.published`, give shares as ``change``; `w_max` must
        leave room for them.

    Raises
    ------
    ParameterError
        As :func:`.stdp_window`.

    Warns
    -----
    RuntimeWarning
        If a weight has ended on a bound of the rule.

    See Also
    --------
    plot_protocol : Draw it, with the measured values.

    Notes
    -----
    Sjöström, Turrigiano & Nelson, Neuron 32:1149, 2001, doi 10.1016/S0896-6273(01)00542-6. The
    whole time is simulated, 590 s at 0.1 Hz: traces may be longer than any interval.

    Examples
    --------
    >>> from brian2 import Hz, ms
    >>> from bioplastic.inspect import pairing_protocol
    >>> from bioplastic.models import TripletSTDP
    >>> rule = TripletSTDP.published("visual_cortex", "minimal", w_max=10.0)
    >>> found = pairing_protocol(rule, [40, 50] * Hz, dt=1 * ms)
    >>> found.change.round(3)
    array([[0.532, 0.763],
           [0.174, 0.749]])
    """
    where = "pairing_protocol"
    laboratory = Laboratory(where, rule, **pair)
    if frequencies is None:
        frequencies = SJOESTROEM_2001.frequencies * Hz
    if delays is None:
        delays = SJOESTROEM_2001.delays * second
    rates, periods = laboratory.periods("frequencies", frequencies)
    apart = laboratory.steps("delays", delays, row=True)
    n = whole(f"{where}.n_pairs", n_pairs, 1)
    bursts = np.arange(whole(f"{where}.n_bursts", n_bursts, 1))
    gap = laboratory.length("burst_interval", burst_interval)
    longest = (n - 1) * periods.max() + np.abs(apart).max()
    if len(bursts) > 1 and gap <= longest:
        raise ParameterError(
            f"{where}.burst_interval: must be longer than a burst, which takes "
            f"{longest * laboratory.dt:g} s at {rates.min():g} Hz, got {burst_interval}"
        )
    begins = [np.add.outer(bursts * gap, np.arange(n) * period).ravel() for period in periods]
    later = [begin + d for d in apart for begin in begins]
    found = laboratory.measure(begins * len(apart), later, (len(apart), len(periods)))
    return FrequencyDependence(**found, frequencies=rates, delays=apart * laboratory.dt)


def triplet_protocol(
    rule: PlasticityRule,
    kind: str = "pre_post_pre",
    intervals: Any = None,
    *,
    n_triplets: int = 60,
    frequency: Any = 1 * Hz,
    **pair: Unpack[Pair],
) -> TripletChanges:
    """Measure how a rule changes a weight by triplets of spikes.

    Parameters
    ----------
    rule : PlasticityRule
        Any rule, also one of your own.
    kind : {"pre_post_pre", "post_pre_post"}
        Whose spikes come in which order.
    intervals : Quantity of time of shape (n_intervals, 2), default as in the experiment
        From the first spike to the second, and from the second to the third.
    n_triplets : int, default=60
        Triplets at each pair of intervals.
    frequency : Quantity in hertz, default=1 Hz
        Triplets a second.
    variable, w, wait, post, drive, dt, engine
        As in :func:`.stdp_window`.

    Returns
    -------
    changes : TripletChanges
        ``change`` and ``relative`` have the shape (n_intervals,).

    Raises
    ------
    ParameterError
        As :func:`.stdp_window`; also if a triplet is not over when the next one begins.

    Warns
    -----
    RuntimeWarning
        If a weight has ended on a bound of the rule.

    See Also
    --------
    plot_protocol : Draw them, with the measured values.

    Notes
    -----
    Wang, Gerkin, Nauen & Bi, Nature Neuroscience 8:187, 2005, doi 10.1038/nn1387.

    Examples
    --------
    >>> from brian2 import ms
    >>> from bioplastic.inspect import triplet_protocol
    >>> from bioplastic.models import TripletSTDP
    >>> rule = TripletSTDP.published("hippocampus", "minimal", w_max=10.0)
    >>> found = triplet_protocol(rule, "post_pre_post", [(5, 5)] * ms, n_triplets=5, dt=1 * ms)
    >>> found.change.round(4)
    array([0.0277])
    """
    where = "triplet_protocol"
    laboratory = Laboratory(where, rule, **pair)
    choice(f"{where}.kind", kind, WANG_2005)
    if intervals is None:
        intervals = np.array(WANG_2005[kind].intervals) * second
    gaps = laboratory.steps("intervals", intervals, low=0)
    if gaps.ndim != 2 or gaps.shape[1] != 2:
        raise ParameterError(
            f"{where}.intervals: must have shape (n_intervals, 2), got {gaps.shape}; give e.g. "
            f"[(5, 5), (10, 10)] * ms"
        )
    _, periods = laboratory.periods("frequency", frequency)
    if len(periods) != 1:
        raise ParameterError(f"{where}.frequency: must be one, got {frequency!r}")
    lengths = gaps.sum(axis=1)
    if lengths.min() < 1 or lengths.max() >= periods[0]:
        raise ParameterError(
            f"{where}.intervals: must sum up to more than 0, and to less than the "
            f"{1e3 * periods[0] * laboratory.dt:g} ms from one triplet to the next, got "
            f"{1e3 * lengths.min() * laboratory.dt:g} to {1e3 * lengths.max() * laboratory.dt:g} ms"
        )
    begin = np.arange(whole(f"{where}.n_triplets", n_triplets, 1)) * periods[0]
    outer = [np.add.outer(begin, [0, length]).ravel() for length in lengths]
    inner = [begin + first for first in gaps[:, 0]]
    sides = (outer, inner) if kind == "pre_post_pre" else (inner, outer)
    found = laboratory.measure(*sides, lengths.shape)
    return TripletChanges(**found, kind=kind, intervals=gaps * laboratory.dt)
