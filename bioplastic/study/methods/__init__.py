"""Methods of training that a study compares."""

from bioplastic.study.methods.base import Method, Theory
from bioplastic.study.methods.bptt import BPTT
from bioplastic.study.methods.eprop import EPropMethod
from bioplastic.study.methods.liquid import Liquid
from bioplastic.study.methods.mlp import MLP
from bioplastic.study.methods.rstdp import RewardMethod
from bioplastic.study.methods.stdp import DiehlCookMethod
from bioplastic.study.methods.svm import SVM
from bioplastic.study.methods.timing import Timing
from bioplastic.study.methods.torch_method import TorchMethod

__all__ = ["METHODS", "Method", "Theory", "TorchMethod"]

#: Methods by their names, those that a brain could use first.
METHODS: dict[str, Method] = {
    method.name: method
    for method in (
        DiehlCookMethod(),
        Liquid(),
        Timing(),
        EPropMethod(),
        RewardMethod(),
        SVM(),
        MLP(),
        BPTT(),
    )
}
