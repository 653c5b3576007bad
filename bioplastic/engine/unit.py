"""One source file of all that Brian generates: what is compiled."""

import shutil
from collections.abc import Sequence
from pathlib import Path

__all__ = ["write_unit"]

_HEADERS = [
    "algorithm",
    "assert.h",
    "chrono",
    "climits",
    "cmath",
    "csignal",
    "cstdio",
    "ctime",
    "fstream",
    "iostream",
    "map",
    "random",
    "set",
    "stdint.h",
    "stdlib.h",
    "string",
    "tuple",
    "vector",
]


def write_unit(
    folder: Path, name: str, *, headers: Sequence[str], declarations: Sequence[str]
) -> None:
    """Join the sources to one unit: headers are read once, and calls can be inlined.

    Helper functions of the same name in different code objects live in namespaces of their own.

    Parameters
    ----------
    folder : Path
        Where Brian's sources lie.
    name : str
        Name of the unit.
    headers : sequence of str
        Those of our templates that it includes.
    declarations : sequence of str
        What stands before the code objects.
    """
    lines = [f"#include <{h}>" for h in _HEADERS]
    lines += [
        f'#include "{h}"'
        for h in ("objects.h", "brianlib/common_math.h", "brianlib/stdint_compat.h",
                  "synapses_classes.h")
    ]  # fmt: skip
    for header in headers:
        shutil.copy(Path(__file__).with_name("templates") / header, folder)
        lines.append(f'#include "{header}"')
    lines += declarations
    for k, path in enumerate(sorted((folder / "code_objects").glob("*.cpp"))):
        lines.append(f'namespace _unit_{k} {{\n#include "code_objects/{path.name}"\n}}')
        lines.append(f"using namespace _unit_{k};")
    parts = ("brianlib/spikequeue", "objects", "network", "run", "main")
    lines += [f'#include "{part}.cpp"' for part in parts]
    (folder / name).write_text("\n".join(lines) + "\n")
