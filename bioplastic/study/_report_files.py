"""The files of a report: templates are filled, tables written, all put in their place."""

import base64
import csv
import functools
import io
import re
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bioplastic.errors import StorageError

__all__ = ["TEMPLATES", "as_csv", "render", "write"]

TEMPLATES: Final = Path(__file__).with_name("templates")


def render(name: str, known: Mapping[str, Any], *, escape: bool) -> str:
    """Fill a template; `escape` is for HTML."""
    text = _environment(escape).get_template(name).render(known)
    return text if escape else re.sub(r"\n{3,}", "\n\n", text)


@functools.cache
def _environment(escape: bool) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=escape, trim_blocks=True,
        lstrip_blocks=True, undefined=StrictUndefined, keep_trailing_newline=True,
    )  # fmt: skip
    environment.filters["base64"] = lambda text: base64.b64encode(text.encode()).decode()
    environment.filters["md"] = _markdown
    environment.filters["indented"] = lambda text: textwrap.indent(text, "    ")
    return environment


def _markdown(text: str) -> str:
    """Escape what Markdown would take for its own; a line stays one."""
    return re.sub(r"([\\`*_\[\]<>|#])", r"\\\1", str(text).replace("\n", " "))


def as_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def write(folder: Path, files: Mapping[str, str]) -> dict[str, Path]:
    """Write each file aside and move it, so that a full disk leaves an earlier report whole."""
    written = {name: folder / name for name in files}
    for name, path in written.items():
        scratch = path.with_name(f".{path.name}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            scratch.write_text(files[name], encoding="utf-8")
            scratch.replace(path)
        except OSError as error:
            raise StorageError(
                f"write_report.folder: cannot write {path}: {error}; choose another folder"
            ) from error
    return written
