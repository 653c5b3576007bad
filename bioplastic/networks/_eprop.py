"""What classifier and regressor share: a training by e-prop, epoch after epoch, each one run."""

import logging
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from brian2 import ms
from sklearn.base import BaseEstimator, clone
from sklearn.model_selection import GroupShuffleSplit, ShuffleSplit, StratifiedShuffleSplit
from sklearn.utils.validation import check_consistent_length, check_is_fitted
from tqdm.auto import tqdm

from bioplastic import engine as engines
from bioplastic._checks import (
    check_choice,
    check_number,
    check_positive,
    check_whole,
)
from bioplastic.engine.engines import find_engine
from bioplastic.engine.program import Recorder
from bioplastic.errors import CheckpointError, DataError, ParameterError
from bioplastic.models import (
    Network,
    SoftmaxError,
    SquaredError,
)
from bioplastic.networks._checkpoints import configuration_of
from bioplastic.networks._samples import check_kind, digest
from bioplastic.networks._streams import draw_entropy, shuffled, stream
from bioplastic.networks.eprop_network import FEEDBACKS, initial_weights
from bioplastic.networks.eprop_samples import Samples, check_samples, make_stimulus, select
from bioplastic.networks.eprop_settings import declare
from bioplastic.spikes import SpikeTrains

__all__ = ["EPropNetwork"]

logger = logging.getLogger(__name__)

LOSS = "error.loss"
#: Samples of validation and prediction are shown to a network without these.
LEARNED = ".w"


