"""Energy of a workload on devices, from the joules that the literature gives for an operation."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from bioplastic._quantities import choice
from bioplastic.study.workload import Workload

_PJ, _NJ = 1e-12, 1e-9


@dataclass(frozen=True, kw_only=True)
class Device:
    """What an operation costs on a device.

    Parameters
    ----------
    name, title : str
        Short name, and name in tables.
    synop : float, in joules
        Addition of a weight for a spike.
    mac : float, in joules
        Multiplication of a weight and a number, and addition.
    neuron_update : float, in joules
        One step of one neuron.
    weight_update : float, in joules
        One update of one synapse by its rule.
    event_driven : bool
        Whether what is 0 costs nothing; if not, all `dense` operations are multiplications.
    source : str
        Where the numbers come from.
    sure : bool
        Whether each joule is a value that its source gives for just this operation. Assumed ones
        are named in `caveat`.
    caveat : str
        What is assumed or left out, in sentences.

    Examples
    --------
    >>> from bioplastic.study.energy import DEVICES
    >>> DEVICES["loihi"].synop
    2.36e-11
    """

    name: str
    title: str
    synop: float
    mac: float
    neuron_update: float
    weight_update: float
    event_driven: bool = True
    source: str
    sure: bool = False
    caveat: str


#: What holds for every estimate.
CAVEATS = tuple(
    " ".join(paragraph.split())
    for paragraph in """
An energy is a number of operations, times the joules that the literature gives for one. Nothing
was measured, and an order of magnitude is the most that it tells.

Memory traffic is left out, except where a device's own figure contains it. At 45 nm a 32-bit number
costs some 20 pJ from a memory of 32 kB on the chip and some 640 pJ from DRAM, where its addition
costs 0.9 pJ. Studies that count it find that spiking networks save energy only if more than some
92 % of activations are 0.

Idle power, turning sound into spikes, and traffic between chips are left out.

Devices differ in technology, and their figures in how they were found: compare methods on one
device, not devices.

Each device is taken to run the model as it stands, with its 64-bit numbers, its neurons and its
rules. Neuromorphic chips have weights of a few bits and neurons of their own; what a network would
lose by them is not known here.

