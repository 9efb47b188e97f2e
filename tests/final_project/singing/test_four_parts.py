"""Four parts: the melody stays as it is, the other voices sing its syllables at its times."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from common.cli import UserError
from common.synthesis import Note
from final_project.muse2bach.chorale import SILENT
from final_project.muse2bach.task import UNKNOWN
from final_project.singing.four_parts import frame_times, in_four_parts, syllables_under, task_of
from final_project.singing.song import SongPart, one_voice


class Parallel:
    """A harmonizer that follows the soprano a third, an octave and two octaves below; `seen` is its task."""

    def __init__(self) -> None:
        self.seen: dict = {}

    def complete(self, given, **known):
        self.seen = {"given": given, **known}
        voices = given.copy()
        for column, interval in ((1, -4), (2, -12), (3, -24)):
            voices[:, column] = np.where(given[:, 0] == SILENT, SILENT, given[:, 0] + interval)
        return [voices]


class Drone(Parallel):
    """One that holds the same chord, but for a passing note of the alto in the second frame."""

    def complete(self, given, **known):
        [voices] = super().complete(given, **known)
        voices[:, 1:] = (60, 52, 45)
        voices[1, 1] = 62
        return [voices]


def test_the_melody_stays_and_three_voices_join(glory):
    song, notices = in_four_parts(glory, Parallel())
    assert [part.name for part in song.parts] == ["soprano", "alto", "tenor", "bass"]
    assert song.notes == glory.notes and song.syllables == glory.syllables and not notices
    for part, interval in zip(song.parts[1:], (-4, -12, -24), strict=True):
        assert part.pitches == [pitch + interval for pitch in glory.melody.pitches]
        assert part.syllables == glory.syllables and part.lines == glory.melody.lines
        assert [note.start for note in part.notes] == pytest.approx([note.start for note in glory.notes])


def test_the_harmonizer_sees_the_soprano_alone_with_fermatas_where_lines_end(glory):
    harmonizer = Parallel()
    in_four_parts(glory, harmonizer, seed=3)
    seen = harmonizer.seen
    assert (seen["given"][:, 1:] == UNKNOWN)[seen["given"][:, 0] != SILENT].all()
    # 0.5 s is a quarter note: 4 frames of G, A, G, F, a rest of 4, E, and 8 of C.
    expected = [67] * 4 + [69] * 4 + [67] * 4 + [65] * 4 + [SILENT] * 4 + [64] * 4 + [60] * 8
    assert seen["given"][:, 0].tolist() == expected
    assert np.flatnonzero(seen["fermata"]).tolist() == [*range(12, 16), *range(24, 32)]
    assert seen["seed"] == 3 and len(seen["position"]) == 32


def test_a_voice_that_stays_holds_its_note_and_one_that_moves_glides(glory):
    song, _ = in_four_parts(glory, Drone())
    _, alto, tenor, _ = song.parts
    # "Glo-" lies on two notes of the soprano: the tenor stays, so it sings one.
    assert tenor.syllables[:3] == ("Glo-", "ry,", "glow") and tenor.notes[0].duration == pytest.approx(1.0)
    assert alto.syllables[:4] == ("Glo-", "", "", "ry,") and alto.pitches[:4] == [60, 62, 60, 60]
    assert alto.lyrics == tenor.lyrics == glory.lyrics


def test_a_melody_below_the_sopranos_is_moved_by_octaves_and_that_is_told(glory):
    song, notices = in_four_parts(glory.transposed(-24), Parallel())
    assert song.melody.pitches == glory.melody.pitches
    assert len(notices) == 1 and "octave" in notices[0]


def test_a_melody_wider_than_any_soprano_is_refused(glory):
    notes = [Note(50, 0, 1), Note(90, 1, 1)]
    with pytest.raises(UserError, match="soprano"):
        in_four_parts(one_voice("t", notes, ("la", "la")), Parallel())


def test_a_breath_at_the_end_of_a_line_is_no_rest_of_the_chorale():
    notes = [Note(67, 0, 0.8), Note(69, 1.0, 1.0)]
    song = one_voice("t", notes, ("one", "two"), lines=(0, 1), tempo=60)
    assert (task_of(song).given[:, 0] != SILENT).all()


def test_frames_follow_a_melody_that_is_not_on_the_grid():
    part = SongPart(
        "melody", (Note(60, 0.03, 0.4), Note(62, 0.56, 0.4), Note(64, 0.98, 0.5)), ("a", "b", "c")
    )
    times = frame_times(part, 120, 12)
    assert times[[0, 4, 8]] == pytest.approx([0.03, 0.56, 0.98])
    assert times[12] == pytest.approx(0.98 + 0.5) and (np.diff(times) > 0).all()


def test_syllables_begin_where_the_soprano_begins_them(glory):
    under = syllables_under(glory.melody, glory.tempo, 32)
    assert under.tolist() == [0] * 8 + [2] * 4 + [3] * 8 + [4] * 4 + [5] * 8


def test_a_voice_that_enters_late_sings_the_syllable_of_the_others(glory):
    class Late(Drone):
        def complete(self, given, **known):
            [voices] = super().complete(given, **known)
            voices[:2, 3] = SILENT
            return [voices]

    bass = in_four_parts(glory, Late())[0].parts[3]
    assert bass.syllables[:2] == ("Glo-", "ry,") and bass.notes[0].start == pytest.approx(0.75)


def test_a_voice_that_is_silent_throughout_is_no_part(glory):
    class Silent(Drone):
        def complete(self, given, **known):
            [voices] = super().complete(given, **known)
            voices[:, 3] = SILENT
            return [voices]

    assert len(in_four_parts(replace(glory), Silent())[0].parts) == 3
