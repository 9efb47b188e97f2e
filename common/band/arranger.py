"""A small band arranges a tune.

    instruments = assign_roles([0, 25, 33, 48, 73], has_drums=True, rng=rng)
    piece = arrange(tune, instruments, rng=rng, duration=60.0)

The tune gives melody and chords, everything else is drawn: key, style, tempo and swing, the form, who plays
in which section, and the pattern that each player repeats and varies there. The same generator state gives
the same piece.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from common.band.casting import Cast, cast_sections
from common.band.feel import SHORTEST, Feel, Touch, draw_beat_times, draw_tempo, perform, without_collisions
from common.band.form import SectionPlan, kind_of, plan_sections, write_bars
from common.band.patterns.choice import choose_pattern
from common.band.patterns.chords import sustained
from common.band.patterns.drums import last_stroke
from common.band.patterns.notation import PULSES, Bar, Event, join_ties
from common.band.patterns.player import Pattern, Player
from common.band.registers import PERCUSSIVE
from common.band.roles import assign_roles, default_role
from common.band.score import BandPart, Instrument, Piece, Role, Section
from common.band.styles import Style, draw_style
from common.band.tunes import Chord, Tune, TuneNote
from common.synthesis import Note

__all__ = ["LEVELS", "arrange", "assign_roles", "default_role"]

# Loudness in dB relative to the melody: closer together than in pop productions, as in Slakh2100, whose stems
# are all normalized to one loudness.
LEVELS: dict[Role, float] = {
    "melody": 0.0,
    "drums": -1.0,
    "bass": -1.0,
    "counter": -2.0,
    "chords": -4.0,
    "arpeggio": -4.0,
    "color": -4.0,
    "pad": -6.0,
}
_LEVEL_DEVIATION = 2.0  # dB
_WIDTHS: dict[Role, float] = {"drums": 0.05, "bass": 0.08, "melody": 0.2, "pad": 0.4}  # the others: 0.8
_CLEAN_ENDINGS = 0.8  # of the pieces end with a last chord, the others are cut off as a fade-out would be
_FEWEST_BARS = 4
_SUNG_VELOCITY = 90


def arrange(
    tune: Tune,
    instruments: Sequence[Instrument],
    *,
    rng: np.random.Generator,
    duration: float,
    singer: bool = False,
    transposition: int | None = None,
) -> Piece:
    """A piece of about `duration` seconds (to the nearest bar, four bars at least) for `instruments`.

    Each instrument becomes one part, in the order given. `singer`: somebody sings the tune in the sections of
    `form.VOCAL`, and the band leaves it to them. `transposition` in semitones; drawn from -5..6 if None.
    ValueError without instruments or for a duration that is not positive.
    """
    if not instruments:
        raise ValueError("a band needs at least one instrument, got none")
    if not duration > 0:
        raise ValueError(f"duration must be > 0 seconds, got {duration}")
    style = draw_style(instruments, rng)
    tempo = draw_tempo(style.tempo, PULSES[kind_of(tune)], len(tune.notes) / tune.length, rng)
    bar_seconds = tune.beats_per_bar * 60 / tempo
    bar_count = max(round(duration / bar_seconds), _FEWEST_BARS)
    if tune.beats_per_bar % 1:
        bar_count += bar_count % 2  # 9/8: two bars are a whole number of beats
    drawn = int(rng.integers(-5, 7))
    transposition = drawn if transposition is None else transposition
    plans = plan_sections(bar_count, bar_seconds, tune.bars, rng)
    bars, melody = write_bars(tune, plans, transposition)
    feel = _draw_feel(style, tune, tempo, bar_count, rng)
    casts = cast_sections(instruments, plans, bar_seconds, rng, singer=singer)
    parts = _Band(style, tempo, feel, plans, casts, bars, rng).play(instruments)
    return Piece(
        title=tune.title,
        tune=tune,
        style=style.name,
        tempo=tempo,
        transposition=transposition,
        duration=feel.duration,
        sections=_sections(plans, casts, bars, feel),
        parts=parts,
        beat_times=feel.beat_times,
        melody=tuple(_sing(melody, feel)),
        lead_sheet=_lead_sheet(bars, feel),
    )


class _Band:
    """All players at work on one form."""

    def __init__(
        self,
        style: Style,
        tempo: float,
        feel: Feel,
        plans: Sequence[SectionPlan],
        casts: Sequence[Cast],
        bars: Sequence[Bar],
        rng: np.random.Generator,
    ) -> None:
        self.style, self.tempo, self.feel = style, tempo, feel
        self.plans, self.casts, self.bars = plans, casts, bars
        self.seeds = np.random.default_rng(rng.integers(2**63))
        self.has_ending = rng.random() < _CLEAN_ENDINGS

    def play(self, instruments: Sequence[Instrument]) -> tuple[BandPart, ...]:
        """The parts, each with its own random generator."""
        pans = _draw_pans(instruments, self.seeds)
        parts = []
        for index, instrument in enumerate(instruments):
            rng = np.random.default_rng(self.seeds.integers(2**63))
            level = LEVELS[instrument.role] + float(rng.normal(0, _LEVEL_DEVIATION))
            parts.append(BandPart(instrument, tuple(self._part(index, instrument, rng)), pans[index], level))
        return tuple(parts)

    def _part(self, index: int, instrument: Instrument, rng: np.random.Generator) -> list[Note]:
        """One instrument's notes: in sections of the same name and role it plays the same pattern."""
        touch = _draw_touch(self.style, instrument, rng)
        habits: dict[tuple[str, Role], tuple[Pattern, Player]] = {}
        notes: list[Note] = []
        for plan, cast in zip(self.plans, self.casts, strict=True):
            if index not in cast:
                continue
            role = cast[index]
            bars = self.bars[plan.first : plan.first + plan.bars]
            key = (plan.name, role)
            if key not in habits or role == "melody":  # a melody is fitted into the register each time
                habits[key] = self._habit(instrument, role, plan, bars, rng)
            events = self._events(*habits[key], bars, instrument)
            window = (float(self.feel.seconds(bars[0].start)), float(self.feel.seconds(bars[-1].end)))
            solo = instrument.is_drum or habits[key][1].is_monophonic
            notes += perform(
                events,
                self.feel,
                touch,
                rng,
                window=window,
                loudness=plan.energy - 0.6,
                monophonic=solo and not instrument.is_drum,
            )
        return without_collisions(notes)

    def _habit(
        self,
        instrument: Instrument,
        role: Role,
        plan: SectionPlan,
        bars: Sequence[Bar],
        rng: np.random.Generator,
    ) -> tuple[Pattern, Player]:
        player = Player(
            instrument.program, role, rng, voices=3 if role == "chords" else int(rng.choice([3, 4]))
        )
        tune = tuple(note for bar in bars for note in bar.melody)
        pattern = choose_pattern(
            role,
            instrument.program,
            self.style,
            tempo=self.tempo,
            tune=tune,
            player=player,
            rng=rng,
            solo=plan.name == "solo",
        )
        return pattern, player

    def _events(
        self, pattern: Pattern, player: Player, bars: Sequence[Bar], instrument: Instrument
    ) -> list[Event]:
        """All bars of a section; the piece's last bar is one long chord when the band ends together."""
        events: list[Event] = []
        for bar in bars:
            if bar.closing and self.has_ending and not bar.melody:
                events += _ending(bar, player, instrument)
            else:
                events += pattern(bar, player)
        return join_ties(events)


