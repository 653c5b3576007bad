"""Spike trains as vectors: against brute force, against elephant, and what must always hold."""

import numpy as np
import pytest
from brian2 import ms, mV, second
from hypothesis import given, settings
from hypothesis import strategies as st

from bioplastic import SpikeTrains
from bioplastic.algebra import (
    evaluate,
    gram_matrix,
    inner_product,
    norm,
    van_rossum_distance,
)
from bioplastic.algebra.arguments import groups
from bioplastic.algebra.gram import _gram
from bioplastic.algebra.projection import project
from bioplastic.errors import BioplasticError, DataError, ParameterError

N_UNITS, DURATION = 3, 0.5
TAU = 30 * ms

# Times on a coarse grid now and then: simultaneous spikes must turn up.
moments = st.one_of(st.floats(0, DURATION), st.sampled_from([0.0, 0.1, 0.3, DURATION]))
samples = st.lists(
    st.lists(st.tuples(moments, st.integers(0, N_UNITS - 1)), max_size=9), max_size=5
)
pairs = st.lists(
    st.tuples(*[st.lists(st.tuples(moments, st.integers(0, N_UNITS - 1)), max_size=9)] * 2),
    max_size=5,
)
taus = st.sampled_from([1e-9, 1e-3, 0.03, 0.2, 5.0, 1e9, np.inf])
property_test = settings(max_examples=50, deadline=None)


def trains(rows, *, n_units=N_UNITS, duration=DURATION):
    rows = [sorted(row) for row in rows]
    flat = [event for row in rows for event in row]
    return SpikeTrains(
        [t for t, _ in flat], [k for _, k in flat], np.cumsum([0, *map(len, rows)]),
        n_units=n_units, duration=duration,
    )  # fmt: skip


def poisson(sizes, n_units, *, duration=1.0, seed=0):
    """Random trains with so many spikes in each sample."""
    rng = np.random.default_rng(seed)
    times = [np.sort(rng.uniform(0, duration, size)) for size in sizes]
    offsets = np.cumsum([0, *sizes])
    return SpikeTrains(
        np.concatenate([[], *times]), rng.integers(0, n_units, offsets[-1]), offsets,
        n_units=n_units, duration=duration,
    )  # fmt: skip


def unpack(x):
    """Times of every unit of every sample."""
    return [[one.times[one.units == unit] for unit in range(x.n_units)] for one in x]


def product(a, b, tau):
    return np.exp(-np.abs(np.subtract.outer(a, b)) / tau).sum()


def brute_gram(u, v, tau):
    total = np.zeros((u.n_units, v.n_units))
    for one, other in zip(unpack(u), unpack(v), strict=True):
        total += [[product(a, b, tau) for b in other] for a in one]
    return total


def close(found, expected):
    # exp(-700) is as good as 0.
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-290)


class TestInnerProduct:
    @property_test
    @given(pairs, taus)
    def test_it_is_the_double_sum(self, rows, tau):
        u, v = trains([a for a, _ in rows]), trains([b for _, b in rows])
        expected = [
            [product(a, b, tau) for a, b in zip(one, other, strict=True)]
            for one, other in zip(unpack(u), unpack(v), strict=True)
        ]
        found = inner_product(u, v, tau=tau * second)
        close(found, np.reshape(expected, u.shape))
        close(inner_product(v, u, tau=tau * second), found)

    @property_test
    @given(pairs, taus)
    def test_one_unit_meets_all(self, rows, tau):
        u = trains([a for a, _ in rows])
        v = trains([[(t, 0) for t, _ in b] for _, b in rows], n_units=1)
        expected = [
            [product(a, other[0], tau) for a in one]
            for one, other in zip(unpack(u), unpack(v), strict=True)
        ]
        expected = np.reshape(expected, u.shape)
        close(inner_product(u, v, tau=tau * second), expected)
        close(inner_product(v, u, tau=tau * second), expected)

    def test_it_is_the_integral_of_the_filtered_trains(self):
        u, v, step = poisson([20], 1), poisson([20], 1, seed=1), 1e-5
        grid = np.arange(0, 2, step)
        a, b = (evaluate(x, grid * second, tau=TAU, causal=True)[0, 0] for x in (u, v))
        integral = 2 / 0.03 * step * (a @ b)
        assert inner_product(u, v, tau=TAU)[0, 0] == pytest.approx(integral, rel=2e-3)

    @property_test
    @given(pairs, taus)
    def test_cauchy_and_schwarz(self, rows, tau):
        u, v = trains([a for a, _ in rows]), trains([b for _, b in rows])
        bound = norm(u, tau=tau * second) * norm(v, tau=tau * second)
        assert (inner_product(u, v, tau=tau * second) <= bound * (1 + 1e-12)).all()

    def test_many_spikes_in_many_parts(self, monkeypatch):
        u, v = poisson([50, 3, 0, 200], 4), poisson([0, 80, 5, 100], 4, seed=1)
        whole = inner_product(u, v, tau=TAU)
        monkeypatch.setattr("bioplastic.algebra.vectors._SPIKES", 1)
        np.testing.assert_array_equal(inner_product(u, v, tau=TAU), whole)


