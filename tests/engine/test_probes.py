"""What a recorder sees on the way is what a run that ends there hands back."""

import numpy as np
import pytest

from bioplastic import engine
from bioplastic.engine.program import ProbePlan
from bioplastic.errors import ParameterError

VARIABLES = ("input_to_excitatory.w", "excitatory.theta", "excitatory.o1", "input.r1")
ENGINES = ["numpy", "cpp_standalone"]


class Watcher:
    """Looks at every element of some variables at given steps of given samples."""

    def __init__(self, samples, steps):
        self.samples, self.steps = samples, steps
        self.begun, self.seen = [], []

    def begin(self, network, sizes, state, *, start, stop):
        self.begun.append((start, stop))
        self.chosen = {n: np.arange(sizes[n], dtype=np.int32)[::2] for n in VARIABLES}

    def plan(self, start, n_steps):
        here = [s - start for s in self.samples if 0 <= s - start < len(n_steps)]
        if not here:
            return None
        rows = np.repeat(here, len(self.steps))
        return ProbePlan(rows=rows, steps=np.tile(self.steps, len(here)), variables=self.chosen)

    def record(self, start, result):
        probed = result.probed
        if probed is not None:
            for k, (row, step) in enumerate(zip(probed.rows, probed.steps, strict=True)):
                values = {n: v[k] for n, v in probed.values.items()}
                self.seen.append((start + row, step, probed.repeats[k], values))


def watch(network, stimulus, weights, *, name, chunk_size=1000, samples=(0, 3, 7), steps=(7, 59)):
    watcher = Watcher(samples, steps)
    result = engine.run(
        network, stimulus, seed=1, state=weights, engine=name, chunk_size=chunk_size,
        recorder=watcher,
    )  # fmt: skip
    return watcher, result


@pytest.fixture(scope="module")
def watched(network, stimulus, weights):
    return {name: watch(network, stimulus, weights, name=name) for name in ENGINES}


@pytest.mark.parametrize("name", ENGINES)
def test_a_repeated_sample_is_seen_each_time(watched, name):
    watcher, result = watched[name]
    assert watcher.begun == [(0, 12)]
    assert len(result.repeats) > 12, "nothing was repeated"
    seen = [(sample, step, repeats) for sample, step, repeats, _ in watcher.seen]
    slots = np.cumsum(result.repeats == 0) - 1  # sample of every slot
    expected = [
        (sample, step, repeats)
        for sample, repeats in zip(slots, result.repeats, strict=True)
        if sample in (0, 3, 7)
        for step in (7, 59)
    ]
    assert seen == expected


@pytest.mark.parametrize("name", ENGINES)
def test_the_end_of_a_sample_is_where_a_shorter_run_ends(network, stimulus, weights, watched, name):
    watcher, _ = watched[name]
    last = {sample: values for sample, step, _, values in watcher.seen if step == 59}
    for sample, values in last.items():
        state = engine.run(
            network, stimulus, seed=1, state=weights, engine=name, stop=int(sample) + 1
        ).state
        for variable, found in values.items():
            np.testing.assert_array_equal(found, state[variable][::2], err_msg=variable)


def test_engines_see_the_same(watched):
    numpy, cpp = (watched[name][0].seen for name in ENGINES)
    traces = 0.0
    for (*where, values), (*there, others) in zip(numpy, cpp, strict=True):
        assert where == there
        for variable, found in values.items():
            np.testing.assert_allclose(found, others[variable], rtol=0, atol=1e-12)
        traces += values["input.r1"].sum()
    assert traces > 1, "no trace was seen within a presentation"


@pytest.mark.parametrize("name", ENGINES)
def test_chunks_do_not_matter_and_the_run_stays_the_same(network, stimulus, weights, watched, name):
    watcher, result = watched[name]
    small, other = watch(network, stimulus, weights, name=name, chunk_size=2)
    for (*where, values), (*there, others) in zip(watcher.seen, small.seen, strict=True):
        assert where == there
        for variable, found in values.items():
            np.testing.assert_array_equal(found, others[variable])
    plain = engine.run(network, stimulus, seed=1, state=weights, engine=name)
    for variable, values in plain.state.items():
        np.testing.assert_array_equal(result.state[variable], values)
        np.testing.assert_array_equal(other.state[variable], values)


def test_a_variable_that_is_not_there(network, stimulus, weights):
    class Mistaken(Watcher):
        def plan(self, start, n_steps):
            return ProbePlan(
                rows=np.array([0]), steps=np.array([1]), variables={"excitatory.o9": []}
            )

    with pytest.raises(ParameterError, match="recorder: the network has no excitatory.o9; it has"):
        engine.run(network, stimulus, seed=1, state=weights, engine="numpy",
                   recorder=Mistaken((), ()))  # fmt: skip
