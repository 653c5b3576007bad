"""Run by a Python that has torch: read NIR graphs, show them rasters, write what nodes said.

    python torch_reader.py FOLDER

For each READER.NAME.nir there is a READER.NAME.npy, rasters (n_samples, n_steps, n_inputs); spikes
of the neurons and the graph's outputs go to READER.NAME.npz. READER is snntorch, norse or
nirtorch. No part of bioplastic is imported here.
"""

import contextlib
import io
import pathlib
import sys

import nir
import nirtorch
import numpy as np
import torch


class LeakyIntegrator(torch.nn.Module):
    """A node LI, by Euler's method as snnTorch's neurons; snnTorch itself has none."""

    def __init__(self, node, dt=1e-4):
        super().__init__()
        self.keep, self.gain = (
            torch.Tensor(x) for x in (1 - dt / node.tau, node.r * dt / node.tau)
        )
        self.v = None

    def forward(self, x):
        self.v = self.gain * x + (0 if self.v is None else self.keep * self.v)
        return self.v


class LeakyIntegrateAndFire(LeakyIntegrator):
    """A node LIF whose neurons differ, which snnTorch's importer cannot make."""

    def __init__(self, node):
        super().__init__(node)
        self.threshold, self.to = torch.Tensor(node.v_threshold), torch.Tensor(node.v_reset)

    def forward(self, x):
        spikes = super().forward(x) > self.threshold
        self.v = torch.where(spikes, self.to, self.v)
        return spikes.float()


class Affine(torch.nn.Module):
    def __init__(self, node):
        super().__init__()
        self.weight, self.bias = torch.Tensor(node.weight), torch.Tensor(node.bias)

    def forward(self, x):
        return x @ self.weight.T + self.bias


def by_snntorch(graph):
    import snntorch
    from snntorch.import_nir import _nir_to_snntorch_module, import_from_nir

    kinds = {type(node) for node in graph.nodes.values()}
    if nir.LI in kinds:  # neurons are snnTorch's all the same
        lif = {nir.LIF: lambda node: _nir_to_snntorch_module(node, init_hidden=True)}
        net = nirtorch.nir_to_torch(graph, lif | {nir.LI: LeakyIntegrator, nir.Affine: Affine})
    else:
        net = import_from_nir(graph)
    neurons = [
        module for module in net.modules() if isinstance(module, snntorch.Leaky | snntorch.Synaptic)
    ]
    if graph.metadata["reset"] == "subtract":
        for module in neurons:
            module.reset_mechanism, module.mem_reset = "subtract", torch.zeros_like
    return net, neurons


def by_nirtorch(graph):
    own = {nir.LI: LeakyIntegrator, nir.LIF: LeakyIntegrateAndFire}
    net = nirtorch.nir_to_torch(graph, own)
    return net, [module for module in net.modules() if isinstance(module, LeakyIntegrateAndFire)]


def by_norse(graph):
    from norse.torch import from_nir
    from norse.torch.module.lif_box import LIFBoxCell

    net = from_nir(graph, dt=1e-3)
    return net, [module for module in net.modules() if isinstance(module, LIFBoxCell)]


READERS = {"snntorch": by_snntorch, "norse": by_norse, "nirtorch": by_nirtorch}


def answer(reader, path, rasters):
    spikes, outputs = [], []
    for raster in rasters:
        # Importers print.
        with contextlib.redirect_stdout(io.StringIO()), torch.no_grad():
            net, (neurons,) = READERS[reader](nir.read(path))
            fired, state = [], None
            neurons.register_forward_hook(
                lambda _, __, out, fired=fired: fired.append(
                    out[0] if isinstance(out, tuple) else out
                )
            )
            for step in torch.Tensor(raster)[:, None]:
                out = net(step, state)
                out, state = out if isinstance(out, tuple) else (out, None)
                outputs.append(out.flatten().numpy())
        spikes.append([one.flatten().numpy() for one in fired])
    outputs = np.array(outputs).reshape(*rasters.shape[:2], -1)
    return {"spikes": np.array(spikes), "outputs": outputs}


def main(folder):
    for path in sorted(pathlib.Path(folder).glob("*.nir")):
        rasters = np.load(path.with_suffix(".npy"))
        np.savez(path.with_suffix(".npz"), **answer(path.name.split(".")[0], path, rasters))


if __name__ == "__main__":
    main(sys.argv[1])
