"""A chorale as a Standard MIDI File: a track for tempo and signatures, and one for each voice.

The soprano's track has its text as lyric events, a space after each word, a carriage return before each new
line. An upbeat is a first bar with a time signature of its own. 480 ticks a quarter note.
"""

from __future__ import annotations

import io
from collections.abc import Iterator

import mido

from common.notes_in.lines import Metre
from common.notes_in.midi_input import MAJOR_KEYS, MINOR_KEYS
from final_project.muse2bach.chorale import FRAMES_PER_QUARTER, VOICES, Chorale
from final_project.muse2bach.notation import signature, sung_notes
from final_project.muse2bach.performance import PANS, PROGRAMS, VELOCITIES, Sound

TICKS = 480  # per quarter note
FRAME = TICKS // FRAMES_PER_QUARTER
PAN = 10  # control change
BEFORE, OFF, LYRIC, ON = range(4)  # ranks of what happens at one tick
Event = tuple[int, int, mido.Message]


def midi_bytes(
    chorale: Chorale, *, metre: Metre, tempo: float, title: str | None = None, sound: Sound = "choir"
) -> bytes:
    """The contents of the file. tempo: quarter notes a minute."""
    title = chorale.title if title is None else title
    text = title + "".join(chorale.text or ())
    file = mido.MidiFile(type=1, ticks_per_beat=TICKS, charset="latin-1" if _is_latin(text) else "utf-8")
    file.tracks.append(_track(_conductor(chorale, metre, tempo), " ".join(title.split())))
    for voice, name in enumerate(VOICES):
        file.tracks.append(_track(_voice(chorale, voice, PROGRAMS[sound][voice]), name.capitalize()))
    content = io.BytesIO()
    file.save(file=content)
    return content.getvalue()


def _is_latin(text: str) -> bool:
    """Whether Latin-1 holds `text` and nobody could take it for UTF-8."""
    try:
        encoded = text.encode("latin-1")
    except UnicodeEncodeError:
        return False
    try:
        return encoded.decode("utf-8") == text
    except UnicodeDecodeError:
        return True


def _track(events: Iterator[Event], name: str) -> mido.MidiTrack:
    track = mido.MidiTrack([mido.MetaMessage("track_name", name=name)])
    now = 0
    for tick, _, message in sorted(events, key=lambda event: event[:2]):
        track.append(message.copy(time=tick - now))
        now = tick
    return track


def _conductor(chorale: Chorale, metre: Metre, tempo: float) -> Iterator[Event]:
    yield 0, BEFORE, mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(tempo))
    minor = chorale.key is not None and chorale.key[1] == "minor"
    name = (MINOR_KEYS if minor else MAJOR_KEYS)[signature(chorale.key) + 7] + "m" * minor
    yield 0, BEFORE, mido.MetaMessage("key_signature", key=name)
    first = 0 if chorale.position is None else int(chorale.position[0])
    upbeat = (metre.frames - first) % metre.frames
    if upbeat:
        yield 0, BEFORE, _time_signature(Metre(*_fraction(upbeat)))
    yield upbeat * FRAME, BEFORE, _time_signature(metre)


def _fraction(frames: int) -> tuple[int, int]:
    """Sixteenths as a time signature: 4 -> (1, 4)."""
    unit = next(unit for unit in (4, 2, 1) if frames % unit == 0)
    return frames // unit, 16 // unit


def _time_signature(metre: Metre) -> mido.MetaMessage:
    return mido.MetaMessage("time_signature", numerator=metre.beats, denominator=metre.beat_type)


def _voice(chorale: Chorale, voice: int, program: int) -> Iterator[Event]:
    yield 0, BEFORE, mido.Message("program_change", channel=voice, program=program)
    yield 0, BEFORE, mido.Message("control_change", channel=voice, control=PAN, value=PANS[voice])
    new_line = False
    for note in sung_notes(chorale, voice):
        if note.pitch is None:
            continue
        begin, end = note.begin * FRAME, note.end * FRAME
        if note.text:
            goes_on = note.text.endswith("-")
            text = "\r" * new_line + note.text.removesuffix("-") + " " * (not goes_on)
            yield begin, LYRIC, mido.MetaMessage("lyrics", text=text)
            new_line = False
        new_line |= note.fermata
        message = {"channel": voice, "note": note.pitch}
        yield begin, ON, mido.Message("note_on", velocity=VELOCITIES[voice], **message)
        yield end, OFF, mido.Message("note_off", **message)
