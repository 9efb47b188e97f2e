"""The page: complete in itself, its sounds and pictures those of the two files, names only text."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile as sf
from PIL import Image

from final_project.guitar_effect_removal.ab_page import effect_rows, save_page
from final_project.guitar_effect_removal.effects import EFFECTS
from final_project.guitar_effect_removal.heard_effects import HeardEffects

NASTY = """</script><b>"R&B" <!-- {{data}} 'x' & 100%#"""
RATE = 22_050


@pytest.fixture
def guitars(tmp_path):
    """Write two tones: `guitars(level=0.4)` -> {"wet": path, "dry": path}."""

    def write(*, seconds: float = 2.0, level: float = 0.4, channels: int = 1):
        time = np.arange(round(seconds * RATE)) / RATE
        paths = {}
        for name, frequency in {"wet": 1000, "dry": 200}.items():
            paths[name] = tmp_path / f"{name}.wav"
            tone = np.repeat(level * np.sin(2 * np.pi * frequency * time)[:, None], channels, axis=1)
            sf.write(paths[name], tone, RATE, subtype="FLOAT")
        return paths

    return write


@pytest.fixture
def page_of(parsed, tmp_path):
    """The parsed page of two recordings: `page_of(guitars())`."""

    def make(paths, **options):
        options = {"title": "solo", "about": "As it is"} | options
        return parsed(save_page(tmp_path / "page.html", **paths, **options).read_text())

    return make


def test_both_sounds_are_in_it_in_time_and_with_their_pictures(guitars, page_of, content_of):
    data = page_of(guitars()).data
    assert [track["name"] for track in data["tracks"]] == ["wet", "dry"]
    for track, frequency in zip(data["tracks"], (1000, 200), strict=True):
        sound, rate = sf.read(content_of(track["sound"], "audio/mpeg"))
        assert len(sound) == 2 * rate
        assert np.abs(np.fft.rfft(sound)).argmax() / 2 == pytest.approx(frequency, abs=1)
        assert Image.open(content_of(track["picture"], "image/png")).size == (1200, 160)
    assert (data["start"], data["duration"], data["effects"]) == (0, 2, [])


def test_the_page_needs_nothing_from_elsewhere(guitars, page_of):
    addresses = page_of(guitars(seconds=0.2)).addresses
    assert addresses and all(address.startswith("data:") for address in addresses)


def test_names_are_text(guitars, page_of):
    nasty = page_of(guitars(seconds=0.2), title=NASTY)
    assert nasty.tags == page_of(guitars(seconds=0.2)).tags
    assert nasty.texts("title") == nasty.texts("h1") == [NASTY]


def test_two_that_are_too_loud_are_softened_alike(guitars, page_of, content_of):
    sounds = [
        content_of(track["sound"], "audio/mpeg") for track in page_of(guitars(level=2.0)).data["tracks"]
    ]
    peaks = [np.abs(sf.read(sound)[0]).max() for sound in sounds]
    assert peaks[0] == pytest.approx(peaks[1], rel=0.05) == pytest.approx(0.98, rel=0.07)


@pytest.mark.parametrize("seconds", [1 / RATE, 0.02])
def test_very_short_and_silent_recordings(guitars, page_of, seconds):
    page = page_of(guitars(seconds=seconds, level=0.0, channels=2))
    assert page.data["duration"] == pytest.approx(round(seconds * RATE) / RATE)


def test_an_excerpt_is_where_it_was_asked_for(guitars, page_of):
    page = page_of(guitars(seconds=9), start=5.0, seconds=2.0)
    assert (page.data["start"], page.data["duration"]) == (5, 2)
    assert "From 0:05 to 0:07 of 0:09" in page.texts("p")[0]


def test_effects_come_with_their_probabilities_the_surest_first(guitars, page_of):
    probabilities = np.array([0.2, 0.1, 0.3, 0.9, 0.0, 0.95, 0.4, 0.6])
    thresholds = np.array([0.1, 0.5, 0.5, 0.5, 0.5, 0.99, 0.5, 0.5])
    heard = HeardEffects(probabilities, thresholds)
    rows = effect_rows(heard)
    assert [row["name"] for row in rows if row["on"]] == ["reverb", "amp + cabinet", "distortion"]
    assert rows[3] == {"name": "delay", "probability": 0.95, "threshold": 0.99, "on": False}
    assert len(rows) == len(EFFECTS) and page_of(guitars(seconds=0.2), heard=heard).data["effects"] == rows
