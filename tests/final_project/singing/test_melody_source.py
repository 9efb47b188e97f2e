"""Melodies from HW3: a note per syllable, in the singer's range, in the language that is sung."""

from __future__ import annotations

import numpy as np
import pytest

from common.cli import UserError
from common.run_folder import ModelFolderError
from common.singing import SINGERS
from final_project.singing.melody_source import MelodySource, lyrics_of
from hw3_melody_generation.songs import Melody

OLGA = SINGERS["test"][0]


class Scales:
    """Stands in for HW3's generator: all melodies go up a scale from C4, in eighth notes; `asked` is how."""

    quarters_per_beat = 0.5  # a beat of the data is an eighth note
    has_likelihood = False

    def generate(self, lyrics, **options):
        self.asked = options
        return [
            Melody(60 + np.arange(len(text)) % 12, np.ones(len(text)), np.eye(1, len(text))[0] * 4)
            for text in lyrics
        ]


@pytest.fixture
def source() -> MelodySource:
    return MelodySource(Scales())


def test_every_syllable_has_a_note_in_seconds_of_the_tempo(source):
    song, notices = source.compose("Twinkle, twinkle!\nStar.", title="Star", singer=OLGA, tempo=60)
    assert song.syllables == ("Twin-", "kle,", "twin-", "kle!", "Star.")
    assert song.melody.lines == (0, 0, 0, 0, 1) and song.lyrics == "Twinkle, twinkle!\nStar."
    assert [note.start for note in song.notes] == [0, 0.5, 1, 1.5, 2]  # and no rest before the first
    assert (song.title, song.tempo, song.language, notices) == ("Star", 60, "", [])


def test_the_melody_is_asked_for_in_the_singers_range(source):
    source.compose("One two three", title="t", singer=OLGA, seed=5)
    constraints = source.generator.asked["constraints"]
    assert (constraints.lowest, constraints.highest) == (OLGA.lowest, OLGA.highest)
    assert source.generator.asked["seed"] == 5


@pytest.mark.parametrize(
    ("text", "language", "spoken"),
    [("Sing a song of sixpence", "", ""), ("Der Mond ist aufgegangen", "", "de"), ("Mond", "de", "de"),
     ("star", "en-gb-x-rp", "en-gb-x-rp"), ("茉莉花", "", "cmn")],
)  # fmt: skip
def test_the_language_is_found_or_kept(source, text, language, spoken):
    song, _ = source.compose(text, title="t", singer=OLGA, language=language)
    assert song.language == spoken


def test_what_is_not_sung_of_a_text_is_told(source):
    song, notices = source.compose("Sing 🎵 a song", title="t", singer=OLGA)
    assert len(song.notes) == 3 and len(notices) == 1


def test_in_other_languages_the_voice_tells_the_syllables(source):
    song, _ = source.compose("Frère Jacques,\ndormez donc !", title="t", singer=OLGA, language="fr-fr")
    assert song.language == "fr-fr" and song.melody.lines == (0, 0, 1, 1, 1)
    assert song.lyrics == "Frère Jacques,\ndormez donc"
    lyrics, _ = lyrics_of("Frère Jacques,", "fr-fr")
    assert lyrics.syllables == ("Frère", "Jacques") and lyrics.punctuation == ("", ",")
    assert lyrics.words == (0, 1)


@pytest.mark.parametrize("text", ["", "  \n", "♪♪", "привет"])
def test_texts_without_words_to_sing_are_refused(source, text):
    with pytest.raises(UserError):
        source.compose(text, title="t", singer=OLGA)


def test_a_text_that_is_too_long_is_refused(source):
    with pytest.raises(UserError, match=r"2,100 syllables; give at most 2,000"):
        source.compose("la " * 2100, title="t", singer=OLGA)


def test_a_folder_that_is_none_of_hw3s_models_is_refused(tmp_path):
    with pytest.raises(ModelFolderError):
        MelodySource.load(tmp_path)


def test_a_trained_model_sings_in_range(melody_run):
    source = MelodySource.load(melody_run, device="cpu")
    made = [source.compose("Riding to the river today", title="t", singer=OLGA, seed=1)[0] for _ in range(2)]
    assert made[0] == made[1] and len(made[0].notes) == 8
    assert all(OLGA.lowest <= pitch <= OLGA.highest for pitch in made[0].melody.pitches)
