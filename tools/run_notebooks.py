"""Run every notebooks/*.py (jupytext) and write the notebook with its outputs beside it."""

import sys
import time
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient

folder = Path(__file__).resolve().parent.parent / "notebooks"
sources = [Path(name) for name in sys.argv[1:]] or sorted(folder.glob("*.py"))
if not sources:
    print(f"No notebooks in {folder.name}/.")
for source in sources:
    start = time.perf_counter()
    notebook = jupytext.read(source)
    NotebookClient(
        notebook, timeout=None, kernel_name="python3", resources={"metadata": {"path": folder}}
    ).execute()
    nbformat.write(notebook, source.with_suffix(".ipynb"))
    print(f"{source.name}: {time.perf_counter() - start:.0f} s")
