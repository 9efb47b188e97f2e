"""What a file is, what it is called, and which of its lines are which voices."""

from pathlib import Path

import pytest

from common.cli import UserError
from common.notes_in.lines import Line, LineNote, Piece
from final_project.muse2bach.inputs import kind_of, name_of, read_piece, sources, voice_named, voices_in


def line(name, *pitches):
    return Line(name, tuple(LineNote(n, n + 1, pitch) for n, pitch in enumerate(pitches)))


@pytest.mark.parametrize(
    ("content", "suffix", "kind"),
    [
        (b"MThd\0\0", ".txt", "midi"),
        (b"RIFF....WAVE", "", "recording"),
        (b"PK\x03\x04", ".mxl", "musicxml"),
        (b"\xef\xbb\xbf<?xml", ".xml", "musicxml"),
        ("<?xml version='1.0'?>".encode("utf-16"), ".xml", "musicxml"),
        (b"% a comment\nX: 1\nK:C\nCDE", "", "abc"),
        (b"\xff\xf1\x50", ".mp3", "recording"),
    ],
)
def test_kinds(content, suffix, kind):
    assert kind_of(content, suffix) == kind


@pytest.mark.parametrize(
    ("content", "suffix", "reason"),
    [(b"", ".mid", "empty"), (b"Dear sir", ".txt", "neither"), (b"Dear sir", ".mid", "not what its name")],
)
def test_no_kind(content, suffix, reason):
    with pytest.raises(UserError, match=reason):
        kind_of(content, suffix)


def test_missing_files_and_empty_folders(tmp_path):
    with pytest.raises(UserError, match="no such file"):
        read_piece(tmp_path / "none.mid")
    with pytest.raises(UserError, match="folder without music"):
        read_piece(tmp_path)


def test_names_are_safe_and_different(tmp_path):
    (tmp_path / "b.mid").touch()
    (tmp_path / "a.wav").touch()
    (tmp_path / "notes.txt").touch()
    found = sources([tmp_path, Path("x/A.abc"), Path("../Böse  Datei!.mid")])
    assert [(source.path.name, source.name) for source in found] == [
        ("a.wav", "a"),
        ("b.mid", "b"),
        ("A.abc", "A_2"),
        ("Böse  Datei!.mid", "Böse_Datei"),
    ]
    assert name_of("song_take2_sung") == "song"
    assert name_of("...") == "chorale"


def test_voices_by_the_names_of_the_parts():
    piece = Piece((line("Bass", 50, 48), line("S.", 72, 74), line("Alt 1", 65, 64)))
    chosen, notices = voices_in(piece, ("soprano", "bass"))
    assert {voice: each.notes[0].pitch for voice, each in chosen.items()} == {"soprano": 72, "bass": 50}
    assert "has 3 lines; taken: S., Bass" in notices[0]
    assert [voice_named(name) for name in ("Tenor II", "T", "Trumpet", "")] == ["tenor", "tenor", None, None]


def test_voices_in_order_and_the_outer_one_of_several():
    piece = Piece((line("", 50, 48), line("", 72, 74)))
    assert [n.notes[0].pitch for n in voices_in(piece, ("tenor", "bass"))[0].values()] == [50, 72]
    assert voices_in(piece, ("soprano",))[0]["soprano"].notes[0].pitch == 72
    assert voices_in(piece, ("bass",))[0]["bass"].notes[0].pitch == 50
    with pytest.raises(UserError, match="has 2 lines, and --given names 3"):
        voices_in(piece, ("soprano", "alto", "bass"))


def test_chords_are_left_out_beside_a_line_and_refused_alone():
    chords = Line("Piano", (LineNote(0, 1, 60), LineNote(0, 1, 64)))
    chosen, _ = voices_in(Piece((chords, line("Flute", 72))), ("soprano",))
    assert chosen["soprano"].name == "Flute"
    with pytest.raises(UserError, match="Piano has several notes at once"):
        voices_in(Piece((chords,)), ("soprano",))
