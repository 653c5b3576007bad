"""Scripts of Brian2 come in, and fire the same spikes in the same steps; and go out again."""

import os
import subprocess
import sys

import brian2 as b2
import numpy as np
import pytest
from brian2 import Hz, ms, nS, second

from bioplastic import engine, models
from bioplastic.engine.compiler import find_compiler
from bioplastic.errors import ParameterError
from bioplastic.models.summary import declared_names

DT = 0.5 * ms
DURATION = 100 * ms
LEAKY = "dv/dt = (drive - v)/tau : 1 (unless refractory)\ndrive : 1 (constant)"
tau = 10 * ms


@pytest.fixture(autouse=True)
def plain_brian():
    """Brian's own run, by NumPy, whose names begin anew."""
    target, dt = b2.prefs.codegen.target, b2.defaultclock.dt
    warns = b2.prefs.logging.warn_for_unused_objects
    b2.start_scope()
    b2.prefs.codegen.target, b2.defaultclock.dt = "numpy", DT
    b2.prefs.logging.warn_for_unused_objects = False
    yield
    b2.prefs.codegen.target, b2.defaultclock.dt = target, dt
    b2.prefs.logging.warn_for_unused_objects = warns


def given(n=6, name="given", seed=0, period=0 * ms):
    rng = np.random.default_rng(seed)
    span = float(period / DT) or float(DURATION / DT)
    steps = np.unique(rng.integers(0, span, (60, 1)) * n + rng.integers(0, n, (60, 1)))
    return b2.SpikeGeneratorGroup(n, steps % n, steps // n * DT, name=name, period=period)


def leaky(n=4, name="exc", **more):
    settings = {"threshold": "v > 1", "reset": "v = 0", "refractory": 2 * ms, "method": "exact"}
    cells = b2.NeuronGroup(n, more.pop("model", LEAKY), name=name, **{**settings, **more})
    if "drive" in cells.variables:
        cells.drive = np.linspace(0.9, 1.6, n)
    return cells


def linked(source, target, seed=1, name="link", w=0.4, **more):
    made = b2.Synapses(source, target, name=name, **more)
    rng = np.random.default_rng(seed)
    i, j = np.nonzero(rng.random((len(source), len(target))) < 0.6)
    made.connect(i=i, j=j)
    if "w" in made.variables:
        made.w_ = w * rng.random(len(i))
    return made


def plain_script():
    source, cells = given(), leaky()
    return [source, cells, linked(source, cells, model="w : 1", on_pre="v += w")]


def stdp_script():
    """Several pathways, traces, delays."""
    source, cells = given(), leaky()
    plastic = linked(
        source, cells,
        model="""w : 1
        dx/dt = -x/tau_x : 1 (event-driven)
        dy/dt = -y/tau_x : 1 (event-driven)""",
        on_pre={"transmit": "v += w", "learn": "x += 0.1; w = clip(w - y, 0, 1)"},
        on_post="y += 0.1; w = clip(w + x, 0, 1)",
        delay={"transmit": 1.5 * ms}, namespace={"tau_x": 20 * ms},
    )  # fmt: skip
    return [source, cells, plastic]


def delays_script():
    source, cells = given(), leaky()
    late = linked(source, cells, model="w : 1", on_pre="v += w")
    late.delay = np.random.default_rng(5).uniform(0, 5, len(late)) * ms
    back = linked(cells, cells, name="back", on_pre="v -= 0.1*tau/(10*ms)", delay=1 * ms)
    return [source, cells, late, back]


def subgroups_script():
    source, cells = given(), leaky(10)
    few = b2.Synapses(cells[2:], cells[3:7], "w : 1", on_pre="v += w/N_post", name="few")
    few.connect()
    few.w = "0.1*(i + j)"
    drive = linked(source, cells, name="drive_link", on_pre="v += 0.4")
    return [
        source,
        cells,
        few,
        drive,
        linked(cells[:5], cells[5:], on_pre="v -= 0.2", delay=1 * ms),
    ]


def summed_script():
    source = given()
    cells = leaky(10, model=LEAKY.replace("drive -", "drive + total -") + "\ntotal : 1")
    sums = []
    for k, part in enumerate((cells[:6], cells[6:])):
        equations = "dg/dt = -g/(5*ms) : 1 (clock-driven)\ntotal_post = g : 1 (summed)"
        sums.append(
            linked(source, part, name=f"sum{k}", model=equations, on_pre="g += 0.3",
                   method="exact", seed=k)
        )  # fmt: skip
    return [source, cells, *sums]


def events_script():
    source = given()
    cells = leaky(
        model=LEAKY + "\nlast : second\nn_bursts : integer\nboost = 0.1*n_bursts : 1 "
        "(constant over dt)",
        reset="v = 0; last = t", events={"burst": "v > 1 and t - last < 12*ms"},
    )  # fmt: skip
    cells.last = -1 * second
    cells.run_on_event("burst", "n_bursts += 1")
    cells.set_event_schedule("burst", when="before_resets")
    cells.run_regularly("v += 0.02 + 0.1*boost", dt=5 * ms, when="before_groups")
    burst = linked(cells, cells, name="burst", on_pre="v += 0.05", on_event="burst")
    return [source, cells, linked(source, cells, on_pre="v += 0.3"), burst]


def table_script():
    current = b2.TimedArray(np.random.default_rng(2).uniform(0, 3, (20, 4)), dt=5 * ms)
    cells = leaky(
        model="dv/dt = (stimulus(t, i) - v)/tau : 1 (unless refractory)",
        refractory="v > 0.2 and t - lastspike < 3*ms", namespace={"stimulus": current, "tau": tau},
        method="euler",
    )  # fmt: skip
    return [cells]


def units_script():
    source = given()
    cells = leaky(
        model="dv/dt = (-v + ge/(10*nS)*70*mV)/tau : volt\ndge/dt = -ge/(5*ms) : siemens",
        threshold="v > 10*mV", reset="v = 0*mV", refractory=False, method="euler",
    )  # fmt: skip
    made = linked(source, cells, model="w : siemens\ng : 1 (shared)", on_pre="ge_post += g*w")
    made.w = np.linspace(1, 5, len(made)) * nS
    made.g = 1.5
    return [source, cells, made]


def regular_script():
    source, cells = given(4), leaky()
    one = b2.Synapses(source, cells, "w : 1", on_pre="v += w", name="one")
    one.connect(j="i")
    one.w = [0.3, 0.4, 0.5, 0.6]
    others = b2.Synapses(cells, cells, on_pre="v -= step", name="others", namespace={"step": 0.1})
    others.connect(condition="i != j")
    return [source, cells, one, others]


def repeated_script():
    source, cells = given(period=20 * ms), leaky()
    return [source, cells, linked(source, cells, on_pre="v += 0.3")]


def switches_script():
    """Truth values, whole numbers, shared variables, names of synapses that neurons have."""
    source = given()
    cells = leaky(
        model=LEAKY + "\nsilent : boolean\nw : 1\nlevel : 1 (shared)\nstimulus : 1",
        reset="v = 0; stimulus += 1",
    )
    cells.silent = [False, True, False, False]
    cells.thresholder["spike"].when = "thresholds"
    cells.run_regularly("level = 0.5*level + 0.1", dt=10 * ms)
    cells.run_regularly("v = v*(1 - 0.1*int(silent)) + 0.01*level; w = v")
    return [source, cells, linked(source, cells, on_pre="v += 0.3")]


def remarks_script():
    source = given()
    cells = leaky(model=LEAKY + "  # of no stimulus", reset="v = 0  # as after no_such_name")
    cells.run_regularly("v *= 0.99  # a stimulus leaks, too")
    return [source, cells, linked(source, cells, model="w : 1", on_pre="v += w  # here")]


def conductances_script():
    """A slope of 0 while refractory, by which this method divides."""
    source = given()
    cells = leaky(
        model="""dv/dt = (ge*(e_rev - v) - v)/tau : 1 (unless refractory)
        dge/dt = -ge/(5*ms) : 1
        e_rev : 1 (constant)""",
        method="exponential_euler",
    )
    cells.e_rev = [2, 3, 4, 5]
    return [source, cells, linked(source, cells, model="w : 1", on_pre="ge += w")]


SCRIPTS = [
    remarks_script, conductances_script,
    plain_script, stdp_script, delays_script, subgroups_script, summed_script, events_script,
    table_script, units_script, regular_script, repeated_script, switches_script,
]  # fmt: skip
COMPILED = [stdp_script, subgroups_script, events_script]


def of_brian(objects):
    """Run it by Brian: steps and neurons of all spikes of `exc`."""
    monitor = b2.SpikeMonitor(next(o for o in objects if o.name == "exc"))
    b2.Network(*objects, monitor).run(DURATION, namespace={"tau": tau})
    return sorted(zip(np.rint(monitor.t / DT).astype(int), np.array(monitor.i), strict=True))


def of_ours(script, name="numpy", state=None):
    stimuli = [
        engine.SpikeStimulus(trains=x, population=population)
        for population, x in script.samples.items()
    ]
    result = engine.run(
        script.network,
        stimuli or engine.SpontaneousActivity(n_samples=1),
        seed=0, state=script.state if state is None else state, record="spikes", engine=name,
    )  # fmt: skip
    steps = np.rint(result.spikes.times / float(DT)).astype(int)
    return sorted(zip(steps, result.spikes.units, strict=True)), result


@pytest.mark.parametrize("write", SCRIPTS)
def test_the_same_spikes_in_the_same_steps(write):
    objects = write()
    script = models.from_brian2(objects, presentation=DURATION, watch="exc")
    assert eval(repr(script.network), vars(b2) | declared_names() | {"np": np}) == script.network
    ours, result = of_ours(script)
    brians = of_brian(objects)
    assert len(brians) > 10
    assert ours == brians
    for made in objects:
        if made.name == "link" and "w" in made.equations:
            assert result.state["link.w"].size == len(made)


@pytest.mark.skipif(find_compiler() is None, reason="no C++ compiler")
@pytest.mark.slow
@pytest.mark.parametrize("write", COMPILED)
def test_the_same_spikes_by_compiled_programs(write):
    objects = write()
    script = models.from_brian2(objects, presentation=DURATION, watch="exc")
    ours, _ = of_ours(script, "cpp_standalone")
    assert ours == of_brian(objects)


def test_weights_are_learned_as_brian_learns_them():
    objects = stdp_script()
    script = models.from_brian2(objects, presentation=DURATION, watch="exc")
    _, result = of_ours(script)
    of_brian(objects)
    plastic = objects[-1]
    order = np.lexsort((plastic.j[:], plastic.i[:]))
    np.testing.assert_allclose(result.state["link.w"], plastic.w[:][order], rtol=1e-12)
    assert script.network.projections[0].synapse.learned == ("w",)
    frozen, unchanged = of_ours(script._replace(network=script.network.frozen()))
    assert frozen
    np.testing.assert_array_equal(unchanged.state["link.w"], script.state["link.w"])


@pytest.mark.parametrize("name", ["link.delay", "link.transmit_delay"])
def test_a_delay_in_a_state_is_no_time_before_its_spike(name):
    source, cells = given(), leaky()
    late = linked(source, cells, on_pre={"transmit": "v += 0.1", "learn": "v += 0.2"})
    late.learn.delay = 2 * ms
    late.transmit.delay = 1 * ms
    script = models.from_brian2([source, cells, late], presentation=DURATION)
    with pytest.raises(ParameterError, match=rf"{name}'\]: must be finite and >= 0"):
        of_ours(script, state=script.state | {name: script.state[name] - 1})


def test_what_begins_anew_and_what_lasts():
    cells = leaky(model=LEAKY + "\ndtheta/dt = -theta/second : 1", reset="v = 0; theta += 1",
                  method="euler")  # fmt: skip
    cells.v = [0, 0.1, 0.2, 0.3]
    samples = engine.SpontaneousActivity(n_samples=2)
    for keep, grows in (((), False), (["exc.theta"], True)):
        script = models.from_brian2([cells], presentation=DURATION, keep=keep)
        result = engine.run(
            script.network, samples, seed=0, state=script.state, engine="numpy",
            record={"exc.theta": "end"},
        )  # fmt: skip
        first, then = result.states["exc.theta"].values
        assert (np.ravel(then) > np.ravel(first))[1:].all() == grows
        assert (script.network.population("exc").neuron.learned == ("theta",)) == grows


def test_rates_are_samples_where_they_are_to_be():
    source = b2.PoissonGroup(6, 50 * Hz, name="source")
    cells = leaky()
    objects = [source, cells, linked(source, cells, on_pre="v += 0.5")]
    own = models.from_brian2(objects, presentation=DURATION)
    assert own.network.population("source").neuron.threshold == "rand() < rates * dt"
    assert own.network.watch == "exc"
    shown = models.from_brian2(objects, presentation=DURATION, inputs=["source"])
    assert isinstance(shown.network.population("source").neuron, models.PoissonInput)
    assert shown.samples == {}


def test_a_poisson_input_draws_as_much_as_brians():
    n = 2000
    cells = b2.NeuronGroup(n, "v : 1", name="exc", threshold="v > 1e9", reset="")
    added = b2.PoissonInput(cells, "v", N=200, rate=400 * Hz, weight=0.5)
    script = models.from_brian2([cells, added], presentation=DURATION)
    result = engine.run(
        script.network, engine.SpontaneousActivity(n_samples=1), seed=0, state=script.state,
        engine="numpy", record={"exc.v": "end"},
    )  # fmt: skip
    total = np.ravel(result.states["exc.v"].values)
    expected = 0.5 * 200 * 400 * 0.1
    assert abs(total.mean() - expected) < 5 * np.sqrt(0.25 * 8000 / n)
    assert 0.9 < total.var() / (0.25 * 8000) < 1.1  # Poisson's; the binomial's is a fifth smaller


def test_a_monitor_of_synapses_sees_those_that_brians_sees():
    objects = delays_script()
    made = next(o for o in objects if isinstance(o, b2.Synapses))
    watched = [3, 0, 5]
    monitor = b2.StateMonitor(made, "w", record=watched)
    script = models.from_brian2([*objects, monitor], presentation=DURATION, watch="exc")
    elements = script.record[f"{made.name}.w"]
    assert elements != watched  # which delays have put elsewhere
    for key, theirs in {"i": made.i, "j": made.j, "w": made.w}.items():
        found = script.state[f"{made.name}.{key}"][elements]
        np.testing.assert_array_equal(found, np.asarray(theirs)[watched])
    stimulus = engine.SpikeStimulus(trains=script.samples["given"])
    result = engine.run(
        script.network, stimulus, seed=0, state=script.state, record=script.record, engine="numpy"
    )
    for key in ("i", "j", "delay"):  # in the order of a result
        name = f"{made.name}.{key}"
        np.testing.assert_array_equal(result.state[name], script.state[name])
    shown = result.states[f"{made.name}.w"].values[0, -1]
    np.testing.assert_array_equal(shown, result.state[f"{made.name}.w"][elements])


def test_a_script_prints_in_a_line():
    script = models.from_brian2(stdp_script(), presentation=DURATION, watch="exc")
    assert len(repr(script)) < 1000
    assert "given" in repr(script)


def test_what_monitors_watched():
    source, cells = given(), leaky()
    made = linked(source, cells, model="w : 1", on_pre="v += w")
    script = models.from_brian2(
        [
            source, cells, made,
            b2.SpikeMonitor(cells), b2.SpikeMonitor(source),
            b2.StateMonitor(cells, "v", record=True),
            b2.StateMonitor(cells[1:3], "drive", record=[1]),
            b2.StateMonitor(made, "w", record=[0, 2], dt=5 * ms),
        ],
        presentation=DURATION,
    )  # fmt: skip
    assert {*script.record["spikes"]} == {"exc", "given"}
    assert script.record["exc.v"] == [0, 1, 2, 3]
    assert script.record["exc.drive"] == [2]
    assert script.record["link.w"] == engine.every(5 * ms, [0, 2])


def test_samples_have_lengths_of_their_own():
    script = models.from_brian2(plain_script())
    (trains,) = script.samples.values()
    assert script.network.schedule.presentation is None
    assert trains.times.max() < trains.duration[0] <= trains.times.max() + 2 * float(DT)


def test_names_come_from_the_group_then_from_the_caller():
    weight = 0.25
    source, cells = given(), leaky(namespace={"tau": 7 * ms})
    objects = [source, cells, linked(source, cells, on_pre="v += weight", delay=1 * ms)]
    script = models.from_brian2(objects, presentation=DURATION)
    assert float(script.network.population("exc").neuron.constants["tau"]) == 0.007
    (projection,) = script.network.projections
    assert projection.synapse.constants["weight"] == weight
    given_name = models.from_brian2(objects, presentation=DURATION, namespace={"weight": 0.5})
    assert given_name.network.projections[0].synapse.constants["weight"] == 0.5


def test_constants_of_names_that_variables_cannot_have():
    constants = {"nu_post": 0.3, "w": 0.5, "tau": 8 * ms}
    source, cells = given(), leaky(model="dv/dt = (cursor - v)/tau : 1 (unless refractory)",
                                   namespace={"tau": tau, "cursor": 0.5})  # fmt: skip
    link = linked(source, cells, on_pre="v += w*nu_post*tau/ms", namespace=constants, delay=DT)
    script = models.from_brian2([source, cells, link], presentation=DURATION)
    assert {*script.network.projections[0].synapse.constants} == {"nu_post_", "w_", "tau_"}
    assert {*script.network.population("exc").neuron.constants} >= {"cursor_", "tau"}
    ours, _ = of_ours(script)
    assert len(ours) > 10
    assert ours == of_brian([source, cells, link])


def spatial():
    morphology = b2.Soma(diameter=30 * b2.umetre)
    return [b2.SpatialNeuron(morphology, "Im = 0*amp/meter**2 : amp/meter**2", name="cable")]


def with_operation():
    return [leaky(), b2.NetworkOperation(lambda: None)]


def two_clocks():
    return [leaky(), leaky(name="other", dt=1 * ms)]


def with_link():
    cells, other = leaky(), leaky(model=LEAKY + "\nx : 1 (linked)", name="other")
    other.x = b2.linked_var(cells, "v")
    return [cells, other]


def with_array():
    return [leaky(namespace={"tau": np.array([1, 2, 3, 4]) * ms})]


def with_order():
    cells = leaky()
    cells.run_regularly("v = 0", when="resets")
    return [cells]


def with_times():
    cells = leaky()
    cells.run_at("v = 0", times=[1, 5] * ms)
    return [cells]


def unknown_name():
    return [leaky(model="dv/dt = -v/no_such_name : 1 (unless refractory)")]


def event_monitor():
    cells = leaky(events={"up": "v > 0.5"})
    return [cells, b2.EventMonitor(cells, "up")]


def not_there():
    cells = leaky()
    return [linked(given(), cells, on_pre="v += 1"), cells]


@pytest.mark.parametrize(
    ("write", "told"),
    [
        (with_operation, "NetworkOperation.*run_regularly"),
        (spatial, "SpatialNeuron 'cable'.*compartments"),
        (two_clocks, "one time step, got exc 0.5 ms, other 1 ms"),
        (with_link, "'x' is linked.*Synapses"),
        (with_array, "array 'tau'.*TimedArray"),
        (with_order, "when='resets' and order=0.*before_resets"),
        (with_times, "run_at.*run_regularly"),
        (unknown_name, "nothing gives 'no_such_name'.*namespace="),
        (event_monitor, "event 'up'.*leave it out"),
        (not_there, "'given' is not among the objects; add it"),
        (list, "must hold a group of neurons"),
        (lambda: 3, "must be a brian2.Network or several objects"),
    ],
)
def test_what_has_no_counterpart_is_refused_by_name(write, told):
    objects = write()
    with pytest.raises(ParameterError, match=told):
        models.from_brian2(objects, presentation=DURATION)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"keep": ["exc.thetas"]}, "keep: there is no 'exc.thetas'"),
        ({"inputs": ["ex"], "presentation": DURATION}, "inputs: there is no 'ex'; did you mean"),
        ({"inputs": ["exc"], "presentation": DURATION}, "cannot be one of inputs"),
        ({}, "presentation: must be given"),
    ],
)
def test_arguments_that_do_not_fit(arguments, told):
    with pytest.raises(ParameterError, match=told):
        models.from_brian2([leaky()], **arguments)


