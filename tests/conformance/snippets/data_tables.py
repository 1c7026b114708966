"""tf.data: rows of CSV files, examples, SQL."""

from conformance.harness import raises, snippet


def table(folder=None):
    import os
    import tempfile

    folder = tempfile.mkdtemp()
    path = os.path.join(folder, "a.csv")
    with open(path, "w") as file:
        file.write('a,b,c,d\n1,2.5,x,7000000000\n2,,y,1\n3,4.5,"q,r",2\n')
    return path


@snippet
def csv_rows(tf):
    E = tf.data.experimental
    path = table()
    ds = E.CsvDataset(path, [tf.int32, tf.constant([0.5]), tf.string, tf.int64], header=True)
    return (
        list(ds), ds.element_spec, list(E.CsvDataset([path, path], [tf.string, tf.string], header=True, select_cols=[0, 2])),
        list(E.CsvDataset(path, [tf.int32, tf.string], header=True, exclude_cols=[1, 3])),
    )  # fmt: skip


@raises
def csv_field_missing(tf):
    return list(
        tf.data.experimental.CsvDataset(table(), [tf.int32, tf.float32, tf.string, tf.int64], header=True)
    )


@snippet
def csv_batches(tf):
    make = tf.data.experimental.make_csv_dataset
    path = table()
    ds = make(path, 2, label_name="c", num_epochs=1, shuffle=False)
    flat = lambda d: [
        [list(x.items()) if hasattr(x, "items") else x for x in (e if isinstance(e, tuple) else (e,))]
        for e in d
    ]
    some = make(path, 2, select_columns=["d", "a"], num_epochs=2, shuffle=False)
    typed = make(
        path,
        3,
        column_defaults=[tf.float32, tf.constant([9.0]), tf.string, tf.int64],
        num_epochs=1,
        shuffle=False,
    )
    named = make(path, 2, column_names=["w", "x", "y", "z"], num_epochs=1, shuffle=False)
    endless = make(path, 2, shuffle=True).take(3)
    return flat(ds), flat(some), flat(typed), flat(named), [len(e["a"]) for e in endless], ds.element_spec[1]


@raises
def csv_unknown_label(tf):
    return tf.data.experimental.make_csv_dataset(table(), 2, label_name="nope")


@snippet
def sql(tf):
    import os
    import sqlite3
    import tempfile

    path = os.path.join(tempfile.mkdtemp(), "x.db")
    with sqlite3.connect(path) as database:
        database.execute("create table t (name text, n integer, v real)")
        database.executemany("insert into t values (?, ?, ?)", [("a", 1, 0.5), ("b", 2, 1.5)])
    ds = tf.data.experimental.SqlDataset(
        "sqlite", path, "select name, n, v from t order by n", (tf.string, tf.int32, tf.float64)
    )
    return list(ds), ds.element_spec
