"""Brian's Synapses as projections."""

from collections.abc import Mapping, Set
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from brian2 import NeuronGroup, PoissonGroup, Quantity, SpikeGeneratorGroup, second
from brian2.core.namespace import DEFAULT_UNITS
from brian2.equations.equations import DIFFERENTIAL_EQUATION, FLOAT, PARAMETER
from brian2.utils.stringtools import word_substitute

from bioplastic.models.brian_equations import (
    State,
    Variables,
    is_time,
    made_in,
    method_of,
    regular_of,
)
from bioplastic.models.brian_names import External, base_group, refuse, trimmed
from bioplastic.models.equation_lines import unit_text
from bioplastic.models.projection import Projection
from bioplastic.models.strings import statements_of, words_of
from bioplastic.models.synapses import SynapseModel
from bioplastic.models.timing import Pathway
from bioplastic.models.values import unit_name
from bioplastic.models.wiring import StoredWiring, n_regular, regular_pairs

#: What synapses have themselves, whatever their neurons call so.
_OWN = frozenset({"i", "j", "N", "t", "dt", "t_in_timesteps", "lastupdate", "delay"})
_SIDES = ("pre", "post")


@dataclass
class _Way:
    """One pathway of Brian's."""

    name: str
    brian: Any
    code: str

    @property
    def side(self) -> str:
        return str(self.brian.prepost)

    @property
    def place(self) -> tuple[int, str]:
        """Where Brian runs it among all pathways."""
        return int(self.brian.order), str(self.brian.name)

    @property
    def delays(self) -> npt.NDArray[np.float64]:
        return np.array(self.brian.variables["delay"].get_value(), dtype=np.float64)


def base_of(group: Any) -> tuple[Any, int, int]:
    """Return the group of which a group is a part, with where the part begins and ends."""
    start, stop = getattr(group, "start", 0), getattr(group, "stop", None)
    base = base_group(group)
    if not isinstance(base, NeuronGroup | PoissonGroup | SpikeGeneratorGroup):
        remedy = "connect neurons with neurons"
        raise refuse(group, "synapses lead to or from what is no group of neurons", remedy)
    return base, int(start), len(base) if stop is None else int(stop)


