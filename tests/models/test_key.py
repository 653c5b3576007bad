"""The key under which a program is kept: every field counts, but what a program reads at its start.

Values are read so, and sizes: numbers of neurons, and of channels.
"""

import contextlib
import copy
import dataclasses
import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from brian2 import Quantity, ms, mV

from bioplastic import models
from bioplastic.engine.lanes import why_alone
from bioplastic.engine.plan import plan_of
from bioplastic.engine.standalone import slot_device
from bioplastic.engine.standalone_program import generate
from bioplastic.errors import ParameterError
from bioplastic.models import (
    LIF,
    Adam,
    AdaptiveLIF,
    Constant,
    Network,
    NeuronModel,
    PairSTDP,
    PairWiring,
    PlasticityRule,
    PoissonInput,
    Population,
    Projection,
    RandomWiring,
    Schedule,
    SignalInput,
    SpikeInput,
    SynapseModel,
    TsodyksMarkram,
    Uniform,
)
from bioplastic.models.declaration import key_of, parameter
from bioplastic.models.eprop import (
    EPropALIF,
    EPropLIF,
    LeakyReadout,
    SoftmaxError,
    SoftmaxOutput,
    SquaredError,
)
from bioplastic.models.inputs import DelayLineInput
from bioplastic.models.plasticity.eprop import EProp
from bioplastic.models.summary import declared_names
from bioplastic.models.values import is_distribution
from bioplastic.models.wiring import FixedInDegree

INPUT = Population(name="input", n=2, neuron=SpikeInput())
#: Declarations that cannot be made without arguments.
GIVEN = {
    "DistanceWiring": {"c": 0.5, "length": 2.0},
    "FixedInDegree": {"n": 2},
    "PairWiring": {"i": (0,), "j": (1,)},
    "PerTarget": {"values": Constant(1.0)},
    "TonotopicWiring": {"n": 2, "width": 1.0},
    "Uniform": {"low": 1.0, "high": 2.0},
    "LogUniform": {"low": 1.0, "high": 2.0},
    "Normal": {"mean": 2.0, "sd": 1.0},
    "NeuronModel": {"equations": "v : 1"},
    "Event": {"name": "crossing", "condition": "v > 1"},
    "Pathway": {"name": "late", "code": "v_post += 1"},
    "Regularly": {"code": "v = 0"},
    "TimeTable": {"values": (1.0, 2.0)},
    "Values": {"values": (1.0, 2.0)},
    "Population": {"name": "a", "n": 2, "neuron": LIF()},
    "Projection": {"pre": "a", "post": "b"},
    "Network": {"populations": (INPUT,), "watch": "input"},
}


def every_declaration():
    found = []
    for name, kind in declared_names().items():
        bases = ("Declaration", "Distribution", "Wiring", "every")
        if not inspect.isabstract(kind) and name not in bases:
            found.append(kind)
    return found


def example(kind):
    given = dict(GIVEN.get(kind.__name__, {}))
    for f in dataclasses.fields(kind):
        missing = f.default is f.default_factory is dataclasses.MISSING
        if missing and f.name not in given:
            given[f.name] = 1.0
    return kind(**given)


