"""Names of the stages in the order of the graph, without loading them. A test compares."""

STAGE_NAMES = ("documents", "page_images", "ocr_text", "chunks", "embeddings", "vector_index")
