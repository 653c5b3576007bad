"""Lists of synapses: a whole network against plain NumPy, short-term plasticity, learning."""

import dataclasses

import numpy as np
import pytest
from brian2 import ms, mV, second

from bioplastic import SpikeTrains, engine
from bioplastic.errors import ParameterError
from bioplastic.models import (
    AdaptiveLIF,
    Constant,
    LogUniform,
    Network,
    NeuronModel,
    Normal,
    PairSTDP,
    PoissonInput,
    Population,
    Projection,
    RandomWiring,
    Schedule,
    SpikeInput,
    SynapseModel,
    TsodyksMarkram,
    Uniform,
)
from bioplastic.models.distributions import Gamma

N_INPUT = 12
CYTHON = pytest.param("cython", marks=pytest.mark.slow)


@pytest.fixture(params=["numpy", "cpp_standalone", CYTHON], scope="module")
def name(request):
    return request.param


def spike_trains(n_units, *, durations, rate, seed=0):
    """Poisson trains, of samples of these lengths."""
    rng = np.random.default_rng(seed)
    numbers = rng.poisson(rate * n_units * np.asarray(durations))
    return SpikeTrains(
        np.concatenate(
            [np.sort(rng.uniform(0, d, n)) for d, n in zip(durations, numbers, strict=True)]
        ),
        rng.integers(0, n_units, numbers.sum()),
        np.cumsum([0, *numbers]),
        n_units=n_units,
        duration=durations,
    )


def run(name, network, trains, *, seed=1, record="spikes", **kwargs):
    stimulus = engine.SpikeStimulus(trains=trains)
    return engine.run(network, stimulus, seed=seed, engine=name, record=record, **kwargs)


def steps_and_units(trains, dt):
    return sorted(zip(np.rint(trains.times / dt).astype(int), trains.units.tolist(), strict=True))


# --- a network of every kind of part, against a simulation that shares no code with the engines ---

TAU = LogUniform(low=5 * ms, high=60 * ms)
DELAY = Uniform(low=0 * ms, high=10 * ms)
EXC = AdaptiveLIF(
    tau_membrane=TAU,
    tau_exc=4 * ms,
    tau_adaptation=LogUniform(low=20 * ms, high=200 * ms),
    v_threshold=Normal(mean=15 * mV, sd=1 * mV),
    v_reset=-2 * mV,
    v_initial=Uniform(low=0 * mV, high=10 * mV),
    i_background=3 * mV,
    adaptation=1.5 * mV,
)
INH = AdaptiveLIF(tau_membrane=TAU, tau_inh=9 * ms, tau_refractory=3 * ms)


def liquid(*, p=0.4, delay=DELAY, **schedule):
    exc, inh = "i_exc_post += w*mV", "i_inh_post += w*mV"
    wiring = RandomWiring(p=p)
    return Network(
        populations=(
            Population(name="input", n=N_INPUT, neuron=SpikeInput()),
            Population(name="exc", n=16, neuron=EXC),
            Population(name="inh", n=6, neuron=INH),
        ),
        projections=(
            Projection(
                pre="input",
                post="exc",
                wiring=wiring,
                on_pre=exc,
                weight=Gamma(mean=22.0, sd=11.0),
            ),
            Projection(
                pre="input", post="inh", wiring=wiring, on_pre=exc, weight=14.0, delay=2 * ms
            ),
            Projection(
                pre="exc",
                post="exc",
                wiring=wiring,
                on_pre="i_exc_post += w*u*x*mV",
                weight=Gamma(mean=15.0, sd=15.0),
                delay=delay,
                synapse=TsodyksMarkram(
                    utilisation=Uniform(low=0.1, high=0.9),
                    tau_recovery=200 * ms,
                    tau_facilitation=LogUniform(low=20 * ms, high=500 * ms),
                ),
            ),
            Projection(
                pre="exc",
                post="inh",
                wiring=wiring,
                on_pre=exc,
                weight=Gamma(mean=25.0, sd=5.0),
                delay=delay,
            ),
            Projection(
                pre="inh",
                post="exc",
                wiring=wiring,
                on_pre=inh,
                weight=Gamma(mean=-9.0, sd=9.0),
                delay=1 * ms,
            ),
            Projection(pre="inh", post="inh", wiring=wiring, on_pre=inh, weight=-9.0),
        ),
        watch=("exc", "inh"),
        schedule=Schedule(
            **{"presentation": None, "rest": 20 * ms, "dt": 1 * ms, "min_spikes": 0} | schedule
        ),
    )


