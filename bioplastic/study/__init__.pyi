from .catalogue import PROBLEMS
from .compare import compare
from .methods import METHODS, Method, Theory, TorchMethod
from .problems import Problem
from .workload import Workload

__all__ = [
    "METHODS",
    "PROBLEMS",
    "Method",
    "Problem",
    "Theory",
    "TorchMethod",
    "Workload",
    "compare",
]
