"""The policies of the roles: real actions, on resources they apply to, and no more than needed."""

from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

IAM = Path(__file__).parent.parent.parent / "infra" / "iam"
FILES = sorted(IAM.glob("*.json"))
VALUES = {
    "Bucket": "sparknet-documents",
    "Region": "us-east-1",
    "Account": "123456789012",
    "Table": "sparknet",
    "Queue": "sparknet-events",
    "Model": "anthropic.claude-haiku-4-5-20251001-v1:0",
    "Domain": "sparknet",
    "Collection": "abcdef1234567890",
    "Key": "1234abcd-12ab-34cd-56ef-1234567890ab",
}


def policy(name: str) -> dict[str, Any]:
    """A policy with its variables filled in."""
    text = (IAM / name).read_text(encoding="utf-8")
    filled: dict[str, Any] = json.loads(re.sub(r"\$\{(\w+)\}", lambda m: VALUES[m[1]], text))
    return filled


def statements(name: str) -> list[tuple[str, list[str]]]:
    """Each action of a policy with the resources that it is allowed on."""
    found = []
    for statement in policy(name)["Statement"]:
        assert statement["Effect"] == "Allow"
        resources = statement["Resource"]
        resources = resources if isinstance(resources, list) else [resources]
        found += [(action, resources) for action in statement["Action"]]
    return found


def formats(action: str) -> list[str]:
    """The resource ARNs that AWS documents for an action, as patterns."""
    from policy_sentry.querying.actions import get_action_data

    service, _, name = action.partition(":")
    known = get_action_data(service, name)
    assert known, f"{action} is not an action of IAM"
    return [re.sub(r"\$\{\w+\}", "*", each["resource_arn_format"]) for each in known[service]]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_each_action_is_one_and_applies_to_its_resources(path: Path) -> None:
    for action, resources in statements(path.name):
        patterns = formats(action)
        fitting = [r for r in resources if any(fnmatchcase(_plain(r), p) for p in patterns)]
        assert fitting, f"{action} applies to none of {resources}, but to {patterns}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_everything_is_allowed_only_where_there_is_no_choice(path: Path) -> None:
    for action, resources in statements(path.name):
        assert "*" not in action
        if resources == ["*"]:
            assert formats(action) == ["*"], f"{action} could be allowed on less than everything"


def test_who_only_searches_writes_nothing() -> None:
    from policy_sentry.querying.actions import get_action_data

    for action, _ in statements("search.json"):
        service, _, name = action.partition(":")
        data = get_action_data(service, name)
        assert data
        assert {each["access_level"] for each in data[service]} <= {"Read", "List"}


def _plain(resource: str) -> str:
    """A resource as a string that a pattern can match: what it leaves open is some name."""
    return resource.replace("*", "x")
