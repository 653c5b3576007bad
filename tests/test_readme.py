"""What the README shows works as it stands there."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bioplastic.engine.compiler import find_compiler

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


EXAMPLES = re.findall(r"^```python\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)


def accuracy_of(example: str, folder: Path) -> float:
    """Run an example in a folder; the first percentage that it prints."""
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(p for p in paths if p),
        "MPLBACKEND": "Agg",
    }
    script = folder / "example.py"
    script.write_text(example)
    done = subprocess.run(
        [sys.executable, "-W", "error::DeprecationWarning:bioplastic", script.name],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = re.search(r"([\d.]+)\s?%", done.stdout)
    assert found, done.stdout
    return float(found.group(1))


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_examples_are_short(example):
    statements = [line for line in example.splitlines() if line.strip() and line[0] not in " )"]
    assert len(statements) <= 10


@pytest.mark.skipif(find_compiler() is None, reason="no C++ compiler, numpy would take hours")
class TestExamplesRunAsTheyAre:
    def test_digits(self, tmp_path):
        # The README says near 90 %; of 360 digits, five standard errors below that are 82 %.
        assert accuracy_of(EXAMPLES[0], tmp_path) > 82
        picture = tmp_path / "receptive_fields.png"
        assert picture.read_bytes().startswith(b"\x89PNG")
        assert picture.stat().st_size > 10_000

    def test_words(self, tmp_path):
        # Near 99 % of 720 words; chance is 10 %.
        assert accuracy_of(EXAMPLES[1], tmp_path) > 95

    def test_spike_times(self, tmp_path):
        # 60 words of one voice; chance is 10 %.
        assert accuracy_of(EXAMPLES[2], tmp_path) > 90
        assert (tmp_path / "neurons.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("target", re.findall(r"^make (\w+)", README, flags=re.MULTILINE))
def test_every_make_target_exists(target):
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
