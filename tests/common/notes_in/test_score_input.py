"""MusicXML and ABC: words, ties, voices and bars arrive; what could harm, or is none, is refused."""

import io
import zipfile

import pytest

from common.cli import UserError
from common.notes_in.lines import Metre
from common.notes_in.score_input import (
    MOST_BYTES,
    names_of_voices,
    read_abc,
    read_musicxml,
    xml_text,
)

NOTE = "<note><pitch><step>{}</step><octave>4</octave></pitch><duration>{}</duration>{}</note>"
TIE = '<tie type="{0}"/><notations><tied type="{0}"/></notations>'
LYRIC = "<lyric><syllabic>{}</syllabic><text>{}</text></lyric>"
FERMATA = "<notations><fermata/></notations>"


def score(*measures, attributes="<time><beats>3</beats><beat-type>4</beat-type></time>"):
    bars = "".join(f'<measure number="{n}">{bar}</measure>' for n, bar in enumerate(measures[1:], 1))
    return (
        '<?xml version="1.0" encoding="UTF-8"?><score-partwise version="4.0"><part-list>'
        '<score-part id="P1"><part-name>Alto</part-name></score-part></part-list><part id="P1">'
        f'<measure number="0" implicit="yes"><attributes><divisions>1</divisions>'
        f"<key><fifths>1</fifths><mode>major</mode></key>{attributes}</attributes>{measures[0]}</measure>"
        f"{bars}</part></score-partwise>"
    ).encode()


TUNE = score(
    NOTE.format("G", 1, LYRIC.format("begin", "Mor")),
    NOTE.format("A", 2, LYRIC.format("end", "ning")) + NOTE.format("B", 1, TIE.format("start")),
    NOTE.format("B", 2, TIE.format("stop") + FERMATA) + NOTE.format("G", 1, ""),
)


@pytest.mark.parametrize("packed", [False, True])
def test_musicxml(packed):
    content = TUNE
    if packed:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("META-INF/container.xml", "<container/>")
            archive.writestr("tune.xml", TUNE)
        content = buffer.getvalue()
    piece = read_musicxml(content)
    (line,) = piece.lines
    notes = sorted(line.notes, key=lambda note: note.onset)
    assert [(n.pitch, n.onset, n.end) for n in notes] == [(67, 0, 1), (69, 1, 3), (71, 3, 6), (67, 6, 7)]
    assert [n.text for n in notes] == ["Mor-", "ning", "", ""]
    assert [n.fermata for n in notes] == [False, False, True, False]
    assert (line.name, piece.metre, piece.upbeat, piece.key) == ("Alto", Metre(3, 4), 1.0, (7, "major"))


def test_abc():
    content = b"X:1\nT:Ode\nM:4/4\nL:1/4\nQ:1/4=90\nK:Em\nEFGA|B4|]\n\nX:2\nT:Other\nK:C\nCDEF|]\n"
    piece = read_abc(content)
    assert [note.pitch for note in piece.lines[0].notes] == [64, 66, 67, 69, 71]
    assert (piece.title, piece.tempo, piece.key) == ("Ode", 90, (4, "minor"))
    assert piece.notices == ("the file has 2 tunes; the first is taken",)


def laughing(depth=9):
    """Ten times ten times ...: a few hundred bytes that would become 10 ** depth."""
    entities = '<!ENTITY l0 "ha">' + "".join(
        f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, depth)
    )
    return f"<?xml version='1.0'?><!DOCTYPE score-partwise [{entities}]><score-partwise>&l8;</score-partwise>"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (laughing().encode(), "entities"),
        (laughing().encode("utf-16"), "entities"),
        (b'<!DOCTYPE x SYSTEM "a" [<!ENTITY e SYSTEM "file:///etc/passwd">]><score-partwise/>', "entities"),
        (b"<html><body>no</body></html>", "no MusicXML"),
        (b"<score-timewise/>", "timewise"),
        (b"<?xml version='1.0'?><score-partwise>\xff", "neither UTF-8"),
        (TUNE[:700] + b"<oops", "music21 cannot read"),
        (score(""), "without notes"),
        (b"PK\x03\x04" + bytes(40), "damaged .mxl"),
        (score(NOTE.format("G", 1, "") * 20_001), "more than 20,000 notes"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_bad_files(content, reason):
    with pytest.raises(UserError, match=reason):
        read_musicxml(content)


def test_a_small_zip_of_a_large_score_is_read_to_the_limit_only():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("tune.xml", b" " * (MOST_BYTES + 1_000_000))
    assert len(buffer.getvalue()) < 50_000
    with pytest.raises(UserError, match="more than 8 MB"):
        read_musicxml(buffer.getvalue())


def test_the_usual_doctype_is_welcome():
    doctype = b'<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML" "http://x/partwise.dtd">'
    assert xml_text(doctype + b"<score-partwise/>").endswith("<score-partwise/>")


def test_names_of_voices_on_one_staff():
    assert names_of_voices("Tenor, Bass", 2) == ["Tenor", "Bass"]
    assert names_of_voices("Piano", 2) == ["Piano", "Piano 2"]
