"""Which instruments play together: bands of popular music, each with drums, bass and two to five others.

A choir, where there is one, belongs to the vocals stem; programs that imitate voices are played by nobody
else.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np

from common.band.presets import Key
from common.band.roles import can_lead
from common.band.score import Instrument, Role

Programs = tuple[int, ...]  # General MIDI; one that is named twice is as likely again

CHOIRS: Programs = (52, 53, 54)  # their part is in the vocals stem
CHOIR_SHARE = 0.3
FEWEST, MOST = 2, 5  # players besides drums and bass

PIANOS, ELECTRIC_PIANOS, ORGANS = (0, 0, 1, 2), (4, 5), (16, 17, 18)
ACOUSTIC_GUITARS, CLEAN_GUITARS, DRIVEN_GUITARS = (24, 25, 25), (26, 27, 27, 28), (29, 30)
STRINGS, BOWED = (48, 49, 50, 51), (40, 41, 42, 110)
WINDS, SAXOPHONES, BRASS, HORNS = (68, 71, 73, 74, 75), (64, 65, 66), (56, 57, 60), (61, 62, 63)
LEADS, PADS, SPARKLES = (80, 81, 84, 87), (88, 89, 90, 92, 94, 95), (80, 81, 96, 98, 99, 11)
ELECTRIC_BASSES, SYNTH_BASSES = (33, 33, 33, 34, 34, 35, 36), (38, 39)
ROCK_KITS, JAZZ_KITS, MACHINES = (0, 0, 8, 16), (32, 40, 0), (24, 25)


@dataclass(frozen=True, slots=True)
class Player:
    """One of `programs`, who plays `role` in a `share` of the bands."""

    programs: Programs
    role: Role
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class Band:
    """A kind of band: how common it is, its drum kits, its basses, its players in order of importance."""

    weight: float
    kits: Programs
    basses: Programs
    players: tuple[Player, ...]


BANDS: dict[str, Band] = {
    "pop": Band(2.5, (*ROCK_KITS, *MACHINES), (*ELECTRIC_BASSES, 38), (
        Player((*PIANOS, *ELECTRIC_PIANOS), "chords"),
        Player((*ACOUSTIC_GUITARS, *CLEAN_GUITARS), "arpeggio", 0.9),
        Player((*STRINGS, *PADS), "pad", 0.6),
        Player((*CLEAN_GUITARS, *SAXOPHONES, *LEADS), "melody", 0.6),
    )),
    "rock": Band(2.5, ROCK_KITS, (33, 34, 34), (
        Player(DRIVEN_GUITARS, "chords"),
        Player((27, *DRIVEN_GUITARS), "melody", 0.8),
        Player((25, 27, 28), "chords", 0.6),
        Player((*ORGANS, 0, 1), "pad", 0.4),
    )),
    "acoustic": Band(2.0, (0, 0, 40), (32, 33, 35), (
        Player(ACOUSTIC_GUITARS, "chords"),
        Player((*ACOUSTIC_GUITARS, 46, 105), "arpeggio", 0.9),
        Player((*BOWED, 21, 22, 73, 0), "melody", 0.8),
        Player((42, 48, 49), "pad", 0.4),
    )),
    "ballad": Band(1.5, (0, 16, 40), (32, 33, 35), (
        Player(PIANOS, "chords"),
        Player(STRINGS, "pad", 0.9),
        Player((*ACOUSTIC_GUITARS, 46), "arpeggio", 0.6),
        Player((*WINDS, *BOWED, 60), "melody", 0.6),
    )),
    "soul": Band(1.5, ROCK_KITS, ELECTRIC_BASSES, (
        Player((*ELECTRIC_PIANOS, *ORGANS), "chords"),
        Player((27, 28), "chords", 0.9),
        Player(HORNS, "color", 0.6),
        Player((*SAXOPHONES, *BRASS), "melody", 0.7),
        Player((7, 11), "arpeggio", 0.3),
    )),
    "electronic": Band(2.0, MACHINES, SYNTH_BASSES, (
        Player(PADS, "pad"),
        Player(SPARKLES, "arpeggio", 0.9),
        Player(LEADS, "melody", 0.8),
        Player((*ELECTRIC_PIANOS, 62, 63, 90), "chords", 0.6),
    )),
    "jazz": Band(1.0, JAZZ_KITS, (32, 32, 35), (
        Player((*PIANOS, 4, 26), "chords"),
        Player((*SAXOPHONES, *BRASS, 71, 11), "melody"),
        Player((26, 11), "arpeggio", 0.4),
    )),
    "reeds and keys": Band(0.8, (0, 8, 40), (32, 33), (
        Player((21, 23, 19, 20), "chords"),
        Player((*WINDS, *BOWED), "melody"),
        Player((24, 25, 15), "arpeggio", 0.7),
    )),
}  # fmt: skip


def draw_lineup(rng: np.random.Generator, available: Collection[Key]) -> tuple[Instrument, ...]:
    """Drums, bass, others and perhaps a choir, with programs that are `available` in their split."""
    weights = np.array([band.weight for band in BANDS.values()])
    band = list(BANDS.values())[rng.choice(len(BANDS), p=weights / weights.sum())]
    drums = Instrument(_draw(rng, band.kits, [("drums", kit) for kit in band.kits], available), True, "drums")
    bass = Instrument(_draw(rng, band.basses, band.basses, available), role="bass")
    choir = []
    if rng.random() < CHOIR_SHARE and set(CHOIRS) & set(available):
        choir = [Instrument(_draw(rng, CHOIRS, CHOIRS, available), role="pad")]
    return (drums, bass, *_draw_others(rng, band.players, available), *choir)


def is_choir(instrument: Instrument) -> bool:
    """Whether the part belongs to the vocals."""
    return not instrument.is_drum and instrument.program in CHOIRS


def _draw_others(
    rng: np.random.Generator, players: Sequence[Player], available: Collection[Key]
) -> list[Instrument]:
    """Two to five of the players; one of them at least can play the tune in a solo."""
    known = [player for player in players if set(player.programs) & set(available)]
    lots = rng.random(len(known))
    asked = [lot < player.share for lot, player in zip(lots, known, strict=True)]
    for place in range(len(known)):  # the most important ones come if too few were asked
        asked[place] |= sum(asked) < FEWEST
    drawn = [
        Instrument(_draw(rng, player.programs, player.programs, available), role=player.role)
        for player, comes in zip(known, asked, strict=True)
        if comes
    ][:MOST]
    if not any(can_lead(instrument) for instrument in drawn):
        drawn[0] = replace(drawn[0], program=next(key for key in (0, 1, 2, 4) if key in available))
    return drawn


def _draw(
    rng: np.random.Generator, programs: Programs, keys: Sequence[Key], available: Collection[Key]
) -> int:
    """One of the programs whose key is available."""
    return int(rng.choice([program for program, key in zip(programs, keys, strict=True) if key in available]))
