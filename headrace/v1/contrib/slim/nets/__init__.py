"""`slim.nets`: networks for images, whose variables have the names of the checkpoints that were published for them."""

from . import alexnet, inception, overfeat, resnet_utils, resnet_v1, resnet_v2, vgg

__all__ = ["alexnet", "inception", "overfeat", "resnet_utils", "resnet_v1", "resnet_v2", "vgg"]
