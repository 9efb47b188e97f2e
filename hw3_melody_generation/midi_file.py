"""A song as a Standard MIDI File that shows its lyrics: the format that every player and sequencer reads.

Track 0 has tempo, time and key signature; track 1 the melody on channel 1 with a lyric event (FF 05) at each
note's onset, and track 2 on channel 2 the chords, if there are any. Conventions of karaoke players (MIDI
Association, RP-017): syllables of a word follow one another without a space, the last one of a word ends in
a space (not in Chinese and Japanese), the first one of a further line of verse begins with a carriage return.
So all events joined are the text.

Text is Latin-1, as MIDI programs expect, and UTF-8 if Latin-1 lacks a character (Chinese, Japanese, curly
quotation marks): pretty_midi and mido read the latter as Latin-1 unless told; `decoded` sets it right.
Beats are quarter notes of 480 ticks; onsets and ends are rounded to ticks, each by itself. A pickup is a
first bar with a time signature of its own (1/4 before 3/4), as MIDI files have no other way to say where bars
begin. Without a metre, the bars of 4/4 from the first beat on mean nothing.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

import mido

from common.cli import UserError
from common.run_folder import write_atomically
from hw3_melody_generation import notation, spelling
from hw3_melody_generation.songs import Lyrics, Song

TICKS = 480  # per quarter note
FLUTE, PIANO = 73, 0  # General MIDI programs, counted from 0
MELODY_CHANNEL, CHORD_CHANNEL = 0, 1  # counted from 0: channels 1 and 2
MELODY_VELOCITY, CHORD_VELOCITY = 96, 60
SLOWEST, FASTEST = 4.0, 6e7  # quarter notes per minute: microseconds per quarter note fit 24 bits
MAJOR_KEYS = ("Cb", "Gb", "Db", "Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#")  # -7 ... 7
MINOR_KEYS = ("Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#", "G#", "D#", "A#")

Event = tuple[int, int, mido.Message]  # tick, rank among those of one tick, message
BEFORE, OFF, LYRIC, ON = range(4)  # ranks


class PlayedChord(Protocol):
    """A chord: `start` and `duration` in quarter notes, `pitches` as MIDI numbers."""

    start: float
    duration: float
    pitches: Sequence[int]


def write_midi(
    path: Path,
    song: Song,
    *,
    tempo: float,
    chords: Sequence[PlayedChord] = (),
    key: spelling.Key | None = None,
    title: str | None = None,
    program: int = FLUTE,
) -> None:
    """Write `song`, in quarter-note beats, as a MIDI file; see `midi_bytes`."""
    content = midi_bytes(song, tempo=tempo, chords=chords, key=key, title=title, program=program)
    write_atomically(Path(path), content)


def midi_bytes(
    song: Song,
    *,
    tempo: float,
    chords: Sequence[PlayedChord] = (),
    key: spelling.Key | None = None,
    title: str | None = None,
    program: int = FLUTE,
) -> bytes:
    """The contents of the file.

    tempo: quarter notes per minute. key: for the key signature; by default the major key that needs the
    fewest accidentals. title: by default the song's own. program: the melody's, 0..127.
    Errors: UserError for a song without notes, and for a tempo that a MIDI file cannot hold.
    """
    if not len(song):
        raise UserError(f"{song.name}: has no notes, so there is nothing to write; give a song with lyrics")
    if not SLOWEST <= tempo <= FASTEST:  # not a number is neither
        raise UserError(f"--tempo {tempo}: give {SLOWEST:g} or more quarter notes per minute")
    texts = lyric_events(song.lyrics)
    title = " ".join((song.title if title is None else title).split())
    charset = _charset("".join([title, *texts]))
    file = mido.MidiFile(type=1, ticks_per_beat=TICKS, charset=charset)
    file.tracks.append(_track(_conductor(song, tempo, key), title))
    file.tracks.append(_track(_melody(song, texts, program), "Melody"))
    if chords:
        file.tracks.append(_track(_chords(chords), "Chords"))
    content = io.BytesIO()
    file.save(file=content)
    return content.getvalue()


def lyric_events(lyrics: Lyrics) -> list[str]:
    """The text of each syllable's event, with the space after a word and the return before a line."""
    texts, space = [], "" if lyrics.language in ("zh", "ja") else " "
    for index, (syllable, marks) in enumerate(zip(lyrics.syllables, lyrics.punctuation, strict=True)):
        new_line = index > 0 and lyrics.lines[index] != lyrics.lines[index - 1]
        ends_word = index + 1 == len(lyrics) or lyrics.words[index + 1] != lyrics.words[index]
        texts.append(("\r" if new_line else "") + syllable + marks + (space if ends_word else ""))
    return texts


