"""The package nir, where it is installed."""

import importlib
from typing import Any

__all__ = ["nir_package"]


def nir_package(where: str) -> Any:
    """Return the package.

    Raises
    ------
    ImportError
        If it is not installed.
    """
    try:
        return importlib.import_module("nir")
    except ImportError as error:
        raise ImportError(
            f"{where} needs the package nir: pip install 'bioplastic[nir]', or pip install nir"
        ) from error
