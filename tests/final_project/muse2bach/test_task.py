"""Lines on the grid of sixteenths: bars, octaves, rests, fermatas, and what does not fit."""

import numpy as np
import pytest

from common.cli import UserError
from common.notes_in.lines import Line, LineNote, Metre, Piece
from final_project.muse2bach.chorale import SILENT
from final_project.muse2bach.task import MOST_BARS, UNKNOWN, empty_task, make_task


def line(*notes):
    """A line of (pitch, onset, end) in quarter notes."""
    return Line("", tuple(LineNote(onset, end, pitch) for pitch, onset, end in notes))


def task_of(made, voice="soprano", *, piece=None, **options):
    return make_task("x", piece or Piece((made,)), {voice: made}, **options)


def test_frames_onsets_and_position():
    made = line((67, 1, 2), (69, 2, 2.5), (69, 2.5, 4))
    task = task_of(made, piece=Piece((made,), Metre(3, 4), upbeat=2.0))
    assert task.given[:, 0].tolist() == [67] * 4 + [69] * 8
    assert (task.given[:, 1:] == UNKNOWN).all()
    assert np.flatnonzero(task.onsets[:, 0]).tolist() == [0, 4, 6]
    assert task.position.tolist() == [8, 9, 10, 11, *range(8)]
    assert task.fermata.tolist() == [False] * 6 + [True] * 6


def test_octaves_bring_a_line_to_its_voice():
    low = line((43, 0, 1), (45, 1, 2))
    task = task_of(low)
    assert task.given[[0, 4], 0].tolist() == [67, 69]
    assert task.notices == ("sung 2 octaves higher",)
    assert task_of(low, "bass").notices == ()


def test_what_fits_no_voice():
    with pytest.raises(UserError, match="soprano would sing .* the line is too wide"):
        task_of(line((50, 0, 1), (80, 1, 2)))
    wide = line((50, 0, 1), (69, 1, 2))  # 62..81 in the range, but not by octaves
    with pytest.raises(UserError, match="transpose it, with --transpose -2"):
        task_of(line((64, 0, 1), (83, 1, 2)))
    assert task_of(wide).given[0, 0] == 62
    assert task_of(line((64, 0, 1), (83, 1, 2)), transpose=-2).given[0, 0] == 62


def test_rests():
    made = line((67, 0, 1), (67, 1.25, 2), (69, 4, 5))
    task = task_of(made)
    assert task.given[4, 0] == SILENT and (task.given[4, 1:] == UNKNOWN).all()  # too short to rest together
    assert (task.given[8:16] == SILENT).all()
    closed = task_of(made, closing=1)
    assert closed.given[4, 0] == 67 and closed.given[8, 0] == SILENT


def test_notes_without_a_sixteenth_of_their_own_are_told():
    task = task_of(line((67, 0, 0.03), (69, 0.03, 1), (71, 1, 2)))
    assert task.given[[0, 4], 0].tolist() == [69, 71]
    assert task_of(line((67, 0, 1), (69, 1, 1.03))).given[:, 0].tolist() == [67] * 4 + [69]
    assert "1 notes shorter" in task.notices[0]


def test_the_upbeat_is_found_where_long_notes_are():
    made = line(
        (67, 0, 1), (72, 1, 3), (71, 3, 4), (69, 4, 5), (67, 5, 7), (65, 7, 8), (64, 8, 9), (67, 9, 11)
    )
    assert task_of(made).position[0] == 12
    assert task_of(made, upbeat=0).position[0] == 0
    assert task_of(made, metre=Metre(3, 4), upbeat=2).position[0] == 4


def test_keys():
    made = line(*((pitch, n, n + 1) for n, pitch in enumerate((69, 71, 72, 74, 76, 68, 69))))
    assert task_of(made).key == (9, "minor")
    assert task_of(made, key=(0, "major")).key == (0, "major")
    piece = Piece((made,), key=(9, "minor"))
    assert task_of(made, piece=piece, transpose=3).key == (0, "minor")


def test_too_long():
    with pytest.raises(UserError, match=f"is {MOST_BARS + 1} bars long"):
        task_of(line((67, 0, 4 * MOST_BARS + 1)))
    with pytest.raises(UserError, match="--compose is 65"):
        empty_task("x", 65, None, Metre())


def test_an_empty_task_has_phrases():
    task = empty_task("x", 5, (0, "major"), Metre())
    assert (task.given == UNKNOWN).all() and len(task) == 80
    begins = np.flatnonzero(np.diff(task.fermata.astype(int)) == 1) + 1
    assert begins.tolist() == [28, 60, 76]
    assert task.position[0] == 12
