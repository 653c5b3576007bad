"""The training of Diehl & Cook's network: batches, history and checkpoints."""

import itertools
import time
from typing import Any

import numpy as np
import numpy.typing as npt

from bioplastic import engine as engines
from bioplastic.engine.program import ChunkResult
from bioplastic.models import Network
from bioplastic.networks import _checkpoints as checkpoints
from bioplastic.networks._rate_network import RateNetwork
from bioplastic.networks._samples import Samples, digest
from bioplastic.networks._trained_network import draw_entropy
from bioplastic.networks.diehl_cook_settings import batched, declare
from bioplastic.networks.history import HistoryRecorder

__all__ = ["DiehlCookTraining"]

WEIGHTS, THETA = "input_to_excitatory.w", "excitatory.theta"
#: Where synapses with delays are a list.
LIST = "input_to_excitatory.i", "input_to_excitatory.j", "input_to_excitatory.delay"


class DiehlCookTraining(RateNetwork):
    """Parent of the estimators that train Diehl & Cook's network."""

    _learned = WEIGHTS, THETA
    #: set when a training begins
    n_epochs_: int
    rate_max_: float
    _purposes = ("weights", "noise", "order", "answers", "delays")

    def _answering(self) -> Network:
        return self.network_.frozen()

    def _rate_scale(self) -> float:
        if self._takes_spikes:
            return 1.0
        return self.rate_max_ / self.x_max_ if self.x_max_ > 0 else 0.0

    def _fit(self, data: Samples, recorder: engines.Recorder | None) -> None:
        self._begin(data)
        self._train(data, n_epochs=self.n_epochs_, resume=True, recorder=recorder)

    def _partial_fit(self, data: Samples, recorder: engines.Recorder | None) -> None:
        if not hasattr(self, "weights_"):
            self._begin(data)
        self._train(data, n_epochs=1, resume=False, recorder=recorder)

    def _begin(self, data: Samples) -> None:
        """Set everything that is learned to its initial value."""
        self._set_scale(data)
        self.network_, fitted = declare(self, data)
        for name, value in fitted.items():
            setattr(self, name, value)
        self._entropy = draw_entropy(self.random_state)
        size = data.shape[1] * int(self.n_neurons)
        # (rand + 0.01)*0.3, as in the authors' script
        weights = (np.random.default_rng(self._stream("weights")).random(size) + 0.01) * 0.3
        self._state = {}
        if self.network_.projections[0].delayed:
            drawn = self.network_.sample(self._stream("delays"))
            self._state = {name: drawn[name] for name in LIST}
        self._state[WEIGHTS] = weights = weights[self._places()]
        self._history = HistoryRecorder(weights)
        self._n_learned = self.n_presentations_ = 0

    def _train(
        self, data: Samples, *, n_epochs: int, resume: bool, recorder: engines.Recorder | None
    ) -> None:
        total, done = n_epochs * len(data), 0
        configuration: dict[str, Any] = {}
        if self.checkpoint is not None:
            configuration = self._configuration(data)
            if resume:
                done = self._resume(configuration, total)
        first = self._n_learned - done

        def note(n_done: int, result: ChunkResult) -> None:
            self._note(result)
            if self.checkpoint is not None:
                self._save(n_done, configuration)

        network, lanes = batched(self, self.network_)
        stimulus = self._stimulus(data, first=first, n_epochs=n_epochs)
        program = engines.open_program(
            network,
            engine=self.engine,
            lanes=lanes["lanes"],
            answers=self._answering(),
            progress=self._shows_bar,
        )
        began, built, simulated = time.perf_counter(), 0.0, 0.0
        # Batches do not reach from one epoch into the next, which another call may present.
        epochs = range(0, total, len(data)) if lanes["lanes"] > 1 else ()
        edges = [done, *(edge for edge in epochs if edge > done), total]
        for begin, end in itertools.pairwise(edges):
            result = self._run(
                network,
                stimulus,
                first=first,
                note=note,
                program=program,
                start=begin,
                stop=end,
                recorder=recorder,
                **lanes,
            )
            built += result.timings["build"]
            simulated += result.timings["simulate"]
            if result.interrupted:
                break
        self.timings_ = {
            "build": program.build_seconds + built,
            "simulate": simulated,
            "read": max(time.perf_counter() - began - built - simulated, 0.0),
        }
        self.engine_ = result.engine
        self.weights_ = np.empty((data.shape[1], int(self.n_neurons)))
        self.weights_.flat[self._places()] = self._state[WEIGHTS]
        self.theta_ = self._theta().copy()
        self.history_ = self._history.arrays()
        if result.interrupted:
            kept = f"; {self.checkpoint} holds them" if self.checkpoint is not None else ""
            raise KeyboardInterrupt(
                f"training stopped after {result.n_done} of {total} samples{kept}"
            )

    def _note(self, result: ChunkResult) -> None:
        self._state |= result.state  # wiring and delays stay
        self._history.record(
            self.n_presentations_,
            weights=self._state[WEIGHTS],
            theta=self._theta(),
            spikes=result.log[:, 2],
            repeats=result.log[:, 1],
        )

    def _theta(self) -> Any:
        return self._state.get(THETA, np.zeros(int(self.n_neurons)))

    def _places(self) -> Any:
        """Places of synapses in `weights_`, in the order in which their state has them."""
        if LIST[0] not in self._state:
            return slice(None)
        i, j = (self._state[name].astype(np.int64) for name in LIST[:2])
        return i * int(self.n_neurons) + j

    def _input_synapses(self) -> dict[str, npt.NDArray[np.float64]]:
        drawn = self._answering().drawn
        wiring = {name: self._state[name] for name in LIST if name in drawn}
        return wiring | {WEIGHTS: self.weights_.ravel()[self._places()]}

    # ------------------------------------------------------------------ checkpoint

    def _configuration(self, data: Samples) -> dict[str, Any]:
        return checkpoints.configuration_of(
            self,
            self.network_,
            data=digest(data),
            # A longer training goes on where a shorter one ended.
            left_out=frozenset({"n_epochs"}),
            rate_of_an_input_of_1=self._rate_scale(),
        )

    def _save(self, done: int, configuration: dict[str, Any]) -> None:
        counters = [done, self._n_learned, self.n_presentations_]
        groups = {"history": self._history.arrays()}
        checkpoints.save(self, configuration, groups, counters=counters)

    def _resume(self, configuration: dict[str, Any], total: int) -> int:
        arrays = checkpoints.restore(
            self, configuration, counter="counters", wanted=total, unit="samples"
        )
        if arrays is None:
            return 0
        done, self._n_learned, self.n_presentations_ = (int(n) for n in arrays["counters"])
        self._history.restore(checkpoints.group(arrays, "history"), self._state[WEIGHTS])
        return done
