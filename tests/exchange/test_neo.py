"""Segments of neo, both ways, and files that neo reads."""

import sys
from datetime import UTC, datetime

import numpy as np
import pytest

from bioplastic import SpikeTrains
from bioplastic.errors import DataError

neo = pytest.importorskip("neo")


def segment(*trains, name=None, **options):
    made = neo.Segment(name=name)
    for times in trains:
        made.spiketrains.append(neo.SpikeTrain(times, **{"units": "s", "t_stop": 1.0} | options))
    return made


class TestToNeo:
    def test_one_segment_a_sample_and_one_train_a_unit(self, spikes):
        segments = spikes.to_neo()
        assert [len(segment.spiketrains) for segment in segments] == [7] * 4
        for k, made in enumerate(segments):
            for unit, train in enumerate(made.spiketrains):
                expected = spikes[k].times[spikes[k].units == unit]
                np.testing.assert_array_equal(train.rescale("s").magnitude, expected)
                assert float(train.t_stop.rescale("s")) == spikes.duration[k]
                assert train.annotations["unit"] == unit

    def test_without_neo_it_says_how_to_get_it(self, spikes, monkeypatch):
        monkeypatch.setitem(sys.modules, "neo", None)
        with pytest.raises(ImportError, match="pip install neo"):
            spikes.to_neo()


class TestFromNeo:
    def test_there_and_back(self, spikes):
        segments = spikes.to_neo()
        block = neo.Block()
        block.segments.extend(segments)
        for source in (segments, block, [block], tuple(segments)):
            assert SpikeTrains.from_neo(source) == spikes
        assert SpikeTrains.from_neo(segments[2]) == spikes[2]

    def test_a_sample_lasts_from_the_first_begin_to_the_last_end(self):
        made = neo.Segment()
        for times, start, stop in (([2.5, 2.25], 2.0, 3.0), ([2.75], 2.125, 3.5), ([], 1.5, 2.0)):
            made.spiketrains.append(neo.SpikeTrain(times, units="s", t_start=start, t_stop=stop))
        spikes = SpikeTrains.from_neo([made, segment([0.5], [], [], t_stop=0.625)])
        assert spikes.shape == (2, 3)
        assert spikes.duration.tolist() == [2.0, 0.625]
        assert spikes[0].times.tolist() == [0.75, 1.0, 1.25]
        assert spikes[0].units.tolist() == [0, 0, 1]

    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    def test_milliseconds_of_any_type(self, dtype):
        """A spike at the very end is in the sample, whatever rounding there is."""
        rng = np.random.default_rng(0)
        for stop in rng.uniform(100, 200, 50).astype(dtype):
            start = dtype(rng.uniform(0, 99))
            made = segment(np.array([stop, start], dtype), units="ms", t_start=start, t_stop=stop)
            spikes = SpikeTrains.from_neo(made)
            assert spikes.times[0] == 0
            assert spikes.times[1] == spikes.duration[0]
            np.testing.assert_allclose(spikes.duration[0], (float(stop) - float(start)) / 1e3)

    def test_annotations_say_which_unit_a_train_is_of(self):
        segments = [segment([0.1], [0.2]), segment([0.3])]
        with pytest.raises(DataError, match=r"segment 1 has 1 and segment 0 has 2; .*annotate"):
            SpikeTrains.from_neo(segments)
        for made, units in zip(segments, ([5, np.int64(2)], [2]), strict=True):
            for train, unit in zip(made.spiketrains, units, strict=True):
                train.annotate(unit=unit)
        spikes = SpikeTrains.from_neo(segments)
        assert spikes.n_units == 6
        assert spikes.units.tolist() == [5, 2, 2]
        segments[0].spiketrains[0].annotate(unit=2)
        with pytest.raises(DataError, match="segment 0 has 2 more than once"):
            SpikeTrains.from_neo(segments)

    @pytest.mark.parametrize(
        ("source", "message"),
        [
            (5, "must be a Block, a Segment or a list of such, got int"),
            (["trial"], "must be a Block, a Segment or a list of such, got str"),
            ([], "at least one segment, got none"),
            (neo.Block(), "at least one segment, got none"),
            ([segment([0.1]), segment(name="rest")], r"segment 1 \('rest'\) has no spike trains"),
        ],
    )
    def test_what_is_none_is_refused(self, source, message):
        with pytest.raises(DataError, match=f"SpikeTrains.from_neo: .*{message}"):
            SpikeTrains.from_neo(source)


def test_nwb(tmp_path):
    """What neo reads of a file in the format Neurodata Without Borders."""
    pynwb = pytest.importorskip("pynwb")
    now = datetime(2026, 1, 1, tzinfo=UTC)
    file = pynwb.NWBFile(session_description="two units", identifier="x", session_start_time=now)
    times = [[10.125, 10.5, 11.75], [10.25]]
    for own in times:
        file.add_unit(spike_times=own, obs_intervals=[[10.0, 12.0]])
    with pynwb.NWBHDF5IO(tmp_path / "session.nwb", "w") as stream:
        stream.write(file)
    (block,) = neo.NWBIO(str(tmp_path / "session.nwb"), mode="r").read_all_blocks()
    spikes = SpikeTrains.from_neo(block)
    assert spikes.n_units == 2
    for unit, own in enumerate(times):
        found = spikes.times[spikes.units == unit]
        np.testing.assert_allclose(np.diff(found), np.diff(own), rtol=1e-12)
