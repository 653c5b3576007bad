"""What a child takes from its parent and changes: sections of docstrings, a constructor."""

import inspect
import re
from collections.abc import Callable
from types import FunctionType
from typing import Any


def with_sections_of[T: type](parent: type) -> Callable[[T], T]:
    """Decorate a class: it gets the sections of a parent's numpydoc docstring beside its own.

    Sections that both have, such as *Attributes*, become one, which begins with the child's.
    """

    def decorate(child: T) -> T:
        (_, shared), (head, own) = _sections(parent), _sections(child)
        texts = {name: own.get(name, "") + shared.get(name, "") for name in shared | own}
        sections = [f"{name}\n{'-' * len(name)}{text}" for name, text in texts.items()]
        child.__doc__ = head + "\n\n".join(sections)
        return child

    return decorate


def _sections(documented: type) -> tuple[str, dict[str, str]]:
    """Split a docstring: what precedes its sections, and the text of each."""
    head, *parts = re.split(
        r"^(\w+)\n-+$", inspect.cleandoc(documented.__doc__ or ""), flags=re.MULTILINE
    )
    return head, {n: text.rstrip() for n, text in zip(parts[::2], parts[1::2], strict=True)}


def with_defaults[F: Callable[..., None]](constructor: F, **defaults: Any) -> F:
    """Copy a constructor whose parameters get other defaults, which its signature shows."""
    assert isinstance(constructor, FunctionType)
    parameters = inspect.signature(constructor).parameters.values()
    copy = FunctionType(
        constructor.__code__,
        constructor.__globals__,
        constructor.__name__,
        tuple(
            defaults.get(p.name, p.default)
            for p in parameters
            if p.kind is p.POSITIONAL_OR_KEYWORD and p.default is not p.empty
        ),
    )
    copy.__kwdefaults__ = {
        p.name: defaults.get(p.name, p.default) for p in parameters if p.kind is p.KEYWORD_ONLY
    }
    copy.__annotations__ = constructor.__annotations__
    return copy  # type: ignore[return-value]
