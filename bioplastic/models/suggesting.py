"""Names that were likely meant, for errors."""

import difflib
from collections.abc import Iterable

_POST = "give Pathway('post', spike='post', code=...)"
#: What Brian's constructors call otherwise, by class and argument.
_BRIANS = {
    ("SynapseModel", "on_post"): f"{_POST} in pathways, or a Projection's rule",
    ("SynapseModel", "delay"): "give it to the Projection",
    ("Projection", "on_post"): f"{_POST} in the pathways of a SynapseModel",
    ("Projection", "model"): "give a SynapseModel as synapse",
    ("Projection", "p"): "give wiring=RandomWiring(p=...)",
    ("Regularly", "dt"): "did you mean 'every'?",
    ("NeuronModel", "model"): "did you mean 'equations'?",
    ("SynapseModel", "model"): "did you mean 'equations'?",
}


def closest(name: str, names: Iterable[str]) -> str | None:
    """Return the name that comes closest to a misspelt one, None where none is near.

    Examples
    --------
    >>> from bioplastic.models.suggesting import closest
    >>> closest("tau_membran", ["v_rest", "tau_membrane"])
    'tau_membrane'
    """
    return next(iter(difflib.get_close_matches(name, list(names), 1)), None)


def of_brian(cls: type, name: str) -> str:
    """Say what stands here for an argument of Brian's, nothing where it has none of that name."""
    found = (_BRIANS.get((parent.__name__, name), "") for parent in cls.__mro__)
    return next(filter(None, found), "")


def no_attribute(owner: object, name: str) -> AttributeError:
    """Make the error of an attribute that is not there; notebooks add no suggestion to Python's."""
    what = f"{type(owner).__name__!r} object has no attribute {name!r}"
    near = None if name.startswith("_") else closest(name, dir(owner))
    # With an object, Python would add a suggestion of its own.
    return AttributeError(f"{what}; did you mean {near!r}?" if near else what, name=name, obj=None)
