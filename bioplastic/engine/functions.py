"""Functions that generated code calls: a table of samples and counter-based random numbers.

Random numbers come from Philox4x32-10 (Salmon et al., SC 2011, doi 10.1145/2063384.2063405): a
pure function of a key (the seed) and a counter (sample, repetition, neuron, draw). So the noise of
a sample is the same on every engine, in every order and after every interruption, and there is no
generator state to save.
"""

from typing import Any

import numpy as np
from brian2.core.functions import Function

__all__ = ["PHILOX", "RowTable", "Uniform", "philox_uniform"]

_CPP_UNIFORM = """
static inline double %NAME%(const double sample, const double repeat, const int32_t neuron,
                            const double draw)
{
    return _philox((uint32_t)_namespace%NAME%_key[0], (uint32_t)_namespace%NAME%_key[1],
                   sample, repeat, neuron, draw);
}
"""

_CYTHON_PHILOX = """
cdef double _philox_uniform(unsigned int k0, unsigned int k1, double sample, double repeat,
                            int neuron, double draw) noexcept:
    cdef unsigned long long sample_bits = <unsigned long long><long long>sample
    cdef unsigned int c0 = <unsigned int>neuron
    cdef unsigned int c1 = <unsigned int><long long>draw
    cdef unsigned int c2 = <unsigned int>sample_bits
    cdef unsigned int c3 = <unsigned int><long long>repeat << 24
    c3 = c3 ^ <unsigned int>(sample_bits >> 32)
    cdef unsigned long long p0, p1
    cdef unsigned int n0, n2
    cdef int round
    for round in range(10):
        p0 = <unsigned long long>0xD2511F53u * c0
        p1 = <unsigned long long>0xCD9E8D57u * c2
        n0 = <unsigned int>(p1 >> 32) ^ c1 ^ k0
        n2 = <unsigned int>(p0 >> 32) ^ c3 ^ k1
        c1 = <unsigned int>p1
        c3 = <unsigned int>p0
        c0 = n0
        c2 = n2
        k0 += 0x9E3779B9u
        k1 += 0xBB67AE85u
    p0 = ((<unsigned long long>c0 << 32) | c1) >> 12
    return (<double>p0 + 0.5) * (1.0 / 4503599627370496.0)
"""

_CYTHON_UNIFORM = """
cdef double %NAME%(double sample, double repeat, int neuron, double draw) noexcept:
    global _namespace%NAME%_key
    return _philox_uniform(<unsigned int>_namespace%NAME%_key[0],
                           <unsigned int>_namespace%NAME%_key[1], sample, repeat, neuron, draw)
"""

_CPP_TABLE = """
static inline double %NAME%(const double row%INDEX%)
{
    return _namespace%NAME%_values[(int64_t)row*%COLUMNS%%OFFSET%];
}
"""

# What a program reads lies in the memory of the GPU, where templates/tables.cuh names it.
_CUDA_UNIFORM, _CUDA_TABLE = (
    code.replace("static inline", "static inline __device__").replace("_namespace", "_dev_")
    for code in (_CPP_UNIFORM, _CPP_TABLE)
)

_CYTHON_TABLE = """
cdef double %NAME%(double row%INDEX%) noexcept:
    global _namespace%NAME%_values
    return _namespace%NAME%_values[<long long>row*%COLUMNS%%OFFSET%]
"""


