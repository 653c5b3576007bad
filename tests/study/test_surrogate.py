"""Backpropagation through time, against its equations in NumPy and on tasks that need memory."""

import numpy as np
import pytest

from bioplastic import SpikeTrains

torch = pytest.importorskip("torch")
pytest.importorskip("snntorch")

from bioplastic.study.methods.surrogate import (  # noqa: E402
    Recurrent,
    activity,
    network_spikes,
)
from bioplastic.study.methods.torch_classifier import TorchClassifier  # noqa: E402

DT = 0.010


def recurrent(n_neurons, input_gain=1.0, **options):
    settings = {"n_neurons": n_neurons, "dt": DT, "input_gain": input_gain}
    return TorchClassifier(Recurrent, settings=settings, **options)


def trains(*samples, n_units, durations):
    """One sample for each list of (time, unit)."""
    times = [t for sample in samples for t, _ in sorted(sample)]
    units = [u for sample in samples for _, u in sorted(sample)]
    offsets = np.cumsum([0, *map(len, samples)])
    return SpikeTrains(times, units, offsets, n_units=n_units, duration=durations)


def orders(n, seed):
    """Two volleys of the same ten inputs each: which comes first is the class."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 2
    samples = []
    for first in y:
        spikes = []
        for volley in (0, 1):
            begin = 0.02 + 0.10 * (volley != first) + rng.uniform(0, 0.03)
            spikes += [(begin + rng.uniform(0, 0.02), 10 * volley + k) for k in range(10)]
        samples.append(spikes)
    return trains(*samples, n_units=20, durations=0.25), y


def noise(n, seed):
    rng = np.random.default_rng(seed)
    durations = rng.uniform(0.15, 0.40, n)
    samples = [
        list(zip(rng.uniform(0, d, 60), rng.integers(0, 12, 60), strict=True)) for d in durations
    ]
    return trains(*samples, n_units=12, durations=durations), np.arange(n) % 3


def test_the_network_is_that_of_its_equations():
    X, y = noise(9, seed=0)
    model = recurrent(
        n_neurons=16, n_epochs=2, batch_size=4, learning_rate=0.02, input_gain=3.0, random_state=1
    ).fit(X, y)
    weights = {name: w.astype(float) for name, w in model.module_.weights.items()}
    hidden, out = model.module_.hidden, model.module_.outward
    beta = hidden.beta.detach().numpy().clip(0, 1)
    bias, bias_out = hidden.recurrent.bias.detach().numpy(), out.bias.detach().numpy()
    decay = np.exp(-DT / 0.300)
    spikes, answers = [], []
    for sample in X:
        n_steps = int(np.ceil(sample.duration[0] / DT))
        counts = np.zeros((n_steps, 12))
        np.add.at(counts, ((sample.times / DT).astype(int), sample.units), 1)
        v, s, o = np.zeros(16), np.zeros(16), np.zeros(3)
        log_p, fired = np.zeros(3), []
        for t in range(n_steps):
            # The reset of the last spike takes one threshold off.
            v = beta * v + counts[t] @ weights["input"] + s @ weights["recurrent"] + bias - s
            s = (v > 1).astype(float)
            o = decay * o + (1 - decay) * (s @ weights["readout"] + bias_out)
            if t >= np.floor(0.4 * n_steps):
                log_p += o - np.log(np.exp(o).sum())
            fired += [(t, unit) for unit in np.flatnonzero(s)]
        spikes.append(fired)
        answers.append(log_p.argmax())
    theirs = network_spikes(model, X)
    assert sum(map(len, spikes)) > 50
    for mine, sample in zip(spikes, theirs, strict=True):
        assert mine == list(zip(np.rint(sample.times / DT).astype(int), sample.units, strict=True))
    assert len(set(answers)) > 1
    assert model.predict(X).tolist() == answers


def test_answers_do_not_depend_on_who_else_is_asked():
    X, y = noise(9, seed=2)
    model = recurrent(n_neurons=16, n_epochs=2, batch_size=4).fit(X, y)
    together = model.predict(X)
    assert [model.predict(X[k : k + 1])[0] for k in range(9)] == together.tolist()


def test_it_learns_what_needs_memory():
    X, y = orders(96, seed=0)
    X_test, y_test = orders(60, seed=1)
    model = recurrent(
        n_neurons=32, n_epochs=15, batch_size=8, learning_rate=5e-3, random_state=0
    ).fit(X, np.array(["left", "right"])[y])
    assert model.history_["loss"][-1] < 0.5 * model.history_["loss"][0]
    assert np.mean(model.predict(X_test) == np.array(["left", "right"])[y_test]) > 0.9


def test_the_same_seed_trains_the_same_network_and_leaves_torch_alone():
    X, y = noise(9, seed=3)

    def weights(seed):
        model = recurrent(n_neurons=16, n_epochs=2, batch_size=4, random_state=seed)
        return np.concatenate([w.ravel() for w in model.fit(X, y).module_.weights.values()])

    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    first = weights(0)
    assert torch.equal(torch.rand(3), expected)
    np.testing.assert_array_equal(first, weights(0))
    assert np.abs(first - weights(1)).max() > 0.01


def test_inputs_are_pooled_and_come_again_on_delay_lines():
    # One spike early, one that is over before the second line brings it.
    X = trains([(0.001, 0), (0.012, 5)], [(0.075, 3)], n_units=6, durations=[0.10, 0.10])
    model = recurrent(n_neurons=4, n_epochs=1, pool=3, n_lines=3).fit(X, [0, 1])
    seen = activity(model, X)
    # Inputs: two groups at once, 50 ms later, 100 ms later.
    assert seen["input"].tolist() == [1, 2, 1, 1, 0, 0]
    assert seen["steps"] == (2, 20)
    assert seen["spikes"].sum() == len(network_spikes(model, X).times)


def test_activity_ends_with_each_sample():
    X, y = noise(9, seed=4)
    model = recurrent(n_neurons=16, n_epochs=1, input_gain=3.0).fit(X, y)
    seen = activity(model, X)
    alone = [activity(model, X[k : k + 1]) for k in range(9)]
    assert seen["spikes"].sum() > 0
    for name in ("input", "spikes"):
        np.testing.assert_array_equal(seen[name], sum(one[name] for one in alone))
    assert seen["steps"] == (9, sum(one["steps"][1] for one in alone))
