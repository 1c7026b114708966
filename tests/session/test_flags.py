"""Command-line flags."""

from __future__ import annotations

import enum
import subprocess
import sys

import pytest

import headrace as tf

flags = tf.compat.v1.flags


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
        "steps": 10, "rate": 0.5, "fast": False, "f": False, "name": None, "layers": ["a", "b"], "mode": "train", "n": [1],
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
    with pytest.raises(flags.UnparsedFlagAccessError):
        _ = values.n
    assert values["n"].value == [1]


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
    with pytest.raises(flags.UnrecognizedFlagError, match="other"):
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


PROGRAM = """
import headrace
tf = headrace.compat.v1
from absl import flags as absl

tf.app.flags.DEFINE_integer("steps", 100, "how many")
tf.flags.DEFINE_string(flag_name="name", default_value="x", docstring="of what")
tf.flags.DEFINE_boolean("fast", False, docstring="whether")

def main(rest):
    print(rest, tf.flags.FLAGS.steps, absl.FLAGS.name, tf.app.flags.FLAGS.fast)
    return 3

if __name__ == "__main__":
    tf.app.run()
"""


def _program(tmp_path, text, *words):
    file = tmp_path / "program.py"
    file.write_text(text)
    done = subprocess.run([sys.executable, str(file), *words], capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def test_a_program_and_its_rest(tmp_path):
    code, out, _ = _program(tmp_path, PROGRAM, "--steps=5", "--other=1", "--fast", "file")
    assert code == 3
    assert out == f"['{tmp_path / 'program.py'}', '--other=1', 'file'] 5 x True\n"


def test_help_and_wrong_flags_of_a_program(tmp_path):
    code, out, _ = _program(tmp_path, PROGRAM, "--help")
    assert code == 1
    assert "--[no]fast: whether" in out and "--steps: how many" in out
    code, _, err = _program(tmp_path, PROGRAM, "--steps=some")
    assert code == 1
    assert "flag --steps=some" in err


def test_the_first_use_of_a_flag_reads_the_command_line(tmp_path):
    text = PROGRAM.split("if __name__")[0] + "print(tf.flags.FLAGS.is_parsed()); main([])"
    code, out, _ = _program(tmp_path, text, "--steps=7", "file")
    assert (code, out) == (0, "False\n[] 7 x False\n")
    code, _, err = _program(tmp_path, text, "--other=7")
    assert code == 1 and "UnrecognizedFlagError" in err


def test_flags_are_absls():
    absl = pytest.importorskip("absl.flags")
    assert isinstance(flags.FLAGS, flags.FlagValues)
    flags.DEFINE_integer("headrace_test_flags", 4, "a flag")
    try:
        assert "headrace_test_flags" in absl.FLAGS and "headrace_test_flags" in flags.FLAGS
        absl.FLAGS["headrace_test_flags"].value = 5
        assert flags.FLAGS["headrace_test_flags"].value == 5
        mine = flags.FLAGS.get_key_flags_for_module(sys.modules[__name__])
        assert [f.name for f in mine] == ["headrace_test_flags"]
        with pytest.raises(AttributeError):
            _ = flags.FLAGS.headrace_no_such_flag
    finally:
        del flags.FLAGS.headrace_test_flags
    assert "headrace_test_flags" not in absl.FLAGS


def test_flags_together(values):
    flags.DEFINE_multi_enum_class("kinds", ["ONE"], Kind, "which", flag_values=values)
    flags.DEFINE_alias("pace", "rate", flag_values=values)
    flags.DEFINE_boolean("slow", False, "whether", flag_values=values)
    flags.DEFINE(flags.FloatParser(lower_bound=0), "weight", 1.0, "how heavy", flag_values=values)
    flags.mark_bool_flags_as_mutual_exclusive(["fast", "slow"], flag_values=values)

    @flags.multi_flags_validator(["steps", "rate"], "too much", flag_values=values)
    def _limit(given):
        return given["steps"] * given["rate"] < 100

    values(["prog", "--kinds=TWO", "--kinds=ONE", "--pace=0.25", "--weight=2"])
    assert (values.kinds, values.rate, values.weight) == ([Kind.TWO, Kind.ONE], 0.25, 2.0)
    with pytest.raises(flags.IllegalFlagValueError, match="too much"):
        values(["prog", "--steps=1000"])
    with pytest.raises(flags.IllegalFlagValueError):
        values(["prog", "--steps=1", "--fast", "--slow"])
    with pytest.raises(flags.IllegalFlagValueError):
        values(["prog", "--weight=-1"])
    assert list(flags.flag_dict_to_args({"a": 1, "b": True})) == ["--a=1", "--b"]