def test_a_standalone_device_keeps_its_values():
    b2.set_device("cpp_standalone", build_on_run=False)
    try:
        with pytest.raises(ParameterError, match="set_device\\('runtime'\\)"):
            models.from_brian2([leaky()], presentation=DURATION)
    finally:
        b2.get_device().reinit()
        b2.set_device("runtime")


def test_a_wiring_that_stands_in_the_state_says_so():
    script = models.from_brian2(plain_script(), presentation=DURATION)
    with pytest.raises(ParameterError, match="stand in a state"):
        script.network.sample(0)


class TestToBrian2:
    """Objects of Brian2 of a declaration."""

    @pytest.mark.parametrize("write", [s for s in SCRIPTS if s is not table_script])
    def test_there_and_back(self, write):
        script = models.from_brian2(write(), presentation=DURATION, watch="exc")
        objects = script.network.to_brian2(script.state)
        for name, trains in script.samples.items():
            objects[name].set_spikes(trains.units, trains.times * second)
        again = models.from_brian2(objects, presentation=DURATION, watch="exc")
        ours, _ = of_ours(script)
        assert len(ours) > 10
        assert of_ours(again)[0] == ours
        assert of_brian([*objects.objects]) == ours

    def test_a_state_of_a_sample_that_is_over_holds_back_nobody(self):
        script = models.from_brian2(plain_script(), presentation=DURATION, watch="exc")
        stimulus = engine.SpikeStimulus(trains=script.samples["given"])
        after = engine.run(
            script.network, stimulus, seed=0, state=script.state, engine="numpy"
        ).state
        assert after["exc.lastspike"].max() > 0.05
        objects = script.network.to_brian2(after)
        for name, trains in script.samples.items():
            objects[name].set_spikes(trains.units, trains.times * second)
        assert of_brian([*objects.objects]) == of_ours(script, state=after)[0]

    def test_rules_with_traces_on_neurons(self):
        network = models.Network(
            populations=(
                models.Population(name="source", n=5, neuron=models.PoissonInput()),
                models.Population(name="exc", n=3, neuron=models.LIF()),
            ),
            projections=(
                models.Projection(pre="source", post="exc", on_pre="i_syn_post += w*mV",
                                  rule=models.PairSTDP(w_max=40.0), norm=90.0),
            ),
            watch="exc",
            schedule=models.Schedule(presentation=DURATION, rest=0 * ms, dt=DT),
        )  # fmt: skip
        objects = network.to_brian2({"source_to_exc.w": np.full(15, 20.0)})
        np.testing.assert_allclose(objects["source_to_exc"].w, 18.0)
        objects["source"].rates = 200 * Hz
        of_brian([*objects.objects])
        assert np.ptp(objects["source_to_exc"].w[:]) > 0

    def test_what_belongs_to_samples_is_refused(self):
        neuron = models.NeuronModel(equations="v : 1", threshold="v > 1", at_slot_end="v = 0")
        network = models.Network(
            populations=(models.Population(name="exc", n=1, neuron=neuron),), watch="exc"
        )
        with pytest.raises(ParameterError, match="exc_at_slot_end acts when a sample ends"):
            network.to_brian2()

    def test_a_state_of_something_else_is_refused(self):
        network = models.Network(
            populations=(models.Population(name="exc", n=1, neuron=models.LIF()),), watch="exc"
        )
        with pytest.raises(ParameterError, match="there is no 'ex'; did you mean 'exc'"):
            network.to_brian2({"ex.v": [1.0]})


