"""The notes of a Standard MIDI File, read event by event, so that reading ends where there are too many.

A reader of our own, because it must stop in the middle of a file, and because libraries ask a file how long
it is. It agrees with pretty_midi and mido on files that these can read.
Source: MIDI Association, "Standard MIDI Files 1.0" (RP-001).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from grading.readers.files import OutputError, read_bytes

HEADER, TRACK = b"MThd", b"MTrk"
DATA_BYTES = {0x8: 2, 0x9: 2, 0xA: 2, 0xB: 2, 0xC: 1, 0xD: 1, 0xE: 2}  # by the upper half of the status
NOTE_OFF, NOTE_ON = 0x8, 0x9
META, SYSEX = 0xFF, (0xF0, 0xF7)
MOST_TRACKS = 256
LATEST_TICK = 1 << 40  # later ones are no music


@dataclass(frozen=True)
class MidiNotes:
    """Notes in order of their onsets, of equal ones in the file's; each column (notes,), int64.

    ticks_per_beat: of a quarter note. onset, end: ticks; a note that never ends lasts as long as its track.
    channel: 0..15.
    """

    ticks_per_beat: int
    track: NDArray[np.int64]
    channel: NDArray[np.int64]
    pitch: NDArray[np.int64]
    onset: NDArray[np.int64]
    end: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.pitch)


class _Broken(Exception):
    """Why a file is no MIDI."""


def read_midi(path: Path, most_bytes: int, most_notes: int) -> MidiNotes:
    """All notes of a file, at most `most_notes`. Errors: OutputError."""
    content = read_bytes(path, most_bytes)
    notes: list[tuple[int, ...]] = []
    try:
        ticks_per_beat, tracks = _chunks(content)
        for number, track in enumerate(tracks):
            _read_track(number, track, notes, most_notes)
    except _Broken as error:
        raise OutputError(f"{path.name}: is no MIDI file ({error}); write it anew") from error
    except IndexError as error:
        raise OutputError(f"{path.name}: ends in the middle of a MIDI event; write all of it") from error
    if len(notes) > most_notes:
        raise OutputError(f"{path.name}: has more than {most_notes:,} notes; write fewer")
    notes.sort(key=lambda note: note[3])
    columns = np.array(notes, dtype=np.int64).reshape(-1, 5).T
    return MidiNotes(ticks_per_beat, *columns)


def _chunks(content: bytes) -> tuple[int, list[bytes]]:
    """Ticks of a quarter note, and the tracks."""
    if content[:4] != HEADER or len(content) < 14:
        raise _Broken("it has no header")
    division = int.from_bytes(content[12:14], "big")
    if not 1 <= division < 0x8000:
        raise _Broken("its time is not in quarter notes")
    tracks, place = [], 8 + int.from_bytes(content[4:8], "big")
    while place + 8 <= len(content):
        kind, length = content[place : place + 4], int.from_bytes(content[place + 4 : place + 8], "big")
        place += 8
        if place + length > len(content):
            raise _Broken("a chunk is longer than the file")
        if kind == TRACK:
            tracks.append(content[place : place + length])
        place += length
        if len(tracks) > MOST_TRACKS:
            raise _Broken(f"it has more than {MOST_TRACKS} tracks")
    return division, tracks


def _read_track(number: int, track: bytes, notes: list[tuple[int, ...]], most_notes: int) -> None:
    """Add the notes of a track as (track, channel, pitch, onset, end); ends early if there are too many."""
    sounding: dict[tuple[int, int], list[int]] = {}  # onsets by channel and pitch, the earliest first
    place = now = status = 0
    begun = len(notes)  # notes that began, in all tracks
    while place < len(track) and begun <= most_notes:
        delay, place = _variable(track, place)
        now += delay
        if now > LATEST_TICK:
            raise _Broken("it lasts too long")
        if track[place] == META or track[place] in SYSEX:
            length, place = _variable(track, place + 1 + (track[place] == META))
            place += length
            if place > len(track):
                raise _Broken("an event is longer than its track")
            continue
        if track[place] >= 0x80:  # else the status of the event before goes on
            status, place = track[place], place + 1
        kind, channel = status >> 4, status & 0xF
        if kind not in DATA_BYTES:
            raise _Broken("an event has no status")
        data, place = track[place : place + DATA_BYTES[kind]], place + DATA_BYTES[kind]
        if place > len(track) or any(value >= 0x80 for value in data):
            raise _Broken("an event is cut off")
        if kind == NOTE_ON and data[1]:
            sounding.setdefault((channel, data[0]), []).append(now)
            begun += 1
        elif kind in (NOTE_ON, NOTE_OFF) and (onsets := sounding.get((channel, data[0]))):
            notes.append((number, channel, data[0], onsets.pop(0), now))
    for (channel, pitch), onsets in sounding.items():
        notes += [(number, channel, pitch, onset, now) for onset in onsets]


def _variable(content: bytes, place: int) -> tuple[int, int]:
    """A number of variable length, and the place behind it."""
    value = 0
    for _ in range(4):
        byte, place = content[place], place + 1
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, place
    raise _Broken("a number has more than four bytes")
