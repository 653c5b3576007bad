"""SpikeTimeRegressor: exact products, planted atoms, least squares, neurons that fire, errors."""

import itertools
import pickle

import numpy as np
import pytest
from brian2 import Hz, ms, second
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.metrics import r2_score
from sklearn.model_selection import GridSearchCV, LeaveOneGroupOut, LeaveOneOut, cross_val_score
from sklearn.utils import estimator_checks

from bioplastic import SpikeTrains, algebra
from bioplastic.algebra.projection import project
from bioplastic.errors import DataError, ParameterError
from bioplastic.readout import SpikeTimeRegressor
from bioplastic.readout._atoms import Atoms
from bioplastic.readout._firing import fire
from bioplastic.readout._signals import ACROSS, KERNELS, inner_products, overlap, sampled

N_UNITS, DURATION, TAU = 3, 0.1, 0.006
LAGS = np.array([-0.004, 0.0, 0.003, 0.0105])
events = st.tuples(st.floats(0, DURATION), st.integers(0, N_UNITS - 1))
samples_of_events = st.lists(st.lists(events, max_size=8), min_size=1, max_size=4)
kernels = pytest.mark.parametrize("kernel", KERNELS)


def from_samples(samples, *, n_units=N_UNITS, duration=DURATION):
    samples = [sorted(sample, key=lambda event: event[0]) for sample in samples]
    flat = [event for sample in samples for event in sample]
    offsets = np.concatenate([[0], np.cumsum([len(sample) for sample in samples])])
    return SpikeTrains(
        [time for time, _ in flat], [unit for _, unit in flat], offsets,
        n_units=n_units, duration=duration,
    )  # fmt: skip


def poisson(n_samples, n_units, *, rate=40.0, duration=0.5, seed=0):
    rng = np.random.default_rng(seed)
    samples = [
        [
            (float(t), unit)
            for unit in range(n_units)
            for t in rng.uniform(0, duration, rng.poisson(rate * duration))
        ]
        for _ in range(n_samples)
    ]
    return from_samples(samples, n_units=n_units, duration=duration)


def shifted(trains, by):
    return SpikeTrains(
        trains.times + by, trains.units, trains.offsets,
        n_units=trains.n_units, duration=trains.duration + by,
    )  # fmt: skip


def shape_of(kernel, x):
    """Kernel at the time x, in units of tau."""
    if kernel == "two_sided":
        return np.exp(-abs(x))
    past = np.where(x >= 0, x, 0.0)
    return np.where(x >= 0, past * np.exp(1 - past) if kernel == "alpha" else np.exp(-past), 0.0)


def design(trains, lags, kernel, tau, dt, steps):
    """Atoms at the steps of all samples, stacked: (n_samples * steps, n_units * n_lags)."""
    t = np.arange(steps) * dt
    return np.concatenate([
        np.stack([
            shape_of(kernel, (t[:, None] - x.times[x.units == unit] - lag) / tau).sum(axis=1)
            for unit in range(trains.n_units) for lag in lags
        ], axis=1)
        for x in trains
    ])  # fmt: skip


@pytest.fixture(scope="module")
def planted():
    """Signals that are two atoms of four neurons, and what they are."""
    trains = poisson(4, 4)
    lags = np.array([-10, -5, 0, 5, 10]) * 1e-3
    atoms = design(trains, lags, "two_sided", 4e-3, 0.5e-3, 1000)
    weights = np.zeros(20)
    weights[2 * 5 + 3], weights[1 * 5 + 0] = 2.0, -1.0
    return trains, lags * second, (atoms @ weights + 7.0).reshape(4, 1000)


