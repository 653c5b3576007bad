"""The classical experiments: closed forms, published values, neurons with a membrane, errors."""

import numpy as np
import pytest
from brian2 import Hz, ms, mV, second

from bioplastic import engine
from bioplastic.errors import ParameterError
from bioplastic.inspect import (
    _laboratory,
    pairing_protocol,
    rate_protocol,
    stdp_window,
    triplet_protocol,
)
from bioplastic.inspect.measurements import SJOESTROEM_2001, WANG_2005
from bioplastic.models import (
    LIF,
    AdaptiveExponential,
    MultiplicativeSTDP,
    NearestTripletSTDP,
    NeuronModel,
    PairSTDP,
    PlasticityRule,
    TripletSTDP,
    Uniform,
    VoltageSTDP,
)

PAIR = PairSTDP(tau_plus=17 * ms, tau_minus=34 * ms, a_plus=0.03, a_minus=0.02)
#: A rule of a user's own: three presynaptic spikes count as one, and silence lowers a weight.
HEBB = PlasticityRule(
    pre_traces="dx/dt = -x/tau_x : 1",
    on_pre_trace="x = 1",
    on_post="w = clip(w + eta*(x_pre - 0.4), 0, 1)",
    constants={"tau_x": 20 * ms, "eta": 0.01},
)
#: One whose eligibility follows spikes, and whose weight does not.
MARKED = PlasticityRule(
    pre_traces="dr1/dt = -r1/tau : 1",
    post_traces="do1/dt = -o1/tau : 1",
    synapse="mark : 1",
    on_pre="mark -= 0.02*o1_post",
    on_post="mark += 0.03*r1_pre",
    on_pre_trace="r1 += 1",
    on_post_trace="o1 += 1",
    at_slot_start="mark = 0",
    constants={"tau": 20 * ms},
)
#: One that reads the membrane: a presynaptic spike stores it.
READS_MEMBRANE = PlasticityRule(on_pre="w = v_post/volt", constants={})


def closed_window(delays, *, up=0.03, down=0.02, plus=0.017, minus=0.034):
    """Change by one pair of spikes at each delay, in seconds."""
    return np.where(
        delays >= 0, up * np.exp(-np.abs(delays) / plus), -down * np.exp(-np.abs(delays) / minus)
    )


# ------------------------------------------------------------------------------------- windows


def test_window_of_pair_stdp_is_its_closed_form():
    window = stdp_window(PAIR)
    np.testing.assert_allclose(window.delays, np.r_[-100:0, 1:101] * 1e-3, rtol=0, atol=1e-12)
    np.testing.assert_allclose(window.change, closed_window(window.delays), rtol=0, atol=1e-6)
    assert window.w == 0.5
    assert window.rule is PAIR
    np.testing.assert_array_equal(window.relative, window.change / 0.5)
    assert not window.latencies.any()
    assert not window.at_bound.any()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["cython", "cpp_standalone"])
def test_engines_agree_on_the_window(name, quick_cython):
    del quick_cython
    delays = [-20.3, 0, 0.1, 35] * ms
    found, numpy = (stdp_window(PAIR, delays, engine=e).change for e in (name, "numpy"))
    np.testing.assert_allclose(found, numpy, rtol=0, atol=1e-12)


def test_delays_come_in_any_order_and_0_is_pre_before_post():
    delays = np.array([0.0, 12.5, -3.2, 0.1])
    window = stdp_window(PAIR, delays * ms)
    np.testing.assert_allclose(window.change, closed_window(delays * 1e-3), rtol=0, atol=1e-12)
    assert window.change[0] == pytest.approx(0.03)
    assert stdp_window(PAIR, -7 * ms).change.shape == (1,)


def test_several_pairs_see_each_other():
    window = stdp_window(PAIR, [10] * ms, n_pairs=3, interval=50 * ms)
    pre = 0.05 * np.arange(3)
    apart = (pre + 0.01)[:, None] - pre
    np.testing.assert_allclose(window.change, closed_window(apart).sum(), rtol=0, atol=1e-12)
    assert window.n_pairs == 3


