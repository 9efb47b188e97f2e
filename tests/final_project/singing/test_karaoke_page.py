"""The karaoke page: complete in itself, its times those of the sound, words only text."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from common.synthesis import Note
from final_project.singing import karaoke_page
from final_project.singing.karaoke_page import PageSong, lyrics_markup, write_page
from final_project.singing.piano_roll import SECOND, SEMITONE, PitchCurve, name_of, roll_svg
from final_project.singing.song import Song, SongPart, one_voice

NASTY = """</script><b>"R&B"<!--{{data}}'x'&100%#"""
RATE = 44_100


def write_tone(path: Path, *, seconds: float = 5.0) -> Path:
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(round(seconds * RATE)) / RATE)
    sf.write(path, tone, RATE)
    return path


@pytest.fixture
def page_of(parsed, tmp_path):
    """The parsed page of songs, all of which sound the same."""

    def write(*songs: Song, **options):
        sound = write_tone(tmp_path / "tone.wav")
        sung = [PageSong("name", song, sound, **options) for song in songs]
        return parsed(write_page(tmp_path / "index.html", sung).read_text())

    return write


def test_every_syllable_has_a_button_a_time_and_its_notes(page_of, glory):
    page = page_of(glory, glory)
    assert [b["text"] for b in page.of(class_="syllable")] == ["Glo", "ry,", "glow", "ev", "er!"] * 2
    assert [int(b["data-place"]) for b in page.of(class_="syllable")] == [0, 1, 2, 3, 4] * 2
    assert [len(page.of(class_=name)) for name in ("line", "word", "song")] == [4, 6, 2]
    for entry in page.data:
        assert entry["starts"] == [0.5, 1.5, 2.0, 3.0, 3.5] and entry["ends"] == [1.5, 2.0, 2.5, 3.5, 4.5]
    notes = [int(note["data-place"]) for note in page.of(tag="rect", class_="note")]
    assert notes == [0, 0, 1, 2, 3, 4] * 2  # "Glo" is held over two
    assert not page.open  # all that was opened was closed


def test_words_stand_apart_but_in_chinese(glory):
    assert lyrics_markup(glory).count("</span> <span") == 1
    assert "</span><span" in lyrics_markup(replace(glory, language="cmn"))


def test_the_sound_is_inside_and_as_long_as_the_file(page_of, content_of, glory):
    sound = content_of(page_of(glory).data[0]["sound"], "audio/mpeg")
    waveform, rate = sf.read(sound, always_2d=True)
    assert len(waveform) / rate == pytest.approx(5.0, abs=0.001)


def test_long_sound_is_played_from_the_file_beside(page_of, glory, monkeypatch):
    monkeypatch.setattr(karaoke_page, "LONGEST_SOUND", 3.0)
    assert page_of(glory).data[0]["sound"] == "./tone.wav"


def test_the_page_needs_nothing_from_elsewhere(page_of, glory, tmp_path):
    page = page_of(glory, files=(tmp_path / "tone.wav",))
    assert page.addresses == ["data:,", "./tone.wav"]


def test_words_and_names_are_text_wherever_they_stand(page_of, glory):
    words = (NASTY, "<svg onload=alert(1)>", "&lt;b&gt;", "{{title}}", "x", "y")
    part = replace(glory.melody, syllables=words)
    nasty = page_of(replace(glory, parts=(part,), title=NASTY, language='"><b>'))
    assert set(nasty.tags) == set(page_of(glory).tags)
    assert [button["text"] for button in nasty.of(class_="syllable")] == list(words)
    assert nasty.of(tag="h2")[0]["text"] == NASTY
    assert not any(name.startswith("on") for e in nasty.elements for name in e)


def test_a_name_that_is_no_text_does_not_stop_the_page(page_of, glory):
    assert page_of(replace(glory, title="caf\udce9")).of(tag="h2")[0]["text"] == "caf?"


# ---- the piano roll


def rects(svg: str, name: str) -> list[dict[str, str]]:
    root = ElementTree.fromstring(svg)
    return [e.attrib for e in root.iter() if name in e.get("class", "").split()]


def test_notes_lie_at_their_time_and_height(glory):
    notes = rects(roll_svg(glory, None, seconds=5), "note")
    assert [float(note["x"]) for note in notes] == [round(n.start * SECOND, 1) for n in glory.notes]
    heights = [float(note["y"]) for note in notes]
    assert (heights[0] - heights[1]) / SEMITONE == 2  # 69 is two semitones above 67, and y grows downwards
    assert (heights[5] - heights[0]) / SEMITONE == 7


def test_other_parts_are_shown_without_syllables(glory):
    alto = SongPart("alto", (Note(55, 0.5, 4),), ("Ah",))
    svg = roll_svg(Song("t", (glory.melody, alto)), None, seconds=5)
    [shown] = rects(svg, "part1")
    assert "data-place" not in shown and ">Ah<" not in svg and ">Glo-<" in svg


def test_the_pitch_is_a_line_that_unvoiced_sounds_break():
    song = one_voice("t", [Note(69, 0, 2)], ("la",))
    times = np.arange(400) * 0.005
    pitch = np.full(400, 69.0)
    pitch[100:140] = np.nan  # 0.2 s
    pitch[300] = np.nan  # one frame is no break
    pitch[350] = 20.0  # far out of the picture: an error of a tracker
    [path] = rects(roll_svg(song, PitchCurve(times, pitch), seconds=2), "pitch")
    assert path["d"].count("M") == 2
    points = [point.split() for stretch in path["d"].split("M")[1:] for point in stretch.split("L")]
    middle = (69 + 2 - 69 + 0.5) * SEMITONE
    assert {float(y) for _, y in points} == {middle}
    assert float(points[-1][0]) == pytest.approx(times[-1] * SECOND, abs=0.1)


def test_names_of_pitches():
    assert [name_of(pitch) for pitch in (60, 61, 69, 47)] == ["C4", "C♯4", "A4", "B2"]
