"""Folders of songs with stems: MUSDB18-HQ, MUSDB18, and the reader's own.

    ROOT/{train,test}/<Artist - Title>/{mixture,vocals,drums,bass,other}.wav      MUSDB18-HQ
    ROOT/{train,test}/<Artist - Title>.stem.mp4                                   MUSDB18
    ROOT/{train,test}/<Artist - Title>/{vocals,accompaniment}.wav                 own stems

`.flac` does instead of `.wav`, capitals do not matter, and `mixture` may be missing. Validation songs lie in
train/ among the others: they are those that ROOT/validation.txt names, one a line; else the standard ones,
where there are any; else every seventh by name.

Sources: Rafii et al. 2017 and 2019, "MUSDB18" and "MUSDB18-HQ"; the standard list is that of the package
musdb (configs/mus.yaml, `validation_tracks`).
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path

from common.audio import AudioError
from common.cli import UserError
from common.problems import Problems
from hw2_source_separation.songs import LENGTH_TOLERANCE, AudioFile, Song, Source
from hw2_source_separation.stem_mp4 import STEM_MP4, open_stem_mp4
from hw2_source_separation.stems import ACCOMPANIMENT, CHANNELS, MIXTURE, STEMS

SPLITS = ("train", "validation", "test")
VALIDATION_LIST = "validation.txt"
EVERY = 7  # one song in so many validates, where nobody has chosen: 14 of 100, as in the standard list
AUDIO = (".wav", ".flac")  # the first that is there is read
SHORTEST_SONG = 1.0  # s: one window of the evaluation

STANDARD_VALIDATION = frozenset(
    {
        "Actions - One Minute Smile",
        "Clara Berry And Wooldog - Waltz For My Victims",
        "Johnny Lokke - Promises & Lies",
        "Patrick Talbot - A Reason To Leave",
        "Triviul - Angelsaint",
        "Alexander Ross - Goodbye Bolero",
        "Fergessen - Nos Palpitants",
        "Leaf - Summerghost",
        "Skelpolu - Human Mistakes",
        "Young Griffo - Pennies",
        "ANiMAL - Rockshow",
        "James May - On The Line",
        "Meaxic - Take A Step",
        "Traffic Experiment - Sirens",
    }
)


class UnusableSong(Exception):
    """A song that cannot be used. `kind` is what is wrong, `detail` where."""

    def __init__(self, kind: str, detail: str = "") -> None:
        super().__init__(kind)
        self.kind, self.detail = kind, detail


def open_split(root: Path, split: str) -> tuple[list[Song], Problems]:
    """The usable songs of `train`, `validation` or `test` by name, and which were left out and why.

    Only headers are read. Errors: UserError for a folder that is missing or has other contents, and for a
    split without a usable song.
    """
    songs, problems = find_songs(root, split)
    if not songs:
        folder = split_folder(Path(root), split)
        why = "; ".join(problems.lines()) or "no song is left for it"
        raise UserError(f"{folder}: no usable song of split {split} ({why}); add songs, or mend these")
    return songs, problems


def find_songs(root: Path, split: str) -> tuple[list[Song], Problems]:
    """As `open_split`, but there may be no usable song."""
    if split not in SPLITS:
        raise ValueError(f"split must be one of {', '.join(SPLITS)}, got {split!r}")
    songs, problems = [], Problems()
    for name, path in _paths_of(Path(root), split, problems).items():
        try:
            songs.append(open_song(name, path))
        except UnusableSong as error:
            problems.add(error.kind, f"{name}: {error.detail}" if error.detail else name)
    return songs, problems


def holds(root: Path, split: str) -> bool:
    """Whether `root` has songs for `split`; its own songs count as a test split."""
    return _split_folder(root, split) is not None


def split_folder(root: Path, split: str) -> Path:
    """The folder that the songs of `split` lie in. Errors: UserError."""
    if not root.exists():
        raise UserError(f"{root}: no such folder; give a data folder in the layout of MUSDB18-HQ with --data")
    if not root.is_dir():
        raise UserError(f"{root}: is not a folder; give the folder that holds train/ and test/")
    folder = _split_folder(root, split)
    if folder is None:
        name = "test" if split == "test" else "train"
        raise UserError(
            f"{root}: holds no songs in {name}/ (folders with vocals.wav and other stems, or .stem.mp4"
            " files); give the folder of MUSDB18-HQ or one with the same layout"
        )
    return folder


def song_paths(folder: Path) -> dict[str, Path]:
    """The songs of a folder, sorted by name: a folder each, or a .stem.mp4 where there is no such folder."""
    songs = {}
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir():
                songs[entry.name] = Path(entry.path)
            elif entry.name.lower().endswith(STEM_MP4):
                songs.setdefault(entry.name[: -len(STEM_MP4)], Path(entry.path))
    return dict(sorted(songs.items()))


def validation_songs(root: Path, names: Sequence[str]) -> tuple[set[str], list[str]]:
    """Those of the songs `names` in train/ that validate, and the songs that validation.txt names in vain."""
    path = root / VALIDATION_LIST
    if path.is_file():
        listed = _listed(path)
        present = {_plain(name): name for name in names}
        return {present[name] for name in listed & set(present)}, sorted(listed - set(present))
    standard = STANDARD_VALIDATION & set(names)
    return standard or set(names[EVERY - 1 :: EVERY] or names[-1:]), []


def open_song(name: str, path: Path) -> Song:
    """A song by its headers. Errors: UnusableSong."""
    try:
        sources = open_stem_mp4(path) if path.is_file() else _open_files(path)
    except AudioError as error:
        raise UnusableSong("file that cannot be opened", reason(error, path)) from error
    _require_stems(sources)
    _require_alike(sources)
    song = Song.of(name, path, sources)
    if song.duration < SHORTEST_SONG:
        raise UnusableSong(f"song shorter than {SHORTEST_SONG:g} s", f"{song.duration:.3f} s")
    return song


def _paths_of(root: Path, split: str, problems: Problems) -> dict[str, Path]:
    """The songs of a split, usable or not, by name."""
    paths = song_paths(split_folder(root, split))
    if split == "test":
        return paths
    # Not the usable ones alone: what is wrong with some songs must not move others to another split.
    listed, missing = validation_songs(root, list(paths))
    if split == "validation":
        for name in missing:
            problems.add(f"song that {VALIDATION_LIST} names and train/ lacks", name)
    return {name: path for name, path in paths.items() if (name in listed) == (split == "validation")}


def _split_folder(root: Path, split: str) -> Path | None:
    folder = root / ("test" if split == "test" else "train")
    if folder.is_dir():
        return folder if song_paths(folder) else None
    # A bare folder may be tested on, but must not be training and test at once.
    return root if split == "test" and root.is_dir() and _holds_songs(root) else None


def _holds_songs(folder: Path) -> bool:
    return any(path.is_file() or "vocals" in _stem_files(path) for path in song_paths(folder).values())


def _open_files(folder: Path) -> dict[str, Source]:
    """The recordings of a song's folder."""
    return {name: AudioFile.open(path) for name, path in _stem_files(folder).items()}


