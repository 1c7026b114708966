"""Compiled clusters: how their values go in and come out."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

from headrace import runtime
from headrace.core import dtypes, errors
from headrace.core.tensor import EagerTensor, wrap, wrap_buffer, wrap_object
from headrace.ops.state import DONATION, VariableState
from headrace.ops.tensor_list import HostList

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
        held: list[Any], providers: list[Any], layout: list[Any], lists: dict[int, Any], messages: list[str]
    ) -> None:  # fmt: skip
        self.program, self.text, self.positions, self.cells, self.written, self.providers = (
            program,
            text,
            positions,
            cells,
            written,
            providers,
        )
        self.held, self.layout, self.lists, self.messages = held, layout, lists, messages
        self.plain = (
            None if lists or any(k is not None for k, _ in layout) else [d for _, d in layout]
        )  # dtypes, when every output is computed

    def run(self, tensors: Sequence[EagerTensor], states: Sequence[VariableState]) -> list[EagerTensor]:
        program = self.program
        if program is None:
            return [wrap(known_value, d) for known_value, d in self.layout]
        written = self.written
        with DONATION if self.cells else nullcontext():
            buffers = [variable_buffer(states[i]) for i in self.cells]
            for i in self.positions:
                x = tensors[i]
                buffers.append(buffer_of(x) if x._buf is None else x._buf)
            buffers.extend(self.held)
            for provider in self.providers:
                buffers.append(runtime.put(provider()))
            results = program.run(buffers)
            for k, buffer in zip(written, results):
                s = states[self.cells[k]]
                s.buffer, s.array = buffer, None
        if written:
            results = results[len(written) :]
        if self.messages:
            raise_failed(results.pop(), self.messages)
        if self.plain is not None:
            return [wrap_buffer(r, d) for r, d in zip(results, self.plain)]
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


def raise_failed(status: Any, messages: Sequence[str]) -> None:
    """Raises what the program's checks found, if they found something. This waits for the program."""
    code = int(runtime.to_numpy(status))
    if code:
        raise errors.InvalidArgumentError(None, None, messages[code - 1])


def variable_buffer(s: VariableState) -> Any:
    buffer = s.buffer
    if buffer is None:
        # The array may be shared with tensors, and the buffer will be donated: it must be a copy.
        buffer = s.buffer = runtime.put(s.read())
        s.array = None
    return buffer
