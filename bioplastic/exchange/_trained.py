"""What leaves: the network and the state of a trained model."""

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from bioplastic.errors import ParameterError
from bioplastic.models import Network
from bioplastic.networks import (
    EPropClassifier,
    EPropRegressor,
    LiquidStateMachine,
    SpikingClassifier,
    SpikingRegressor,
)
from bioplastic.spikes import SpikeTrains

__all__ = ["network_and_state"]

type State = dict[str, npt.NDArray[np.float64]]

_SPIKING = (LiquidStateMachine, SpikingClassifier, SpikingRegressor)


def network_and_state(model: Any, where: str) -> tuple[Network, State]:
    """Return the network that a trained model presents samples to, and its state.

    Parameters
    ----------
    model : estimator or tuple of Network and dict
        The trained model, or a network with its state.
    where : str
        Who asks, for errors.

    Raises
    ------
    ParameterError
        If the model is of another kind.
    NotFittedError
        If it is not trained.
    """
    if isinstance(model, tuple) and len(model) == 2 and isinstance(model[0], Network):
        network, state = model
        return network, {name: np.asarray(value, dtype=float) for name, value in state.items()}
    if isinstance(model, EPropClassifier | EPropRegressor):
        check_is_fitted(model)
        # One sample without spikes: presentations are made of samples.
        sample: Any = np.zeros((1, 1, model.n_features_in_))
        if model._takes_spikes:
            sample = SpikeTrains([], [], [0, 0], n_units=model.n_features_in_, duration=1.0)
        shown = model.presentation_of(sample)
        return shown.network, dict(shown.state)
    if isinstance(model, _SPIKING):
        check_is_fitted(model)
        return model.network_, model.state_
    remedy = ""
    if isinstance(model, Pipeline):
        remedy = "; give its step that is the network, for example model[0]"
    raise ParameterError(
        f"{where}: model must be an EPropClassifier, EPropRegressor, SpikingClassifier, "
        f"SpikingRegressor, LiquidStateMachine or (network, state), got {type(model).__name__}"
        f"{remedy}"
    )
