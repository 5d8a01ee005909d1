"""The Halden Ferry Company in figures: one set of numbers that all its documents agree on."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

Rows = list[list[str]]

TEXTS = Path(__file__).with_name("texts")


def text(name: str) -> str:
    """The text of a document, in the small markup that `examples.layout` reads."""
    return (TEXTS / f"{name}.md").read_text(encoding="utf-8")


class Route(NamedTuple):
    """A route; revenue in thousands of euros by year."""

    number: str
    name: str
    revenue_2024: int
    revenue_2025: int
    passengers_2025: int


ROUTES = (
    Route("1", "Halden Quay - Ostrey", 4212, 4655, 1_214_300),
    Route("2", "Halden Quay - Merrow Island", 3108, 3390, 842_150),
    Route("3", "Thornwick - Saltham", 1466, 1402, 318_720),
    Route("4", "Night freight to Merrow Island", 2274, 2518, 0),
    Route("", "Charter", 395, 447, 12_480),
)
TOTAL_2024 = sum(route.revenue_2024 for route in ROUTES)
TOTAL_2025 = sum(route.revenue_2025 for route in ROUTES)
PASSENGERS_2025 = sum(route.passengers_2025 for route in ROUTES)


def percent(new: int, old: int) -> str:
    """Change from `old` to `new` in percent, signed, with one decimal."""
    return f"{(new - old) / old * 100:+.1f}"


GROWTH = percent(TOTAL_2025, TOTAL_2024).lstrip("+")


def key_figures() -> Rows:
    return [
        ["", "2025", "2024"],
        ["Passengers", f"{PASSENGERS_2025:,}", "2,241,060"],
        ["Vehicles", "486,214", "471,902"],
        ["Departures", "41,873", "40,966"],
        ["Departures on time (percent)", "96.2", "95.1"],
        ["Revenue (EUR thousand)", f"{TOTAL_2025:,}", f"{TOTAL_2024:,}"],
        ["Employees at the end of the year", "214", "209"],
    ]


def revenue() -> Rows:
    rows = [["Line", "Route", "2025", "2024", "Change in %"]]
    for r in ROUTES:
        change = percent(r.revenue_2025, r.revenue_2024)
        rows.append([r.number, r.name, f"{r.revenue_2025:,}", f"{r.revenue_2024:,}", change])
    change = percent(TOTAL_2025, TOTAL_2024)
    return [*rows, ["", "Total", f"{TOTAL_2025:,}", f"{TOTAL_2024:,}", change]]


def fleet() -> Rows:
    return [
        ["Vessel", "Built", "Passengers", "Cars", "Propulsion", "Next docking"],
        ["Kestrel", "2009", "320", "42", "Diesel-electric", "January 2030"],
        ["Bittern", "1998", "210", "28", "Diesel", "October 2026"],
        ["Plover", "2015", "180", "none", "Diesel", "February 2026"],
        ["Avocet", "2024", "240", "36", "Battery-electric", "March 2028"],
        ["Heron", "1983", "12", "9 lorries", "Diesel", "none planned"],
    ]


def _amount(value: int) -> str:
    return f"({-value:,})" if value < 0 else f"{value:,}"


def income() -> Rows:
    """The income statement; sums are computed, costs are negative and shown in brackets."""
    lines = [
        ("Revenue from tickets and freight", TOTAL_2025, TOTAL_2024),
        ("Public service compensation", 8940, 8655),
        ("Other operating income", 312, 287),
        ("Staff costs", -11_204, -10_846),
        ("Energy", -2_015, -2_391),
        ("Maintenance and docking", -3_127, -3_088),
        ("Depreciation", -2_148, -1_764),
        ("Other operating costs", -1_966, -1_903),
    ]
    result = [sum(new for _, new, _ in lines), sum(old for _, _, old in lines)]
    interest = [-417, -268]
    rows = [["", "2025", "2024"]]
    rows += [[name, _amount(new), _amount(old)] for name, new, old in lines]
    rows.append(["Operating result", *map(_amount, result)])
    rows.append(["Interest", *map(_amount, interest)])
    surplus = [r + i for r, i in zip(result, interest, strict=True)]
    return [*rows, ["Surplus for the year", *map(_amount, surplus)]]


def actions() -> Rows:
    return [
        ["No.", "Action", "Owner", "Due"],
        ["1", "Relief cook on Kestrel, Saturdays and Sundays", "S. Achterberg", "4 October 2025"],
        ["2", "Order 60 wet-weather jackets, S to 4XL", "J. Thwaite", "19 September 2025"],
        ["3", "Measure noise in the crew cabins of Bittern", "P. Nandakumar", "30 November 2025"],
    ]


def shuttle() -> Rows:
    return [
        ["Stop", "First bus", "Last bus"],
        ["Ferry House", "06:45", "22:15"],
        ["Market Cross", "06:52", "22:22"],
        ["Thornwick fish quay", "07:05", "22:35"],
    ]


def single_fares() -> list[list[str | float]]:
    return [
        ["From", "To", "Adult (EUR)", "Child (EUR)", "Bicycle (EUR)", "Car (EUR)"],
        ["Halden Quay", "Ostrey", 3.8, 1.9, 1.5, 14.2],
        ["Halden Quay", "Merrow Island", 7.6, 3.8, 2.5, 31.0],
        ["Thornwick", "Saltham", 2.9, 1.45, 1.5, 11.8],
        ["Ostrey", "Merrow Island", 5.4, 2.7, 2.5, 24.6],
    ]


def season_tickets() -> list[list[str | float]]:
    return [
        ["Ticket", "Valid for", "Price (EUR)", "Remarks"],
        ["Islanders' season ticket", "1 month", 48.0, "Proof of residence on Merrow Island"],
        ["Commuter", "1 month", 92.0, "Transferable within a household"],
        ["Explorer", "3 days", 24.5, "All lines except night freight"],
        ["School class", "1 day", 39.0, "Up to 30 pupils and 3 teachers"],
        ["Bicycle, annual", "12 months", 65.0, "One bicycle, not transferable"],
    ]


class Item(NamedTuple):
    """A line of an invoice; the price is in cents, so that totals are exact."""

    text: str
    quantity: int
    unit: str
    cents: int


INVOICE_ITEMS = (
    Item("Shell plating renewed, frames 18 to 26", 14, "m2", 118_500),
    Item("Stern tube seal, type LS-340, fitted", 2, "pcs", 1_264_000),
    Item("Overhaul of bow ramp hydraulics", 1, "lot", 3_875_000),
    Item("Blasting and coating below the waterline", 612, "m2", 6_450),
    Item("Zinc anodes 12 kg", 48, "pcs", 9_180),
    Item("Dry dock, days", 19, "days", 412_000),
    Item("Fire watch, hours", 152, "h", 4_725),
)
VAT_PERCENT = 20


def euros(cents: int) -> str:
    return f"{cents // 100:,}.{cents % 100:02d}"


def invoice_totals() -> tuple[int, int, int]:
    """Net, value-added tax and gross of the invoice, in cents."""
    net = sum(item.quantity * item.cents for item in INVOICE_ITEMS)
    tax = round(net * VAT_PERCENT / 100)
    return net, tax, net + tax


RECEIPT_ITEMS = (
    ("2 Return Merrow Island", 2280),
    ("1 Child return", 570),
    ("2 Bicycle", 500),
    ("1 Thermos tea", 420),
    ("2 Cinnamon bun", 560),
    ("1 Cup deposit", 200),
)


def departures() -> Rows:
    """Every departure of the weekday timetable: line, vessel, from, to, times, days."""
    rows = [["Line", "Vessel", "From", "Departure", "To", "Arrival", "Days"]]
    plan = (
        ("1", ("Avocet", "Kestrel"), "Halden Quay", "Ostrey", 375, 1350, 30, 18),
        ("2", ("Bittern",), "Halden Quay", "Merrow Island", 400, 1330, 90, 52),
        ("3", ("Plover",), "Thornwick", "Saltham", 420, 1200, 40, 12),
    )
    for line, vessels, start, end, first, last, every, duration in plan:
        for number, minute in enumerate(range(first, last + 1, every)):
            there = (start, end) if number % 2 == 0 or every != 90 else (end, start)
            vessel = vessels[number % len(vessels)]
            days = "Mon-Fri" if minute < 420 else "daily"
            times = (clock(minute), clock(minute + duration))
            rows.append([line, vessel, there[0], times[0], there[1], times[1], days])
    return rows


def clock(minute: int) -> str:
    """Minutes after midnight as hh:mm."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


