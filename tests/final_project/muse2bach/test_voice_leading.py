"""Rules of part writing: by hand, and pair by pair beside music21 on chance chords and on Bach's chorales."""

from __future__ import annotations

import numpy as np
import pytest
from music21.interval import Interval
from music21.pitch import Pitch
from music21.voiceLeading import VoiceLeadingQuartet

from common.band.tunes.sources import corpus_folder
from common.metrics.intervals import wilson_interval
from final_project.muse2bach.chorale import SILENT, Chorale
from final_project.muse2bach.corpus_score import read_score
from final_project.muse2bach.notation import spell
from final_project.muse2bach.rule_scores import rule_scores
from final_project.muse2bach.voice_leading import (
    FIFTH,
    OCTAVE,
    PAIRS,
    crossings,
    parallels,
    quarter_frames,
    quarters,
    rule_counts,
    wide_spacings,
)

IN_FIFTHS = [10, 5, 0, 7, 2, 9, 4, 11]  # Bb F C G D A E B: no two of them are enharmonic fifths
BACH = ("bwv360", "bwv385", "bwv402")  # of the training part


def chorale_of(chords) -> Chorale:
    """A chorale of these chords, a quarter each."""
    return Chorale("made-up", np.array(chords).repeat(4, axis=0))


def pair(before: tuple[int, int], after: tuple[int, int], interval: int) -> bool:
    """Whether two voices, as soprano and bass with the others resting, are parallel."""
    chords = [[upper, SILENT, SILENT, lower] for upper, lower in (before, after)]
    return bool(parallels(*chords, interval)[PAIRS.index((0, 3))])


@pytest.mark.parametrize(
    ("before", "after", "interval", "expected"),
    [
        ((67, 60), (69, 62), FIFTH, True),
        ((67, 60), (81, 62), FIFTH, True),  # a fifth, then a twelfth
        ((67, 60), (69, 50), FIFTH, False),  # the same in contrary motion
        ((67, 60), (67, 60), FIFTH, False),  # nobody moves
        ((67, 60), (67, 48), FIFTH, False),  # one moves
        ((66, 60), (69, 62), FIFTH, False),  # the first is diminished
        ((60, 67), (62, 69), FIFTH, True),  # crossed
        ((60, 55), (62, 69), FIFTH, False),  # a fourth apart
        ((67, 60), (SILENT, SILENT), FIFTH, False),
        ((67, 60), (69, SILENT), FIFTH, False),
        ((72, 60), (74, 62), OCTAVE, True),
        ((72, 48), (74, 62), OCTAVE, True),  # two octaves, then one
        ((60, 60), (62, 62), OCTAVE, True),
        ((60, 60), (74, 62), OCTAVE, True),
        ((72, 60), (74, 58), OCTAVE, False),
        ((0, 12), (2, 14), OCTAVE, True),
    ],
)
def test_parallels_of_two_voices(before, after, interval, expected):
    assert pair(before, after, interval) is expected


def of_music21(before, after, interval: str, pitch_of=Pitch) -> list[bool]:
    """Parallels of each pair of PAIRS as music21 sees them, both voices moving alike; rests have none."""
    found = []
    for first, second in PAIRS:
        midi = [before[first], after[first], before[second], after[second]]
        if SILENT in midi:
            found.append(False)
            continue
        quartet = VoiceLeadingQuartet(*(pitch_of(int(number)) for number in midi))
        found.append(quartet.parallelMotion(Interval(interval), allowOctaveDisplacement=True))
    return found


def chance_chords(count: int) -> np.ndarray:
    """Chords with many fifths and octaves, and rests."""
    rng = np.random.default_rng(1)
    roots = rng.choice(IN_FIFTHS[:-1], (count, 1))
    choice = np.stack([roots, (roots + 7) % 12, rng.choice(IN_FIFTHS, (count, 1))], axis=-1)[:, 0]
    classes = np.take_along_axis(choice, rng.integers(0, 3, (count, 4)), axis=1)
    chords = classes + 12 * rng.integers(4, 7, (count, 4))
    return np.where(rng.random((count, 4)) < 0.05, SILENT, chords)


def test_parallels_agree_with_music21_on_chance_chords():
    chords = chance_chords(300)
    before, after = chords[:-1], chords[1:]
    fifths, octaves = parallels(before, after, FIFTH), parallels(before, after, OCTAVE)
    expected = np.array([of_music21(*both, "P5") for both in zip(before, after, strict=True)])
    np.testing.assert_array_equal(fifths, expected)
    eighths, unisons = (
        np.array([of_music21(*both, name) for both in zip(before, after, strict=True)])
        for name in ("P8", "P1")
    )
    up, low = np.array(PAIRS).T
    unison_and_octave = (before[:, up] == before[:, low]) != (after[:, up] == after[:, low])
    np.testing.assert_array_equal(octaves & ~unison_and_octave, eighths | unisons)
    assert fifths.sum() > 10 and octaves.sum() > 10 and (octaves & unison_and_octave).any()


