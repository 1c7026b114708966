"""When hooks of monitored sessions do something: every so many steps or seconds."""

from __future__ import annotations

import time
from typing import Any

from .run_hooks import SessionRunArgs, SessionRunContext, SessionRunHook


def global_step_of(hook: SessionRunHook) -> Any:
    """The graph's global step.

    Raises:
      RuntimeError: there is none.
    """
    from headrace.api.compat_v1_train import get_global_step

    step = get_global_step()
    if step is None:
        raise RuntimeError(
            f"Global step should be created to use {type(hook).__name__}: call tf.compat.v1.train.get_or_create_global_step()."
        )
    return step


class _HookTimer:
    def reset(self) -> None:
        raise NotImplementedError

    def should_trigger_for_step(self, step: int) -> bool:
        raise NotImplementedError


class NeverTriggerTimer(_HookTimer):
    """A timer that never triggers."""

    def reset(self) -> None:
        pass

    def should_trigger_for_step(self, step: int) -> bool:
        return False

    def update_last_triggered_step(self, step: int) -> tuple[None, None]:
        return None, None

    def last_triggered_step(self) -> None:
        return None


class SecondOrStepTimer(_HookTimer):
    """Triggers at most every `every_secs` seconds, or every `every_steps` steps.

    Raises:
      ValueError: not exactly one of the two is given.
    """

    def __init__(self, every_secs: float | None = None, every_steps: int | None = None) -> None:
        if every_secs is None and every_steps is None:
            raise ValueError("Either every_secs or every_steps should be provided.")
        if every_secs is not None and every_steps is not None:
            raise ValueError("Can not provide both every_secs and every_steps.")
        self._every_secs, self._every_steps = every_secs, every_steps
        self.reset()

    def reset(self) -> None:
        self._last_step: int | None = None
        self._last_time: float | None = None

    def should_trigger_for_step(self, step: int) -> bool:
        """Whether it is time, at this step."""
        if self._last_step is None:
            return True
        if self._last_step == step:
            return False
        if self._every_secs is not None and self._last_time is not None:
            return time.time() >= self._last_time + self._every_secs
        return self._every_steps is not None and step >= self._last_step + self._every_steps

    def update_last_triggered_step(self, step: int) -> tuple[float | None, int | None]:
        """Says that it was done at this step; returns seconds and steps since the time before (None at first)."""
        now = time.time()
        seconds = None if self._last_time is None else now - self._last_time
        steps = None if self._last_step is None else step - self._last_step
        self._last_time, self._last_step = now, step
        return seconds, steps

    def last_triggered_step(self) -> int | None:
        return self._last_step


class StepHook(SessionRunHook):
    """A hook that looks at the graph's global step in every run, and does something every so many steps or seconds."""

    _timer: Any

    def begin(self) -> None:
        self._step = global_step_of(self)

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs:
        return SessionRunArgs(self._step)

    def _reached(
        self, run_context: SessionRunContext, run_values: Any
    ) -> tuple[int, float | None, int | None] | None:
        """If it is time: the step, and how many seconds and steps ago it was time before.

        Within a run the step is read before it is counted, or after: where it may be time, it is read again."""
        if not self._timer.should_trigger_for_step(int(run_values.results) + 1):
            return None
        step = int(run_context.session.run(self._step))
        if not self._timer.should_trigger_for_step(step):
            return None
        return step, *self._timer.update_last_triggered_step(step)


class NextStepHook(StepHook):
    """A hook that must know before a run whether it is time."""

    _at_first = True  # whether it is time in the first run
    _due = False

    def begin(self) -> None:
        super().begin()
        self._next_step: int | None = None

    def _decide(self) -> bool:
        """Whether it is time in the run that comes."""
        self._due = (
            self._at_first
            if self._next_step is None
            else self._timer.should_trigger_for_step(self._next_step)
        )
        return self._due

    def _count(self, run_context: SessionRunContext, stale: Any, look: bool) -> int:
        """The step after a run in which it was read as `stale`: what it is now, if `look`, or what it should be."""
        step = int(run_context.session.run(self._step)) if look else int(stale) + 1
        self._next_step = step + 1
        return step
