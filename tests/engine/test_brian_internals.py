"""What we assume of Brian's insides, asked of Brian itself; and nobody else assumes anything.

A test that fails after an update of Brian names the assumption that is gone. The C++ that Brian
generates is asked in `test_brian_cpp.py`.
"""

import gc
import importlib
import subprocess
import sys

import brian2 as b2
import numpy as np
import pytest
from brian2 import ms
from brian2.devices.cpp_standalone.device import CPPStandaloneDevice

from bioplastic.engine import brian_internals as room
from bioplastic.engine.builder import OnSpike
from bioplastic.engine.context import brian_context

pytestmark = pytest.mark.usefixtures("numpy_target")

NEURONS = """
dv/dt = -v/(10*ms) : 1 (unless refractory)
x : 1
y = rand() : 1 (constant over dt)
"""
DT = 0.1


def neurons(n=2, equations=NEURONS, **changes):
    settings = {"threshold": "v > 1 and x > 0.5", "reset": "v = 0", "refractory": "2*ms"} | changes
    return b2.NeuronGroup(n, equations, method="euler", dt=DT * ms, **settings)


def still(n=3, **changes):
    """Neurons that do nothing but spike where `x` says so."""
    return neurons(n, "x : 1", threshold="x > 0", reset="x = 0", refractory=False, **changes)


def clocks(*objects):
    return {o.clock for o in objects}


class TestDevices:
    def test_the_device_is_a_variable_of_a_module(self):
        assert room.active_device() is b2.get_device()
        module = importlib.import_module("brian2.devices.device")
        before, previous = room.active_device(), list(module.previous_devices)
        other = b2.devices.RuntimeDevice()
        try:
            room.set_device(other)
            assert b2.get_device() is other
            assert module.previous_devices == previous
        finally:
            room.put_back_device(before)
        assert b2.get_device() is before

    def test_names_are_given_whatever_others_are_called(self):
        def name():
            made.append(still(name="a_name*"))
            return made[-1].name

        made = []
        assert name() == "a_name"
        with room.own_names():
            assert [name(), name()] == ["a_name", "a_name_1"]
            with room.own_names():
                assert name() == "a_name"
        assert name() == "a_name_2"  # all are known again
        del made[:]
        gc.collect()
        assert name() == "a_name"  # and those that are gone are not

    def test_a_run_knows_its_clocks_by_this_name(self):
        group = still()
        net = b2.Network(group)
        net.run(0 * ms)
        assert net._clocks == clocks(group)

    def test_what_is_prepared_can_run(self):
        group = still()
        net = b2.Network(group)
        room.prepare(net, clocks(group))
        group.x = [1, 0, 1]
        for obj in net.sorted_objects:
            obj.run()
        np.testing.assert_array_equal(room.spikes_now(group), [0, 2])
        np.testing.assert_array_equal(group.x, 0)

    def test_what_is_prepared_is_not_kept_by_hashes_of_variables(self):
        modules = [importlib.import_module(f"brian2.codegen.{name}") for name in
                   ("translation", "generators.base")]  # fmt: skip
        (looks_up,) = {module.make_statements for module in modules}
        counted, found = looks_up.__wrapped__._cache_statistics, []
        for prepares in (room.prepare, lambda net, clocks: net.run(0 * ms)):
            group, before = still(), counted.hits + counted.misses
            prepares(b2.Network(group), clocks(group))
            found.append(counted.hits + counted.misses - before)
        assert found[0] == 0
        assert found[1] > 0
        assert all(module.make_statements is looks_up for module in modules)

    @pytest.mark.parametrize("brians_own", [False, True])
    def test_a_standalone_device_is_told_what_a_run_tells_it(self, brians_own):
        device = CPPStandaloneDevice()
        with brian_context(device, {}):
            group = neurons()
            synapses = b2.Synapses(group, group, on_pre="v += 1")
            synapses.connect()
            net = b2.Network(group, synapses)
            if brians_own:
                net.run(0 * ms)
            else:
                room.prepare(net, clocks(group))
                room.add_to_program(device, net)
        assert device.synapses == {synapses}
        assert group.clock in device.clocks

    def test_objects_that_are_in_no_network_are_warned_of_here(self, caplog):
        group = still()
        del group
        gc.collect()
        (said,) = [r.getMessage() for r in caplog.records if r.name == room.UNUSED_OBJECTS]
        assert __file__ in said


