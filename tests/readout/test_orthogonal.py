"""Forward orthogonal regression: against least squares by NumPy, and what must always hold."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bioplastic.readout.orthogonal import forward_orthogonal_regression

property_test = settings(max_examples=60, deadline=None)


def regression(X, Y, *, n_terms=None, **given):
    """Run it on regressors of shape (n_samples, n_candidates, size)."""
    flat = X.reshape(len(X), -1)
    by_term = X.transpose(1, 2, 0)
    return forward_orthogonal_regression(
        lambda j: X[:, j].T @ flat,
        by_term @ by_term.transpose(0, 2, 1),
        np.tensordot(X, Y, axes=(0, 0)),
        float((Y**2).sum()),
        n_terms=X.shape[1] if n_terms is None else n_terms,
        **given,
    )


def solved(X, Y, terms, ridge=0.0):
    """Weights of the terms by lstsq, and the share of the power that they leave (penalised)."""
    chosen = X[:, terms].reshape(len(X), -1)
    n = chosen.shape[1]
    above = np.vstack([chosen, np.sqrt(ridge) * np.eye(n)])
    wanted = np.vstack([Y, np.zeros((n, Y.shape[1]))])
    # lstsq takes columns for 0 that are small beside others.
    norms = np.linalg.norm(above, axis=0)
    above /= np.where(norms, norms, 1)
    weights = np.linalg.lstsq(above, wanted, rcond=1e-9)[0]
    left = ((wanted - above @ weights) ** 2).sum() / (Y**2).sum()
    weights /= np.where(norms, norms, 1)[:, np.newaxis]
    return weights.reshape(len(terms), X.shape[2], Y.shape[1]), left


@st.composite
def problems(draw, *, defects=True):
    """Random regressors and targets; with `defects`, some repeat, vanish or dwarf others."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n_candidates, size = draw(st.integers(1, 7)), draw(st.integers(1, 4))
    X = rng.standard_normal((draw(st.integers(3, 40)), n_candidates, size))
    Y = rng.standard_normal((len(X), draw(st.integers(1, 4))))
    for kind in draw(st.lists(st.sampled_from("zds+"), max_size=3)) if defects else ():
        j, k = rng.integers(n_candidates, size=2)
        if kind == "z":
            X[:, j] = 0
        elif kind == "d":
            X[:, j] = X[:, k]
        elif kind == "+":  # inside a group and across groups
            X[:, j, 0] = X[:, k].sum(axis=1)
        else:
            X[:, j] *= 10.0 ** rng.integers(-60, 60)
    return X, Y


