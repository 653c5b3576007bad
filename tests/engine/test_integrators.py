"""The integrator: order, stability, fixed points, and what it refuses."""

import brian2
import numpy as np
import pytest
from brian2 import Equations, NeuronGroup, ms, second
from brian2.stateupdaters.base import UnsupportedEquationsException

from bioplastic.engine.integrators import rational_exponential_euler, resolve

pytestmark = pytest.mark.usefixtures("numpy_target")


def integrate(equations, *, t, dt, method=rational_exponential_euler, **values):
    """Values of `x` at time `t` (ms) with steps of `dt` (ms)."""
    first = next(iter(values.values()))
    clock = brian2.Clock(dt=dt * ms)
    group = NeuronGroup(np.size(first), equations, method=method, clock=clock)
    for name, value in values.items():
        setattr(group, name, value)
    net = brian2.Network(group)
    net.run(t * ms, namespace={})
    return np.array(group.x_)


# A differs from neuron to neuron, so that it is no scalar and Pade's step is taken.
BY_NEURON = """
dx/dt = a*x + b : 1
a : Hz (constant)
b : Hz (constant)
"""
# One number for all neurons.
SHARED = """
dx/dt = a*x + b : 1
a : Hz (shared, constant)
b : Hz (constant)
"""


def closed_form(x, a, b, t):
    return (x + b / a) * np.exp(a * t) - b / a


class TestStateDependentRates:
    def test_the_order_is_two(self):
        x, a, b = np.array([1.0, -2.0, 0.3]), np.array([-80.0, -150.0, 20.0]), np.array([9, 4, 7.0])
        exact = closed_form(x, a, b, 16e-3)
        errors = [
            np.abs(integrate(BY_NEURON, t=16, dt=dt, x=x, a=a / second, b=b / second) - exact).max()
            for dt in (2.0, 1.0, 0.5, 0.25)
        ]
        orders = np.log2(np.divide(errors[:-1], errors[1:]))
        assert orders[-1] == pytest.approx(2.0, abs=0.1)
        assert (np.diff(errors) < 0).all()

    def test_one_step_is_the_pade_approximation(self):
        a = np.array([-1e3, -100.0, 0.0, 100.0])
        z = a * 1e-3
        found = integrate(BY_NEURON, t=1, dt=1, x=np.ones(4), a=a / second)
        np.testing.assert_allclose(found, 1 / (1 - z + z**2 / 2), rtol=1e-13)

    def test_stiff_rates_are_damped_where_euler_explodes(self):
        a = -np.logspace(3.5, 9, 12)
        arguments = {"t": 20, "dt": 1, "x": np.full(12, 5.0), "a": a / second, "b": -a / second}
        ours = integrate(BY_NEURON, **arguments)  # to the fixed point 1
        euler = integrate(BY_NEURON, method="euler", **arguments)
        assert (np.abs(euler) > 1e3).all()
        # L-stable: the stiffer, the nearer
        assert (np.abs(ours - 1) < 1e-6).all()
        assert np.abs(ours[-1] - 1) < 1e-12

    def test_no_step_overshoots_the_fixed_point(self):
        # Many inhibitory spikes in one step: a single step must land between start and goal.
        a = -np.logspace(0, 8, 200)
        found = integrate(BY_NEURON, t=1, dt=1, x=np.full(200, 2.0), a=a / second, b=-a / second)
        assert (found >= 1.0 - 1e-12).all()
        assert (found <= 2.0).all()

    def test_the_fixed_point_stays(self):
        a, b = np.array([-5.0, -500.0, -5e5]), np.array([3.0, -200.0, 1e5])
        found = integrate(BY_NEURON, t=50, dt=1, x=-b / a, a=a / second, b=b / second)
        np.testing.assert_allclose(found, -b / a, rtol=1e-12)

    def test_conductances_give_the_steady_state(self):
        # The membrane of Diehl & Cook: A depends on another variable of the same neuron.
        equations = """
        dx/dt = ((-65 - x) + g*(0 - x) + h*(-100 - x))/(100*ms) : 1
        dg/dt = (1.5 - g)/(1*ms) : 1
        dh/dt = (40.0 - h)/(2*ms) : 1
        """
        found = integrate(equations, t=200, dt=0.5, x=np.array([-65.0, -20.0]))
        np.testing.assert_allclose(found, (-65 + 40 * -100) / (1 + 1.5 + 40), rtol=1e-6)


