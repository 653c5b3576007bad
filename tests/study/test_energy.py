"""Energies of workloads, and what layers, kernels and readouts take."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.neural_network import MLPClassifier

from bioplastic.errors import DataError, ParameterError
from bioplastic.study.energy import CAVEATS, DEVICES, Device, energies, energy
from bioplastic.study.layers import (
    dense_workload,
    kernel_learning_workload,
    kernel_workload,
    layer_workload,
    linear_learning_workload,
    selection_workload,
)
from bioplastic.study.workload import Workload

# ------------------------------------------------------------------ energies

WORK = Workload(
    n_samples=2,
    dense=1000.0,
    effective_acs=100.0,
    effective_macs=10.0,
    membrane_updates=20.0,
    weight_updates=4.0,
)


@pytest.mark.parametrize(
    ("name", "joules"),
    [
        # (100 x 0.9 + 10 x 4.6 + 20 x 4.6 + 4 x 4.6)/2 pJ, and so on
        ("cmos45", (90 + 46 + 92 + 18.4) / 2 * 1e-12),
        ("loihi", (2360 + 236 + 1620 + 480) / 2 * 1e-12),
        ("spinnaker", (1330 + 133 + 520 + 53.2) / 2 * 1e-9),
        ("spinnaker2", (45 + 4.5 + 43.8 + 1.8) / 2 * 1e-9),
        ("cpu", 134 * 8.6 / 2 * 1e-9),
        # All dense operations, of which most are of zeros.
        ("gpu", 1024 * 0.3 / 2 * 1e-9),
    ],
)
def test_energy_by_hand(name, joules):
    assert energy(WORK, name) == pytest.approx(joules, rel=1e-12)
    assert energies(WORK)[name] == energy(WORK, DEVICES[name])


def test_passes_do_not_change_a_samples_energy():
    once, thrice = energies(WORK), energies(WORK * 3)
    assert thrice == pytest.approx(once)


def test_every_device_says_where_it_comes_from():
    assert list(DEVICES) == ["cmos45", "loihi", "spinnaker", "spinnaker2", "cpu", "gpu"]
    for name, device in DEVICES.items():
        assert device.name == name
        assert "20" in device.source  # a year
        assert device.caveat.endswith(".")
        assert device.sure == ("Assumed" not in device.caveat and "Quoted" not in device.caveat)
    assert all(text.endswith(".") and "\n" not in text for text in CAVEATS)


def test_a_device_of_your_own():
    joule = {"synop": 1.0, "mac": 2.0, "neuron_update": 3.0, "weight_update": 4.0}
    mine = Device(name="mine", title="Mine", source="me", caveat="none", **joule)
    assert energy(WORK, mine) == (100 + 2 * 10 + 3 * 20 + 4 * 4) / 2


def test_an_unknown_device_is_refused():
    with pytest.raises(ParameterError, match=r"device: must be one of 'cmos45', .*'abacus'"):
        energy(WORK, "abacus")


# ------------------------------------------------------------------ layers


def test_layers_of_spikes_by_hand():
    weights = np.array([[1.0, 0.0, 2.0], [0.0, 0.0, 1.0]])
    found = layer_workload([4, 3], weights, 10, n_samples=2)
    assert found == Workload(
        n_samples=2,
        dense=2 * 3 * 10,
        effective_acs=4 * 2 + 3 * 1,
        footprint=6 * 8,
        n_weights=6,
        n_zero_weights=3,
    )
    numbers = layer_workload([4, 3], weights, 10, n_samples=2, spiking=False)
    assert (numbers.effective_acs, numbers.effective_macs) == (0, 11)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_layers_of_an_mlp_are_counted_by_their_activations():
    rng = np.random.default_rng(0)
    X = rng.integers(0, 4, (50, 12)) * 0.5
    net = MLPClassifier((7,), max_iter=3, random_state=0).fit(X, rng.integers(0, 3, 50))
    net.coefs_[0][2, 3] = 0.0
    hidden = np.maximum(X @ net.coefs_[0] + net.intercepts_[0], 0)
    found = dense_workload(50, [12, 7, 3], weights=net.coefs_, activations=[X, hidden])
    # One by one: each sample, input and unit.
    binary = multiplied = 0
    for k, inputs in enumerate((X, hidden)):
        for value, weight in (
            (value, weight)
            for sample in inputs
            for value, row in zip(sample, net.coefs_[k], strict=True)
            for weight in row
        ):
            if value != 0 and weight != 0:
                binary += abs(value) == 1
                multiplied += abs(value) != 1
    assert (found.effective_acs, found.effective_macs) == (binary, multiplied)
    assert found.dense == 50 * (84 + 21)
    assert (found.n_weights, found.n_zero_weights) == (105, 1)
    assert found.activation_sparsity == pytest.approx(np.mean(hidden == 0))
    assert found.footprint == 8 * sum(p.size for p in (*net.coefs_, *net.intercepts_))
    assert found.membrane_updates == 0


def test_back_propagation_takes_two_more_products_but_one_for_the_first_layer():
    found = dense_workload(10, [5, 4, 3], n_updates=2, numbers_per_weight=4)
    forward = 10 * (20 + 12)
    assert found.effective_macs == found.dense == forward + forward + 10 * 12
    assert found.weight_updates == 2 * (20 + 4 + 12 + 3)
    assert found.footprint == 8 * 4 * 39
    # Inputs that are 0 have no gradients, weights that are 0 hand no error back.
    weights = [np.ones((5, 4)), np.eye(4, 3)]
    inputs = [np.zeros((10, 5)), np.full((10, 4), 0.5)]
    found = dense_workload(10, [5, 4, 3], weights=weights, activations=inputs, n_updates=1)
    assert found.effective_macs == 10 * 3 + 10 * 12 + 10 * 3


def test_readouts_and_kernels_by_hand():
    ridge = Ridge().fit(np.eye(4), np.eye(4)[:, :2])
    found = dense_workload(6, [4, 2], weights=[ridge.coef_.T], activations=[np.full((6, 4), 0.5)])
    assert found.effective_macs == 6 * np.count_nonzero(ridge.coef_)
    assert kernel_workload(3, 20, 8, 2, n_active=5.0).effective_macs == 3 * 20 * (5 + 2)
    assert kernel_workload(3, 20, 8, 2).dense == 3 * 20 * (8 + 2)
    # 3 + 2 + 1 pairs of samples.
    assert kernel_learning_workload(3, 8, 2, solve=False).effective_macs == 6 * 8
    assert kernel_learning_workload(3, 8, 2).effective_macs == 6 * 8 + 27 / 6 + 9 * 2
    # Ten samples: 3 pairs of two features; targets; Cholesky and back.
    assert linear_learning_workload(10, 2, 1).effective_macs == 10 * (3 + 2) + 8 / 6 + 4
    # One feature chosen of two: nothing to be made orthogonal to; gains of both.
    assert selection_workload(10, 2, 1, 1).effective_macs == 10 * (3 + 2) + 2 + 0.5


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(DataError, match=r"pre_activity: must have one number for each row"):
        layer_workload([1, 2, 3], np.ones((2, 2)), 1, n_samples=1)
    with pytest.raises(DataError, match=r"weights: those of layer 1 must have shape \(3, 2\)"):
        dense_workload(4, [5, 3, 2], weights=[np.ones((5, 3)), np.ones((2, 3))])
    with pytest.raises(DataError, match=r"activations: those of layer 0 must have shape \(4, 5\)"):
        dense_workload(4, [5, 3], activations=[np.ones((3, 5))])
