"""Running tasks: nothing is lost, nothing is done twice, whatever is killed."""

import json
import os
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from fake_tasks import (
    Buggy,
    Dies,
    DiesOnce,
    Interrupted,
    Locked,
    Odd,
    Refuses,
    Sums,
    Task,
    Threads,
    Unlucky,
)

from bioplastic.errors import ParameterError, StorageError
from bioplastic.study._attempt import Failure
from bioplastic.study.runner import run_tasks
from bioplastic.study.store import Store

HERE = Path(__file__).parent


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


@pytest.fixture
def log(tmp_path):
    return tmp_path / "log"


def ran(log):
    """Numbers of the tasks that were begun, in order."""
    return [int(line.split()[0]) for line in log.read_text().splitlines()] if log.exists() else []


def pids(log, numbers=range(99)):
    """Return the processes in which tasks of these numbers ran."""
    lines = [[int(word) for word in line.split()] for line in log.read_text().splitlines()]
    return {pid for number, pid in lines if number in numbers}


class TestHere:
    def test_each_outcome_is_stored_in_the_order_given(self, store, log):
        tasks = [Task(k, log) for k in (2, 0, 1)]
        assert run_tasks(tasks, store) == []
        assert ran(log) == [2, 0, 1]
        assert [store.load(task.key).seed for task in tasks] == [2, 0, 1]
        assert pids(log) == {os.getpid()}

    def test_what_is_stored_is_not_run(self, store, log):
        tasks = [Task(k, log) for k in range(4)]
        run_tasks(tasks[1:3], store)
        run_tasks(tasks, store)
        run_tasks(tasks, store)
        assert ran(log) == [1, 2, 0, 3]

    def test_of_equal_tasks_one_is_run(self, store, log):
        run_tasks([Task(1, log), Task(2, log), Task(1, log)], store)
        assert ran(log) == [1, 2]

    def test_a_damaged_outcome_is_found_anew(self, store, log):
        task = Task(1, log)
        run_tasks([task], store)
        (store.folder / f"{task.key}.json").write_bytes(b'{"half')
        run_tasks([task], store)
        assert ran(log) == [1, 1]
        assert store.load(task.key).seed == 1

    def test_one_that_fails_is_told_and_the_others_go_on(self, store, log):
        tasks = [Refuses(0, log), Task(1, log), Buggy(2, log), Task(3, log)]
        first, second = run_tasks(tasks, store)
        assert first.name == "fake, seed 0"
        assert first.key == tasks[0].key
        assert first.message == "digits: no samples; give some"
        assert second.message == "KeyError: 'weights'"
        assert "in work" in second.traceback
        assert ran(log) == [0, 1, 2, 3]
        assert [task.key in store for task in tasks] == [False, True, False, True]
        assert pickle.loads(pickle.dumps(first)) == first

    def test_another_try_only_where_it_may_help(self, store, log):
        tasks = [Unlucky(0, log), Refuses(1, log), Task(2, log)]
        failures = run_tasks(tasks, store, retries=3)
        assert [failure.key for failure in failures] == [tasks[1].key]
        assert ran(log) == [0, 1, 2, 0]

    def test_without_retries(self, store, log):
        (failure,) = run_tasks([Unlucky(0, log)], store, retries=0)
        assert "stopped with code -9" in failure.message
        assert ran(log) == [0]

    def test_an_outcome_that_cannot_be_kept_is_a_failure(self, store, log):
        (failure,) = run_tasks([Odd(0, log), Task(1, log)], store)
        assert "cannot be kept" in failure.message
        assert ran(log) == [0, 1]

    def test_ctrl_c_keeps_what_is_done(self, store, log):
        tasks = [Task(0, log), Task(1, log), Interrupted(2, log), Task(3, log)]
        run_tasks(tasks[:1], store)
        with pytest.raises(KeyboardInterrupt, match="stopped with 2 of 4 tasks done; the same"):
            run_tasks(tasks, store)
        assert ran(log) == [0, 1, 2]
        assert tasks[1].key in store

    def test_ctrl_c_while_an_outcome_is_stored_waits_for_it(self, store, log, monkeypatch):
        real = Store.save

        def save(self, key, outcome):
            os.kill(os.getpid(), signal.SIGINT)
            real(self, key, outcome)

        monkeypatch.setattr(Store, "save", save)
        tasks = [Task(0, log), Task(1, log)]
        with pytest.raises(KeyboardInterrupt):
            run_tasks(tasks, store)
        assert tasks[0].key in store
        assert ran(log) == [0]

    def test_a_store_that_cannot_be_written_stops_it(self, store, log):
        store.folder.write_text("")
        with pytest.raises(StorageError):
            run_tasks([Task(0, log), Task(1, log)], store)
        assert ran(log) == [0]

    def test_the_environment_is_as_before(self, store, monkeypatch):
        monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
        before = dict(os.environ)
        run_tasks([Threads(0)], store)
        assert dict(os.environ) == before
        found = store.load(Threads(0).key).curve
        assert found["x"] == [1]
        assert set(found["train"]) == {1}

    def test_the_bar_tells_who_is_done_and_counts_what_was(self, store, capsys):
        tasks = [Task(k) for k in range(3)]
        run_tasks(tasks[:2], store, progress=True)
        run_tasks([*tasks, Refuses(3)], store, progress=True)
        said = capsys.readouterr().err.split("\r")
        accuracy = f"{100 * store.load(tasks[2].key).accuracy:.1f} %"
        assert any("3/4" in line and f"fake, seed 2: {accuracy}" in line for line in said)
        assert "fake, seed 3: failed" in said[-1]
        # Who has begun stands before.
        assert any(line.startswith(f"{tasks[2].name}: 2/4") for line in said)

    @pytest.mark.parametrize(
        "options",
        [{"n_jobs": 0}, {"n_jobs": 1.5}, {"n_jobs": True}, {"retries": -1}, {"cluster": "where"}],
    )
    def test_options_are_checked(self, store, options):
        with pytest.raises(ParameterError, match=next(iter(options))):
            run_tasks([], store, **options)


