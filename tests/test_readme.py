"""What the README shows works as it stands there."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bioplastic.engine.standalone_program import find_compiler

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def example() -> str:
    """Return the first Python block."""
    found = re.search(r"^```python\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)
    assert found, "README.md has no block of Python"
    return found.group(1)


def test_the_example_is_short():
    statements = [line for line in example().splitlines() if line.strip() and line[0] not in " )"]
    assert len(statements) <= 10


@pytest.mark.skipif(find_compiler() is None, reason="no C++ compiler, numpy would take hours")
def test_the_example_runs_as_it_is(tmp_path):
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(p for p in paths if p),
        "MPLBACKEND": "Agg",
    }
    script = tmp_path / "example.py"
    script.write_text(example())
    done = subprocess.run(
        [sys.executable, "-W", "error::DeprecationWarning:bioplastic", script.name],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    accuracy = re.search(r"([\d.]+)\s?%", done.stdout)
    assert accuracy
    # The README says near 90 %; of 360 digits, five standard errors below that are 82 %.
    assert float(accuracy.group(1)) > 82
    picture = tmp_path / "receptive_fields.png"
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_size > 10_000


@pytest.mark.parametrize("target", re.findall(r"^make (\w+)", README, flags=re.MULTILINE))
def test_every_make_target_exists(target):
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
