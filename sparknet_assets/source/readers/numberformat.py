"""Cell values as a spreadsheet shows them: number format codes (ECMA-376 part 1, 18.8.30-31)."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from fractions import Fraction
from functools import lru_cache
from operator import eq, ge, gt, le, lt, ne

BUILT_IN = {
    # Their currency sign is the reader's: none is shown.
    **dict.fromkeys((5, 6, 41, 42), "#,##0;(#,##0)"),
    **dict.fromkeys((7, 8, 43, 44), "#,##0.00;(#,##0.00)"),
    # Dates of East Asian files, which differ by the language.
    **dict.fromkeys((27, 28, 29, 30, 31, 36, 50, 51, 52, 53, 54, 57, 58), "yyyy-mm-dd"),
    0: "General", 1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%",
    11: "0.00E+00", 12: "# ?/?",
    13: "# ??/??", 14: "yyyy-mm-dd", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM",
    19: "h:mm:ss AM/PM", 20: "h:mm", 21: "h:mm:ss", 22: "yyyy-mm-dd h:mm", 37: "#,##0;(#,##0)",
    38: "#,##0;(#,##0)", 39: "#,##0.00;(#,##0.00)", 40: "#,##0.00;(#,##0.00)", 45: "mm:ss",
    46: "[h]:mm:ss", 47: "mm:ss.0", 48: "##0.0E+0", 49: "@",
}  # fmt: skip
_MONTHS = "January February March April May June July August September October November December"
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday"
_TOKEN = re.compile(
    r'"([^"]*)"|\\(.)|_.|\*.|\[(?:h+|m+|s+)\]|\[\$([^\]-]*)[^\]]*\]|\[[^\]]*\]|AM/PM|A/P|'
    r"y+|m+|d+|h+|s+(?:\.0+)?|General|E[+-]|[#0?,.%@/]|.",
    re.IGNORECASE | re.DOTALL,
)
_CONDITION = re.compile(r"\[(<=|>=|<>|<|>|=)(-?\d+(?:\.\d+)?)\]")
_COMPARE = {"<": lt, "<=": le, ">": gt, ">=": ge, "=": eq, "<>": ne}
_DATE = re.compile(r"^(?:y+|m+|d+|h+|s+(?:\.0+)?|\[(?:h+|m+|s+)\])$", re.IGNORECASE)


@lru_cache(maxsize=4096)
def _sections(code: str) -> tuple[tuple[str, ...], ...]:
    """Tokens of each section; literals are marked by a leading apostrophe."""
    sections: list[list[str]] = [[]]
    for match in _TOKEN.finditer(code[:500]):
        token = match.group()
        quoted, escaped, currency = match.groups()
        if quoted is not None or escaped is not None:
            sections[-1].append("'" + (quoted if quoted is not None else escaped))
        elif currency is not None:
            sections[-1].append("'" + currency)
        elif token == ";":
            sections.append([])
        elif token[0] == "_":
            sections[-1].append("' ")
        elif _CONDITION.fullmatch(token):
            sections[-1].insert(0, token)
        elif token[0] != "*" and (token[0] != "[" or _DATE.match(token)):
            sections[-1].append(token)
    return tuple(tuple(section) for section in sections)


def shown(value: str, code: str, date1904: bool = False) -> str:
    """A stored number as its format shows it; as stored when the format is beyond us."""
    try:
        number = Decimal(value)
    except InvalidOperation:
        return value
    if not number.is_finite() or abs(number.adjusted()) > 300:
        return value
    sections = _sections(code)
    section, signed = _choose(sections, number)
    if not section and code:
        return "" if len(sections) > 1 else _general(number)
    if any(_DATE.match(token) for token in section):
        return _date(float(number), section, date1904) or _general(number)
    if "/" in section and any(token in "0#?" for token in section):
        return _fractional(number if signed else abs(number), section)
    if any(token.lower() == "general" or token == "@" for token in section) or not section:
        return _around(section, _general(number if signed else abs(number)))
    if any(token in "0#?" for token in section):
        return _number(number if signed else abs(number), section)
    return "".join(token[1:] for token in section if token[0] == "'").strip()


def worded(text: str, code: str) -> str:
    """A cell's text as the fourth section of its format shows it (the only one, if it has `@`)."""
    sections = _sections(code)
    section = sections[3] if len(sections) > 3 else sections[-1]
    if len(sections) > 3 and not section:
        return ""
    return _around(section, text) if "@" in section else text


