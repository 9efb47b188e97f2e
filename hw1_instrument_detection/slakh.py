"""Slakh2100's layout: {train,validation,test}/TrackNNNNN with mix.flac, stems/, MIDI/, metadata.yaml.

A stem counts when its audio is there. Its program comes from metadata.yaml, or from its MIDI file where the
metadata cannot be read; its notes from MIDI/SNN.mid, or from the parts of all_src.mid with its program.
.wav does instead of .flac. Source: Manilow et al. 2019, "Cutting music source separation some Slakh".
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml
from joblib import Parallel, delayed
from tqdm import tqdm

from common import audio
from common.audio import AudioError
from common.cli import UserError
from common.problems import Problems
from hw1_instrument_detection.clip_index import ClipIndex
from hw1_instrument_detection.midi_activity import MidiError, MidiPart, Notes, read_midi
from hw1_instrument_detection.slakh_cache import NotesCache, Parsed
from hw1_instrument_detection.tracks import Stem, Track, WholeTrack, clips_of

AUDIO = (".flac", ".wav")
SERIAL_UP_TO = 100  # tracks: fewer are parsed sooner than more processes start


def holds(root: Path, split: str) -> bool:
    """Whether `root` has tracks of `split`; its own track folders count as a test split."""
    return _folder(root, split) is not None


def open_split(
    root: Path, split: str, *, drums_are_percussion: bool = False
) -> tuple[ClipIndex, tuple[Track, ...], Problems]:
    """The clips of a split, the tracks they are cut from, and what was left out and why.

    `index.tracks` are the names of the tracks, in their order. Nothing is decoded. Errors: UserError where
    there is no such split.
    """
    folder = _folder(root, split)
    if folder is None:
        raise UserError(f"{root}: holds no {split}/Track*/mix.flac; give the folder of Slakh2100")
    tracks, problems = open_tracks(folder, drums_are_percussion=drums_are_percussion)
    return clips_of(folder, tracks), tracks, problems


def whole_tracks(root: Path, *, drums_are_percussion: bool = False) -> list[WholeTrack]:
    """The mixes of the test split, each as a whole."""
    _, tracks, _ = open_split(root, "test", drums_are_percussion=drums_are_percussion)
    return [WholeTrack(track.name, track.mix, track.targets(with_rest=True)) for track in tracks]


def open_tracks(folder: Path, *, drums_are_percussion: bool = False) -> tuple[tuple[Track, ...], Problems]:
    """The usable tracks of a split's folder by name, parsed or from the cache, and what is wrong."""
    cache = NotesCache(folder)
    folders = _track_folders(folder)
    unknown = [track for track in folders if cache.get(track) is None]
    try:
        for track, parsed in zip(unknown, _parse_all(unknown, folder.name), strict=True):
            cache.put(track, parsed)
    finally:
        if unknown:
            cache.write()  # what was parsed before Ctrl-C is not lost
    tracks, problems = [], Problems()
    for track_folder in folders:
        parsed = cache.get(track_folder)
        for kind, name in parsed.problems:
            problems.add(kind, name)
        if parsed.mix is not None:
            tracks.append(parsed.track(track_folder, drums_are_percussion=drums_are_percussion))
    return tuple(tracks), problems


def parse_track(folder: Path) -> Parsed:
    """Everything about one track but its samples. What is wrong with it is in the result's `problems`."""
    parsed = Parsed()
    mix = _audio_file(folder, "mix")
    if mix is None:
        return parsed.add_problem("track without mix.flac", folder.name)
    try:
        header = audio.info(mix)
    except AudioError:
        return parsed.add_problem("track whose mix cannot be read", folder.name)
    parsed.stems.extend(_stems(folder, parsed))
    if not parsed.stems:
        return parsed.add_problem("track without MIDI", folder.name)
    parsed.mix, parsed.sample_rate, parsed.num_samples = mix.name, header.sample_rate, header.frames
    return parsed


def _parse_all(folders: list[Path], split: str) -> Iterable[Parsed]:
    if len(folders) <= SERIAL_UP_TO:
        return map(parse_track, folders)
    parsed = Parallel(n_jobs=-1, return_as="generator")(delayed(parse_track)(folder) for folder in folders)
    return tqdm(parsed, total=len(folders), unit="track", desc=f"reading the notes of {split}", disable=None)


