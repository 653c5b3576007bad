"""One source file of all that Brian generates: what is compiled."""

import shutil
from pathlib import Path
from typing import Any

from bioplastic.engine.brian_internals import (
    AFTER_CODE_OBJECTS,
    BEFORE_CODE_OBJECTS,
    code_object_sources,
)

__all__ = ["write_unit"]

#: Of the language; Brian's sources ask for them where only ours can be read once.
_HEADERS = (
    "algorithm assert.h chrono climits cmath csignal cstdio ctime fstream iostream map random set "
    "stdint.h stdlib.h string tuple vector"
)


def write_unit(folder: Path, device: Any) -> None:
    """Join the sources to one unit: headers are read once, and calls can be inlined.

    Helper functions of the same name in different code objects live in namespaces of their own.

    Parameters
    ----------
    folder : Path
        Where Brian's sources lie.
    device : SlotDevice
        Has written them; knows the unit's name, and what stands before the code objects.
    """
    lines = [f"#include <{h}>" for h in _HEADERS.split()]
    lines += [f'#include "{h}"' for h in BEFORE_CODE_OBJECTS]
    for header in device.our_headers:
        shutil.copy(Path(__file__).with_name("templates") / header, folder)
        lines.append(f'#include "{header}"')
    lines += device.declarations()
    for k, source in enumerate(code_object_sources(folder)):
        lines.append(f'namespace _unit_{k} {{\n#include "{source}"\n}}')
        lines.append(f"using namespace _unit_{k};")
    lines += [f'#include "{source}"' for source in AFTER_CODE_OBJECTS]
    (folder / device.unit).write_text("\n".join(lines) + "\n")
