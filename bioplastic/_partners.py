"""Import a library that need not be installed."""

import importlib
from typing import Any


def partner(name: str, *, caller: str, install: str | None = None) -> Any:
    """Return the module of this name.

    Parameters
    ----------
    name : str
        The module.
    caller : str
        What the user called, for the message.
    install : str, optional
        What pip installs; the module's name by default.

    Raises
    ------
    ImportError
        If it is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ImportError(
            f"{caller}: needs the package {name}; install it by: pip install {install or name}"
        ) from error
