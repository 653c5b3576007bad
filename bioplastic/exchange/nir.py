"""NIR, the Neuromorphic Intermediate Representation: networks to and from PyTorch and chips."""

from pathlib import Path
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from bioplastic._partners import partner
from bioplastic._quantities import choice, positive_time
from bioplastic.errors import ParameterError
from bioplastic.exchange._nir_graph import Graph
from bioplastic.exchange._nir_neurons import State, membrane_of
from bioplastic.models import Network
from bioplastic.networks import (
    EPropClassifier,
    EPropRegressor,
    LiquidStateMachine,
    SpikingClassifier,
    SpikingRegressor,
)
from bioplastic.spikes import SpikeTrains


def export_nir(
    model: Any,
    path: str | Path,
    *,
    step: Any = None,
    reset: str = "refuse",
    adaptation: str = "refuse",
) -> None:
    """Write a network of leaky integrate-and-fire neurons as a NIR graph.

    Spiking neurons of all populations become one node, ``neurons``; time constants are in seconds,
    potentials in volts, or numbers where the model has no unit, from the resting potential on.

    Parameters
    ----------
    model : EPropClassifier, EPropRegressor, SpikingClassifier, SpikingRegressor, \
LiquidStateMachine or tuple of Network and dict
        What was trained or drawn, or a network with its state.
    path : path-like
        File to write.
    step : Quantity, in seconds, optional
        Time step of a reader that integrates by Euler, which then gives the same spikes, one of its
        steps for each of ours: 0.1 ms for snnTorch, 1 ms for Norse. Without it, constants are those
        of continuous time, for readers that integrate exactly.
    reset : {"refuse", "subtract"}
        Neurons of e-prop and of spiking decoders subtract the threshold at a spike, and NIR's are
        set to a potential. ``"subtract"`` exports them, and notes in the metadata what a reader has
        to be told, see Notes.
    adaptation : {"refuse", "drop"}
        What becomes of neurons that adapt, of which NIR has none; ``"drop"`` exports them without
        adaptation, and says so in a warning and in the metadata.

    Raises
    ------
    ParameterError
        If the model is none of these, or does what NIR has no node for: refractory periods,
        short-term plasticity, inputs that are rates.
    ImportError
        If the package nir is not installed (``pip install 'bioplastic[nir]'``).

    Warns
    -----
    UserWarning
        If adaptation is lost.

    Notes
    -----
    Pedersen et al., Nature Communications 15:8122, 2024, doi 10.1038/s41467-024-52259-9.

    Readers look at the threshold when the step's input has come, we before: the reader's spikes
    come one step earlier, and are the same. In snnTorch, neurons that subtract are told so by
    ``reset_mechanism_val = 0`` and ``state_function = _base_sub``, with the ``reset_delay=False``
    that its importer sets.

    Networks with synaptic currents of one time constant become CubaLIF; with several, each
    current is a node LI. The readouts of e-prop are LI, then Affine with their biases. Delays are
    Delay nodes, one for each length.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from bioplastic import SpikeTrains
    >>> from bioplastic.exchange import export_nir, import_nir
    >>> from bioplastic.networks import EPropClassifier
    >>> X = SpikeTrains([0.01, 0.02], [0, 1], [0, 1, 2], n_units=2, duration=0.05)
    >>> model = EPropClassifier(4, 0, n_epochs=1, engine="numpy", random_state=0).fit(X, [0, 1])
    >>> path = Path(tempfile.mkdtemp()) / "network.nir"
    >>> export_nir(model, path, reset="subtract")
    >>> network, state = import_nir(path)
    >>> [population.name for population in network.populations]
    ['input', 'neurons', 'readout', 'output']
    """
    choice("export_nir.reset", reset, ("refuse", "subtract"))
    choice("export_nir.adaptation", adaptation, ("refuse", "drop"))
    nir = partner("nir", caller="export_nir", install="'bioplastic[nir]'")
    network, state = _network_and_state(model)
    dt = float(network.schedule.dt)
    reader = None if step is None else positive_time("export_nir.step", step)
    membranes = {
        p.name: found
        for p in network.populations
        if not p.neuron.takes and (found := membrane_of(p, state, dt, adaptation))
    }
    if reset == "refuse" and any(m.subtracts for m in membranes.values()):
        name = next(m.name for m in membranes.values() if m.subtracts)
        raise ParameterError(
            f"export_nir.reset: neurons of {name} subtract their threshold at a spike, which NIR "
            f"cannot say; give reset='subtract', and tell the reader (snnTorch: reset by "
            f"subtraction)"
        )
    graph = Graph(nir, network, membranes, state, dt, reader)
    nir.write(path, graph.made())


def _network_and_state(model: Any) -> tuple[Network, State]:
    """Return the network that a trained model presents samples to, and its state.

    Parameters
    ----------
    model : estimator or tuple of Network and dict
        The trained model, or a network with its state.

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
    if isinstance(model, LiquidStateMachine | SpikingClassifier | SpikingRegressor):
        check_is_fitted(model)
        return model.network_, model.state_
    remedy = ""
    if isinstance(model, Pipeline):
        remedy = "; give its step that is the network, for example model[0]"
    raise ParameterError(
        f"export_nir: model must be an EPropClassifier, EPropRegressor, SpikingClassifier, "
        f"SpikingRegressor, LiquidStateMachine or (network, state), got {type(model).__name__}"
        f"{remedy}"
    )
