"""Samples of spikes: every spike acts once, in its step, in its own sample, on every engine."""

import dataclasses

import numpy as np
import pytest
from brian2 import ms

from bioplastic import SpikeTrains, engine
from bioplastic.errors import DataError
from bioplastic.models import (
    LIF,
    Network,
    NeuronModel,
    PoissonInput,
    Population,
    Projection,
    RandomWiring,
    Schedule,
    SpikeInput,
    Uniform,
)

DT = 1e-3
N_INPUT, N_RELAY = 3, 7
#: Delays that lie on the grid, that are rounded down and up, and one longer than most samples.
DELAYS = np.array([0.0, 0.4, 0.6, 2.5, 2.0, 7.2, 30.0]) * 1e-3
DELAY_STEPS = np.array([0, 0, 1, 3, 2, 7, 30])

# A relay fires one step after something has reached it; `hits` and `last` are of this sample.
RELAY = NeuronModel(
    equations="hits : 1\nlast : second",
    threshold="abs(t - dt - last) < 0.5*dt",
    at_slot_start="hits = 0; last = -1*second",
)


def declare(*, rest=0, **schedule):
    return Network(
        populations=(
            Population(name="input", n=N_INPUT, neuron=SpikeInput()),
            Population(name="relay", n=N_RELAY, neuron=RELAY),
        ),
        projections=(
            Projection(
                pre="input",
                post="relay",
                wiring=RandomWiring(p=1.0),
                on_pre="hits_post += w; last_post = t",
                weight=0.5,
                delay=Uniform(low=0 * ms, high=10 * ms),
            ),
        ),
        watch=("input", "relay"),
        schedule=Schedule(
            **{"presentation": None, "min_spikes": 0, "rest": rest * ms, "dt": DT * 1e3 * ms}
            | schedule
        ),
    )


def samples(*events, duration=0.02):
    """Samples of (time in ms, channel) each."""
    events = [sorted(e) for e in events]
    rows = [row for e in events for row in e]
    return SpikeTrains(
        np.array([t for t, _ in rows]) * 1e-3,
        np.array([k for _, k in rows], dtype=int),
        np.cumsum([0, *(len(e) for e in events)]),
        n_units=N_INPUT,
        duration=duration,
    )


def own_relays(delays=DELAYS):
    """State in which channel 0 reaches relay `k` after ``delays[k]``."""
    j = np.arange(len(delays), dtype=float)
    return {
        "input_to_relay.i": np.zeros(len(delays)),
        "input_to_relay.j": j,
        "input_to_relay.delay": np.asarray(delays),
    }


def run(name, trains, network=None, *, state=None, **kwargs):
    return engine.run(
        network or declare(),
        engine.SpikeStimulus(trains=trains),
        seed=1,
        engine=name,
        state=own_relays() if state is None else state,
        record="spikes",
        **kwargs,
    )


def steps_and_units(trains, k=0):
    return sorted(
        zip(np.rint(trains[k].times / DT).astype(int), trains[k].units.tolist(), strict=True)
    )


@pytest.fixture(
    params=["numpy", "cpp_standalone", pytest.param("cython", marks=pytest.mark.slow)],
    scope="module",
)
def name(request):
    return request.param


