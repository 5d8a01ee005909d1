"""Fingerprints: equal fingerprint and artifact present means that there is nothing to do."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from resources.deployment import Deployment
from sparknet_assets.stages.contract import Stage


def fingerprint(stage: Stage, inputs: Mapping[str, str], deployment: Deployment) -> str:
    """sha256 (hex) of all that decides a stage's output for one document.

    Args:
        inputs: Data version of each name in `stage.inputs`.
        deployment: Gives the settings and adapter identities that `stage.shape` names.
    """
    facts = {
        "stage": stage.name,
        "code_version": stage.code_version,
        "shape": dict(stage.shape(deployment)),
        "inputs": {name: inputs[name] for name in stage.inputs},
    }
    canonical = json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
