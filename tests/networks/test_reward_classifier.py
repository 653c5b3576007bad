"""RewardSTDPClassifier: what the critic reckons, what is learned from it, and what is refused."""

import pickle

import numpy as np
import pytest
from brian2 import Hz, ms, mV
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from bioplastic import SpikeTrains, engine
from bioplastic.datasets import load_digits
from bioplastic.engine.program import ProbePlan
from bioplastic.errors import DataError, ParameterError
from bioplastic.models import PairSTDP
from bioplastic.models.plasticity.reward import EpisodicRewardSTDP
from bioplastic.networks import LiquidStateMachine, RandomLiquid, RewardSTDPClassifier

N_CHANNELS = 6
SMALL = {"n_per_class": 2, "n_epochs": 1, "dt": 1 * ms, "engine": "auto", "random_state": 0}
QUICK = {**SMALL, "engine": "cpp_standalone"}
DIGITS = {"n_per_class": 10, "n_epochs": 1, "engine": "cpp_standalone", "random_state": 0}
W, EXPECTED = "input_to_output.w", "classes.expected"


def words(n=40, seed=0):
    """Spikes of two classes, each with channels of its own; lengths differ. No noise is drawn."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(2, size=n)
    trains, durations = [], rng.uniform(0.03, 0.06, n)
    for label, duration in zip(labels, durations, strict=True):
        often = (np.arange(N_CHANNELS) < N_CHANNELS // 2) == (label == 0)
        counts = rng.poisson(np.where(often, 400, 100) * duration)
        units = np.repeat(np.arange(N_CHANNELS), counts)
        times = rng.uniform(0, duration, len(units))
        order = np.argsort(times)
        trains.append((times[order], units[order]))
    return SpikeTrains(
        np.concatenate([t for t, _ in trains]), np.concatenate([u for _, u in trains]),
        np.cumsum([0, *(len(t) for t, _ in trains)]), n_units=N_CHANNELS, duration=durations,
    ), np.array(["low", "high"])[labels]  # fmt: skip


@pytest.fixture(scope="module")
def spoken():
    return words()


def present(model, X, y, *, chunk_size=1000, recorder=None):
    """Train the declared network from the model's first state; state and counts a sample."""
    model.partial_fit(X[:1], y[:1], classes=np.unique(y))
    model._set_out(X)
    states = []
    result = engine.run(
        model.network_,
        engine.SpikeStimulus(
            trains=X, targets=np.searchsorted(np.unique(y), y).astype(float)
        ),
        seed=0,
        state=model._state,
        engine=model.engine,
        chunk_size=chunk_size,
        recorder=recorder,
        on_chunk=lambda _, done: states.append(done.state),
    )  # fmt: skip
    return states, result


