"""Constants of Diehl & Cook's network: what is published, and what follows data and size."""

import numpy as np
import pytest
from brian2 import Hz, ms, mV

from bioplastic import SpikeTrains
from bioplastic.datasets import load_digits, load_mnist
from bioplastic.errors import ParameterError
from bioplastic.models import DiehlCookExcitatory, DiehlCookSTDP, Schedule
from bioplastic.networks import DiehlCook, diehl_cook_network
from bioplastic.networks._diehl_cook_training import declare

#: Two images whose mean pixel is that of MNIST's, 0.1307 of the brightest.
LIKE_MNIST = np.zeros((2, 784), dtype=np.uint8)
LIKE_MNIST[:, :102] = 255
LIKE_MNIST[:, 102] = 112


def declared(X, n_neurons=400, **parameters):
    """Declare, without a training."""
    model = DiehlCook(n_neurons, **parameters)
    model._set_scale(X)
    network, fitted = declare(model, X)
    return network, fitted


PUBLISHED = diehl_cook_network(
    n_features=784, n_neurons=400, rule=DiehlCookSTDP(), norm=78.0, schedule=Schedule()
)


@pytest.mark.parametrize("scale", [1, 1 / 255, np.float32(1 / 255), 3.7])
def test_like_mnist_400_neurons_are_the_published_network(scale):
    network, fitted = declared(LIKE_MNIST * scale)
    assert network == PUBLISHED
    assert fitted["rate_max_"] == 63.75
    assert fitted["theta_plus_"] == float(0.05 * mV)
    assert (fitted["norm_"], fitted["inhibition_"], fitted["excitation_"]) == (78.0, 17.0, 10.4)


@pytest.mark.real_data
def test_mnist_and_400_neurons_are_the_published_network(real_data):
    mnist = load_mnist(real_data)
    X = mnist.data[: mnist.n_train]
    for part in (X, X[:25_000], X[::7]):
        network, fitted = declared(part)
        assert network == PUBLISHED
        assert fitted["rate_max_"] == 63.75
    assert declared(X)[1]["_n_epochs_fitted"] == 1


def test_the_drive_of_a_neuron_is_the_same_for_other_data():
    X = load_digits().data
    _, fitted = declared(X)
    inputs = X.sum(axis=1).mean() / 16
    assert fitted["norm_"] / inputs == pytest.approx(78.0 / 102.44, rel=0.03)
    assert fitted["norm_"] * fitted["rate_max_"] == pytest.approx(78.0 * 63.75)
    # The number of pixels by itself changes nothing: margins that are always dark.
    assert declared(np.pad(X, [(0, 0), (9, 7)]))[1] == fitted
    # Nor does the scale.
    assert declared(X / 16)[1] == fitted


def test_dense_samples_leave_room_below_the_largest_weight():
    _, fitted = declared(np.ones((3, 40)))
    assert fitted["norm_"] == 10.0
    assert fitted["rate_max_"] == pytest.approx(78.0 * 63.75 / 10)
    # Few inputs would have to fire faster than there are steps.
    assert declared(np.ones((3, 2)))[1]["rate_max_"] == 1000
    assert declared(np.zeros((3, 784)))[1]["rate_max_"] == 63.75


def test_fewer_neurons_inhibit_more_and_adapt_less():
    few, many = (declared(LIKE_MNIST, n)[1] for n in (100, 1600))
    assert few["inhibition_"] == 34.0
    assert few["theta_plus_"] == pytest.approx(float(0.025 * mV))
    assert many["inhibition_"] == 17.0
    assert declared(LIKE_MNIST, 5)[1]["inhibition_"] == declared(LIKE_MNIST, 25)[1]["inhibition_"]
    tuned = declared(LIKE_MNIST, 100, constants="tuned")[1]
    assert (tuned["inhibition_"], tuned["theta_plus_"]) == (60.0, pytest.approx(float(0.02 * mV)))
    assert many["theta_plus_"] == pytest.approx(float(0.05 * mV))


def test_what_is_given_stays():
    own = DiehlCookExcitatory(theta_plus=0.3 * mV)
    network, fitted = declared(
        LIKE_MNIST, 50, norm=10, rate_max=5 * Hz, inhibition=3.0, excitation=20.0, n_epochs=4,
        excitatory=own, min_spikes=1, presentation=20 * ms,
    )  # fmt: skip
    assert fitted == {
        "_n_epochs_fitted": 4, "norm_": 10.0, "rate_max_": 5.0, "inhibition_": 3.0,
        "excitation_": 20.0, "theta_plus_": float(0.3 * mV),
    }  # fmt: skip
    exc_to_inh, inh_to_exc = network.projections[1:]
    assert (exc_to_inh.weight, inh_to_exc.weight) == (20.0, 3.0)
    assert network.schedule.min_spikes == 1
    assert declared(LIKE_MNIST, 50, theta_plus=1 * mV)[1]["theta_plus_"] == float(1 * mV)


def test_few_samples_come_more_often():
    epochs = [declared(np.ones((n, 3)))[1]["_n_epochs_fitted"] for n in (1, 1437, 5000, 60_000)]
    assert epochs == [10, 5, 1, 1]


def test_spikes_bring_as_much_as_the_pixels_of_the_script():
    spikes = SpikeTrains(np.linspace(0, 1, 700), np.arange(700), [0, 700], n_units=700, duration=1)
    _, fitted = declared(spikes)
    assert fitted["norm_"] == 0.25 * 700
    assert "rate_max_" not in fitted


def test_a_fitted_network_says_what_it_goes_by():
    X = load_digits().data[:6]
    options = {"presentation": 5 * ms, "rest": 0 * ms, "engine": "numpy", "random_state": 0}
    model = DiehlCook(2, n_epochs=1, **options).fit(X)
    assert model.n_presentations_ >= 6
    names = ("norm_", "rate_max_", "theta_plus_", "inhibition_", "excitation_", "n_epochs_")
    by_hand = DiehlCook(
        2, n_epochs=1, norm=model.norm_, rate_max=model.rate_max_ * Hz,
        theta_plus=1e3 * model.theta_plus_ * mV, inhibition=model.inhibition_, **options,
    ).fit(X)  # fmt: skip
    assert [getattr(by_hand, n) for n in names] == [getattr(model, n) for n in names]
    np.testing.assert_array_equal(by_hand.weights_, model.weights_)


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"constants": "best"}, ["constants", "best", "published"]),
        ({"inhibition": -1.0}, ["inhibition", "-1", "at least 0"]),
        ({"excitation": "much"}, ["excitation", "much"]),
        ({"norm": 0}, ["norm", "0"]),
        ({"min_spikes": -1}, ["min_spikes", "-1"]),
    ],
)
def test_bad_parameters(change, names):
    with pytest.raises(ParameterError) as caught:
        declared(LIKE_MNIST, **change)
    for name in names:
        assert name in str(caught.value)
