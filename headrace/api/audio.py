"""`tf.audio`: sound as `[samples, channels]` of float32 in [-1, 1], and WAV files."""

from __future__ import annotations

from typing import Any, NamedTuple

from headrace.core.tensor import Tensor
from headrace.ops.audio import DECODE_WAV, ENCODE_WAV


class DecodeWav(NamedTuple):
    """The samples `[samples, channels]`, and how many of them a second has."""

    audio: Tensor
    sample_rate: Tensor


def decode_wav(
    contents: Any, desired_channels: int = -1, desired_samples: int = -1, name: str | None = None
) -> DecodeWav:
    """The sound in a WAV file of 16-bit PCM samples.

    Args:
      contents: the file's bytes, a scalar string tensor.
      desired_channels: how many channels to return: the first ones, the last one repeated where the file has fewer. -1
        for those of the file.
      desired_samples: how many samples to return; zeros follow a shorter sound. -1 for all.

    Returns: `audio` `[samples, channels]`, float32 in [-1, 1], and `sample_rate`, an int32 scalar.

    Raises:
      InvalidArgumentError: not a WAV file, or one with another coding.

    >>> import headrace as tf
    >>> wav = tf.audio.encode_wav([[0.0], [0.5], [-1.0]], 8000)
    >>> audio, rate = tf.audio.decode_wav(wav)
    >>> audio[:, 0].numpy().tolist(), int(rate)
    ([0.0, 0.5, -1.0], 8000)
    """
    return DecodeWav(
        *DECODE_WAV(contents, desired_channels=desired_channels, desired_samples=desired_samples, name=name)
    )


def encode_wav(audio: Any, sample_rate: Any, name: str | None = None) -> Tensor:
    """The bytes of a WAV file of 16-bit PCM samples.

    Args:
      audio: `[samples, channels]`, float32; what is outside of [-1, 1] is clipped.
      sample_rate: samples per second, an int32 scalar.

    >>> import headrace as tf
    >>> tf.strings.length(tf.audio.encode_wav(tf.zeros([100, 2]), 44100)).numpy().item()
    444
    """
    return ENCODE_WAV(audio, sample_rate, name=name)


__all__ = ["DecodeWav", "decode_wav", "encode_wav"]
ROOT: list[str] = []