class TestCritic:
    @pytest.mark.parametrize("baseline", ["class", "global", "none"])
    @pytest.mark.parametrize("r_wrong", [0.0, -1.0])
    def test_reward_baseline_and_modulator_of_every_sample(self, spoken, baseline, r_wrong):
        X, y = (part[:15] for part in spoken)
        model = RewardSTDPClassifier(
            **{**SMALL, "baseline": baseline, "baseline_rate": 0.1, "r_wrong": r_wrong, "dip": 0.5}
        )
        states, result = present(model, X, y, chunk_size=1)
        expected = np.full(2, 0.0 if baseline == "none" else r_wrong + (1 - r_wrong) / 2)
        outcomes = []
        for state, counts, label in zip(states, result.counts, y == "low", strict=True):
            votes = counts.reshape(2, 2).sum(axis=1)
            best = votes == votes.max()
            reward = r_wrong + (1 - r_wrong) * best[int(label)] / best.sum()
            surprise = reward - expected[int(label)]
            modulator = np.repeat(best, 2) * (surprise if surprise > 0 else 0.5 * surprise)
            np.testing.assert_allclose(state["classes.outcome"], reward, atol=1e-12)
            np.testing.assert_allclose(state["output.m"], modulator, atol=1e-12)
            if baseline != "none":
                heard = [int(label)] if baseline == "class" else [0, 1]
                expected[heard] += 0.1 * (reward - expected[heard])
            np.testing.assert_allclose(state[EXPECTED], expected, atol=1e-12)
            outcomes.append(reward)
        assert {r_wrong, 1.0} <= set(outcomes)  # hits and misses, or nothing was tested

    def test_the_baseline_comes_to_the_rate_of_hits(self, spoken):
        X, y = words(300, seed=1)
        model = RewardSTDPClassifier(
            **{**QUICK, "eta": 0.0, "theta_plus": 0 * mV, "baseline_rate": 0.01}
        )
        _, result = present(model, X, y)
        votes = result.counts.reshape(len(X), 2, 2).sum(axis=2)
        best = votes == votes.max(axis=1, keepdims=True)
        for k, name in enumerate(("high", "low")):
            rewards = (best[:, k] / best.sum(axis=1))[y == name]
            assert result.state[EXPECTED][k] == pytest.approx(rewards.mean(), abs=0.12)

    def test_hits_draw_the_neurons_that_answered_and_misses_drive_them_away(self, spoken):
        X, y = spoken
        states, result = present(RewardSTDPClassifier(**{**SMALL, "dip": 1.0}), X, y, chunk_size=1)
        moved = {True: [], False: []}
        before = None
        for state, counts in zip(states, result.counts, strict=True):
            m = state["output.m"]
            learns = np.flatnonzero((m != 0) & (counts > 0))
            if before is not None:
                now, was = (w.reshape(N_CHANNELS, 4) for w in (state[W], before))
                was = was * now.shape[0] * np.mean(was) / was.sum(axis=0) / np.mean(was)
                for j in learns:
                    c = state["input_to_output.c"].reshape(N_CHANNELS, 4)[:, j]
                    scaled = now[:, j] - was[:, j] * (now.sum() / 4 / was[:, j].sum())
                    moved[m[j] > 0].append(np.corrcoef(scaled, c)[0, 1])
                still = np.setdiff1d(np.arange(4), np.flatnonzero(m))
                ratio = now[:, still] / was[:, still]
                assert np.allclose(ratio, ratio[:1])  # scaled to the norm, and nothing else
            before = state[W]
        assert np.mean(moved[True]) > 0.5
        assert np.mean(moved[False]) < -0.5

    def test_without_a_rate_nothing_is_learned(self, spoken):
        X, y = spoken
        model = RewardSTDPClassifier(**{**SMALL, "eta": 0.0}).fit(X, y)
        model._set_out(X)
        start = model._state[W].reshape(N_CHANNELS, -1)
        np.testing.assert_allclose(
            model.weights_, start * model.network_.projections[0].norm / start.sum(axis=0)
        )

    def test_nothing_is_learned_from_presentations_that_are_repeated(self):
        class Watch:
            def begin(self, network, sizes, state, *, start, stop):
                self.chosen = np.arange(sizes[W], dtype=np.int32)

            def plan(self, start, n_steps):
                rows, steps = np.arange(len(n_steps)), np.zeros(len(n_steps), dtype=np.int64)
                values = {W: self.chosen, EXPECTED: np.arange(2, dtype=np.int32)}
                return ProbePlan(rows=rows, steps=steps, variables=values)

            def record(self, start, result):
                self.probed = result.probed

        X = np.array([[16.0, 0, 8, 1], [0.0, 16, 1, 8]])
        watch = Watch()
        model = RewardSTDPClassifier(
            **{**SMALL, "min_spikes": 10_000, "max_repeats": 2, "shuffle": False}
        ).fit(X, [0, 1], recorder=watch)
        assert model.n_presentations_ == 6
        assert watch.probed.repeats.tolist() == [0, 1, 2, 0, 1, 2]
        for name in (W, EXPECTED):
            values = watch.probed.values[name]
            np.testing.assert_allclose(values[1], values[0], rtol=1e-12)
            np.testing.assert_allclose(values[2], values[0], rtol=1e-12)
            np.testing.assert_allclose(values[4], values[3], rtol=1e-12)
            assert not np.allclose(values[3], values[2], rtol=1e-6)


