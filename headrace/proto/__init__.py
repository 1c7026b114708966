"""The messages of TensorFlow's file formats, as our own `.proto` files: same names, numbers and bytes, another package
(`headrace.`), so that TensorFlow's and TensorBoard's own can be registered in the same process.

The `_pb2` modules are written by `./dev protos`. Import them where they are used: `from headrace.proto import event_pb2`."""
