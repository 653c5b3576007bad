"""Functions that generated code calls: a table of samples and counter-based random numbers.

Random numbers come from Philox4x32-10 (Salmon et al., SC 2011, doi 10.1145/2063384.2063405): a
pure function of a key (the seed) and a counter (sample, repetition, neuron, draw). So the noise of
a sample is the same on every engine, in every order and after every interruption, and there is no
generator state to save.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from brian2.core.functions import Function

from bioplastic.engine.brian_internals import elements_of
from bioplastic.models import TimeTable

_CPP_UNIFORM = """
static inline double %NAME%(const double sample, const double repeat, const int32_t neuron,
                            const double draw)
{
    return _philox((uint32_t)%NAME%_key[0], (uint32_t)%NAME%_key[1],
                   sample, repeat, neuron, draw);
}
"""

_CPP_ROWS = """
static inline double %NAME%(const double row)
{
    return %NAME%_values[(int64_t)row];
}
"""

_CPP_TABLE = """
static inline double %NAME%(const double row, const int32_t column)
{
    return %NAME%_values[(int64_t)row*%NAME%_columns + column];
}
"""

_CYTHON_UNIFORM = """
cdef double %NAME%(double sample, double repeat, int neuron, double draw) noexcept:
    return _philox(<unsigned int>_namespace%NAME%_key[0], <unsigned int>_namespace%NAME%_key[1],
                   sample, repeat, neuron, draw)
"""

_CYTHON_ROWS = """
cdef double %NAME%(double row) noexcept:
    return _namespace%NAME%_values[<long long>row]
"""

_CYTHON_TABLE = """
cdef double %NAME%(double row, double column) noexcept:
    return _namespace%NAME%_values[<long long>row*_namespace%NAME%_columns[0] + <long long>column]
"""

# Times are looked up in fractions of a table's step, as Brian's TimedArray does.
_CPP_TIMES = """
static inline double %NAME%(const double t%AND_COLUMN%)
{
    const double* table = %NAME%_values;
    int64_t k = (int64_t)((t/table[0] + 0.5)/table[1]);
    const int64_t n = (int64_t)table[2], n_columns = (int64_t)table[3];
    k = k < 0 ? 0 : k < n ? k : n - 1;
    return table[4 + k*n_columns + %COLUMN%];
}
"""

_CYTHON_TIMES = """
cdef double %NAME%(double t%AND_COLUMN%) noexcept:
    cdef double* table = <double*>&_namespace%NAME%_values[0]
    cdef long long k = <long long>((t/table[0] + 0.5)/table[1])
    cdef long long n = <long long>table[2], n_columns = <long long>table[3]
    k = 0 if k < 0 else k if k < n else n - 1
    return table[4 + k*n_columns + <long long>%COLUMN%]
