"""The meters that the band plays, and how others are written in them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Meter:
    """`name` as it is called, `beats_per_bar` in quarter notes; written durations are times `stretch`."""

    name: str
    beats_per_bar: float
    stretch: float = 1.0


# What is written in halves or eighths is played in quarters: 3/2 and 3/8 are 3/4 to the ear.
METERS = {
    "C": Meter("4/4", 4.0),
    "4/4": Meter("4/4", 4.0),
    "C|": Meter("4/4", 4.0),
    "2/2": Meter("4/4", 4.0),
    "4/2": Meter("4/4", 4.0, 0.5),
    "2/4": Meter("2/4", 2.0),
    "3/4": Meter("3/4", 3.0),
    "3/2": Meter("3/4", 3.0, 0.5),
    "3/8": Meter("3/4", 3.0, 2.0),
    "6/8": Meter("6/8", 3.0),
    "6/4": Meter("6/8", 3.0, 0.5),
    "9/8": Meter("9/8", 4.5),
    "12/8": Meter("12/8", 6.0),
}