class TestSynapses:
    def synapses(self, **changes):
        source, target = still(), neurons(3)
        made = b2.Synapses(source, target, "w : 1", **{"on_pre": "x_post += 1"} | changes)
        return b2.Network(source, target, made), made

    def test_synapses_that_are_not_connected_are_refused_unless_promised(self):
        for promised in (False, True):
            net, made = self.synapses()
            if promised:
                room.promise_synapses(made)
                room.prepare(net, clocks(made))
            else:
                with pytest.raises(Exception, match="has not created synapses|preparing an object"):
                    room.prepare(net, clocks(made))

    def test_variables_of_a_synapse(self):
        _, made = self.synapses()
        made.connect(j="i")
        found = room.variables_per_synapse(made)
        names = ("w", room.SYNAPTIC_PRE, room.SYNAPTIC_POST)
        assert found >= {made.pre.variables["delay"], *(made.variables[name] for name in names)}
        assert {len(v.get_value()) for v in found} == {3}

    def test_neurons_of_a_synapse(self):
        _, made = self.synapses()
        made.connect(i=[0, 2], j=[2, 1])
        for name, neurons_ in ((room.SYNAPTIC_PRE, [0, 2]), (room.SYNAPTIC_POST, [2, 1])):
            np.testing.assert_array_equal(made.variables[name].get_value(), neurons_)

    @pytest.mark.parametrize("forgotten", [False, True])
    def test_spikes_wait_in_a_queue(self, forgotten):
        net, made = self.synapses()
        made.connect(j="i")
        made.pre.delay = 5 * DT * ms
        made.source.x = [0, 1, 0]
        net.run(2 * DT * ms)
        if forgotten:
            room.forget_spikes_under_way(made.pre, float(DT * ms))
        net.run(20 * DT * ms)
        np.testing.assert_array_equal(made.target.x, [0, 0 if forgotten else 1, 0])

    def test_spikes_are_where_a_thresholder_puts_them(self):
        net, made = self.synapses()
        made.connect(j="i")
        monitor = b2.SpikeMonitor(made.source)
        net.add(monitor)
        room.prepare(net, clocks(made))
        spikes = room.array_of_spikes(made.source)
        assert spikes is made.source.variables[room.SPIKES]
        assert spikes.size == 4
        made.source.contained_objects.remove(made.source.thresholder.pop("spike"))
        room.fire(made.source, np.array([0, 2]))
        for obj in (made.pre, monitor):
            obj.run()
        np.testing.assert_array_equal(made.target.x, [1, 0, 1])
        np.testing.assert_array_equal(monitor.i, [0, 2])

    def test_code_for_those_that_spike_is_told_where_they_are(self):
        group = neurons(3)
        OnSpike(group, "group_on_spike", "x += 1")
        net = b2.Network(group)
        room.prepare(net, clocks(group))
        room.fire(group, np.array([1]))
        next(o for o in net.sorted_objects if isinstance(o, OnSpike)).run()
        np.testing.assert_array_equal(group.x, [0, 1, 0])

    @pytest.mark.parametrize("receives", [False, True])
    def test_refractory_neurons_lose_what_arrives(self, receives):
        net, made = self.synapses(on_pre="v_post += 1")
        made.connect(j="i")
        assert room.condition_of_writing(made.target.variables["x"]) is None
        awake = room.condition_of_writing(made.target.variables["v"])
        assert awake is made.target.variables["not_refractory"]
        if receives:
            room.let_refractory_receive(made.pre)
        room.prepare(net, clocks(made))
        room.fire(made.source, np.array([0]))
        awake.set_value(False)
        made.pre.run()
        assert made.target.v[0] == receives


