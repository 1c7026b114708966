"""The public names of TensorFlow: what is missing is listed with its reason, and the list does not grow."""

from __future__ import annotations

from surface import lists


def test_no_name_went_missing():
    listed = set(lists.reasons())
    missing = {(space, name) for space, names in lists.missing_now().items() for name in names}
    lost = sorted(f"tf.{space}.{name}" if space else f"tf.{name}" for space, name in missing - listed)
    assert not lost, f"gone, or not listed in tests/surface/missing.txt: {lost}"


def test_every_missing_name_has_a_reason():
    assert not [name for name, reason in lists.reasons().items() if not reason]
