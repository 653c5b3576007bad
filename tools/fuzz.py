"""Read files that go wrong, thousands of them, and tell what the readers did (`make fuzz`).

    make ARGS="--number 1000 --readers hdf5 recording --jobs 2" fuzz

A file is read, or refused by an error of bioplastic. Anything else is a fault: it is counted, and
its file kept in out/fuzz with what happened. A file follows from reader, seed and number, so that
`--readers hdf5 --seed 0 --first 123 --number 1` makes it again.
"""

import argparse
import multiprocessing
import os
import resource
import sys
import tempfile
import threading
import time
import warnings
from collections import Counter
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

from _protocol import header
from fuzz_files import READERS, mutated

from bioplastic import _hdf5
from bioplastic.errors import BioplasticError

OUT = Path("out/fuzz")
#: Seconds after which a reader counts as hung.
PATIENCE = 120
#: What a worker may ask for beyond what it has, used or not: more than any file may take.
ADDRESSES = 2**28
FAULTS = ("raw", "hung", "crashed", "memory")


@dataclass
class Row:
    """What became of the files of one reader."""

    reader: str
    counts: Counter[str] = field(default_factory=Counter)
    largest: int = 0
    seconds: float = 0.0
    begun: float = field(default_factory=time.monotonic)

    @property
    def files(self) -> int:
        return sum(self.counts[kind] for kind in ("read", "refused", *FAULTS))

    def line(self) -> str:
        n = self.counts
        return (
            f"{self.reader:<10}  {self.files:>8,}  {n['read']:>6,}  {n['refused']:>7,}  "
            f"{n['raw']:>4}  {n['hung']:>4}  {n['crashed']:>7}  {n['memory']:>6}  "
            f"{self.largest / 2**20:>11.2f}  {self.seconds:>7.0f}"
        )


def resident(name: str) -> int:
    """Read a size of this process, in bytes; Linux tells it."""
    status = Path("/proc/self/status").read_text()
    return 1024 * int(status.partition(f"{name}:")[2].split()[0])


def try_one(reader: str, seed: int, number: int, folder: Path, valid: dict[str, bytes]) -> tuple:
    """Read one file; tell how that ended, the peak of memory, and what was said."""
    name, content = mutated(reader, seed, number, valid)
    path = folder / name
    path.write_bytes(content)
    Path("/proc/self/clear_refs").write_text("5")  # forgets the peak
    before = resident("VmRSS")
    try:
        READERS[reader].read(path)
        ended, said = "read", ""
    except BioplasticError as error:
        ended, said = "refused", f"{error}"
    except Exception as error:
        ended, said = "raw", f"{type(error).__name__}: {error}"
    peak = resident("VmHWM") - before
    path.unlink()
    if ended != "raw" and peak > 10 * len(content) + READERS[reader].floor:
        ended, said = "memory", f"{peak:,} bytes for {len(content):,}: {said}"
    return ended, peak, ascii(said[:2000])  # text of a damaged file may be no text


def work(reader: str, seed: int, numbers: range, pipe: Connection) -> None:
    """Try files one after the other."""
    warnings.simplefilter("ignore")
    # No step of a small file takes longer, and those that do not end are many.
    _hdf5.SECONDS = 0.5
    valid = READERS[reader].valid()
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + ADDRESSES, -1))
    with tempfile.TemporaryDirectory() as folder:
        for number in numbers:
            pipe.send((number, *try_one(reader, seed, number, Path(folder), valid)))
            _hdf5._harmless.clear()
    pipe.close()


def lane(row: Row, seed: int, numbers: range, lock: threading.Lock) -> None:
    """Let workers try files, a new one where the last has hung or died."""
    context = multiprocessing.get_context("spawn")
    # Freed memory goes back at once, so that each file's peak is its own.
    os.environ["MALLOC_MMAP_THRESHOLD_"] = "65536"
    while numbers:
        ours, theirs = context.Pipe(duplex=False)
        worker = context.Process(target=work, args=(row.reader, seed, numbers, theirs), daemon=True)
        worker.start()
        theirs.close()
        ended = ""
        try:
            while numbers and not ended:
                if ours.poll(PATIENCE):
                    number, *found = ours.recv()
                    assert number == numbers[0]
                    note(row, seed, number, *found, lock=lock)
                    numbers = numbers[1:]
                else:
                    ended = "hung"
        except EOFError:
            ended = "crashed"
        if ended:
            worker.kill()
            worker.join()
            said = f"{ended}, exit code {worker.exitcode}"
            note(row, seed, numbers[0], ended, 0, said, lock=lock)
            numbers = numbers[1:]
        worker.join()


def note(
    row: Row, seed: int, number: int, ended: str, peak: int, said: str, *,
    lock: threading.Lock,
) -> None:  # fmt: skip
    """Count, and keep the file of a fault."""
    with lock:
        row.counts[ended] += 1
        row.largest = max(row.largest, peak)
        if ended in FAULTS:
            OUT.mkdir(parents=True, exist_ok=True)
            name, content = mutated(row.reader, seed, number, READERS[row.reader].valid())
            kept = OUT / f"{row.reader}-{seed}-{number}-{name}"
            kept.write_bytes(content)
            print(f"{ended}: {kept}: {said[:500]}", file=sys.stderr, flush=True)
        row.seconds = time.monotonic() - row.begun
        if row.files % 1000 == 0:
            print(row.line(), file=sys.stderr, flush=True)


def table(rows: list[Row], seed: int) -> str:
    """What was found, with how it was done."""
    lines = [
        header(
            "Files that go wrong",
            "Small valid files of each kind, changed at random (bits and bytes, cuts, doubled and "
            "swapped parts, extreme integers, splices, also beneath checksums), then read: "
            f"`make fuzz`, seed {seed}. Refused means an error of bioplastic; raw, any other. "
            "Memory is by how much the resident size of the process grows at its peak, and a fault "
            "where that is more than ten times the file and a floor: 4 MiB, 16 for HDF5, 80 for "
            "sounds, which grow as they are resampled. HDF5 is read twice, first by a process that "
            "has limits of its own.",
        ),
        "reader         files    read  refused   raw  hung  crashed  memory  largest MiB  seconds",
        "----------  --------  ------  -------  ----  ----  -------  ------  -----------  -------",
    ]
    return "\n".join([*lines, *(row.line() for row in rows)])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--number", type=int, default=100_000, help="files for each reader")
    parser.add_argument("--first", type=int, default=0, help="number of the first")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--readers", nargs="+", default=list(READERS), choices=list(READERS))
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    given = parser.parse_args()
    rows = []
    try:
        for reader in given.readers:
            row = Row(reader)
            rows.append(row)
            lock = threading.Lock()
            numbers = range(given.first, given.first + given.number)
            lanes = [
                threading.Thread(
                    target=lane, args=(row, given.seed, numbers[k :: given.jobs], lock), daemon=True
                )
                for k in range(given.jobs)
            ]
            for one in lanes:
                one.start()
            for one in lanes:
                one.join()
    except KeyboardInterrupt:
        print("stopped; this is what was reached", file=sys.stderr)
    print(table(rows, given.seed))
    # Fewer than asked for: stopped, or a lane has failed.
    return int(
        any(row.files - row.counts["read"] - row.counts["refused"] for row in rows)
        or any(row.files < given.number for row in rows)
    )


if __name__ == "__main__":
    sys.exit(main())