class PlainLIF:
    """Neurons of one population: the integrator's step by its formula, in volts and seconds."""

    def __init__(self, neuron, n, drawn, dt):
        values = {k: drawn.get(k, v) for k, v in neuron.parameters.items()}
        self.p = {k: np.broadcast_to(np.asarray(v, dtype=float), n) for k, v in values.items()}
        self.dt, self.v = dt, self.p["v_initial"].copy()
        self.exc, self.inh, self.a = np.zeros(n), np.zeros(n), np.zeros(n)
        self.t_free = np.full(n, -1.0)

    def decay(self, tau, drawn):
        # a constant that all share is exponentiated, one of each neuron is not
        z = self.dt / tau
        return 1 / (1 + z + z**2 / 2) if drawn else np.exp(-z)

    def advance(self, t, drawn):
        p = self.p
        active = (t >= self.t_free).astype(float)
        fixed = p["v_rest"] + p["i_background"] + self.exc + self.inh - self.a
        d, n = p["tau_membrane"], -self.dt * active
        growth = d * d / (d * (d - n) + 0.5 * n * n)
        self.v = fixed + (self.v - fixed) * growth
        self.exc = self.exc * self.decay(p["tau_exc"], "tau_exc" in drawn)
        self.inh = self.inh * self.decay(p["tau_inh"], "tau_inh" in drawn)
        self.a = self.a * self.decay(p["tau_adaptation"], "tau_adaptation" in drawn)
        return np.flatnonzero(self.v > p["v_threshold"])

    def reset(self, spikes, t):
        self.v[spikes] = self.p["v_reset"][spikes]
        self.a[spikes] += self.p["adaptation"][spikes]
        self.t_free[spikes] = t + self.p["tau_refractory"][spikes] - 0.5 * self.dt


def reference(network, drawn, train, n_steps):
    """Spikes (step, unit) of the watched neurons, one sample, synapse after synapse."""
    dt = float(network.schedule.dt)
    own = {
        p.name: {k.partition(".")[2]: v for k, v in drawn.items() if k.startswith(f"{p.name}.")}
        for p in (*network.populations, *network.projections)
    }
    groups = {
        p.name: PlainLIF(p.neuron, p.n, own[p.name], dt)
        for p in network.populations
        if p.name != "input"
    }
    resources = {
        p.name: {
            k: np.full(len(own[p.name]["i"]), v) for k, v in (("x", 1.0), ("u", 0.0), ("t", 0.0))
        }
        for p in network.projections
    }
    arriving = {}  # step -> (projection, synapse)
    found, late = [], []
    for step in range(n_steps):
        t, fired = step * dt, {"input": []}
        now = [int(u) for s, u in zip(train.times, train.units, strict=True) if int(s / dt) == step]
        waiting, late = late + now, []
        for unit in waiting:  # a channel fires once in a step, the rest follow
            (late if unit in fired["input"] else fired["input"]).append(unit)
        for name, group in groups.items():
            fired[name] = group.advance(t, own[name])
        for projection in network.projections:
            synapses = own[projection.name]
            for neuron in fired[projection.pre]:
                for k in np.flatnonzero(synapses["i"] == neuron):
                    due = step + int(synapses["delay"][k] / dt + 0.5)
                    arriving.setdefault(due, []).append((projection, k))
        for projection, k in arriving.pop(step, []):
            synapses, efficacy = own[projection.name], 1.0
            if projection.synapse is not None:
                r, passed = resources[projection.name], t - resources[projection.name]["t"][k]
                share, f = synapses["utilisation"][k], synapses["tau_facilitation"][k]
                r["x"][k] = 1 - (1 - r["x"][k]) * np.exp(-passed / 0.2)
                r["u"][k] *= np.exp(-passed / f)
                r["u"][k] += share * (1 - r["u"][k])
                efficacy = r["u"][k] * r["x"][k]
                r["x"][k] -= efficacy
                r["t"][k] = t
            weight = synapses["w"][k] if "w" in synapses else projection.weight
            current = (
                groups[projection.post].inh
                if projection.pre == "inh"
                else groups[projection.post].exc
            )
            current[int(synapses["j"][k])] += weight * efficacy * 1e-3
        first = 0
        for name, group in groups.items():
            group.reset(fired[name], t)
            found += [(step, first + int(k)) for k in fired[name]]
            first += len(group.v)
    return sorted(found)


