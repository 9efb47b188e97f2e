"""The music of HW1: open a split of either layout, make, check or convert a data folder.

    python hw1/data.py make                      # mini-Slakh under data/mini_slakh, some minutes
    python hw1/data.py info [--data DIR]         # clips and share of each class by split
    python hw1/data.py check DIR                 # decodes everything
    python hw1/data.py prepare SLAKH_DIR OUT     # Slakh2100 -> the layout of the course's release

A data folder holds Slakh2100's {train,validation,test}/TrackNNNNN (see slakh.py), or the course's release,
slakh/{train,validation,test}/*.npy with labels (see release.py). Either is read as clips of 5 seconds.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import tyro

from common import cli, mini_data
from common.audio import AudioError
from common.cli import UserError, say
from common.problems import Problems
from hw1_instrument_detection import release, slakh
from hw1_instrument_detection.classes import CLASSES
from hw1_instrument_detection.clip_index import SAMPLE_RATE, ClipIndex
from hw1_instrument_detection.data_check import check_clips, check_tracks
from hw1_instrument_detection.prepare import prepare_release
from hw1_instrument_detection.tracks import Track, WholeTrack
from hw1_instrument_detection.training_data import MINI_MARK, is_mini

SPLITS = ("train", "validation", "test")
DEFAULT_DATA = Path(__file__).resolve().parents[1] / "data" / "mini_slakh"
QUICK_NAME = "mini_slakh_quick"


def open_training_splits(root: Path, *, drums_are_percussion: bool = False) -> tuple[ClipIndex, ClipIndex]:
    """The training and the validation clips of the data folder `root`; problems are told on standard error.

    All that training, thresholds and normalization may see. Raises UserError like `open_split`.
    """
    train, valid = (_open_and_report(root, split, drums_are_percussion) for split in ("train", "validation"))
    shared = set(train.tracks) & set(valid.tracks)
    if shared:
        say(f"{root}: {len(shared)} tracks are in train and validation; validation will flatter the model")
    return train, valid


def open_test_split(root: Path, *, drums_are_percussion: bool = False) -> ClipIndex:
    """The clips to evaluate on: the test split of `root`, or `root` itself if it holds track folders.

    For `eval.py` alone. Raises UserError like `open_split`.
    """
    return _open_and_report(root, "test", drums_are_percussion)


def open_tracks(root: Path, *, drums_are_percussion: bool = False) -> tuple[Track, ...] | None:
    """The training tracks with their stems, for remixing, in the order of the training clips' `tracks`.

    None where `root` has the layout of the release, which has no stems. Raises UserError like `open_split`.
    """
    if _layout(Path(root), "train") is release:
        return None
    _, tracks, _ = slakh.open_split(Path(root), "train", drums_are_percussion=drums_are_percussion)
    return tracks


def open_whole_tracks(root: Path, *, drums_are_percussion: bool = False) -> list[WholeTrack]:
    """The tracks of the test split to show as a whole; none where the folder has only clips."""
    layout = _layout(Path(root), "test")
    return layout.whole_tracks(Path(root), drums_are_percussion=drums_are_percussion)


def open_split(root: Path, split: str, *, drums_are_percussion: bool = False) -> tuple[ClipIndex, Problems]:
    """The usable clips of one split (`train`, `validation` or `test`) and what was left out and why.

    Raises UserError for a folder or file that is missing or broken and for a split without a usable clip.
    """
    root = Path(root)
    if _layout(root, split) is release:
        if drums_are_percussion:
            raise UserError(
                f"{root}: its labels leave drums out; --drums-are-percussion needs Slakh2100's layout"
            )
        index, problems = release.open_split(root, split)
    else:
        index, _, problems = slakh.open_split(root, split, drums_are_percussion=drums_are_percussion)
    if not len(index):
        why = "; ".join(problems.lines()) or "the folder is empty"
        raise UserError(f"{index.folder}: no usable clip of split {split} ({why}); unpack the data set again")
    _read_one(index)
    return index, problems


def default_data(*, quick: bool = False) -> Path:
    """Where mini-Slakh lies, data/mini_slakh of the project; or its `quick` variant, beside it."""
    return DEFAULT_DATA.with_name(QUICK_NAME) if quick else DEFAULT_DATA


def ensure_data(path: Path | None, *, quick: bool = False) -> Path:
    """The data folder `path`; without one, mini-Slakh, made now if it is not there yet.

    `quick`: a mini-Slakh of a few short pieces instead, in a folder of its own.
    """
    cost = "seconds" if quick else "about six minutes"
    make, root = partial(make_data, quick=quick), default_data(quick=quick)
    return mini_data.ensure(path, root, make=make, name="mini-Slakh", cost=cost, quick=quick)


def make_data(
    root: Path, *, seed: int = 0, soundfonts: tuple[Path, ...] = (), jobs: int = 2, quick: bool = False
) -> None:
    """Make mini-Slakh, or its `quick` variant, in `root`; beside it first, renamed when it is complete.

    What an interrupted call made is kept beside `root`. Of several processes one makes, the others wait.
    """
    # Only here, because it brings the synthesizer.
    from hw1_instrument_detection.mini_slakh import make_mini_slakh

    make = partial(make_mini_slakh, seed=seed, soundfonts=soundfonts, jobs=jobs, quick=quick)
    mini_data.make_once(root, make)


def _open_and_report(root: Path, split: str, drums_are_percussion: bool = False) -> ClipIndex:
    index, problems = open_split(root, split, drums_are_percussion=drums_are_percussion)
    problems.report(index.folder)
    return index


def _layout(root: Path, split: str):
    """The module that reads `split` of `root`: release or slakh. Raises UserError where neither does."""
    if not root.exists():
        raise UserError(f"{root}: no such folder; give a data folder in the layout of Slakh2100 with --data")
    if not root.is_dir():
        raise UserError(f"{root}: is not a folder; give the folder that holds {split}/")
    for layout in (release, slakh):
        if layout.holds(root, split):
            return layout
    raise UserError(
        f"{root}: holds neither {split}_labels.json nor {split}/Track*/mix.flac; "
        "give the folder of the course's release or of Slakh2100"
    )


def _read_one(index: ClipIndex) -> None:
    """Raise the first error if a handful of clips, spread over the split, cannot be read at all."""
    errors = []
    for position in range(0, len(index), max(1, len(index) // 5)):
        try:
            index.waveform(position, sample_rate=SAMPLE_RATE)
            return
        except AudioError as error:
            errors.append(error)
    raise errors[0]


@dataclass
class Make:
    """Make mini-Slakh: real tunes arranged for a small band, synthesized, no download."""

    data: Path = DEFAULT_DATA
    """Folder to make."""
    seed: int = 0
    """The same seed gives the same music."""
    soundfont: tuple[Path, ...] = ()
    """More .sf2 or .sf3 files to play from."""
    jobs: int = 2
    """Processes."""
    quick: bool = False
    """Only a few short pieces."""

    def run(self) -> int:
        if self.data.exists():
            print(f"{self.data}: is there already; delete it to make it anew")
            return 0
        make_data(self.data, seed=self.seed, soundfonts=self.soundfont, jobs=self.jobs, quick=self.quick)
        return Info(self.data).run()


@dataclass
class Info:
    """Count the clips and tracks of each split, and the share of the clips that each class sounds in."""

    data: Path = DEFAULT_DATA
    """Data folder in the layout of Slakh2100 or of the course's release."""
    drums_are_percussion: bool = False
    """Count drum kits as Percussion."""

    def run(self) -> int:
        splits = _present_splits(self.data)
        opened = [_open_and_report(self.data, split, self.drums_are_percussion) for split in splits]
        print(f"{'share of clips':18}" + "".join(f"{split:>12}" for split in splits))
        for number, name in enumerate(CLASSES):
            shares = (index.class_counts()[number] / len(index) for index in opened)
            print(f"{name:18}" + "".join(f"{share:12.3f}" for share in shares))
        print(f"{'clips':18}" + "".join(f"{len(index):12,}" for index in opened))
        print(f"{'tracks':18}" + "".join(f"{len(index.tracks):12,}" for index in opened))
        return 0