class TestWhen:
    def test_a_spike_acts_in_its_step_and_after_its_delay(self, name):
        times, steps = [0.0, 2.9, 3.0, 7.0, 9.999, 14.5], [0, 2, 3, 7, 9, 14]
        trains = samples([(t, 0) for t in times], duration=0.06)
        found = run(name, trains)
        expected = [(s, 0) for s in steps]
        expected += [(s + d + 1, N_INPUT + k) for s in steps for k, d in enumerate(DELAY_STEPS)]
        assert steps_and_units(found.spikes) == sorted(expected)
        np.testing.assert_allclose(
            found.state["relay.last"], (14 + DELAY_STEPS) * DT, rtol=0, atol=1e-12
        )
        np.testing.assert_array_equal(found.state["relay.hits"], np.full(N_RELAY, 3.0))

    def test_a_time_on_an_edge_lies_behind_it_whatever_its_last_bit_says(self, name):
        times = np.arange(20) * 0.1 * 10  # 0.3 ms is not thrice 0.1 ms
        off = np.nextafter(times, -np.inf).clip(0)
        found = run(name, samples([(t, 1) for t in off]))
        assert steps_and_units(found.spikes) == [(k, 1) for k in range(20)]

    def test_of_two_spikes_of_one_channel_in_one_step_the_second_follows_in_the_next(self, name):
        found = run(name, samples([(4.1, 0), (4.7, 0), (9.0, 0)], duration=0.06))
        np.testing.assert_array_equal(found.state["relay.hits"], np.full(N_RELAY, 1.5))
        inputs = [(s, u) for s, u in steps_and_units(found.spikes) if u < N_INPUT]
        assert inputs == [(4, 0), (5, 0), (9, 0)]
        apart = run(name, samples([(4.1, 0), (5.0, 0), (9.0, 0)], duration=0.06))
        assert steps_and_units(found.spikes) == steps_and_units(apart.spikes)

    def test_what_does_not_fit_into_a_step_follows_in_the_next(self, name):
        found = run(name, samples([(4 + 0.1 * k, k % 2) for k in range(8)] + [(5.0, 2)]))
        inputs = [(s, u) for s, u in steps_and_units(found.spikes) if u < N_INPUT]
        # each channel once in a step, in the order in which they came
        late = [(step, unit) for step in (4, 5, 6, 7) for unit in (0, 1)]
        assert inputs == [*late[:4], (5, 2), *late[4:]]

    def test_what_does_not_fit_into_the_last_step_is_not_heard_in_the_next_sample(self, name):
        found = run(name, samples([(19.5, 1)] * 8, []))
        assert steps_and_units(found.spikes) == [(19, 1)]
        assert not found.counts[1].any()

    @pytest.mark.parametrize(("rest", "step"), [(0, 19), (5, 20)])
    def test_a_spike_at_the_end_of_its_sample_is_not_lost(self, name, rest, step):
        found = run(name, samples([(20.0, 0)]), declare(rest=rest))
        assert steps_and_units(found.spikes)[0] == (step, 0)
        assert found.counts[0, 0] == 1

    @pytest.mark.parametrize("rest", [0, 2])
    def test_a_presentation_shorter_than_a_sample_cuts_it(self, name, rest):
        trains = samples([(float(t), 1) for t in range(20)])
        found = run(name, trains, declare(rest=rest, presentation=8 * ms))
        assert steps_and_units(found.spikes) == [(k, 1) for k in range(8)]

    def test_a_presentation_longer_than_a_sample_is_silent_after_it(self, name):
        found = run(name, samples([(19.0, 0)]), declare(presentation=60 * ms))
        assert steps_and_units(found.spikes)[-1] == (19 + 30 + 1, N_INPUT + 6)
        assert found.spikes.duration[0] == pytest.approx(0.06)


