"""What was parsed of a split of Slakh2100, kept: its 20 000 MIDI files take many minutes, the cache a second.

It lies in `.notes.npz` beside the tracks, or in the user's cache folder; a track is parsed again when the
size or time of one of its files changes.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from hw1_instrument_detection.midi_activity import Notes
from hw1_instrument_detection.tracks import Stem, Track

CACHE_FORMAT = 1
CACHE_FROM_TRACKS = 20  # fewer are parsed in a second: no cache, the folder stays as it is


@dataclass
class Parsed:
    """One track but its samples. `mix` is the name of its file, None for a track that cannot be used."""

    mix: str | None = None
    sample_rate: int = 0
    num_samples: int = 0
    stems: list[Stem] = field(default_factory=list)
    problems: list[tuple[str, str]] = field(default_factory=list)

    def add_problem(self, kind: str, name: str) -> Parsed:
        """Note what is wrong -> itself."""
        self.problems.append((kind, name))
        return self

    def track(self, folder: Path, *, drums_are_percussion: bool) -> Track:
        """The track in `folder`."""
        return Track(
            folder=folder,
            mix=folder / self.mix,
            sample_rate=self.sample_rate,
            num_samples=self.num_samples,
            stems=tuple(self.stems),
            drums_are_percussion=drums_are_percussion,
        )

    def header(self) -> dict:
        """All but the notes, as JSON can have it."""
        stems = [
            [stem.name, stem.path.name if stem.path else None, stem.program, stem.is_drum, len(stem.notes)]
            for stem in self.stems
        ]
        return {**vars(self), "stems": stems}


class NotesCache:
    """The parsed tracks of the split `folder`: `get` what is known and still true, `put` what is new."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.known: dict[str, Parsed] = {}  # by the name of the track
        self.stamps: dict[str, str] = {}  # of the known
        self._now: dict[Path, str] = {}  # stamps, taken once
        for place in self.places():
            if self._read(place):
                break

    def get(self, track: Path) -> Parsed | None:
        """What is known of the folder `track`, if it still is as it was."""
        known = self.known.get(track.name)
        return known if known is not None and self.stamps[track.name] == self._stamp(track) else None

    def put(self, track: Path, parsed: Parsed) -> None:
        """Remember what was parsed of the folder `track`."""
        self.known[track.name], self.stamps[track.name] = parsed, self._stamp(track)

    def places(self) -> list[Path]:
        """Where the cache may be kept: beside the data, else in the user's cache folder."""
        user_cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        digest = hashlib.sha256(str(self.folder.resolve()).encode()).hexdigest()[:16]
        return [self.folder / ".notes.npz", user_cache / "slakh-notes" / f"{digest}.npz"]

    def write(self) -> None:
        """Keep all that is known; nothing happens where no place can be written to."""
        if len(self.known) < CACHE_FROM_TRACKS:
            return
        stems = [stem for parsed in self.known.values() for stem in parsed.stems]
        headers = {
            name: {**parsed.header(), "stamp": self.stamps[name]} for name, parsed in self.known.items()
        }
        columns = {
            "format": np.array(CACHE_FORMAT),
            "headers": np.array(json.dumps(headers)),
            "start": np.concatenate([np.zeros(0), *(stem.notes.start for stem in stems)]),
            "end": np.concatenate([np.zeros(0), *(stem.notes.end for stem in stems)]),
        }
        for place in self.places():
            partial = place.with_name(f"{place.name}.{os.getpid()}.partial")
            try:
                place.parent.mkdir(parents=True, exist_ok=True)
                with partial.open("wb") as file:
                    np.savez(file, **columns)
                os.replace(partial, place)
                return
            except OSError:  # a read-only data folder or a full disk: the next place, or no cache
                with contextlib.suppress(OSError):
                    partial.unlink()

    def _read(self, place: Path) -> bool:
        try:
            with np.load(place, allow_pickle=False) as cache:
                if int(cache["format"]) != CACHE_FORMAT:
                    return False
                headers, start, end = json.loads(str(cache["headers"])), cache["start"], cache["end"]
            position = 0
            for name, header in headers.items():
                self.stamps[name] = header.pop("stamp")
                stems = []
                for stem, file, program, is_drum, count in header.pop("stems"):
                    stretch = slice(position, position + count)
                    path = self.folder / name / "stems" / file if file else None
                    stems.append(Stem(stem, path, program, is_drum, Notes(start[stretch], end[stretch])))
                    position += count
                self.known[name] = Parsed(**header, stems=stems)
        except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile):
            self.known.clear()  # a cache that is missing, half-written or broken is made anew
            return False
        return True

    def _stamp(self, track: Path) -> str:
        if track not in self._now:
            self._now[track] = stamp(track)
        return self._now[track]


def stamp(track: Path) -> str:
    """A digest of name, size and time of every file of a track folder."""
    lines = []
    for folder in (track, track / "MIDI", track / "stems"):
        if folder.is_dir():
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.is_file():
                        stat = entry.stat()
                        lines.append(f"{folder.name}/{entry.name} {stat.st_size} {stat.st_mtime_ns}")
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()[:16]