class TestProcesses:
    @pytest.mark.slow
    def test_faults_of_all_kinds_cost_no_other_task(self, store, log):
        """Two processes: some tasks kill theirs, some fail, one cannot be sent."""
        tasks = [
            Dies(0, log), Task(1, log, 0.1), DiesOnce(2, log), Refuses(3, log), Unlucky(4, log),
            Locked(5, log), *(Task(k, log, 0.02) for k in range(6, 12)),
        ]  # fmt: skip
        failures = {failure.key: failure for failure in run_tasks(tasks, store, n_jobs=2)}
        bad = [tasks[k] for k in (0, 3, 5)]
        assert set(failures) == {task.key for task in bad}
        killed = failures[tasks[0].key]
        assert "was killed (SIGKILL(-9))" in killed.message
        assert "the same command tries it again" in killed.message
        assert killed.traceback == ""
        assert "in work" in failures[tasks[3].key].traceback
        assert "cannot pickle" in failures[tasks[5].key].message
        for task in tasks:
            assert (task.key in store) == (task not in bad)
        # One extra try for what a second try may mend, and none for what ran beside it.
        expected = sorted([*range(12), 0, 2, 4])
        assert sorted(ran(log)) == expected
        assert os.getpid() not in pids(log)

    @pytest.mark.slow  # killed ten times, below, goes the same way with less
    def test_a_killed_one_is_done_again_and_numbers_are_those_of_one_process(self, tmp_path, log):
        tasks = [DiesOnce(0, log), *(Sums(k, log) for k in range(1, 4)), Threads(4), Refuses(5)]
        store, here = Store(tmp_path / "processes"), Store(tmp_path / "here")
        (failure,) = run_tasks(tasks, store, n_jobs=2)
        assert failure.message == "digits: no samples; give some"
        assert "in work" in failure.traceback
        assert sorted(ran(log)) == [0, 0, 1, 2, 3]
        assert os.getpid() not in pids(log)
        # Processes of their own for tasks of another kind.
        assert not pids(log, numbers=[0]) & pids(log, numbers=[1, 2, 3])
        assert len(run_tasks(tasks, here)) == 1
        for task in tasks[:5]:
            a, b = store.load(task.key), here.load(task.key)
            assert a.as_json() == b.as_json()
            for name in b.exhibits:
                np.testing.assert_array_equal(a.exhibits[name], b.exhibits[name], strict=True)