class ReadSynapses:
    """What a Synapses object says.

    Parameters
    ----------
    synapses : brian2.Synapses
        The object.
    namespace : mapping
        What the script around it has.
    dt : float
        The time step, in seconds.

    Attributes
    ----------
    name : str
        Of the object, and of the projection.
    ways : list
        Its pathways in the order in which Brian runs them.
    written : set of str
        Variables that its statements set, with ``_pre`` or ``_post`` where they are neurons'.
    summed : dict of str to str
        Sums that neurons are given: variable with its side, and what is summed.
    places : ndarray of shape (n_synapses,)
        Where each of Brian's synapses stands in the state, once there is a projection.
    """

    def __init__(self, synapses: Any, namespace: Mapping[str, Any], dt: float) -> None:
        self.synapses, self.name, self.namespace = synapses, synapses.name, namespace
        self.source, self.target = synapses.source, synapses.target
        self.ends = {"pre": base_of(self.source), "post": base_of(self.target)}
        self.external = External(synapses, namespace, "synapse")
        found = [*synapses.equations.values(), *(synapses.event_driven or {}).values()]
        self.equations = {equation.varname: equation for equation in found}
        self._shifts = self._positions()
        self.held = self._constant_over_dt()
        self.ways = [
            _Way(self._name_of(o), o, self.ours(o.code))
            for o in synapses.contained_objects
            if hasattr(o, "prepost") and o.active
        ]
        self.ways.sort(key=lambda way: (_SIDES.index(way.side), way.place))
        for way in self.ways:
            if way.brian.when != "synapses":
                problem = f"pathway {way.brian.name!r} has when={way.brian.when!r}"
                raise refuse(synapses, problem, "leave it out")
        self.regularly = [(self.ours(code), how) for code, how in regular_of(synapses, dt)]
        self.summed = {
            name: self.ours(updater.expression.code)
            for name, updater in synapses.summed_updaters.items()
        }
        codes = [way.code for way in self.ways] + [code for code, _ in self.regularly]
        self.written = {s.name for code in codes for s in statements_of(code)}
        self.places = np.arange(len(synapses))

    def _name_of(self, pathway: Any) -> str:
        name = str(pathway.objname)
        return "on_pre" if name == "pre" and pathway.event != "spike" else name

    def _positions(self) -> dict[str, str]:
        """Write numbers of neurons, and how many there are, as those of whole populations."""
        shifts: dict[str, str] = {}
        for side, word in (("pre", "i"), ("post", "j")):
            base, start, stop = self.ends[side]
            if start:
                shifts |= dict.fromkeys((word, f"i_{side}"), f"({word} - {start})")
            if stop - start != len(base):
                shifts[f"N_{side}"] = str(stop - start)
        return shifts

    def ours(self, code: str) -> str:
        """Write strings as ours: neurons are read by their side, and counted from the first."""
        given: dict[str, str] = {}
        for word in words_of(code):
            own = word in self.equations or word in _OWN
            bare = not own and word in self.target.variables
            if word in self._shifts:
                given[word] = self._shifts[word]
            elif bare and f"{word}_post" in self.synapses.variables:
                given[word] = f"{word}_post"
        return trimmed(word_substitute(code, given))

    def _constant_over_dt(self) -> dict[str, str]:
        """Return expressions that hold for a step, by the variables in which Brian keeps them."""
        updater = self.synapses.subexpression_updater
        if updater is None:
            return {}
        return {s.name: s.expression for s in statements_of(updater.abstract_code)}

    @property
    def pairs(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Neurons of every synapse, counted in their whole groups."""
        for way in self.ways:
            ends = (way.brian.synapse_sources, way.brian.synapse_targets)
            one, other = (np.array(end.get_value(), dtype=np.int64) for end in ends)
            return (one, other) if way.side == "pre" else (other, one)
        i, j = (np.asarray(k[:], dtype=np.int64) for k in (self.synapses.i, self.synapses.j))
        return i + self.ends["pre"][1], j + self.ends["post"][1]

    def projection(
        self, keep: Set[str], sums: Mapping[str, str], taken: Set[str]
    ) -> tuple[Projection, State]:
        """Make the projection, and what its synapses begin with.

        `keep` names what lasts beside weights, `sums` variables of neurons that take the place of
        those that are summed into, `taken` what its neurons have.
        """
        self.external.neurons = frozenset(taken)
        i, j = self.pairs
        ends = {"pre": self.ends["pre"][0].name, "post": self.ends["post"][0].name}
        given: dict[str, Any] = {**ends, "label": self.name, "on_pre": "", "pooled": False}
        lists: State = {}
        wiring = given["wiring"] = self._wiring(i, j)
        regular = isinstance(wiring, str) and not any(way.delays.any() for way in self.ways)
        added = self._added() if regular else None
        if added is not None:
            given |= added[0]
            lists |= added[1]
        else:
            model, lists = self._model(keep, sums)
            given["synapse"] = model
        first = self._first
        if first is not None:
            given["delay"], late = self._delay(first)
            lists["delay"] = late
            if not (added or given["synapse"].learned):
                given["on_pre"] = first.code
        projection = Projection(**given)
        if projection.listed:
            for way in self.ways:
                if way is not first and f"{way.name}_delay" in projection.delays:
                    lists[f"{way.name}_delay"] = self._delay(way)[1]
            n = len(i)
            lists = {"i": i.astype(float), "j": j.astype(float), "delay": np.zeros(n)} | lists
            order = np.lexsort((j, lists["delay"], i))  # as engines have them
        else:
            lists.pop("delay", None)
            order = np.lexsort((j, i))
        lists = {k: v[order] if len(v) == len(i) else v for k, v in lists.items()}
        self.places = np.argsort(order)
        return projection, {f"{self.name}.{k}": v for k, v in lists.items()}

    @property
    def _first(self) -> _Way | None:
        """Return the pathway that becomes the projection's own."""
        ways = [w for w in self.ways if w.side == "pre"][:1]
        return ways[0] if ways and ways[0].brian.event == "spike" else None

    def _delay(self, way: _Way) -> tuple[Any, npt.NDArray[np.float64]]:
        """Return the longest delay of a pathway, and that of each synapse."""
        delays = np.broadcast_to(way.delays, (len(self.synapses),)).copy()
        return Quantity(delays.max(initial=0.0), dim=second.dim), delays

    def _wiring(self, i: npt.NDArray[np.int64], j: npt.NDArray[np.int64]) -> Any:
        """Name the wiring where it is a regular one."""
        n_pre, n_post = (len(self.ends[side][0]) for side in _SIDES)
        order = np.lexsort((j, i))
        for name in ("one_to_one", "all_to_all", "all_but_one"):
            fits = n_pre == n_post or name == "all_to_all"
            if fits and len(i) == n_regular(name, n_pre, n_post):
                a, b = regular_pairs(name, n_pre, n_post)
                if np.array_equal(i[order], a) and np.array_equal(j[order], b):
                    return name
        return StoredWiring()

    def _added(self) -> tuple[dict[str, Any], State] | None:
        """Return the projection's fields where a spike adds one number, and nothing else happens.

        Regular wirings need no list of synapses then.
        """
        first = self._first
        if first is None or len(self.ways) > 1 or self.regularly or self.summed or self.held:
            return None
        if "w" in self.external.neurons:
            return None  # Brian lets nobody else have the name
        statements, own = statements_of(first.code), self.equations.keys()
        if len(statements) != 1 or any(e.type != PARAMETER for e in self.equations.values()):
            return None
        name, how, expression = statements[0]
        words = words_of(expression) - {*DEFAULT_UNITS}
        if how not in ("+=", "-=") or not name.endswith("_post") or not own <= words:
            return None
        values = self.external.values(words - own)
        shared = {n for n in own if "shared" in self.equations[n].flags}
        for n in shared:
            number = float(np.ravel(self.synapses.variables[n].get_value())[0])
            values[n] = Quantity(number, dim=self.equations[n].dim)
        known = words <= values.keys() | own
        if not known or any(map(callable, values.values())):
            return None
        if own == shared:
            weight = eval(expression, {"__builtins__": {}}, {**DEFAULT_UNITS, **values})
            weight = weight if unit_name(weight) != "1" else float(weight)
            return {"on_pre": f"{name} {how} w", "weight": weight}, {}
        if own - shared != {"w"} or self.equations["w"].var_type != FLOAT:
            return None
        texts = {n: _written(value) for n, value in values.items()}
        if (unit := unit_text(self.equations["w"])) != "1":
            texts["w"] = f"w*{unit}" if expression == "w" else f"(w*{unit})"
        weights = np.array(self.synapses.variables["w"].get_value(), dtype=np.float64)
        return {"on_pre": f"{name} {how} {word_substitute(expression, texts)}"}, {"w": weights}

    def _model(self, keep: Set[str], sums: Mapping[str, str]) -> tuple[SynapseModel, State]:
        synapses, variables = self.synapses, Variables(self.name, self.synapses, self.external)
        event_driven = synapses.event_driven is not None
        if event_driven:
            late = np.asarray(synapses.variables["lastupdate"].get_value())
            if late.size and late.max() > 0:
                raise refuse(
                    synapses,
                    "its event-driven variables stand at the times of their last spikes",
                    "net.restore() what was stored before the run, or set them and `lastupdate`",
                )
        for name, equation in self.equations.items():
            self._add(variables, name, equation, keep)
        lines = variables.lines
        for name, code in self.summed.items():
            stem, _, side = name.rpartition("_")
            unit = unit_text(self.ends[side][0].equations[stem])
            lines.append(f"{sums.get(name, name)} = {self._text(code)} : {unit} (summed)")
        starts = [*variables.starts, *(["lastupdate = 0*second"] if event_driven else [])]
        ways = [way for way in self.ways if way is not self._first]
        for way in self.ways:
            way.code = self._text(way.code)
        first = self._first
        model = SynapseModel(
            on_pre=first.code if first is not None and variables.learned else "",
            equations="\n".join(lines),
            at_slot_start="\n".join(starts),
            pathways=tuple(
                Pathway(way.name, code=way.code, spike=way.side, event=way.brian.event,
                        delay=self._delay(way)[0])
                for way in ways
            ),
            regularly=tuple(replace(how, code=self._text(code)) for code, how in self.regularly),
            learned=tuple(variables.learned),
            method=method_of(synapses, self.namespace),
            summed_order=self._summed_order,
            constants=variables.constants | self.external.constants,
            namespace=self.external.functions,
        )  # fmt: skip
        return model, {k.partition(".")[2]: v for k, v in variables.state.items()}

    @property
    def _summed_order(self) -> int:
        """Return Brian's place of sums: 0, and not -1, where they go to a part of a group."""
        orders = {updater.order for updater in self.synapses.summed_updaters.values()}
        if len(orders) > 1:
            raise refuse(self.synapses, "its sums have several orders", "leave them as Brian sets")
        return int(min(orders, default=-1))

    def _add(self, variables: Variables, name: str, equation: Any, keep: Set[str]) -> None:
        code = None if equation.expr is None else self._text(self.ours(equation.expr.code))
        if name in self.held:
            shared = "(shared, constant over dt)" if "shared" in equation.flags else ""
            expression = self._text(self.ours(self.held[name]))
            line = f"{name} = {expression} : {unit_text(equation)} "
            variables.lines.append(line + (shared or "(constant over dt)"))
            return
        moves = equation.type == DIFFERENTIAL_EQUATION
        lasts = f"{self.name}.{name}" in keep or not (moves or is_time(equation))
        variables.add(equation, code, written=name in self.written, lasts=lasts)

    def _text(self, code: str) -> str:
        return self.external.text(code, made_in(code, self.synapses.variables))


def _written(value: Any) -> str:
    """Write a constant into a string, exactly."""
    number, unit = repr(float(value)), unit_name(value)
    return f"({number})" if unit == "1" else f"({number}*{unit})"
