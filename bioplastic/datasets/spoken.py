"""Spoken digits that come along: espeak-ng's voices through our cochlea. No download."""

from importlib import resources

import h5py
import numpy as np
from sklearn.utils import Bunch

from bioplastic.errors import DataError, DataNotFoundError
from bioplastic.spikes import SpikeTrains

_DESCR = """\
Spoken digits of synthetic voices, as spikes
--------------------------------------------
The words zero to nine, said by 12 voices of the speech synthesizer espeak-ng ({espeak_ng}), six
takes each: 720 words of half a second on average. Takes of a voice differ in speed and pitch. The
sounds went through bioplastic.encoding.Cochlea with 64 channels and its other parameters at their
defaults. Groups name the voices: an accent of English and a timbre.

Synthetic speech is cleaner and more alike than people's: a small set for tests, examples and first
experiments, not one to compare methods on.

Made by {made_by} of bioplastic. License: GPL-3.0-or-later, as bioplastic
and espeak-ng.
"""


def load_spoken() -> Bunch:
    """Load synthetic spoken digits, as spikes of 64 channels of the cochlea.

    Returns
    -------
    sklearn.utils.Bunch
        data : SpikeTrains of shape (720, 64)
            One word a sample, as long as the word; times in seconds.
        target : ndarray of shape (720,), int64
            The digit, 0 to 9; 72 words each.
        groups : ndarray of shape (720,), str
            The voice, for splits that test on unseen voices; 12 voices, 60 words each.
        feature_names : list of str
            Center frequency of each channel, as ``"<f> Hz"``.
        center_frequencies : ndarray of shape (64,), in hertz
            The same as numbers, rising.
        target_names : list of str
            ``zero`` to ``nine``.
        DESCR : str
            Origin and description.

    Raises
    ------
    DataNotFoundError
        If the file that comes along with the package is missing.
    DataError
        If it is damaged.

    See Also
    --------
    bioplastic.encoding.Cochlea : Makes spikes of your own sounds.

    Examples
    --------
    >>> from bioplastic.datasets import load_spoken
    >>> spoken = load_spoken()
    >>> spoken.data.shape, spoken.target_names[spoken.target[7]]
    ((720, 64), 'seven')
    """
    file = resources.files("bioplastic.datasets").joinpath("data", "spoken.h5")
    if not file.is_file():
        raise DataNotFoundError(
            f"load_spoken: {file} is missing; install bioplastic again, or make the file with "
            "tools/make_spoken.py of its repository"
        )
    with resources.as_file(file) as path:
        loaded = SpikeTrains.load(path, return_bunch=True)
        try:
            with h5py.File(path) as content:
                frequencies = content["extra/center_frequencies"][:]
                origin = {name: str(content.attrs[name]) for name in ("made_by", "espeak_ng")}
        except (OSError, KeyError) as error:
            raise DataError(
                f"load_spoken: {path} is damaged ({error}); install bioplastic again"
            ) from error
    return Bunch(
        data=loaded.data,
        target=loaded.target.astype(np.int64),
        groups=loaded.groups,
        feature_names=[f"{frequency:.0f} Hz" for frequency in frequencies],
        center_frequencies=frequencies,
        target_names=loaded.target_names.tolist(),
        DESCR=_DESCR.format(**origin),
    )
