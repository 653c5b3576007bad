from .accounting import learning_workload, network_workload
from .catalogue import PROBLEMS
from .compare import BUDGETS, Study, compare, plan
from .energy import DEVICES, Device, energies, energy
from .methods import METHODS, Method, Theory, TorchMethod
from .modules import load_module
from .outcome import Outcome
from .problems import SIZES, Problem, Samples
from .runner import Failure, run_tasks
from .statistics import PairedTest, Summary, paired_tests, summary
from .store import Store
from .task import Task
from .workload import Workload

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
    "TorchMethod",
    "Workload",
    "compare",
    "energies",
    "energy",
    "learning_workload",
    "load_module",
    "network_workload",
    "paired_tests",
    "plan",
    "run_tasks",
    "summary",
]
