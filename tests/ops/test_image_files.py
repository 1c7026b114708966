"""Image and sound files."""

import importlib.util
import io
import struct
import sys
import wave

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import headrace as tf

RNG = np.random.default_rng(2)
needs_pillow = pytest.mark.skipif(importlib.util.find_spec("PIL") is None, reason="needs the extra `image`")
SMOOTH = (np.add.outer(np.arange(24) * 4, np.arange(32) * 3)[..., None] + [0, 20, 40]).astype(np.uint8)


# ------------------------------------------------------------------------------------------------------- without Pillow
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("compression", [-1, 0, 9])
def test_png_of_16_bits(channels, compression):
    x = RNG.integers(0, 1 << 16, (5, 7, channels)).astype(np.uint16)
    file = tf.image.encode_png(x, compression)
    np.testing.assert_array_equal(tf.image.decode_png(file, dtype=tf.uint16).numpy(), x)
    np.testing.assert_array_equal(tf.image.decode_image(file).numpy(), (x >> 8).astype(np.uint8))


def _png16(x, filters, interlaced=False):
    """A PNG file with chosen filters, written as plainly as possible."""
    import zlib

    from headrace.ops.image_files import COLOR_TYPE, PASSES, _paeth

    height, width, channels = x.shape
    step, raw = 2 * channels, b""
    for i, (r, c, dr, dc) in enumerate(PASSES if interlaced else [(0, 0, 1, 1)]):
        part = x[r::dr, c::dc]
        if not part.size:
            continue
        rows = part.astype(">u2").tobytes()
        length = len(rows) // part.shape[0]
        above = bytes(length)
        for k in range(part.shape[0]):
            line = rows[k * length : (k + 1) * length]
            left = bytes(step) + line[:-step]
            corner = bytes(step) + above[:-step]
            kind = filters[(i + k) % len(filters)]
            guess = {
                0: lambda *_: 0, 1: lambda a, b, c: a, 2: lambda a, b, c: b,
                3: lambda a, b, c: (a + b) // 2, 4: _paeth,
            }[kind]  # fmt: skip
            raw += bytes([kind]) + bytes(
                (v - guess(a, b, c)) % 256 for v, a, b, c in zip(line, left, above, corner)
            )
            above = line
    chunk = lambda name, body: (
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
    )
    header = struct.pack(">IIBBBBB", width, height, 16, COLOR_TYPE[channels], 0, 0, int(interlaced))
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(raw))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("filters", [[0], [1], [2], [3], [4], [0, 1, 2, 3, 4]])
@pytest.mark.parametrize("interlaced", [False, True])
def test_every_way_to_store_a_png(filters, interlaced):
    for shape in ((9, 10, 3), (1, 1, 1), (3, 2, 4)):
        x = RNG.integers(0, 1 << 16, shape).astype(np.uint16)
        file = _png16(x, filters, interlaced)
        np.testing.assert_array_equal(tf.image.decode_png(file, dtype=tf.uint16).numpy(), x)


def _bmp(x, down=False):
    height, width, channels = x.shape
    stride = (width * channels + 3) // 4 * 4
    rows = x[..., [2, 1, 0, 3][:channels]] if channels > 1 else x
    rows = rows if down else rows[::-1]
    body = b"".join(r.tobytes().ljust(stride, b"\0") for r in rows)
    header = struct.pack(
        "<IiiHHIIiiII", 40, width, -height if down else height, 1, 8 * channels, 0, len(body), 0, 0, 0, 0
    )
    return b"BM" + struct.pack("<IHHI", 54 + len(body), 0, 0, 54) + header + body


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("down", [False, True])
def test_bmp(channels, down):
    x = RNG.integers(0, 256, (5, 3, channels)).astype(np.uint8)
    np.testing.assert_array_equal(tf.image.decode_bmp(_bmp(x, down)).numpy(), x)
    assert tf.image.decode_image(_bmp(x, down), channels=3).shape == (5, 3, 3)


def test_jpeg_header():
    header = b"\xff\xd8\xff\xe0\x00\x04ab\xff\xff\xc2" + struct.pack(">HBHHB", 17, 8, 300, 200, 3) + bytes(9)
    assert tf.image.extract_jpeg_shape(header).numpy().tolist() == [300, 200, 3]
    assert tf.image.extract_jpeg_shape(header, tf.int64).dtype == tf.int64


