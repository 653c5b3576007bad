"""Sphinx: `make docs` builds the site into out/docs.

The source folder is the repository's root, not docs/: so links between pages, notebooks and results
are the same files here and on a code host, and nothing is copied. Notebooks are shown with the
outputs that they were committed with; the test suite runs them.
"""

import sys
from pathlib import Path

from bioplastic import __version__

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER / "_site"))

project = "bioplastic"
author = "the authors of bioplastic"
copyright = "the authors of bioplastic, GPL-3.0-or-later"
release = version = __version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "command_line",
    "formulas",
    "short_tree",
    "signatures",
]
root_doc = "docs/index"
include_patterns = [
    "docs/**.md",
    "docs/reference/generated/*.rst",
    "notebooks/*.ipynb",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
]
exclude_patterns = ["**/.*", ".*", "benchmarks", "bioplastic", "build", "data", "out", "tests"]
templates_path = [str(FOLDER / "_templates")]  # autosummary looks below the source folder
highlight_language = "none"  # a block without a language is a shell's or a drawing
nitpicky = True
# Other projects' documentation is not fetched: a build needs no network.
nitpick_ignore_regex = [
    ("py:.*", "sklearn\\..*"),
    ("py:mod", r"bioplastic\.\w+\..*"),  # modules have no pages of their own
]

# Markdown and notebooks.
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "off"
nb_merge_streams = True

# The reference. Docstrings name the types, so signatures need not.
autodoc_typehints = "none"
autodoc_member_order = "bysource"
autosummary_generate = True
numpydoc_show_class_members = False

html_theme = "furo"
html_title = f"bioplastic {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_extra_path = ["_root"]  # index.html at the top leads to docs/index.html
html_copy_source = False
html_math_renderer = "mathml"
html_theme_options = {
    "navigation_with_keys": True,
    # Ink and rust are the colours of the figures.
    "light_css_variables": {"color-brand-primary": "#a11a01", "color-brand-content": "#a11a01"},
    "dark_css_variables": {"color-brand-primary": "#f08c70", "color-brand-content": "#f08c70"},
}


def setup(app):
    app.connect("autodoc-skip-member", skip_what_others_document)


def skip_what_others_document(app, what, name, member, skip, options):
    """Leave methods that scikit-learn or the standard library brings to their own documentation."""
    found = getattr(member, "fget", None) or getattr(member, "__func__", None) or member
    module = getattr(found, "__module__", None) or ""
    return None if module.startswith("bioplastic") else True