@pytest.mark.parametrize("w", [0.1, 0.5, 0.9])
def test_amplitudes_may_depend_on_the_weight(w):
    rule = MultiplicativeSTDP(a_plus=0.03, a_minus=0.02)
    delays = np.array([-20.0, 20.0])
    closed = closed_window(delays, up=0.03 * (1 - w), down=0.02 * w, plus=20.0, minus=20.0)
    found = stdp_window(rule, delays * ms, w=w, dt=1 * ms)
    np.testing.assert_allclose(found.change, closed, rtol=0, atol=1e-12)
    assert found.w == w


def test_a_rule_of_ones_own():
    delays = np.array([-30.0, -1.0, 1.0, 30.0])
    window = stdp_window(HEBB, delays * ms)
    trace = np.where(delays > 0, np.exp(-delays / 20), 0)
    np.testing.assert_allclose(window.change, 0.01 * (trace - 0.4), rtol=0, atol=1e-12)
    assert window.w == 0.5


def test_the_default_weight_is_the_middle_of_its_range():
    assert stdp_window(PairSTDP(w_max=8.0), [1] * ms, dt=1 * ms).w == 4.0
    varied = PairSTDP(w_max=Uniform(low=1.0, high=2.0))
    assert stdp_window(varied, [1] * ms, dt=1 * ms).w == 0.5


def test_another_variable_of_the_synapse():
    window = stdp_window(MARKED, [-20, 20] * ms, variable="mark", dt=1 * ms)
    np.testing.assert_allclose(window.change, [-0.02 / np.e, 0.03 / np.e], rtol=0, atol=1e-12)
    assert window.variable == "mark"
    assert not stdp_window(MARKED, [-20, 20] * ms, dt=1 * ms).change.any()
    with pytest.raises(ParameterError, match="variable: .* no 'eligibility'; they have mark, w"):
        stdp_window(MARKED, [20] * ms, variable="eligibility", dt=1 * ms)


def test_a_weight_at_a_bound_is_told():
    with pytest.warns(RuntimeWarning, match="stdp_window: 1 of 2 weights ended on a bound") as seen:
        window = stdp_window(PAIR, [-1, 1] * ms, w=0.99)
    assert window.at_bound.tolist() == [False, True]
    assert window.change[1] == pytest.approx(0.01)
    assert seen[0].filename == __file__


def test_there_is_no_share_of_nothing():
    window = stdp_window(PAIR, [1] * ms, w=0.0)
    assert window.change > 0
    with pytest.raises(ParameterError, match="STDPWindow.relative: the weight before was 0"):
        _ = window.relative


@pytest.mark.parametrize(("n_pairs", "expected"), [(2, "numpy"), (30, "cpp_standalone")])
def test_long_runs_are_compiled(monkeypatch, n_pairs, expected):
    seen = []

    def open_program(network, *, engine):
        seen.append(engine)
        raise ParameterError("enough")

    monkeypatch.setattr(engine, "open_program", open_program)
    monkeypatch.setattr(_laboratory, "resolve_engine", lambda name: "cpp_standalone")
    with pytest.raises(ParameterError, match="enough"):
        stdp_window(PAIR, [1] * ms, n_pairs=n_pairs, interval=100 * ms)
    assert seen == [expected]


# ------------------------------------------------------------------------ pairings and triplets


@pytest.mark.parametrize(
    ("form", "published", "error"),
    [
        (
            "minimal",
            [[0.0, 0.1186, 0.2278, 0.5321, 0.7627], [-0.3166, -0.3322, -0.3417, 0.1737, 0.7492]],
            0.356,
        ),
        (
            "full",
            [[0.0, 0.1321, 0.2470, 0.5337, 0.7409], [-0.3122, -0.3336, -0.3516, 0.1548, 0.7272]],
            0.342,
        ),
    ],
)
def test_60_pairings_at_all_frequencies(form, published, error):
    found = pairing_protocol(TripletSTDP.published("visual_cortex", form, w_max=10.0))
    np.testing.assert_allclose(found.change, published, rtol=0, atol=1e-3)
    assert found.frequencies.tolist() == list(SJOESTROEM_2001.frequencies)
    assert found.delays.tolist() == list(SJOESTROEM_2001.delays)
    distance = (found.change - SJOESTROEM_2001.change) / np.array(SJOESTROEM_2001.spread)
    assert (distance**2).mean() == pytest.approx(error, abs=1e-3)


