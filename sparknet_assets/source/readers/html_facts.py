"""What HTML elements are, and which of them a reader does not see."""

from __future__ import annotations

import base64
import binascii
import re
from urllib.parse import unquote_to_bytes

DROPPED = frozenset({
    "script", "style", "template", "noscript", "iframe", "object", "embed", "svg", "math",
    "canvas", "audio", "video", "select", "datalist", "applet", "frameset", "map", "dialog"
})  # fmt: skip
VOID = frozenset({
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source",
    "track", "wbr"
})  # fmt: skip
BLOCKS = frozenset({
    "address", "article", "aside", "blockquote", "body", "center", "dd", "details", "div", "dl",
    "dt", "fieldset", "figcaption", "figure", "footer", "form", "header", "hr", "html",
    "legend", "li", "main", "nav", "ol", "p", "pre", "section", "summary", "ul", "h1", "h2",
    "h3", "h4", "h5", "h6", "table", "caption", "tr", "td", "th", "thead", "tbody", "tfoot",
    "head", "title"
})  # fmt: skip
STYLES = {
    "b": "b", "strong": "b", "i": "i", "em": "i", "cite": "i", "var": "i", "sub": "u", "sup": "p",
    "th": "b", "dt": "b", "summary": "b",
}  # fmt: skip
# An element that begins ends these open ones, unless a table or list between them says otherwise.
ENDS = {
    "p": ("p",), "li": ("li", "p"), "dt": ("dt", "dd", "p"), "dd": ("dt", "dd", "p"),
    "tr": ("tr", "td", "th", "p"), "td": ("td", "th", "p"), "th": ("td", "th", "p"),
    "tbody": ("tr", "td", "th", "thead"), "tfoot": ("tr", "td", "th", "tbody"),
    "option": ("option",), "ul": ("p",), "ol": ("p",), "table": ("p",), "div": ("p",),
    "body": ("head",), **{f"h{n}": ("p",) for n in range(1, 7)},
}  # fmt: skip
WALLS = frozenset({"table", "ul", "ol", "dl", "td", "th", "body"})
_HIDDEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*(hidden|collapse)|font-size\s*:\s*0(\.0*)?\s*(px|pt|em|"
    r"rem|%)?\s*(;|!|$)|opacity\s*:\s*0(\.0*)?\s*(;|!|$)|mso-hide\s*:\s*all"
)
_WHITE = re.compile(r"(?<![-\w])color\s*:\s*(#fff(fff)?\b|white\b|rgb\(\s*255\s*,\s*255\s*,\s*255)")


def is_hidden(tag: str, named: dict[str, str]) -> bool:
    """Whether a reader of the page would not see what the element holds."""
    if tag in DROPPED or "hidden" in named:
        return True
    if tag == "input" and named.get("type", "").lower() == "hidden":
        return True
    style = named.get("style", "").lower()
    if style and (_HIDDEN.search(style) or (_WHITE.search(style) and "background" not in style)):
        return True
    return tag == "font" and named.get("color", "").lower() in ("#fff", "#ffffff", "white")


def data_url(source: str) -> bytes | None:
    """The image that a data: URL holds; None when it holds none."""
    head, _, payload = source.partition(",")
    if not head.lower().startswith("data:image/"):
        return None
    try:
        data = unquote_to_bytes(payload)
        return base64.b64decode(data) if head.lower().endswith(";base64") else data
    except (binascii.Error, ValueError):
        return None
