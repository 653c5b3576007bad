"""Where bioplastic keeps what it may make again: fetched data and compiled programs."""

import os
from pathlib import Path

import platformdirs


def cache_dir() -> Path:
    """Return the root of all caches of bioplastic, whether or not it exists yet.

    Returns
    -------
    pathlib.Path
        ``$BIOPLASTIC_CACHE`` where that is set, else the platform's folder for caches.

    Examples
    --------
    >>> import os
    >>> from unittest import mock
    >>> from bioplastic._paths import cache_dir
    >>> with mock.patch.dict(os.environ, BIOPLASTIC_CACHE="somewhere"):
    ...     cache_dir().name
    'somewhere'
    """
    override = os.environ.get("BIOPLASTIC_CACHE")
    if override:
        return Path(override).expanduser().absolute()
    return platformdirs.user_cache_path("bioplastic")
