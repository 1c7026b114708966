"""The version of this package, in the one place the build and `headrace version` read it from."""

__version__ = "0.1.0"