class TestProducts:
    @given(samples_of_events)
    @settings(max_examples=40, deadline=None)
    def test_of_atoms_are_the_sums_over_all_pairs(self, samples):
        trains = from_samples(samples)
        for smooth in (False, True):
            atoms = Atoms(trains=trains, lags=LAGS, tau=TAU, smooth=smooth)
            gram = np.stack([atoms.row(j) for j in range(N_UNITS * len(LAGS))])
            wanted = np.zeros((N_UNITS, len(LAGS), N_UNITS, len(LAGS)))
            for x in trains:
                later = x.times[:, None] + LAGS
                gap = abs(later[:, :, None, None] - later) / TAU
                pairs = np.exp(-gap) * (1 + gap if smooth else 1.0)
                for a, i in enumerate(x.units):
                    for b, j in enumerate(x.units):
                        wanted[i, :, j] += pairs[a, :, b]
            np.testing.assert_allclose(gram, wanted.reshape(gram.shape), rtol=1e-10, atol=1e-13)
            norms = np.repeat(atoms.squared_norms(), len(LAGS))
            np.testing.assert_allclose(norms, np.diag(gram), rtol=1e-12)

    def test_of_plain_atoms_are_the_gram_matrix_of_the_algebra(self):
        trains = poisson(3, 5)
        atoms = Atoms(trains=trains, lags=np.zeros(1), tau=0.02, smooth=False)
        found = np.stack([atoms.row(j) for j in range(5)])
        np.testing.assert_allclose(found, algebra.gram_matrix(trains, tau=20 * ms), rtol=1e-11)
        other = poisson(3, 2, seed=1)
        crossed = algebra.gram_matrix(trains, other, tau=20 * ms)
        np.testing.assert_allclose(atoms.products(other), crossed, rtol=1e-11)

    @kernels
    def test_of_atoms_are_integrals_of_finely_sampled_kernels(self, kernel):
        trains = from_samples([[(0.02, 0), (0.031, 1), (0.035, 0), (0.05, 2)], [(0.04, 1)]])
        step, before = 2e-6, 0.1
        atoms = Atoms(trains=trains, lags=LAGS, tau=TAU, smooth=kernel != "exponential")
        row = ACROSS[kernel] * TAU * atoms.row(1)
        # Times from -0.1 s to 0.2 s: the kernels are over at both ends.
        fine = design(shifted(trains, before), LAGS, kernel, TAU, step, round(0.3 / step))
        tolerance = 1e-3 if kernel == "exponential" else 1e-6
        np.testing.assert_allclose(row, step * fine[:, 1] @ fine, rtol=tolerance, atol=1e-9)

    @kernels
    @given(st.floats(-0.05, 0.15).map(lambda lag: round(lag, 9)), st.integers(0, 2**32 - 1))
    @settings(max_examples=25, deadline=None)
    def test_of_atoms_and_signals_are_exact_integrals(self, kernel, lag, seed):
        dt, y = 0.004, np.random.default_rng(seed).standard_normal((12, 2))
        trains = SpikeTrains([0.0], [0], [0, 1], n_units=1, duration=0.05)
        found = inner_products([y], trains, np.array([lag]), dt=dt, tau=TAU, kernel=kernel)
        nodes = np.arange(-1, 13) * dt
        values = np.concatenate([np.zeros((1, 2)), y, np.zeros((1, 2))])
        for output in (0, 1):
            edges = sorted({*nodes, *([lag] if nodes[0] < lag < nodes[-1] else [])})
            wanted = sum(
                quad(
                    lambda t, o=output: (
                        np.interp(t, nodes, values[:, o]) * float(shape_of(kernel, (t - lag) / TAU))
                    ),
                    a, b, epsabs=1e-15, epsrel=1e-12,
                )[0]
                for a, b in itertools.pairwise(edges)
                if kernel == "two_sided" or a >= lag
            )  # fmt: skip
            assert found[0, output] == pytest.approx(wanted, rel=1e-8, abs=1e-13)

    def test_add_up_over_samples_spikes_and_units(self):
        rng = np.random.default_rng(0)
        trains, dt = poisson(3, 2, duration=0.05), 1e-3
        signals = list(rng.standard_normal((3, 50, 1)))
        whole = inner_products(signals, trains, LAGS, dt=dt, tau=TAU, kernel="alpha")
        parts = np.zeros((2, len(LAGS)))
        for x, y in zip(trains, signals, strict=True):
            for time, unit in zip(x.times, x.units, strict=True):
                one = SpikeTrains([time], [0], [0, 1], n_units=1, duration=0.05)
                own = inner_products([y], one, LAGS, dt=dt, tau=TAU, kernel="alpha")
                parts[unit] += own[:, 0]
        np.testing.assert_allclose(whole[:, 0], parts.ravel(), rtol=1e-10, atol=1e-14)

    def test_of_signals_are_integrals_of_lines(self):
        y = np.array([[1.0], [3.0], [-2.0]])
        t = np.linspace(-1, 3, 400_001)
        line = np.interp(t, np.arange(-1, 4), [0, 1, 3, -2, 0])
        assert overlap([y], 0.5)[0, 0] == pytest.approx(0.5 * (line**2).mean() * 4, rel=1e-5)

    @kernels
    def test_sampled_atoms_are_their_kernels(self, kernel):
        # On a step, between steps, before the begin and behind the end.
        times = np.array([0.0, 0.003, 0.0105, 0.0105, 0.02, -0.007, 0.053, 0.2])
        weights = np.arange(1.0, 9.0)
        found = sampled(
            times, np.zeros(8, int), weights, (50, 1), dt=1e-3, tau=TAU, kernel=kernel
        )  # fmt: skip
        # Whether a spike on a step counts there must not hang on rounding.
        gaps = np.round(np.arange(50)[:, None] * 1e-3 - times, 12)
        wanted = shape_of(kernel, gaps / TAU) @ weights
        np.testing.assert_allclose(found[:, 0], wanted, rtol=1e-11, atol=1e-13)


