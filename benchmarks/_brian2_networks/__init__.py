"""Ten networks of the literature as somebody writes them who knows Brian2 and nothing of us.

Every module has ``build(seed=0, scale=1.0, deterministic=True)``, which makes a `brian2.Network`,
and ``DURATION``. Where `deterministic`, what drives the network and what is drawn of it is the same
on every device of Brian, and no equation holds noise; otherwise the network is as its paper has it.
Some constants are those of the module around `build`, so that the network is run there::

    eval("network.run(DURATION)", vars(module) | {"network": network})
"""

NAMES = (
    "cobahh",
    "cuba",
    "vogels",
    "song",
    "diehl_cook",
    "brunel",
    "izhikevich",
    "tsodyks_markram",
    "adex",
    "frozen_noise",
)
