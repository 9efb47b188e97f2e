"""Rhythms, voicings and the clock, each against an answer that is known."""

import numpy as np
import pytest

from common.band.feel import Feel, Touch, draw_beat_times, draw_tempo, perform, without_collisions
from common.band.patterns.arpeggios import FIGURES, arpeggio
from common.band.patterns.bass import BASS_RHYTHMS, bass_line
from common.band.patterns.chords import COMPING, comping
from common.band.patterns.drums import EXTRAS, GROOVES
from common.band.patterns.notation import KINDS, SPANS, Bar, Event, hits, join_ties, split_at_chords
from common.band.patterns.player import Player
from common.band.patterns.voicing import power_chord, voice_chord
from common.band.registers import Register
from common.band.styles import STYLES
from common.band.tunes import Chord
from common.synthesis import Note

C, G7, F = Chord(0, 2, 0, "maj"), Chord(2, 2, 7, "7"), Chord(4, 4, 5, "maj")
C_MAJOR = frozenset((0, 2, 4, 5, 7, 9, 11))


def make_bar(kind="four", length=4.0, **changes):
    return Bar(**{"start": 0.0, "length": length, "kind": kind, "chords": (C, G7), "next_chord": F}
               | {"melody": (), "scale": C_MAJOR} | changes)  # fmt: skip


def test_rhythms_are_read_as_spelt():
    tresillo = ("X--x--x-", "x-----", "x-----")
    found = [(h.onset, h.duration, h.accent > 0) for h in hits(tresillo, make_bar())]
    assert found == [(0.0, 1.5, True), (1.5, 1.5, False), (3.0, 1.0, False)]


def test_two_bars_of_two_four_share_a_rhythm():
    rhythm = ("X.......x---x...", "", "")
    assert [h.onset for h in hits(rhythm, make_bar(length=2.0))] == [0.0]
    assert [h.onset for h in hits(rhythm, make_bar(length=2.0, phase=2.0))] == [0.0, 1.0]


def test_a_long_bar_repeats_the_rhythm():
    assert [h.onset for h in hits(("", "", "x--x--"), make_bar("six", 4.5))] == [0.0, 1.5, 3.0]


def test_every_rhythm_fills_its_span_in_steps_of_a_sixteenth_or_more():
    rhythms = [r for table in (BASS_RHYTHMS, COMPING) for choices in table.values() for r in choices]
    rhythms += [r for choices in GROOVES.values() for groove in choices for r in groove.values()]
    rhythms += [r for groove in EXTRAS for r in groove.values()]
    for rhythm in rhythms:
        assert len(rhythm) == len(KINDS)
        for kind, steps in zip(KINDS, rhythm, strict=True):
            assert SPANS[kind] / len(steps) in (0.5, 0.25), rhythm


def test_styles_name_what_there_is():
    for style in STYLES:
        assert set(style.grooves) <= set(GROOVES)
        assert set(style.basses) <= {*BASS_RHYTHMS, "walking"}
        assert set(style.comping) <= set(COMPING)
        assert set(style.figures) <= set(FIGURES)


def test_held_notes_change_with_the_chord():
    strokes = split_at_chords(hits(("x-------", "", ""), make_bar()), make_bar())
    assert [(h.onset, h.duration) for h in strokes] == [(0.0, 2.0), (2.0, 2.0)]