@dataclass
class Check:
    """Decode everything and say what is wrong: missing, broken, short or silent audio, stems of pure noise.

    Also rates that differ within a track, MIDI that does not parse, clips without labels, labels without
    clips. The exit code is 2 if anything is wrong.
    """

    data: tyro.conf.Positional[Path]
    """Data folder in the layout of Slakh2100 or of the course's release."""
    jobs: int = os.cpu_count() or 1
    """Threads."""

    def run(self) -> int:
        found = 0
        for split in _present_splits(self.data):
            if _layout(self.data, split) is release:
                index, problems = release.open_split(self.data, split)
                problems.merge(check_clips(index, jobs=self.jobs))
            else:
                index, tracks, problems = slakh.open_split(self.data, split)
                problems.merge(check_tracks(tracks, jobs=self.jobs))
            print(f"{index.folder}: {len(index.tracks):,} tracks, {len(index):,} clips")
            for line in problems.lines("found"):
                print(f"  {line}")
            # What is harmless to a run (a clip without a label) is still something that is wrong.
            found += sum(problems.counts.values())
        return 2 if found else 0


@dataclass
class Prepare:
    """Write the course's release layout from Slakh2100; goes on where an earlier call stopped."""

    slakh_dir: tyro.conf.Positional[Path]
    """Folder of Slakh2100 (or mini-Slakh)."""
    out: tyro.conf.Positional[Path]
    """Folder to write slakh/ and test_track/ in; 480 kB a clip."""
    splits: tuple[str, ...] = SPLITS
    """Splits to convert."""
    jobs: int = os.cpu_count() or 1
    """Tracks at a time."""
    drums_are_percussion: bool = False
    """Count drum kits as Percussion, unlike the course's labels."""

    def run(self) -> int:
        present = [split for split in self.splits if slakh.holds(self.slakh_dir, split)]
        if not present:
            raise UserError(
                f"{self.slakh_dir}: holds none of {', '.join(self.splits)} with Track*/mix.flac; "
                "give the folder of Slakh2100"
            )
        for split in present:
            prepare_release(
                self.slakh_dir,
                self.out,
                split,
                jobs=self.jobs,
                drums_are_percussion=self.drums_are_percussion,
            )
        if is_mini(self.slakh_dir):
            shutil.copy(self.slakh_dir / MINI_MARK, self.out / MINI_MARK)
        return 0


def _present_splits(root: Path) -> list[str]:
    """The splits that `root` holds; a folder that holds none is opened, and refused, like a test split."""
    return [split for split in SPLITS if release.holds(root, split) or slakh.holds(root, split)] or ["test"]


def main(command: Make | Info | Check | Prepare) -> int:
    return command.run()


if __name__ == "__main__":
    cli.run(main, Make | Info | Check | Prepare)
