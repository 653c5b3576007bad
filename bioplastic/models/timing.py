"""What a model does beside its hooks: at regular times, on events, on spikes that come late."""

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from brian2 import Quantity, have_same_dimensions, ms, second

from bioplastic._quantities import same_unit
from bioplastic.errors import ParameterError
from bioplastic.models.declaration import Declaration, parameter, require, whole_numbers
from bioplastic.models.hooks import WHENS
from bioplastic.models.values import is_distribution


def whole_steps(where: str, interval: Any, dt: Any, least: int = 1) -> int:
    """Count the steps of an interval.

    Raises
    ------
    ParameterError
        If it is no whole multiple of a step, or has fewer than `least`.
    """
    steps = float(interval / dt)
    if round(steps) < least or not math.isclose(steps, round(steps), rel_tol=1e-6, abs_tol=1e-6):
        raise ParameterError(f"{where}: must be a whole multiple of dt={dt}, got {interval}")
    return round(steps)


def is_delay(delay: Any) -> bool:
    """Whether a spike acts later than in its own step."""
    return is_distribution(delay) or float(delay) > 0


def delay_parameter() -> Any:
    """Declare a field that is a delay: a program's text follows from whether there is one."""
    return parameter(0 * ms, low=0, strict=False, key=lambda value: str(is_delay(value)))


def _check_when(declaration: Any, *names: str) -> None:
    for name in names:
        known = getattr(declaration, name) in WHENS
        require(declaration, name, known, f"be one of {', '.join(WHENS)}")


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class Regularly(Declaration):
    """Statements that run in every step, or in every so many, as Brian's ``run_regularly``.

    Parameters
    ----------
    code : str
        The statements.
    every : Quantity, in seconds, optional
        From one time to the next, beginning with the first step of a sample; a multiple of the
        network's `dt`. Every step where None.
    when : str
        Brian's word for the moment within a step, for example ``"start"`` or ``"after_resets"``.
    order : int
        Place among what has the same moment.

    Examples
    --------
    >>> from brian2 import ms
    >>> from bioplastic.models import Regularly
    >>> Regularly("noise = randn()", every=10 * ms).when
    'start'
    """

    code: str = field(kw_only=False)
    every: Any = None
    when: str = "start"
    order: int = 0

    def __post_init__(self) -> None:
        Declaration.__post_init__(self)
        timed = self.every is None or (same_unit(self.every, second) and float(self.every) > 0)
        require(self, "every", timed, "be a time > 0")
        _check_when(self, "when")

    def n_steps(self, dt: Any) -> int:
        """Count the steps from one time to the next.

        Raises
        ------
        ParameterError
            If they are no whole number.
        """
        return 1 if self.every is None else whole_steps("Regularly.every", self.every, dt)


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class Event(Declaration):
    r"""An event of one's own: what is a spike to `threshold` and `reset`, under another name.

    Parameters
    ----------
    name : str
        Name by which a :class:`Pathway` takes it.
    condition : str
        When it happens.
    code : str
        Statements for the neurons to which it happens.
    checked : str
        Brian's word for the moment at which the condition is looked at.
    when : str
        That at which the statements run.

    Examples
    --------
    >>> from bioplastic.models import Event, NeuronModel
    >>> crossing = Event("crossing", condition="v > 0.5", code="n_crossings += 1")
    >>> NeuronModel(equations="v : 1\nn_crossings : 1", events=(crossing,)).events[0].name
    'crossing'
    """

    name: str = field(kw_only=False)
    condition: str
    code: str = ""
    checked: str = "after_thresholds"
    when: str = "after_resets"

    def __post_init__(self) -> None:
        Declaration.__post_init__(self)
        free = self.name.isidentifier() and self.name != "spike"
        require(self, "name", free, "be an identifier other than 'spike'", repr(self.name))
        _check_when(self, "checked", "when")


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class Pathway(Declaration):
    """One more way by which spikes reach a synapse, with statements and a delay of its own.

    Parameters
    ----------
    name : str
        An identifier.
    code : str
        Statements of the synapse.
    spike : {"pre", "post"}
        Whose spikes.
    event : str
        Name of an :class:`Event` of these neurons that takes the place of their spikes.
    delay : Quantity in seconds, or Distribution
        From the spike to its effect, rounded to steps. Drawn or given delays stand in the state as
        ``"projection.<name>_delay"``.

    Examples
    --------
    >>> from brian2 import ms
    >>> from bioplastic.models import Pathway
    >>> Pathway("late", code="v_post += 0.1*w", delay=20 * ms).delayed
    True
    """

    name: str = field(kw_only=False)
    code: str
    spike: str = "pre"
    event: str = "spike"
    delay: Any = delay_parameter()

    def __post_init__(self) -> None:
        Declaration.__post_init__(self)
        free = self.name.isidentifier() and self.name != "pre"
        require(self, "name", free, "be an identifier other than 'pre'", repr(self.name))
        require(self, "spike", self.spike in ("pre", "post"), "be 'pre' or 'post'")

    @property
    def delayed(self) -> bool:
        """Whether a spike acts later than in its own step."""
        return is_delay(self.delay)

    @property
    def delay_name(self) -> str:
        """Name of its delays among what a projection's synapses have."""
        return f"{self.name}_delay"


@dataclass(frozen=True, slots=True, repr=False)
class every(Declaration):
    """Record a variable every so often, as in ``record={"input_to_exc.w": every(10*ms)}``.

    Parameters
    ----------
    interval : Quantity in seconds, or int
        Time from one value to the next, a whole multiple of the schedule's dt; or steps.
    elements : sequence of int, optional
        Neurons, or synapses; all where None.

    Raises
    ------
    ParameterError
        If the interval is none, or elements are no whole numbers.

    Examples
    --------
    >>> from brian2 import ms
    >>> from bioplastic.engine import every
    >>> every(10 * ms, [0, 5])
    every(interval=10. * msecond, elements=(0, 5))
    """

    interval: Any
    elements: Any = None

    def __post_init__(self) -> None:
        given = self.interval
        if isinstance(given, Quantity):
            good = have_same_dimensions(given, second) and given.size == 1
            good = bool(good and 0 < float(given) < np.inf)
        else:
            good = isinstance(given, int | np.integer) and not isinstance(given, bool) and given > 0
        what = "be a time > 0 ms or a whole number of steps >= 1"
        require(self, "interval", good, what, repr(given))
        if self.elements is not None:
            object.__setattr__(self, "elements", whole_numbers(self, "elements"))

    def steps(self, name: str, dt: Any) -> int:
        """Count the steps from one value to the next.

        Raises
        ------
        ParameterError
            If the interval is no whole multiple of a step.
        """
        if not isinstance(self.interval, Quantity):
            return int(self.interval)
        return whole_steps(f"record[{name!r}]: every(interval)", self.interval, dt)
