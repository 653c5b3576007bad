"""Random numbers of equations: a function of seed, sample, repetition, step, place and element."""

import dataclasses
import itertools

import numpy as np
import pytest
from brian2 import ms
from scipy import stats

from bioplastic import SpikeTrains, engine
from bioplastic.errors import ParameterError
from bioplastic.models import (
    Network,
    NeuronModel,
    PlasticityRule,
    PoissonInput,
    Population,
    Projection,
    RandomWiring,
    Schedule,
    SpikeInput,
)

N, N_SAMPLES, N_STEPS = 5, 8, 6
#: Every place at which a neuron may draw, and every function that draws.
DRAWING = NeuronModel(
    equations="""
    dv/dt = -v/(10*ms) + 0.3*xi*ms**-0.5 : 1 (unless refractory)
    wave = rand() : 1 (constant over dt)
    start : 1
    z : 1
    k : 1
    first : 1
    next : 1
    fired : 1
    ended : 1
    """,
    threshold="rand() < 0.3",
    reset="v = 0; fired = rand()",
    refractory="(1 + rand())*ms",
    at_slot_start="v = 0; start = rand(); z = randn(); fired = 0",
    before_spikes="first = rand(); next = rand()",
    after_spikes="k = poisson(3.5)",
    at_slot_end="ended = rand()",
    method="euler",
)
#: Synapses that draw when a spike comes, in every step and when a sample begins.
RULE = PlasticityRule(
    synapse="fate : 1\nstep_fate : 1",
    on_pre="fate = rand()",
    before_spikes="step_fate = rand()",
    at_slot_start="fate = 0; step_fate = 0; w = rand()",
)
VARIABLES = ("v", "start", "z", "k", "first", "next", "fired", "ended")
OUTPUTS = (
    *(f"{p}.{v}" for p in ("one", "other") for v in VARIABLES),
    *(f"{p}.{v}" for p in ("dense", "sparse") for v in ("w", "fate", "step_fate")),
)


LEARNING = {"rule": RULE, "on_pre": "v_post += 0.1*w"}
RELEASING = {"on_pre": "v_post += w*rand()", "weight": 1.0}


def declare(synapses=LEARNING, **schedule):
    return Network(
        populations=(
            Population(name="input", n=3, neuron=PoissonInput()),
            Population(name="one", n=N, neuron=DRAWING),
            Population(name="other", n=N, neuron=DRAWING),
        ),
        projections=(
            Projection(pre="one", post="other", label="dense", **synapses),
            Projection(
                pre="input", post="one", label="sparse", wiring=RandomWiring(p=0.6), **synapses
            ),
        ),
        watch="one",
        schedule=Schedule(
            **{"presentation": N_STEPS * ms, "rest": 0 * ms, "dt": 1 * ms, "min_spikes": 0}
            | schedule
        ),
    )


STIMULUS = engine.RateStimulus(values=np.full((N_SAMPLES, 3), 300.0))


def show(on="numpy", *, seed=1, network=None, **options):
    return engine.run(
        network or declare(),
        STIMULUS,
        seed=seed,
        engine=on,
        record=dict.fromkeys(OUTPUTS, "end"),
        **options,
    )


def assert_same(one, other, *, samples=slice(None), atol=0.0):
    assert one.states.keys() == other.states.keys()
    for name, its in one.states.items():
        np.testing.assert_allclose(
            other.states[name].values, its.values[samples], rtol=0, atol=atol, err_msg=name
        )


@pytest.fixture(scope="module")
def reference():
    return show()


def test_there_is_something_to_compare(reference):
    assert reference.counts.sum() > 20
    for name, its in reference.states.items():
        found = its.values.ravel()
        assert len(np.unique(found)) > 5, name
        assert np.isfinite(found).all()


@pytest.mark.parametrize("on", ["numpy", "cpp_standalone"])
class TestWhatNumbersDoNotDependOn:
    @pytest.mark.parametrize("size", [1, 3, 4])
    def test_chunks(self, on, size):
        assert_same(show(on), show(on, chunk_size=size))

    def test_where_a_run_begins(self, on):
        whole, part = show(on), show(on, start=3)
        for name in OUTPUTS:
            if name.endswith("ended"):  # after the sample before, which the part has not shown
                continue
            np.testing.assert_array_equal(
                part.states[name].values, whole.states[name].values[3:], name
            )

    def test_an_interruption(self, on):
        first = show(on, stop=5)
        rest = show(on, start=first.n_done, state=first.state)
        whole = show(on)
        for name in OUTPUTS:
            np.testing.assert_array_equal(
                [*first.states[name].values, *rest.states[name].values],
                whole.states[name].values,
                name,
            )

    def test_what_ran_before(self, on):
        before = show(on)
        show("numpy", network=declare(dt=0.5 * ms))
        assert_same(before, show(on))


