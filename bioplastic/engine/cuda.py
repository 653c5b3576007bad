"""The room of the CUDA engine. It has the engines' interface, and says that it is not built yet."""

from collections.abc import Callable

from bioplastic.engine.program import Chunk, ChunkResult
from bioplastic.errors import BuildError
from bioplastic.models import Network

__all__ = ["CudaProgram"]


class CudaProgram:
    """A network as one CUDA program, through brian2cuda.

    Raises
    ------
    BuildError
        Always, in this version.
    """

    build_seconds: float
    sizes: dict[str, int]

    def __init__(self, network: Network) -> None:
        raise BuildError(
            "engine 'cuda_standalone' is not part of this version; "
            "choose engine='cpp_standalone', which needs a C++ compiler only"
        )

    def run(
        self,
        chunk: Chunk,
        *,
        report: Callable[[int], None],
        stop: Callable[[], bool],
    ) -> ChunkResult:
        """Run slots, see :class:`~bioplastic.engine.program.Program`."""
        raise NotImplementedError
