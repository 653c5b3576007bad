"""Networks that learn by e-prop, declared part by part, and samples for them."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from brian2 import Hz, ms, second

from bioplastic import SpikeTrains, engine
from bioplastic.models import Network, Population, Projection, Schedule, SpikeInput, Uniform
from bioplastic.models.eprop import (
    EPropALIF,
    EPropLIF,
    LeakyReadout,
    SoftmaxError,
    SoftmaxOutput,
    SquaredError,
)
from bioplastic.models.plasticity.eprop import (
    AdaptiveEProp,
    EProp,
    EPropBias,
    EPropFeedback,
    EPropReadout,
)

N_INPUT, N_LIF, N_ALIF = 5, 4, 3
TAU_OUT = 15 * ms


@pytest.fixture(scope="session")
def reference():
    """Return the module beside this file."""
    path = Path(__file__).with_name("reference.py")
    spec = importlib.util.spec_from_file_location("eprop_reference", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def schedule(batch_size):
    return Schedule(
        presentation=None, rest=0 * ms, dt=1 * ms, min_spikes=0, max_repeats=0,
        batch_size=batch_size,
    )  # fmt: skip


def hidden_projections(hidden, *, feedback, **learning):
    """Everything that begins at the input and at hidden neurons, and feedback to these."""
    found = []
    rules = {"lif": EProp, "alif": AdaptiveEProp}
    for pre in ("input", *hidden):
        for post in hidden:
            rule = rules[post](tau_filter=TAU_OUT, self_connections=pre != post, **learning)
            found.append(Projection(pre=pre, post=post, on_pre="v_post += w", rule=rule))
    for pre in hidden:
        rule = EPropReadout(tau_filter=TAU_OUT, **learning)
        found.append(Projection(pre=pre, post="readout", on_pre="y_post += w", rule=rule))
    for post in hidden:
        rule = EPropFeedback(tau_spikes=TAU_OUT, **learning) if feedback else None
        found.append(
            Projection(
                pre="error", post=post, on_pre="", graded="signal_post += w*error_pre", rule=rule
            )
        )
    return found


def handed_on(pre, post, graded, **kwargs):
    kwargs = {"wiring": "one_to_one", "weight": 1.0} | kwargs
    return Projection(pre=pre, post=post, on_pre="", graded=graded, **kwargs)


class Declared:
    """Declares networks, and says where their weights stand among those of the reference."""

    @staticmethod
    def classifier(*, optimizer, batch_size=100, decision_window=1e9 * second, n_out=3):
        """LIF and ALIF neurons with time constants of their own; a softmax; learned feedback."""
        learning = {"optimizer": optimizer, "batch": float(batch_size)}
        neurons = {
            "tau_membrane": Uniform(low=8 * ms, high=30 * ms),
            "tau_refractory": 3 * ms,
            "tau_rate": 0.2 * second,
            "rate_target": 20 * Hz,
            "rate_cost": 0.5,
        }
        error = SoftmaxError(decision_window=decision_window)
        bias = EPropBias(**learning)
        return Network(
            populations=(
                Population(name="input", n=N_INPUT, neuron=SpikeInput()),
                Population(name="lif", n=N_LIF, neuron=EPropLIF(**neurons)),
                Population(
                    name="alif", n=N_ALIF,
                    neuron=EPropALIF(**neurons, tau_adaptation=60 * ms, beta=0.4),
                ),
                Population(name="readout", n=n_out, neuron=LeakyReadout(tau_out=TAU_OUT)),
                Population(name="output", n=n_out, neuron=SoftmaxOutput()),
                Population(name="error", n=n_out, neuron=error),
            ),
            projections=(
                *hidden_projections(("lif", "alif"), feedback=True, **learning),
                handed_on("readout", "output", "y_post = y_pre + w", weight=None, rule=bias),
                handed_on("output", "error", "grown_post = grown_pre"),
                handed_on("output", "error", "total_post += grown_pre", wiring="all_to_all",
                          label="sum"),
                handed_on("error", "readout", "error_post = error_pre"),
            ),
            watch=("lif", "alif"),
            schedule=schedule(batch_size),
        )  # fmt: skip

    @staticmethod
    def regressor(*, optimizer, batch_size=100, decision_window=1e9 * second, n_out=2):
        """LIF neurons that are alike; the squared error; feedback that stays as it is."""
        learning = {"optimizer": optimizer, "batch": float(batch_size)}
        lif = EPropLIF(tau_membrane=20 * ms, v_threshold=0.7, gamma=0.4)
        error = SquaredError(decision_window=decision_window)
        bias = EPropBias(**learning)
        return Network(
            populations=(
                Population(name="input", n=N_INPUT, neuron=SpikeInput()),
                Population(name="lif", n=N_LIF, neuron=lif),
                Population(name="readout", n=n_out, neuron=LeakyReadout(tau_out=TAU_OUT)),
                Population(name="error", n=n_out, neuron=error),
            ),
            projections=(
                *hidden_projections(("lif",), feedback=False, **learning),
                handed_on("readout", "error", "y_post = y_pre + w", weight=None, rule=bias),
                handed_on("error", "readout", "error_post = error_pre", label="told"),
            ),
            watch="lif",
            schedule=schedule(batch_size),
        )

    @staticmethod
    def places(network):
        """Projection by name -> kind of the reference's weights, and rows and columns of it."""
        hidden = [p.name for p in network.populations if p.name in ("lif", "alif")]
        sizes = [network.population(name).n for name in hidden]
        ends = np.cumsum([0, *sizes])
        block = {name: slice(a, b) for name, a, b in zip(hidden, ends, ends[1:], strict=False)}
        everything, found = slice(None), {}
        for p in network.projections:
            if p.one_weight:
                continue
            if p.pre == "input":
                found[p.name] = "input", (everything, block[p.post])
            elif p.pre == "error":
                found[p.name] = "feedback", (everything, block[p.post])
            elif p.pre in block and p.post in block:
                found[p.name] = "recurrent", (block[p.pre], block[p.post])
            elif p.pre in block:
                found[p.name] = "readout", (block[p.pre], everything)
            else:
                found[p.name] = "bias", everything
        return found

    @classmethod
    def split(cls, network, matrices, variable="w"):
        """Hand out the reference's matrices to the projections."""
        return {
            f"{name}.{variable}": matrices[kind][where].ravel()
            for name, (kind, where) in cls.places(network).items()
        }


@pytest.fixture(scope="session")
def declared():
    return Declared


@pytest.fixture(scope="session")
def samples():
    """Spikes of shape (n_steps, N_INPUT) of six samples, among them some of several blocks."""
    rng = np.random.default_rng(0)
    return [(rng.random((n, N_INPUT)) < 0.2).astype(float) for n in (70, 33, 350, 41, 165, 12)]


@pytest.fixture(scope="session")
def trains(samples):
    parts = []
    for x in samples:
        steps, units = np.nonzero(x)
        parts.append(
            SpikeTrains(
                steps * 1e-3, units, [0, len(steps)], n_units=N_INPUT, duration=[len(x) * 1e-3]
            )
        )
    return SpikeTrains.concatenate(parts)


@pytest.fixture(scope="session")
def simulate(trains):
    """Run a network on the samples, in an order that may repeat them."""

    def run(network, state, *, name, order=None, **stimulus):
        order = None if order is None else np.asarray(order)
        shown = engine.SpikeStimulus(trains=trains, order=order, **stimulus)
        return engine.run(network, shown, seed=0, state=state, engine=name)

    return run