@pytest.mark.parametrize("quality", ["maj", "min", "7", "maj7", "min7", "dim", "sus4"])
@pytest.mark.parametrize("voices", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("is_open", [False, True])
def test_voicings_are_the_chord_and_nothing_else(quality, voices, is_open):
    register = Register(48, 76)
    for root in range(12):
        chord = Chord(0, 1, root, quality)
        pitches = voice_chord(chord, register, voices, is_open=is_open)
        assert len(set(pitches)) == voices
        assert list(pitches) == sorted(pitches)
        assert all(pitch in register for pitch in pitches)
        assert {p % 12 for p in pitches} <= set(chord.pitch_classes)
        if voices >= len(chord.pitch_classes):
            assert {p % 12 for p in pitches} == set(chord.pitch_classes)


def test_voices_move_little():
    """From C to F the common tone stays, the others move by a step: the textbook's voice leading."""
    assert voice_chord(F, Register(55, 76), 3, (60, 64, 67)) == (60, 65, 69)


def test_a_narrow_register_has_fewer_voices():
    assert len(voice_chord(G7, Register(60, 72), 5)) < 5


def test_power_chords_have_no_third():
    assert power_chord(C, Register(40, 64)) == (48, 55, 60)


@pytest.mark.parametrize("name", [*BASS_RHYTHMS, "walking"])
@pytest.mark.parametrize("kind", KINDS)
def test_basses_bring_the_root_where_a_chord_begins(name, kind):
    bar = make_bar(kind, SPANS[kind])
    for seed in range(5):
        rng = np.random.default_rng(seed)
        player = Player(33, "bass", rng)
        for event in bass_line(name, rng)(bar, player):
            assert 28 <= event.pitch <= 55
            if event.onset in (0.0, 2.0):
                assert event.pitch % 12 == bar.chord_at(event.onset).root


@pytest.mark.parametrize("name", COMPING)
def test_comping_plays_the_chord_of_the_moment(name):
    rng = np.random.default_rng(0)
    player = Player(0, "chords", rng)
    for event in comping(name, rng)(make_bar(), player):
        assert event.pitch % 12 in make_bar().chord_at(event.onset).pitch_classes


def test_arpeggios_run_evenly_through_the_chord():
    rng = np.random.default_rng(0)
    events = arpeggio("up", 0.5, rng)(make_bar(chords=(C,)), Player(46, "arpeggio", rng))
    assert [event.onset for event in events] == [0.5 * index for index in range(8)]
    assert [event.pitch for event in events[:4]] == sorted(event.pitch for event in events[:4])


def test_ties_join_what_touches():
    held = [Event(0, 4, 60, tied=True), Event(4, 4, 60, tied=True), Event(8.5, 1, 60, tied=True)]
    assert [(e.onset, e.duration) for e in join_ties([*held, Event(0, 4, 64), Event(4, 4, 64)])] == [
        (0, 8), (0, 4), (4, 4), (8.5, 1),
    ]  # fmt: skip


def test_the_clock_is_the_tempo():
    rng = np.random.default_rng(0)
    feel = Feel(draw_beat_times(8, 120.0, rng, drift=0.0, ritardando=0.0))
    assert feel.duration == pytest.approx(4.0)
    assert feel.seconds(3.5) == pytest.approx(1.75)
    slower = draw_beat_times(16, 120.0, rng, drift=0.02, ritardando=0.5)
    assert np.all(np.diff(slower) > 0)
    assert np.diff(slower)[-1] > 1.3 * np.diff(slower)[4]


def test_swing_delays_the_second_eighth_only():
    feel = Feel(np.arange(9) / 2, swing=2 / 3)
    assert feel.seconds(1.0) == pytest.approx(0.5)
    assert feel.seconds(1.5) == pytest.approx(0.5 + 1 / 3)


def test_tempo_gives_way_to_many_notes():
    rng = np.random.default_rng(0)
    tempos = [draw_tempo((100, 160), 1.0, 4.0, rng) for _ in range(20)]
    assert max(tempos) <= 68
    assert all(100 <= draw_tempo((100, 160), 1.0, 1.0, rng) <= 160 for _ in range(20))


def test_performance_stays_inside_its_window():
    feel = Feel(np.arange(9) / 2)
    events = [Event(0.0, 1.0, 60), Event(2.0, 9.0, 62), Event(3.99, 0.01, 64)]
    rng = np.random.default_rng(0)
    notes = perform(events, feel, Touch(looseness=0.02, lag=-0.05), rng, window=(0.0, 2.0))
    assert [note.pitch for note in notes] == [60, 62]
    assert notes[0].start >= 0
    assert notes[-1].end <= 2.0


def test_onsets_are_loose_by_the_asked_amount():
    feel = Feel(np.arange(2001) / 2)
    events = [Event(float(beat), 0.5, 60) for beat in range(1, 2000)]
    rng = np.random.default_rng(0)
    notes = perform(events, feel, Touch(looseness=0.01, lag=0.005), rng, window=(0.0, 1000.0))
    errors = np.array([note.start for note in notes]) - np.arange(1, 2000) / 2
    assert errors.mean() == pytest.approx(0.005, abs=0.001)
    assert errors.std() == pytest.approx(0.01, rel=0.1)


def test_accents_are_louder():
    feel = Feel(np.arange(400) / 2)
    events = [Event(float(beat), 0.5, 60, accent=float(beat % 2)) for beat in range(1, 300)]
    notes = perform(events, feel, Touch(), np.random.default_rng(0), window=(0.0, 199.0))
    loud, soft = [n.velocity for n in notes[::2]], [n.velocity for n in notes[1::2]]
    assert np.mean(loud) - np.mean(soft) == pytest.approx(20, abs=2)


def test_collisions_are_cut():
    notes = [Note(60, 0.0, 2.0), Note(60, 1.0, 1.0), Note(64, 0.5, 3.0)]
    assert [(n.pitch, n.duration) for n in without_collisions(notes)] == [(60, 1.0), (64, 3.0), (60, 1.0)]
    alone = without_collisions(notes, monophonic=True)
    assert [(n.pitch, n.duration) for n in alone] == [(60, 0.5), (64, 0.5), (60, 1.0)]
