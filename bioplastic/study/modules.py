"""A user's own file of methods and problems, which goes with the tasks wherever they run."""

import inspect
import linecache
import sys
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from bioplastic.errors import DataNotFoundError, ParameterError
from bioplastic.study.catalogue import PROBLEMS
from bioplastic.study.methods import METHODS
from bioplastic.study.methods.base import Method
from bioplastic.study.problems import Problem

#: Modules by what they declare, so that tasks find them; what is declared lives as long as they do.
_owners: dict[int, tuple["OwnModule", Any]] = {}


@dataclass(frozen=True, kw_only=True)
class OwnModule:
    """A Python file, as text: processes that do its tasks have it from them.

    Parameters
    ----------
    path : str
        Where it lies; modules beside it are found where that folder is there, too.
    text : str
        What it says. Tasks of what it declares are done anew when it changes.
    """

    path: str
    text: str = field(repr=False)

    @property
    def name(self) -> str:
        """Under which name it is imported, which is nobody else's."""
        return f"bioplastic_own_{Path(self.path).stem}"

    def ready(self) -> ModuleType:
        """Return the module, run in this process unless it was before, with the same text.

        Raises
        ------
        ParameterError
            If it cannot be run.
        """
        known = sys.modules.get(self.name)
        found = getattr(known, "__file__", None), getattr(known, "__text__", None)
        if known is not None and found == (self.path, self.text):
            return known
        module = ModuleType(self.name)
        vars(module).update(__file__=self.path, __text__=self.text)
        folder = str(Path(self.path).parent)
        if folder not in sys.path and Path(folder).is_dir():
            sys.path.append(folder)
        # Where tracebacks, and what asks for a function's text, look.
        lines = self.text.splitlines(keepends=True)
        linecache.cache[self.path] = (len(self.text), None, lines, self.path)
        sys.modules[self.name] = module
        try:
            exec(compile(self.text, self.path, "exec"), vars(module))
        except BaseException as error:
            del sys.modules[self.name]  # which has been run in part
            if not isinstance(error, Exception | SystemExit):
                raise
            frames = [
                f for f in traceback.extract_tb(error.__traceback__) if f.filename == self.path
            ]
            line = getattr(error, "lineno", None) or (frames[-1].lineno if frames else None)
            where = f", line {line}" if line else ""
            raise ParameterError(
                f"module: {self.path}{where} cannot be run: {type(error).__name__}: {error}"
            ) from error
        return module


def load_module(path: str | Path) -> tuple[dict[str, Method], dict[str, Problem]]:
    """Load a Python file, and return what it declares for studies, by name.

    Methods are the instances of `Method` at its top level, and one each of the classes derived from
    it that need no argument; problems are the instances of `Problem`. Give them to
    :func:`bioplastic.study.compare`: processes that do their tasks get the file from this one.

    Parameters
    ----------
    path : path-like
        A file of Python. It is run: load only what you trust.

    Returns
    -------
    methods : dict of str to Method
    problems : dict of str to Problem

    Raises
    ------
    DataNotFoundError
        If it cannot be read.
    ParameterError
        If it cannot be run, declares nothing, or two things of one name.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from bioplastic.study.modules import load_module
    >>> path = Path(tempfile.mkdtemp()) / "mine.py"
    >>> _ = path.write_text('''
    ... from sklearn.neighbors import KNeighborsClassifier
    ... from bioplastic.study import Method
    ... class Nearest(Method):
    ...     name, title = "nearest", "Nearest neighbors"
    ...     def candidates(self, X, size):
    ...         return [{"n_neighbors": 1}]
    ...     def make(self, X, size, settings, seed, *, trial):
    ...         return KNeighborsClassifier(**settings)
    ... ''')
    >>> methods, problems = load_module(path)
    >>> methods
    {'nearest': Nearest()}
    """
    path = Path(path).expanduser().absolute()
    try:
        text = path.read_text(encoding="utf-8-sig")  # some editors begin files with a mark
    except OSError as error:
        raise DataNotFoundError(f"module: cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ParameterError(f"module: {path} is no text, and no file of Python") from None
    own = OwnModule(path=str(path), text=text)
    module = own.ready()
    methods: dict[str, Method] = {}
    problems: dict[str, Problem] = {}
    for each in _declared(module):
        found: dict[str, Any] = problems if isinstance(each, Problem) else methods
        name = getattr(each, "name", None)
        if not isinstance(name, str) or not name or "," in name or name == "all":
            raise ParameterError(
                f"module: {path}: {each!r} must have a name without commas, other than 'all', got "
                f"{name!r}"
            )
        if name in found and found[name] is not each:
            raise ParameterError(f"module: {path} declares two things with the name {name!r}")
        found[name] = each
        _owners[id(each)] = own, each
    if not methods and not problems:
        raise ParameterError(
            f"module: {path} declares no Method and no Problem of bioplastic.study at its top level"
        )
    return methods, problems


def module_of(thing: Method | Problem) -> OwnModule | None:
    """Return the user's file that has declared a method or a problem, None where none has."""
    return _owners.get(id(thing), (None,))[0]


def _declared(module: ModuleType) -> list[Method | Problem]:
    values = list(vars(module).values())
    ours = [*METHODS.values(), *PROBLEMS.values()]
    found = [
        value
        for value in values
        if isinstance(value, Method | Problem) and not any(value is one for one in ours)
    ]
    made = {type(value) for value in found}
    for kind in values:
        own = inspect.isclass(kind) and issubclass(kind, Method)
        own = own and kind.__module__ == module.__name__ and not inspect.isabstract(kind)
        if not own or kind in made:
            continue
        try:
            found.append(kind())
        except Exception as error:
            raise ParameterError(
                f"module: {module.__file__}: {kind.__name__} cannot be made without arguments "
                f"({error}); make one at the top level of the file"
            ) from None
    return found
