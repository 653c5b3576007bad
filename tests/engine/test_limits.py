"""What 32 bits cannot count is refused before anything is built or run."""

import dataclasses

import numpy as np
import pytest
from brian2 import ms

from bioplastic import SpikeTrains, engine
from bioplastic.engine import limits
from bioplastic.engine.engines import find_engine
from bioplastic.errors import ParameterError
from bioplastic.models import (
    LIF,
    Network,
    PairWiring,
    Population,
    Projection,
    Schedule,
    SpikeInput,
    SynapseModel,
)

PAIRS = PairWiring(i=[0, 1, 2], j=[0, 0, 1])
SPIKES = engine.SpikeStimulus(trains=SpikeTrains([], [], [0, 0], n_units=3, duration=[0.005]))


def declare(*, n=2, wiring=PAIRS, dt=1 * ms, **options):
    options = {"on_pre": "v_post += w*mV", "weight": 1.0} | options
    return Network(
        populations=(
            Population(name="input", n=3, neuron=SpikeInput()),
            Population(name="cell", n=n, neuron=LIF()),
        ),
        projections=(Projection(pre="input", post="cell", wiring=wiring, **options),),
        watch="cell",
        schedule=Schedule(presentation=None, rest=0 * ms, dt=dt, min_spikes=0),
    )


def run(network, stimulus=SPIKES, **options):
    return engine.run(network, stimulus, seed=0, engine="numpy", **options)


@pytest.mark.parametrize(
    ("network", "lanes", "shown"),
    [
        (declare(n=2**31), 1, "Population cell: neurons must be at most 2,147,483,647, got 2,147"),
        (declare(n=2**29), 4, "Population cell: neurons .* got 2,147,483,648 in 4 lanes; take few"),
        (declare(n=10**9, wiring="all_to_all"), 1, "input_to_cell: synapses .* got 3,000,000,000;"),
        (declare(n=10**9, wiring="all_to_all", delay=2 * ms), 1, "input_to_cell: synapses .* got"),
        (declare(n=10**8, wiring="all_to_all"), 8, "input_to_cell: synapses .* 2,400,000,000 in 8"),
    ],
)
def test_neurons_and_regular_synapses(network, lanes, shown):
    with pytest.raises(ParameterError, match=shown):
        engine.open_program(network, engine="numpy", lanes=lanes)


def test_watched_neurons_of_several_populations():
    network = declare(n=2**30)
    other = dataclasses.replace(network.populations[1], name="other")
    network = dataclasses.replace(
        network, populations=(*network.populations, other), watch=("cell", "other")
    )
    with pytest.raises(ParameterError, match="Network.watch: neurons must be at most"):
        engine.open_program(network, engine="numpy")


def test_synapses_that_nobody_makes_do_not_count():
    network = declare(n=3)
    pooled = Projection(
        pre="cell", post="cell", wiring="all_but_one", weight=1.0, on_pre="v_post += w*mV"
    )
    large = dataclasses.replace(
        network,
        populations=(network.populations[0], Population(name="cell", n=10**6, neuron=LIF())),
        projections=(pooled,),
    )
    limits.check_sizes(large, lanes=1, copies=True)
    apart = dataclasses.replace(pooled, pooled=False)
    with pytest.raises(ParameterError, match="cell_to_cell: synapses"):
        limits.check_sizes(dataclasses.replace(large, projections=(apart,)), lanes=1, copies=True)


def test_lanes_of_a_compiled_program_share_regular_synapses():
    network = declare(n=10**8, wiring="all_to_all")
    limits.check_sizes(network, lanes=8, copies=find_engine("cpp_standalone").copies)
    with pytest.raises(ParameterError, match="synapses"):
        limits.check_sizes(network, lanes=8, copies=find_engine("cython").copies)


def test_synapses_of_a_list(monkeypatch):
    network = declare()
    for lanes, shown in ((1, "synapses must be at most 2, got 3;"), (2, "got 6 in 2 lanes")):
        program = engine.open_program(network, engine="numpy", lanes=lanes)
        with monkeypatch.context() as patch:
            patch.setattr(limits, "LARGEST", 2)
            with pytest.raises(ParameterError, match=f"Projection input_to_cell: .*{shown}"):
                run(network, program=program, lanes=lanes)


def test_a_delay_of_too_many_steps():
    with pytest.raises(
        ParameterError, match="longest delay must be .* shorter delays, a larger dt"
    ):
        run(declare(), state={"input_to_cell.delay": np.array([3e6])})


@pytest.mark.parametrize(
    ("name", "options", "lanes", "refused"),
    [
        ("cpp_standalone", {}, 1, "times neurons of cell"),
        ("numpy", {}, 1, None),
        # What waits in the spikes of the last steps needs no ring.
        ("cpp_standalone", {"synapse": SynapseModel(equations="a : 1")}, 1, None),
        (
            "cuda_standalone",
            {"synapse": SynapseModel(equations="a : 1")},
            1,
            "times neurons of cell",
        ),
        ("cuda_standalone", {"n": 1}, 2, "times neurons of cell"),
        ("cuda_standalone", {"n": 1}, 1, "times neurons of input"),
        ("cpp_standalone", {"n": 1}, 1, None),
    ],
)
def test_the_ring_of_what_arrives(name, options, lanes, refused):
    network = declare(**options)
    values = {"input_to_cell.delay": np.array([0.0, 1.2e6, 0.0])}
    kept = {"copies": find_engine(name).copies, "rings": find_engine(name).rings}
    if refused is None:
        limits.check_lists(network, values, lanes=lanes, **kept)
    else:
        with pytest.raises(ParameterError, match=f"steps of its longest delay {refused} must"):
            limits.check_lists(network, values, lanes=lanes, **kept)


def test_samples_of_too_many_steps():
    trains = SpikeTrains([], [], [0, 0], n_units=3, duration=[2.2e6])
    with pytest.raises(
        ParameterError, match="Schedule.dt=1. ms: steps of the longest sample must be at"
    ):
        run(declare(), engine.SpikeStimulus(trains=trains))
