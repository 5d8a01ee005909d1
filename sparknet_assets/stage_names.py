"""Names of the stages in the order of the graph, without loading them. A test compares."""

STAGE_NAMES = (
    "documents",
    "page_images",
    "ocr_text",
    "chunks",
    "embeddings",
    "vector_index",
    "extracted_fields",
)
ASIDE_NAMES = ("extracted_fields",)
"""Those that nothing which answers is made from, see `Stage.aside`."""
