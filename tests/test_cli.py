"""The `headrace` command, in this process and as a program."""

from __future__ import annotations

import subprocess
import sys

import pytest

from headrace import cli
from headrace._version import __version__


def test_version(capsys):
    assert cli.main(["version"]) == 0
    assert capsys.readouterr().out.startswith(f"headrace {__version__}\n")


def test_devices_lists_the_cpu(capsys):
    assert cli.main(["devices"]) == 0
    assert "CPU" in capsys.readouterr().out


def test_ops_lists_the_table(capsys):
    assert cli.main(["ops", "matmul"]) == 0
    out = capsys.readouterr().out
    assert any(line.split() == ["MatMul", "own", "own", "own"] for line in out.splitlines())


def test_ops_without_a_match(capsys):
    assert cli.main(["ops", "no such op"]) == 1
    assert "no such op" in capsys.readouterr().err


def test_cache_shows_its_directory(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("HEADRACE_CACHE_DIR", str(tmp_path))
    assert cli.main(["cache", "show"]) == 0
    assert str(tmp_path) in capsys.readouterr().out


@pytest.mark.parametrize("argv", [[], ["nonsense"], ["version", "--what"]])
def test_wrong_arguments_exit_with_usage(argv, capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main(argv)
    assert stopped.value.code == 2
    assert "usage: headrace" in capsys.readouterr().err


def test_help_names_every_command(capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main(["--help"])
    assert stopped.value.code == 0
    out = capsys.readouterr().out
    assert all(name in out for name in cli.COMMANDS)


@pytest.mark.parametrize("argv", [["version"], ["devices"], ["ops", "MatMul"]], ids=lambda a: a[0])
def test_as_a_program(argv):
    """In a process of its own, where no other test has imported what the command needs."""
    done = subprocess.run([sys.executable, "-m", "headrace", *argv], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
