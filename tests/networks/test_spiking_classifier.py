"""SpikingClassifier: its decision is the decoder's within a bound, on any engine."""

import pickle

import brian2
import numpy as np
import pytest
from brian2 import ms, mV, second
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import GridSearchCV, LeaveOneGroupOut
from sklearn.pipeline import Pipeline
from sklearn.utils import estimator_checks

from bioplastic import SpikeTrains
from bioplastic.errors import DataError, ParameterError
from bioplastic.models import SpikeInput
from bioplastic.networks import LiquidStateMachine, RandomLiquid, SpikingClassifier
from bioplastic.readout import SpikeTimeClassifier

N_UNITS, N_SPIKES, N_REFERENCES = 12, 60, 4


def words(n=24, *, classes=("a", "b", "c"), jitter=0.003, seed=0, shortest=0.15):
    """Patterns of spikes, one a class, that are jittered and stretched."""
    templates, rng = np.random.default_rng(1), np.random.default_rng(seed)
    patterns = {
        c: (templates.random(N_SPIKES), templates.integers(N_UNITS, size=N_SPIKES)) for c in classes
    }
    y = np.array([classes[k % len(classes)] for k in range(n)])
    duration = rng.uniform(shortest, 1.3 * shortest, n)
    times, units = [], []
    for label, length in zip(y, duration, strict=True):
        at, own = patterns[label]
        moved = np.clip(at * length + rng.normal(0, jitter, N_SPIKES), 0, length)
        order = np.argsort(moved)
        times.append(moved[order])
        units.append(own[order])
    trains = SpikeTrains(
        np.concatenate(times), np.concatenate(units), np.arange(n + 1) * N_SPIKES,
        n_units=N_UNITS, duration=duration,
    )  # fmt: skip
    return trains, y


def decoder(**changed):
    return SpikeTimeClassifier(
        **{"tau": 20 * ms, "n_references": N_REFERENCES, "relative": True, "max_neurons": 6}
        | changed
    )


@pytest.fixture(scope="module")
def task():
    return words()


@pytest.fixture(scope="module")
def held_out():
    return words(40, seed=5)


@pytest.fixture(scope="module")
def spiking(task):
    return SpikingClassifier(decoder(), quantum=0.05).fit(*task)


def error(spiking, X):
    return np.abs(spiking.decision_function(X) - spiking.decoder_.decision_function(X))


