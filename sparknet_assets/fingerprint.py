"""Fingerprints: equal fingerprint and artifact present means that there is nothing to do."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from resources.catalog import Catalog
from resources.deployment import Deployment

if TYPE_CHECKING:
    from sparknet_assets.stages.contract import Stage

RECIPES = "recipe/"
"""Prefix of the catalog's facts that hold recipes, by their id."""

_SHOWN = 40
# Stands for what is too long or too secret to be told, such as passwords: says nothing to people.
_DIGEST = re.compile(r"[0-9a-f]{32,}")


class Recipe:
    """How a stage makes its output, but for the inputs: its code version and settings."""

    def __init__(self, stage: Stage, shape: Mapping[str, Any]) -> None:
        self.stage = stage
        self._facts = {
            "stage": stage.name,
            "code_version": stage.code_version,
            "shape": dict(shape),
        }

    @cached_property
    def text(self) -> str:
        """Canonical JSON: what `difference` compares."""
        return _canonical(self._facts)

    @cached_property
    def id(self) -> str:
        """sha256 (hex) of the text."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def fingerprint(self, inputs: Mapping[str, str]) -> str:
        """sha256 (hex) of all that decides the output for one document.

        Args:
            inputs: Data version of each name in the stage's `inputs`.
        """
        return _fingerprint(self._facts, {name: inputs[name] for name in self.stage.inputs})


class Recipes:
    """The recipes of a deployment as it is set now; each is worked out once.

    Raises (all methods that take a stage):
        SparknetError: A service that a setting stands for, for instance an embedder, does not say
            what it is.
    """

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._recipes: dict[str, Recipe] = {}
        self._noted: set[str] = set()
        self._tiers: dict[str, Recipes] = {}

    def of_tier(self, tier: str) -> Recipes:
        """The recipes for documents of a tier; these themselves where there is no difference."""
        if tier not in self._tiers:
            deployment = self._deployment.of_tier(tier)
            same = deployment is self._deployment
            self._tiers[tier] = self if same else Recipes(deployment)
        return self._tiers[tier]

    def of(self, stage: Stage) -> Recipe:
        """The recipe of a stage."""
        found = self._recipes.get(stage.name)
        if found is None:
            found = self._recipes[stage.name] = Recipe(stage, stage.shape(self._deployment))
        return found

    def fingerprint(self, stage: Stage, inputs: Mapping[str, str]) -> str:
        """What `stage` would make of these data versions, as a sha256 (hex)."""
        return self.of(stage).fingerprint(inputs)

    def note(self, stage: Stage, catalog: Catalog) -> str:
        """Keeps the recipe in the catalog, so that a plan can tell what changed; returns its id."""
        recipe = self.of(stage)
        if recipe.id not in self._noted:
            catalog.put_facts({RECIPES + recipe.id: recipe.text})
            self._noted.add(recipe.id)
        return recipe.id


def recipe_of(stage: Stage, deployment: Deployment) -> Recipe:
    """The recipe of one stage. For many documents, keep a `Recipes`."""
    return Recipes(deployment).of(stage)


def fingerprint(stage: Stage, inputs: Mapping[str, str], deployment: Deployment) -> str:
    """The fingerprint of one document at one stage. For many, keep a `Recipes`."""
    return recipe_of(stage, deployment).fingerprint(inputs)


def recorded_fingerprint(text: str, inputs: Mapping[str, str]) -> str:
    """The fingerprint of what was made by the recipe with this text, from these inputs."""
    return _fingerprint(json.loads(text), inputs)


def difference(before: str, now: Recipe) -> str:
    """What changed between a recipe's text and the recipe in force, for people.

    For instance `chunk_tokens 256 -> 128` or `code version 1 -> 2`; empty when nothing did.
    """
    return difference_of_texts(before, now.text) if before else "its settings or code"


def difference_of_texts(before: str, now: str) -> str:
    """What is different between two recipes' texts; empty when nothing is, or one is not known."""
    if not before or not now:
        return ""
    old, new = json.loads(before), json.loads(now)
    found = []
    if old["code_version"] != new["code_version"]:
        found.append(f"code version {old['code_version']} -> {new['code_version']}")
    for name in sorted(old["shape"].keys() | new["shape"].keys()):
        found += _changes(name, old["shape"].get(name), new["shape"].get(name))
    return ", ".join(found)


def _changes(name: str, old: Any, new: Any) -> list[str]:
    if old == new:
        return []
    if isinstance(old, dict) and isinstance(new, dict):
        names = sorted(old.keys() | new.keys())
        return [part for key in names for part in _changes(key, old.get(key), new.get(key))]
    if any(isinstance(value, str) and _DIGEST.fullmatch(value) for value in (old, new)):
        return [f"{name} changed"]
    return [f"{name} {_shown(old)} -> {_shown(new)}"]


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."


def _fingerprint(facts: Mapping[str, Any], inputs: Mapping[str, str]) -> str:
    return hashlib.sha256(_canonical({**facts, "inputs": dict(inputs)}).encode()).hexdigest()


def _canonical(value: Mapping[str, Any]) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
