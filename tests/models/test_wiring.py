"""Wirings: how many synapses, between whom, and what they refuse."""

import numpy as np
import pytest
from scipy import stats

from bioplastic.errors import ParameterError
from bioplastic.models import LIF, Normal, Population, RandomWiring, SpikeInput, TonotopicWiring
from bioplastic.models.wiring import DistanceWiring, FixedInDegree, regular_pairs, sorted_synapses

ALPHA = 1e-3

INPUT = Population(name="input", n=60, neuron=SpikeInput())
LIQUID = Population(name="liquid", n=150, neuron=LIF(), grid=(5, 6, 5))
SMALL = Population(name="small", n=3, neuron=LIF(), grid=(5, 6, 5), places=(0, 60, 149))


def connect(wiring, pre=LIQUID, post=LIQUID, *, seed=0):
    i, j = wiring.connect(pre, post, np.random.default_rng(seed))
    assert i.shape == j.shape
    assert ((i >= 0) & (i < pre.n)).all()
    assert ((j >= 0) & (j < post.n)).all()
    return i, j


def matrix(wiring, pre=LIQUID, post=LIQUID, *, seed=0):
    """How many synapses every pair has, of shape (n_pre, n_post)."""
    counts = np.zeros((pre.n, post.n), dtype=int)
    np.add.at(counts, connect(wiring, pre, post, seed=seed), 1)
    return counts


EVERY = [
    RandomWiring(p=0.3),
    FixedInDegree(n=11),
    DistanceWiring(c=0.9, length=2.0),
    TonotopicWiring(n=11, width=0.1),
]


@pytest.mark.parametrize("wiring", EVERY, ids=lambda w: type(w).__name__)
class TestEveryWiring:
    def test_the_seed_decides(self, wiring):
        np.testing.assert_array_equal(matrix(wiring, seed=5), matrix(wiring, seed=5))
        assert not np.array_equal(matrix(wiring, seed=5), matrix(wiring, seed=6))

    def test_no_neuron_hears_itself(self, wiring):
        assert not np.diag(matrix(wiring)).any()

    def test_of_two_populations_equal_numbers_are_nothing_special(self, wiring):
        other = Population(name="other", n=LIQUID.n, neuron=LIF(), grid=LIQUID.grid)
        assert np.diag(matrix(wiring, LIQUID, other)).any()


class TestRandomWiring:
    @pytest.mark.statistical
    @pytest.mark.parametrize("p", [0.003, 0.1, 0.5, 0.95])
    @pytest.mark.parametrize("post", [LIQUID, INPUT], ids=lambda p: p.name)
    def test_the_number_of_synapses_is_binomial(self, p, post):
        counts = matrix(RandomWiring(p=p), LIQUID, post)
        assert counts.max() == 1
        n_pairs = LIQUID.n * post.n - (LIQUID.n if post is LIQUID else 0)
        assert stats.binomtest(int(counts.sum()), n_pairs, p).pvalue > ALPHA
        # as many in every row and every column, but for chance
        for axis in (0, 1):
            sums = counts.sum(axis=axis)
            assert stats.chisquare(sums).pvalue > ALPHA or p > 0.5

    @pytest.mark.statistical
    def test_every_pair_is_connected_equally_often(self):
        pre = Population(name="pre", n=3, neuron=LIF())
        post = Population(name="post", n=4, neuron=LIF())
        rng = np.random.default_rng(1)
        found = np.zeros((3, 4))
        for _ in range(3000):
            i, j = RandomWiring(p=0.4).connect(pre, post, rng)
            found[i, j] += 1
        z = (found - 1200) / np.sqrt(3000 * 0.4 * 0.6)
        assert np.abs(z).max() < stats.norm.isf(ALPHA / 24)

    def test_nobody_and_everybody(self):
        assert not matrix(RandomWiring(p=0.0)).any()
        np.testing.assert_array_equal(matrix(RandomWiring(p=1.0)), 1 - np.eye(LIQUID.n, dtype=int))
        assert (matrix(RandomWiring(p=1.0), INPUT, LIQUID) == 1).all()

    @pytest.mark.parametrize("p", [1e-6, 1e-12, 1e-19, 5e-324])
    def test_a_probability_next_to_nothing_gives_next_to_nothing(self, p):
        for seed in range(20):
            assert len(connect(RandomWiring(p=p), INPUT, LIQUID, seed=seed)[0]) <= 1

    @pytest.mark.parametrize("p", [-0.1, 1.1, np.nan])
    def test_what_is_no_probability_is_refused(self, p):
        with pytest.raises(ParameterError, match=f"RandomWiring.p: must lie in 0..1, got {p}"):
            RandomWiring(p=p)


