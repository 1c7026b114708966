"""`tf.compat.v1.saved_model`: saving and loading, signatures, wrong input."""

from __future__ import annotations

import pathlib
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import headrace as tf
from headrace.saved_model.structures import decode, encode

v1 = tf.compat.v1
saved_model = v1.saved_model


@pytest.fixture
def session() -> Iterator[Any]:
    with tf.Graph().as_default(), v1.Session() as sess:
        yield sess


def in_new_session(load: Callable[[Any], Any]) -> Any:
    with tf.Graph().as_default(), v1.Session() as sess:
        return load(sess)


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "line"
    words = folder.parent / "words.txt"
    words.write_text("a\nb\n")
    with tf.Graph().as_default(), v1.Session() as sess:
        x = v1.placeholder(tf.float32, [None], name="x")
        w = v1.get_variable("w", initializer=2.0)
        index = tf.lookup.TextFileIndex
        entries = tf.lookup.TextFileInitializer(
            str(words), tf.string, index.WHOLE_LINE, tf.int64, index.LINE_NUMBER
        )
        table = tf.lookup.StaticHashTable(entries, -1)
        place = table.lookup(tf.constant(["b"]))
        sess.run(w.initializer)
        saved_model.simple_save(sess, folder, {"x": x}, {"y": x * w, "place": place}, v1.tables_initializer())
    words.unlink()
    return folder


@pytest.fixture
def copy(line: Path, tmp_path: Path) -> Path:
    shutil.copytree(line, tmp_path / "line")
    return tmp_path / "line"


def load(folder: Any, tags: Any = ("serve",), **options: Any) -> Any:
    return in_new_session(lambda sess: saved_model.load(sess, tags, folder, **options))


# ----------------------------------------------------------------------------------------------------------- what there is
def test_every_name_is_there() -> None:
    spaces = {
        "builder": ["SavedModelBuilder"],
        "constants": ["ASSETS_KEY", "MAIN_OP_KEY", "SAVED_MODEL_SCHEMA_VERSION"],
        "loader": ["load", "maybe_saved_model_directory"],
        "main_op": ["main_op", "main_op_with_restore"],
        "signature_constants": ["PREDICT_METHOD_NAME", "CLASSIFY_OUTPUT_SCORES"],
        "signature_def_utils": ["MethodNameUpdater", "build_signature_def"],
        "tag_constants": ["SERVING", "TRAINING", "GPU", "TPU"],
        "utils": ["build_tensor_info", "get_tensor_from_tensor_info"],
    }
    for space, names in spaces.items():
        for name in names:
            assert hasattr(getattr(saved_model, space), name), f"{space}.{name}"
    assert saved_model.Builder is saved_model.builder.SavedModelBuilder
    assert saved_model.load is not tf.saved_model.load


def test_two_models_in_one_graph(line: Path) -> None:
    """The second one's scope gets a number: names, its assets and what runs first are found all the same."""

    def twice(sess: Any) -> None:
        for prefix in ("model", "model_1"):
            saved_model.load(sess, ["serve"], line, import_scope="model")
            assert sess.run(f"{prefix}/mul:0", {f"{prefix}/x:0": [3.0]}).tolist() == [6.0]
        assert len(v1.global_variables()) == 2

    in_new_session(twice)


def test_a_folder_of_any_kind_of_path(line: Path) -> None:
    assert saved_model.contains_saved_model(line) and saved_model.contains_saved_model(str(line))
    assert load(pathlib.PurePosixPath(line)).signature_def["serving_default"].inputs["x"].name == "x:0"
    assert not saved_model.contains_saved_model(line / "variables")


def test_saved_again(line: Path, tmp_path: Path) -> None:
    def again(sess: Any) -> None:
        model = saved_model.load(sess, ["serve"], line)
        v1.get_default_graph().clear_collection(saved_model.MAIN_OP_KEY)
        builder = saved_model.Builder(tmp_path / "again")
        builder.add_meta_graph_and_variables(
            sess, ["serve"], dict(model.signature_def), main_op=sess.graph.get_operation_by_name("init_all_tables")
        )  # fmt: skip
        shutil.copytree(line / "assets", tmp_path / "again" / "assets")
        assert builder.save().endswith(b"again/saved_model.pb")

    in_new_session(again)
    model = load(tmp_path / "again")
    assert set(model.signature_def["serving_default"].outputs) == {"y", "place"}


