"""Show samples to a network that learns nothing, shared out among processors.

Where nothing goes over from sample to sample, they can be shown in any order and anywhere.
"""

import dataclasses
import functools
import itertools
import os
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from bioplastic.engine.actions import spikes_of
from bioplastic.engine.carried import check_independent
from bioplastic.engine.engines import find_engine, open_program
from bioplastic.engine.lanes import default_lanes
from bioplastic.engine.program import ChunkResult, deferred_interrupt
from bioplastic.engine.record import Record, Wanted
from bioplastic.engine.result import Result, joined
from bioplastic.engine.running import run
from bioplastic.engine.states import States, state_recorder
from bioplastic.engine.stimuli import Stimuli
from bioplastic.engine.stimulus import Stimulus
from bioplastic.errors import ParameterError
from bioplastic.models import Network

#: Shares of the work for each processor, so that none waits long for the others.
SHARES = 2
#: Samples between two reports of progress.
CHUNK = 500
#: Spikes of a file that are presented before the answers go to a file: 384 MiB.
SPIKES = 2**25


@dataclass(frozen=True, kw_only=True, slots=True)
class Presentation:
    """What estimators present to classify samples: the arguments of :func:`present` that matter.

    Parameters
    ----------
    network : Network
        The declaration, without rules.
    stimulus : Stimulus or sequence of Stimulus
        The samples, see :func:`.run`.
    seed : int or SeedSequence
        Seed of the noise.
    state : mapping of str to ndarray
        What was learned or drawn.

    Examples
    --------
    >>> from bioplastic import SpikeTrains
    >>> from bioplastic.networks import LiquidStateMachine
    >>> X = SpikeTrains([0.01, 0.02, 0.01], [0, 1, 1], [0, 2, 3], n_units=2, duration=0.05)
    >>> lsm = LiquidStateMachine(20, liquid="random", engine="numpy", random_state=0).fit(X)
    >>> shown = lsm.presentation_of(X)
    >>> [p.name for p in shown.network.populations], len(shown.stimulus)
    (['input', 'exc', 'inh'], 2)
    >>> shown.present(engine="numpy", record="spikes").spikes == lsm.transform(X)
    True
    """

    network: Network
    stimulus: Stimulus | Sequence[Stimulus]
    seed: int | np.random.SeedSequence
    state: Mapping[str, npt.NDArray[np.float64]]

    def present(self, **options: Any) -> Result:
        """Present the samples.

        Parameters
        ----------
        **options
            Those of :func:`present` that say how: `engine`, `record`, `n_jobs`, `lanes` and so on.

        Returns
        -------
        result : Result
            What the estimator makes its answer of.
        """
        return present(self.network, self.stimulus, seed=self.seed, state=self.state, **options)


def present(
    network: Network,
    stimulus: Stimulus | Sequence[Stimulus],
    *,
    seed: int | np.random.SeedSequence,
    state: Mapping[str, npt.NDArray[np.float64]] | None = None,
    engine: str = "auto",
    record: Record = "counts",
    record_path: str | os.PathLike[str] | None = None,
    n_jobs: int | None = None,
    lanes: int | None = None,
    description: str = "",
    progress: bool = False,
) -> Result:
    """Show every sample to a network that carries nothing from one sample to the next.

    Parameters
    ----------
    network : Network
        The declaration; without rules and norms, and without variables that last from sample to
        sample, change, and have a say in the answer. ``network.frozen()`` gives one.
    stimulus, seed, state, engine, record, record_path, description, progress
        See :func:`bioplastic.engine.run`. Only compiled programs write a file side by side.
    n_jobs : int or None
        Processors; -1 takes all. Results do not depend on it.
    lanes : int or None
        Samples that each program shows side by side. Results do not depend on it. None takes one
        on a CPU and as many as keep it busy on a GPU; see the documentation, "Which engine when".

    Returns
    -------
    result : Result
        Its `state` is the one that was given. Of samples that lie in a file, see
        :meth:`bioplastic.SpikeTrains.open`, the spikes that ``record="spikes"`` gives lie in a
        temporary one, unless they are few.

    Raises
    ------
    ParameterError
        If the network learns or remembers; names what.
    KeyboardInterrupt
        After Ctrl-C, when the programs have stopped.
    """
    import joblib
    from tqdm.auto import tqdm

    if record == "nothing":
        raise ParameterError(
            "record: must be 'counts', 'spikes' or a mapping where nothing else is left of samples"
        )
    wanted = Wanted(record, network)
    network = wanted.network
    stimuli = Stimuli(network, stimulus)
    n = len(stimuli)
    asked_for = [spikes_of(name) for name in wanted.kept]
    check_independent(network, state or {}, (*asked_for, *wanted.variables))
    chosen = find_engine(engine)
    if record == "spikes":
        parts = _parts(stimuli)
        if len(parts) > 1:
            return _in_parts(
                network,
                stimuli,
                parts,
                seed=seed, state=state, engine=engine, n_jobs=n_jobs, lanes=lanes,
                description=description, progress=progress,
            )  # fmt: skip
    n_workers = min(joblib.effective_n_jobs(n_jobs), max(n, 1))
    if lanes is None:
        lanes = default_lanes(network, chosen.n_busy)
    program = open_program(network, engine=chosen.name, lanes=lanes, progress=progress)
    order = np.arange(n)
    if lanes > 1:  # neighbors of about the same length wait little for each other
        order = np.argsort(stimuli.durations(0, n), kind="stable")
        stimuli = stimuli.in_this_order(order)
    lengths = stimuli.n_steps(0, n)
    kept = state_recorder(wanted, lengths, path=record_path, order=order)
    n_threads = n_workers if chosen.shares else 1  # within one program
    alone = n_workers == n_threads or (record_path is not None and not chosen.threads)
    blocks = _blocks(stimuli, 1 if alone else n_workers * SHARES)
    work = functools.partial(
        run,
        network,
        stimuli.parts,
        seed=seed,
        state=state,
        engine=chosen.name,
        record=wanted,
        lanes=lanes,
        n_threads=n_threads,
        chunk_size=CHUNK * n_threads,
    )
    lock = threading.Lock()
    with (
        deferred_interrupt() as asked,
        tqdm(total=n, desc=description, unit="sample", disable=not progress) as bar,
    ):

        def on_chunk(position: int, result: ChunkResult) -> None:
            with lock:
                bar.update(int(result.state["schedule.cursor"][0]))

        if alone or chosen.threads:  # the program and the bar are here
            show = functools.partial(work, program=program, on_chunk=on_chunk, interrupted=asked)
            parallel = joblib.Parallel(n_jobs=1 if alone else n_workers, backend="threading")
        else:
            show, parallel = work, joblib.Parallel(n_jobs=n_workers)
        results = parallel(
            joblib.delayed(show)(start=begin, stop=end, recorder=kept and kept.of_a_part())
            for begin, end in blocks
        )
        if asked() or any(r.interrupted for r in results):
            n_done = sum(r.n_done - a for r, (a, _) in zip(results, blocks, strict=True))
            raise KeyboardInterrupt(f"stopped after {n_done} of {n} samples")
        bar.update(n - bar.n)
    # Builds in several processes are waited for together.
    build = program.build_seconds + max(result.timings["build"] for result in results)
    state = work(program=program, stop=0).state
    whole = joined(results, build=build, state=state, states={})
    back = np.argsort(order)
    if lanes > 1:
        whole = _in_order(whole, back)
    if kept is not None and record_path is not None:  # all of it lies in one place
        whole.states = kept.states(n)
    else:
        for name in results[-1].states:
            states = States.joined([result.states[name] for result in results])
            whole.states[name] = states.in_this_order(back)
    return whole