class TestFixedInDegree:
    @pytest.mark.parametrize("n", [0, 1, 11, 149])
    def test_all_hear_equally_many_different_ones(self, n):
        counts = matrix(FixedInDegree(n=n))
        assert (counts.sum(axis=0) == n).all()
        assert counts.max() <= 1

    @pytest.mark.statistical
    def test_all_are_heard_equally_often(self):
        heard = matrix(FixedInDegree(n=20)).sum(axis=1)
        assert stats.chisquare(heard).pvalue > ALPHA

    def test_one_population_can_hear_all_of_another(self):
        assert (matrix(FixedInDegree(n=60), INPUT, LIQUID) == 1).all()

    def test_more_than_there_are_is_refused(self):
        with pytest.raises(ParameterError, match="n: must be at most 149.*'liquid'.*got 150"):
            connect(FixedInDegree(n=150))
        with pytest.raises(ParameterError, match="must be at most 60.*'input'.*'liquid'.*got 61"):
            connect(FixedInDegree(n=61), INPUT)
        with pytest.raises(ParameterError, match="FixedInDegree.n: must be >= 0, got -1"):
            FixedInDegree(n=-1)


class TestDistanceWiring:
    @pytest.mark.statistical
    @pytest.mark.parametrize(("c", "length"), [(0.9, 1.0), (0.6, 2.0), (1.0, 4.0)])
    def test_the_probability_falls_with_the_distance(self, c, length):
        places = LIQUID.positions()
        squared = ((places[:, None] - places[None]) ** 2).sum(axis=2)
        counts = sum(matrix(DistanceWiring(c=c, length=length), seed=seed) for seed in range(10))
        expected = 10 * c * np.exp(-squared / length**2)
        apart = ~np.eye(LIQUID.n, dtype=bool)
        tests = []
        for d in np.unique(squared[apart]):
            at = apart & (squared == d)
            if expected[at].sum() > 5:
                n_pairs = int(10 * at.sum())
                p = c * np.exp(-d / length**2)
                tests.append(stats.binomtest(int(counts[at].sum()), n_pairs, p).pvalue)
        assert len(tests) >= 4
        assert min(tests) > ALPHA / len(tests)

    def test_two_populations_share_a_grid(self):
        # whoever stands at the same place is at distance 0
        counts = matrix(DistanceWiring(c=1.0, length=1e-3), SMALL, LIQUID)
        np.testing.assert_array_equal(np.argwhere(counts), [[0, 0], [1, 60], [2, 149]])

    def test_positions_are_those_of_the_grid(self):
        np.testing.assert_array_equal(SMALL.positions(), [[0, 0, 0], [2, 0, 0], [4, 5, 4]])
        np.testing.assert_array_equal(LIQUID.positions()[:7:3], [[0, 0, 0], [0, 0, 3], [0, 1, 1]])

    def test_a_population_without_grid_is_refused(self):
        with pytest.raises(ParameterError, match="Population.grid: 'input' has none"):
            connect(DistanceWiring(c=0.3, length=2.0), INPUT, LIQUID)

    def test_grids_of_different_dimensions_are_refused(self):
        flat = Population(name="flat", n=4, neuron=LIF(), grid=(2, 2))
        with pytest.raises(ParameterError, match="grid.*as many axes.*'flat'.*'liquid'"):
            connect(DistanceWiring(c=0.3, length=2.0), flat, LIQUID)
        line = Population(name="line", n=4, neuron=LIF(), grid=(4,))  # would be broadcast
        with pytest.raises(ParameterError, match="got \\(4,\\) and \\(5, 6, 5\\)"):
            connect(DistanceWiring(c=0.3, length=2.0), line, LIQUID)

    @pytest.mark.parametrize(("c", "length"), [(1.1, 1.0), (-0.1, 1.0), (0.5, 0.0), (np.nan, 1.0)])
    def test_what_cannot_be_is_refused(self, c, length):
        with pytest.raises(ParameterError, match=f"0 <= c <= 1 and length > 0, got {c} and"):
            DistanceWiring(c=c, length=length)


