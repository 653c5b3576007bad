"""A laboratory: one rule on many pairs of neurons that spike on command, in one run."""

import contextlib
import re
import warnings
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final, TypedDict

import numpy as np
import numpy.typing as npt
from brian2 import Hz, ms, second

from bioplastic import engine as engines
from bioplastic._quantities import amount, amounts, number
from bioplastic.engine.engines import resolve_engine
from bioplastic.errors import ParameterError, SimulationError
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
_RELAY_DRIVE: Final = "last_post = t"
_PAIR: Final = "pair"
#: Seconds in which a membrane settles, and traces of it do what they do.
_SETTLED: Final = 0.1


class Pair(TypedDict, total=False):
    """Options that all protocols share; see :func:`.stdp_window`."""

    variable: str
    w: float | None
    wait: Any
    post: NeuronModel | None
    drive: str | None
    dt: Any
    engine: str


class Laboratory:
    """A rule, the neurons it is tried on, and how it is run; checked.

    Parameters
    ----------
    where : str
        The protocol, for messages.
    rule, variable, w, wait, post, drive, dt, engine
        As in :func:`.stdp_window`.
    """

    def __init__(
        self,
        where: str,
        rule: Any,
        *,
        variable: Any = "w",
        w: Any = None,
        wait: Any = None,
        post: Any = None,
        drive: Any = None,
        dt: Any = 0.1 * ms,
        engine: str = "auto",
    ) -> None:
        if not isinstance(rule, PlasticityRule):
            known = isinstance(rule, type) and issubclass(rule, PlasticityRule)
            hint = rule.__name__ if known else "PairSTDP"
            raise ParameterError(
                f"{where}.rule: must be a PlasticityRule, got {rule!r}; give e.g. {hint}()"
            )
        if (post is None) != (drive is None):
            missing, given = ("drive", "post") if drive is None else ("post", "drive")
            raise ParameterError(
                f"{where}.{missing}: must be given with {given}; e.g. post=LIF(), "
                f"drive='v_post += 100*mV'"
            )
        if post is not None and (not isinstance(post, NeuronModel) or not post.spikes):
            raise ParameterError(
                f"{where}.post: must be a NeuronModel with a threshold, such as LIF(), got {post!r}"
            )
        if drive is not None and not isinstance(drive, str):
            raise ParameterError(
                f"{where}.drive: must be a statement, such as 'v_post += 100*mV', got {drive!r}"
            )
        if not isinstance(variable, str) or not variable.isidentifier():
            raise ParameterError(
                f"{where}.variable: must name a variable of the synapse, such as 'w', got "
                f"{variable!r}"
            )
        if engine != "auto":
            resolve_engine(engine)
        bound = rule.parameters.get("w_max")
        self.w_max = None if bound is None or is_distribution(bound) else float(bound)
        if w is None:
            w = 0.5 if self.w_max is None else self.w_max / 2
        low, high = (-np.inf, np.inf) if self.w_max is None else (0.0, self.w_max)
        self.w = number(f"{where}.w", w, low, high)
        self.where, self.rule, self.variable = where, rule, variable
        self.post, self.drive, self.engine = post, drive, engine
        self.dt = amount(f"{where}.dt", dt, second)
        if wait is None:
            wait = (0.0 if post is None else self.dt * round(_SETTLED / self.dt)) * second
        self.wait = self.length("wait", wait, low=0)

    def steps(self, name: str, value: Any, *, low: int | None = None, row: bool = False) -> Steps:
        """Return times of an argument as numbers of steps, in the shape in which they are given.

        Raises
        ------
        ParameterError
            If they are no times, none at all, not finite, not whole multiples of `dt`, or less than
            `low` steps.
        """
        where, dt = f"{self.where}.{name}", self.dt
        times = amounts(where, value, row=row)
        steps = np.rint(times / dt)
        off = np.abs(times / dt - steps) > 1e-6
        if off.any():
            odd = float(times[off][0])
            raise ParameterError(
                f"{where}: must be whole multiples of dt={1e3 * dt:g} ms, got {1e3 * odd:g} ms; "
                f"take {1e3 * dt * round(odd / dt):g} ms, or another dt"
            )
        if low is not None and (steps < low).any():
            raise ParameterError(
                f"{where}: must be at least {1e3 * dt * low:g} ms, got {1e3 * times.min():g} ms"
            )
        return steps.astype(np.int64)

    def length(self, name: str, value: Any, *, low: int = 1) -> int:
        """Return one time of an argument as a number of steps, `low` at least."""
        steps = self.steps(name, value, low=low)
        if steps.ndim:
            raise ParameterError(f"{self.where}.{name}: must be one time, got {value!r}")
        return int(steps)

    def periods(self, name: str, value: Any) -> tuple[Array, Steps]:
        """Return frequencies in hertz, and the steps from one event to the next.

        Raises
        ------
        ParameterError
            If they are no frequencies above 0, or their periods are not whole multiples of `dt`.
        """
        where, dt = f"{self.where}.{name}", self.dt
        rates = amounts(where, value, Hz, positive=True)
        periods = 1 / (rates * dt)
        steps = np.rint(periods)
        off = (np.abs(periods - steps) > 1e-6 * periods) | (steps < 1)
        if off.any():
            rate, near = rates[off][0], 1 / (dt * max(steps[off][0], 1))
            raise ParameterError(
                f"{where}: must have periods that are whole multiples of dt={1e3 * dt:g} ms, got "
                f"{rate:g} Hz; the nearest is {near:.9g} Hz"
            )
        return rates, steps.astype(np.int64)

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
            Fields of :class:`~bioplastic.inspect.measurements.Measurement`.

        Raises
        ------
        ParameterError
            If the network cannot be built, has no such variable, or a postsynaptic neuron did
            not spike on command.
        """
        n = len(pre)
        trains = [*pre, *post]
        pairs = [np.concatenate(pair) for pair in zip(pre, post, strict=True)]
        ends = [pair.max(initial=0) for pair in pairs]
        spans = [np.ptp(pair) for pair in pairs if len(pair)]
        last = self.wait + int(max(spans, default=0))
        due = [train + (last - end) for train, end in zip(trains, ends * 2, strict=True)]
        # A relay fires a step later.
        n_steps = last + 2 + self.wait
        name = self._engine(n_steps)
        with self._remedy():
            network = self._declare(n)
            program = engines.open_program(network, engine=name)
        result = engines.run(
            network,
            engines.SpikeStimulus(trains=_samples(due, n_steps, self.dt)),
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
        latencies = self._latencies(due, result.spikes).reshape(shape)
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
        neuron, drive = self.post or RELAY, self.drive or _RELAY_DRIVE
        # Traces on both sides are integrated in the same way.
        relay = replace(RELAY, method=neuron.method)
        sides = (
            ("before", relay, _RELAY_DRIVE, range(n)),
            ("after", neuron, drive, range(n, 2 * n)),
        )
        return Network(
            populations=(
                Population(name="input", n=2 * n, neuron=SpikeInput()),
                *(Population(name=side, n=n, neuron=model) for side, model, _, _ in sides),
            ),
            projections=(
                *(
                    Projection(
                        pre="input", post=side, wiring=PairWiring(i=due, j=range(n)), on_pre=code,
                        weight=1.0,
                    )
                    for side, _, code, due in sides
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

    def _latencies(self, due: list[Steps], spikes: SpikeTrains) -> Array:
        """Compare what the neurons did with what was due."""
        steps = np.rint(spikes.times / self.dt).astype(np.int64) - 1  # as relays do
        by_unit = np.split(
            steps[np.argsort(spikes.units, kind="stable")],
            np.cumsum(np.bincount(spikes.units, minlength=len(due)))[:-1],
        )
        late = [self._late(k, *both) for k, both in enumerate(zip(due, by_unit, strict=True))]
        return np.array(late[len(due) // 2 :]) * self.dt

    def _late(self, unit: int, due: Steps, came: Steps) -> float:
        if len(due) == len(came) == 0:
            return 0.0
        n = np.searchsorted(due, came, side="right")
        if len(due) == len(came) and (n == np.arange(1, len(due) + 1)).all():
            return float((came - due).mean())
        if self.post is None:  # nothing that a user could do about it
            raise SimulationError(f"{self.where}: spikes were lost, {len(came)} of {len(due)} came")
        raise ParameterError(
            f"{self.where}.drive: must make the postsynaptic neuron spike once for each spike "
            f"that is due, before the next one; {len(due)} spikes were due, and "
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


def _samples(due: list[Steps], n_steps: int, dt: float) -> SpikeTrains:
    """One sample with all spikes."""
    units = np.repeat(np.arange(len(due)), [len(train) for train in due])
    events = [(np.concatenate(due) * dt, units)]
    return SpikeTrains.from_events(events, n_units=len(due), duration=n_steps * dt * second)
