"""Ids of models on Bedrock: plain, of a profile, or in an ARN, and the model that they name."""

from __future__ import annotations

_VENDORS = ("anthropic.", "amazon.")


def plain_id(model: str) -> str:
    """The id in the ARN of a model or inference profile; any other id as it is."""
    return model.rpartition("/")[2] if model.startswith("arn:") else model


def model_name(model: str) -> str:
    """The model's own name, whoever offers it and whichever profile it is asked through.

    `arn:...:inference-profile/eu.amazon.titan-embed-text-v2:0` -> `titan-embed-text-v2:0`
    """
    name = plain_id(model)
    for vendor in _VENDORS:
        name = name.rpartition(vendor)[2]
    return name
