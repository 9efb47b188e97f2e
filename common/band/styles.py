"""The styles that the band knows: tempo, swing, and how each role tends to play.

The names of grooves, bass lines, comping rhythms and figures are those of the modules in `patterns`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from common.band.score import Instrument


@dataclass(frozen=True, slots=True)
class Style:
    """One manner of playing: `tempo` in pulses per minute, lowest and highest.

    `swing` is the share of a beat that its first eighth takes, lowest and highest (0.5 is even); it falls on
    sixteenths instead where `swings_sixteenths`. `looseness` is the deviation of onsets in seconds.
    """

    name: str
    tempo: tuple[float, float]
    grooves: tuple[str, ...]
    basses: tuple[str, ...]
    comping: tuple[str, ...]
    figures: tuple[str, ...]
    swing: tuple[float, float] = (0.5, 0.5)
    swings_sixteenths: bool = False
    looseness: tuple[float, float] = (0.005, 0.012)
    drumless: float = 0.4  # how often it is chosen without drums, relative to the other styles
    common: float = 1.0  # how often with drums


STYLES: tuple[Style, ...] = (
    Style(
        "pop",
        (88, 132),
        ("pop", "rock", "four on the floor"),
        ("pop", "eighths", "root fifth"),
        ("push", "quarters", "strum", "long"),
        ("wave", "up", "ballad"),
        common=2.5,
    ),
    Style(
        "rock",
        (100, 160),
        ("rock",),
        ("eighths", "pop", "quarters"),
        ("eighths", "strum", "push", "quarters"),
        ("picking", "up"),
        common=2.5,
        drumless=0.1,
    ),
    Style(
        "ballad",
        (60, 92),
        ("ballad", "pop"),
        ("long", "sparse", "pop"),
        ("long", "quarters", "push"),
        ("ballad", "wave", "picking"),
        common=1.5,
        drumless=2.0,
    ),
    Style(
        "folk",
        (84, 132),
        ("folk", "train"),
        ("root fifth", "quarters"),
        ("strum", "backbeats"),
        ("picking", "wave"),
        drumless=2.0,
    ),
    Style(
        "country",
        (90, 144),
        ("train", "folk", "rock"),
        ("root fifth", "walking"),
        ("strum", "backbeats", "offbeats"),
        ("picking",),
    ),
    Style(
        "jazz",
        (84, 168),
        ("swing", "shuffle"),
        ("walking", "walking", "root fifth"),
        ("jazz", "quarters", "long"),
        ("wave", "leaps"),
        swing=(0.58, 0.67),
        looseness=(0.008, 0.015),
        drumless=1.0,
    ),
    Style(
        "blues",
        (76, 132),
        ("shuffle", "rock"),
        ("walking", "quarters"),
        ("quarters", "backbeats", "jazz"),
        ("alberti", "picking"),
        swing=(0.58, 0.67),
        looseness=(0.008, 0.015),
    ),
    Style(
        "funk",
        (84, 116),
        ("funk",),
        ("funk", "pop"),
        ("funk", "stabs", "jazz"),
        ("leaps", "up"),
        swing=(0.5, 0.58),
        swings_sixteenths=True,
        drumless=0.1,
    ),
    Style(
        "disco",
        (108, 132),
        ("four on the floor",),
        ("octaves", "eighths"),
        ("offbeats", "stabs", "funk"),
        ("up", "leaps"),
        drumless=0.1,
    ),
    Style(
        "electronic",
        (96, 140),
        ("four on the floor", "breakbeat", "pop"),
        ("octaves", "eighths", "pop"),
        ("offbeats", "push", "stabs"),
        ("up", "leaps", "wave", "down"),
        looseness=(0.0, 0.003),
        drumless=0.3,
    ),
    Style(
        "latin",
        (92, 144),
        ("latin",),
        ("latin", "root fifth"),
        ("push", "offbeats", "jazz"),
        ("picking", "leaps"),
    ),
    Style(
        "reggae",
        (66, 96),
        ("reggae",),
        ("reggae",),
        ("offbeats", "backbeats"),
        ("alberti",),
        common=0.6,
        drumless=0.1,
    ),
    Style(
        "chamber",
        (60, 120),
        ("light", "folk"),
        ("long", "quarters", "root fifth"),
        ("long", "quarters", "backbeats"),
        ("alberti", "wave", "ballad"),
        looseness=(0.008, 0.016),
        common=0.5,
        drumless=2.5,
    ),
)


def draw_style(instruments: Sequence[Instrument], rng: np.random.Generator) -> Style:
    """A style that suits the line-up: distortion rocks, who have no drums play ballads, folk and chamber."""
    programs = {instrument.program for instrument in instruments if not instrument.is_drum}
    has_drums = any(instrument.is_drum for instrument in instruments)
    weights = []
    for style in STYLES:
        weight = style.common if has_drums else style.drumless
        if programs & {29, 30}:
            weight *= 3.0 if style.name in ("rock", "pop") else 0.4
        if programs & set(range(80, 104)) and style.name in ("electronic", "disco", "pop"):
            weight *= 2.0
        weights.append(weight)
    return STYLES[rng.choice(len(STYLES), p=np.array(weights) / sum(weights))]
