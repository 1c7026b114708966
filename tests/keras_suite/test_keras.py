"""A part of Keras's own tests, with every run of ours; `python -m tests.keras_suite` runs them all."""

import pytest

from tests.keras_suite import suite

# Layers, losses, metrics, training, saving: what needs neither jax nor torch to be imported.
PARTS = (
    "src/callbacks/early_stopping",
    "src/layers/core/",
    "src/layers/rnn/",
    "src/losses/",
    "src/metrics/",
    "src/models/sequential",
    "src/optimizers/",
    "src/saving/saving_lib",
)


@pytest.mark.slow
@pytest.mark.parametrize("piece", suite.slices(PARTS), ids=lambda piece: piece.name)
def test_as_listed(piece):
    outcomes = suite.run(piece.files, suite.HEADRACE)
    assert sum(outcome.result == "passed" for outcome in outcomes.values()) > 10
    problems = list(suite.judge(outcomes, suite.excluded()))
    assert not problems, "\n".join(problems)


def test_the_list_of_known_failures_gives_reasons():
    assert all(suite.excluded().values())


def test_what_differs_from_the_list_is_told():
    outcomes = {
        "a": suite.Outcome("passed"),
        "b": suite.Outcome("failed", "why"),
        "c": suite.Outcome("passed"),
        "d": suite.Outcome("failed"),
        "e::f": suite.Outcome("failed"),
    }
    found = list(suite.judge(outcomes, {"c": "listed", "d": "listed", "e*": "listed"}))
    assert found == ["FAILED, not listed: b\n    why", "PASSES, but is listed as failing: c"]
