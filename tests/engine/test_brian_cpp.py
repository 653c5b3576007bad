"""What we assume of the C++ that Brian generates: its code objects, arrays and lines."""

import importlib.util
import re
import subprocess
from pathlib import Path
from types import SimpleNamespace

import brian2 as b2
import numpy as np
import pytest
from brian2 import ms
from brian2.core.variables import Constant
from brian2.devices.cpp_standalone.codeobject import CPPStandaloneCodeObject
from brian2.devices.cpp_standalone.device import CPPStandaloneDevice

import bioplastic
from bioplastic.engine import brian_code as c_room
from bioplastic.engine import brian_internals as room
from bioplastic.engine.compiler import find_compiler
from bioplastic.engine.context import brian_context
from bioplastic.engine.refractory import AWAKE
from bioplastic.engine.standalone import slot_device
from bioplastic.engine.standalone_code import SlotCodeObject
from bioplastic.engine.standalone_program import generate
from bioplastic.models import (
    LIF,
    Network,
    PoissonInput,
    Population,
    Projection,
    RandomWiring,
    Schedule,
)

PACKAGE = Path(bioplastic.__file__).parent


def neurons():
    return b2.NeuronGroup(
        2,
        "dv/dt = -v/(10*ms) : 1 (unless refractory)\nx : 1\ny = rand() : 1 (constant over dt)",
        threshold="v > 1 and x > 0.5",
        reset="v = 0",
        refractory="2*ms",
        method="euler",
        name="g",
    )


class Asked(CPPStandaloneDevice):
    """Brian's C++ device, which notes what it is asked for."""

    names, filled = (), ()

    def code_object(self, owner, name, *args, **kwargs):
        self.names = (*self.names, name)
        return super().code_object(owner, name, *args, **kwargs)

    def fill_with_array(self, var, arr):
        self.filled = (*self.filled, (var, arr))
        super().fill_with_array(var, arr)


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """A program of Brian's own device, whose sources are written."""
    device, folder = Asked(), tmp_path_factory.mktemp("program")
    with brian_context(device, {"codegen.cpp.extra_compile_args": []}):
        group = neurons()
        synapses = b2.Synapses(
            group, group, "w : 1", name="s", method="euler",
            on_pre="x_post += 0.5*w; v_post += w; w = clip(w + x_pre, 0, 1)",
        )  # fmt: skip
        synapses.connect()
        synapses.run_regularly("w = x_post + j", name="regular")
        net = b2.Network(group, synapses)
        net.run(1 * ms, namespace={})
        device.build(directory=str(folder), compile=False, run=False)
        found = SimpleNamespace(
            device=device, folder=folder, net=net, group=group, synapses=synapses,
            names={v: device.get_array_name(group.variables[v]) for v in ("v", room.SPIKES)},
            codes={c.name: c for c in device.code_objects.values()},
        )  # fmt: skip
    found.lines = {
        name: [line.strip() for line in str(code.code.cpp_file).splitlines()]
        for name, code in found.codes.items()
    }
    return found