def test_a_saver_of_ones_own(session: Any, tmp_path: Path) -> None:
    """It decides what is saved; the rest is initialised on loading."""
    kept = v1.get_variable("kept", initializer=1.0)
    v1.get_variable("other", initializer=7.0)
    session.run(kept.assign(5.0))
    builder = saved_model.Builder(tmp_path / "model")
    with tf.control_dependencies([v1.variables_initializer([v1.global_variables()[1]])]):
        first = tf.no_op("first")
    builder.add_meta_graph_and_variables(session, ["serve"], saver=v1.train.Saver([kept]), main_op=first)
    builder.save()

    def check(sess: Any) -> None:
        saved_model.load(sess, ["serve"], tmp_path / "model")
        assert sess.run(v1.global_variables()) == [5.0, 7.0]

    in_new_session(check)


def test_main_op_with_restore(session: Any, tmp_path: Path) -> None:
    w = v1.get_variable("w", initializer=1.0)
    local = v1.get_local_variable("local", initializer=3.0)
    session.run([v1.global_variables_initializer(), v1.local_variables_initializer()])
    restored = w.assign(local * 2.0)
    main_op = saved_model.main_op_with_restore(restored.op)
    session.run(main_op)
    assert session.run(w) == 6.0
    assert isinstance(saved_model.main_op.main_op(), tf.Operation)


def test_method_names_change(copy: Path) -> None:
    updater = saved_model.signature_def_utils.MethodNameUpdater(copy)
    updater.replace_method_name("serving_default", "mine", tags="serve")
    updater.save()
    assert load(copy).signature_def["serving_default"].method_name == "mine"
    with pytest.raises(ValueError, match="serving_default"):
        updater.replace_method_name("absent", "mine")
    with pytest.raises(ValueError, match="could not be found"):
        updater.replace_method_name("serving_default", "mine", ["absent"])
    with pytest.raises(ValueError, match="signature_key"):
        updater.replace_method_name("", "mine")


def test_frozen(line: Path, tmp_path: Path) -> None:
    from headrace.internals.freeze_graph import freeze_graph

    frozen = freeze_graph(
        "",
        "",
        True,
        "",
        "mul",
        "",
        "",
        str(tmp_path / "frozen.pb"),
        True,
        "",
        input_saved_model_dir=str(line),
    )
    assert "Const" in {n.op for n in frozen.node} and (tmp_path / "frozen.pb").exists()

    def run(sess: Any) -> Any:
        tf.import_graph_def(frozen, name="")
        return sess.run("mul:0", {"x:0": [3.0]}).tolist()

    assert in_new_session(run) == [6.0]


def test_resources_are_made_when_they_are_asked_for() -> None:
    class Resource(tf.saved_model.experimental.TrackableResource):
        made = 0

        def _create_resource(self) -> Any:
            self.made += 1
            return tf.constant(5)

    resource = Resource(device="CPU")
    assert resource.made == 0
    assert resource.resource_handle is resource.resource_handle and resource.made == 1
    with pytest.raises(NotImplementedError, match="_create_resource"):
        _ = tf.saved_model.experimental.TrackableResource().resource_handle


# --------------------------------------------------------------------------------------------------------------- signatures
def test_tensors_and_their_messages(session: Any) -> None:
    dense = v1.placeholder(tf.int32, [None, 2], name="dense")
    sparse = v1.sparse_placeholder(tf.float32, [3, 4], name="sparse")
    ragged = tf.RaggedTensor.from_row_splits(dense, tf.constant([0, 1], tf.int64), validate=False)
    slices = tf.IndexedSlices(dense, tf.constant([1]), tf.constant([3, 2]))
    for value in (dense, sparse, ragged, slices):
        info = saved_model.build_tensor_info(value)
        back = saved_model.get_tensor_from_tensor_info(info)
        assert type(back) is type(value) and back.shape.rank == value.shape.rank
    assert saved_model.get_tensor_from_tensor_info(saved_model.build_tensor_info(dense)) is dense


def test_tensors_that_are_not_there(session: Any) -> None:
    with pytest.raises(KeyError, match="absent"):
        saved_model.get_tensor_from_tensor_info(v1.TensorInfo(name="absent:0"))
    with pytest.raises(ValueError, match="encoding"):
        saved_model.get_tensor_from_tensor_info(v1.TensorInfo())
    with pytest.raises(AttributeError):
        saved_model.build_tensor_info(3)


