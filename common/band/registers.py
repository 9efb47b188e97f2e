"""Where each General MIDI program is at home: its playable range, and how many keys it presses at once.

Ranges are sounding MIDI pitches, the comfortable middle of what orchestration books give for the
instrument (e.g. Adler, The Study of Orchestration), not what a sampler can be made to do. A role narrows
the range further: the same piano plays bass below, chords in the middle and melodies above.
"""

from __future__ import annotations

from dataclasses import dataclass

from common.band.score import Role

# (first program, last program, lowest pitch, highest pitch, keys at once), General MIDI level 1's order.
_PROGRAMS: tuple[tuple[int, int, int, int, int], ...] = (
    (0, 3, 28, 96, 5),  # acoustic and electric grand pianos
    (4, 5, 33, 91, 5),  # electric pianos
    (6, 7, 36, 84, 4),  # harpsichord, clavinet
    (8, 8, 60, 103, 3),  # celesta
    (9, 9, 72, 103, 2),  # glockenspiel
    (10, 10, 60, 96, 3),  # music box
    (11, 11, 53, 89, 4),  # vibraphone
    (12, 12, 48, 93, 3),  # marimba
    (13, 13, 65, 103, 2),  # xylophone
    (14, 14, 60, 77, 2),  # tubular bells
    (15, 15, 50, 88, 3),  # dulcimer
    (16, 20, 36, 91, 5),  # organs
    (21, 21, 48, 89, 4),  # accordion
    (22, 22, 55, 91, 2),  # harmonica
    (23, 23, 45, 88, 4),  # bandoneon
    (24, 25, 40, 83, 5),  # acoustic guitars
    (26, 27, 40, 84, 4),  # clean electric guitars
    (28, 28, 40, 74, 3),  # muted guitar
    (29, 30, 40, 86, 3),  # overdriven and distorted guitars
    (31, 31, 52, 88, 2),  # guitar harmonics
    (32, 39, 28, 55, 1),  # basses
    (40, 40, 55, 98, 1),  # violin
    (41, 41, 48, 84, 1),  # viola
    (42, 42, 36, 74, 1),  # cello
    (43, 43, 28, 57, 1),  # contrabass
    (44, 45, 36, 88, 4),  # tremolo and pizzicato strings
    (46, 46, 36, 91, 5),  # harp
    (47, 47, 40, 57, 1),  # timpani
    (48, 51, 36, 91, 5),  # string ensembles
    (52, 54, 48, 81, 4),  # choirs
    (55, 55, 45, 72, 3),  # orchestra hit
    (56, 56, 54, 84, 1),  # trumpet
    (57, 57, 40, 71, 1),  # trombone
    (58, 58, 28, 57, 1),  # tuba
    (59, 59, 54, 82, 1),  # muted trumpet
    (60, 60, 41, 77, 1),  # horn
    (61, 63, 40, 82, 4),  # brass sections
    (64, 64, 56, 87, 1),  # soprano saxophone
    (65, 65, 49, 81, 1),  # alto saxophone
    (66, 66, 44, 76, 1),  # tenor saxophone
    (67, 67, 37, 69, 1),  # baritone saxophone
    (68, 68, 58, 89, 1),  # oboe
    (69, 69, 52, 81, 1),  # English horn
    (70, 70, 34, 72, 1),  # bassoon
    (71, 71, 50, 89, 1),  # clarinet
    (72, 72, 74, 105, 1),  # piccolo
    (73, 75, 60, 94, 1),  # flute, recorder, pan flute
    (76, 77, 55, 84, 1),  # bottle, shakuhachi
    (78, 79, 60, 91, 1),  # whistle, ocarina
    (80, 86, 40, 96, 1),  # leads
    (87, 87, 28, 84, 1),  # bass and lead
    (88, 95, 36, 91, 4),  # synthesizer pads
    (96, 103, 36, 91, 3),  # synthesizer effects
    (104, 104, 48, 77, 1),  # sitar
    (105, 105, 48, 84, 3),  # banjo
    (106, 106, 50, 79, 2),  # shamisen
    (107, 107, 48, 84, 3),  # koto
    (108, 108, 52, 86, 2),  # kalimba
    (109, 109, 57, 77, 1),  # bagpipe
    (110, 110, 55, 96, 1),  # fiddle
    (111, 111, 60, 84, 1),  # shanai
    (112, 113, 60, 91, 1),  # tinkle bell, agogo
    (114, 114, 52, 86, 2),  # steel drums
    (115, 115, 55, 84, 1),  # wood block
    (116, 118, 36, 67, 1),  # taiko, melodic tom, synthesizer drum
    (119, 119, 48, 72, 1),  # reverse cymbal
    (120, 127, 36, 84, 1),  # sound effects
)
PERCUSSIVE = frozenset((47, *range(112, 114), *range(115, 120)))  # they strike a rhythm, not a tune

GUITARS = range(24, 32)
DISTORTED = range(29, 31)

# Where a role's notes lie when the program's range leaves a choice.
_ROLE_WINDOWS: dict[Role, tuple[int, int]] = {
    "drums": (35, 81),  # the General MIDI drum map
    "bass": (28, 52),
    "chords": (48, 76),
    "pad": (48, 79),
    "melody": (57, 86),
    "counter": (52, 81),
    "arpeggio": (48, 84),
    "color": (55, 91),
}
_GUITAR_CHORDS, _DISTORTED_CHORDS = (43, 70), (40, 64)  # on the low strings
_SMALLEST_WINDOW = 16  # an octave and a third: every melody and every chord finds a place


@dataclass(frozen=True, slots=True)
class Register:
    """The pitches `low` .. `high`, both playable."""

    low: int
    high: int

    def __contains__(self, pitch: int) -> bool:
        return self.low <= pitch <= self.high

    @property
    def centre(self) -> float:
        return (self.low + self.high) / 2

    def fold(self, pitch: int) -> int:
        """The same pitch class inside the register (an octave at least), by as few octaves as possible."""
        while pitch < self.low:
            pitch += 12
        while pitch > self.high:
            pitch -= 12
        return pitch


def playable(program: int) -> Register:
    """The whole range of a General MIDI program."""
    _, _, low, high, _ = _row(program)
    return Register(low, high)


def keys_at_once(program: int) -> int:
    """How many notes of a chord the program plays; 1 for winds, solo strings, leads and basses."""
    return _row(program)[-1]


def register(program: int, role: Role, shift: int = 0) -> Register:
    """Where a program plays a role: the role's window, `shift` semitones higher, cut into its range."""
    low, high = _ROLE_WINDOWS[role]
    if program in GUITARS and role == "chords":
        low, high = _DISTORTED_CHORDS if program in DISTORTED else _GUITAR_CHORDS
    whole = playable(program)
    low = max(min(low + shift, whole.high - _SMALLEST_WINDOW), whole.low)
    high = min(max(high + shift, whole.low + _SMALLEST_WINDOW), whole.high)
    return Register(low, high)


def _row(program: int) -> tuple[int, int, int, int, int]:
    for row in _PROGRAMS:
        if row[0] <= program <= row[1]:
            return row
    raise ValueError(f"program must be 0..127, got {program}")
