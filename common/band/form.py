"""The form of a piece: its sections in bars, and which stretch of the tune each of them plays."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from common.band.patterns.notation import SPANS, Bar, Kind
from common.band.tunes import Chord, Tune, TuneNote

# How full a section is, from 0 to 1, and whether the tune is sung in it.
ENERGIES = {
    "intro": 0.4, "verse": 0.6, "chorus": 0.9, "bridge": 0.5, "solo": 0.65, "break": 0.25, "outro": 0.55,
}  # fmt: skip
UNSUNG = ("intro", "break", "outro")
VOCAL = ("verse", "chorus", "bridge")  # where a singer, if the band has one, sings; a solo is an instrument's
_SHORTEST_SECTION = 6.0  # seconds; long enough for a five-second clip to lie inside
_SCALES = {"major": (0, 2, 4, 5, 7, 9, 11), "minor": (0, 2, 3, 5, 7, 8, 10)}


@dataclass(frozen=True, slots=True)
class SectionPlan:
    """`bars` bars from bar `first` of the form, which play the tune from its bar `tune_bar` on."""

    name: str
    first: int
    bars: int
    tune_bar: int
    energy: float

    @property
    def is_sung(self) -> bool:
        return self.name not in UNSUNG


def kind_of(tune: Tune) -> Kind:
    """The kind of the tune's meter, which decides how rhythms are spelt."""
    numerator, denominator = (int(number) for number in tune.meter.split("/"))
    if denominator >= 8 and numerator % 3 == 0:
        return "six"
    return "three" if numerator % 3 == 0 else "four"


def plan_sections(
    bars: int, bar_seconds: float, tune_bars: int, rng: np.random.Generator
) -> tuple[SectionPlan, ...]:
    """A song of `bars` bars: sections that follow each other without gaps, from intro to outro.

    The tune's bars go round and round through the sung sections; the intro plays the tune's first chords,
    the outro its last.
    """
    names, lengths = _names_and_lengths(bars, bar_seconds, rng)
    tune_bar = 8 * int(rng.integers(max(tune_bars - bars, 0) // 8 + 1))
    plans: list[SectionPlan] = []
    for name, length in zip(names, lengths, strict=True):
        place = {"intro": 0, "outro": tune_bars - length}.get(name, tune_bar) % tune_bars
        energy = float(np.clip(ENERGIES[name] + rng.normal(0, 0.12), 0.1, 1.0))
        plans.append(SectionPlan(name, sum(lengths[: len(plans)]), length, place, energy))
        if name not in ("intro", "outro"):
            tune_bar += length
    return tuple(plans)


def write_bars(
    tune: Tune, plans: tuple[SectionPlan, ...], transposition: int
) -> tuple[tuple[Bar, ...], tuple[TuneNote, ...]]:
    """The bars of the form as the players read them, and the melody of the sung ones, in the piece's key."""
    kind, length, count = kind_of(tune), tune.beats_per_bar, tune.bars
    scale = frozenset((tune.tonic + transposition + step) % 12 for step in _SCALES[tune.mode])
    places = [(plan, place, (plan.tune_bar + place) % count) for plan in plans for place in range(plan.bars)]
    bars: list[Bar] = []
    for index, (plan, place, number) in enumerate(places):
        start = index * length
        chords = _chords(tune, number, start, transposition)
        notes = _notes(tune, number, start, transposition) if plan.is_sung else ()
        phase = (index * length) % SPANS[kind] if length < SPANS[kind] else 0.0
        bars.append(
            Bar(start, length, kind, chords, chords[-1], notes, scale, plan.energy, place, plan.bars, phase)
        )
    followed = [
        replace(bar, next_chord=after.chords[0])
        for bar, after in zip(bars, [*bars[1:], bars[0]], strict=True)
    ]
    followed[-1] = replace(followed[-1], closing=True)
    return tuple(followed), tuple(_clipped(followed, places, count))


def _names_and_lengths(
    bars: int, bar_seconds: float, rng: np.random.Generator
) -> tuple[list[str], list[int]]:
    """Sections of 2, 4, 8 or 16 bars; what does not fit belongs to the last."""
    unit = next((n for n in (2, 4, 8) if n * bar_seconds >= _SHORTEST_SECTION), 16)
    intro = unit * int(rng.random() < 0.75) if bars >= 3 * unit else 0
    outro = unit * int(rng.random() < 0.6) if bars >= 4 * unit else 0
    names, lengths = ["intro"] * bool(intro), [intro] * bool(intro)
    middle = str(rng.choice(["bridge", "solo", "break", "solo"]))
    order = [["verse", "chorus", "verse", "chorus", middle, "chorus"], ["chorus", "verse", middle, "chorus"]]
    body = order[int(rng.random() < 0.25)]
    left = bars - intro - outro
    while left > 0:
        name = body[(len(lengths) - bool(intro)) % len(body)]
        length = unit * (2 if name in ("verse", "chorus") and rng.random() < 0.35 else 1)
        length = min(length, left) if left - length >= unit / 2 else left
        names.append(name)
        lengths.append(length)
        left -= length
    return names + ["outro"] * bool(outro), lengths + [outro] * bool(outro)


def _chords(tune: Tune, bar: int, start: float, transposition: int) -> tuple[Chord, ...]:
    """The tune's chords in one of its bars, cut at its ends, moved to `start`."""
    low, high = bar * tune.beats_per_bar, (bar + 1) * tune.beats_per_bar
    inside = [c for c in tune.chords if c.onset < high - 1e-6 and c.onset + c.duration > low + 1e-6]
    if not inside:
        inside = [Chord(low, high - low, tune.tonic, "min" if tune.mode == "minor" else "maj")]
    chords = []
    for index, chord in enumerate(inside):
        onset = max(chord.onset, low) if index else low
        end = inside[index + 1].onset if index + 1 < len(inside) else high
        root = (chord.root + transposition) % 12
        chords.append(Chord(onset - low + start, end - onset, root, chord.quality))
    return tuple(chords)


def _notes(tune: Tune, bar: int, start: float, transposition: int) -> tuple[TuneNote, ...]:
    """The tune's notes that begin in one of its bars, moved to `start`."""
    low, high = bar * tune.beats_per_bar, (bar + 1) * tune.beats_per_bar
    return tuple(
        TuneNote(float(note.onset - low + start), float(note.duration), note.pitch + transposition)
        for note in tune.notes
        if low - 1e-6 <= note.onset < high - 1e-6
    )


def _clipped(bars: list[Bar], places: list[tuple[SectionPlan, int, int]], count: int) -> list[TuneNote]:
    """The melody of all bars; a note ends with its bar where the form does not go on with the tune's next."""
    notes: list[TuneNote] = []
    for index, bar in enumerate(bars):
        follows = index + 1 < len(bars) and bars[index + 1].melody
        goes_on = follows and places[index + 1][2] == (places[index][2] + 1) % count
        end = bars[-1].end if goes_on else bar.end
        notes += [replace(note, duration=min(note.duration, end - note.onset)) for note in bar.melody]
    following = [note.onset for note in notes[1:]] + [np.inf]
    return [
        replace(note, duration=min(note.duration, after - note.onset))
        for note, after in zip(notes, following, strict=False)
        if after > note.onset + 1e-6
    ]
