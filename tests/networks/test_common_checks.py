"""The common checks of scikit-learn, on a network small and short enough to run them all."""

from brian2 import ms
from sklearn.utils.estimator_checks import parametrize_with_checks

from bioplastic.networks import DiehlCook, DiehlCookClassifier

SMALL = {
    "n_neurons": 4,
    "n_epochs": 1,
    "presentation": 3 * ms,
    "rest": 0 * ms,
    "dt": 1 * ms,
    "min_spikes": 0,
    "engine": "auto",
    "random_state": 0,
}


@parametrize_with_checks([DiehlCook(**SMALL), DiehlCookClassifier(**SMALL)])
def test_scikit_learn_checks(estimator, check):
    check(estimator)
