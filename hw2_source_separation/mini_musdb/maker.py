"""Arranges, sings, mixes and writes the plan of mini-MUSDB18, all cores at once; an interrupted call goes on.

    make_mini_musdb(Path("data/mini_musdb"))

The same seed and the same soundfonts give the same bytes, whatever the number of processes. What the splits
share and what not is written in the package's docstring.
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
from common.band.presets import Key, Preset, Split, extra_soundfonts, presets
from common.band.rendering import choose_presets, render_stems
from common.band.score import BandPart, Instrument, Piece
from common.band.tunes import Tune
from common.band.voices import SynthesizerPool, fit_to_keys
from common.singing import sing
from common.synthesis import Note, find_soundfonts
from hw2_source_separation.mini_musdb.lineups import is_choir
from hw2_source_separation.mini_musdb.mixing import mix, treat_vocals
from hw2_source_separation.mini_musdb.phrases import Phrase, draw_transposition, sung_phrases
from hw2_source_separation.mini_musdb.planning import MINUTES, QUICK_MINUTES, SongPlan, plan_songs
from hw2_source_separation.mini_musdb.vocals import sing_takes, together
from hw2_source_separation.mini_musdb.writer import write_song
from hw2_source_separation.stems import SAMPLE_RATE

MARKER = "mini_musdb.json"  # in the root of mini data, written last: what was made of what
VALIDATION = "validation.txt"  # in the root: the songs in train/ that are for validation, one a line
UNISON = 0.4  # of the choirs sing the lead's notes, the others chords
VERSION = 1  # raised when the same seed would give other music


def make_mini_musdb(
    root: Path,
    *,
    seed: int = 0,
    soundfonts: Sequence[Path] = (),
    jobs: int = 2,
    quick: bool = False,
    minutes: Mapping[Split, float] | None = None,
) -> None:
    """Make the data set in `root`: `minutes` of music for each split, in songs of about half a minute.

    `quick`: a few songs of nine seconds, unless `minutes` says otherwise. Besides `soundfonts`, those in
    the system's folders enrich the training songs. A song that is there is kept. Errors: SynthesisError
    without FluidSynth or for a file that is no soundfont, SingingError without the libraries of the
    singers; before anything is written.
    """
    # Only here, because it brings torch, which the processes that make songs can do without.
    from common.run_folder import write_atomically

    minutes = minutes or (QUICK_MINUTES if quick else MINUTES)
    fonts = extra_soundfonts([*soundfonts, *find_soundfonts()])
    for path in fonts:
        print(f"training songs are also played from {path}", file=sys.stderr)
    sounds = {split: presets(split, soundfonts=fonts) for split in minutes}
    plans = plan_songs(seed, minutes, sounds)
    sing(
        "la", [Note(60, 0.0, 0.3)], plans[0].singer, rng=np.random.default_rng(0)
    )  # or say now what is missing
    root.mkdir(parents=True, exist_ok=True)
    validation = []
    with tqdm(total=len(plans), desc="mini-MUSDB18", unit="song", dynamic_ncols=True, disable=None) as bar:
        tasks = (joblib.delayed(make_song)(root, plan, sounds[plan.split]) for plan in plans)
        for split, name in joblib.Parallel(n_jobs=jobs, return_as="generator_unordered")(tasks):
            bar.update()
            validation += [name] * (split == "validation")
    write_atomically(root / VALIDATION, "".join(f"{name}\n" for name in sorted(validation)).encode())
    origin = {
        "version": VERSION,
        "seed": seed,
        "minutes": dict(minutes),
        "soundfonts": soundfont_entries(fonts),
    }
    write_atomically(root / MARKER, json.dumps(origin, indent=2).encode())


def make_song(root: Path, plan: SongPlan, available: Mapping[Key, Sequence[Preset]]) -> tuple[Split, str]:
    """Make one song, unless it is there -> its split and name; half a song never has its name."""
    tune = first_tune(plan.sources)
    folder = root / plan.folder / plan.name(tune)
    if not folder.is_dir():
        partial = folder.with_name(f"{folder.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)  # of an interrupted call
        with threadpool_limits(1):  # the other cores have songs of their own
            stems, description = record(plan, tune, available)
        write_song(partial, stems, description)
        os.replace(partial, folder)
    return plan.split, folder.name


def record(
    plan: SongPlan, tune: Tune, available: Mapping[Key, Sequence[Preset]]
) -> tuple[np.ndarray, dict[str, object]]:
    """A song's stems (4, 2, samples), and what there is to say about it."""
    rng = np.random.default_rng(plan.seed)
    piece = arrange(
        tune,
        plan.instruments,
        rng=rng,
        duration=plan.duration,
        singer=True,
        transposition=draw_transposition(tune, plan.singer, rng),
    )
    phrases = sung_phrases(piece, plan.singer, plan.lyric, rng)
    synthesizers = synthesizer_pool(sample_rate=SAMPLE_RATE)
    band, sounds = play_band(piece, phrases, available, rng, synthesizers)
    lead = together(sing_takes(phrases, piece, plan.singer, rng=rng))
    vocals = treat_vocals(lead, band.pop("vocals"), tempo=piece.tempo, rng=rng)
    return mix(vocals, band, rng=rng), describe(plan, piece, phrases, sounds)


