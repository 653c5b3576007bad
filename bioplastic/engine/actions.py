"""What acts at one moment of a slot, what it reads and what it writes."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass

from bioplastic.models.hooks import Phase
from bioplastic.models.strings import words_of

__all__ = ["Action", "Change", "spikes_of"]


def spikes_of(population: str, event: str = "spike") -> str:
    """Name of a population's spikes, or of its other events, among the variables."""
    return f"{population} {event}s"


@dataclass(frozen=True)
class Change:
    """What a variable follows from: a statement, an equation or a condition.

    Parameters
    ----------
    variable : str
        ``"population.variable"``, ``"projection.variable"``, or a population's spikes.
    how : str
        The statement's operator, ``"d"`` for a derivative, empty for what nobody keeps.
    expression : str
        Right-hand side.
    names : mapping of str to str
        Words of the expression, by the variables for which they stand.
    on : str
        Spikes without which nothing happens; empty where it always does.
    """

    variable: str
    how: str
    expression: str
    names: Mapping[str, str]
    on: str = ""

    @functools.cached_property
    def reads(self) -> frozenset[str]:
        """Variables of the right-hand side, and words that stand for themselves, as ``t`` does."""
        return frozenset(self.names.get(word, word) for word in words_of(self.expression))

    @property
    def adds(self) -> bool:
        """Whether it only adds to the variable."""
        return self.how in ("+=", "-=")


@dataclass(frozen=True, kw_only=True)
class Action:
    """What acts at one moment on the neurons of a population, or the synapses of a projection.

    Parameters
    ----------
    name : str
        Name of the object that acts.
    owner : str
        The population or projection.
    phase : Phase
        When.
    order : int
        Place among all that acts at the same moment.
    parts : tuple of (str, str)
        Statements, each behind the kind of model that says them; none of equations and thresholds.
    changes : tuple of Change
        What all of it does, in order.
    every, first : int
        Steps from one time to the next, and the step of a sample that is the first.
    """

    name: str
    owner: str
    phase: Phase
    order: int = 0
    parts: tuple[tuple[str, str], ...] = ()
    changes: tuple[Change, ...] = ()
    every: int = 1
    first: int = 0

    def code(self, *without: str) -> str:
        """Return the statements, without those of some kinds of models."""
        return "\n".join(code for kind, code in self.parts if kind not in without)

    @functools.cached_property
    def reads(self) -> frozenset[str]:
        """Variables and words that are read; one that is changed and not set is read, too."""
        changed = {c.variable for c in self.changes if c.how not in ("", "=")}
        return frozenset(changed.union(*(c.reads for c in self.changes)))

    @functools.cached_property
    def writes(self) -> frozenset[str]:
        """Variables that statements set or change."""
        return frozenset(c.variable for c in self.changes if c.how not in ("", "d"))
