"""Where soundfonts are, and whether a file is one."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable
from pathlib import Path

from common.synthesis.library import SynthesisError

SOUNDFONT_FOLDERS = (
    "/usr/share/sounds/sf2",
    "/usr/share/sounds/sf3",
    "/usr/share/soundfonts",
    "/usr/local/share/soundfonts",
    "/usr/local/share/fluid-synth/sf2",
    "/opt/homebrew/share/soundfonts",
    "/opt/homebrew/share/fluid-synth/sf2",
    "~/.local/share/soundfonts",
)


def default_soundfont() -> Path:
    """TimGM6mb.sf2 (General MIDI, 6 MB) inside the installed pretty_midi, found without importing it."""
    package = importlib.util.find_spec("pretty_midi")
    path = Path(package.origin).with_name("TimGM6mb.sf2") if package and package.origin else None
    if path is None or not path.is_file():
        raise SynthesisError(
            "pretty_midi's soundfont TimGM6mb.sf2 is missing; pip install -r requirements.txt"
        )
    return path


def find_soundfonts(folders: Iterable[str | Path] = SOUNDFONT_FOLDERS) -> list[Path]:
    """The .sf2 and .sf3 files in the system's usual folders, each file once (links too), sorted by path."""
    found: dict[Path, Path] = {}
    for folder in folders:
        for path in sorted(Path(folder).expanduser().glob("*.[sS][fF][23]")):
            if path.is_file():
                found.setdefault(path.resolve(), path)
    return sorted(found.values())


def check_soundfont(path: Path) -> Path:
    """`path`, if it begins as a soundfont does (RIFF, length, sfbk) and is as long as it says.

    SynthesisError with the reason if not.
    """
    if path.is_dir():
        raise SynthesisError(f"{path}: is a folder; name one .sf2 or .sf3 file in it")
    if not path.is_file():
        raise SynthesisError(f"{path}: no such soundfont; check the path")
    with path.open("rb") as file:
        header = file.read(12)
    if header[:4] != b"RIFF" or header[8:] != b"sfbk":
        raise SynthesisError(f"{path}: not a soundfont; give an .sf2 or .sf3 file")
    declared, present = int.from_bytes(header[4:8], "little") + 8, path.stat().st_size
    if present < declared:
        raise SynthesisError(
            f"{path}: truncated, {present} of {declared} bytes are there; get the file again"
        )
    return path
