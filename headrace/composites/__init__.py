"""Values made of several tensors behind one face: ragged tensors and sparse tensors."""