class TestPathwaysAndEvents:
    def test_pathways_are_listed_and_every_event_has_spikes(self):
        group = neurons(2, events={"crossing": "v > 0.5"})
        made = b2.Synapses(
            group,
            group,
            "w : 1",
            on_pre={"pre": "x_post += w", "late": "x_post -= w"},
            on_post="w = 0",
        )
        assert [p.objname for p in room.pathways_of(made)] == ["pre", "late", "post"]
        held = [name for name in group.variables if room.holds_spikes(name)]
        assert sorted(held) == ["_crossingspace", "_spikespace"]
        assert room.array_of_spikes(group, "crossing").size == 3

    def test_code_of_functions_is_told_by_target(self):
        @b2.implementation("cpp", "double f(double x) { return x; }")
        @b2.check_units(x=1, result=1)
        def f(x):
            return x

        assert room.codes_of(f) == [("cpp", "double f(double x) { return x; }")]


class TestConditionsOfWriting:
    """NumPy's code of Brian sets variables of refractory neurons; ours does not."""

    @pytest.mark.parametrize("code", ["v_post = w", "v_post += w"])
    def test_refractory_neurons_are_left_alone(self, code):
        source, target = still(1), neurons(2, refractory="2*ms")
        synapses = b2.Synapses(source, target, "w : 1", on_pre=code)
        synapses.connect()
        net = b2.Network(source, target, synapses)
        room.prepare(net, clocks(synapses))
        source.x, synapses.w = 1, 0.25
        target.not_refractory, target.lastspike = [False, True], [0 * ms, -1 * b2.second]
        for obj in net.sorted_objects:
            obj.run()
        np.testing.assert_array_equal(target.v, [0, 0.25])


class TestSizes:
    """Objects whose code was made for others."""

    @pytest.fixture
    def made(self):
        source = still(2)
        target = neurons(2, NEURONS + "k : 1 (shared, constant)\nsum : 1\nfrom_one : 1 (linked)",
                         refractory=False, threshold="v + x > k")  # fmt: skip
        source.variables.add_constant("lanes", 1)
        target.run_regularly("x += from_one*lanes_of_source", when="start")
        one = b2.NeuronGroup(1, "value : 1", name="one_of_them*")
        target.from_one = b2.linked_var(one, "value")
        target.variables.add_reference("lanes_of_source", source, "lanes", index="0")
        made = b2.Synapses(source, target, "w : 1\nsum_post = w : 1 (summed)", on_pre="x_post += w")
        room.promise_synapses(made)
        room.sum_for_any_number(made)
        net = b2.Network(source, target, one, made)
        room.prepare(net, clocks(made))
        return net, made

    def step(self, net):
        for obj in net.sorted_objects:
            obj.run()

    @pytest.mark.parametrize("sizes", [(5, 3), (1, 1), (2, 4)])
    def test_they_take_any(self, made, sizes):
        net, synapses = made
        source, target = synapses.source, synapses.target
        for group, n in zip((source, target), sizes, strict=True):
            room.resize(group, n)
            assert len(group) == len(group.x) == group.stop == n
            np.testing.assert_array_equal(group.i, np.arange(n))
            assert room.array_of_spikes(group).size == n + 1
        i, j = (a.ravel().astype(np.int32) for a in np.indices(sizes))
        delay = np.full(len(i), DT * 1e-3)
        delay[0] = 0
        room.connect(synapses, i, j, {"pre": delay})
        room.hold_anew(net)
        synapses.w = w = 0.1 * np.arange(1, len(i) + 1)
        target.k = 100
        source.x = 1
        np.testing.assert_array_equal(synapses.i, i)
        np.testing.assert_array_equal(synapses.N_incoming[:], sizes[0])
        np.testing.assert_array_equal(synapses.N_outgoing_pre, sizes[1])
        w = w.reshape(sizes)
        self.step(net)
        np.testing.assert_allclose(target.x, [w[0, 0], *[0] * (sizes[1] - 1)])
        np.testing.assert_allclose(target.sum, w.sum(axis=0))
        self.step(net)
        np.testing.assert_allclose(target.x, w.sum(axis=0))

    def test_what_they_had_is_gone(self, made):
        net, synapses = made
        index = np.zeros(1, dtype=np.int32)
        room.connect(synapses, index, index, {"pre": np.full(1, 5 * DT * 1e-3)})
        room.hold_anew(net)
        synapses.w, synapses.source.x, synapses.target.k = 1, 1, 100
        self.step(net)
        room.connect(synapses, index, index, {})
        assert synapses.w[0] == 0
        synapses.w = 1
        room.hold_anew(net)
        for _ in range(10):
            self.step(net)
        assert synapses.target.x[0] == 0

    def test_constants_are_held(self, made):
        net, synapses = made
        codes = [code for obj in net.sorted_objects for code in obj.code_objects]

        def held():
            names = "lanes_of_source", "k"
            return [c.namespace[name] for name in names for c in codes if name in c.variables]

        room.set_constant(synapses.source, "lanes", 7)
        synapses.target.k = 100
        assert held() == [1, 0]
        room.hold_anew(net)
        assert held() == [7, 100]

    @pytest.mark.parametrize("n", [1, 2])
    def test_links(self, n):
        one, three = still(1), still(3)
        linked = neurons(n, "all : 1 (linked)\neach : 1 (linked)", threshold=None, reset=None,
                         refractory=False)  # fmt: skip
        # What Brian says of a link to one neuron depends on the number of neurons.
        linked.variables.add_reference("all", one, "x", index="0")
        assert room.index_of_link(linked, "all") is None
        linked.each = b2.linked_var(three, "x", index=np.arange(n))
        index = room.index_of_link(linked, "each")
        assert linked.variables.indices["each"] == index.name
        np.testing.assert_array_equal(index.get_value(), np.arange(n))
        three.x, one.x = [5, 6, 7], 8
        index.set_value(np.arange(n) + 1)
        b2.Network(one, three, linked).run(0 * ms)
        np.testing.assert_array_equal(linked.each, np.arange(n) + 6)
        np.testing.assert_array_equal(linked.all[:], 8)