An update of a synapse costs the same by every rule here. One of e-prop is some five operations,
one of STDP is one.
""".strip().split("\n\n")
)

_KERAS = "as in the device table of KerasSpiking (nengo.ai/keras-spiking), which quotes "
_DEGNAN = "Degnan, Marr & Hasler, IEEE Transactions on VLSI Systems 24(1):58, 2016"
_HOEPPNER = "Hoeppner et al., IEEE Transactions on Circuits and Systems I 66(8):2973, 2019, "
_HOEPPNER += "arXiv 1903.08941"
_AS_SYNOPS = "Assumed: a multiplication and an update of a synapse cost a synaptic operation each."
_ONE_MAC = "Everything is taken to be one multiplication with addition, an update of a neuron too."

_DEVICES = (
    Device(
        name="cmos45",
        title="45 nm CMOS, arithmetic only",
        synop=0.9 * _PJ,
        mac=4.6 * _PJ,
        neuron_update=4.6 * _PJ,
        weight_update=4.6 * _PJ,
        source="Horowitz, ISSCC 2014, doi 10.1109/ISSCC.2014.6757323: addition of 32-bit "
        "floating-point numbers 0.9 pJ, multiplication 3.7 pJ, at 0.9 V",
        caveat="No memory at all: a lower bound. Assumed: an update of a neuron, or of a synapse, "
        "is one multiplication with addition, which is less than any neuron here takes.",
    ),
    Device(
        name="loihi",
        title="Loihi",
        synop=23.6 * _PJ,
        mac=23.6 * _PJ,
        neuron_update=81 * _PJ,
        weight_update=120 * _PJ,
        source="Davies et al., IEEE Micro 38(1):82, 2018, doi 10.1109/MM.2018.112130359, quoted "
        "second-hand: synaptic operation 23.6 pJ, update of an active neuron 81 pJ, update of a "
        "synapse by pairwise STDP 120 pJ",
        caveat="Least values of the chip's makers, for single operations. Assumed: a "
        "multiplication costs a synaptic operation, though the chip's synapses cannot multiply. "
        "A spike's way to another core, some 3.5 pJ for each synapse in KerasSpiking, is left out.",
    ),
    Device(
        name="spinnaker",
        title="SpiNNaker",
        synop=13.3 * _NJ,
        mac=13.3 * _NJ,
        neuron_update=26 * _NJ,
        weight_update=13.3 * _NJ,
        source=_KERAS + _HOEPPNER,
        caveat=f"Quoted second-hand. Processors and their memory included. {_AS_SYNOPS}",
    ),
    Device(
        name="spinnaker2",
        title="SpiNNaker 2",
        synop=450 * _PJ,
        mac=450 * _PJ,
        neuron_update=2.19 * _NJ,
        weight_update=450 * _PJ,
        source=_KERAS + _HOEPPNER,
        caveat=f"Quoted second-hand, for a prototype. Processors and their memory included. "
        f"{_AS_SYNOPS} The chip's accelerator of matrix products, which needs less, is left out.",
    ),
    Device(
        name="cpu",
        title="CPU (i7-4960X)",
        synop=8.6 * _NJ,
        mac=8.6 * _NJ,
        neuron_update=8.6 * _NJ,
        weight_update=8.6 * _NJ,
        source=_KERAS + _DEGNAN,
        caveat="Quoted second-hand: power at full load by multiplications a second, so that "
        "caches and idle parts are in it, for a processor of 2013 whose vector units a simulation "
        f"of spikes does not fill. {_ONE_MAC} What is 0 is taken to cost nothing, as in an "
        "event-driven simulation.",
    ),
    Device(
        name="gpu",
        title="GPU (GTX Titan Black)",
        synop=0.3 * _NJ,
        mac=0.3 * _NJ,
        neuron_update=0.3 * _NJ,
        weight_update=0.3 * _NJ,
        event_driven=False,
        source=_KERAS + _DEGNAN,
        caveat="Quoted second-hand: power at full load by multiplications a second, for a device "
        f"of 2014 that large batches keep busy. {_ONE_MAC} Weights and activations that are 0 "
        "cost as much as others, as in products of matrices.",
    ),
)

#: Devices by name.
DEVICES: Mapping[str, Device] = MappingProxyType({device.name: device for device in _DEVICES})


def energy(workload: Workload, device: str | Device) -> float:
    """Estimate the energy of a mean sample.

    Parameters
    ----------
    workload : Workload
        Operations.
    device : str or Device
        Name of one of ``DEVICES``, or one of your own.

    Returns
    -------
    energy : float, in joules
        NaN where no operation was counted.

    Raises
    ------
    ParameterError
        If there is no device of that name.

    Examples
    --------
    >>> from bioplastic.study.energy import energy
    >>> from bioplastic.study.workload import Workload
    >>> spikes = Workload(n_samples=2, effective_acs=1e6, membrane_updates=1e5)
    >>> f"{energy(spikes, 'cmos45'):.2g} J"
    '6.8e-07 J'
    """
    if isinstance(device, str):
        device = DEVICES[choice("device", device, DEVICES)]
    if not workload.counted:
        return math.nan
    acs, macs = workload.effective_acs, workload.effective_macs
    if not device.event_driven:
        acs, macs = 0.0, workload.dense
    joules = (
        acs * device.synop
        + macs * device.mac
        + workload.membrane_updates * device.neuron_update
        + workload.weight_updates * device.weight_update
    )
    return joules / workload.n_samples


def energies(workload: Workload) -> dict[str, float]:
    """Estimate the energy of a mean sample on every device of the table.

    Parameters
    ----------
    workload : Workload
        Operations.

    Returns
    -------
    energies : dict of float, in joules
        By name of the device.
    """
    return {name: energy(workload, device) for name, device in DEVICES.items()}
