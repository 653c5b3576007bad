"""What methods share that are pipelines."""

from typing import Any

import numpy.typing as npt

from bioplastic.study.methods._parts import describe_pipeline, fields_of, network_within
from bioplastic.study.methods.base import Inputs, Method

__all__ = ["PipelineMethod", "RateMethod"]


class PipelineMethod(Method):
    """A pipeline, which may learn from changed copies too."""

    def describe(self, model: Any) -> str:
        """Give its steps, with the declarations of networks."""
        return describe_pipeline(model)


class RateMethod(PipelineMethod):
    """A pipeline of `rate_steps` and a network, which is its step ``"network"``."""

    plausible = True

    def exhibits(
        self, model: Any, X_test: Inputs, image_shape: tuple[int, int] | None
    ) -> dict[str, npt.NDArray[Any]]:
        """Give receptive fields of some neurons, over bins of time and channels for words."""
        network, _ = network_within(model)
        weights = network.weights_.T
        return fields_of(weights[:: max(1, len(weights) // 40)][:40], image_shape)
