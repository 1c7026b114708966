"""`tf.experimental.dtensor`: tensors sharded over a mesh of devices."""

from __future__ import annotations

from headrace.distribute.values import refusal

ROOT: list[str] = []
__all__ = ["UNSHARDED", "Layout", "Mesh", "create_distributed_mesh"]

UNSHARDED = "unsharded"


class Mesh:
    __init__ = refusal("tf.experimental.dtensor.Mesh")


class Layout:
    __init__ = refusal("tf.experimental.dtensor.Layout")


create_distributed_mesh = refusal("tf.experimental.dtensor.create_distributed_mesh")