class TestChoice:
    def test_planted_atoms_are_found_first(self, planted):
        trains, lags, signals = planted
        regressor = SpikeTimeRegressor(tau=4 * ms, lags=lags, dt=0.5 * ms, max_atoms=4, alpha=0)
        regressor.set_params(tol=1e-2).fit(trains, signals)
        assert regressor.selected_[:2].tolist() == [2, 1]
        np.testing.assert_allclose(regressor.selected_lags_[:2], [5e-3, -10e-3])
        assert regressor.weights_[2, 3, 0] == pytest.approx(2.0, rel=0.02)
        assert regressor.intercept_[0] == pytest.approx(7.0, abs=0.1)
        assert regressor.score(trains, signals) > 0.99

    @pytest.mark.parametrize("alpha", [0.0, 0.05])
    def test_shares_are_shares_and_what_is_left_falls(self, planted, alpha):
        trains, lags, _ = planted
        noise = np.random.default_rng(1).standard_normal((4, 1000, 2))
        regressor = SpikeTimeRegressor(
            tau=4 * ms, lags=lags, dt=0.5 * ms, max_atoms=20, tol=0.0, alpha=alpha
        ).fit(trains, noise)
        ratio = regressor.error_reduction_ratio_
        assert regressor.n_atoms_ == len(ratio) == 20
        assert ((ratio >= 0) & (ratio <= 1)).all()
        assert ratio.sum() <= 1
        assert (np.diff(regressor.residual_) <= 0).all()
        assert len({*zip(regressor.selected_, regressor.selected_lags_, strict=True)}) == 20

    @kernels
    def test_all_atoms_are_least_squares(self, kernel):
        dt, lags = 0.1e-3, np.array([0.0, 0.004])
        trains = poisson(2, 3, duration=0.4)
        y = np.random.default_rng(2).standard_normal((2, 40))
        # A signal without much between its values, and 0 at both ends, where atoms reach beyond.
        fine = np.stack([np.interp(np.arange(4000) / 100, np.arange(40), one) for one in y])
        fine *= np.sin(np.pi * np.arange(4000) / 4000)
        regressor = SpikeTimeRegressor(
            tau=6 * ms, kernel=kernel, lags=lags * second, dt=dt * second,
            max_atoms=1.0, tol=0.0, alpha=0.0,
        ).fit(trains, fine)  # fmt: skip
        wide = shifted(trains, 0.1)
        atoms = design(wide, lags, kernel, 6e-3, dt, 6000)
        ones, target = (np.pad(z, ((0, 0), (1000, 1000))) for z in (np.ones((2, 4000)), fine))
        columns = np.column_stack([atoms, ones.ravel()])
        wanted = np.linalg.lstsq(columns, target.ravel())[0]
        found = [*regressor.weights_.ravel(), *regressor.intercept_]
        np.testing.assert_allclose(found, wanted, atol=0.05 if kernel == "exponential" else 2e-4)

    def test_neither_the_order_of_neurons_nor_a_common_shift_matters(self, planted):
        trains, lags, signals = planted
        options = {"tau": 4 * ms, "lags": lags, "dt": 0.5 * ms, "max_atoms": 6, "tol": 0.0}
        target = signals - 7.0 + np.random.default_rng(0).standard_normal(signals.shape)
        one = SpikeTimeRegressor(**options).fit(trains, target)
        order = np.array([3, 0, 1, 2])
        turned = SpikeTrains(
            trains.times, order[trains.units], trains.offsets, n_units=4, duration=trains.duration
        )
        other = SpikeTimeRegressor(**options).fit(turned, target)
        np.testing.assert_array_equal(order[one.selected_], other.selected_)
        np.testing.assert_allclose(one.predict(trains), other.predict(turned), atol=1e-10)
        # A train and its target, both later.
        copy = SpikeTrains(
            trains.times, trains.units // 2, trains.offsets, n_units=2, duration=trains.duration
        )
        options = {"kernel": "exponential", "lags": [0, 5] * ms, "max_atoms": 5}
        now = SpikeTimeRegressor(**options).fit(trains, copy)
        later = SpikeTimeRegressor(**options).fit(shifted(trains, 0.25), shifted(copy, 0.25))
        np.testing.assert_array_equal(now.selected_, later.selected_)
        np.testing.assert_allclose(now.weights_, later.weights_, atol=1e-9)

    def test_it_stops_by_tolerance_number_and_share(self, planted):
        trains, lags, signals = planted
        options = {"tau": 4 * ms, "lags": lags, "dt": 0.5 * ms, "alpha": 0.0}
        few = SpikeTimeRegressor(**options, tol=0.5).fit(trains, signals)
        assert few.n_atoms_ == 1
        assert SpikeTimeRegressor(**options, tol=0.0).fit(trains, signals).n_atoms_ == 5
        least = SpikeTimeRegressor(**options, max_atoms=0.001).fit(trains, signals)
        assert least.n_atoms_ == 1

    def test_validation_leaves_out_what_does_not_generalise(self, planted):
        trains, lags, signals = planted
        noisy = signals + 0.5 * np.random.default_rng(0).standard_normal(signals.shape)
        regressor = SpikeTimeRegressor(
            tau=4 * ms, lags=lags, dt=0.5 * ms, max_atoms=12, tol=0.0, validation=LeaveOneOut()
        ).fit(trains, noisy)
        assert len(regressor.validation_scores_) == 12
        assert regressor.n_atoms_ == np.argmax(regressor.validation_scores_) + 1 < 12
        regressor.set_params(validation=LeaveOneGroupOut()).fit(trains, noisy, groups=[0, 0, 1, 1])
        assert regressor.n_atoms_ >= 2

    def test_stages_end_in_the_prediction(self, planted):
        trains, lags, signals = planted
        regressor = SpikeTimeRegressor(tau=4 * ms, lags=lags, dt=0.5 * ms, tol=0.0)
        regressor.fit(trains, signals)
        stages = list(regressor.staged_predict(trains))
        assert len(stages) == regressor.n_atoms_ == 5
        np.testing.assert_allclose(stages[-1], regressor.predict(trains), atol=1e-12)
        scores = [r2_score(signals.ravel(), stage.ravel()) for stage in stages]
        assert scores[0] < scores[1]
        assert scores[-1] == pytest.approx(regressor.score(trains, signals))

    def test_silent_neurons_leave_the_mean(self):
        silent = SpikeTrains([], [], [0, 0, 0], n_units=2, duration=0.01)
        regressor = SpikeTimeRegressor(dt=1 * ms, validation=2)
        regressor.fit(silent, np.full((2, 10), 3.0))
        assert regressor.n_atoms_ == 0
        np.testing.assert_allclose(regressor.predict(silent), 3.0)


