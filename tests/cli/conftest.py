"""Run commands as a shell would, each test in an empty folder."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest
from typer.testing import CliRunner

from bioplastic.cli import app

mpl.use("Agg")


@pytest.fixture(autouse=True)
def empty_folder(tmp_path, monkeypatch):
    """Run each test in an empty folder: a forgotten --out must not write to the repository."""
    folder = tmp_path / "cwd"
    folder.mkdir()
    monkeypatch.chdir(folder)
    yield folder
    plt.close("all")


@pytest.fixture(scope="session")
def run():
    """Run a command that has to end with a code, 0 unless told."""

    def invoke(*arguments, code=0):
        result = CliRunner().invoke(app, [str(a) for a in arguments])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == code, result.output
        return result

    return invoke


@pytest.fixture(scope="session")
def failure(run):
    """Return standard error of a command that has to fail without a traceback."""

    def invoke(*arguments):
        result = run(*arguments, code=2)
        assert "Traceback" not in result.output
        return result.stderr

    return invoke
