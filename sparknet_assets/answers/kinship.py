"""Questions for relatives of somebody: a document that has the name tells of them if it says so.

Who a person is to another is what a document most often says of somebody else: asked for the father
of Edison, his employer's sentence is about Edison, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_KIN = (
    r"(?:(?:grand|great-grand|step|half-|foster )?(?:father|mother|parents|sons?|daughters?"
    r"|children|sisters?|brothers?|siblings?)|wife|wives|husband|spouse|uncles?|aunts?|nephews?|nieces?"
    r"|cousins?|vater|mutter|eltern|söhne?|sohn|tochter|töchter|kinder|schwestern?|bruder|brüder|geschwister"
    r"|ehefrau|ehemann)"
)
_ASKED = re.compile(
    r"^\s*(?:(?i:who|whom|wer|(?:what|which)\s+(?:is|was|are|were)\s+the\s+names?\s+of))\b.*?"
    rf"(?:\b(?i:{_KIN})\s+(?:of|von)\s+(?:the\s+)?(?:\w+\.?\s+)?[^\W\d_a-zß-öø-ÿ]"
    rf"|\b[^\W\d_a-zß-öø-ÿ]\w*(?:['\u2019]s|s['\u2019])\s+(?:\w+\s+)?(?i:{_KIN})\b)"
)
_TOLD = re.compile(
    rf"\b(?:{_KIN}|\w*(?:father|mother)s?|dad|mum|mom|parent|child|twins?|marr(?:y|ie[ds]|iage)|widow\w*"
    r"|wed(?:ding|ded)?|famil(?:y|ies)|born|née?|heirs?|in-law|kind|verheiratet|heiratete\w*|witwer?"
    r"|familie|geboren|père|mère|fils|fille|frère|s(?:œ|oe)ur|époux|épouse|mari|padre|madre|hij[oa]s?"
    r"|herman[oa]s?|espos[oa]|fratello|sorella|figli[oa]?|moglie|marito|vader|moeder|zoon|dochter|broer"
    r"|zus(?:ter)?|echtgeno(?:o|)te?)\b",
    re.IGNORECASE,
)


def lacks_kin(question: str, quotes: Iterable[str]) -> bool:
    """Whether a question asks who somebody's relative is, and no quote tells of relatives."""
    return bool(_ASKED.search(question)) and not any(_TOLD.search(quote) for quote in quotes)
