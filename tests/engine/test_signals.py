"""Samples and targets that are numbers over time: which one acts in which step."""

import dataclasses

import numpy as np
import pytest
from brian2 import ms

from bioplastic import SpikeTrains, engine
from bioplastic.errors import DataError, ParameterError
from bioplastic.models import (
    Network,
    NeuronModel,
    Population,
    Projection,
    Schedule,
    SignalInput,
    SpikeInput,
)

ENGINES = ["numpy", "cpp_standalone"]
CELL = NeuronModel(
    equations="dv/dt = -v/tau : 1\nlevel : 1\nwanted : 1\ntotal : 1\nkind : 1",
    after_spikes="wanted = target_signal(row, i); total += abs(v - wanted)*dt/slot_duration",
    at_slot_start="v = 0; total = 0; kind = target(cursor)",
    constants={"tau": 5 * ms},
)
NETWORK = Network(
    populations=(
        Population(name="input", n=2, neuron=SignalInput()),
        Population(name="cell", n=2, neuron=CELL),
    ),
    projections=(
        Projection(pre="input", post="cell", on_pre="v_post += w*value_pre"),
        Projection(
            pre="input", post="cell", label="level", wiring="one_to_one", on_pre="",
            graded="level_post = value_pre", weight=1.0,
        ),
    ),
    watch="input",
    schedule=Schedule(presentation=None, rest=0 * ms, dt=1 * ms, min_spikes=0),
)  # fmt: skip
W = np.array([[0.5, -1.0], [0.25, 2.0]])
STATE = {"input_to_cell.w": W.ravel()}
LENGTHS = (7, 1, 12, 3)
ORDER = np.array([2, 0, 0, 3, 1, 2])
KINDS = np.array([4.0, 1.0, 0.0, 2.0])
OUTPUTS = ("cell.v", "cell.level", "cell.wanted", "cell.total", "cell.kind")


@pytest.fixture(scope="module")
def values():
    rng = np.random.default_rng(0)
    signals = [rng.normal(0.0, 1.0, (n, 2)) for n in LENGTHS]
    return [np.where(rng.random(s.shape) < 0.4, 0.0, s) for s in signals]


@pytest.fixture(scope="module")
def wanted():
    """Targets, some of them longer than the sample and some shorter."""
    rng = np.random.default_rng(1)
    return [rng.normal(0.0, 1.0, (n, 2)) for n in (7, 3, 9, 3)]


@pytest.fixture(scope="module")
def stimulus(values, wanted):
    return engine.SignalStimulus(
        values=values, dt=1e-3, order=ORDER, targets=KINDS, target_signals=wanted
    )


def laid_out(signal, n_steps):
    """Return the signal cut, or filled with zeros."""
    rows = np.zeros((n_steps, signal.shape[1]))
    rows[: min(n_steps, len(signal))] = signal[:n_steps]
    return rows


def by_hand(values, wanted, *, n_steps=LENGTHS):
    outputs = {name: [] for name in OUTPUTS}
    n_spikes = []
    for k in ORDER:
        x, goal = laid_out(values[k], n_steps[k]), laid_out(wanted[k], n_steps[k])
        v, total, seen = np.zeros(2), np.zeros(2), []
        for t in range(n_steps[k]):
            v = v * np.exp(-1 / 5) + x[t] @ W
            total = total + np.abs(v - goal[t]) / n_steps[k]
            seen.append((v, x[t], goal[t], total, np.full(2, KINDS[k])))
        for name, columns in zip(OUTPUTS, zip(*seen, strict=True), strict=True):
            outputs[name].append(np.array(columns))
        n_spikes.append((x != 0).sum(axis=0))
    return outputs, np.array(n_spikes)


def simulate(stimulus, name, network=NETWORK, **options):
    options = {"record": dict.fromkeys(OUTPUTS, engine.every(1))} | options
    return engine.run(network, stimulus, seed=0, state=STATE, engine=name, **options)


def assert_same(states, expected):
    for variable, of_samples in expected.items():
        assert len(states[variable]) == len(of_samples)
        for found, values in zip(states[variable], of_samples, strict=True):
            np.testing.assert_allclose(
                found.values, values, rtol=1e-12, atol=1e-14, err_msg=variable
            )


@pytest.mark.parametrize("chunk_size", [1000, 1, 4])
@pytest.mark.parametrize("name", ENGINES)
def test_every_step_has_its_numbers(stimulus, values, wanted, name, chunk_size):
    result = simulate(stimulus, name, chunk_size=chunk_size)
    expected, counts = by_hand(values, wanted)
    assert_same(result.states, expected)
    np.testing.assert_array_equal(result.counts, counts)  # a 0 is no event


