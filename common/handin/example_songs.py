"""Short pieces for three instruments, on which a hand-in is tried out: in nobody's test set."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from common import audio
from common.synthesis import Note, Part, Synthesizer

Programs = tuple[int, int, int]  # General MIDI, from 0: melody, chords, bass

BEAT = 0.5  # seconds
CHORDS = ((60, 64, 67), (57, 60, 64), (53, 57, 60), (55, 59, 62))  # C, a, F, G; four beats each
MELODY = (72, 74, 76, 79, 76, 74, 72, 69, 69, 72, 77, 76, 74, 71, 74, 79)  # a note a beat


def write_songs(
    folder: Path, lineups: Mapping[str, Programs], *, sample_rate: int, seconds: float, stereo: bool = False
) -> list[Path]:
    """Write NAME.wav into `folder` for each line-up, `seconds` long, each in a key of its own."""
    paths = []
    with Synthesizer(sample_rate=sample_rate) as synthesizer:
        for key, (name, programs) in enumerate(lineups.items()):
            sound = synthesizer.render_parts(parts(programs, seconds, transpose=2 * key), duration=seconds)
            sound = sound if stereo else audio.to_mono(sound)
            paths.append(audio.write(folder / f"{name}.wav", sound, sample_rate=sample_rate))
    return paths


def parts(programs: Programs, seconds: float, *, transpose: int = 0) -> list[Part]:
    """Melody, chords and bass, from the centre, the left and the right."""
    melody, chords, bass = [], [], []
    for beat in range(int(seconds / BEAT)):
        start, chord = beat * BEAT, CHORDS[beat // 4 % len(CHORDS)]
        melody.append(Note(MELODY[beat % len(MELODY)] + transpose, start, 0.9 * BEAT))
        bass.append(Note(chord[0] - 24 + transpose, start, 0.8 * BEAT, 90))
        if beat % 4 == 0:
            chords += [Note(pitch + transpose, start, 3.8 * BEAT, 70) for pitch in chord]
    return [
        Part(program, notes, pan=pan)
        for program, notes, pan in zip(programs, (melody, chords, bass), (64, 40, 88), strict=True)
    ]
