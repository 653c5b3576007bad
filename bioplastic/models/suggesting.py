"""Names that were likely meant, for errors."""

import difflib
from collections.abc import Iterable

__all__ = ["closest", "no_attribute"]


def closest(name: str, names: Iterable[str]) -> str | None:
    """Return the name that comes closest to a misspelt one, None where none is near.

    Examples
    --------
    >>> from bioplastic.models.suggesting import closest
    >>> closest("tau_membran", ["v_rest", "tau_membrane"])
    'tau_membrane'
    """
    return next(iter(difflib.get_close_matches(name, list(names), 1)), None)


def no_attribute(owner: object, name: str) -> AttributeError:
    """Make the error of an attribute that is not there; notebooks add no suggestion to Python's."""
    what = f"{type(owner).__name__!r} object has no attribute {name!r}"
    near = None if name.startswith("_") else closest(name, dir(owner))
    # With an object, Python would add a suggestion of its own.
    return AttributeError(f"{what}; did you mean {near!r}?" if near else what, name=name, obj=None)
