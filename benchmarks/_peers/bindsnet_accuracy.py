"""Diehl & Cook (2015) in BindsNET, trained and tested: a line of JSON to stdout.

    python bindsnet_accuracy.py DATA.npz [--n-neurons 100] [--seed 0] [--nu 1e-4 1e-2]

`DiehlAndCook2015` with the defaults of its class: exc 22.5, inh 17.5, theta_plus 0.05, norm 78.4;
250 steps of 1 ms, at most 128 Hz, no rest, as in its example `eth_mnist`. The training images are
presented one by one, once. Then learning is off: the training images label the neurons
(`assign_labels`), and the test images are classified by `all_activity` and
`proportion_weighting`, in batches, which learn nothing. DATA.npz has X, y, X_test, y_test: images
as uint8 of shape (n_images, 784), because bioplastic is not installed beside BindsNET.

It needs an environment of its own; this one was tried, with Python 3.11:
    pip install bindsnet==0.3.4 torch==2.13.0 numpy==2.4.6
"""

import argparse
import json
import sys
import time
from importlib.metadata import version

import numpy as np
import torch
from bindsnet.encoding import poisson
from bindsnet.evaluation import all_activity, assign_labels, proportion_weighting
from bindsnet.models import DiehlAndCook2015
from bindsnet.network.monitors import Monitor

N_STEPS = 250
INTENSITY = 128  # Hz at the brightest pixel
BATCH = 50


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data")
    parser.add_argument("--n-neurons", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--nu", type=float, nargs=2, default=(1e-4, 1e-2))
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(args.seed)
    data = np.load(args.data)
    network = DiehlAndCook2015(
        n_inpt=784, n_neurons=args.n_neurons, nu=tuple(args.nu), inpt_shape=(1, 28, 28)
    )
    monitor = Monitor(network.layers["Ae"], state_vars=["s"], time=N_STEPS)
    network.add_monitor(monitor, name="spikes")

    def present(images: np.ndarray) -> torch.Tensor:
        rates = torch.from_numpy(images) / 255 * INTENSITY
        spikes = poisson(rates, time=N_STEPS, dt=1.0).view(N_STEPS, -1, 1, 28, 28)
        network.run(inputs={"X": spikes}, time=N_STEPS)
        counts = monitor.get("s").sum(0).view(len(images), -1)
        network.reset_state_variables()
        return counts

    start = time.perf_counter()
    n_spikes = 0
    for done, image in enumerate(data["X"]):
        n_spikes += int(present(image[None]).sum())
        if (done + 1) % 500 == 0:
            seconds = time.perf_counter() - start
            print(f"{done + 1} images, {seconds:.0f} s, {n_spikes} spikes", file=sys.stderr)
    seconds = time.perf_counter() - start
    network.train(False)

    def answers(images: np.ndarray) -> torch.Tensor:
        batches = [present(images[i : i + BATCH]) for i in range(0, len(images), BATCH)]
        return torch.cat(batches)[:, None].float()  # one step: the functions sum over time

    assignments, proportions, _ = assign_labels(answers(data["X"]), torch.from_numpy(data["y"]), 10)
    test, y_test = answers(data["X_test"]), torch.from_numpy(data["y_test"])
    predicted = {
        "all activity": all_activity(test, assignments, 10),
        "proportions": proportion_weighting(test, assignments, proportions, 10),
    }
    weights = network.connections["X", "Ae"].pipeline[0].value
    result = {
        "system": f"BindsNET {version('bindsnet')}, torch {torch.__version__}",
        "nu": list(args.nu),
        "seed": args.seed,
        "n_neurons": args.n_neurons,
        **{name: float((answer == y_test).float().mean()) for name, answer in predicted.items()},
        "ms_per_presentation": 1e3 * seconds / len(data["X"]),
        "spikes_per_presentation": n_spikes / len(data["X"]),
        "test_spikes": float(test.sum() / len(test)),
        "theta": float(network.layers["Ae"].theta.mean()),
        "largest_weight": float(weights.max()),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
