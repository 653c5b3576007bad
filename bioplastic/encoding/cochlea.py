"""Sound to spikes: basilar membrane, hair cells, nerve fibers and bushy cells."""

from collections.abc import Iterator
from typing import Any, Self

import joblib
import numpy as np
import numpy.typing as npt
import scipy.signal
from brian2 import Hz, kHz, ms
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state

from bioplastic._checks import check_number, check_positive, check_whole
from bioplastic._spike_output import SpikeOutput
from bioplastic.encoding._gammatone import BASILAR_RATE, GammatoneBank, erb_space
from bioplastic.encoding._nerve import bushy_cells, hair_cells
from bioplastic.encoding._sound import Sound, check_sounds, read_sound
from bioplastic.errors import ParameterError
from bioplastic.spikes import SpikeTrains

# Samples of the membrane's motion in a step of the cells, and that step in seconds.
_N_SUB = 2
_DT = _N_SUB / BASILAR_RATE
# Center frequencies end here, as a part of the sample rate: half of it is lost to every filter.
_HIGHEST = 0.45
_F_MAX = 7000.0
# 0 dB SPL in pascals.
_REFERENCE = 20e-6
# Motion that 1 Pa causes, in the hair cell's units: 70 dB SPL make the cells fire as they do in the
# Heidelberg data (docs/cochlea.md).
_MOTION = 2000.0


