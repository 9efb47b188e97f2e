"""Task 1 of HW0: mel spectrograms of three instruments at three pitches, in one figure.

    python hw0/visualize.py [--data DIR] [--out FILE]
    python hw0/visualize.py --instruments guitar flute_acoustic_002 organ --pitches 60 64 67 --velocity 75

Rows are instruments, columns are pitches; the notes come from the training split. About five seconds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from common import cli, plots
from common.cli import UserError
from common.features import LogMelSpectrogram, hz_to_mel, mel_to_hz
from hw0_note_classification.data import FAMILIES, SAMPLE_RATE, ensure_data, open_split, read_note
from hw0_note_classification.note_index import Note, NoteIndex

N_FFT = 2048  # fixed by the assignment, task 1
HOP_LENGTH = 512  # fixed by the assignment, task 1
N_MELS = 128  # librosa's default; the assignment leaves it open
# Contrasting families first: struck and decaying, bowed and held, blown and bright, nearly a sine, plucked.
BY_CONTRAST = (
    "keyboard",
    "string",
    "brass",
    "flute",
    "guitar",
    "organ",
    "mallet",
    "reed",
    "vocal",
    "bass",
    "synth_lead",
)
PITCHES = (48, 60, 72)  # C3, C4, C5: within the range of nearly every instrument
VELOCITIES = (100, 127, 75, 50, 25)  # NSynth's five; some instruments have only 127
PITCH_CLASSES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")


@dataclass
class VisualizeConfig:
    """Draw the mel spectrograms of some instruments at some pitches."""

    data: Path | None = None
    """Data folder in the layout of NSynth; without it mini-NSynth, made once."""
    out: Path = Path("runs/hw0_mel_spectrograms.png")
    """Figure to write; its ending (png, pdf, svg) chooses the format."""
    instruments: tuple[str, ...] = ()
    """Families (guitar) or instruments (guitar_acoustic_002), one a row; default: three that contrast."""
    pitches: tuple[int, ...] = ()
    """MIDI numbers, one column each; default: 48 60 72, or the nearest octaves that the data have, or three
    for each instrument."""
    velocity: int | None = None
    """MIDI velocity of all notes; default: 100, or another that the data have."""


def main(config: VisualizeConfig) -> None:
    train, problems = open_split(ensure_data(config.data), "train")
    problems.report(train.folder)
    rows = choose_notes(
        train, instruments=config.instruments, pitches=config.pitches, velocity=config.velocity
    )
    panels = [panel(note) for row in rows for note in row]
    figure = plots.spectrogram_figure(panels, rows=len(rows), columns=len(rows[0]))
    plots.save(figure, config.out)
    for drawn in panels:
        print(drawn.title.replace("\n", ", "))
    print(f"written: {config.out}")


def panel(note: Note) -> plots.SpectrogramPanel:
    """The mel spectrogram of a note in dB, (n_mels, frames), with its title and axes.

    0 dB is the loudest point of the note; what is 80 dB below it or less is drawn as -80 dB.
    """
    log_mel = LogMelSpectrogram(
        sample_rate=SAMPLE_RATE, n_fft=N_FFT, hop_length=HOP_LENGTH, n_mels=N_MELS, ref="max", top_db=80.0
    )
    decibels = log_mel(torch.from_numpy(read_note(note.path))).numpy()
    return plots.SpectrogramPanel(title(note), decibels, SAMPLE_RATE, HOP_LENGTH, mel_centres())


def mel_centres() -> np.ndarray:
    """Centre frequencies of the mel bands in Hz, (n_mels,): evenly spaced in mel, without the outer edges."""
    top = hz_to_mel(torch.tensor(SAMPLE_RATE / 2))
    return mel_to_hz(torch.linspace(0, float(top), N_MELS + 2))[1:-1].numpy()


def title(note: Note) -> str:
    """Such as `keyboard_acoustic_004` and below it `C4 (MIDI 60), velocity 100`."""
    return f"{note.instrument_str}\n{pitch_name(note.pitch)} (MIDI {note.pitch}), velocity {note.velocity}"


def pitch_name(pitch: int) -> str:
    """The scientific name of a MIDI number: 60 is C4."""
    return f"{PITCH_CLASSES[pitch % 12]}{pitch // 12 - 1}"


def choose_notes(
    index: NoteIndex,
    *,
    instruments: Sequence[str] = (),
    pitches: Sequence[int] = (),
    velocity: int | None = None,
) -> list[list[Note]]:
    """Rows of notes: one row per instrument, one column per pitch, all at one velocity.

    What is left open is searched for in the order of BY_CONTRAST, PITCHES and VELOCITIES. If no three
    instruments share pitches and a velocity, and none were asked for, each row has pitches of its own.
    Raises UserError if the data have no such notes.
    """
    table = _by_velocity(index)
    for tried_velocity in VELOCITIES if velocity is None else (velocity,):
        held = table[tried_velocity]  # instrument_str -> pitch -> position in the index
        for tried_pitches in (tuple(pitches),) if pitches else _octaves():
            complete = [name for name, by_pitch in held.items() if by_pitch.keys() >= set(tried_pitches)]
            if chosen := _choose_instruments(complete, instruments):
                return [[index[held[name][pitch]] for pitch in tried_pitches] for name in chosen]
    rows = [] if pitches or velocity is not None else _rows_of_their_own(index, table, instruments)
    if not rows:
        raise UserError(_nothing_fits(index, instruments, pitches, velocity))
    return rows


def _rows_of_their_own(index: NoteIndex, table: dict, instruments: Sequence[str]) -> list[list[Note]]:
    """Lowest, middle and highest pitch of each instrument: those of mini-NSynth play a few notes each."""
    played = defaultdict(dict)  # instrument_str -> pitch -> position in the index, the first of VELOCITIES
    for velocity in reversed(VELOCITIES):
        for name, by_pitch in table[velocity].items():
            played[name].update(by_pitch)
    complete = [name for name, by_pitch in played.items() if len(by_pitch) >= len(PITCHES)]
    spread = {name: sorted(played[name]) for name in _choose_instruments(complete, instruments)}
    return [
        [index[played[name][pitch]] for pitch in (pitches[0], pitches[len(pitches) // 2], pitches[-1])]
        for name, pitches in spread.items()
    ]


def _by_velocity(index: NoteIndex) -> dict[int, dict[str, dict[int, int]]]:
    table = defaultdict(lambda: defaultdict(dict))
    for position, name in enumerate(index.names.astype(str)):
        instrument = name.rsplit("-", 2)[0]
        table[int(index.velocity[position])][instrument][int(index.pitch[position])] = position
    return table


def _octaves() -> Iterator[tuple[int, int, int]]:
    """Three pitches an octave apart, nearest to PITCHES first: a random subset of NSynth may lack some."""
    lowest = sorted(range(21, 108 - 24 + 1), key=lambda pitch: abs(pitch - PITCHES[0]))
    return ((pitch, pitch + 12, pitch + 24) for pitch in lowest)


def _choose_instruments(complete: Iterable[str], wanted: Sequence[str]) -> list[str]:
    """The first of `complete` for each wanted family or instrument, or of three families; [] if not all."""
    complete = sorted(complete)
    first = {instrument: instrument for instrument in complete}
    for instrument in reversed(complete):
        first[instrument.rsplit("_", 2)[0]] = instrument
    if wanted:
        return [first[name] for name in wanted] if first.keys() >= set(wanted) else []
    found = [first[family] for family in BY_CONTRAST if family in first]
    return found[:3] if len(found) >= 3 else []


def _nothing_fits(
    index: NoteIndex, instruments: Sequence[str], pitches: Sequence[int], velocity: int | None
) -> str:
    """Which name is unknown, or that the combination does not exist."""
    known = {name.rsplit("-", 2)[0] for name in index.names.astype(str)}
    for name in instruments:
        if name not in known and name not in FAMILIES:
            return f"{index.folder}: no instrument {name}; families are {', '.join(FAMILIES)}"
    asked = [*instruments, *(f"MIDI {pitch}" for pitch in pitches)]
    asked += [f"velocity {velocity}"] if velocity is not None else []
    return (
        f"{index.folder}: no notes for {', '.join(asked) or 'three families at three pitches'}; "
        "leave --instruments, --pitches or --velocity open"
    )


if __name__ == "__main__":
    cli.run(main, VisualizeConfig)
