"""`bioplastic compare` as a user runs it, killed ten times and continued."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

COMMAND = "compare --data digits --methods svm,mlp,liquid --seeds 16 --size demo --jobs 2 --quiet"


def start(folder):
    program = [sys.executable, "-c", "from bioplastic.cli import main; main()"]
    return subprocess.Popen(
        [*program, *COMMAND.split(), "--out", str(folder)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip


def finished(folder):
    return {path.name: path.stat().st_mtime_ns for path in (folder / "outcomes").glob("*.json")}


def numbers(folder):
    """Every number of every task but what it took of time and memory."""
    tasks = json.loads((folder / "results.json").read_text())["tasks"]
    return [
        {name: task[name] for name in task if not name.startswith(("seconds", "peak"))}
        for task in tasks
    ]


@pytest.mark.slow
def test_killed_ten_times_gives_the_same_numbers(tmp_path):
    folder, undisturbed = tmp_path / "killed", tmp_path / "undisturbed"
    rng = np.random.default_rng(3)
    at_work, stored = 0, {}
    for _ in range(10):
        program = start(folder)
        time.sleep(rng.uniform(3, 8))
        at_work += program.poll() is None
        os.killpg(program.pid, signal.SIGKILL)
        program.wait()
        now = finished(folder)
        assert stored.items() <= now.items()  # what was stored is neither lost nor done again
        stored = now
    assert at_work == 10
    assert len(stored) < 48
    assert start(folder).wait(600) == 0
    assert stored.items() <= finished(folder).items()
    assert start(undisturbed).wait(600) == 0
    assert len(numbers(folder)) == len(finished(folder)) == 48
    assert numbers(folder) == numbers(undisturbed)