def _fractional(number: Decimal, section: tuple[str, ...]) -> str:
    """A number as whole and fraction: `# ?/?` by the nearest small one, `# ?/8` in eighths."""
    slash = section.index("/")
    below = "".join(token for token in section[slash + 1 :] if token in "0#?" or token.isdecimal())
    above = [token for token in section[:slash] if token in "0#?"]
    exact = Fraction(abs(number))
    if below.strip("0").isdecimal():
        size = int(below)
        near = Fraction(round(exact * size), size)
    else:
        size, near = 0, exact.limit_denominator(10 ** min(len(below), 4) - 1)
    mixed = len(above) > 1 and " " in section[:slash]
    whole, rest = divmod(near, 1) if mixed else (0, near)
    bottom = size or rest.denominator
    parts = [str(whole)] if whole or (mixed and not rest) else []
    parts += [f"{rest * bottom}/{bottom}"] if rest or not mixed else []
    return ("-" if number < 0 and near else "") + " ".join(parts)


def _choose(sections: tuple[tuple[str, ...], ...], number: Decimal) -> tuple[tuple[str, ...], bool]:
    """The section for a number, and whether the number still shows its own sign."""
    bracketed = any(section and section[0][0] == "[" for section in sections)
    conditions = [_CONDITION.fullmatch(s[0]) if s else None for s in sections if bracketed]
    if any(conditions):
        for section, stated in zip(sections, conditions, strict=False):
            if stated is None or _COMPARE[stated[1]](number, Decimal(stated[2])):
                return section[stated is not None :], True
        return (), True
    if number < 0 and len(sections) > 1:
        return sections[1], False
    if number == 0 and len(sections) > 2:
        return sections[2], True
    return sections[0], True


def _general(number: Decimal) -> str:
    """Up to 11 significant digits, no exponent where people would not write one."""
    if number == number.to_integral_value() and abs(number) < Decimal(10) ** 15:
        return str(int(number))
    text = f"{float(number):.11G}"
    if "E" in text and 1e-5 <= abs(float(number)) < 1e15:
        text = f"{float(number):.11f}".rstrip("0").rstrip(".")
    return text


def _around(section: tuple[str, ...], text: str) -> str:
    out = []
    placed = False
    for token in section:
        if token[0] == "'":
            out.append(token[1:])
        elif not placed and (token.lower() == "general" or token == "@"):
            out.append(text)
            placed = True
    return "".join(out if placed else [text]).strip()


def _number(number: Decimal, section: tuple[str, ...]) -> str:
    digits = [n for n, token in enumerate(section) if token in "0#?"]
    first, last = digits[0], digits[-1]
    if any(token[0] in "Ee" for token in section):
        return _around(("'",), _exponent(number, section))
    core = section[first : last + 1]
    prefix = "".join(_literal(token) for token in section[:first])
    suffix = "".join(_literal(token) for token in section[last + 1 :])
    if "%" in section:
        number *= 100
    scale = len([t for t in section[last + 1 :] if t == ","]) if section[-1:] else 0
    number = number / (1000**scale)
    point = core.index(".") if "." in core else len(core)
    whole, part = core[:point], core[point + 1 :]
    places = sum(token in "0#?" for token in part)
    least = sum(token == "0" for token in part)
    rounded = abs(number).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    left, _, right = f"{rounded:f}".partition(".")
    while len(right) > least and right.endswith("0"):
        right = right[:-1]
    wanted = sum(token == "0" for token in whole)
    left = left.zfill(wanted) if left != "0" or wanted or right else ""
    if "," in whole and left:
        left = f"{int(left):,}".rjust(len(left), "0")
    sign = "-" if number < 0 and rounded else ""
    if "," not in whole and any(token not in "0#?" for token in whole):
        left, core = _placed(left, whole), part
    inner = "".join(_literal(token) for token in core if token[0] == "'")
    body = left + ("." + right if right else "")
    return (sign + prefix + body + inner + suffix).strip()