class TestDecision:
    def test_a_quantum_for_each_reference_bounds_the_error(self, task, held_out):
        X, _ = held_out
        errors = []
        for quantum in (0.4, 0.1, 0.025):
            spiking = SpikingClassifier(decoder(), quantum=quantum, dt=0.01 * ms).fit(*task)
            errors.append(error(spiking, X))
            assert errors[-1].max() < N_REFERENCES * quantum
            assert np.sqrt((errors[-1] ** 2).mean()) < 0.5 * np.sqrt(N_REFERENCES) * quantum
        means = [e.mean() for e in errors]
        assert means[0] > 2 * means[1] > 4 * means[2]

    def test_the_error_is_what_stays_on_the_membranes(self, task, held_out):
        # The identity of the docstring: twice the membrane's filtered future, at each reference.
        (X, _), quantum, tau = held_out, 0.3, 0.02
        spiking = SpikingClassifier(decoder(), quantum=quantum, dt=0.01 * ms).fit(*task)
        sample = X[int(error(spiking, X)[:, 0].argmax())]
        out = spiking.transform(sample)
        total, worst = 0.0, 0.0
        for k, at in enumerate(spiking.decoder_.references_ * sample.duration[0]):
            own = np.isin(out.units, (k, k + 3 * N_REFERENCES))  # of the first class
            sign = np.where(out.units[own] == k, 1, -1)
            weights = spiking.decoder_.weights_[:, k, 0]
            moments = np.concatenate([sample.times, out.times[own], [at, 10.0]])
            jumps = np.concatenate([weights[sample.units], -quantum * sign, [0, 0]])
            order = np.argsort(moments, kind="stable")
            moments, jumps, v = moments[order], jumps[order], 0.0
            for begin, end, jump in zip(moments[:-1], moments[1:], jumps[:-1], strict=True):
                v += jump
                if begin >= at:
                    fades = np.exp((2 * at - 2 * np.array([begin, end])) / tau)
                    total += v * np.exp((begin - at) / tau) * (fades[0] - fades[1])
                if end - begin > 0.1e-3:  # ten steps in which to keep up
                    worst = max(worst, abs(v))
                v *= np.exp((begin - end) / tau)
        missed = spiking.decoder_.decision_function(sample) - spiking.decision_function(sample)
        assert abs(missed[0, 0]) > quantum / 2
        assert missed[0, 0] == pytest.approx(total, abs=1e-9)
        assert quantum / 4 < worst <= quantum / 2

    def test_it_predicts_what_the_decoder_predicts(self, task, held_out):
        X, y = held_out
        spiking = SpikingClassifier(decoder(), quantum=0.02).fit(*task)
        assert (spiking.predict(X) == spiking.decoder_.predict(X)).mean() >= 0.95
        assert spiking.score(X, y) >= 0.9
        assert spiking.score(X, y) == (spiking.predict(X) == y).mean()

    def test_a_coarse_quantum_costs_fewer_spikes(self, task, spiking):
        X, y = task
        coarse = clone(spiking).set_params(quantum=0.5).fit(X, y)
        few, many = (len(s.transform(X).times) for s in (coarse, spiking))
        assert 0 < 5 * few < many

    def test_two_classes_have_one_output(self):
        X, y = words(20, shortest=0.05, classes=("no", "yes"))
        spiking = SpikingClassifier(decoder(relative=False), engine="numpy").fit(X, y)
        X = X[:4]
        assert spiking.decision_function(X).shape == (4,)
        assert spiking.transform(X).shape == (4, 2 * N_REFERENCES)
        assert error(spiking, X).max() < 0.1 * N_REFERENCES
        assert set(spiking.predict(X)) == {"no", "yes"}

    @pytest.mark.parametrize(
        "changed",
        [
            {"relative": False, "references": [20, 60, 90, 150] * ms},
            {"selection": "one_vs_rest", "max_neurons": 3},
            {"residual": "train"},
        ],
        ids=lambda c: next(iter(c)),
    )
    def test_every_kind_of_decoder(self, task, held_out, changed):
        spiking = SpikingClassifier(decoder(**changed), quantum=0.1).fit(*task)
        assert error(spiking, held_out[0]).max() < 0.1 * N_REFERENCES

    def test_silence_is_answered_by_the_intercept(self, spiking):
        silent = SpikeTrains([], [], [0, 0, 0], n_units=N_UNITS, duration=[0.1, 0.0])
        expected = np.tile(spiking.decoder_.intercept_, (2, 1))
        np.testing.assert_array_equal(spiking.decision_function(silent), expected)


