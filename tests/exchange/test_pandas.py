"""Tables with one spike a row, both ways."""

import sys

import numpy as np
import pytest
from brian2 import ms

from bioplastic import SpikeTrains
from bioplastic.errors import DataError

pd = pytest.importorskip("pandas")


@pytest.fixture
def frame(spikes):
    return spikes.to_pandas()


def test_there_and_back(spikes, frame):
    assert frame.columns.tolist() == ["sample", "time", "unit"]
    assert len(frame) == 37
    assert frame.attrs == {"n_units": 7, "duration": [0.3, 0.25, 0.4, 0.0123456]}
    assert SpikeTrains.from_pandas(frame) == spikes


def test_through_a_file(spikes, frame, tmp_path):
    frame.to_csv(tmp_path / "spikes.csv", index=False)
    read = pd.read_csv(tmp_path / "spikes.csv")
    assert SpikeTrains.from_pandas(read, n_units=7, duration=spikes.duration) == spikes


def test_rows_in_any_order_with_any_index_and_other_columns(spikes, frame):
    shuffled = frame.sample(frac=1, random_state=0).assign(depth=3.0)
    assert SpikeTrains.from_pandas(shuffled) == spikes
    assert SpikeTrains.from_pandas(frame.set_index("time", drop=False)) == spikes


def test_pandas_own_types(spikes, frame):
    other = pd.DataFrame(
        {
            "sample": frame["sample"].astype("category"),
            "time": frame["time"].astype("Float64"),
            "unit": frame["unit"].astype("Int16"),
        }
    )
    other.attrs = frame.attrs
    assert SpikeTrains.from_pandas(other) == spikes
    timed = frame.assign(time=pd.to_timedelta(frame["time"], unit="s"))
    found = SpikeTrains.from_pandas(timed)
    np.testing.assert_allclose(found.times, spikes.times, atol=1e-9)


def test_what_nobody_says_follows_from_the_rows():
    frame = pd.DataFrame({"sample": [2, 0], "time": [0.0105, 0.2], "unit": [1, 4]})
    spikes = SpikeTrains.from_pandas(frame)
    assert spikes.shape == (3, 5)
    assert spikes.duration.tolist() == [0.2, 0.0, 0.011]
    assert SpikeTrains.from_pandas(frame, duration=300 * ms).duration.tolist() == [0.3] * 3
    assert len(SpikeTrains.from_pandas(frame[:0])) == 0
    assert len(SpikeTrains.from_pandas(frame[:0], n_units=3, duration=[1.0, 2.0])) == 2


def test_a_choice_of_rows_keeps_the_other_samples(spikes, frame):
    found = SpikeTrains.from_pandas(frame[frame["sample"] == 2])
    assert found[2] == spikes[2]
    assert found.counts().sum(axis=1).tolist() == [0, 0, 20, 0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.drop(columns=["unit"]), "columns sample, time and unit, lacks unit; rename"),
        (lambda f: f.to_numpy(), "lacks sample, time, unit"),
        (lambda f: f.assign(sample=4), r"sample must lie in 0\.\.3, row 0 has 4; give a duration"),
        (lambda f: f.assign(sample=-1), r"sample must lie in 0\.\.3, row 0 has -1"),
        (lambda f: f.assign(sample="trial 1"), "sample: must be whole numbers"),
        (lambda f: f.assign(unit=0.5), "unit: must be whole numbers, event 0 has 0.5"),
        (lambda f: f.assign(unit=7), r"units must lie in 0\.\.6, sample 0, event 0 has 7"),
        (lambda f: f.assign(time=np.nan), "time must be known of every event, row 0 has nan"),
        (lambda f: f.assign(unit=pd.NA), "unit must be known of every event, row 0 has <NA>"),
        (lambda f: f.assign(time=0.35), "sample 0, event 0 has 0.35 s of 0.3 s"),
        (lambda f: f.assign(time="early"), "time: must be times in seconds"),
    ],
)
def test_what_does_not_fit_is_named(frame, change, message):
    with pytest.raises(DataError, match=f"^SpikeTrains.from_pandas: .*{message}"):
        SpikeTrains.from_pandas(change(frame))


def test_without_pandas_it_says_how_to_get_it(spikes, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r"SpikeTrains.to_pandas: needs .* pip install pandas"):
        spikes.to_pandas()


def test_a_column_that_is_there_twice_is_refused(spikes):
    frame = spikes.to_pandas()
    with pytest.raises(DataError, match="needs one column sample, got several"):
        SpikeTrains.from_pandas(pd.concat([frame, frame], axis=1))
