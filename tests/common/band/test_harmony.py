"""Harmonizing is held to melodies whose chords everybody knows."""

from itertools import pairwise, product

import numpy as np
import pytest

from common.band.harmony import (
    CHANGE_WITHIN_BAR_SCORE,
    Chord,
    best_path,
    harmonize,
    merge_within_bars,
    span_profiles,
)
from common.band.tunes import TuneNote

C, D, E, F, G, A = 0, 2, 4, 5, 7, 9
TWINKLE = "60 60 67 67 69 69 67- 65 65 64 64 62 62 60- 67 67 65 65 64 64 62- 67 67 65 65 64 64 62-"


def melody(text, beat=1.0):
    """Notes of one beat each, `-` makes two, and how long they last in all."""
    notes, position = [], 0.0
    for word in text.split():
        duration = beat * (2 if word.endswith("-") else 1)
        notes.append(TuneNote(position, duration, int(word.rstrip("-"))))
        position += duration
    return notes, position


def names(chords):
    return [(chord.root, chord.quality) for chord in chords]


@pytest.mark.parametrize(
    ("quality", "expected"),
    [("maj", (7, 11, 2)), ("7", (7, 11, 2, 5)), ("sus4", (7, 0, 2)), ("dim", (7, 10, 1))],
)
def test_chords_are_spelt_from_their_root(quality, expected):
    assert Chord(0.0, 4.0, G, quality).pitch_classes == expected


def test_chords_that_do_not_exist_are_refused():
    with pytest.raises(ValueError, match="quality must be one of maj, .*'aug'"):
        Chord(0.0, 4.0, G, "aug")
    with pytest.raises(ValueError, match="root must be 0..11, got 12"):
        Chord(0.0, 4.0, 12, "maj")


def test_a_broken_triad_gets_its_triad():
    notes, length = melody("60 64 67 64 67 71 74 71 65 69 72 69 60 64 67 60")
    assert names(harmonize(notes, 4.0, C, "major", length)) == [
        (C, "maj"),
        (G, "maj"),
        (F, "maj"),
        (C, "maj"),
    ]


def test_a_scale_begins_and_ends_on_the_tonic():
    notes, length = melody("60 62 64 65 67 69 71 72 72 71 69 67 65 64 62 60")
    chords = harmonize(notes, 4.0, C, "major", length)
    assert (chords[0].root, chords[-1].root) == (C, C)


def test_twinkle_gets_the_chords_that_everybody_plays():
    notes, length = melody(TWINKLE)
    chords = harmonize([*notes, TuneNote(length, 4.0, 60)], 4.0, C, "major", length + 4)
    assert [root for root, _ in names(chords)[:7]] == [C, F, C, F, C, G, C]


def test_a_minor_tune_gets_its_raised_leading_tone():
    notes, length = melody("69 72 76 72 71 68 64 68 69 72 76 69")
    assert names(harmonize(notes, 4.0, A, "minor", length)) == [(A, "min"), (E, "maj"), (A, "min")]


@pytest.mark.parametrize("transposition", range(1, 12))
def test_transposed_melodies_get_transposed_chords(transposition):
    notes, length = melody(TWINKLE)
    moved = [TuneNote(note.onset, note.duration, note.pitch + transposition) for note in notes]
    at_home = names(harmonize(notes, 4.0, C, "major", length))
    expected = [((root + transposition) % 12, quality) for root, quality in at_home]
    assert names(harmonize(moved, 4.0, transposition, "major", length)) == expected


@pytest.mark.parametrize(("beats_per_bar", "most"), [(2.0, 1), (3.0, 1), (4.0, 2), (4.5, 1), (6.0, 2)])
def test_chords_cover_the_tune_bar_by_bar_and_end_on_the_tonic(beats_per_bar, most):
    rng = np.random.default_rng(0)
    length = 12 * beats_per_bar
    pitches = rng.choice([60, 62, 64, 65, 67, 69, 71], size=int(2 * length))
    notes = [TuneNote(index / 2, 0.5, int(pitch)) for index, pitch in enumerate(pitches)]
    chords = harmonize(notes, beats_per_bar, C, "major", length)
    assert (chords[0].onset, chords[-1].end) == (0.0, length)
    assert all(before.end == after.onset for before, after in pairwise(chords))
    bars = [int(chord.onset // beats_per_bar) for chord in chords]
    assert all(chord.end <= (bar + 1) * beats_per_bar for bar, chord in zip(bars, chords, strict=True))
    assert max(bars.count(bar) for bar in bars) <= most
    assert names(chords)[-1] == (C, "maj")


def test_silence_stays_at_home():
    assert set(names(harmonize([], 4.0, D, "minor", 16.0))) == {(D, "min")}


@pytest.mark.parametrize("length", [0.0, 10.0])
def test_a_length_that_is_not_whole_bars_is_refused(length):
    with pytest.raises(ValueError, match="whole bars of 4.0 beats, got"):
        harmonize([], 4.0, C, "major", length)


def test_the_profile_of_a_span_is_how_much_of_it_sounds():
    notes = [TuneNote(0.0, 3.0, 60), TuneNote(3.0, 0.5, 64), TuneNote(3.5, 0.5, 67)]
    profiles = span_profiles(notes, 4.0, 2, 2)  # two halves of two beats
    assert profiles[0, C] == 1.0
    assert profiles[1, [C, E, G]] == pytest.approx([0.5, 0.25, 0.125])  # the last one is off the beat: half


@pytest.mark.parametrize("parts", [1, 2])
def test_viterbi_finds_what_trying_all_paths_finds(parts):
    rng = np.random.default_rng(parts)
    fit, progression = rng.normal(size=(5, 3)), rng.normal(size=(3, 3))

    def score(path):
        total = sum(fit[index, state] for index, state in enumerate(path))
        for index, (before, after) in enumerate(pairwise(path), start=1):
            total += progression[before, after]
            total += CHANGE_WITHIN_BAR_SCORE * (before != after and index % parts > 0)
        return total

    best = max(product(range(3), repeat=5), key=score)
    assert tuple(best_path(fit, progression, parts)) == best


def test_the_end_of_a_phrase_may_ask_for_a_progression_of_its_own():
    fit, cadence = np.zeros((5, 3)), np.zeros((3, 3))
    fit[:, 0] = 1.0
    cadence[1, 2] = 3.0
    assert best_path(fit, np.zeros((3, 3)), arrivals={3: cadence}).tolist() == [0, 0, 1, 2, 0]


def test_chords_are_joined_within_bars_and_cut_between_them():
    chords = [Chord(0.0, 2.0, C, "maj"), Chord(2.0, 4.0, C, "maj"), Chord(6.0, 2.0, G, "7")]
    expected = (Chord(0.0, 4.0, C, "maj"), Chord(4.0, 2.0, C, "maj"), Chord(6.0, 2.0, G, "7"))
    assert merge_within_bars(chords, 4.0) == expected