class TestCodeObjects:
    def test_an_object_acts_by_these(self, program):
        found = {o.name: c_room.codes_in_a_step(o) for o in program.net.sorted_objects}
        assert found["s_pre"] == ["s_pre_codeobject"]  # and fills no queue
        assert found["g_spike_thresholder"] == ["g_spike_thresholder_codeobject"]
        assert found["g"] == []
        idle = SimpleNamespace(active=False, code_objects=[1])
        assert c_room.codes_in_a_step(idle) == []
        assert len(program.synapses.pre.code_objects) == 2

    def test_names_say_whose_they_are(self, program):
        runners = {o.name for o in program.net.sorted_objects if len(o.code_objects)}
        assert {c_room.name_of_runner(name) for name in program.device.names} >= runners
        assert any(name.endswith("*") for name in program.device.names)
        assert {c_room.name_of_runner(name) for name in program.codes} >= runners
        with brian_context(Asked(), {}):  # a second one is counted
            group = neurons()
            room.prepare(b2.Network(group), {group.clock})
            name = group.state_updater.code_objects[0].name
        assert name == "g_stateupdater_codeobject_1"
        assert c_room.name_of_runner(name) == "g_stateupdater"

    def test_synapses_that_are_promised_are_made_by_no_code(self):
        device = Asked()
        with brian_context(device, {}):
            group = neurons()
            synapses = b2.Synapses(group, group, "w : 1", on_pre="v_post += w", name="s")
            room.promise_synapses(synapses)
            net = b2.Network(group, synapses)
            room.prepare(net, {group.clock})
        acting = {name for o in net.sorted_objects for name in c_room.codes_in_a_step(o)}
        (others,) = device.code_objects.keys() - acting
        assert others == "s_pre_push_spikes"
        # and before a run a queue is made, which ours has none of, and arrays are filled
        assert {what for what, _ in device.main_queue} == {
            "before_run_code_object", "set_by_constant", "set_by_single_value",
        }  # fmt: skip
        assert ("before_run_code_object", (device.code_objects[others],)) in device.main_queue

    def test_parts_are_macros_of_the_template(self, program):
        code = program.codes["s_pre_codeobject"]
        assert c_room.part_of(code, "cpp_file") == code.code.cpp_file
        assert {*code.code} > {"cpp_file", "h_file"}
        assert all(part in c_room.text_of(code) for part in ("void _run_s_pre", "w = _clip("))
        with pytest.raises(AttributeError):
            c_room.part_of(code, "there_is_no_such_macro")

    def test_our_templates_come_before_brians(self):
        brians = CPPStandaloneCodeObject.templater
        ours = c_room.templates_of(
            CPPStandaloneCodeObject, {"answer": int}, {"twice": str}, (".cu", ".cpp")
        )
        text = (PACKAGE / "engine/templates/stateupdate.cu").read_text()
        assert ours.stateupdate.template_source == text
        assert ours.network.template_source == brians.network.template_source
        with pytest.raises(AttributeError):
            ours.there_is_no_such_template  # noqa: B018
        assert ours.env.globals["answer"] is int
        assert ours.env.filters["twice"] is str
        assert "twice" not in brians.env.filters
        plain = c_room.templates_of(CPPStandaloneCodeObject, {})
        assert "macro body" in plain.common_group.template_source
        assert "macro cpp_file" in brians.common_group.template_source

    def test_a_template_that_sums_is_told_what(self):
        group = neurons()
        synapses = b2.Synapses(group, group, "w : 1\nx_post = 2*w : 1 (summed)")
        updater = synapses.summed_updaters["x_post"]
        assert (updater.template, updater.when) == ("summed_variable", "groups")
        assert updater.order < group.state_updater.order
        assert updater.abstract_code.split() == ["_synaptic_var", "=", "2*w"]
        assert updater.template_kwds["_target_var"] is group.variables["x"]
        assert updater.template_kwds["_index_var"] is synapses.variables[room.SYNAPTIC_POST]
        number = synapses.variables[updater.template_kwds["_target_size_name"]]
        assert number is group.variables["N"]

    @pytest.mark.parametrize("name", ["reset", "common_synapses"])
    def test_brians_templates_fill_in_ours(self, name):
        environment = CPPStandaloneCodeObject.templater.env
        source = environment.loader.get_source(environment, f"{name}.cpp")[0]
        assert "{% extends 'common_group.cpp' %}" in source
        blocks = set(environment.get_template(f"{name}.cpp").blocks)
        assert blocks == {"maincode"} if name == "reset" else blocks <= {"extra_headers"}
        ours = SlotCodeObject.templater.env.get_template("common_group.cpp")
        assert ours.filename.startswith(str(PACKAGE))
        assert set(ours.blocks) == {"maincode"}

    def test_a_template_alone(self):
        templater = c_room.templates_of(CPPStandaloneCodeObject, {})
        found = c_room.render(
            templater, "common_group", support_code_lines=["x"], hashdefine_lines=[]
        )
        assert found["body"].strip() == ""
        assert found["support"].strip() == "x"
        text = (PACKAGE / "engine/templates/philox.h").read_text()  # which has no macros
        assert c_room.render(templater, "philox.h") == text.removesuffix("\n")


