"""Synapses that are a list learn as those of a full wiring do, of which they are a part."""

import numpy as np
import pytest
from brian2 import ms

from bioplastic.models import (
    SGD,
    Adam,
    Network,
    Population,
    Projection,
    RandomWiring,
    Schedule,
    SpikeInput,
)
from bioplastic.models.eprop import EPropLIF
from bioplastic.models.plasticity.eprop import EProp

N_INPUT, N_HIDDEN = 5, 4


def declare(optimizer, wiring):
    learning = {"optimizer": optimizer, "batch": 2.0}
    return Network(
        populations=(
            Population(name="input", n=N_INPUT, neuron=SpikeInput()),
            Population(name="lif", n=N_HIDDEN, neuron=EPropLIF(rate_cost=1.0)),
        ),
        projections=(
            Projection(
                pre="input", post="lif", wiring=wiring, on_pre="v_post += w", rule=EProp(**learning)
            ),
        ),
        watch="lif",
        schedule=Schedule(presentation=None, rest=0 * ms, dt=1 * ms, min_spikes=0, batch_size=2),
    )


@pytest.mark.parametrize(
    "optimizer",
    [SGD(learning_rate=0.01, inertia=0.5), Adam(learning_rate=0.01)],
    ids=["sgd", "adam"],
)
@pytest.mark.parametrize("name", ["numpy", "cpp_standalone"])
def test_a_list_learns_as_a_part_of_all(simulate, optimizer, name):
    sparse = declare(optimizer, RandomWiring(p=0.6))
    full = declare(optimizer, "all_to_all")
    drawn = sparse.sample(1)
    i, j = (drawn[f"input_to_lif.{k}"].astype(int) for k in "ij")
    assert 5 < len(i) < N_INPUT * N_HIDDEN
    w = np.zeros((N_INPUT, N_HIDDEN))
    w[i, j] = np.random.default_rng(2).normal(0.4, 0.5, len(i))
    # One batch: then the missing weights of the full wiring are no longer 0.
    order = [0, 2]
    expected = simulate(full, {"input_to_lif.w": w.ravel()}, name="numpy", order=order).state
    found = simulate(sparse, drawn | {"input_to_lif.w": w[i, j]}, name=name, order=order)
    assert found.counts.sum() > 10
    for variable in ("w", "momentum", "e_bar", "eps_v"):
        values = expected[f"input_to_lif.{variable}"].reshape(N_INPUT, N_HIDDEN)[i, j]
        np.testing.assert_allclose(
            found.state[f"input_to_lif.{variable}"], values, rtol=1e-10, atol=1e-12
        )
    assert np.abs(found.state["input_to_lif.w"] - w[i, j]).max() > 0.005
