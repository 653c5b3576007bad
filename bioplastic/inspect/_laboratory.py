"""A laboratory: one rule on many pairs of neurons that spike when told, in one run."""

import contextlib
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from brian2 import second

from bioplastic import engine as engines
from bioplastic.engine.engines import resolve_engine
from bioplastic.errors import ParameterError, SimulationError
from bioplastic.inspect._protocol_arguments import (
    check_neuron,
    check_rule,
    check_step,
    check_weight,
    one_length,
    to_steps,
)
from bioplastic.models import (
    Network,
    NeuronModel,
    PairWiring,
    PlasticityRule,
    Population,
    Projection,
    Schedule,
    SpikeInput,
)
from bioplastic.models.values import is_distribution
from bioplastic.spikes import SpikeTrains

__all__ = ["NUMPY_STEPS", "RELAY", "Laboratory", "open_laboratory"]

Steps = npt.NDArray[np.int64]
Array = npt.NDArray[np.float64]

#: Runs up to this length are over in NumPy before a C++ compiler is done.
NUMPY_STEPS: Final = 20_000

# A relay fires one step after a spike has reached it, on both sides of the synapse alike.
RELAY: Final = NeuronModel(
    equations="last : second",
    threshold="abs(t - dt - last) < 0.5*dt",
    at_slot_start="last = -1*second",
)
_TELL: Final = "last_post = t"
_PAIR: Final = "pair"
#: Seconds in which a membrane settles, and traces of it do what they do.
_SETTLED: Final = 0.1