def test_bach_agrees_with_music21():
    found = 0
    for name in BACH:
        chorale = read_score(corpus_folder() / "bach" / f"{name}.mxl", title=name, repeats=0)
        chords = quarters(chorale.voices, chorale.position)

        def spelled(midi: int, key=chorale.key) -> Pitch:
            letter, alter, octave = spell(midi, key)
            return Pitch(step=letter, accidental=alter, octave=octave)

        both = list(zip(chords[:-1], chords[1:], strict=True))
        fifths = sum(sum(of_music21(*each, "P5", spelled)) for each in both)
        octaves = sum(sum(of_music21(*each, interval, spelled)) for each in both for interval in ("P8", "P1"))
        counts = rule_counts(chorale.voices, chorale.position)
        assert (counts["parallel_fifths"], counts["parallel_octaves"]) == (fifths, octaves)
        found += fifths + octaves
    assert found > 0  # Bach has some


def test_contrary_motion_is_what_music21_adds():
    chords = chance_chords(120)
    for before, after in zip(chords[:-1], chords[1:], strict=True):
        sings = (before != SILENT) & (after != SILENT)
        for place, (first, second) in enumerate(PAIRS):
            if not (sings[first] and sings[second]):
                continue
            moves = [Pitch(int(n)) for voice in (first, second) for n in (before[voice], after[voice])]
            contrary = (after[first] - before[first]) * (after[second] - before[second]) < 0
            ours = parallels(before, after, FIFTH)[place]
            assert VoiceLeadingQuartet(*moves).parallelFifth() == ours or contrary


def test_crossings_and_spacing():
    chord = [60, 62, 48, 40]
    assert crossings(chord).tolist() == [True, False, False]
    assert crossings([60, SILENT, 62, 40]).tolist() == [False, False, False]
    assert crossings([60, 60, 48, 48]).tolist() == [False, False, False]  # a unison is not crossed
    assert wide_spacings([74, 61, 49, 36]).tolist() == [True, False]
    assert wide_spacings([72, 60, 47, 23]).tolist() == [False, True]  # the bass may be far away
    assert wide_spacings([80, SILENT, 47, 36]).tolist() == [False, False]


def test_counts_by_hand():
    chords = np.array([[72, 67, 64, 48], [74, 69, 65, 50], [74, 76, 62, 50], [SILENT] * 4, [74, 69, 65, 50]])
    voices = chords.repeat(4, axis=0)
    voices[2] = [60, 67, 64, 55]  # between the quarters nothing counts
    assert rule_counts(voices) == {
        "transitions": 2,  # not those from or to silence
        "parallel_fifths": 1,  # alto and bass
        "parallel_octaves": 1,  # soprano and bass
        "crossings": 1,
        "wide_spacings": 1,  # alto and tenor, 14 semitones
    }


def test_quarters_follow_the_bars():
    assert quarter_frames(10).tolist() == [0, 4, 8]
    position = (np.arange(10) + 14) % 16  # an upbeat of an eighth
    assert quarter_frames(10, position).tolist() == [2, 6]
    voices = np.arange(40).reshape(10, 4)
    assert quarters(voices, position).tolist() == [voices[2].tolist(), voices[6].tolist()]


@pytest.mark.parametrize("frames", [1, 4])
def test_one_quarter_has_no_transition(frames):
    counts = rule_counts(np.full((frames, 4), 60))
    assert set(counts.values()) == {0}


def test_scores_are_per_hundred_transitions_with_intervals():
    parallel = chorale_of([[72, 67, 64, 48], [74, 69, 65, 50], [72, 67, 64, 48]])
    calm = chorale_of([[72, 67, 64, 48]] * 7)
    scores = rule_scores([parallel, calm])
    assert (scores["pieces"], scores["transitions"]) == (2, 8)
    assert scores["parallel_fifths"] == pytest.approx(100 * 2 / 8)
    assert scores["parallel_fifths_low"] == 0 and scores["parallel_fifths_high"] == pytest.approx(100)
    assert scores["crossings"] == scores["crossings_low"] == 0  # none of 8: there may be more in others
    assert scores["crossings_high"] == pytest.approx(100 * wilson_interval(0, 8)[1])
    alone = rule_scores([parallel])
    assert alone["parallel_fifths"] == 100 and alone["parallel_fifths_low"] is None
    with pytest.raises(ValueError, match="got none"):
        rule_scores([])
