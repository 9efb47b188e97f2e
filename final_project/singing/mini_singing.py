"""The data that the project makes for itself: what espeak-ng's voices say, and songs that they sing.

Every voice of a split speaks the poems of that split, a recording for each poem, at pitches and speeds that
change from line to line. Each poem is spoken a second time at the pitches of songs: a sung vowel has few
harmonics, and a listener who has never heard a high voice would take that for another vowel. espeak-ng has no
such pitches, so these recordings go through WORLD, which gives the speech another tone; time and envelopes
stay those of the speech.

The songs put poems under folk tunes of music21's corpus, a syllable for each note, in the singer's range.
Nothing is downloaded, and the same seed gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from common import audio
from common.audio import resample
from common.band.tunes import Tune, TuneError, catalog, read_tune, split_of
from common.run_folder import write_atomically
from common.run_folder.files import json_bytes
from common.singing import SINGERS, Singer
from common.singing.aperiodicity import noise_shares
from common.singing.espeak import SAMPLE_RATE as SPOKEN_RATE
from common.singing.espeak import SpokenPhoneme, speak
from common.singing.phonemes import Manner, is_voiced
from common.singing.pitch_curve import to_hertz
from common.singing.singers import Split
from common.singing.world import FRAME, analyse, mark, synthesize
from common.synthesis import Note
from final_project.singing.models import SAMPLE_RATE
from final_project.singing.poems import Poem, poems
from final_project.singing.spoken import RAISED, write_labels
from final_project.singing.sung_songs import SungSong, write_songs

FOLDERS: dict[Split, str] = {"train": "train", "validation": "valid", "test": "test"}
PITCHES, WORDS_PER_MINUTE = (20, 99), (85, 180)  # espeak-ng's, drawn for each line
PAUSE = 0.15  # s between lines
TONE_SECONDS = 0.3  # s that a raised recording stays on one pitch
TONE_MARGIN = 3.0  # semitones beyond the singer's range
LEAD = 0.8  # s before the first note
QUARTER = 0.5  # s, the median note of a song
SHORTEST_NOTE = 0.22  # s; shorter ones are joined to the note before
COLLECTION = "essenFolksong"  # tunes that are sung, not danced


@dataclass(frozen=True)
class Amounts:
    """How much is made: voices of each split, lines of each poem, poems of each language, songs of each
    voice by language, and notes of a song at most."""

    voices: int = 99
    lines: int = 99
    poems: int = 99
    songs: tuple[tuple[str, int], ...] = (("en", 2), ("de", 1))
    notes: int = 24


DEFAULT = Amounts()
QUICK = Amounts(voices=2, lines=4, poems=2, songs=(("en", 1),), notes=10)


def make_mini_singing(root: Path, *, seed: int, jobs: int, amounts: Amounts) -> None:
    """Make the data in the folder `root`; what is there already is not made again."""
    jobs_to_do = [
        (root / "spoken" / folder, singer, language, seed, amounts)
        for split, folder in FOLDERS.items()
        if split != "test"  # what its voices say is heard beside what they sing, in eval.py
        for singer in SINGERS[split][: amounts.voices]
        for language in ("en", "de")
    ]
    Parallel(n_jobs=jobs)(delayed(speak_poems)(*job) for job in jobs_to_do)
    for split in ("validation", "test"):
        write_songs(root / "songs" / f"{FOLDERS[split]}.jsonl", make_songs(split, seed, amounts))
    write_atomically(root / "origin.json", json_bytes({"made_by": "data.py", "seed": seed}))


# ---- speech ----


def speak_poems(folder: Path, singer: Singer, language: str, seed: int, amounts: Amounts) -> None:
    """One voice speaks all poems of its split in `language`, as it speaks and at the pitches of songs."""
    split = next(split for split, name in FOLDERS.items() if name == folder.name)
    voice = singer if language == "en" else singer.in_language(language)
    chosen = [poem for poem in poems(split) if poem.language == language][: amounts.poems]
    folder.mkdir(parents=True, exist_ok=True)
    for number, poem in enumerate(chosen, start=1):
        rng = np.random.default_rng([seed, *map(ord, f"{singer.name} {poem.title}")])
        for ending, say in (("", spoken), (RAISED, raised)):
            path = folder / f"{singer.name}_{language}_{number:02d}{ending}.flac"
            if not path.exists():
                waveform, phonemes = say(poem.lines[: amounts.lines], voice, rng)
                write_labels(path.with_suffix(".txt"), [(p.start, p.end, p.ipa) for p in phonemes])
                audio.write(path, at_listening_rate(waveform), sample_rate=SAMPLE_RATE)


def spoken(
    lines: tuple[str, ...], voice: Singer, rng: np.random.Generator
) -> tuple[NDArray[np.float64], list[SpokenPhoneme]]:
    """The lines one after another, each at its own pitch and speed: waveform at 22.05 kHz, phonemes."""
    pieces, phonemes, begin = [], [], 0.0
    pause = np.zeros(round(PAUSE * SPOKEN_RATE))
    for line in lines:
        pitch, speed = int(rng.integers(*PITCHES)), int(rng.integers(*WORDS_PER_MINUTE))
        speech = speak(line, voice.voice, pitch=pitch, words_per_minute=speed)
        phonemes += [SpokenPhoneme(p.ipa, p.start + begin, p.end + begin, p.word) for p in speech.phonemes]
        pieces += [speech.waveform, pause]
        begin += (len(speech.waveform) + len(pause)) / SPOKEN_RATE
    return np.concatenate(pieces), phonemes


def raised(
    lines: tuple[str, ...], voice: Singer, rng: np.random.Generator
) -> tuple[NDArray[np.float64], list[SpokenPhoneme]]:
    """The lines as espeak-ng speaks them, in tones drawn from the singer's range and a little beyond."""
    speech = speak("\n".join(lines), voice.voice)
    envelopes = analyse(speech.waveform, speech.phonemes)
    frames, each = len(envelopes), round(TONE_SECONDS / FRAME)
    tones = rng.uniform(voice.lowest - TONE_MARGIN, voice.highest + TONE_MARGIN, frames // each + 1)
    voiced = mark(speech.phonemes, [is_voiced(p.ipa) for p in speech.phonemes], frames)
    f0 = np.where(voiced, to_hertz(np.repeat(tones, each)[:frames]), 0.0)
    kinds = np.where(voiced, Manner.VOWEL.value, Manner.STOP.value)
    noise = noise_shares(voice, sample_rate=SPOKEN_RATE)[kinds]
    return synthesize(f0, envelopes, noise, sample_rate=SPOKEN_RATE), list(speech.phonemes)


def at_listening_rate(waveform: NDArray[np.float64]) -> NDArray[np.float32]:
    """(samples,) of espeak-ng -> (1, samples) at 16 kHz, no louder than full scale."""
    heard = resample(waveform[None].astype(np.float32), original_rate=SPOKEN_RATE, target_rate=SAMPLE_RATE)
    return heard / max(1.0, float(np.abs(heard).max(initial=0.0)))


# ---- songs ----


def make_songs(split: Split, seed: int, amounts: Amounts) -> list[SungSong]:
    """The songs of a split: every voice sings poems in turn, each to a tune of its own."""
    tunes, songs = folk_tunes(split, np.random.default_rng([seed, 1])), []
    for language, count in amounts.songs:
        turns = cycle(poem for poem in poems(split) if poem.language == language)
        for _ in range(count):
            for singer in SINGERS[split][: amounts.voices]:
                poem = next(turns)
                songs.append(make_song(poem, next(tunes), singer, amounts.notes, seed=len(songs)))
    return songs


def folk_tunes(split: Split, rng: np.random.Generator) -> Iterator[Tune]:
    """The folk songs of a split, in drawn order; those that cannot be read are passed over."""
    sources = [s for s in catalog() if s.collection == COLLECTION and split_of(s) == split]
    for place in rng.permutation(len(sources)):
        try:
            tune = read_tune(sources[place])
        except TuneError:
            continue
        if len(tune.notes) >= 16:
            yield tune


def make_song(poem: Poem, tune: Tune, singer: Singer, most_notes: int, *, seed: int) -> SungSong:
    """The poem under the first notes of the tune, in the middle of the singer's range."""
    pitches = np.array([note.pitch for note in tune.notes])
    shift = round((singer.lowest + singer.highest - pitches.min() - pitches.max()) / 2)
    beat = QUARTER / float(np.median([note.duration for note in tune.notes]))
    notes: list[Note] = []
    for written in tune.notes:
        pitch = int(np.clip(written.pitch + shift, singer.lowest, singer.highest))
        start, duration = LEAD + (written.onset - tune.notes[0].onset) * beat, written.duration * beat
        if notes and duration < SHORTEST_NOTE and start - notes[-1].end < 1e-6:
            notes[-1] = Note(notes[-1].pitch, notes[-1].start, notes[-1].duration + duration)
        elif len(notes) < most_notes:
            notes.append(Note(pitch, start, duration))
        else:
            break
    name = f"{poem.title.split()[-1].lower()}-{singer.name.lower()}-{seed:02d}"
    lyrics = "\n".join(poem.lines)
    return SungSong(name, poem.title, tune.source, poem.language, singer, lyrics, tuple(notes), seed)
