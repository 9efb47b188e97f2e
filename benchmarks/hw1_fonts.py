"""Bands that play with soundfonts nobody trained on: how a detector of mini-Slakh does on other sounds.

    python benchmarks/hw1_fonts.py --soundfont FluidR3_GM.sf2 MuseScore_General_Lite.sf3 --out DIR
    python hw1/eval.py --model runs/hw1/cnn --data DIR

It takes a minute. Tunes, line-ups and effects are made as for mini-Slakh's test split, from another seed. The
soundfonts are not in the project; Debian has these (fluid-soundfont-gm, musescore-general-soundfont-small).
Do not give any that `data.py make` found in the system when it made the training data.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from common import cli
from common.band.presets import extra_soundfonts, presets_of
from common.cli import UserError
from hw1_instrument_detection.mini_slakh.maker import make_tracks
from hw1_instrument_detection.mini_slakh.planning import plan_pieces


@dataclass(kw_only=True)
class FontsConfig:
    soundfont: tuple[Path, ...]
    """.sf2 or .sf3 files, all of whose presets play."""
    out: Path
    """Folder for the test split."""
    minutes: float = 13.5
    """Of music."""
    seed: int = 2
    """Of tunes, line-ups, notes and effects."""
    jobs: int = os.cpu_count() or 1
    """Tracks that are made at a time."""


def main(config: FontsConfig) -> None:
    if not config.soundfont or config.minutes <= 0 or config.jobs < 1:
        raise UserError("give one soundfont or more, minutes above 0 and at least one job")
    if config.out.exists():
        raise UserError(f"{config.out}: is there already; give a new folder to --out")
    fonts = extra_soundfonts(config.soundfont)
    if len(fonts) < len(config.soundfont):
        raise UserError("--soundfont: some of these play in training; give others")
    sounds = {"test": presets_of(fonts)}
    try:
        plans = plan_pieces(config.seed, {"test": config.minutes}, sounds)
    except ValueError as error:  # there are not so many tunes or numbers
        raise UserError(f"--minutes {config.minutes:g}: {error}") from error
    make_tracks(config.out, plans, sounds, jobs=config.jobs)
    print(f"{len(plans)} tracks: {config.out}")


if __name__ == "__main__":
    cli.run(main, FontsConfig)
