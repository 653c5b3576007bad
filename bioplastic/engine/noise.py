"""Random numbers of equations as a pure function: ``rand()``, ``randn()``, ``poisson()``, ``xi``.

Each place in the code of a program at which a number is drawn has a name: the code object, the
variable that is set, and a count. A number follows from the seed, that name, the sample's key, its
repetition, the step and the element (neuron or synapse). So it depends neither on chunks and
processes nor on what else is computed, and it is the same on every engine.
"""

import hashlib
import re
from typing import Any

import numpy as np
import numpy.typing as npt
from brian2.core.functions import Function
from brian2.devices.device import RuntimeDevice, all_devices

from bioplastic.engine.brian_code import name_of_runner
from bioplastic.engine.brian_internals import elements_of
from bioplastic.engine.functions import HEADERS, implement, philox_uniform

#: What draws, and what stands for it in code whose places are named.
_DRAWN = {"rand": "_uniform_of", "randn": "_normal_of", "poisson": "_poisson_of"}
DRAWS = frozenset(_DRAWN)
#: Constants of Brian's groups: neurons, or synapses of a regular wiring, of a lane; and lanes.
IN_LANE, LANES = "_n_in_lane", "_n_lanes"
_DRAW = re.compile(rf"\b({'|'.join(_DRAWN)})\s*\((\s*\))?")
_TARGET = re.compile(r"\s*(\w+)\s*[-+*/%]*=(?!=)")

# Functions of noise.h, with the moment of a runtime engine.
_CYTHON = """
cdef void _set_now() noexcept:
    _now.sample_key = _namespace_noise_sample_key
    _now.repeats = _namespace_noise_repeats
    _now.step = _namespace_noise_step[0]
    _now.key[0] = <unsigned int>_namespace_noise_key[0]
    _now.key[1] = <unsigned int>_namespace_noise_key[1]

cdef double _uniform_of(double place, double other, double n, long long element) noexcept:
    _set_now()
    return _draw_uniform(<unsigned int>place, <unsigned int>other, <long long>n, element)

cdef double _normal_of(double place, double other, double n, long long element) noexcept:
    _set_now()
    return _draw_normal(<unsigned int>place, <unsigned int>other, <long long>n, element)

cdef int _poisson_of(double place, double other, double n, double mean,
                     long long element) noexcept:
    _set_now()
    return _draw_poisson(<unsigned int>place, <unsigned int>other, <long long>n, mean, element)
"""


