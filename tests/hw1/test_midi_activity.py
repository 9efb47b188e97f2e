"""Notes -> which 5-second steps they sound in; MIDI files good, empty and broken."""

from __future__ import annotations

import numpy as np
import pytest

from common.midi import pretty_midi
from hw1_instrument_detection.midi_activity import (
    MidiError,
    Notes,
    clip_activity,
    num_steps,
    read_midi,
    window_activity,
)


def steps_of(*notes, steps=4) -> list[int]:
    start, end = zip(*notes, strict=True) if notes else ((), ())
    return np.flatnonzero(clip_activity(Notes.of(start, end), steps)).tolist()


@pytest.mark.parametrize(
    ("note", "expected"),
    [
        ((1, 2), [0]),
        ((4.9, 5.1), [0, 1]),
        ((0, 5), [0]),  # ends on the boundary: the next step is left alone
        ((5, 10), [1]),
        ((5 - 1e-9, 10 + 1e-9), [1]),  # what adding up ticks may be wrong by
        ((3, 17), [0, 1, 2, 3]),
        ((19.9, 300), [3]),  # longer than the audio
        ((20, 21), []),
        ((7, 7), []),  # no length
    ],
)
def test_a_note_marks_the_steps_it_sounds_in(note, expected):
    assert steps_of(note) == expected


def test_no_notes_no_activity():
    assert steps_of() == []
    assert clip_activity(Notes.of([], []), 0).shape == (0,)


def random_notes(rng, count=40):
    start = rng.uniform(0, 100, count).round(rng.integers(0, 3))
    return start, start + rng.exponential(2, count).round(rng.integers(0, 3))


@pytest.mark.parametrize("seed", range(10))
def test_activity_is_that_of_every_note_asked_for(seed):
    start, end = random_notes(np.random.default_rng(seed))
    notes = Notes.of(start, end)
    for first in (0, 5, 12.5, 31.7, 95):
        inside = ((start < first + 5) & (end > first) & (end > start)).any()
        assert window_activity(notes, first, first + 5) == inside
    asked = [((start < 5 * s + 5) & (end > 5 * s) & (end > start)).any() for s in range(25)]
    assert clip_activity(notes, 25).tolist() == asked


def test_overlapping_and_touching_notes_become_one():
    notes = Notes.of([4, 0, 1, 2, 6], [5, 1.5, 2, 3, 7])
    assert notes.start.tolist() == [0, 4, 6]
    assert notes.end.tolist() == [3, 5, 7]
    both = Notes.union([notes, Notes.of([2.5], [6.5]), Notes.of([], [])])
    assert (both.start.tolist(), both.end.tolist()) == ([0], [7])
    assert len(Notes.union([])) == 0


@pytest.mark.parametrize(
    ("samples", "whole", "with_rest"),
    [(1, 1, 1), (220_499, 1, 1), (220_500, 1, 1), (220_501, 1, 2), (882_000, 4, 4), (881_999, 3, 4)],
)
def test_number_of_steps(samples, whole, with_rest):
    assert num_steps(samples, 44_100) == whole
    assert num_steps(samples, 44_100, with_rest=True) == with_rest


def test_midi_file_with_program_drums_and_tempo(tmp_path):
    midi = pretty_midi.PrettyMIDI(initial_tempo=93.7)
    for program, is_drum in ((33, False), (0, True)):
        instrument = pretty_midi.Instrument(program, is_drum=is_drum)
        instrument.notes = [pretty_midi.Note(90, 40, 1.0, 2.5), pretty_midi.Note(90, 43, 4.0, 5.25)]
        midi.instruments.append(instrument)
    midi.write(str(tmp_path / "a.mid"))
    bass, drums = sorted(read_midi(tmp_path / "a.mid"), key=lambda part: part.is_drum)
    assert (bass.program, bass.is_drum, drums.is_drum) == (33, False, True)
    np.testing.assert_allclose(bass.notes.start, [1, 4], atol=2e-3)
    np.testing.assert_allclose(bass.notes.end, [2.5, 5.25], atol=2e-3)


def test_empty_midi_has_no_parts(tmp_path):
    pretty_midi.PrettyMIDI().write(str(tmp_path / "a.mid"))
    assert read_midi(tmp_path / "a.mid") == []


@pytest.mark.parametrize("content", [b"", b"RIFFxxxx", b"MThd\0\0\0\6\0\1\0\1", b"MThd" + bytes(range(200))])
def test_broken_midi_is_one_line(tmp_path, content):
    (tmp_path / "a.mid").write_bytes(content)
    try:
        assert read_midi(tmp_path / "a.mid") == []  # a header without tracks may pass: nothing plays
    except MidiError as error:
        assert "a.mid: not readable as MIDI" in str(error)
        assert "\n" not in str(error)


def test_text_is_no_midi(tmp_path):
    (tmp_path / "a.mid").write_text("not MIDI at all")
    with pytest.raises(MidiError, match="a.mid: not readable as MIDI .*; get the file again"):
        read_midi(tmp_path / "a.mid")
    with pytest.raises(MidiError, match="no such file"):
        read_midi(tmp_path / "b.mid")
