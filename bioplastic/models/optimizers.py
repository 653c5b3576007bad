"""How a synapse changes its weight by a gradient: SGD and Adam as strings."""

from dataclasses import dataclass
from typing import Any

from bioplastic.models.declaration import Declaration, field_values, parameter, require

ADAM_SYNAPSE = """
momentum  : 1                                    # running mean of the gradient
power     : 1                                    # running mean of its square
n_updates : 1 (shared)
"""
ADAM_COUNT = """
n_updates += 1
"""
ADAM_UPDATE = """
momentum = beta_1*momentum + (1 - beta_1)*gradient
power = beta_2*power + (1 - beta_2)*gradient**2
rate_now = learning_rate*sqrt(1 - beta_2**n_updates)/(1 - beta_1**n_updates)
least = epsilon*sqrt(1 - beta_2**n_updates)
w = w*(1 - learning_rate*weight_decay) - rate_now*momentum/(sqrt(power) + least)
"""
SGD_SYNAPSE = """
momentum  : 1                                    # what is left of earlier steps
"""
SGD_UPDATE = """
momentum = inertia*momentum + gradient
w = w*(1 - learning_rate*weight_decay) - learning_rate*momentum
"""


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class Optimizer(Declaration):
    """Parent of the optimizers: strings that change `w` by `gradient`.

    Parameters
    ----------
    synapse : str
        Brian equations of what a synapse remembers for it.
    count : str
        Statements about variables that all synapses share, run before `update`.
    update : str
        Statements that change `w`, run when a batch is full; `gradient` is its mean over samples.
    """

    synapse: str = ""
    count: str = ""
    update: str = ""

    @property
    def parameters(self) -> dict[str, Any]:
        """Name and value of every constant."""
        return field_values(self)


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class Adam(Optimizer):
    """Adam: steps of about `learning_rate`, whatever the size of the gradient.

    Parameters
    ----------
    learning_rate : float
        Step size.
    beta_1, beta_2 : float
        Decay of the running means of the gradient and of its square, from batch to batch.
    epsilon : float
        Keeps quotients finite.
    weight_decay : float
        Share of a weight that goes with each step, times `learning_rate`.

    Notes
    -----
    Kingma & Ba 2015, arXiv:1412.6980; decoupled weight decay: Loshchilov & Hutter 2019,
    arXiv:1711.05101.

    Examples
    --------
    >>> from bioplastic.models import Adam
    >>> Adam(learning_rate=0.005).beta_2
    0.999
    """

    synapse: str = ADAM_SYNAPSE
    count: str = ADAM_COUNT
    update: str = ADAM_UPDATE
    learning_rate: Any = parameter(1e-3, low=0, strict=False)
    beta_1: Any = parameter(0.9, low=0, strict=False)
    beta_2: Any = parameter(0.999, low=0, strict=False)
    epsilon: Any = parameter(1e-8, low=0)
    weight_decay: Any = parameter(0.0, low=0, strict=False)

    def __post_init__(self) -> None:
        Declaration.__post_init__(self)
        for name in ("beta_1", "beta_2"):
            require(self, name, getattr(self, name) < 1, "be below 1")


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class SGD(Optimizer):
    """Stochastic gradient descent, with momentum where wanted.

    Parameters
    ----------
    learning_rate : float
        Step size.
    inertia : float
        Share of the last step that goes on; 0 for plain descent.
    weight_decay : float
        Share of a weight that goes with each step, times `learning_rate`.

    Examples
    --------
    >>> from bioplastic.models import SGD
    >>> SGD(learning_rate=0.1, inertia=0.9).weight_decay
    0.0
    """

    synapse: str = SGD_SYNAPSE
    update: str = SGD_UPDATE
    learning_rate: Any = parameter(1e-2, low=0, strict=False)
    inertia: Any = parameter(0.0, low=0, strict=False)
    weight_decay: Any = parameter(0.0, low=0, strict=False)
