"""A laboratory: rules side by side, each on pairs of neurons that spike when told, in one run."""

import numpy as np
import pytest
from brian2 import ms

from bioplastic import SpikeTrains, engine
from bioplastic.inspect._laboratory import RELAY
from bioplastic.models import (
    Network,
    PairWiring,
    Population,
    Projection,
    Schedule,
    SpikeInput,
)
from bioplastic.models.declaration import key_of


def traces_of(rule):
    """Strings by which traces differ."""
    return [rule.pre_traces, rule.on_pre_trace, rule.post_traces, rule.on_post_trace]


class Laboratory:
    """Runs rules on `n` pairs of neurons each; all rules see the same spikes."""

    def __init__(self, n, dt=1.0):
        self.n, self.dt = n, dt
        self.programs = {}

    def declare(self, rules):
        populations = [Population(name="input", n=2 * self.n, neuron=SpikeInput())]
        projections, sides = [], {}
        for name, rule in rules.items():
            key = repr((traces_of(rule), [v for k, v in rule.parameters.items() if "tau" in k]))
            if key not in sides:  # rules of equal traces share their neurons
                sides[key] = pre, post = f"before_{name}", f"after_{name}"
                populations += [Population(name=s, n=self.n, neuron=RELAY) for s in (pre, post)]
                projections += [
                    Projection(
                        pre="input", post=side, wiring=PairWiring(i=told, j=range(self.n)),
                        on_pre="last_post = t", weight=1.0,
                    )
                    for side, told in ((pre, range(self.n)), (post, range(self.n, 2 * self.n)))
                ]  # fmt: skip
            pre, post = sides[key]
            projections.append(
                Projection(
                    pre=pre, post=post, wiring="one_to_one", on_pre="", rule=rule, label=name
                )
            )
        return Network(
            populations=tuple(populations),
            projections=tuple(projections),
            watch=("input", *(p.name for p in populations[1:])),
            schedule=Schedule(presentation=None, rest=0 * ms, dt=self.dt * ms, min_spikes=0),
        )

    def weights(self, rules, pre, post, *, w, name="numpy", duration=None):
        """Weights after the spikes, by rule.

        Parameters
        ----------
        rules : dict of str to PlasticityRule
        pre, post : list of `n` arrays, in milliseconds
            Spike times of both sides of each synapse, on the grid.
        w : float or ndarray of shape (n,)
            Weights before.
        name : str
            Engine.
        duration : float, in milliseconds, optional
            Spikes that come later are left out.
        """
        network = self.declare(rules)
        trains = [*pre, *post]
        times = np.concatenate(trains)
        units = np.repeat(np.arange(2 * self.n), [len(train) for train in trains])
        if duration is None:
            duration = times.max() + 3 * self.dt
        order = np.argsort(times, kind="stable")
        order = order[times[order] < duration - 2 * self.dt]
        samples = SpikeTrains(
            times[order] * 1e-3, units[order], [0, len(order)],
            n_units=2 * self.n, duration=duration * ms,
        )  # fmt: skip
        key = name, key_of(network)
        if key not in self.programs:
            self.programs[key] = engine.open_program(network, engine=name)
        result = engine.run(
            network,
            engine.SpikeStimulus(trains=samples),
            seed=0,
            engine=name,
            state={f"{rule}.w": np.broadcast_to(w, (self.n,)) for rule in rules},
            record="counts",
            program=self.programs[key],
        )
        counts = result.counts[0].reshape(-1, 2 * self.n)
        assert (counts == np.bincount(units[order], minlength=2 * self.n)).all(), "spikes were lost"
        return {rule: result.state[f"{rule}.w"] for rule in rules}


@pytest.fixture(scope="session")
def laboratory():
    """``laboratory(n)`` is the same one for every test: what it has compiled, it keeps."""
    made = {}
    return lambda n: made.setdefault(n, Laboratory(n))
