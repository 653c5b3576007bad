"""What we assume of the C++ that Brian generates: its code objects, sources and lines."""

import importlib.util
from pathlib import Path
from types import SimpleNamespace

import brian2 as b2
import pytest
from brian2 import ms
from brian2.devices.cpp_standalone.codeobject import CPPStandaloneCodeObject
from brian2.devices.cpp_standalone.device import CPPStandaloneDevice

import bioplastic
from bioplastic.engine import brian_internals as room
from bioplastic.engine.context import brian_context
from bioplastic.engine.refractory import AWAKE
from bioplastic.engine.standalone import slot_device
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
    """Brian's C++ device, which notes the names that it is asked for."""

    def code_object(self, owner, name, *args, **kwargs):
        self.names = [*getattr(self, "names", []), name]
        return super().code_object(owner, name, *args, **kwargs)


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
        found = {o.name: room.codes_in_a_step(o) for o in program.net.sorted_objects}
        assert found["s_pre"] == ["s_pre_codeobject"]  # and fills no queue
        assert found["g_spike_thresholder"] == ["g_spike_thresholder_codeobject"]
        assert found["g"] == []
        idle = SimpleNamespace(active=False, code_objects=[1])
        assert room.codes_in_a_step(idle) == []
        assert len(program.synapses.pre.code_objects) == 2

    def test_names_say_whose_they_are(self, program):
        runners = {o.name for o in program.net.sorted_objects if len(o.code_objects)}
        assert {room.name_of_runner(name) for name in program.device.names} >= runners
        assert any(name.endswith("*") for name in program.device.names)
        assert {room.name_of_runner(name) for name in program.codes} >= runners
        with brian_context(Asked(), {}):  # a second one is counted
            group = neurons()
            room.prepare(b2.Network(group), {group.clock})
            name = group.state_updater.code_objects[0].name
        assert name == "g_stateupdater_codeobject_1"
        assert room.name_of_runner(name) == "g_stateupdater"

    def test_subexpressions_are_counted(self):
        groups = [b2.NeuronGroup(1, "x = 1 : 1 (constant over dt)", name="h") for _ in range(2)]
        names = [group.subexpression_updater.name for group in groups]
        assert len(set(names)) == 2
        assert {room.without_count(name) for name in names} == {"h_subexpression_update"}

    def test_which_make_synapses(self, program):
        makers = [name for name, code in program.codes.items() if room.makes_synapses(code)]
        assert makers == ["s_synapses_create_generator_codeobject"]
        assert "push_back" in room.text_of(program.codes[makers[0]])

    def test_one_that_is_dropped_is_not_run(self):
        device = CPPStandaloneDevice()
        with brian_context(device, {}):
            group = neurons()
            group.x = "i"
            (code,) = device.code_objects.values()
            assert [name for name, _ in device.main_queue].count("run_code_object") == 1
            room.drop_code_object(device, code)
        assert not device.code_objects
        assert "run_code_object" not in [name for name, _ in device.main_queue]

    def test_our_templates_come_before_brians(self):
        brians = CPPStandaloneCodeObject.templater
        ours = room.templates_of(
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
        plain = room.templates_of(CPPStandaloneCodeObject, {})
        assert "superposition" in plain.stateupdate.template_source

    def test_our_templates_fill_in_brians(self):
        environment = CPPStandaloneCodeObject.templater.env
        assert {"maincode", "after_code"} <= set(
            environment.get_template("common_group.cpp").blocks
        )
        source = environment.loader.get_source(environment, "common_synapses.cpp")[0]
        assert source.startswith("{% extends 'common_group.cpp' %}")
        assert "constant_or_scalar" in environment.globals


class TestSources:
    def test_a_program_consists_of_these(self, program):
        code_objects = room.code_object_sources(program.folder)
        assert {f"code_objects/{name}.cpp" for name in program.codes} <= set(code_objects)
        sources = {str(p.relative_to(program.folder)) for p in program.folder.rglob("*.cpp")}
        assert sources == {*code_objects, *room.AFTER_CODE_OBJECTS, "synapses_classes.cpp"}
        for name in room.BEFORE_CODE_OBJECTS:
            assert (program.folder / name).exists()
        # A class, and no code beside it.
        assert "class" in (program.folder / "synapses_classes.h").read_text()

    def test_what_our_main_program_calls(self, program):
        text = "".join(p.read_text() for p in program.folder.glob("*.*"))
        for name in ("void brian_start()", f"_array_g_{room.SPIKES}", "_dynamic_array_s_w"):
            assert name in text


class TestLines:
    """Of the code that Brian makes for neurons and synapses."""

    def element(self, index, variable, owner="g"):
        return room.at_element(room.pointer(room.array_name(owner, variable)), index)

    def test_names_of_arrays(self, program):
        assert program.names == {v: room.array_name("g", v) for v in program.names}
        assert room.array_behind(room.pointer("_array_g_v")) == "_array_g_v"

    def test_what_is_read(self, program):
        lines = program.lines["s_pre_codeobject"]

        def read(element):
            return {name for line in lines if (name := room.is_read_into(line, element))}

        assert read(self.element(room.POST, "x")) == {"x_post"}
        assert read(room.at_own_index("s", "w")) == {"w"}
        for index, name in ((room.PRE, room.SYNAPTIC_PRE), (room.POST, room.SYNAPTIC_POST)):
            constant = f"{index} = {room.at_own_index('s', name)};"
            assert read(room.at_own_index("s", name)) == set()
            assert f"const int32_t {constant}" in lines
        assert f"const double x_pre = {self.element(room.PRE, 'x')};" in lines

    def test_what_is_written(self, program):
        lines = program.lines["s_pre_codeobject"]
        written = {place for line in lines if (place := room.written_place(line))}
        v, x, w = (room.pointer(f"_array_{name}") for name in ("g_v", "g_x", "s_w"))
        assert written == {(v, room.POST), (x, room.POST), (w, room.SYNAPSE)}
        named = {place for line in lines for place in room.accesses(line)}
        assert named >= {*written, (x, room.PRE)}

    def test_what_a_synapse_has_for_itself(self, program):
        look_up = room.look_up_at_own_index("s")
        lines = "\n".join(program.lines["s_pre_codeobject"])
        assert set(look_up.findall(lines)) == {"w", room.SYNAPTIC_PRE, room.SYNAPTIC_POST}

    def test_what_is_added(self, program):
        lines = program.lines["s_pre_codeobject"]
        place = self.element(room.POST, "x")
        (line,) = [line for line in lines if "x_post" in line and place not in line]
        assert room.adds_to(line, "x_post")
        assert not room.adds_to(line, "x")
        assert not room.adds_to("x_post += 2*x_post;", "x_post")

    def test_conditions_beside_others(self, program):
        lines = program.lines["g_spike_thresholder_codeobject"]
        shorter = [room.without_condition(line, "x > 0.5") for line in lines]
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
    """Sources of a program of ours."""
    folder = tmp_path_factory.mktemp("ours")
    generate(NETWORK, folder, slot_device)
    return {p.name: p.read_text() for p in (folder / "code_objects").glob("*.cpp")}


def test_our_loops_look_up_no_neurons(our_program):
    code = our_program["input_to_cell_pre_codeobject.cpp"]
    lines = [line.split("//")[0] for line in code.splitlines() if "[_idx]" in line]
    assert lines  # the weights, at their own places
    assert not [line for line in lines if "_synaptic_" in line]
    assert "_postsynaptic_idx = _j;" in code


def test_our_lists_add_to_what_arrives_later(our_program):
    code = our_program["back_pre_codeobject.cpp"]
    assert "_arriving[_at] = i_syn_post;" in code
    assert not [line for line in code.splitlines() if "_ptr_array_cell_i_syn[" in line]


def test_our_threshold_looks_twice(our_program):
    code = our_program["cell_spike_thresholder_codeobject.cpp"]
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
    code = (tmp_path / "code_objects" / "cell_stateupdater_codeobject.cpp").read_text()
    for name in ("_higher_type", "_brian_mod", "_brian_floordiv", "_brian_pow"):
        assert name in code
    assert "_brian_atomic" not in code
    assert issubclass(room.cuda_code_generator(), CUDACodeGenerator)
