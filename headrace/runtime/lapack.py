"""LAPACK for compiled programs: jaxlib ships XLA custom calls around the LAPACK that SciPy brings."""

from __future__ import annotations

from functools import cache


@cache
def register_lapack() -> None:
    """Make the `lapack_*_ffi` custom calls known to XLA's CPU backend.

    Must run before a program that uses them is compiled or loaded from the cache. Imports SciPy (0.5-1 s),
    so it is called only then.
    """
    from jaxlib import xla_client
    from jaxlib.cpu import _lapack  # type: ignore[attr-defined]

    for name, capsule in _lapack.registrations().items():
        xla_client.register_custom_call_target(name, capsule, platform="cpu", api_version=1)
    _lapack.initialize()