def _stems(folder: Path, parsed: Parsed) -> list[Stem]:
    """The stems of a track that sound; without stem folders, the parts of all_src.mid."""
    entries = _metadata(folder, parsed)
    midi_files = {path.stem: path for path in sorted((folder / "MIDI").glob("*.mid"))}
    names = sorted(set(entries) | set(midi_files))
    if not names:
        return [
            Stem(f"part {number}", None, part.program, part.is_drum, part.notes)
            for number, part in enumerate(_all_parts(folder))
        ]
    stems = []
    for name in names:
        entry = entries.get(name, {})
        if entry.get("audio_rendered") is False:
            continue  # not in the mix, and nothing is wrong: the authors' samplers could not play it
        path = _audio_file(folder / "stems", name)
        if path is None or path.stat().st_size == 0:
            parsed.add_problem("stem without audio", f"{folder.name}/{name}")
            continue
        stem = _stem(name, path, entry, midi_files.get(name), parsed)
        if stem is not None:
            stems.append(stem)
    return stems


def _stem(name: str, path: Path, entry: dict, midi_file: Path | None, parsed: Parsed) -> Stem | None:
    """The stem whose audio is `path`; None, and a problem, where its notes or its program are unknown."""
    track = path.parent.parent
    parts = _midi_of_stem(midi_file, f"{track.name}/{name}", parsed)
    program, is_drum = _program(entry, parts or [])
    if parts is None:
        parts = [
            part
            for part in _all_parts(track)
            if part.is_drum == is_drum and (is_drum or part.program == program)
        ]
        if not parts:
            parsed.add_problem("stem without MIDI", f"{track.name}/{name}")
            return None
    if program is None:
        parsed.add_problem("stem without program", f"{track.name}/{name}")
        return None
    return Stem(name, path, program, is_drum, Notes.union([part.notes for part in parts]))


def _midi_of_stem(path: Path | None, name: str, parsed: Parsed) -> list[MidiPart] | None:
    if path is None:
        return None
    try:
        return read_midi(path)
    except MidiError:
        parsed.add_problem("MIDI file that does not parse", name)
        return None


def _program(entry: dict, parts: list[MidiPart]) -> tuple[int | None, bool]:
    """Program and whether it is drums: by the metadata, else by the MIDI file; None if neither says."""
    program, is_drum = entry.get("program_num"), entry.get("is_drum")
    if is_drum is True or program == 128:
        return 0, True
    if type(program) is int and 0 <= program <= 127:
        return program, False
    if parts:
        return parts[0].program, parts[0].is_drum
    return None, False


def _metadata(folder: Path, parsed: Parsed) -> dict[str, dict[str, Any]]:
    """The stems of metadata.yaml by name; none, and a problem, where it cannot be read."""
    try:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        content = yaml.load((folder / "metadata.yaml").read_bytes(), Loader=loader)  # noqa: S506 (is safe)
        stems = content["stems"]
        return {str(name): entry for name, entry in stems.items() if isinstance(entry, dict)}
    except FileNotFoundError:
        parsed.add_problem("track without metadata.yaml", folder.name)
    except (OSError, yaml.YAMLError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        parsed.add_problem("metadata.yaml that cannot be read", folder.name)
    return {}


def _all_parts(folder: Path) -> list[MidiPart]:
    try:
        return read_midi(folder / "all_src.mid")
    except MidiError:
        return []


def _audio_file(folder: Path, name: str) -> Path | None:
    paths = (folder / f"{name}{suffix}" for suffix in AUDIO)
    return next((path for path in paths if path.is_file()), None)


def _folder(root: Path, split: str) -> Path | None:
    if (root / split).is_dir():
        return root / split if _track_folders(root / split) else None
    # A bare folder may be tested on, but must not be training and validation at once.
    return root if split == "test" and root.is_dir() and any(root.glob("*/mix.*")) else None


def _track_folders(folder: Path) -> list[Path]:
    """The track folders of a split by name."""
    with os.scandir(folder) as entries:
        names = [entry.name for entry in entries if entry.is_dir() and not entry.name.startswith(".")]
    return [folder / name for name in sorted(names)]
