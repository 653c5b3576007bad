"""The same network in snnTorch, trained by surrogate gradients through time: a line of JSON.

    python eprop_bptt.py SPIKES [--steps 200] [--batch 64]

SPIKES is what `eprop_ours.py --write` writes. Needs torch and snntorch, not bioplastic. One thread.
Dense inputs are made before the clock starts, and the inputs' currents of all steps are one product
of matrices. The first batch warms up.
"""

import argparse
import json
import math
import time

import numpy as np
import snntorch
import torch
from snntorch import surrogate

N_CHANNELS, N_NEURONS, N_CLASSES = 700, 256, 20
TAU, INPUT_GAIN = 0.020, 2.0


class Classifier(torch.nn.Module):
    """700-256 recurrent-20, as in snnTorch's own tutorials."""

    def __init__(self, beta: float) -> None:
        super().__init__()
        grad = surrogate.fast_sigmoid(slope=25)
        self.inward = torch.nn.Linear(N_CHANNELS, N_NEURONS, bias=False)
        torch.nn.init.normal_(self.inward.weight, std=INPUT_GAIN / math.sqrt(N_CHANNELS))
        self.hidden = snntorch.RLeaky(beta=beta, linear_features=N_NEURONS, spike_grad=grad)
        torch.nn.init.normal_(self.hidden.recurrent.weight, std=1 / math.sqrt(N_NEURONS))
        torch.nn.init.zeros_(self.hidden.recurrent.bias)
        self.outward = torch.nn.Linear(N_NEURONS, N_CLASSES)
        self.readout = snntorch.Leaky(beta=beta, spike_grad=grad, reset_mechanism="none")

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        currents = self.inward(x)
        spikes, v = self.hidden.init_rleaky()
        y = self.readout.init_leaky()
        answers, fired = [], torch.zeros(())
        for current in currents:
            spikes, v = self.hidden(current, spikes, v)
            _, y = self.readout(self.outward(spikes), y)
            answers.append(y)
            fired = fired + spikes.detach().sum()
        return torch.stack(answers), fired


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("spikes")
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--batch", type=int, default=64)
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    data = np.load(args.spikes)
    offsets, labels = data["offsets"], torch.as_tensor(data["labels"]).long()
    n = len(labels)
    sample = np.repeat(np.arange(n), np.diff(offsets))
    step = np.minimum((data["times"] * args.steps).astype(int), args.steps - 1)
    model = Classifier(math.exp(-1 / args.steps / TAU))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.005)
    seconds, used, rate, counted = 0.0, 0.0, 0.0, 0
    batches = [np.arange(k, min(k + args.batch, n)) for k in range(0, n, args.batch)]
    for number, rows in enumerate([batches[0], *batches]):
        of = (sample >= rows[0]) & (sample <= rows[-1])
        x = torch.zeros(args.steps, len(rows), N_CHANNELS)
        x[step[of], sample[of] - rows[0], data["units"][of]] = 1.0
        start, begun = time.perf_counter(), time.process_time()
        answers, fired = model(x)
        target = labels[rows].expand(args.steps, -1)
        loss = torch.nn.functional.cross_entropy(answers.flatten(0, 1), target.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if number:
            seconds += time.perf_counter() - start
            used += time.process_time() - begun
            rate += float(fired) / N_NEURONS
            counted += len(rows)
    result = {
        "system": f"snnTorch {snntorch.__version__}, torch {torch.__version__.split('+')[0]}",
        "ms_per_sample": 1e3 * seconds / counted,
        "cpu_ms": 1e3 * used / counted,
        "rate": rate / counted,
        "loss": float(loss.detach()),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
