"""MusicXML (plain or packed) or ABC -> the lines in it: one for each part, or each voice of a part.

music21 parses; what it is given is bounded before: size, number of notes, and no XML with entities of its
own, by which a small file can become endless ("billion laughs"), or read other files. Ties are joined,
grace notes, chord symbols and all verses but the first left out. Repeats are read once.
"""

from __future__ import annotations

import contextlib
import io
import re
import warnings
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from common.cli import UserError
from common.notes_in.abc_words import abc_fermatas, abc_words, spelled_out
from common.notes_in.lines import Key, Line, LineNote, Metre, Piece

if TYPE_CHECKING:  # it takes half a second to import: only who parses needs it
    from music21.note import GeneralNote
    from music21.stream import Score, Stream

MOST_BYTES = 8_000_000  # of XML, unpacked
MOST_ABC = 100_000  # characters
MOST_NOTES = 20_000
ENTITY = re.compile(r"<!ENTITY|<!DOCTYPE[^>]*\[", re.IGNORECASE)
JOINS = ("begin", "middle")  # MusicXML's `syllabic`: the word goes on
CONTINUED = ("stop", "continue")  # MusicXML's `tie`
VERSE_NUMBER = re.compile(r"^\s*\d+\.\s*")
TOLERANCE = 1e-4  # quarter notes


def read_musicxml(content: bytes) -> Piece:
    """The lines of a MusicXML file, packed or not. Errors: UserError."""
    text = xml_text(unpacked(content) if content.startswith(b"PK") else content)
    if text.count("<note") > MOST_NOTES:
        raise UserError(f"has more than {MOST_NOTES:,} notes; give the score of one piece")
    return piece_of(parsed(text, "musicxml"))


def read_abc(content: bytes) -> Piece:
    """The lines of the first tune in an ABC file. Errors: UserError."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    starts = [found.start() for found in re.finditer(r"^X:", text, re.MULTILINE)]
    notices: tuple[str, ...] = ()
    if len(starts) > 1:
        text = text[: starts[1]]
        notices = (f"the file has {len(starts)} tunes; the first is taken",)
    if len(text) > MOST_ABC:
        raise UserError(f"an ABC tune of more than {MOST_ABC:,} characters; give a shorter one")
    piece = piece_of(parsed(spelled_out(text), "abc"))
    words, fermatas = abc_words(text), abc_fermatas(text)
    if len(piece.lines) == 1 and len(fermatas) == len(piece.lines[0].notes):
        notes = sorted(piece.lines[0].notes, key=lambda note: note.onset)
        marked = tuple(
            replace(note, text=word, fermata=fermata)
            for note, word, fermata in zip(notes, words or [""] * len(notes), fermatas, strict=True)
        )
        piece = replace(piece, lines=(replace(piece.lines[0], notes=marked),))
    elif words or any(fermatas):
        notices += ("its words and fermatas cannot be matched with its notes, and are left out",)
    return replace(piece, notices=piece.notices + notices)


def unpacked(content: bytes) -> bytes:
    """The score in an .mxl file. Errors: UserError."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            scores = [
                name
                for name in archive.namelist()
                if name.lower().endswith((".xml", ".musicxml")) and not name.startswith("META-INF")
            ]
            if not scores:
                raise UserError("a zip file without a MusicXML score; save the score as MusicXML")
            with archive.open(scores[0]) as file:
                return file.read(MOST_BYTES + 1)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, OSError) as error:
        raise UserError(f"a damaged .mxl file ({error}); save it anew") from error
    except Exception as error:  # zlib.error and its like, by what packed it
        if isinstance(error, UserError):
            raise
        raise UserError(f"a damaged .mxl file ({error}); save it anew") from error


def xml_text(content: bytes) -> str:
    """The text of an XML file that is safe to parse. Errors: UserError."""
    if len(content) > MOST_BYTES:
        raise UserError(f"more than {MOST_BYTES / 1e6:g} MB of XML; give the score of one piece")
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise UserError("XML that is neither UTF-8 nor UTF-16; save the score anew as MusicXML") from error
    if ENTITY.search(text):
        raise UserError("XML with entities of its own, which no score needs; save it anew as MusicXML")
    if "<score-timewise" in text:
        raise UserError("a timewise MusicXML score; save it as partwise, as all programs do")
    if "<score-partwise" not in text:
        raise UserError("XML, but no MusicXML score; save the score as MusicXML")
    return text


def parsed(text: str, kind: str) -> Score:
    """What music21 makes of it. Errors: UserError."""
    from music21 import converter, stream

    try:
        with warnings.catch_warnings(action="ignore"), contextlib.redirect_stderr(io.StringIO()):
            score = converter.parseData(text, format=kind)
        if isinstance(score, stream.Opus):
            score = score.scores[0]
        if not isinstance(score, stream.Score):
            score = stream.Score([score])
        return score
    except Exception as error:  # whatever a parser meets in a file that nobody checked
        reason = " ".join(str(error).split())[:100] or type(error).__name__
        raise UserError(f"music21 cannot read this score ({reason}); save it anew") from error


