"""Random numbers that follow from a counter: known answers, their law, the same everywhere."""

import numpy as np
import pytest
from brian2 import ms
from scipy import stats

from bioplastic import engine
from bioplastic.engine.functions import RowTable, philox_uniform
from bioplastic.models import Network, NeuronModel, PoissonInput, Population, Schedule

ALPHA = 1e-3


class TestKnownAnswers:
    """Vectors of the authors' own distribution, Random123 (kat_vectors, philox4x32-10)."""

    @pytest.mark.parametrize(
        ("counter", "key", "word_0", "word_1"),
        [
            ((0, 0, 0, 0), (0, 0), 0x6627E8D5, 0xE169C58D),
            ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, 0x408F276D, 0x41C83B0E),
            (
                (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
                (0xA4093822, 0x299F31D0),
                0xD16CFE09,
                0x94FDCCEB,
            ),
        ],
    )
    def test_the_first_52_bits(self, counter, key, word_0, word_1):
        neuron, draw, low, high = counter
        sample = np.uint64(high << 32 | low).astype(np.int64)
        expected = (((word_0 << 32 | word_1) >> 12) + 0.5) / 2.0**52
        assert philox_uniform(sample, 0, neuron, draw, key=key) == expected

    def test_a_repetition_is_the_top_byte_of_the_counter(self):
        key = (17, 4)
        direct = philox_uniform(5 + (3 << 56), 0, 2, 9, key=key)
        assert philox_uniform(5, 3, 2, 9, key=key) == direct

    def test_the_ends_of_the_interval_are_left_out(self):
        # what the smallest and the largest 52 bits become
        assert (0 + 0.5) / 2.0**52 > 0.0
        assert (2.0**52 - 1 + 0.5) * (1.0 / 2.0**52) < 1.0


def counters(n, moving):
    """Arguments of `philox_uniform` where one of them counts and the others stay."""
    arguments = {"sample": 12345, "repeat": 1, "neuron": 7, "draw": 3}
    arguments[moving] = np.arange(n)
    return arguments


@pytest.mark.statistical
class TestLaw:
    @pytest.mark.parametrize("moving", ["sample", "neuron", "draw"])
    def test_numbers_are_uniform(self, moving):
        numbers = philox_uniform(**counters(50_000, moving), key=(2026, 1))
        assert stats.kstest(numbers, "uniform").pvalue > ALPHA
        # also in their low bits, which a comparison of whole numbers does not see
        low = (numbers * 2.0**44) % 1.0
        assert stats.kstest(low, "uniform").pvalue > ALPHA

    @pytest.mark.parametrize("moving", ["sample", "repeat", "neuron", "draw"])
    def test_neighbours_know_nothing_of_each_other(self, moving):
        if moving == "repeat":  # of which there are 256: for many neurons
            arguments = {"sample": 5, "repeat": np.arange(256)[:, None], "draw": 3}
            numbers = philox_uniform(**arguments, neuron=np.arange(200), key=(2026, 1))
            pairs = numbers[:-1].ravel(), numbers[1:].ravel()
        else:
            numbers = philox_uniform(**counters(50_000, moving), key=(2026, 1))
            pairs = numbers[:-1], numbers[1:]
        correlation = stats.pearsonr(*pairs)
        assert correlation.pvalue > ALPHA
        # and no dependence of another kind: pairs fill the square evenly
        table, _, _ = np.histogram2d(*pairs, bins=10, range=[[0, 1], [0, 1]])
        assert stats.chisquare(table.ravel()).pvalue > ALPHA

    def test_neighbouring_seeds_know_nothing_of_each_other(self):
        one, other = (philox_uniform(**counters(50_000, "sample"), key=(k, 1)) for k in (8, 9))
        assert stats.pearsonr(one, other).pvalue > ALPHA

    def test_no_number_comes_twice(self):
        grid = np.meshgrid(np.arange(20), np.arange(5), np.arange(50), np.arange(20))
        numbers = philox_uniform(*grid, key=(0, 0)).ravel()
        assert len(np.unique(numbers)) == numbers.size


#: Keeps a number of the function that generated code calls.
PROBE = NeuronModel(
    equations="u : 1\nsample : 1\nrepeat : 1\ndraw : 1",
    at_slot_start="u = uniform(sample, repeat, i, draw)",
)


def test_numpy_and_cpp_give_identical_numbers():
    n = 400
    network = Network(
        populations=(
            Population(name="input", n=2, neuron=PoissonInput()),
            Population(name="probe", n=n, neuron=PROBE),
        ),
        watch="input",
        schedule=Schedule(presentation=1 * ms, rest=0 * ms, dt=1 * ms, min_spikes=0),
    )
    rng = np.random.default_rng(4)
    arguments = {
        "sample": rng.integers(0, 2**53, n).astype(float),
        "repeat": rng.integers(0, 256, n).astype(float),
        "draw": rng.integers(0, 2**31, n).astype(float),
    }
    arguments["sample"][:3] = 0, 2**53 - 1, 2**32
    words = np.random.SeedSequence(99).generate_state(2)
    expected = philox_uniform(**arguments, neuron=np.arange(n), key=words)
    for name in ("numpy", "cpp_standalone"):
        result = engine.run(
            network,
            engine.RateStimulus(values=np.zeros((1, 2))),
            seed=np.random.SeedSequence(99),
            state={f"probe.{k}": v for k, v in arguments.items()},
            engine=name,
        )
        np.testing.assert_array_equal(result.state["probe.u"], expected, err_msg=name)


class TestRowTable:
    def test_it_looks_up_rows_and_columns_and_sees_changes(self):
        values = np.arange(12.0).reshape(4, 3)
        table = RowTable("table", values)
        np.testing.assert_array_equal(table.pyfunc(2.0, np.array([0, 2])), [6.0, 8.0])
        values[2, 0] = -1.0
        np.testing.assert_array_equal(table.pyfunc(2.0, np.array([0, 2])), [-1.0, 8.0])

    def test_one_column_needs_no_index(self):
        table = RowTable("table", np.array([5.0, 7.0]))
        assert table.pyfunc(1.0) == 7.0
