"""What the benchmark scripts share: header, table, and children pinned to one core."""

import contextlib
import functools
import importlib.metadata
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import textwrap
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

PEERS = Path(__file__).parent / "_peers"
OURS = PEERS / "ours.py"

#: What a measured program says of itself.
type Result = dict[str, Any]


def header(title: str, protocol: str) -> str:
    """Head of a result: what was done, with which versions, on which machine."""
    return f"""\
{title}
{"=" * len(title)}

{paragraph(protocol)}

versions  {versions()}
machine   {machine()}
date      {datetime.now(UTC):%Y-%m-%d}
"""


def paragraph(text: str) -> str:
    """Text filled to 100 columns, however it is broken in the source."""
    return textwrap.fill(" ".join(text.split()), width=100)


def versions() -> str:
    """Versions of what the time depends on."""
    packages = ("bioplastic", "brian2", "numpy", "cython")
    found = [f"{name} {importlib.metadata.version(name)}" for name in packages if _installed(name)]
    return ", ".join([f"Python {platform.python_version()}", *found, compiler()])


def _installed(name: str) -> bool:
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        return bool(importlib.metadata.version(name))
    return False


def compiler() -> str:
    """Name and version of the C++ compiler."""
    path = shutil.which(os.environ.get("CXX", "g++"))
    if path is None:
        return "no C++ compiler"
    said = subprocess.run([path, "--version"], capture_output=True, text=True, check=True)
    return said.stdout.partition("\n")[0]


def machine() -> str:
    """Processor, cores, memory and how busy the machine was; no name of the machine."""
    model = platform.processor() or platform.machine()
    parts = [f"{os.cpu_count()} cores"]
    with contextlib.suppress(OSError, StopIteration):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    with contextlib.suppress(ValueError, OSError):
        size = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        parts.append(f"{size / 2**30:.0f} GiB")
    parts.append(f"load {os.getloadavg()[0]:.1f} at the end of the measurement")
    return ", ".join([model, *parts])


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Text table; the first column is set left, the others right."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = [head, ["-" * width for width in widths], *rows]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def median_range(values: Sequence[float], digits: int = 3) -> str:
    """Median (minimum-maximum), to so many significant digits."""
    middle, low, high = (
        _significant(x, digits) for x in (statistics.median(values), min(values), max(values))
    )
    return f"{middle} ({low}-{high})"


def _significant(value: float, digits: int) -> str:
    return f"{float(f'{value:.{digits}g}'):.{max(0, digits - len(str(int(value))))}f}"


def default_core() -> int:
    """The first core that this process may use; 0 where cores cannot be chosen."""
    return min(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0


def run_json(command: Sequence[object], *, core: int | None = None) -> Result:
    """Run a program that prints a line of JSON last; its peak memory is added.

    `python_mb` is the peak of the program itself, `program_mb` that of its largest child, each
    None where there is no /proc to read it from. (getrusage would give a child what its parent
    held before it.)
    """
    output, peaks = run([str(part) for part in command], core=core)
    return json.loads(output.strip().splitlines()[-1]) | peaks


def run(
    command: Sequence[str], *, core: int | None = None, cwd: Path | None = None
) -> tuple[str, Result]:
    """Run a program in `cwd`, pinned to `core`, with one thread; its output and its peaks."""
    one_thread = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    pin = None
    if core is not None and hasattr(os, "sched_setaffinity"):
        pin = functools.partial(os.sched_setaffinity, 0, {core})
    # Files and not pipes: nobody has to read while we watch the memory.
    with tempfile.TemporaryFile("w+") as stdout, tempfile.TemporaryFile("w+") as stderr:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            stdout=stdout,
            stderr=stderr,
            env=os.environ | one_thread,
            preexec_fn=pin,
        )
        with _watch_memory(process.pid) as peaks:
            code = process.wait()
        stdout.seek(0)
        stderr.seek(0)
        if code:
            sys.exit(f"{' '.join(command)} ended with code {code}:\n{stderr.read()[-3000:]}")
        return stdout.read(), _summary(process.pid, peaks)


def _summary(pid: int, peaks: dict[int, float]) -> Result:
    children = [peak for child, peak in peaks.items() if child != pid]
    return {"python_mb": peaks.get(pid), "program_mb": max(children, default=None)}


@contextlib.contextmanager
def _watch_memory(pid: int) -> Iterator[dict[int, float]]:
    """Note the peak memory, in MB, of a process and of its descendants, ten times a second."""
    peaks: dict[int, float] = {}
    ended = threading.Event()
    executable = None
    with contextlib.suppress(OSError):
        executable = Path(f"/proc/{pid}/exe").readlink()

    def watch() -> None:
        while not ended.wait(0.1):
            todo = [pid]
            while todo:
                process = todo.pop()
                # A process may end while we read.
                with contextlib.suppress(OSError, StopIteration):
                    folder = Path(f"/proc/{process}")
                    # Between fork and exec a child still is its parent, memory and all.
                    if process != pid and (folder / "exe").readlink() == executable:
                        continue
                    status = (folder / "status").read_text().splitlines()
                    line = next(line for line in status if line.startswith("VmHWM"))
                    peaks[process] = int(line.split()[1]) * 1024 / 1e6
                    for task in (folder / "task").iterdir():
                        todo += map(int, (task / "children").read_text().split())

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield peaks
    finally:
        ended.set()
        watcher.join()


def progress(text: str) -> None:
    """Tell, on stderr, what is being done: stdout is the result."""
    print(text, file=sys.stderr, flush=True)
