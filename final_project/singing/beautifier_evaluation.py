"""How well the beautifier does on takes whose errors are known.

    takes = make_takes(6, split="test")                       # final_project.singing.injected_errors
    metrics = evaluate_beautifier(takes)                      # flat: name -> number
    rows = [measure_take(take) for take in takes]             # the same, take by take

`evaluate_beautifier(takes, *, mode="score", strength=1.0, timing=0.0) -> dict[str, float]` takes a sequence
of `ErroneousTake` and gives the means over takes, NaN where nothing could be measured:

    pitch_error_before_cents, pitch_error_after_cents   |centre of a note - score|, by YIN
    pitch_error_removed                                 share, 1 - after / before, over all takes
    clean_pitch_change_cents                            how far notes of the take without errors are moved
    clean_pitch_error_cents                             and how far they are from the score before
    vibrato_rate_change, vibrato_depth_change           mean |share| by which it differs from the clean take's
    mcd_before_db, mcd_after_db, mcd_world_db           against the clean take; the last: WORLD alone
    onset_error_before_ms, onset_error_after_ms         |onset - the score's|, by the aligner
    takes, notes, refused                               counts
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from common.cli import UserError
from common.singing.world import FRAME
from final_project.singing.alignment import align
from final_project.singing.beautifier_measures import (
    STEP,
    independent_pitch,
    inner,
    mel_cepstra,
    mel_cepstral_distortion,
    note_centres,
    vibrato,
)
from final_project.singing.corrected_take import Aim, decide
from final_project.singing.injected_errors import ErroneousTake
from final_project.singing.rendering import HEARD, Correction, render
from final_project.singing.time_correction import unchanged
from final_project.singing.tracking import PitchTrack, track

Mode = Literal["score", "auto", "chromatic"]
Tracks = Mapping[str, PitchTrack]
EVERY = round(STEP / FRAME)  # frames of a track to one of the measures
LEAST_DEPTH = 10.0  # cents; less is no vibrato


def evaluate_beautifier(
    takes: Sequence[ErroneousTake], *, mode: Mode = "score", strength: float = 1.0, timing: float = 0.0
) -> dict[str, float]:
    """The measures above over `takes`. mode: with the score, or towards the scale that is found."""
    rows, refused = [], 0
    for take in takes:
        try:
            rows.append(measure_take(take, mode=mode, strength=strength, timing=timing))
        except UserError:
            refused += 1
    metrics = {name: mean([row[name] for row in rows]) for name in rows[0] if name != "notes"} if rows else {}
    if rows:
        before, after = metrics["pitch_error_before_cents"], metrics["pitch_error_after_cents"]
        metrics["pitch_error_removed"] = 1 - after / before if before else float("nan")
    notes = sum(row["notes"] for row in rows)
    return {**metrics, "takes": float(len(takes)), "notes": notes, "refused": float(refused)}


def measure_take(
    take: ErroneousTake, *, mode: Mode = "score", strength: float = 1.0, timing: float = 0.0
) -> dict[str, float]:
    """All measures of one take. Errors: UserError if the beautifier refuses it."""
    aim = Aim(
        score=take.score if mode == "score" else None,
        scale="chromatic" if mode == "chromatic" else "key",
        strength=strength,
        timing=timing,
    )
    heard = {
        "before": track(take.waveform, sample_rate=take.sample_rate),
        "clean": track(take.clean, sample_rate=take.sample_rate),
    }
    decision = decide(heard["before"], aim)
    times = decision.correction.times
    after = rendered(decision.correction, take.waveform, take.sample_rate)
    heard["after"] = track(after, sample_rate=take.sample_rate)
    spans = take.starts, take.ends
    moved = times.output_at(take.starts), times.output_at(take.ends)
    written = written_pitches(take)
    pitches = {
        "before": independent_pitch(take.waveform, *spans, written, sample_rate=take.sample_rate),
        "after": independent_pitch(after, *moved, written, sample_rate=take.sample_rate),
        "clean": independent_pitch(take.clean, *written_spans(take), written, sample_rate=take.sample_rate),
    }
    errors = {
        "pitch_error_before_cents": mean_cents(note_centres(pitches["before"], *spans) - written),
        "pitch_error_after_cents": mean_cents(note_centres(pitches["after"], *moved) - written),
    }
    errors["pitch_error_removed"] = 1 - errors["pitch_error_after_cents"] / errors["pitch_error_before_cents"]
    return {
        **errors,
        **clean_measures(take, aim, heard["clean"], pitches["clean"]),
        **vibrato_changes(take, pitches["clean"], pitches["after"], moved),
        **distortions(take, after, heard, times.output_at),
        **onset_errors(heard["before"], heard["after"], take),
        "notes": float(len(take.score)),
    }


def written_pitches(take: ErroneousTake) -> NDArray[np.float64]:
    return np.array([note.pitch for note in take.score], dtype=float)


def written_spans(take: ErroneousTake) -> NDArray[np.float64]:
    """Starts and ends of the notes in the score, (2, notes)."""
    return np.array([[note.start, note.end] for note in take.score]).T


def rendered(correction: Correction, waveform: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    """The corrected waveform (samples,)."""
    blocks = render(correction, [waveform[None]], sample_rate=rate, frames=len(waveform))
    return np.concatenate(list(blocks), axis=1)[0]


def clean_measures(
    take: ErroneousTake, aim: Aim, heard: PitchTrack, pitch: NDArray[np.float64]
) -> dict[str, float]:
    """What the beautifier does to the take without errors, which it should leave alone."""
    spans, written = written_spans(take), written_pitches(take)
    after = rendered(decide(heard, aim).correction, take.clean, take.sample_rate)
    moved = note_centres(independent_pitch(after, *spans, written, sample_rate=take.sample_rate), *spans)
    centres = note_centres(pitch, *spans)
    return {
        "clean_pitch_error_cents": mean_cents(centres - written),
        "clean_pitch_change_cents": mean_cents(moved - centres),
    }


def vibrato_changes(
    take: ErroneousTake,
    clean: NDArray[np.float64],
    after: NDArray[np.float64],
    moved: tuple[NDArray[np.float64], NDArray[np.float64]],
) -> dict[str, float]:
    """By what share rate and depth differ from those of the clean take, over the notes that have vibrato."""
    changes = []
    for note, start, end in zip(take.score, *moved, strict=True):
        pair = [
            vibrato(inner(pitch, *span, edge=0.1))
            for pitch, span in ((clean, (note.start, note.end)), (after, (start, end)))
        ]
        if None not in pair and pair[0][1] >= LEAST_DEPTH:
            changes.append([abs(new / old - 1) for old, new in zip(*pair, strict=True)])
    rate, depth = np.mean(changes, axis=0) if changes else (np.nan, np.nan)
    return {"vibrato_rate_change": float(rate), "vibrato_depth_change": float(depth)}


def distortions(
    take: ErroneousTake, after: NDArray[np.float32], heard: Tracks, output_at: Callable
) -> dict[str, float]:
    """Mel-cepstral distortion against the clean take, at the frames that are voiced in both.

    mcd_world_db is what WORLD does to the clean take when it changes nothing: the least one can reach.
    """
    world = rendered(resung_unchanged(heard["clean"]), take.clean, take.sample_rate)
    clean_pitch, clean = cepstra_of(take.clean, heard["clean"], take.sample_rate)
    own = np.arange(len(heard["before"]) // EVERY) * STEP
    places = times_of_clean(take, len(own))
    pairs = {
        "before": (take.waveform, heard["before"], own, places),
        "after": (after, heard["after"], output_at(own), places),
        "world": (world, heard["clean"], np.arange(len(clean)) * STEP, np.arange(len(clean)) * STEP),
    }
    found = {}
    for name, (waveform, track_of, times, of_clean) in pairs.items():
        pitch, cepstra = cepstra_of(waveform, track_of, take.sample_rate)
        one = np.minimum(np.round(times / STEP).astype(int), len(cepstra) - 1)
        other = np.minimum(np.round(of_clean / STEP).astype(int), len(clean) - 1)
        both = np.isfinite(pitch[one]) & np.isfinite(clean_pitch[other])
        found[f"mcd_{name}_db"] = mel_cepstral_distortion(cepstra[one[both]], clean[other[both]])
    return found


def cepstra_of(waveform: NDArray[np.float32], heard: PitchTrack, rate: int) -> tuple[NDArray, NDArray]:
    """Pitch (frames,) and mel-cepstra (frames, 24) every `STEP` seconds."""
    pitch = heard.pitch[::EVERY]
    return pitch, mel_cepstra(waveform, pitch, sample_rate=rate)


def resung_unchanged(heard: PitchTrack) -> Correction:
    """WORLD sings every voiced stretch as it is: shifts of less than anybody can measure."""
    return Correction(heard, np.full(len(heard), 2 * HEARD), unchanged(len(heard)))


def times_of_clean(take: ErroneousTake, frames: int) -> NDArray[np.float64]:
    """Where in the clean take (seconds) is what the take has at each of `frames`; note by note if moved."""
    times = np.arange(frames) * STEP
    if len(take.clean_times):
        return np.interp(times, np.arange(len(take.clean_times)) * take.clean_step, take.clean_times)
    of_clean = np.array([time for note in take.score for time in (note.start, note.end - 1e-3)])
    own = np.stack([take.starts, take.ends - 1e-3], axis=1).ravel()
    return np.interp(times, own, of_clean, left=0.0) if not np.allclose(own, of_clean) else times


def onset_errors(before: PitchTrack, after: PitchTrack, take: ErroneousTake) -> dict[str, float]:
    """How far onsets lie from the score's, in the take's own tempo, ms."""
    errors = {}
    for name, heard in (("before", before), ("after", after)):
        found = align(heard, take.score)
        starts = np.array([note.start for note in found.notes])
        errors[f"onset_error_{name}_ms"] = float(1000 * np.abs(starts - found.expected).mean())
    return errors


def mean_cents(semitones: NDArray[np.float64]) -> float:
    return float(100 * np.nanmean(np.abs(semitones)))


def mean(values: Sequence[float]) -> float:
    """The mean of those that are numbers, NaN if none is."""
    known = [value for value in values if value == value]
    return float(np.mean(known)) if known else float("nan")