def test_the_error_without_pillow_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(ImportError, match=r"pip install 'headrace\[image\]'"):
        tf.image.encode_jpeg(SMOOTH)


def test_in_a_function_and_a_batch():
    files = tf.image.encode_png(RNG.integers(0, 9, (3, 4, 5, 1)).astype(np.uint16))
    assert files.shape == (3,)

    @tf.function
    def read(file):
        image = tf.image.decode_image(file, channels=3, dtype=tf.float32, expand_animations=False)
        assert image.shape.as_list() == [None, None, 3]
        return tf.image.resize(image, [8, 8])

    assert read(files[0]).shape == (8, 8, 3)
    assert tf.map_fn(read, files, fn_output_signature=tf.float32).shape == (3, 8, 8, 3)


# ------------------------------------------------------------------------------------------------------------ with Pillow
@needs_pillow
@pytest.mark.parametrize("channels", [1, 3])
def test_jpeg(channels):
    x = SMOOTH[..., :channels]
    file = tf.image.encode_jpeg(x, quality=98, chroma_downsampling=False)
    assert bool(tf.image.is_jpeg(file))
    assert tf.image.extract_jpeg_shape(file).numpy().tolist() == list(x.shape)
    y = tf.image.decode_jpeg(file)
    assert np.abs(y.numpy().astype(int) - x).max() <= 6
    assert tf.image.decode_jpeg(file, channels=4 - channels).shape == (24, 32, 4 - channels)
    assert tf.image.decode_jpeg(file, ratio=2).shape == (12, 16, channels)
    np.testing.assert_array_equal(
        tf.image.decode_and_crop_jpeg(file, [3, 5, 10, 20]).numpy(), y.numpy()[3:13, 5:25]
    )
    assert tf.image.decode_gif(file).shape == (1, 24, 32, 3)  # every op reads what fits its output


@needs_pillow
def test_jpeg_options():
    from PIL import Image

    file = tf.image.encode_jpeg(
        SMOOTH, progressive=True, density_unit="cm", x_density=100, y_density=50, xmp_metadata="<x/>"
    )
    image = Image.open(io.BytesIO(file.numpy()))
    assert image.info["progressive"] and b"<x/>" in file.numpy()
    assert [round(d) for d in image.info["dpi"]] == [254, 127]
    plain = tf.image.decode_jpeg(file, fancy_upscaling=False).numpy()
    assert plain.shape == SMOOTH.shape and (plain != tf.image.decode_jpeg(file).numpy()).any()
    with pytest.raises(tf.errors.UnimplementedError, match="acceptable_fraction"):
        tf.image.decode_jpeg(file, acceptable_fraction=0.5)


