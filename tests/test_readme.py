"""What the README shows works as it stands there."""

import re
from pathlib import Path

import pytest

from bioplastic.engine.compiler import find_compiler

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


EXAMPLES = re.findall(r"^```python\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)


@pytest.fixture
def accuracy_of(run_script, tmp_path):
    """Run an example; the first percentage that it prints."""

    def accuracy_of(example: str) -> float:
        printed, _ = run_script(example, tmp_path)
        found = re.search(r"([\d.]+)\s?%", printed)
        assert found, printed
        return float(found.group(1))

    return accuracy_of


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_examples_are_short(example):
    statements = [line for line in example.splitlines() if line.strip() and line[0] not in " )"]
    assert len(statements) <= 10


@pytest.mark.skipif(find_compiler() is None, reason="no C++ compiler, numpy would take hours")
class TestExamplesRunAsTheyAre:
    def test_digits(self, accuracy_of, tmp_path):
        # The README says 88.3 %; of 360 digits, three and a half standard errors below are 82 %.
        assert accuracy_of(EXAMPLES[0]) > 82
        picture = tmp_path / "receptive_fields.png"
        assert picture.read_bytes().startswith(b"\x89PNG")
        assert picture.stat().st_size > 10_000

    def test_words(self, accuracy_of):
        # Near 99 % of 720 words; chance is 10 %.
        assert accuracy_of(EXAMPLES[1]) > 95

    def test_plasticity_rule(self, run_script, tmp_path):
        run_script(EXAMPLES[2], tmp_path)
        assert (tmp_path / "window.png").read_bytes().startswith(b"\x89PNG")


def test_it_is_short():
    assert len(EXAMPLES) == 3
    assert len(README.splitlines()) <= 150


@pytest.mark.parametrize("target", re.findall(r"`make (\w+)`", README))
def test_every_make_target_exists(target):
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
