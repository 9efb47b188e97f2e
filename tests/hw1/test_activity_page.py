"""The page and the table of a recording's activity: complete in themselves, equal to the results."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pytest
import soundfile as sf

from hw1_instrument_detection import activity_page, activity_table
from hw1_instrument_detection.activity_page import save_page
from hw1_instrument_detection.classes import CLASSES, KEYS
from hw1_instrument_detection.streaming import Activity

NASTY = """</script><b>"R&B" <!-- {{data}} 'x' & 100%#.wav"""


def activity_of(probabilities, *, step: float = 5.0, thresholds=0.5) -> Activity:
    """An activity in whole steps: probabilities (steps, 9), the same in each of its frames."""
    probabilities = np.asarray(probabilities, dtype=float)
    edges = np.arange(len(probabilities) + 1) * step
    frames = np.repeat(probabilities, round(10 * step), axis=0)
    return Activity(edges[-1], step, edges, probabilities, frames, 10.0, np.broadcast_to(thresholds, 9))


@pytest.fixture
def activity() -> Activity:
    """Three steps of 5 s with random probabilities."""
    return activity_of(np.random.default_rng(0).random((3, 9)))


@pytest.fixture
def page_of(parsed):
    """The parsed page of an activity: `page_of(activity, title="a.wav")`."""

    def make(activity: Activity, **options):
        options = {"file": "a.wav", "title": "a.wav", "source": "data:audio/mpeg;base64,", **options}
        return parsed(activity_page.activity_page(activity, **options))

    return make


def test_the_page_holds_the_results(page_of, activity):
    page = page_of(activity)
    data = page.data
    assert data["result"] == {"file": "a.wav"} | activity_table.to_json(activity)
    assert data["keys"] == list(KEYS) and data["names"] == list(CLASSES)
    assert data["thresholds"] == activity.thresholds.tolist() and data["frames_per_second"] == 10
    np.testing.assert_allclose(np.array(data["frames"]).T / 100, activity.frame_probabilities, atol=0.00501)
    assert not page.open  # all that was opened was closed


def test_the_page_needs_nothing_from_elsewhere(page_of, activity):
    addresses = page_of(activity).addresses
    assert addresses and all(address.startswith("data:") for address in addresses)


def test_a_name_is_text_wherever_it_stands(page_of, activity):
    page = page_of(activity, file=NASTY, title=NASTY, source="x%22%3E.mp3", note=NASTY)
    assert page.tags == page_of(activity).tags  # no name became an element
    assert page.texts("title") == page.texts("h1") == [NASTY]
    assert NASTY in page.texts("p") and page.data["result"]["file"] == NASTY
    assert not page.open


def test_the_sound_is_inside(parsed, content_of, activity, tmp_path):
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(15 * 8000) / 8000)
    sf.write(tmp_path / "tone.wav", np.stack([tone, tone], axis=1), 8000)
    saved = save_page(tmp_path / "pages" / "tone.html", tmp_path / "tone.wav", activity)
    [audio] = parsed(saved.read_text()).of("audio")
    content = content_of(audio["src"], "audio/mpeg")
    waveform, rate = sf.read(content)
    assert len(waveform) == 15 * rate  # a second of the page is a second of the recording
    assert np.abs(np.fft.rfft(waveform)).argmax() / 15 == pytest.approx(440, abs=0.1)
    assert len(content.getvalue()) == pytest.approx(15 * 64_000 / 8, rel=0.05)  # bytes: 64 kbit/s
    assert not list((tmp_path / "pages").glob(".*"))


def test_a_long_recording_is_linked(parsed, activity, tmp_path, monkeypatch):
    monkeypatch.setattr(activity_page, "LONGEST_EMBEDDED", 10.0)
    recording = tmp_path / "a song, 100%#.wav"
    sf.write(recording, np.full(8000, 0.1), 8000)
    page = parsed(save_page(tmp_path / "out" / "song.html", recording, activity).read_text())
    assert [audio["src"] for audio in page.of("audio")] == ["../a%20song%2C%20100%25%23.wav"]
    assert any("too long" in element["text"] for element in page.elements)


def test_a_name_that_is_no_text_does_not_stop_the_page(parsed, activity, tmp_path, monkeypatch):
    monkeypatch.setattr(activity_page, "embedded", lambda recording: "data:,")
    page = save_page(tmp_path / "page.html", tmp_path / "caf\udce9.wav", activity)  # a byte that is no UTF-8
    assert parsed(page.read_text()).texts("h1") == ["caf?.wav"]


