"""The songs that are sung for evaluation: songs/{valid,test}.jsonl, a song a line.

    {"name": "bed_in_summer-olga", "title": ..., "tune": ..., "language": "en", "singer": "Olga",
     "lyrics": "In winter I get up at night\n...", "notes": [[pitch, start, duration], ...], "seed": 0}

Who sings is one of the voices of `common.singing.SINGERS`; notes are MIDI pitches and seconds.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from common.cli import UserError
from common.run_folder import write_atomically
from common.singing import SINGERS, Singer, SongPlan, plan_song, sing
from common.synthesis import Note
from final_project.singing.diction import clear

SUNG_RATE = 22_050  # Hz: espeak-ng's own; formants and pitch lie below 5 kHz


@dataclass(frozen=True)
class SungSong:
    """Lyrics, notes and who sings them; the same seed gives the same sound."""

    name: str
    title: str
    tune: str
    language: str
    singer: Singer
    lyrics: str
    notes: tuple[Note, ...]
    seed: int

    @property
    def voice(self) -> Singer:
        """The singer in the language of the song; in English with the accent that is the singer's own."""
        return clear(self.singer, None if self.language == "en" else self.language)

    def sing(self, *, sample_rate: int = SUNG_RATE) -> NDArray[np.float32]:
        """The song, (samples,). Errors: SingingError."""
        rng = np.random.default_rng(self.seed)
        return sing(self.lyrics, self.notes, self.voice, rng=rng, sample_rate=sample_rate)

    def plan(self) -> SongPlan:
        """When each phoneme is sung."""
        return plan_song(self.lyrics, self.notes, self.voice)


def write_songs(path: Path, songs: Sequence[SungSong]) -> None:
    """Write songs, one a line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = (json.dumps(_columns(song), ensure_ascii=False) + "\n" for song in songs)
    write_atomically(path, "".join(lines).encode())


def read_songs(path: Path) -> list[SungSong]:
    """The songs of a file. Errors: UserError for what is missing, or no song."""
    if not path.is_file():
        raise UserError(f"{path}: not there; give a data folder that has it, see data.py")
    songs = []
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
        try:
            songs.append(_from_columns(json.loads(line)))
        except (ValueError, KeyError, TypeError) as error:
            reason = f"lacks {error}" if isinstance(error, KeyError) else str(error)
            raise UserError(f"{path}: line {number} is no song ({reason}); mend it") from None
    if not songs:
        raise UserError(f"{path}: no song in it; give a data folder that has some")
    return songs


def _columns(song: SungSong) -> dict[str, Any]:
    notes = [[note.pitch, round(note.start, 4), round(note.duration, 4)] for note in song.notes]
    return {
        "name": song.name,
        "title": song.title,
        "tune": song.tune,
        "language": song.language,
        "singer": song.singer.name,
        "lyrics": song.lyrics,
        "notes": notes,
        "seed": song.seed,
    }


def _from_columns(columns: dict[str, Any]) -> SungSong:
    singers = {singer.name: singer for voices in SINGERS.values() for singer in voices}
    if columns["singer"] not in singers:
        raise ValueError(f"no singer is called {columns['singer']!r}")
    notes = tuple(Note(pitch, start, duration) for pitch, start, duration in columns["notes"])
    texts = (str(columns[name]) for name in ("name", "title", "tune", "language"))
    return SungSong(*texts, singers[columns["singer"]], str(columns["lyrics"]), notes, int(columns["seed"]))
