"""One track's folder as Slakh2100 has it: mix.flac, stems/, MIDI/, all_src.mid, metadata.yaml.

Audio is mono FLAC, 44.1 kHz, 16 bits. Every sample of mix.flac is the sum of the stems' samples, exactly: the
stems are rounded first and added then.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray

from common import audio
from common.band.effects import active_level
from common.band.making import quantize
from common.band.score import BandPart, Piece
from common.midi import pretty_midi
from common.synthesis.score import without_overlap
from hw1_instrument_detection.mini_slakh.planning import PiecePlan

SAMPLE_RATE = 44100  # Hz, Slakh2100's
RESOLUTION = 960  # ticks per quarter note: half a millisecond at 120 quarter notes per minute
NOTE_STEPS = SAMPLE_RATE / 64  # per second: the grid on which FluidSynth begins and ends notes
DRUM_PROGRAM = 128  # how Slakh2100 numbers all drums
TARGET_PEAK = -1.0  # dB


def write_track(
    folder: Path, plan: PiecePlan, piece: Piece, stems: NDArray[np.float32], sounds: Sequence[str]
) -> None:
    """Write a track; metadata.yaml, without which it is none, comes last.

    `stems` (parts, 1, samples), whose sum and each of which stays below 1; `sounds` names the preset of each
    part. ValueError for a sum that does not fit into 16 bits.
    """
    names = [f"S{number:02d}" for number in range(len(stems))]
    quantized = quantize(stems)
    for name, part, samples in zip(names, piece.parts, quantized, strict=True):
        write_pcm(folder / "stems" / f"{name}.flac", samples)
        write_midi(folder / "MIDI" / f"{name}.mid", piece, [part])
    write_pcm(folder / "mix.flac", quantized.sum(axis=0))
    write_midi(folder / "all_src.mid", piece, piece.parts)
    entries = {
        name: stem_entry(part, sound, stem)
        for name, part, sound, stem in zip(names, piece.parts, sounds, stems, strict=True)
    }
    text = yaml.safe_dump(track_entry(plan, piece, entries), allow_unicode=True)
    (folder / "metadata.yaml").write_text(text, encoding="utf-8")


def write_pcm(path: Path, steps: NDArray[np.int32]) -> None:
    """(1, samples) in steps of 16 bits -> a FLAC file that holds exactly these."""
    audio.write(path, (steps / np.float32(32768)).astype(np.float32), sample_rate=SAMPLE_RATE)


def write_midi(path: Path, piece: Piece, parts: Sequence[BandPart]) -> None:
    """The notes that were rendered, on the grid of the renderer, in the piece's tempo and meter."""
    midi = pretty_midi.PrettyMIDI(resolution=RESOLUTION, initial_tempo=piece.tempo)
    beats, unit = map(int, piece.tune.meter.split("/"))
    midi.time_signature_changes.append(pretty_midi.TimeSignature(beats, unit, 0.0))
    for part in parts:
        instrument = pretty_midi.Instrument(
            part.instrument.program, is_drum=part.instrument.is_drum, name=program_name(part)
        )
        instrument.notes = [
            pretty_midi.Note(velocity, pitch, onset / NOTE_STEPS, end / NOTE_STEPS)
            for onset, end, pitch, velocity in without_overlap(part.notes, steps_per_second=NOTE_STEPS)
        ]
        midi.instruments.append(instrument)
    path.parent.mkdir(parents=True, exist_ok=True)
    midi.write(str(path))


def stem_entry(part: BandPart, sound: str, stem: NDArray[np.float32]) -> dict:
    """What metadata.yaml says of a stem. `active_level` (dB) is ours: Slakh2100 has a loudness in LUFS."""
    instrument = part.instrument
    return {
        "active_level": round(active_level(stem, sample_rate=SAMPLE_RATE), 2),
        "audio_rendered": True,
        "inst_class": instrument_class(part),
        "is_drum": instrument.is_drum,
        "midi_program_name": program_name(part),
        "midi_saved": True,
        "plugin_name": sound,
        "program_num": DRUM_PROGRAM if instrument.is_drum else instrument.program,
        "role": instrument.role,
    }


def track_entry(plan: PiecePlan, piece: Piece, stems: Mapping[str, dict]) -> dict:
    """metadata.yaml: Slakh2100's keys, and below `mini_slakh` what was played."""
    identity = uuid.uuid5(uuid.NAMESPACE_URL, f"mini-slakh/{plan.seed}/{plan.name}")
    return {
        "UUID": identity.hex,
        "audio_dir": "stems",
        "lmd_midi_dir": "",  # not from the Lakh MIDI data set
        "midi_dir": "MIDI",
        "mini_slakh": {
            "key": key_name(piece),
            "meter": piece.tune.meter,
            "source": piece.tune.source,
            "style": piece.style,
            "tempo": round(float(piece.tempo), 3),
            "title": piece.title,
        },
        "normalized": True,
        "overall_gain": 1.0,
        "stems": dict(stems),
        "target_peak": TARGET_PEAK,
    }


def key_name(piece: Piece) -> str:
    """The sounding key, for example `A minor`."""
    tonic = pretty_midi.note_number_to_name(12 + (piece.tune.tonic + piece.transposition) % 12)
    return f"{tonic.rstrip('-0123456789')} {piece.tune.mode}"


def program_name(part: BandPart) -> str:
    """General MIDI's name of the program; Slakh2100 calls all drums Drums."""
    if part.instrument.is_drum:
        return "Drums"
    return pretty_midi.program_to_instrument_name(part.instrument.program)


def instrument_class(part: BandPart) -> str:
    """General MIDI's group as Slakh2100 spells it."""
    if part.instrument.is_drum:
        return "Drums"
    group = pretty_midi.program_to_instrument_class(part.instrument.program)
    return {"Ensemble": "Strings (continued)"}.get(group, group)