def test_what_else_is_in_the_network_does_not_matter():
    network = declare()
    more = Population(name="more", n=2, neuron=DRAWING)
    larger = dataclasses.replace(network, populations=(*network.populations[::-1], more))
    drawn = network.sample(1)
    assert_same(show(network=network, state=drawn), show(network=larger, state=drawn))


def still():
    """A network that learns nothing and whose samples do not depend on each other."""
    forgets = "; ".join(f"{v} = 0" for v in ("k", "first", "next", "ended"))
    neuron = dataclasses.replace(DRAWING, at_slot_start=f"{DRAWING.at_slot_start}; {forgets}")
    network = declare(RELEASING)
    populations = (
        network.population("input"),
        *(Population(name=name, n=N, neuron=neuron) for name in ("one", "other")),
    )
    return dataclasses.replace(network, populations=populations)


@pytest.mark.parametrize("on", ["numpy", "cpp_standalone"])
@pytest.mark.parametrize("options", [{"n_jobs": 2}, {"lanes": 3, "n_jobs": 2}])
def test_samples_shared_out_draw_what_they_draw_alone(on, options):
    outputs = tuple(f"one.{v}" for v in VARIABLES)
    record = {"spikes": ["one"], **dict.fromkeys(outputs, "end")}
    arguments = {"seed": 3, "engine": on, "record": record}
    alone = engine.present(still(), STIMULUS, lanes=1, **arguments)
    shared = engine.present(still(), STIMULUS, **arguments, **options)
    assert alone.spikes == shared.spikes
    for name in outputs:
        np.testing.assert_array_equal(shared.states[name].values, alone.states[name].values, name)


@pytest.mark.parametrize("on", ["cpp_standalone", pytest.param("cython", marks=pytest.mark.slow)])
def test_engines_draw_the_same_numbers(on, reference, quick_cython):
    del quick_cython
    found = show(on)
    assert_same(reference, found, atol=1e-12)
    # Uniform numbers are the same to the last bit.
    for name in OUTPUTS:
        if name.rpartition(".")[2] not in ("v", "z"):
            np.testing.assert_array_equal(
                found.states[name].values, reference.states[name].values, name
            )


def test_nothing_of_numpys_generator_is_used():
    np.random.seed(3)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    one = show()
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002
    np.random.seed(4)  # noqa: NPY002
    assert_same(one, show())


class TestWhatNumbersDependOn:
    def test_seed_sample_neuron_population_and_place(self, reference):
        # Uniform numbers with 52 digits: two that are equal are the same one.
        names = ("start", "first", "next", "ended")
        numbers = [
            result.states[f"{p}.{v}"].values[1:].ravel()
            for result in (reference, show(seed=2))
            for p, v in itertools.product(("one", "other"), names)
        ]
        numbers += [reference.states[f"dense.{v}"].values.ravel() for v in ("w", "step_fate")]
        drawn = np.concatenate(numbers)
        assert len(np.unique(drawn)) == len(drawn)

    def test_step(self):
        found = engine.run(
            declare(), STIMULUS, seed=1, engine="numpy", record={"one.first": range(N)}
        )
        drawn = found.states["one.first"].values
        assert drawn.shape == (N_SAMPLES, N_STEPS, N)
        assert len(np.unique(drawn)) == drawn.size

    def test_repetition(self):
        network = declare(min_spikes=1000, max_repeats=2)
        starts = []

        class Watch:
            def begin(self, *args, **kwargs): ...
            def plan(self, start, n_steps):
                rows = np.arange(len(n_steps))
                return engine.program.ProbePlan(
                    rows=rows, steps=np.zeros_like(rows), variables={"one.start": np.arange(N)}
                )

            def record(self, start, result):
                starts.append(result.probed.values["one.start"])

        engine.run(network, STIMULUS, seed=1, engine="numpy", recorder=Watch())
        drawn = np.concatenate(starts)
        assert len(drawn) == 3 * N_SAMPLES
        assert len(np.unique(drawn)) == drawn.size


def drawn_numbers(n, n_steps):
    """Numbers of all kinds, by step and neuron."""
    neuron = NeuronModel(
        equations="u : 1\nz : 1\nk : 1\nmany : 1\nhuge : 1",
        before_spikes="u = rand(); z = randn(); k = poisson(0.7); many = poisson(40); "
        "huge = poisson(1e6)",
    )
    network = Network(
        populations=(
            Population(name="input", n=1, neuron=SpikeInput()),
            Population(name="out", n=n, neuron=neuron),
        ),
        watch="input",
        schedule=Schedule(presentation=None, rest=0 * ms, dt=1 * ms, min_spikes=0),
    )
    trains = SpikeTrains([], [], [0, 0], n_units=1, duration=n_steps * 1e-3)
    outputs = tuple(f"out.{v}" for v in ("u", "z", "k", "many", "huge"))
    found = engine.run(
        network, engine.SpikeStimulus(trains=trains), seed=11, engine="numpy",
        record=dict.fromkeys(outputs, engine.every(1)),
    ).states  # fmt: skip
    return {name.removeprefix("out."): its[0].values for name, its in found.items()}


