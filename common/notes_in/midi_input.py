"""A Standard MIDI File -> the lines in it, with lyric events, time and key signature, and tempo.

A line is what one channel of one track plays; drums are left out. The first tempo and the first full time
signature hold for all of the piece. A first bar shorter than the others, with a time signature of its own,
is an upbeat, as MIDI files have no other way to write one.
"""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

import mido

from common.cli import UserError
from common.notes_in.lines import Key, Line, LineNote, Metre, Piece, with_words

DRUMS = 9  # channel, counted from 0
MOST_NOTES = 20_000
MAJOR_KEYS = ("Cb", "Gb", "Db", "Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#")  # -7 ... 7
MINOR_KEYS = ("Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#", "G#", "D#", "A#")


class Track:
    """What one track of a file holds. Of each event the time in quarter notes, and what it says.

    played: the notes by channel. texts: events that may be words (`karaoke_words`).
    """

    def __init__(self, messages: mido.MidiTrack, ticks_per_beat: int) -> None:
        self.name = ""
        self.played: dict[int, list[LineNote]] = defaultdict(list)
        self.lyrics: list[tuple[float, str]] = []
        self.texts: list[tuple[float, str]] = []
        self.signatures: list[tuple[float, Metre]] = []
        self.keys: list[tuple[float, str]] = []
        self.tempos: list[tuple[float, float]] = []
        self._open: dict[tuple[int, int], float] = {}  # when the notes that sound were struck
        now = 0
        for message in messages:
            now += message.time
            self._take(message, now / ticks_per_beat)

    def _take(self, message: mido.Message | mido.MetaMessage, time: float) -> None:
        match message.type:
            case "note_on" | "note_off" if message.channel != DRUMS:
                self._take_note(message, time)
            case "lyrics":
                self.lyrics.append((time, decoded(message.text)))
            case "text":
                self.texts.append((time, decoded(message.text)))
            case "track_name":
                self.name = decoded(message.name).strip()
            case "time_signature":
                self.signatures.append((time, Metre(message.numerator, message.denominator)))
            case "key_signature":
                self.keys.append((time, message.key))
            case "set_tempo" if message.tempo:
                self.tempos.append((time, mido.tempo2bpm(message.tempo)))

    def _take_note(self, message: mido.Message, time: float) -> None:
        """A key that goes down or up; what goes down again was lifted before."""
        sounding = (message.channel, message.note)
        begun = self._open.pop(sounding, None)
        if begun is not None and time > begun:
            self.played[message.channel].append(LineNote(begun, time, message.note))
        if message.type == "note_on" and message.velocity:
            self._open[sounding] = time

    @property
    def words(self) -> list[tuple[float, str]]:
        """The lyric events, or what stands for them."""
        return self.lyrics or karaoke_words(self.texts)

    def lines(self) -> Iterator[Line]:
        """A line for each channel, with the track's own words."""
        words = self.words
        for channel in sorted(self.played):
            notes = sorted(self.played[channel], key=lambda note: (note.onset, -note.pitch))
            yield Line(self.name, with_words(notes, words) if words else tuple(notes))


def read_midi(content: bytes) -> Piece:
    """The lines of a MIDI file's `content`. Errors: UserError for what is none, or has no notes."""
    tracks = tracks_of(opened(content))
    lines = lines_with_words(tracks)
    signatures = [each for track in tracks for each in track.signatures]
    metre, upbeat, notices = bars_of(sorted(signatures, key=lambda found: found[0]))
    tempos = [each for track in tracks for each in track.tempos]
    if len({round(tempo, 1) for _, tempo in tempos}) > 1:
        notices += (f"the tempo changes; {min(tempos)[1]:.3g} quarter notes a minute are taken throughout",)
    keys = [each for track in tracks for each in track.keys]
    key = key_named(min(keys)[1]) if keys else None
    tempo = min(tempos)[1] if tempos else None
    title = next((track.name for track in tracks if track.name and not track.played), "")
    return Piece(tuple(lines), metre, upbeat, key, None, tempo, title, notices)


def tracks_of(file: mido.MidiFile) -> list[Track]:
    """The tracks. Errors: UserError for too many notes."""
    tracks, count = [], 0
    for messages in file.tracks:
        tracks.append(Track(messages, file.ticks_per_beat))
        count += sum(map(len, tracks[-1].played.values()))
        if count > MOST_NOTES:
            raise UserError(f"has more than {MOST_NOTES:,} notes; give one piece")
    return tracks


def lines_with_words(tracks: Sequence[Track]) -> list[Line]:
    """All lines; words in a track of their own go to the first. Errors: UserError if there are none."""
    lines = [line for track in tracks for line in track.lines()]
    if not lines:
        raise UserError("a MIDI file without notes; give one with a melody")
    words = [word for track in tracks for word in track.words]
    if words and not any(note.text for line in lines for note in line.notes):
        lines[0] = replace(lines[0], notes=with_words(lines[0].notes, sorted(words)))
    sung = [line for line in lines if any(note.text for note in line.notes)]
    if len(lines) > 1 and len(sung) == 1 and not are_voices(lines):
        return sung  # the others accompany it
    return lines


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
