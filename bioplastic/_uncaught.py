"""Let uncaught errors and warnings look as they did before Brian was imported.

On import Brian takes every error that nobody catches for one of its own: it asks for a report to
its developers and leaves logs in the temporary folder. Python's warnings go through its logger.
Every room that needs Brian imports this module first, so that it knows what was there.
"""

import logging
import sys
import traceback
import warnings
from types import TracebackType

from bioplastic._before_brian import show_error, show_warning, users_own

if "brian2" not in sys.modules:
    show_error, show_warning = sys.excepthook, warnings.showwarning

from brian2 import BrianLogger

_after_brian = sys.excepthook

from bioplastic.errors import BioplasticError  # noqa: E402


def show_uncaught(
    kind: type[BaseException], error: BaseException, at: TracebackType | None
) -> None:
    """Hand an uncaught error to Brian where it may be Brian's, else to whom it went before.

    Where the user has imported Brian before bioplastic, all that is not ours stays with it. Whether
    he has imported it since makes no difference: what comes out of Brian, and not through us, does.
    """
    names = (str(frame.f_globals.get("__name__")) for frame, _ in traceback.walk_tb(at))
    through = {name.partition(".")[0] for name in names}
    ours = isinstance(error, BioplasticError) or "bioplastic" in through
    brians = not ours and (users_own or "brian2" in through)
    (_after_brian if brians else show_error)(kind, error, at)


if str(getattr(_after_brian, "__module__", "")).partition(".")[0] == "brian2":
    sys.excepthook = show_uncaught
if warnings.showwarning is not show_warning:
    logging.captureWarnings(False)
    logging.getLogger("py.warnings").removeHandler(BrianLogger.console_handler)
