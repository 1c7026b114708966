"""The version of this package, in the one place the build and `headrace version` read it from."""

__version__ = "0.1.0"

# The version of TensorFlow whose interface this is: what programs find as `tf.__version__`.
INTERFACE = "2.21.0"
