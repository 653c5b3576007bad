"""Tasks on a Dask cluster: the same numbers, and a killed worker or scheduler loses none."""

import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from fake_tasks import DiesOnce, Locked, Refuses, Sums, Task, outcome

import bioplastic
from bioplastic.errors import BioplasticError, ParameterError, SimulationError
from bioplastic.study import cluster as module
from bioplastic.study.cluster import Cluster
from bioplastic.study.runner import run_tasks
from bioplastic.study.store import Store


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


@pytest.fixture
def log(tmp_path):
    return tmp_path / "log"


def ran(log):
    return [int(line.split()[0]) for line in log.read_text().splitlines()] if log.exists() else []


class TestNames:
    def test_of_clusters(self, tmp_path):
        file = tmp_path / "scheduler.json"
        file.write_text("{}")
        for where, expected in {
            "tcp://host:8786": {"address": "tcp://host:8786"},
            "tls://[::1]:8786": {"address": "tls://[::1]:8786"},
            "10.0.0.1:8786": {"address": "10.0.0.1:8786"},
            str(file): {"scheduler_file": str(file)},
        }.items():
            assert module._parse(where) == expected

    @pytest.mark.parametrize("where", ["", "locally", "local:", "local:0", "local:x", "no/file"])
    def test_that_are_none(self, where):
        with pytest.raises(ParameterError, match='"local:4".*scheduler file.*got'):
            Cluster(where)

    def test_what_to_install(self, monkeypatch, store):
        monkeypatch.setitem(sys.modules, "distributed", None)
        with pytest.raises(ImportError, match=r"pip install 'bioplastic\[cluster\]'"):
            run_tasks([Task(0)], store, cluster="tcp://host:8786")

    def test_nothing_is_started_for_what_is_stored(self, store, monkeypatch):
        run_tasks([Task(0)], store)
        monkeypatch.setitem(sys.modules, "distributed", None)
        assert run_tasks([Task(0)], store, cluster="tcp://host:8786") == []

    def test_nobody_answers(self, store, monkeypatch):
        monkeypatch.setattr(module, "_CONNECT", 0.3)
        with pytest.raises(
            SimulationError, match="no scheduler answers at tcp://127.0.0.1:9.*start"
        ):
            run_tasks([Task(0)], store, cluster="tcp://127.0.0.1:9")
        assert issubclass(SimulationError, BioplasticError)


