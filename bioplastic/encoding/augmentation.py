"""Spoken words of other voices, more or less: shifted, stretched, jittered copies."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
from brian2 import ms, second
from sklearn.base import BaseEstimator
from sklearn.utils import check_consistent_length, check_random_state, gen_batches

from bioplastic._checks import check_number, check_positive, check_whole
from bioplastic.errors import DataError, ParameterError
from bioplastic.spikes import SpikeTrains

# Samples that are changed at a time: so few that their spikes stay in the processor's cache.
_BLOCK = 64


def _joined(blocks: Iterable[SpikeTrains], most_spikes: int, n_samples: int) -> SpikeTrains:
    """Join blocks as they come: joining finished ones would need their memory twice."""
    times, units = np.empty(most_spikes), np.empty(most_spikes, dtype=np.int32)
    offsets, durations = np.zeros(n_samples + 1, dtype=np.int64), np.empty(n_samples)
    last = 0
    for block in blocks:
        first, last = last, last + len(block)
        offsets[first : last + 1] = block.offsets + offsets[first]
        here = slice(offsets[first], offsets[last])
        times[here], units[here], durations[first:last] = block.times, block.units, block.duration
    n_spikes = offsets[-1]
    return SpikeTrains(
        times[:n_spikes], units[:n_spikes], offsets,
        n_units=block.n_units, duration=durations * second,
    )  # fmt: skip


class SpikeAugmenter(BaseEstimator):
    """Add changed copies of training samples: a resampler of spike trains.

    A copy differs from its original in

    - **channel shift**: all spikes move by the same number of channels, normally distributed and
      rounded, as another voice moves along the cochlea; spikes shifted off the ends are lost;
    - **channel stretch**: distances from the middle channel are multiplied by a log-normal factor,
      as in a vocal tract of another length; the same holds at the ends;
    - **time stretch**: times and duration are multiplied by a log-normal factor, as someone else
      speaks faster or slower;
    - **jitter**: each spike moves by a normally distributed time; spikes moved out of the sample
      are lost;
    - **deletion**: each spike is left out with the same probability.

    It belongs to training data only. Augment before a split, and copies of one word stand on both
    sides of it; augment test data, and the accuracy is that of other data. It is therefore no
    transformer and cannot be a step of a :class:`~sklearn.pipeline.Pipeline`; it has the
    `fit_resample` of imbalanced-learn's samplers.
    :class:`bioplastic.readout.AugmentedClassifier` wraps it around a classifier, so that
    cross-validation augments each fold's training part and nothing else.

    Parameters
    ----------
    n_copies : int
        Changed copies of each sample.
    channel_shift : float
        Standard deviation of the shift, in channels.
    time_stretch : float
        Standard deviation of the logarithm of the stretch factor.
    channel_stretch : float
        Standard deviation of the logarithm of the factor by which channels are spread.
    jitter : Quantity, in seconds, optional
        Standard deviation of each spike's own displacement (0 ms).
    deletion : float
        Probability that a spike is left out, below 1.
    include_original : bool
        Whether the unchanged samples come first.
    random_state : int, RandomState or None
        Seed of the changes. With an int, every call with the same data gives the same copies.

    Attributes
    ----------
    sample_indices_ : ndarray of shape (n_samples_new,), int64
        Index of the sample that each new one was made from.

    Notes
    -----
    New samples come in rounds: the originals in their order, then the first copy of each, then
    the second. The changes of a copy follow from the seed, its round and its position.

    Examples
    --------
    >>> import numpy as np
    >>> from bioplastic import SpikeTrains
    >>> from bioplastic.encoding import SpikeAugmenter
    >>> words = SpikeTrains([0.1, 0.2, 0.1], [30, 31, 35], [0, 2, 3], n_units=64, duration=0.5)
    >>> augmenter = SpikeAugmenter(n_copies=2, channel_shift=5, random_state=0)
    >>> X, y = augmenter.fit_resample(words, ["yes", "no"])
    >>> X.shape, y
    ((6, 64), array(['yes', 'no', 'yes', 'no', 'yes', 'no'], dtype='<U3'))
    """

    def __init__(
        self,
        *,
        n_copies: int = 3,
        channel_shift: float = 25.0,
        time_stretch: float = 0.12,
        channel_stretch: float = 0.0,
        jitter: Any = None,
        deletion: float = 0.0,
        include_original: bool = True,
        random_state: Any = None,
    ) -> None:
        self.n_copies = n_copies
        self.channel_shift = channel_shift
        self.time_stretch = time_stretch
        self.channel_stretch = channel_stretch
        self.jitter = jitter
        self.deletion = deletion
        self.include_original = include_original
        self.random_state = random_state

    def fit_resample(
        self, X: SpikeTrains, y: npt.ArrayLike | None = None, groups: npt.ArrayLike | None = None
    ) -> tuple[Any, ...]:
        """Make the copies, and repeat labels and groups with them.

        Parameters
        ----------
        X : SpikeTrains of shape (n_samples, n_units)
            Training samples.
        y : array-like of shape (n_samples, ...), optional
            Their labels.
        groups : array-like of shape (n_samples, ...), optional
            Their groups, such as speakers.

        Returns
        -------
        X : SpikeTrains of shape (n_samples_new, n_units)
            Originals, where `include_original`, and copies; sorted by time within each sample.
        y : ndarray of shape (n_samples_new, ...) or None
            A label for each; None where `y` is None.
        groups : ndarray of shape (n_samples_new, ...)
            A group for each; only returned where `groups` is given.

        Raises
        ------
        ParameterError
            If a parameter has a wrong unit, type or range.
        DataError
            If X is not SpikeTrains, is empty, or `y` or `groups` has another length.
        """
        jitter = self._check_parameters()
        self._check_data(X, y, groups)
        rng = np.random.default_rng(check_random_state(self.random_state).randint(2**31, size=4))
        n_originals = int(bool(self.include_original))
        n_rounds = n_originals + int(self.n_copies)
        changed = (
            self._change(X[rows].to_memory(), jitter if k >= n_originals else None, rng)
            for k in range(n_rounds)
            for rows in gen_batches(len(X), _BLOCK)
        )
        if X.in_memory:
            resampled = _joined(changed, n_rounds * len(X.times), n_rounds * len(X))
        else:
            # HDF5, which few programs need.
            from bioplastic._stored_spikes import Scratch

            scratch = Scratch(X.n_units)
            for block in changed:
                scratch.append(block)
            resampled = scratch.spikes()
        self.sample_indices_ = np.tile(np.arange(len(X)), n_rounds)
        labels = None if y is None else np.asarray(y)[self.sample_indices_]
        if groups is None:
            return resampled, labels
        return resampled, labels, np.asarray(groups)[self.sample_indices_]

    def _change(
        self, X: SpikeTrains, jitter: float | None, rng: np.random.Generator
    ) -> SpikeTrains:
        """Make one copy of each sample; an unchanged one where `jitter` is None."""
        if jitter is None:
            return X
        lengths = np.diff(X.offsets)
        shift = np.rint(rng.normal(0, self.channel_shift, len(X))).clip(-X.n_units, X.n_units)
        factor = np.exp(rng.normal(0, self.time_stretch, len(X)))
        times = X.times * np.repeat(factor, lengths)
        units = X.units + np.repeat(shift.astype(np.int32), lengths)
        if self.channel_stretch > 0:
            spread = np.exp(rng.normal(0, self.channel_stretch, len(X)))
            middle = (X.n_units - 1) / 2
            from_middle = (X.units - middle) * np.repeat(spread, lengths)
            moved = np.rint(middle + from_middle + np.repeat(shift, lengths))
            units = moved.clip(-1, X.n_units).astype(np.int32)
        durations = X.duration * factor
        keep = (units >= 0) & (units < X.n_units)
        if jitter > 0:
            times += rng.normal(0, jitter, len(times))
            keep &= (times >= 0) & (times <= np.repeat(durations, lengths))
        if self.deletion > 0:
            keep &= rng.random(len(times)) >= self.deletion
        offsets = np.concatenate([[0], keep.cumsum()])[X.offsets]
        times, units = times[keep], units[keep]
        if jitter > 0:
            order = times.argsort()
            # Numbers of 16 bits are sorted without comparisons, and keep the order of times.
            sample = np.repeat(np.arange(len(X), dtype=np.uint16), np.diff(offsets))
            order = order[sample[order].argsort(kind="stable")]
            times, units = times[order], units[order]
        return SpikeTrains._trusted(times, units, offsets, X.n_units, durations)

    def _check_parameters(self) -> float:
        """Check all parameters; return the jitter in seconds."""
        originals = bool(self.include_original)
        check_whole(self, "n_copies", low=0 if originals else 1)
        check_number(self, "channel_shift", low=0)
        # Beyond 5, factors overflow; no speaker is e times faster than the next one.
        check_number(self, "time_stretch", low=0, high=5)
        check_number(self, "channel_stretch", low=0, high=5)
        if check_number(self, "deletion", low=0, high=1) == 1:
            raise ParameterError(
                "SpikeAugmenter.deletion: must be below 1, got 1; no spike is left"
            )
        return check_positive(self, "jitter", 0 * ms, zero=True)

    @staticmethod
    def _check_data(X: Any, y: npt.ArrayLike | None, groups: npt.ArrayLike | None) -> None:
        if not isinstance(X, SpikeTrains):
            raise DataError(
                f"SpikeAugmenter.fit_resample: X must be SpikeTrains, got {type(X).__name__}; "
                "encode arrays first, for example with PoissonEncoder"
            )
        if len(X) == 0:
            raise DataError("SpikeAugmenter.fit_resample: X must hold samples, got none")
        for name, values in (("y", y), ("groups", groups)):
            try:
                check_consistent_length(X, values)
            except (TypeError, ValueError) as error:
                raise DataError(
                    f"SpikeAugmenter.fit_resample: {name} must have one entry for each of the "
                    f"{len(X)} samples: {error}"
                ) from error