class TestShapes:
    def test_signals_of_differing_lengths_and_several_outputs(self):
        trains = SpikeTrains(
            [0.01, 0.02, 0.015], [0, 1, 1], [0, 2, 3], n_units=2, duration=[0.03, 0.05]
        )
        rng = np.random.default_rng(0)
        for extra in ((), (1,), (3,)):
            signals = [rng.standard_normal((n, *extra)) for n in (30, 50)]
            regressor = SpikeTimeRegressor(dt=1 * ms, max_atoms=2).fit(trains, signals)
            found = regressor.predict(trains)
            assert [y.shape for y in found] == [(30, *extra), (50, *extra)]
            assert regressor.predict(trains[:1]).shape == (1, 30, *extra)
            assert regressor.weights_.shape == (2, 1, extra[0] if extra else 1)
            assert regressor.score(trains, signals) <= 1

    def test_outputs_share_their_atoms_and_nothing_else(self, planted):
        trains, lags, signals = planted
        options = {"tau": 4 * ms, "lags": lags, "dt": 0.5 * ms, "max_atoms": 20, "tol": 0.0}
        both = np.stack([signals, signals[::-1]], axis=-1)
        joint = SpikeTimeRegressor(**options).fit(trains, both).predict(trains)
        for k in (0, 1):
            alone = SpikeTimeRegressor(**options).fit(trains, both[..., k]).predict(trains)
            np.testing.assert_allclose(joint[..., k], alone, atol=1e-8)


