"""The public names, and what importing them must not do."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import bioplastic

PACKAGE = Path(bioplastic.__file__).parent

# A name that is added here is a promise; one that is taken away breaks somebody's script.
PUBLIC = {
    "bioplastic": [
        "SpikeTrains", "algebra", "datasets", "encoding", "engine", "errors", "inspect", "models",
        "networks", "readout", "study",
    ],
    "bioplastic.algebra": [
        "evaluate", "gram_matrix", "inner_product", "norm",
        "van_rossum_distance",
    ],
    "bioplastic.datasets": [
        "load_audio", "load_digits", "load_fsdd", "load_grasshopper", "load_hd", "load_mnist",
        "load_ntidigits", "load_shd", "load_spoken", "load_ssc", "make_evidence_accumulation",
        "make_jittered_templates", "make_patterns",
    ],
    "bioplastic.encoding": [
        "BernoulliEncoder", "Cochlea", "LatencyEncoder", "PoissonEncoder", "RankOrderEncoder",
        "SpikeAugmenter",
    ],
    "bioplastic.engine": [
        "Engine", "RateStimulus", "SignalStimulus", "SpikeStimulus", "SpontaneousActivity", "every",
        "open_program", "present", "register", "run",
    ],
    "bioplastic.errors": [
        "BioplasticError", "BuildError", "CheckpointError", "DataError", "DataNotFoundError",
        "ParameterError", "SimulationError", "StorageError",
    ],
    "bioplastic.exchange": ["export_cpp", "export_nir", "import_nir"],
    "bioplastic.inspect": [
        "PlasticityRecorder", "PlasticityRecording", "accuracy_curve", "explore",
        "pairing_protocol", "plot_accuracy", "plot_confusion", "plot_error_reduction",
        "plot_protocol", "plot_raster", "plot_receptive_fields", "plot_selected_spikes",
        "plot_state", "plot_weight_history", "plot_word", "rate_protocol", "stdp_window",
        "triplet_protocol",
    ],
    "bioplastic.models": [
        "LIF", "SGD", "Adam", "AdaptiveExponential", "AdaptiveLIF", "Constant",
        "DiehlCookExcitatory", "DiehlCookInhibitory", "DiehlCookSTDP", "EPropALIF",
        "Event", "HomeostaticLIF", "InhibitorySTDP", "LogUniform", "MultiplicativeSTDP",
        "NearestTripletSTDP", "Network", "NeuronModel", "Normal", "PairSTDP", "PairWiring",
        "Pathway", "PlasticityRule", "PoissonInput", "Population", "PowerLawSTDP", "Projection",
        "RandomWiring", "RateRegularization", "Regularly", "RewardSTDP", "Schedule",
        "SignalInput", "SpikeInput", "SynapseModel", "SynapticScaling", "TimeTable",
        "TonotopicWiring",
        "TripletSTDP", "TsodyksMarkram", "Uniform", "VoltageSTDP", "combine_rules", "from_brian2",
    ],
    "bioplastic.networks": [
        "DiehlCook", "DiehlCookClassifier", "EPropClassifier", "EPropRegressor",
        "LiquidStateMachine", "Listener", "MaassColumn", "RandomLiquid", "RewardSTDPClassifier",
        "SpikingClassifier", "SpikingRegressor", "TonotopicLiquid", "diehl_cook_network",
        "eprop_network",
    ],
    "bioplastic.readout": [
        "AugmentedClassifier", "FilteredState", "FirstSpikeTime", "KernelRidgeClassifier",
        "NeuronLabelClassifier", "SpikeCount", "SpikeTimeClassifier", "SpikeTimeRegressor",
        "TimeBinnedCount",
    ],
    "bioplastic.study": [
        "METHODS", "Method", "PROBLEMS", "Problem", "Theory", "TorchMethod", "Workload", "compare",
    ],
}  # fmt: skip


def fresh(code):
    """What a new interpreter prints."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True, text=True, check=True, cwd=PACKAGE.parent, timeout=120,
    )  # fmt: skip
    return done.stdout.strip()


@pytest.mark.parametrize("name", PUBLIC)
def test_the_public_names_are_these(name):
    module = importlib.import_module(name)
    assert sorted(module.__all__) == sorted(PUBLIC[name])
    for public in module.__all__:
        assert hasattr(module, public), f"{name}.{public}"


def test_every_error_is_ours_and_a_builtin_one():
    for name in bioplastic.errors.__all__:
        error = getattr(bioplastic.errors, name)
        assert issubclass(error, bioplastic.errors.BioplasticError)
        if error is not bioplastic.errors.BioplasticError:
            builtin = error.__bases__[1]
            assert builtin.__module__ == "builtins"


def test_what_is_public_is_documented():
    for name, names in PUBLIC.items():
        module = importlib.import_module(name)
        assert module.__doc__, name
        for public in names:
            thing = getattr(module, public)
            if callable(thing):
                assert thing.__doc__, f"{name}.{public}"


REPORT = """
import logging, os, signal, sys
import brian2
import numpy as np

def state():
    return (
        repr(brian2.get_device()),
        {name: repr(value) for name, value in brian2.prefs.items()},
        float(brian2.defaultclock.dt),
        repr(np.random.get_state()),
        dict(os.environ),
        os.getcwd(),
        logging.getLogger().level,
        signal.getsignal(signal.SIGINT) is signal.default_int_handler,
    )

before, loaded = state(), set(sys.modules)
objects = len(list(brian2.BrianObject.__instances__()))
import bioplastic
for room in (getattr(bioplastic, name) for name in bioplastic.__all__):
    if room.__name__ not in ("bioplastic.inspect", "bioplastic.study"):  # loaded by name
        [getattr(room, name) for name in getattr(room, "__all__", ())]
print({
    "same": state() == before,
    "objects": len(list(brian2.BrianObject.__instances__())) - objects,
    "modules": set(sys.modules) - loaded,
})
"""


class TestImport:
    """In an interpreter of its own: in this one somebody else may have imported anything."""

    @pytest.fixture(scope="class")
    @staticmethod
    def report():
        return ast.literal_eval(fresh(REPORT))

    def test_it_adds_no_plotting_to_what_brian_imports(self, report):
        assert "bioplastic.engine" in report["modules"]
        assert not [m for m in report["modules"] if m.startswith(("matplotlib", "pylab"))]

    def test_neither_pictures_nor_command_line_come_with_it(self, report):
        unwanted = ("bioplastic.cli", "bioplastic.inspect.", "IPython", "pytest")
        assert not [m for m in report["modules"] if m.startswith(unwanted)]

    def test_it_changes_nothing_global_and_makes_no_brian_object(self, report):
        assert report["same"]
        assert report["objects"] == 0


def test_there_are_few_doors():
    assert len({name for names in PUBLIC.values() for name in names}) <= 150


def test_no_file_is_longer_than_a_concept():
    kinds = {".py", ".h", ".cpp", ".cu", ".cuh", ".css", ".js", ".html"}
    files = [path for path in PACKAGE.rglob("*") if path.suffix in kinds]
    assert len(files) > 200
    assert not [path.name for path in files if len(path.read_text().splitlines()) > 350]
