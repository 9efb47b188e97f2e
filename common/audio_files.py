"""Which files a folder of recordings stands for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

AUDIO_SUFFIXES = (".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".au", ".w64", ".caf")


def audio_files(paths: Iterable[Path]) -> Iterator[Path]:
    """The files, and for each folder the audio files below it, sorted; the folder itself if it has none."""
    for path in paths:
        if path.is_dir():
            found = sorted(file for file in path.rglob("[!.]*") if file.suffix.lower() in AUDIO_SUFFIXES)
            yield from found or [path]
        else:
            yield path
