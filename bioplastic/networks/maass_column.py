"""The column of Maass, Natschlaeger & Markram (2002) as a frozen declaration."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from brian2 import ms, mV

from bioplastic.errors import ParameterError
from bioplastic.models import (
    AdaptiveLIF,
    Constant,
    Network,
    Normal,
    Population,
    Projection,
    RandomWiring,
    Schedule,
    TsodyksMarkram,
    Uniform,
)
from bioplastic.models.declaration import parameter
from bioplastic.models.distributions import Gamma
from bioplastic.models.wiring import DistanceWiring
from bioplastic.networks.liquids import EXCITE, INHIBIT, Liquid, liquid_network

#: Maass et al. 2002: probability at distance 0, weight (nA), U, D (s), F (s), delay (ms)
MAASS = {
    ("exc", "exc"): (0.3, 30.0, 0.5, 1.1, 0.05, 1.5),
    ("exc", "inh"): (0.2, 60.0, 0.05, 0.125, 1.2, 0.8),
    ("inh", "exc"): (0.4, 19.0, 0.25, 0.7, 0.02, 0.8),
    ("inh", "inh"): (0.1, 19.0, 0.32, 0.144, 0.06, 0.8),
}


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class MaassColumn(Liquid):
    """The column of Maass, Natschlaeger & Markram (2002), with its published constants.

    Neurons stand on a grid of 3 x 3 x n/9 points, a fifth of them, drawn at random, inhibitory.
    The probability of a synapse falls with distance, and synapses depress and facilitate.

    Parameters
    ----------
    length : float
        Space constant of the wiring, in steps of the grid.
    scale : float
        Factor of all recurrent weights.
    p_input : float
        Probability of a synapse from a channel to a neuron; 1 in the paper, which has one channel.
    scale_input : float
        Factor of the input weights, 18 mV to excitatory and 9 mV to inhibitory neurons.

    Notes
    -----
    Neural Computation 14(11):2531-2560, doi 10.1162/089976602760407955. Currents are given times
    the membrane's resistance of 1 MOhm, so that the paper's nA are mV here. U, D and F are drawn
    for each synapse from normal distributions whose standard deviation is half their mean, and
    drawn again where they are not positive, or where U, which is a share, is not below 1.

    Examples
    --------
    >>> from bioplastic.networks import LiquidStateMachine, MaassColumn
    >>> LiquidStateMachine(135, liquid=MaassColumn()).n_neurons
    135
    """

    length: Any = parameter(2.0, low=0)
    scale: Any = parameter(1.0, low=0)
    p_input: Any = parameter(1.0, low=0, strict=False)
    scale_input: Any = parameter(1.0, low=0)

    def network(
        self, *, n_channels: int, n_neurons: int, schedule: Schedule, rng: np.random.Generator
    ) -> Network:
        """Declare the network, see :meth:`.Liquid.network`."""
        if n_neurons % 9 or n_neurons < 18:
            raise ParameterError(
                f"MaassColumn: n_neurons must be a multiple of 9, since the column's section has "
                f"3 x 3 neurons, and at least 18, got {n_neurons}"
            )
        grid, places = (3, 3, n_neurons // 9), rng.permutation(n_neurons)
        n_inhibitory = round(0.2 * n_neurons)
        populations = []
        for name, chosen, refractory in (
            ("exc", places[n_inhibitory:], 3 * ms),
            ("inh", places[:n_inhibitory], 2 * ms),
        ):
            neuron = AdaptiveLIF(
                v_reset=13.5 * mV,
                v_initial=Uniform(low=13.5 * mV, high=15 * mV),
                i_background=13.5 * mV,
                tau_refractory=refractory,
            )
            where = tuple(sorted(int(place) for place in chosen))
            populations.append(
                Population(name=name, n=len(where), neuron=neuron, grid=grid, places=where)
            )
        projections = [
            Projection(
                pre="input",
                post=post,
                wiring=RandomWiring(p=self.p_input),
                weight=Constant(value=weight * self.scale_input),
                on_pre=EXCITE,
            )
            for post, weight in (("exc", 18.0), ("inh", 9.0))
        ]
        for (pre, post), (c, weight, u, d, f, delay) in MAASS.items():
            projections.append(
                Projection(
                    pre=pre,
                    post=post,
                    wiring=DistanceWiring(c=c, length=self.length),
                    weight=Gamma(mean=weight * self.scale, sd=weight * self.scale),
                    delay=delay * ms,
                    synapse=TsodyksMarkram(
                        utilisation=Normal(mean=u, sd=u / 2, low=0.0, high=1.0),
                        tau_recovery=Normal(mean=d * 1e3 * ms, sd=d * 500 * ms, low=0 * ms),
                        tau_facilitation=Normal(mean=f * 1e3 * ms, sd=f * 500 * ms, low=0 * ms),
                    ),
                    on_pre=(INHIBIT if pre == "inh" else EXCITE).replace("w*", "w*u*x*"),
                )
            )
        return liquid_network(n_channels, populations, projections, schedule)
