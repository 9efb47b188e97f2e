"""A page to listen to what a mixture was separated into: one HTML file, complete in itself.

It plays all stems in time with each other, and any of them, or the mixture, alone; a cursor moves over
their spectrograms. Sound is inside as mp3, a minute of it unless told otherwise: about 1.3 MB of page for
each minute and stem. The page itself, with its style and script, is listening_page.html beside this file.
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from common import audio
from common.audio_blocks import Block
from common.page_files import write_html
from common.pages import PEAK, data_address, fill, mp3, script_json
from hw2_source_separation.spectrogram_picture import HIGHEST, LOWEST, RANGE, log_spectrogram, picture
from hw2_source_separation.stems import MIXTURE, SAMPLE_RATE
from hw2_source_separation.streaming import in_pairs

TEMPLATE = Path(__file__).with_name("listening_page.html")
LONGEST_EXCERPT = 600.0  # seconds; a browser keeps them as floats, 200 MB a stem
COMPRESSION = 0.63  # in libsndfile's scale: 128 kbit/s at this rate
ENCODED_AT_ONCE = 1 << 16  # samples


@dataclass(frozen=True)
class Excerpt:
    """A part of a recording, in samples at its own rate."""

    first: int
    count: int
    info: audio.AudioInfo

    def read(self, path: Path) -> Block:
        """It, from a file as long as the recording, (1 or 2, samples) at SAMPLE_RATE. Errors: AudioError."""
        rate = self.info.sample_rate
        waveform, _ = audio.read(
            path,
            sample_rate=SAMPLE_RATE,
            start=self.first / rate,
            duration=self.count / rate,
            allow_silence=True,
        )
        return waveform if len(waveform) <= 2 else in_pairs(waveform).mean(axis=0)


def save_page(
    page: Path,
    recording: Path,
    stems: Mapping[str, Path],
    *,
    title: str,
    start: float | None = None,
    seconds: float = 60.0,
) -> Path:
    """Write the page `title` of a recording and its stems (file by name) to `page`, complete or not at all.

    `seconds` of it from `start` on; by default from where most of the first stem's energy is within reach.
    Errors: AudioError.
    """
    excerpt = choose_excerpt(recording, next(iter(stems.values())), start=start, seconds=seconds)
    return write_html(page, listening_page(recording, stems, excerpt, title=title))


def choose_excerpt(recording: Path, stem: Path, *, start: float | None, seconds: float) -> Excerpt:
    """`seconds` from `start` on, or the end of the recording; without `start`, where `stem` is loudest."""
    info = audio.info(recording)
    count = min(info.frames, round(seconds * info.sample_rate))
    if start is None:
        start = busiest(stem, seconds=count / info.sample_rate)
    return Excerpt(min(round(start * info.sample_rate), info.frames - count), count, info)


def busiest(path: Path, *, seconds: float) -> int:
    """The second at which the `seconds` with the most energy in a file begin; of equal ones the first."""
    blocks = audio.read_blocks(path, samples=audio.info(path).sample_rate)
    energies = np.array([np.square(block, dtype=np.float64).sum() for block in blocks])
    within = np.convolve(energies, np.ones(min(len(energies), max(1, int(seconds)))), mode="valid")
    return int(within.argmax())


def listening_page(recording: Path, stems: Mapping[str, Path], excerpt: Excerpt, *, title: str) -> str:
    """The HTML text. Errors: AudioError."""
    parts = {
        "title": html.escape(title),
        "about": html.escape(about(excerpt)),
        "data": script_json(page_data({MIXTURE: recording, **stems}, excerpt)),
    }
    return fill(TEMPLATE, parts)


def about(excerpt: Excerpt) -> str:
    """Which part of the recording is in the page."""
    rate, whole = excerpt.info.sample_rate, excerpt.info.duration
    if excerpt.count == excerpt.info.frames:
        return f"The whole recording, {clock(whole)}"
    end = (excerpt.first + excerpt.count) / rate
    return f"From {clock(excerpt.first / rate)} to {clock(end)} of {clock(whole)}"


def clock(seconds: float) -> str:
    """Such as 3:05, or 1:02:03."""
    minutes, second = divmod(int(seconds + 0.5), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def page_data(files: Mapping[str, Path], excerpt: Excerpt) -> dict:
    """What the script plays and draws. All tracks are scaled alike, so that none clips and all shades
    compare.

    They are read twice, so that one at a time is held.
    """
    peak, levels = 0.0, {}
    for name, path in files.items():
        waveform = excerpt.read(path)
        peak = max(peak, float(np.abs(waveform).max()))
        levels[name] = log_spectrogram(waveform, sample_rate=SAMPLE_RATE)
    gain = min(1.0, PEAK / peak) if peak else 1.0
    loudest = max(float(of_track.max()) for of_track in levels.values())
    tracks = [
        {
            "name": name,
            "sound": data_address(encoded(gain * excerpt.read(path)), "audio/mpeg"),
            "picture": data_address(picture(levels[name], loudest=loudest), "image/png"),
        }
        for name, path in files.items()
    ]
    return {
        "mixture": MIXTURE,
        "tracks": tracks,
        "start": excerpt.first / excerpt.info.sample_rate,
        "duration": excerpt.count / excerpt.info.sample_rate,
        "frequencies": [LOWEST, HIGHEST],
        "range": RANGE,
    }


def encoded(waveform: Block) -> bytes:
    """A waveform (1 or 2, samples) at SAMPLE_RATE as mp3."""
    parts = (
        waveform[:, first : first + ENCODED_AT_ONCE] for first in range(0, waveform.shape[1], ENCODED_AT_ONCE)
    )
    return mp3(parts, sample_rate=SAMPLE_RATE, channels=len(waveform), compression=COMPRESSION)
