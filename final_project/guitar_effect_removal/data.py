"""The guitars: open the training splits, make, describe or check a data folder.

    python final_project/guitar_effect_removal/data.py make [--quick]    # data/guitars, no download
    python final_project/guitar_effect_removal/data.py info [--data DIR]
    python final_project/guitar_effect_removal/data.py check DIR         # reads everything

The layout of a data folder: pairs.py. The test split is opened elsewhere, for eval.py alone
(evaluation_split.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import tyro

from common import audio, cli, mini_data
from common.audio import AudioError
from common.cli import UserError
from common.problems import Problems
from final_project.guitar_effect_removal.guitars import SPLITS
from final_project.guitar_effect_removal.pairs import FEWEST_SECONDS, Pair, dry_files, find_pairs, has_wet

DEFAULT_DATA = Path(__file__).resolve().parents[2] / "data" / "guitars"
QUICK_NAME = "guitars_quick"


def open_training_splits(root: Path) -> tuple[list[Path], list[Pair]]:
    """The dry guitars to train with, and the pairs that validate. Errors: UserError."""
    return dry_files(root, "train"), find_pairs(root, "validation")


def default_data(*, quick: bool = False) -> Path:
    """Where the synthesized guitars lie, data/guitars of the project; or a handful of them, beside it."""
    return DEFAULT_DATA.with_name(QUICK_NAME) if quick else DEFAULT_DATA


def ensure_data(path: Path | None, *, quick: bool = False) -> Path:
    """The data folder `path`; without one, the synthesized guitars, made now if need be."""
    make, root = partial(make_data, quick=quick), default_data(quick=quick)
    cost = "seconds" if quick else "about a minute"
    return mini_data.ensure(path, root, make=make, name="set of guitars", cost=cost, quick=quick)


def make_data(root: Path, *, seed: int = 0, jobs: int = 2, quick: bool = False) -> None:
    """Make the guitars, or their `quick` variant, in `root`; beside it first, renamed when complete."""
    from final_project.guitar_effect_removal.maker import FULL, QUICK, make_guitars  # brings the synthesizer

    size = QUICK if quick else FULL
    mini_data.make_once(root, partial(make_guitars, seed=seed, jobs=jobs, size=size))


@dataclass
class Make:
    """Make the default data: synthesized guitars, with effects where they validate and test. No download."""

    data: Path | None = None
    """Folder to make; without it, data/guitars, or data/guitars_quick."""
    seed: int = 0
    """The same seed gives the same guitars."""
    jobs: int = 2
    """Processes."""
    quick: bool = False
    """Only a handful."""

    def run(self) -> int:
        root = self.data or default_data(quick=self.quick)
        if root.exists():
            print(f"{root}: is there already; delete it to make it anew")
            return 0
        make_data(root, seed=self.seed, jobs=self.jobs, quick=self.quick)
        return Info(root).run()


@dataclass
class Info:
    """Guitars, minutes, pairs, and how often each effect is on, by split."""

    data: Path = DEFAULT_DATA
    """Data folder."""

    def run(self) -> int:
        present = [split for split in SPLITS if (self.data / split).is_dir()]
        if not present:
            raise UserError(f"{self.data}: no train, validation or test in it; make the data, or name others")
        for split in present:
            files = dry_files(self.data, split)
            minutes = sum(audio.info(path).duration for path in files) / 60
            print(f"{split}: {len(files)} dry guitars, {minutes:.1f} minutes")
            if has_wet(self.data, split):
                print("\n".join(f"  {line}" for line in described(find_pairs(self.data, split))))
        return 0


@dataclass
class Check:
    """Read everything and say what is wrong; the exit code is 2 if anything is."""

    data: tyro.conf.Positional[Path]
    """Data folder."""

    def run(self) -> int:
        problems = Problems()
        for split in SPLITS:
            try:
                check_split(self.data, split, problems)
            except UserError as error:
                problems.add("split that cannot be used", str(error))
        problems.report(self.data)
        print(f"{self.data}: {'see above' if problems.counts else 'everything can be read'}")
        return 2 if problems.counts else 0


def described(pairs: Iterable[Pair]) -> list[str]:
    """Lines that say how many pairs there are, and which effects they have."""
    pairs = list(pairs)
    known = [pair.chain for pair in pairs if pair.chain is not None]
    on = Counter(effect.name for chain in known for effect in chain)
    counts = Counter(len(chain) for chain in known)
    lines = [f"{len(pairs)} pairs, {len(pairs) - len(known)} of them with effects that nobody knows"]
    if known:
        lines.append("effects on: " + ", ".join(f"{name} {count}" for name, count in sorted(on.items())))
        lines.append("by number: " + ", ".join(f"{number}: {counts[number]}" for number in sorted(counts)))
    return lines


def check_split(root: Path, split: str, problems: Problems) -> None:
    """Read all guitars of a split; what is wrong is added to `problems`. Errors: UserError for no split."""
    files = set(dry_files(root, split))
    if split != "train" or has_wet(root, split):
        files |= {path for pair in find_pairs(root, split) for path in (pair.wet, pair.dry)}
    for path in sorted(files):
        try:
            waveform, sample_rate = audio.read(path)
        except AudioError as error:
            problems.add("file that cannot be read", str(error))
            continue
        if waveform.shape[1] < FEWEST_SECONDS * sample_rate:
            problems.add(f"file shorter than {FEWEST_SECONDS:g} s", str(path))


def main(command: Make | Info | Check) -> int:
    return command.run()


if __name__ == "__main__":
    cli.run(main, Make | Info | Check)