class TestSamples:
    @pytest.fixture
    def trains(self):
        rng = np.random.default_rng(3)
        durations = np.array([0.02, 0.05, 0.0335, 0.02, 0.001, 0.04])
        events = []
        for d, n in zip(durations, [15, 30, 20, 0, 2, 25], strict=True):
            # no more of them in a step than there are channels
            step, channel = np.divmod(rng.choice(int(d * 1e3) * 3, n, replace=False), 3)
            times = step + rng.uniform(0.0, 0.99, n)
            events.append(list(zip(times.tolist(), channel.tolist(), strict=True)))
        return samples(*events, duration=durations)

    @pytest.mark.parametrize("rest", [0, 7])
    def test_each_has_its_own_length(self, name, trains, rest):
        found = run(name, trains, declare(rest=rest))
        np.testing.assert_allclose(
            found.spikes.duration, (np.array([20, 50, 34, 20, 1, 40]) + rest) * DT, rtol=1e-12
        )
        np.testing.assert_array_equal(found.counts[:, :N_INPUT], trains.counts())
        for k in range(len(trains)):
            wanted = np.floor(trains[k].times / DT).astype(int)
            heard = [s for s, u in steps_and_units(found.spikes, k) if u < N_INPUT]
            assert heard == sorted(wanted)

    def test_alone_or_in_company_in_any_order_in_any_chunks(self, name, trains):
        state = declare().sample(4)
        together = run(name, trains, state=state)
        assert together.counts[:, N_INPUT:].sum() > 50
        for k in range(len(trains)):
            alone = run(name, trains[[k]], state=state)
            assert alone.spikes == together.spikes[[k]]
        order = np.array([4, 0, 0, 5, 3, 1, 2])
        for chunk_size in (1, 3, 1000):
            found = engine.run(
                declare(),
                engine.SpikeStimulus(trains=trains, order=order),
                seed=1,
                engine=name,
                state=state,
                record="spikes",
                chunk_size=chunk_size,
            )
            assert found.spikes == together.spikes[order]

    def test_nothing_under_way_reaches_the_next_sample(self, name):
        trains = samples([(19.0, 0)], [], [(0.0, 1)], duration=0.02)
        found = run(name, trains)
        # 19 + delay + 1 <= 19 for nobody
        assert found.counts[0].tolist() == [1, 0, 0] + [0] * N_RELAY
        assert found.counts[1:].tolist() == [[0] * 10, [0, 1, 0] + [0] * N_RELAY]
        # there was something under way
        heard = run(name, trains, declare(rest=40)).counts
        assert heard[0].tolist() == [1, 0, 0] + [1] * N_RELAY
        assert not heard[1].any()

    def test_a_delay_longer_than_any_sample_reaches_nobody(self, name):
        state = own_relays([1.0, 0.5, 0.012])
        trains = samples(*[[(1.0, 0), (8.0, 0)]] * 4)
        found = run(name, trains, state=state)
        for k in range(4):
            relayed = [(s, u) for s, u in steps_and_units(found.spikes, k) if u >= N_INPUT]
            assert relayed == [(14, N_INPUT + 2)]

    def test_samples_without_spikes(self, name):
        found = run(name, samples([], [(3.0, 0)], []))
        assert found.counts.sum(axis=1).tolist() == [0, 1 + 6, 0]
        silent = run(name, samples([], []))
        assert silent.counts.tolist() == [[0] * (N_INPUT + N_RELAY)] * 2
        assert len(silent.spikes) == 2
        assert silent.n_done == 2

    def test_a_sample_of_length_0(self, name):
        found = run(name, samples([], [(0.0, 0)], duration=[0.0, 0.02]))
        assert found.counts[:, 0].tolist() == [0, 1]
        dt = float(declare().schedule.dt)
        assert found.spikes.duration.tolist() == pytest.approx([dt, 0.02]), "a step is the least"

    def test_no_samples_at_all(self, name):
        found = run(name, samples([(1.0, 0)])[:0])
        assert found.counts.shape == (0, N_INPUT + N_RELAY)
        assert found.n_done == 0

    def test_units_of_the_second_population_are_counted_on_from_the_first(self, name):
        trains = samples([(1.0, 2)])
        both = run(name, trains, state=declare().sample(0))
        assert both.counts.shape == (1, N_INPUT + N_RELAY)
        assert both.counts[0].tolist() == [0, 0, 1] + [1] * N_RELAY

    def test_a_repeated_presentation_is_the_same_again(self, name):
        trains = samples([(1.0, 0)], [(1.0, 0), (4.0, 1), (6.0, 0)], [])
        once = run(name, trains)
        assert once.counts.sum(axis=1).tolist() == [7, 15, 0]
        again = run(name, trains, declare(min_spikes=10, max_repeats=2))
        assert again.repeats.tolist() == [0, 1, 2, 0, 0, 1, 2]
        assert again.spikes_per_slot.tolist() == [7, 7, 7, 15, 0, 0, 0]
        assert again.spikes == once.spikes
        for chunk_size in (1, 2):
            chunked = run(
                name, trains, declare(min_spikes=10, max_repeats=2), chunk_size=chunk_size
            )
            assert chunked.spikes == once.spikes
            assert chunked.repeats.tolist() == again.repeats.tolist()


class TestRefused:
    def test_another_number_of_channels(self):
        trains = SpikeTrains([0.001], [3], [0, 1], n_units=4, duration=0.01)
        with pytest.raises(
            DataError, match=r"stimulus.trains: must have shape \(n_samples, 3\).*got \(1, 4\)"
        ):
            run("numpy", trains)

    def test_rates_for_a_spike_input(self):
        rates = engine.RateStimulus(values=np.ones((1, N_INPUT)))
        with pytest.raises(
            DataError, match="must be a SpikeStimulus, since 'input' takes spikes, got a RateSt"
        ):
            engine.run(declare(), rates, seed=0, engine="numpy")

    def test_spikes_for_a_poisson_input(self):
        network = Network(
            populations=(Population(name="input", n=N_INPUT, neuron=PoissonInput()),),
            watch="input",
        )
        stimulus = engine.SpikeStimulus(trains=samples([]))
        with pytest.raises(DataError, match="must be a RateStimulus, since 'input' takes rates"):
            engine.run(network, stimulus, seed=0, engine="numpy")


def test_names_that_only_sound_like_the_engines_own_can_be_used():
    names = ("watch", "spikes", "stimulus", "uniform", "sample_keys", "input")
    populations = tuple(
        Population(name=n, n=N_INPUT, neuron=SpikeInput() if n == "input" else LIF()) for n in names
    )
    on_pre = {"wiring": "one_to_one", "on_pre": "v_post += w*mV", "weight": 100.0}
    network = dataclasses.replace(
        declare(),
        populations=populations,
        projections=tuple(Projection(pre="input", post=n, **on_pre) for n in names[:-1]),
        watch=names,
    )
    found = run("numpy", samples([(1.0, 1)]), network, state={})
    assert found.counts.reshape(6, N_INPUT).tolist() == [[0, 1, 0]] * 6