class TestProperties:
    @property_test
    @given(problems(), st.sampled_from([0.0, 1e-3, 1.0, 30.0]))
    def test_error_reduction_ratio_and_residual(self, problem, ridge):
        X, Y = problem
        found = regression(X, Y, ridge=ridge)
        ratios = found.error_reduction_ratio
        assert (ratios > 0).all()
        assert ratios.sum() <= 1 + 1e-12
        assert len(set(found.selected.tolist())) == len(found.selected) == len(ratios)
        for n, left in enumerate(1 - np.cumsum(ratios), start=1):
            assert left == pytest.approx(solved(X, Y, found.selected[:n], ridge)[1], abs=1e-8)

    @property_test
    @given(problems(), st.sampled_from([0.0, 1.0]))
    def test_each_choice_is_the_best_of_all(self, problem, ridge):
        X, Y = problem
        found = regression(X, Y, ridge=ridge)
        for n in range(len(found.selected)):
            chosen = list(found.selected[:n])
            others = [j for j in range(X.shape[1]) if j not in chosen]
            left = {j: solved(X, Y, [*chosen, j], ridge)[1] for j in others}
            assert left[found.selected[n]] == pytest.approx(min(left.values()), abs=1e-8)

    @property_test
    @given(problems())
    def test_all_together_fit_what_least_squares_fits(self, problem):
        X, Y = problem
        found = regression(X, Y)
        assert 1 - found.error_reduction_ratio.sum() == pytest.approx(
            solved(X, Y, range(X.shape[1]))[1], abs=1e-8
        )

    @property_test
    @given(problems(defects=False), st.sampled_from([0.0, 0.1, 30.0]))
    def test_weights_of_the_first_terms(self, problem, ridge):
        X, Y = problem
        found = regression(X, Y, ridge=ridge)
        for n in range(len(found.selected) + 1):
            chosen = X[:, found.selected[:n]].reshape(len(X), -1)
            assume(n * X.shape[2] <= len(X) and (not n or np.linalg.cond(chosen) < 1e3))
            expected = solved(X, Y, found.selected[:n], ridge)[0]
            np.testing.assert_allclose(found.weights(n), expected, rtol=1e-7, atol=1e-9)
        np.testing.assert_array_equal(found.weights(), found.weights(len(found.selected)))

    @property_test
    @given(problems(defects=False), st.randoms(use_true_random=False))
    def test_the_order_of_candidates_is_nothing(self, problem, random):
        X, Y = problem
        order = list(range(X.shape[1]))
        random.shuffle(order)
        # With as many regressors as samples everything is explained, and ties remain.
        n = min(len(order), (len(X) - 1) // X.shape[2])
        found, shuffled = regression(X, Y, n_terms=n), regression(X[:, order], Y, n_terms=n)
        np.testing.assert_array_equal(np.array(order)[shuffled.selected], found.selected)
        np.testing.assert_allclose(shuffled.weights(), found.weights(), rtol=1e-6, atol=1e-9)

    @property_test
    @given(problems(defects=False), st.floats(-100, 100), st.floats(-100, 100))
    def test_scale_is_nothing(self, problem, of_x, of_y):
        X, Y = problem
        found, scaled = regression(X, Y), regression(X * 10**of_x, Y * 10**of_y)
        n = min(X.shape[1], (len(X) - 1) // X.shape[2])
        np.testing.assert_array_equal(scaled.selected[:n], found.selected[:n])
        np.testing.assert_allclose(
            scaled.error_reduction_ratio[:n], found.error_reduction_ratio[:n], atol=1e-10
        )


class TestDirections:
    def test_the_basis_is_orthonormal(self):
        rng = np.random.default_rng(0)
        X, Y = rng.standard_normal((50, 6, 3)), rng.standard_normal((50, 2))
        X[:, 2, 1] = X[:, 2, 0]  # a term of two directions
        found = regression(X, Y)
        q = X[:, found.selected].reshape(50, -1) @ found.basis.T
        np.testing.assert_allclose(q.T @ q, np.eye(17), atol=1e-12)
        np.testing.assert_allclose(found.coefficients, q.T @ Y, atol=1e-12)
        steps = np.diff(found.directions, prepend=0)
        assert dict(zip(found.selected.tolist(), steps.tolist(), strict=True)) == {
            0: 3, 1: 3, 2: 2, 3: 3, 4: 3, 5: 3,
        }  # fmt: skip

    def test_what_is_nearly_spanned_explains_no_more_than_is_left(self):
        rng = np.random.default_rng(1)
        for distance in 10.0 ** -np.arange(1, 9):
            x, e = rng.standard_normal((2, 60))
            found = regression(np.stack([x, x + distance * e], axis=1)[..., np.newaxis], e[:, None])
            assert found.error_reduction_ratio.sum() <= 1
            if distance > 1e-4:
                assert found.error_reduction_ratio.sum() == pytest.approx(1, abs=1e-6)
            if distance < 1e-6:
                assert len(found.selected) == 1


class TestWhatIsFound:
    def test_planted_terms_come_first(self):
        rng = np.random.default_rng(2)
        X = rng.standard_normal((400, 60, 2))
        Y = 3 * X[:, 17, :1] + 2 * X[:, 41, 1:] - X[:, 5, :1] + 0.1 * rng.standard_normal((400, 1))
        found = regression(X, Y, n_terms=10)
        assert found.selected[:3].tolist() == [17, 41, 5]
        assert found.error_reduction_ratio[3] < 0.01 * found.error_reduction_ratio[2]

    def test_targets_share_the_choice(self):
        rng = np.random.default_rng(3)
        X = rng.standard_normal((300, 20, 1))
        Y = np.stack([2 * X[:, 3, 0], X[:, 8, 0]], axis=1)
        found = regression(X, Y, tol=1e-9)
        assert found.selected.tolist() == [3, 8]
        np.testing.assert_allclose(found.weights()[:, 0], [[2, 0], [0, 1]], atol=1e-10)

    @pytest.mark.parametrize("n_terms", [1, 3, 8, 100])
    def test_n_terms(self, n_terms):
        rng = np.random.default_rng(4)
        X, Y = rng.standard_normal((40, 8, 2)), rng.standard_normal((40, 3))
        found = regression(X, Y, n_terms=n_terms)
        assert len(found.selected) == min(n_terms, 8)
        assert found.weights().shape == (min(n_terms, 8), 2, 3)

    def test_tol(self):
        rng = np.random.default_rng(5)
        X, Y = rng.standard_normal((40, 8, 1)), rng.standard_normal((40, 1))
        left = 1 - np.cumsum(regression(X, Y).error_reduction_ratio)
        for n in range(1, 8):
            assert len(regression(X, Y, tol=left[n - 1] + 1e-9).selected) == n

    def test_a_copy_is_not_chosen(self):
        rng = np.random.default_rng(6)
        X, Y = rng.standard_normal((40, 4, 2)), rng.standard_normal((40, 1))
        X[:, 3] = X[:, 0] @ np.array([[1.0, 2.0], [3.0, -1.0]])  # another base of the same plane
        assert len(regression(X, Y).selected) == 3

    @pytest.mark.parametrize("size", [1, 3])
    @pytest.mark.parametrize("ridge", [0.0, 1.0])
    @pytest.mark.parametrize("case", ["silent", "no target", "orthogonal"])
    def test_nothing_to_explain(self, case, ridge, size):
        X, Y = np.zeros((10, 4, size)), np.zeros((10, 2))
        if case != "silent":
            X[:5] = np.random.default_rng(7).standard_normal((5, 4, size))
        if case != "no target":
            Y[5:] = 1
        found = regression(X, Y, ridge=ridge)
        assert found.selected.shape == found.error_reduction_ratio.shape == (0,)
        assert found.weights().size == found.weights(0).size == 0
        assert found.coefficients.shape == (0, 2)

    def test_terms_that_do_not_spike_are_passed_over(self):
        rng = np.random.default_rng(8)
        X, Y = rng.standard_normal((40, 5, 2)), rng.standard_normal((40, 1))
        X[:, [0, 3]] = 0
        X[:, 1, 0] = 0  # silent at one reference only
        assert sorted(regression(X, Y).selected.tolist()) == [1, 2, 4]
        assert sorted(regression(X, Y, ridge=1.0).selected.tolist()) == [1, 2, 4]

    def test_rows_may_be_kept_by_the_caller(self):
        rng = np.random.default_rng(9)
        X, Y = rng.standard_normal((20, 4)), rng.standard_normal((20, 1))
        gram = X.T @ X
        before = gram.copy()
        forward_orthogonal_regression(
            lambda j: gram[j : j + 1], np.diag(gram)[:, None, None], (X.T @ Y)[:, np.newaxis],
            float((Y**2).sum()), n_terms=4, ridge=2.0,
        )  # fmt: skip
        np.testing.assert_array_equal(gram, before)