def test_pairings_of_nearest_spikes():
    rule = NearestTripletSTDP.published("visual_cortex", "full", w_max=10.0)
    found = pairing_protocol(rule, [40, 50] * Hz, dt=1 * ms)
    published = [[0.5603, 0.6243], [0.2598, 0.6193]]
    np.testing.assert_allclose(found.change, published, rtol=0, atol=1e-3)


def test_bursts_follow_each_other():
    arguments = {"frequencies": [20, 50] * Hz, "delays": 10 * ms, "n_pairs": 2, "dt": 1 * ms}
    found = pairing_protocol(PAIR, **arguments, n_bursts=2, burst_interval=100 * ms)
    assert found.change.shape == (1, 2)
    for period, change in zip((0.05, 0.02), found.change[0], strict=True):
        pre = np.array([0, period, 0.1, 0.1 + period])
        closed = closed_window((pre + 0.01)[:, None] - pre).sum()
        assert change == pytest.approx(closed, abs=1e-12)
    with pytest.raises(ParameterError, match="burst_interval: .* takes 0.06 s at 20 Hz, got 60"):
        pairing_protocol(PAIR, **arguments, n_bursts=2, burst_interval=60 * ms)


@pytest.mark.parametrize("kind", WANG_2005)
def test_triplets_are_sums_over_pairs_and_triplets(kind):
    rule = TripletSTDP.published("hippocampus", "full", w_max=10.0)
    found = triplet_protocol(rule, kind, n_triplets=3, frequency=5 * Hz, dt=1 * ms)
    assert found.kind == kind
    np.testing.assert_allclose(found.intervals, WANG_2005[kind].intervals, rtol=0, atol=1e-12)
    begin = 0.2 * np.arange(3)

    def trace(gaps, tau):
        return np.exp(-gaps / float(tau)).sum()

    for (first, then), change in zip(found.intervals, found.change, strict=True):
        outer, inner = np.sort(np.r_[begin, begin + first + then]), begin + first
        pre, post = (outer, inner) if kind == "pre_post_pre" else (inner, outer)
        closed = sum(
            trace(t - pre[pre < t], rule.tau_plus)
            * (rule.a2_plus + rule.a3_plus * trace(t - post[post < t], rule.tau_y))
            for t in post
        ) - sum(
            trace(t - post[post < t], rule.tau_minus)
            * (rule.a2_minus + rule.a3_minus * trace(t - pre[pre < t], rule.tau_x))
            for t in pre
        )
        assert change == pytest.approx(closed, abs=1e-9)


# --------------------------------------------------------------------------------------- rates


@pytest.mark.statistical
def test_drift_of_independent_spikes_is_the_mean_of_the_rule():
    rule = TripletSTDP.published("visual_cortex", "full", w_max=40.0)
    arguments = {"duration": 2 * second, "n_repeats": 25, "random_state": 0}
    found = rate_protocol(rule, [5, 20, 40] * Hz, **arguments)
    assert found.drift.shape == (3, 25)
    post, pre = found.rates, found.pre_rate
    assert (post.tolist(), pre) == (pytest.approx([5, 20, 40]), pytest.approx(20))
    # Pfister & Gerstner 2006, eq. 5.
    up = rule.a2_plus + rule.a3_plus * float(rule.tau_y) * post
    down = rule.a2_minus + rule.a3_minus * float(rule.tau_x) * pre
    expected = pre * post * (float(rule.tau_plus) * up - float(rule.tau_minus) * down)
    error = found.drift.std(axis=1, ddof=1) / np.sqrt(25)
    # Slow traces begin at 0, which lowers the drift of the first tenths of a second.
    assert (np.abs(found.drift.mean(axis=1) - expected) < 4 * error + 0.1 * np.abs(expected)).all()
    assert expected[0] < 0 < expected[2]
    again = rate_protocol(rule, [5, 20, 40] * Hz, **arguments)
    np.testing.assert_array_equal(again.change, found.change)


def test_nobody_spikes_at_rate_0():
    found = rate_protocol(PAIR, 0 * Hz, pre_rate=0 * Hz, duration=50 * ms, n_repeats=2)
    assert found.change.tolist() == [[0, 0]]
    assert found.duration == pytest.approx(0.05)


# --------------------------------------------------------------------- neurons with a membrane

FORCED = {"post": LIF(), "drive": "v_post += 100*mV", "wait": 5 * ms}


