"""Settings -> the adapters of one deployment; the only place that chooses."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from resources.failure import FailureKind, SparknetError
from resources.generations import Generation, Registry, read_registry
from resources.settings import Settings, load_settings
from resources.tiers import STANDARD, Tier, TierPolicy, policy_of

if TYPE_CHECKING:
    from resources.aws.clients import AwsClients
    from resources.aws.limits import Limiter
    from resources.cache import Cache
    from resources.catalog import Catalog
    from resources.embeddings import Embedder
    from resources.event_queue import EventQueue
    from resources.llm import LLMAdapter
    from resources.locks import Locks
    from resources.ocr import OCREngine
    from resources.prices import Prices
    from resources.spending import DayAccount, Ledger
    from resources.storage import StorageAdapter
    from resources.vector_store import VectorStore
    from resources.vector_store.opensearch_register import ChunkRegister


class ModelGoneError(SparknetError):
    """The model that an index was made with is no longer to be had under its name."""

    def __init__(self, message: str) -> None:
        super().__init__(FailureKind.UNAVAILABLE, message)

    def __reduce__(self) -> tuple[type[ModelGoneError], tuple[str]]:
        return ModelGoneError, (self.message,)


class Deployment:
    """The adapters that the settings name, each built (and its library imported) at first use.

    `embedder` and `vector_store` are the target: the generation of the index that the settings
    name and runs write. Queries ask the live one, which is another while the target is built.

    Pickles as its settings: a worker process builds its own adapters.

    Attributes:
        ledger: Of the run that is under way; None outside of runs, where `questions` counts.
        tier: Whose documents this is for; `of_tier` gives that of another.
    """

    tier: str = STANDARD

    def __init__(self, settings: Settings | None = None, ledger: Ledger | None = None) -> None:
        self.settings = settings or load_settings()
        self.ledger = ledger
        self._embedders: dict[str, Embedder] = {}
        self._stores: dict[str, VectorStore] = {}
        self._tiers: dict[str, Deployment] = {}

    def __reduce__(self) -> tuple[Callable[..., Deployment], tuple[Settings, Ledger | None]]:
        return Deployment, (self.settings, self.ledger)

    @cached_property
    def policy(self) -> TierPolicy:
        """What is done for the documents of this deployment's tier."""
        return policy_of(self.tier, self.settings)

    def of_tier(self, tier: str) -> Deployment:
        """This deployment for documents of a tier: other resolutions and OCR, all else shared.

        Raises:
            ValueError: There is no such tier.
        """
        if tier not in self._tiers:
            from resources.tier_deployment import deployment_of

            self._tiers[tier] = deployment_of(self, tier)
        return self._tiers[tier]

    @property
    def home(self) -> Path:
        return self.settings.home.expanduser().absolute()

    @property
    def state(self) -> Path:
        """Folder of the local adapters' own files: catalog, cache, index, locks."""
        return self.home / "state"

    def location(self, key: str = "") -> str:
        """Where an object is, or all of them are, for people: a path or an S3 address."""
        if self.settings.storage == "s3":
            return f"s3://{self.settings.s3_bucket}/{key}"
        return str(self.home / key)

    @cached_property
    def storage(self) -> StorageAdapter:
        if self.settings.storage == "s3":
            from resources.storage.s3 import S3StorageAdapter

            return S3StorageAdapter(self.settings.s3_bucket, self.aws, self.settings.s3_kms_key)
        from resources.storage.local import LocalStorageAdapter

        return LocalStorageAdapter(self.home)

    @cached_property
    def ocr(self) -> OCREngine:
        if self.settings.ocr == "tesseract":
            from resources.ocr.tesseract import TesseractEngine

            return TesseractEngine(self.settings.ocr_languages)
        if self.settings.ocr == "textract":
            return self.textract(self.policy.textract)
        from resources.ocr.paddle import PaddleOCREngine

        return PaddleOCREngine()

    def textract(self, tier: Tier) -> OCREngine:
        """Textract with the features, and at the price, of a tier."""
        from resources.ocr.textract import TextractEngine
        from resources.ocr.textract_jobs import TextractJobs

        settings = self.settings
        limiter = self.limiter("textract", settings.textract_per_second, settings.textract_at_once)
        price = self.prices.textract_page(tier) or 0.0
        documents = None
        if settings.storage == "s3":
            documents = TextractJobs(self.aws, settings.s3_bucket, tier, limiter, price)
        return TextractEngine(self.aws, tier, limiter, price, documents)

    @cached_property
    def embedder(self) -> Embedder:
        return self._build_embedder(self.settings)

    @cached_property
    def vector_store(self) -> VectorStore:
        return self.store_of(self.target)

    @property
    def target(self) -> Generation:
        """The generation that the settings name, registered or not.

        Raises:
            SparknetError: Its embedder can't be asked what it is.
        """
        return _generation(self.settings, self.embedder)

    @property
    def generations(self) -> Registry:
        """All generations, read from the catalog each time."""
        return read_registry(self.catalog)

    @property
    def live(self) -> Generation | None:
        """The generation that queries use; None before the first write to an index."""
        return self.generations.live

    @property
    def answering(self) -> Generation:
        """The live generation, or the one that becomes it with the first write."""
        return self.live or self._founder()

    @property
    def live_store(self) -> VectorStore:
        """The index that queries use. Ask `answering` once where its embedder is needed too."""
        return self.store_of(self.answering)

    @property
    def live_embedder(self) -> Embedder:
        """The embedder of the index that queries use. Raises like `embedder_of`."""
        return self.embedder_of(self.answering)

    def stores(self) -> list[VectorStore]:
        """Every index that may hold something: those of all generations, the target's included.

        A target that nothing was written to yet is not among them.
        """
        registered = self.generations.generations.values()
        return [self.store_of(each) for each in registered] or [self.live_store]

    def store_of(self, generation: Generation) -> VectorStore:
        """The index of a generation; asks no embedder and opens nothing."""
        own = self.__dict__.get("vector_store")
        if own is not None and generation.name == self.target.name:
            return own  # type: ignore[no-any-return]
        if generation.name not in self._stores:
            self._stores[generation.name] = self._build_store(generation)
        return self._stores[generation.name]

    def _build_store(self, generation: Generation) -> VectorStore:
        settings = self.settings
        if settings.vector_store == "opensearch":
            return self._opensearch(generation)
        from resources.vector_store.chroma import ChromaVectorStore

        # Folder or server: each completes itself from the register, which both have in the folder.
        on_server = settings.vector_store == "chroma-server"
        return ChromaVectorStore(
            self.state / "index",
            collection=generation.collection,
            embedder=generation.identity,
            dimension=generation.dimension,
            server=(settings.chroma_host, settings.chroma_port) if on_server else None,
        )

    def _opensearch(self, generation: Generation) -> VectorStore:
        from resources.vector_store.naming import index_name
        from resources.vector_store.opensearch import OpenSearchVectorStore

        settings, index = self.settings, index_name(generation.name)
        return OpenSearchVectorStore(
            settings.opensearch_endpoint,
            index,
            generation=generation.name,
            dimension=generation.dimension,
            kind=settings.opensearch_kind,
            engine=settings.opensearch_engine,
            aws=self.aws if settings.opensearch_signed else None,
            register=self._chunk_register(index),
            locks=self.locks,
            attempts=settings.aws_attempts,
        )

    def _chunk_register(self, index: str) -> ChunkRegister | None:
        """What knows what is in an index on Serverless; all machines share it with the catalog."""
        if self.settings.opensearch_kind == "domain":
            return None
        if self.settings.catalog == "dynamodb":
            from resources.vector_store.opensearch_dynamo import DynamoChunkRegister

            return DynamoChunkRegister(self.settings.dynamodb_table, index, self.aws)
        from resources.vector_store.opensearch_register import SQLiteChunkRegister

        return SQLiteChunkRegister(self.state / "opensearch" / f"{index}.db")

    def embedder_of(self, generation: Generation) -> Embedder:
        """The embedder whose vectors a generation holds.

        Raises:
            ModelGoneError: The model that has its name now is another.
            SparknetError: The model is not to be had.
        """
        embedder = self._embedder_named_by(generation)
        made_with = (generation.identity, generation.dimension)
        there = (embedder.identity, embedder.dimension)
        if there != made_with:
            raise ModelGoneError(
                f"The index {generation.name} was made with the model {_told(*made_with)}; under"
                f" that name there is {_told(*there)} now. `sparknet materialize` builds an"
                " index for it, `sparknet generations switch` then makes that one answer.",
            )
        return embedder

    def _embedder_named_by(self, generation: Generation) -> Embedder:
        if generation.same_model(self.settings):
            return self.embedder
        moved = generation.differences(self.settings).keys() == {"minilm_path"}
        if moved and self.embedder.identity == generation.identity:
            return self.embedder
        if generation.name not in self._embedders:
            settings = generation.settings_of(self.settings)
            self._embedders[generation.name] = self._build_embedder(settings)
        return self._embedders[generation.name]

    def _build_embedder(self, settings: Settings) -> Embedder:
        """The embedder that these settings name, with the services of this deployment."""
        if settings.embedder != "titan":
            return build_embedder(settings, self.state / "models")
        from resources.embeddings.titan import TitanEmbedder
        from resources.embeddings.wordpiece import WordPiece

        return TitanEmbedder(
            self.aws,
            settings.titan_model,
            settings.titan_dimension,
            self._bedrock_limiter("embeddings"),
            self.prices,
            at_once=settings.bedrock_at_once,
            tokenizer=WordPiece(settings.minilm_path),
        )

    def _founder(self) -> Generation:
        """What a home answers from that has no live generation: the target.

        A home of an earlier version noted no generations. If its settings were changed since, its
        index is found by its name, where MiniLM made it.
        """
        target = self.target
        if (self.state / "index").exists() and not self._on_disk(target):
            for precision in ("int8", "fp32"):
                update = {"embedder": "minilm", "embedder_precision": precision}
                settings = self.settings.model_copy(update=update)
                embedder = build_embedder(settings, self.state / "models")
                before = _generation(settings, embedder)
                if self._on_disk(before):
                    return before
        return target

    def _on_disk(self, generation: Generation) -> bool:
        return bool(self.store_of(generation).size_bytes())

    @cached_property
    def locks(self) -> Locks:
        """Keeps processes apart that take documents in, remove them, or switch generations."""
        if self.settings.catalog == "dynamodb":
            from resources.catalog.dynamodb_locks import DynamoDBLocks

            return DynamoDBLocks(self.settings.dynamodb_table, self.aws)
        from resources.locks import FileLocks

        return FileLocks(self.state)

    @cached_property
    def aws(self) -> AwsClients:
        """Clients of AWS services, for the adapters that ask for one."""
        from resources.aws.clients import AwsClients

        return AwsClients(self.settings.aws_region, self.settings.aws_attempts)

    def limiter(self, service: str, per_second: float | None, at_once: int) -> Limiter:
        """The limit on calls to a service that all processes on this machine keep together."""
        from resources.aws.limits import Limiter

        pay = partial(self._pay, service)
        return Limiter(self.state / "limits", service, per_second, at_once, pay)

    @contextmanager
    def spending(self, run_id: str) -> Iterator[Ledger]:
        """Counts what is spent from now on as that of one run, within the budget."""
        from resources.spending import Ledger

        name = run_id or uuid.uuid4().hex
        self.ledger = Ledger(self.state / "spending" / name, self.settings.budget_usd)
        try:
            yield self.ledger
        finally:
            self.ledger.close()
            self.ledger = None

    def _pay(self, service: str, usd: float) -> Callable[[float], None]:
        """Pays for a call; returns what takes the correction of its cost."""
        if self.ledger is not None:
            self.ledger.spend(usd)
            return self.ledger.correct
        outside = self.questions if service == "bedrock-llm" else self._queries
        return outside.pay(usd)

    @cached_property
    def questions(self) -> DayAccount:
        """What language models are paid outside of runs, within the budget of a day."""
        from resources.spending import QUESTIONS, DayAccount

        return DayAccount(lambda: self.catalog, QUESTIONS, self.settings.questions_budget_usd)

    @cached_property
    def _queries(self) -> DayAccount:
        """What embedding models are paid outside of runs: a millionth of a dollar or so each."""
        from resources.spending import QUERIES, DayAccount

        return DayAccount(lambda: self.catalog, QUERIES)

    @cached_property
    def prices(self) -> Prices:
        """What services charge. Raises SparknetError when the table in the settings is wrong."""
        from resources.prices import load_prices

        return load_prices(self.settings.prices)

    @cached_property
    def llm(self) -> LLMAdapter | None:
        """The language model; None where the settings name none."""
        if self.settings.llm == "none":
            return None
        if self.settings.llm == "ollama":
            from resources.llm.ollama import OllamaAdapter

            settings = self.settings
            return OllamaAdapter(
                settings.ollama_host,
                settings.ollama_model,
                settings.ollama_llm_timeout,
                settings.ollama_context,
            )
        from resources.llm.bedrock import BedrockAdapter

        model, limiter = self.settings.bedrock_model, self._bedrock_limiter("llm")
        return BedrockAdapter(self.aws, model, limiter, self.prices)

    def _bedrock_limiter(self, models: str) -> Limiter:
        """Each kind of model has quotas of its own."""
        settings = self.settings
        return self.limiter(
            f"bedrock-{models}", settings.bedrock_per_second, settings.bedrock_at_once
        )

    @cached_property
    def event_queue(self) -> EventQueue | None:
        """Where the storage reports what happens to its objects; a folder reports nothing."""
        if not self.settings.sqs_queue_url:
            return None
        from resources.event_queue.sqs import SQSEventQueue

        return SQSEventQueue(self.settings.sqs_queue_url, self.aws)

    @cached_property
    def catalog(self) -> Catalog:
        if self.settings.catalog == "dynamodb":
            from resources.catalog.dynamodb import DynamoDBCatalog

            return DynamoDBCatalog(self.settings.dynamodb_table, self.aws)
        from resources.catalog.sqlite import SQLiteCatalog

        return SQLiteCatalog(self.state / "catalog.db")

    @cached_property
    def cache(self) -> Cache:
        if self.settings.cache == "redis":
            from resources.cache.redis import RedisCache

            url = self.settings.redis_url.get_secret_value()
            return RedisCache(url, self.settings.redis_namespace)
        from resources.cache.sqlite import SQLiteCache

        return SQLiteCache(self.state / "cache.db")