DURATIONS = np.array([0.3, 0.12, 0.2205])
TRAINS = spike_trains(N_INPUT, durations=DURATIONS, rate=40.0)


class TestLiquid:
    @pytest.fixture(scope="class")
    @staticmethod
    def network():
        return liquid()

    @pytest.fixture(scope="class")
    @staticmethod
    def drawn(network):
        return network.sample(2)

    @pytest.fixture(scope="class")
    @staticmethod
    def expected(network, drawn):
        return [
            reference(network, drawn, TRAINS[k], int(np.ceil(d / 1e-3)) + 20)
            for k, d in enumerate(DURATIONS)
        ]

    def test_the_reference_shows_what_the_test_is_about(self, network, drawn, expected):
        steps, units = np.array(expected[0]).T
        assert len(units) > 150
        assert len(set(units)) > 18
        assert steps.max() < 320
        # its parts matter: without one of them the spikes are others
        for name in ("exc_to_exc", "inh_to_exc", "exc_to_inh", "inh_to_inh"):
            silent = drawn | {f"{name}.i": np.full_like(drawn[f"{name}.i"], -1.0)}
            assert reference(network, silent, TRAINS[0], 320) != expected[0], name
        together = drawn | {"exc_to_exc.delay": np.zeros_like(drawn["exc_to_exc.delay"])}
        assert reference(network, together, TRAINS[0], 320) != expected[0]

    def test_every_spike_is_that_of_the_reference(self, name, network, drawn, expected):
        found = run(name, network, TRAINS, state=drawn)
        for k in range(len(TRAINS)):
            assert steps_and_units(found.spikes[k], 1e-3) == expected[k]

    def test_the_seed_draws_the_network(self, name, network, drawn):
        one, same, other = (
            run(name, network, TRAINS, **k) for k in ({"state": drawn}, {"seed": 2}, {"seed": 3})
        )
        assert one.spikes == same.spikes
        assert one.spikes != other.spikes
        sequence = np.random.SeedSequence(2)
        for _ in range(2):
            assert run(name, network, TRAINS, seed=sequence).spikes == one.spikes

    def test_a_state_given_back_is_the_same_network_under_any_seed(self, name, network):
        first = run(name, network, TRAINS, seed=2)
        again = run(name, network, TRAINS, seed=99, state=first.state)
        assert again.spikes == first.spikes
        assert again.state.keys() == first.state.keys()
        np.testing.assert_array_equal(again.state["exc_to_exc.i"], first.state["exc_to_exc.i"])

    def test_order_of_the_list_and_of_samples_does_not_matter(self, name, network, drawn, expected):
        rng = np.random.default_rng(0)
        state = dict(drawn)
        for projection in network.projections:
            keys = [k for k in drawn if k.startswith(f"{projection.name}.")]
            order = rng.permutation(len(drawn[keys[0]]))
            state |= {k: drawn[k][order] for k in keys}
        found = run(name, network, TRAINS[[2, 0, 1]], state=state, chunk_size=2)
        for place, k in enumerate((2, 0, 1)):
            assert steps_and_units(found.spikes[place], 1e-3) == expected[k]

    def test_without_synapses_nothing_happens(self, name, network):
        empty = liquid(p=0.0)
        found = run(name, empty, TRAINS)
        assert not found.counts.any()
        assert found.state["exc_to_exc.x"].shape == (0,)
        # some lists are empty, others are not
        drawn = network.sample(2)
        part = {
            k: np.zeros(0) if k.startswith("exc_to") else v for k, v in drawn.items() if "_to_" in k
        }
        rest = {k: v for k, v in drawn.items() if "_to_" not in k}
        found = run(name, network, TRAINS[:1], state=part | rest)
        assert steps_and_units(found.spikes, 1e-3) == reference(
            network, part | rest, TRAINS[0], 320
        )

    def test_one_build_serves_other_seeds_probabilities_and_values(self, name, network):
        run(name, network, TRAINS[1:2])
        for changed, kwargs in (
            (network, {"seed": 5}),
            (liquid(p=0.1), {}),
            (liquid(p=0.0), {}),
            (liquid(rest=0 * ms, min_spikes=3), {}),
            (liquid(delay=Constant(value=3 * ms)), {}),
            (liquid(delay=4 * ms), {}),
        ):
            assert run(name, changed, TRAINS[1:2], **kwargs).timings["build"] == 0.0

    def test_a_regular_wiring_with_a_delay_is_one_with_all_pairs(self, name):
        one = liquid(delay=3 * ms)

        def wired(wiring):
            return dataclasses.replace(
                one,
                projections=tuple(
                    dataclasses.replace(p, wiring=wiring) if p.name == "exc_to_inh" else p
                    for p in one.projections
                ),
            )

        random, regular = wired(RandomWiring(p=1.0)), wired("all_to_all")
        drawn = random.sample(2)
        keys = [f"exc_to_inh.{k}" for k in ("i", "j", "delay")]
        for key in keys:
            np.testing.assert_array_equal(regular.sample(2)[key], drawn[key])
        found = run(name, random, TRAINS[:1], state=drawn)
        state = {k: v for k, v in drawn.items() if k not in keys}
        other = run(
            name, regular, TRAINS[:1], state=state | {k: regular.sample(0)[k] for k in keys}
        )
        assert other.spikes == found.spikes
        assert steps_and_units(found.spikes, 1e-3) == reference(random, drawn, TRAINS[0], 320)


