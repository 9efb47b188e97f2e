"""Slakh2100 -> the layout of the course's release: 5-second clips at 24 kHz, labels, five whole test tracks.

Several tracks at a time; what an interrupted call wrote is kept, and every file appears whole or not at all.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from tqdm import tqdm

from common import audio
from common.audio import AudioError
from common.midi import pretty_midi
from common.run_folder import write_atomically
from common.run_folder.files import json_bytes
from hw1_instrument_detection import slakh
from hw1_instrument_detection.clip_index import NUM_SAMPLES, SAMPLE_RATE, fit_length
from hw1_instrument_detection.midi_activity import MidiError, load_midi
from hw1_instrument_detection.tracks import Stem, Track

WHOLE_TRACKS = 5  # in test_track/, as in the release


def prepare_release(
    root: Path, out: Path, split: str, *, jobs: int, drums_are_percussion: bool = False
) -> dict[str, list[int]]:
    """Write the clips and labels of one split of Slakh2100 to `out`; whole tracks too for the test split.

    Returns the labels by file name. A track that cannot be read is told and left out.
    """
    _, tracks, problems = slakh.open_split(root, split, drums_are_percussion=drums_are_percussion)
    problems.report(root / split)
    folder = out / "slakh" / split
    folder.mkdir(parents=True, exist_ok=True)
    written = Parallel(n_jobs=jobs, prefer="threads", return_as="generator")(
        delayed(_labels_or_none)(track, folder) for track in tracks
    )
    labels = {}
    for of_track in tqdm(written, total=len(tracks), unit="track", desc=split, disable=None):
        labels |= of_track or {}
    write_atomically(out / "slakh" / f"{split}_labels.json", json_bytes(labels))
    if split == "test":
        for position in sorted(set(np.linspace(0, len(tracks) - 1, WHOLE_TRACKS).round().astype(int))):
            write_whole_track(tracks[position], out / "test_track")
    return labels


def write_clips(track: Track, folder: Path) -> dict[str, list[int]]:
    """Write the clips of a track that are not there yet -> the labels of all. Errors: AudioError."""
    targets = track.targets()
    paths = [folder / f"{track.name}_{step}.npy" for step in range(len(targets))]
    if not all(path.is_file() for path in paths):
        # Resampled as a whole, so that nothing is heard of the cuts.
        waveform, _ = audio.read(track.mix, sample_rate=SAMPLE_RATE, mono=True, allow_silence=True)
        for step, path in enumerate(paths):
            _save(path, fit_length(waveform[0, NUM_SAMPLES * step :], NUM_SAMPLES))
    return {path.name: target.tolist() for path, target in zip(paths, targets, strict=True)}


def write_whole_track(track: Track, folder: Path) -> None:
    """Write the mix as .flac, and one MIDI file of all stems that sound in it. What is there stays."""
    audio_file, midi_file = (folder / f"{track.name}{suffix}" for suffix in (".flac", ".mid"))
    if audio_file.is_file() and midi_file.is_file():
        return
    try:
        waveform, sample_rate = audio.read(track.mix, allow_silence=True)
        audio.write(audio_file, waveform, sample_rate=sample_rate)
    except AudioError as error:
        print(f"skipped: {error}", file=sys.stderr)
        return
    partial = midi_file.with_name(f".{midi_file.name}.partial")
    _midi(track).write(str(partial))
    os.replace(partial, midi_file)


def _midi(track: Track) -> pretty_midi.PrettyMIDI:
    """The instruments of all stems, with the programs that the labels go by."""
    midi = pretty_midi.PrettyMIDI(resolution=960)
    for stem in track.stems:
        for instrument in _instruments(track, stem):
            instrument.program, instrument.is_drum = stem.program, stem.is_drum
            midi.instruments.append(instrument)
    return midi


def _instruments(track: Track, stem: Stem) -> list[pretty_midi.Instrument]:
    """The notes of a stem from where slakh.py has them."""
    try:
        return load_midi(track.folder / "MIDI" / f"{stem.name}.mid").instruments
    except MidiError:
        every = load_midi(track.folder / "all_src.mid").instruments
        return [
            part
            for part in every
            if part.is_drum == stem.is_drum and (part.is_drum or part.program == stem.program)
        ]


def _labels_or_none(track: Track, folder: Path) -> dict[str, list[int]] | None:
    try:
        return write_clips(track, folder)
    except AudioError as error:
        print(f"skipped: {error}", file=sys.stderr)
        return None


def _save(path: Path, clip: NDArray[np.float32]) -> None:
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as file:
            np.save(file, clip)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
