"""Pages of single names stand in no navigation tree: with hundreds of them it would be no help, and
drawing it on every page takes longer than all the rest. Each page links the room it belongs to."""

from typing import Any

from sphinx.ext.autosummary import autosummary_toc


def setup(app: Any) -> dict[str, bool]:
    app.connect("doctree-read", leave_names_out, priority=100)  # before the tree is noted
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def leave_names_out(app: Any, doctree: Any) -> None:
    for node in list(doctree.findall(autosummary_toc)):
        node.parent.remove(node)
