"""The documentation says what the code does: printed equations, constants, examples, links."""

import importlib
import re
import types
from pathlib import Path
from typing import Any

import brian2.units.stdunits
import numpy as np
import pytest
from brian2 import have_same_dimensions, ms
from sklearn.base import clone

from bioplastic import models
from bioplastic.datasets import load_digits, load_grasshopper
from bioplastic.engine.compiler import find_compiler
from bioplastic.errors import DataNotFoundError

ROOT = Path(__file__).resolve().parent.parent
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "data").glob("*.md")]
ROOMS = (
    "bioplastic", "errors", "models", "engine", "networks", "encoding", "readout", "datasets",
    "algebra", "inspect", "study", "exchange",
)  # fmt: skip
DIEHL_COOK = (ROOT / "docs" / "diehl_cook.md").read_text(encoding="utf-8")
CONSTANTS = re.findall(r"^\| `(\w+)\.(\w+)` \| `([^`]+)` \|", DIEHL_COOK, flags=re.MULTILINE)


def test_what_pages_show_of_the_code_is_what_it_prints(monkeypatch, capsys):
    monkeypatch.syspath_prepend(ROOT / "docs")
    monkeypatch.setattr("sys.argv", ["update_outputs.py", "--check"])
    assert importlib.import_module("update_outputs").main() == 0, capsys.readouterr().out
    assert "dv/dt" in DIEHL_COOK


@pytest.mark.parametrize(("model", "name", "value"), CONSTANTS)
def test_the_table_of_constants_is_that_of_the_code(model, name, value):
    documented = eval(value, dict(vars(brian2.units.stdunits)))
    found = getattr(getattr(models, model)(), name)
    assert have_same_dimensions(documented, found)
    assert float(np.asarray(documented)) == pytest.approx(float(np.asarray(found)), rel=1e-12)


def test_the_table_of_constants_was_found():
    assert len(CONSTANTS) > 20


@pytest.mark.examples
def test_the_timer_of_the_ports_keeps_neurons_silent_for_50_ms():
    block = re.search(r"^```python\n(.*?)^```", DIEHL_COOK, flags=re.MULTILINE | re.DOTALL)
    assert block
    names: dict[str, Any] = {}
    exec(block.group(1), names)
    settings = {
        "n_neurons": 3, "presentation": 100 * ms, "rest": 0 * ms, "min_spikes": 0, "norm": 30.0,
        "inhibition": 0.0, "engine": "numpy", "random_state": 0,
    }  # fmt: skip
    X = load_digits().data[:3]
    shortest = {}
    for timer, neuron in (("none", names["plain"]), ("50 ms", names["with_timer"])):
        model = clone(names["model"]).set_params(excitatory=neuron, **settings).fit(X)
        spikes = model.transform_spikes(X)
        sample = np.repeat(np.arange(len(X)), np.diff(spikes.offsets))
        gaps = [
            np.diff(np.sort(spikes.times[(spikes.units == unit) & (sample == k)]))
            for unit in range(3)
            for k in range(len(X))
        ]
        shortest[timer] = np.concatenate(gaps).min()
    assert 0.005 <= shortest["none"] < 0.05
    assert shortest["50 ms"] > 0.05 - 1e-9


