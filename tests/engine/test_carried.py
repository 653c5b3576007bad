"""Networks whose answers depend on earlier samples are told from those that do not.

Every verdict is compared with what happens: samples shown in a row, and each on its own.
"""

import numpy as np
import pytest
from brian2 import ms, mV, second

from bioplastic import SpikeTrains, engine
from bioplastic.engine.carried import carried_variables
from bioplastic.errors import ParameterError
from bioplastic.models import (
    DiehlCookExcitatory,
    HomeostaticLIF,
    Network,
    NeuronModel,
    PairSTDP,
    Population,
    Projection,
    RandomWiring,
    Schedule,
    SpikeInput,
    SynapseModel,
    TsodyksMarkram,
)
from bioplastic.models.intrinsic import AdaptiveThresholdLIF

TRAINS = SpikeTrains(
    np.tile([0.001, 0.003, 0.004, 0.007], 4), np.tile([0, 1, 0, 1], 4), np.arange(0, 17, 4),
    n_units=2, duration=0.01,
)  # fmt: skip
LEAK = "dv/dt = -v/tau : 1"
FORGETS = {"threshold": "v > 1", "reset": "v = 0", "at_slot_start": "v = 0"}


def cell(more="", **changes):
    """A leaky neuron that forgets, with more equations."""
    return NeuronModel(
        equations=f"{LEAK}\n{more}",
        **{**FORGETS, "constants": {"tau": 5 * ms, "up": 0.5}, **changes},
    )


def declare(neuron, **projection):
    return Network(
        populations=(
            Population(name="input", n=2, neuron=SpikeInput()),
            Population(name="cell", n=2, neuron=neuron),
        ),
        projections=(
            Projection(**{
                "pre": "input", "post": "cell", "on_pre": "v_post += w", "weight": 1.2,
                **projection,
            }),
        ),
        watch="cell",
        schedule=Schedule(presentation=None, rest=0 * ms, dt=1 * ms, min_spikes=0),
    )  # fmt: skip


def shown(network, outputs, start, stop):
    result = engine.run(
        network, engine.SpikeStimulus(trains=TRAINS), seed=0, engine="numpy", start=start,
        stop=stop, record=dict.fromkeys(outputs, engine.every(1)),
    )  # fmt: skip
    return [result.counts, *(its.values for its in result.states.values())]


def depends(network, outputs):
    """Whether an answer is another one where the sample comes first."""
    row = shown(network, outputs, 0, 4)
    single = [shown(network, outputs, k, k + 1) for k in range(4)]
    alone = [np.concatenate(parts) for parts in zip(*single, strict=True)]
    return not all(np.array_equal(a, b) for a, b in zip(row, alone, strict=True))