class TestRefractoriness:
    def test_a_statement_ends_it(self):
        group, asked = neurons(), []

        def code(period, namespace, brians_own):
            asked.append((period, brians_own(namespace)))
            return "not_refractory = False\n"

        room.set_end_of_refractoriness(group, code)
        b2.Network(group).run(2 * DT * ms, namespace={})
        period, said = asked[0]
        assert period == "2*ms"
        assert said.startswith("not_refractory = ")
        assert not group.not_refractory[:].any()


class TestEquations:
    def test_a_linear_system(self):
        found = room.linear_system(b2.Equations("dv/dt = (a - v)/tau : 1"), None)
        assert {n: tuple(map(str, ab)) for n, ab in found.items()} == {"v": ("-1/tau", "a/tau")}
        with pytest.raises(ValueError, match="linear"):
            room.linear_system(b2.Equations("dv/dt = sin(v)/tau : 1"), None)

    def test_powers_are_dropped_unseen(self):
        ((a, b),) = room.linear_system(b2.Equations("dv/dt = v - v**3 : Hz"), None).values()
        assert (str(a), str(b)) == ("1", "0")

    def test_functions_get_lazy_elements(self):
        found = []

        def note(element):
            found.append(room.elements_of(element))
            return np.ones(len(found[-1]))

        probe = b2.Function(
            note, arg_units=[], return_unit=1, stateless=False, auto_vectorise=True
        )  # fmt: skip
        probe.implementations.add_implementation("numpy", note)
        group = b2.NeuronGroup(
            3, "dv/dt = 0*Hz : 1 (unless refractory)\nx : 1", threshold="x > 1",
            reset="x = probe()",
            refractory=1 * ms, method="euler", namespace={"probe": probe},
        )  # fmt: skip
        group.x = [2, 0, 2]
        group.run_regularly("x += 0*probe()", when="start")
        group.run_regularly("v = probe()", when="end")  # of those that are awake
        b2.Network(group).run(0.1 * ms)
        assert [list(elements) for elements in found] == [[0, 1, 2], [0, 2], [1]]
        assert room.elements_of(7) == 7


def test_brian_takes_over_what_is_shown():
    code = """if True:
        import logging, sys, warnings
        before = warnings.showwarning
        import brian2
        assert sys.excepthook.__module__.partition(".")[0] == "brian2"
        assert warnings.showwarning is not before
        handlers = logging.getLogger("py.warnings").handlers
        assert brian2.BrianLogger.console_handler in handlers
    """
    subprocess.run([sys.executable, "-c", code], check=True)


def test_what_was_replaced_comes_back():
    class Owner:
        value = 1

    with room.replaced(Owner, "value", 2):
        assert Owner.value == 2
    assert Owner.value == 1