def _parts(stimuli: Stimuli) -> list[tuple[int, int]]:
    """Cut samples that lie in files into parts of so many spikes that answers have room."""
    n = len(stimuli)
    parts = np.cumsum(stimuli.n_stored(0, n)) // SPIKES
    cuts = [0, *(np.flatnonzero(np.diff(parts)) + 1).tolist(), n]
    return list(itertools.pairwise(cuts))


def _in_parts(
    network: Network,
    stimuli: Stimuli,
    parts: Sequence[tuple[int, int]],
    *,
    description: str,
    **options: Any,
) -> Result:
    """Present part after part, and move the spikes of each to a file."""
    # HDF5, which few programs need.
    from bioplastic._stored_spikes import Scratch

    scratch, results = Scratch(network.n_watched), []
    for k, (begin, end) in enumerate(parts, start=1):
        own = stimuli.in_this_order(np.arange(begin, end)).parts
        text = f"{description} {k}/{len(parts)}".lstrip()
        try:
            result = present(network, own, record="spikes", description=text, **options)
        except KeyboardInterrupt as error:
            raise KeyboardInterrupt(f"{error}, in part {k} of {len(parts)}") from error
        assert result.spikes is not None
        scratch.append(result.spikes)
        results.append(dataclasses.replace(result, spikes=None))
    whole = joined(results, build=sum(result.timings["build"] for result in results))
    whole.spikes, whole.n_done = scratch.spikes(), len(stimuli)
    return whole


def _in_order(result: Result, order: npt.NDArray[np.int64]) -> Result:
    """Take the samples of a result in another order."""
    shown = np.cumsum(result.repeats == 0) - 1  # by slot
    slots = np.argsort(np.argsort(order)[shown], kind="stable")
    return dataclasses.replace(
        result,
        counts=result.counts[order],
        spikes=_of_samples(result.spikes, order),
        spikes_per_slot=result.spikes_per_slot[slots],
        repeats=result.repeats[slots],
    )


def _of_samples(spikes: Any, order: npt.NDArray[np.int64]) -> Any:
    if isinstance(spikes, Mapping):
        return {name: trains[order] for name, trains in spikes.items()}
    return None if spikes is None else spikes[order]


def _blocks(stimuli: Stimuli, n_blocks: int) -> list[tuple[int, int]]:
    """Cut the samples into blocks of about equal length in time."""
    n = len(stimuli)
    lengths = stimuli.durations(0, n) + 1e-3
    shares = np.concatenate([[0.0], np.cumsum(lengths)]) / max(lengths.sum(), 1e-12)
    inner = np.searchsorted(shares, np.arange(1, n_blocks) / n_blocks)
    cuts = [0, *np.unique(inner[(inner > 0) & (inner < n)]).tolist(), n]
    return list(itertools.pairwise(cuts))
