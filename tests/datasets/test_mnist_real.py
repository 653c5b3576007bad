"""The four official files of MNIST, where BIOPLASTIC_DATA has them."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from bioplastic.datasets import load_mnist, mnist

pytestmark = pytest.mark.real_data


def test_load(real_data: Path) -> None:
    loaded = load_mnist(real_data)
    assert loaded.data.shape == (70_000, 784)
    assert loaded.data.dtype == np.uint8
    assert loaded.n_train == 60_000
    assert loaded.image_shape == (28, 28)
    # The counts of the ten digits as published with the data.
    train, test = np.split(loaded.target, [loaded.n_train])
    assert np.bincount(train).tolist() == [
        *(5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949)
    ]
    assert np.bincount(test).tolist() == [*(980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009)]
    assert loaded.target[:5].tolist() == [5, 0, 4, 1, 9]


def test_environment_variable_is_enough(real_data: Path) -> None:
    assert load_mnist().n_train == 60_000


def test_published_checksums(real_data: Path) -> None:
    for file in mnist._FILES:
        (path,) = real_data.glob(f"**/{file.name}.gz")
        assert hashlib.md5(path.read_bytes()).hexdigest() == file.md5_zip
