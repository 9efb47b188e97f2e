"""Which files a folder of recordings stands for, and what to call what is made of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from common.distinct_names import distinct

AUDIO_SUFFIXES = (".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".au", ".w64", ".caf")


def audio_files(paths: Iterable[Path]) -> Iterator[Path]:
    """The files, and for each folder the audio files below it, sorted; the folder itself if it has none."""
    for path in paths:
        if path.is_dir():
            found = sorted(file for file in path.rglob("[!.]*") if file.suffix.lower() in AUDIO_SUFFIXES)
            yield from found or [path]
        else:
            yield path


def named_recordings(
    paths: Sequence[Path], out: Path, *, name: Callable[[Path], str]
) -> list[tuple[Path, str]]:
    """Each of `audio_files` with its `name`, or NAME_2, ... for others of that name.

    In a folder that was given, what an earlier call wrote into `out` is no recording; unless it is named.
    """
    named, out, taken = {path.resolve() for path in paths}, out.resolve(), set()
    return [
        (path, distinct(name(path), taken))
        for path in audio_files(paths)
        if path.resolve() in named or not path.resolve().is_relative_to(out)
    ]
