"""Pictures of what was recorded: states, rasters of populations, and all of it with sliders."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from brian2 import ms, volt

from bioplastic import SpikeTrains
from bioplastic.engine import every
from bioplastic.engine.states import States
from bioplastic.errors import DataError, ParameterError
from bioplastic.inspect import explore, exploring, plot_raster, plot_state
from bioplastic.models import NeuronModel, PairSTDP, PlasticityRule
from bioplastic.networks import LiquidStateMachine


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def words():
    rng = np.random.default_rng(0)
    times, units = np.sort(rng.uniform(0, 0.05, (2, 80)), axis=1), rng.integers(12, size=160)
    return SpikeTrains(times.ravel(), units, [0, 80, 160], n_units=12, duration=0.05)


@pytest.fixture(scope="module")
def result():
    model = LiquidStateMachine(40, liquid="random", engine="numpy", random_state=0).fit(words())
    record = {"spikes": ["input", "exc", "inh"], "exc.v": [0, 5, 7], "inh.v": every(2 * ms)}
    return model.look(words(), record)


class TestStates:
    def test_a_line_for_each_element_in_the_unit_that_suits(self, result):
        axes = plot_state(result, "exc.v", sample=1)
        its = result.states["exc.v"][1]
        peak = np.abs(its.values).max()
        assert peak > 1e-6, "nothing to compare"
        unit, scale = ("V", 1.0) if peak >= 1 else ("mV", 1e3) if peak >= 1e-3 else ("µV", 1e6)
        assert axes.get_ylabel() == f"v of exc ({unit})"
        assert [line.get_label() for line in axes.lines] == ["0", "5", "7"]
        for k, line in enumerate(axes.lines):
            np.testing.assert_allclose(line.get_xdata(), its.times)
            np.testing.assert_allclose(line.get_ydata(), scale * its.values[:, k])
        axes.figure.canvas.draw()

    def test_chosen_elements_and_the_last_sample(self, result):
        (line,) = plot_state(result.states["exc.v"], sample=-1, elements=[7]).lines
        its = result.states["exc.v"][1].values[:, 2]
        np.testing.assert_allclose(line.get_ydata() != 0, its != 0)
        assert line.get_label() == "7"
        with pytest.raises(ParameterError, match="plot_state.elements: .* 0, 5, 7, got 1"):
            plot_state(result, "exc.v", elements=[1])

    def test_many_elements_are_rows_of_an_image(self):
        values = np.random.default_rng(0).random((30, 12))
        states = States([values], n_steps=np.array([60]), every=2, dt=1e-3,
                        elements=np.arange(12), unit=volt)  # fmt: skip
        axes = plot_state(states)
        np.testing.assert_allclose(axes.images[0].get_array(), 1e3 * values.T)
        assert axes.get_xlim() == (0, 0.06)
        axes.figure.canvas.draw()

    def test_the_end_is_a_point_for_each_element(self):
        states = States([np.arange(4.0)[None]], n_steps=np.array([9]), every=0, dt=1e-3,
                        elements=np.arange(4) * 2, unit=1)  # fmt: skip
        (line,) = plot_state(states).lines
        assert list(line.get_xdata()) == [0, 2, 4, 6]
        assert list(line.get_ydata()) == [0, 1, 2, 3]

    def test_what_was_not_recorded(self, result):
        with pytest.raises(ParameterError, match="plot_state.name: must be one of exc.v, inh.v"):
            plot_state(result, "exc.i")
        with pytest.raises(ParameterError, match="plot_state.sample: must be .* below 2"):
            plot_state(result, "exc.v", sample=2)
        with pytest.raises(DataError, match="plot_state.states: must be a Result"):
            plot_state([1, 2])


class TestRasterOfPopulations:
    def test_a_band_for_each(self, result):
        axes = plot_raster(result, sample=1)
        names = [text.get_text().split("\n")[0] for text in axes.get_yticklabels()]
        assert names == ["input", "exc", "inh"]
        lines = [line for line in axes.lines if line.get_marker() == "|"]
        tops = 0.0
        for line, trains in zip(lines, result.spikes.values(), strict=True):
            assert len(line.get_xdata()) == len(trains[1].times)
            np.testing.assert_allclose(np.sort(line.get_xdata()), trains[1].times)
            assert np.all(line.get_ydata() > tops)
            tops = max([tops, *line.get_ydata()])
        assert len({line.get_color() for line in lines}) == 3
        axes.figure.canvas.draw()

    def test_a_small_population_has_room_beside_a_large_one(self):
        few = SpikeTrains([0.01], [0], [0, 1], n_units=1, duration=0.02)
        many = SpikeTrains([0.01], [9], [0, 1], n_units=1000, duration=0.02)
        axes = plot_raster({"many": many, "few": few})
        (bottom,) = (line for line in axes.lines if line.get_marker() != "|")
        high = axes.get_ylim()[1]
        assert (high - bottom.get_ydata()[0]) / high > 0.1

    @pytest.mark.parametrize("more", [{"units": [0]}, {"labels": [1, 2]}])
    def test_units_and_labels_are_those_of_one(self, result, more):
        with pytest.raises(ParameterError, match="must be None where there are several"):
            plot_raster(result, **more)

    def test_nothing_recorded(self):
        with pytest.raises(DataError, match="must hold the spikes of a population"):
            plot_raster({})


class TestExplore:
    def test_a_picture_where_there_is_no_notebook(self, result):
        panels = explore(result, sample=1)
        assert panels[1].get_ylabel().startswith("v of exc")
        assert len(panels) == 3
        assert len({panel.get_xlim() for panel in panels}) == 1
        panels[0].figure.canvas.draw()

    def test_sliders_of_a_result(self, result, monkeypatch):
        pytest.importorskip("ipywidgets")
        monkeypatch.setattr(exploring, "_in_notebook", lambda: True)
        drawn = []
        draw = exploring.plot_state
        monkeypatch.setattr(
            exploring, "plot_state", lambda *a, **k: drawn.append(k["sample"]) or draw(*a, **k)
        )
        sample, time, _ = explore(result).children
        assert (sample.min, sample.max, time.min) == (0, 1, 0)
        sample.value = 1
        assert set(drawn) == {0, 1}

    def test_a_rule(self):
        panels = explore(PairSTDP())
        assert panels[0].get_title(loc="left") == "Change by one pair of spikes"
        assert all(panel.lines or panel.patches for panel in panels)

    def test_sliders_of_a_rule_change_its_constants(self, monkeypatch):
        pytest.importorskip("ipywidgets")
        monkeypatch.setattr(exploring, "_in_notebook", lambda: True)
        tried = []
        monkeypatch.setattr(
            exploring, "_draw_rule", lambda its: tried.append(its) or np.array([plt.figure().gca()])
        )
        for rule in (PairSTDP(tau_plus=10 * ms), hebb()):
            name = "tau_plus (ms)" if isinstance(rule, PairSTDP) else "tau_x (ms)"
            (slider,) = (s for s in explore(rule).children if getattr(s, "description", "") == name)
            slider.value = 15
            assert float(tried[-1].parameters[name.split()[0]]) == pytest.approx(0.015)
            assert float(rule.parameters[name.split()[0]]) == pytest.approx(0.010)

    def test_what_cannot_be_explored(self, result):
        with pytest.raises(ParameterError, match="explore.what: must be a Result or"):
            explore(NeuronModel)
        with pytest.raises(
            ParameterError, match="explore.sample: must be a whole number from 0 to 1"
        ):
            explore(result, sample=2)


def hebb():
    return PlasticityRule(
        pre_traces="dx/dt = -x/tau_x : 1", on_pre_trace="x += 1", on_post="w += eta*x_pre",
        at_slot_start_pre="x = 0", constants={"tau_x": 10 * ms, "eta": 0.01},
    )  # fmt: skip
