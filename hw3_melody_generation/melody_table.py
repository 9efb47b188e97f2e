"""What infer.py tells about the melodies of a text: as JSON for programs, as a short table for the screen."""

from __future__ import annotations

from math import isnan
from pathlib import Path
from typing import Any

import numpy as np

from hw3_melody_generation.notation import bars, time_signature
from hw3_melody_generation.song_files import FinishedSong
from hw3_melody_generation.spelling import signature, spell


def described(song: FinishedSong) -> dict[str, Any]:
    """A melody as `--json` tells it; times in seconds and in quarter notes."""
    candidate, melody = song.candidate, song.candidate.song.melody
    metre, sharps = time_signature(melody.metre), signature(melody, candidate.key)
    return {
        "name": song.name,
        "key": str(candidate.key),
        "range": [spelled(int(bound(melody.pitch)), sharps) for bound in (np.min, np.max)],
        "tempo": song.tempo,
        "metre": f"{metre.beats}/{metre.beat_type}",
        "bars": len(bars(melody)),
        "seconds": round(melody.length * 60 / song.tempo, 3),
        "log_likelihood": candidate.log_likelihood,
        "checks": {name: None if isnan(value) else value for name, value in candidate.values.items()},
        "failed": list(candidate.failed),
        "notes": {
            "syllable": list(candidate.song.lyrics.syllables),
            "pitch": melody.pitch.tolist(),
            "onset": melody.onset.tolist(),
            "duration": melody.duration.tolist(),
        },
        "outputs": {kind: str(path) for kind, path in song.outputs.items()},
    }


def spelled(pitch: int, sharps: int) -> str:
    """Such as "Db5", under a signature of `sharps` (minus flats)."""
    letter, alter, octave = spell(pitch, sharps)
    return f"{letter}{'#' * alter}{'b' * -alter}{octave}"


def table(label: str, result: dict[str, Any], *, count: int) -> str:
    """What came of a text, for the screen."""
    lines = [label, row("lyrics", lyrics_summary(result))]
    for take in result["melodies"]:
        lines += [row("melody", melody_summary(take)), row("chosen", ranking_summary(take, count))]
        lines.append(row("files", files_summary(take)))
    return "\n".join(lines)


def row(name: str, text: str) -> str:
    return f"  {name:<8}{text}"


def lyrics_summary(result: dict[str, Any]) -> str:
    """Such as "14 syllables, 2 lines, en"."""
    amounts = [plural(result["syllables"], "syllable"), plural(result["lines"], "line")]
    return ", ".join(filter(None, [*amounts, result["language"]]))


def melody_summary(take: dict[str, Any]) -> str:
    """Such as "C major, C4-A4, 4/4, 4 bars at 80 quarter notes a minute, 0:12"."""
    bars_at_tempo = f"{plural(take['bars'], 'bar')} at {take['tempo']:g} quarter notes a minute"
    minutes, seconds = divmod(round(take["seconds"]), 60)
    parts = [take["key"], "-".join(take["range"]), take["metre"], bars_at_tempo, f"{minutes}:{seconds:02}"]
    return ", ".join(parts)


def ranking_summary(take: dict[str, Any], count: int) -> str:
    """Such as "of 8 melodies, -2.13 nats per note, all checks passed"."""
    likelihood = take["log_likelihood"]
    known = "" if likelihood is None else f", {likelihood:.2f} nats per note"
    failed = ", ".join(f"{name} {take['checks'][name]:.2f}" for name in take["failed"])
    checks = f"checks not passed: {failed}" if failed else "all checks passed"
    return f"of {plural(count, 'melody', 'melodies')}{known}, {checks}"


def files_summary(take: dict[str, Any]) -> str:
    """Such as "melodies/song.mid, .musicxml, .svg, .png, _roll.png, .wav"."""
    paths = [Path(path) for path in take["outputs"].values()]
    endings = [path.name.removeprefix(take["name"]) for path in paths[1:]]
    return ", ".join([str(paths[0]), *endings])


def plural(count: int, one: str, many: str | None = None) -> str:
    """Such as "1 line", "2 lines"."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