def _ending(bar: Bar, player: Player, instrument: Instrument) -> list[Event]:
    """The last bar: everybody holds the last chord, low instruments its root."""
    if instrument.is_drum:
        return last_stroke(bar, player)
    last = replace(bar.chords[-1], onset=bar.start, duration=bar.length)
    if instrument.role == "bass" or instrument.program in PERCUSSIVE:
        root = player.register.low + (last.root - player.register.low) % 12
        return [Event(bar.start, 0.95 * bar.length, root, 0.3)]
    return sustained(player.rng)(replace(bar, chords=(last,)), player)


def _draw_feel(style: Style, tune: Tune, tempo: float, bar_count: int, rng: np.random.Generator) -> Feel:
    """The band's clock: machines keep it, people let it breathe a little."""
    beats = round(bar_count * tune.beats_per_bar)
    steady = style.name == "electronic" or rng.random() < 0.5  # most MIDI songs were made to a click
    slows_down = style.name in ("ballad", "chamber", "folk") and rng.random() < 0.5
    times = draw_beat_times(
        beats,
        tempo,
        rng,
        drift=0.0 if steady else float(rng.uniform(0.0, 0.02)),
        ritardando=0.5 if slows_down else 0.0,
    )
    swing = 0.5 if kind_of(tune) == "six" else float(rng.uniform(*style.swing))
    return Feel(times, swing, 0.5 if style.swings_sixteenths else 1.0)


def _draw_touch(style: Style, instrument: Instrument, rng: np.random.Generator) -> Touch:
    lag = 0.0 if instrument.is_drum or style.name == "electronic" else float(rng.normal(0.003, 0.006))
    return Touch(
        looseness=float(rng.uniform(*style.looseness)) * (0.6 if instrument.is_drum else 1.0),
        lag=lag,
        velocity=float(np.clip(rng.normal(82, 10), 55, 108)),
        contrast=float(rng.uniform(0.3, 1.2)),
    )


def _draw_pans(instruments: Sequence[Instrument], rng: np.random.Generator) -> list[float]:
    """Melody, bass and drums near the centre, the accompaniment left and right in turn."""
    side = float(rng.choice([-1.0, 1.0]))
    pans = []
    for instrument in instruments:
        width = _WIDTHS.get(instrument.role, 0.8)
        pans.append(float(side * rng.uniform(0.1 * width, width)))
        side = -side if width > 0.3 else side
    return pans


def _sections(
    plans: Sequence[SectionPlan], casts: Sequence[Cast], bars: Sequence[Bar], feel: Feel
) -> tuple[Section, ...]:
    return tuple(
        Section(
            plan.name,
            float(feel.seconds(bars[plan.first].start)),
            float(feel.seconds(bars[plan.first + plan.bars - 1].end)),
            tuple(sorted(cast)),
        )
        for plan, cast in zip(plans, casts, strict=True)
    )


def _sing(melody: Sequence[TuneNote], feel: Feel) -> list[Note]:
    """The tune in seconds, as written: one note at a time, no humanization but the band's swing."""
    starts = feel.seconds(np.array([note.onset for note in melody]))
    ends = np.minimum(feel.seconds(np.array([note.end for note in melody])), feel.duration)
    return [
        Note(note.pitch, float(start), float(end - start), _SUNG_VELOCITY)
        for note, start, end in zip(melody, starts, ends, strict=True)
        if end - start >= SHORTEST
    ]


def _lead_sheet(bars: Sequence[Bar], feel: Feel) -> tuple[Chord, ...]:
    chords = [chord for bar in bars for chord in bar.chords]
    onsets = feel.seconds(np.array([chord.onset for chord in chords]))
    ends = feel.seconds(np.array([chord.end for chord in chords]))
    return tuple(
        replace(chord, onset=float(onset), duration=float(end - onset))
        for chord, onset, end in zip(chords, onsets, ends, strict=True)
    )