"""

_HEADERS = "".join(
    line
    for name in ("philox.h", "noise.h")
    for line in (Path(__file__).with_name("templates") / name).read_text().splitlines(True)
    if not line.startswith(("#pragma", '#include "'))
)
#: Headers for Cython, pasted: Brian keeps what it has compiled by this text.
_CYTHON_HEADERS = f'''
cdef extern from *:
    """
{_HEADERS}
    """
    ctypedef struct _Moment:
        const double *sample_key, *repeats
        long long step
        unsigned int key[2]
    _Moment _now
    double _philox(unsigned int, unsigned int, double, double, int, double) noexcept
    double _draw_uniform "_uniform_of" (unsigned int, unsigned int, long long, long long) noexcept
    double _draw_normal "_normal_of" (unsigned int, unsigned int, long long, long long) noexcept
    int _draw_poisson "_poisson_of" (
        unsigned int, unsigned int, long long, double, long long) noexcept
'''


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


def implement(
    function: Any, cpp: str, cython: str, held: Callable[[], Mapping[str, Any]], *needed: Function
) -> None:
    """Let generated code call a function of Brian's, or find what others call.

    Parameters
    ----------
    function : Function
        Has a `name`, which ``%NAME%`` stands for; NumPy calls its Python.
    cpp, cython : str
        Code. What C++ reads, a program has itself.
    held : callable
        Returns what the code in Cython reads: arrays by name.
    *needed : Function
        Those that Cython needs; C++ includes headers.
    """
    add = function.implementations.add_implementation
    add("numpy", function.pyfunc)
    name = {"name": function.name}
    cpp, cython = (code.replace("%NAME%", function.name) for code in (cpp, cython))
    add("cpp", cpp, **name)
    add("cuda", cpp.replace("static inline", "static inline __device__"), **name)
    function.implementations.add_dynamic_implementation(
        "cython", lambda _: cython, lambda _: held(), {f.name: f for f in needed}, **name
    )


#: What functions in Cython need; other targets find it in the headers themselves, or in NumPy.
HEADERS = Function(philox_uniform, arg_units=[], return_unit=1)
HEADERS.name = "_headers"
implement(HEADERS, "", _CYTHON_HEADERS, dict)


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

        super().__init__(python, arg_units=[1] * 4, return_unit=1, arg_names=list("abcd"))
        implement(self, _CPP_UNIFORM, _CYTHON_UNIFORM, lambda: {f"{name}_key": self.key}, HEADERS)


def looked_up(table: TimeTable, dt: float) -> npt.NDArray[np.float64]:
    """Return the numbers of a table, behind what looking them up in steps of `dt` s needs."""
    step, array = float(table.dt), table.array
    per_row = max(int(2 ** np.ceil(np.log2(8 / dt * step))), 1)
    n_columns = 1 if array.ndim == 1 else array.shape[1]
    return np.concatenate([[step / per_row, per_row, len(array), n_columns], array.ravel()])


class TimeLookup(Function):
    """``table(t)`` or ``table(t, i)`` for generated code; values change between runs.

    Parameters
    ----------
    name : str
        Name of the function in the generated code.
    table : TimeTable
        The numbers.
    dt : float
        Time step of the network, in seconds.
    """

    def __init__(self, name: str, table: TimeTable, dt: float) -> None:
        self.name, self._dt = name, dt
        self.take(table)
        several = table.array.ndim == 2
        columns = (", const int column", ", int column") if several else ("", "")
        cpp, cython = (
            code.replace("%AND_COLUMN%", column).replace("%COLUMN%", "column" if several else "0")
            for code, column in zip((_CPP_TIMES, _CYTHON_TIMES), columns, strict=True)
        )

        def python(t: Any, column: Any = 0) -> Any:
            parts, per_row, n, n_columns = self.values[:4]
            k = ((np.asarray(t) / parts + 0.5) / per_row).astype(np.int64)
            place = np.clip(k, 0, n - 1).astype(np.int64) * int(n_columns) + elements_of(column)
            return self.values[4 + np.asarray(place, dtype=np.int64)]

        super().__init__(
            python,
            arg_units=table.arg_units,
            return_unit=table.unit,
            arg_names=["t", "column"][: 1 + several],
        )
        implement(self, cpp, cython, lambda: {f"{name}_values": self.values})

    def take(self, table: TimeTable) -> None:
        """Take the numbers of a table."""
        self.values = looked_up(table, self._dt)


class RowTable(Function):
    """``table(row)`` or ``table(row, column)`` for generated code; values change between runs.

    Parameters
    ----------
    name : str
        Name of the function in the generated code.
    values : ndarray of shape (n_rows,) or (n_rows, n_columns), float64
        The rows. Others may stand in their place, which Cython receives before it runs.
    """

    def __init__(self, name: str, values: npt.NDArray[np.float64]) -> None:
        self.name, self.values, n = name, values, values.ndim

        def python(*place: Any) -> Any:
            return self.values[tuple(np.asarray(k).astype(np.int64) for k in place)]

        def held() -> dict[str, npt.NDArray[Any]]:
            columns = {f"{name}_columns": np.array(self.values.shape[1:])} if n == 2 else {}
            return {f"{name}_values": self.values.ravel(), **columns}

        super().__init__(python, arg_units=[1] * n, return_unit=1, arg_names=["row", "column"][:n])
        codes = (_CPP_TABLE, _CYTHON_TABLE) if n == 2 else (_CPP_ROWS, _CYTHON_ROWS)
        implement(self, *codes, held)