def test_volts_are_written_as_volts():
    cells = leaky(model="dv/dt = -v/tau : volt\nk : siemens/meter**2 (constant)\nok : boolean",
                  threshold="v > 1*mV", reset="v = 0*mV", refractory=False)  # fmt: skip
    script = models.from_brian2([cells], presentation=DURATION)
    equations = script.network.population("exc").neuron.equations
    assert ": volt" in equations
    assert models.NeuronModel(equations=equations)
    assert "k : metre**-4" in equations
    assert "ok : boolean (constant)" in equations


def test_a_frozen_model_is_written_as_brian_reads_it():
    odd = "\ndtheta/dt = -theta/second : 1\nok : boolean\nk : siemens/meter**2 (constant)"
    cells = leaky(model=LEAKY + odd, reset="v = 0; theta += 1", method="euler")
    script = models.from_brian2([cells], presentation=DURATION, keep=["exc.theta"])
    frozen = script.network.frozen().population("exc").neuron
    assert "ok : boolean" in frozen.equations
    assert "theta : 1" in frozen.equations.splitlines()


def test_the_same_script_is_the_same_program_in_every_process():
    """Whatever order a set has there: a program is kept by its text."""
    code = """
import brian2 as b2
from bioplastic import models
from bioplastic.engine.plan import plan_of
tau, alpha, beta, gamma, v_rest = 10*b2.ms, 1.0, 2.0, 3.0, 0.5
group = b2.NeuronGroup(3, "dv/dt = (alpha*beta*gamma + v_rest - v)/tau : 1", threshold="v > 1",
                       reset="v = 0", method="exact", name="group")
other = b2.Synapses(group, group, "w : 1", on_pre="v_post += w*alpha/beta + gamma", name="other")
other.connect()
net = b2.Network(group, other)
network = models.from_brian2(net, presentation=10*b2.ms).network
print(plan_of(network).key)
"""
    keys = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(keys) == 1