@needs_pillow
def test_partial_jpeg():
    file = tf.image.encode_jpeg(RNG.integers(0, 256, (64, 64, 3)).astype(np.uint8)).numpy()
    half = file[: len(file) // 2]
    with pytest.raises(tf.errors.InvalidArgumentError, match="Invalid JPEG data"):
        tf.image.decode_jpeg(half)
    top = tf.image.decode_jpeg(half, try_recover_truncated=True).numpy()[:8]
    np.testing.assert_array_equal(top, tf.image.decode_jpeg(file).numpy()[:8])


@needs_pillow
def test_quality():
    low, high = (tf.image.adjust_jpeg_quality(SMOOTH, q).numpy().astype(int) for q in (5, 95))
    assert np.abs(high - SMOOTH).mean() < np.abs(low - SMOOTH).mean()
    single = tf.image.adjust_jpeg_quality(tf.image.convert_image_dtype(SMOOTH, tf.float32), 95)
    assert single.dtype == tf.float32 and float(tf.reduce_max(single)) <= 1
    run = lambda: tf.image.stateless_random_jpeg_quality(SMOOTH, 5, 95, [1, 2]).numpy()
    np.testing.assert_array_equal(run(), run())
    assert tf.image.random_jpeg_quality(SMOOTH, 5, 95).shape == SMOOTH.shape
    with pytest.raises(ValueError, match="less than"):
        tf.image.random_jpeg_quality(SMOOTH, 50, 50)


@needs_pillow
def test_pillow_reads_what_we_write_and_the_other_way_round():
    from PIL import Image

    for channels, mode in ((1, "L"), (2, "LA"), (3, "RGB"), (4, "RGBA")):
        x = RNG.integers(0, 256, (6, 5, channels)).astype(np.uint8)
        theirs = Image.open(io.BytesIO(tf.image.encode_png(x).numpy()))
        assert theirs.mode == mode
        np.testing.assert_array_equal(np.asarray(theirs).reshape(x.shape), x)
        np.testing.assert_array_equal(tf.image.decode_png(tf.image.encode_png(x)).numpy(), x)
        wide = tf.image.decode_png(tf.image.encode_png(x), dtype=tf.uint16)
        np.testing.assert_array_equal(wide.numpy(), x.astype(np.uint16) * 257)


@needs_pillow
def test_frames():
    from PIL import Image

    pictures = [Image.fromarray(np.full((4, 6, 3), v, np.uint8)) for v in (10, 100, 200)]
    for kind, shape in (("GIF", (3, 4, 6, 3)), ("WEBP", (3, 4, 6, 3))):
        file = io.BytesIO()
        pictures[0].save(file, kind, save_all=True, append_images=pictures[1:], lossless=True)
        frames = tf.image.decode_image(file.getvalue())
        assert frames.shape == shape
        assert frames.numpy()[:, 0, 0, 0].tolist() == [10, 100, 200]
        assert tf.image.decode_image(file.getvalue(), expand_animations=False).shape == (4, 6, 3)
    with pytest.raises(tf.errors.InvalidArgumentError, match="animated"):
        gif = io.BytesIO()
        pictures[0].save(gif, "GIF", save_all=True, append_images=pictures[1:])
        tf.image.decode_png(gif.getvalue())


@needs_pillow
@pytest.mark.parametrize("op", ["decode_image", "decode_bmp", "decode_png", "extract_jpeg_shape"])
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_damaged_files_raise_one_error(op, data):
    """Whatever is changed in a file: an image, or InvalidArgumentError."""
    file = bytearray(data.draw(st.sampled_from(_samples())))
    for _ in range(data.draw(st.integers(0, 3))):
        file[data.draw(st.integers(0, len(file) - 1))] = data.draw(st.integers(0, 255))
    file = bytes(file[: data.draw(st.integers(0, len(file)))])
    try:
        getattr(tf.image, op)(file)
    except tf.errors.InvalidArgumentError:
        pass


def _samples():
    x = np.arange(5 * 4 * 3, dtype=np.uint8).reshape(5, 4, 3)
    wide = _png16(x.astype(np.uint16) * 257, [0, 1, 2, 3, 4], True)
    return [_bmp(x), wide, tf.image.encode_png(x).numpy(), tf.image.encode_jpeg(x).numpy()]


# ----------------------------------------------------------------------------------------------------------------- sound
def test_wave_reads_what_we_write_and_the_other_way_round():
    audio = RNG.uniform(-1, 1, (50, 2)).astype(np.float32)
    file = tf.audio.encode_wav(audio, 22050).numpy()
    with wave.open(io.BytesIO(file)) as theirs:
        assert theirs.getparams()[:4] == (2, 2, 22050, 50)
        samples = np.frombuffer(theirs.readframes(50), "<i2").reshape(50, 2)
    back, rate = tf.audio.decode_wav(file)
    assert int(rate) == 22050
    np.testing.assert_array_equal(back.numpy() * 32768, samples)
    np.testing.assert_allclose(back.numpy(), audio, atol=1 / 32768)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_damaged_sound_raises_one_error(data):
    file = bytearray(tf.audio.encode_wav([[0.0], [0.5]], 8000).numpy())
    for _ in range(data.draw(st.integers(0, 3))):
        file[data.draw(st.integers(0, len(file) - 1))] = data.draw(st.integers(0, 255))
    try:
        tf.audio.decode_wav(bytes(file[: data.draw(st.integers(0, len(file)))]))
    except tf.errors.InvalidArgumentError:
        pass
