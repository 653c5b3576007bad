"""How a report writes numbers, texts and tables, in Markdown."""

import math
import re
from collections.abc import Sequence
from typing import Final

NBSP: Final = "\u00a0"
#: In place of a cost that nobody has counted, which is not 0.
NOT_COUNTED: Final = "not counted"
_PREFIXES: Final = {0: "", -3: "m", -6: "µ", -9: "n", -12: "p", -15: "f", 3: "k", 6: "M"}


def percent(share: float | None) -> str:
    """Write a share of 1, such as ``"81.2 %"``."""
    return "–" if share is None else f"{100 * share:.1f}{NBSP}%"


def points(share: float | None, *, sign: bool = True) -> str:
    """Write a difference of shares in percentage points, such as ``"−6.1"``."""
    if share is None:
        return "–"
    value = round(100 * share, 1) or 0.0  # no minus before 0
    if not sign or value == 0:
        return f"{abs(value):.1f}"
    return f"{value:+.1f}".replace("-", "−")


def p_text(p: float | None) -> str:
    """Write a p value, such as ``"p = 0.049"``."""
    if p is None:
        return "not tested"
    if p < 0.001:
        return f"p{NBSP}<{NBSP}0.001"
    # 0.0499 must not read as 0.050.
    digits = 4 if 0.0495 <= p < 0.0505 else 3
    return f"p{NBSP}={NBSP}{p:.{digits}f}"


def energy_text(joules: float | None) -> str:
    """Write an energy with three digits, such as ``"12.3 nJ"``."""
    if joules is None:
        return NOT_COUNTED
    if joules == 0:
        return f"0{NBSP}J"
    joules = float(f"{joules:.3g}")  # 999.6 nJ is 1.00 µJ
    power = min(max(3 * math.floor(math.log10(joules) / 3), min(_PREFIXES)), max(_PREFIXES))
    value = joules / 10.0**power
    digits = max(2 - math.floor(math.log10(value)), 0)
    return f"{value:,.{digits}f}{NBSP}{_PREFIXES[power]}J"


def duration(seconds: float | None) -> str:
    """Write a time, such as ``"3 min 20 s"``."""
    if seconds is None:
        return "–"
    if seconds < 10:
        return f"{seconds:.2g}{NBSP}s" if seconds < 1 else f"{seconds:.1f}{NBSP}s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole}{NBSP}s"
    if whole < 3600:
        return f"{whole // 60}{NBSP}min {whole % 60}{NBSP}s"
    minutes = round(seconds / 60)
    return f"{minutes // 60}{NBSP}h {minutes % 60}{NBSP}min"


def memory(megabytes: float | None) -> str:
    """Write an amount of memory, such as ``"512 MB"``."""
    if megabytes is None:
        return "–"
    return f"{megabytes / 1000:.1f}{NBSP}GB" if megabytes >= 1000 else f"{megabytes:.0f}{NBSP}MB"


def listed(words: Sequence[str], last: str = "and") -> str:
    """Write a list, such as ``"a, b and c"``; with semicolons where a word has a comma."""
    if len(words) < 3:
        return f" {last} ".join(words)
    comma = any("," in word for word in words)
    return f"{('; ' if comma else ', ').join(words[:-1])}{';' if comma else ''} {last} {words[-1]}"


def count(n: float) -> str:
    """Write a number of operations, such as ``"12,345"``."""
    return f"{n:,.0f}" if n >= 10 or n == round(n) else f"{n:.2g}"


def number(n: int, unit: str) -> str:
    """Write how many there are, such as ``"1 task"`` or ``"1,200 tasks"``."""
    return f"{n:,} {unit}{'' if n == 1 else 's'}"


class Markdown(str):
    """A text that is Markdown already."""

    __slots__ = ()


def escaped(text: str) -> str:
    """Escape what Markdown would take for its own; a line stays one."""
    if isinstance(text, Markdown):
        return text
    return re.sub(r"([\\`*_\[\]<>|#]|&(?=#?\w+;))", r"\\\1", str(text).replace("\n", " "))


def table(
    caption: str, head: Sequence[str], rows: Sequence[Sequence[str]], n_words: int = 1
) -> str:
    """Write a table; columns but the first ones are numbers."""
    align = ["---"] * n_words + ["---:"] * (len(head) - n_words)
    lines = [head, list(map(Markdown, align)), *rows]
    return f"{escaped(caption)}\n\n" + "\n".join(
        f"| {' | '.join(map(escaped, line))} |" for line in lines
    )
