"""A song as a Standard MIDI File with its words, which karaoke players show and `songs_in` reads again.

Track 0 has tempo and title, then one track and channel for each part, with a lyric event (FF 05) at each
syllable. After RP-017 of the MIDI Association: syllables of a word follow one another without a space, the
last one of a word ends in a space, the first one of a further line begins with a carriage return. Text is
Latin-1, as MIDI programs expect, or UTF-8 if that lacks a character.
"""

from __future__ import annotations

import io
from collections.abc import Iterator

import mido

from final_project.singing.song import Song, SongPart
from final_project.singing.timed_lyrics import between_words, lines_of

TICKS = 480  # per quarter note
CHOIR_AAHS = 52  # General MIDI program, counted from 0
DRUMS = 9  # the channel that has no pitches, counted from 0
OFF, LYRIC, ON = range(3)  # the order of events at one tick: a note ends before the next begins

Event = tuple[int, int, mido.Message | mido.MetaMessage]


def midi_bytes(song: Song) -> bytes:
    """The contents of the file; second 0 of the song is its first beat. Times are rounded to ticks."""
    events = [lyric_events(part, song) for part in song.parts]
    texts = "".join(message.text for of_part in events for _, _, message in of_part)
    file = mido.MidiFile(type=1, ticks_per_beat=TICKS, charset=charset_of(song.title + texts))
    file.tracks.append(
        mido.MidiTrack(
            [
                mido.MetaMessage("track_name", name=song.title),
                mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(song.tempo)),
            ]
        )
    )
    channels = [channel for channel in range(16) if channel != DRUMS]
    for number, (part, words) in enumerate(zip(song.parts, events, strict=True)):
        notes = note_events(part, song.tempo, channels[number % len(channels)])
        file.tracks.append(track(part.name, [*words, *notes], channels[number % len(channels)]))
    content = io.BytesIO()
    file.save(file=content)
    return content.getvalue()


def lyric_events(part: SongPart, song: Song) -> list[Event]:
    """The syllables of a part at their ticks."""
    space, events = between_words(song.language), []
    for number, line in enumerate(lines_of(part)):
        for place, syllable in enumerate(line):
            text = ("\r" if number and not place else "") + syllable.text
            text += space if syllable.ends_word else ""
            events.append((tick(syllable.start, song.tempo), LYRIC, mido.MetaMessage("lyrics", text=text)))
    return events


def note_events(part: SongPart, tempo: float, channel: int) -> Iterator[Event]:
    """Each note switched on and off; none is shorter than a tick."""
    for note in part.notes:
        begin = tick(note.start, tempo)
        end = max(tick(note.end, tempo), begin + 1)
        yield begin, ON, mido.Message("note_on", channel=channel, note=note.pitch, velocity=note.velocity)
        yield end, OFF, mido.Message("note_off", channel=channel, note=note.pitch)


def track(name: str, events: list[Event], channel: int) -> mido.MidiTrack:
    """Events in order of time, with the time since the one before."""
    made = mido.MidiTrack(
        [
            mido.MetaMessage("track_name", name=name),
            mido.Message("program_change", channel=channel, program=CHOIR_AAHS),
        ]
    )
    now = 0
    for at, _, message in sorted(events, key=lambda event: event[:2]):
        made.append(message.copy(time=at - now))
        now = at
    return made


def tick(seconds: float, tempo: float) -> int:
    return round(seconds * tempo / 60 * TICKS)


def charset_of(text: str) -> str:
    """Latin-1 if it holds the text, else UTF-8."""
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return "utf-8"
    return "latin-1"