class TestNorm:
    @property_test
    @given(samples, taus)
    def test_it_is_the_root_of_the_product_with_itself(self, rows, tau):
        u = trains(rows)
        expected = np.sqrt([[product(a, a, tau) for a in one] for one in unpack(u)])
        close(norm(u, tau=tau * second), expected.reshape(u.shape))

    def test_one_spike_has_the_norm_1_and_none_0(self):
        u = trains([[(0.2, 1)], []])
        np.testing.assert_array_equal(norm(u, tau=TAU), [[0, 1, 0], [0, 0, 0]])


class TestVanRossumDistance:
    @property_test
    @given(pairs, taus)
    def test_it_is_the_norm_of_the_difference(self, rows, tau):
        u, v = trains([a for a, _ in rows]), trains([b for _, b in rows])
        squares = [
            [
                product(a, a, tau) + product(b, b, tau) - 2 * product(a, b, tau)
                for a, b in zip(one, other, strict=True)
            ]
            for one, other in zip(unpack(u), unpack(v), strict=True)
        ]
        found = van_rossum_distance(u, v, tau=tau * second)
        np.testing.assert_allclose(found**2, np.reshape(squares, u.shape), rtol=1e-11, atol=1e-12)
        np.testing.assert_allclose(van_rossum_distance(v, u, tau=tau * second), found, rtol=1e-12)

    @property_test
    @given(samples, taus)
    def test_equal_trains_are_exactly_equal(self, rows, tau):
        u = trains(rows)
        assert not van_rossum_distance(u, u, tau=tau * second).any()

    @property_test
    @given(pairs, samples, taus)
    def test_the_way_round_is_not_shorter(self, rows, others, tau):
        n = min(len(rows), len(others))
        u, v = trains([a for a, _ in rows[:n]]), trains([b for _, b in rows[:n]])
        w, tau = trains(others[:n]), tau * second
        around = van_rossum_distance(u, w, tau=tau) + van_rossum_distance(w, v, tau=tau)
        assert (van_rossum_distance(u, v, tau=tau) <= around * (1 + 1e-12)).all()

    def test_small_shifts_are_as_precise_as_large_ones(self):
        shifts = np.array([1e-14, 1e-9, 1e-4, 0.3])
        u, v = (trains([[(float(t), 0)] for t in 0.125 + x]) for x in (0 * shifts, shifts))
        moved = v.times - u.times
        expected = np.sqrt(-2 * np.expm1(-moved / 0.03))
        np.testing.assert_allclose(van_rossum_distance(u, v, tau=TAU)[:, 0], expected, rtol=1e-12)

    def test_one_missing_spike_is_1(self):
        u, v = trains([[(0.1, 0), (0.2, 0)]]), trains([[(0.1, 0)]])
        assert van_rossum_distance(u, v, tau=TAU)[0, 0] == 1

    def test_one_unit_meets_all(self):
        u, v = poisson([30, 20], 3), poisson([10, 0], 1, seed=1)
        found = van_rossum_distance(u, v, tau=TAU)
        alone = [
            SpikeTrains(
                x.times[x.units == unit], 0 * x.units[x.units == unit],
                [0, (x.units == unit).sum()], n_units=1, duration=1.0,
            )
            for x in u for unit in range(3)
        ]  # fmt: skip
        expected = van_rossum_distance(
            SpikeTrains.concatenate(alone), v[np.repeat([0, 1], 3)], tau=TAU
        )
        np.testing.assert_allclose(found.ravel(), expected[:, 0], rtol=1e-12)

    @pytest.mark.parametrize("tau", [0.001, 0.03, 2.0, np.inf])
    def test_elephant_has_the_same_scale(self, tau):
        elephant = pytest.importorskip("elephant.spike_train_dissimilarity")
        neo, pq = pytest.importorskip("neo"), pytest.importorskip("quantities")
        u = poisson([60], 4)
        theirs = elephant.van_rossum_distance(
            [neo.SpikeTrain(t, units="s", t_stop=1.0) for t in unpack(u)[0]], tau * pq.s
        )
        for unit in range(4):
            times = unpack(u)[0][unit]
            one = SpikeTrains(times, 0 * times, [0, len(times)], n_units=1, duration=1.0)
            found = van_rossum_distance(u, one, tau=tau * second)[0]
            np.testing.assert_allclose(found, theirs[unit], rtol=1e-9, atol=1e-6)
        silent = [neo.SpikeTrain([], units="s", t_stop=1.0)]
        norms = [
            elephant.van_rossum_distance(
                [neo.SpikeTrain(t, units="s", t_stop=1.0), *silent], tau * pq.s
            )[0, 1]
            for t in unpack(u)[0]
        ]
        np.testing.assert_allclose(norm(u, tau=tau * second)[0], norms, rtol=1e-9)


