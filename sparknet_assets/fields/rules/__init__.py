"""Fields without any model: from words, lines, boxes and tables of text.json."""

from sparknet_assets.fields.rules.extraction import extract
from sparknet_assets.fields.rules.kinds import fitting
from sparknet_assets.fields.rules.labelled import labelled_values

__all__ = ["extract", "fitting", "labelled_values"]
