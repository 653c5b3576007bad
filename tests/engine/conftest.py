"""A small network of Diehl & Cook and samples that make it fire, shared by the engines' tests."""

import tempfile
from pathlib import Path

import brian2
import numpy as np
import pytest
from brian2 import ms, mV

from bioplastic import SpikeTrains, engine
from bioplastic.models import (
    LIF,
    DiehlCookExcitatory,
    DiehlCookSTDP,
    Network,
    NeuronModel,
    PoissonInput,
    Population,
    Projection,
    Schedule,
    SignalInput,
    SpikeInput,
)
from bioplastic.models.inputs import DelayLineInput
from bioplastic.networks import diehl_cook_network

N_FEATURES, N_NEURONS = 20, 6


EXCITATORY = DiehlCookExcitatory(theta_plus=1 * mV)
RULE = DiehlCookSTDP(eta_plus=0.1, eta_minus=0.01)
SCHEDULE = Schedule(presentation=40 * ms, rest=20 * ms, dt=1 * ms, min_spikes=4, max_repeats=3)


def declare(*, pooled):
    """Network that fires, learns and repeats samples within a few dozen steps."""
    return diehl_cook_network(
        n_features=N_FEATURES,
        n_neurons=N_NEURONS,
        rule=RULE,
        norm=12.0,
        pooled_inhibition=pooled,
        excitatory=EXCITATORY,
        schedule=SCHEDULE,
    )


@pytest.fixture(scope="session")
def network():
    return declare(pooled=True)


@pytest.fixture(scope="session")
def unpooled_network():
    return declare(pooled=False)


@pytest.fixture(scope="session")
def network_without_interneurons(network):
    """The same with fewer parts: every part costs a compilation with Cython."""
    return Network(
        populations=(network.population("input"), network.population("excitatory")),
        projections=(
            network.projections[0],
            Projection(
                pre="excitatory",
                post="excitatory",
                wiring="all_but_one",
                on_pre="gi_post += w",
                weight=17.0,
                pooled=False,
            ),
        ),
        watch="excitatory",
        schedule=SCHEDULE,
    )


@pytest.fixture(scope="session")
def stimulus():
    """Twelve samples; faint ones among them, which have to be repeated."""
    rng = np.random.default_rng(0)
    values = rng.uniform(0.0, 200.0, (12, N_FEATURES))
    values[::3] *= 0.2
    return engine.RateStimulus(values=values)


@pytest.fixture(scope="session")
def weights():
    rng = np.random.default_rng(1)
    return {"input_to_excitatory.w": rng.uniform(0.0, 1.0, N_FEATURES * N_NEURONS)}


#: Inputs of all kinds, two of each; each drives neurons of its own.
INPUTS = {
    "light": PoissonInput(),
    "dark": PoissonInput(boost=0.0),
    "touch": SpikeInput(),
    "Touch": SpikeInput(),
    "tone": SignalInput(),
    "lines": DelayLineInput(n_channels=2, delay=5 * ms),
}
N_SHOWN, N_INPUTS = 5, 6


def network_of(*inputs, **schedule):
    """Network of inputs and their neurons, all of which are watched."""
    populations, projections = [], []
    for name in inputs:
        populations.append(Population(name=name, n=N_INPUTS, neuron=INPUTS[name]))
        amount = "value_pre*mV" if INPUTS[name].takes == "signals" else "mV"
        projections.append(
            Projection(pre=name, post=f"by_{name}", on_pre=f"i_syn_post += w*{amount}", weight=20.0)
        )
    populations += [Population(name=f"by_{name}", n=3, neuron=LIF()) for name in inputs]
    schedule = {"presentation": 60 * ms, "rest": 5 * ms, "dt": 1 * ms, "min_spikes": 0} | schedule
    return Network(
        populations=tuple(populations),
        projections=tuple(projections),
        watch=tuple(p.name for p in populations),
        schedule=Schedule(**schedule),
    )


