"""What a computation takes, in NeuroBench's terms."""

from dataclasses import dataclass, fields
from typing import Any, Self

from bioplastic.errors import ParameterError

#: Fields that count operations.
OPERATIONS = ("dense", "effective_acs", "effective_macs", "membrane_updates", "weight_updates")


@dataclass(frozen=True, kw_only=True)
class Workload:
    """What presenting `n_samples` samples takes: operations summed over samples, and size.

    One without any operation was not counted, which reports say in place of 0. Workloads of parts,
    such as a network and the readout behind it, add up to that of the whole (``+``), and
    ``workload * n`` is that of presenting all samples `n` times.

    Parameters
    ----------
    n_samples : int
        Samples presented.
    dense : float
        Synaptic operations if every neuron were active in every step and no weight were 0.
    effective_acs : float
        Additions of a weight for a spike: both not 0.
    effective_macs : float
        Multiplications of a weight and an activation that is no spike, both not 0, and additions.
    membrane_updates : float
        Steps of neurons.
    weight_updates : float
        How often a synapse changed its weight, or what it keeps for learning.
    activations : float
        Activations other than 0: spikes, of spiking neurons.
    activation_sites : float
        Activations that there could be: neurons times steps times samples.
    footprint : float, in bytes
        Parameters and state, zeros included.
    n_weights, n_zero_weights : int
        Weights of the model as dense matrices, and how many of these are 0.

    Notes
    -----
    Names are those of NeuroBench (Yik et al., Nature Communications 16:1545, 2025,
    doi 10.1038/s41467-025-56739-4), where a model is measured without learning; `weight_updates`
    is ours. Activation sparsity depends on the time step: quote it.

    Examples
    --------
    >>> network = Workload(n_samples=2, dense=80, effective_acs=12, activations=3,
    ...                    activation_sites=20, n_weights=40, n_zero_weights=10)
    >>> network.connection_sparsity, network.activation_sparsity, network.per_sample.effective_acs
    (0.25, 0.85, 6.0)
    """

    n_samples: int
    dense: float = 0.0
    effective_acs: float = 0.0
    effective_macs: float = 0.0
    membrane_updates: float = 0.0
    weight_updates: float = 0.0
    activations: float = 0.0
    activation_sites: float = 0.0
    footprint: float = 0.0
    n_weights: int = 0
    n_zero_weights: int = 0

    @property
    def counted(self) -> bool:
        """Whether operations were counted: every model takes some."""
        return any(getattr(self, name) for name in OPERATIONS)

    @property
    def connection_sparsity(self) -> float:
        """Share of weights that are 0; 0 where there are none."""
        return self.n_zero_weights / self.n_weights if self.n_weights else 0.0

    @property
    def activation_sparsity(self) -> float:
        """Share of activations that are 0; 0 where there are none."""
        return 1 - self.activations / self.activation_sites if self.activation_sites else 0.0

    @property
    def per_sample(self) -> Self:
        """The operations of a mean sample."""
        return self * (1 / self.n_samples)

    def __add__(self, other: "Workload") -> Self:
        if other.n_samples != self.n_samples:
            raise ParameterError(
                f"workloads of {self.n_samples} and {other.n_samples} samples do not add up to one "
                f"model's; scale one of them by *, or measure both on the same samples"
            )
        sums = {f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)}
        return type(self)(**sums | {"n_samples": self.n_samples})

    def __mul__(self, times: float) -> Self:
        """Return the workload of presenting the samples `times` times; size stays."""
        stays = {"footprint", "n_weights", "n_zero_weights"}
        scaled = {f.name: getattr(self, f.name) for f in fields(self)}
        scaled |= {name: value * times for name, value in scaled.items() if name not in stays}
        return type(self)(**scaled | {"n_samples": round(self.n_samples * times)})

    def then(self, other: "Workload") -> Self:
        """Add what the same model does afterwards, such as in further passes.

        Operations and samples add up; size is the larger one's.
        """
        size = {"footprint", "n_weights", "n_zero_weights"}
        pairs = {f.name: (getattr(self, f.name), getattr(other, f.name)) for f in fields(self)}
        joined = {name: max(two) if name in size else sum(two) for name, two in pairs.items()}
        return type(self)(**joined)

    def neurobench(self) -> dict[str, Any]:
        """NeuroBench's metrics of a mean sample, under its names."""
        mean = self.per_sample
        return {
            "Footprint": mean.footprint,
            "ConnectionSparsity": mean.connection_sparsity,
            "ActivationSparsity": mean.activation_sparsity,
            "SynapticOperations": {
                "Effective_MACs": mean.effective_macs,
                "Effective_ACs": mean.effective_acs,
                "Dense": mean.dense,
            },
            "MembraneUpdates": mean.membrane_updates,
        }
