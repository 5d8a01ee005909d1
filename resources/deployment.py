"""Settings -> the adapters of one deployment; the only place that chooses."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from resources.settings import Settings, load_settings

if TYPE_CHECKING:
    from resources.cache import Cache
    from resources.catalog import Catalog
    from resources.embeddings import Embedder
    from resources.ocr import OCREngine
    from resources.storage import StorageAdapter
    from resources.vector_store import VectorStore


class Deployment:
    """The adapters that the settings name, each built (and its library imported) at first use.

    Pickles as its settings: a worker process builds its own adapters.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or load_settings()

    def __reduce__(self) -> tuple[Callable[[Settings], Deployment], tuple[Settings]]:
        return Deployment, (self.settings,)

    @property
    def home(self) -> Path:
        return self.settings.home.expanduser().absolute()

    @property
    def state(self) -> Path:
        """Folder of the local adapters' own files: catalog, cache, index, locks."""
        return self.home / "state"

    @cached_property
    def storage(self) -> StorageAdapter:
        from resources.storage.local import LocalStorageAdapter

        return LocalStorageAdapter(self.home)

    @cached_property
    def ocr(self) -> OCREngine:
        if self.settings.ocr == "tesseract":
            from resources.ocr.tesseract import TesseractEngine

            return TesseractEngine(self.settings.ocr_languages)
        from resources.ocr.paddle import PaddleOCREngine

        return PaddleOCREngine()

    @cached_property
    def embedder(self) -> Embedder:
        settings = self.settings
        if settings.embedder == "ollama":
            from resources.embeddings.ollama import OllamaEmbedder

            return OllamaEmbedder(
                settings.ollama_host, settings.ollama_embedding_model, settings.ollama_timeout
            )
        from resources.embeddings.minilm import MiniLMEmbedder

        return MiniLMEmbedder(
            precision=settings.embedder_precision,
            weights=settings.minilm_path,
            cache=self.state / "models",
        )

    @cached_property
    def vector_store(self) -> VectorStore:
        from resources.vector_store.chroma import ChromaVectorStore

        settings = self.settings
        server = (
            (settings.chroma_host, settings.chroma_port)
            if settings.vector_store == "chroma-server"
            else None
        )
        return ChromaVectorStore(
            self.state / "index",
            collection=settings.collection,
            embedder=self.embedder.identity,
            dimension=self.embedder.dimension,
            server=server,
        )

    @cached_property
    def catalog(self) -> Catalog:
        from resources.catalog.sqlite import SQLiteCatalog

        return SQLiteCatalog(self.state / "catalog.db")

    @cached_property
    def cache(self) -> Cache:
        from resources.cache.sqlite import SQLiteCache

        return SQLiteCache(self.state / "cache.db")
