"""The stages from document to index, in the order of the graph."""

from sparknet_assets.stages import (
    chunks,
    documents,
    embeddings,
    ocr_text,
    page_images,
    vector_index,
)
from sparknet_assets.stages.contract import AnyStage

STAGES: tuple[AnyStage, ...] = (
    documents.STAGE,
    page_images.STAGE,
    ocr_text.STAGE,
    chunks.STAGE,
    embeddings.STAGE,
    vector_index.STAGE,
)

__all__ = [
    "STAGES",
    "chunks",
    "documents",
    "embeddings",
    "ocr_text",
    "page_images",
    "vector_index",
]
