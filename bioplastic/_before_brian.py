"""Whose Brian is, and how errors and warnings were shown, when bioplastic was imported."""

import sys
import warnings

users_own = "brian2" in sys.modules
show_error = sys.__excepthook__ if users_own else sys.excepthook
show_warning = warnings.showwarning
