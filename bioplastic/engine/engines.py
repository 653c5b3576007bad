"""The engines, registered with what they can do: ours, and those of other packages."""

import functools
import importlib.metadata
import re
import threading
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from brian2 import BrianObjectException, DimensionMismatchError
from brian2.equations.equations import EquationError

from bioplastic.engine.cache import telling
from bioplastic.engine.limits import check_sizes
from bioplastic.engine.plan import plan_of
from bioplastic.engine.program import Program
from bioplastic.errors import BioplasticError, ParameterError
from bioplastic.models import Network

#: Entry points of installed packages that name an :class:`Engine`.
GROUP = "bioplastic.engines"
#: What Brian says of equations that it cannot use, next to Python's own errors.
_BRIANS_ERRORS = (BrianObjectException, DimensionMismatchError, EquationError)


@dataclass(frozen=True, kw_only=True, slots=True)
class Engine:
    """A way to compute networks, and what it can do.

    Parameters
    ----------
    name : str
        What ``engine=`` takes; letters, digits and underscores.
    open : callable
        ``open(network, lanes)`` builds a network, or takes it from a cache, and returns a
        :class:`.Program`.
    open_both : callable, optional
        ``open_both(network, answers)`` does so for a network that learns and for the one that
        answers afterwards, in one build: ``open(answers, 1)`` then finds it made. None where each
        is built by itself.
    remark : str
        What to know of it, for ``bioplastic doctor``.
    trouble : callable
        Says why it does not work on this machine, with the remedy; an empty text if it does. It
        may take its time.
    auto : callable, optional
        Marks an engine that ``"auto"`` may stand for. Says at once what is missing for it; an
        empty text if nothing is.
    lanes : bool
        Whether it shows samples side by side.
    n_busy : int, optional
        Neurons, of all lanes, that keep it busy: samples that teach nothing are shown side by side
        until there are so many. None where that saves nothing.
    batches : bool
        Whether it is faster if the samples of a training's batch are shown side by side.
    threads : bool
        Whether threads may run a program several times at once and write one file, as where each
        run is a process of its own.
    shares : bool
        Whether threads within a program share its samples out.
    copies : bool
        Whether each lane has all synapses for itself. Otherwise lanes share those that do not
        differ, and what they add waits in a ring of the longest delay.
    rings : bool
        Whether spikes of all lists of synapses wait in such rings.

    Raises
    ------
    ParameterError
        If the name is none, or it has no lanes and fields say what to do with them.

    Examples
    --------
    >>> from bioplastic import engine
    >>> from bioplastic.engine.engines import ENGINES, unregister
    >>> plain = engine.Engine(
    ...     name="plain",
    ...     open=lambda network, lanes: engine.open_program(network, engine="numpy", lanes=lanes),
    ... )
    >>> engine.register(plain)
    >>> ENGINES
    ('auto', 'numpy', 'cython', 'cpp_standalone', 'cuda_standalone', 'plain')
    >>> unregister("plain")
    """

    name: str
    open: Callable[[Network, int], Program]
    open_both: Callable[[Network, Network], Program] | None = None
    remark: str = ""
    trouble: Callable[[], str] = str
    auto: Callable[[], str] | None = None
    lanes: bool = False
    n_busy: int | None = None
    batches: bool = False
    threads: bool = False
    shares: bool = False
    copies: bool = True
    rings: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not re.fullmatch(r"\w+", self.name):
            raise ParameterError(
                f"Engine.name: must be letters, digits and underscores, got {self.name!r}"
            )
        if not self.lanes and (self.batches or self.n_busy is not None):
            raise ParameterError(
                f"Engine.lanes: must be True where n_busy or batches ask for samples side by side, "
                f"got {self.lanes!r} with n_busy={self.n_busy!r} and batches={self.batches!r}"
            )


_engines: dict[str, Engine] = {}
_looking = threading.RLock()
_looked = False


def register(engine: Engine) -> None:
    """Make an engine known in this process by its name.

    Parameters
    ----------
    engine : Engine
        The engine. It comes after those that are registered already; it may be one of them.

    Raises
    ------
    ParameterError
        If it is none, or has the name of another.

    See Also
    --------
    Engine : The fields, with an example.

    Notes
    -----
    An installed package is known in every process, on the command line too, if an entry point of
    its own in the group ``bioplastic.engines`` names the engine; it does not call this function.
    """
    if not isinstance(engine, Engine):
        raise ParameterError(f"engine: must be an Engine, got {engine!r}")
    if engine.name == "auto" or _engines.get(engine.name, engine) is not engine:
        raise ParameterError(
            f"Engine.name: must differ from auto, {', '.join(_engines)}, got {engine.name!r}; "
            f"choose another name, or unregister that engine first"
        )
    _engines[engine.name] = engine


