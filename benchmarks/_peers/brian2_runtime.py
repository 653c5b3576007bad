"""Diehl & Cook (2015) in plain Brian2 runtime mode, as people write it: a line of JSON to stdout.

    python brian2_runtime.py N_NEURONS N_IMAGES [--one-run]

The textbook model with the constants of the authors' script: 784-n-n, dt 0.5 ms, 350 + 150 ms,
the triplet rule with the right sign and its traces as event-driven variables of the synapses,
normalisation before each image, all-to-all-but-own inhibition; no delays, no image presented
again. One `run` a phase, two an image. With `--one-run` all images lie end to end in a single
`run`, as few scripts do it: that spares Brian2 the set-up of every run.
"""

import argparse
import json
import resource
import sys
import time

import brian2 as b2
import numpy as np
from brian2 import Hz, ms

from bioplastic.datasets import load_mnist

WARM_UP = 3
ON, REST, SLOT = 350 * ms, 150 * ms, 500 * ms

NEURON = """
    dv/dt     = ((v_rest - v) + ge*(e_exc - v) + gi*(e_inh - v)) / tau : volt (unless refractory)
    dge/dt    = -ge / (1*ms)      : 1
    dgi/dt    = -gi / (2*ms)      : 1
"""
THETA = "dtheta/dt = -theta / (1e7*ms) : volt"
EXCITATORY = {"v_rest": -65 * b2.mV, "e_exc": 0 * b2.mV, "e_inh": -100 * b2.mV, "tau": 100 * ms}
INHIBITORY = {"v_rest": -60 * b2.mV, "e_exc": 0 * b2.mV, "e_inh": -85 * b2.mV, "tau": 10 * ms}
STDP = """
    w                             : 1
    dpre/dt   = -pre / (20*ms)    : 1 (event-driven)
    dpost1/dt = -post1 / (20*ms)  : 1 (event-driven)
    dpost2/dt = -post2 / (40*ms)  : 1 (event-driven)
"""
ON_PRE = "ge_post += w; pre = 1; w = clip(w - 1e-4*post1, 0, 1)"
ON_POST = "w = clip(w + 1e-2*pre*post2, 0, 1); post1 = 1; post2 = 1"


def network(n: int, rates: object) -> tuple[b2.Network, dict[str, object]]:
    """Return the network and its parts by name; `rates` as PoissonGroup takes them."""
    poisson = b2.PoissonGroup(784, rates=rates)
    exc = b2.NeuronGroup(
        n,
        NEURON + THETA,
        threshold="v > theta - 72*mV",
        reset="v = -65*mV; theta += 0.05*mV",
        refractory=5 * ms,
        method="exponential_euler",
        namespace=EXCITATORY,
    )
    inh = b2.NeuronGroup(
        n,
        NEURON,
        threshold="v > -40*mV",
        reset="v = -45*mV",
        refractory=2 * ms,
        method="exponential_euler",
        namespace=INHIBITORY,
    )
    exc.v, exc.theta, inh.v = -105 * b2.mV, 20 * b2.mV, -100 * b2.mV
    plastic = b2.Synapses(poisson, exc, STDP, on_pre=ON_PRE, on_post=ON_POST)
    plastic.connect()
    plastic.w = "(rand() + 0.01)*0.3"
    exc_inh = b2.Synapses(exc, inh, on_pre="ge_post += 10.4")
    exc_inh.connect(j="i")
    inh_exc = b2.Synapses(inh, exc, on_pre="gi_post += 17.0")
    inh_exc.connect(condition="i != j")
    spikes = b2.SpikeMonitor(exc, record=False)
    parts = {"poisson": poisson, "plastic": plastic, "spikes": spikes}
    return b2.Network(poisson, exc, inh, plastic, exc_inh, inh_exc, spikes), parts


def normalise(plastic: b2.Synapses, n: int) -> None:
    """Scale the incoming weights of every neuron to a sum of 78."""
    w = np.reshape(plastic.w, (784, n))
    plastic.w = (w * (78 / w.sum(axis=0))).ravel()


def run_by_phase(n: int, images: np.ndarray) -> tuple[float, float]:
    """Train with a `run` for each phase; seconds and spikes an image, the first few left out."""
    net, parts = network(n, np.zeros(784) * Hz)
    for done, image in enumerate(images):
        if done == WARM_UP:
            before, start = parts["spikes"].num_spikes, time.perf_counter()
        normalise(parts["plastic"], n)
        parts["poisson"].rates = image * 63.75 * Hz
        net.run(ON)
        parts["poisson"].rates = 0 * Hz
        net.run(REST)
    n_measured = len(images) - WARM_UP
    seconds = time.perf_counter() - start
    return seconds / n_measured, (parts["spikes"].num_spikes - before) / n_measured


def run_once(n: int, images: np.ndarray) -> tuple[float, float]:
    """Train in one `run`, images from a TimedArray; an earlier short `run` warms up."""
    image_rates = b2.TimedArray(images * 63.75 * Hz, dt=SLOT)
    net, parts = network(n, "image_rates(t, i)*int(t % slot < on)")
    net.add(b2.NetworkOperation(lambda: normalise(parts["plastic"], n), dt=SLOT, when="start"))
    namespace = {"image_rates": image_rates, "on": ON, "slot": SLOT}
    net.run(WARM_UP * SLOT, namespace=namespace)
    before, start = parts["spikes"].num_spikes, time.perf_counter()
    n_measured = len(images) - WARM_UP
    net.run(n_measured * SLOT, namespace=namespace)
    seconds = time.perf_counter() - start
    return seconds / n_measured, (parts["spikes"].num_spikes - before) / n_measured


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("n_neurons", type=int)
    parser.add_argument("n_images", type=int)
    parser.add_argument("--one-run", action="store_true")
    args = parser.parse_args()
    b2.prefs.codegen.target = "cython"
    b2.defaultclock.dt = 0.5 * ms
    b2.seed(1)
    images = load_mnist().data[: args.n_images + WARM_UP] / 255
    seconds, spikes = (run_once if args.one_run else run_by_phase)(args.n_neurons, images)
    unit = 1 if sys.platform == "darwin" else 1024  # macOS counts bytes, Linux KiB
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
    result = {
        "system": "brian2 runtime" + (", one run" if args.one_run else ""),
        "ms_per_presentation": 1e3 * seconds,
        "spikes_per_presentation": spikes,
        "peak_mb": peak,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
