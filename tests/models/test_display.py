"""What a declaration shows: short in a terminal, tables in a notebook."""

import dataclasses
from html import escape
from html.parser import HTMLParser

import pytest
from brian2 import ms, mV

from bioplastic.models import (
    LIF,
    SGD,
    Adam,
    DiehlCookSTDP,
    Network,
    PairWiring,
    Population,
    Projection,
    RandomWiring,
    SpikeInput,
    TsodyksMarkram,
    Uniform,
)
from bioplastic.models.plasticity.eprop import EProp
from bioplastic.models.wiring import FixedInDegree
from bioplastic.networks import diehl_cook_network

NETWORK = diehl_cook_network(n_features=784, n_neurons=400, rule=DiehlCookSTDP(), norm=78.0)


class Cells(HTMLParser):
    """Reads tables, and counts what is open."""

    def __init__(self, page):
        super().__init__()
        self.open, self.rows, self.styles = [], [], []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.open.append(tag)
        self.styles += [value for name, value in attributes if name == "style"]
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] in ("td", "th"):
            self.rows[-1][-1] += data


def cells(declaration):
    page = Cells(declaration._repr_html_())
    assert not page.open
    return page.rows


class TestText:
    def test_fields_that_have_their_defaults_are_left_out(self):
        assert repr(LIF()) == "LIF()"
        assert repr(LIF(tau_membrane=10 * ms)) == "LIF()"
        assert (
            repr(LIF(tau_membrane=20 * ms, reset="")) == "LIF(reset='', tau_membrane=20. * msecond)"
        )

    def test_strings_that_follow_from_an_optimizer_are_left_out(self):
        rule = EProp(optimizer=SGD(learning_rate=0.1), batch=4)
        assert repr(rule) == "EProp(optimizer=SGD(learning_rate=0.1), batch=4)"
        own = EProp(constants={"gain": 2.0})
        longer = EProp(synapse="eps_v : 1\ne_bar : 1\ngradient : 1\nmore : 1")
        for shown in (rule, own, longer):
            assert eval(repr(shown), {"EProp": EProp, "SGD": SGD, "Adam": Adam}) == shown

    def test_a_network_has_a_line_for_each_population_and_projection(self):
        lines = repr(NETWORK).splitlines()
        assert len(repr(NETWORK)) < 700
        for part in (*NETWORK.populations, *NETWORK.projections):
            assert f"        {part!r}," in lines

    def test_a_value_that_differs_is_there(self):
        neuron = LIF(v_rest=-70 * mV)
        network = dataclasses.replace(
            NETWORK, populations=(*NETWORK.populations, Population(name="more", n=1, neuron=neuron))
        )
        assert repr(neuron) in repr(network)


class TestTables:
    def test_a_network_shows_sizes_synapses_and_times(self):
        rows = cells(NETWORK)
        assert ["excitatory", "400", "DiehlCookExcitatory()", "yes"] in rows
        assert ["input", "784", "PoissonInput()", ""] in rows
        learns = ["all_to_all", "313,600", "sum 78 a neuron", "DiehlCookSTDP()", "-"]
        assert ["input_to_excitatory", *learns] in rows
        assert ["inhibitory_to_excitatory", "all_but_one", "159,600", "17.0", "-", "-"] in rows
        assert "presentation: 0.35 s" in rows[-1]

    @pytest.mark.parametrize(
        ("wiring", "n"),
        [(FixedInDegree(2), "6"), (PairWiring([0], j=[1]), "1"), (RandomWiring(0.5), "drawn")],
    )
    def test_synapses_are_counted_where_their_number_is_known(self, wiring, n):
        network = Network(
            populations=(
                Population(name="a", n=3, neuron=SpikeInput()),
                Population(name="b", n=3, neuron=LIF()),
            ),
            projections=(
                Projection(
                    pre="a", post="b", wiring=wiring, on_pre="v_post += w*mV", delay=2 * ms,
                    weight=Uniform(0, high=1),
                ),
            ),
            watch="b",
        )  # fmt: skip
        assert ["a_to_b", repr(wiring), n, "Uniform(low=0, high=1)", "-", "2. ms"] in cells(network)

    @pytest.mark.parametrize("model", [LIF(), DiehlCookSTDP(), TsodyksMarkram()])
    def test_a_model_shows_its_parameters_and_strings(self, model):
        page = model._repr_html_()
        names = {row[0] for row in cells(model)}
        assert set(model.parameters) <= names
        for line in str(model.equations).split("\n"):
            assert escape(line.strip()) in page

    def test_it_has_the_colours_of_the_page(self):
        for declaration in (NETWORK, LIF(), RandomWiring(0.1)):
            styles = Cells(declaration._repr_html_()).styles
            assert any("color: inherit" in style for style in styles)
            assert not [s for s in styles if "#" in s or "black" in s or "white" in s]
