"""The public names of TensorFlow, and which of them Headrace has."""
