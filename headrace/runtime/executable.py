"""Compiled programs: StableHLO text in, a callable on buffers out."""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from functools import cache, cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from headrace.runtime import cache as disk
from headrace.runtime import callbacks as python_callbacks
from headrace.runtime import client, devices, options
from headrace.runtime.buffers import Pending, aval_of, settled
from headrace.runtime.errors import reraise

if TYPE_CHECKING:
    from headrace.runtime.xla import Aval, Buffer, Placement

Signature = tuple[tuple[tuple[int, ...], np.dtype[Any]], ...]


class Executable:
    """A compiled program for one device.

    `run(buffers)` takes the list of argument buffers and returns the list of results (on accelerators at once, before
    they are computed). Buffers of other devices are copied to the program's. XLA checks only the size in bytes of an
    argument: the caller must pass the shapes and dtypes that the program was compiled for. Arguments marked
    `tf.aliasing_output` in the program are donated: their memory becomes the output's, and they are deleted.

    Attributes: `outputs` (shape and dtype of each result), `device`, `from_cache` (whether the disk cache
    spared XLA the work), `compile_seconds` (what compiling, or loading, took), `seconds` (what the last run took, where
    somebody looked: 0 at first).
    """

    run: Callable[[list[Buffer]], list[Buffer]]

    def __init__(
        self,
        loaded: Any,
        outputs: Signature,
        device: devices.Device,
        from_cache: bool,
        compile_seconds: float,
    ) -> None:
        self.outputs, self.device = outputs, device
        self.from_cache, self.compile_seconds = from_cache, compile_seconds
        self.seconds = 0.0
        self._loaded = loaded
        handlers = [_handler(shape, dtype, device.placement) for shape, dtype in outputs]
        self.run, self._disable = _runner(loaded.execute_sharded, handlers, device.placement)
        _live.add(self)

    @cached_property
    def avals(self) -> list[Aval]:
        """The descriptions of the results."""
        return [aval_of(shape, dtype) for shape, dtype in self.outputs]

    @cached_property
    def temporary(self) -> int:
        """Bytes that a run takes besides its arguments and results."""
        return self.memory()["temp"]

    def hlo_text(self) -> str:
        """The optimised HLO, as XLA prints it."""
        return self._loaded.get_hlo_text()

    def cost_analysis(self) -> dict[str, float]:
        """XLA's estimate of a run: "flops", "bytes accessed", "transcendentals" and more."""
        return dict(self._loaded.cost_analysis())

    def memory(self) -> dict[str, int]:
        """Bytes of a run: "argument", "output", "temp", "alias" (outputs in donated arguments), "peak"."""
        stats = self._loaded.get_compiled_memory_stats()
        return {
            "argument": stats.argument_size_in_bytes,
            "output": stats.output_size_in_bytes,
            "temp": stats.temp_size_in_bytes,
            "alias": stats.alias_size_in_bytes,
            "peak": stats.peak_memory_in_bytes,
        }


def compile(
    module: str,
    outputs: Sequence[tuple[tuple[int, ...], np.dtype[Any]]],
    *,
    device: devices.Device | None = None,
    options: Mapping[str, Any] = MappingProxyType({}),
    callbacks: Sequence[Callable[..., Any]] = (),
    cache: bool = True,
) -> Executable:
    """Compile a StableHLO module for one device, or load it from the compile cache.

    Args:
      module: StableHLO text with a function `@main`.
      outputs: shape and dtype of each result of `@main`; believed, not checked.
      device: where it will run; None is the default device.
      options: XLA debug options by name, added to our defaults; a value of None takes a default out.
      callbacks: Python functions that the program calls. `stablehlo.custom_call @xla_ffi_python_cpu_callback`
        with `api_version = 4 : i32, backend_config = {index = i : ui64}` calls `callbacks[i]` with read-only
        arrays and expects a tuple of arrays. Such programs are not cached on disk.
      cache: whether the disk cache may be used.

    Raises: the `tf.errors` class of XLA's status for a module that XLA rejects.
    """
    device = device or devices.default_device()
    signature = tuple((tuple(shape), np.dtype(dtype)) for shape, dtype in outputs)
    placement = device.placement  # starts the client, which is not part of compiling
    began = time.perf_counter()
    loaded, from_cache = _load_or_compile(module, placement, device.platform, options, callbacks, cache)
    return Executable(loaded, signature, device, from_cache, time.perf_counter() - began)


