"""Constants of e-prop that fit words as spikes, whatever their length, channels and rates."""

from typing import Any

import numpy as np
from brian2 import Hz, ms

from bioplastic.models import Adam, LogUniform
from bioplastic.models.eprop import EPropALIF, LeakyReadout, RateRegularization
from bioplastic.networks._samples import mean_rate
from bioplastic.spikes import SpikeTrains

#: Words for which they were found: length in seconds, spikes of an input in a step.
SECONDS, COUNT = 0.7, 1.13
#: Inputs of which neighboring channels make about so many.
N_INPUTS = 70


def word_constants(X: SpikeTrains, *, fit: bool) -> dict[str, Any]:
    """Return what parameters of e-prop are where they are None and samples are spikes.

    Time constants follow the mean length of a sample, `pool` the number of channels, and the gain
    of the input the mean number of spikes that an input counts in a step.

    Parameters
    ----------
    X : SpikeTrains of shape (n_samples, n_channels)
        Training samples.
    fit : bool
        Whether a `fit` knows how many epochs there will be.

    Returns
    -------
    constants : dict
        By the name of the parameter.
    """
    # Two digits, so that other samples of the same kind give the same.
    stretch = float(f"{(np.mean(X.duration) or SECONDS) / SECONDS:.2g}")
    pool = max(1, round(X.n_units / N_INPUTS))
    dt = max(round(10 * stretch, 1), 0.1)
    counted = mean_rate(X, 1.0) * pool * dt * 1e-3
    gain = float(f"{0.5 * np.clip(COUNT / counted, 0.25, 4.0):.2g}")
    return {
        "neuron": EPropALIF(
            tau_membrane=LogUniform(low=10 * stretch * ms, high=100 * stretch * ms),
            tau_adaptation=LogUniform(low=100 * stretch * ms, high=500 * stretch * ms),
            beta=1.5,
            psi_width=2.0,
        ),
        "readout": LeakyReadout(tau_out=300 * stretch * ms),
        "feedback": "adaptive",
        "optimizer": Adam(learning_rate=0.003),
        "schedule": "cosine" if fit else "constant",
        "batch_size": 16,
        "regularization": RateRegularization(rate_target=10 * Hz, rate_cost=0.003),
        "gains": {"input": gain, "readout": 0.3, "feedback": 0.3},
        "decision_window": 0.6,
        "pool": pool,
        "n_lines": 5,
        "line_delay": 5 * dt * ms,
        "dt": dt * ms,
    }
