"""Dagster resources over a deployment: one for all of it, and one for each port."""

# Dagster reads the annotations of resources, so they are not postponed here.

from typing import Any

import dagster as dg
from pydantic import Field

from resources.cache import Cache
from resources.catalog import Catalog
from resources.deployment import Deployment
from resources.embeddings import Embedder
from resources.ocr import OCREngine
from resources.settings import load_settings
from resources.storage import StorageAdapter
from resources.vector_store import VectorStore


class DeploymentResource(dg.ConfigurableResource[Deployment]):
    """The deployment that the settings name: an asset asks for `dg.ResourceParam[Deployment]`."""

    settings: dict[str, Any] = Field(
        default_factory=dict,
        description="Settings that override SPARKNET_* variables and sparknet.toml, by name.",
    )

    def create_resource(self, context: dg.InitResourceContext) -> Deployment:
        return Deployment(load_settings(**self.settings))


class _Port(dg.ConfigurableResource[Any]):
    """One adapter of the deployment that it depends on."""

    deployment: dg.ResourceDependency[Deployment]

    @property
    def whole(self) -> Deployment:
        return self.deployment


class StorageResource(_Port):
    """The storage of the deployment."""

    def create_resource(self, context: dg.InitResourceContext) -> StorageAdapter:
        return self.whole.storage


class OCRResource(_Port):
    """The OCR engine of the deployment."""

    def create_resource(self, context: dg.InitResourceContext) -> OCREngine:
        return self.whole.ocr


class EmbedderResource(_Port):
    """The embedder of the deployment."""

    def create_resource(self, context: dg.InitResourceContext) -> Embedder:
        return self.whole.embedder


class VectorStoreResource(_Port):
    """The vector store of the deployment."""

    def create_resource(self, context: dg.InitResourceContext) -> VectorStore:
        return self.whole.vector_store


class CatalogResource(_Port):
    """The catalog of the deployment."""

    def create_resource(self, context: dg.InitResourceContext) -> Catalog:
        return self.whole.catalog


class CacheResource(_Port):
    """The cache of the deployment."""

    def create_resource(self, context: dg.InitResourceContext) -> Cache:
        return self.whole.cache
