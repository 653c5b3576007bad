"""What pytest leaves out where the packages of an extra are missing."""

import importlib.util

import brian2

# Run by a Python of its own.
collect_ignore = ["tests/exchange/torch_reader.py"]
if any(importlib.util.find_spec(name) is None for name in ("torch", "snntorch")):
    collect_ignore.append("bioplastic/study/methods/surrogate.py")
if importlib.util.find_spec("torch") is None:
    collect_ignore += [
        f"bioplastic/study/methods/{name}.py" for name in ("_torch_training", "torch_classifier")
    ]
if importlib.util.find_spec("nir") is None:
    collect_ignore += ["bioplastic/exchange/nir.py", "bioplastic/exchange/_nir_reading.py"]
if importlib.util.find_spec("brian2cuda") is None:
    collect_ignore.append("bioplastic/engine/cuda.py")

# Whatever Brian runs by itself in tests and examples is small: nobody waits for Cython.
brian2.prefs.codegen.target = "numpy"
