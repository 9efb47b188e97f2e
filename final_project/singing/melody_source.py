"""Melodies for lyrics, from a model of HW3: a note for each syllable, in the singer's range.

    source = MelodySource.load(Path("runs/hw3/transformer"))
    song, notices = source.compose("Twinkle, twinkle, little star", title="Star", singer=singer, seed=0)

HW3's own steps: it parts the text into syllables, composes several melodies and keeps the one that passes
most of its checks (`hw3_melody_generation/candidates.py`).
"""

from __future__ import annotations

import re
from itertools import accumulate
from pathlib import Path

import numpy as np

from common.cli import UserError
from common.singing import Singer
from common.synthesis import Note
from final_project.singing.song import Song, one_voice
from final_project.singing.words_in import spoken_syllables
from hw3_melody_generation.barring import COMMON_TIME, without_first_rest
from hw3_melody_generation.candidates import Generates, candidates
from hw3_melody_generation.constraints import Constraints
from hw3_melody_generation.infer import knows_bars, usual_tempo
from hw3_melody_generation.melody_generator import load_generator
from hw3_melody_generation.songs import Lyrics
from hw3_melody_generation.songs import Song as Melody
from hw3_melody_generation.syllables import read_lyrics

CANDIDATES = 8  # melodies of which the best is sung
MOST_SYLLABLES = 2000
READ = {"en": "en", "de": "de", "cmn": "zh", "zh": "zh", "ja": "ja"}  # HW3's languages by espeak-ng's codes
SPOKEN = {"en": "", "de": "de", "zh": "cmn", "ja": "ja"}  # and back; "": the singer's own English


class MelodySource:
    """A model of HW3 that is asked for melodies."""

    def __init__(self, generator: Generates) -> None:
        self.generator = generator

    @classmethod
    def load(cls, run: Path, *, device: str = "auto") -> MelodySource:
        """The model in a folder. Errors: ModelFolderError for what is no model folder of HW3."""
        return cls(load_generator(run, device=device))

    def compose(
        self,
        text: str,
        *,
        title: str,
        singer: Singer,
        language: str = "",
        tempo: float | None = None,
        seed: int = 0,
    ) -> tuple[Song, list[str]]:
        """A song for `text`, from second 0 on, and what of the text is not sung.

        language: espeak-ng's code, "" finds it. tempo: quarter notes a minute, as the model's music without.
        The same arguments give the same song. Errors: UserError for a text without words, in a script that
        the voice does not read, or of more than MOST_SYLLABLES.
        """
        lyrics, notices = lyrics_of(text, language)
        if len(lyrics) > MOST_SYLLABLES:
            raise UserError(f"has {len(lyrics):,} syllables; give at most {MOST_SYLLABLES:,} at a time")
        best = candidates(
            self.generator,
            lyrics,
            name=title,
            count=CANDIDATES,
            metres=[COMMON_TIME if knows_bars(self.generator) else None],
            constraints=Constraints(lowest=singer.lowest, highest=singer.highest),
            seed=seed,
        )[0].song
        return song_of(best, title, tempo or usual_tempo(self.generator), language), notices


def lyrics_of(text: str, language: str) -> tuple[Lyrics, list[str]]:
    """The syllables of a text in a language of espeak-ng, "" for any that HW3 finds; and what is not sung.

    HW3 reads those of READ. In others the voice that speaks the text tells the syllables, and HW3, which
    never saw their words, has only their places in word and line to go by.
    """
    read = "auto" if not language else READ.get(language.partition("-")[0])
    if read:
        return read_lyrics(text, language=read)
    written = [syllable for syllable in spoken_syllables(text, language) if syllable.text]
    ends = [not syllable.text.endswith("-") for syllable in written]
    words = [0, *accumulate(ends[:-1])]
    texts = [re.fullmatch(r"(.*?)([^\w'’]*)", syllable.text.removesuffix("-")) for syllable in written]
    lyrics = Lyrics(
        syllables=tuple(found[1] or found[0] for found in texts),
        words=tuple(words),
        lines=tuple(syllable.line for syllable in written),
        punctuation=tuple(found[2] if found[1] else "" for found in texts),
    )
    return lyrics, []


def song_of(melody: Melody, title: str, tempo: float, language: str = "") -> Song:
    """HW3's song, in quarter-note beats, as ours, from its first note on."""
    notes = without_first_rest(melody.melody)
    seconds = 60 / tempo
    columns = zip(notes.pitch.tolist(), notes.onset.tolist(), notes.duration.tolist(), strict=True)
    return one_voice(
        title,
        [Note(pitch, onset * seconds, duration * seconds) for pitch, onset, duration in columns],
        written_syllables(melody.lyrics),
        lines=melody.lyrics.lines,
        language=language or SPOKEN.get(melody.lyrics.language, ""),
        tempo=tempo,
    )


def written_syllables(lyrics: Lyrics) -> list[str]:
    """Each syllable with the marks behind it, and a hyphen where its word goes on."""
    goes_on = np.append(np.diff(lyrics.words) == 0, False)
    return [
        syllable + marks + ("-" if more else "")
        for syllable, marks, more in zip(lyrics.syllables, lyrics.punctuation, goes_on, strict=True)
    ]
