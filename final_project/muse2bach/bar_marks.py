"""What a bar shows beside its notes: which accidentals, and how flagged notes are joined by beams."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby

from final_project.muse2bach.chorale import Key
from final_project.muse2bach.notation import SIGNS, Sign, in_signature, signature, spell

FLAGS = {"eighth": 1, "16th": 2}


def accidentals(written: Mapping[int, Sequence[Sign]], key: Key | None) -> dict[tuple[int, int], int]:
    """By (voice, place of the sign) the accidental to show, in semitones, for the voices of one staff.

    An accidental holds for the bar and the staff; a voice that shares the staff is told again where it has
    not been told itself.
    """
    valid: dict[tuple[int | None, str, int], int] = {}  # for a voice, or for the staff (None)
    shown = {}
    in_time = sorted(
        (sign.begin, voice, index) for voice, row in written.items() for index, sign in enumerate(row)
    )
    for _, voice, index in in_time:
        sign = written[voice][index]
        if sign.sung.pitch is None or not sign.first:
            continue
        letter, alter, octave = spell(sign.sung.pitch, key)
        usual = in_signature(letter, signature(key))
        if {valid.get((who, letter, octave), usual) for who in (None, voice)} != {alter}:
            shown[voice, index] = alter
        valid[None, letter, octave] = valid[voice, letter, octave] = alter
    return shown


def beams(row: Sequence[Sign], lead: int, beat: int) -> dict[int, list[tuple[int, str]]]:
    """By place of the sign (level, MusicXML's word) of each beam: flagged notes side by side in one beat.

    lead: where in a full bar the signs begin. beat: its length, both in sixteenths.
    """
    counts = [flags(sign) for sign in row]
    found = {}
    groups = groupby(
        range(len(row)), key=lambda i: ((row[i].begin + lead) // beat, counts[i] > 0, _block(counts, i))
    )
    for _, group in groups:
        members = list(group)
        if len(members) < 2 or not counts[members[0]]:
            continue
        for place, index in enumerate(members):
            before = counts[members[place - 1]] if place else 0
            after = counts[members[place + 1]] if place + 1 < len(members) else 0
            found[index] = [(level, _beam(level, before, after)) for level in range(1, counts[index] + 1)]
    return found


def flags(sign: Sign) -> int:
    """How many flags a sign has; none for rests."""
    return FLAGS.get(SIGNS[sign.length][0], 0) if sign.sung.pitch is not None else 0


def _block(counts: Sequence[int], index: int) -> int:
    """How many signs without flags stand before."""
    return sum(count == 0 for count in counts[:index])


def _beam(level: int, before: int, after: int) -> str:
    if before >= level:
        return "continue" if after >= level else "end"
    if after >= level:
        return "begin"
    return "backward hook" if before else "forward hook"
