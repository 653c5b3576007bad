"""The NIR graph of a network of leaky neurons."""

from typing import Any

import numpy as np
import numpy.typing as npt

from bioplastic.errors import ParameterError
from bioplastic.exchange._nir_neurons import Membrane, Synapses, synapses_of
from bioplastic.models import Network
from bioplastic.models.inputs import DelayLineInput

__all__ = ["Graph"]

type Numbers = npt.NDArray[np.float64]


class Graph:
    """A NIR graph in the making."""

    def __init__(
        self,
        nir: Any,
        network: Network,
        membranes: dict[str, Membrane],
        state: Any,
        dt: float,
        reader: float | None,
    ) -> None:
        self._nir, self._dt, self._reader = nir, dt, reader
        self._network, self._membranes = network, membranes
        self._nodes: dict[str, Any] = {}
        self._edges: list[tuple[str, str]] = []
        spiking = [m for m in membranes.values() if np.isfinite(m.threshold).all()]
        if not spiking:
            raise ParameterError("export_nir: model must have spiking neurons, got none")
        kinds = {tuple(m.currents) for m in spiking}
        if len(kinds) > 1 or len({m.subtracts for m in spiking}) > 1:
            raise ParameterError(
                f"export_nir: spiking neurons must be of one kind, got populations "
                f"{', '.join(m.name for m in spiking)}; export networks of each kind alone"
            )
        self._spiking, self._currents = spiking, kinds.pop()
        ends = np.cumsum([0, *(len(m.leave) for m in spiking)])
        self._parts = {
            m.name: slice(int(a), int(b))
            for m, a, b in zip(spiking, ends[:-1], ends[1:], strict=True)
        }
        self._n = int(ends[-1])
        self._synapses = [
            synapses_of(p, network, state, dt)
            for p in network.projections
            if p.on_pre and p.post in membranes
        ]
        self._bias = next(
            (
                np.asarray(state[f"{p.name}.w"], dtype=float)
                for p in network.projections
                if p.pre == "readout" and p.graded == "y_post = y_pre + w"
            ),
            None,
        )

    def made(self) -> Any:
        """Return the graph."""
        nir, n_inputs = self._nir, self._network.input.n_features
        if self._network.input.neuron.takes == "rates":
            raise ParameterError(
                "export_nir: samples of the model are rates, and NIR takes spikes; train on "
                "SpikeTrains"
            )
        self._nodes["input"] = nir.Input({"input": np.array([n_inputs])})
        self._add_neurons()
        for variable in self._variables():
            target = self._target(variable)
            gain = self._gain(variable)
            for source, weights in (("input", self._inward), ("neurons", self._within)):
                for delay, matrix in sorted(weights(variable).items()):
                    self._linear(source, target, matrix * gain, delay)
        last = self._add_readout()
        self._nodes["output"] = nir.Output({"output": self._nodes[last].output_type["output"]})
        self._edges.append((last, "output"))
        self._fold()
        return nir.NIRGraph(nodes=self._nodes, edges=self._edges, metadata=self._metadata())

    # ------------------------------------------------------------------ numbers

    def _together(self, values: list[Numbers]) -> Numbers:
        return np.concatenate(values)

    def _tau(self, leave: Numbers) -> Numbers:
        """Time constant with which one step of the reader leaves so much."""
        if self._reader is None:
            return np.asarray(-self._dt / np.log(leave))
        return np.asarray(self._reader / (1 - leave))

    def _r(self, tau: Numbers) -> Numbers:
        """Resistance with which an input of 1 for one step adds 1."""
        return tau / (self._dt if self._reader is None else self._reader)

    def _leave(self) -> Numbers:
        return self._together([m.leave for m in self._spiking])

    def _current(self, variable: str) -> Numbers:
        return self._together([m.currents[variable] for m in self._spiking])

    def _gain(self, variable: str) -> Numbers:
        """Of the weights onto each neuron, by the reader's order of input, leak and threshold."""
        if not self._currents:
            return np.ones(self._n) if self._reader is None else self._leave()
        if self._one_current():
            return np.ones(self._n) if self._reader is None else 1 - self._leave()
        # Of a spike, which is an input of 1 for one step, to a current whose resistance is 1.
        return self._r(self._tau(self._current(variable)))

    # ------------------------------------------------------------------ nodes

    def _variables(self) -> tuple[str, ...]:
        return ("i",) if self._one_current() else self._currents or ("v",)

    def _one_current(self) -> bool:
        shares = [self._current(variable) for variable in self._currents]
        return bool(shares) and all(np.array_equal(shares[0], other) for other in shares)

    def _target(self, variable: str) -> str:
        return "neurons" if variable in ("v", "i") else variable

    def _add_neurons(self) -> None:
        nir, zero = self._nir, np.zeros(self._n)
        tau = self._tau(self._leave())
        known = {
            "v_leak": zero,
            "v_threshold": self._together([m.threshold for m in self._spiking]),
            "v_reset": self._together([m.reset for m in self._spiking]),
        }
        one = np.ones(self._n)
        if self._one_current():
            tau_syn = self._tau(self._current(self._currents[0]))
            driven = one if self._reader is None else self._r(tau)
            self._nodes["neurons"] = nir.CubaLIF(
                tau_syn=tau_syn, tau_mem=tau, r=driven, w_in=self._r(tau_syn), **known
            )
            return
        driven = one if self._currents else self._r(tau)
        self._nodes["neurons"] = nir.LIF(tau=tau, r=driven, **known)
        for variable in self._currents:
            tau_syn = self._tau(self._current(variable))
            self._nodes[variable] = nir.LI(tau=tau_syn, r=one, v_leak=zero)
            self._edges.append((variable, "neurons"))

    def _add_readout(self) -> str:
        """Add the readout where there is one; return the name of the last node."""
        nir = self._nir
        if "readout" not in self._membranes:
            return "neurons"
        readout = self._membranes["readout"]
        tau = self._tau(readout.leave)
        self._nodes["readout"] = nir.LI(tau=tau, r=np.ones_like(tau), v_leak=np.zeros_like(tau))
        found = self._between("readout", "y", len(tau))
        for delay, matrix in sorted(found.items()):
            self._linear("neurons", "readout", matrix * self._r(tau), delay)
        if self._bias is None:
            return "readout"
        self._nodes["readout_bias"] = nir.Affine(weight=np.eye(len(tau)), bias=self._bias)
        self._edges.append(("readout", "readout_bias"))
        return "readout_bias"

    def _linear(self, source: str, target: str, matrix: Numbers, delay: int) -> None:
        """Weights of shape (n_pre, n_post) from one node to another, and their delay."""
        nir, name = self._nir, f"{source}_to_{target}"
        if delay:
            seconds = delay * (self._dt if self._reader is None else self._reader)
            late, name = f"{source}_after_{delay}", f"{name}_after_{delay}"
            if late not in self._nodes:
                self._nodes[late] = nir.Delay(delay=np.full(len(matrix), seconds))
                self._edges.append((source, late))
            source = late
        self._nodes[name] = nir.Linear(weight=np.ascontiguousarray(matrix.T))
        self._edges += [(source, name), (name, target)]

    # ------------------------------------------------------------------ weights

    def _variable_of(self, synapses: Synapses) -> str:
        return "i" if self._one_current() else synapses.variable

    def _inward(self, variable: str) -> dict[int, Numbers]:
        entrance = self._network.input
        found: dict[int, Numbers] = {}
        lines, n = [0], entrance.n_features
        if isinstance(entrance.neuron, DelayLineInput):
            lag = float(entrance.neuron.delay) / self._dt
            lines = [int(np.floor(k * lag + 0.5)) for k in range(entrance.n // n)]
        for synapses in self._onto_neurons(variable):
            if synapses.pre != entrance.name:
                continue
            for delay, weights in synapses.weights.items():
                for k, lag_steps in enumerate(lines):
                    room = found.setdefault(delay + lag_steps, np.zeros((n, self._n)))
                    room[:, self._parts[synapses.post]] += weights[k * n : (k + 1) * n]
        return found

    def _within(self, variable: str) -> dict[int, Numbers]:
        found: dict[int, Numbers] = {}
        for synapses in self._onto_neurons(variable):
            if synapses.pre not in self._parts:
                continue
            for delay, weights in synapses.weights.items():
                room = found.setdefault(delay, np.zeros((self._n, self._n)))
                room[self._parts[synapses.pre], self._parts[synapses.post]] += weights
        more = self._together([np.full(len(m.leave), m.more) for m in self._spiking])
        if more.any():
            found.setdefault(0, np.zeros((self._n, self._n)))
            found[0] -= np.diag(more)
        return found

    def _between(self, post: str, variable: str, n_post: int) -> dict[int, Numbers]:
        found: dict[int, Numbers] = {}
        for synapses in self._synapses:
            if synapses.post != post or synapses.variable != variable:
                continue
            for delay, weights in synapses.weights.items():
                room = found.setdefault(delay, np.zeros((self._n, n_post)))
                room[self._parts[synapses.pre]] += weights
        return found

    def _onto_neurons(self, variable: str) -> list[Synapses]:
        own = [s for s in self._synapses if s.post in self._parts]
        foreign = [s for s in own if s.variable not in (self._currents or ("v",))]
        if foreign:
            raise ParameterError(
                f"export_nir: synapses from {foreign[0].pre} to {foreign[0].post} add to "
                f"{foreign[0].variable}, of which a spike of the same step would be lost at the "
                f"reset; let them add to {' or '.join(self._currents)}"
            )
        return [s for s in own if self._variable_of(s) == variable]

    # ------------------------------------------------------------------ the whole

    def _fold(self) -> None:
        """Put neurons and their recurrent weights into a graph of their own, snnTorch's form.

        Files list nodes by name, and nirtorch takes a graph only after what reaches it:
        "input_to_neurons" comes before "neurons".
        """
        nir, weights = self._nir, "neurons_to_neurons"
        loop = [("neurons", weights), (weights, "neurons")]
        if not set(loop) <= set(self._edges):
            return
        inner = {
            "input": nir.Input({"input": np.array([self._n])}),
            "lif": self._nodes["neurons"],
            "recurrent": self._nodes.pop(weights),
            "output": nir.Output({"output": np.array([self._n])}),
        }
        edges = [("input", "lif"), ("lif", "recurrent"), ("recurrent", "lif"), ("lif", "output")]
        self._nodes["neurons"] = nir.NIRGraph(nodes=inner, edges=edges)
        self._edges = [edge for edge in self._edges if edge not in loop]

    def _metadata(self) -> dict[str, Any]:
        from bioplastic import __version__

        said: dict[str, Any] = {
            "made_by": f"bioplastic {__version__}",
            "dt": self._dt if self._reader is None else self._reader,
            "dt_of_model": self._dt,
            "integration": "exact" if self._reader is None else "euler",
            "reset": "subtract" if self._spiking[0].subtracts else "to v_reset",
            "populations": ", ".join(
                f"{name} {own.start}:{own.stop}" for name, own in self._parts.items()
            ),
        }
        lost = [m.lost for m in self._spiking if m.lost]
        return said | ({"lost": ", ".join(lost)} if lost else {})