def _load_or_compile(
    module: str,
    placement: Placement,
    platform: str,
    extra: Mapping[str, Any],
    callbacks: Sequence[Callable[..., Any]],
    cache: bool,
) -> tuple[Any, bool]:
    from headrace.runtime import xla

    flags = options.flags(platform, extra, module)
    xla_options = xla.compile_options(placement, flags)
    try:
        if callbacks:
            parsed = xla.parse(module)
            results = xla.callback_results(parsed)
            if missing := [number for number in results if number >= len(callbacks)]:
                raise ValueError(f"The module calls callbacks {missing}, but there are {len(callbacks)}.")
            guarded = [python_callbacks.guard(call, results.get(i, [])) for i, call in enumerate(callbacks)]
            return xla.compile_module(parsed, placement, xla_options, guarded), False
        if xla.PYTHON_CALLBACK in module:  # running it would call through a null pointer
            raise ValueError("The module calls Python callbacks; pass them as `callbacks`.")
        if not cache or not disk.enabled():
            return xla.compile_module(module, placement, xla_options), False
        key = disk.key(module, xla.version, placement, flags)
        loaded = disk.fetch(key, lambda entry: xla.load_executable(entry, placement, xla_options))
        if loaded is not None:
            return loaded, True
        began = time.perf_counter()
        loaded = xla.compile_module(module, placement, xla_options)
        disk.store(key, loaded.serialize, time.perf_counter() - began)
        return loaded, False
    except xla.XlaError as error:
        if options.drop_unknown(str(error), extra):
            return _load_or_compile(module, placement, platform, extra, callbacks, cache)
        reraise(error)


def _runner(
    execute: Callable[..., Any], handlers: list[Any], placement: Placement
) -> tuple[Callable[[list[Buffer]], list[Buffer]], Callable[[], None]]:
    """The two calls that are all of a run, and a switch that makes the run raise instead (after a fork)."""
    from headrace.runtime.xla import XlaError, copy_to, device_of

    def run(buffers: list[Buffer]) -> list[Buffer]:
        try:
            return execute(buffers).consume_with_handlers(handlers)
        except XlaError as error:
            # XLA takes no buffer of another device. That shows before anything runs, and asking each time would cost more.
            if any(b.is_deleted() for b in buffers) or all(device_of(b) == placement.device for b in buffers):
                reraise(error, buffers)
        except TypeError:
            if not any(isinstance(b, Pending) for b in buffers):
                raise
            return run([settled(b) for b in buffers])
        return run([b if device_of(b) == placement.device else copy_to(b, placement) for b in buffers])

    def disable() -> None:
        nonlocal execute
        execute = _forked

    return run, disable


def _forked(buffers: list[Buffer]) -> Any:
    raise RuntimeError(client.FORKED)


_live: weakref.WeakSet[Executable] = weakref.WeakSet()


def _disable_all() -> None:
    for executable in _live:
        executable._disable()


client.after_fork(_disable_all)


@cache
def _handler(shape: tuple[int, ...], dtype: np.dtype[Any], placement: Placement) -> Any:
    from headrace.runtime import xla

    return xla.result_handler(aval_of(shape, dtype), placement)


def widen(buffer: Buffer, narrow: str, wide: str, dtype: np.dtype[Any]) -> Buffer:
    """A buffer of StableHLO type `narrow` converted to `wide` (NumPy's `dtype`) on its device."""
    shape = buffer.aval.shape
    return _widening(shape, narrow, wide, dtype, devices.device_of(buffer)).run([buffer])[0]


@cache
def _widening(
    shape: tuple[int, ...], narrow: str, wide: str, dtype: np.dtype[Any], device: devices.Device
) -> Executable:
    dims = "".join(f"{size}x" for size in shape)
    source, target = f"tensor<{dims}{narrow}>", f"tensor<{dims}{wide}>"
    return compile(
        f"func.func @main(%x: {source}) -> {target} {{\n"
        f"  %y = stablehlo.convert %x : ({source}) -> {target}\n  return %y : {target}\n}}",
        [(shape, dtype)],
        device=device,
    )
