"""The notebooks run from top to bottom, at a small size, and tell no paths of a machine."""

import os
from pathlib import Path

import jupytext
import nbformat
import pytest
from nbclient import NotebookClient

from bioplastic.engine.compiler import find_compiler

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted((ROOT / "notebooks").glob("*.py"))
#: Those that compile most; other tests go through the same rooms.
SLOW = ("credit_where_it_is_due", "liquid_hears", "when_not_how_often")


TO_RUN = [
    pytest.param(path, marks=pytest.mark.slow if path.stem in SLOW else (), id=path.stem)
    for path in SOURCES
]


def test_there_are_notebooks():
    assert SOURCES


@pytest.mark.examples
@pytest.mark.skipif(find_compiler() is None, reason="no C++ compiler, numpy would take hours")
@pytest.mark.parametrize("source", TO_RUN)
def test_it_runs(source, monkeypatch):
    monkeypatch.setenv("BIOPLASTIC_NOTEBOOK_QUICK", "1")
    # The kernel starts in notebooks/, and must find the package that is tested.
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(p for p in paths if p))
    notebook = jupytext.read(source)
    NotebookClient(
        notebook,
        timeout=500,
        kernel_name="python3",
        resources={"metadata": {"path": str(source.parent)}},
    ).execute()
    outputs = [o for cell in notebook.cells for o in cell.get("outputs", [])]
    pictures = [o for o in outputs if "image/png" in o.get("data", {})]
    assert len(pictures) >= 4
    formulas = [o for o in outputs if "text/latex" in o.get("data", {})]
    assert formulas
    said = [o["text"] for o in outputs if o.output_type == "stream" and o.name == "stderr"]
    assert not said


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
class TestNotebook:
    def test_its_pair_has_the_same_cells(self, source):
        pair = nbformat.read(str(source.with_suffix(".ipynb")), as_version=4)
        ours = [(c.cell_type, c.source) for c in jupytext.read(source).cells]
        theirs = [(c.cell_type, c.source) for c in pair.cells]
        assert ours == theirs, "run `make notebooks`"

    def test_its_pair_has_outputs_and_no_paths(self, source):
        pair = nbformat.read(str(source.with_suffix(".ipynb")), as_version=4)
        code = [c for c in pair.cells if c.cell_type == "code"]
        assert all(c.execution_count for c in code), "run `make notebooks`"
        for output in (o for c in code for o in c.outputs):
            shown = str(output.get("text", "")) + str(output.get("data", {}).get("text/plain", ""))
            assert "site-packages" not in shown
            assert str(Path.home()) + os.sep not in shown
            assert output.output_type != "error"

    def test_its_first_cell_says_what_to_expect(self, source):
        first = jupytext.read(source).cells[0]
        assert first.cell_type == "markdown"
        for word in ("Source", "doi", "Reproduced", "Expected number", "Protocol", "Running time"):
            assert word in first.source
