"""The layout of the course's release: slakh/{train,validation,test}/TrackNNNNN_K.npy and {split}_labels.json.

A clip is 5 s of a mix, float (120 000,) at 24 kHz; its label is nine zeros and ones by its file name.
test_track/ has whole tracks, TrackNNNNN.flac with TrackNNNNN.mid.
"""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

import numpy as np

from common import audio
from common.audio import AudioError
from common.cli import UserError
from common.problems import Problems
from hw1_instrument_detection.classes import CLASSES, NUM_CLASSES
from hw1_instrument_detection.clip_index import CLIP_SECONDS, ClipIndex
from hw1_instrument_detection.midi_activity import MidiError, num_steps, read_midi
from hw1_instrument_detection.tracks import WholeTrack, targets_of

NAME = re.compile(r"(?P<track>.+)_(?P<step>\d{1,6})\.npy")


def holds(root: Path, split: str) -> bool:
    """Whether `root` has clips of `split`; it may be the folder slakh of the release or its parent."""
    return any((place / f"{split}_labels.json").is_file() for place in (root, root / "slakh"))


def open_split(root: Path, split: str) -> tuple[ClipIndex, Problems]:
    """The clips of a split that have a label, sorted, and what was left out and why.

    Errors: UserError for missing or broken labels.
    """
    place = root if (root / f"{split}_labels.json").is_file() else root / "slakh"
    labels = read_labels(place / f"{split}_labels.json")
    problems, rows = Problems(), []
    clips = _clips(place / split)
    for name in sorted(set(labels) | clips, key=_order):
        match = NAME.fullmatch(name)
        if name not in clips:
            problems.add("label without its clip", name)
        elif name not in labels:
            problems.add("clip without a label", name)
        elif match is None:
            problems.add("clip that is not called TRACK_STEP.npy", name)
        elif not _is_label(labels[name]):
            problems.add(f"label that is not {NUM_CLASSES} times 0 or 1", name)
        else:
            rows.append((name, match["track"], int(match["step"]), labels[name]))
    return _index(place / split, rows), problems


def read_labels(path: Path) -> dict:
    """The content of a labels file. Errors: UserError where it is not a JSON object."""
    try:
        labels = json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such file; unpack the release again") from error
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path}: is not JSON; unpack the release again") from error
    if not isinstance(labels, dict):
        raise UserError(f"{path}: is not a JSON object of clips and labels; unpack the release again")
    return labels


def whole_tracks(root: Path, *, drums_are_percussion: bool = False) -> list[WholeTrack]:
    """The tracks of test_track/ that have audio and MIDI; what is wrong with others is told."""
    folder = next(
        (place / "test_track" for place in (root, root.parent) if (place / "test_track").is_dir()), None
    )
    tracks = []
    for path in sorted(folder.iterdir()) if folder else []:
        if path.suffix.lower() not in audio.FORMATS:
            continue
        try:
            header = audio.info(path)
            parts = read_midi(path.with_suffix(".mid"))
        except (AudioError, MidiError) as error:
            print(f"skipped: {error}", file=sys.stderr)
            continue
        steps = num_steps(header.frames, header.sample_rate, with_rest=True)
        targets = targets_of(parts, steps, drums_are_percussion=drums_are_percussion)
        tracks.append(WholeTrack(path.stem, path, targets))
    return tracks


def _clips(folder: Path) -> set[str]:
    """The names of the clips in a folder. One listing: 15 000 single look-ups take long."""
    if not folder.is_dir():
        return set()
    return {name for name in os.listdir(folder) if name.endswith(".npy") and not name.startswith(".")}


def _order(name: str) -> tuple[str, int]:
    """Clips of a track in the order of time: 2 before 10."""
    match = NAME.fullmatch(name)
    return (match["track"], int(match["step"])) if match else (name, 0)


def _is_label(label: object) -> bool:
    return isinstance(label, list) and len(label) == len(CLASSES) and all(value in (0, 1) for value in label)


def _index(folder: Path, rows: list[tuple[str, str, int, list]]) -> ClipIndex:
    tracks = list(dict.fromkeys(row[1] for row in rows))
    number = {track: position for position, track in enumerate(tracks)}
    return ClipIndex(
        folder=folder,
        files=tuple(folder / row[0] for row in rows),
        tracks=tuple(tracks),
        file=np.arange(len(rows), dtype=np.int32),
        track=np.array([number[row[1]] for row in rows], dtype=np.int32),
        start=np.array([CLIP_SECONDS * row[2] for row in rows], dtype=np.float64),
        targets=np.array([row[3] for row in rows], dtype=np.uint8).reshape(-1, NUM_CLASSES),
    )
