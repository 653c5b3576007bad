"""Progress of commands whose stderr is no terminal."""

import io
import re

import pytest
from tqdm.auto import tqdm

from bioplastic.cli import reporting


@pytest.fixture
def clock(monkeypatch):
    """Give a clock that stands still, as a list of its time."""
    now = [100.0]
    monkeypatch.setattr(reporting.time, "monotonic", lambda: now[0])
    return now


def test_a_bar_becomes_a_line_now_and_then(clock):
    stream = io.StringIO()
    with tqdm(total=10, desc="training", file=reporting._Lines(stream), mininterval=0) as bar:
        for _ in range(10):
            clock[0] += 2.0
            bar.update()
    lines = [re.sub(r" \[.*\]", "", line) for line in stream.getvalue().splitlines()]
    assert lines == [
        "training: 0% 0/10", "training: 30% 3/10", "training: 60% 6/10", "training: 90% 9/10",
        "training: 100% 10/10",
    ]  # fmt: skip


def test_what_is_new_is_told_at_once(clock):
    stream = io.StringIO()
    with tqdm(total=2, desc="compiling", file=reporting._Lines(stream), mininterval=0) as bar:
        bar.set_description("training")
        bar.update()
        bar.set_description("presenting")
    told = [line.partition(":")[0] for line in stream.getvalue().splitlines()]
    # The last line is how the bar ended.
    assert told == ["compiling", "training", "presenting", "presenting"]


def test_other_text_passes(clock):
    stream = io.StringIO()
    lines = reporting._Lines(stream)
    print("warning: as it is", "and\n\nmore", file=lines)
    print(file=lines)
    assert stream.getvalue() == "warning: as it is and\n\nmore\n\n"