def blocks_of(page: str) -> list[str]:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return re.findall(r"^```python\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


@pytest.fixture
def printed_by(run_script, tmp_path):
    """Run blocks one after the other; what they print."""

    def printed_by(blocks: list[str]) -> str:
        printed, complained = run_script("\n".join(blocks), tmp_path)
        assert not complained
        return printed

    return printed_by


@pytest.mark.skipif(find_compiler() is None, reason="no C++ compiler, numpy would take long")
@pytest.mark.examples
def test_the_blocks_of_the_page_on_sound_run_one_after_the_other(printed_by):
    blocks = blocks_of("sound.md")
    assert len(blocks) >= 8
    printed = printed_by(blocks)
    assert "True" in printed.split("\n")  # spikes came back from their file
    assert "[7 8 9]" in printed  # and a fitted model, from its own


@pytest.mark.skipif(find_compiler() is None, reason="no C++ compiler, numpy would take long")
@pytest.mark.examples
def test_the_blocks_of_the_page_on_spike_times_run_one_after_the_other(printed_by, tmp_path):
    blocks = [
        block for block in blocks_of("spike_times.md") if has_grasshopper() or "grass" not in block
    ]
    assert len(blocks) >= 3
    show = (
        "import numpy as np\n"
        "some, others = np.random.default_rng(0).permutation(720)[:300].reshape(2, 150)\n"
        "model.fit(words.data[some], words.target[some])\n"
        "print(model.score(words.data[others], words.target[others]))"
    )
    timing, spiking = printed_by([*blocks, show]).splitlines()
    assert float(timing.partition("%")[0]) > 90
    assert float(spiking) > 0.8
    assert (tmp_path / "neurons.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.examples
def test_the_blocks_of_the_page_on_eprop_run_one_after_the_other(printed_by, tmp_path):
    blocks = blocks_of("eprop.md")
    assert len(blocks) >= 4
    assert "(50, 1)" in printed_by(blocks).split("\n")  # what the regressor drew
    assert (tmp_path / "credit.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.examples
def test_the_blocks_of_the_page_on_engines_run_one_after_the_other(printed_by):
    printed = printed_by(blocks_of("howto/engines.md"))
    # Three spikes made one, and on the engine of one's own, too.
    assert printed.split("\n")[-3:-1] == ["[0.015]", "True 1"]


@pytest.mark.examples
def test_the_blocks_of_the_page_on_inputs_run_one_after_the_other(printed_by):
    printed = printed_by(blocks_of("howto/inputs.md")).split("\n")
    assert printed[0] == "['image', 'taps']"
    none, one, most = map(int, printed[1].strip("[]").split())
    assert none <= one < most
    assert printed[2] == "False"  # noise of the two eyes is not the same
    assert printed[3].endswith("Hz")
    counts = [int(n) for n in printed[4].strip("[]").split()]
    assert counts == sorted(counts)
    assert counts[1] <= 0 < counts[3]


@pytest.mark.skipif(find_compiler() is None, reason="no C++ compiler, numpy would take long")
@pytest.mark.examples
def test_the_blocks_of_the_page_on_recordings_run_one_after_the_other(printed_by, tmp_path):
    printed = printed_by(blocks_of("howto/own_recordings.md"))
    assert "SpikeTrains(2 samples, 3 units, 4 spikes, 0.2 s)" in printed
    assert printed.endswith("['down' 'up']\n")  # what the file gave back
    assert (tmp_path / "raster.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.examples
def test_the_blocks_of_the_page_on_training_run(printed_by, tmp_path):
    printed = printed_by(blocks_of("howto/training.md"))
    assert printed.endswith("1 ['build', 'read', 'simulate']\n")
    assert not (tmp_path / "training.npz").exists()


@pytest.mark.examples
def test_the_blocks_of_the_page_on_ways_in_and_out_run_one_after_the_other(printed_by, tmp_path):
    for partner in ("neo", "pandas"):
        pytest.importorskip(partner)
    *printed, heard, _, _ = printed_by(blocks_of("howto/in_and_out.md")).splitlines()
    assert re.match(r"\[\d+\] \{'call'", heard)
    assert (tmp_path / "answer" / "makefile").is_file()
    assert printed == [
        "SpikeTrains(2 samples, 3 units, 4 spikes, 0.2 s)",
        "[[1, 1], [0, 1]]",
        "[[1, 1], [0, 1]]",
        "[ 10000 120000 130000] [0 2 0] 1",
        "True",
        "True",
        "['sample', 'time', 'unit'] {'n_units': 3, 'duration': [0.2, 0.2]}",
        "True 2",
        "(2, 20, 3) uint8",
        "True",
        "[[1, 0, 0], [1, 0, 1]]",
    ]


@pytest.mark.slow  # the demo and the README's example go the same ways
@pytest.mark.skipif(find_compiler() is None, reason="no C++ compiler, numpy would take long")
@pytest.mark.examples
def test_the_blocks_of_the_first_pages_run_one_after_the_other(printed_by):
    scores = printed_by(blocks_of("index.md"))
    assert min(float(score) for score in scores.strip(" []\n").split()) > 0.9
    printed = printed_by(blocks_of("tutorial/first_network.md"))
    accuracy = re.search(r"^([\d.]+)% of 360 test images", printed, flags=re.MULTILINE)
    assert accuracy
    assert float(accuracy[1]) > 80


@pytest.mark.skipif(find_compiler() is None, reason="no C++ compiler, numpy would take long")
@pytest.mark.examples
def test_the_blocks_of_the_page_on_brian2_run_one_after_the_other(printed_by):
    printed = printed_by(blocks_of("howto/coming_from_brian2.md")).splitlines()
    same, shape, accuracy, values, _ = printed
    assert (same, shape) == ("True", "(1000, 20)")  # Brian's spikes, and a thousand samples
    assert int(accuracy.partition("%")[0]) > 90
    assert values.startswith("(200, 2) SpikeTrains(1 samples, 20 units")


@pytest.mark.skipif(find_compiler() is None, reason="no C++ compiler, numpy would take long")
@pytest.mark.examples
@pytest.mark.parametrize("page", ["bindsnet", "sklearn", "snntorch"])
def test_the_blocks_of_the_page_for_those_who_come_from(page, printed_by):
    accuracies = re.findall(r"([\d.]+)%", printed_by(blocks_of(f"howto/coming_from_{page}.md")))
    assert accuracies
    assert min(map(float, accuracies)) > 80


@pytest.mark.examples
def test_the_five_tasks_of_contributing_run(printed_by):
    printed = printed_by(blocks_of("contributing.md")).splitlines()
    assert printed[0] == "QuadraticLIF(sharpness=10. * mvolt)"
    assert printed[1] == "True"
    assert any("input_to_output_every_step ['input_to_output.rest']" in line for line in printed)
    none, some, many = map(int, printed[-1].strip("[]").split())
    assert none == 0 < some < many


def test_new_pages_have_no_blocks_that_are_not_run():
    run = {"engines.md", "in_and_out.md", "inputs.md", "own_recordings.md", "first_network.md"}
    run |= {f"coming_from_{name}.md" for name in ("bindsnet", "brian2", "sklearn", "snntorch")}
    run |= {"training.md"}
    run |= {"own_methods.md"}  # by tests/study/test_own_modules.py
    folders = ("errata.md", "explanation/*.md", "howto/*.md", "reference/*.md", "tutorial/*.md")
    pages = [page for folder in folders for page in (ROOT / "docs").glob(folder)]
    assert len(pages) > 20
    with_code = {page.name for page in pages if "```python" in page.read_text(encoding="utf-8")}
    assert with_code == run


@pytest.mark.parametrize("room", ROOMS)
def test_the_reference_lists_every_public_name_of(room):
    text = (ROOT / "docs" / "reference" / f"{room}.md").read_text(encoding="utf-8")
    listed = re.findall(r"^(?:   |\.\. data:: )(\w+)$", text, flags=re.MULTILINE)
    module = importlib.import_module("bioplastic" if room == "bioplastic" else f"bioplastic.{room}")
    public = [
        name for name in module.__all__ if not isinstance(getattr(module, name), types.ModuleType)
    ]
    assert sorted(listed) == sorted(public)


def has_grasshopper() -> bool:
    try:
        load_grasshopper()
    except DataNotFoundError:
        return False
    return True


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_to_files_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
        if "://" not in target:
            assert (page.parent / target).exists(), target
