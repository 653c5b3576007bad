"""The NIR graph of a network of leaky neurons."""

from typing import Any

import numpy as np
import numpy.typing as npt

from bioplastic.errors import ParameterError
from bioplastic.exchange._nir_neurons import Membrane, Synapses, synapses_of
from bioplastic.models import Network
from bioplastic.models.inputs import DelayLineInput

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
        self._nir, self._network, self._dt = nir, network, dt
        self._exact, self._step = reader is None, dt if reader is None else reader
        self._readout = membranes.get("readout")
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
        self._spiking = spiking
        ends = np.cumsum([0, *(len(m.leave) for m in spiking)]).tolist()
        self._n = ends[-1]
        self._parts = {m.name: slice(*ends[k : k + 2]) for k, m in enumerate(spiking)}
        self._leave = np.concatenate([m.leave for m in spiking])
        #: What a step leaves of each current; of one time constant, they are one current.
        self._currents = {
            variable: np.concatenate([m.currents[variable] for m in spiking])
            for variable in kinds.pop()
        }
        shares = list(self._currents.values())
        self._one_current = bool(shares) and all(np.array_equal(shares[0], s) for s in shares)
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
        nir, entrance = self._nir, self._network.input
        if entrance.neuron.takes == "rates":
            raise ParameterError(
                "export_nir: samples of the model are rates, and NIR takes spikes; train on "
                "SpikeTrains"
            )
        self._nodes["input"] = nir.Input({"input": np.array([entrance.n_features])})
        self._add_neurons()
        inner = self._onto_neurons()
        if self._one_current:
            self._connect(inner, "i")
        else:
            for variable in self._currents or ("v",):
                self._connect([s for s in inner if s.variable == variable], variable)
        last = self._add_readout()
        self._nodes["output"] = nir.Output({"output": self._nodes[last].output_type["output"]})
        self._edges.append((last, "output"))
        self._fold()
        return nir.NIRGraph(nodes=self._nodes, edges=self._edges, metadata=self._metadata())

    # ------------------------------------------------------------------ numbers

    def _tau(self, leave: Numbers) -> Numbers:
        """Time constant with which one step of the reader leaves so much."""
        if self._exact:
            return np.asarray(-self._dt / np.log(leave))
        return np.asarray(self._step / (1 - leave))

    def _r(self, tau: Numbers) -> Numbers:
        """Resistance with which an input of 1 for one step adds 1."""
        return tau / self._step

    def _gain(self, variable: str) -> Numbers:
        """Of the weights onto each neuron, by the reader's order of input, leak and threshold."""
        if self._currents and not self._one_current:
            # Of a spike, which is an input of 1 for one step, to a current whose resistance is 1.
            return self._r(self._tau(self._currents[variable]))
        if self._exact:
            return np.ones(self._n)
        return 1 - self._leave if self._currents else self._leave

    # ------------------------------------------------------------------ nodes

    def _add_neurons(self) -> None:
        nir, one, zero = self._nir, np.ones(self._n), np.zeros(self._n)
        tau = self._tau(self._leave)
        known = {
            "v_leak": zero,
            "v_threshold": np.concatenate([m.threshold for m in self._spiking]),
            "v_reset": np.concatenate([m.reset for m in self._spiking]),
        }
        taus = {variable: self._tau(leave) for variable, leave in self._currents.items()}
        if self._one_current:
            tau_syn = next(iter(taus.values()))
            driven = one if self._exact else self._r(tau)
            self._nodes["neurons"] = nir.CubaLIF(
                tau_syn=tau_syn, tau_mem=tau, r=driven, w_in=self._r(tau_syn), **known
            )
            return
        self._nodes["neurons"] = nir.LIF(tau=tau, r=one if taus else self._r(tau), **known)
        for variable, tau_syn in taus.items():
            self._nodes[variable] = nir.LI(tau=tau_syn, r=one, v_leak=zero)
            self._edges.append((variable, "neurons"))

    def _add_readout(self) -> str:
        """Add the readout where there is one; return the name of the last node."""
        nir = self._nir
        if self._readout is None:
            return "neurons"
        tau = self._tau(self._readout.leave)
        self._nodes["readout"] = nir.LI(tau=tau, r=np.ones_like(tau), v_leak=np.zeros_like(tau))
        onto = [s for s in self._synapses if s.variable == "y"]
        found = _weights(onto, self._parts, {"readout": slice(0, len(tau))})
        self._linear("neurons", "readout", found, self._r(tau))
        if self._bias is None:
            return "readout"
        self._nodes["readout_bias"] = nir.Affine(weight=np.eye(len(tau)), bias=self._bias)
        self._edges.append(("readout", "readout_bias"))
        return "readout_bias"

    def _linear(self, source: str, target: str, found: dict[int, Numbers], gain: Numbers) -> None:
        """Weights by delay, of shape (n_pre, n_post), from one node to another."""
        for delay, matrix in sorted(found.items()):
            origin, name = source, f"{source}_to_{target}"
            if delay:
                origin, name = f"{source}_after_{delay}", f"{name}_after_{delay}"
                if origin not in self._nodes:
                    seconds = np.full(len(matrix), delay * self._step)
                    self._nodes[origin] = self._nir.Delay(delay=seconds)
                    self._edges.append((source, origin))
            weight = np.ascontiguousarray((matrix * gain).T)
            self._nodes[name] = self._nir.Linear(weight=weight)
            self._edges += [(origin, name), (name, target)]

    # ------------------------------------------------------------------ weights

    def _connect(self, synapses: list[Synapses], variable: str) -> None:
        """Add the weights of all synapses onto one variable of the neurons."""
        entrance, inward = self._network.input, dict[int, Numbers]()
        lag = 0.0
        if isinstance(entrance.neuron, DelayLineInput):
            lag = float(entrance.neuron.delay) / self._dt
        lines = _weights(synapses, {entrance.name: slice(0, entrance.n)}, self._parts)
        for delay, weights in lines.items():
            for k, line in enumerate(weights.reshape(-1, entrance.n_features, self._n)):
                late = delay + int(np.floor(k * lag + 0.5))
                inward[late] = inward.get(late, 0) + line
        within = _weights(synapses, self._parts, self._parts)
        more = np.concatenate([np.full(len(m.leave), m.more) for m in self._spiking])
        if more.any():
            within[0] = within.get(0, np.zeros((self._n, self._n))) - np.diag(more)
        target, gain = "neurons" if variable in ("v", "i") else variable, self._gain(variable)
        self._linear("input", target, inward, gain)
        self._linear("neurons", target, within, gain)

    def _onto_neurons(self) -> list[Synapses]:
        own = [s for s in self._synapses if s.post in self._parts]
        foreign = [s for s in own if s.variable not in (self._currents or ("v",))]
        if foreign:
            raise ParameterError(
                f"export_nir: synapses from {foreign[0].pre} to {foreign[0].post} add to "
                f"{foreign[0].variable}, of which a spike of the same step would be lost at the "
                f"reset; let them add to {' or '.join(self._currents)}"
            )
        return own

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
            "dt": self._step,
            "dt_of_model": self._dt,
            "integration": "exact" if self._exact else "euler",
            "reset": "subtract" if self._spiking[0].subtracts else "to v_reset",
            "populations": ", ".join(
                f"{name} {own.start}:{own.stop}" for name, own in self._parts.items()
            ),
        }
        lost = [m.lost for m in self._spiking if m.lost]
        return said | ({"lost": ", ".join(lost)} if lost else {})


def _weights(
    synapses: list[Synapses], sources: dict[str, slice], targets: dict[str, slice]
) -> dict[int, Numbers]:
    """Put the weights between populations into one matrix for each delay."""
    shape = [max(part.stop for part in parts.values()) for parts in (sources, targets)]
    found: dict[int, Numbers] = {}
    for one in synapses:
        if one.pre in sources and one.post in targets:
            for delay, weights in one.weights.items():
                room = found.setdefault(delay, np.zeros(shape))
                room[sources[one.pre], targets[one.post]] += weights
    return found