class EPropNetwork(BaseEstimator):
    """Parent of the estimators that learn by e-prop."""

    #: what is looked at when a sample of the training ends
    _outputs: tuple[str, ...]
    #: set by `fit`
    n_features_in_: int

    # ------------------------------------------------------------------ what children say

    def _error_neuron(self) -> SoftmaxError | SquaredError:
        raise NotImplementedError

    def _targets(self, rows: npt.NDArray[np.int64] | None = None) -> dict[str, Any]:
        """Targets of the training samples, or of some, for the stimulus."""
        raise NotImplementedError

    def _measure(self, samples: Samples, rows: npt.NDArray[np.int64]) -> tuple[float, float]:
        """Loss and score of held-out training samples."""
        raise NotImplementedError

    def _score(
        self, outputs: Mapping[str, Sequence[npt.NDArray[np.float64]]], rows: npt.NDArray[np.int64]
    ) -> float:
        """Score of training samples, from what :attr:`_outputs` names."""
        raise NotImplementedError

    def _forget_targets(self) -> None:
        """Drop the training targets, which no pickle should carry."""
        raise NotImplementedError

    def _strata(self) -> npt.NDArray[Any] | None:
        """Classes that a split without groups keeps in balance."""
        raise NotImplementedError

    # ------------------------------------------------------------------ training

    def _begin(self, samples: Samples, n_outputs: int) -> None:
        """Set everything that is learned to its initial value."""
        self._entropy = draw_entropy(self.random_state)
        self._takes_spikes = isinstance(samples, SpikeTrains)
        self._n_outputs = n_outputs
        self.network_ = self._declare(learning=True)
        feedback = check_choice(self, "feedback", FEEDBACKS)
        gains = tuple(
            check_number(self, f"{name}_gain", low=0)
            for name in ("input", "recurrent", "readout", "feedback")
        )
        self._state = {
            **self.network_.sample(self._stream("neurons")),
            **initial_weights(
                self.network_, self._stream("weights"), gains=gains, feedback=feedback
            ),
        }
        self.n_epochs_ = 0
        self._points: dict[str, list[float]] = {
            name: []
            for name in ("loss", "score", "spikes", "validation_loss", "validation_score")
            if name != "score" or self._outputs
        }
        self._best: tuple[float, int, dict[str, npt.NDArray[np.float64]]] | None = None

    def _stream(self, name: str) -> np.random.SeedSequence:
        """Independent stream of random numbers for one purpose."""
        purposes = ("weights", "neurons", "order", "noise", "augmentation", "validation")
        return stream(self._entropy, purposes, name)

    def _fit(
        self,
        samples: Samples,
        groups: npt.ArrayLike | None,
        *,
        n_epochs: int,
        resume: bool,
        recorder: Recorder | None,
    ) -> None:
        """Train until `n_epochs` are done, or the held-out samples say that it is enough."""
        first = self.n_epochs_
        if self.early_stopping and not resume:
            raise ParameterError(
                f"{type(self).__name__}.early_stopping: must be False for partial_fit, which knows "
                f"no end, got {self.early_stopping!r}"
            )
        learned, held_out = self._split(len(samples), groups)
        configuration: dict[str, Any] = {}
        if self.checkpoint is not None:
            configuration = self._configuration(samples, groups)
            if resume:
                self._resume(configuration)
        patience = check_whole(self, "n_iter_no_change", low=1)
        engine = find_engine(self.engine)
        # On a GPU a batch runs side by side. A recorder sees one sample after the other.
        together = engine.batches and recorder is None
        self._lanes = self.network_.schedule.batch_size if together else 1
        program = engines.open_program(self.network_, engine=self.engine, lanes=self._lanes)
        self.engine_ = {"name": engine.name, "dt": str(self.network_.schedule.dt)}
        self.timings_ = {"build": program.build_seconds, "simulate": 0.0}
        last = first + n_epochs
        try:
            while self.n_epochs_ < last:
                number = self.n_epochs_
                if self._best is not None and number - self._best[1] >= patience:
                    break
                order = self._order(learned, number)
                result = self._epoch(program, samples, order, number, last, recorder)
                self.timings_["simulate"] += result.timings["simulate"]
                self.engine_ = result.engine
                self._state = dict(result.state)
                if result.interrupted:
                    done = number and self.checkpoint is not None
                    kept = f"; {self.checkpoint} holds them" if done else ""
                    raise KeyboardInterrupt(
                        f"training stopped after {number} of {last} epochs{kept}"
                    )
                self.n_epochs_ = number + 1
                self._note(result, samples, order, held_out, last)
                if self.checkpoint is not None:
                    self._save(configuration)
        except KeyboardInterrupt:  # what was learned until then is kept
            self._finish()
            raise
        finally:
            self._forget_targets()
        if self._best is not None:
            self._state |= self._best[2]
        self._finish()

    def _epoch(
        self,
        program: Any,
        samples: Samples,
        order: npt.NDArray[np.int64],
        number: int,
        last: int,
        recorder: Recorder | None,
    ) -> engines.Result:
        """Present every sample once, in one run."""
        rate = self._rate(number)
        rates = {
            f"{p.name}.learning_rate": np.array([rate])
            for p in self.network_.projections
            if p.rule is not None
        }
        self._state.pop(LOSS, None)  # a sum over one epoch
        return engines.run(
            self.network_,
            make_stimulus(
                self._augmented(samples, number), dt=self._dt, pool=self._pool, order=order,
                **self._targets(),
            ),
            seed=self._stream("noise"),
            state={**self._state, **rates},
            engine=self.engine,
            program=program,
            chunk_size=max(len(order), 1),
            record="counts",
            recorder=recorder,
            outputs=() if recorder is not None else self._outputs,
            lanes=self._lanes,
            combine="sum" if self._lanes > 1 else None,
            description=f"epoch {number + 1}/{last}",
            progress=self.verbose > 1,
        )  # fmt: skip

    def _order(self, learned: npt.NDArray[np.int64], number: int) -> npt.NDArray[np.int64]:
        """Order of the samples in an epoch."""
        if not self.shuffle:
            return learned
        return shuffled(self._stream("order"), number, learned)

    def _augmented(self, samples: Samples, number: int) -> Samples:
        """Change every sample anew in each epoch."""
        if self.augmenter is None:
            return samples
        seed = int(self._stream("augmentation").generate_state(1)[0])
        changes = clone(self.augmenter).set_params(
            n_copies=1,
            include_original=False,
            random_state=int(np.random.default_rng([seed, number]).integers(2**31 - 1)),
        )
        return changes.fit_resample(samples)[0]  # type: ignore[no-any-return]

    def _rate(self, number: int) -> float:
        """Learning rate of an epoch."""
        rate = float(self.learning_rate)
        if self.schedule == "constant":
            return rate
        return 0.5 * rate * (1.0 + math.cos(math.pi * min(number / int(self.n_epochs), 1.0)))

    def _note(
        self,
        result: engines.Result,
        samples: Samples,
        order: npt.NDArray[np.int64],
        held_out: npt.NDArray[np.int64],
        last: int,
    ) -> None:
        """Add a point to the history, tell it, and keep the best weights."""
        n = len(result.counts)
        rates = result.counts.sum(axis=1)
        loss = float(result.state[LOSS].sum()) / n
        score = self._score(result.outputs, order) if result.outputs else np.nan
        points = {"loss": loss, "score": score, "spikes": float(rates.mean())}
        said = [f"epoch {self.n_epochs_}/{last}", f"loss {loss:.4f}"]
        said += [f"score {score:.3f}"] if np.isfinite(score) else []
        if len(held_out):
            held_loss, held_score = self._measure(select(samples, held_out), held_out)
            points |= {"validation_loss": held_loss, "validation_score": held_score}
            said += [f"held out: loss {held_loss:.4f}", f"score {held_score:.3f}"]
            if self._best is None or held_score > self._best[0]:
                weights = {k: v.copy() for k, v in self._state.items() if k.endswith(LEARNED)}
                self._best = held_score, self.n_epochs_, weights
        said.append(f"{points['spikes']:.0f} spikes a sample")
        for name, values in self._points.items():
            values.append(points.get(name, np.nan))
        logger.info(", ".join(said))
        if self.verbose:
            tqdm.write(", ".join(said))

    def _split(
        self, n: int, groups: npt.ArrayLike | None
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Rows to learn, and rows to hold out for early stopping."""
        if not self.early_stopping:
            return np.arange(n), np.zeros(0, dtype=np.int64)
        share = check_number(self, "validation_fraction", low=1e-9, high=1 - 1e-9)
        seed = int(self._stream("validation").generate_state(1)[0] % 2**31)
        options = {"n_splits": 1, "test_size": share, "random_state": seed}
        try:
            if groups is not None:
                check_consistent_length(np.zeros(n), groups)
                splitter: Any = GroupShuffleSplit(**options)
                return next(iter(splitter.split(np.zeros(n), groups=groups)))  # type: ignore[no-any-return]
            strata = self._strata()
            splitter = (
                ShuffleSplit(**options) if strata is None else StratifiedShuffleSplit(**options)
            )
            return next(iter(splitter.split(np.zeros(n), strata)))  # type: ignore[no-any-return]
        except ValueError as error:
            raise DataError(
                f"{type(self).__name__}.early_stopping: these samples cannot be split: {error}"
            ) from error

    def _finish(self) -> None:
        """Set what a fitted estimator has."""
        self.weights_ = {}
        for projection in self.network_.projections:
            if projection.weight is None:
                name = projection.name
                shape = [self.network_.population(p).n for p in (projection.pre, projection.post)]
                w = self._state[f"{name}.w"].copy()
                self.weights_[name] = w if projection.wiring == "one_to_one" else w.reshape(shape)
        self.history_ = {name: np.array(v) for name, v in self._points.items()}

    # ------------------------------------------------------------------ presenting

    def _present(
        self,
        samples: Samples,
        outputs: tuple[str, ...],
        *,
        at: str = "end",
        record: str = "counts",
        targets: dict[str, Any] | None = None,
    ) -> engines.Result:
        """Show samples to the network, which learns nothing."""
        shown = self._presentation(samples, targets or {})
        return shown.present(
            engine=self.engine,
            record=record,
            outputs=outputs,
            outputs_at=at,
            n_jobs=self.n_jobs,
            description="presenting",
            progress=self.verbose > 1,
        )

    def _presentation(self, samples: Samples, targets: dict[str, Any]) -> engines.Presentation:
        network = self._declare(learning=False)
        names = {p.name for p in network.projections}
        state = {
            k: v
            for k, v in self._state.items()
            if (k.endswith(LEARNED) and k.split(".")[0] in names) or k in network.drawn
        }
        stimulus = make_stimulus(samples, dt=self._dt, pool=self._pool, **targets)
        return engines.Presentation(
            network=network, stimulus=stimulus, seed=self._stream("noise"), state=state
        )

    def presentation_of(self, X: Any) -> engines.Presentation:
        """Return what predictions present, for runs of your own.

        Parameters
        ----------
        X : SpikeTrains or array_like
            As in `fit`.

        Returns
        -------
        presentation : Presentation
            The network without its rules, what was learned, and the samples as a stimulus.
        """
        check_is_fitted(self, "weights_")
        samples = self._samples(X, "presentation_of", reset=False)
        return self._presentation(samples, self._no_targets(samples))

    def transform_spikes(self, X: Any) -> SpikeTrains:
        """Spikes of the recurrent neurons, LIF first, with weights held fixed.

        Parameters
        ----------
        X : SpikeTrains or array_like
            As in `fit`.

        Returns
        -------
        spikes : SpikeTrains of shape (n_samples, n_lif + n_alif)
        """
        check_is_fitted(self, "weights_")
        samples = self._samples(X, "transform_spikes", reset=False)
        result = self._present(samples, (), record="spikes", targets=self._no_targets(samples))
        assert result.spikes is not None
        return result.spikes

    def _no_targets(self, samples: Samples) -> dict[str, Any]:
        return {}

    # ------------------------------------------------------------------ parameters

    @property
    def _pool(self) -> int | None:
        """Channels that are counted together, None for spikes as they are."""
        return None if self.pool == 1 and self.n_lines == 1 else int(self.pool)

    @property
    def _dt(self) -> float:
        return check_positive(self, "dt", 1 * ms)

    def _samples(self, X: Any, method: str, *, reset: bool) -> Samples:
        if not reset:
            check_kind(self, X, method, takes_spikes=self._takes_spikes)
        steps = check_positive(self, "presentation", 100 * ms) / self._dt
        n_steps = round(steps)
        if self.presentation is not None and not math.isclose(steps, n_steps, abs_tol=1e-6):
            raise ParameterError(
                f"{type(self).__name__}.presentation: must be a whole multiple of dt={self._dt} s, "
                f"got {self.presentation}"
            )
        samples = check_samples(self, X, method, reset=reset, n_steps=max(n_steps, 1))
        if self.augmenter is not None and not isinstance(samples, SpikeTrains):
            raise DataError(
                f"{type(self).__name__}.augmenter: changes SpikeTrains, got {type(X).__name__}; "
                f"leave it out"
            )
        return samples

    def _declare(self, *, learning: bool) -> Network:
        return declare(
            self,
            n_features=self.n_features_in_,
            n_outputs=self._n_outputs,
            takes_spikes=self._takes_spikes,
            error=self._error_neuron(),
            learning=learning,
        )

    # ------------------------------------------------------------------ checkpoint

    def _configuration(self, samples: Samples, groups: npt.ArrayLike | None) -> dict[str, Any]:
        left_out = {"n_iter_no_change"}
        if self.schedule == "constant":  # a longer training goes on where a shorter one ended
            left_out.add("n_epochs")
        data = [samples, *self._targets().values()]
        if self.early_stopping and groups is not None:  # they decide what is held out
            data.append(np.frombuffer(repr(np.asarray(groups).tolist()).encode(), dtype=np.uint8))
        return configuration_of(
            self, self.network_, data=digest(*data), left_out=frozenset(left_out)
        )

    def _save(self, configuration: dict[str, Any]) -> None:
        best = self._best
        kept = {f"best.{k}": v for k, v in best[2].items()} if best is not None else {}
        engines.save_checkpoint(
            self.checkpoint,
            arrays={
                **{f"state.{name}": value for name, value in self._state.items()},
                **{f"history.{name}": np.array(v) for name, v in self._points.items()},
                **kept,
                "best": np.array(best[:2] if best is not None else []),
                "entropy": np.array(self._entropy),
                "n_epochs": np.array(self.n_epochs_),
            },
            configuration=configuration,
        )

    def _resume(self, configuration: dict[str, Any]) -> None:
        arrays = engines.load_checkpoint(self.checkpoint, configuration=configuration)
        if arrays is None:
            return
        done, wanted = int(arrays["n_epochs"]), int(self.n_epochs)
        if done > wanted:
            raise CheckpointError(
                f"checkpoint: {self.checkpoint} holds {done} epochs, this training has {wanted}; "
                f"raise n_epochs or choose another file"
            )
        self.n_epochs_ = done
        self._entropy = [int(word) for word in arrays["entropy"]]
        self._state = {k[6:]: v for k, v in arrays.items() if k.startswith("state.")}
        self._points = {name: arrays[f"history.{name}"].tolist() for name in self._points}
        if len(arrays["best"]):
            weights = {k[5:]: v for k, v in arrays.items() if k.startswith("best.")}
            self._best = float(arrays["best"][0]), int(arrays["best"][1]), weights
        logger.info("resumed from %s after %d of %d epochs", self.checkpoint, done, wanted)
