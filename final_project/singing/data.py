"""The data of singing: spoken vowels that a listener learns from, and songs that are sung to it.

    python final_project/singing/data.py make [--quick]      # data/singing, two minutes on two cores
    python final_project/singing/data.py info [--data DIR]   # recordings, vowels and songs by split
    python final_project/singing/data.py check DIR           # reads everything

A data folder holds spoken/train and spoken/valid, recordings with label tracks (spoken.py says how), and
songs/valid.jsonl and songs/test.jsonl (sung_songs.py). Voices, words and tunes of a split are its own. The
test songs are opened elsewhere, for eval.py alone (evaluation_split.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import tyro

from common import cli, mini_data
from common.cli import UserError
from common.problems import Problems
from final_project.singing.data_check import check_recording, check_song
from final_project.singing.spoken import Recording, class_counts, open_recordings
from final_project.singing.sung_songs import SungSong, read_songs
from final_project.singing.vowels import VOWELS

__all__ = ["default_data", "ensure_data", "open_training_splits", "open_validation_songs"]

DEFAULT_DATA = Path(__file__).resolve().parents[2] / "data" / "singing"
QUICK_NAME = "singing_quick"
SPOKEN, SONGS = ("train", "valid"), ("valid", "test")


def open_training_splits(root: Path) -> tuple[list[Recording], list[Recording]]:
    """The recordings of training and validation in the data folder `root`.

    Errors: UserError for what is missing or broken, and for a voice in both.
    """
    train, valid = (open_recordings(Path(root) / "spoken" / split) for split in SPOKEN)
    shared = {each.voice for each in train} & {each.voice for each in valid}
    if shared:
        raise UserError(
            f"{root}: {', '.join(sorted(shared))} in train and valid; give each voice to one of them"
        )
    return train, valid


def open_validation_songs(root: Path) -> list[SungSong]:
    """The songs by which choices are made. Errors: UserError."""
    return read_songs(Path(root) / "songs" / "valid.jsonl")


def default_data(*, quick: bool = False) -> Path:
    """Where the data lie, data/singing of the project; or a small part of them, beside it."""
    return DEFAULT_DATA.with_name(QUICK_NAME) if quick else DEFAULT_DATA


def ensure_data(path: Path | None, *, quick: bool = False) -> Path:
    """The data folder `path`; without one, the project's own, made now if need be.

    `quick`: two voices of each split and a few lines instead, in a folder of their own.
    """
    make, root = partial(make_data, quick=quick), default_data(quick=quick)
    cost = "seconds" if quick else "two minutes"
    name = "set of spoken vowels and songs"
    return mini_data.ensure(path, root, make=make, name=name, cost=cost, quick=quick)


def make_data(root: Path, *, seed: int = 0, jobs: int = 2, quick: bool = False) -> None:
    """Make the data, or their `quick` variant, in `root`; beside it first, renamed when complete."""
    from final_project.singing.mini_singing import DEFAULT, QUICK, make_mini_singing  # brings the voices

    amounts = QUICK if quick else DEFAULT
    mini_data.make_once(root, partial(make_mini_singing, seed=seed, jobs=jobs, amounts=amounts))


@dataclass
class Make:
    """Make the default data: espeak-ng's voices speak poems, and songs are laid out; no download."""

    data: Path | None = None
    """Folder to make; without it, data/singing, or data/singing_quick."""
    seed: int = 0
    """The same seed gives the same bytes."""
    jobs: int = 2
    """Processes."""
    quick: bool = False
    """Only two voices of each split, and a few lines."""

    def run(self) -> int:
        root = self.data or default_data(quick=self.quick)
        if root.exists():
            print(f"{root}: is there already; delete it to make it anew")
            return 0
        make_data(root, seed=self.seed, jobs=self.jobs, quick=self.quick)
        return Info(root).run()


@dataclass
class Info:
    """Count recordings, voices and vowels of each split, and songs and their notes."""

    data: Path = DEFAULT_DATA
    """Data folder."""

    def run(self) -> int:
        splits = [open_recordings(self.data / "spoken" / split) for split in SPOKEN]
        print(f"{'spoken':24}" + "".join(f"{split:>10}" for split in SPOKEN))
        print(f"{'recordings':24}" + "".join(f"{len(split):>10,}" for split in splits))
        print(f"{'voices':24}" + "".join(f"{len({r.voice for r in split}):>10,}" for split in splits))
        counts = np.stack([class_counts(split) for split in splits])
        print(f"{'vowels':24}" + "".join(f"{count:>10,}" for count in counts.sum(axis=1)))
        for vowel, row in zip(VOWELS, counts.T, strict=True):
            print(f"  {vowel:22}" + "".join(f"{count:>10,}" for count in row))
        songs = [read_songs(self.data / "songs" / f"{split}.jsonl") for split in SONGS]
        print(f"\n{'sung':24}" + "".join(f"{split:>10}" for split in SONGS))
        print(f"{'songs':24}" + "".join(f"{len(split):>10,}" for split in songs))
        print(f"{'voices':24}" + "".join(f"{len({s.singer.name for s in each}):>10,}" for each in songs))
        print(f"{'notes':24}" + "".join(f"{sum(len(s.notes) for s in each):>10,}" for each in songs))
        return 0


@dataclass
class Check:
    """Read everything and say what is wrong; the exit code is 2 if anything is."""

    data: tyro.conf.Positional[Path]
    """Data folder."""

    def run(self) -> int:
        problems = Problems()
        train, valid = open_training_splits(self.data)
        for recording in (*train, *valid):
            check_recording(recording, problems)
        songs = [s for split in SONGS for s in read_songs(self.data / "songs" / f"{split}.jsonl")]
        for song in songs:
            check_song(song, problems)
        print(f"{self.data}: {len(train) + len(valid):,} recordings, {len(songs):,} songs")
        for line in problems.lines("found"):
            print(f"  {line}")
        return 2 if problems.counts else 0


def main(command: Make | Info | Check) -> int:
    return command.run()


if __name__ == "__main__":
    cli.run(main, Make | Info | Check)
