"""Fields without any model: from words, lines, boxes and tables of text.json."""

from sparknet_assets.fields.rules.extraction import Extraction, extract
from sparknet_assets.fields.rules.kinds import fitting
from sparknet_assets.fields.rules.labelled import labelled_values
from sparknet_assets.fields.rules.sums import sum_problems

__all__ = ["Extraction", "extract", "fitting", "labelled_values", "sum_problems"]
