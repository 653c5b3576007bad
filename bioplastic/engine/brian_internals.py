"""What we know of Brian's insides: its private names, its habits, the shape of its C++.

Nothing here is promised by Brian, and any release may change it. So every assumption stands here
and nowhere else, each in a function or a constant whose docstring says what is assumed; a test in
``tests/engine/test_brian_internals.py`` asks Brian itself whether it holds. `make test-brian-next`
asks the next release.
"""

import contextlib
import importlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from brian2 import Synapses
from brian2.codegen.generators.numpy_generator import NumpyCodeGenerator, VectorisationError
from brian2.core.names import Nameable
from brian2.core.tracking import InstanceTrackerSet
from brian2.core.variables import ArrayVariable
from brian2.stateupdaters.exponential_euler import get_conditionally_linear_system

__all__ = [
    "COUNTED", "SPIKES", "SYNAPTIC_POST", "SYNAPTIC_PRE", "UNUSED_OBJECTS", "active_device",
    "add_to_program", "array_of_spikes", "codes_of", "condition_of_writing", "connect",
    "elements_of", "fire", "forget_spikes_under_way", "hold_anew", "holds_spikes", "index_of_link",
    "let_refractory_receive", "linear_system", "own_names", "pathways_of", "prepare",
    "promise_synapses", "put_back_device", "replaced", "resize", "set_constant", "set_device",
    "set_end_of_refractoriness", "spikes_now", "sum_for_any_number", "variables_per_synapse",
]  # fmt: skip

# Devices and objects

# `brian2.devices.device` is a proxy object that hides the module of the same name.
_device_module: Any = importlib.import_module("brian2.devices.device")
_translation: Any = importlib.import_module("brian2.codegen.translation")
_generators: Any = importlib.import_module("brian2.codegen.generators.base")

#: Logger of warnings about objects that are in no network; they say where one was made.
UNUSED_OBJECTS = "brian2.core.base.unused_brian_object"


def active_device() -> Any:
    """Return Brian's device: a variable of a module."""
    return _device_module.active_device


def set_device(device: Any) -> None:
    """Make an object Brian's device, without the list of previous ones that users go back by."""
    _device_module._do_set_device(device, False)


def put_back_device(device: Any) -> None:
    """Make a device Brian's again as it was: setting the variable activates nothing."""
    _device_module.active_device = device


@contextlib.contextmanager
def own_names() -> Iterator[None]:
    """Let objects of Brian's that are made take no notice of the names of those that are there.

    Brian goes through all that are alive, whomever they belong to, to find a name that is free.
    With names of their own the same network has the same code, however many were built before.
    """
    sets = Nameable.__instancefollower__.instance_sets
    others, sets[Nameable] = sets[Nameable], InstanceTrackerSet()
    try:
        yield
    finally:
        made, sets[Nameable] = sets[Nameable], others
        for reference in list(made):
            if (named := reference()) is not None:
                others.add(named)


def prepare(net: Any, clocks: Iterable[Any]) -> None:
    """Make the code objects of a network; Brian takes its clocks to be known by then.

    Brian looks up statements by hashes of all variables, which takes longer than making them: two
    modules have the function, behind a decorator. NumPy's code goes synapse by synapse where
    results depend on their order: Brian heeds the condition of ``v_post += w`` and forgets that of
    ``v_post = w``; its loop takes the synapses from ``_idx``, which is missing where all of them
    run, as in every step.
    """
    net._clocks = set(clocks)
    made_anew = _translation.make_statements.__wrapped__
    numpy = NumpyCodeGenerator
    vectorise, translate = numpy.ufunc_at_vectorisation, numpy.vectorise_code

    def heeding(generator: Any, statement: Any, *args: Any, **kwargs: Any) -> Any:
        conditions = args[2] if len(args) > 2 else kwargs["conditional_write_vars"]
        if statement.var in conditions and not statement.inplace:
            raise VectorisationError()
        return vectorise(generator, statement, *args, **kwargs)

    def looping(generator: Any, *args: Any, **kwargs: Any) -> list[str]:
        lines: list[str] = translate(generator, *args, **kwargs)
        if "_full_idx = _idx" not in lines or "_idx" not in generator.iterate_all:
            return lines
        with replaced(generator, "iterate_all", []):
            lines = translate(generator, *args, **kwargs)
        return ["_full_idx = _vectorisation_idx", *lines[1:]]

    with (
        replaced(_translation, "make_statements", made_anew),
        replaced(_generators, "make_statements", made_anew),
        replaced(numpy, "ufunc_at_vectorisation", heeding),
        replaced(numpy, "vectorise_code", looping),
    ):
        net.before_run({})