class TestNetwork:
    def test_it_says_what_it_is(self, spiking):
        network, state = spiking.network_, spiking.state_
        assert isinstance(network.input.neuron, SpikeInput)
        assert network.input.n == N_UNITS
        assert network.watched == ("positive", "negative")
        assert network.n_watched == 2 * 3 * N_REFERENCES
        heard = np.unique(state["input_to_positive.i"]).astype(int)
        np.testing.assert_array_equal(heard, np.sort(spiking.decoder_.selected_))
        dense = np.zeros((N_UNITS, 3 * N_REFERENCES))
        i, j = (state[f"input_to_positive.{k}"].astype(int) for k in "ij")
        dense[i, j] = state["input_to_positive.w"]
        expected = spiking.decoder_.weights_.transpose(0, 2, 1).reshape(N_UNITS, -1)
        np.testing.assert_array_equal(dense, expected)
        np.testing.assert_array_equal(state["input_to_negative.w"], -state["input_to_positive.w"])

    def test_spikes_end_with_the_rest(self, spiking, task):
        X, _ = task
        out = spiking.transform(X)
        assert out.shape == (len(X), spiking.network_.n_watched)
        np.testing.assert_allclose(out.duration, np.ceil(X.duration / 1e-4 - 1e-6) * 1e-4 + 0.01)

    def test_a_jump_is_fired_off_spike_by_spike_after_the_end(self, task, spiking):
        unit = int(spiking.decoder_.selected_[0])
        strongest = np.abs(spiking.decoder_.weights_[unit]).max()
        fine = clone(spiking).set_params(quantum=float(strongest) / 20).fit(*task)
        last = SpikeTrains([0.1], [unit], [0, 1], n_units=N_UNITS, duration=0.1)
        out = fine.transform(last)
        assert out.counts().max() in (19, 20)  # what is left leaks
        assert out.times.min() > 0.1

    def test_opponents_are_mirrored(self, task, spiking):
        X, _ = task
        mirrored = clone(spiking).fit(*task)
        for key in ("input_to_positive.w", "input_to_negative.w"):
            mirrored.state_[key] = -mirrored.state_[key]
        one, other = spiking.transform(X).counts(), mirrored.transform(X).counts()
        half = one.shape[1] // 2
        np.testing.assert_array_equal(one, np.roll(other, half, axis=1))
        assert one[:, :half].sum() > 50
        assert one[:, half:].sum() > 50


class TestEngines:
    @pytest.fixture(scope="class")
    @staticmethod
    def few():
        return words(6, shortest=0.03)

    @pytest.fixture(scope="class")
    @staticmethod
    def answers(few):
        spiking = SpikingClassifier(decoder(), quantum=0.1, engine="numpy").fit(*few)
        return spiking.transform(few[0])

    def found(self, few, answers, engine):
        spiking = SpikingClassifier(decoder(), quantum=0.1, engine=engine).fit(*few)
        found = spiking.transform(few[0])
        assert len(found.times) > 200
        np.testing.assert_array_equal(found.offsets, answers.offsets)
        np.testing.assert_array_equal(found.units, answers.units)
        np.testing.assert_allclose(found.times, answers.times, rtol=0, atol=1e-12)
        assert spiking.engine_["name"] == engine
        assert set(spiking.timings_) == {"build", "simulate"}

    def test_cpp_gives_the_same_spikes(self, few, answers):
        self.found(few, answers, "cpp_standalone")

    @pytest.mark.slow
    def test_so_does_cython(self, few, answers, tmp_path):
        prefs = {
            "codegen.cpp.extra_compile_args": ["-w", "-O0"],
            "codegen.runtime.cython.cache_dir": str(tmp_path),
        }
        before = {name: brian2.prefs[name] for name in prefs}
        for name, value in prefs.items():
            brian2.prefs[name] = value
        try:
            self.found(few, answers, "cython")
        finally:
            for name, value in before.items():
                brian2.prefs[name] = value

    def test_processors_and_company_do_not_matter(self, spiking, task):
        X, y = task
        answers = spiking.transform(X)
        assert clone(spiking).set_params(n_jobs=2).fit(X, y).transform(X) == answers
        assert spiking.transform(X[5]) == answers[5]


