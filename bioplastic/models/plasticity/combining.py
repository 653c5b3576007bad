"""Several rules for one projection."""

from dataclasses import fields
from typing import Any

from bioplastic.errors import ParameterError
from bioplastic.models.plasticity.rule import PlasticityRule

__all__ = ["combine_rules"]


def combine_rules(*rules: PlasticityRule) -> PlasticityRule:
    """Make one rule of several, which act one after the other.

    Parameters
    ----------
    *rules : PlasticityRule
        Where two of them have a trace or a constant of the same name, it must be the same.

    Returns
    -------
    rule : PlasticityRule
        With the strings and constants of all.

    Raises
    ------
    ParameterError
        If there is no rule, or two of them mean different things by one name.

    Examples
    --------
    >>> from bioplastic.models import PairSTDP, PlasticityRule, combine_rules
    >>> decay = PlasticityRule(on_post="w = w - loss*w", constants={"loss": 0.001})
    >>> print(combine_rules(PairSTDP(), decay).on_post)
    w = clip(w + a_plus*r1_pre, 0, w_max)
    w = w - loss*w
    """
    if not rules:
        raise ParameterError("combine_rules: must be given at least one rule, got none")
    for rule in rules:
        if not isinstance(rule, PlasticityRule):
            raise ParameterError(f"combine_rules: must be given PlasticityRules, got {rule!r}")
    constants: dict[str, Any] = {}
    for rule in rules:
        for name, value in rule.parameters.items():
            if repr(constants.setdefault(name, value)) != repr(value):
                raise ParameterError(
                    f"combine_rules: {name} must be the same in all rules that have it, got "
                    f"{constants[name]} and {value}; give both the same value or rename one"
                )
    steps = {repr(rule.update_interval) for rule in rules if rule.every_step}
    if len(steps) > 1:
        raise ParameterError(
            f"combine_rules: update_interval must be the same in all rules that act as time goes "
            f"by, got {' and '.join(sorted(steps))}"
        )
    interval = constants.pop("update_interval", None)
    strings: dict[str, Any] = {
        # What two rules share is said once, such as a trace that both read.
        f.name: "\n".join(dict.fromkeys(s for rule in rules if (s := str(getattr(rule, f.name)))))
        for f in fields(PlasticityRule)
        if f.type is str
    }
    namespace = {name: f for rule in rules for name, f in rule.namespace.items()}
    return PlasticityRule(
        **strings, update_interval=interval, constants=constants, namespace=namespace
    )