class TestGramMatrix:
    @property_test
    @given(samples, taus, st.integers(1, 5))
    def test_it_is_the_double_sum_whatever_the_blocks(self, rows, tau, block):
        u = trains(rows)
        found = gram_matrix(u, tau=tau * second)
        close(found, brute_gram(u, u, tau))
        np.testing.assert_array_equal(found, found.T)
        close(_gram(u, None, tau, block=block), found)
        assert np.linalg.eigvalsh(found).min() >= -1e-12 * max(1.0, found.max())

    @property_test
    @given(pairs, taus, st.integers(1, 5))
    def test_two_sets_of_trains(self, rows, tau, block):
        u = trains([a for a, _ in rows])
        v = trains([[(t, 0 if k == 1 else k) for t, k in b] for _, b in rows], n_units=4)
        found = gram_matrix(u, v, tau=tau * second)
        close(found, brute_gram(u, v, tau))
        close(gram_matrix(v, u, tau=tau * second), found.T)
        close(_gram(u, v, tau, block=block), found)
        close(gram_matrix(u, u, tau=tau * second), gram_matrix(u, tau=tau * second))

    @pytest.mark.parametrize("tau", [1e-4, 0.03, 10.0, np.inf])
    @pytest.mark.parametrize("cells", [1, 3000, 1 << 19])
    def test_more_spikes_than_a_block_more_blocks_than_a_batch(self, tau, cells, monkeypatch):
        # `cells` cuts the samples into batches, and a sample into runs of blocks.
        monkeypatch.setattr("bioplastic.algebra.gram._CELLS", cells)
        u = poisson([300, 0, 17, 16, 120, 1, 33], 7)
        v = poisson([10, 5, 0, 200, 1, 90, 30], 5, seed=1)
        close(gram_matrix(u, tau=tau * second), brute_gram(u, u, tau))
        close(gram_matrix(u, v, tau=tau * second), brute_gram(u, v, tau))

    def test_long_blocks_of_many_units(self):
        u = poisson([400, 500], 300)
        close(gram_matrix(u, tau=TAU), brute_gram(u, u, 0.03))

    def test_long_samples_neither_overflow_nor_get_stuck(self):
        u = poisson([5000], 2, duration=1000.0)
        with np.errstate(over="raise", invalid="raise", divide="raise"):
            close(gram_matrix(u, tau=1 * ms), brute_gram(u, u, 1e-3))

    def test_samples_add_up(self):
        u, v = poisson([40, 30], 3), poisson([0, 90, 20], 3, seed=1)
        both = gram_matrix(SpikeTrains.concatenate([u, v]), tau=TAU)
        close(both, gram_matrix(u, tau=TAU) + gram_matrix(v, tau=TAU))
        diagonal = np.diag(gram_matrix(u, tau=TAU))
        close((norm(u, tau=TAU) ** 2).sum(axis=0), diagonal)
        close(inner_product(u, u, tau=TAU).sum(axis=0), diagonal)

    def test_a_common_shift_of_time_changes_nothing(self):
        u = poisson([100, 200], 3)
        # 2**-10 s: sums of times are exact, so that nothing but the shift differs.
        times = np.round(u.times * 1024) / 1024
        made = [
            SpikeTrains(times + by, u.units, u.offsets, n_units=3, duration=20.0)
            for by in (0.0, 16.0)
        ]
        close(gram_matrix(made[1], tau=TAU), gram_matrix(made[0], tau=TAU))

    def test_units_may_change_places(self):
        u = poisson([100, 200], 5)
        order = np.array([3, 0, 4, 1, 2])
        moved = SpikeTrains(u.times, order[u.units], u.offsets, n_units=5, duration=1.0)
        close(gram_matrix(moved, tau=TAU)[np.ix_(order, order)], gram_matrix(u, tau=TAU))

    def test_infinite_tau_multiplies_counts(self):
        u = poisson([100, 200], 5)
        counts = u.counts()
        np.testing.assert_array_equal(gram_matrix(u, tau=np.inf * second), counts.T @ counts)
        np.testing.assert_allclose(gram_matrix(u, tau=1e9 * second), counts.T @ counts, rtol=1e-8)

    @pytest.mark.parametrize("tau", [1e-12, 1e-300])
    def test_tau_near_0_counts_coincidences(self, tau):
        u = trains([[(0.1, 0), (0.1, 1), (0.1, 1), (0.2, 2)], [(0.1, 0), (0.2, 2), (0.2, 0)]])
        expected = [[3, 2, 1], [2, 4, 0], [1, 0, 2]]
        np.testing.assert_array_equal(gram_matrix(u, tau=tau * second), expected)


