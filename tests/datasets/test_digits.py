"""The small digits: shapes, ranges, and the same order as scikit-learn's."""

import numpy as np
from sklearn import datasets as sklearn_datasets

from bioplastic.datasets import load_digits


def test_shapes_types_and_range() -> None:
    digits = load_digits()
    assert digits.data.shape == (1797, 64)
    assert digits.data.dtype == np.float64
    assert digits.data.min() == 0
    assert digits.data.max() == 16
    assert digits.target.shape == (1797,)
    assert set(digits.target) == set(range(10))


def test_images_are_the_data_as_squares() -> None:
    digits = load_digits()
    assert digits.image_shape == (8, 8)
    np.testing.assert_array_equal(digits.images.reshape(1797, 64), digits.data)
    assert len(digits.feature_names) == 64
    assert digits.feature_names[9] == "pixel_1_1"


def test_same_samples_as_scikit_learn() -> None:
    expected_data, expected_target = sklearn_datasets.load_digits(return_X_y=True)
    digits = load_digits()
    np.testing.assert_array_equal(digits.data, expected_data)
    np.testing.assert_array_equal(digits.target, expected_target)
    assert "digits" in digits.DESCR