def build_embedder(settings: Settings, models: Path) -> Embedder:
    """The embedder that the settings name, one that needs no service on AWS.

    Args:
        models: Folder where MiniLM keeps its exported model.
    """
    if settings.embedder == "ollama":
        from resources.embeddings.ollama import OllamaEmbedder

        return OllamaEmbedder(
            settings.ollama_host, settings.ollama_embedding_model, settings.ollama_timeout
        )
    from resources.embeddings.minilm import MiniLMEmbedder

    return MiniLMEmbedder(
        precision=settings.embedder_precision, weights=settings.minilm_path, cache=models
    )


def _told(identity: str, dimension: int) -> str:
    return f"{identity} (dimension {dimension})"


def _generation(settings: Settings, embedder: Embedder) -> Generation:
    """The generation that these settings name, as if made now."""
    from resources.vector_store.naming import generation_name

    identity, dimension = embedder.identity, embedder.dimension
    return Generation(
        name=generation_name(settings.collection, identity, dimension),
        identity=identity,
        dimension=dimension,
        embedder=settings.embedder,
        embedder_precision=settings.embedder_precision,
        minilm_path=settings.minilm_path,
        ollama_embedding_model=settings.ollama_embedding_model,
        titan_model=settings.titan_model,
        titan_dimension=settings.titan_dimension,
        collection=settings.collection,
        created_at=datetime.now(UTC),
    )
