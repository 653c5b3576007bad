"""Parameters of parameters: declarations within an estimator, reached as scikit-learn does."""

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar, Self

from sklearn.base import BaseEstimator

from bioplastic.errors import ParameterError
from bioplastic.models.declaration import Declaration


class NestedParameters(BaseEstimator):
    """Parent of estimators with declarations as parameters, such as ``optimizer=Adam()``.

    Declarations are frozen, so that ``set_params(optimizer__learning_rate=0.01)`` puts a changed
    copy in the place of the one that was there, or of the one for which None stands.
    """

    #: declarations for which None stands
    _standard: ClassVar[Mapping[str, Declaration]] = {}

    def _declaration(self, name: str) -> Any:
        """Return a parameter, or the declaration for which None stands."""
        value = getattr(self, name, None)
        return self._standard.get(name) if value is None else value

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Get the parameters of this estimator.

        Parameters
        ----------
        deep : bool
            Whether to include parameters of declarations, such as ``optimizer__learning_rate``.

        Returns
        -------
        params : dict
        """
        found: dict[str, Any] = super().get_params(deep)
        for name in [*found] if deep else []:
            if isinstance(value := self._declaration(name), Declaration):
                fields = dataclasses.fields(value)  # type: ignore[arg-type]
                found |= {f"{name}__{field.name}": getattr(value, field.name) for field in fields}
        return found

    def set_params(self, **params: Any) -> Self:
        """Set parameters of this estimator, and of declarations that are parameters.

        Parameters
        ----------
        **params
            By name, such as ``n_epochs=10`` or ``optimizer__learning_rate=0.01``.

        Returns
        -------
        self : estimator

        Raises
        ------
        ParameterError
            If a declaration does not have such a parameter, or its value is none.
        """
        flat = {name: value for name, value in params.items() if "__" not in name}
        super().set_params(**flat)
        for key in params.keys() - flat.keys():
            name, _, field = key.partition("__")
            value = self._declaration(name)
            if not isinstance(value, Declaration):
                super().set_params(**{key: params[key]})
            elif field not in (known := [f.name for f in dataclasses.fields(value)]):  # type: ignore[arg-type]
                raise ParameterError(
                    f"{type(self).__name__}.{name}: a {type(value).__name__} has no parameter "
                    f"{field!r}; it has {', '.join(known)}"
                )
            else:
                setattr(self, name, dataclasses.replace(value, **{field: params[key]}))  # type: ignore[type-var]
        return self