def decoded(text: str) -> str:
    """Text of a file by `write_midi` that a library has read as Latin-1."""
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


def _charset(text: str) -> str:
    """Latin-1 if it holds `text` and nobody could take it for UTF-8, else UTF-8."""
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return "utf-8"
    return "latin-1" if decoded(text) == text else "utf-8"


def _track(events: Iterator[Event], name: str) -> mido.MidiTrack:
    """Events in order of time; at one tick, notes end before others begin."""
    track = mido.MidiTrack([mido.MetaMessage("track_name", name=name)])
    now = 0
    for tick, _, message in sorted(events, key=lambda event: event[:2]):
        track.append(message.copy(time=tick - now))
        now = tick
    return track


def _conductor(song: Song, tempo: float, key: spelling.Key | None) -> Iterator[Event]:
    """Tempo, key and time signature."""
    yield 0, BEFORE, mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(tempo))
    sharps, minor = spelling.signature(song.melody, key), key is not None and key.minor
    name = (MINOR_KEYS if minor else MAJOR_KEYS)[sharps + 7] + ("m" if minor else "")
    yield 0, BEFORE, mido.MetaMessage("key_signature", key=name)
    metre = notation.time_signature(song.melody.metre)
    first_bar = metre.length - notation.position(song.melody.metre)
    if first_bar < metre.length:
        pickup = notation.time_signature(notation.Metre(first_bar, beat_type=metre.beat_type))
        yield 0, BEFORE, _time_signature(pickup)
        yield _tick(first_bar), BEFORE, _time_signature(metre)
    else:
        yield 0, BEFORE, _time_signature(metre)


def _time_signature(signature: notation.TimeSignature) -> mido.MetaMessage:
    return mido.MetaMessage("time_signature", numerator=signature.beats, denominator=signature.beat_type)


def _melody(song: Song, texts: Sequence[str], program: int) -> Iterator[Event]:
    yield 0, BEFORE, mido.Message("program_change", channel=MELODY_CHANNEL, program=program)
    melody = song.melody
    for text, pitch, onset, duration in zip(
        texts, melody.pitch.tolist(), melody.onset.tolist(), melody.duration.tolist(), strict=True
    ):
        yield _tick(onset), LYRIC, mido.MetaMessage("lyrics", text=text)
        yield from _note(MELODY_CHANNEL, pitch, MELODY_VELOCITY, onset, duration)


def _chords(chords: Sequence[PlayedChord]) -> Iterator[Event]:
    yield 0, BEFORE, mido.Message("program_change", channel=CHORD_CHANNEL, program=PIANO)
    for chord in chords:
        for pitch in chord.pitches:
            yield from _note(CHORD_CHANNEL, pitch, CHORD_VELOCITY, chord.start, chord.duration)


def _note(channel: int, pitch: int, velocity: int, start: float, duration: float) -> Iterator[Event]:
    begin = _tick(start)
    end = max(_tick(start + duration), begin + 1)
    yield begin, ON, mido.Message("note_on", channel=channel, note=pitch, velocity=velocity)
    yield end, OFF, mido.Message("note_off", channel=channel, note=pitch)


def _tick(beats: float) -> int:
    return round(beats * TICKS)
