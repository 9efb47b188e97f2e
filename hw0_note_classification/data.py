"""NSynth for HW0: open a split, read its notes as waveforms, make or check a data folder.

    python hw0/data.py make                      # mini-NSynth under data/mini_nsynth, about a minute
    python hw0/data.py info [--data DIR]         # notes per family and split
    python hw0/data.py check DIR                 # opens every recording, some 300 per second and core

A data folder holds `nsynth-train` (or the course's `nsynth-subtrain`), `nsynth-valid` and `nsynth-test`,
each with `examples.json` and `audio/`. Waveforms are float32 in [-1, 1], shape (samples,), 16 kHz, 4 s.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import tyro

from common import audio, cli, mini_data
from common.cli import UserError, say
from common.problems import Problems
from hw0_note_classification.data_check import check_recordings
from hw0_note_classification.examples_json import load_index
from hw0_note_classification.note_dataset import NoteDataset, note_batches, read_note
from hw0_note_classification.note_index import FAMILIES, NUM_SAMPLES, SAMPLE_RATE, Note, NoteIndex

__all__ = [  # what the other scripts need, defined here or in the files beside
    "FAMILIES",
    "NUM_SAMPLES",
    "SAMPLE_RATE",
    "Note",
    "NoteDataset",
    "NoteIndex",
    "Problems",
    "default_data",
    "ensure_data",
    "note_batches",
    "open_split",
    "open_test_split",
    "open_training_splits",
    "read_note",
]

SPLITS = ("train", "subtrain", "valid", "test")
SKIP_LIST = "skip.txt"  # names of notes to leave out, one a line; `check --write-skip-list` writes it
DEFAULT_DATA = Path(__file__).resolve().parents[1] / "data" / "mini_nsynth"
QUICK_NAME = "mini_nsynth_quick"


def open_training_splits(root: Path) -> tuple[NoteIndex, NoteIndex]:
    """The training and the validation notes of the data folder `root`; problems are told on standard error.

    All that training, tuning and normalization may see. Raises UserError like `open_split`.
    """
    train, valid = (_open_and_report(root, split) for split in ("train", "valid"))
    shared = np.intersect1d(train.instrument, valid.instrument)
    if len(shared):
        say(f"{root}: {len(shared)} instruments are in train and valid; validation will flatter the model")
    return train, valid


def open_test_split(root: Path) -> NoteIndex:
    """The notes to evaluate on: the test split of `root`, or `root` itself if it holds `examples.json`.

    For `eval.py` alone. Raises UserError like `open_split`.
    """
    return _open_and_report(root, "test")


def open_split(root: Path, split: str) -> tuple[NoteIndex, Problems]:
    """The usable notes of one split (`train`, `subtrain`, `valid` or `test`) and what was left out and why.

    Raises UserError for a folder or file that is missing or broken and for a split without a usable note.
    """
    folder = split_folder(Path(root), split)
    index, problems = load_index(folder)
    index = _with_recordings(index, problems)
    index = _without_listed(index, problems)
    if not len(index):
        raise UserError(
            f"{folder}: no usable note of split {split} ({_why(problems)}); unpack the data set again"
        )
    _read_a_few(index)
    return index, problems


def split_folder(root: Path, split: str) -> Path:
    """The folder of a split; `train` may be called `subtrain`. `root` may be the folder itself."""
    if not root.exists():
        raise UserError(f"{root}: no such folder; give a data folder in the layout of NSynth with --data")
    if not root.is_dir():
        raise UserError(f"{root}: is not a folder; give the folder that holds nsynth-{split}")
    names = [f"nsynth-{name}" for name in ((split, "subtrain") if split == "train" else (split,))]
    for name in names:
        if (root / name).is_dir():
            if name != f"nsynth-{split}":
                say(f"{root}: no nsynth-{split}; training on {name}")
            return root / name
    # A bare folder may be tested on, but must not be training and validation at once.
    if (root / "examples.json").is_file() and (split == "test" or root.name in names):
        return root
    raise UserError(
        f"{root}: holds no nsynth-{split} with examples.json; give the folder that holds the nsynth-* folders"
    )


def default_data(*, quick: bool = False) -> Path:
    """Where mini-NSynth lies, data/mini_nsynth of the project; or its `quick` variant, beside it."""
    return DEFAULT_DATA.with_name(QUICK_NAME) if quick else DEFAULT_DATA


def ensure_data(path: Path | None, *, quick: bool = False) -> Path:
    """The data folder `path`; without one, mini-NSynth, made now if it is not there yet.

    `quick`: a mini-NSynth of a twentieth of the notes instead, in a folder of its own.
    """
    cost = "seconds" if quick else "about a minute"
    make, root = partial(make_data, quick=quick), default_data(quick=quick)
    return mini_data.ensure(path, root, make=make, name="mini-NSynth", cost=cost, quick=quick)


def make_data(
    root: Path, *, seed: int = 0, soundfonts: tuple[Path, ...] = (), jobs: int = 2, quick: bool = False
) -> None:
    """Make mini-NSynth, or its `quick` variant, in `root`; beside it first, renamed when it is complete.

    What an interrupted call made is kept beside `root`. Of several processes one makes, the others wait.
    """
    # Only here, because it brings the synthesizer.
    from hw0_note_classification.mini_nsynth import NOTES, QUICK_NOTES, make_mini_nsynth

    notes = QUICK_NOTES if quick else NOTES
    make = partial(make_mini_nsynth, seed=seed, soundfonts=soundfonts, jobs=jobs, notes=notes)
    mini_data.make_once(root, make)


def _open_and_report(root: Path, split: str) -> NoteIndex:
    index, problems = open_split(root, split)
    problems.report(index.folder)
    return index


def _with_recordings(index: NoteIndex, problems: Problems) -> NoteIndex:
    """Leave out the notes that have no wav. One listing of the folder: 289 205 single look-ups take long."""
    audio_folder = index.folder / "audio"
    found = set(os.listdir(audio_folder)) if audio_folder.is_dir() else set()
    files = [f"{name.decode()}.wav" for name in index.names]
    present = np.array([file in found for file in files], dtype=bool)
    for position in np.flatnonzero(~present):
        problems.add("no wav file", files[position])
    for file in sorted(found.difference(files)):
        if file.endswith(".wav"):
            problems.add("wav without an entry in examples.json", file)
    return index.subset(present)


def _without_listed(index: NoteIndex, problems: Problems) -> NoteIndex:
    skip_list = index.folder / SKIP_LIST
    if not skip_list.is_file():
        return index
    listed = np.isin(index.names, np.array(skip_list.read_text().split(), dtype=np.bytes_))
    for name in index.names[listed]:
        problems.add(f"listed in {SKIP_LIST}", name.decode())
    return index.subset(~listed)


def _why(problems: Problems) -> str:
    return "; ".join(problems.lines()) or "examples.json is empty"


def _read_a_few(index: NoteIndex) -> None:
    """Raise the first error if a handful of notes, spread over the split, cannot be read at all."""
    errors = []
    for position in np.linspace(0, len(index) - 1, 5, dtype=int):
        try:
            read_note(index.path(position))
            return
        except audio.AudioError as error:
            errors.append(error)
    raise errors[0]


@dataclass
class Make:
    """Make mini-NSynth: 11 families in NSynth's layout, synthesized, no download."""

    data: Path = DEFAULT_DATA
    """Folder to make."""
    seed: int = 0
    """The same seed gives the same bytes."""
    soundfont: tuple[Path, ...] = ()
    """More .sf2 or .sf3 files to play from."""
    jobs: int = 2
    """Processes."""

    def run(self) -> int:
        if self.data.exists():
            print(f"{self.data}: is there already; delete it to make it anew")
            return 0
        make_data(self.data, seed=self.seed, soundfonts=self.soundfont, jobs=self.jobs)
        return Info(self.data).run()