@dataclass(frozen=True, kw_only=True, slots=True)
class Laboratory:
    """A rule, the neurons it is tried on, and how it is run; see :func:`stdp_window`."""

    where: str
    rule: PlasticityRule
    variable: str
    w: float
    w_max: float | None
    wait: int
    post: NeuronModel | None
    drive: str | None
    dt: float
    engine: str

    def row(self, name: str, value: Any) -> Steps:
        """Return times of an argument as steps, in a row."""
        where = f"{self.where}.{name}"
        steps = np.atleast_1d(to_steps(where, value, dt=self.dt))
        if steps.ndim != 1:
            raise ParameterError(f"{where}: must be in a row, got the shape {steps.shape}")
        return steps

    def length(self, name: str, value: Any) -> int:
        """Return one time of an argument as steps, one at least."""
        return one_length(f"{self.where}.{name}", value, dt=self.dt, low=1)

    def measure(
        self, pre: list[Steps], post: list[Steps], shape: tuple[int, ...]
    ) -> dict[str, Any]:
        """Run the rule on spikes, all pairs of neurons side by side.

        Parameters
        ----------
        pre, post : list of ndarray of int
            Steps in which each pair spikes, rising, counted from any. The pairs are moved so that
            they end together, when all that changes by itself has had the same time to do so.
        shape : tuple of int
            Of the arrays that are returned.

        Returns
        -------
        found : dict
            Fields of :class:`~bioplastic.inspect.protocol_results.Measurement`.

        Raises
        ------
        ParameterError
            If the network cannot be built, has no such variable, or a postsynaptic neuron did
            not spike when told.
        """
        n = len(pre)
        trains = [*pre, *post]
        pairs = [np.concatenate(pair) for pair in zip(pre, post, strict=True)]
        ends = [pair.max(initial=0) for pair in pairs]
        spans = [np.ptp(pair) for pair in pairs if len(pair)]
        last = self.wait + int(max(spans, default=0))
        told = [train + (last - end) for train, end in zip(trains, ends * 2, strict=True)]
        # A relay fires a step later.
        n_steps = last + 2 + self.wait
        name = self._engine(n_steps)
        with self._remedy():
            network = self._declare(n)
            program = engines.open_program(network, engine=name)
        result = engines.run(
            network,
            engines.SpikeStimulus(trains=_samples(told, n_steps, self.dt)),
            seed=0,
            engine=name,
            program=program,
            state={f"{_PAIR}.w": np.full(n, self.w)},
            record="spikes",
        )
        if result.interrupted:
            raise KeyboardInterrupt
        if f"{_PAIR}.{self.variable}" not in result.state:
            known = sorted(k.partition(".")[2] for k in result.state if k.startswith(f"{_PAIR}."))
            raise ParameterError(
                f"{self.where}.variable: the synapses of {type(self.rule).__name__} have no "
                f"{self.variable!r}; they have {', '.join(k for k in known if k not in 'ij')}"
            )
        assert result.spikes is not None
        latencies = self._latencies(told, result.spikes).reshape(shape)
        after = result.state[f"{_PAIR}.{self.variable}"]
        before = self.w if self.variable == "w" else 0.0
        bounds = [0.0] if self.w_max is None else [0.0, self.w_max]
        at_bound = np.isin(after, bounds if self.variable == "w" else []) & (after != before)
        self._warn(at_bound)
        return {
            "rule": self.rule,
            "variable": self.variable,
            "w": self.w,
            "change": (after - before).reshape(shape),
            "latencies": latencies,
            "at_bound": at_bound.reshape(shape),
        }

    def _declare(self, n: int) -> Network:
        neuron, drive = self.post or RELAY, self.drive or _TELL
        # Traces on both sides are integrated in the same way.
        relay = replace(RELAY, method=neuron.method)
        sides = (("before", relay, _TELL, range(n)), ("after", neuron, drive, range(n, 2 * n)))
        return Network(
            populations=(
                Population(name="input", n=2 * n, neuron=SpikeInput()),
                *(Population(name=side, n=n, neuron=model) for side, model, _, _ in sides),
            ),
            projections=(
                *(
                    Projection(
                        pre="input", post=side, wiring=PairWiring(i=told, j=range(n)), on_pre=code,
                        weight=1.0,
                    )
                    for side, _, code, told in sides
                ),
                Projection(
                    pre="before", post="after", wiring="one_to_one", on_pre="", rule=self.rule,
                    label=_PAIR,
                ),
            ),
            watch=("before", "after"),
            schedule=Schedule(
                presentation=None, rest=0 * second, dt=self.dt * second, min_spikes=0
            ),
        )  # fmt: skip

    def _engine(self, n_steps: int) -> str:
        if self.engine == "auto" and n_steps <= NUMPY_STEPS:
            return "numpy"
        return resolve_engine(self.engine)

    @contextlib.contextmanager
    def _remedy(self) -> Iterator[None]:
        """Say what a protocol takes where its network is refused."""
        try:
            yield
        except ParameterError as error:
            remedy = ". Rule, post and drive must fit each other"
            if self.post is None:
                membrane = re.search(r"there is no `\w+_post`", str(error))
                remedy = "; where a rule reads its neuron's membrane, give post and drive"
                remedy = remedy if membrane else ""
            raise ParameterError(f"{self.where}.rule: {error}{remedy}") from error

    def _latencies(self, told: list[Steps], spikes: SpikeTrains) -> Array:
        """Compare what the neurons did with what they were told."""
        steps = np.rint(spikes.times / self.dt).astype(np.int64) - 1  # as relays do
        by_unit = np.split(
            steps[np.argsort(spikes.units, kind="stable")],
            np.cumsum(np.bincount(spikes.units, minlength=len(told)))[:-1],
        )
        late = [self._late(k, *both) for k, both in enumerate(zip(told, by_unit, strict=True))]
        return np.array(late[len(told) // 2 :]) * self.dt

    def _late(self, unit: int, told: Steps, came: Steps) -> float:
        if len(told) == len(came) == 0:
            return 0.0
        n = np.searchsorted(told, came, side="right")
        if len(told) == len(came) and (n == np.arange(1, len(told) + 1)).all():
            return float((came - told).mean())
        if self.post is None:  # nothing that a user could do about it
            raise SimulationError(
                f"{self.where}: spikes were lost, {len(came)} of {len(told)} came"
            )
        raise ParameterError(
            f"{self.where}.drive: must make the postsynaptic neuron spike once for each spike "
            f"that it is told, before the next one; one was told {len(told)} spikes, and "
            f"{len(came)} came. Change {self.drive!r}, or leave more time between spikes"
        )

    def _warn(self, at_bound: npt.NDArray[np.bool_]) -> None:
        if at_bound.any():
            warnings.warn(
                f"{self.where}: {at_bound.sum()} of {len(at_bound)} weights ended on a bound, "
                f"where a rule is cut off; take another w, a larger w_max of the rule or fewer "
                f"spikes, unless the bound is meant",
                RuntimeWarning,
                stacklevel=4,
            )


def open_laboratory(
    where: str,
    rule: Any,
    variable: Any,
    w: Any,
    wait: Any,
    post: Any,
    drive: Any,
    dt: Any,
    engine: str,
) -> Laboratory:
    """Check what all protocols are given."""
    check_rule(where, rule)
    check_neuron(where, post, drive)
    if not isinstance(variable, str) or not variable.isidentifier():
        raise ParameterError(
            f"{where}.variable: must name a variable of the synapse, such as 'w', got {variable!r}"
        )
    if engine != "auto":
        resolve_engine(engine)
    step = check_step(f"{where}.dt", dt)
    if wait is None:
        wait = (0.0 if post is None else step * round(_SETTLED / step)) * second
    bound = rule.parameters.get("w_max")
    w_max = None if bound is None or is_distribution(bound) else float(bound)
    return Laboratory(
        where=where, rule=rule, variable=variable, w=check_weight(where, w, w_max), w_max=w_max,
        wait=one_length(f"{where}.wait", wait, dt=step, low=0), post=post, drive=drive, dt=step,
        engine=engine,
    )  # fmt: skip


def _samples(told: list[Steps], n_steps: int, dt: float) -> SpikeTrains:
    steps = np.concatenate(told)
    units = np.repeat(np.arange(len(told)), [len(train) for train in told])
    order = np.argsort(steps, kind="stable")
    return SpikeTrains(
        steps[order] * dt, units[order], [0, len(steps)],
        n_units=len(told), duration=n_steps * dt * second,
    )  # fmt: skip