def _stem_files(folder: Path) -> dict[str, Path]:
    """The files of a song by what they are; of `vocals.wav` and `vocals.flac` the former."""
    known = (*STEMS, ACCOMPANIMENT, MIXTURE)
    files = [path for path in folder.iterdir() if path.suffix.lower() in AUDIO and path.stem.lower() in known]
    files.sort(
        key=lambda path: (known.index(path.stem.lower()), -AUDIO.index(path.suffix.lower()), path.name)
    )
    return {path.stem.lower(): path for path in files}  # of two for the same, the last one


def _require_stems(sources: Iterable[str]) -> None:
    """Vocals, and the three others or an accompaniment."""
    missing = [stem for stem in STEMS if stem not in sources]
    if "vocals" in missing or (missing and ACCOMPANIMENT not in sources):
        raise UnusableSong("song that lacks a stem", f"no {', '.join(missing)}")


def _require_alike(sources: dict[str, Source]) -> None:
    """All at one rate and of one length, mono or stereo."""
    rates = {source.sample_rate for source in sources.values()}
    if len(rates) > 1:
        raise UnusableSong("stems at different sample rates", _each(sources, "sample_rate", "Hz"))
    lengths = [source.frames for source in sources.values()]
    if max(lengths) - min(lengths) > LENGTH_TOLERANCE * rates.pop():
        raise UnusableSong("stems of different lengths", _each(sources, "frames", "samples"))
    if any(source.channels > CHANNELS for source in sources.values()):
        raise UnusableSong("more than two channels", _each(sources, "channels", "channels"))


def _each(sources: dict[str, Source], attribute: str, unit: str) -> str:
    """Such as `vocals 44100, bass 48000 Hz`: one source for each different value."""
    of_value = {}
    for name, source in sources.items():
        of_value.setdefault(getattr(source, attribute), name)
    return ", ".join(f"{name} {value}" for value, name in of_value.items()) + f" {unit}"


def _listed(path: Path) -> set[str]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: is not UTF-8 text; write one name of a song in each line") from error
    return {_plain(line.strip()) for line in lines if line.strip()}


def _plain(name: str) -> str:
    """One spelling of accented letters: file systems differ."""
    return unicodedata.normalize("NFC", name)


def reason(error: AudioError, path: Path) -> str:
    """What an error says about a song, without the folder that the song lies in."""
    return str(error).removeprefix(f"{path}{os.sep}").removeprefix(f"{path}: ")
