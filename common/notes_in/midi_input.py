"""A Standard MIDI File -> the lines in it, with lyric events, time and key signature, and tempo.

A line is what one channel of one track plays; drums are left out. The first tempo and the first full time
signature hold for all of the piece. A first bar shorter than the others, with a time signature of its own,
is an upbeat, as MIDI files have no other way to write one.
"""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import mido

from common.cli import UserError
from common.notes_in.lines import Key, Line, LineNote, Metre, Piece, with_words

DRUMS = 9  # channel, counted from 0
MOST_NOTES = 20_000
MAJOR_KEYS = ("Cb", "Gb", "Db", "Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#")  # -7 ... 7
MINOR_KEYS = ("Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#", "G#", "D#", "A#")


def read_midi(content: bytes) -> Piece:
    """The lines of a MIDI file's `content`. Errors: UserError for what is none, or has no notes."""
    file = opened(content)
    lines, words, signatures, keys, tempos = [], [], [], [], []
    title, count = "", 0
    for track in file.tracks:
        played: dict[int, list[LineNote]] = defaultdict(list)
        open_notes: dict[tuple[int, int], float] = {}
        now, name, own_words, texts = 0, "", [], []
        for message in track:
            now += message.time
            time = now / file.ticks_per_beat
            if message.type in ("note_on", "note_off") and message.channel != DRUMS:
                sounding = (message.channel, message.note)
                begun = open_notes.pop(sounding, None)
                if begun is not None and time > begun:
                    played[message.channel].append(LineNote(begun, time, message.note))
                    count += 1
                if message.type == "note_on" and message.velocity:
                    open_notes[sounding] = time
            elif message.type == "lyrics":
                own_words.append((time, decoded(message.text)))
            elif message.type == "text":
                texts.append((time, decoded(message.text)))
            elif message.type == "track_name":
                name = decoded(message.name).strip()
            elif message.type == "time_signature":
                signatures.append((time, Metre(message.numerator, message.denominator)))
            elif message.type == "key_signature":
                keys.append((time, message.key))
            elif message.type == "set_tempo" and message.tempo:
                tempos.append((time, mido.tempo2bpm(message.tempo)))
        if count > MOST_NOTES:
            raise UserError(f"has more than {MOST_NOTES:,} notes; give one piece")
        title = title or (name if not played else "")
        own_words = own_words or karaoke_words(texts)
        words += own_words
        for channel in sorted(played):
            notes = sorted(played[channel], key=lambda note: (note.onset, -note.pitch))
            lines.append(Line(name, with_words(notes, own_words) if own_words else tuple(notes)))
    if not lines:
        raise UserError("a MIDI file without notes; give one with a melody")
    if words and not any(note.text for line in lines for note in line.notes):  # in a track of their own
        lines[0] = replace(lines[0], notes=with_words(lines[0].notes, sorted(words)))
    metre, upbeat, notices = bars_of(sorted(signatures, key=lambda found: found[0]))
    if len({round(tempo, 1) for _, tempo in tempos}) > 1:
        notices += (f"the tempo changes; {min(tempos)[1]:.3g} quarter notes a minute are taken throughout",)
    key = key_named(min(keys)[1]) if keys else None
    tempo = min(tempos)[1] if tempos else None
    sung = [line for line in lines if any(note.text for note in line.notes)]
    if sung and len(lines) > 1 and len(sung) == 1 and not are_voices(lines):
        lines = sung  # the others accompany it
    return Piece(tuple(lines), metre, upbeat, key, None, tempo, title, notices)


def karaoke_words(texts: Sequence[tuple[float, str]]) -> list[tuple[float, str]]:
    """Of a track's text events those that are sung, in files as Soft Karaoke wrote them.

    After "@" stand facts about the song, a backslash begins a verse, a slash a line. [] if none of them
    begins a line.
    """
    sung = [(time, text) for time, text in texts if not text.startswith("@")]
    return sung if any(text.startswith(("\\", "/")) for _, text in sung) else []


def opened(content: bytes) -> mido.MidiFile:
    """The file in mido. Errors: UserError."""
    try:
        file = mido.MidiFile(file=io.BytesIO(content), clip=True)
    except Exception as error:  # mido raises whatever it stumbles over
        raise UserError(f"a damaged MIDI file ({error or 'cut off'}); write it anew") from error
    if file.type == 2:
        raise UserError("a MIDI file of type 2, with several songs; save it as type 0 or 1")
    if file.ticks_per_beat <= 0 or file.ticks_per_beat >= 1 << 15:
        raise UserError("a MIDI file that counts in frames of a film, not in beats; save it with beats")
    return file


def are_voices(lines: Sequence[Line]) -> bool:
    """Whether the lines are called as voices are."""
    names = ("soprano", "alto", "tenor", "bass", "sopran", "alt", "bas")
    return sum(line.name.casefold().startswith(names) for line in lines) > 1


def bars_of(signatures: Sequence[tuple[float, Metre]]) -> tuple[Metre, float | None, tuple[str, ...]]:
    """The metre, quarter notes to the first bar line, and a notice where it changes."""
    if not signatures:
        return Metre(), None, ()
    (_, metre), upbeat = signatures[0], 0.0
    if len(signatures) > 1:
        time, after = signatures[1]
        if abs(time - metre.quarters) < 1e-6 and metre.quarters < after.quarters:
            metre, upbeat = after, time
    if not metre.usable:
        notice = f"a time signature of {metre.beats}/{metre.beat_type} is not known here; 4/4 is taken"
        return Metre(), upbeat, (notice,)
    others = {found for _, found in signatures[1 + (upbeat > 0) :]} - {metre}
    notice = f"the time signature changes; {metre.beats}/{metre.beat_type} is taken throughout"
    return metre, upbeat, (notice,) if others else ()


def key_named(name: str) -> Key | None:
    """mido's "Bbm" -> (10, "minor"). C major is what most programs write who know no key: None."""
    if name == "C":
        return None
    minor = name.endswith("m")
    table = MINOR_KEYS if minor else MAJOR_KEYS
    place = table.index(name.removesuffix("m")) - 7
    return (7 * place + 9 * minor) % 12, "minor" if minor else "major"


def decoded(text: str) -> str:
    """Text that mido has read as Latin-1, and that may be UTF-8."""
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text
