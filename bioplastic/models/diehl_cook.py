"""The neurons of Diehl & Cook (2015): conductances, and a threshold that adapts."""

import dataclasses
from dataclasses import dataclass
from typing import Any, Self

from brian2 import ms, mV, second

from bioplastic.models.declaration import parameter
from bioplastic.models.neurons import NeuronModel
from bioplastic.models.strings import equations_of

EXCITATORY_EQUATIONS = """
dv/dt     = (v_rest - v + ge*(e_exc - v) + gi*(e_inh - v))/tau_membrane : volt (unless refractory)
dge/dt    = -ge/tau_ge       : 1      # eq. 2, in units of the leak; eq. 1 is the membrane
dgi/dt    = -gi/tau_gi       : 1
dtheta/dt = -theta/tau_theta : volt   # adaptive threshold, section 2.2
"""

INHIBITORY_EQUATIONS = """
dv/dt     = (v_rest - v + ge*(e_exc - v) + gi*(e_inh - v))/tau_membrane : volt (unless refractory)
dge/dt    = -ge/tau_ge : 1      # eq. 2, in units of the leak; eq. 1 is the membrane
dgi/dt    = -gi/tau_gi : 1
"""


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class DiehlCookExcitatory(NeuronModel):
    """Excitatory neuron of Diehl & Cook (2015): conductances and an adaptive threshold.

    Parameters
    ----------
    tau_membrane, tau_ge, tau_gi, tau_theta, tau_refractory : Quantity, in seconds
        Time constants and refractory period.
    v_rest, v_reset, e_exc, e_inh : Quantity, in volts
        Rest, reset and reversal potentials.
    v_threshold : Quantity, in volts
        Threshold without adaptation: a spike comes at ``v > v_threshold + theta``.
    theta_plus, theta_initial : Quantity, in volts
        Growth of `theta` at a spike, and its value before training.

    Notes
    -----
    Frontiers in Computational Neuroscience 9:99, doi 10.3389/fncom.2015.00099; constants of the
    authors' own script, whose threshold ``theta - 20 mV - 52 mV`` is `v_threshold` -72 mV here.

    Examples
    --------
    >>> from bioplastic.models import DiehlCookExcitatory
    >>> DiehlCookExcitatory().theta_plus
    50. * uvolt
    """

    equations: str = EXCITATORY_EQUATIONS
    threshold: str = "v > theta + v_threshold"
    reset: str = "v = v_reset; theta += theta_plus"
    refractory: Any = "tau_refractory"
    at_slot_start: str = "v = v_rest; ge = 0; gi = 0"
    tau_membrane: Any = parameter(100 * ms, low=0)
    tau_ge: Any = parameter(1 * ms, low=0)
    tau_gi: Any = parameter(2 * ms, low=0)
    tau_theta: Any = parameter(1e7 * ms, low=0)
    tau_refractory: Any = parameter(5 * ms, low=0, strict=False)
    v_rest: Any = parameter(-65 * mV)
    v_reset: Any = parameter(-65 * mV)
    v_threshold: Any = parameter(-72 * mV)
    e_exc: Any = parameter(0 * mV)
    e_inh: Any = parameter(-100 * mV)
    theta_plus: Any = parameter(0.05 * mV, low=0, strict=False)
    theta_initial: Any = parameter(20 * mV, low=0, strict=False)

    @property
    def initial_values(self) -> dict[str, Any]:
        """Value before the first slot by variable: `theta` begins at `theta_initial`."""
        adapts = "theta" in equations_of(self.equations).diff_eq_names
        return {**({"theta": self.theta_initial} if adapts else {}), **self.initial}

    def frozen(self) -> Self:
        """Return the model with its threshold held fixed.

        Returns
        -------
        model : DiehlCookExcitatory
            A copy without growth of `theta`, and with a decay too slow to matter.
        """
        return dataclasses.replace(self, theta_plus=0 * mV, tau_theta=1e30 * second)


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class DiehlCookInhibitory(NeuronModel):
    """Inhibitory neuron of Diehl & Cook (2015).

    Parameters
    ----------
    tau_membrane, tau_ge, tau_gi, tau_refractory : Quantity, in seconds
        Time constants and refractory period.
    v_rest, v_reset, v_threshold, e_exc, e_inh : Quantity, in volts
        Rest, reset, threshold and reversal potentials.

    Notes
    -----
    doi 10.3389/fncom.2015.00099, with the constants of the authors' own script.

    Examples
    --------
    >>> from bioplastic.models import DiehlCookInhibitory
    >>> DiehlCookInhibitory().tau_membrane
    10. * msecond
    """

    equations: str = INHIBITORY_EQUATIONS
    threshold: str = "v > v_threshold"
    reset: str = "v = v_reset"
    refractory: Any = "tau_refractory"
    at_slot_start: str = "v = v_rest; ge = 0; gi = 0"
    tau_membrane: Any = parameter(10 * ms, low=0)
    tau_ge: Any = parameter(1 * ms, low=0)
    tau_gi: Any = parameter(2 * ms, low=0)
    tau_refractory: Any = parameter(2 * ms, low=0, strict=False)
    v_rest: Any = parameter(-60 * mV)
    v_reset: Any = parameter(-45 * mV)
    v_threshold: Any = parameter(-40 * mV)
    e_exc: Any = parameter(0 * mV)
    e_inh: Any = parameter(-85 * mV)
