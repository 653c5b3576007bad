"""Diehl & Cook (2015) in BindsNET, training, one torch thread: a line of JSON to stdout.

    python bindsnet_train.py N_NEURONS IMAGES.npy [--batch-size B]

Settings of its own example `eth_mnist`: DiehlAndCook2015 with exc 22.5, inh 120, theta_plus 0.05,
norm 78.4; 250 steps of 1 ms, at most 128 Hz, no rest. Its network is simpler than the paper's:
currents in place of conductances, pair STDP, float32, one winner a step. A batch above 1 shows
its images to one set of weights at once and learns from them together, another algorithm. The time
counts the encoding, the run, and the reset after it. The images, uint8 of shape (n_images, 784),
come from a file, because bioplastic is not installed beside BindsNET; the first batches warm up.

It needs an environment of its own; this one was tried, with Python 3.11:
    pip install bindsnet==0.3.4 torch==2.15.0 numpy==2.4.6
"""

import argparse
import json
import resource
import sys
import time
from importlib.metadata import version

import numpy as np
import torch
from bindsnet.encoding import poisson
from bindsnet.models import DiehlAndCook2015
from bindsnet.network.monitors import Monitor

WARM_UP = 3  # batches
N_STEPS = 250
INTENSITY = 128  # Hz at the brightest pixel


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("n_neurons", type=int)
    parser.add_argument("images")
    parser.add_argument("--batch-size", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    images = torch.from_numpy(np.load(args.images)) / 255 * INTENSITY
    batches = images.split(args.batch_size)
    network = DiehlAndCook2015(
        n_inpt=784,
        batch_size=args.batch_size,
        n_neurons=args.n_neurons,
        exc=22.5,
        inh=120,
        dt=1.0,
        norm=78.4,
        theta_plus=0.05,
        inpt_shape=(1, 28, 28),
    )
    monitor = Monitor(network.layers["Ae"], state_vars=["s"], time=N_STEPS)
    network.add_monitor(monitor, name="spikes")
    n_spikes = 0
    for done, batch in enumerate(batches):
        if done == WARM_UP:
            n_spikes, start = 0, time.perf_counter()
        encoded = poisson(batch, time=N_STEPS, dt=1.0)
        network.run(inputs={"X": encoded.view(N_STEPS, -1, 1, 28, 28)}, time=N_STEPS)
        n_spikes += int(monitor.get("s").sum())
        network.reset_state_variables()
    seconds = time.perf_counter() - start
    n_measured = sum(map(len, batches[WARM_UP:]))
    unit = 1 if sys.platform == "darwin" else 1024  # macOS counts bytes, Linux KiB
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
    result = {
        "system": f"BindsNET, batch {args.batch_size}",
        "versions": f"BindsNET {version('bindsnet')}, torch {torch.__version__}",
        "ms_per_presentation": 1e3 * seconds / n_measured,
        "spikes_per_presentation": n_spikes / n_measured,
        "peak_mb": peak,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