@pytest.mark.statistical
class TestDistributions:
    """Fixed seed, p > 0.001 for each of some 20 tests."""

    @pytest.fixture(scope="class")
    @staticmethod
    def drawn():
        return drawn_numbers(n=400, n_steps=100)

    def test_uniform(self, drawn):
        assert stats.kstest(drawn["u"].ravel(), "uniform").pvalue > 0.001

    def test_normal(self, drawn):
        assert stats.kstest(drawn["z"].ravel(), "norm").pvalue > 0.001

    @pytest.mark.parametrize(("name", "mean"), [("k", 0.7), ("many", 40.0)])
    def test_poisson(self, drawn, name, mean):
        values = drawn[name].ravel()
        edges = stats.poisson.ppf([1e-3, 1 - 1e-3], mean).astype(int)
        bins = np.arange(edges[0], edges[1] + 1)
        observed = [np.sum(values <= bins[0]), *(np.sum(values == b) for b in bins[1:-1]),
                    np.sum(values >= bins[-1])]  # fmt: skip
        inner = stats.poisson.pmf(bins[1:-1], mean)
        expected = [stats.poisson.cdf(bins[0], mean), *inner, stats.poisson.sf(bins[-2], mean)]
        assert stats.chisquare(observed, np.array(expected) * len(values)).pvalue > 0.001

    def test_poisson_of_a_large_mean(self, drawn):
        scaled = (drawn["huge"].ravel() - 1e6) / 1e3
        assert stats.kstest(scaled, "norm").pvalue > 0.001

    @pytest.mark.parametrize("name", ["u", "z", "k"])
    @pytest.mark.parametrize("axis", [0, 1], ids=["steps", "neurons"])
    @pytest.mark.parametrize("lag", [1, 2])
    def test_neighbours_are_independent(self, drawn, name, axis, lag):
        values = np.moveaxis(drawn[name], axis, 0)
        one, other = values[:-lag].ravel(), values[lag:].ravel()
        assert stats.pearsonr(one, other).pvalue > 0.001

    def test_places_are_independent(self, drawn):
        assert stats.pearsonr(drawn["u"].ravel(), drawn["z"].ravel()).pvalue > 0.001
        assert stats.pearsonr(drawn["k"].ravel(), drawn["many"].ravel()).pvalue > 0.001


class TestLanesThatWouldShareANumber:
    def test_a_shared_variable(self):
        neuron = NeuronModel(equations="x : 1 (shared)", at_slot_start="x = rand()")
        network = declare()
        populations = (*network.populations, Population(name="shared", n=2, neuron=neuron))
        network = dataclasses.replace(network, populations=populations, projections=())
        with pytest.raises(ParameterError, match="lanes: must be 1 .* of shared share x"):
            engine.run(network, STIMULUS, seed=0, engine="numpy", lanes=2)
        one = engine.run(network, STIMULUS, seed=0, engine="numpy", record={"shared.x": "end"})
        assert len(np.unique(one.states["shared.x"].values)) == N_SAMPLES

    def test_the_end_of_a_batch(self):
        rule = PlasticityRule(at_batch_end="w = w + 0.1*rand()")
        network = declare(batch_size=2)
        learns = Projection(pre="one", post="other", on_pre="v_post += 0.1*w", rule=rule)
        network = dataclasses.replace(network, projections=(learns,))
        with pytest.raises(ParameterError, match="lanes: must be 1 where one_to_other draws"):
            engine.run(network, STIMULUS, seed=0, engine="numpy", lanes=2, combine="sum")


def test_a_mean_that_no_number_holds():
    neuron = NeuronModel(
        equations="none : 1\nsome : 1\nmost : 1",
        at_slot_start="none = poisson(-1); some = poisson(1e9); most = poisson(inf)",
    )
    network = declare()
    populations = (*network.populations[:1], Population(name="out", n=3, neuron=neuron))
    network = dataclasses.replace(network, populations=populations, projections=(), watch="input")
    record = dict.fromkeys(("out.none", "out.some", "out.most"), "end")
    found = engine.run(network, STIMULUS, seed=0, engine="numpy", record=record).states
    none, some, most = (its.values for its in found.values())
    assert not np.any(none)
    assert (np.abs(some - 1e9) < 1e6).all()
    assert (most > 2e9).all()


def test_names_of_populations_do_not_cut_the_names_of_places():
    network = declare()
    populations = (
        network.population("input"),
        *(Population(name=f"my_codeobject_{k}", n=N, neuron=DRAWING) for k in "ab"),
    )
    network = dataclasses.replace(
        network, populations=populations, projections=(), watch="my_codeobject_a"
    )
    record = {f"my_codeobject_{k}.start": "end" for k in "ab"}
    a, b = engine.run(network, STIMULUS, seed=0, engine="numpy", record=record).states.values()
    assert not np.intersect1d(a.values, b.values).size
