"""Let uncaught errors and warnings look as they did before Brian was imported.

On import Brian takes every error that nobody catches for one of its own: it asks for a report to
its developers and leaves logs in the temporary folder. Python's warnings go through its logger.
This module is imported before anything else imports Brian, so that it knows what was there.
"""

import logging
import sys
import traceback
import warnings
from types import TracebackType

_users_own = "brian2" in sys.modules
_show_error = sys.__excepthook__ if _users_own else sys.excepthook
_show_warning = warnings.showwarning

from brian2 import BrianLogger  # noqa: E402

_after_brian = sys.excepthook

from bioplastic.errors import BioplasticError  # noqa: E402

__all__ = ["show_uncaught"]


def show_uncaught(
    kind: type[BaseException], error: BaseException, at: TracebackType | None
) -> None:
    """Hand an uncaught error to Brian where it may be Brian's, else to whom it went before.

    Where the user has imported Brian first, all that is not ours stays with it. Whether he has
    imported it since, nobody can tell: then what comes out of Brian, and not through us, does.
    """
    names = (str(frame.f_globals.get("__name__")) for frame, _ in traceback.walk_tb(at))
    through = {name.partition(".")[0] for name in names}
    ours = isinstance(error, BioplasticError) or "bioplastic" in through
    brians = not ours and (_users_own or "brian2" in through)
    (_after_brian if brians else _show_error)(kind, error, at)


if str(getattr(_after_brian, "__module__", "")).partition(".")[0] == "brian2":
    sys.excepthook = show_uncaught
if warnings.showwarning is not _show_warning:
    logging.captureWarnings(False)
    logging.getLogger("py.warnings").removeHandler(BrianLogger.console_handler)
