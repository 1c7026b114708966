"""Files: `tf.io.gfile`, reading and writing ops, TFRecord writers."""

from conformance.harness import raises, snippet


def folder(tf):
    """A new directory with a few files."""
    import os
    import tempfile

    root = tempfile.mkdtemp()
    for name, text in (("a.txt", "hé\nb\n"), ("b.txt", ""), (".hidden", "x")):
        with tf.io.gfile.GFile(os.path.join(root, name), "w") as f:
            f.write(text)
    tf.io.gfile.makedirs(root + "/d/e")
    with tf.io.gfile.GFile(root + "/d/e/f.txt", "wb") as f:
        f.write(b"\xff\x00")
    return root


@snippet
def reading(tf):
    path = folder(tf) + "/a.txt"
    GFile = tf.io.gfile.GFile
    f = GFile(path)
    return (
        GFile(path).read(),
        GFile(path, "rb").read(),
        GFile(path, "r").read(3),
        GFile(path, "rb").readline(),
        GFile(path).readlines(),
        list(GFile(path)),
        GFile(path).size(),
        (f.mode, f.seekable(), f.tell(), f.readline(), f.tell(), f.read(), f.read()),
    )


@snippet
def seeking(tf):
    f = tf.io.gfile.GFile(folder(tf) + "/a.txt", "rb")
    out = []
    for offset, whence in ((2, 0), (1, 1), (-1, 2)):
        f.seek(offset, whence)
        out.append((f.tell(), f.read(1)))
    return out


@snippet
def appending(tf):
    path = folder(tf) + "/b.txt"
    for text in ("one", b"two"):
        with tf.io.gfile.GFile(path, "a") as f:
            f.write(text)
    return tf.io.gfile.GFile(path).read()


@raises(mode=["", "x", "rt", "rw", "U", "+r", "b"])
def bad_modes(tf, mode):
    tf.io.gfile.GFile("a", mode)


@raises(what=["write on r", "read on w", "missing", "missing folder", "folder", "number"])
def bad_use(tf, what):
    root = folder(tf)
    GFile = tf.io.gfile.GFile
    {
        "write on r": lambda: GFile(root + "/a.txt").write("x"),
        "read on w": lambda: GFile(root + "/new", "w").read(),
        "missing": lambda: GFile(root + "/none").read(),
        "missing folder": lambda: GFile(root + "/none/a", "w").write("x"),
        "folder": lambda: GFile(root).read(),
        "number": lambda: GFile(root + "/new", "wb").write(3),
    }[what]()


@snippet
def questions(tf):
    root = folder(tf)
    gfile = tf.io.gfile
    stat = gfile.stat(root + "/a.txt")
    return (
        [gfile.exists(root + p) for p in ("", "/a.txt", "/none")],
        [gfile.isdir(root + p) for p in ("", "/a.txt", "/none")],
        sorted(gfile.listdir(root)),
        (stat.length, stat.is_directory, gfile.stat(root).is_directory),
        sorted((d[len(root) :], sorted(n), sorted(f)) for d, n, f in gfile.walk(root)),
        [len(list(gfile.walk(root + "/none")))],
        gfile.join("a", "b", "/c", "d"),
        gfile.join("s3://a/", "b"),
    )


@snippet(
    pattern=[
        "*.txt",
        "*",
        "[ab].txt",
        "[^a].txt",
        "?.txt",
        "*/?/*.txt",
        "**/f.txt",
        "\\a.txt",
        "[a",
        "none",
        "d",
    ]
)
def glob(tf, pattern):
    root = folder(tf)
    return (
        sorted(p[len(root) :] for p in tf.io.gfile.glob(root + "/" + pattern)),
        sorted(p[len(root) :] for p in tf.io.gfile.glob([root + "/" + pattern, root + "/a*"])),
    )


