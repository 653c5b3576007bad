"""Every rule that fits Diehl & Cook's network learns digits in it."""

import numpy as np
import pytest
from brian2 import Hz, ms
from sklearn.base import clone
from sklearn.model_selection import train_test_split

from bioplastic.datasets import load_digits
from bioplastic.errors import ParameterError
from bioplastic.models import (
    DiehlCookSTDP,
    MultiplicativeSTDP,
    NearestTripletSTDP,
    PairSTDP,
    PowerLawSTDP,
    RewardSTDP,
    SynapticScaling,
    TripletSTDP,
    VoltageSTDP,
    combine_rules,
)
from bioplastic.models.plasticity.diehl_cook import (
    DiehlCookExponential,
    DiehlCookPowerLaw,
    DiehlCookPreAndPost,
)
from bioplastic.networks import DiehlCook, DiehlCookClassifier

NAMED = {
    "triplet": DiehlCookSTDP(),
    "pair": PairSTDP(),
    "power_law": DiehlCookPowerLaw(),
    "exponential": DiehlCookExponential(),
    "pre_and_post": DiehlCookPreAndPost(),
}
RULES = [
    *NAMED,
    MultiplicativeSTDP(),
    PowerLawSTDP(mu=0.1),
    TripletSTDP.published("visual_cortex", "minimal"),
    combine_rules(PairSTDP(), SynapticScaling()),
    NearestTripletSTDP.published("visual_cortex", "full"),
]
QUICK = {
    "n_neurons": 4, "presentation": 50 * ms, "rest": 10 * ms, "dt": 1 * ms, "rate_max": 200 * Hz,
    "norm": 20.0, "min_spikes": 0, "random_state": 3, "n_epochs": 1,
}  # fmt: skip


@pytest.mark.parametrize("rule", RULES, ids=lambda r: r if isinstance(r, str) else type(r).__name__)
def test_weights_change_and_stay_in_bounds(rule):
    X = load_digits().data[:12]
    model = DiehlCook(**QUICK, rule=rule, engine="numpy").fit(X)
    frozen = DiehlCook(**QUICK, rule=DiehlCookSTDP(eta_plus=0, eta_minus=0), engine="numpy").fit(X)
    assert np.isfinite(model.weights_).all()
    assert model.weights_.min() >= 0
    assert model.weights_.max() <= 1
    assert np.abs(model.weights_ - frozen.weights_).max() > 0.01
    assert np.isfinite(model.transform(X)).all()


@pytest.mark.parametrize("name", NAMED)
def test_a_name_stands_for_the_rule(name):
    X = load_digits().data[:3]
    by_name, by_rule = (
        DiehlCook(**QUICK, rule=rule, engine="numpy").fit(X) for rule in (name, NAMED[name])
    )
    assert np.array_equal(by_name.weights_, by_rule.weights_)


@pytest.mark.parametrize(
    ("rule", "message"),
    [(RewardSTDP(), "RewardSTDP waits for a modulator"), (VoltageSTDP(), "VoltageSTDP reads")],
    ids=["reward", "voltage"],
)
def test_a_rule_that_could_learn_nothing_here_is_refused(rule, message):
    with pytest.raises(ParameterError, match=f"DiehlCook.rule: .*{message}"):
        DiehlCook(**QUICK, rule=rule, engine="numpy").fit(load_digits().data[:3])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["triplet", "power_law", "exponential", "pre_and_post"])
def test_the_paper_s_four_rules_learn_more_than_none(name):
    digits = load_digits()
    X, X_test, y, y_test = train_test_split(
        digits.data, digits.target, test_size=0.2, random_state=0, stratify=digits.target
    )
    model = DiehlCookClassifier(
        50, n_epochs=2, rate_max=128 * Hz, norm=16.0, engine="cpp_standalone", random_state=0,
        rule=name,
    ).fit(X, y)  # fmt: skip
    accuracy = model.score(X_test, y_test)
    static = clone(model).set_params(rule=DiehlCookSTDP(eta_plus=0.0, eta_minus=0.0)).fit(X, y)
    assert accuracy > static.score(X_test, y_test) + 0.05
    assert accuracy > (0.6 if name == "triplet" else 0.75)  # a tenth is chance