class TestLearning:
    def test_learns_two_words(self, spoken):
        X, y = spoken
        model = RewardSTDPClassifier(**{**QUICK, "n_epochs": 10}).fit(X, y)
        X_test, y_test = words(60, seed=5)
        assert model.score(X_test, y_test) > 0.9
        assert model.expected_.min() > 0.8
        assert model.history_["expected"].shape == (len(model.history_["n_samples"]), 2)
        assert model.neuron_classes_.tolist() == ["high", "high", "low", "low"]

    @pytest.mark.slow
    def test_learns_digits_that_it_is_told_nothing_about_but_right_or_wrong(self):
        digits = load_digits()
        X, X_test, y, y_test = train_test_split(
            digits.data, digits.target, test_size=0.2, random_state=0, stratify=digits.target
        )
        settings = {**DIGITS, "n_epochs": 4}
        model = RewardSTDPClassifier(**settings).fit(X, y)
        assert model.score(X_test, y_test) > 0.8  # a tenth is chance
        # Labels in a wrong order teach nothing.
        shuffled = np.random.default_rng(0).permutation(y)
        assert RewardSTDPClassifier(**DIGITS).fit(X, shuffled).score(X_test, y_test) < 0.4

    def test_engines_agree(self, spoken):
        X, y = spoken
        one, other = (RewardSTDPClassifier(**s).fit(X, y) for s in (SMALL, QUICK))
        for name in ("weights_", "theta_", "expected_"):
            np.testing.assert_allclose(
                getattr(one, name), getattr(other, name), rtol=1e-12, atol=1e-12
            )
        np.testing.assert_array_equal(one.decision_function(X), other.decision_function(X))

    def test_chunks_do_not_matter(self, spoken):
        X, y = spoken
        a, b = (
            present(RewardSTDPClassifier(**QUICK), X, y, chunk_size=n)[1].state for n in (1, 1000)
        )
        for name in (W, "output.theta", EXPECTED, "input.r1_mean"):
            np.testing.assert_array_equal(a[name], b[name])

    def test_partial_fit_goes_on_as_one_fit_would(self):
        digits = load_digits()
        X, y = digits.data[:60], digits.target[:60]
        settings = {**DIGITS, "shuffle": False, "x_max": 16.0}
        whole = RewardSTDPClassifier(**{**settings, "n_epochs": 2}).fit(X, y)
        parts = RewardSTDPClassifier(**settings).partial_fit(X, y, np.arange(10))
        copy = pickle.loads(pickle.dumps(parts)).partial_fit(X, y)
        np.testing.assert_array_equal(whole.weights_, copy.weights_)
        np.testing.assert_array_equal(whole.expected_, copy.expected_)
        assert len(copy.history_["n_samples"]) == 2
        with pytest.raises(DataError, match="11"):
            copy.partial_fit(X[:2], [0, 11])

    def test_repeats_itself_and_depends_on_the_seed(self, spoken):
        X, y = spoken
        first, second = (RewardSTDPClassifier(**QUICK).fit(X, y) for _ in range(2))
        other = RewardSTDPClassifier(**{**QUICK, "random_state": 1}).fit(X, y)
        np.testing.assert_array_equal(first.weights_, second.weights_)
        assert second.timings_["build"] == 0.0
        assert not np.array_equal(first.weights_, other.weights_)

    def test_changed_constants_need_no_build(self, spoken):
        X, y = spoken
        RewardSTDPClassifier(**QUICK).fit(X, y)
        changed = {"baseline": "global", "r_wrong": -1.0, "dip": 1.0, "eta": 0.1, "n_spikes": 5.0}
        assert RewardSTDPClassifier(**{**QUICK, **changed}).fit(X, y).timings_["build"] == 0.0

    def test_takes_a_rule_of_the_users_own(self, spoken):
        X, y = spoken
        rule = EpisodicRewardSTDP(a_plus=1.0, a_minus=0.5, eta=1.0, w_max=1000.0)
        model = RewardSTDPClassifier(**{**SMALL, "rule": rule}).fit(X, y)
        assert not np.allclose(model.weights_, RewardSTDPClassifier(**SMALL).fit(X, y).weights_)


