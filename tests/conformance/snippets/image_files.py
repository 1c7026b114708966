"""Image files that need no library but our own code (16-bit PNG, BMP), and sound files."""

from conformance.harness import raises, snippet


def _image(channels, dtype="uint16"):
    import numpy as np

    x = np.add.outer(np.arange(20) * 701, np.arange(30) * 301)[..., None] + np.arange(channels) * 4000
    return (x % 65536).astype("uint16") if dtype == "uint16" else (x % 256).astype("uint8")


@snippet(own=[1, 2, 3, 4], channels=[0, 1, 3, 4], dtype=["uint8", "uint16"])
def png(tf, own, channels, dtype):
    file = tf.image.encode_png(_image(own))
    return tf.image.decode_png(file, channels, dtype), tf.image.decode_image(file, channels, tf.float32)


@snippet
def png_batch(tf):
    files = tf.image.encode_png(
        tf.stack([tf.constant(_image(3)), tf.constant(_image(3) // 2)]), compression=9
    )
    return files.shape, [tf.image.decode_png(f, dtype=tf.uint16) for f in files]


def _bmp(channels, rows=5, columns=3, down=False):
    import struct

    bits, stride = 8 * channels, (columns * channels + 3) // 4 * 4
    body = bytes((7 * i) % 256 for i in range(stride * rows))
    header = struct.pack(
        "<IiiHHIIiiII", 40, columns, -rows if down else rows, 1, bits, 0, len(body), 0, 0, 0, 0
    )
    return b"BM" + struct.pack("<IHHI", 54 + len(body), 0, 0, 54) + header + body


@snippet(own=[1, 3, 4], channels=[0, 3, 4], down=[False, True])
def bmp(tf, own, channels, down):
    return tf.image.decode_bmp(_bmp(own, down=down), channels), tf.image.decode_image(
        _bmp(own, down=down), channels
    )


@snippet
def is_jpeg(tf):
    return tf.image.is_jpeg(b"\xff\xd8\xff\xe0"), tf.image.is_jpeg([b"", b"GIF8", b"\xff\xd8\xff"])


@snippet(channels=[-1, 1, 2, 3], samples=[-1, 3, 8, 12])
def wav(tf, channels, samples):
    audio = [
        [-1.5, 0.3],
        [-1, 1],
        [0.5, -0.5],
        [0.99999, 1.5],
        [1 / 65536, 3 / 65536],
        [5 / 65536, -1 / 65536],
    ]
    file = tf.audio.encode_wav(audio, 16000)
    return file, tf.audio.decode_wav(file, channels, samples)


def _wav(bits=16, coding=1, channels=1, extra=b""):
    import struct

    data = bytes(range(48))
    form = struct.pack("<HHIIHH", coding, channels, 8000, 16000, 2, bits)
    body = b"WAVEfmt " + struct.pack("<I", 16) + form + extra + b"data" + struct.pack("<I", 48) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


@snippet
def wav_with_other_chunks(tf):
    return tf.audio.decode_wav(_wav(extra=b"LIST\x04\0\0\0abcd"))


@snippet
def wav_shapes(tf):
    run = tf.function(lambda f: tf.audio.decode_wav(f, desired_channels=1, desired_samples=7))
    return run.get_concrete_function(tf.TensorSpec([], tf.string)).structured_outputs[0].shape, run(_wav())


@raises(what=["bits", "coding", "channels", "short", "empty", "nothing"])
def bad_wav(tf, what):
    files = {
        "bits": _wav(8), "coding": _wav(coding=3), "channels": _wav(channels=0), "short": _wav()[:50],
        "empty": b"", "nothing": _wav()[:36],
    }  # fmt: skip
    tf.audio.decode_wav(files[what])


@raises(
    op=["decode_png", "decode_bmp", "decode_gif", "decode_jpeg", "decode_image", "extract_jpeg_shape"],
    data=[b"", b"abc"],
)
def not_an_image(tf, op, data):
    getattr(tf.image, op)(data)


@raises
def bmp_one_channel(tf):
    tf.image.decode_bmp(_bmp(3), 1)


@raises
def bmp_too_short(tf):
    tf.image.decode_bmp(_bmp(3)[:60])


@raises
def png_for_bmp(tf):
    tf.image.decode_bmp(tf.image.encode_png(_image(3)))


@raises
def png_five_channels(tf):
    tf.image.encode_png(tf.zeros([2, 2, 5], tf.uint8))


@raises
def wav_rank_1(tf):
    tf.audio.encode_wav(tf.zeros([3]), 8000)
