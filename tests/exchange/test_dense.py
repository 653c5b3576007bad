"""Arrays of counts in bins, both ways."""

import numpy as np
import pytest
from brian2 import ms, mV
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as of_numpy

from bioplastic import SpikeTrains
from bioplastic.errors import DataError, ParameterError

rasters = of_numpy.arrays(
    np.int64,
    st.tuples(st.integers(0, 3), st.integers(1, 40), st.integers(1, 4)),
    elements=st.integers(0, 5),
)


@given(rasters, st.sampled_from([1 * ms, 0.1 * ms, 0.3 * ms, 7 / 3 * ms, 0.7]))
def test_there_and_back(raster, dt):
    spikes = SpikeTrains.from_dense(raster, dt)
    np.testing.assert_array_equal(spikes.counts(), raster.sum(axis=1))
    if len(raster):
        np.testing.assert_array_equal(spikes.to_dense(dt), raster)
        np.testing.assert_array_equal(spikes.binned(dt), raster)


def test_a_spike_lies_at_the_begin_of_its_bin_and_several_evenly_in_it():
    spikes = SpikeTrains.from_dense([[[0, 1], [4, 0]], [[0, 0], [0, 2]]], 0.5)
    assert spikes[0].times.tolist() == [0.0, 0.5, 0.625, 0.75, 0.875]
    assert spikes[1].times.tolist() == [0.5, 0.75]
    assert spikes[0].units.tolist() == [1, 0, 0, 0, 0]
    assert spikes.duration.tolist() == [1.0, 1.0]


@pytest.mark.filterwarnings("error")
def test_counts_of_16_bits_warn_of_nothing():
    raster = np.full((1, 2, 3), 2, np.float16)
    assert SpikeTrains.from_dense(raster, 1 * ms).counts().tolist() == [[4, 4, 4]]


def test_spikes_on_a_grid_come_back_bit_for_bit():
    rng = np.random.default_rng(1)
    spikes = SpikeTrains.from_dense(rng.random((4, 500, 6)) < 0.05, 0.1 * ms)
    assert SpikeTrains.from_dense(spikes.to_dense(0.1 * ms), 0.1 * ms) == spikes


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.float32, np.float64])
def test_any_type_of_numbers(dtype):
    raster = (np.random.default_rng(0).random((2, 30, 3)) < 0.2).astype(dtype)
    spikes = SpikeTrains.from_dense(raster, 1 * ms)
    back = spikes.to_dense(1 * ms, dtype=dtype)
    assert back.dtype == dtype
    np.testing.assert_array_equal(back, raster)


@pytest.mark.parametrize(
    ("dtype", "most"), [(np.uint8, 255), (np.int8, 127), (np.float16, 2048), (np.uint16, 65535)]
)
def test_counts_beyond_the_type_are_refused(dtype, most):
    for count in (most, most + 1):
        spikes = SpikeTrains.from_dense([[[0, 0], [0, count]]], 1 * ms)
        assert spikes.to_dense(1 * ms, dtype=bool).tolist() == [[[False, False], [False, True]]]
        if count == most:
            assert spikes.to_dense(1 * ms, dtype=dtype)[0, 1, 1] == most
        else:
            with pytest.raises(
                ParameterError, match=f"up to {most}, sample 0, bin 1, unit 1 has {count} spikes"
            ):
                spikes.to_dense(1 * ms, dtype=dtype)


@pytest.mark.parametrize(
    ("raster", "message"),
    [
        (np.zeros((3, 2)), r"shape \(n_samples, n_bins, n_units\), got float64 of shape \(3, 2\)"),
        ([[["a"]]], "got <U1"),
        ([[[0.0, 0.5]]], "sample 0, bin 0, unit 1 has 0.5; threshold"),
        ([[[0]], [[-1]]], "sample 1, bin 0, unit 0 has -1"),
        ([[[0.0], [np.nan]]], "sample 0, bin 1, unit 0 has nan"),
        ([[[np.inf]]], "sample 0, bin 0, unit 0 has inf"),
    ],
)
def test_what_is_no_raster_is_refused(raster, message):
    with pytest.raises(DataError, match=f"SpikeTrains.from_dense: raster must .*{message}"):
        SpikeTrains.from_dense(raster, 1 * ms)


@pytest.mark.parametrize("dt", [0, -1, np.nan, 5 * mV, [1, 2] * ms], ids=repr)
def test_what_is_no_width_is_refused(dt, spikes):
    with pytest.raises(ParameterError, match=r"SpikeTrains.from_dense: dt:? must be"):
        SpikeTrains.from_dense([[[1]]], dt)
    with pytest.raises(ParameterError, match=r"SpikeTrains.to_dense: dt:? must be"):
        spikes.to_dense(dt)


@pytest.mark.parametrize("dtype", [object, "U3", complex, "nonsense"])
def test_what_is_no_number_is_refused(dtype, spikes):
    with pytest.raises(ParameterError, match="SpikeTrains.to_dense: dtype must be one of numbers"):
        spikes.to_dense(1 * ms, dtype=dtype)