@dataclass
class Info:
    """Count the notes and instruments of each family and split."""

    data: Path = DEFAULT_DATA
    """Data folder in the layout of NSynth."""

    def run(self) -> int:
        opened = (_open_and_report(self.data, split) for split in _present_splits(self.data))
        indices = {index.folder.name: index for index in opened}
        print(f"{'notes':12}" + "".join(f"{name:>18}" for name in indices))
        counts = {name: index.class_counts() for name, index in indices.items()}
        for number, family in enumerate(FAMILIES):
            print(f"{family:12}" + "".join(f"{counts[name][number]:18,}" for name in indices))
        print(f"{'all':12}" + "".join(f"{len(index):18,}" for index in indices.values()))
        print(
            f"{'instruments':12}"
            + "".join(f"{len(np.unique(index.groups)):18,}" for index in indices.values())
        )
        return 0


@dataclass
class Check:
    """Check every entry and recording: missing, broken, wrong rate or length, silent, pure noise.

    The exit code is 2 if anything is wrong.
    """

    data: tyro.conf.Positional[Path]
    """Data folder in the layout of NSynth."""
    jobs: int = os.cpu_count() or 1
    """Threads."""
    write_skip_list: bool = False
    """Write the notes found to skip.txt of their split: they are left out from then on. Never for the test
    split, whose published scores count every note."""

    def run(self) -> int:
        found = 0
        for split in _present_splits(self.data):
            index, problems = open_split(self.data, split)
            in_recordings, names = check_recordings(index, jobs=self.jobs)
            problems.merge(in_recordings)
            print(f"{index.folder.name}: {len(index) - len(names):,} notes are good")
            for line in problems.lines("found"):
                print(f"  {line}")
            if self.write_skip_list and names and index.folder.name != "nsynth-test":
                _extend_skip_list(index.folder, names)
            found += problems.skipped
        return 2 if found else 0


def _present_splits(root: Path) -> list[str]:
    """The splits that `root` holds; a folder that is a split itself is opened like a test split."""
    return [split for split in SPLITS if (root / f"nsynth-{split}").is_dir()] or ["test"]


def _extend_skip_list(folder: Path, names: list[str]) -> None:
    with (folder / SKIP_LIST).open("a") as file:
        file.writelines(f"{name}\n" for name in names)
    print(f"  written to {folder / SKIP_LIST}")


def main(command: Make | Info | Check) -> int:
    return command.run()


if __name__ == "__main__":
    cli.run(main, Make | Info | Check)