ADDS_I = {"on_pre": "i_syn_post += w*100*mV"}
BLOCKS = {"threshold": "v > 1 + a", "reset": "v = 0; a += up"}
REMEMBERS = {
    "membrane": (cell(at_slot_start=""), {}, "cell.v"),
    "adaptation": (cell("a : 1", **BLOCKS), {}, "cell.a"),
    "a decaying one": (cell("da/dt = -a/(100*ms) : 1", **BLOCKS), {}, "cell.a"),
    "at the end": (cell("a : 1", threshold="v > 1 + a", at_slot_end="a = a + 2*up"), {}, "cell.a"),
    "at the begin": (
        cell("a : 1", threshold="v > 1 + a", at_slot_start="v = 0; a += up"), {}, "cell.a",
    ),
    "by way of another": (
        cell("a : 1\nb : 1", threshold="v > 1 + b", reset="v = 0; a += up",
             at_slot_start="v = 0; b = a"), {}, "cell.a",
    ),
    "read before it is set": (
        cell("a : 1\nb : 1", threshold="v > 1 + b", reset="v = 0; a += 3*up",
             at_slot_start="v = 0; b = a; a = 0"), {}, "cell.a",
    ),
    "set too late": (
        cell("a : 1", before_spikes="v = v + a", after_spikes="a = v/4 + 0.1"), {}, "cell.a",
    ),
    "refractoriness": (
        cell("a : 1", refractory="a > 0.35", reset="v = 0; a += 0.1"),
        {"weight": 2.5}, "cell.a",
    ),
    "theta": (AdaptiveThresholdLIF(theta_plus=9 * mV), ADDS_I, "cell.theta"),
    "a theta that falls": (
        AdaptiveThresholdLIF(theta_plus=0 * mV, tau_theta=10*ms, initial={"theta": 9 * mV}),
        ADDS_I, "cell.theta",
    ),
    "homeostasis": (HomeostaticLIF(theta_plus=9 * mV), ADDS_I, "cell.theta"),
    "its own string": (
        DiehlCookExcitatory(at_slot_start="v = v_rest; gi = 0").frozen(),
        {"on_pre": "ge_post += 9*w"}, "cell.ge",
    ),
    "a weight": (cell(), {"on_pre": "v_post += w; w += 0.2", "weight": None}, "input_to_cell.w"),
    "a synapse": (
        cell(), {"on_pre": "v_post += w*x",
                 "synapse": SynapseModel(equations="x : 1", on_pre="x += 0.4")},
        "input_to_cell.x",
    ),
}  # fmt: skip
FORGET = {
    "forgets": (cell(), {}),
    "sums into steps": (cell("a : 1", before_spikes="a = v; v = a"), {}),
    "frozen theta": (
        AdaptiveThresholdLIF(theta_plus=9 * mV, initial={"theta": 2 * mV}).frozen(), ADDS_I,
    ),
    "frozen homeostasis": (HomeostaticLIF(theta_plus=9 * mV).frozen(), ADDS_I),
    "values that change nothing": (
        cell("a : 1", **BLOCKS, at_slot_end="a = a - 3*up", constants={"tau": 5 * ms, "up": 0.0}),
        {},
    ),
    "remembers what nobody asks for": (cell("a : 1", reset="v = 0; a += up"), {}),
    "a list of synapses with delays": (
        cell(), {"wiring": RandomWiring(p=0.9), "delay": 4 * ms, "synapse":
                 TsodyksMarkram()},
    ),
    "keeps while a sample is repeated": (
        cell("a : 1", **BLOCKS | {"at_slot_start": "v = 0; a = a*int(repeats > 0)"}), {},
    ),
    "follows without a say": (
        cell("da/dt = (v - a)/(1*second) : 1"), {},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("neuron", "projection", "name"), REMEMBERS.values(), ids=REMEMBERS)
def test_what_remembers_is_named(neuron, projection, name):
    network = declare(neuron, **projection)
    assert carried_variables(network, {}) == [name]
    assert depends(network, ("cell.v",))


@pytest.mark.parametrize(("neuron", "projection"), FORGET.values(), ids=FORGET)
def test_what_forgets_passes(neuron, projection):
    network = declare(neuron, **projection)
    assert carried_variables(network, {}) == []
    assert not depends(network, ("cell.v",))


def test_recorded_state_is_an_answer():
    network = declare(cell("a : 1", reset="v = 0; a += up"))
    assert carried_variables(network, {}, ("cell.v",)) == []
    assert carried_variables(network, {}, ("cell.a",)) == ["cell.a"]
    assert depends(network, ("cell.a",))


def test_the_states_values_count():
    network = declare(AdaptiveThresholdLIF(), **ADDS_I)
    still = {"cell.theta_plus": np.zeros(1), "cell.tau_theta": np.array([1e30])}
    assert carried_variables(network, still) == []
    assert carried_variables(network.frozen(), {"cell.theta_plus": np.ones(1)}) == ["cell.theta"]


def test_a_frozen_threshold_stays_where_it_was():
    network = declare(AdaptiveThresholdLIF(tau_theta=1 * second).frozen(), **ADDS_I)
    equal = {"cell.theta": np.full(2, 0.003)}  # a value of what changes is none of a constant
    assert carried_variables(network, equal) == []


class TestPresent:
    @staticmethod
    def present(network, **options):
        stimulus = engine.SpikeStimulus(trains=TRAINS)
        return engine.present(network, stimulus, seed=0, engine="numpy", **options)

    def test_memory_is_refused(self):
        with pytest.raises(
            ParameterError, match=r"cell\.theta.*at_slot_start.*frozen\(\).*engine\.run"
        ):
            self.present(declare(AdaptiveThresholdLIF(), **ADDS_I))
        with pytest.raises(ParameterError, match=r"cell\.a "):
            self.present(declare(cell("a : 1", reset="v = 0; a += up")), record={"cell.a": "end"})

    @pytest.mark.parametrize(
        "learns", [{"rule": PairSTDP()}, {"norm": 3.0}], ids=["a rule", "a norm"]
    )
    def test_so_is_learning(self, learns):
        network = declare(cell(), weight=None, **learns)
        with pytest.raises(ParameterError, match=r"input_to_cell .*frozen\(\).*engine\.run"):
            self.present(network)

    def test_memory_in_what_synapses_sum_up_and_in_what_is_true(self):
        sums = {
            "synapse": SynapseModel(equations="f : 1\nI_post = f : 1 (summed)"), "on_pre": "f += w",
        }  # fmt: skip
        neuron = NeuronModel(
            equations="dv/dt = (I - v)/(5*ms) : 1\nI : 1", threshold="v > 1", reset="v = 0",
            at_slot_start="v = 0",
        )  # fmt: skip
        with pytest.raises(ParameterError, match=r"input_to_cell\.f"):
            self.present(declare(neuron, **sums))
        once = NeuronModel(
            equations="v : 1\ng : boolean", threshold="v > 1 and g", reset="v = 0; g = False",
            at_slot_start="v = 0",
        )  # fmt: skip
        with pytest.raises(ParameterError, match=r"cell\.g"):
            self.present(declare(once, on_pre="v_post += w"))

    def test_the_state_is_the_one_that_was_given(self):
        network = declare(cell("a : 1", reset="v = 0; a += up", initial={"a": 3.0}))
        result = self.present(network, state={"cell.v": np.array([0.1, 0.2])})
        np.testing.assert_array_equal(result.state["cell.a"], [3, 3])
        np.testing.assert_array_equal(result.state["cell.v"], [0.1, 0.2])


SHOWN = engine.SpikeStimulus(
    trains=SpikeTrains([0.001] * 5, [0] * 5, range(6), n_units=1, duration=0.005)
)


def plain(on_pre="v_post += 2*w", **neuron):
    given = {"equations": "v : 1\nx : 1", "threshold": "v > 1", "reset": "v = 0",
             "at_slot_start": "v = 0"} | neuron  # fmt: skip
    return Network(
        populations=(
            Population(name="in", n=1, neuron=SpikeInput()),
            Population(name="out", n=1, neuron=NeuronModel(**given)),
        ),
        projections=(Projection(pre="in", post="out", on_pre=on_pre, weight=1.0),),
        watch="out",
        schedule=Schedule(presentation=5 * ms, rest=0 * ms, dt=1 * ms, min_spikes=0),
    )


@pytest.mark.parametrize(
    "network",
    [
        plain("amount = 2*w\nv_post += amount"),
        plain(reset="tmp = v - 1; v = tmp"),
        plain(at_slot_end="tmp = v; x = 2*tmp"),
        plain(reset="v = 0; x *= 1", threshold="v > 1 + x"),
    ],
)
def test_what_statements_make_for_themselves_is_no_memory(network):
    assert engine.present(network, SHOWN, seed=0, engine="numpy").counts.shape == (5, 1)


@pytest.mark.parametrize(
    "network",
    [
        plain(reset="v = 0 # after; x += 1", threshold="v > 1 + x"),  # Brian ends remarks at a `;`
        plain(at_slot_end="x *= 0", initial={"x": 5.0}, threshold="v > 1 + x"),
    ],
)
def test_what_is_hard_to_see_is_memory(network):
    with pytest.raises(ParameterError, match=r"follow from out\.x"):
        engine.present(network, SHOWN, seed=0, engine="numpy")