class TestPrediction:
    @pytest.mark.parametrize("kind", ["spikes", "numbers"])
    def test_a_sample_has_one_answer(self, spoken, kind):
        if kind == "spikes":
            (X, y), settings = spoken, QUICK
        else:
            X, y, settings = load_digits().data[:40], load_digits().target[:40], DIGITS
        model = RewardSTDPClassifier(**settings).fit(X, y)
        before = model.weights_.copy()
        decision = model.decision_function(X)
        assert np.abs(decision).sum() > 0
        np.testing.assert_array_equal(model.decision_function(X[7:8]), decision[7:8])
        model.n_jobs = 2
        np.testing.assert_array_equal(model.decision_function(X), decision)
        np.testing.assert_array_equal(model.weights_, before)
        np.testing.assert_allclose(model.weights_.sum(axis=0), model.weights_.sum(axis=0)[0])

    def test_stands_behind_a_liquid(self):
        X, y = words(6)
        liquid = RandomLiquid(w_input=30.0)
        model = make_pipeline(
            LiquidStateMachine(20, liquid=liquid, engine="auto", random_state=0),
            RewardSTDPClassifier(**SMALL),
        )
        assert set(model.fit(X, y).predict(X)) <= {"high", "low"}

    def test_silence_gets_an_answer(self):
        silent = SpikeTrains([], [], [0, 0, 0], n_units=3, duration=0.02)
        assert RewardSTDPClassifier(**SMALL).fit(silent, [1, 2]).predict(silent).tolist() == [1, 1]


class TestRefused:
    @pytest.mark.parametrize(
        ("change", "names"),
        [
            ({"n_per_class": 0}, ["n_per_class", "0", "at least 1"]),
            ({"n_epochs": 1.5}, ["n_epochs", "1.5"]),
            ({"baseline": "mean"}, ["baseline", "mean", "'class'"]),
            ({"baseline_rate": 2.0}, ["baseline_rate", "2", "0 to 1"]),
            ({"r_wrong": 2.0}, ["r_wrong", "2"]),
            ({"dip": -1.0}, ["dip", "-1"]),
            ({"eta": -1.0}, ["eta", "-1"]),
            ({"drive": 0.0}, ["drive", "0"]),
            ({"n_spikes": 0.0}, ["n_spikes", "0"]),
            ({"theta_plus": 1 * ms}, ["theta_plus", "volt"]),
            ({"tau_membrane": 0 * ms}, ["tau_membrane", "> 0"]),
            ({"tau_trace": 5}, ["tau_trace", "5"]),
            ({"rate_max": 5000 * Hz}, ["rate_max", "dt"]),
            ({"presentation": 10}, ["presentation", "10"]),
            ({"x_max": 0.0}, ["x_max", "0"]),
            ({"max_repeats": 300}, ["max_repeats", "300", "255"]),
            ({"rule": PairSTDP()}, ["rule", "EpisodicRewardSTDP", "PairSTDP"]),
            ({"engine": "fortran"}, ["engine", "fortran"]),
        ],
    )
    def test_bad_parameters_are_named_with_value_and_remedy(self, change, names):
        with pytest.raises(ParameterError) as caught:
            RewardSTDPClassifier(**{**SMALL, **change}).fit(np.ones((3, 4)), [0, 1, 0])
        for name in names:
            assert name in str(caught.value)

    def test_bad_samples_and_labels(self, spoken):
        X, y = spoken
        with pytest.raises(DataError, match="Negative"):
            RewardSTDPClassifier(**SMALL).fit([[1.0, -1.0]], [0])
        with pytest.raises(DataError, match="40 samples"):
            RewardSTDPClassifier(**SMALL).fit(X, y[:5])
        with pytest.raises(DataError, match="requires y"):
            RewardSTDPClassifier(**SMALL).fit(X)
        with pytest.raises(ParameterError, match="classes"):
            RewardSTDPClassifier(**SMALL).partial_fit(X, y)
        model = RewardSTDPClassifier(**SMALL).fit(X, y)
        with pytest.raises(DataError, match="SpikeTrains, as in fit"):
            model.predict(np.ones((2, N_CHANNELS)))
        with pytest.raises(DataError, match="6 units"):
            model.predict(SpikeTrains([], [], [0, 0], n_units=3, duration=0.02))


@parametrize_with_checks(
    [
        RewardSTDPClassifier(
            1, n_epochs=1, presentation=3 * ms, dt=1 * ms, max_repeats=0, engine="auto",
            random_state=0,
        )
    ]
)  # fmt: skip
def test_scikit_learn_checks(estimator, check):
    check(estimator)
