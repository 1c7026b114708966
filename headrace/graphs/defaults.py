"""Types that TensorFlow takes when a node leaves out the attribute that says them: graphs are saved without the attributes that
have their defaults. (Rows of the op table need no such defaults, since the inputs say the same.)"""

from __future__ import annotations

from headrace.core.dtypes import DType, as_dtype

_BY_ATTRIBUTE = {
    "Index": "int32", "R": "float64", "TI": "int64", "TInput": "float32", "T_threshold": "float32", "Taxis": "int64",
    "Tblock_shape": "int32", "Tcomplex": "complex64", "Tcrops": "int32", "Tdim": "int32", "Tidx": "int32", "Tindex": "int64",
    "Tk": "int32", "Tlabels": "int64", "Tlen": "int64", "Tmultiples": "int32", "Tnumsegments": "int32", "Tpaddings": "int32",
    "Tperm": "int32", "Treal": "float32", "Tseed": "int64", "Tsegmentids": "int32", "Tserialized": "string",
    "Tshape": "int32", "Tsplits": "int64", "index_type": "int32", "shape_dtype": "int64",
}  # fmt: skip
# Attributes that have a default for some ops only, or not the same for all.
_BY_OP = {
    "T float32": "AdjustContrastv2 AdjustHue AdjustSaturation CTCBeamSearchDecoder CTCGreedyDecoder CTCLoss Complex "
    "DrawBoundingBoxes DrawBoundingBoxesV2 HSVToRGB HistogramSummary ImageSummary LRN LRNGrad LeakyRelu LeakyReluGrad MaxPool "
    "MaxPool3DGrad MaxPoolGrad MaxPoolGradV2 MaxPoolV2 NextAfter NonMaxSuppressionV2 NonMaxSuppressionV3 NonMaxSuppressionV4 "
    "NonMaxSuppressionV5 RGBToHSV",
    "T complex64": "Angle ComplexAbs Conj Imag Real",
    "T int32": "BroadcastArgs BroadcastGradientArgs InTopK InTopKV2 InvertPermutation RaggedRange StatelessRandomNormal "
    "StatelessRandomUniform StatelessRandomUniformFullInt StatelessTruncatedNormal",
    "T bool": "Where",
    "T float64": "StatefulRandomBinomial StatelessRandomBinomial",
    "T uint8": "EncodePng",
    "Ta float32": "SparseMatMul",
    "Tb float32": "SparseMatMul",
    "Tindices int64": "SparseTensorDenseMatMul",
    "dtype int64": "StatefulUniformInt",
    "shape_dtype int32": "StatelessRandomGammaV3",
    "shape_type int32": "ConcatOffset",
}
_OF_OP = {(op, row.split()[0]): row.split()[1] for row, ops in _BY_OP.items() for op in ops.split()}


def default_type(op: str, attribute: str) -> DType | None:
    """The type that an attribute of an op says when it is left out; None if it may not be."""
    name = _OF_OP.get((op, attribute)) or _BY_ATTRIBUTE.get(attribute)
    return None if name is None else as_dtype(name)


__all__ = ["default_type"]
