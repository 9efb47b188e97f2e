"""Which pitches would make parallels: from the frame before, from the beat before, towards what is given."""

import numpy as np
import pytest

from final_project.muse2bach.chorale import LOWEST, SILENT
from final_project.muse2bach.parallels import forbidden
from final_project.muse2bach.task import UNKNOWN
from final_project.muse2bach.tokens import VOCABULARY

U = UNKNOWN
SOPRANO, ALTO, TENOR, BASS = range(4)


def ruled_out(frames, frame, voice, *, place=1, **options):
    """The pitches that are forbidden."""
    (found,) = forbidden(np.array([frames], dtype=np.int16), frame, voice, place=place, **options)
    assert found.shape == (VOCABULARY,) and not found[-1]
    return (np.flatnonzero(found) + LOWEST).tolist()


def test_from_the_frame_before():
    fifth = [(72, U, U, 53), (74, U, U, U)]  # a twelfth between soprano and bass; the soprano steps up
    assert ruled_out(fifth, 1, BASS) == [55, 67, 81]  # not 43, to which the bass would leap down
    octave = [(72, U, U, 60), (71, U, U, U)]
    assert ruled_out(octave, 1, BASS) == [47, 59]
    assert ruled_out([(72, U, U, 60), (72, U, U, U)], 1, BASS) == []  # a voice that stays is in no parallel


def test_what_rests_or_is_not_known_rules_nothing_out():
    assert ruled_out([(72, U, U, 53), (U, U, U, U)], 1, BASS) == []
    assert ruled_out([(72, U, U, 53), (SILENT, U, U, U)], 1, BASS) == []
    assert ruled_out([(72, U, U, SILENT), (74, U, U, U)], 1, BASS) == []
    assert ruled_out([(72, U, U, U)], 0, BASS) == []


def test_from_the_beat_before_but_on_a_beat_alone():
    frames = [(72, U, U, 53), (72, U, U, 53), (74, U, U, 52), (74, U, U, 52), (74, U, U, U)]
    assert ruled_out(frames, 4, BASS, place=0) == [55, 67, 81]
    assert ruled_out(frames, 4, BASS, place=1) == []


def test_towards_what_is_given_later():
    assert ruled_out([(72, U, U, U), (74, U, U, 55)], 0, BASS) == [41, 53]
    frames = [(72, U, U, U), (72, U, U, 60), (72, U, U, 60), (72, U, U, 60), (74, U, U, 55)]
    assert ruled_out(frames, 0, BASS, place=0) == [41, 53]


def test_the_faults_of_others_are_not_ours():
    frames = [(72, 65, U, 48), (74, 67, U, 47)]  # soprano and alto move in fifths already
    assert ruled_out(frames, 1, TENOR) == []


def test_spacing():
    out = ruled_out([(72, U, U, 48)], 0, ALTO, spacing=True)
    assert set(range(60, 73)).isdisjoint(out) and {59, 73} <= set(out)  # within an octave, below the soprano
    assert 52 not in ruled_out([(72, 64, 60, U)], 0, BASS, spacing=True)  # the bass may be far away
    assert 61 in ruled_out([(72, 64, 60, U)], 0, BASS, spacing=True)


@pytest.mark.parametrize("voice", range(4))
def test_rows_are_apart(voice):
    rows = np.random.default_rng(0).integers(45, 75, (6, 9, 4)).astype(np.int16)
    together = forbidden(rows, 4, voice, place=0)
    for row, expected in zip(rows, together, strict=True):
        assert (forbidden(row[None], 4, voice, place=0)[0] == expected).all()