def test_a_neuron_that_is_forced_gives_the_window_of_a_relay():
    delays = [-20, -3, 0, 5, 40] * ms
    forced, relayed = stdp_window(PAIR, delays, **FORCED), stdp_window(PAIR, delays)
    np.testing.assert_allclose(forced.change, relayed.change, rtol=0, atol=1e-12)
    assert not forced.latencies.any()


def test_a_current_comes_later_and_says_by_how_much():
    late = stdp_window(
        PAIR, [-20, 5, 40] * ms, post=LIF(), drive="i_syn_post += 60*mV", wait=30 * ms
    )
    assert (late.latencies > 0.5e-3).all()
    closed = closed_window(late.delays + late.latencies)
    np.testing.assert_allclose(late.change, closed, rtol=0, atol=1e-12)


def test_rules_that_read_the_membrane_need_one():
    with pytest.raises(ParameterError, match="stdp_window.rule: .*give post and drive"):
        stdp_window(READS_MEMBRANE, [10] * ms)
    found = stdp_window(READS_MEMBRANE, [10] * ms, **FORCED)
    assert found.w + found.change == pytest.approx(LIF().v_rest / (1000 * mV))


def test_a_name_that_is_no_membranes_is_not_taken_for_one():
    rule = PlasticityRule(
        pre_traces="dr1/dt = -r1/tau : 1", on_pre_trace="r1 += 1", on_pre="w = w - eta",
        on_post="w = w + etta*r1_pre", constants={"tau": 20 * ms, "eta": 0.01},
    )  # fmt: skip
    with pytest.raises(ParameterError, match="stdp_window.rule: .*did you mean `eta`\\?$"):
        stdp_window(rule, [10] * ms)


def test_voltage_based_rule_depends_on_the_frequency_as_published():
    # One burst of the 15, each of which changes the weight by as much.
    found = pairing_protocol(
        VoltageSTDP(), [10, 20, 40, 50] * Hz, 10 * ms, n_pairs=5, w=0.5, dt=1 * ms,
        post=AdaptiveExponential(tau_syn=1 * ms), drive="i_syn_post = 1*uA",
    )  # fmt: skip
    np.testing.assert_allclose(
        100 + 15 * 100 * found.relative, [[102.9, 115.7, 146.3, 165.0]], rtol=0, atol=0.2
    )


@pytest.mark.parametrize(
    ("drive", "delays", "message"),
    [
        ("v_post += 1*mV", [5], "3 spikes were due, and 0 came"),
        ("i_syn_post += 2000*mV", [5], r"3 spikes were due, and \d+ came"),
    ],
)
def test_every_spike_that_is_due_must_come_once(drive, delays, message):
    with pytest.raises(ParameterError, match=f"stdp_window.drive: .*{message}.*{drive[:6]}"):
        stdp_window(
            PAIR, delays * ms, post=LIF(), drive=drive, n_pairs=3, interval=50 * ms, dt=1 * ms
        )


def test_a_spike_that_comes_before_it_is_due_is_refused():
    impatient = NeuronModel(
        equations="dv/dt = 100*Hz : 1", threshold="v > 1", reset="v = 0", at_slot_start="v = 0"
    )
    with pytest.raises(ParameterError, match="2 spikes were due, and"):
        stdp_window(
            PAIR, [5] * ms, post=impatient, drive="v_post += 0", n_pairs=2, interval=30 * ms,
            wait=0 * ms, dt=1 * ms,
        )  # fmt: skip