class TestSpikeTrainsAsTargets:
    @given(st.integers(0, 3), st.sampled_from([0.0, 2e-3, 5e-3]), st.integers(0, 99))
    @settings(max_examples=25, deadline=None)
    def test_a_delayed_copy_is_reproduced_spike_by_spike(self, unit, delay, seed):
        trains = poisson(3, 4, seed=seed)
        keep = (trains.units == unit) & (trains.times + delay <= 0.5)
        offsets = np.concatenate([[0], np.cumsum(keep)])[trains.offsets]
        copy = SpikeTrains(
            trains.times[keep] + delay, np.zeros(keep.sum()), offsets, n_units=1, duration=0.5
        )
        regressor = SpikeTimeRegressor(kernel="exponential", lags=[0, 2, 5] * ms, max_atoms=1)
        regressor.fit(trains, copy)
        assert regressor.selected_.tolist() == [unit]
        assert regressor.selected_lags_[0] == pytest.approx(delay)
        assert regressor.predict(trains) == copy
        assert regressor.score(trains, copy) == pytest.approx(1.0)

    def test_all_atoms_are_the_projection_of_the_algebra(self):
        trains, target = poisson(3, 4), poisson(3, 2, seed=1)
        regressor = SpikeTimeRegressor(
            tau=8 * ms, kernel="exponential", max_atoms=4, tol=0.0, alpha=0.0
        ).fit(trains, target)
        found = project(target, trains, tau=8 * ms)
        np.testing.assert_allclose(regressor.weights_[:, 0], found.coefficients, atol=1e-9)
        left = found.residual.sum() / found.power.sum()
        assert regressor.residual_[-1] == pytest.approx(left)
        assert (regressor.intercept_ == 0).all()

    def test_each_output_fires_by_itself(self):
        trains = poisson(3, 4)
        regressor = SpikeTimeRegressor(kernel="exponential", max_atoms=4, alpha=0.0, validation=3)
        regressor.fit(trains, trains[:][:])
        found = regressor.predict(trains)
        assert found == trains
        assert list(regressor.staged_predict(trains))[-1] == trains
        assert regressor.n_atoms_ == 4

    @given(samples_of_events, st.integers(0, 99))
    @settings(max_examples=30, deadline=None)
    def test_the_neuron_keeps_its_membrane_below_threshold(self, samples, seed):
        trains = from_samples(samples)
        lags, tau = np.array([0.0, 0.004]), 0.01
        weights = np.random.default_rng(seed).normal(0, 0.8, (N_UNITS, 2, 1))
        spikes = fire(trains, lags, weights, tau)
        for x, out in zip(trains, spikes, strict=True):
            arrivals = (x.times[:, None] + lags).ravel()
            drive = weights[x.units, :, 0].ravel()
            drive, arrivals = drive[arrivals <= DURATION], arrivals[arrivals <= DURATION]
            moments = np.unique(arrivals)

            def membrane(t, before, drive=drive, arrivals=arrivals, out=out):
                """Just after the inputs of t, with the output's spikes before it, or with all."""
                fed = drive[arrivals <= t] @ np.exp((arrivals[arrivals <= t] - t) / tau)
                own = out.times[out.times < t] if before else out.times[out.times <= t]
                return fed - np.exp((own - t) / tau).sum()

            assert set(out.times) <= set(moments)
            for t in moments:
                assert membrane(t, before=False) < 0.5 + 1e-6
                assert (membrane(t, before=True) >= 0.5 - 1e-6) or t not in out.times

    def test_strong_inputs_make_several_spikes(self):
        trains = SpikeTrains([0.01, 0.02], [0, 1], [0, 2], n_units=2, duration=0.1)
        found = fire(trains, np.zeros(1), np.array([[[2.6]], [[-3.0]]]), 0.01)
        np.testing.assert_array_equal(found.times, [0.01, 0.01, 0.01])

    def test_a_silent_target(self):
        trains = poisson(2, 2)
        silent = SpikeTrains([], [], [0, 0, 0], n_units=1, duration=0.5)
        regressor = SpikeTimeRegressor(kernel="exponential").fit(trains, silent)
        assert len(regressor.predict(trains).times) == 0
        assert regressor.score(trains, silent) == 1.0


