"""embeddings.parquet: one row a chunk, in the order of chunks.json."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from resources.storage import StorageAdapter
from sparknet_assets.artifacts import EMBEDDINGS, SCHEMA_VERSION, DocumentRef

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def write_embeddings(
    storage: StorageAdapter,
    ref: DocumentRef,
    chunk_ids: Sequence[str],
    text_hashes: Sequence[str],
    vectors: NDArray[np.float32],
    model: str,
) -> None:
    """Writes the vectors of a document, shape (len(chunk_ids), dimension).

    Equal arguments give equal bytes for one version of pyarrow.
    """
    import pyarrow as pa
    from pyarrow import parquet

    rows, dimension = vectors.shape
    if not len(chunk_ids) == len(text_hashes) == rows:
        raise ValueError(f"{len(chunk_ids)} chunks, {len(text_hashes)} hashes, {rows} vectors")
    columns = {
        "chunk_id": pa.array(chunk_ids, pa.string()),
        "text_sha256": pa.array(text_hashes, pa.string()),
        "model": pa.array([model] * rows, pa.string()),
        "vector": pa.FixedSizeListArray.from_arrays(
            pa.array(vectors.reshape(-1), pa.float32()), dimension
        ),
    }
    table = pa.table(columns).replace_schema_metadata({"schema_version": str(SCHEMA_VERSION)})
    with storage.writer(ref.key(EMBEDDINGS)) as file:
        # Hashes and floats don't compress; only the model's name repeats.
        parquet.write_table(table, file, compression="none", use_dictionary=["model"])


def read_embeddings(
    storage: StorageAdapter, ref: DocumentRef
) -> tuple[list[str], NDArray[np.float32]]:
    """Chunk ids and their vectors, shape (len(ids), dimension). Raises ObjectNotFoundError."""
    import numpy as np
    from pyarrow import parquet

    with storage.as_file(ref.key(EMBEDDINGS)) as path:
        table = parquet.read_table(path, columns=["chunk_id", "vector"], use_threads=False)
    column = table.column("vector").combine_chunks()
    vectors = column.flatten().to_numpy(zero_copy_only=False)
    shaped = vectors.reshape(table.num_rows, column.type.list_size)
    return table.column("chunk_id").to_pylist(), np.ascontiguousarray(shaped, np.float32)
