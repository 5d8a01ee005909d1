"""Writes all-MiniLM-L6-v2 as an ONNX graph from its published weights, in fp32 or dynamic int8."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Weights = Mapping[str, NDArray[np.float32]]

# Raise it when the same weights would give another graph: it names the cached file, and vectors of
# the one graph never pass for those of the other.
EXPORTER_VERSION = 2

_LAYERS = 6
_HEADS = 12
_HIDDEN = 384
_EPSILON = 1e-12
_FUSED = "com.microsoft"  # ONNX Runtime's own operators: one pass where ONNX needs several
# Seven bits: on CPUs without VNNI the products of two full 8-bit pairs overflow 16 bits and are
# clipped. With seven they can't, so every CPU computes the same sums.
_WEIGHT_RANGE = 63


def export(weights: Weights, precision: Literal["int8", "fp32"]) -> bytes:
    """Builds the model: token ids of one text to its unit vector.

    The graph takes `input_ids` of shape (batch, tokens) without padding or mask and returns
    `embedding` of shape (batch, 384): mean of the last layer, L2-normalised. In int8 the matrices
    of the layers are quantised per output channel, activations per call while it runs.

    Args:
        weights: Tensors of the published checkpoint by name.
        precision: Of the matrix products; everything else is fp32.

    Raises:
        KeyError: A tensor is missing.
        ValueError: A tensor has another shape than this model's.
    """
    return _Exporter(weights, precision).model()


class _Exporter:
    def __init__(self, weights: Weights, precision: Literal["int8", "fp32"]) -> None:
        self._weights = weights
        self._precision = precision
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def model(self) -> bytes:
        from onnx import TensorProto, helper

        hidden = self._embeddings()
        for layer in range(_LAYERS):
            hidden = self._layer(hidden, f"encoder.layer.{layer}.")
        axis = self._constant("pool.axis", _int64(1))
        pooled = self._node("ReduceMean", [hidden, axis], "pooled", keepdims=0)
        self._node("LpNormalization", [pooled], "embedding", axis=-1, p=2)
        tokens = helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["batch", "tokens"])
        vectors = helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["batch", _HIDDEN])
        graph = helper.make_graph(
            self._nodes, "all-MiniLM-L6-v2", [tokens], [vectors], self._constants
        )
        opsets = [helper.make_opsetid("", 20), helper.make_opsetid(_FUSED, 1)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=10)
        data: bytes = model.SerializeToString()
        return data

    def _embeddings(self) -> str:
        """Word, position and type embeddings, summed and normalised."""
        words = self._constant(
            "words", self._tensor("embeddings.word_embeddings.weight", (30522, _HIDDEN))
        )
        # Texts are never pairs, so the type is always the first one.
        places = self._tensor("embeddings.position_embeddings.weight", (512, _HIDDEN))
        types = self._tensor("embeddings.token_type_embeddings.weight", (2, _HIDDEN))
        table = self._constant("places", places + types[0])
        self._node("Gather", [words, "input_ids"], "word")
        self._node("Shape", ["input_ids"], "length", start=1, end=2)
        zero = self._constant("zero", _int64(0))
        self._node("Slice", [table, zero, "length"], "place")
        self._node("Add", ["word", "place"], "summed")
        norm = self._norm("embeddings.LayerNorm")
        return self._node("LayerNormalization", ["summed", *norm], "embedded", epsilon=_EPSILON)

    def _layer(self, hidden: str, name: str) -> str:
        """Self-attention and feed-forward network, each added to its input and normalised."""
        import numpy as np

        parts = [f"{name}attention.self.{part}" for part in ("query", "key", "value")]
        # One wide product instead of three narrow ones.
        matrix = np.concatenate([self._matrix(part, _HIDDEN, _HIDDEN) for part in parts], axis=1)
        bias = np.concatenate([self._tensor(f"{part}.bias", (_HIDDEN,)) for part in parts])
        joint = self._product(hidden, matrix, f"{name}qkv")
        heads = [f"{name}q", f"{name}k", f"{name}v"]
        self._node("Split", [joint], heads, axis=2, num_outputs=3)
        context = self._node(
            "MultiHeadAttention",
            [*heads, self._constant(f"{name}qkv.bias", bias)],
            f"{name}context",
            domain=_FUSED,
            num_heads=_HEADS,
        )
        hidden = self._residual(context, hidden, f"{name}attention.output", _HIDDEN)
        inner = 4 * _HIDDEN
        wide = self._product(
            hidden, self._matrix(f"{name}intermediate.dense", _HIDDEN, inner), f"{name}wide"
        )
        wide_bias = self._tensor(f"{name}intermediate.dense.bias", (inner,))
        active = self._node(
            "BiasGelu",
            [wide, self._constant(f"{name}wide.bias", wide_bias)],
            f"{name}active",
            domain=_FUSED,
        )
        return self._residual(active, hidden, f"{name}output", inner)

    def _residual(self, inputs: str, skip: str, name: str, width: int) -> str:
        """Projects to the hidden size, adds bias and `skip`, normalises.

        Not SkipLayerNormalization, which does the last two in one: on CPUs it is the slower one.
        """
        matrix = self._matrix(f"{name}.dense", width, _HIDDEN)
        bias = self._constant(f"{name}.bias", self._tensor(f"{name}.dense.bias", (_HIDDEN,)))
        projected = self._product(inputs, matrix, f"{name}.projected", bias)
        summed = self._node("Add", [projected, skip], f"{name}.summed")
        norm = self._norm(f"{name}.LayerNorm")
        return self._node("LayerNormalization", [summed, *norm], f"{name}.normed", epsilon=_EPSILON)

    def _product(
        self, inputs: str, matrix: NDArray[np.float32], name: str, bias: str | None = None
    ) -> str:
        import numpy as np

        if self._precision == "fp32":
            product = self._node("MatMul", [inputs, self._constant(f"{name}.weight", matrix)], name)
            return self._node("Add", [product, bias], f"{name}.biased") if bias else product
        scale = np.abs(matrix).max(axis=0) / _WEIGHT_RANGE
        scale[scale == 0] = 1
        quantised = np.rint(matrix / scale).astype(np.int8)
        tensors = {"weight": quantised, "scale": scale, "zero": np.zeros(scale.shape, np.int8)}
        operands = [self._constant(f"{name}.{part}", array) for part, array in tensors.items()]
        operands += [bias] if bias else []
        return self._node("DynamicQuantizeMatMul", [inputs, *operands], name, domain=_FUSED)

    def _matrix(self, name: str, inputs: int, outputs: int) -> NDArray[np.float32]:
        return self._tensor(f"{name}.weight", (outputs, inputs)).T

    def _norm(self, name: str) -> list[str]:
        return [
            self._constant(f"{name}.{part}", self._tensor(f"{name}.{part}", (_HIDDEN,)))
            for part in ("weight", "bias")
        ]

    def _tensor(self, name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
        tensor = self._weights[name]
        if tensor.shape != shape:
            raise ValueError(f"{name} has shape {tensor.shape}, not {shape}")
        return tensor

    def _constant(self, name: str, array: NDArray[Any]) -> str:
        import numpy as np
        from onnx import numpy_helper

        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def _node(
        self,
        operator: str,
        inputs: list[str],
        output: str | list[str],
        domain: str = "",
        **attributes: Any,
    ) -> str:
        from onnx import helper

        outputs = [output] if isinstance(output, str) else output
        self._nodes.append(helper.make_node(operator, inputs, outputs, domain=domain, **attributes))
        return outputs[0]


def _int64(value: int) -> NDArray[np.int64]:
    import numpy as np

    return np.array([value], np.int64)