class TestContract:
    # scikit-learn's common checks call fit with arrays and skip what takes none, so those that
    # need no data are called one by one.
    @pytest.mark.parametrize(
        "check",
        [
            "check_parameters_default_constructible", "check_no_attributes_set_in_init",
            "check_get_params_invariance", "check_set_params", "check_estimator_repr",
            "check_estimator_cloneable", "check_valid_tag_types", "check_mixin_order",
            "check_do_not_raise_errors_in_init_or_set_params",
        ],
    )  # fmt: skip
    def test_common_checks(self, check):
        getattr(estimator_checks, check)("SpikeTimeRegressor", SpikeTimeRegressor())

    def test_fit_changes_no_parameter_and_returns_self(self, planted):
        trains, lags, signals = planted
        regressor = SpikeTimeRegressor(tau=4 * ms, lags=lags, dt=0.5 * ms)
        before = regressor.get_params()
        assert regressor.fit(trains, signals) is regressor
        assert all(regressor.get_params()[name] is value for name, value in before.items())
        copy = pickle.loads(pickle.dumps(regressor))
        np.testing.assert_array_equal(copy.predict(trains), regressor.predict(trains))
        assert not hasattr(clone(regressor), "weights_")

    def test_the_search_over_tau_finds_the_planted_one(self, planted):
        trains, lags, signals = planted
        regressor = SpikeTimeRegressor(lags=lags, dt=0.5 * ms, max_atoms=2)
        search = GridSearchCV(regressor, {"tau": [1 * ms, 4 * ms, 16 * ms]}, cv=2)
        assert search.fit(trains, signals).best_params_["tau"] == 4 * ms
        assert cross_val_score(regressor, trains, list(signals), cv=2).min() > 0.9

    def test_so_it_does_for_spike_trains(self):
        trains = poisson(4, 3)
        regressor = SpikeTimeRegressor(kernel="exponential", max_atoms=1)
        target = SpikeTrains(
            trains.times[trains.units == 2], np.zeros((trains.units == 2).sum()),
            np.concatenate([[0], np.cumsum(trains.units == 2)])[trains.offsets],
            n_units=1, duration=0.5,
        )  # fmt: skip
        search = GridSearchCV(regressor, {"tau": [1 * ms, 5 * ms]}, cv=2).fit(trains, target)
        assert search.best_score_ == pytest.approx(1.0)

    def test_before_fit(self):
        with pytest.raises(NotFittedError):
            SpikeTimeRegressor().predict(poisson(1, 1))


