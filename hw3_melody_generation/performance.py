"""A song as it sounds: an instrument or a voice has the melody, soft chords lie under it.

    waveform = perform(song, harmonize(song), tempo=96)                   # (2, samples)
    waveform = perform(song, harmonize(song), tempo=96, sing=True)        # the lyrics are sung
    parts = accompaniment(harmonize(song), tempo=96)                      # the chords, for a MIDI file

Beats are quarter notes, `tempo` is quarter notes per minute. Beat 0 lies LEAD_IN seconds after the beginning
of a waveform, where the first consonants have room. Melody and chords are made in pieces and mixed into the
waveform, so that memory hardly grows beyond it: 21 MB a minute at 44.1 kHz.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from common.band.effects import active_level, amplitude
from common.cli import UserError
from common.singing import Singer
from common.synthesis import Note, Part, Synthesizer
from common.synthesis.synthesizer import BLOCK
from hw3_melody_generation.harmony import Chord
from hw3_melody_generation.songs import Song
from hw3_melody_generation.sung_melody import suited_singer, sung_lines

LEAD_IN, RING_OUT = 0.5, 2.0  # s before beat 0, and after the last note
SLOWEST, FASTEST = 20.0, 400.0  # quarter notes per minute
LONGEST = 3600.0  # s
PIECE = 60.0  # s that are played at a time
PEAK = 10 ** (-1 / 20)  # -1 dB below full scale
MELODY_LEVEL, CHORDS_LEVEL = -20.0, -29.0  # dB: the melody is 9 dB above the chords
MELODY_VELOCITY, CHORDS_VELOCITY, BASS_VELOCITY = 92, 62, 68
UNEVENNESS = 3.0  # deviation of velocities, as hands have it
LOWEST_BASS = 36  # C2
STRUM = 0.012  # s from string to string
FAST = 132.0  # quarter notes per minute, from which on broken chords move in quarters
SHORTEST = 1e-3  # s; shorter notes cannot be played

StyleName = Literal["piano", "guitar", "pad"]


@dataclass(frozen=True)
class Style:
    """General MIDI programs, and how the chords are played: "broken", "strummed" or "held"."""

    melody: int
    chords: int
    bass: int
    manner: str


STYLES: dict[StyleName, Style] = {
    "piano": Style(melody=73, chords=0, bass=0, manner="broken"),  # under a flute
    "guitar": Style(melody=71, chords=24, bass=32, manner="strummed"),  # under a clarinet
    "pad": Style(melody=0, chords=48, bass=43, manner="held"),  # strings under a piano
}


def perform(
    song: Song,
    chords: Sequence[Chord],
    *,
    tempo: float,
    sample_rate: int = 44100,
    sing: bool = False,
    singer: Singer | None = None,
    style: StyleName = "piano",
    seed: int = 0,
) -> np.ndarray:
    """The song, float32 (2, samples), with a peak of -1 dB.

    Without a `singer` the one whose range fits best sings. The same arguments give the same samples.
    Errors: UserError for a tempo outside SLOWEST..FASTEST, for songs that would last longer than LONGEST
    seconds, and for lyrics that cannot be sung.
    """
    notes = melody_notes(song, tempo, seed=seed)
    parts = [_later(part, LEAD_IN) for part in accompaniment(chords, tempo=tempo, style=style, seed=seed)]
    ends = [note.end for part in parts for note in part.notes] + [notes[-1].end]
    waveform = np.zeros((2, round((max(ends) + RING_OUT) * sample_rate)), dtype=np.float32)
    with Synthesizer(sample_rate=sample_rate, reverb=True) as synthesizer:
        if sing:
            melody = _sung(song, notes, singer, seed, sample_rate)
        else:
            melody = _played(synthesizer, [Part(STYLES[style].melody, notes)])
        _mix(waveform, melody, level=MELODY_LEVEL, sample_rate=sample_rate)
        _mix(waveform, _played(synthesizer, parts), level=CHORDS_LEVEL, sample_rate=sample_rate)
    waveform *= np.float32(PEAK / max(waveform.max(), -waveform.min(), 1e-9))
    return waveform


def note_times(song: Song, tempo: float) -> tuple[np.ndarray, np.ndarray]:
    """When each note begins and ends in what `perform` returns, two (notes,) in seconds."""
    check_tempo(tempo)
    seconds = 60.0 / tempo
    return (
        LEAD_IN + seconds * song.melody.onset,
        LEAD_IN + seconds * (song.melody.onset + song.melody.duration),
    )


def check_tempo(tempo: float) -> None:
    """UserError unless `tempo` is within SLOWEST..FASTEST."""
    if not SLOWEST <= tempo <= FASTEST:  # not a number is neither
        raise UserError(f"the tempo is {tempo:g}; give {SLOWEST:g} to {FASTEST:g} quarter notes per minute")


def melody_notes(song: Song, tempo: float, *, seed: int = 0) -> list[Note]:
    """The melody in seconds of the performance, one note per syllable. Errors: as `perform`."""
    starts, ends = note_times(song, tempo)
    if ends[-1] > LONGEST:
        raise UserError(
            f"{song.name}: would last {ends[-1] / 60:.0f} minutes, at most {LONGEST / 60:.0f} can be played;"
            " raise the tempo or shorten the lyrics"
        )
    velocities = _velocities(MELODY_VELOCITY, len(starts), np.random.default_rng(seed))
    columns = zip(song.melody.pitch, starts, ends, velocities, strict=True)
    return [
        Note(int(pitch), float(start), max(float(end - start), SHORTEST), velocity)
        for pitch, start, end, velocity in columns
    ]


# ---- chords


def accompaniment(
    chords: Sequence[Chord], *, tempo: float, style: StyleName = "piano", seed: int = 0
) -> list[Part]:
    """Chords and bass as two parts, in seconds from beat 0. Errors: UserError as `check_tempo`."""
    check_tempo(tempo)
    rng, seconds, chosen = np.random.default_rng(seed), 60.0 / tempo, STYLES[style]
    upper = [note for chord in chords for note in _upper(chord, chosen.manner, seconds)]
    lower = [note for chord in chords for note in _lower(chord, seconds)]
    return [
        Part(chosen.chords, _uneven(upper, rng), pan=52),
        Part(chosen.bass, _uneven(lower, rng), pan=70),
    ]


def _upper(chord: Chord, manner: str, seconds: float) -> Iterator[Note]:
    """The chord's tones: held, struck on every beat, or one after another."""
    if manner == "held":
        yield from (_note(pitch, chord.start, chord.duration, seconds) for pitch in chord.pitches)
    elif manner == "strummed":
        for start, length in _steps(chord, 1.0):
            for string, pitch in enumerate(chord.pitches):
                delay = min(STRUM * string / seconds, length / 2)
                yield _note(pitch, start + delay, length - delay, seconds)
    else:
        low, *_, high = chord.pitches
        middle = chord.pitches[len(chord.pitches) // 2]
        figure = (low, high, middle, high)
        for index, (start, length) in enumerate(_steps(chord, 1.0 if seconds < 60 / FAST else 0.5)):
            yield _note(figure[index % 4], start, length, seconds)


def _lower(chord: Chord, seconds: float) -> Iterator[Note]:
    """The root, and from four beats on the fifth for the second half."""
    root = LOWEST_BASS + chord.root
    fifth = LOWEST_BASS + chord.pitch_classes[2]
    tones = (root, fifth) if chord.duration >= 4 else (root,)
    length = chord.duration / len(tones)
    for index, pitch in enumerate(tones):
        yield _note(pitch, chord.start + index * length, length, seconds, BASS_VELOCITY)


def _steps(chord: Chord, step: float) -> Iterator[tuple[float, float]]:
    """Start and length of each step of a chord; the last one may be shorter."""
    for start in np.arange(chord.start, chord.end - 1e-6, step):
        yield float(start), min(step, chord.end - float(start))


def _note(pitch: int, start: float, length: float, seconds: float, velocity: int = CHORDS_VELOCITY) -> Note:
    """A note from beats, each `seconds` long."""
    return Note(int(pitch), max(start * seconds, 0.0), max(length * seconds, SHORTEST), velocity)


def _uneven(notes: Sequence[Note], rng: np.random.Generator) -> tuple[Note, ...]:
    drift = np.rint(rng.normal(0, UNEVENNESS, len(notes))).astype(int)
    return tuple(
        replace(note, velocity=int(np.clip(note.velocity + change, 1, 127)))
        for note, change in zip(notes, drift, strict=True)
    )


def _velocities(velocity: int, count: int, rng: np.random.Generator) -> list[int]:
    return np.clip(np.rint(rng.normal(velocity, UNEVENNESS, count)), 1, 127).astype(int).tolist()


def _later(part: Part, seconds: float) -> Part:
    return replace(part, notes=[replace(note, start=note.start + seconds) for note in part.notes])


# ---- sound, in pieces: the second at which each begins, and its samples


def _sung(
    song: Song, notes: Sequence[Note], singer: Singer | None, seed: int, sample_rate: int
) -> Iterator[tuple[float, np.ndarray]]:
    melody = song.melody
    singer = singer or suited_singer(melody.pitch, melody.duration)
    # A voice is not uneven as hands are: `common.singing` has its own ways.
    even = [replace(note, velocity=100) for note in notes]
    rng = np.random.default_rng(seed)
    for start, sound in sung_lines(song, even, singer, rng=rng, sample_rate=sample_rate):
        yield start, np.stack([sound, sound])


def _played(synthesizer: Synthesizer, parts: Sequence[Part]) -> Iterator[tuple[float, np.ndarray]]:
    """What FluidSynth plays, by pieces: the notes that begin in each minute, until they have faded."""
    grid = BLOCK / synthesizer.sample_rate  # pieces begin where FluidSynth's blocks do
    piece = grid * round(PIECE / grid)
    last = max((note.start for part in parts for note in part.notes), default=-1.0)
    for index in range(int(last // piece) + 1):
        begin = index * piece
        within = [
            replace(part, notes=[n for n in part.notes if begin <= n.start < begin + piece]) for part in parts
        ]
        if any(part.notes for part in within):
            yield begin, synthesizer.render_parts([_later(part, -begin) for part in within], tail=RING_OUT)


def _mix(
    waveform: np.ndarray, pieces: Iterable[tuple[float, np.ndarray]], *, level: float, sample_rate: int
) -> None:
    """Add `pieces` to `waveform` (2, samples) in place, all as much louder as brings the first to `level`."""
    gain = None
    for start, sound in pieces:
        if gain is None:
            gain = np.float32(amplitude(level - active_level(sound, sample_rate=sample_rate)))
        begin = round(start * sample_rate)
        count = min(sound.shape[1], waveform.shape[1] - begin)
        waveform[:, begin : begin + count] += gain * sound[:, :count]
