"""Command-line flags."""

from __future__ import annotations

import enum

import pytest

from headrace.session import flags


@pytest.fixture
def values():
    found = flags.FlagValues()
    flags.DEFINE_integer("steps", 10, "how many", lower_bound=1, flag_values=found)
    flags.DEFINE_float("rate", 0.5, "how fast", flag_values=found)
    flags.DEFINE_boolean("fast", False, "whether", flag_values=found, short_name="f")
    flags.DEFINE_string("name", None, "of what", flag_values=found)
    flags.DEFINE_list("layers", "a,b", "which", flag_values=found)
    flags.DEFINE_enum("mode", "train", ["train", "test"], "which", flag_values=found)
    flags.DEFINE_multi_integer("n", [1], "several", flag_values=found)
    flags.DEFINE_enum_class("kind", "ONE", Kind, "which", flag_values=found)
    return found


class Kind(enum.Enum):
    ONE = 1
    TWO = 2


def test_defaults(values):
    assert values(["prog"]) == ["prog"]
    assert values.flag_values_dict() == {
        "steps": 10, "rate": 0.5, "fast": False, "name": None, "layers": ["a", "b"], "mode": "train", "n": [1],
        "kind": Kind.ONE,
    }  # fmt: skip


def test_a_command_line(values):
    line = "prog --steps=0x10 -rate 2 --fast file --name=x=y --layers= --mode=test --n=2 --n=3 --kind=two -- --steps=1"
    assert values(line.split()) == ["prog", "file", "--steps=1"]
    assert (values.steps, values.rate, values.fast, values.name, values.layers) == (16, 2.0, True, "x=y", [])
    assert (values.mode, values.n, values.kind) == ("test", [2, 3], Kind.TWO)
    values(["prog", "--nofast"])
    assert values.fast is False
    values(["prog", "-f"])
    assert values.fast is True
    values.unparse_flags()
    assert values.n == [1]


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("--steps=x", flags.IllegalFlagValueError),
        ("--steps=0", flags.IllegalFlagValueError),
        ("--mode=other", flags.IllegalFlagValueError),
        ("--fast=perhaps", flags.IllegalFlagValueError),
        ("--step=3", flags.UnrecognizedFlagError),
        ("--name", flags.Error),
    ],
)
def test_wrong_command_lines(values, line, error):
    with pytest.raises(error):
        values(["prog", line])


def test_setting_and_requiring(values):
    values(["prog"])
    values.steps = 3
    assert values.steps == 3
    with pytest.raises(AttributeError, match="define it first"):
        values.other = 1
    with pytest.raises(AttributeError):
        _ = values.other
    flags.mark_flag_as_required("name", values)
    with pytest.raises(flags.IllegalFlagValueError, match="other than None"):
        values(["prog"])
    flags.register_validator("rate", lambda v: v < 1, "too fast", values)
    with pytest.raises(flags.IllegalFlagValueError, match="too fast"):
        values(["prog", "--name=a", "--rate=3"])
    with pytest.raises(flags.DuplicateFlagError):
        flags.DEFINE_string("name", None, "again", flag_values=values)


def test_unknown_flags_may_be_somebody_elses(values):
    assert values(["prog", "--steps=2", "--other=3", "x"], known_only=True) == ["prog", "--other=3", "x"]


def test_help(values, capsys):
    with pytest.raises(SystemExit):
        values(["prog", "--help"])
    assert "--[no]fast: whether" in capsys.readouterr().out