class TestStateThatDoesNotFit:
    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"i": 12.0}, r"state\['input_to_exc.i'\]: must be whole numbers in 0..11.*'input'"),
            ({"i": -1.0}, r"state\['input_to_exc.i'\]: must be whole numbers in 0..11"),
            ({"i": 0.5}, r"state\['input_to_exc.i'\]: must be whole numbers"),
            ({"i": np.nan}, r"state\['input_to_exc.i'\]: must be whole numbers"),
            ({"j": 16.0}, r"state\['input_to_exc.j'\]: must be whole numbers in 0..15.*'exc'"),
            ({"delay": -1e-3}, r"state\['input_to_exc.delay'\]: must be .*>= 0"),
            ({"delay": np.nan}, r"state\['input_to_exc.delay'\]: must be .*>= 0"),
            ({"delay": np.inf}, r"state\['input_to_exc.delay'\]: must be .*>= 0"),
        ],
        ids=str,
    )
    def test_values(self, changes, message):
        network = liquid()
        drawn = network.sample(2)
        for key, value in changes.items():
            drawn[f"input_to_exc.{key}"] = drawn[f"input_to_exc.{key}"].copy()
            drawn[f"input_to_exc.{key}"][3] = value
        with pytest.raises(ParameterError, match=message):
            run("numpy", network, TRAINS[:1], state=drawn)

    @pytest.mark.parametrize("key", ["j", "delay", "w"])
    def test_lengths(self, key):
        drawn = liquid().sample(2)
        n = len(drawn["input_to_exc.i"])
        short = drawn | {f"input_to_exc.{key}": drawn[f"input_to_exc.{key}"][:-1]}
        with pytest.raises(
            ParameterError,
            match=rf"state\['input_to_exc.{key}'\]: must have {n} values.*got {n - 1}",
        ):
            run("numpy", liquid(), TRAINS[:1], state=short)

    def test_names(self):
        with pytest.raises(ParameterError, match="has no input_to_exc.u; it has .*input_to_exc.w"):
            run("numpy", liquid(), TRAINS[:1], state={"input_to_exc.u": np.zeros(1)})


def test_networks_that_differ_in_the_ends_of_a_projection_are_not_taken_for_each_other():
    def declare(pre, post):
        return Network(
            populations=(
                Population(name="input", n=3, neuron=SpikeInput()),
                Population(name="a", n=3, neuron=AdaptiveLIF()),
                Population(name="b", n=3, neuron=AdaptiveLIF()),
            ),
            projections=(
                Projection(
                    pre=pre, post=post, label="drive", on_pre="i_exc_post += w*mV", weight=1e3
                ),
            ),
            watch=("a", "b"),
            schedule=Schedule(presentation=None, rest=0 * ms, dt=1 * ms, min_spikes=0),
        )

    trains = SpikeTrains([1e-3], [0], [0, 1], n_units=3, duration=4e-3)
    for post, counts in (("a", [1, 1, 1, 0, 0, 0]), ("b", [0, 0, 0, 1, 1, 1])):
        assert run("numpy", declare("input", post), trains).counts[0].tolist() == counts