class TestScalarRates:
    @pytest.mark.parametrize("dt", [0.25, 4.0, 16.0])
    def test_they_are_exact_for_any_step(self, dt):
        x, b = np.array([1.0, -2.0, 0.3]), np.array([9.0, 4.0, 0.0])
        found = integrate(SHARED, t=16, dt=dt, x=x, b=b / second, a=-90 / second)
        np.testing.assert_allclose(found, closed_form(x, -90.0, b, 16e-3), rtol=1e-12)

    def test_pure_decay_is_exact(self):
        found = integrate("dx/dt = -x/(7*ms) : 1", t=30, dt=3, x=np.array([1.0, -4.0]))
        np.testing.assert_allclose(found, np.array([1.0, -4.0]) * np.exp(-30 / 7), rtol=1e-12)

    def test_a_variable_that_only_sums_is_summed(self):
        found = integrate(
            "dx/dt = b : 1\nb : Hz (constant)", t=10, dt=1, x=np.array([1.0, 2.0]), b=5 / second
        )
        np.testing.assert_allclose(found, [1.05, 2.05], rtol=1e-12)

    @pytest.mark.parametrize("dt", [0.5, 5.0])
    def test_they_agree_with_brians_exponential_euler(self, dt):
        equations = """
        dx/dt = (drive - x)/(10*ms) : 1
        ddrive/dt = -drive/(5*ms) : 1
        """
        start = {"x": np.array([0.0, 1.0]), "drive": np.array([3.0, -1.0])}
        ours = integrate(equations, t=20, dt=dt, **start)
        brians = integrate(equations, t=20, dt=dt, method="exponential_euler", **start)
        np.testing.assert_allclose(ours, brians, rtol=1e-12)


def test_state_dependent_rates_come_near_brians_exponential_euler_as_dt_falls():
    equations = """
    dx/dt = ((-65 - x) + g*(0 - x))/(20*ms) : 1
    dg/dt = -g/(5*ms) : 1
    """
    start = {"x": np.array([-65.0, -50.0]), "g": np.array([4.0, 0.5])}
    gaps = []
    for dt in (1.0, 0.5, 0.25):
        ours = integrate(equations, t=10, dt=dt, **start)
        brians = integrate(equations, t=10, dt=dt, method="exponential_euler", **start)
        gaps.append(np.abs(ours - brians).max())
    assert gaps[0] < 0.1
    assert (np.log2(np.divide(gaps[:-1], gaps[1:])) > 1.8).all()


def test_refractoriness_as_a_factor_holds_the_membrane():
    equations = """
    dx/dt = active*(1 - x)/(10*ms) : 1
    active : 1 (constant)
    """
    found = integrate(equations, t=10, dt=1, x=np.array([0.25, 0.25]), active=np.array([0.0, 1.0]))
    assert found[0] == 0.25
    assert found[1] == pytest.approx(1 - 0.75 * np.exp(-1), rel=1e-3)


class TestRefusals:
    def test_stochastic_equations(self):
        with pytest.raises(UnsupportedEquationsException, match="stochastic.*another method"):
            rational_exponential_euler(Equations("dx/dt = -x/(10*ms) + xi/sqrt(second) : 1"))

    @pytest.mark.parametrize(
        "rate",
        # Brian's own split of the first would drop the cube and say nothing.
        ["(x - x**3)/(10*ms)", "x**2/(10*ms)", "(1 - exp(x))/ms", "(y*x - x**2 + 1)/ms"],
    )
    def test_equations_that_are_not_linear_in_their_own_variable(self, rate):
        with pytest.raises(UnsupportedEquationsException, match="linear.*another method"):
            rational_exponential_euler(Equations(f"dx/dt = {rate} : 1\ny : 1"))

    def test_a_quadratic_neuron_still_runs_with_another_method(self):
        found = integrate(
            "dx/dt = (x - x**3)/(10*ms) : 1", t=200, dt=0.5, method="rk4", x=np.array([0.1, -3.0])
        )
        np.testing.assert_allclose(found, [1.0, -1.0], rtol=1e-6)

    def test_options(self):
        with pytest.raises(ValueError, match="no options"):
            rational_exponential_euler(
                Equations("dx/dt = -x/(10*ms) : 1"), method_options={"order": 3}
            )


def test_names_of_methods():
    assert resolve("rational_exponential_euler") is rational_exponential_euler
    assert resolve("exponential_euler") == "exponential_euler"