class TestProject:
    def test_it_is_least_squares_on_finely_sampled_traces(self):
        y, onto, step = poisson([30, 20], 2), poisson([80, 60], 6, seed=1), 2e-5
        grid = np.arange(0, 1.5, step) * second
        a, b = (
            np.concatenate(evaluate(x, grid, tau=TAU, causal=True), axis=1).T for x in (onto, y)
        )
        expected, squares, *_ = np.linalg.lstsq(a, b)
        found = project(y, onto, tau=TAU)
        np.testing.assert_allclose(found.coefficients, expected, atol=2e-3)
        np.testing.assert_allclose(found.residual, squares * step * 2 / 0.03, rtol=2e-3)
        np.testing.assert_allclose(found.power, (b**2).sum(axis=0) * step * 2 / 0.03, rtol=2e-3)

    def test_it_is_least_squares_on_the_root_of_the_gram_matrix(self):
        y, onto = poisson([30, 20], 2), poisson([80, 60], 6, seed=1)
        merged = np.block(
            [
                [gram_matrix(onto, tau=TAU), gram_matrix(onto, y, tau=TAU)],
                [gram_matrix(y, onto, tau=TAU), gram_matrix(y, tau=TAU)],
            ]
        )
        # Columns of the root have the trains' inner products.
        root = np.linalg.cholesky(merged).T
        expected, squares, *_ = np.linalg.lstsq(root[:, :6], root[:, 6:])
        found = project(y, onto, tau=TAU)
        np.testing.assert_allclose(found.coefficients, expected, rtol=1e-9)
        np.testing.assert_allclose(found.residual, squares, rtol=1e-9)
        # Pythagoras: what is explained and what is left.
        w = found.coefficients
        explained = np.diag(w.T @ gram_matrix(onto, tau=TAU) @ w)
        np.testing.assert_allclose(explained + found.residual, found.power, rtol=1e-12)

    @property_test
    @given(pairs, taus)
    def test_residuals_lie_between_0_and_the_power(self, rows, tau):
        y, onto = trains([a for a, _ in rows]), trains([b for _, b in rows])
        found = project(y, onto, tau=tau * second)
        assert np.isfinite(found.coefficients).all()
        assert (found.residual >= 0).all()
        assert (found.residual <= found.power * (1 + 1e-12)).all()

    def test_units_that_depend_on_each_other(self):
        onto = trains([[(0.1, 0), (0.1, 1)], [(0.3, 0), (0.3, 1)]])
        y = trains([[(0.1, 0)], [(0.3, 0)]], n_units=1)
        found = project(y, onto, tau=TAU)
        np.testing.assert_allclose(found.coefficients, [[0.5], [0.5], [0]], atol=1e-12)
        np.testing.assert_allclose(found.residual, [0], atol=1e-12)
        np.testing.assert_allclose(found.power, [2])

    def test_nothing_to_project_onto(self):
        y = trains([[(0.1, 0)]])
        found = project(y, trains([[]]), tau=TAU)
        np.testing.assert_array_equal(found.coefficients, np.zeros((3, 3)))
        np.testing.assert_array_equal(found.residual, found.power)

    def test_ridge(self):
        y, onto = poisson([30], 2), poisson([80], 6, seed=1)
        gram, cross = gram_matrix(onto, tau=TAU), gram_matrix(onto, y, tau=TAU)
        expected = np.linalg.solve(gram + 3.0 * np.eye(6), cross)
        found = project(y, onto, tau=TAU, ridge=3.0)
        np.testing.assert_allclose(found.coefficients, expected, rtol=1e-9)
        left = np.diag(
            gram_matrix(y, tau=TAU) - 2 * expected.T @ cross + expected.T @ gram @ expected
        )
        np.testing.assert_allclose(found.residual, left, rtol=1e-9)
        assert (found.residual > project(y, onto, tau=TAU).residual).all()