@pytest.fixture(scope="module")
def scheduler():
    """A real scheduler and a worker of one thread, both in this process: quick to start."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address="127.0.0.1:0"
    ) as found:
        yield found


class TestCluster:
    def test_each_outcome_comes_home_and_leaves_the_cluster(self, scheduler, store, log):
        tasks = [*(Task(k, log) for k in (2, 0, 1)), Refuses(3, log), Locked(4, log), Sums(5)]
        failure, unsent = run_tasks(tasks, store, cluster=scheduler.scheduler_address)
        assert "cannot pickle" in unsent.message
        assert failure.message == "digits: no samples; give some"
        assert "in work" in failure.traceback
        assert ran(log) == [2, 0, 1, 3, 4]
        here = Store(store.folder.with_name("here"))
        run_tasks(tasks, here)
        for task in tasks:
            a, b = store.load(task.key), here.load(task.key)
            assert (a and a.as_json()) == (b and b.as_json())
        deadline = time.monotonic() + 10
        while scheduler.scheduler.tasks and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not scheduler.scheduler.tasks

    def test_another_version_is_refused(self, scheduler, store, log, monkeypatch):
        # Its worker is in this process: it learns of the version by its own way.
        monkeypatch.setattr(module.pkgutil, "resolve_name", lambda name: "0.0.7")
        with pytest.raises(SimulationError, match=r"every worker needs bioplastic .*has 0\.0\.7"):
            run_tasks([Task(0, log)], store, cluster=scheduler.scheduler_address)
        assert ran(log) == []

    def test_a_worker_without_bioplastic_is_refused(self, scheduler, store, monkeypatch):
        def missing(name):
            raise ModuleNotFoundError("No module named 'bioplastic'")

        monkeypatch.setattr(module.pkgutil, "resolve_name", missing)
        with pytest.raises(SimulationError, match="has not got it.*install the same version"):
            run_tasks([Task(0)], store, cluster=scheduler.scheduler_address)

    def test_another_version_that_comes_later_is_refused(self, log):
        refusal = pickle.loads(module._attempt_there(Task(0, log), "0.0.7"))
        assert bioplastic.__version__ in refusal
        assert "0.0.7 is needed" in refusal
        assert ran(log) == []

    def test_workers_of_many_threads_are_refused(self, scheduler, store, monkeypatch):
        monkeypatch.setattr(Cluster, "_workers", lambda self: {"tcp://a:1": 8, "tcp://b:1": 1})
        with pytest.raises(SimulationError, match="one thread each.*a:1 have more.*nthreads 1"):
            run_tasks([Task(0)], store, cluster=scheduler.scheduler_address)

    def test_ctrl_c_keeps_what_is_done(self, scheduler, store, log):
        tasks = [Task(0, log), Task(1, log, 1.0), Task(2, log)]

        def press():
            deadline = time.monotonic() + 30
            while len(ran(log)) < 2 and time.monotonic() < deadline:
                time.sleep(0.02)
            time.sleep(0.3)
            os.kill(os.getpid(), signal.SIGINT)

        threading.Thread(target=press).start()
        with pytest.raises(KeyboardInterrupt, match="stopped with 1 of 3 tasks done"):
            run_tasks(tasks, store, cluster=scheduler.scheduler_address)
        assert run_tasks(tasks, store, cluster=scheduler.scheduler_address) == []
        assert store.load(tasks[2].key).as_json() == outcome(2).as_json()


@pytest.mark.slow
class TestProcesses:
    """A scheduler and two workers, each a process of its own, as on many machines."""

    @pytest.fixture
    def processes(self, tmp_path):
        file = tmp_path / "scheduler.json"
        path = os.pathsep.join([str(Path(__file__).parent), *filter(None, sys.path)])
        started = []

        def start(*command):
            command = [sys.executable, "-m", "dask", *command, "--scheduler-file", str(file)]
            process = subprocess.Popen(
                [*command, "--no-dashboard"], env=os.environ | {"PYTHONPATH": path}, cwd=tmp_path
            )
            started.append(process)
            return process

        yield file, start
        for process in reversed(started):
            process.kill()
            process.wait()

    def cluster(self, processes):
        file, start = processes
        scheduler = start("scheduler", "--port", "0")
        workers = [start("worker", "--no-nanny", "--nthreads", "1") for _ in range(2)]
        deadline = time.monotonic() + 60
        while not file.exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        return str(file), scheduler, workers

    def when(self, log, n, do):
        """Do it when so many tasks have begun."""

        def watch():
            deadline = time.monotonic() + 120
            while len(ran(log)) < n and time.monotonic() < deadline:
                time.sleep(0.02)
            time.sleep(0.1)
            do()

        threading.Thread(target=watch, daemon=True).start()

    def test_a_worker_that_is_killed_in_the_middle_loses_no_task(self, processes, store, log):
        where, _, workers = self.cluster(processes)
        self.when(log, 4, workers[0].kill)
        tasks = [Task(k, log, 0.4) for k in range(12)]
        assert run_tasks(tasks, store, cluster=where) == []
        assert workers[0].poll() == -signal.SIGKILL
        for task in tasks:
            assert store.load(task.key).as_json() == outcome(task.number).as_json()
        assert len(list(store.folder.glob("*.json"))) == 12
        # What the dead one was at, and what it had found and nobody had fetched.
        assert 12 < len(ran(log)) <= 15

    def test_a_lost_scheduler_is_told_and_the_same_command_goes_on(
        self, processes, store, log, monkeypatch
    ):
        where, scheduler, _ = self.cluster(processes)
        self.when(log, 5, scheduler.kill)
        tasks = [Task(k, log, 0.4) for k in range(12)]
        with pytest.raises(SimulationError, match="is lost.*what was finished is stored.*goes on"):
            run_tasks(tasks, store, cluster=where)
        done = [task.number for task in tasks if task.key in store]
        assert 2 <= len(done) < 12
        begun = len(ran(log))
        assert run_tasks(tasks, store) == []
        assert ran(log)[begun:] == [task.number for task in tasks if task.number not in done]

    def test_without_workers_it_gives_up(self, processes, store, log, monkeypatch):
        where, _, workers = self.cluster(processes)
        monkeypatch.setattr(module, "_NONE", 2.0)
        monkeypatch.setattr(module, "_LOOK", 0.5)
        self.when(log, 2, lambda: [worker.kill() for worker in workers])
        with pytest.raises(SimulationError, match="has had no workers for 2 s; start some"):
            run_tasks([Task(k, log, 5.0) for k in range(4)], store, cluster=where)

    def test_a_local_cluster_is_processes_of_this_machine(self, store, log, monkeypatch):
        monkeypatch.setitem(sys.modules, "distributed", None)
        tasks = [DiesOnce(0, log), *(Task(k, log, 0.2) for k in range(1, 6))]
        assert run_tasks(tasks, store, cluster="local", n_jobs=2) == []
        assert run_tasks([Task(6, log)], store, cluster="local:1") == []
        assert len(list(store.folder.glob("*.json"))) == 7
        assert os.getpid() not in {int(line.split()[1]) for line in log.read_text().splitlines()}
