"""Threads that run networks of their own with the engine that lives in this process."""

import sys
import threading

import numpy as np
import pytest
from brian2 import ms, mV

from bioplastic import engine
from bioplastic.engine import runtime
from bioplastic.engine.context import BRIAN
from bioplastic.engine.program import ChunkResult
from bioplastic.engine.result import Result
from bioplastic.models import DiehlCookExcitatory, DiehlCookSTDP, Schedule
from bioplastic.networks import diehl_cook_network

N_FEATURES, N_THREADS = 10, 6


@pytest.fixture
def impatient():
    """Threads take turns after a microsecond."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def task(k):
    """Declare, and run: objects are shared, while sizes, values and samples differ."""
    n, rng = 4 + k % 2, np.random.default_rng(k)
    network = diehl_cook_network(
        n_features=N_FEATURES,
        n_neurons=n,
        rule=DiehlCookSTDP(eta_plus=0.1, eta_minus=0.01),
        norm=30.0,
        excitatory=DiehlCookExcitatory(theta_plus=(1 + k % 3) * mV),
        schedule=Schedule(presentation=10 * ms, rest=5 * ms, dt=1 * ms, min_spikes=0),
    )
    samples = engine.RateStimulus(values=rng.uniform(0, 800, (2 + k % 3, N_FEATURES)))
    weights = {"input_to_excitatory.w": rng.uniform(0, 1, N_FEATURES * n)}
    return engine.run(
        network, samples, seed=k, state=weights, engine="numpy", record="spikes", chunk_size=2
    )


def in_threads(act):
    """Return what ``act(k)`` returns or raises in each of the threads."""
    found = [None] * N_THREADS

    def go(k):
        try:
            found[k] = act(k)
        except BaseException as error:
            found[k] = error

    threads = [threading.Thread(target=go, args=(k,)) for k in range(N_THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def test_each_gets_what_it_gets_alone(impatient):
    alone = [task(k) for k in range(N_THREADS)]
    assert sum(result.counts.sum() for result in alone) > 0
    for one, other in zip(alone, in_threads(task), strict=True):
        assert isinstance(other, Result), repr(other)
        assert one.spikes == other.spikes
        for name, values in one.state.items():
            np.testing.assert_array_equal(values, other.state[name], name)


def test_those_who_want_the_same_program_build_it_once(impatient, monkeypatch, network):
    made = []

    class Objects(runtime.RuntimeObjects):
        def __init__(self, *args, **kwargs):
            made.append(None)
            super().__init__(*args, **kwargs)

    monkeypatch.setattr(runtime, "RuntimeObjects", Objects)
    monkeypatch.setattr(runtime, "_kept", {})
    programs = in_threads(lambda _: engine.open_program(network, engine="numpy"))
    assert len(made) == 1
    assert sum(program.build_seconds > 0 for program in programs) == 1


def test_nobody_else_runs_until_a_chunk_is_told(monkeypatch):
    free = []

    def told(**fields):
        other = threading.Thread(target=lambda: free.append(BRIAN.acquire(blocking=False)))
        other.start()
        other.join()
        return ChunkResult(**fields)

    monkeypatch.setattr(runtime, "ChunkResult", told)
    task(0)
    assert free
    assert not any(free)
