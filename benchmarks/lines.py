"""Lines of code of the package, without blanks, comments and docstrings, by room: prints a table.

python benchmarks/lines.py [FOLDER]
"""

import ast
import io
import sys
import tokenize
from collections import Counter
from pathlib import Path

from _protocol import table

PACKAGE = Path(__file__).parents[1] / "bioplastic"
NO_CODE = {
    tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT,
    tokenize.ENDMARKER,
}  # fmt: skip


def lines_of_code(text: str) -> int:
    """Count the lines of a module that hold code."""
    docstrings, found = set(), set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(
            node
        ):
            docstrings |= set(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in NO_CODE:
            found |= set(range(token.start[0], token.end[0] + 1))
    return len(found - docstrings)


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else PACKAGE
    rooms: Counter[str] = Counter()
    for path in folder.rglob("*.py"):
        room = path.relative_to(folder).parts
        rooms[room[0] if len(room) > 1 else "."] += lines_of_code(path.read_text())
    rows = [[room, f"{n:,}"] for room, n in sorted(rooms.items())]
    print(table(["room", "lines"], [*rows, ["all", f"{rooms.total():,}"]]))


if __name__ == "__main__":
    main()
