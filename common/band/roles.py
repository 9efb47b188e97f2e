"""Which role suits which instrument, and how a line-up shares the roles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from common.band.registers import PERCUSSIVE
from common.band.score import Instrument, Role

# (first program, last program, {role: how well it suits}); the best one is the default.
_SUITED: tuple[tuple[int, int, dict[Role, float]], ...] = (
    (0, 7, {"chords": 5, "melody": 2.5, "arpeggio": 2, "color": 0.5}),  # pianos
    (8, 15, {"color": 3, "melody": 2.5, "arpeggio": 2.5, "counter": 1.5, "chords": 1}),  # mallets
    (16, 20, {"chords": 4, "pad": 3, "melody": 1.5, "counter": 0.5}),  # organs
    (21, 23, {"melody": 3, "chords": 2.5, "counter": 1.5, "pad": 1}),  # accordions, harmonica
    (24, 25, {"chords": 5, "arpeggio": 4, "melody": 1.5, "counter": 0.5}),  # acoustic guitars
    (26, 28, {"chords": 5, "arpeggio": 2, "melody": 1.5, "color": 1}),  # electric guitars
    (29, 30, {"chords": 5, "melody": 2.5, "color": 1}),  # distorted guitars
    (31, 31, {"color": 2, "arpeggio": 1.5}),
    (32, 39, {"bass": 9}),
    (40, 42, {"melody": 4, "counter": 3, "pad": 2, "color": 0.5}),  # solo strings
    (43, 43, {"bass": 4, "pad": 1}),
    (44, 44, {"pad": 4, "chords": 1}),  # tremolo strings
    (45, 45, {"arpeggio": 4, "color": 2, "chords": 1}),  # pizzicato
    (46, 46, {"arpeggio": 5, "color": 1.5, "melody": 1, "chords": 1}),  # harp
    (47, 47, {"color": 9}),  # timpani
    (48, 51, {"pad": 5, "counter": 2, "chords": 1, "melody": 1}),  # string ensembles
    (52, 54, {"pad": 4, "melody": 2.5, "counter": 1.5, "chords": 1}),  # choirs
    (55, 55, {"color": 4, "chords": 1}),  # orchestra hit
    (56, 60, {"melody": 4, "counter": 3, "color": 2, "pad": 1, "chords": 1}),  # solo brass
    (61, 63, {"color": 3, "chords": 3, "pad": 2, "melody": 1, "counter": 1}),  # brass sections
    (64, 71, {"melody": 5, "counter": 3, "color": 1, "pad": 1}),  # reeds
    (72, 79, {"melody": 5, "counter": 3, "color": 1}),  # pipes
    (80, 87, {"melody": 5, "counter": 2, "arpeggio": 2.5, "color": 1}),  # leads
    (88, 95, {"pad": 6, "chords": 1, "counter": 0.5}),  # pads
    (96, 103, {"pad": 3, "arpeggio": 2.5, "color": 1.5, "chords": 1}),  # synthesizer effects
    (104, 104, {"melody": 3, "arpeggio": 2, "color": 1}),  # sitar
    (105, 108, {"arpeggio": 3, "melody": 2, "chords": 1, "color": 1}),  # plucked: banjo .. kalimba
    (109, 111, {"melody": 5, "counter": 1.5}),  # bagpipe, fiddle, shanai
    (112, 113, {"color": 5}),
    (114, 114, {"melody": 3, "color": 2, "arpeggio": 2}),  # steel drums
    (115, 127, {"color": 5}),
)
_MOST_MELODIES = 4  # more would only wait for their turn
_BASS_PLAYERS = (*range(32, 40), 43, 87)


def default_role(program: int, is_drum: bool = False) -> Role:
    """The role that an instrument most often has in a song."""
    if is_drum:
        return "drums"
    suited = _suited(program)
    return max(suited, key=suited.__getitem__)


def assign_roles(
    programs: Sequence[int], has_drums: bool, rng: np.random.Generator
) -> tuple[Instrument, ...]:
    """A line-up of `programs` in order, drums last when the band has them, each with a sensible role.

    One instrument plays the bass where one can; at least one part can play the tune, and at most four are
    meant to. ValueError for no programs at all without drums.
    """
    if not programs and not has_drums:
        raise ValueError("a band needs at least one instrument, got no programs and no drums")
    band: list[Instrument] = []
    for program in programs:
        taken = [instrument.role for instrument in band]
        band.append(Instrument(program, role=_draw_role(program, taken, rng)))
    if band and not any(instrument.role == "melody" for instrument in band):
        singer = max(range(len(band)), key=lambda index: _suited(band[index].program).get("melody", 0.0))
        if _suited(band[singer].program).get("melody"):
            band[singer] = replace(band[singer], role="melody")
    drums = [Instrument(0, is_drum=True, role="drums")] if has_drums else []
    return (*band, *drums)


def can_lead(instrument: Instrument) -> bool:
    """Whether a part can take over the tune: it is no bass, no drum and no percussion of fixed pitch."""
    return not instrument.is_drum and "melody" in _suited(instrument.program)


def _draw_role(program: int, taken: Sequence[Role], rng: np.random.Generator) -> Role:
    """A role by how well it suits, and how often the band has it already."""
    if program in _BASS_PLAYERS and "bass" not in taken:
        return "bass"
    if program in PERCUSSIVE:
        return "color"
    suited = _suited(program)
    weights = []
    for role, weight in suited.items():
        crowd = taken.count(role)
        full = role == "melody" and crowd >= _MOST_MELODIES
        weights.append(0.0 if full else weight * {"melody": 0.4, "chords": 0.8}.get(role, 0.7) ** crowd)
    if not sum(weights):
        return "counter"
    return tuple(suited)[rng.choice(len(suited), p=np.array(weights) / sum(weights))]


def _suited(program: int) -> dict[Role, float]:
    for first, last, suited in _SUITED:
        if first <= program <= last:
            return suited
    raise ValueError(f"program must be 0..127, got {program}")
