"""One declaration, every engine: the same spikes, the same weights, whatever the chunks."""

import dataclasses

import numpy as np
import pytest
from brian2 import ms, mV

from bioplastic import engine
from bioplastic.models import (
    LIF,
    Network,
    NeuronModel,
    PairSTDP,
    PoissonInput,
    Population,
    Projection,
    Schedule,
)

W = "input_to_excitatory.w"


def present(network, stimulus, weights, *, name="numpy", seed=5, **kwargs):
    return engine.run(
        network,
        stimulus,
        seed=seed,
        state=weights,
        engine=name,
        record="spikes",
        **kwargs,
    )


def assert_same_spikes(one, other):
    np.testing.assert_array_equal(one.spikes.offsets, other.spikes.offsets)
    np.testing.assert_array_equal(one.spikes.units, other.spikes.units)
    np.testing.assert_allclose(one.spikes.times, other.spikes.times, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(one.repeats, other.repeats)
    np.testing.assert_array_equal(one.spikes_per_slot, other.spikes_per_slot)


def assert_same_state(one, other, *, atol=1e-12):
    assert one.state.keys() == other.state.keys()
    for key, value in one.state.items():
        np.testing.assert_allclose(other.state[key], value, rtol=1e-9, atol=atol, err_msg=key)


@pytest.fixture(scope="module")
def reference(network, stimulus, weights):
    return present(network, stimulus, weights)


def test_the_network_does_something_that_can_differ(reference, stimulus, weights):
    assert reference.counts.sum() > 50
    assert (reference.counts.max(axis=0) > 0).all()
    assert reference.repeats.max() > 0, "no sample was presented again"
    assert reference.n_done == len(stimulus)
    assert np.abs(reference.state[W] - weights[W]).mean() > 0.01
    assert reference.state["excitatory.theta"].min() > 20e-3


class TestEngines:
    def assert_equal(self, one, other, name):
        assert_same_spikes(one, other)
        assert_same_state(one, other)
        np.testing.assert_allclose(other.state[W], one.state[W], rtol=0, atol=1e-12)
        assert other.engine == one.engine | {"name": name}

    def test_cpp_gives_identical_spikes_and_weights(self, network, stimulus, weights, reference):
        found = present(network, stimulus, weights, name="cpp_standalone")
        self.assert_equal(reference, found, "cpp_standalone")

    @pytest.mark.slow  # a minute of compiling
    @pytest.mark.usefixtures("quick_cython")
    def test_so_does_cython(self, network_without_interneurons, stimulus, weights):
        one, other = (
            present(network_without_interneurons, stimulus, weights, name=name)
            for name in ("numpy", "cython")
        )
        assert one.counts.sum() > 20
        assert one.repeats.max() > 0
        self.assert_equal(one, other, "cython")

    def test_cpp_repeats_itself_bit_for_bit(self, network, stimulus, weights):
        one, other = (present(network, stimulus, weights, name="cpp_standalone") for _ in "ab")
        assert_same_spikes(one, other)
        for key, value in one.state.items():
            np.testing.assert_array_equal(other.state[key], value, err_msg=key)

    @pytest.mark.parametrize("name", ["numpy", "cpp_standalone"])
    def test_changed_parameters_are_heard(self, network, stimulus, weights, reference, name):
        deaf = weights | {"excitatory.v_threshold": np.array([10.0])}
        assert present(network, stimulus, deaf, name=name).counts.sum() == 0
        # and the next run has the declared ones again
        assert_same_spikes(reference, present(network, stimulus, weights, name=name))


class TestChunks:
    @pytest.mark.parametrize("name", ["numpy", "cpp_standalone"])
    @pytest.mark.parametrize("chunk_size", [1, 5])
    def test_results_do_not_depend_on_them(
        self, network, stimulus, weights, reference, name, chunk_size
    ):
        heard = []
        found = present(
            network,
            stimulus,
            weights,
            name=name,
            chunk_size=chunk_size,
            on_chunk=lambda done, result: heard.append((done, len(result.log))),
        )
        assert_same_spikes(reference, found)
        assert_same_state(reference, found)
        assert len(heard) >= len(stimulus) / chunk_size
        assert heard[-1][0] == len(stimulus)
        assert sum(slots for _, slots in heard) == len(reference.repeats)

    @pytest.mark.parametrize("name", ["numpy", "cpp_standalone"])
    def test_on_the_same_engine_to_the_last_bit(self, network, stimulus, weights, name):
        whole = present(network, stimulus, weights, name=name)
        parts = present(network, stimulus, weights, name=name, chunk_size=4)
        for key, value in whole.state.items():
            np.testing.assert_array_equal(parts.state[key], value, err_msg=key)

    @pytest.mark.parametrize("name", ["numpy", "cpp_standalone"])
    def test_two_runs_are_one(self, network, stimulus, weights, name):
        whole = present(network, stimulus, weights, name=name)
        half = dataclasses.replace(stimulus, order=np.arange(5))
        first = present(network, half, weights, name=name)
        second = present(network, stimulus, first.state, name=name, start=first.n_done)
        assert (first.n_done, second.n_done) == (5, len(stimulus))
        np.testing.assert_array_equal(np.concatenate([first.counts, second.counts]), whole.counts)
        for key, value in whole.state.items():
            np.testing.assert_array_equal(second.state[key], value, err_msg=key)


class TestSeeds:
    def test_a_seed_changes_the_noise(self, network, stimulus, weights, reference):
        other = present(network, stimulus, weights, seed=6)
        assert not np.array_equal(other.counts, reference.counts)
        assert np.abs(other.state[W] - reference.state[W]).max() > 1e-3

    def test_a_seed_and_its_sequence_are_the_same(self, network, stimulus, weights, reference):
        found = present(network, stimulus, weights, seed=np.random.SeedSequence(5))
        assert_same_spikes(reference, found)

    @pytest.mark.parametrize("name", ["numpy", "cpp_standalone"])
    def test_numpys_own_seed_does_not_matter(self, network, stimulus, weights, reference, name):
        np.random.seed(1)  # noqa: NPY002
        assert_same_spikes(reference, present(network, stimulus, weights, name=name))


class TestWiring:
    def test_pooled_inhibition_is_inhibition_of_all_others(
        self, unpooled_network, stimulus, weights, reference
    ):
        found = present(unpooled_network, stimulus, weights)
        assert_same_spikes(reference, found)
        # The pool subtracts what each neuron gave; sums in another order differ in the last bits.
        assert_same_state(reference, found, atol=1e-10)

    def test_inhibition_matters_at_all(self, network, stimulus, weights, reference):
        none = weights | {
            f"inhibitory_to_excitatory_{part}.w": np.array([0.0])
            for part in ("collect", "take_back")
        }
        assert not np.array_equal(present(network, stimulus, none).counts, reference.counts)

    @pytest.mark.parametrize("name", ["numpy", "cpp_standalone"])
    def test_sums_over_every_wiring_are_the_matrix_product(self, name):
        """All wirings with weights of their own, against NumPy's linear algebra."""
        n = 5
        clock = NeuronModel(equations="phase : second", threshold="abs(t - phase) < 0.5*dt")
        adder = NeuronModel(equations="full : 1\none : 1\nothers : 1\nlearned : 1")
        network = Network(
            populations=(
                Population(name="input", n=1, neuron=PoissonInput()),
                Population(name="pre", n=n, neuron=clock),
                Population(name="full", n=3, neuron=adder),
                Population(name="single", n=n, neuron=adder),
                Population(name="others", n=n, neuron=adder),
                Population(name="learner", n=n, neuron=clock),
            ),
            projections=(
                Projection(pre="pre", post="full", on_pre="full_post += w"),
                Projection(pre="pre", post="single", wiring="one_to_one", on_pre="one_post += w"),
                Projection(
                    pre="pre", post="others", wiring="all_but_one", on_pre="others_post += w"
                ),
                Projection(
                    pre="pre", post="learner", wiring="all_but_one", on_pre="", rule=PairSTDP()
                ),
            ),
            watch="pre",
            schedule=Schedule(presentation=20 * ms, rest=0 * ms, dt=1 * ms, min_spikes=0),
        )
        rng = np.random.default_rng(8)
        full, one, others = rng.random((n, 3)), rng.random(n), rng.random((n, n))
        apart = ~np.eye(n, dtype=bool)
        spikes = np.array([True, False, True, True, False])
        pre, post = np.where(spikes, 4e-3, 1.0), np.array([2, 4, 9, 30, 15]) * 1e-3
        result = engine.run(
            network,
            engine.RateStimulus(values=np.zeros((2, 1))),
            seed=0,
            engine=name,
            state={
                "pre.phase": pre,
                "learner.phase": post,
                "pre_to_full.w": full.ravel(),
                "pre_to_single.w": one,
                "pre_to_others.w": others[apart],
                "pre_to_learner.w": np.full(n * (n - 1), 0.5),
            },
        )
        state, twice = result.state, 2 * spikes
        np.testing.assert_allclose(state["full.full"], twice @ full, rtol=1e-12)
        np.testing.assert_allclose(state["single.one"], twice * one, rtol=1e-12)
        np.testing.assert_allclose(state["others.others"], twice @ (others * apart), rtol=1e-12)
        delay = (post[None, :] - pre[:, None]) * 1e3
        window = np.where(
            delay >= 0, 0.01 * np.exp(-delay / 20), -0.0105 * np.exp(np.minimum(delay, 0) / 20)
        )
        window[~spikes] = 0
        window[:, post > 20e-3] = 0
        np.testing.assert_allclose(
            state["pre_to_learner.w"] - 0.5, 2 * window[apart], rtol=0, atol=1e-12
        )

    def test_normalisation_scales_the_sums_when_a_slot_begins(self, network, stimulus, weights):
        frozen = dataclasses.replace(
            network,
            projections=tuple(dataclasses.replace(p, rule=None) for p in network.projections),
        )
        found = present(frozen, stimulus, weights)
        matrix = weights[W].reshape(20, 6)
        np.testing.assert_allclose(
            found.state[W].reshape(20, 6), matrix * 12.0 / matrix.sum(axis=0), rtol=1e-12
        )

    @pytest.mark.parametrize("name", ["numpy", "cpp_standalone"])
    def test_each_projection_has_its_own_sum_and_one_of_zero_stays(self, name):
        declared = Network(
            populations=(
                Population(name="input", n=3, neuron=PoissonInput()),
                Population(name="output", n=2, neuron=LIF()),
            ),
            projections=tuple(
                Projection(pre="input", post="output", on_pre="i_syn_post += w*mV", norm=norm,
                           label=label)
                for label, norm in (("first", 12.0), ("second", 3.0))
            ),
            watch="output",
            schedule=Schedule(presentation=5 * ms, rest=0 * ms, dt=1 * ms, min_spikes=0),
        )  # fmt: skip
        first = np.array([[1.0, 0.0], [2.0, 0.0], [3.0, 0.0]])
        result = engine.run(
            declared,
            engine.RateStimulus(values=np.zeros((2, 3))),
            seed=0,
            engine=name,
            state={"first.w": first.ravel(), "second.w": np.full(6, 4.0)},
        )
        np.testing.assert_allclose(result.state["first.w"], 2 * first.ravel(), rtol=1e-12)
        np.testing.assert_allclose(result.state["second.w"], 1.0, rtol=1e-12)


class TestLIF:
    """Firing rate of a leaky integrate-and-fire neuron under constant current."""

    @pytest.mark.parametrize("refractory", [0.0, 2.0])
    def test_the_f_i_curve_is_the_closed_form(self, refractory):
        dt, drives = 0.1, np.array([10.0, 15.5, 20.0, 30.0, 60.0])  # ms; mV above rest
        driven = LIF(
            equations="""
            dv/dt = (v_rest - v + drive)/tau_membrane : volt (unless refractory)
            drive : volt
            """,
            at_slot_start="v = v_rest",
            tau_refractory=refractory * ms,
        )
        network = Network(
            populations=(
                Population(name="input", n=1, neuron=PoissonInput()),
                Population(name="lif", n=len(drives), neuron=driven),
            ),
            watch="lif",
            schedule=Schedule(presentation=400 * ms, rest=0 * ms, dt=dt * ms, min_spikes=0),
        )
        result = engine.run(
            network,
            engine.RateStimulus(values=np.zeros((1, 1))),
            seed=0,
            state={"lif.drive": drives * 1e-3},
            engine="numpy",
            record="spikes",
        )
        assert result.counts[0, 0] == 0, "10 mV do not reach a threshold 15 mV above rest"
        for k, drive in enumerate(drives[1:], start=1):
            times = result.spikes.times[result.spikes.units == k] * 1e3
            expected = refractory + 10.0 * np.log(drive / (drive - 15.0))
            assert len(times) > 5
            gaps = np.diff(times)
            assert gaps.max() - gaps.min() < 1e-9
            # The grid makes the way to the threshold up to a step longer, and refractoriness,
            # which begins with the step of the spike, up to a step shorter.
            assert abs(gaps[0] - expected) <= dt
            np.testing.assert_allclose(1 / gaps.mean(), 1 / expected, rtol=dt / expected)

    def test_a_synaptic_current_gives_the_alpha_shaped_response(self):
        network = Network(
            populations=(
                Population(name="input", n=1, neuron=PoissonInput()),
                Population(
                    name="clock",
                    n=1,
                    neuron=NeuronModel(equations="one : 1", threshold="t < 0.5*dt"),
                ),
                Population(name="lif", n=1, neuron=LIF(tau_membrane=20 * ms, tau_syn=5 * ms)),
            ),
            projections=(
                Projection(pre="clock", post="lif", on_pre="i_syn_post += w*mV", weight=10.0),
            ),
            watch="lif",
            schedule=Schedule(presentation=30 * ms, rest=0 * ms, dt=0.05 * ms, min_spikes=0),
        )
        result = engine.run(
            network, engine.RateStimulus(values=np.zeros((1, 1))), seed=0, engine="numpy"
        )
        t = 30.0 - 0.05
        expected = 10.0 * 5 / (20 - 5) * (np.exp(-t / 20) - np.exp(-t / 5))
        assert result.state["lif.i_syn"][0] == pytest.approx(10e-3 * np.exp(-t / 5), rel=1e-9)
        assert result.state["lif.v"][0] / mV * 1e0 == pytest.approx(-65 + expected, abs=0.02)
