"""The listening page: complete in itself, its times those of the sound, every note lit in its turn."""

from __future__ import annotations

import base64
import re

import numpy as np
import pytest
import soundfile

from common.notes_in.lines import Metre
from final_project.muse2bach import listening_page
from final_project.muse2bach.candidates import Candidate
from final_project.muse2bach.chorale import SILENT, Chorale
from final_project.muse2bach.chorale_table import Finished
from final_project.muse2bach.listening_page import LARGEST_INSIDE, moments, shown_notes, write_page
from final_project.muse2bach.outputs import Manner
from final_project.muse2bach.performance import FERMATA, LEAD_IN

NASTY = """</script><b>"R&B" <!-- {{data}} 'x' & 100%#"""
MANNER = Manner(Metre(), 120.0)
RATE = 44_100


def cadence(*, title="Kadenz"):
    """From an upbeat: a quarter, one tied over the bar line in the bass, a fermata, a rest, a quarter."""
    chords = [(67, 62, 59, 43), (69, 62, 57, 43), (71, 62, 59, 43), (SILENT,) * 4, (72, 64, 55, 48)]
    voices = np.repeat(np.array(chords, dtype=np.int16), 4, axis=0)
    onsets = np.zeros(voices.shape, dtype=bool)
    onsets[[0, 4, 8, 16]] = True
    onsets[4, 3] = False  # the bass holds its first note for two quarters
    fermata = np.repeat([False, False, True, False, False], 4)
    position = (np.arange(len(voices)) + 12) % 16
    return Chorale(
        "x", voices, onsets, position, fermata, (7, "major"), title, ("Lo-", "bet", "Gott,", "all'")
    )


def finished(*, name="song", outputs=None, title="Kadenz"):
    candidate = Candidate(cadence(title=title), -0.3, {"parallel_fifths": 1, "crossings": 2})
    return Finished(name, candidate, MANNER, outputs or {})


def write_tone(path, *, frequency=440.0, seconds=2.0):
    tone = 0.5 * np.sin(2 * np.pi * frequency * np.arange(round(seconds * RATE)) / RATE)
    soundfile.write(path, np.repeat(tone[:, None], 2, 1), RATE)
    return path


@pytest.fixture
def page_of(parsed, tmp_path):
    """The parsed page of chorales: `page_of(finished())`, in this test's folder."""

    def make(*chorales, **options):
        page = parsed(write_page(tmp_path / "index.html", chorales, **options).read_text())
        assert not page.open  # all that was opened was closed
        return page

    return make


def test_what_sounds_when():
    found = moments(cadence(), MANNER, prefix="p-")
    quarter = 0.5
    starts = LEAD_IN + np.cumsum([0, quarter, quarter, FERMATA * quarter, quarter, quarter])
    assert found["times"] == pytest.approx(starts.tolist())
    assert found["notes"] == [
        ["p-v0-0", "p-v1-0", "p-v2-0", "p-v3-0"],
        ["p-v0-4", "p-v1-4", "p-v2-4", "p-v3-4"],  # the bass's is the second sign of a tied note
        ["p-v0-8", "p-v1-8", "p-v2-8", "p-v3-8"],
        [],
        ["p-v0-16", "p-v1-16", "p-v2-16", "p-v3-16"],
    ]


def test_every_sign_that_is_lit_stands_in_the_score_once(page_of):
    page = page_of(finished(), finished())
    ids = [element["id"] for element in page.elements if "id" in element]
    assert len(ids) == len(set(ids))  # of both scores
    for number, entry in enumerate(page.data):
        lit = [note for notes in entry["notes"] for note in notes]
        assert set(lit) <= set(ids) and len(lit) == 16
        drawn = {i for i in ids if re.fullmatch(rf"c{number}-v\d-\d+", i)}
        assert drawn == set(lit)
    assert len(list(shown_notes(cadence(), MANNER))) == 16


def test_the_sound_is_inside(page_of, content_of, tmp_path):
    outputs = {
        "wav": write_tone(tmp_path / "song.wav", frequency=440),
        "sung": write_tone(tmp_path / "song_sung.wav", frequency=1000),
    }
    played, sung = page_of(finished(outputs=outputs)).data[0]["sounds"]
    assert (played["name"], sung["name"]) == ("Played", "Sung")
    for sound, frequency in ((played, 440), (sung, 1000)):
        waveform, rate = soundfile.read(content_of(sound["sound"], "audio/mpeg"), always_2d=True)
        peak = abs(np.fft.rfft(waveform[:, 0])).argmax() * rate / len(waveform)
        assert peak == pytest.approx(frequency, abs=1)
        assert len(waveform) / rate == pytest.approx(2.0, abs=0.001)


def test_long_sound_is_played_from_the_file_beside_the_page(page_of, tmp_path, monkeypatch):
    monkeypatch.setattr(listening_page, "LONGEST_SOUND", 1.0)
    outputs = {"wav": write_tone(tmp_path / "two words#.wav")}
    (sound,) = page_of(finished(outputs=outputs)).data[0]["sounds"]
    assert sound["sound"] == "./two%20words%23.wav"


def test_small_files_of_notes_are_inside_and_others_are_linked(page_of, tmp_path):
    contents = {"song.mid": b"MThd", "song.png": b"picture", "song.musicxml": b"x" * (LARGEST_INSIDE + 1)}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    outputs = {name: tmp_path / name for name in [*contents, "gone.pdf"]}
    links = {e["download"]: e["href"] for e in page_of(finished(outputs=outputs)).of("a")}
    assert links == {
        "song.mid": f"data:audio/midi;base64,{base64.b64encode(b'MThd').decode()}",
        "song.png": "./song.png",
        "song.musicxml": "./song.musicxml",
    }


def test_the_page_needs_nothing_from_elsewhere(page_of, tmp_path):
    outputs = {"wav": write_tone(tmp_path / "song.wav", seconds=0.5)}
    addresses = page_of(finished(outputs=outputs)).addresses
    assert addresses and all(address.startswith(("data:", "#", "./")) for address in addresses)


def test_names_and_titles_are_text_wherever_they_stand(page_of):
    page = page_of(finished(name=NASTY, title=NASTY), title=NASTY)
    assert page.texts("title") == page.texts("h1") == [NASTY]
    assert page.texts("h2") == [f"{NASTY}: {NASTY}"] and "b" not in page.tags
    assert not any(name.startswith("on") for e in page.elements for name in e)


def test_a_chorale_without_sound_has_a_page_that_tells_about_it(page_of):
    page = page_of(finished(title=""))
    (about,) = [e["text"] for e in page.of(class_="about")]
    assert about == ("G major, 4/4, 1 bar at 120 quarter notes a minute, 0:03; 1 parallel fifth, 2 crossings")
    assert page.data[0]["sounds"] == [] and page.texts("h2") == ["song"]
