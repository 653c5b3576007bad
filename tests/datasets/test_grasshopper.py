"""load_grasshopper on small text files, and on the published ones where there are some."""

import gzip
import tracemalloc

import numpy as np
import pytest

from bioplastic.datasets import load_grasshopper
from bioplastic.errors import DataError, DataNotFoundError, ParameterError

HEADER = "# carrier freq (kHz): 2.5\n# cut-off frequency (Hz): 200\n"
TIMES = [100, 250, 300, 500, 600]


@pytest.fixture(autouse=True)
def no_data(monkeypatch, tmp_cache):
    """Start without BIOPLASTIC_DATA and with an empty cache."""
    monkeypatch.delenv("BIOPLASTIC_DATA", raising=False)


def write_spikes(folder, number=1, times=TIMES):
    folder.mkdir(parents=True, exist_ok=True)
    text = HEADER + "\n".join(map(str, times)) + "\n\n\n"
    (folder / f"grasshopper_spike_times{number}.txt").write_text(text)


def write_sound(folder, number=1, n=12, step=50, zipped=True, change=lambda text: text):
    amplitude = np.linspace(0.1, 1, n)
    rows = zip(np.arange(n) * step, amplitude, strict=True)
    text = change("".join(f"{t}  {value:.6f}\n" for t, value in rows) + "\n")
    folder.mkdir(parents=True, exist_ok=True)
    name = f"grasshopper_stimulus{number}.txt"
    if zipped:
        (folder / f"{name}.gz").write_bytes(gzip.compress(text.encode()))
    else:
        (folder / name).write_text(text)
    return amplitude


@pytest.fixture
def folder(tmp_path):
    write_spikes(tmp_path)
    write_sound(tmp_path)
    return tmp_path


@pytest.mark.parametrize("zipped", [True, False])
def test_bunch(zipped, tmp_path):
    write_spikes(tmp_path)
    amplitude = write_sound(tmp_path, zipped=zipped)
    loaded = load_grasshopper(tmp_path)
    assert loaded.data.shape == (1, 1)
    np.testing.assert_allclose(loaded.data.times, np.array(TIMES) * 1e-6)
    np.testing.assert_allclose(loaded.data.duration, 600e-6)
    assert loaded.target.shape == (1, 12)
    np.testing.assert_allclose(loaded.target[0], amplitude, atol=1e-6)
    assert loaded.dt == pytest.approx(50e-6)
    assert loaded.feature_names == ["receptor"]
    assert "jn.00891.2005" in loaded.DESCR
    assert "BSD" in loaded.DESCR


def test_cutoff_chooses_the_recording(folder):
    write_spikes(folder, 2, [400])
    write_sound(folder, 2, n=10, step=100)
    loaded = load_grasshopper(folder, cutoff=800)
    np.testing.assert_allclose(loaded.data.times, [400e-6])
    assert loaded.target.shape == (1, 10)
    assert loaded.dt == pytest.approx(100e-6)
    assert len(load_grasshopper(folder, cutoff=200).data.times) == 5


def test_blocks(folder):
    whole = load_grasshopper(folder)
    loaded = load_grasshopper(folder, n_blocks=3)
    np.testing.assert_allclose(loaded.data.duration, 200e-6)
    # 600 is the very end: it stays in the last block, though a fourth would begin there.
    expected = [[100], [50, 100], [100, 200]]
    for block, times in zip(loaded.data, expected, strict=True):
        np.testing.assert_allclose(block.times, np.array(times) * 1e-6, atol=1e-15)
    np.testing.assert_array_equal(loaded.target.ravel(), whole.target[0])
    assert loaded.target.shape == (3, 4)


def test_a_spike_on_an_edge_opens_a_block(folder):
    loaded = load_grasshopper(folder, n_blocks=2)
    assert [len(block.times) for block in loaded.data] == [2, 3]
    np.testing.assert_allclose(loaded.data[1].times[0], 0, atol=1e-15)


@pytest.mark.parametrize("n_blocks", [0, -1, 5, 2.0, True, "2"])
def test_blocks_that_do_not_fit(n_blocks, folder):
    with pytest.raises(ParameterError, match="n_blocks: must (be a whole|divide the 12)"):
        load_grasshopper(folder, n_blocks=n_blocks)


def test_no_such_cutoff(folder):
    with pytest.raises(ParameterError, match="cutoff: must be 200 or 800"):
        load_grasshopper(folder, cutoff=400)


