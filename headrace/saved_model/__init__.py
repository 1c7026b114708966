"""SavedModels: a folder with a model's graphs (`saved_model.pb`), the values of its variables, and the files it needs (assets).

`files` reads and writes the message, `signatures` says what a model takes and gives, `assets` keeps the files together,
`structures` writes types of values as messages. `builder` and `loader` are how graphs and sessions save and load:
`tf.compat.v1.saved_model`."""
