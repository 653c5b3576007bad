"""What methods share whose network takes rates and ends in output neurons."""

from typing import Any

import numpy.typing as npt

from bioplastic.study.methods._parts import describe_network, fields_of, n_copies, network_within
from bioplastic.study.methods.base import Inputs, Method

__all__ = ["RateMethod"]


class RateMethod(Method):
    """A pipeline of `rate_steps` and a network, which is its step ``"network"``."""

    plausible = True

    def describe(self, model: Any) -> str:
        """Give the network's declaration, rules included."""
        network, _ = network_within(model)
        return (
            f"{describe_network(network.network_)}\n{network!r}; "
            f"{n_copies(model)} changed copies of each training sample"
        )

    def exhibits(
        self, model: Any, X_test: Inputs, image_shape: tuple[int, int] | None
    ) -> dict[str, npt.NDArray[Any]]:
        """Give receptive fields of some neurons, over bins of time and channels for words."""
        network, _ = network_within(model)
        weights = network.weights_.T
        return fields_of(weights[:: max(1, len(weights) // 40)][:40], image_shape)