@pytest.mark.parametrize("name", ENGINES)
def test_a_presentation_cuts_signals_and_fills_them_with_zeros(stimulus, values, wanted, name):
    schedule = dataclasses.replace(NETWORK.schedule, presentation=5 * ms)
    network = dataclasses.replace(NETWORK, schedule=schedule)
    expected, counts = by_hand(values, wanted, n_steps=[5] * 4)
    result = simulate(stimulus, name, network)
    assert_same(result.states, expected)
    np.testing.assert_array_equal(result.counts, counts)


@pytest.mark.parametrize("name", ENGINES)
def test_a_part_of_the_presentations(stimulus, values, wanted, name):
    expected, _ = by_hand(values, wanted)
    result = simulate(stimulus, name, start=2, stop=5)
    assert result.n_done == 5
    assert_same(result.states, {name: values[2:5] for name, values in expected.items()})


@pytest.mark.parametrize("at", ["end", engine.every(1)])
def test_processors_do_not_matter(stimulus, values, wanted, at):
    record = dict.fromkeys(OUTPUTS, at)
    options = {"seed": 0, "state": STATE, "engine": "cpp_standalone", "record": record}
    one, two = (engine.present(NETWORK, stimulus, n_jobs=n, **options) for n in (1, 2))
    expected, counts = by_hand(values, wanted)
    if at == "end":
        expected = {name: [v[-1:] for v in values] for name, values in expected.items()}
    for result in (one, two):
        assert_same(result.states, expected)
        np.testing.assert_array_equal(result.counts, counts)
    for name in OUTPUTS:
        for a, b in zip(one.states[name], two.states[name], strict=True):
            np.testing.assert_array_equal(a.values, b.values)


def test_a_mapping_and_a_recorder(stimulus):
    with pytest.raises(ParameterError, match="record: must be no mapping where a recorder is"):
        simulate(stimulus, "numpy", recorder=object())


# --- samples that do not fit


def fitting(**changes):
    signals = [np.ones((4, 2)), np.ones((2, 2))]
    options = {"values": signals, "dt": 1e-3, "target_signals": signals} | changes
    return engine.SignalStimulus(**options)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"values": [np.ones((4, 3))] * 2}, "stimulus.values: must have shape (n_samples, 2)"),
        ({"values": [np.ones(4)] * 2}, "stimulus.values: must be arrays of shape (n_steps, n_co"),
        ({"values": [np.ones((4, 2)), np.ones((4, 1))]}, "one number of columns for all"),
        ({"values": [np.full((4, 2), np.nan)] * 2}, "stimulus.values: must be finite numbers"),
        ({"target_signals": None}, "must be 2 arrays of 2 columns, one for each sample, got None"),
        ({"target_signals": [np.ones((4, 2))]}, "must be 2 arrays of 2 columns, .* got 1 of 2"),
        ({"target_signals": [np.ones((4, 3))] * 2}, "must be 2 arrays of 2 .* got 2 of 3"),
        ({"target_signals": [np.ones((4, 2)), np.ones((4, 3))]}, "target_signals: must be arrays"),
        ({"target_signals": [np.full((4, 2), np.inf)] * 2}, "target_signals: must be finite"),
        ({"targets": np.zeros(3)}, "stimulus.targets: must hold 2 finite numbers"),
        ({"dt": 2e-3}, "stimulus.dt: must be the network's time step"),
    ],
    ids=str,
)
def test_samples_that_do_not_fit(changes, message):
    message = message.replace("(", r"\(").replace(")", r"\)")
    with pytest.raises(DataError, match=message):
        engine.run(NETWORK, fitting(**changes), seed=0, engine="numpy")


def test_target_signals_that_nobody_reads():
    blind = dataclasses.replace(
        NETWORK.population("cell"), neuron=NeuronModel(equations="v : 1\nlevel : 1")
    )
    network = dataclasses.replace(NETWORK, populations=(NETWORK.population("input"), blind))
    with pytest.raises(DataError, match="stimulus.target_signals: must be 2 arrays of 0 columns"):
        engine.run(network, fitting(), seed=0, engine="numpy")


@pytest.mark.parametrize(
    "stimulus",
    [
        engine.RateStimulus(values=np.zeros((2, 2))),
        engine.SpikeStimulus(trains=SpikeTrains([], [], [0, 0], n_units=2, duration=[1e-3])),
    ],
    ids=["rates", "spikes"],
)
def test_a_signal_input_takes_signals(stimulus):
    with pytest.raises(DataError, match="must be a SignalStimulus, since 'input' takes signals"):
        engine.run(NETWORK, stimulus, seed=0, engine="numpy")


def test_a_spike_input_takes_no_signals():
    network = Network(
        populations=(Population(name="input", n=2, neuron=SpikeInput()),),
        watch="input",
        schedule=NETWORK.schedule,
    )
    with pytest.raises(DataError, match="must be a SpikeStimulus, since 'input' takes spikes"):
        engine.run(network, fitting(), seed=0, engine="numpy")