def test_projections_act_in_their_order(name):
    """What a list adds is there for the projections behind it, and not for those before it."""
    listed, regular = RandomWiring(p=1.0), "all_to_all"
    codes = (
        (listed, "x_post += w"),
        (regular, "x_post = 0.5*x_post"),
        (regular, "y_post = 0.5*y_post"),
        (listed, "y_post += w"),
        (listed, "z_post += w"),
        (regular, "seen_post += z_post"),
        (listed, "z_post -= 3*w"),
        (listed, "hits_post += 2"),
    )
    equations = "x : 1\ny : 1\nz : 1\nseen : 1\nhits : integer"
    network = Network(
        populations=(
            Population(name="input", n=2, neuron=SpikeInput()),
            Population(name="output", n=2, neuron=NeuronModel(equations=equations)),
        ),
        projections=tuple(
            Projection(
                pre="input", post="output", wiring=w, on_pre=c, weight=1.0, label=f"part_{k}"
            )
            for k, (w, c) in enumerate(codes)
        ),
        watch="input",
        schedule=Schedule(presentation=None, rest=0 * ms, dt=1 * ms, min_spikes=0),
    )
    trains = SpikeTrains([1e-3, 3e-3], [0, 1], [0, 2], n_units=2, duration=6e-3)
    state = run(name, network, trains).state
    found = {k: state[f"output.{k}"][0] for k in ("x", "y", "z", "seen", "hits")}
    assert found == {"x": 0.75, "y": 1.5, "z": -4.0, "seen": 1.0 - 1.0, "hits": 4.0}


# --- synapses with a state ---

#: METHODS, after Maass et al. 2002: U, D and F of the four kinds of connection, seconds.
SETS = np.array([[0.5, 1.1, 0.05], [0.05, 0.125, 1.2], [0.25, 0.7, 0.02], [0.32, 0.144, 0.06]])
RATES = (5.0, 20.0, 50.0)
TM_DT = 5e-3


def meters():
    """Four channels, each with a synapse of every set, to a meter of its own each."""
    return Network(
        populations=(
            Population(name="input", n=4, neuron=SpikeInput()),
            Population(
                name="meter",
                n=16,
                neuron=NeuronModel(
                    equations="total : 1\nlast : 1\nworn : 1", at_slot_start="total = 0; last = 0"
                ),
            ),
        ),
        projections=(
            Projection(
                pre="input",
                post="meter",
                wiring=RandomWiring(p=1.0),
                on_pre="total_post += w*u*x; last_post = w*u*x",
                weight=2.0,
                delay=Uniform(low=0 * ms, high=20 * ms),
                synapse=TsodyksMarkram(
                    utilisation=Constant(value=0.5),
                    tau_recovery=Constant(value=1 * second),
                    tau_facilitation=Constant(value=1 * second),
                ),
            ),
            Projection(
                pre="input",
                post="meter",
                label="wear",
                wiring=RandomWiring(p=1.0),
                on_pre="worn_post += gain/(1 + used)",
                weight=0.0,
                synapse=SynapseModel(
                    equations="""
                    used : 1
                    after : 1
                    dtrace/dt = -trace/tau_trace : 1 (clock-driven)
                    """,
                    after_pre="used += step; after += w + 1; trace += 1",
                    constants={
                        "step": 0.5,
                        "gain": Uniform(low=1.0, high=2.0),
                        "tau_trace": 50 * ms,
                    },
                ),
            ),
        ),
        watch="input",
        schedule=Schedule(presentation=None, rest=20 * ms, dt=TM_DT * second, min_spikes=0),
    )


def meter_state(delays=0.0):
    channel, kind = np.divmod(np.arange(16), 4)
    return {
        "input_to_meter.i": channel.astype(float),
        "input_to_meter.j": np.arange(16.0),
        "input_to_meter.delay": np.broadcast_to(delays, 16),
        "input_to_meter.utilisation": SETS[kind, 0],
        "input_to_meter.tau_recovery": SETS[kind, 1],
        "input_to_meter.tau_facilitation": SETS[kind, 2],
        "wear.i": np.arange(4.0),
        "wear.j": np.arange(4.0) * 4,
        "wear.delay": np.zeros(4),
        "wear.gain": np.array([1.0, 2.0, 3.0, 4.0]),
    }


def of_channels(*times, duration):
    """One sample; spikes of every channel, seconds."""
    units = np.repeat(np.arange(len(times)), [len(t) for t in times])
    every = np.concatenate([np.asarray(t, dtype=float) for t in times])
    order = np.argsort(every, kind="stable")
    return SpikeTrains(every[order], units[order], [0, len(every)], n_units=4, duration=duration)


def efficacies(times, utilisation, recovery, facilitation):
    """`u*x` at every spike."""
    x, u, last, found = 1.0, 0.0, 0.0, []
    for t in times:
        x = 1 - (1 - x) * np.exp(-(t - last) / recovery)
        u *= np.exp(-(t - last) / facilitation)
        u += utilisation * (1 - u)
        found.append(u * x)
        x, last = x - u * x, t
    return np.array(found)


