"""Which instruments play together: bands as in Slakh2100, and the small ensembles of acoustic recordings.

A line-up is drawn class by class, so that each class of the assignment is about as common as in the course's
release. Parts pause, so a class is in more pieces than in 5-second clips: `SHARES` and `MORE` were set so
that the clips of 150 arranged pieces come within 0.06 of the release's shares; guitar and bass, which most
small ensembles lack, stay up to 0.15 behind. Training has more of the classes that the release has little of.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np

from common.band.presets import Key
from common.band.roles import assign_roles
from common.band.score import Instrument

DRUMS_SHARE = 0.92
SMALL_SHARE = 0.15  # of all pieces: no band, but two to four players
FEWEST, MOST = 6, 12  # parts of a band, drums included

# The share of bands that have the class, and the share of these that have one instrument more of it.
SHARES = {
    "piano": 1.0, "percussion": 0.19, "organ": 0.26, "guitar": 1.0, "bass": 1.0,
    "strings": 0.75, "voice": 0.32, "wind": 0.52, "synth": 0.48,
}  # fmt: skip
MORE = {
    "piano": 0.65, "percussion": 0.1, "organ": 0.0, "guitar": 0.8, "bass": 0.08,
    "strings": 0.35, "voice": 0.0, "wind": 0.4, "synth": 0.3,
}  # fmt: skip
RARE = ("percussion", "organ", "voice", "synth")
RARE_IN_TRAINING = 1.5  # times as many bands have them: an hour of music shall teach them, too

# How often pop, rock and folk arrangements call for each program, by class; 1 for those not listed.
PROGRAMS: dict[str, dict[int, float]] = {
    "piano": {0: 12, 1: 8, 2: 5, 3: 3, 4: 8, 5: 7, 6: 2, 7: 2, 108: 0.7},
    "percussion": {8: 2, 9: 4, 10: 2, 11: 6, 12: 4, 13: 3, 14: 2, 15: 1, 112: 0.5, 113: 0.5, 114: 1.5,
                   115: 0.7, 116: 0.7, 117: 0.7, 118: 0.7, 119: 0.3},
    "organ": {16: 6, 17: 6, 18: 8, 19: 4, 20: 2, 21: 4, 22: 3, 23: 1},
    "guitar": {24: 8, 25: 12, 26: 6, 27: 10, 28: 5, 29: 8, 30: 8, 31: 1},
    "bass": {32: 6, 33: 12, 34: 6, 35: 4, 36: 2, 37: 2, 38: 5, 39: 4},
    "strings": {40: 4, 41: 2, 42: 3, 43: 1, 44: 1.5, 45: 3, 46: 3, 47: 1, 48: 12, 49: 8, 50: 5, 51: 3,
                55: 0.5, 104: 0.5, 105: 1, 106: 0.5, 107: 0.5, 110: 1.5},
    "voice": {52: 6, 53: 5, 54: 3},
    "wind": {56: 6, 57: 4, 58: 1.5, 59: 2, 60: 4, 61: 7, 62: 3, 63: 2, 64: 3, 65: 6, 66: 6, 67: 2.5, 68: 3,
             69: 1.5, 70: 2, 71: 4, 72: 2, 73: 7, 74: 2, 75: 3, 76: 0.7, 77: 0.7, 78: 1.5, 79: 1.5, 109: 0.5,
             111: 0.3},
    "synth": {80: 5, 81: 6, 82: 2, 83: 1, 84: 2, 85: 2, 86: 2, 87: 3, 88: 3, 89: 5, 90: 4, 91: 3, 92: 1.5,
              93: 1.5, 94: 2, 95: 3, 96: 1, 97: 2, 98: 2, 99: 3, 100: 2, 101: 0.7, 102: 1.5, 103: 1},
}  # fmt: skip
KITS = {0: 10, 8: 4, 16: 4, 24: 2, 25: 3, 32: 3, 40: 2, 48: 1}

# Small ensembles: (weight, players); a player is a tuple of programs, one of which plays, and a role.
KEYS, BOWED, PLUCKED = (0, 1, 2, 3), (40, 41, 42, 110), (24, 25, 26)
SOFT_WINDS = (64, 65, 66, 67, 68, 69, 70, 71, 73, 74, 75)
BRASS = (56, 57, 58, 59, 60)
VOICES, ORGANS, SECTIONS = (52, 53, 54), (16, 17, 18, 19, 20, 21, 23), (44, 48, 49, 50, 51)
BASSES = tuple(PROGRAMS["bass"])
SMALL: tuple[tuple[float, tuple[tuple[tuple[int, ...], str], ...]], ...] = (
    (2.0, ((KEYS, "melody"), (KEYS, "chords"))),  # a piano: one hand each
    (1.0, ((PLUCKED, "melody"), (PLUCKED, "arpeggio"))),  # guitar duo
    (2.0, ((BOWED, "melody"), (BOWED, "counter"), (BOWED, "pad"), ((42, 43), "bass"))),  # string quartet
    (1.5, ((KEYS, "chords"), (BOWED, "melody"), ((42, 43), "bass"))),  # piano trio
    (1.0, ((SECTIONS, "pad"), (BOWED, "melody"), ((43, 45), "counter"))),  # strings alone
    (1.5, ((SOFT_WINDS, "melody"), (KEYS, "chords"))),
    (1.0, ((SOFT_WINDS, "melody"), (SOFT_WINDS, "counter"), ((60, 67, 70), "bass"))),  # winds
    (1.0, ((BRASS, "melody"), (BRASS, "counter"), ((57, 58, 60), "bass"))),  # brass
    (1.0, ((VOICES, "melody"), (PLUCKED, "arpeggio"))),
    (1.0, ((VOICES, "melody"), (VOICES, "pad"), (ORGANS, "chords"))),  # choir and organ
    (0.7, ((ORGANS, "melody"), (ORGANS, "pad"))),
    (0.7, (((73, 74, 75), "melody"), ((46, 24, 45), "arpeggio"))),  # flute and harp
    (0.7, (((8, 9, 10, 11, 12, 13, 14), "melody"), (KEYS, "chords"))),  # mallets and piano
    (2.5, ((KEYS, "melody"), (BASSES, "bass"), ((0,), "drums"))),  # jazz trio
    (2.5, (((25, 27, 28, 29, 30), "melody"), (BASSES, "bass"), ((0,), "drums"))),  # rock trio
    (0.7, (((80, 81, 86, 87, 90), "melody"), ((88, 89, 92, 95, 97), "pad"), ((38, 39), "bass"))),
)  # fmt: skip


def draw_lineups(
    rng: np.random.Generator, available: Collection[Key], count: int, *, training: bool, most: int = MOST
) -> list[tuple[Instrument, ...]]:
    """`count` line-ups of `most` players at most, with programs that are `available` in their split.

    Each class comes as often as its share of `count` says, as nearly as it can (Latin hypercube sampling):
    by chance alone a test split of 13 pieces might have no percussion. `training`: more of `RARE`.
    """
    lots = np.stack([(rng.permutation(count) + rng.random(count)) / count for _ in range(1 + len(SHARES))])
    lineups = []
    for small, *classes in lots.T:
        if small < SMALL_SHARE:
            lineups.append(_draw_small(rng, available))
            continue
        factors = [RARE_IN_TRAINING if training and name in RARE else 1.0 for name in SHARES]
        chances = zip(SHARES.items(), factors, classes, strict=True)
        names = [name for (name, share), factor, lot in chances if lot < share * factor]
        band = _draw_band(rng, available, names)
        kept = sorted(rng.choice(len(band), size=min(most, len(band)), replace=False))
        lineups.append(tuple(band[place] for place in kept))
    return lineups


def _draw_band(
    rng: np.random.Generator, available: Collection[Key], names: Sequence[str]
) -> tuple[Instrument, ...]:
    """Six to twelve players of these classes, and most often drums."""
    while True:
        programs: list[int] = []
        for name in names:
            programs += _draw_programs(rng, PROGRAMS[name], available, 1 + int(rng.random() < MORE[name]))
        has_drums = rng.random() < DRUMS_SHARE
        if FEWEST <= len(programs) + has_drums <= MOST:
            break
    band = assign_roles([int(program) for program in rng.permutation(programs)], has_drums, rng)
    return tuple(_with_kit(rng, instrument, available) for instrument in band)


def _draw_small(rng: np.random.Generator, available: Collection[Key]) -> tuple[Instrument, ...]:
    """One of `SMALL` whose every player has a program in this split."""
    choices = [(weight, players) for weight, players in SMALL if _all_available(players, available)]
    weights = np.array([weight for weight, _ in choices])
    _, players = choices[rng.choice(len(choices), p=weights / weights.sum())]
    lineup, both_hands = [], {}
    for programs, role in players:
        known = [program for program in programs if program in available]
        if role == "drums":
            lineup.append(_with_kit(rng, Instrument(0, is_drum=True, role="drums"), available))
        else:
            drawn = int(rng.choice(known))
            if programs in (KEYS, ORGANS):  # two parts of a piano are its player's two hands
                drawn = both_hands.setdefault(programs, drawn)
            lineup.append(Instrument(drawn, role=role))
    return tuple(lineup)


def _all_available(players: tuple[tuple[tuple[int, ...], str], ...], available: Collection[Key]) -> bool:
    return all(
        role == "drums" or any(program in available for program in programs) for programs, role in players
    )


def _draw_programs(
    rng: np.random.Generator, weights: dict[int, float], available: Collection[Key], count: int
) -> list[int]:
    """`count` programs of a class, different ones where the split has as many."""
    known = [program for program in weights if program in available]
    odds = np.array([weights[program] for program in known])
    drawn = rng.choice(known, size=count, replace=count > len(known), p=odds / odds.sum())
    return [int(program) for program in drawn]


def _with_kit(rng: np.random.Generator, instrument: Instrument, available: Collection[Key]) -> Instrument:
    """Drums with one of the kits; others as they are."""
    if not instrument.is_drum:
        return instrument
    known = [kit for kit in KITS if ("drums", kit) in available]
    odds = np.array([KITS[kit] for kit in known], dtype=float)
    return replace(instrument, program=int(rng.choice(known, p=odds / odds.sum())))
