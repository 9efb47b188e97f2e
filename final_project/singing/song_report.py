"""What is told of a song that was sung: for people in a line, for programs as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from final_project.singing.performance import SAMPLE_RATE, Performance, strained
from final_project.singing.song_sources import SongSource
from final_project.singing.timed_lyrics import sung_syllables


def strains(performance: Performance) -> list[str]:
    """What lies outside of the singers' comfortable ranges."""
    parts = zip(performance.song.parts, performance.singers, strict=True)
    return [notice for part, singer in parts if (notice := strained(part, singer))]


def described(
    source: SongSource, performance: Performance, files: Mapping[str, Path], notices: Sequence[str]
) -> dict[str, Any]:
    """What `--json` tells of a song."""
    song = performance.song
    return {
        "file": source.argument,
        "title": song.title,
        "language": song.language or performance.singers[0].language,
        "tempo": song.tempo,
        "parts": [part.name for part in song.parts],
        "singers": [singer.name for singer in performance.singers],
        "voices": performance.voices,
        "syllables": len(sung_syllables(song.melody)),
        "notes": sum(len(part.notes) for part in song.parts),
        "seconds": round(performance.waveform.shape[1] / SAMPLE_RATE, 3),
        "outputs": {kind: str(path) for kind, path in files.items()},
        "notices": list(notices),
    }


def about(result: Mapping[str, Any]) -> str:
    """Who sings, in a line."""
    voices = f", {result['voices']} voices each" if result["voices"] > 1 else ""
    tempo = f"{result['tempo']:g} quarters a minute"
    text = f"{', '.join(result['singers'])}{voices}, in {result['language']}, {tempo}"
    if result.get("vowels_understood") is not None:
        text += f", {result['vowels_understood']:.0%} of the vowels understood"
    return text


def told(result: Mapping[str, Any]) -> str:
    """What is printed of a song."""
    length = f"{result['syllables']} syllables, {result['seconds']:.1f} s"
    return f"{result['outputs']['wav']}  {length}, {about(result)}"
