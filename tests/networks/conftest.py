"""Ctrl-C at a known moment of a training."""

import itertools
import signal

import pytest

from bioplastic.engine.checkpoint import save_checkpoint
from bioplastic.networks import _checkpoints


@pytest.fixture
def interrupted(monkeypatch):
    """``interrupted(train)`` presses Ctrl-C when `train` has written its n-th checkpoint."""

    def run(train, *, after=1):
        numbers, save = itertools.count(1), save_checkpoint

        def save_and_interrupt(*args, **kwargs):
            save(*args, **kwargs)
            if next(numbers) == after:
                signal.raise_signal(signal.SIGINT)

        with monkeypatch.context() as patch:
            patch.setattr(_checkpoints, "save_checkpoint", save_and_interrupt)
            with pytest.raises(KeyboardInterrupt) as caught:
                train()
        return str(caught.value)

    return run