def mutated(value):
    """Return something else of the same kind."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, str):
        return f"{value}# another"
    if isinstance(value, Mapping):
        return {**value, "another": 1.0}
    if value is None:
        return 3 * ms
    if isinstance(value, tuple | list):
        return (*value, *value[:1]) if len(value) else (1,)
    if isinstance(value, int | float | Quantity | np.generic | np.ndarray):
        return value * 2 + (Quantity(1, dim=value.dim) if isinstance(value, Quantity) else 3)
    if dataclasses.is_dataclass(value):
        return LIF() if not isinstance(value, LIF) else NeuronModel(equations="another : 1")
    raise AssertionError(f"no other {value!r}")


@pytest.mark.parametrize("kind", every_declaration(), ids=lambda kind: kind.__name__)
def test_every_field_counts_unless_it_is_marked_as_a_value(kind):
    declaration = example(kind)
    key = key_of(declaration)
    for field in dataclasses.fields(kind):
        one = getattr(declaration, field.name)
        other, changed = mutated(one), copy.copy(declaration)
        object.__setattr__(changed, field.name, other)
        of_field = field.metadata.get("key")
        # What is marked as a value says itself what of it counts.
        marked = of_field is not None and of_field(one) == of_field(other)
        if not marked or field.name in ("constants", "refractory"):
            assert key_of(changed) != key, field.name


def test_a_field_that_was_forgotten_counts():
    @dataclasses.dataclass(frozen=True, kw_only=True, slots=True, repr=False)
    class Odd(LIF):
        odd: object = 1

    assert key_of(Odd(odd=1)) != key_of(Odd(odd=2)) != key_of(LIF())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Projection(pre="a", post="b"), Projection(pre="a", post="b", weight=1.0)),
        (Projection(pre="a", post="b"), Projection(pre="a", post="b", delay=1 * ms)),
        (Projection(pre="a", post="b"), Projection(pre="a", post="b", norm=1.0)),
        (Projection(pre="a", post="b"), Projection(pre="a", post="b", wiring="one_to_one")),
        (LIF(), LIF(tau_membrane=Uniform(low=1 * ms, high=2 * ms))),
        (NeuronModel(equations="v : 1"), NeuronModel(equations="v : 1", refractory=1 * ms)),
        (NeuronModel(equations="v : 1", constants={"a": 1.0}),
         NeuronModel(equations="v : 1", constants={"a": 1 * mV})),
        (PlasticityRule(constants={"a": 1.0}),
         PlasticityRule(constants={"a": Uniform(low=0.0, high=1.0)})),
        (Schedule(), Schedule(presentation=None)),
        (Schedule(), Schedule(dt=0.25 * ms)),
    ],
)  # fmt: skip
def test_the_kind_of_a_value_counts(one, other):
    assert key_of(one) != key_of(other)


# --- what is marked is read at the start: another value leaves the program's text as it is


def lif_network(*, entrance=None, neuron=None, population=None, schedule=None, **projection):
    given = {"on_pre": "i_syn_post += w*mV", **projection}
    return Network(
        populations=(
            Population(name="input", n=4, neuron=entrance or SpikeInput()),
            Population(name="out", n=4, neuron=neuron or LIF(), **(population or {})),
        ),
        projections=(Projection(pre="input", post="out", **given),),
        watch="out",
        schedule=schedule or Schedule(presentation=20 * ms, rest=0 * ms, dt=1 * ms),
    )


def other_values(declaration):
    """Return a declaration with another value in every field that is marked as one."""
    changes = {}
    for f in dataclasses.fields(declaration):
        value = getattr(declaration, f.name)
        if "bound" not in f.metadata or f.metadata.get("key") in (None, key_of):
            continue
        if is_distribution(value) or value is None:
            continue
        more = -0.25 * abs(value)
        whole = f.metadata["bound"].low == 1
        changes[f.name] = value + (1 if whole else more)
    return dataclasses.replace(declaration, **changes)


def eprop_network(neuron, rule):
    return Network(
        populations=(
            Population(name="input", n=4, neuron=SpikeInput()),
            Population(name="out", n=4, neuron=neuron),
        ),
        projections=(
            Projection(pre="input", post="out", on_pre="v_post += w", rule=rule),
        ),
        watch="out",
        schedule=Schedule(presentation=20 * ms, rest=0 * ms, dt=1 * ms),
    )  # fmt: skip


NEURON = NeuronModel(
    equations="dv/dt = (drive - v)/tau : 1 (unless refractory)", threshold="v > 1", reset="v = 0",
    refractory=2 * ms, constants={"tau": 10 * ms, "drive": 1.2}, initial={"v": 0.5},
)  # fmt: skip
OTHER = dataclasses.replace(
    NEURON, refractory=3 * ms, constants={"tau": 5 * ms, "drive": 2.0}, initial={"v": 0.1}
)
SHORT = {"presentation": 20 * ms, "dt": 1 * ms}
CASES = {
    "LIF": (lif_network(neuron=LIF()), lif_network(neuron=other_values(LIF()))),
    "NeuronModel": (
        lif_network(neuron=NEURON, on_pre="v_post += w"),
        lif_network(neuron=OTHER, on_pre="v_post += w"),
    ),
    "PoissonInput": (
        lif_network(entrance=PoissonInput()),
        lif_network(entrance=other_values(PoissonInput())),
    ),
    "DelayLineInput": (
        lif_network(entrance=DelayLineInput(n_channels=2)),
        lif_network(entrance=DelayLineInput(n_channels=4, delay=40 * ms)),
    ),
    "PairSTDP": (lif_network(rule=PairSTDP()), lif_network(rule=other_values(PairSTDP()))),
    "EProp": (
        eprop_network(EPropLIF(), EProp()),
        eprop_network(
            other_values(EPropLIF()), EProp(tau_filter=30 * ms, optimizer=other_values(Adam()))
        ),
    ),
    "TsodyksMarkram": (
        lif_network(synapse=TsodyksMarkram()),
        lif_network(synapse=other_values(TsodyksMarkram())),
    ),
    "Schedule": (
        lif_network(schedule=Schedule(**SHORT)),
        lif_network(
            schedule=Schedule(
                presentation=30 * ms, rest=10 * ms, dt=1 * ms, min_spikes=2, max_repeats=3,
            )
        ),
    ),
    "weight, norm": (
        lif_network(weight=1.0, wiring="one_to_one"), lif_network(weight=2.0, wiring="one_to_one"),
    ),
    "norm": (lif_network(norm=1.0), lif_network(norm=2.0)),
    "wiring, delay": (
        lif_network(wiring=RandomWiring(p=0.5), delay=2 * ms),
        lif_network(wiring=FixedInDegree(n=2), delay=Uniform(low=1 * ms, high=5 * ms)),
    ),
    "grid": (
        lif_network(population={"grid": (2, 2)}, wiring=PairWiring(i=(0,), j=(1,))),
        lif_network(population={"grid": (3, 3), "places": (0, 4, 5, 8)},
                    wiring=PairWiring(i=(1,), j=(0,))),
    ),
    "distributions": (
        lif_network(neuron=AdaptiveLIF(tau_membrane=Uniform(low=1 * ms, high=2 * ms)),
                    on_pre="i_exc_post += w*mV"),
        lif_network(neuron=AdaptiveLIF(tau_membrane=Uniform(low=2 * ms, high=9 * ms)),
                    on_pre="i_exc_post += w*mV"),
    ),
}  # fmt: skip


def sources(network, folder, lanes=1):
    """Generate a program, and return what its files hold."""
    folder.mkdir()
    generate(plan_of(network).network, folder, slot_device, lanes=lanes, superpose=lanes == 1)
    return {p.name: p.read_bytes() for p in folder.iterdir()}


def sized(network, n):
    """Return a network with `n` times as many neurons; 0: with one neuron in each population."""
    populations, projections = [], []
    for p in network.populations:
        number, neuron = n * p.n or 1, p.neuron
        if hasattr(neuron, "n_channels"):
            neuron = dataclasses.replace(neuron, n_channels=number)
        grid = {"grid": (number, 1), "places": None} if p.grid else {}
        populations.append(dataclasses.replace(p, n=number, neuron=neuron, **grid))
    for p in network.projections:
        first = {"wiring": PairWiring(i=(0,), j=(0,))} if isinstance(p.wiring, PairWiring) else {}
        projections.append(dataclasses.replace(p, **first))
    return dataclasses.replace(
        network, populations=tuple(populations), projections=tuple(projections)
    )


@pytest.mark.parametrize("name", CASES)
def test_another_value_is_read_by_the_same_program(name, tmp_path):
    one, other = CASES[name]
    assert one != other
    other = sized(other, 0)
    assert key_of(one) == key_of(other)
    assert sources(one, tmp_path / "one") == sources(other, tmp_path / "other")


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_so_are_sizes_of_many_and_lanes(name, tmp_path):
    one, _ = CASES[name]
    many, single = sized(one, 3), sized(one, 0)
    assert plan_of(one).key == plan_of(many).key == plan_of(single).key
    assert plan_of(one).sizes != plan_of(many).sizes != plan_of(single).sizes
    assert sources(one, tmp_path / "one") == sources(many, tmp_path / "many")
    found = sources(single, tmp_path / "single in lanes", lanes=2)
    assert found == sources(many, tmp_path / "many in lanes", lanes=5)


# --- the same of every neuron, synapse and rule there is


def networks_around(model):
    """Give networks with a model in its place, among neurons that have what it asks for."""
    entrances = (PoissonInput(), SpikeInput(), SignalInput())
    if isinstance(model, NeuronModel):
        if model.takes:
            entrances, others = (model,), NEURONS
        else:
            others = (model,)
        acts = ("", "v_post += w", "v_post += w*mV", "i_syn_post += w*mV")
        tries = [({"on_pre": on_pre}, e, n) for on_pre in acts for e in entrances for n in others]
    else:
        kind = "rule" if isinstance(model, PlasticityRule) else "synapse"
        tries = [({"on_pre": "", kind: model}, e, n) for e in (*entrances, *NEURONS)
                 for n in NEURONS]  # fmt: skip
    for given, entrance, neuron in tries:
        populations = [Population(name="out", n=4, neuron=neuron)]
        if not entrance.takes:
            populations.insert(0, Population(name="shown", n=2, neuron=SpikeInput()))
        populations.insert(0, Population(name="input", n=4, neuron=entrance))
        yield populations, Projection(pre="input", post="out", **given)


NEURONS = (
    LIF(), models.AdaptiveExponential(), EPropLIF(), EPropALIF(), LeakyReadout(),
    SoftmaxError(), SquaredError(), SoftmaxOutput(),
)  # fmt: skip
MODELS = [
    kind
    for kind in every_declaration()
    if issubclass(kind, NeuronModel | PlasticityRule | SynapseModel)
    and dataclasses.fields(kind) != dataclasses.fields(NeuronModel)
]


def network_of(model):
    batch = {"batch_size": getattr(model, "batch", 1)}
    schedule = Schedule(presentation=20 * ms, rest=0 * ms, dt=1 * ms, **batch)
    for populations, projection in networks_around(model):
        watch = next((p.name for p in populations if p.neuron.spikes), None)
        with contextlib.suppress(ParameterError):
            network = Network(populations=tuple(populations), projections=(projection,),
                              watch=watch, schedule=schedule)  # fmt: skip
            plan_of(network)
            return network
    raise AssertionError(f"no network has a place for {model!r}")


@pytest.mark.parametrize("kind", MODELS, ids=lambda kind: kind.__name__)
def test_values_of_every_model_are_read(kind):
    model = example(kind)
    one, other = network_of(model), sized(network_of(other_values(model)), 0)
    assert key_of(one) == key_of(other)
    plan, changed = plan_of(one), plan_of(other)
    assert plan.texts == changed.texts
    assert [(a.name, a.code(), a.every, a.order) for a in plan.actions] == [
        (a.name, a.code(), a.every, a.order) for a in changed.actions
    ]
    assert plan.values.keys() == changed.values.keys()


@pytest.mark.slow
@pytest.mark.parametrize("kind", MODELS, ids=lambda kind: kind.__name__)
def test_programs_of_other_values_and_sizes_are_the_same(kind, tmp_path):
    model = example(kind)
    one, other = network_of(model), sized(network_of(other_values(model)), 0)
    assert sources(one, tmp_path / "one") == sources(other, tmp_path / "other")
    if not why_alone(one):
        found = sources(one, tmp_path / "one in lanes", lanes=2)
        assert found == sources(sized(other, 3), tmp_path / "other in lanes", lanes=3)


@pytest.mark.parametrize("kind", [k for k in MODELS if issubclass(k, PlasticityRule)])
def test_how_often_a_rule_acts_counts(kind):
    if not issubclass(kind, models.VoltageSTDP):
        one, other = (kind(update_interval=k * ms) for k in (10, 20))
        assert key_of(one) != key_of(other)


# --- what classes of one's own say by code, and no field does


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class Leak(PlasticityRule):
    """A rule whose author did not think of the key."""

    every_step: str = "w = w - 0.01"
    update_interval: Any = parameter(10 * ms, low=0)  # noqa: RUF009


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class Wide(SignalInput):
    """An input that counts its features by a value."""

    n_channels: Any = parameter(1, low=1, strict=False)  # noqa: RUF009

    def n_features(self, n):
        return round(self.n_channels)


def of_period(name):
    class Silent(NeuronModel):
        @property
        def refractory_string(self):
            return name

    return Silent(
        equations="v : 1", threshold="v > 1", reset="v = 0",
        constants={"long": 5 * ms, "short": 1 * ms},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("one", "other"),
    [
        [lif_network(rule=Leak(update_interval=k * ms)) for k in (10, 1)],
        [lif_network(neuron=of_period(name), on_pre="v_post += w") for name in ("long", "short")],
    ],
)
def test_what_a_declaration_becomes_counts(one, other):
    assert plan_of(one).key != plan_of(other).key


def test_how_many_features_an_input_has_is_a_size(tmp_path):
    one, other = (lif_network(entrance=Wide(n_channels=k)) for k in (2, 4))
    assert plan_of(one).key == plan_of(other).key
    assert plan_of(one).columns != plan_of(other).columns
    assert sources(one, tmp_path / "one") == sources(other, tmp_path / "other")


def test_a_mapping_that_its_owner_changes_is_not_the_declarations():
    constants = {"tau": 10 * ms}
    neuron = NeuronModel(equations="dv/dt = -v/tau : 1", constants=constants)
    constants["tau"] = 2 * ms
    assert neuron.parameters["tau"] == 10 * ms
