"""Piano rolls: bars where the notes are, syllables where they begin, lines and bars marked."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image
from written_songs import CHORALE, JASMINE, TWINKLE, random_song, song

from common.cli import UserError
from hw3_melody_generation.piano_roll import (
    LEVELS,
    LINE_COLORS,
    draw_piano_roll,
    piano_roll_figure,
    write_piano_roll,
)


@pytest.fixture
def axes():
    return Figure(figsize=(12, 3)).add_subplot()


def bars(axes):
    """(onset, duration, pitch) of the bars, in order of time."""
    boxes = [patch for container in axes.containers for patch in container]
    found = [(box.get_x(), box.get_width(), box.get_y() + box.get_height() / 2) for box in boxes]
    return np.array(sorted(found)).T


def lines(axes, style):
    return sorted(line.get_xdata()[0] for line in axes.lines if line.get_linestyle() == style)


def test_a_bar_for_each_note_and_its_syllable_where_it_begins(axes):
    assert draw_piano_roll(CHORALE, axes) == ""
    melody = CHORALE.melody
    np.testing.assert_allclose(bars(axes), [melody.onset, melody.duration, melody.pitch])
    assert [text.get_text() for text in axes.texts][:6] == ["Nun", "dan-", "ket", "al-", "le", "Gott,"]
    np.testing.assert_array_equal([text.xy[0] for text in axes.texts], melody.onset)


def test_bar_lines_and_line_ends(axes):
    draw_piano_roll(CHORALE, axes)
    assert lines(axes, "-") == [1, 4, 7, 10, 13, 16]  # after a pickup of one beat
    assert lines(axes, ":") == [8, 16]
    assert [container[0].get_facecolor()[:3] for container in axes.containers] != []
    assert len(LINE_COLORS) == len(axes.containers) == 2


def test_without_a_metre_no_bar_lines(axes):
    draw_piano_roll(JASMINE, axes)
    assert lines(axes, "-") == []


def test_an_excerpt(axes):
    draw_piano_roll(TWINKLE, axes, start=4, stop=8)
    assert axes.get_xlim() == (4, 8)
    assert bars(axes)[0].tolist() == [4, 5, 6]
    assert [text.get_text() for text in axes.texts] == ["lit-", "tle", "star,"]


def test_syllables_do_not_touch():
    crowded = song("strength " * 12, [60] * 12, [0.5] * 12)
    figure, _ = piano_roll_figure(crowded)
    figure.canvas.draw()
    boxes = [text.get_window_extent() for text in figure.axes[0].texts]
    assert len({round(box.y0) for box in boxes}) in range(1, LEVELS + 1)
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


def test_rows_of_long_songs_and_songs_above_one_another():
    figure, notices = piano_roll_figure({"truth": CHORALE, "a $model": TWINKLE}, title="Both")
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["truth", r"a \$model"]
    assert len({axes.get_xlim() for axes in figure.axes}) == 1
    assert notices == []
    long = song("la " * 60, [60, 62] * 30, [1] * 60)
    rows = piano_roll_figure(long)[0].axes
    assert [axes.get_xlim() for axes in rows] == [(0, 20), (20, 40), (40, 60)]
    assert sum(len(axes.texts) for axes in rows) == 60


def test_a_very_long_song_is_cut_and_the_title_says_so(monkeypatch):
    monkeypatch.setattr("hw3_melody_generation.piano_roll.MOST_ROWS", 3)
    figure, _ = piano_roll_figure(song("la " * 50, [60] * 50, [2] * 50))
    assert len(figure.axes) == 3
    assert figure.get_suptitle() == " (the first 60 of 100 beats)"


def test_files(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("hw3_melody_generation.readable.font_with", lambda characters: None)
    path = write_piano_roll(tmp_path / "roll.png", JASMINE)
    assert (np.asarray(Image.open(path).convert("L")) < 128).any()
    assert "transcribed" in capsys.readouterr().err
    first = path.read_bytes()
    assert write_piano_roll(path, JASMINE).read_bytes() == first
    with pytest.raises(UserError, match="png"):
        write_piano_roll(tmp_path / "roll.txt", TWINKLE)
    with pytest.raises(ValueError, match="got none"):
        write_piano_roll(path, {})


def test_extremes(axes):
    draw_piano_roll(random_song(30, seed=8), axes)
    draw_piano_roll(song("la la", [0, 127], [0.125, 32]), Figure().add_subplot())
    draw_piano_roll(song("", [], []), Figure().add_subplot())
