"""Files and formats: file systems (`files`), records (`tfrecord`), tensors and examples as messages (`tensor_proto`,
`examples`). The ops over them are in `ops/files.py`, `ops/parsing.py` and `ops/formats.py`, the public names in `api/io.py`."""
