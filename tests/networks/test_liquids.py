"""Liquids: how many of which neurons, who is connected to whom, how strongly, with which delay."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from brian2 import ms, mV
from scipy import stats

from bioplastic import SpikeTrains
from bioplastic.errors import ParameterError
from bioplastic.inspect.separation import pairs_at_distance, state_separation
from bioplastic.models import AdaptiveLIF, Normal, Schedule, Uniform
from bioplastic.models.summary import declared_names
from bioplastic.networks import (
    LiquidStateMachine,
    MaassColumn,
    RandomLiquid,
    TonotopicLiquid,
)
from bioplastic.networks.liquids import Liquid
from bioplastic.networks.maass_column import MAASS

SCHEDULE = Schedule(presentation=None, rest=0 * ms, dt=1 * ms, min_spikes=0)
ALPHA = 1e-4
COLUMN = Path(__file__).resolve().parents[2] / "benchmarks" / "_peers" / "column.py"


def drawn(liquid, n_neurons, n_channels=50, seed=0):
    network = liquid.network(
        n_channels=n_channels, n_neurons=n_neurons, schedule=SCHEDULE,
        rng=np.random.default_rng(seed),
    )  # fmt: skip
    return network, network.sample(seed + 1)


def is_binomial(successes, n, p):
    """Whether a number of successes can come from probabilities `p` of `n` trials (or each)."""
    p = np.broadcast_to(p, np.shape(p) or (n,))
    z = (successes - p.sum()) / np.sqrt((p * (1 - p)).sum())
    return 2 * stats.norm.sf(abs(z)) > ALPHA


@pytest.mark.parametrize("liquid", [MaassColumn(), RandomLiquid(), TonotopicLiquid()], ids=repr)
class TestAll:
    def test_repr_and_equality(self, liquid):
        names = {
            "ms": ms, "msecond": ms, "mvolt": mV,
            "second": 1000 * ms, "volt": 1000 * mV, "AdaptiveLIF": AdaptiveLIF,
        }  # fmt: skip
        from brian2.units import allunits

        again = eval(repr(liquid), vars(allunits) | declared_names() | names | globals())
        assert again == liquid
        assert isinstance(liquid, Liquid)

    def test_80_to_20(self, liquid):
        for n in (90, 135, 450):
            network, _ = drawn(liquid, n)
            sizes = {p.name: p.n for p in network.populations}
            assert sizes == {"input": 50, "exc": n - round(n / 5), "inh": round(n / 5)}
            assert network.watched == ("exc", "inh")
            assert network.n_watched == n
            assert network.schedule == SCHEDULE

    def test_inhibition_lowers_and_excitation_raises(self, liquid):
        network, state = drawn(liquid, 90)
        for projection in network.projections:
            lowers = "-=" in projection.on_pre
            assert lowers == ("i_inh_post" in projection.on_pre)
            assert lowers == (projection.pre == "inh" or "inhibits" in projection.name)
            weights = state.get(f"{projection.name}.w", projection.weight)
            assert np.all(np.asarray(weights) >= 0)

    def test_no_synapse_of_a_neuron_to_itself(self, liquid):
        network, state = drawn(liquid, 90)
        for p in network.projections:
            if p.pre == p.post:
                assert not (state[f"{p.name}.i"] == state[f"{p.name}.j"]).any(), p.name

    def test_the_seed_says_who(self, liquid):
        first, second = drawn(liquid, 90)[1], drawn(liquid, 90)[1]
        assert all(np.array_equal(first[k], second[k]) for k in first)
        third = drawn(liquid, 90, seed=5)[1]
        assert any(not np.array_equal(first[k], third[k]) for k in first)


@pytest.mark.statistical
class TestMaassColumn:
    @pytest.fixture(scope="class")
    @classmethod
    def columns(cls):
        """Many small draws of the published column, 135 neurons."""
        return [drawn(MaassColumn(), 135, n_channels=1, seed=10 * k) for k in range(20)]

    @pytest.mark.parametrize("pair", MAASS, ids="_to_".join)
    def test_wiring_falls_with_distance(self, columns, pair):
        pre, post = pair
        near, far = ([], []), ([], [])
        for network, state in columns:
            here, there = (network.population(name).positions() for name in pair)
            distance = np.linalg.norm(here[:, None] - there[None], axis=2)
            made = np.zeros(distance.shape)
            i, j = (state[f"{pre}_to_{post}.{k}"].astype(int) for k in "ij")
            made[i, j] = 1
            assert made.sum() == len(i), "one synapse a pair"
            expected = MAASS[pair][0] * np.exp(-((distance / 2) ** 2))
            others = np.ones(distance.shape, bool)
            if pre == post:
                np.fill_diagonal(others, False)
            for found, chosen in ((near, distance <= 1.5), (far, distance > 1.5)):
                found[0].append(made[chosen & others].sum())
                found[1].append(expected[chosen & others])
        for successes, p in (near, far):
            p = np.concatenate(p)
            assert is_binomial(np.sum(successes), len(p), p)

    def test_places_are_shared_out_at_random(self, columns):
        inhibitory = np.zeros(135)
        for network, _ in columns:
            exc, inh = (network.population(name) for name in ("exc", "inh"))
            assert sorted([*exc.places, *inh.places]) == list(range(135))
            assert exc.grid == inh.grid == (3, 3, 15)
            inhibitory[list(inh.places)] += 1
        # 20 columns: no place is inhibitory always or never, with their mean at a fifth
        assert inhibitory.max() < 15
        assert (inhibitory == 0).sum() < 10
        assert stats.chisquare(inhibitory.reshape(15, 9).sum(axis=1)).pvalue > ALPHA

    @pytest.mark.parametrize("pair", MAASS, ids="_to_".join)
    def test_weights_delays_and_dynamics(self, columns, pair):
        name = "_to_".join(pair)
        _, weight, u, d, f, delay = MAASS[pair]

        def of(key):
            return np.concatenate([state[f"{name}.{key}"] for _, state in columns])

        # gamma with a standard deviation like the mean: exponential
        assert stats.kstest(of("w"), "expon", args=(0, weight)).pvalue > ALPHA
        np.testing.assert_allclose(of("delay"), delay * 1e-3)
        for key, mean in (("utilisation", u), ("tau_recovery", d), ("tau_facilitation", f)):
            # normal, drawn again where not positive, or where a share is not below 1
            high = (1 - mean) / (mean / 2) if key == "utilisation" else np.inf
            law = stats.truncnorm(-2, high, loc=mean, scale=mean / 2)
            assert stats.kstest(of(key), law.cdf).pvalue > ALPHA

    def test_neurons_and_input(self, columns):
        network, state = columns[0]
        exc, inh = (network.population(name).neuron for name in ("exc", "inh"))
        for neuron, refractory in ((exc, 3 * ms), (inh, 2 * ms)):
            assert neuron.tau_refractory == refractory
            assert neuron.tau_membrane == 30 * ms
            assert (neuron.tau_exc, neuron.tau_inh) == (3 * ms, 6 * ms)
            assert (neuron.v_rest, neuron.v_threshold) == (0 * mV, 15 * mV)
            assert neuron.v_reset == neuron.i_background == 13.5 * mV
            assert neuron.adaptation == 0 * mV
        for name, weight in (("exc", 18.0), ("inh", 9.0)):
            start = state[f"{name}.v_initial"]
            assert 13.5e-3 <= start.min() < start.max() <= 15e-3
            np.testing.assert_array_equal(state[f"input_to_{name}.w"], weight)
            assert len(state[f"input_to_{name}.i"]) == network.population(name).n

    def test_factors(self):
        plain, scaled = MaassColumn(), MaassColumn(scale=0.5, scale_input=2, p_input=0.3, length=1)
        (_, a), (_, b) = drawn(plain, 900), drawn(scaled, 900)
        assert b["exc_to_exc.w"].mean() == pytest.approx(0.5 * 30, rel=0.1)
        np.testing.assert_array_equal(b["input_to_exc.w"], 36)
        assert is_binomial(len(b["input_to_exc.i"]), 720 * 50, 0.3)
        assert len(b["exc_to_exc.i"]) < 0.5 * len(a["exc_to_exc.i"])

    def test_it_spikes_as_a_plain_loop_does(self):
        """A NumPy loop with the same constants and no code in common, spike by spike."""
        spec = importlib.util.spec_from_file_location("column", COLUMN)
        column = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(column)
        u, _ = pairs_at_distance(0.3, 8, random_state=0)
        u = SpikeTrains(u.times, u.units, u.offsets, n_units=30, duration=0.5)
        lsm = LiquidStateMachine(135, liquid=MaassColumn(), random_state=0).fit(u)
        expected = column.simulate(lsm.state_, u, 1e-3)
        assert expected.sum() > 5000
        for found, spikes in zip(lsm.transform(u), expected, strict=True):
            steps, units = np.nonzero(spikes)
            np.testing.assert_array_equal(np.rint(found.times / 1e-3), steps)
            np.testing.assert_array_equal(found.units, units)

    def test_states_part_as_inputs_do(self):
        """Figure 2 of the paper, with 60 pairs in place of 200; benchmarks/separation.py."""
        means, errors = [], []
        for distance in (0, 0.1, 0.2, 0.4):
            # channel 0 of 30: the program is that of test_reservoir.py
            u, v = (
                SpikeTrains(x.times, x.units, x.offsets, n_units=30, duration=0.5)
                for x in pairs_at_distance(distance, 60, random_state=0)
            )
            lsm = LiquidStateMachine(135, liquid=MaassColumn(), random_state=0).fit(u)
            first = lsm.transform(u)
            rng = np.random.default_rng(1)
            for name in ("exc.v_initial", "inh.v_initial"):
                lsm.state_[name] = rng.uniform(13.5e-3, 15e-3, len(lsm.state_[name]))
            found = state_separation(first, lsm.transform(v), np.arange(100, 501, 10) * ms)
            means.append(found.mean())
            errors.append(found.mean(axis=1).std(ddof=1) / np.sqrt(len(u)))
        gaps = np.diff(means) / np.hypot(errors[1:], errors[:-1])
        assert (gaps > 3).all(), f"means {means}, gaps in standard errors {gaps}"
        assert means[1] > 2 * means[0]


@pytest.mark.statistical
class TestRandomLiquid:
    @pytest.fixture(scope="class")
    @classmethod
    def liquid(cls):
        return drawn(RandomLiquid(p_input=0.2, p=0.05, w_input=6.0), 400)

    def test_wiring(self, liquid):
        network, state = liquid
        for p in network.projections:
            sizes = network.population(p.pre).n, network.population(p.post).n
            n = sizes[0] * sizes[1] - (sizes[0] if p.pre == p.post else 0)
            assert is_binomial(len(state[f"{p.name}.i"]), n, 0.2 if p.pre == "input" else 0.05)

    def test_weights_and_delays(self, liquid):
        network, state = liquid
        for p in network.projections:
            weight = {"input": 6.0, "exc": 1.0, "inh": 3.0}[p.pre]
            assert stats.kstest(state[f"{p.name}.w"], "expon", args=(0, weight)).pvalue > ALPHA
            delay = state[f"{p.name}.delay"]
            if p.pre == "input":
                np.testing.assert_array_equal(delay, 0)
            else:
                assert stats.kstest(delay, "uniform", args=(1e-3, 9e-3)).pvalue > ALPHA

    def test_membranes_differ(self, liquid):
        tau = np.concatenate([liquid[1][f"{name}.tau_membrane"] for name in ("exc", "inh")])
        law = stats.loguniform(5e-3, 100e-3)
        assert len(tau) == 400
        assert stats.kstest(tau, law.cdf).pvalue > ALPHA


@pytest.mark.statistical
class TestTonotopicLiquid:
    @pytest.fixture(scope="class")
    @classmethod
    def liquid(cls):
        liquid = TonotopicLiquid(
            n_inputs=40, width=0.02, width_inhibition=0.04, offset=0.1, n_recurrent=10,
            width_recurrent=0.05, delay_max=30 * ms,
        )  # fmt: skip
        return drawn(liquid, 500, n_channels=700)

    def test_patches_lie_where_the_neuron_does(self, liquid):
        network, state = liquid
        for name, sign, width in (("exc", "excites", 0.02), ("exc", "inhibits", 0.04)):
            n = network.population(name).n
            key = f"input_{sign}_{name}"
            i, j = state[f"{key}.i"], state[f"{key}.j"].astype(int)
            middle = np.abs((j + 0.5) / n - 0.5) < 0.2  # far from both ends
            away = (i + 0.5) / 700 - (j + 0.5) / n
            each = [away[middle & (j == k)] for k in np.unique(j[middle])]
            counts = [len(one) for one in each]
            assert np.median(counts) == 40
            spread = np.sqrt(np.mean([one.var(ddof=1) for one in each if len(one) > 1]))
            assert spread == pytest.approx(width, rel=0.05)
            centres = np.array([one.mean() for one in each])
            if sign == "excites":
                assert np.abs(centres).max() < 5 * width / np.sqrt(40)
            else:
                law = stats.norm(0, np.hypot(0.1, width / np.sqrt(40)))
                assert stats.kstest(centres, law.cdf).pvalue > ALPHA

    def test_one_delay_a_patch(self, liquid):
        _, state = liquid
        for sign in ("excites", "inhibits"):
            key = f"input_{sign}_exc"
            j, delay = state[f"{key}.j"].astype(int), state[f"{key}.delay"]
            # a neuron at an end of the axis may have no patch at all
            own = np.array([np.unique(delay[j == k]) for k in np.unique(j)])
            assert own.shape[0] > 380
            assert own.shape[1] == 1
            assert stats.kstest(own[:, 0], "uniform", args=(0, 0.03)).pvalue > ALPHA
        assert not np.array_equal(
            *(np.unique(state[f"input_{s}_exc.delay"]) for s in ("excites", "inhibits"))
        )

    def test_neighbours(self, liquid):
        network, state = liquid
        for pre, sign in (("exc", "excites"), ("inh", "inhibits")):
            for post in ("exc", "inh"):
                key = f"{pre}_{sign}_{post}"
                n_pre, n_post = network.population(pre).n, network.population(post).n
                away = (state[f"{key}.i"] + 0.5) / n_pre - (state[f"{key}.j"] + 0.5) / n_post
                middle = np.abs((state[f"{key}.j"] + 0.5) / n_post - 0.5) < 0.2
                assert away[middle].std() == pytest.approx(0.05, rel=0.1)
                assert len(away) <= 10 * n_post

    def test_no_neighbours(self):
        network, _ = drawn(TonotopicLiquid(n_recurrent=0), 50)
        assert {p.pre for p in network.projections} == {"input"}


class TestWhatIsRefused:
    @pytest.mark.parametrize("n", [1, 2, 3])
    @pytest.mark.parametrize("liquid", [RandomLiquid(), TonotopicLiquid()], ids=repr)
    def test_too_few_for_both_kinds(self, liquid, n):
        if n == 3:  # one of three
            assert drawn(liquid, n)[0].population("inh").n == 1
            return
        with pytest.raises(ParameterError, match=f"room for both kinds of neurons, got {n}"):
            drawn(liquid, n)

    @pytest.mark.parametrize("n", [0, 9, 17, 100])
    def test_a_column_of_another_section(self, n):
        with pytest.raises(ParameterError, match=f"multiple of 9, .* got {n}"):
            drawn(MaassColumn(), n)

    @pytest.mark.parametrize("share", [0, 1, -0.2, 1.5])
    def test_shares(self, share):
        for kind in (RandomLiquid, TonotopicLiquid):
            with pytest.raises(ParameterError, match="share_inhibitory: must lie between 0 and 1"):
                drawn(kind(share_inhibitory=share), 50)

    @pytest.mark.parametrize(
        ("kind", "wrong"),
        [
            (MaassColumn, {"length": 0}),
            (MaassColumn, {"scale": -1}),
            (RandomLiquid, {"w_exc": 0}),
            (RandomLiquid, {"delay": 3}),
            (RandomLiquid, {"delay": Uniform(low=0.0, high=1.0)}),
            (TonotopicLiquid, {"width": 0}),
            (TonotopicLiquid, {"delay_max": -1 * ms}),
        ],
    )
    def test_parameters(self, kind, wrong):
        name = next(iter(wrong))
        with pytest.raises(ParameterError, match=f"{kind.__name__}.{name}: must"):
            kind(**wrong)

    def test_what_is_drawn_is_checked_too(self):
        delay = Normal(mean=1 * ms, sd=2 * ms)
        with pytest.raises(ParameterError, match="delay: must be >= 0"):
            drawn(RandomLiquid(delay=delay), 100)

    def test_a_liquid_of_ones_own_must_say_how(self):
        with pytest.raises(NotImplementedError):
            drawn(Liquid(), 10)
