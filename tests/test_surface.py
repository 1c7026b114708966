"""The public names of TensorFlow and their parameters: what is missing or different is listed with its reason, and the lists do not
grow."""

from __future__ import annotations

import fnmatch

import pytest
from surface import lists

ROOTS = ["", lists.V1]


@pytest.mark.parametrize("root", ROOTS, ids=["tf", "tf.compat.v1"])
def test_no_name_went_missing(root):
    listed = set(lists.reasons(root))
    missing = {(space, name) for space, names in lists.missing_now(root).items() for name in names}
    lost = sorted(f"tf.{space}.{name}" if space else f"tf.{name}" for space, name in missing - listed)
    assert not lost, f"gone, or without a reason in tests/surface/missing*.txt: {lost}"
    found = sorted(f"tf.{space}.{name}" if space else f"tf.{name}" for space, name in listed - missing)
    assert not found, f"there now: take them off the list with `python -m tests.surface`: {found}"


@pytest.mark.parametrize("root", ROOTS, ids=["tf", "tf.compat.v1"])
def test_every_missing_name_has_a_reason(root):
    assert not [name for name, reason in lists.reasons(root).items() if not reason]


def test_functions_have_the_parameters_of_tensorflows():
    different = lists.unlisted_differences()
    lines = [f"{name}: {theirs!r} there, {ours!r} here" for name, (theirs, ours) in different.items()]
    assert not lines, "other parameters, without a reason in tests/surface/different.txt:\n" + "\n".join(
        lines
    )


def test_every_listed_difference_is_one_and_has_a_reason():
    allowed, different = lists.allowed_differences(), lists.different_now()
    assert all(allowed.values())
    assert not [a for a in allowed if not fnmatch.filter(different, a)]
