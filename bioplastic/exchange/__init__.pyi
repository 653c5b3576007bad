from ._nir_reading import import_nir
from .cpp import export_cpp
from .nir import export_nir

__all__ = ["export_cpp", "export_nir", "import_nir"]