class Noise:
    """What random numbers of one program follow from, and the functions that draw them.

    Parameters
    ----------
    key : ndarray of int64 of shape (2,)
        The seed as two 32-bit words.
    lanes : int
        Samples that are shown side by side.
    """

    def __init__(self, key: npt.NDArray[np.int64], lanes: int) -> None:
        self._key, self._lanes = key, lanes
        # Where a runtime engine stands; a compiled program has the same in noise.h.
        self.step = np.full(1, -1, dtype=np.int64)  # -1 at a slot's edges
        self.sample_key, self.repeats = np.zeros(lanes), np.zeros(lanes)
        in_cython = Function(self._uniform, arg_units=[], return_unit=1)
        in_cython.name = "_drawing"
        implement(in_cython, "", _CYTHON, self._held, HEADERS)
        drawn = (self._uniform, self._normal, self._poisson)
        self.functions = {
            name: _drawing(name, python, in_cython)
            for name, python in zip(_DRAWN.values(), drawn, strict=True)
        }

    def _held(self) -> dict[str, npt.NDArray[Any]]:
        """Return what Cython reads."""
        held = {"step": self.step, "sample_key": self.sample_key, "repeats": self.repeats}
        return {f"_noise_{name}": array for name, array in {"key": self._key, **held}.items()}

    def named(self, owner: Any, name: str, code: str, variables: dict[str, Any]) -> str:
        """Name the places of abstract code at which numbers are drawn.

        Parameters
        ----------
        owner : Group or SynapticPathway
            Whose code it is.
        name : str
            Name of the code object.
        code : str
            Statements.
        variables : dict of str to Variable
            What they name; what draws is added.

        Returns
        -------
        code : str
        """
        if not _DRAW.search(code):
            return code
        # Brian counts objects that are alive; names must not depend on what ran before.
        name = name_of_runner(name)
        lines, drawn = [], set[str]()
        seen: dict[str, int] = {}
        for line in re.split(r"[\n;]", code):
            found = _TARGET.match(line)
            target = found[1] if found else ""
            known = variables.get(target)
            shared = bool(known is not None and getattr(known, "scalar", False))
            n = "-1" if shared else self._n_in_lane(owner, variables)

            def place(call: re.Match[str], target: str = target, n: str = n) -> str:
                seen[target] = seen.get(target, -1) + 1
                drawn.add(call[1])
                said = f"{name}.{target}#{seen[target]}"
                digest = hashlib.sha256(said.encode()).digest()
                words = (int.from_bytes(digest[k : k + 4], "little") >> 1 for k in (0, 4))
                end = "" if call[2] is None else ")"
                return f"{_DRAWN[call[1]]}({', '.join(map(str, words))}, {n}{end or ', '}"

            lines.append(_DRAW.sub(place, line))
        for word in drawn:
            variables.pop(word, None)
            variables[_DRAWN[word]] = self.functions[_DRAWN[word]]
        return "\n".join(lines)

    def _n_in_lane(self, owner: Any, variables: dict[str, Any]) -> str:
        """Count the elements of a lane; 0 where there is one lane only."""
        if self._lanes == 1:
            return "0"
        own = getattr(owner, "synapses", owner).variables
        if IN_LANE in own:
            variables[IN_LANE] = own[IN_LANE]
            return IN_LANE
        variables |= {name: own[name] for name in ("N", LANES)}  # a list, whose length is read
        return f"(N/{LANES})"

    def _uniform(self, place: int, other: int, n: float, element: Any, more: int = 0) -> Any:
        element = elements_of(element)
        lane = (element // int(n)) if n > 0 else 0
        own = element - lane * int(n) if n > 0 else (element if n == 0 else 0)
        key = int(self._key[0]) ^ place, ((~int(self._key[1]) ^ other) + more) & 0xFFFFFFFF
        keys, repeats = self.sample_key[lane], self.repeats[lane]
        return philox_uniform(keys, repeats, own, self.step[0] + 1, key=key)

    def _normal(self, place: int, other: int, n: float, element: Any) -> Any:
        # Box & Muller (1958), doi 10.1214/aoms/1177706645
        radius = np.sqrt(-2 * np.log(self._uniform(place, other, n, element)))
        return radius * np.cos(2 * np.pi * self._uniform(place, other, n, element, 1))

    def _poisson(self, place: int, other: int, n: float, mean: Any, element: Any) -> Any:
        """Sum numbers with a small mean, each found by inversion; normal above a mean of 1e5."""
        element, mean = elements_of(element), np.minimum(mean, 2.0**31 - 1)
        large = np.asarray(mean, dtype=np.float64) > 1e5
        left = np.where(large, 0.0, mean) + np.zeros(np.shape(element))
        number = np.zeros(left.shape, dtype=np.int64)
        more = 0
        while (left > 0).any():
            part = np.clip(left, 0, 16)
            u = self._uniform(place, other, n, element, more)
            term = np.exp(-part)
            total, k = term.copy(), 1
            while (u > total).any() and k < 200:
                number += u > total
                term *= part / k
                total += np.where(u > total, term, 0)
                k += 1
            left, more = left - 16, more + 1
        if large.any():
            drawn = mean + np.sqrt(mean) * self._normal(place, other, n, element)
            number = np.where(large, np.clip(np.floor(drawn + 0.5), 0, 2**31 - 1), number)
        return number.astype(np.int32)


def _drawing(name: str, python: Any, in_cython: Function) -> Function:
    """Make a function of the names of a place, and of a mean where it counts."""
    is_poisson = name == _DRAWN["poisson"]
    names = ["place", "other", "n", *["mean"] * is_poisson]
    function = Function(
        python,
        arg_units=[1] * len(names),
        return_unit=1,
        return_type="integer" if is_poisson else "float",
        arg_names=names,
        stateless=False,
        auto_vectorise=True,
    )
    function.name = name
    implement(function, "", "", dict, in_cython)  # noise.h has them, and what Cython needs
    return function


class NoiseDevice:
    """What a device of Brian does so that random numbers have names."""

    #: Of the network that is being built.
    noise: Noise | None = None

    def code_object(
        self, owner: Any, name: str, abstract_code: Any, variables: Any, *args: Any, **kwargs: Any
    ) -> Any:
        """Make a code object, see Brian's devices."""
        if self.noise is not None:
            variables = dict(variables)
            abstract_code = {
                block: self.noise.named(owner, name, code, variables)
                for block, code in abstract_code.items()
            }
        make: Any = super().code_object  # type: ignore[misc]
        return make(owner, name, abstract_code, variables, *args, **kwargs)


class _RuntimeDevice(NoiseDevice, RuntimeDevice):
    """Brian's runtime device for our programs; the user's own keeps its arrays for itself."""


noise_device = _RuntimeDevice()
all_devices["bioplastic_runtime"] = noise_device