def philox_uniform(sample: Any, repeat: Any, neuron: Any, draw: Any, *, key: Any) -> Any:
    """Uniform numbers in (0, 1) as a pure function of key and counter.

    Parameters
    ----------
    sample : array_like of int
        Key of the sample, 0 up to 2**53.
    repeat, neuron, draw : array_like of int
        Repetition (0 to 255), index of the neuron, number of the draw.
    key : array_like of int of shape (2,)
        The seed as two 32-bit words.

    Returns
    -------
    uniform : ndarray of float64
        Of the broadcast shape of the arguments.

    Examples
    --------
    >>> from bioplastic.engine.functions import philox_uniform
    >>> round(float(philox_uniform(0, 0, 0, 0, key=(0, 0))), 6)
    0.399046
    """
    low = np.uint64(0xFFFFFFFF)
    sample = np.asarray(sample).astype(np.int64).astype(np.uint64)
    c0 = np.asarray(neuron).astype(np.int64).astype(np.uint64) & low
    c1 = np.asarray(draw).astype(np.int64).astype(np.uint64) & low
    c2 = sample & low
    c3 = ((sample >> np.uint64(32)) & low) ^ (
        (np.asarray(repeat).astype(np.int64).astype(np.uint64) << np.uint64(24)) & low
    )
    k0, k1 = int(key[0]), int(key[1])
    for _ in range(10):
        p0, p1 = np.uint64(0xD2511F53) * c0, np.uint64(0xCD9E8D57) * c2
        c0, c1, c2, c3 = (
            (p1 >> np.uint64(32)) ^ c1 ^ np.uint64(k0),
            p1 & low,
            (p0 >> np.uint64(32)) ^ c3 ^ np.uint64(k1),
            p0 & low,
        )
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    bits = ((c0 << np.uint64(32)) | c1) >> np.uint64(12)
    return (bits.astype(np.float64) + 0.5) * (1.0 / 4503599627370496.0)


#: What functions in Cython need; other targets find it in philox.h or in NumPy.
PHILOX = Function(philox_uniform, arg_units=[1] * 6, return_unit=1, arg_names=list("abcdef"))
PHILOX.name = "_philox_uniform"
PHILOX.implementations.add_implementation("cython", _CYTHON_PHILOX, name="_philox_uniform")


class Uniform(Function):
    """``uniform(sample, repeat, neuron, draw)`` for generated code; `key` can change between runs.

    Parameters
    ----------
    name : str
        Name of the function in the generated code.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        #: Two 32-bit words of the seed, in an array that the program reads at every call.
        self.key = np.zeros(2, dtype=np.int64)

        def python(sample: Any, repeat: Any, neuron: Any, draw: Any) -> Any:
            return philox_uniform(sample, repeat, neuron, draw, key=self.key)

        super().__init__(
            python, arg_units=[1, 1, 1, 1], return_unit=1, arg_names=["a", "b", "c", "d"]
        )
        self.implementations.add_implementation("numpy", python)
        for target, code in (("cpp", _CPP_UNIFORM), ("cython", _CYTHON_UNIFORM)):
            self.implementations.add_implementation(
                target,
                code.replace("%NAME%", name),
                namespace={f"{name}_key": self.key},
                dependencies={PHILOX.name: PHILOX} if target == "cython" else None,
                name=name,
            )
        self.implementations.add_implementation(
            "cuda", _CUDA_UNIFORM.replace("%NAME%", name), name=name
        )


class RowTable(Function):
    """``table(row)`` or ``table(row, column)`` for generated code; values change between runs.

    Parameters
    ----------
    name : str
        Name of the function in the generated code.
    values : ndarray of shape (n_rows,) or (n_rows, n_columns), float64
        The room for the rows; a standalone program takes any number of rows.
    """

    def __init__(self, name: str, values: np.ndarray) -> None:
        self.name = name
        self.values = values
        n_columns = 1 if values.ndim == 1 else values.shape[1]

        def row_only(row: Any) -> Any:
            return values[np.asarray(row).astype(np.int64)]

        def row_and_column(row: Any, column: Any) -> Any:
            return values[np.asarray(row).astype(np.int64), np.asarray(column).astype(np.int64)]

        python = row_only if values.ndim == 1 else row_and_column
        n_arguments = values.ndim
        super().__init__(
            python,
            arg_units=[1] * n_arguments,
            return_unit=1,
            arg_names=["row", "column"][:n_arguments],
        )
        self.implementations.add_implementation("numpy", python)
        held = {f"{name}_values": values.ravel()}
        for target, code, index, offset, namespace in (
            ("cpp", _CPP_TABLE, ", const int32_t column", " + column", held),
            ("cuda", _CUDA_TABLE, ", const int32_t column", " + column", {}),
            ("cython", _CYTHON_TABLE, ", double column", " + <long long>column", held),
        ):
            two = values.ndim == 2
            code = (
                code.replace("%NAME%", name)
                .replace("%INDEX%", index if two else "")
                .replace("%OFFSET%", offset if two else "")
                .replace("%COLUMNS%", str(n_columns))
            )
            self.implementations.add_implementation(target, code, namespace=namespace, name=name)
