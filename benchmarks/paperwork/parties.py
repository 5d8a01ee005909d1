"""Made-up businesses and goods of several countries."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

_WORLD = Path(__file__).parent / "world.yaml"


@dataclass(frozen=True, slots=True)
class Party:
    """A business: name, lines of its address, and its numbers."""

    name: str
    address: tuple[str, ...]
    tax_id: str
    iban: str
    bic: str
    phone: str
    mail: str


def party(country: str, chance: random.Random, *, seller: bool) -> Party:
    """A business that sells, or one that buys."""
    facts = _world()["countries"][country]
    names = facts["sellers" if seller else "buyers"]
    name = chance.choice(names)
    n = chance.randrange(10_000_000, 99_999_999)
    tax_id = facts["tax_id"].format(
        n,
        a=n % 900 + 100,
        b=n // 7 % 900 + 100,
        c=n // 11 % 900 + 100,
        d=n % 90 + 10,
        e=n % 9000 + 1000,
        f=n % 10**7,
    )
    letters = "".join(c for c in name.upper() if "A" <= c <= "Z")
    word = letters[:12].lower()
    banks = "account_digits" in facts
    return Party(
        name,
        (chance.choice(facts["streets"]), chance.choice(facts["towns"])),
        tax_id,
        iban(country, facts["account_digits"], chance) if banks else "",
        f"{letters[:4]}{country}2L" if banks else "",
        facts["phone"],
        f"office@{word}.example",
    )


def iban(country: str, size: int, chance: random.Random) -> str:
    """A number with right check digits (ISO 13616), in groups of four."""
    digits = "".join(str(chance.randrange(10)) for _ in range(size))
    account = f"ABCD{digits[4:]}" if country in ("GB", "NL") else digits
    bare = "".join(str(int(c, 36)) for c in f"{account}{country}00")
    whole = f"{country}{98 - int(bare) % 97:02}{account}"
    return " ".join(whole[start : start + 4] for start in range(0, len(whole), 4))


def goods(language: str, *, shop: bool) -> list[str]:
    """What is sold: wares and services of a business, or those of a shop."""
    return list(_world()["goods"][language]["shop" if shop else "business"])


@cache
def _world() -> dict[str, Any]:
    return dict(yaml.safe_load(_WORLD.read_text("utf-8")))