@snippet
def changes(tf):
    root = folder(tf)
    gfile = tf.io.gfile
    gfile.mkdir(root + "/d")
    gfile.makedirs(root + "/d/x/y")
    gfile.copy(root + "/a.txt", root + "/c")
    gfile.copy(root + "/b.txt", root + "/c", overwrite=True)
    gfile.rename(root + "/a.txt", root + "/g")
    gfile.rename(root + "/d/e", root + "/e")
    gfile.remove(root + "/b.txt")
    gfile.rmtree(root + "/d")
    return sorted(gfile.listdir(root)), gfile.GFile(root + "/c").read(), gfile.listdir(root + "/e")


@raises(
    what=[
        "copy exists", "copy missing", "copy folder", "copy into none", "rename exists", "rename missing", "mkdir deep",
        "makedirs on file", "makedirs below file", "listdir file", "listdir missing", "remove folder", "remove missing",
        "rmtree missing", "stat missing", "exists none", "unknown scheme",
    ]
)  # fmt: skip
def refused(tf, what):
    root = folder(tf)
    gfile = tf.io.gfile
    a, b, none = root + "/a.txt", root + "/b.txt", root + "/none"
    {
        "copy exists": lambda: gfile.copy(a, b),
        "copy missing": lambda: gfile.copy(none, b + "2"),
        "copy folder": lambda: gfile.copy(root, b + "2"),
        "copy into none": lambda: gfile.copy(a, none + "/a"),
        "rename exists": lambda: gfile.rename(a, b),
        "rename missing": lambda: gfile.rename(none, b + "2"),
        "mkdir deep": lambda: gfile.mkdir(none + "/a"),
        "makedirs on file": lambda: gfile.makedirs(a),
        "makedirs below file": lambda: gfile.makedirs(a + "/b"),
        "listdir file": lambda: gfile.listdir(a),
        "listdir missing": lambda: gfile.listdir(none),
        "remove folder": lambda: gfile.remove(root + "/d"),
        "remove missing": lambda: gfile.remove(none),
        "rmtree missing": lambda: gfile.rmtree(none),
        "stat missing": lambda: gfile.stat(none),
        "exists none": lambda: gfile.exists(None),
        "unknown scheme": lambda: gfile.GFile("nosuch://a").read(),
    }[what]()


@snippet
def ops(tf):
    root = folder(tf)

    @tf.function
    def copy(source, target):
        # TensorFlow's ReadFile is stateless: nothing but an explicit dependency orders it after the write.
        with tf.control_dependencies([tf.io.write_file(target, tf.io.read_file(source))]):
            return tf.strings.length(tf.io.read_file(target))

    length = copy(root + "/d/e/f.txt", root + "/new/g.txt")
    found = tf.io.matching_files([root + "/*.txt", root + "/a*"])
    return (
        tf.io.read_file(root + "/a.txt"),
        length,
        tf.strings.substr(found, len(root), 9),
        tf.io.matching_files("none"),
    )


@raises(what=["missing", "vector"])
def bad_reads(tf, what):
    return tf.io.read_file("/none/a" if what == "missing" else ["/none/a", "/none/b"])


@snippet(compression=["", "ZLIB", "GZIP"])
def records(tf, compression):
    path = folder(tf) + "/r"
    with tf.io.TFRecordWriter(path, compression) as writer:
        for record in (b"", b"one", b"\x00" * 300):
            writer.write(record)
    data = tf.io.read_file(path)
    return tf.io.decode_compressed(data, compression)  # the very bytes


@raises(what=["closed", "flush closed", "missing folder", "type", "number"])
def bad_writers(tf, what):
    path = folder(tf) + "/r"
    writer = tf.io.TFRecordWriter(path)
    if what == "number":
        writer.write(3)
    writer.close()
    {
        "closed": lambda: writer.write(b"a"),
        "flush closed": writer.flush,
        "missing folder": lambda: tf.io.TFRecordWriter(path + "/none/a"),
        "type": lambda: tf.io.TFRecordWriter(path, "BZ2"),
    }[what]()


@snippet
def options(tf):
    Options = tf.io.TFRecordOptions
    return (
        [Options.get_compression_type_string(o) for o in (None, "", "GZIP", "ZLIB", Options("GZIP"))],
        vars(Options("ZLIB", compression_level=3)),
    )