@contextlib.contextmanager
def replaced(owner: Any, name: str, value: Any) -> Iterator[None]:
    """Let a module, a class or an object have another value for a ``with`` block."""
    before = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)


def add_to_program(device: Any, net: Any) -> None:
    """Give a standalone device clocks and synapses, which it receives in ``Network.run``."""
    device.synapses |= {s for s in net.objects if isinstance(s, Synapses)}
    device.clocks.update(net._clocks)


def promise_synapses(synapses: Any) -> None:
    """Keep Brian from refusing synapses that are not connected: a mark says whether they are."""
    synapses._connect_called = True


def pathways_of(synapses: Any) -> list[Any]:
    """Return the pathways of synapses: Brian keeps a list."""
    return list(synapses._pathways)


def variables_per_synapse(synapses: Any) -> set[Any]:
    """Return the variables whose arrays grow with the number of synapses: Brian keeps a set."""
    found: set[Any] = synapses._registered_variables
    return found


def forget_spikes_under_way(pathway: Any, dt: float) -> None:
    """Empty the queue of a pathway, which holds a step more than the longest delay."""
    longest = float(np.max(pathway.variables["delay"].get_value(), initial=0.0))
    for _ in range(round(longest / dt) + 2):
        pathway.queue.advance()


# Sizes: Brian's code takes them, as all constants, from the namespaces of code objects, which are
# filled when these are made.


def _resize_array(variable: Any, size: int) -> None:
    """Make the array of a variable anew, of zeros; its device has it."""
    variable.size = size
    variable.device.add_array(variable)
    variable.get_value()[...] = 0


def resize(group: Any, n: int) -> None:
    """Give a group another number of neurons; its arrays are new and hold zeros."""
    group._N = group.stop = n
    set_constant(group, "N", n)
    for name, variable in group.variables.items():
        own = isinstance(variable, ArrayVariable) and variable.owner.name == group.name
        if own and not variable.scalar:
            _resize_array(variable, n + holds_spikes(name))
    group.variables["i"].set_value(np.arange(n))


def sum_for_any_number(synapses: Any) -> None:
    """Let summed variables ask how many neurons there are, which NumPy's template else writes."""
    for updater in synapses.summed_updaters.values():
        updater.template_kwds["_target_stop"] = -1


def set_constant(group: Any, name: str, value: int) -> None:
    """Give a constant of a group another value."""
    group.variables[name].value = value


def index_of_link(group: Any, word: str) -> Any:
    """Return the variable that says to whose value each neuron is linked, None without any."""
    return group.variables.get(f"_{word}_indices")


def connect(
    synapses: Any,
    i: npt.NDArray[np.int32],
    j: npt.NDArray[np.int32],
    delays: Mapping[str, npt.NDArray[np.float64]],
) -> None:
    """Give synapses their neurons, in place of all they had; nothing is under way.

    `delays` are those of pathways by their names. Other values of synapses are zeros.
    """
    for variable in variables_per_synapse(synapses):
        _resize_array(variable, len(i))
    synapses.variables["N"].set_value(len(i))
    for name, count, neurons, group in (
        (SYNAPTIC_PRE, "N_outgoing", i, synapses.source),
        (SYNAPTIC_POST, "N_incoming", j, synapses.target),
    ):
        synapses.variables[name].set_value(neurons)
        _resize_array(synapses.variables[count], len(group))
        synapses.variables[count].set_value(np.bincount(neurons, minlength=len(group)))
    for name, delay in delays.items():
        getattr(synapses, name).variables["delay"].set_value(delay)
    for pathway in synapses._pathways:
        source = pathway.source
        queue = pathway.queue = source.variables.device.spike_queue(source.start, source.stop)
        for code in pathway.code_objects:
            code.variables.update({"_queue": queue, "_queue_capsule": queue.get_capsule()})
        pathway.initialise_queue()