class TestScikitLearn:
    @pytest.mark.parametrize(
        "check",
        [
            "check_no_attributes_set_in_init", "check_get_params_invariance", "check_set_params",
            "check_estimator_repr", "check_estimator_cloneable", "check_valid_tag_types",
            "check_mixin_order", "check_do_not_raise_errors_in_init_or_set_params",
        ],
    )  # fmt: skip
    def test_common_checks(self, check):
        getattr(estimator_checks, check)("SpikingClassifier", SpikingClassifier(decoder()))

    def test_a_trained_decoder_may_stay_as_it_is(self, task, spiking, held_out):
        frozen = FrozenEstimator(decoder().fit(*task))
        again = SpikingClassifier(frozen, quantum=0.05).fit(*words(3, seed=9))
        X, _ = held_out
        np.testing.assert_array_equal(again.decision_function(X), spiking.decision_function(X))

    def test_a_trained_decoder_of_other_units(self, task):
        frozen = FrozenEstimator(decoder().fit(*task))
        other = SpikeTrains([], [], [0, 0, 0], n_units=3, duration=1)
        with pytest.raises(DataError, match="X must have the 12 units that the decoder"):
            SpikingClassifier(frozen).fit(other, [0, 1])

    def test_the_given_decoder_is_left_alone(self, task):
        given = decoder()
        SpikingClassifier(given).fit(*task)
        assert not hasattr(given, "weights_")

    def test_copies_answer_the_same(self, spiking, held_out):
        X, _ = held_out
        copy = pickle.loads(pickle.dumps(spiking))
        np.testing.assert_array_equal(copy.decision_function(X), spiking.decision_function(X))

    def test_a_changed_parameter_waits_for_the_next_fit(self, task, spiking):
        changed = pickle.loads(pickle.dumps(spiking)).set_params(quantum=0.5)
        np.testing.assert_array_equal(
            changed.decision_function(task[0]), spiking.decision_function(task[0])
        )

    def test_names(self, spiking):
        names = spiking.get_feature_names_out()
        assert len(names) == spiking.network_.n_watched
        assert names[0] == "spikingclassifier0"
        np.testing.assert_array_equal(spiking.classes_, ["a", "b", "c"])
        assert spiking.n_features_in_ == N_UNITS

    def test_behind_a_liquid_in_a_search(self, task):
        X, y = task
        model = Pipeline([
            ("lsm", LiquidStateMachine(
                N_UNITS, liquid=RandomLiquid(p_input=0.5, w_input=12.0), random_state=0
            )),
            ("spiking", SpikingClassifier(decoder(max_neurons=12))),
        ])  # fmt: skip
        grid = {"spiking__decoder__alpha": [0.1, 1.0]}
        search = GridSearchCV(model, grid, cv=2, error_score="raise").fit(X, y)
        assert search.best_score_ > 0.6  # by chance 0.33

    def test_groups_are_handed_on(self, task):
        X, y = task
        model = SpikingClassifier(decoder(validation=LeaveOneGroupOut()))
        groups = np.repeat([0, 1], len(y) // 2)
        assert len(model.fit(X, y, groups=groups).decoder_.validation_scores_) == 6
        with pytest.raises(ValueError, match="groups"):
            model.fit(X, y)


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        ("wrong", "message"),
        [
            ({"quantum": 0}, "quantum: must be one finite value > 0, got 0"),
            ({"quantum": np.nan}, "quantum: must be one finite value > 0"),
            ({"quantum": 1 * mV}, "quantum: must have the unit of"),
            ({"dt": 0 * ms}, "dt: must be one finite value > 0"),
            ({"dt": 0.1}, "dt: must have the unit of"),
            ({"engine": "gpu"}, "engine"),
            ({"decoder": RidgeClassifier()}, "decoder: must be a SpikeTimeClassifier, got Ridge"),
            ({"decoder": decoder(tau=np.inf * second)}, "decoder: must have a finite tau"),
        ],
    )
    def test_parameters(self, task, wrong, message):
        spiking = SpikingClassifier(**{"decoder": decoder()} | wrong)
        with pytest.raises(ParameterError, match=message):
            spiking.fit(*task)
        assert not hasattr(spiking, "network_")

    def test_data(self, task, spiking):
        X, y = task
        for wrong, message in (
            (np.zeros((3, N_UNITS)), "X must be SpikeTrains, got ndarray"),
            (X[:0], "at least one sample"),
        ):
            with pytest.raises(DataError, match=f"SpikingClassifier.fit: .*{message}"):
                SpikingClassifier(decoder()).fit(wrong, y)
            with pytest.raises(DataError, match=message):
                spiking.predict(wrong)
        other = SpikeTrains([], [], [0, 0], n_units=3, duration=1)
        with pytest.raises(DataError, match="transform: X must have the 12 units of fit, got 3"):
            spiking.transform(other)

    def test_before_fit(self, task):
        for method in ("predict", "decision_function", "transform"):
            with pytest.raises(NotFittedError):
                getattr(SpikingClassifier(decoder()), method)(task[0])
