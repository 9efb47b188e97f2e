"""The listening page: complete in itself, its sound and pictures those of the files, names only text."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
from PIL import Image

from hw2_source_separation.listening_page import busiest, choose_excerpt, clock, save_page
from hw2_source_separation.spectrogram_picture import (
    COLUMNS,
    HIGHEST,
    LOWEST,
    RANGE,
    ROWS,
    SHADES,
    log_spectrogram,
    picture,
)

NASTY = """</script><b>"R&B" <!-- {{data}} 'x' & 100%#.wav"""
RATE = 8000


def tone(frequency: float, seconds: float, *, rate: int = RATE, level: float = 0.5) -> np.ndarray:
    """(samples,), a sine."""
    return level * np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate)


@pytest.fixture
def song(tmp_path):
    """Write a mixture and two stems, different tones: `song()` -> its file, its stems by name."""

    def write(*, seconds: float = 3.0, rate: int = RATE, channels: int = 2, level: float = 0.4):
        stems = {
            "vocals": tone(1000, seconds, rate=rate, level=level),
            "accompaniment": tone(200, seconds, rate=rate, level=level),
        }
        for name, waveform in {"song": sum(stems.values()), **stems}.items():
            sf.write(
                tmp_path / f"{name}.wav", np.repeat(waveform[:, None], channels, 1), rate, subtype="FLOAT"
            )
        return tmp_path / "song.wav", {name: tmp_path / f"{name}.wav" for name in stems}

    return write


@pytest.fixture
def page_of(parsed):
    """The parsed page of a recording and its stems: `page_of(*song())`."""

    def make(recording: Path, stems: dict[str, Path], **options):
        options = {"title": recording.name, **options}
        return parsed(save_page(recording.with_name("listen.html"), recording, stems, **options).read_text())

    return make


@pytest.fixture
def sound_of(content_of):
    """The sound of a track of a page's data: `sound_of(track)` -> (samples, channels), its rate."""
    return lambda track: sf.read(content_of(track["sound"], "audio/mpeg"), always_2d=True)


def loudest_frequency(waveform: np.ndarray, rate: int) -> float:
    return np.abs(np.fft.rfft(waveform[:, 0])).argmax() * rate / len(waveform)


@pytest.mark.parametrize(("rate", "channels"), [(8000, 1), (44_100, 2), (48_000, 5)])
def test_the_sound_of_every_track_is_inside(page_of, sound_of, song, rate, channels):
    page = page_of(*song(rate=rate, channels=channels))
    tracks = page.data["tracks"]
    assert [track["name"] for track in tracks] == ["mixture", "vocals", "accompaniment"]
    assert loudest_frequency(*sound_of(tracks[1])) == pytest.approx(1000, abs=1)
    assert loudest_frequency(*sound_of(tracks[2])) == pytest.approx(200, abs=1)
    lengths = {len(sound_of(track)[0]) for track in tracks}
    assert lengths == {3 * 44_100} and page.data["duration"] == 3 and page.data["start"] == 0
    assert not page.open  # all that was opened was closed


def test_the_page_needs_nothing_from_elsewhere(page_of, song):
    addresses = page_of(*song()).addresses
    assert addresses and all(address.startswith("data:") for address in addresses)


def test_a_name_is_text_wherever_it_stands(page_of, song):
    recording, stems = song(seconds=0.2)
    plain, nasty = page_of(recording, stems), page_of(recording, {NASTY: stems["vocals"]}, title=NASTY)
    assert nasty.tags == plain.tags
    assert nasty.texts("title") == nasty.texts("h1") == [NASTY]
    assert nasty.data["tracks"][1]["name"] == NASTY


def test_a_name_that_is_no_text_does_not_stop_the_page(page_of, song):
    assert page_of(*song(seconds=0.2), title="caf\udce9.wav").texts("h1") == ["caf?.wav"]


def test_tracks_too_loud_are_softened_alike(page_of, sound_of, song):
    tracks = page_of(*song(level=1.5)).data["tracks"]  # the mixture comes near 3
    peaks = [np.abs(sound_of(track)[0]).max() for track in tracks]
    assert 0.9 < peaks[0] < 1.05
    assert peaks[1] == pytest.approx(peaks[2], rel=0.05) == pytest.approx(peaks[0] / 2, rel=0.1)


def test_silence_has_a_page(page_of, tmp_path):
    sf.write(tmp_path / "silent.wav", np.zeros((RATE, 2)), RATE)
    page = page_of(tmp_path / "silent.wav", {"vocals": tmp_path / "silent.wav"})
    assert len(page.data["tracks"]) == 2


