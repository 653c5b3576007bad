"""Signatures of dataclasses that can be taken in: made values are shown, long strings are not."""

import dataclasses
import re
from typing import Any

from brian2 import Quantity

LONGEST = 40


def setup(app: Any) -> dict[str, bool]:
    app.connect("autodoc-process-signature", short_signature)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def short_signature(
    app: Any, what: str, name: str, obj: Any, options: Any, signature: str, returned: str
) -> tuple[str, str] | None:
    if what != "class" or not dataclasses.is_dataclass(obj):
        return None
    given = [field for field in dataclasses.fields(obj) if field.init]
    plain = [told(field) for field in given if not field.kw_only]
    named = [told(field) for field in given if field.kw_only]
    return f"({', '.join([*plain, *(['*'] if named else []), *named])})", returned


def told(field: Any) -> str:
    if field.default is not dataclasses.MISSING:
        value = field.default
    elif field.default_factory is not dataclasses.MISSING:
        value = field.default_factory()
    else:
        return str(field.name)
    # "20. * msecond" is what Brian prints.
    text = value.in_best_unit(python_code=True) if isinstance(value, Quantity) else repr(value)
    text = re.sub(r"(?<=\d)\.? \* ", "*", text)
    return f"{field.name}={text if len(text) <= LONGEST and chr(92) not in text else '...'}"
