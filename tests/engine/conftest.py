"""A small network of Diehl & Cook and samples that make it fire, shared by the engines' tests."""

import tempfile
from pathlib import Path

import brian2
import numpy as np
import pytest
from brian2 import ms, mV

from bioplastic import engine
from bioplastic.models import DiehlCookExcitatory, DiehlCookSTDP, Network, Projection, Schedule
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