def unregister(name: str) -> None:
    """Forget an engine.

    Parameters
    ----------
    name : str
        Its name.

    Raises
    ------
    ParameterError
        If there is none of this name.
    """
    if name not in _known():
        raise ParameterError(f"name: must be one of {', '.join(_known())}, got {name!r}")
    del _engines[name]


def _known() -> dict[str, Engine]:
    """Engines by name; those of installed packages are looked for when one is first wanted."""
    global _looked
    with _looking:
        if not _looked:
            _looked = True  # already: what is loaded may want an engine, too
            for point in importlib.metadata.entry_points(group=GROUP):
                try:
                    register(point.load())
                except Exception as error:  # a stranger's; the other engines shall work
                    warnings.warn(
                        f"{GROUP}: the entry point {point.name} = {point.value} gives no engine "
                        f"({error!r}); update or remove its package",
                        RuntimeWarning,
                        stacklevel=3,
                    )
    return _engines


class _Names(Sequence[str]):
    """Names that ``engine=`` takes, as they are now."""

    def __getitem__(self, index: Any) -> Any:
        return ("auto", *_known())[index]

    def __len__(self) -> int:
        return 1 + len(_known())

    def __repr__(self) -> str:
        return repr(tuple(self))


#: Names that ``engine=`` takes; it follows what is registered.
ENGINES = _Names()


@functools.cache
def _warn_slow(missing: str, name: str) -> None:
    warnings.warn(
        f"engine='auto': {missing}, the run falls back to engine={name!r}, which is much slower; "
        f"`bioplastic doctor` says what to install",
        RuntimeWarning,
        stacklevel=4,
    )


def find_engine(name: str) -> Engine:
    """Return the engine of a name, or the one that ``"auto"`` stands for on this machine.

    That is the first that is meant for it and works; else, with a warning, the first of all, which
    needs nothing.

    Raises
    ------
    ParameterError
        If there is no such engine.
    """
    if name not in ENGINES:
        raise ParameterError(
            f"engine: must be one of {', '.join(ENGINES)}, got {name!r}; another one has to be "
            f"registered, see bioplastic.engine.register"
        )
    if name != "auto":
        return _known()[name]
    missing = []
    for engine in _known().values():
        if engine.auto is not None:
            if not (said := engine.auto()):
                return engine
            missing.append(said)
    first = next(iter(_known().values()))
    _warn_slow("; ".join(missing), first.name)
    return first


def resolve_engine(engine: str) -> str:
    """Name of the engine that ``"auto"`` stands for on this machine."""
    return find_engine(engine).name


def open_program(
    network: Network,
    *,
    engine: str = "auto",
    lanes: int = 1,
    answers: Network | None = None,
    progress: bool = False,
) -> Program:
    """Build a network for an engine, or take it from the cache.

    Parameters
    ----------
    network : Network
        The declaration.
    engine : str
        One of `ENGINES`. ``"auto"`` takes C++ where a compiler is found, else NumPy with a warning.
    lanes : int
        Samples that are shown side by side, see :func:`.run`.
    answers : Network, optional
        What will be presented with samples after `network` has learned, such as
        ``network.frozen()``. Where an engine can, it is built with it, so that opening it later
        takes no time.
    progress : bool
        Whether to say that it is compiled, where that has to be waited for.

    Raises
    ------
    ParameterError
        If there is no such engine, it has no lanes, or Brian cannot make sense of the network's
        equations.
    BuildError
        If the program cannot be made.
    """
    chosen = find_engine(engine)
    if lanes > 1 and not chosen.lanes:
        able = [name for name, other in _known().items() if other.lanes]
        raise ParameterError(
            f"lanes: must be 1 on engine {chosen.name!r}, which shows one sample at a time, got "
            f"{lanes}; an estimator's batch_size must be 1, too. Engines with lanes: "
            f"{', '.join(able)}"
        )
    check_sizes(network, lanes=lanes, copies=chosen.copies)
    plan = plan_of(network)
    # Lanes have a text of their own, and answers are given without.
    other = plan_of(answers) if answers is not None and lanes == 1 else plan
    try:
        with telling(progress):
            if chosen.open_both is not None and other.key != plan.key:
                return chosen.open_both(plan.network, other.network)
            return chosen.open(plan.network, lanes)
    except BioplasticError:
        raise
    except (*_BRIANS_ERRORS, KeyError, SyntaxError, TypeError, ValueError) as error:
        # Brian's own exception says where, the one behind it what.
        where = str(error).partition("\n")[0]
        what = f" {error.__cause__}" if error.__cause__ is not None else ""
        raise ParameterError(
            f"the network cannot be built; correct its equations: {where}{what}"
        ) from error