def piece_of(score: Score) -> Piece:
    """The lines, bars, key, tempo and title of a music21 score. Errors: UserError for one without notes."""
    lines = []
    for part in score.parts:
        voices = [notes for voice in voices_of(part) if (notes := tuple(notes_of(voice)))]
        lines += map(Line, names_of_voices(str(part.partName or ""), len(voices)), voices)
    if not lines:
        raise UserError("a score without notes; give one with a melody")
    key, sharps = key_of_score(score)
    metre, upbeat, notices = bars_of_score(score)
    title = (score.metadata.bestTitle or "") if score.metadata else ""
    if title == "Music21 Fragment" or title.lower().endswith((".mxl", ".xml", ".musicxml")):
        title = ""
    return Piece(tuple(lines), metre, upbeat, key, sharps, tempo_of(score), title.strip(), notices)


def voices_of(part: Stream) -> list[Stream]:
    """The voices of a part, the upper first; the part itself if it has but one."""
    if not any(measure.hasVoices() for measure in part.getElementsByClass("Measure")):
        return [part]
    return list(part.voicesToParts().parts)


def names_of_voices(name: str, count: int) -> list[str]:
    """What the `count` voices of a part are called: "Tenor, Bass" are two names, if it has two voices."""
    names = [each.strip() for each in re.split(r"[,/&]|\band\b|\bund\b", name)]
    if len(names) == count:
        return names
    return [f"{name} {number}".strip() if number > 1 else name for number in range(1, count + 1)]


def notes_of(part: Stream) -> Iterator[LineNote]:
    """The notes in order, tied ones joined; each pitch of a chord is a note."""
    from music21.harmony import Harmony

    tied: dict[int, LineNote] = {}  # by pitch, what a tie may prolong
    for note in part.flatten().notes:
        if note.duration.isGrace or isinstance(note, Harmony) or not note.quarterLength:
            continue
        onset, end = float(note.offset), float(note.offset + note.quarterLength)
        fermata = any("Fermata" in expression.classes for expression in note.expressions)
        members = note.notes if note.isChord else [note]
        for member in members:
            if not hasattr(member, "pitch"):  # percussion without a pitch
                continue
            pitch, tie = int(member.pitch.midi), member.tie or note.tie
            before = tied.pop(pitch, None)
            if before and not (tie and tie.type in CONTINUED and abs(before.end - onset) < TOLERANCE):
                yield before
                before = None
            text = syllable(note) if not before else before.text
            begun = before.onset if before else onset
            made = LineNote(begun, end, pitch, text, fermata or bool(before and before.fermata))
            if tie and tie.type in ("start", "continue"):
                tied[pitch] = made
            else:
                yield made
    yield from tied.values()


def syllable(note: GeneralNote) -> str:
    """The first verse under a note; "-" at its end joins it to the next."""
    for lyric in sorted(note.lyrics, key=lambda lyric: lyric.number):
        text = VERSE_NUMBER.sub("", lyric.text or "").strip().rstrip("-_ ")
        if any(letter.isalpha() for letter in text):
            return " ".join(text.split()) + "-" * (lyric.syllabic in JOINS)
    return ""


def key_of_score(score: Score) -> tuple[Key | None, int | None]:
    """The key if a mode is written; and the sharps of the signature, flats negative, None without one."""
    signature = next(iter(score.recurse().getElementsByClass("KeySignature")), None)
    if signature is None:
        return None, None
    mode = getattr(signature, "mode", None)
    if mode in ("major", "minor"):
        return (int(signature.tonic.pitchClass), mode), int(signature.sharps)
    return None, int(signature.sharps)


def bars_of_score(score: Score) -> tuple[Metre, float, tuple[str, ...]]:
    """The metre, quarter notes to the first bar line, and a notice where it changes."""
    part = score.parts[0]
    found = [
        Metre(int(signature.numerator), int(signature.denominator))
        for signature in part.recurse().getElementsByClass("TimeSignature")
    ]
    metre = found[0] if found else Metre()
    if not metre.usable:
        notice = f"a time signature of {metre.beats}/{metre.beat_type} is not known here; 4/4 is taken"
        return Metre(), 0.0, (notice,)
    measures = list(part.getElementsByClass("Measure"))
    first = float(measures[0].duration.quarterLength) if measures else 0.0
    upbeat = first if len(measures) > 1 and first < metre.quarters - TOLERANCE else 0.0
    notice = f"the time signature changes; {metre.beats}/{metre.beat_type} is taken throughout"
    return metre, upbeat, (notice,) if len(set(found)) > 1 else ()


def tempo_of(score: Score) -> float | None:
    """Quarter notes a minute, of the first metronome mark."""
    for mark in score.recurse().getElementsByClass("MetronomeMark"):
        try:
            tempo = mark.getQuarterBPM()
        except Exception:  # a mark of words alone
            continue
        if tempo:
            return float(tempo)
    return None
