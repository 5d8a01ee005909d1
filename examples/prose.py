"""Endless, varied log entries of the ferry company, equal for equal seeds."""

from __future__ import annotations

import datetime as dt
import random
from string import Formatter

from examples.company import Rows

SLOTS: dict[str, tuple[str, ...]] = {
    "vessel": ("Kestrel", "Bittern", "Plover", "Avocet", "Heron"),
    "place": (
        "Ostrey pier", "Halden Quay", "Merrow Island", "Thornwick", "Saltham", "Halden Docks",
        "the Cathedral Steps", "buoy S4", "the gasworks", "the old fish quay", "Crail bend",
    ),
    "part": (
        "bow thruster", "port generator", "starboard main engine", "bilge pump", "ramp cylinder",
        "radar", "steering gear", "fire main", "fuel separator", "sewage tank", "cooling pump",
        "battery rack", "echo sounder", "windlass", "emergency generator", "air compressor",
    ),
    "fault": (
        "vibrated noticeably", "lost pressure", "ran hot", "tripped its breaker", "leaked oil",
        "gave no reading", "stopped without a warning", "had to be bled twice", "made a dull knock",
        "showed a rising insulation fault", "worked only on the second attempt",
    ),
    "remedy": (
        "the filter was changed", "a new gasket was fitted", "the spare from locker 7 was put in",
        "the terminals were cleaned and tightened", "the yard was asked for a quotation",
        "the valve was reground", "the fuse was replaced", "the load was moved to the other side",
        "the sensor was recalibrated", "nothing further was done until the relief came",
    ),
    "weather": (
        "thick fog", "a fresh south-westerly", "sleet", "clear frost", "a thunderstorm",
        "drizzle and a low ceiling", "bright sun", "a swell from passing tankers", "driving rain",
    ),
    "cargo": (
        "a lorry of roof tiles", "two horse boxes", "the island's mail", "a crane for the school",
        "eleven pallets of bottled gas", "a wedding party", "forty cyclists", "a hearse",
        "the fire engine from Crail", "six beehives", "a grand piano", "seed potatoes",
        "a choir from Brannock", "medicine for the island surgery", "three calves",
    ),
    "person": (
        "Captain Wren", "Priya Nandakumar", "Jonas Thwaite", "Mirela Petrescu", "deck hand Nils",
        "Colm Draycott", "the pilot", "Captain Achterberg", "the apprentice", "the surveyor",
    ),
    "event": (
        "a sheep had strayed onto the ramp", "a child's balloon fouled the antenna",
        "a kayak crossed the bow", "the lock keeper did not answer", "a passenger felt faint",
        "a dog jumped overboard and was recovered", "an umbrella fell into the linkspan",
        "the gangway lamp failed", "a suitcase was left behind", "a swan nested on the fender",
    ),
}  # fmt: skip
TEMPLATES = (
    "At {clock} the {part} of {vessel} {fault}; {remedy}.",
    "{vessel} left {place} {n} minutes late because {event}.",
    "In {weather} {person} took her past {place} at {speed} knots.",
    "On the {clock} sailing we carried {cargo} and {n} passengers from {place}.",
    "{person} reported that the {part} {fault} again, after {hours} running hours.",
    "Soundings off {place} gave {depth} metres, {n} centimetres less than the chart says.",
    "The counter of the {part} stood at {reading}; {remedy} and {person} signed for it.",
    "Between {place} and {place} {event}, and {vessel} stopped for {n} minutes.",
    "Fuel on board {litres} litres, consumption since midnight {n} litres an hour.",
    "{person} held a drill at {place}: muster after {n} minutes, boat in the water at {clock}.",
    "Because of {weather} the sailing at {clock} was cancelled, and {cargo} waited at {place}.",
    "Cash in the box of machine TM-{n:02d} came to EUR {price}, which agrees with the roll.",
    "The {part} was opened: wear {depth} millimetres on the inner race, limit {speed} millimetres.",
    "Nothing to report from {place} but {weather}, and {cargo} on the car deck.",
)


class LogBook:
    """A source of headings, sentences, paragraphs and tables."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def sentence(self) -> str:
        """One sentence; its slots are filled afresh each time."""
        template = self.random.choice(TEMPLATES)
        values: list[str] = []
        for text, slot, form, _ in Formatter().parse(template):
            values.append(text)
            if slot:
                values.append(self._fill(slot, form or ""))
        line = "".join(values)
        return line[0].upper() + line[1:]

    def _fill(self, slot: str, form: str) -> str:
        pick = self.random
        match slot:
            case "clock":
                return f"{pick.randrange(24):02d}:{pick.randrange(60):02d}"
            case "n":
                return format(pick.randrange(2, 97), form)
            case "speed" | "depth":
                return f"{pick.uniform(1, 12):.1f}"
            case "hours" | "litres" | "reading":
                return f"{pick.randrange(800, 60_000):,}"
            case "price":
                return f"{pick.randrange(20_000, 900_000) / 100:,.2f}"
            case _:
                return pick.choice(SLOTS[slot])

    def paragraph(self, sentences: int) -> str:
        return " ".join(self.sentence() for _ in range(sentences))

    def heading(self, number: int) -> str:
        """The heading of entry `number`, which no other entry shares."""
        day = dt.date(2010, 1, 1) + dt.timedelta(days=number % 5800)
        vessel = SLOTS["vessel"][number % 5]
        return f"Log entry {number:06d}, MV {vessel}, {day.day} {day:%B %Y}"

    def table(self, rows: int) -> Rows:
        """Readings of the engine room, with a heading row."""
        table = [["Time", "Part", "Place", "Reading", "Litres"]]
        for _ in range(rows):
            slots = ("clock", "part", "place", "depth", "litres")
            table.append([self._fill(slot, "") for slot in slots])
        return table