def test_defaults(session: Any) -> None:
    signature = saved_model.build_signature_def(defaults={"rate": tf.constant(0.5)})
    assert tf.make_ndarray(signature.defaults["rate"]) == 0.5
    with pytest.raises(ValueError, match="Unable to convert"):
        saved_model.build_signature_def(defaults={"rate": tf.constant(0.5) + v1.placeholder(tf.float32)})


def test_valid_signatures(session: Any) -> None:
    text, score = v1.placeholder(tf.string), v1.placeholder(tf.float32)
    valid = saved_model.is_valid_signature
    classify = saved_model.classification_signature_def(text, text, score)
    assert valid(classify) and valid(saved_model.regression_signature_def(text, score))
    classify.outputs["other"].CopyFrom(classify.outputs["scores"])
    assert not valid(classify) and not valid(None) and not valid(saved_model.build_signature_def())


@pytest.mark.parametrize(
    "make",
    [
        lambda text, score: saved_model.regression_signature_def(None, score),
        lambda text, score: saved_model.regression_signature_def(score, score),
        lambda text, score: saved_model.regression_signature_def(text, text),
        lambda text, score: saved_model.regression_signature_def("text", score),
        lambda text, score: saved_model.classification_signature_def(text, None, None),
        lambda text, score: saved_model.classification_signature_def(text, score, None),
        lambda text, score: saved_model.classification_signature_def(text, None, text),
        lambda text, score: saved_model.predict_signature_def({}, {"y": score}),
        lambda text, score: saved_model.predict_signature_def({"x": text}, None),
    ],
)
def test_wrong_signatures(session: Any, make: Callable[[Any, Any], Any]) -> None:
    with pytest.raises(ValueError):
        make(v1.placeholder(tf.string), v1.placeholder(tf.float32))


def test_structures() -> None:
    specs = [
        tf.TensorSpec([None, 2], tf.int32, "x"), tf.SparseTensorSpec([3, None]), tf.RaggedTensorSpec([None, None], tf.int64),
        tf.IndexedSlicesSpec([4]), tf.data.DatasetSpec(tf.TensorSpec([])), tf.OptionalSpec({"a": tf.TensorSpec(None)}),
        tf.TensorArraySpec([2], tf.float32),
    ]  # fmt: skip
    value = {"n": None, "list": [1, 2.5, "text", True], "specs": tuple(specs), "shape": tf.TensorShape(None)}
    back = decode(encode(value))
    assert back["specs"] == tuple(specs) and back["list"] == [1, 2.5, "text", True]
    assert back["list"][3] is True and back["shape"].rank is None and back["n"] is None
    with pytest.raises(NotImplementedError, match="No encoder"):
        encode(np.zeros(2))


# -------------------------------------------------------------------------------------------------------------- wrong input
def test_no_model(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="does not exist"):
        load(tmp_path)
    (tmp_path / "saved_model.cpb").write_bytes(b"")
    assert saved_model.contains_saved_model(tmp_path)
    with pytest.raises(OSError, match="in parts"):
        load(tmp_path)


@pytest.mark.parametrize("tags", [["train"], [], ["serve", "gpu"]])
def test_no_such_tags(line: Path, tags: list[str]) -> None:
    with pytest.raises(RuntimeError, match=r"available tags \[\['serve'\]\]"):
        load(line, tags)


