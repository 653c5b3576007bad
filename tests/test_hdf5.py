"""Files of strangers: HDF5 itself loops in some, believes others, and is not asked at once."""

import os
import signal
import struct
import threading
import time

import h5py
import numpy as np
import pytest

from bioplastic import SpikeTrains, _hdf5
from bioplastic.errors import DataError


@pytest.fixture
def path(tmp_path):
    spikes = SpikeTrains([0.1, 0.2, 0.1], [0, 1, 1], [0, 2, 3], n_units=2, duration=0.5)
    spikes.save(tmp_path / "spikes.h5")
    return tmp_path / "spikes.h5"


@pytest.fixture
def endless(path, monkeypatch):
    """Return a file whose heap of ragged rows has free space that HDF5 never gets beyond."""
    monkeypatch.setattr(_hdf5, "SECONDS", 0.3)
    content = bytearray(path.read_bytes())
    place = content.find(b"GCOL") + 16
    while (item := struct.unpack_from("<HH4xQ", content, place))[0]:
        place += 16 + -(-item[2] // 8) * 8
    struct.pack_into("<Q", content, place + 8, 64)  # its size; zeros follow it now
    path.write_bytes(content)
    return path


def test_a_file_without_end_is_refused(endless):
    begun = time.monotonic()
    with pytest.raises(DataError, match="does not come to an end with it"):
        SpikeTrains.load(endless)
    assert time.monotonic() - begun < 60


def test_the_next_file_is_read(endless, tmp_path):
    with pytest.raises(OSError, match="does not come to an end"):
        _hdf5.check_hdf5(endless)
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["x"] = 1
    _hdf5.check_hdf5(tmp_path / "other.h5")


def test_the_answers_to_several_threads_are_their_own(path, tmp_path):
    (tmp_path / "text.h5").write_text("no HDF5")
    found = []

    def ask(name):
        try:
            _hdf5.check_hdf5(tmp_path / name)
            found.append((name, True))
        except OSError:
            found.append((name, False))

    names = [path.name, "text.h5"] * 4
    threads = [threading.Thread(target=ask, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == sorted((name, name == path.name) for name in names)


def test_a_reader_that_was_killed_starts_anew(path, tmp_path):
    _hdf5.check_hdf5(path)
    os.kill(_hdf5._reader._process.pid, signal.SIGKILL)
    _hdf5._harmless.clear()
    _hdf5.check_hdf5(path)


def test_ctrl_c_leaves_no_answer_for_the_next_question(path, tmp_path):
    _hdf5.check_hdf5(path)

    class Interrupted:
        def __getattr__(self, name):
            return getattr(process, name)

        class stdout:
            @staticmethod
            def readline():
                raise KeyboardInterrupt

            @staticmethod
            def close():
                process.stdout.close()

    process = _hdf5._reader._process
    _hdf5._reader._process = Interrupted()
    (tmp_path / "text.h5").write_text("no HDF5")
    with pytest.raises(KeyboardInterrupt):
        _hdf5.check_hdf5(tmp_path / "text.h5")
    _hdf5._harmless.clear()
    _hdf5.check_hdf5(path)  # and not the answer to the other


def test_a_change_is_looked_at(path):
    _hdf5.check_hdf5(path)
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(DataError, match="it is truncated or no HDF5 file"):
        SpikeTrains.load(path)


def odd_float():
    kind = h5py.h5t.IEEE_F64LE.copy()
    kind.set_ebias(100_000)
    return kind


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda file: file.create_dataset("x", (10**9,), "f8"), "unpacks to more than"),
        (lambda file: file.create_dataset("x", (10**7,), "f8", compression="gzip"), "unpacks to"),
        (lambda file: file.__setitem__("x", h5py.ExternalLink("y.h5", "/")), "x lies in another"),
        (
            lambda file: file.create_dataset("x", (9,), "f8", external=[("y", 0, 72)]),
            "/x lies in another file",
        ),
        (
            lambda file: h5py.h5d.create(file.id, b"x", odd_float(), h5py.h5s.create_simple((0,))),
            "Insufficient precision",
        ),
    ],
    ids=["never written", "compressed", "external link", "external data", "type"],
)
def test_what_a_file_claims_is_not_believed(path, change, message):
    with h5py.File(path, "a") as file:
        change(file)
    with pytest.raises(DataError, match=message):
        SpikeTrains.load(path)


def test_rows_that_are_one_row_many_times(tmp_path):
    path, n, places = tmp_path / "rows.h5", 200, []
    with h5py.File(path, "w") as file:
        for name, kind in (("times", "f8"), ("units", "u2")):
            rows = file.create_dataset(f"spikes/{name}", (n,), h5py.vlen_dtype(kind))
            rows[0] = np.zeros(500, kind)
            places.append(rows.id.get_offset())
    content = bytearray(path.read_bytes())
    for place in places:  # where the first row lies, for all of them
        content[place : place + 16 * n] = content[place : place + 16] * n
    path.write_bytes(content)
    with pytest.raises(DataError, match="has more in its rows than in all"):
        SpikeTrains.load(path)


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.h5")
    with pytest.raises(DataError, match="it is not a file"):
        SpikeTrains.load(tmp_path / "pipe.h5")


def test_soft_links_and_loops_of_links_are_read(path):
    with h5py.File(path, "a") as file:
        file["nowhere"] = h5py.SoftLink("/not/there")
        file["spikes/again"] = file["/"]
    assert len(SpikeTrains.load(path)) == 2