class TestTsodyksMarkram:
    #: Regular spikes at the rates of METHODS F.6, then a burst, a pause and one spike.
    TIMES = (
        *(np.arange(0.1, 14.05, 1 / r) for r in RATES),
        np.r_[np.arange(10) * 0.02 + 0.005, 0.685],
    )

    @pytest.fixture(scope="class")
    @classmethod
    def measured(cls, name):
        return run(name, meters(), of_channels(*cls.TIMES, duration=14.2), state=meter_state())

    def test_the_steady_state_is_the_closed_form(self, measured):
        for k in range(12):
            (utilisation, d, f), r = SETS[k % 4], RATES[k // 4]
            u = utilisation / (1 - (1 - utilisation) * np.exp(-1 / (r * f)))
            x = (1 - np.exp(-1 / (r * d))) / (1 - (1 - u) * np.exp(-1 / (r * d)))
            assert measured.state["input_to_meter.u"][k] == pytest.approx(u, rel=1e-6)
            # the state is that behind the spike
            assert measured.state["input_to_meter.x"][k] == pytest.approx(x * (1 - u), rel=1e-6)
            assert measured.state["meter.last"][k] == pytest.approx(2 * u * x, rel=1e-6)

    def test_every_spike_on_the_way_has_its_efficacy(self, measured):
        for k in range(16):
            expected = efficacies(self.TIMES[k // 4], *SETS[k % 4])
            assert measured.state["meter.total"][k] == pytest.approx(2 * expected.sum(), rel=1e-9)

    def test_a_pause_brings_resources_back(self, measured):
        for k, (utilisation, d, f) in enumerate(SETS):
            burst = efficacies(self.TIMES[3][:-1], utilisation, d, f)
            alone = 2 * efficacies([0.5], utilisation, d, f)[0]
            found = measured.state["meter.last"][12 + k]
            expected = 2 * efficacies(self.TIMES[3], utilisation, d, f)[-1]
            assert found == pytest.approx(expected, rel=1e-9)
            if d > 10 * f:  # depressing: back from the burst's end, not yet as if nothing had been
                assert 2 * burst[-1] < found < alone

    def test_depression_and_facilitation_are_those_of_their_sets(self, measured):
        last = measured.state["meter.last"][:12].reshape(3, 4)
        first = 2 * SETS[:, 0]
        assert (last[:, 0] < first[0]).all(), "EE is depressing"
        assert (last[1:, 1] > first[1]).all(), "EI is facilitating"
        assert (np.diff(last[:, 0]) < 0).all()

    def test_a_delay_shifts_and_changes_nothing(self, name, measured):
        delays = np.array([0.0, 5.0, 10.0, 35.0])[np.arange(16) % 4] * 1e-3
        found = run(
            name,
            meters(),
            of_channels(*self.TIMES, duration=14.2),
            state=meter_state(delays),
        )
        # what passes before the first spike does nothing, so only the arrivals count
        np.testing.assert_allclose(
            found.state["meter.total"], measured.state["meter.total"], rtol=1e-9
        )

    def test_every_sample_begins_rested(self, name):
        one = of_channels([0.01, 0.05], [0.02], [], [0.03], duration=0.1)
        twice = SpikeTrains.concatenate([one, one])
        found = run(name, meters(), twice, state=meter_state())
        for k in range(16):
            times = ([0.01, 0.05], [0.02], [], [0.03])[k // 4]
            expected = 2 * efficacies(times, *SETS[k % 4]).sum()
            assert found.state["meter.total"][k] == pytest.approx(expected, rel=1e-9, abs=0)

    def test_spikes_of_one_step_are_used_one_after_the_other_in_the_next_ones(self, name):
        train = of_channels([0.010, 0.012, 0.013], [0.020], [], [], duration=0.1)
        found = run(name, meters(), train, state=meter_state())
        dt = float(meters().schedule.dt)
        for k, values in enumerate(SETS):
            expected = 2 * efficacies([0.01, 0.01 + dt, 0.01 + 2 * dt], *values).sum()
            assert found.state["meter.total"][k] == pytest.approx(expected, rel=1e-9)


class TestOwnSynapse:
    def test_a_state_that_nobody_resets_stays(self, name):
        one = of_channels([0.01, 0.05], [0.02], [], [0.03], duration=0.1)
        used, worn = np.array([1.0, 0.5, 0.0, 0.5]), np.array([1 + 1 / 1.5, 2.0, 0.0, 4.0])
        found = run(name, meters(), one, state=meter_state())
        np.testing.assert_allclose(found.state["wear.used"], used)
        np.testing.assert_allclose(found.state["meter.worn"][::4], worn)
        np.testing.assert_allclose(found.state["wear.after"], 2 * used)
        # the second sample begins where the first has ended, whoever has run it
        gains = np.array([1.0, 2.0, 3.0, 4.0])
        later = np.array([1 / 2 + 1 / 2.5, 1 / 1.5, 0.0, 1 / 1.5]) * gains
        both = SpikeTrains.concatenate([one, one])
        for again in (
            run(name, meters(), both, state=meter_state()),
            run(name, meters(), both, state=meter_state(), chunk_size=1),
            run(name, meters(), one, state=found.state, seed=8),
        ):
            np.testing.assert_allclose(again.state["wear.used"], 2 * used)
            np.testing.assert_allclose(again.state["meter.worn"][::4], worn + later)

    def test_a_variable_that_is_driven_by_the_clock(self, name):
        one = of_channels([0.01, 0.05], [0.02], [], [0.1], duration=0.1)
        found = run(name, meters(), one, state=meter_state())
        # 24 steps of 5 ms; Brian's Euler takes the first after a spike in the step behind it
        left = (1 - TM_DT / 0.05) ** (23 - np.array([2, 10, 4, 20]))
        expected = [left[0] + left[1], left[2], 0.0, left[3]]
        np.testing.assert_allclose(found.state["wear.trace"], expected, rtol=1e-9)


# --- learning ---

RULE = PairSTDP(tau_plus=17 * ms, tau_minus=34 * ms, a_plus=0.01, a_minus=0.006, w_max=50.0)
N_PRE, N_POST = 8, 5


def learner(wiring, **changes):
    return Network(
        populations=(
            Population(name="input", n=N_PRE, neuron=SpikeInput()),
            Population(name="output", n=N_POST, neuron=AdaptiveLIF(adaptation=1 * mV)),
        ),
        projections=(
            Projection(
                **{
                    "pre": "input",
                    "post": "output",
                    "wiring": wiring,
                    "on_pre": "i_exc_post += w*40*mV",
                    "rule": RULE,
                    "norm": 5.0,
                }
                | changes
            ),
        ),
        watch=("input", "output"),
        schedule=Schedule(presentation=None, rest=15 * ms, dt=1 * ms, min_spikes=0),
    )


W = "input_to_output.w"


def pair_stdp(network, w, i, j, spikes, *, n_steps):
    """All pairs of spikes of one sample, with the norm before it; traces of step `t` decayed."""
    sums = np.bincount(j, weights=w, minlength=N_POST)
    w = w * 5.0 / sums[j]
    fired = {(s, u) for s, u in steps_and_units(spikes, 1e-3)}
    r, o = np.zeros(N_PRE), np.zeros(N_POST)
    for step in range(n_steps):
        r, o = r * np.exp(-1 / 17), o * np.exp(-1 / 34)
        pre = np.array([(step, k) in fired for k in range(N_PRE)])
        post = np.array([(step, N_PRE + k) in fired for k in range(N_POST)])
        w = np.where(pre[i], np.clip(w - 0.006 * o[j], 0, 50), w)
        r = r + pre
        w = np.where(post[j], np.clip(w + 0.01 * r[i], 0, 50), w)
        o = o + post
    return w


class TestLearning:
    @pytest.fixture(scope="class")
    @staticmethod
    def trains():
        rng = np.random.default_rng(6)
        # at most one spike of a channel in a step
        parts = []
        for length in (150, 80, 120):
            step, channel = np.nonzero(rng.random((length, N_PRE)) < 0.04)
            parts.append(
                SpikeTrains(
                    step * 1e-3, channel, [0, len(step)], n_units=N_PRE, duration=length * 1e-3
                )
            )
        return SpikeTrains.concatenate(parts)

    @pytest.fixture(scope="class")
    @staticmethod
    def weights():
        return np.random.default_rng(5).uniform(0.1, 1.0, N_PRE * N_POST)

    def test_a_list_of_all_pairs_learns_as_the_regular_wiring(self, name, trains, weights):
        regular = run("numpy", learner("all_to_all"), trains, state={W: weights})
        listed = run(name, learner(RandomWiring(p=1.0)), trains, state={W: weights})
        assert regular.counts[:, N_PRE:].sum() > 20
        for k in range(len(trains)):
            one, other = (steps_and_units(f.spikes[k], 1e-3) for f in (regular, listed))
            assert one == other
        np.testing.assert_allclose(listed.state[W], regular.state[W], rtol=1e-10)
        assert np.abs(regular.state[W] - weights * 5.0 / 4.0).max() > 0.02

    def test_a_sparse_list_learns_by_its_own_pairs(self, name, trains):
        network = learner(RandomWiring(p=0.6), weight=Uniform(low=0.2, high=1.0))
        drawn = network.sample(3)
        i, j = (drawn[f"input_to_output.{k}"].astype(int) for k in ("i", "j"))
        assert len(i) < N_PRE * N_POST
        expected = drawn[W]
        found = run(name, network, trains, state=drawn)
        for k, length in enumerate((165, 95, 135)):
            expected = pair_stdp(network, expected, i, j, found.spikes[k], n_steps=length)
        np.testing.assert_allclose(found.state[W], expected, rtol=1e-10)
        assert found.counts[:, N_PRE:].sum() > 20

    def test_learning_goes_on_from_a_state_given_back(self, name, trains):
        network = learner(RandomWiring(p=0.6), weight=Uniform(low=0.2, high=1.0))
        whole = run(name, network, trains, seed=3)
        first = run(name, network, trains[:2], seed=3)
        second = run(name, network, trains[2:], seed=9, state=first.state)
        np.testing.assert_array_equal(second.state[W], whole.state[W])
        assert second.spikes == whole.spikes[2:]
        one_by_one = run(name, network, trains, seed=3, chunk_size=1)
        np.testing.assert_array_equal(one_by_one.state[W], whole.state[W])

    @pytest.mark.parametrize("wiring", [RandomWiring(p=1.0), "all_to_all"])
    def test_the_second_of_two_spikes_in_one_step_is_one_of_the_next(self, name, wiring):
        channels = [0, *range(N_PRE)]
        start = {W: np.full(N_PRE * N_POST, 5.0)}

        def gained(times):
            order = np.argsort(times, kind="stable")
            trains = SpikeTrains(
                np.asarray(times)[order],
                np.asarray(channels)[order],
                [0, 9],
                n_units=N_PRE,
                duration=0.06,
            )
            found = run(name, learner(wiring), trains, state=start)
            assert (found.counts[0, N_PRE:] > 0).all()
            return found.state[W] - 5.0 / N_PRE

        step = float(learner(wiring).schedule.dt)
        together = 0.0101 + 1e-5 * np.arange(9)
        apart = together.copy()
        apart[1] += step
        np.testing.assert_array_equal(gained(together), gained(apart))

    def test_an_empty_list_learns_nothing(self, name, trains):
        found = run(name, learner(RandomWiring(p=0.0)), trains)
        assert found.state[W].shape == (0,)
        assert not found.counts[:, N_PRE:].any()


class TestPoissonInput:
    """Lists behave as regular wirings do, whatever the input is."""

    def declare(self, wiring):
        return Network(
            populations=(
                Population(name="input", n=6, neuron=PoissonInput()),
                Population(name="output", n=4, neuron=AdaptiveLIF()),
            ),
            projections=(
                Projection(pre="input", post="output", wiring=wiring, on_pre="i_exc_post += w*mV"),
            ),
            watch="output",
            schedule=Schedule(
                presentation=40 * ms, rest=10 * ms, dt=1 * ms, min_spikes=8, max_repeats=3
            ),
        )

    @pytest.mark.parametrize(
        "name",
        ["numpy", pytest.param("cpp_standalone", marks=pytest.mark.slow)],
    )
    def test_all_pairs_are_all_to_all(self, name):
        rates = np.random.default_rng(0).uniform(0, 200, (5, 6))
        rates[2] *= 0.3
        state = {"input_to_output.w": np.random.default_rng(1).uniform(10, 60, 24)}
        found = [
            engine.run(
                self.declare(wiring),
                engine.RateStimulus(values=rates),
                seed=4,
                engine=engine_name,
                state=state,
                record="spikes",
            )
            for wiring, engine_name in (("all_to_all", "numpy"), (RandomWiring(p=1.0), name))
        ]
        assert found[0].counts.sum() > 30
        assert found[0].repeats.max() > 0
        assert found[1].repeats.tolist() == found[0].repeats.tolist()
        for k in range(5):
            one, other = (steps_and_units(f.spikes[k], 1e-3) for f in found)
            assert one == other