def maintenance_log() -> Rows:
    """A year of work orders, generated from short lists; equal on every run."""
    vessels = ("Kestrel", "Bittern", "Plover", "Avocet", "Heron")
    jobs = (
        ("Cooling water hose exchanged", "Engine"),
        ("Fire extinguishers inspected", "Safety"),
        ("Radar magnetron replaced", "Bridge"),
        ("Bow ramp cylinder resealed", "Deck"),
        ("Life raft sent to service", "Safety"),
        ("Gearbox oil sampled", "Engine"),
        ("Saloon window resealed", "Hull"),
        ("Emergency lighting tested", "Electrical"),
        ("Anchor chain measured", "Deck"),
        ("Battery racks torque-checked", "Electrical"),
        ("Rudder bearing greased", "Hull"),
    )
    rows = [["Order", "Date", "Vessel", "Work", "Section", "Hours", "Cost (EUR)"]]
    for n in range(118):
        work, section = jobs[(n * 7 + n // 11) % len(jobs)]
        vessel = "Avocet" if work.startswith("Battery") else vessels[(n * 3 + n // 5) % 5]
        date = f"2025-{n // 10 + 1:02d}-{n * 11 % 27 + 1:02d}"
        hours = f"{(n * 13 % 37) / 2 + 0.5:.1f}"
        cost = f"{(n * 137 % 2900) + 85:,}.{n * 25 % 100:02d}"
        rows.append([f"WO-{2501 + n}", date, vessel, work, section, hours, cost])
    return rows


def fill(template: str) -> str:
    """Replaces the figures that a text names in braces; tables and charts are left in."""
    values = {"growth": GROWTH, "total_2025": f"{TOTAL_2025:,}"}
    for name, value in values.items():
        template = template.replace("{" + name + "}", value)
    return template


TABLES = {
    "key_figures": key_figures,
    "revenue": revenue,
    "fleet": fleet,
    "income": income,
    "actions": actions,
    "shuttle": shuttle,
}
