"""What pytest leaves out where the packages of an extra are missing."""

import importlib.util

collect_ignore = []
if any(importlib.util.find_spec(name) is None for name in ("torch", "snntorch")):
    collect_ignore.append("bioplastic/study/methods/surrogate.py")
if importlib.util.find_spec("brian2cuda") is None:
    collect_ignore.append("bioplastic/engine/cuda.py")
