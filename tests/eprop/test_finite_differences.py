"""Eligibility traces give the slope of the loss, where spikes are smooth and nothing is reset.

Then e-prop leaves nothing out, and a gradient can be held against the loss itself.
"""

import dataclasses

import numpy as np
import pytest
from brian2 import ms

from bioplastic import SpikeTrains, engine
from bioplastic.models import Network, NeuronModel, Population, Projection, Schedule, SpikeInput
from bioplastic.models.eprop import LeakyReadout, SoftmaxError, SoftmaxOutput
from bioplastic.models.plasticity.eprop import AdaptiveEProp, EProp, EPropBias, EPropReadout

ENGINES = ["numpy", "cpp_standalone"]
N_INPUT, N_HIDDEN, N_OUT = 3, 2, 2
N_STEPS = (190, 37)  # of two blocks of superposition, and of one

SMOOTH = """
dv/dt = -v/tau_membrane : 1
z      : 1
psi    : 1
signal : 1
push   : 1
leak   : 1
"""
START = "v = 0; z = 0; signal = 0; leak = exp(-dt/tau_membrane)"
SPIKE = "z = 1/(1 + exp(-({above})/width)); psi = z*(1 - z)/width"
CONSTANTS = {"tau_membrane": 11 * ms, "width": 0.3, "v_threshold": 0.8}
#: LIF and ALIF neurons whose "spikes" are a smooth function of the potential.
LIF = NeuronModel(
    equations=SMOOTH,
    before_spikes=SPIKE.format(above="v - v_threshold"),
    after_spikes="signal = 0",
    at_slot_start=START,
    constants=CONSTANTS,
)
ALIF = NeuronModel(
    equations=f"{SMOOTH}da/dt = -a/tau_adaptation : 1\nleak_a : 1\n",
    before_spikes=SPIKE.format(above="v - v_threshold - beta*a"),
    after_spikes="signal = 0; a += z",
    at_slot_start=f"{START}; a = 0; leak_a = exp(-dt/tau_adaptation)",
    constants={**CONSTANTS, "tau_adaptation": 40 * ms, "beta": 0.15},
)


@pytest.fixture(scope="module")
def network():
    learning = {"batch": 100.0}
    filtered = {"tau_filter": 15 * ms, **learning}
    # Of a smooth spike, the readout's gradient hears in every step.
    readout = EPropReadout(on_pre="", every_step="z_bar += z_pre", **filtered)
    projections = []
    for hidden, rule in (("lif", EProp), ("alif", AdaptiveEProp)):
        projections += [
            Projection(pre="input", post=hidden, on_pre="v_post += w", rule=rule(**filtered)),
            Projection(pre=hidden, post="readout", on_pre="", graded="y_post += w*z_pre",
                       rule=readout),
            Projection(pre="error", post=hidden, on_pre="", graded="signal_post += w*error_pre"),
        ]  # fmt: skip
    one = {"wiring": "one_to_one", "on_pre": "", "weight": 1.0}
    bias = EPropBias(**learning)
    projections += [
        Projection(pre="readout", post="output", wiring="one_to_one", on_pre="",
                   graded="y_post = y_pre + w", rule=bias),
        Projection(pre="output", post="error", graded="grown_post = grown_pre", **one),
        Projection(pre="output", post="error", on_pre="", graded="total_post += grown_pre",
                   weight=1.0, label="sum"),
        Projection(pre="error", post="readout", graded="error_post = error_pre", **one),
    ]  # fmt: skip
    return Network(
        populations=(
            Population(name="input", n=N_INPUT, neuron=SpikeInput()),
            Population(name="lif", n=N_HIDDEN, neuron=LIF),
            Population(name="alif", n=N_HIDDEN, neuron=ALIF),
            Population(name="readout", n=N_OUT, neuron=LeakyReadout(tau_out=15 * ms)),
            Population(name="output", n=N_OUT, neuron=SoftmaxOutput()),
            Population(name="error", n=N_OUT, neuron=SoftmaxError(decision_window=40 * ms)),
        ),
        projections=tuple(projections),
        watch="input",
        schedule=Schedule(presentation=None, rest=0 * ms, dt=1 * ms, min_spikes=0, batch_size=100),
    )


@pytest.fixture(scope="module")
def weights():
    """Every weight that is learned; feedback is the readout's transpose."""
    rng = np.random.default_rng(0)
    state = {"readout_to_output.w": rng.normal(0.0, 0.5, N_OUT)}
    for hidden in ("lif", "alif"):
        state[f"input_to_{hidden}.w"] = rng.normal(0.3, 0.4, N_INPUT * N_HIDDEN)
        state[f"{hidden}_to_readout.w"] = rng.normal(0.0, 0.8, N_HIDDEN * N_OUT)
    return state


@pytest.fixture(scope="module")
def stimulus():
    rng = np.random.default_rng(1)
    parts = []
    for n in N_STEPS:
        steps, units = np.nonzero(rng.random((n, N_INPUT)) < 0.25)
        parts.append(
            SpikeTrains(steps * 1e-3, units, [0, len(steps)], n_units=N_INPUT, duration=[n * 1e-3])
        )
    trains = SpikeTrains.concatenate(parts)
    return engine.SpikeStimulus(trains=trains, targets=np.array([1, 0]))


def present(network, stimulus, weights, *, name):
    feedback = {
        f"error_to_{hidden}.w": weights[f"{hidden}_to_readout.w"].reshape(N_HIDDEN, N_OUT).T.ravel()
        for hidden in ("lif", "alif")
    }
    return engine.run(network, stimulus, seed=0, state=weights | feedback, engine=name).state


@pytest.fixture(scope="module")
def slopes(network, stimulus, weights):
    """Central differences of the loss, for every weight."""

    def loss(variable, k, change):
        changed = weights[variable].copy()
        changed[k] += change
        state = weights | {variable: changed}
        return present(network, stimulus, state, name="cpp_standalone")["error.loss"].sum()

    h = 1e-5
    return {
        variable: np.array(
            [(loss(variable, k, h) - loss(variable, k, -h)) / (2 * h) for k in range(len(values))]
        )
        for variable, values in weights.items()
    }


@pytest.mark.parametrize("name", ENGINES)
def test_a_gradient_is_the_slope_of_the_loss(network, stimulus, weights, slopes, name):
    state = present(network, stimulus, weights, name=name)
    for variable, values in slopes.items():
        gradient = state[variable.replace(".w", ".gradient")]
        assert np.abs(values).min() > 1e-3, f"{variable} hardly matters"
        np.testing.assert_allclose(gradient, values, rtol=1e-6, atol=1e-9, err_msg=variable)


def test_without_its_adaptation_a_neuron_learns_something_else(network, stimulus, weights, slopes):
    rule = EProp(tau_filter=15 * ms, batch=100.0)
    blind = dataclasses.replace(
        network,
        projections=tuple(
            dataclasses.replace(p, rule=rule) if p.name == "input_to_alif" else p
            for p in network.projections
        ),
    )
    state = present(blind, stimulus, weights, name="numpy")
    assert np.abs(state["input_to_alif.gradient"] / slopes["input_to_alif.w"] - 1).max() > 0.1
