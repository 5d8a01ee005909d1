"""The stages from document to index, in the order of the graph."""

from sparknet_assets.stages.chunks import STAGE as CHUNKS
from sparknet_assets.stages.contract import AnyStage
from sparknet_assets.stages.documents import STAGE as DOCUMENTS
from sparknet_assets.stages.embeddings import STAGE as EMBEDDINGS
from sparknet_assets.stages.extracted_fields import STAGE as EXTRACTED_FIELDS
from sparknet_assets.stages.ocr_text import STAGE as OCR_TEXT
from sparknet_assets.stages.page_images import STAGE as PAGE_IMAGES
from sparknet_assets.stages.vector_index import STAGE as VECTOR_INDEX

STAGES: tuple[AnyStage, ...] = (
    DOCUMENTS,
    PAGE_IMAGES,
    OCR_TEXT,
    CHUNKS,
    EMBEDDINGS,
    VECTOR_INDEX,
    EXTRACTED_FIELDS,
)

__all__ = [
    "STAGES",
    "chunks",
    "documents",
    "embeddings",
    "extracted_fields",
    "ocr_text",
    "page_images",
    "vector_index",
]
