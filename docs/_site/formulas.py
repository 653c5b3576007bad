"""Formulas as MathML, which browsers draw themselves: no script, nothing loaded from elsewhere."""

import html
from typing import Any

from docutils import nodes
from docutils.utils.math import MathError, latex2mathml
from sphinx.util import logging

logger = logging.getLogger(__name__)


def setup(app: Any) -> dict[str, bool]:
    app.add_html_math_renderer("mathml", (visit_math, None), (visit_math_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def visit_math(translator: Any, node: Any) -> None:
    translator.body.append(mathml(node, inline=True))
    raise nodes.SkipNode


def visit_math_block(translator: Any, node: Any) -> None:
    translator.body.append(f'<div class="formula">{mathml(node, inline=False)}</div>')
    raise nodes.SkipNode


def mathml(node: Any, *, inline: bool) -> str:
    """Return a formula as MathML; a formula that cannot be read is a warning."""
    tex = node.astext().strip().replace("{align*}", "{aligned}")  # as SymPy and Brian print it
    try:
        return latex2mathml.tex2mathml(tex, as_block=not inline)
    except MathError as error:
        logger.warning("formula %r: %s", tex, error, location=node)
        return f"<code>{html.escape(tex)}</code>"
