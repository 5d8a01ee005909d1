"""Everything a user can set, read once from `SPARKNET_*` variables and `sparknet.toml`."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Collection
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

from pydantic import (
    AliasChoices,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)
from pydantic_settings import SettingsError as UnparsedError

from resources.api_keys import ApiKey
from resources.cron import problem_with
from resources.tiers import Tier, TierChanges, TierRule

# Defaults where `deployment` is aws.
_ON_AWS: dict[str, Any] = {
    "storage": "s3",
    "ocr": "textract",
    "embedder": "titan",
    "vector_store": "opensearch",
    "catalog": "dynamodb",
    "cache": "redis",
    "llm": "bedrock",
    "event_previews": False,
    "api_shared_limits": True,
}
_NEEDED = (
    ("storage", "s3", "s3_bucket"),
    ("vector_store", "opensearch", "opensearch_endpoint"),
)
# Lists: what is wrong with one of theirs is named by its place.
_LISTS = ("pdf_passwords", "api_keys")
_SECRET = (*_LISTS, "redis_url")
_PARSED = (*_LISTS, "tier_rules", "tiers")


class SettingsError(ValueError):
    """A setting is wrong; the message is one clear sentence for each."""


class Settings(BaseSettings):
    """Settings of one deployment. A variable overrides the file, the file overrides the default."""

    model_config = SettingsConfigDict(
        env_prefix="SPARKNET_",
        env_ignore_empty=True,
        toml_file="sparknet.toml",
        extra="forbid",
        frozen=True,
    )

    home: Path = Field(Path("data"), description="Folder of raw/, processed/ and all local state.")

    dagster_home: Path | None = Field(
        None,
        validation_alias=AliasChoices("dagster_home", "SPARKNET_DAGSTER_HOME", "DAGSTER_HOME"),
        description="Folder of the Dagster instance; `dagster/` in the home by default.",
    )

    deployment: Literal["local", "aws"] = Field(
        "local", description="What each port is served by, unless its own setting says otherwise."
    )
    storage: Literal["local", "s3"] = "local"
    ocr: Literal["paddle", "tesseract", "textract"] = "paddle"
    embedder: Literal["minilm", "ollama", "titan"] = "minilm"
    vector_store: Literal["chroma", "chroma-server", "opensearch"] = "chroma"
    catalog: Literal["sqlite", "dynamodb"] = "sqlite"
    cache: Literal["sqlite", "redis"] = "sqlite"
    llm: Literal["none", "ollama", "bedrock"] = "none"

    max_bytes: int = Field(512 * 2**20, gt=0, description="Largest document, bytes.")
    max_pages: int = Field(5000, gt=0, description="Most pages of a document.")
    max_page_pixels: int = Field(
        16_000_000, gt=0, description="A larger page is rendered smaller than its dpi asks for."
    )
    pdf_passwords: list[SecretStr] = Field(
        default_factory=list, description="Tried in order on encrypted documents."
    )

    render_dpi: int = Field(150, ge=36, le=600, description="Page images with a text layer.")
    ocr_dpi: int = Field(200, ge=72, le=600, description="Page images that are read by OCR.")
    ocr_languages: list[str] = Field(
        default_factory=lambda: ["eng"], description="Tesseract language packs, ISO 639-2 codes."
    )
    text_layer: Literal["auto", "never", "always"] = Field(
        "auto", description="Use a PDF's own text where it is good, never, or always."
    )
    ocr_confidence_floor: float = Field(
        0.5,
        ge=0,
        le=1,
        description="`verify` warns of documents that OCR was less sure of; pages may climb.",
    )
    tables: bool = Field(True, description="Recognise tables on pages with a text layer.")
    pictures: bool = Field(
        True, description="Read large pictures on pages with a text layer, by an OCR that is free."
    )

    default_tier: Tier = Field(
        "standard", description="Tier of documents that nobody and no rule says it of."
    )
    tier_rules: list[TierRule] = Field(
        default_factory=list,
        description="The first that fits decides: match (doc_id or file name), media_type, tier.",
    )
    tiers: dict[Tier, TierChanges] = Field(
        default_factory=dict,
        description="What a tier does otherwise than it comes; see docs/tiers.md.",
    )
    climb: bool = Field(
        True, description="Read doubtful pages again, for the tiers that have it; off for none."
    )

    event_previews: bool = Field(
        True,
        description="Show title, first words and first page in Dagster's events; not by default on"
        " aws, where events are logs that others may read.",
    )

    chunk_tokens: int = Field(256, ge=16, description="Largest chunk, tokens of the embedder.")
    chunk_overlap: int = Field(32, ge=0, description="Tokens shared by neighbouring chunks.")

    embedder_precision: Literal["int8", "fp32"] = "int8"
    minilm_path: Path | None = Field(None, description="Folder with model.safetensors.")
    ollama_host: str = "http://127.0.0.1:11434"
    ollama_embedding_model: str = "nomic-embed-text"
    ollama_timeout: float = Field(60.0, gt=0, description="Seconds a request may take.")
    ollama_model: str = Field("llama3.2", description="Language model; see `ollama list`.")
    ollama_llm_timeout: float = Field(
        300.0, gt=0, description="Seconds that the language model may be silent, loading included."
    )
    ollama_context: int = Field(
        8192, ge=512, description="Most tokens of prompt and answer; the server's memory follows."
    )

    chroma_host: str = "127.0.0.1"
    chroma_port: int = Field(8000, gt=0, lt=65536)
    collection: str = Field("sparknet", pattern=r"^[a-z][a-z0-9_-]{1,40}[a-z0-9]$")

    aws_region: str | None = Field(
        None, description="Region of all services; by default what boto3 finds (AWS_REGION)."
    )
    aws_attempts: int = Field(
        8, ge=1, description="Most attempts at a call that AWS throttles; the catalog has its own."
    )
    s3_bucket: str = Field("", description="Bucket of raw/, processed/ and cache/.")
    s3_kms_key: str = Field(
        "", description="Key that encrypts what is written; S3's own key (SSE-S3) by default."
    )
    sqs_queue_url: str = Field(
        "", description="Queue of the bucket's event notifications; without one, raw/ is listed."
    )
    dynamodb_table: str = "sparknet"
    redis_url: SecretStr = Field(
        SecretStr("redis://127.0.0.1:6379/0"),
        description="`rediss://` for TLS; may carry user and password.",
    )
    redis_namespace: str = Field("sparknet", pattern=r"^[A-Za-z0-9._-]+$")
    opensearch_endpoint: str = Field("", description="URL of the domain or collection.")
    opensearch_kind: Literal["domain", "serverless", "serverless-classic"] = "domain"
    opensearch_engine: Literal["lucene", "faiss"] = Field(
        "faiss", description="k-NN engine of a domain's index; serverless has faiss only."
    )
    opensearch_signed: bool = Field(
        True, description="Sign requests (SigV4); off for a server of your own without security."
    )
    textract_job_pages: int = Field(
        2, ge=2, description="PDFs in S3 with so many pages to read are read as one job."
    )
    textract_per_second: float = Field(1.0, gt=0, description="Calls that may begin in a second.")
    textract_at_once: int = Field(4, ge=1, description="Calls that may be under way.")
    textract_job_timeout: float = Field(
        3600.0, gt=0, description="Seconds to wait for a job; the next run waits on for the same."
    )
    titan_model: str = "amazon.titan-embed-text-v2:0"
    titan_dimension: int = Field(1024, description="Length of a vector: 256, 512 or 1024.")
    bedrock_model: str = Field(
        "anthropic.claude-haiku-4-5-20251001-v1:0",
        description="Model id, or id or ARN of an inference profile.",
    )
    bedrock_per_second: float = Field(20.0, gt=0, description="Calls that may begin in a second.")
    bedrock_at_once: int = Field(8, ge=1, description="Calls that may be under way.")
    fields_llm: bool = Field(
        True, description="Ask the language model for fields too, where one is set."
    )
    fields_llm_pages: int = Field(
        50, ge=1, description="Most pages of a document that the model is given for its fields."
    )
    prices: Path | None = Field(
        None, description="A price table (TOML) in place of the one that comes along."
    )
    budget_usd: float | None = Field(
        None, gt=0, description="What one run may spend on services; it stops cleanly before more."
    )
    questions_budget_usd: float | None = Field(
        None,
        gt=0,
        description="What questions may spend on a language model in a day (UTC), all together.",
    )

    workers: int = Field(
        default_factory=lambda: os.cpu_count() or 1, ge=1, description="Worker processes."
    )
    task_timeout: float = Field(
        120.0, gt=0, description="Seconds one unit of work (a document, or a few pages) may take."
    )
    worker_memory_mb: int = Field(2048, ge=256, description="Memory of one worker process, MiB.")
    batch_size: int = Field(250, ge=1, description="Documents of one run.")

    retry_attempts: int = Field(5, ge=1, description="Most scheduled attempts at the same work.")
    retry_seconds: float = Field(
        300.0, gt=0, description="Wait before the second attempt; four times as long each time."
    )

    sensor_documents: int = Field(
        500, ge=1, description="Most documents that a look at raw/, or a retry, requests at once."
    )
    sensor_runs: int = Field(
        4, ge=1, description="Most runs over documents that the sensors have under way."
    )
    sensor_pages: int = Field(
        10, ge=1, description="Pages of 1,000 keys that one look at raw/ lists."
    )
    removal_guard: float = Field(
        0.5,
        ge=0,
        le=1,
        description="If more of the documents than this share vanish at once, none is removed.",
    )

    reconcile_cron: str = Field("0 2 * * *", description="Full reconciliation, UTC; or `off`.")
    retry_cron: str = Field("*/10 * * * *", description="Retry of due failures; or `off`.")
    verify_cron: str = Field("0 4 * * 0", description="Check of everything, UTC; or `off`.")

    api_keys: list[ApiKey] = Field(
        default_factory=list,
        description="Keys of the HTTP API: name, key (or `sha256:` and its hash), scopes.",
    )
    api_per_second: float = Field(50.0, gt=0, description="Requests of one caller, on average.")
    api_burst: int = Field(300, ge=1, description="Requests of one caller at once.")
    api_shared_limits: bool = Field(
        False,
        description="Servers on one cache count a caller's requests together; by default on aws.",
    )
    serve_processing: bool = Field(
        True,
        description="`sparknet serve` indexes what is uploaded; off where Dagster's daemon does.",
    )
    dagster_url: str | None = Field(
        None, pattern=r"^https?://", description="Dagster's UI, for links to runs and documents."
    )

    @field_validator("chunk_overlap")
    @classmethod
    def _overlap_leaves_room(cls, overlap: int, info: ValidationInfo) -> int:
        size = info.data.get("chunk_tokens")
        if size is not None and 2 * overlap >= size:
            raise ValueError(f"must be less than half of SPARKNET_CHUNK_TOKENS, which is {size}")
        return overlap

    @field_validator("titan_dimension")
    @classmethod
    def _is_offered(cls, dimension: int) -> int:
        if dimension not in (256, 512, 1024):
            raise ValueError("should be 256, 512 or 1024")
        return dimension

    @field_validator("reconcile_cron", "retry_cron", "verify_cron")
    @classmethod
    def _is_cron(cls, expression: str) -> str:
        if expression.strip() in ("", "off"):
            return ""
        if problem := problem_with(expression):
            raise ValueError(problem)
        return " ".join(expression.split())

    @model_validator(mode="before")
    @classmethod
    def _defaults_follow_deployment(cls, given: Any) -> Any:
        return {**_ON_AWS, **given} if given.get("deployment") == "aws" else given

    @model_validator(mode="after")
    def _has_what_its_adapters_need(self) -> Settings:
        for port, adapter, needed in _NEEDED:
            if getattr(self, port) == adapter and not getattr(self, needed):
                raise ValueError(
                    f"SPARKNET_{needed.upper()} is to be set, since {port} is {adapter}"
                )
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def load_settings(**overrides: object) -> Settings:
    """Reads the settings.

    Raises:
        SettingsError: A variable, the file or an override does not fit; names each and what fits.
    """
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        sentences = [_sentence(detail, overrides) for detail in error.errors()]
        raise SettingsError("; ".join(sentences)) from None
    except UnparsedError as error:
        raise SettingsError(_unparsed(error)) from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"sparknet.toml is not valid TOML: {error}") from None


def unknown_variables() -> dict[str, str]:
    """Variables that look like settings and are none -> the setting that may be meant, or ""."""
    known = [_variable(name) for name in Settings.model_fields]
    return {
        name: next(iter(get_close_matches(name.upper(), known, n=1)), "")
        for name in sorted(os.environ)
        if name.upper().startswith("SPARKNET_") and name.upper() not in known
    }


def _is_default(name: str, given: object) -> bool:
    field = Settings.model_fields.get(name)
    return field is not None and not field.is_required() and field.get_default() == given


def _variable(name: str) -> str:
    setting, dot, place = name.partition(".")
    return f"SPARKNET_{setting.upper()}{dot}{place}"


def _unparsed(error: UnparsedError) -> str:
    """For what is parsed in a variable, lists and tables; says nothing of its value."""
    found = re.search(r'field "(\w+)"', str(error))
    name = f"SPARKNET_{found[1].upper()}" if found else str(error)
    if name == "SPARKNET_TIERS":
        return f'{name}: should be a JSON object, for example {{"premium": {{"ocr_dpi": 400}}}}'
    return f'{name}: should be a JSON list, for example ["first", "second"]'


def _sentence(detail: object, overrides: Collection[str]) -> str:
    assert isinstance(detail, dict)
    name = ".".join(str(part) for part in detail["loc"]) or "settings"
    if detail["type"] == "extra_forbidden":
        near = get_close_matches(name, list(Settings.model_fields), n=1)
        meant = f"; did you mean {near[0]}?" if near else ""
        return f"sparknet.toml: {name} is not a setting{meant}"
    if not detail["loc"]:  # settings that don't fit each other, each named in the message
        return str(detail["msg"]).removeprefix("Value error, ")
    where = _variable(name)
    if name in overrides:
        where = name
    elif _is_default(name, detail.get("input")):
        pass  # It follows from another setting that it does not fit: the file need not name it.
    elif not os.environ.get(where) and not name.startswith(_PARSED):
        where = f"sparknet.toml: {name}"
    secret = name.startswith(_SECRET)
    given = "" if secret else f", not {detail.get('input')!r}"
    problem = detail["msg"].removeprefix("Input ").removeprefix("Value error, ")
    return f"{where} {problem.split(', unable to')[0]}{given}"