def test_found_in_the_places_in_order(tmp_path, tmp_cache, monkeypatch):
    write_spikes(tmp_cache / "grasshopper", times=[100])
    write_sound(tmp_cache / "grasshopper")
    assert len(load_grasshopper().data.times) == 1
    write_spikes(tmp_path / "data" / "grasshopper", times=[100, 200])
    write_sound(tmp_path / "data" / "grasshopper")
    monkeypatch.setenv("BIOPLASTIC_DATA", str(tmp_path / "data"))
    assert len(load_grasshopper().data.times) == 2
    assert len(load_grasshopper(str(tmp_path / "data")).data.times) == 2


def test_absent(tmp_path, tmp_cache):
    with pytest.raises(DataNotFoundError, match=r"spike_times1\.txt .*not set\).*nitime") as caught:
        load_grasshopper()
    assert str(tmp_cache / "grasshopper") in str(caught.value)
    write_spikes(tmp_path)
    with pytest.raises(DataNotFoundError, match=r"grasshopper_stimulus1\.txt"):
        load_grasshopper(tmp_path)


@pytest.mark.parametrize("times", [[300, 200], [100, 601], [-100, 100]])
def test_spikes_out_of_order_or_of_the_sound(times, folder):
    write_spikes(folder, times=times)
    with pytest.raises(DataError, match=r"spike_times1\.txt: times must rise and lie within"):
        load_grasshopper(folder)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda text: text.replace("150 ", "160 "), "equal steps"),
        (lambda text: text[text.index("\n") + 1 :], "rise from 0"),
        (lambda text: text.replace("1.000000", "1.100000"), "at most 1"),
        (lambda text: text.replace("0.100000", "0.000000"), "above 0"),
        (lambda text: text.replace("1.000000", "nan"), "2 finite"),
        (lambda text: text.replace("1.000000", "loud"), "cannot be read as numbers"),
        (lambda text: text.replace("1.000000", ""), "cannot be read as numbers"),
        (lambda _: "", "2 finite"),
    ],
)
def test_another_sound(change, says, folder):
    write_sound(folder, change=change)
    with pytest.raises(DataError, match=rf"stimulus1\.txt\.gz: .*{says}"):
        load_grasshopper(folder)


def test_a_file_that_unpacks_to_far_more(folder):
    (folder / "grasshopper_stimulus1.txt.gz").write_bytes(gzip.compress(b"0 1\n" * 10**7))
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match="unpacks to far more than its size"):
            load_grasshopper(folder)
        assert tracemalloc.get_traced_memory()[1] < 4 * 2**20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("keep", [40, -6])
def test_truncated(keep, folder):
    file = folder / "grasshopper_stimulus1.txt.gz"
    file.write_bytes(file.read_bytes()[:keep])
    with pytest.raises(DataError, match="is damaged or truncated"):
        load_grasshopper(folder)


def test_no_spikes_file_content(folder):
    write_spikes(folder, times=[])
    with pytest.raises(DataError, match="1 finite"):
        load_grasshopper(folder)


@pytest.mark.real_data
@pytest.mark.parametrize(("cutoff", "n_spikes"), [(200, 929), (800, 868)])
def test_published_recordings(cutoff, n_spikes, real_data):
    loaded = load_grasshopper(real_data, cutoff=cutoff, n_blocks=10)
    assert loaded.data.shape == (10, 1)
    assert loaded.target.shape == (10, 20000)
    assert len(loaded.data.times) == n_spikes
    np.testing.assert_allclose(loaded.data.duration, 1)
    level = 20 * np.log10(loaded.target)
    assert level.mean() == pytest.approx(-18, abs=0.01)
    assert level.std() == pytest.approx(6, abs=0.02)
    power = abs(np.fft.rfft(level.ravel() - level.mean())) ** 2
    frequency = np.fft.rfftfreq(level.size, loaded.dt)
    assert power[frequency <= 1.01 * cutoff].sum() > 0.98 * power.sum()
    # A receptor spikes some 7 ms after it hears something loud.
    ahead = [
        level[block, index[index >= 0]]
        for block, spikes in enumerate(loaded.data)
        for index in [((spikes.times - 0.0067) / loaded.dt).astype(int)]
    ]
    assert np.concatenate(ahead).mean() > level.mean() + 3