def _placed(digits: str, whole: tuple[str, ...]) -> str:
    """Digits among the signs of a format such as `000-000`, from the right."""
    out = []
    places = sum(token in "0#?" for token in whole)
    for token in reversed(whole):
        if token in "0#?":
            places -= 1
            cut = len(digits) - 1 if places and digits else 0
            out.append(digits[cut:])
            digits = digits[:cut]
        else:
            out.append(_literal(token))
    return "".join(reversed(out))


def _exponent(number: Decimal, section: tuple[str, ...]) -> str:
    part = section[section.index(".") + 1 :] if "." in section else ()
    places = 0
    for token in part:
        if token not in ("0", "#", "?"):
            break
        places += 1
    return f"{float(number):.{places}E}"


def _literal(token: str) -> str:
    if token[0] == "'":
        return token[1:]
    return "" if token in ",_" or token in "0#?." else token


def _date(serial: float, section: tuple[str, ...], date1904: bool) -> str | None:
    if not -1 < serial < 2_958_466:  # to the end of 9999
        return None
    # Excel counts a 29 February 1900 that never was: serials from 61 on are one too high.
    epoch = datetime(1904, 1, 1) if date1904 else datetime(1899, 12, 30 if serial >= 60 else 31)
    try:
        seconds = round(serial * 86400, 3)
        moment = epoch + timedelta(seconds=round(seconds) if not _fraction(section) else seconds)
    except OverflowError:
        return None
    noon = any(token.upper() in ("AM/PM", "A/P") for token in section)
    out = []
    for index, token in enumerate(section):
        if token[0] == "'":
            out.append(token[1:])
        elif _DATE.match(token):
            out.append(_field(token.lower(), index, section, moment, serial, noon))
        elif token.upper() in ("AM/PM", "A/P"):
            out.append("AM" if moment.hour < 12 else "PM")
        elif token not in ("@",):
            out.append(token)
    return "".join(out).strip()


def _fraction(section: tuple[str, ...]) -> bool:
    return any(token.lower().startswith("s") and "." in token for token in section)


def _field(
    token: str, index: int, section: tuple[str, ...], moment: datetime, serial: float, noon: bool
) -> str:
    if token[0] == "[":
        size = {"h": 3600, "m": 60, "s": 1}[token[1]]
        return str(int(round(serial * 86400) // size)).zfill(len(token) - 2)
    if token[0] == "m" and _is_minute(index, section):
        return str(moment.minute).zfill(min(len(token), 2))
    if token[0] in "md":
        return _named(token, moment)
    if token[0] == "y":
        return f"{moment.year:04}" if len(token) > 2 else f"{moment.year % 100:02}"
    if token[0] == "h":
        hour = (moment.hour % 12 or 12) if noon else moment.hour
        return str(hour).zfill(min(len(token), 2))
    whole, _, places = token.partition(".")
    text = str(moment.second).zfill(min(len(whole), 2))
    return text + (f".{moment.microsecond:06}"[: len(places) + 1] if places else "")


def _named(token: str, moment: datetime) -> str:
    number, names = (
        (moment.month, _MONTHS.split()[moment.month - 1])
        if token[0] == "m"
        else (moment.day, _DAYS.split()[moment.weekday()])
    )
    if len(token) <= 2:
        return str(number).zfill(len(token))
    if len(token) == 5:
        return names[0]
    return names[:3] if len(token) == 3 else names


def _is_minute(index: int, section: tuple[str, ...]) -> bool:
    """`m` means minutes right after hours or right before seconds."""
    before = [t.lower() for t in section[:index] if _DATE.match(t)]
    after = [t.lower() for t in section[index + 1 :] if _DATE.match(t)]
    return bool(
        (before and before[-1].strip("[")[0] == "h") or (after and after[0].strip("[")[0] == "s")
    )
