"""Sounds of one's own: wav files of a folder, whose classes follow from their names."""

import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.utils import Bunch

from bioplastic._sound_files import read_sound_file
from bioplastic.datasets._official import files_there
from bioplastic.errors import DataError, DataNotFoundError, ParameterError

_FIELD = re.compile(r"(\{\w*\}|\*)")
_FIELDS = ("label", "group", "index")


def load_audio(
    folder: str | os.PathLike[str], *, pattern: str = "{label}/*.wav", encoder: Any = None
) -> Bunch:
    """Load sounds from the wav files of a folder.

    Parameters
    ----------
    folder : str or os.PathLike
        The folder; files whose name begins with a dot do not count.
    pattern : str
        What the path of each file within the folder tells: ``{label}`` its class, ``{group}`` its
        speaker or whatever else must not be in training and test; ``{index}`` and ``*`` stand for
        what tells nothing. No field holds a character that follows a field in the pattern, so that
        names are read in one way. By default each class has a subfolder; the Free Spoken Digits are
        ``"{label}_{group}_{index}.wav"``. Another end, such as ``.flac``, takes other files.
    encoder : transformer, optional
        Turns paths of sound files into spikes by its `transform`, such as
        :class:`bioplastic.encoding.Cochlea`: `data` are those spikes then.

    Returns
    -------
    sklearn.utils.Bunch
        data : list of ndarray of shape (n_frames,), float32, or SpikeTrains
            Sounds in the order of their paths, from -1 to 1, at `sample_rate`, channels averaged;
            with `encoder` their spikes.
        target : ndarray of shape (n_samples,), int64
            Index of the class in `target_names`.
        target_names : list of str
            Classes, sorted.
        groups : ndarray of shape (n_samples,), str, or None
            Group of each sound; None where the pattern has none.
        filenames : list of str
            Paths, which a cochlea takes in place of sounds.
        sample_rate : float, in hertz
            Of all sounds; NaN with `encoder`, which brings them to its own.
        feature_names : list of str
            ``channel_<number>`` with `encoder`, else empty.
        DESCR : str
            What was loaded.

    Raises
    ------
    DataNotFoundError
        If there is no such folder, or no such file in it.
    DataError
        If the path of a file does not fit the pattern, or a file cannot be read as sound, is empty,
        not finite, or of another sample rate than the first.
    ParameterError
        If the pattern is none.

    See Also
    --------
    load_fsdd : The Free Spoken Digit Dataset with its official split.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> import soundfile
    >>> from bioplastic.datasets import load_audio
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("yes_ann_0.wav", "no_ann_0.wav", "no_bob_0.wav"):
    ...         soundfile.write(Path(folder) / name, np.zeros(800), 8000)
    ...     sounds = load_audio(folder, pattern="{label}_{group}_{index}.wav")
    >>> sounds.target_names, sounds.target, sounds.groups.tolist()
    (['no', 'yes'], array([0, 0, 1]), ['ann', 'bob', 'ann'])
    """
    place = Path(folder).expanduser()
    expression = _expression(pattern)
    found = {}
    for path in _files(place, Path(pattern).suffix):
        match = expression.fullmatch(path.relative_to(place).as_posix())
        if match is None:
            raise DataError(
                f"{path}: must be named as {pattern} within {place}; remove it, or give a pattern "
                f"that fits all files: load_audio(folder, pattern=...), or --pattern"
            )
        found[path] = match.groupdict()
    labels = [fields["label"] for fields in found.values()]
    names, target = np.unique(labels, return_inverse=True)
    groups = None
    if "{group}" in pattern:
        groups = np.array([fields["group"] for fields in found.values()], dtype=np.str_)
    filenames = [str(path) for path in found]
    data: Any
    if encoder is None:
        data, rate = _read_all(list(found))
    else:
        data, rate = encoder.transform(filenames), np.nan
    of_groups = "" if groups is None else f", {len(np.unique(groups))} groups"
    return Bunch(
        data=data,
        target=target.astype(np.int64),
        target_names=[str(name) for name in names],
        groups=groups,
        filenames=filenames,
        sample_rate=rate,
        feature_names=[f"channel_{k}" for k in range(0 if encoder is None else data.shape[1])],
        DESCR=f"{len(found)} sounds of {len(names)} classes{of_groups}, named {pattern}",
    )


def _expression(pattern: str) -> re.Pattern[str]:
    """Translate a pattern of paths to a regular expression."""
    parts = _FIELD.split(pattern) if isinstance(pattern, str) else [""]
    wrong = ""
    fields = [part[1:-1] for part in parts[1::2] if part != "*"]
    if fields.count("label") != 1 or len(set(fields)) < len(fields):
        wrong = "have {label} once, and no field twice"
    elif unknown := set(fields) - set(_FIELDS):
        wrong = f"have no fields but {', '.join(_FIELDS)}, not {', '.join(sorted(unknown))}"
    elif not all(parts[2:-1:2]):
        wrong = "have a character between two fields"
    elif not re.fullmatch(r"\.\w+", Path(pattern).suffix) or not parts[-1]:
        wrong = "end with that of the files, such as .wav"
    if wrong:
        raise ParameterError(
            f"load_audio.pattern: must {wrong}, got {pattern!r}; for example '{{label}}/*.wav' or "
            f"'{{label}}_{{group}}_{{index}}.wav'"
        )
    ending = re.escape(Path(pattern).suffix)
    names = "/".join(map(_name_expression, pattern.split("/")))
    return re.compile(f"{names.removesuffix(ending)}(?i:{ending})")


def _name_expression(pattern: str) -> str:
    """Translate the part of a pattern that one folder, or the file, is named by."""
    parts = _FIELD.split(pattern)
    # Else a name with one more of them would be read in another way than it is meant.
    separators = re.escape("".join({part[0] for part in parts[2::2] if part}))
    text = re.escape(parts[0])
    for field, after in zip(parts[1::2], parts[2::2], strict=True):
        text += "[^/]*" if field == "*" else f"(?P<{field[1:-1]}>[^/{separators}]+)"
        text += re.escape(after)
    return text


def _files(folder: Path, suffix: str) -> list[Path]:
    if not folder.is_dir():
        raise DataNotFoundError(f"load_audio: {folder} is not a folder; correct the path")
    found = sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() == suffix.lower()  # as .WAV of some recorders
        and path.is_file()
        and not path.name.startswith(".")
    )
    if not found:
        raise DataNotFoundError(
            f"load_audio: there are no {suffix} files in {folder} and its subfolders."
            f"{files_there([folder])}"
        )
    return found


def _read_all(paths: list[Path]) -> tuple[list[npt.NDArray[np.float32]], float]:
    sounds, first = [], 0.0
    for path in paths:
        sound, rate = read_sound_file(path, "float32", where=f"{path}:")
        if not len(sound) or not np.isfinite(sound).all():
            what = "is empty" if not len(sound) else "holds values that are not finite"
            raise DataError(f"{path}: {what}; remove it or put a sound in its place")
        first = first or rate
        if rate != first:
            raise DataError(
                f"{path}: must have {first:g} Hz as {paths[0].name}, got {rate:g} Hz; convert it, "
                f"or load_audio(folder, encoder=Cochlea()), which brings sounds to one rate"
            )
        sounds.append(np.asarray(sound.mean(axis=1), dtype=np.float32))
    return sounds, first
