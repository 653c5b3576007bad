"""Compare methods of training on the same data: accuracy, cost and energy, with a report."""

from bioplastic.study.accounting import learning_workload, network_workload
from bioplastic.study.catalogue import PROBLEMS
from bioplastic.study.compare import BUDGETS, Study, compare, plan
from bioplastic.study.energy import DEVICES, Device, energies, energy
from bioplastic.study.methods import METHODS, Method, Theory
from bioplastic.study.outcome import Outcome
from bioplastic.study.problems import SIZES, Problem, Samples
from bioplastic.study.runner import Failure, run_tasks
from bioplastic.study.statistics import PairedTest, Summary, paired_tests, summary
from bioplastic.study.store import Store
from bioplastic.study.task import Task
from bioplastic.study.workload import Workload

__all__ = [
    "BUDGETS",
    "DEVICES",
    "METHODS",
    "PROBLEMS",
    "SIZES",
    "Device",
    "Failure",
    "Method",
    "Outcome",
    "PairedTest",
    "Problem",
    "Samples",
    "Store",
    "Study",
    "Summary",
    "Task",
    "Theory",
    "Workload",
    "compare",
    "energies",
    "energy",
    "learning_workload",
    "network_workload",
    "paired_tests",
    "plan",
    "run_tasks",
    "summary",
]
