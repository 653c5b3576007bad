"""Show a whole data set to a network: chunks of one build, progress, interruptions."""

import contextlib
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bioplastic.engine.cache import telling
from bioplastic.engine.chunks import Run
from bioplastic.engine.engines import find_engine
from bioplastic.engine.lanes import Combine, check_lanes, samples_together
from bioplastic.engine.plan import plan_of
from bioplastic.engine.program import ChunkResult, Program, Recorder, deferred_interrupt
from bioplastic.engine.record import Record, Wanted
from bioplastic.engine.result import Result
from bioplastic.engine.state import Values
from bioplastic.engine.states import StateRecorder
from bioplastic.engine.stimuli import Stimuli
from bioplastic.engine.stimulus import Stimulus
from bioplastic.errors import ParameterError
from bioplastic.models import Network

if TYPE_CHECKING:
    from tqdm.auto import tqdm


def run(
    network: Network,
    stimulus: Stimulus | Sequence[Stimulus],
    *,
    seed: int | np.random.SeedSequence,
    state: Values | None = None,
    engine: str = "auto",
    program: Program | None = None,
    start: int = 0,
    stop: int | None = None,
    record: Record | Wanted = "counts",
    record_path: str | os.PathLike[str] | None = None,
    lanes: int = 1,
    combine: Combine = None,
    n_threads: int = 1,
    chunk_size: int = 1000,
    on_chunk: Callable[[int, ChunkResult], None] | None = None,
    recorder: Recorder | None = None,
    description: str = "",
    progress: "bool | tqdm" = False,
    interrupted: Callable[[], bool] | None = None,
) -> Result:
    """Show every sample to a network, in one program.

    Parameters
    ----------
    network : Network
        The declaration.
    stimulus : RateStimulus, SpikeStimulus, SignalStimulus or SpontaneousActivity, or several
        The samples: for each input of the network one stimulus, all with as many presentations.
    seed : int or SeedSequence
        Of the input noise, of random numbers in equations of your own, and of what the network
        draws (`Network.sample`) where `state` does not hold it.
    state : mapping of str to ndarray, optional
        Values to begin with, for example ``{"input_to_excitatory.w": ...}``; the models'
        initial values where absent. Parameters can be overridden in the same way.
    engine : str
        See :func:`open_program`.
    program : Program, optional
        A program that is already open, in place of `engine`; what opening it took is no part of
        the result's timings.
    start, stop : int
        First presentation, those before it were made by an earlier run; and the one before which
        the run ends, after the last where None.
    record : {"counts", "spikes", "nothing"} or mapping
        What to keep of the watched population's spikes: how many each neuron gave to each sample,
        the spikes themselves as well, or nothing; then nobody but a `recorder` gets them. A mapping
        names what else is recorded, of every sample (of one that is presented again, its last
        presentation), in place of a `recorder`:

        - ``"spikes": ["exc", "inh"]``: spikes of any populations, watched or not;
        - ``"exc.v": [0, 5]``: state of elements of a population or projection in every step;
        - ``"exc.v": every(1*ms, [0, 5])``: every so often, see :class:`every`; all elements where
          none are named;
        - ``"readout.y": "end"``: all elements, at the end of the sample.

        A name may be that of a subexpression of a neuron's equations; that is a program of its own.
    record_path : path-like, optional
        New HDF5 file for recorded state, where memory has no room.
    lanes : int
        Samples that are shown side by side, as replicas of the network. Where nothing is learned,
        results do not depend on it.
    combine : {"sum", "mean", None}
        What becomes of the changes that samples side by side made to what lasts (weights,
        thresholds): all of a round begin with the same values, and the next goes on from the sum
        of these changes, or their mean. None where samples teach nothing.
    n_threads : int
        Threads that share the samples out, on engines that have some: each shows `lanes` samples
        side by side. Results do not depend on it where nothing is learned. Where samples of a batch
        or of a round are learned together, changes are added up thread by thread, so that results
        depend on the number of threads as sums do on their order.
    chunk_size : int
        Samples between two calls of `on_chunk`. Results do not depend on it.
    on_chunk : callable, optional
        Called with the number of presentations done and the chunk's result.
    recorder : Recorder, optional
        Looks at variables on the way, see :class:`bioplastic.inspect.PlasticityRecorder`.
    description : str
        Text beside the progress bar.
    progress : bool or tqdm
        Whether to show one, and to say so while a program is compiled; or a bar that is open, to
        which the samples are added.
    interrupted : callable, optional
        Says whether to end at the next slot's edge, in place of Ctrl-C.

    Returns
    -------
    result : Result
        After Ctrl-C it ends at a slot's edge, with ``n_done`` less than the samples asked for.

    Raises
    ------
    DataError
        If an input has no stimulus or two, or samples do not fit.
    ParameterError
        If another argument does not fit.
    SimulationError
        If values are not finite.

    Examples
    --------
    >>> import numpy as np
    >>> from brian2 import ms
    >>> from bioplastic import engine
    >>> from bioplastic.models import (
    ...     LIF, Network, PoissonInput, Population, Projection, Schedule,
    ... )
    >>> network = Network(
    ...     populations=(
    ...         Population(name="input", n=4, neuron=PoissonInput()),
    ...         Population(name="output", n=2, neuron=LIF()),
    ...     ),
    ...     projections=(
    ...         Projection(pre="input", post="output", on_pre="i_syn_post += w*mV", weight=40.0),
    ...     ),
    ...     watch="output",
    ...     schedule=Schedule(presentation=20 * ms, rest=0 * ms, dt=1 * ms, min_spikes=0),
    ... )
    >>> samples = engine.RateStimulus(values=np.full((3, 4), 500.0))
    >>> result = engine.run(network, samples, seed=1, engine="numpy")
    >>> result.counts.shape
    (3, 2)
    >>> looked = {"spikes": ["input"], "output.v": [1]}
    >>> result = engine.run(network, samples, seed=1, engine="numpy", record=looked)
    >>> result.states["output.v"][2].values.shape, len(result.spikes["input"])
    ((20, 1), 3)
    """
    chosen = find_engine(engine)
    wanted = record if isinstance(record, Wanted) else Wanted(record, network)
    network = wanted.network
    stimuli = Stimuli(network, stimulus)
    total = len(stimuli) if stop is None else stop
    if not 0 <= start <= total <= len(stimuli):
        raise ParameterError(
            f"start, stop: must lie within the {len(stimuli)} samples and in this order, got "
            f"{start} and {stop}"
        )
    if isinstance(wanted.spikes, tuple) or wanted.looked:
        if recorder is not None and not isinstance(recorder, StateRecorder):
            raise ParameterError("record: must be no mapping where a recorder is given")
        if program is not None and wanted.added and not isinstance(record, Wanted):
            names = ", ".join(n for n, its in wanted.looked.items() if its.variable != n)
            raise ParameterError(
                f"record: {names} is no variable but a subexpression, for which a program must be "
                f"made; give no program"
            )
    plan = plan_of(network)
    check_lanes(plan.network, lanes, combine)
    n_threads = n_threads if chosen.shares else 1
    unit, combine = samples_together(plan.network, lanes, combine, n_threads)
    ready = Run(
        network, engine=chosen, seed=seed, state=state, program=program, lanes=lanes,
        progress=progress is not False,
    )  # fmt: skip
    unwatched = wanted.counted or (recorder is None and not wanted.looked)
    held = deferred_interrupt() if interrupted is None else contextlib.nullcontext(interrupted)
    with (
        held as asked,
        telling(progress is not False),  # where the program is lost between chunks
        tempfile.TemporaryDirectory(prefix="bioplastic-", ignore_cleanup_errors=True) as folder,
        _bar(progress, total=total, initial=start, desc=description, unit="sample") as bar,
    ):
        shift = bar.n - start

        def show(n_done: int) -> None:
            bar.update(shift + n_done - bar.n)

        return ready.show(
            stimuli,
            wanted,
            start=start,
            stop=total,
            size=min(chunk_size, getattr(ready.program, "n_rows", chunk_size)),
            together=max(lanes, unit),
            recorder=recorder,
            path=record_path,
            report=show,
            on_chunk=on_chunk,
            asked=asked,
            folder=Path(folder),
            combine=combine,
            n_threads=n_threads,
            unit=unit,
            spikes=wanted.kept if unwatched else network.watched,
        )


def _bar(progress: Any, **options: Any) -> Any:
    from tqdm.auto import tqdm

    if isinstance(progress, bool):
        return tqdm(**options, disable=not progress)
    return contextlib.nullcontext(progress)