class TestErrors:
    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"tau": 5 * Hz}, "SpikeTimeRegressor.tau: must have the unit of 5"),
            ({"tau": np.inf * second}, "SpikeTimeRegressor.tau: must be one finite value > 0"),
            ({"kernel": "gauss"}, "SpikeTimeRegressor.kernel: must be one of 'two_sided', 'alpha'"),
            ({"lags": [0, 5]}, "SpikeTimeRegressor.lags: must be finite times with a unit"),
            ({"lags": [] * ms}, "SpikeTimeRegressor.lags: must be finite times with a unit"),
            ({"lags": [0, 5, 0] * ms}, "SpikeTimeRegressor.lags: must all be different"),
            ({"dt": None}, "SpikeTimeRegressor.dt: must be the sampling step of the signals in y"),
            ({"dt": 0 * ms}, "SpikeTimeRegressor.dt: must be one finite value > 0"),
            ({"max_atoms": 0}, "SpikeTimeRegressor.max_atoms: must be a whole number at least 1"),
            (
                {"max_atoms": 1.5},
                "SpikeTimeRegressor.max_atoms: must be a share above 0",
            ),
            (
                {"max_atoms": 0.0},
                "SpikeTimeRegressor.max_atoms: must be a share above 0",
            ),
            ({"validation": 1}, "SpikeTimeRegressor.validation: must be a number of folds from 2"),
            ({"tol": -1.0}, "SpikeTimeRegressor.tol: must be a number from 0 to 1, got -1.0"),
            ({"alpha": -1.0}, "SpikeTimeRegressor.alpha: must be a number at least 0, got -1.0"),
        ],
    )
    def test_parameters(self, changes, message):
        regressor = SpikeTimeRegressor(**({"dt": 1 * ms} | changes))
        with pytest.raises(ParameterError, match=message):
            regressor.fit(poisson(2, 2, duration=0.02), np.zeros((2, 20)))

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"kernel": "two_sided"}, "kernel: must be 'exponential' where y is SpikeTrains"),
            ({"lags": [-1, 0] * ms}, "lags: must be at least 0 s where y is SpikeTrains"),
        ],
    )
    def test_parameters_for_spike_trains(self, changes, message):
        regressor = SpikeTimeRegressor(**({"kernel": "exponential"} | changes))
        with pytest.raises(ParameterError, match=message):
            regressor.fit(poisson(2, 2), poisson(2, 1))

    @pytest.mark.parametrize(
        ("y", "message"),
        [
            (None, "requires y to be passed"),
            (1.0, "must have the 2 samples of X, got 1"),
            (np.zeros((3, 20)), "must have the 2 samples of X, got 3"),
            (np.zeros((2, 19)), "must hold 20 values in sample 0, which lasts 0.02 s, for a dt of"),
            (np.full((2, 20), np.nan), "must be finite, got nan or inf"),
            (np.zeros(2), r"must have the shape \(n_steps,\) or \(n_steps, n_outputs\)"),
            ([np.zeros(20), np.zeros((20, 1))], r"must have the shape \(n_steps,\)"),
            ([["a"] * 20] * 2, "must hold numbers"),
        ],
    )
    def test_targets(self, y, message):
        with pytest.raises(DataError, match=message):
            SpikeTimeRegressor(dt=1 * ms).fit(poisson(2, 2, duration=0.02), y)

    def test_samples_and_what_fit_did_not_see(self):
        trains = poisson(2, 2, duration=0.02)
        with pytest.raises(DataError, match="X must be SpikeTrains, got ndarray"):
            SpikeTimeRegressor(dt=1 * ms).fit(np.zeros((2, 2)), np.zeros((2, 20)))
        regressor = SpikeTimeRegressor(dt=1 * ms).fit(trains, np.zeros((2, 20)))
        with pytest.raises(DataError, match="X must have the 2 units of fit, got 3"):
            regressor.predict(poisson(2, 3, duration=0.02))
        with pytest.raises(DataError, match="y must be signals as in fit, got SpikeTrains"):
            regressor.score(trains, trains)
        with pytest.raises(DataError, match="y must have the 1 outputs of fit, got 2"):
            regressor.score(trains, np.zeros((2, 20, 2)))
