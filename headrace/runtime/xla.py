"""The door to jaxlib: every private symbol the runtime uses, with its versions' differences hidden.

Importing this module imports jaxlib (60-180 ms), so the other runtime modules import it inside the functions
that need it. Only symbols that work without the `jax` package, and that do not import it behind our back when
it happens to be installed, are used.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import ml_dtypes
import numpy as np
from jaxlib import _hlo, _jax, utils, xla_client  # type: ignore[attr-defined]
from jaxlib.version import __version__ as version

# XLA's log lines repeat what its exceptions say. The level has to be set before the first client is made.
utils.absl_set_min_log_level(int(os.environ.get("TF_CPP_MIN_LOG_LEVEL", "3")))
# Python tracebacks attached to every buffer cost up to 7 µs per call and are never shown.
_jax.set_tracebacks_enabled(False)

Buffer = _jax.ArrayImpl
XlaError = _jax.JaxRuntimeError

batched_device_put = _jax.batched_device_put
collect_garbage = _jax.collect_garbage
dlpack_capsule = _jax.buffer_to_dlpack_managed_tensor
ZERO_COPY = xla_client.HostBufferSemantics.ZERO_COPY
COPY = xla_client.HostBufferSemantics.IMMUTABLE_ONLY_DURING_CALL


class Aval:
    """What jaxlib wants to know about an array; any object with these attributes will do."""

    __slots__ = ("dtype", "ndim", "shape", "weak_type")

    def __init__(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        self.shape, self.dtype, self.ndim, self.weak_type = shape, dtype, len(shape), False


class Placement:
    """One device the way PJRT addresses it: the device, a sharding that names only it, and a list of it."""

    __slots__ = ("client", "device", "devices", "sharding")

    def __init__(self, client: Any, device: Any) -> None:
        self.client, self.device = client, device
        self.devices = _jax.DeviceList((device,))
        # SingleDeviceSharding would be the natural choice, but 0.10.2 wants methods that only jax adds to it.
        self.sharding = _jax.GSPMDSharding(self.devices, _hlo.HloSharding.replicate())


def make_cpu_client(num_devices: int) -> Any:
    # Programs run in the calling thread (without Python's lock) and use all cores from there. Handing them to another
    # thread gains nothing on the same cores, and made a step with 100 small variables take 176 instead of 105 us.
    return xla_client.make_cpu_client(asynchronous=False, num_devices=num_devices)


def make_plugin_client(name: str, path: str, options: Mapping[str, Any]) -> Any:
    """Load the PJRT plug-in at `path` and start its client."""
    if not xla_client.pjrt_plugin_loaded(name):
        xla_client.load_pjrt_plugin_dynamically(name, path)
    if not xla_client.pjrt_plugin_initialized(name):
        xla_client.initialize_pjrt_plugin(name)
    return xla_client.make_c_api_client(name, dict(options), None)


def gpu_options() -> dict[str, Any]:
    """PJRT options of the CUDA and ROCm plug-ins, from the XLA_PYTHON_CLIENT_* environment variables."""
    return dict(xla_client.generate_pjrt_gpu_plugin_options())


def check_dtype(dtype: np.dtype[Any]) -> None:
    """Raise XlaError if XLA has no element type for a NumPy dtype: strings, objects, dates …"""
    _hlo.Shape.array_shape(dtype, ())


def device_of(buffer: Any) -> Any:
    """The PJRT device that a buffer is on."""
    return buffer._sharding._devices[0]


def result_handler(aval: Aval, placement: Placement) -> Any:
    """What turns a raw output into a Buffer of this shape and dtype, which are believed, not checked."""
    if _needs_skip_checks():
        return _jax.array_result_handler(aval, placement.sharding, True, _skip_checks=True)
    return _jax.array_result_handler(aval, placement.sharding, True)


@cache
def _needs_skip_checks() -> bool:
    # Up to 0.10 the checks call Python methods that only jax installs; from 0.11 on there are none to skip.
    return tuple(int(part) for part in version.split(".")[:2]) < (0, 11)


def compile_options(placement: Placement, flags: Mapping[str, Any]) -> Any:
    """Options for a program on one device. `flags` are XLA debug options by name."""
    options = xla_client.CompileOptions()
    options.num_replicas = options.num_partitions = 1
    build = options.executable_build_options
    build.num_replicas = build.num_partitions = 1
    options.device_assignment = xla_client.DeviceAssignment.create(
        np.array([[placement.device.id]], np.int32)
    )
    options.env_option_overrides = list(flags.items())
    return options


def compile_module(
    module: Any, placement: Placement, options: Any, callbacks: Sequence[Callable[..., Any]] = ()
) -> Any:
    """Compile StableHLO: text, or with `callbacks` what `parse` made of it."""
    arguments = (module, placement.devices, options, *([list(callbacks)] if callbacks else ()))
    return placement.client.compile_and_load(*arguments)


def parse(module: str) -> Any:
    """The module as an MLIR object, which `compile_module` wants together with callbacks."""
    from jaxlib.mlir import ir

    try:
        return ir.Module.parse(module, _mlir_context())
    except ir.MLIRError as error:
        raise XlaError(f"UNKNOWN: {error}") from error


def callback_results(module: Any) -> dict[int, list[tuple[tuple[int, ...], np.dtype[Any]]]]:
    """By number of the Python callback, the shapes and dtypes that the module's custom calls expect from it.

    Raises: ValueError if two custom calls expect different results of one callback.
    """
    from jaxlib.mlir import ir

    calls: list[Any] = []

    def visit(op: Any) -> Any:
        if op.name == "stablehlo.custom_call" and op.attributes["call_target_name"].value == PYTHON_CALLBACK:
            calls.append(op)
        return ir.WalkResult.ADVANCE

    module.operation.walk(visit)
    found: dict[int, list[tuple[tuple[int, ...], np.dtype[Any]]]] = {}
    for call in calls:
        number = int(call.attributes["backend_config"]["index"].value)
        types = [ir.RankedTensorType(result.type) for result in call.results]
        results = [(tuple(kind.shape), _dtype(str(kind.element_type))) for kind in types]
        if found.setdefault(number, results) != results:
            raise ValueError(
                f"Callback {number} is called for results {found[number]} and for {results}. Give each its "
                "own number."
            )
    return found


PYTHON_CALLBACK = "xla_ffi_python_cpu_callback"


def _dtype(name: str) -> np.dtype[Any]:
    """NumPy's dtype for an MLIR element type: "f32", "ui8", "complex<f64>", "f8E4M3FN" …"""
    if name.startswith("complex"):
        return np.dtype(f"complex{2 * int(name[9:-1])}")
    match = re.fullmatch(r"(bf|ui|f|i)(\d+)(\w*)", name)
    if match is None:
        raise ValueError(f"No NumPy dtype for the element type {name}.")
    kind, bits, variant = match.groups()
    if name == "i1":
        return np.dtype(bool)
    name = {"bf": "bfloat", "ui": "uint", "f": "float", "i": "int"}[kind] + bits
    name += f"_{variant.lower()}" if variant else ""
    return np.dtype(getattr(ml_dtypes, name, name))


@cache
def _mlir_context() -> Any:
    from jaxlib.mlir import ir
    from jaxlib.mlir._mlir_libs import _jax_mlir_ext
    from jaxlib.mlir.dialects import chlo, stablehlo

    registry = ir.DialectRegistry()
    _jax_mlir_ext.register_dialects(registry)  # `func` and friends
    context = ir.Context()
    context.append_dialect_registry(registry)
    context.load_all_available_dialects()
    stablehlo.register_dialect(context)
    chlo.register_dialect(context)
    return context


def load_executable(serialized: bytes, placement: Placement, options: Any) -> Any:
    return placement.client.deserialize_executable(serialized, placement.devices, options)


def copy_to(buffer: Any, placement: Placement) -> Any:
    """A copy of `buffer` on another device."""
    return _jax.batched_copy_array_to_devices_with_sharding(
        [buffer], [placement.devices], [placement.sharding], [_jax.ArrayCopySemantics.ALWAYS_COPY]
    )[0]


def fetch(buffer: Any) -> np.ndarray[Any, Any]:
    """The content of an accelerator's buffer. (On the CPU this would import jax where it is installed.)"""
    return buffer._single_device_array_to_np_array_did_copy()[0]
