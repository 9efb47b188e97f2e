"""Arranges, renders and writes the plan of mini-Slakh, all cores at once; an interrupted call goes on.

    make_mini_slakh(Path("data/mini_slakh"))

The same seed and the same soundfonts give the same bytes, whatever the number of processes. The music is real
tunes of music21's corpus, arranged by `common.band`; validation and test share neither tunes nor presets with
training.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import joblib
import numpy as np
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from common.band.arranger import arrange
from common.band.making import first_tune, soundfont_entries, synthesizer_pool
from common.band.presets import (
    Key,
    Preset,
    Split,
    extra_soundfonts,
    presets,
)
from common.band.rendering import choose_presets, render_stems
from common.band.score import Piece
from common.band.voices import SynthesizerPool, fit_to_keys
from common.synthesis import find_soundfonts
from hw1_instrument_detection.mini_slakh.planning import MINUTES, QUICK_MINUTES, PiecePlan, plan_pieces
from hw1_instrument_detection.mini_slakh.writer import SAMPLE_RATE, write_track

MARKER = "mini_slakh.json"  # in the root of mini data, written last: what was made of what
VERSION = 1  # raised when the same seed would give other music

Sounds = Mapping[Split, Mapping[Key, Sequence[Preset]]]


def make_mini_slakh(
    root: Path,
    *,
    seed: int = 0,
    soundfonts: Sequence[Path] = (),
    jobs: int = 2,
    quick: bool = False,
    minutes: Mapping[Split, float] | None = None,
) -> None:
    """Make the data set in `root`: `minutes` of music for each split, in tracks of about a minute.

    `quick`: a few tracks of 20 seconds, unless `minutes` says otherwise. Besides `soundfonts`, those in the
    system's folders enrich the training tracks. A track that is there is kept.
    Errors: SynthesisError without FluidSynth or for a file that is no soundfont, before anything is written.
    """
    # Only here, because it brings torch, which the processes that make tracks can do without.
    from common.run_folder import write_atomically

    minutes = minutes or (QUICK_MINUTES if quick else MINUTES)
    fonts = extra_soundfonts([*soundfonts, *find_soundfonts()])
    for path in fonts:
        print(f"training tracks are also played from {path}", file=sys.stderr)
    sounds = {split: presets(split, soundfonts=fonts) for split in minutes}
    plans = plan_pieces(seed, minutes, sounds)
    make_tracks(root, plans, sounds, jobs=jobs)
    origin = {
        "version": VERSION,
        "seed": seed,
        "minutes": dict(minutes),
        "soundfonts": soundfont_entries(fonts),
    }
    write_atomically(root / MARKER, json.dumps(origin, indent=2).encode())


def make_tracks(root: Path, plans: Sequence[PiecePlan], sounds: Sounds, *, jobs: int) -> None:
    """Make the tracks of `plans` below `root`, played with the sounds of their splits, `jobs` at a time."""
    root.mkdir(parents=True, exist_ok=True)
    with tqdm(total=len(plans), desc="mini-Slakh", unit="track", dynamic_ncols=True, disable=None) as bar:
        tasks = (joblib.delayed(make_track)(root, plan, sounds[plan.split]) for plan in plans)
        for _ in joblib.Parallel(n_jobs=jobs, return_as="generator_unordered")(tasks):
            bar.update()


def make_track(root: Path, plan: PiecePlan, available: Mapping[Key, Sequence[Preset]]) -> None:
    """Arrange, render and write one track, unless it is there; half a track never has its name."""
    folder = root / plan.split / plan.name
    if folder.is_dir():
        return
    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)  # of an interrupted call
    with threadpool_limits(1):  # the other cores have tracks of their own
        rng = np.random.default_rng(plan.seed)
        synthesizers = synthesizer_pool(sample_rate=SAMPLE_RATE)
        piece, chosen = play_plan(plan, available, rng, synthesizers)
        stems = render_stems(piece, chosen, rng=rng, synthesizers=synthesizers, mono=True)
        sounds = [f"{preset.soundfont.stem}/{synthesizers.name(preset)}" for preset in chosen]
        write_track(partial, plan, piece, stems, sounds)
    os.replace(partial, folder)


def play_plan(
    plan: PiecePlan,
    available: Mapping[Key, Sequence[Preset]],
    rng: np.random.Generator,
    synthesizers: SynthesizerPool,
) -> tuple[Piece, list[Preset]]:
    """The piece of a plan as it will be rendered, and the preset of each of its parts; none is empty."""
    piece = arrange(first_tune(plan.sources), plan.instruments, rng=rng, duration=plan.duration)
    chosen = choose_presets(rng, piece.parts, available)
    piece = fit_to_keys(piece, chosen, synthesizers)
    heard = [number for number, part in enumerate(piece.parts) if part.notes]
    piece = replace(piece, parts=tuple(piece.parts[number] for number in heard), sections=())
    return piece, [chosen[number] for number in heard]
