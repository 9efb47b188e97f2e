"""espeak-ng is held to its phoneme times, to repeating itself, and to saying what it does not have."""

import sys

import numpy as np
import pytest

from common.singing import SingingError
from common.singing.espeak import SAMPLE_RATE, languages, speak, variants


def test_phonemes_lie_in_order_within_the_audio():
    speech = speak("shine a light", "en-us")
    assert [phoneme.ipa.strip("ˈˌ") for phoneme in speech.phonemes] == ["ʃ", "aɪ", "n", "ɐ", "l", "aɪ", "t"]
    times = [time for phoneme in speech.phonemes for time in (phoneme.start, phoneme.end)]
    assert times == sorted(times)
    assert times[0] >= 0 and times[-1] <= len(speech.waveform) / SAMPLE_RATE
    assert ["shine a light"[slice(*word)] for word in speech.words] == ["shine", "a", "light"]
    assert [phoneme.word for phoneme in speech.phonemes] == [0, 0, 0, 1, 2, 2, 2]


def test_phoneme_times_are_those_of_the_sound():
    """The hiss of s lies between the times of the s, the tone of the vowel behind."""
    speech = speak("see", "en-us")
    s, vowel = speech.phonemes

    def crossings(phoneme):
        sound = speech.waveform[int(phoneme.start * SAMPLE_RATE) : int(phoneme.end * SAMPLE_RATE)]
        return np.mean(np.signbit(sound[1:]) != np.signbit(sound[:-1]))

    assert crossings(s) > 0.3 > 0.15 > crossings(vowel)


@pytest.mark.parametrize("voice", ["en-us", "de+f2"])  # f2 has breath, which is random in espeak-ng
def test_the_same_words_sound_the_same_whatever_was_said_before(voice):
    first = speak("so we sing", voice).waveform
    speak("something else, and longer", "en-us+m1")
    assert np.array_equal(speak("so we sing", voice).waveform, first)


def test_languages_are_spoken_by_their_codes():
    assert languages()["de"] == "German"
    for code in ("en-gb", "fr-fr", "cmn"):  # the first two are files of other names
        assert code in languages()
    assert [p.ipa.strip("ˈ") for p in speak("bonjour", "fr-fr").phonemes] == ["b", "ɔ̃", "ʒ", "u", "ʁ"]


def test_text_beyond_ascii_keeps_its_words():
    text = "schöne Möwe"
    assert [text[slice(*word)] for word in speak(text, "de").words] == ["schöne", "Möwe"]


@pytest.mark.parametrize(
    ("voice", "message"), [("xx", "does not speak 'xx'"), ("en-us+nobody", "no voice variant 'nobody'")]
)
def test_unknown_voices_are_refused(voice, message):
    with pytest.raises(SingingError, match=message):
        speak("hello", voice)


def test_variants_are_listed():
    assert {"m1", "f1", "croak"} <= set(variants())


def test_a_missing_library_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)
    with pytest.raises(SingingError, match="espeakng-loader is not installed; pip install"):
        speak("hello", "en-us")