# SpikeTrains are no table, so `set_output` has nothing to wrap.
class Cochlea(SpikeOutput, BaseEstimator):
    """Turn sounds into spikes as the inner ear and the cochlear nucleus do.

    Gammatone filters stand for the basilar membrane, Meddis' transmitter pools for hair cells and
    their synapses, which rectify, compress and adapt [1]_; the fibers of a channel converge on
    one leaky integrate-and-fire cell, whose spikes are the output. Hair cells and output cells
    are those of the Heidelberg spiking data sets [2]_, and the defaults come near their firing.

    Parameters
    ----------
    n_channels : int
        Number of filters and of output units. Unit 0 has the lowest center frequency; in the
        Heidelberg data sets it has the highest.
    sample_rate : Quantity, in hertz, optional
        Rate of sounds that are given as arrays (16 kHz). Files know theirs.
    f_min : Quantity, in hertz, optional
        Lowest center frequency (50 Hz). The others follow at equal steps of equivalent rectangular
        bandwidth.
    f_max : Quantity, in hertz, optional
        Highest center frequency, at most 0.45 times the `sample_rate` and 7.2 kHz; where None it
        is 7 kHz, or 0.45 times the `sample_rate` if that is less (3.6 kHz for a rate of 8 kHz).
    level : float or None, in dB SPL
        Every sound is brought to this root mean square level; 70 dB is loud speech. None leaves
        sounds as they are, with a sample of 1 standing for 1 Pa (94 dB SPL), so that loudness
        stays in the spikes.
    window : {"hann"} or None
        Window over each whole sound, applied after its level. The Heidelberg data sets were made
        with ``"hann"``, which fades words in and out.
    n_fibres : int
        Nerve fibers that converge on an output cell.
    weight : float
        What a fiber's spike adds to the cell's potential in all, the threshold being 1.
    tau_membrane : Quantity, in seconds, optional
        Membrane time constant of the output cells (1 ms).
    tau_synapse : Quantity, in seconds, optional
        Decay of their synaptic current (0.5 ms).
    tau_refractory : Quantity, in seconds, optional
        Refractory period of fibers and output cells (1 ms).
    random_state : int, RandomState or None
        Seed of the fibers' noise. With an int, `transform` always gives the same spikes; with
        None or a RandomState each call draws new ones.
    n_jobs : int or None
        Processes that share the sounds, as in joblib. Spikes do not depend on it.

    Attributes
    ----------
    center_frequencies_ : ndarray of shape (n_channels,), in hertz
        Center frequency of each unit, rising.

    Notes
    -----
    Cells advance by 0.125 ms, the grid of spike times. The noise of a sound follows from the seed
    and from its own samples: it gives the same spikes alone, among others and in any order, and
    different sounds have independent noise.

    The mean of a sound is removed. A silent sound, all of whose samples are equal, has no level and
    gives a sample without spikes; with `level` None, too. (In any other sound, quiet channels fire
    spontaneously, about once a second.)

    Arrays hold floats, or signed integers whose full scale then stands for 1. Sounds may differ in
    length; a file's channels are averaged; files of any sample rate are resampled.

    Equations, a comparison with Heidelberg's spikes and limits are in docs/cochlea.md.

    References
    ----------
    .. [1] R. Meddis (1986). Simulation of mechanical to neural transduction in the auditory
       receptor. J. Acoust. Soc. Am. 79, 702-711. https://doi.org/10.1121/1.393460
    .. [2] B. Cramer, Y. Stradmann, J. Schemmel, F. Zenke (2022). The Heidelberg spiking data sets
       for the systematic evaluation of spiking neural networks. IEEE Trans. Neural Netw. Learn.
       Syst. 33, 2744-2757. https://doi.org/10.1109/TNNLS.2020.3044364

    Examples
    --------
    >>> import numpy as np
    >>> from bioplastic.encoding import Cochlea
    >>> t = np.arange(4000) / 16_000
    >>> tone = np.sin(2 * np.pi * 1000 * t)
    >>> cochlea = Cochlea(n_channels=16).fit([tone])
    >>> spikes = cochlea.transform([tone, tone[:2000]])
    >>> spikes.shape, spikes.duration
    ((2, 16), array([0.25 , 0.125]))
    >>> loudest = spikes.counts()[0].argmax()
    >>> cochlea.center_frequencies_.round()[loudest - 1 : loudest + 2]
    array([ 796., 1045., 1354.])
    """

    def __init__(
        self,
        *,
        n_channels: int = 700,
        sample_rate: Any = None,
        f_min: Any = None,
        f_max: Any = None,
        level: float | None = 70.0,
        window: str | None = None,
        n_fibres: int = 40,
        weight: float = 0.155,
        tau_membrane: Any = None,
        tau_synapse: Any = None,
        tau_refractory: Any = None,
        random_state: Any = 0,
        n_jobs: int | None = None,
    ) -> None:
        self.n_channels = n_channels
        self.sample_rate = sample_rate
        self.f_min = f_min
        self.f_max = f_max
        self.level = level
        self.window = window
        self.n_fibres = n_fibres
        self.weight = weight
        self.tau_membrane = tau_membrane
        self.tau_synapse = tau_synapse
        self.tau_refractory = tau_refractory
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(self, X: Any, y: Any = None) -> Self:
        """Check the parameters and note the center frequencies; nothing is learned from X.

        Parameters
        ----------
        X : list of sounds
            As `transform` takes them.
        y : ignored

        Returns
        -------
        self : Cochlea
            The fitted transformer.

        Raises
        ------
        ParameterError
            If a parameter has a wrong unit, type or range.
        DataError
            If X is not a list of sounds or empty.
        """
        check_sounds(X)
        self._check_parameters()
        self.center_frequencies_ = self._frequencies()
        return self

    def transform(self, X: Any) -> SpikeTrains:
        """Turn sounds into spikes; may be called without `fit`.

        Parameters
        ----------
        X : list of sounds, or array of shape (n_sounds, n_samples)
            A sound is an array of shape (n_samples,) at `sample_rate`, or the path of a wav, flac
            or other file that libsndfile reads.

        Returns
        -------
        spikes : SpikeTrains of shape (n_sounds, n_channels)
            Each sample lasts as long as its sound.

        Raises
        ------
        ParameterError
            If a parameter has a wrong unit, type or range.
        DataError
            If X is not a list of sounds or empty, or a sound is damaged, shorter than 10 ms, not
            one-dimensional, not of real numbers, or holds NaN or infinity.
        DataNotFoundError
            If a file does not exist.
        """
        sounds = check_sounds(X)
        self._check_parameters()
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        n_parts = min(len(sounds), joblib.effective_n_jobs(self.n_jobs))
        parts = joblib.Parallel(n_jobs=self.n_jobs)(
            joblib.delayed(self._hear)([(k, sounds[k]) for k in part], seed)
            for part in np.array_split(np.arange(len(sounds)), n_parts)
        )
        return SpikeTrains.concatenate(parts)

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn what the transformer takes and gives."""
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.requires_fit = False
        tags.transformer_tags.preserves_dtype = []
        return tags

    def _hear(self, numbered: list[tuple[int, Any]], seed: int) -> SpikeTrains:
        """Turn numbered sounds into spikes, one after the other."""
        bank = GammatoneBank(self._frequencies())
        rate = self._sample_rate()
        events, durations = [], []
        for number, given in numbered:
            sound = read_sound(given, rate, number)
            rng = np.random.default_rng([seed, sound.fingerprint])
            spikes = list(self._fire(bank, sound, rng)) if sound.samples.any() else []
            steps = np.repeat([step for step, _ in spikes], [len(units) for _, units in spikes])
            # A spike stands at its step's end, which may round to a hair after the sound's.
            times = np.minimum((steps.astype(np.int64) + 1) * _DT, sound.duration)
            units = np.concatenate([np.empty(0, dtype=np.int64), *(units for _, units in spikes)])
            events.append((times, units))
            durations.append(sound.duration)
        return SpikeTrains.from_events(events, n_units=self.n_channels, duration=durations)

    def _fire(
        self, bank: GammatoneBank, sound: Sound, rng: np.random.Generator
    ) -> Iterator[tuple[int, npt.NDArray[np.int64]]]:
        """Yield steps with spikes, and their channels."""
        motions = bank.blocks(self._pressure(sound))
        drives = hair_cells(motions, n_channels=self.n_channels, dt=_DT, n_sub=_N_SUB)
        return bushy_cells(
            drives,
            n_channels=self.n_channels,
            dt=_DT,
            n_fibres=self.n_fibres,
            weight=self.weight,
            rng=rng,
            **self._time_constants(),
        )

    def _pressure(self, sound: Sound) -> npt.NDArray[np.float32]:
        """Return the sound at its level and in whole steps, in units of the hair cell."""
        samples, gain = sound.samples, _MOTION
        if self.level is not None:
            rms = np.sqrt(np.mean(np.square(samples, dtype=np.float64)))
            gain *= _REFERENCE * 10 ** (self.level / 20) / rms
        if self.window is not None:
            samples = samples * scipy.signal.get_window(self.window, len(samples), fftbins=False)
        return (samples[: len(samples) // _N_SUB * _N_SUB] * gain).astype(np.float32)

    def _sample_rate(self) -> float:
        return check_positive(self, "sample_rate", 16 * kHz)

    def _time_constants(self) -> dict[str, float]:
        return {
            "tau_membrane": check_positive(self, "tau_membrane", 1 * ms),
            "tau_synapse": check_positive(self, "tau_synapse", 0.5 * ms),
            "tau_refractory": check_positive(self, "tau_refractory", 1 * ms, zero=True),
        }

    def _frequencies(self) -> npt.NDArray[np.float64]:
        highest = _HIGHEST * min(self._sample_rate(), BASILAR_RATE)
        f_min = check_positive(self, "f_min", 50 * Hz)
        f_max = check_positive(self, "f_max", min(highest, _F_MAX) * Hz)
        if f_max > highest:
            raise ParameterError(
                f"Cochlea.f_max: must be at most {highest:g} Hz at the sample rate of "
                f"{self._sample_rate():g} Hz, got {f_max:g} Hz"
            )
        if f_min >= f_max:
            raise ParameterError(
                f"Cochlea.f_min: must be below f_max ({f_max:g} Hz), got {f_min:g} Hz"
            )
        return erb_space(f_min, f_max, self.n_channels)

    def _check_parameters(self) -> None:
        check_whole(self, "n_channels", low=1)
        check_whole(self, "n_fibres", low=1)
        check_number(self, "weight", low=0)
        if self.level is not None:
            check_number(self, "level", low=0, high=140)
        if self.window not in (None, "hann"):
            raise ParameterError(f"Cochlea.window: must be 'hann' or None, got {self.window!r}")
        self._frequencies()
        self._time_constants()
