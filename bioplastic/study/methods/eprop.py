"""Recurrent networks of adaptive neurons, all of whose weights learn by e-prop."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy.typing as npt
from brian2 import ms

from bioplastic.models import Adam, LogUniform
from bioplastic.models.eprop import EPropALIF, LeakyReadout, RateRegularization
from bioplastic.networks import EPropClassifier
from bioplastic.spikes import SpikeTrains
from bioplastic.study.methods import _parts as parts
from bioplastic.study.methods.base import Inputs, Method, Theory
from bioplastic.study.workload import Workload

#: Of benchmarks/eprop.py.
_WORDS: dict[str, Any] = {
    "neuron": EPropALIF(
        beta=1.5,
        psi_width=2.0,
        tau_membrane=LogUniform(low=10 * ms, high=100 * ms),
        tau_adaptation=LogUniform(low=100 * ms, high=500 * ms),
    ),
    "readout": LeakyReadout(tau_out=300 * ms),
    "decision_window": 0.6,
    "line_delay": 50 * ms,
    "dt": 10 * ms,
    "gains": {"input": 0.5, "readout": 0.3, "feedback": 0.3},
}
_IMAGES: dict[str, Any] = {"presentation": 60 * ms, "dt": 3 * ms}


class EPropMethod(Method):
    """Gradients without going back in time: eligibility traces times learning signals."""

    name = "eprop"
    title = "e-prop"
    plausible = True
    effort = 10.0
    theory: ClassVar[Theory] = Theory(
        idea=(
            "Every synapse keeps a trace of what its weight had to do with recent spikes of its "
            "neuron; errors of the readouts reach each neuron as a learning signal. Signal times "
            "trace is the gradient that changes the weight, as time goes forward."
        ),
        strengths=(
            "Recurrent weights learn the task, at the memory of one trace a synapse, whatever the "
            "length of a sample. Fixed random feedback does nearly as well as the readout's own "
            "weights."
        ),
        weaknesses=(
            "Traces are updated at every synapse in every step, so learning costs much more than "
            "inference. Paths of influence through other neurons' spikes are left out."
        ),
        local=(
            "Eligibility needs the presynaptic spike, the postsynaptic voltage and threshold, "
            "nothing else; weights change at the end of a batch by what has been summed there."
        ),
        not_local=(
            "With symmetric feedback, neurons receive errors through the readout's own weights, "
            "which no synapse can read; adaptive feedback learns weights of its own beside them. "
            "The optimizer (Adam) keeps two more numbers a synapse; batches wait for each other."
        ),
        history=(
            "Hyperparameters are those of benchmarks/eprop.py, found by validation on speakers 1 "
            "and 8 (some 30 trainings) and 3 and 10 (three) of hd, who are the test speakers of "
            "folds 1 and 3 of hd here."
        ),
        sources=["Bellec et al. (2020), doi 10.1038/s41467-020-17236-y"],
    )

    def candidates(self, X: Inputs, size: str) -> Sequence[Mapping[str, Any]]:
        """Feedback, and the step size."""
        rates = (3e-3, 1e-2) if not isinstance(X, SpikeTrains) else (3e-3, 1.5e-3)
        return [
            {"learning_rate": rates[0], "feedback": "adaptive"},
            {"learning_rate": rates[0], "feedback": "random"},
            {"learning_rate": rates[0], "feedback": "symmetric"},
            {"learning_rate": rates[1], "feedback": "adaptive"},
        ]

    def make(
        self, X: Inputs, size: str, settings: Mapping[str, Any], seed: int, *, trial: bool
    ) -> Any:
        """Train for a third of the epochs in a trial."""
        options = _WORDS if isinstance(X, SpikeTrains) else _IMAGES
        return EPropClassifier(
            n_lif=0,
            n_alif=parts.RECURRENT[size],
            n_epochs=parts.n_epochs(size, trial=trial),
            batch_size=16,
            schedule="cosine",
            random_state=seed,
            n_jobs=1,
            regularization=RateRegularization(rate_cost=0.003),
            optimizer=Adam(learning_rate=settings["learning_rate"]),
            feedback=settings["feedback"],
            **options,
            **parts.stepwise_options(X, size),
        )

    def workloads(self, model: Any, X_train: Inputs, X_test: Inputs) -> tuple[Workload, Workload]:
        """Of all epochs, and of the test samples."""
        passed = parts.rule_workload(model.network_, model.presentation_of(X_train))
        return passed * model.n_epochs_, parts.shown_workload(model.presentation_of(X_test))

    def describe(self, model: Any) -> str:
        """Give the network's declaration, rules included."""
        return f"{parts.describe_network(model.network_)}\n{model!r}"

    def exhibits(
        self, model: Any, X_test: Inputs, image_shape: tuple[int, int] | None
    ) -> dict[str, npt.NDArray[Any]]:
        """Give a raster of the first test sample."""
        return parts.raster(model.transform_spikes(X_test[:1]), "adaptive neurons")
