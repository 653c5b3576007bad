"""What the checkpoint of a training belongs to, the same for every estimator that writes one."""

from typing import Any

from bioplastic import engine as engines
from bioplastic.models import Network
from bioplastic.models.declaration import written_out

__all__ = ["configuration_of"]

#: Parameters that change nothing of what is learned, and those that have an entry of their own.
_LEFT_OUT = frozenset({"checkpoint", "engine", "n_jobs", "random_state", "verbose"})


def configuration_of(
    estimator: Any, network: Network, *, data: str, left_out: frozenset[str], **more: Any
) -> dict[str, Any]:
    """Collect what a training follows from, for a checkpoint.

    Parameters
    ----------
    estimator : estimator
        Its parameters as they were given.
    network : Network
        What it made of them: defaults of this release are part of it.
    data : str
        From `digest`.
    left_out : frozenset of str
        Parameters that a resumed training may change.
    **more
        Numbers that stand neither in the parameters nor in the network.
    """
    seed = estimator.random_state
    return {
        **{
            k: written_out(v)
            for k, v in estimator.get_params().items()
            if k not in _LEFT_OUT | left_out
        },
        **engines.describe(network),
        **more,
        "random_state": seed if seed is None else repr(seed),
        "engine": engines.resolve_engine(estimator.engine),
        "data": data,
    }
