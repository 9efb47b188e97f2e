"""Decodes every file of a split and says what is wrong with it.

Slakh2100 itself has 22 stems with wrong or missing audio or white noise; they are found by their sound.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from common import audio
from common.audio import AudioError
from common.audio_checks import N_FFT, examine_all, is_noise, is_silent
from common.problems import Problems
from hw1_instrument_detection.clip_index import SAMPLE_RATE, ClipIndex
from hw1_instrument_detection.tracks import Stem, Track

BLOCK_SECONDS = 30.0  # decoded at a time: memory does not grow with the length of a track
SHORTER_BY = 0.5  # s: stems that end so much before their mix are cut off
NOISY_PROGRAMS = range(112, 128)  # drums, cymbals and sound effects may well be noise

Found = list[tuple[str, str]]  # (kind of problem, name)


def check_clips(index: ClipIndex, *, jobs: int) -> Problems:
    """Read every clip of the release, `jobs` at a time -> what is wrong."""
    return _check_all(range(len(index)), lambda position: examine_clip(index, position), index.folder, jobs)


def check_tracks(tracks: Sequence[Track], *, jobs: int) -> Problems:
    """Decode the mix and the stems of every track, `jobs` tracks at a time -> what is wrong."""
    return _check_all(tracks, examine_track, tracks[0].folder.parent if tracks else Path(), jobs)


def examine_clip(index: ClipIndex, position: int) -> Found:
    """What is wrong with one clip of the release."""
    try:
        waveform = index.waveform(position, sample_rate=SAMPLE_RATE)
    except AudioError:
        return [("clip broken or not 120000 floats", index.name(position))]
    if index.targets[position].any() and is_silent(waveform):
        return [("clip silent though its label says that something plays", index.name(position))]
    return []


def examine_track(track: Track) -> Found:
    """What is wrong with the audio of one track."""
    found = _examine_mix(track)
    for stem in track.stems:
        kind = None if stem.path is None else _examine_stem(track, stem)
        if kind is not None:
            found.append((kind, f"{track.name}/{stem.name}"))
    return found


def _check_all(items: Sequence, examine: Callable, folder: Path, jobs: int) -> Problems:
    problems = Problems()
    for _, found in examine_all(items, examine, jobs=jobs, title=folder.name):
        for kind, name in found:
            problems.add(kind, name)
    return problems


def _examine_mix(track: Track) -> Found:
    try:
        silent = all([is_silent(block) for block in _blocks(track.mix)])  # a list: every block is decoded
    except AudioError:
        return [("mix broken", track.name)]
    if silent:
        return [("mix silent", track.name)]
    return [] if track.targets().any() else [("track in which no class ever plays", track.name)]


def _examine_stem(track: Track, stem: Stem) -> str | None:
    try:
        header = audio.info(stem.path)
        if header.sample_rate != track.sample_rate:
            return "stem of another sample rate than its mix"
        if header.duration < track.duration - SHORTER_BY:
            return "stem shorter than its mix"
        sounds, tonal = False, False
        for block in _blocks(stem.path):
            heard = not is_silent(block)
            sounds |= heard
            # One look at a stem that has a tone somewhere is enough.
            tonal |= heard and not tonal and len(block) >= N_FFT and not is_noise(block)
    except AudioError:
        return "stem broken"
    if not len(stem.notes):
        return None
    if not sounds:
        return "stem silent though its MIDI has notes"
    noisy = stem.is_drum or stem.program in NOISY_PROGRAMS
    return None if tonal or noisy else "stem of pure noise"


def _blocks(path: Path) -> Iterator[NDArray[np.float32]]:
    """The file as mono, BLOCK_SECONDS at a time. Errors: AudioError."""
    return audio.read_blocks(path, samples=round(BLOCK_SECONDS * audio.info(path).sample_rate))