def play_band(
    piece: Piece,
    phrases: Sequence[Phrase],
    available: Mapping[Key, Sequence[Preset]],
    rng: np.random.Generator,
    synthesizers: SynthesizerPool,
) -> tuple[dict[str, np.ndarray], list[str]]:
    """The band's parts by stem, each (2, samples), the choir as `vocals`; and the presets' names."""
    piece = replace(piece, parts=tuple(beside_the_lead(part, phrases, rng) for part in piece.parts))
    chosen = choose_presets(rng, piece.parts, available)
    piece = fit_to_keys(piece, chosen, synthesizers)
    parts = render_stems(piece, chosen, rng=rng, synthesizers=synthesizers)  # (parts, 2, samples)
    stems = {name: np.zeros_like(parts[0]) for name in ("vocals", "drums", "bass", "other")}
    for part, waveform in zip(piece.parts, parts, strict=True):
        stems[stem_of(part.instrument)] += waveform
    return stems, [f"{preset.soundfont.stem}/{synthesizers.name(preset)}" for preset in chosen]


def stem_of(instrument: Instrument) -> str:
    """The stem that a part belongs to."""
    if is_choir(instrument):
        return "vocals"
    return {"drums": "drums", "bass": "bass"}.get(instrument.role, "other")


def beside_the_lead(part: BandPart, phrases: Sequence[Phrase], rng: np.random.Generator) -> BandPart:
    """A choir's part while the lead sings: its own, or the lead's; other parts as they are."""
    if not is_choir(part.instrument):
        return part
    if rng.random() < UNISON:
        return replace(part, notes=tuple(note for phrase in phrases for note in phrase.notes))
    notes = (note for note in part.notes if any(p.start <= note.start < p.end for p in phrases))
    return replace(part, notes=tuple(notes))


def describe(
    plan: SongPlan, piece: Piece, phrases: Sequence[Phrase], sounds: Sequence[str]
) -> dict[str, object]:
    """song.json: what is sung and played; note times in seconds."""
    return {
        "split": plan.split,
        "singer": plan.singer.name,
        "language": plan.lyric.language,
        "lyric": plan.lyric.title,
        "title": piece.title,
        "source": piece.tune.source,
        "style": piece.style,
        "tempo": round(float(piece.tempo), 3),
        "meter": piece.tune.meter,
        "sounds": {
            stem: [s for s, p in zip(sounds, piece.parts, strict=True) if stem_of(p.instrument) == stem]
            for stem in ("vocals", "drums", "bass", "other")
        },
        "chords": [[round(c.onset, 3), round(c.end, 3), c.root, c.quality] for c in piece.lead_sheet],
        "phrases": [
            {
                "section": phrase.section,
                "words": phrase.words,
                "notes": [[round(n.start, 4), round(n.end, 4), n.pitch] for n in phrase.notes],
            }
            for phrase in phrases
        ],
    }
