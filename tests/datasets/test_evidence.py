"""Evidence accumulation: what the trials are, channel by channel and step by step."""

import numpy as np
import pytest
from brian2 import Hz, ms, mV, second

from bioplastic.datasets.evidence import make_evidence_accumulation
from bioplastic.errors import ParameterError


def test_trials_are_those_of_the_paper():
    task = make_evidence_accumulation(random_state=0)
    assert task.data.shape == (64, 40)
    assert task.data.duration == pytest.approx(np.full(64, 2.25))
    assert task.cues.shape == (64, 7)
    assert task.cue_times == pytest.approx(0.05 + 0.15 * np.arange(7))
    assert task.decision_window == 150 * ms
    assert task.groups.tolist() == [
        name for name in ("left", "right", "recall", "background") for _ in range(10)
    ]


def test_the_target_is_the_side_with_more_cues():
    task = make_evidence_accumulation(500, n_cues=3, random_state=1)
    assert np.array_equal(task.target, np.median(task.cues, axis=1))
    # Four standard errors of the mean of 500 coins.
    assert task.target.mean() == pytest.approx(0.5, abs=4 * np.sqrt(0.25 / 500))


def test_a_channel_fires_at_its_rate_while_its_cue_is_on_and_else_never():
    task = make_evidence_accumulation(100, random_state=2)
    steps = task.data.binned(1 * ms)
    assert steps.max() == 1
    on = np.zeros((100, 2250, 4), dtype=bool)
    for k, begin in enumerate(np.rint(1e3 * task.cue_times).astype(int)):
        for side in (0, 1):
            on[task.cues[:, k] == side, begin : begin + 100, side] = True
    on[:, -150:, 2] = True
    groups = steps.reshape(100, 2250, 4, 10)
    assert not groups[:, :, :3][~on[:, :, :3]].any()
    for group in (0, 1, 2):
        shown = groups[:, :, group][on[:, :, group]]
        # Four standard errors of the mean of that many steps.
        assert shown.mean() == pytest.approx(0.04, abs=4 * np.sqrt(0.04 / shown.size))
    noise = groups[:, :, 3]
    assert noise.mean() == pytest.approx(0.01, abs=4 * np.sqrt(0.01 / noise.size))
    assert noise.mean(axis=(0, 2)).std() == pytest.approx(np.sqrt(0.0099 / 1000), rel=0.1)


def test_cues_favour_one_side_by_p_majority():
    always = make_evidence_accumulation(50, p_majority=1, random_state=3)
    assert np.isin(always.cues.sum(axis=1), (0, 7)).all()
    # Two cues of a trial agree with probability p**2 + (1 - p)**2.
    cues = make_evidence_accumulation(4000, n_cues=3, random_state=3).cues
    assert (cues[:, 0] == cues[:, 1]).mean() == pytest.approx(0.58, abs=0.03)


def test_times_follow_the_parameters():
    task = make_evidence_accumulation(
        5, n_cues=1, cue=20 * ms, cue_interval=30 * ms, delay=0 * ms, recall=10 * ms, dt=2 * ms,
        rate=499 * Hz, background_rate=0 * Hz, n_channels=4, p_majority=1, random_state=4,
    )  # fmt: skip
    assert task.data.duration == pytest.approx(np.full(5, 0.04))
    expected = np.zeros((5, 20, 4), dtype=int)
    expected[np.arange(5), 5:15, task.target] = 1
    expected[:, 15:, 2] = 1
    # At 499 Hz and 2 ms one step in 500 is empty.
    assert np.abs(task.data.binned(2 * ms) - expected).sum() <= 2


def test_it_repeats_by_its_seed():
    first, again, other = (make_evidence_accumulation(20, random_state=seed) for seed in (3, 3, 4))
    assert first.data == again.data
    assert np.array_equal(first.cues, again.cues)
    assert first.data != other.data


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n_trials", 0),
        ("n_cues", 6),
        ("n_cues", 0),
        ("cue", 0 * ms),
        ("cue", 99.5 * ms),
        ("cue", 100),
        ("cue_interval", 90 * ms),
        ("cue_interval", 150.5 * ms),
        ("delay", -1 * ms),
        ("recall", 3 * mV),
        ("n_channels", 42),
        ("n_channels", 0),
        ("rate", 1000 * Hz),
        ("rate", 40),
        ("background_rate", -1 * Hz),
        ("p_majority", 0.4),
        ("p_majority", float("nan")),
        ("p_majority", "0.7"),
        ("dt", 0 * second),
    ],
)
def test_bad_parameters_are_named(name, value):
    with pytest.raises(ParameterError, match=rf"make_evidence_accumulation\.{name}: "):
        make_evidence_accumulation(**{name: value})
