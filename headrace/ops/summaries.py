"""Ops that make serialised `Summary` messages, for 1.x's graphs. (Summaries of today are written by `ops/events.py`.)"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from headrace.core import dtypes
from headrace.core.errors import ShapeError, invalid
from headrace.core.op import REQUIRED, OpDef, ShapeContext, lookup
from headrace.core.shapes import Raw
from headrace.core.tape import not_differentiable

BAD_COLOR = np.array([255, 0, 0, 255], np.uint8)  # of pixels that are no numbers
_NEAR_ZERO = 1e-6
_LARGEST = np.finfo(np.float64).max


def _boxed(message: Any) -> np.ndarray:
    out = np.empty((), object)
    out[()] = message.SerializeToString()
    return out


def _text(x: Any) -> str:
    item = x.item() if isinstance(x, np.ndarray) else x
    return item if isinstance(item, str) else item.decode("utf-8", "replace")


def _row(name: str, signature: str, kernel: Callable[..., Any], shape: Any = None, **options: Any) -> OpDef:
    return OpDef(
        name, signature, shape=shape or (lambda c: ()), kernel=kernel, host=True, grad=not_differentiable, **options
    )  # fmt: skip


# ------------------------------------------------------------------------------------------------------------- scalars
def _scalars(tags: np.ndarray, values: np.ndarray) -> np.ndarray:
    from headrace.proto import event_pb2

    message = event_pb2.Summary()
    for tag, value in zip(tags.reshape(-1), values.reshape(-1)):
        message.value.add(tag=_text(tag), simple_value=float(value))
    return _boxed(message)


def _scalars_shape(c: ShapeContext) -> Raw:
    tags, values = c[0], c[1]
    if tags is not None and values is not None and None not in (*tags, *values) and tags != values:
        raise ShapeError(f"tags and values are not the same shape: {list(tags)} != {list(values)}")
    return ()


SCALAR = _row(
    "ScalarSummary",
    "tags: string, values: T -> summary: string",
    _scalars,
    _scalars_shape,
    types={"T": dtypes.REAL},
)


# ----------------------------------------------------------------------------------------------------------- histograms
@functools.cache
def _limits() -> np.ndarray:
    """The right edges of the buckets: they grow by a tenth from 1e-12 to 1e20 on either side of zero."""
    edges = []
    edge = 1e-12
    while edge < 1e20:
        edges.append(edge)
        edge *= 1.1
    edges.append(_LARGEST)
    return np.array([*[-e for e in reversed(edges)], 0.0, *edges])


def histogram_proto(values: np.ndarray) -> Any:
    """A `HistogramProto`: runs of empty buckets are one."""
    from headrace.proto import event_pb2

    x = values.reshape(-1).astype(np.float64)
    limits = _limits()
    counts = np.bincount(np.searchsorted(limits, x, side="right"), minlength=len(limits))[: len(limits)]
    full = np.flatnonzero(counts)
    proto = event_pb2.HistogramProto(
        min=x.min(initial=_LARGEST),
        max=x.max(initial=-_LARGEST),
        num=x.size,
        sum=x.sum(),
        sum_squares=(x * x).sum(),
    )
    end = 0
    for i in full.tolist():
        if i > end:
            proto.bucket_limit.append(limits[i - 1])
            proto.bucket.append(0)
        proto.bucket_limit.append(limits[i])
        proto.bucket.append(counts[i])
        end = i + 1
    if end < len(limits):
        proto.bucket_limit.append(limits[-1])
        proto.bucket.append(0)
    return proto


def _histogram(tag: np.ndarray, values: np.ndarray) -> np.ndarray:
    from headrace.proto import event_pb2

    if values.dtype.kind not in "iu":
        plain = values.astype(np.float64)
        for what, found in (("Nan", np.isnan(plain)), ("Infinity", np.isinf(plain))):
            if found.any():
                raise invalid(f"{what} in summary histogram for: {_text(tag)}")
    return _boxed(event_pb2.Summary(value=[{"tag": _text(tag), "histo": histogram_proto(values)}]))


HISTOGRAM = _row(
    "HistogramSummary",
    "tag: string, values: T -> summary: string",
    _histogram,
    types={"T": dtypes.REAL},
    defaults={"T": dtypes.float32},
)


# ---------------------------------------------------------------------------------------------------- images and sound
def _names(tag: np.ndarray, kind: str, most: int) -> Callable[[int], str]:
    base = f"{_text(tag)}/{kind}"
    return lambda i: base if most <= 1 else f"{base}/{i}"


def _pixels(image: np.ndarray, bad_color: np.ndarray) -> np.ndarray:
    """Floats as bytes: the largest becomes 255; if there are negative ones, zero becomes 128."""
    if image.dtype == np.uint8:
        return image
    image = image.astype(np.float32)
    finite = np.isfinite(image).all(-1)
    known = image[finite]
    low, high = known.min(initial=0.0), known.max(initial=-np.inf if known.size else 0.0)
    largest = max(abs(low), abs(high)) if low < 0 else high
    span, offset = (127.0, 128.0) if low < 0 else (255.0, 0.0)
    scale = 0.0 if largest < _NEAR_ZERO else span / largest
    out = np.empty(image.shape, np.uint8)
    out[finite] = (known * np.float32(scale) + np.float32(offset)).astype(np.uint8)
    out[~finite] = bad_color[: image.shape[-1]]
    return out


def _images(tag: np.ndarray, tensor: np.ndarray, max_images: int, bad_color: np.ndarray) -> np.ndarray:
    from headrace.proto import event_pb2

    if tensor.ndim != 4 or tensor.shape[3] not in (1, 3, 4):
        raise invalid(f"Tensor must be 4-D with last dim 1, 3, or 4, not {list(tensor.shape)}")
    encode: Any = lookup("EncodePng").kernel
    message, name = event_pb2.Summary(), _names(tag, "image", max_images)
    for i, image in enumerate(tensor[:max_images]):
        height, width, channels = image.shape
        data = encode(_pixels(image, np.asarray(bad_color)), compression=-1).item()
        picture = {"height": height, "width": width, "colorspace": channels, "encoded_image_string": data}
        message.value.add(tag=name(i), image=picture)
    return _boxed(message)


IMAGE = _row(
    "ImageSummary",
    "tag: string, tensor: T -> summary: string",
    _images,
    attrs={"max_images": 3, "bad_color": BAD_COLOR},
    types={"T": (dtypes.uint8, dtypes.float32, dtypes.float16, dtypes.float64)},
    defaults={"T": dtypes.float32},
)


def _audio(tag: np.ndarray, tensor: np.ndarray, sample_rate: Any, max_outputs: int) -> np.ndarray:
    from headrace.proto import event_pb2

    if tensor.ndim not in (2, 3):
        raise invalid(f"Tensor must be 3-D or 2-D, got: {list(tensor.shape)}")
    encode: Any = lookup("EncodeWav").kernel
    message = event_pb2.Summary()
    name = _names(tag, "audio", max_outputs)
    rate = float(np.asarray(sample_rate))
    for i, clip in enumerate(tensor[:max_outputs]):
        clip = clip.reshape(len(clip), -1)
        data = encode(clip, np.asarray(int(rate), np.int32)).item()
        frames, channels = clip.shape
        sound = {"sample_rate": rate, "num_channels": channels, "length_frames": frames,
                 "encoded_audio_string": data, "content_type": "audio/wav"}  # fmt: skip
        message.value.add(tag=name(i), audio=sound)
    return _boxed(message)


AUDIO = _row(
    "AudioSummaryV2",
    "tag: string, tensor: float32, sample_rate: float32 -> summary: string",
    _audio,
    attrs={"max_outputs": 3},
)
_row(
    "AudioSummary",
    "tag: string, tensor: float32 -> summary: string",
    _audio,
    attrs={"sample_rate": REQUIRED, "max_outputs": 3},
)


# ------------------------------------------------------------------------------------------------- tensors and mergers
def _tensor_value(tensor: np.ndarray, **fields: Any) -> Any:
    from headrace.io.tensor_proto import make_tensor_proto
    from headrace.proto import event_pb2

    proto = make_tensor_proto(tensor, dtypes.from_numpy(tensor.dtype))
    return event_pb2.Summary(value=[{"tensor": proto, **fields}])


def _tensor(tag: np.ndarray, tensor: np.ndarray, metadata: np.ndarray) -> np.ndarray:
    from google.protobuf.message import DecodeError

    from headrace.proto import event_pb2

    try:
        about = event_pb2.SummaryMetadata.FromString(metadata.item())
    except DecodeError as error:
        raise invalid(f"serialized_summary_metadata is no SummaryMetadata: {error}") from None
    return _boxed(_tensor_value(tensor, tag=_text(tag), metadata=about))


TENSOR = _row(
    "TensorSummaryV2",
    "tag: string, tensor: T, serialized_summary_metadata: string -> summary: string",
    _tensor,
)
_row(
    "TensorSummary",
    "tensor: T -> summary: string",
    lambda tensor, description, labels, display_name: _boxed(_tensor_value(tensor)),
    attrs={"description": "", "labels": (), "display_name": ""},
)


def _merge(inputs: Sequence[np.ndarray]) -> np.ndarray:
    from google.protobuf.message import DecodeError

    from headrace.proto import event_pb2

    message = event_pb2.Summary()
    tags: set[str] = set()
    for data in [item for array in inputs for item in array.reshape(-1)]:
        try:
            found = event_pb2.Summary.FromString(data)
        except DecodeError:
            raise invalid("Could not parse one of the summary inputs") from None
        for value in found.value:
            if value.tag and value.tag in tags:
                raise invalid(f"Duplicate tag {value.tag} found in summary inputs")
            tags.add(value.tag)
        message.MergeFrom(found)
    return _boxed(message)


MERGE = _row("MergeSummary", "inputs: N*string -> summary: string", _merge)
