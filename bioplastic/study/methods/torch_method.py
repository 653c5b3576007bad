"""A network of one's own in PyTorch, on the same terms as the methods of the library."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from brian2 import ms

from bioplastic._quantities import positive_time, whole
from bioplastic.errors import ParameterError
from bioplastic.study.methods import _parts as parts
from bioplastic.study.methods.base import Inputs, Method, Theory
from bioplastic.study.workload import Workload

_SETTINGS: tuple[Mapping[str, Any], ...] = (
    {"learning_rate": 3e-3},
    {"learning_rate": 1e-3},
    {"learning_rate": 1e-2},
    {"learning_rate": 3e-4},
)


class TorchMethod(Method):
    """A module of PyTorch in a study: same splits, search, augmentation and statistics as ours.

    Words become counts of spikes: neighboring channels, about 70 groups of them, in steps of `dt`;
    each is changed anew in each pass, as for e-prop and BPTT. Training is by cross-entropy with
    Adam, whose step size falls as half a cosine. Operations are not counted.

    Parameters
    ----------
    module_factory : callable
        Makes the network: ``module_factory(n_inputs, n_classes, **settings)`` is a
        ``torch.nn.Module`` that is called with counts of shape (n_samples, n_steps, n_inputs) and
        the steps of each sample, (n_samples,); for images with an array (n_samples, n_features)
        alone. It returns a score for each class. For several processes it must have a name at the
        top level of a file.
    name, title : str
        Name on the command line, and in tables.
    settings : sequence of mapping
        What to choose from, the most promising first: ``"learning_rate"``, and what the factory
        takes.
    n_epochs : int, optional
        Passes over the samples (20 in size demo, else 24); a third of them in a trial.
    batch_size : int
        Samples of a batch.
    dt : Quantity, in seconds, optional
        Time step of words (10 ms).
    augment : bool
        Whether words are changed anew in each pass.
    plausible : bool
        Whether a brain could learn so; others stand as references.
    theory : Theory, optional
        What is known of it, for the report.

    Raises
    ------
    ParameterError
        If an argument is none of these.

    Examples
    --------
    >>> from bioplastic.study import TorchMethod
    >>> def lstm(n_inputs, n_classes, n_hidden=64):
    ...     import torch
    ...     class LSTM(torch.nn.Module):
    ...         def __init__(self):
    ...             super().__init__()
    ...             self.lstm = torch.nn.LSTM(n_inputs, n_hidden, batch_first=True)
    ...             self.out = torch.nn.Linear(n_hidden, n_classes)
    ...         def forward(self, x, n_steps):
    ...             y, _ = self.lstm(x)
    ...             return self.out(y[torch.arange(len(x)), n_steps - 1])
    ...     return LSTM()
    >>> method = TorchMethod(lstm, name="lstm", title="LSTM")
    >>> method.candidates(None, "demo")[0]
    {'learning_rate': 0.003}
    """

    needs: ClassVar[Mapping[str, str]] = {"torch": "bptt"}
    effort = 8.0

    def __init__(
        self,
        module_factory: Callable[..., Any],
        *,
        name: str,
        title: str | None = None,
        settings: Sequence[Mapping[str, Any]] = _SETTINGS,
        n_epochs: int | None = None,
        batch_size: int = 32,
        dt: Any = None,
        augment: bool = True,
        plausible: bool = False,
        theory: Theory | None = None,
    ) -> None:
        if not callable(module_factory):
            raise ParameterError(
                f"TorchMethod.module_factory: must be a function or class that makes a module, got "
                f"{module_factory!r}"
            )
        if not settings or not all(isinstance(one, Mapping) for one in settings):
            raise ParameterError(
                f"TorchMethod.settings: must be a list of dicts, at least one, got {settings!r}"
            )
        whole("TorchMethod.n_epochs", 1 if n_epochs is None else n_epochs, 1)
        whole("TorchMethod.batch_size", batch_size, 1)
        self.module_factory = module_factory
        self.settings = tuple(dict(one) for one in settings)
        self.n_epochs, self.batch_size = n_epochs, batch_size
        self.dt = positive_time("TorchMethod.dt", 10 * ms if dt is None else dt)
        self.augment = augment
        # What other methods have by their class.
        vars(self).update(name=name, title=title or name, plausible=plausible)
        if theory is not None:
            vars(self)["theory"] = theory

    def __repr__(self) -> str:
        made = getattr(self.module_factory, "__qualname__", repr(self.module_factory))
        rest = {k: v for k, v in vars(self).items() if k not in ("module_factory", "theory")}
        return f"TorchMethod({made}, {', '.join(f'{k}={v!r}' for k, v in rest.items())})"

    def candidates(self, X: Inputs, size: str) -> Sequence[Mapping[str, Any]]:
        """Return the settings."""
        return self.settings

    def make(
        self, X: Inputs, size: str, settings: Mapping[str, Any], seed: int, *, trial: bool
    ) -> Any:
        """Train for a third of the epochs in a trial."""
        # torch is heavy, and not everybody's.
        from bioplastic.study.methods.torch_classifier import TorchClassifier

        own = dict(settings)
        options = parts.stepwise_options(X, size)
        options.pop("n_lines", None)  # a network of its own remembers as it likes
        if not self.augment:
            options.pop("augmenter", None)
        return TorchClassifier(
            self.module_factory,
            learning_rate=own.pop("learning_rate", 1e-3),
            settings=own,
            n_epochs=parts.n_epochs(size, trial=trial, wanted=self.n_epochs),
            batch_size=self.batch_size,
            dt=self.dt,
            random_state=seed,
            **options,
        )

    def workloads(self, model: Any, X_train: Inputs, X_test: Inputs) -> tuple[Workload, Workload]:
        """Size alone: operations of a module are not counted."""
        parameters = list(model.module_.parameters())
        size = {
            "footprint": float(sum(p.numel() * p.element_size() for p in parameters)),
            "n_weights": sum(p.numel() for p in parameters),
            "n_zero_weights": sum(int((p == 0).sum()) for p in parameters),
        }
        n_train = len(X_train) * model.n_epochs
        return Workload(n_samples=n_train, **size), Workload(n_samples=len(X_test), **size)

    def describe(self, model: Any) -> str:
        """Give the module as PyTorch prints it, and how it was trained."""
        return (
            f"{model.module_!r}\nCross-entropy, Adam with step size {model.learning_rate:g} that "
            f"falls as half a cosine over {model.n_epochs} passes, batches of {model.batch_size}, "
            f"gradients clipped to a norm of 1"
        )
