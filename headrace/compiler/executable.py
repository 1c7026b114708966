"""Compiled clusters: how their values go in and come out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from headrace import runtime
from headrace.core import dtypes, errors
from headrace.core.errors import invalid
from headrace.core.state import state
from headrace.core.tensor import EagerTensor, wrap, wrap_buffer, wrap_object
from headrace.ops.list_values import HostList
from headrace.ops.state import DONATION, VariableState

from . import ahead
from .eager import buffer_of


class Executable:
    """A compiled cluster with its calling convention: variables, then tensors, then large constants, then values the host
    provides."""

    __slots__ = (
        "cells",
        "held",
        "layout",
        "lists",
        "messages",
        "plain",
        "positions",
        "program",
        "providers",
        "text",
        "written",
    )

    def __init__(
        self, program: Any, text: str, positions: list[int], cells: list[int], written: list[int],
        held: list[Any], providers: list[Any], layout: list[Any], lists: dict[int, Any],
        messages: list[tuple[str, Any]],
    ) -> None:  # fmt: skip
        self.program = program
        self.text = text
        self.positions = positions
        self.cells = cells
        self.written = written
        self.providers = providers
        self.held, self.layout, self.lists, self.messages = held, layout, lists, messages
        # Dtypes, when every output is computed.
        self.plain = None if lists or any(k is not None for k, _ in layout) else [d for _, d in layout]

    def run(self, tensors: Sequence[EagerTensor], states: Sequence[VariableState]) -> list[EagerTensor]:
        return self.bind(states)([tensors[i] for i in self.positions])

    def bind(
        self, states: Sequence[VariableState], pick: Callable[[Any], Sequence[EagerTensor]] | None = None
    ) -> Callable[[Any], list[EagerTensor]]:
        """A function of the tensors that the program takes; of something that `pick` finds them in, if it is given."""
        layout = self.layout
        messages = self.messages
        held = self.held
        providers = self.providers
        plain = self.plain
        new = EagerTensor.__new__
        if self.program is None:
            return lambda tensors: [wrap(value, d) for value, d in layout]
        cells = [states[i] for i in self.cells]
        written = [cells[k] for k in self.written]
        n = len(written)
        execute = self.program.run
        places = self.written
        check = (lambda status: raise_failed(status, messages)) if messages else None

        def call(tensors: Any) -> list[EagerTensor]:
            if pick is not None:
                tensors = pick(tensors)
            if cells:
                DONATION.acquire()
            try:
                buffers = [b if (b := c.buffer) is not None else variable_buffer(c) for c in cells]
                for x in tensors:
                    buffer = x._buf
                    buffers.append(buffer_of(x) if buffer is None else buffer)
                buffers += held
                for provider in providers:
                    buffers.append(runtime.put(provider()))
                if state.ahead is not None:
                    results = state.ahead.run(self.program, buffers, written, places, check)
                else:
                    if n:
                        ahead.WORKERS.settle()
                    results = execute(buffers)
                if n:
                    for c, buffer in zip(written, results):
                        c.buffer = buffer  # `array` is None: a cell has one of the two
                    results = results[n:]
            finally:
                if cells:
                    DONATION.release()
            if messages:
                status = results.pop()
                if type(status) is not ahead.Later:  # otherwise who computes it looks at it
                    raise_failed(status, messages)
            if plain is None:
                return self._outputs(results)
            out = []
            for buffer, dtype in zip(results, plain):
                t = new(EagerTensor)
                t._np, t._dtype, t._buf = None, dtype, buffer
                out.append(t)
            return out

        return call

    def _outputs(self, results: Sequence[Any]) -> list[EagerTensor]:
        """The outputs when some of them are known beforehand, or lists."""
        it = iter(results)
        out = [
            wrap_buffer(next(it), d) if known_value is None else wrap(known_value, d)
            for known_value, d in self.layout
        ]
        for k, (length, dtype) in self.lists.items():
            out[k] = wrap_object(
                HostList(None, length, dtype, wrap_buffer(out[k]._buf, dtype)), dtypes.variant
            )
        return out


def raise_failed(status: Any, messages: Sequence[tuple[str, Any]]) -> None:
    """Raises what the program's checks found, if they found something. This waits for the program."""
    code = int(runtime.to_numpy(status))
    if code:
        message, node = messages[code - 1]
        raise errors.located(invalid(message), node)


def variable_buffer(s: VariableState) -> Any:
    buffer = s.buffer
    if buffer is None:
        # The array may be shared with tensors, and the buffer will be donated: it must be a copy.
        buffer = s.buffer = runtime.put(s.read())
        s.array = None
    return buffer