# -------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rule": PairSTDP}, r"rule: must be a PlasticityRule, got .*give e.g. PairSTDP\(\)"),
        ({"rule": "pair"}, r"rule: must be a PlasticityRule, got 'pair'; give"),
        ({"delays": []}, "delays: must be finite times with a unit"),
        ({"delays": [] * ms}, "delays: must be finite"),
        ({"delays": [1.0]}, r"delays: .* got \[1.0\]; give e.g. \[10, 20\] \* ms"),
        ({"delays": [1] * mV}, "delays"),
        ({"delays": [1, np.nan] * ms}, "delays: must be finite"),
        ({"delays": [[1, 2]] * ms}, "delays: .*, in a row, got"),
        ({"delays": [1.05] * ms}, "delays: .*multiples of dt=0.1 ms, got 1.05 ms; take 1"),
        ({"n_pairs": 0}, "n_pairs: must be a whole number at least 1, got 0"),
        ({"n_pairs": 1.5}, "n_pairs"),
        ({"n_pairs": True}, "n_pairs"),
        ({"interval": 0 * ms}, "interval: must be at least 0.1 ms, got 0 ms"),
        ({"interval": [1, 2] * ms}, "interval: must be one time"),
        ({"w": 2.0}, "w: must be a number from 0 to 1, got 2.0"),
        ({"w": -0.1}, "w: must be a number from 0 to 1"),
        ({"w": np.nan}, "w: must be a number from 0 to 1"),
        ({"w": "0.5"}, "w: must be a number from 0 to 1, got '0.5'"),
        ({"wait": -1 * ms}, "wait: must be at least 0 ms, got -1 ms"),
        ({"wait": [1, 2] * ms}, "wait: must be one time"),
        ({"variable": 3}, "variable: must name a variable of the synapse"),
        ({"dt": 0 * ms}, "dt: must be one finite value > 0"),
        ({"dt": 0.1}, "dt: must have the unit"),
        ({"post": LIF()}, "drive: must be given with post"),
        ({"drive": "v_post += 1*mV"}, "post: must be given with drive"),
        ({"post": "LIF", "drive": ""}, "post: must be a NeuronModel"),
        ({"post": NeuronModel(equations="v : 1"), "drive": ""}, "post: .* with a threshold"),
        ({"post": LIF(), "drive": 1}, "drive: must be a statement"),
        ({"post": LIF(), "drive": "u_post += 1*mV"}, "rule: .*Rule, post and drive must fit"),
    ],
)
def test_arguments_of_the_window(arguments, message):
    with pytest.raises(ParameterError, match=r"^stdp_window\." + message):
        stdp_window(**{"rule": PAIR, "delays": [1] * ms} | arguments)


def test_there_is_no_such_engine():
    with pytest.raises(ParameterError, match="engine: must be one of"):
        stdp_window(PAIR, engine="abacus")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"frequencies": [0, 10] * Hz}, "frequencies: must be finite rates .* above 0"),
        ({"frequencies": [[10]] * Hz}, "frequencies"),
        ({"frequencies": [10] * ms}, "frequencies: must be finite rates with a unit"),
        ({"frequencies": [30] * Hz}, "frequencies: .*got 30 Hz; the nearest is 30.03003 Hz"),
        ({"frequencies": [50_000] * Hz}, "frequencies: .*the nearest is 10000 Hz"),
        ({"delays": [0.01] * ms}, "delays: .*multiples of dt"),
        ({"n_bursts": 0}, "n_bursts"),
    ],
)
def test_arguments_of_pairings(arguments, message):
    with pytest.raises(ParameterError, match=r"^pairing_protocol\." + message):
        pairing_protocol(PAIR, **arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"kind": "post"}, "kind: must be one of 'pre_post_pre', 'post_pre_post', got 'post'"),
        ({"intervals": [5, 5] * ms}, r"intervals: must have shape \(n_intervals, 2\), got \(2,\)"),
        ({"intervals": [(5, -5)] * ms}, "intervals: must be at least 0 ms, got -5 ms"),
        ({"intervals": [(0, 0)] * ms}, "intervals: must sum up to more than 0"),
        ({"intervals": [(600, 400)] * ms}, "intervals: .*1000 ms from one triplet to the next"),
        ({"frequency": [1, 2] * Hz}, "frequency: must be one"),
        ({"n_triplets": 0}, "n_triplets"),
    ],
)
def test_arguments_of_triplets(arguments, message):
    with pytest.raises(ParameterError, match=r"^triplet_protocol\." + message):
        triplet_protocol(PAIR, **arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rates": [-1] * Hz}, r"\.rates: must be rates from 0"),
        ({"rates": [1000] * Hz}, r"\.rates: .*less than one spike in dt=1 ms"),
        ({"rates": [[1]] * Hz}, ": rates must be in a row"),
        ({"pre_rate": [1, 2] * Hz}, ": .*pre_rate be one"),
        ({"pre_rate": 5}, r"\.pre_rate"),
        ({"duration": 0 * ms}, r"\.duration"),
        ({"n_repeats": 0}, r"\.n_repeats"),
    ],
)
def test_arguments_of_rates(arguments, message):
    with pytest.raises(ParameterError, match=r"^rate_protocol" + message):
        rate_protocol(PAIR, **arguments)
