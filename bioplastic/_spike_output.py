"""What transformers share that give SpikeTrains."""

from typing import Any, Self

from sklearn.base import TransformerMixin


class SpikeOutput(TransformerMixin):
    """Parent of the transformers to SpikeTrains, which no setting makes a table of."""

    def __init_subclass__(
        cls, auto_wrap_output_keys: tuple[str, ...] | None = None, **kwargs: Any
    ) -> None:
        # scikit-learn asks each class anew: a parent's answer does not hold for its children.
        super().__init_subclass__(auto_wrap_output_keys=auto_wrap_output_keys, **kwargs)

    def set_output(self, *, transform: str | None = None) -> Self:
        """Change nothing: spike trains are no table, and stay what they are.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"}, optional
            What the other steps of a pipeline give.

        Returns
        -------
        self : object
        """
        return self