class TestArrays:
    def variable(self, program, name):
        return program.group.variables[name]

    def test_each_has_a_name(self, program):
        arrays = program.device.arrays
        assert arrays[self.variable(program, "v")] == c_room.array_name("g", "v")
        w = program.synapses.variables["w"]
        assert program.device.get_array_name(w) == arrays[w] == c_room.array_name("s", "w")
        assert program.device.get_array_name(w, access_data=False) != arrays[w]  # a vector
        assert len({*arrays.values()}) == len(arrays)
        assert {*program.codes.values()} == {*program.device.code_objects.values()}
        assert all(
            program.device.code_objects[name] is code for name, code in program.codes.items()
        )

    def test_those_that_count(self, program):
        (counts,) = [c for c in program.device.arange_arrays if c[0] is self.variable(program, "i")]
        assert counts == (self.variable(program, "i"), c_room.array_name("g", "i"), 0)

    def test_what_they_begin_with(self, program):
        filled = {var: np.unique(np.asarray(arr)).tolist() for var, arr in program.device.filled}
        assert filled[self.variable(program, "not_refractory")] == [True]
        (last,) = filled[self.variable(program, "lastspike")]
        assert last < -1000
        assert filled[program.group.clock.variables["dt"]] == [float(program.group.clock.dt)]
        # and others with zeros
        assert self.variable(program, "v") in dict(program.device.zero_arrays)

    def test_those_that_link_to_another_group(self):
        device = Asked()
        with brian_context(device, {}):
            other = b2.NeuronGroup(2, "x : 1", name="other")
            group = b2.NeuronGroup(6, "x : 1 (linked)\ny : 1", name="linked")
            group.x = b2.linked_var(other, "x", index=np.repeat([0, 1], 3))
            group.run_regularly("y = x")
            room.prepare(b2.Network(other, group), {group.clock})
        (links,) = [
            np.asarray(a) for v, a in device.filled if v.name == group.variables.indices["x"]
        ]
        np.testing.assert_array_equal(links, [0, 0, 0, 1, 1, 1])

    def test_synapses_of_a_neuron_are_counted_by_whoever_makes_them(self, program):
        for name, neurons_ in room.COUNTED.items():
            counts = program.synapses.variables[name]
            assert counts.owner.name == "s"
            array = c_room.array_name("s", name)
            makers = [c for c in program.codes if array in c_room.text_of(program.codes[c])]
            assert makers == ["s_synapses_create_generator_codeobject"]
            assert neurons_ in (room.SYNAPTIC_PRE, room.SYNAPTIC_POST)
        # A statement finds the count of its own neurons.
        indices = program.synapses.variables.indices
        assert indices["N_outgoing"] == c_room.PRE
        assert indices["N_incoming"] == c_room.POST


class TestConstants:
    """Numbers in the code of a group, which a program of ours reads."""

    def test_whose_they_are(self):
        group = b2.NeuronGroup(3, "x : 1", name="counted")
        number = group.variables["N"]
        assert isinstance(number, Constant)
        assert (number.value, number.owner.name, number.name) == (3, "counted", "N")
        synapses = b2.Synapses(group, group, name="of_counted")
        assert synapses.variables["N_pre"] is synapses.variables["N_post"] is number
        assert not isinstance(synapses.variables["N"], Constant)

    def test_one_of_ours(self):
        device = CPPStandaloneDevice()
        with brian_context(device, {}):
            group = b2.NeuronGroup(3, "x : 1", name="g")
            group.variables.add_constant("_of_ours", 7)
            synapses = b2.Synapses(group, group, "y : 1", name="s")
            synapses.variables.add_reference("_of_ours_pre", group, "_of_ours", index="0")
            room.promise_synapses(synapses)
            group.run_regularly("x = _of_ours")
            synapses.run_regularly("y = _of_ours_pre")
            room.prepare(b2.Network(group, synapses), {group.clock})
        known = group.variables["_of_ours"]
        assert (known.owner.name, known.value) == ("g", 7)
        assert synapses.variables["_of_ours_pre"] is known
        # Code names them, and Brian puts constants only where a template asks it to.
        for code, name in zip(
            device.code_objects.values(), ("_of_ours", "_of_ours_pre"), strict=True
        ):
            assert re.search(rf" = {name};", code.code.cpp_file)
            assert code.variables[name] is known
            assert "%CONSTANTS%" in code.code.cpp_file

    def test_those_of_everybody_are_nobodys(self):
        group = b2.NeuronGroup(1, "x : 1")
        found = group.resolve_all({"pi", "mV"}, {}, user_identifiers={"pi", "mV"})
        assert {(name, isinstance(v, Constant), v.owner) for name, v in found.items()} == {
            ("pi", True, None), ("mV", True, None),
        }  # fmt: skip


