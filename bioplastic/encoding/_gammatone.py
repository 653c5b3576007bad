"""The basilar membrane: a bank of gammatone filters, applied block by block through the FFT."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import scipy.fft

#: Rate of the membrane's motion, in hertz. Sounds are brought to it first.
BASILAR_RATE = 16_000

# Samples of a block, of the past that a block needs, and of both.
_BLOCK = 4_000
_PAST = 1_600
_LENGTH = _BLOCK + _PAST
# Glasberg & Moore (1990): ERB = 24.7 Hz + f / 9.265, and its scale, the integral of 1 / ERB.
_ERB_MIN, _EAR_Q = 24.7, 9.265
# Bandwidth of a fourth-order gammatone whose equivalent rectangular bandwidth is 1.
_BANDWIDTH = 1.0186


def erb_space(f_min: float, f_max: float, n: int) -> npt.NDArray[np.float64]:
    """Space frequencies evenly on the scale of equivalent rectangular bandwidths [1]_.

    Parameters
    ----------
    f_min, f_max : float, in hertz
        First and last frequency.
    n : int
        How many; one alone lies in the middle.

    Returns
    -------
    frequencies : ndarray of shape (n,), in hertz

    References
    ----------
    .. [1] B. R. Glasberg, B. C. J. Moore (1990). Derivation of auditory filter shapes from
       notched-noise data. Hearing Research 47, 103-138.
       https://doi.org/10.1016/0378-5955(90)90170-T

    Examples
    --------
    >>> from bioplastic.encoding._gammatone import erb_space
    >>> erb_space(50, 7000, 4).round()
    array([  50.,  596., 2214., 7000.])
    """
    low, high = (float(np.log(_ERB_MIN + f / _EAR_Q)) for f in (f_min, f_max))
    places = np.linspace(low, high, n) if n > 1 else np.array([(low + high) / 2])
    frequencies: npt.NDArray[np.float64] = (np.exp(places) - _ERB_MIN) * _EAR_Q
    return frequencies


class GammatoneBank:
    """Filters with the impulse response ``t**3 * exp(-2 pi b t) * cos(2 pi f t)``.

    ``b`` is 1.0186 equivalent rectangular bandwidths of the center frequency f, and the gain there
    is 1 [1]_.

    Parameters
    ----------
    frequencies : ndarray of shape (n_channels,), in hertz
        Center frequencies, below half of `BASILAR_RATE`.

    References
    ----------
    .. [1] M. Slaney (1993). An efficient implementation of the Patterson-Holdsworth auditory
       filter bank. Apple Computer Technical Report 35.
    """

    def __init__(self, frequencies: npt.NDArray[np.float64]) -> None:
        self._responses = gammatone_response(
            frequencies, scipy.fft.rfftfreq(_LENGTH, 1 / BASILAR_RATE)
        )

    def blocks(self, sound: npt.NDArray[np.float32]) -> Iterator[npt.NDArray[np.float32]]:
        """Filter a sound; memory does not grow with its length.

        Parameters
        ----------
        sound : ndarray of shape (n_samples,)
            At `BASILAR_RATE`.

        Yields
        ------
        motion : ndarray of shape (n_channels, n_samples_of_block)
            The filters' output, a quarter of a second at a time, in the unit of the sound.
        """
        # Overlap-save: what a filter rings on from a block's end falls into the past, unused.
        for start in range(0, len(sound), _BLOCK):
            piece = sound[max(start - _PAST, 0) : start + _BLOCK]
            padded = np.zeros(_LENGTH, dtype=np.float32)
            skipped = _PAST - min(start, _PAST)
            padded[skipped : skipped + len(piece)] = piece
            spectrum = scipy.fft.rfft(padded)
            motion = scipy.fft.irfft(self._responses * spectrum, n=_LENGTH)
            yield motion[:, _PAST : skipped + len(piece)]


def gammatone_response(
    frequencies: npt.NDArray[np.float64], at: npt.NDArray[np.float64]
) -> npt.NDArray[np.complex64]:
    """Compute the gain of gammatone filters, closed form of their Fourier transform.

    Parameters
    ----------
    frequencies : ndarray of shape (n_channels,), in hertz
        Center frequencies.
    at : ndarray of shape (n_frequencies,), in hertz
        Where the gain is asked for.

    Returns
    -------
    response : ndarray of shape (n_channels, n_frequencies), complex64
    """
    center = frequencies[:, np.newaxis]
    width = _BANDWIDTH * (_ERB_MIN + center / _EAR_Q)

    def gain(f: npt.NDArray[np.float64]) -> npt.NDArray[np.complex128]:
        # Two poles of the fourth order, at f and at -f.
        near, far = (1 / (1 + 1j * (f + sign * center) / width) for sign in (-1, 1))
        return np.square(np.square(near)) + np.square(np.square(far))

    response: npt.NDArray[np.complex64] = (gain(at) / abs(gain(center))).astype(np.complex64)
    return response