@pytest.mark.parametrize("samples", [1, 80, 4000])  # 80: 10 ms
def test_a_very_short_recording_has_a_page(page_of, tmp_path, samples):
    sf.write(tmp_path / "short.wav", tone(440, samples / RATE), RATE)
    page = page_of(tmp_path / "short.wav", {"vocals": tmp_path / "short.wav"})
    assert page.data["duration"] == samples / RATE


# ---- which part of a long recording


def test_the_excerpt_is_where_the_stem_plays_most(page_of, sound_of, tmp_path, song):
    recording, _ = song(seconds=60)
    loud = np.concatenate(
        [np.zeros(25 * RATE), tone(440, 8), np.zeros(7 * RATE), tone(440, 2), np.zeros(18 * RATE)]
    )
    sf.write(tmp_path / "stem.wav", loud, RATE)
    assert 23 <= busiest(tmp_path / "stem.wav", seconds=10) <= 25
    excerpt = choose_excerpt(recording, tmp_path / "stem.wav", start=None, seconds=10)
    assert 23 * RATE <= excerpt.first <= 25 * RATE and excerpt.count == 10 * RATE
    page = page_of(recording, {"vocals": tmp_path / "stem.wav"}, seconds=10)
    assert page.data["duration"] == 10 and "of 1:00" in page.texts("p")[0]
    waveform, _ = sound_of(page.data["tracks"][1])
    energy = np.square(waveform).sum() / 44_100
    assert energy == pytest.approx(8 * 0.5**2 / 2, rel=0.15)  # LAME softens by 5 %


@pytest.mark.parametrize(
    ("start", "seconds", "first", "count"),
    [(20, 30, 20, 30), (45, 30, 30, 30), (999, 30, 30, 30), (0, 300, 0, 60), (59.9, 60, 0, 60)],
)
def test_an_excerpt_lies_within_the_recording(song, start, seconds, first, count):
    recording, stems = song(seconds=60)
    excerpt = choose_excerpt(recording, stems["vocals"], start=start, seconds=seconds)
    assert (excerpt.first, excerpt.count) == (first * RATE, count * RATE)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.01, "0:00"), (59.7, "1:00"), (185, "3:05"), (3725, "1:02:05")]
)
def test_clock(seconds, text):
    assert clock(seconds) == text


# ---- pictures


@pytest.mark.parametrize("frequency", [60, 440, 5000, 15_000])
@pytest.mark.parametrize("seconds", [0.5, 5, 100])
def test_a_tone_is_a_line_at_its_frequency_and_level(frequency, seconds):
    waveform = tone(frequency, seconds, rate=44_100)[None].astype(np.float32)
    levels = log_spectrogram(waveform, sample_rate=44_100)
    assert levels.shape == (ROWS, COLUMNS)
    middle = levels[:, COLUMNS // 2]
    row = ROWS * np.log(frequency / LOWEST) / np.log(HIGHEST / LOWEST)
    assert abs(middle.argmax() + 0.5 - row) < (4 if frequency < 100 else 1)
    if frequency < 1000:  # rows are about as wide as a bin; above, a sine is spread over wide ones
        assert middle.max() == pytest.approx(20 * np.log10(0.5), abs=3)


def test_time_goes_from_left_to_right():
    waveform = np.concatenate([tone(440, 3, rate=44_100), np.zeros(44_100)])[None].astype(np.float32)
    loud = log_spectrogram(waveform, sample_rate=44_100).max(axis=0) > -40
    assert loud[: COLUMNS * 3 // 4 - 20].all() and not loud[COLUMNS * 3 // 4 + 20 :].any()


def test_opposite_channels_do_not_cancel():
    one = tone(440, 1, rate=44_100).astype(np.float32)
    levels = [log_spectrogram(np.stack([one, sign * one]), sample_rate=44_100) for sign in (1, -1)]
    np.testing.assert_allclose(levels[0], levels[1], atol=1e-3)


def test_shades_are_those_of_one_scale():
    levels = np.full((ROWS, COLUMNS), -200.0, dtype=np.float32)
    levels[0, :], levels[1, :] = -10.0, -10.0 - RANGE / 2
    image = Image.open(io.BytesIO(picture(levels, loudest=-10.0)))
    assert image.size == (COLUMNS, ROWS)
    shades = np.asarray(image)
    assert (shades[-1] == SHADES - 1).all() and (shades[0] == 0).all()  # low frequencies lie below
    assert abs(int(shades[-2, 0]) - (SHADES - 1) / 2) <= 1