class TestArithmetic:
    def test_code_objects_have_it_in_common(self, program):
        common = c_room.code_generator().__mro__[1].universal_support_code
        assert common.strip() in c_room.arithmetic()
        for name in ("s_pre_codeobject", "g_stateupdater_codeobject"):
            assert "_brian_mod" in c_room.text_of(program.codes[name])
        assert SlotCodeObject.generator_class.universal_support_code == ""

    @pytest.mark.skipif(find_compiler() is None, reason="needs a C++ compiler")
    def test_it_is_complete(self, tmp_path):
        asked = " && ".join([
            "_brian_mod(-3, 2) == 1", "_brian_mod(-0.5, 2.0) == 1.5", "_brian_pow(2, 3) == 8",
            "_brian_floordiv(-3, 2) == -2", "int_(2.7) == 2", "int_(true) == 1",
        ])  # fmt: skip
        text = f"#include <cmath>\n{c_room.arithmetic()}\nint main() {{ return !({asked}); }}\n"
        (tmp_path / "asked.cpp").write_text(text)
        subprocess.run(
            [find_compiler(), "-std=c++17", "asked.cpp", "-o", "asked"], cwd=tmp_path, check=True
        )
        subprocess.run([tmp_path / "asked"], check=True)


class TestLines:
    """Of the code that Brian makes for neurons and synapses."""

    def element(self, index, variable, owner="g"):
        return c_room.at_element(c_room.pointer(c_room.array_name(owner, variable)), index)

    def test_names_of_arrays(self, program):
        assert program.names == {v: c_room.array_name("g", v) for v in program.names}
        assert c_room.array_behind(c_room.pointer("_array_g_v")) == "_array_g_v"
        assert c_room.pointer("_array_g_v").startswith(c_room.POINTER)
        assert c_room.array_behind("_n_of_g") == "_n_of_g"

    def test_what_is_read(self, program):
        lines = program.lines["s_pre_codeobject"]

        def read(element):
            return {name for line in lines if (name := c_room.is_read_into(line, element))}

        assert read(self.element(c_room.POST, "x")) == {"x_post"}
        assert read(c_room.at_own_index("s", "w")) == {"w"}
        for index, name in (
            (c_room.PRE, room.SYNAPTIC_PRE),
            (c_room.POST, room.SYNAPTIC_POST),
        ):
            constant = f"{index} = {c_room.at_own_index('s', name)};"
            assert read(c_room.at_own_index("s", name)) == set()
            assert f"const int32_t {constant}" in lines
        assert f"const double x_pre = {self.element(c_room.PRE, 'x')};" in lines

    def test_what_is_written(self, program):
        lines = program.lines["s_pre_codeobject"]
        written = {place for line in lines if (place := c_room.written_place(line))}
        v, x, w = (c_room.pointer(f"_array_{name}") for name in ("g_v", "g_x", "s_w"))
        assert written == {(v, c_room.POST), (x, c_room.POST), (w, c_room.SYNAPSE)}
        named = {place for line in lines for place in c_room.accesses(line)}
        assert named >= {*written, (x, c_room.PRE)}

    def test_what_a_synapse_has_for_itself(self, program):
        look_up = c_room.look_up_at_own_index("s")
        lines = "\n".join(program.lines["s_pre_codeobject"])
        assert set(look_up.findall(lines)) == {"w", room.SYNAPTIC_PRE, room.SYNAPTIC_POST}

    def test_what_is_added(self, program):
        lines = program.lines["s_pre_codeobject"]
        place = self.element(c_room.POST, "x")
        (line,) = [line for line in lines if "x_post" in line and place not in line]
        assert c_room.adds_to(line, "x_post")
        assert not c_room.adds_to(line, "x")
        assert not c_room.adds_to("x_post += 2*x_post;", "x_post")

    def test_conditions_beside_others(self, program):
        lines = program.lines["g_spike_thresholder_codeobject"]
        shorter = [c_room.without_condition(line, "x > 0.5") for line in lines]
        (changed,) = {a for a, b in zip(shorter, lines, strict=True) if a != b and "true" not in a}
        assert changed.count("(") == changed.count(")")
        assert "v > 1" in changed
        assert "&& (x" not in changed