class TestEvaluate:
    @property_test
    @given(samples, taus, st.lists(st.one_of(moments, st.floats(-1, 2)), max_size=4))
    def test_it_is_the_sum_over_spikes(self, rows, tau, times):
        u, at = trains(rows), np.array(times)
        for causal in (False, True):
            expected = np.zeros((*u.shape, len(at)))
            for k, one in enumerate(unpack(u)):
                for unit, spikes in enumerate(one):
                    gaps = np.subtract.outer(at, spikes)
                    kept = (gaps >= 0) | (not causal)
                    expected[k, unit] = (np.exp(-np.abs(gaps) / tau) * kept).sum(axis=1)
            close(evaluate(u, at * second, tau=tau * second, causal=causal), expected)

    def test_it_is_the_product_with_one_spike(self):
        u = poisson([40, 0, 9], 3)
        probe = SpikeTrains([0.4] * 3, [0] * 3, [0, 1, 2, 3], n_units=1, duration=1.0)
        found = evaluate(u, [0.4] * second, tau=TAU)[:, :, 0]
        close(found, inner_product(u, probe, tau=TAU))

    def test_times_of_each_sample_and_in_any_order(self, monkeypatch):
        u = poisson([40, 0, 9], 3)
        at = np.array([[0.5, 0.1], [0.2, 0.3], [0.9, -0.2]])
        found = evaluate(u, at * second, tau=TAU)
        for k in range(3):
            close(found[k], evaluate(u[k], at[k] * second, tau=TAU)[0])
        monkeypatch.setattr("bioplastic.algebra.evaluation._CELLS", 1)
        np.testing.assert_array_equal(evaluate(u, at * second, tau=TAU), found)