def test_damaged_files(copy: Path) -> None:
    file = copy / "saved_model.pb"
    data = file.read_bytes()
    file.write_bytes(data[: len(data) // 2])
    with pytest.raises(OSError, match="Cannot parse"):
        load(copy)
    file.unlink()
    (copy / "saved_model.pbtxt").write_text("meta_graphs { unknown: 1 }")
    with pytest.raises(OSError, match="unknown"):
        load(copy)


def test_files_that_are_gone(copy: Path) -> None:
    shutil.rmtree(copy / "assets")
    with pytest.raises(tf.errors.NotFoundError, match=r"words\.txt"):
        load(copy)
    shutil.rmtree(copy / "variables")
    with pytest.raises(ValueError, match="not a valid checkpoint"):
        load(copy)


def test_an_asset_outside_of_the_folder(copy: Path) -> None:
    file = copy / "saved_model.pb"
    file.write_bytes(file.read_bytes().replace(b"\x12\x09words.txt", b"\x12\x09../../etc"))
    with pytest.raises(OSError, match="not inside"):
        load(copy)


def test_damaged_messages_raise_documented_errors(copy: Path) -> None:
    file, rng = copy / "saved_model.pb", random.Random(3)
    data = file.read_bytes()
    loaded = 0
    for _ in range(80):
        damaged = bytearray(data)
        for _ in range(rng.choice([1, 1, 4])):
            damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        file.write_bytes(damaged)
        try:
            load(copy)
            loaded += 1
        except (OSError, ValueError, RuntimeError, KeyError, tf.errors.OpError):
            pass
    assert loaded < 80


def test_folders_that_are_taken(line: Path, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="isn't empty"):
        saved_model.Builder(line)
    (tmp_path / "file").write_text("")
    with pytest.raises(tf.errors.NotFoundError):
        saved_model.Builder(tmp_path / "file")


def test_graphs_in_the_wrong_order(session: Any, tmp_path: Path) -> None:
    builder = saved_model.Builder(tmp_path / "model")
    with pytest.raises(AssertionError, match="has not been saved yet"):
        builder.add_meta_graph(["serve"])
    builder.add_meta_graph_and_variables(session, ["serve"])
    with pytest.raises(AssertionError, match="already been saved"):
        builder.add_meta_graph_and_variables(session, ["serve"])


def test_signatures_that_cannot_be_saved(session: Any, tmp_path: Path) -> None:
    builder = saved_model.Builder(tmp_path / "model")
    x = v1.placeholder(tf.float32)
    right = saved_model.predict_signature_def({"x": x}, {"y": x})
    for key in ("__saved_model_init_op", "__saved_model_train_op"):
        with pytest.raises(KeyError, match="reserved"):
            builder.add_meta_graph_and_variables(session, ["serve"], {key: right})
    for field in ("name", "dtype"):
        wrong = saved_model.predict_signature_def({"x": x}, {"y": x})
        wrong.inputs["x"].ClearField(field)
        with pytest.raises(AssertionError, match="tensor_info"):
            builder.add_meta_graph_and_variables(session, ["serve"], {"f": wrong})


def test_main_ops_that_are_none(session: Any, tmp_path: Path) -> None:
    builder = saved_model.Builder(tmp_path / "model")
    with pytest.raises(TypeError, match="Operation"):
        builder.add_meta_graph_and_variables(session, ["serve"], main_op=tf.constant(1))
    builder.add_meta_graph_and_variables(session, ["serve"], main_op=tf.no_op())
    with pytest.raises(ValueError, match="already contains"):
        builder.add_meta_graph(["train"], legacy_init_op=tf.no_op())


@pytest.mark.parametrize(
    ("asset", "error"),
    [
        (lambda: v1.placeholder(tf.string, []), TypeError),
        (lambda: tf.constant(1.0), TypeError),
        (lambda: tf.constant(["a", "b"]), TypeError),
        (lambda: "path", TypeError),
        (lambda: tf.constant(""), ValueError),
    ],
)
def test_assets_that_are_none(session: Any, tmp_path: Path, asset: Any, error: type[Exception]) -> None:
    builder = saved_model.Builder(tmp_path / "model")
    with pytest.raises(error, match="Asset"):
        builder.add_meta_graph_and_variables(session, ["serve"], assets_collection=[asset()])


def test_variables_without_values(session: Any, tmp_path: Path) -> None:
    v1.get_variable("w", initializer=1.0)
    with pytest.raises(tf.errors.FailedPreconditionError, match="w"):
        saved_model.Builder(tmp_path / "model").add_meta_graph_and_variables(session, ["serve"])


def test_eager_mode_has_no_names() -> None:
    with pytest.raises(RuntimeError, match="eager"):
        saved_model.build_tensor_info(tf.constant(1))


def test_options() -> None:
    policy = tf.saved_model.experimental.VariablePolicy
    options = tf.saved_model.SaveOptions(experimental_variable_policy="Save_Variable_Devices")
    assert options.experimental_variable_policy is policy.SAVE_VARIABLE_DEVICES
    assert tf.saved_model.LoadOptions().experimental_variable_policy is policy.NONE
    with pytest.raises(TypeError, match="list"):
        tf.saved_model.SaveOptions(namespace_whitelist="tf")
    for wrong in (
        {"namespace_whitelist": [1]}, {"experimental_variable_policy": "none"}, {"experimental_image_format": True},
        {"experimental_sharding_callback": print},
    ):  # fmt: skip
        with pytest.raises(ValueError):
            tf.saved_model.SaveOptions(**wrong)