NETWORK = Network(
    populations=(
        Population(name="input", n=2, neuron=PoissonInput()),
        Population(name="cell", n=2, neuron=LIF()),
    ),
    projections=(
        Projection(pre="input", post="cell", on_pre="i_syn_post += w*mV"),
        Projection(
            pre="cell", post="cell", label="back", wiring=RandomWiring(p=0.5), delay=2 * ms,
            on_pre="i_syn_post += w*mV",
        ),
    ),
    watch="cell",
    schedule=Schedule(dt=1 * ms),
)  # fmt: skip


@pytest.fixture(scope="module")
def our_program(tmp_path_factory):
    """Functions of a program of ours, by the code object that each was made of."""
    folder = tmp_path_factory.mktemp("ours")
    generate(NETWORK, folder, slot_device)
    functions = (folder / "unit.cpp").read_text().split("namespace _of_run_")[1:]
    return {re.search(r"^// (\w+)$", text, re.MULTILINE)[1]: text for text in functions}


def test_our_loops_look_up_no_neurons(our_program):
    code = our_program["input_to_cell_pre_codeobject"]
    lines = [line.split("//")[0] for line in code.splitlines() if "[_idx]" in line]
    assert lines  # the weights, at their own places
    assert "_synaptic_" not in code
    assert "_postsynaptic_idx = _j;" in code


def test_our_lists_add_to_what_arrives_later(our_program):
    code = our_program["back_pre_codeobject"]
    assert "_arriving[_at] = i_syn_post;" in code
    assert not re.search(r"_ptr_\d+\[_postsynaptic_idx\]", code)


def test_our_threshold_looks_twice(our_program):
    code = our_program["cell_spike_thresholder_codeobject"]
    conditions = [line for line in code.splitlines() if "_cond =" in line]
    assert [f"&& ({AWAKE} > 0.5)" in line for line in conditions].count(True) > 0
    assert [AWAKE in line for line in conditions].count(False) > 0


@pytest.mark.skipif(not importlib.util.find_spec("brian2cuda"), reason="needs brian2cuda")
def test_cuda_has_brians_arithmetic_and_no_atomic_operations(tmp_path):
    from brian2cuda.cuda_generator import CUDACodeGenerator

    from bioplastic.engine.cuda import cuda_device

    before = CUDACodeGenerator.universal_support_code
    generate(NETWORK, tmp_path, cuda_device)
    assert CUDACodeGenerator.universal_support_code is before
    arithmetic, unit = c_room.cuda_arithmetic(), (tmp_path / cuda_device.unit).read_text()
    assert unit.count(arithmetic.strip()) == 1
    for name in ("_higher_type", "_brian_mod", "_brian_floordiv", "_brian_pow"):
        assert name in arithmetic
    assert "_brian_atomic" not in unit
    assert issubclass(c_room.cuda_code_generator(), CUDACodeGenerator)