def test_classes_come_in_the_order_of_their_strength():
    probabilities = np.full((4, 9), 0.1)
    probabilities[:, 5] = 0.9, 0.9, 0.8, 0.2
    probabilities[:, 4] = 0.4  # much for its threshold
    probabilities[:, 0] = 0.45  # a little below its own
    thresholds = np.full(9, 0.5)
    thresholds[4] = 0.1
    summaries = activity_table.summarize(activity_of(probabilities, thresholds=thresholds))
    assert [CLASSES[of_class.index] for of_class in summaries[:3]] == ["Bass", "Strings", "Piano"]
    bass, strings, piano = summaries[:3]
    assert (strings.active_share, strings.first, strings.last) == (0.75, 0.0, 15.0)
    assert strings.mean_probability == pytest.approx(0.7)
    assert (bass.active_share, bass.first, bass.last) == (1.0, 0.0, 20.0)
    assert (piano.active_share, piano.first, piano.last) == (0.0, None, None)
    assert bass.strength > 0 > piano.strength


def test_certain_probabilities_have_a_strength_too():
    probabilities = np.tile([0.0, 1.0, 0.5, 0, 0, 0, 0, 0, 0], (2, 1))
    summaries = activity_table.summarize(activity_of(probabilities, thresholds=[0, 1, 0.5] + [0.5] * 6))
    assert all(np.isfinite(of_class.strength) for of_class in summaries)
    assert {CLASSES[of_class.index] for of_class in summaries if of_class.active_share} == {
        "Piano",
        "Percussion",
        "Organ",
    }


def test_a_strip_has_a_character_per_step_or_as_many_as_fit(monkeypatch):
    monkeypatch.setattr(activity_table, "shades_of", lambda encoding: "01234")
    active = np.array([0, 1, 1, 0, 0, 1], dtype=bool)
    assert activity_table.activity_strip(active, 80) == "044004"
    assert activity_table.activity_strip(active, 3) == "222"
    assert activity_table.activity_strip(np.repeat(active, 100), 6) == "044004"
    assert activity_table.activity_strip(np.array([1, 1, 1, 0, 1, 0, 0, 0, 0], dtype=bool), 1) == "2"
    assert activity_table.activity_strip(np.arange(100) == 50, 1) == "1"  # a little is not nothing
    assert activity_table.activity_strip(np.arange(100) != 50, 1) == "3"  # nor is nearly all all


def test_a_terminal_that_cannot_show_the_shades_gets_plain_ones():
    assert activity_table.shades_of("utf-8") != activity_table.shades_of("ascii") == ".-+*#"
    assert activity_table.shades_of(None) == ".-+*#"


@pytest.mark.parametrize("steps", [1, 2, 30, 5000])
@pytest.mark.parametrize("width", [40, 80, 200])
def test_the_table_fits_the_terminal(tmp_path, steps, width):
    activity = activity_of(np.random.default_rng(0).random((steps, 9)))
    lines = activity_table.table(tmp_path / "song.wav", activity, width=width).splitlines()
    assert len(lines) == 11 and f"{steps} step" in lines[0]
    assert all(len(line) <= max(width, 61) for line in lines[1:])
    assert sorted(line[:16].strip() for line in lines[2:]) == sorted(CLASSES)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0:00"), (59.99, "0:59"), (60, "1:00"), (3725, "1:02:05"), (None, "-")]
)
def test_clock(seconds, text):
    assert activity_table.clock(seconds) == text


def test_json_and_csv_say_the_same(activity):
    result = activity_table.to_json(activity)
    rows = list(csv.DictReader(io.StringIO(activity_table.to_csv(activity, file="a, b.wav"))))
    assert [row["file"] for row in rows] == ["a, b.wav"] * 3
    for row, step in zip(rows, result["activity"], strict=True):
        assert (float(row["start"]), float(row["end"])) == (step["start"], step["end"])
        assert {key: float(row[f"{key}_probability"]) for key in KEYS} == step["probabilities"]
        assert [key for key in KEYS if row[f"{key}_active"] == "1"] == step["active"]
        assert step["active"] == [key for key in KEYS if step["probabilities"][key] >= 0.5]
    assert "file" not in activity_table.to_csv(activity).splitlines()[0]
    assert len(activity_table.to_csv(activity, header=False).splitlines()) == 3
    json.dumps(result, allow_nan=False)
