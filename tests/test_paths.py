"""The cache's root: the environment variable wins, and nothing is made by asking."""

from pathlib import Path

import platformdirs
import pytest

from bioplastic._paths import cache_dir


def test_environment_variable_is_the_root(tmp_cache: Path) -> None:
    assert cache_dir() == tmp_cache


def test_relative_variable_becomes_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BIOPLASTIC_CACHE", "here")
    assert cache_dir() == tmp_path / "here"
    assert not cache_dir().exists()


@pytest.mark.parametrize("value", [None, ""])
def test_users_cache_without_the_variable(
    value: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if value is None:
        monkeypatch.delenv("BIOPLASTIC_CACHE", raising=False)
    else:
        monkeypatch.setenv("BIOPLASTIC_CACHE", value)
    assert cache_dir() == platformdirs.user_cache_path("bioplastic")
