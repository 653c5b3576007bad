"""The network that e-prop trains: recurrent LIF and ALIF neurons, leaky readouts, their errors."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
from brian2 import ms

from bioplastic.models import (
    Network,
    NeuronModel,
    Population,
    Projection,
    Schedule,
    SignalInput,
    SpikeInput,
)
from bioplastic.models.eprop import (
    EPropALIF,
    EPropLIF,
    LeakyReadout,
    SoftmaxError,
    SoftmaxOutput,
    SquaredError,
)
from bioplastic.models.inputs import DelayLineInput
from bioplastic.models.optimizers import Optimizer
from bioplastic.models.plasticity.eprop import (
    AdaptiveEProp,
    EProp,
    EPropBias,
    EPropFeedback,
    EPropReadout,
)

FEEDBACKS = ("symmetric", "random", "adaptive")
HIDDEN = ("lif", "alif")


def eprop_network(
    *,
    n_inputs: int,
    n_lif: int,
    n_alif: int,
    n_outputs: int,
    schedule: Schedule,
    optimizer: Optimizer,
    lif: EPropLIF | None = None,
    alif: EPropALIF | None = None,
    readout: LeakyReadout | None = None,
    error: SoftmaxError | SquaredError | None = None,
    feedback: str = "symmetric",
    decay: float = 0.0,
    recurrent: bool = True,
    n_lines: int = 1,
    line_delay: Any = None,
    spikes: bool = True,
    learning: bool = True,
) -> Network:
    """Declare a recurrent network that learns by e-prop.

    Input spikes, or numbers, reach LIF and ALIF neurons, which reach each other and the readouts.
    An error neuron for each readout compares it with the target; feedback synapses carry the errors
    to the recurrent neurons as their learning signals.

    Parameters
    ----------
    n_inputs, n_lif, n_alif, n_outputs : int
        Numbers of neurons; one of `n_lif` and `n_alif` may be 0.
    schedule : Schedule
        Its `batch_size` is the number of samples between two updates.
    optimizer : Optimizer
        What changes the weights.
    lif, alif, readout, error : optional
        Neurons, where they are not the default ones; the kind of error decides what is learned.
    feedback : {"symmetric", "random", "adaptive"}
        Whether feedback weights are the readout's transpose, fixed, or follow the readout's.
    decay : float
        Weight decay of readout and feedback where feedback is adaptive.
    recurrent : bool
        Whether recurrent neurons reach each other.
    n_lines : int
        How often each input comes, one `line_delay` after the other; for numbers over time.
    line_delay : Quantity, in seconds, optional
        From one to the next (30 ms).
    spikes : bool
        Whether samples are spikes, or numbers over time.
    learning : bool
        Whether to declare rules and feedback, or a network that only answers.

    Returns
    -------
    network : Network
        Populations ``"input"``, ``"lif"``, ``"alif"``, ``"readout"``, ``"output"`` for classes, and
        ``"error"``.

    Notes
    -----
    Bellec et al. 2020, doi 10.1038/s41467-020-17236-y.

    Examples
    --------
    >>> from brian2 import ms
    >>> from bioplastic.models import Adam, Schedule
    >>> from bioplastic.networks import eprop_network
    >>> network = eprop_network(
    ...     n_inputs=40, n_lif=50, n_alif=50, n_outputs=2, optimizer=Adam(),
    ...     schedule=Schedule(presentation=None, rest=0 * ms, dt=1 * ms, min_spikes=0),
    ... )
    >>> [p.name for p in network.populations]
    ['input', 'lif', 'alif', 'readout', 'output', 'error']
    """
    lif, alif = lif or EPropLIF(), alif or EPropALIF()
    readout, error = readout or LeakyReadout(), error or SoftmaxError()
    tau, batch = readout.tau_out, float(schedule.batch_size)
    hidden = [name for name, n in zip(HIDDEN, (n_lif, n_alif), strict=True) if n]
    entrance: NeuronModel = SpikeInput() if spikes else SignalInput()
    if n_lines > 1:
        delay = 30 * ms if line_delay is None else line_delay
        entrance = DelayLineInput(n_channels=n_inputs, delay=delay)
    populations = [
        Population(name="input", n=n_inputs * n_lines, neuron=entrance),
        *([Population(name="lif", n=n_lif, neuron=lif)] if n_lif else []),
        *([Population(name="alif", n=n_alif, neuron=alif)] if n_alif else []),
        Population(name="readout", n=n_outputs, neuron=readout),
    ]
    changes: dict[str, Any] = {"weight_decay": decay} if feedback == "adaptive" else {}
    spoken = replace(optimizer, **changes)
    bias = EPropBias(optimizer=optimizer, batch=batch)
    projections = []
    for pre in ("input", *(hidden if recurrent else ())):
        own = spikes or pre != "input"
        for post in hidden:
            kind = EProp if post == "lif" else AdaptiveEProp
            rule = kind(
                tau_filter=tau,
                on_pre="eps_v += 1" if own else "eps_v += value_pre",
                self_connections=pre != post,
                optimizer=optimizer,
                batch=batch,
            )
            on_pre = "v_post += w" if own else "v_post += w*value_pre"
            projections.append(Projection(pre=pre, post=post, on_pre=on_pre, rule=rule))
    to_readout = EPropReadout(tau_filter=tau, optimizer=spoken, batch=batch)
    projections += [
        Projection(pre=pre, post="readout", on_pre="y_post += w", rule=to_readout) for pre in hidden
    ]
    if isinstance(error, SoftmaxError):
        populations.append(Population(name="output", n=n_outputs, neuron=SoftmaxOutput()))
        projections += [
            _handed_on("readout", "output", "y_post = y_pre + w", rule=bias),
            _handed_on("output", "error", "grown_post = grown_pre"),
            _handed_on("output", "error", "total_post += grown_pre", wiring="all_to_all"),
        ]
    else:
        projections += [_handed_on("readout", "error", "y_post = y_pre + w", rule=bias)]
    populations.append(Population(name="error", n=n_outputs, neuron=error))
    if learning:
        projections += [_handed_on("error", "readout", "error_post = error_pre")]
        back = EPropFeedback(tau_spikes=tau, optimizer=spoken, batch=batch)
        projections += [
            Projection(
                pre="error",
                post=post,
                on_pre="",
                graded="signal_post += w*error_pre",
                rule=None if feedback == "random" else back,
            )
            for post in hidden
        ]
    else:
        projections = [replace(p, rule=None) for p in projections]
    return Network(
        populations=tuple(populations),
        projections=tuple(projections),
        watch=tuple(hidden),
        schedule=schedule,
    )


def _handed_on(
    pre: str, post: str, graded: str, *, wiring: str = "one_to_one", rule: Any = None
) -> Projection:
    """Synapses that hand a number on in every step."""
    label = "" if wiring == "one_to_one" else f"sum_of_{pre}"
    weight = None if rule is not None else 1.0
    return Projection(
        pre=pre, post=post, wiring=wiring, on_pre="", graded=graded, rule=rule, weight=weight,
        label=label,
    )  # fmt: skip


def initial_weights(
    network: Network,
    seed: int | np.random.SeedSequence,
    *,
    gains: Sequence[float] = (1.0, 1.0, 1.0, 1.0),
    feedback: str = "symmetric",
) -> dict[str, npt.NDArray[np.float64]]:
    """Draw the weights of a network of :func:`eprop_network`.

    Weights are normally distributed, with standard deviation ``gain/sqrt(n)`` for `n` neurons on
    the presynaptic side, all recurrent neurons together. Feedback is the readout's transpose where
    it is symmetric, else as large and drawn on its own. Biases are 0.

    Parameters
    ----------
    network : Network
        The declaration.
    seed : int or SeedSequence
        Of the draw, which does not depend on the kind of feedback.
    gains : sequence of float of shape (4,)
        Of input, recurrent, readout and feedback synapses.
    feedback : {"symmetric", "random", "adaptive"}
        Kind of feedback.

    Returns
    -------
    weights : dict of str to ndarray
        By ``"projection.w"``.
    """
    rng = np.random.default_rng(seed)
    of_input, recurrent, of_readout, of_feedback = gains
    sizes = {p.name: p.n for p in network.populations}
    hidden = [name for name in HIDDEN if name in sizes]
    n_hidden, n_outputs = sum(sizes[name] for name in hidden), sizes["readout"]
    inward = of_input / np.sqrt(sizes["input"]) * rng.normal(size=(sizes["input"], n_hidden))
    within = recurrent / np.sqrt(n_hidden) * rng.normal(size=(n_hidden, n_hidden))
    np.fill_diagonal(within, 0.0)
    outward = of_readout / np.sqrt(n_hidden) * rng.normal(size=(n_hidden, n_outputs))
    back = of_feedback / np.sqrt(n_hidden) * rng.normal(size=(n_outputs, n_hidden))
    if feedback == "symmetric":
        back = outward.T
    ends = np.cumsum([0, *(sizes[name] for name in hidden)])
    part = {name: slice(a, b) for name, a, b in zip(hidden, ends[:-1], ends[1:], strict=True)}
    drawn = {"readout_to_output": np.zeros(n_outputs), "readout_to_error": np.zeros(n_outputs)}
    for post in hidden:
        drawn[f"input_to_{post}"] = inward[:, part[post]]
        drawn |= {f"{pre}_to_{post}": within[part[pre], part[post]] for pre in hidden}
        drawn[f"{post}_to_readout"] = outward[part[post]]
        drawn[f"error_to_{post}"] = back[:, part[post]]
    names = {p.name for p in network.projections if p.weight is None}
    return {f"{name}.w": np.ravel(w).copy() for name, w in drawn.items() if name in names}