class TestLimits:
    @pytest.mark.parametrize("n_samples", [0, 2])
    def test_nothing_at_all(self, n_samples):
        u = trains([[]] * n_samples)
        assert inner_product(u, u, tau=TAU).shape == (n_samples, 3)
        assert not norm(u, tau=TAU).any()
        assert not van_rossum_distance(u, u, tau=TAU).any()
        np.testing.assert_array_equal(gram_matrix(u, tau=TAU), np.zeros((3, 3)))
        np.testing.assert_array_equal(gram_matrix(u, u, tau=TAU), np.zeros((3, 3)))
        assert evaluate(u, [0.1, 0.2] * second, tau=TAU).shape == (n_samples, 3, 2)
        np.testing.assert_array_equal(project(u, u, tau=TAU).power, np.zeros(3))

    def test_groups_stay_within_bounds(self):
        costs = np.array([1, 1, 5, 1, 1, 1, 1, 1])
        parts = [list(range(8))[part] for part in groups(costs, 4)]
        assert parts == [[0, 1], [2], [3, 4, 5, 6], [7]]


U = trains([[(0.1, 0)], []])


class TestErrors:
    calls = pytest.mark.parametrize(
        ("name", "call"),
        [
            ("inner_product", lambda tau: inner_product(U, U, tau=tau)),
            ("norm", lambda tau: norm(U, tau=tau)),
            ("van_rossum_distance", lambda tau: van_rossum_distance(U, U, tau=tau)),
            ("gram_matrix", lambda tau: gram_matrix(U, tau=tau)),
            ("evaluate", lambda tau: evaluate(U, [1] * ms, tau=tau)),
            ("project", lambda tau: project(U, U, tau=tau)),
        ],
    )

    @calls
    @pytest.mark.parametrize(
        "tau", [0 * ms, -1 * ms, 3 * mV, 0.03, None, "slow", [1, 2] * ms, np.nan * second]
    )
    def test_tau(self, name, call, tau):
        with pytest.raises(ParameterError, match=f"{name}.tau: must be one time > 0 s, got"):
            call(tau)

    @pytest.mark.parametrize(
        ("call", "message"),
        [
            (lambda: norm([0.1], tau=TAU), "norm.u: must be SpikeTrains, got list"),
            (lambda: gram_matrix(U, 3, tau=TAU), "gram_matrix.v: must be SpikeTrains, got int"),
            (lambda: gram_matrix(U, U[:1], tau=TAU), "gram_matrix.v: must have as many samples"),
            (lambda: inner_product(U, U[:1], tau=TAU), "inner_product.v: must have as many"),
            (
                lambda: van_rossum_distance(U, trains([[], []], n_units=2), tau=TAU),
                "van_rossum_distance.v: must have as many units as u, which has 3, or one unit",
            ),
            (lambda: project(U, U[:1], tau=TAU), "project.onto: must have as many samples as y"),
            (lambda: evaluate(None, [1] * ms, tau=TAU), "evaluate.u: must be SpikeTrains"),
        ],
    )
    def test_trains(self, call, message):
        with pytest.raises(DataError, match=message):
            call()

    @pytest.mark.parametrize(
        ("times", "message"),
        [
            ([0.1], "must be times with a unit, got [0.1]; give e.g. [10, 20] * ms"),
            ([1] * mV, "must be times with a unit"),
            (3 * ms, "must have the shape (n_times,) or (2, n_times), got ()"),
            (np.ones((3, 1)) * ms, "got (3, 1)"),
            ([np.inf] * second, "must be finite"),
        ],
    )
    def test_times(self, times, message):
        with pytest.raises(ParameterError) as caught:
            evaluate(U, times, tau=TAU)
        assert "evaluate.times: " in str(caught.value)
        assert message in str(caught.value)

    @pytest.mark.parametrize("ridge", [-1, np.nan, np.inf, "1", True, None])
    def test_ridge(self, ridge):
        with pytest.raises(ParameterError, match="project.ridge: must be a number at least 0"):
            project(U, U, tau=TAU, ridge=ridge)

    def test_they_are_caught_as_ours(self):
        with pytest.raises(BioplasticError):
            norm(U, tau=0 * ms)
