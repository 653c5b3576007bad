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

    def test_who_has_a_name_is_known_while_alive(self):
        group = still(name="a_name_of_its_own*")
        assert any(obj is group for obj in room.named_objects())
        assert still(name="a_name_of_its_own*").name == f"{group.name}_1"
        del group
        gc.collect()
        names = {getattr(obj, "name", "") for obj in room.named_objects()}
        assert "a_name_of_its_own" not in names

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