class TestTonotopicWiring:
    COCHLEA = Population(name="cochlea", n=700, neuron=SpikeInput())

    def places(self, wiring, **kwargs):
        i, j = connect(wiring, self.COCHLEA, LIQUID, **kwargs)
        return (i + 0.5) / 700, (j + 0.5) / LIQUID.n

    def test_neurons_away_from_the_ends_have_as_many_inputs(self):
        _, j = connect(TonotopicWiring(n=7, width=0.02), self.COCHLEA, LIQUID)
        found = np.bincount(j, minlength=LIQUID.n)
        assert (found[20:-20] == 7).all()
        assert found.max() == 7

    @pytest.mark.statistical
    def test_places_beyond_the_ends_have_none(self):
        n, width = 400, 0.2
        _, j = connect(TonotopicWiring(n=n, width=width), self.COCHLEA, LIQUID)
        middle = (np.arange(LIQUID.n) + 0.5) / LIQUID.n
        inside = stats.norm(middle, width).cdf(1.0) - stats.norm(middle, width).cdf(0.0)
        expected = n * inside
        z = (np.bincount(j, minlength=LIQUID.n) - expected) / np.sqrt(expected * (1.001 - inside))
        assert expected[0] < 0.55 * n
        assert np.abs(z).max() < stats.norm.isf(ALPHA / LIQUID.n)

    @pytest.mark.statistical
    @pytest.mark.parametrize("offset", [-0.1, 0.0, 0.2])
    def test_they_lie_normally_around_the_neurons_own_place(self, offset):
        width = 0.03
        pre, post = self.places(TonotopicWiring(n=40, width=width, offset=offset))
        inner = np.abs(post + offset - 0.5) < 0.5 - 5 * width  # where none lies beyond the ends
        assert inner.sum() > 2000
        # a channel stands for all places within it
        blurred = pre[inner] + np.random.default_rng(0).uniform(-1, 1, inner.sum()) / 1400
        z = (blurred - post[inner] - offset) / width
        assert stats.kstest(z, stats.norm.cdf).pvalue > ALPHA

    @pytest.mark.statistical
    def test_an_offset_can_be_drawn_for_each_neuron(self):
        offset = Normal(mean=0.1, sd=0.1)
        pre, post = self.places(TonotopicWiring(n=40, width=1e-3, offset=offset))
        middle = post > 0.4
        middle &= post < 0.5
        shifts = [np.median((pre - post)[post == k]) for k in np.unique(post[middle])]
        assert len(shifts) == 15
        assert stats.kstest(shifts, stats.norm(0.1, 0.1).cdf).pvalue > ALPHA
        for k in np.unique(post[middle]):  # one offset for all synapses of a neuron
            assert np.ptp((pre - post)[post == k]) < 0.02

    def test_an_offset_beyond_the_end_hears_nothing(self):
        i, j = connect(TonotopicWiring(n=5, width=0.01, offset=0.5), self.COCHLEA, LIQUID)
        assert j.max() < 80
        assert i.min() > 300

    def test_a_width_that_reaches_no_other_neuron_gives_no_synapse_to_oneself(self):
        assert len(connect(TonotopicWiring(n=3, width=1e-9), LIQUID, LIQUID)[0]) == 0

    @pytest.mark.parametrize(
        "changes",
        [{"n": -1}, {"width": 0.0}, {"width": np.nan}, {"offset": 1.0}, {"offset": -1.5}],
        ids=str,
    )
    def test_what_cannot_be_is_refused(self, changes):
        with pytest.raises(ParameterError, match="TonotopicWiring: must have n >= 0, width > 0"):
            TonotopicWiring(**{"n": 3, "width": 0.1} | changes)


class TestOrder:
    def test_regular_pairs_come_row_by_row(self):
        i, j = regular_pairs("all_to_all", 2, 3)
        np.testing.assert_array_equal((i, j), [[0, 0, 0, 1, 1, 1], [0, 1, 2, 0, 1, 2]])
        i, j = regular_pairs("all_but_one", 3, 3)
        np.testing.assert_array_equal((i, j), [[0, 0, 1, 1, 2, 2], [1, 2, 0, 2, 0, 1]])
        i, j = regular_pairs("one_to_one", 3, 3)
        np.testing.assert_array_equal((i, j), [[0, 1, 2], [0, 1, 2]])

    def test_synapses_are_ordered_by_neuron_delay_and_target(self):
        rng = np.random.default_rng(0)
        synapses = {
            "i": rng.integers(0, 4, 300).astype(float),
            "j": rng.integers(0, 4, 300).astype(float),
            "delay": rng.integers(0, 3, 300) * 1e-3,
            "w": rng.random(300),
        }
        found = sorted_synapses(synapses)
        wanted = sorted(zip(*(synapses[k] for k in ("i", "delay", "j")), range(300), strict=True))
        order = [row[-1] for row in wanted]  # equal ones stay as they came
        for name, values in synapses.items():
            np.testing.assert_array_equal(found[name], values[order])

    def test_what_is_in_order_stays_as_it_is(self):
        synapses = {
            "i": np.array([0.0, 0.0, 0.0, 1.0]),
            "delay": np.array([0.0, 0.0, 2.0, 1.0]),
            "j": np.array([3.0, 4.0, 1.0, 0.0]),
        }
        found = sorted_synapses(synapses)
        assert all(found[name] is values for name, values in synapses.items())