SCRIPT = """
import os, signal, sys, time
from pathlib import Path
from bioplastic.study.runner import run_tasks
from bioplastic.study.store import Store
sys.path.append(sys.argv[1])
from fake_tasks import Task
folder, n_jobs, seconds = Path(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
tasks = [Task(k, folder / "log", seconds) for k in range(12)]

def go():
    run_tasks(tasks, Store(folder / "store"), n_jobs=n_jobs)
"""


def start(body, folder, n_jobs=1, seconds=0.2):
    command = [sys.executable, "-c", SCRIPT + body, HERE, folder, n_jobs, seconds]
    return subprocess.Popen([str(part) for part in command], start_new_session=True)


def assert_complete(folder, tmp_path, tasks):
    """All of the numbers of a run that nobody interrupted, and each once."""
    whole = Store(tmp_path / "whole")
    run_tasks(tasks, whole)
    store = Store(folder / "store")
    for task in tasks:
        assert store.load(task.key).as_json() == whole.load(task.key).as_json()
    stored = [json.loads(p.read_text())["content"]["key"] for p in store.folder.glob("*.json")]
    assert sorted(stored) == sorted(task.key for task in tasks)


TEN_TIMES = """
import random
random.seed(7)
codes = []
for k in range(11):
    pid = os.fork()
    if pid == 0:
        go()
        os._exit(0)
    if k < 10:
        time.sleep(random.uniform(0, 0.45))
        os.kill(pid, signal.SIGKILL)
    codes.append(os.waitpid(pid, 0)[1])
assert codes == [9] * 10 + [0], codes
"""


def test_killed_ten_times_and_continued(tmp_path):
    """The program as a whole, by SIGKILL at random moments; imports are not worth killing."""
    folder = tmp_path / "killed"
    folder.mkdir()
    assert start(TEN_TIMES, folder).wait(120) == 0
    done = ran(folder / "log")
    # Some were begun again, none that was stored.
    assert 12 < len(done) <= 22
    assert_complete(folder, tmp_path, [Task(k) for k in range(12)])


def alive(pid):
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


@pytest.mark.slow
def test_killed_with_processes_at_work_and_continued(tmp_path):
    """None of the processes outlives the program for long: the next one needs the processors."""
    folder = tmp_path / "killed"
    folder.mkdir()
    rng = np.random.default_rng(7)
    for _ in range(2):
        program = start("go()", folder, n_jobs=2)
        begun = len(ran(folder / "log"))
        deadline = time.monotonic() + 60
        while len(ran(folder / "log")) == begun and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(rng.uniform(0, 0.3))
        program.kill()
        program.wait()
    deadline = time.monotonic() + 10
    while any(map(alive, pids(folder / "log"))) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(map(alive, pids(folder / "log")))
    assert start("go()", folder, n_jobs=2).wait(120) == 0
    assert len(ran(folder / "log")) <= 12 + 2 * 2
    assert_complete(folder, tmp_path, [Task(k) for k in range(12)])


@pytest.mark.slow
def test_ctrl_c_ends_the_processes(tmp_path):
    program = start("go()", tmp_path, n_jobs=2, seconds=30)
    deadline = time.monotonic() + 60
    while len(ran(tmp_path / "log")) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(program.pid, signal.SIGINT)
    assert program.wait(20) == -signal.SIGINT
    assert not any(map(alive, pids(tmp_path / "log")))


def test_a_failure_says_what_it_says(store):
    assert repr(Failure(name="a", key="1", message="b")).startswith("Failure(name='a', key='1'")
