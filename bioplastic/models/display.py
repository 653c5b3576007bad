"""Tables and strings as a notebook shows them, on a light page or a dark one."""

from collections.abc import Iterable, Sequence
from html import escape

# Gray with transparency is seen on white and on black; the text has the page's own color.
_LINE = "1px solid rgba(128, 128, 128, 0.45)"
_CELL = "padding: 0.15em 0.8em 0.15em 0; text-align: left; vertical-align: top; border: none"
_HEAD = f"{_CELL}; border-bottom: {_LINE}; font-weight: 600"


def html_table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Write a table, one cell an entry.

    Examples
    --------
    >>> from bioplastic.models.display import html_table
    >>> html_table(["n"], [["<4"]]).count("&lt;4")
    1
    """
    head = "".join(f'<th style="{_HEAD}">{escape(text)}</th>' for text in header)
    body = "".join(
        "<tr>" + "".join(f'<td style="{_CELL}">{escape(str(cell))}</td>' for cell in row) + "</tr>"
        for row in rows
    )
    style = "border-collapse: collapse; border: none; margin: 0.3em 0 0.8em 0; color: inherit"
    return f'<table style="{style}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def html_lines(name: str, text: str) -> str:
    """Write a string of several lines as it is, under its name."""
    lines = text.strip("\n")
    pre = "margin: 0.1em 0 0.6em 0; padding: 0 0 0 1em; background: transparent; color: inherit"
    return f'<div>{escape(name)}</div><pre style="{pre}">{escape(lines)}</pre>'


def html_block(title: str, *parts: str) -> str:
    """Put parts under a title."""
    return f"<div><div><strong>{escape(title)}</strong></div>{''.join(parts)}</div>"