def shown_to(name, *, n_samples=N_SHOWN, **options):
    """Stimulus of one of these inputs."""
    kind, rng = INPUTS[name].takes, np.random.default_rng([*name.encode()])
    options = {"population": name} | options
    if kind == "rates":
        values = np.random.default_rng(0).uniform(20.0, 200.0, (n_samples, N_INPUTS))
        return engine.RateStimulus(values=values, **options)
    lengths = rng.integers(20, 60, n_samples)
    if kind == "spikes":
        counts = rng.poisson(0.5 * lengths)
        trains = [
            SpikeTrains(np.sort(rng.uniform(0, length, n)) * ms, rng.integers(0, N_INPUTS, n),
                        [0, n], n_units=N_INPUTS, duration=length * ms)
            for length, n in zip(lengths, counts, strict=True)
        ]  # fmt: skip
        return engine.SpikeStimulus(trains=SpikeTrains.concatenate(trains), **options)
    width = Population(name=name, n=N_INPUTS, neuron=INPUTS[name]).n_features
    values = [rng.normal(size=(n, width)) * (rng.random((n, width)) < 0.3) for n in lengths]
    return engine.SignalStimulus(values=values, dt=1 * ms, **options)


@pytest.fixture(scope="session")
def network_with():
    return network_of


@pytest.fixture(scope="session")
def stimulus_of():
    return shown_to


@pytest.fixture(scope="session")
def alone():
    """Make a network of some of these inputs, and what they are shown."""
    return lambda *names, **schedule: (
        network_of(*names, **schedule),
        [shown_to(name) for name in names],
    )


@pytest.fixture(scope="session")
def all_inputs():
    """Network with six inputs, and what they are shown."""
    return network_of(*INPUTS), [shown_to(name) for name in INPUTS]


@pytest.fixture(scope="session")
def without_input():
    """Network that is active by itself, and how long."""
    noisy = NeuronModel(
        equations="dv/dt = (drive - v)/tau + sigma*xi*tau**-0.5 : 1",
        threshold="v > 1", reset="v = 0", at_slot_start="v = rand()", method="euler",
        constants={"tau": 10 * ms, "sigma": 0.3, "drive": 0.9},
    )  # fmt: skip
    network = Network(
        populations=(
            Population(name="noisy", n=8, neuron=noisy),
            Population(name="driven", n=4, neuron=LIF()),
        ),
        projections=(
            Projection(pre="noisy", post="driven", on_pre="i_syn_post += w*mV", weight=12.0),
        ),
        watch=("noisy", "driven"),
        schedule=Schedule(presentation=None, rest=0 * ms, dt=1 * ms, min_spikes=0),
    )
    lengths = np.array([60.0, 120.0, 30.0, 90.0, 60.0]) * ms
    return network, engine.SpontaneousActivity(n_samples=5, duration=lengths)


@pytest.fixture
def numpy_target():
    """Brian's own objects run without a compiler during the test."""
    before = brian2.prefs["codegen.target"]
    brian2.prefs["codegen.target"] = "numpy"
    yield
    brian2.prefs["codegen.target"] = before


class Compiler:
    """A script in place of a C++ compiler; it logs its calls."""

    def __init__(self, folder: Path, body: str) -> None:
        self.log = folder / "calls.log"
        self.path = folder / "c++"
        self.path.write_text(
            "#!/bin/sh\n"
            'if [ "$1" = --version ]; then echo "fake compiler 1.0"; exit 0; fi\n'
            f"echo called >> {self.log}\n{body}\n"
        )
        self.path.chmod(0o755)

    @property
    def n_calls(self) -> int:
        return self.log.read_text().count("called") if self.log.exists() else 0


@pytest.fixture
def fake_compiler(tmp_path, monkeypatch):
    """``make(body)`` makes a shell script with that body the C++ compiler.

    Without a body it "compiles" in no time, to a file that is not run.
    """

    kept = tmp_path / "kept"  # here go the sources of a failed compilation
    kept.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(kept))

    def make(body="echo program > main"):
        folder = tmp_path / "compiler"
        folder.mkdir(exist_ok=True)
        compiler = Compiler(folder, body)
        monkeypatch.setenv("CXX", str(compiler.path))
        return compiler

    return make
