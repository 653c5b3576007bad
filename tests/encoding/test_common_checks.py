"""The common checks of scikit-learn, and what every encoder of arrays refuses."""

import numpy as np
import pytest
from brian2 import Hz, ms, mV
from sklearn.base import TransformerMixin, clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from bioplastic import SpikeTrains
from bioplastic.encoding import (
    BernoulliEncoder,
    LatencyEncoder,
    PoissonEncoder,
    RankOrderEncoder,
    SpikeAugmenter,
)
from bioplastic.errors import DataError, ParameterError

ENCODERS = [BernoulliEncoder, LatencyEncoder, PoissonEncoder, RankOrderEncoder]


def counting(encoder):
    """The encoder, with an array as output: the common checks compare arrays only."""

    class Counting(encoder, auto_wrap_output_keys=("transform",)):
        set_output = TransformerMixin.set_output

        def transform(self, X):
            spikes = super().transform(X)
            # Counts and mean times: an encoder of latencies shows itself in the latter.
            ones = np.ones_like(spikes.times)
            flat = np.repeat(np.arange(len(spikes)), np.diff(spikes.offsets)) * spikes.n_units
            cells, n = flat + spikes.units, len(spikes) * spikes.n_units
            sums = np.bincount(cells, spikes.times + ones, minlength=n)
            return sums.reshape(spikes.shape)

    # The common checks look for what an estimator's own class says.
    Counting.__init__ = encoder.__init__
    Counting.__name__ = Counting.__qualname__ = f"Counting{encoder.__name__}"
    globals()[Counting.__name__] = Counting  # can be pickled
    return Counting


COUNTING = [
    counting(encoder)(**({"random_state": 0} if "random_state" in encoder().get_params() else {}))
    for encoder in ENCODERS
]


@parametrize_with_checks(COUNTING)
def test_scikit_learn_checks(estimator, check):
    """No check is expected to fail."""
    check(estimator)


@pytest.mark.parametrize("encoder", [*ENCODERS, SpikeAugmenter])
def test_parameters_come_through_clone_and_repr(encoder):
    assert clone(encoder()).get_params() == encoder().get_params()
    assert repr(encoder()) == f"{encoder.__name__}()"


@pytest.mark.parametrize("encoder", ENCODERS)
class TestEncoder:
    @pytest.fixture
    def X(self):
        return np.random.default_rng(0).random((700, 5))  # more than a block of rows

    def test_spikes_have_the_shape_of_the_array(self, encoder, X):
        spikes = encoder(duration=40 * ms).fit_transform(X)
        assert isinstance(spikes, SpikeTrains)
        assert spikes.shape == X.shape
        assert (spikes.duration == 0.04).all()
        assert len(spikes.times) > 100
        last = spikes.offsets[1:-1]
        rises = np.diff(spikes.times) >= 0
        rises[last[(last > 0) & (last < len(spikes.times))] - 1] = True
        assert rises.all(), "sorted within each sample"

    def test_a_sample_is_encoded_alike_whatever_stands_beside_it(self, encoder, X):
        fitted = encoder().fit(X)
        if "random_state" in fitted.get_params():
            fitted.set_params(random_state=3)
        together, order = fitted.transform(X), np.random.default_rng(1).permutation(len(X))
        assert fitted.transform(X[order]) == together[order]
        assert fitted.transform(X[650:651]) == together[650]
        assert fitted.transform(X) == together, "the second call as the first"

    def test_zeros_are_silent(self, encoder):
        encoder = encoder().fit(np.zeros((3, 4)))
        assert encoder.transform(np.zeros((2, 4))).counts().sum() == 0

    def test_number_types_do_not_matter(self, encoder):
        X = np.arange(12, dtype=np.uint8).reshape(3, 4)
        encoder = encoder()
        if "random_state" in encoder.get_params():
            encoder.set_params(random_state=0)
        assert encoder.fit(X).transform(X) == encoder.fit(X * 1.0).transform(X.tolist())

    def test_names_of_columns_pass(self, encoder):
        encoder = encoder().fit([[1.0, 2.0]])
        assert encoder.get_feature_names_out(["a", "b"]).tolist() == ["a", "b"]

    def test_it_is_a_step_of_a_pipeline(self, encoder, X):
        pipeline = make_pipeline(MinMaxScaler(), encoder())
        assert pipeline.fit_transform(X).shape == X.shape
        assert pipeline.set_output(transform="default").transform(X).shape == X.shape

    @pytest.mark.parametrize(
        ("X", "message"),
        [
            ([[np.nan, 1.0]], "contains NaN"),
            ([[np.inf, 1.0]], "contains infinity"),
            ([[-0.1, 1.0]], "Negative values"),
            (np.empty((0, 2)), "0 sample"),
            ([1.0, 2.0], "Expected 2D array, got 1D"),
        ],
    )
    def test_bad_input(self, encoder, X, message):
        named = rf"{encoder.__name__}: .*{message}"
        with pytest.raises(DataError, match=f"(?s){named}.*finite numbers >= 0"):
            encoder().fit(X)
        with pytest.raises(DataError, match=f"(?s){named}.*finite numbers >= 0"):
            encoder().fit([[1.0, 1.0]]).transform(X)

    def test_another_number_of_features(self, encoder, X):
        with pytest.raises(DataError, match="X has 4 features, but .* is expecting 5"):
            encoder().fit(X).transform(X[:, :4])

    @pytest.mark.parametrize(
        ("duration", "message"),
        [
            (350 * mV, "must have the unit of"),
            (350, "must have the unit of"),
            (0 * ms, "must be one finite value > 0, got 0"),
            (np.inf * ms, "must be one finite value > 0"),
            ([1, 2] * ms, "must be one finite value > 0"),
        ],
    )
    def test_bad_duration(self, encoder, X, duration, message):
        with pytest.raises(ParameterError, match=rf"{encoder.__name__}\.duration: {message}"):
            encoder(duration=duration).fit(X)
        with pytest.raises(ParameterError, match=rf"{encoder.__name__}\.duration: {message}"):
            encoder().fit(X).set_params(duration=duration).transform(X)


@pytest.mark.parametrize("encoder", [BernoulliEncoder, LatencyEncoder, PoissonEncoder])
@pytest.mark.parametrize("x_max", [0, -1.0, np.inf, np.nan, "1", True])
def test_bad_x_max(encoder, x_max):
    with pytest.raises(ParameterError, match=rf"{encoder.__name__}\.x_max: must be .*{x_max!r}"):
        encoder(x_max=x_max).fit([[1.0]])


@pytest.mark.parametrize("encoder", [BernoulliEncoder, PoissonEncoder])
@pytest.mark.parametrize("rate_max", [10, 10 * ms, -1 * Hz])
def test_bad_rate(encoder, rate_max):
    with pytest.raises(ParameterError, match=rf"{encoder.__name__}\.rate_max: must "):
        encoder(rate_max=rate_max).fit([[1.0]])