def hold_anew(net: Any) -> None:
    """Let the code objects of a network hold arrays, functions and constants as they are now."""
    for obj in net.sorted_objects:
        for code in obj.code_objects:
            code.variables_to_namespace()


# Spikes: a group has an array of their numbers, in whose last place stands how many there are.

#: Name of that array among a group's variables.
SPIKES = "_spikespace"
#: Names of the arrays that hold a synapse's neurons.
SYNAPTIC_PRE, SYNAPTIC_POST = "_synaptic_pre", "_synaptic_post"
#: Names of the arrays that count a neuron's synapses -> of the neurons that are counted.
COUNTED = {"N_outgoing": SYNAPTIC_PRE, "N_incoming": SYNAPTIC_POST}


def holds_spikes(name: str) -> bool:
    """Whether a variable holds spikes of a group, or another event of it."""
    return name.startswith("_") and name.endswith("space")


def array_of_spikes(group: Any, event: str = "spike") -> Any:
    """Return the variable that holds a group's spikes, or other events; it has a place more."""
    return group.variables[f"_{event}space"]


def spikes_now(group: Any) -> npt.NDArray[np.int32]:
    """Neurons of a group that spike in this step."""
    spikes: npt.NDArray[np.int32] = array_of_spikes(group).get_value()
    return spikes[: spikes[-1]]


def fire(group: Any, neurons: npt.NDArray[np.integer]) -> None:
    """Let neurons spike, where a thresholder would say so."""
    spikes = array_of_spikes(group).get_value()
    spikes[: len(neurons)] = neurons
    spikes[-1] = len(neurons)


# Refractoriness


def set_end_of_refractoriness(
    group: Any, code: Callable[[Any, Any, Callable[[Any], str]], str]
) -> None:
    """Put other code in place of that by which a group ends refractory periods.

    The state updater's method gives it, a statement that sets ``not_refractory``. `code` takes what
    the group was given as `refractory`, the method's argument, a namespace, and the method.
    """
    period, updater = group._refractory, group.state_updater
    brians_own = updater._get_refractory_code
    updater._get_refractory_code = lambda run_namespace: code(period, run_namespace, brians_own)


def condition_of_writing(variable: Any) -> Any:
    """Return the variable that says which neurons may be written to, None where all may."""
    return variable.conditional_write


def let_refractory_receive(pathway: Any) -> None:
    """Let spikes of a pathway write to refractory neurons, too, as Brian's resets do."""
    pathway.override_conditional_write = ["not_refractory"]


# Equations


def linear_system(equations: Any, variables: Mapping[str, Any] | None) -> dict[str, Any]:
    """Split each right-hand side into ``A*x + B``, by Brian's exponential Euler method.

    It raises ValueError where it sees that this cannot be, and drops powers of x unseen.
    """
    system: dict[str, Any] = get_conditionally_linear_system(equations, variables)
    return system


def elements_of(element: Any) -> Any:
    """Elements as numbers: Brian's NumPy code hands functions lazy ranges, maybe of indices."""
    if isinstance(element, int | np.integer | np.ndarray):
        return element
    if element.indices is not None:
        return np.asarray(element.indices) + element.start
    return np.arange(element.start, element.stop)


# Functions of users


def codes_of(function: Any) -> list[tuple[str, str]]:
    """Return the code of a function by target, as far as it is text: Brian keeps a dictionary."""
    found = function.implementations._implementations.items()
    codes = (
        (str(getattr(target, "class_name", target)), one.get_code(None))
        for target, one in found
        if not one.dynamic
    )
    return sorted((target, code) for target, code in codes if isinstance(code, str))
