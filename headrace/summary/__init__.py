"""Event files for TensorBoard: writing them (`event_file`), the public writer and its state (`writer`), what TensorBoard's
plugins expect (`plugins`), traces of graphs (`trace`), and reading them (`reader`)."""
