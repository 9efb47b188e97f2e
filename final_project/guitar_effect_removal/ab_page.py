"""A page to compare a guitar with and without effects: one HTML file, complete in itself.

Both sounds run in time with each other and one of them is heard: a key changes over at the same moment. Below
are their spectrograms, on one scale, and, if a detector was asked, which effects it heard and how sure it is
of each. The page itself, with its style and script, is ab_page.html beside this file; sound and pictures are
HW2's (listening_page.py, spectrogram_picture.py).
"""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any

import numpy as np

from common.page_files import write_html
from common.pages import PEAK, data_address, fill, script_json
from final_project.guitar_effect_removal.effects import EFFECTS, LABELS
from final_project.guitar_effect_removal.heard_effects import HeardEffects
from hw2_source_separation import listening_page
from hw2_source_separation.listening_page import Excerpt, choose_excerpt, encoded
from hw2_source_separation.spectrogram_picture import HIGHEST, LOWEST, RANGE, log_spectrogram, picture
from hw2_source_separation.stems import SAMPLE_RATE

TEMPLATE = Path(__file__).with_name("ab_page.html")
LONGEST_EXCERPT = listening_page.LONGEST_EXCERPT


def save_page(
    page: Path,
    *,
    wet: Path,
    dry: Path,
    title: str,
    about: str,
    heard: HeardEffects | None = None,
    start: float | None = None,
    seconds: float = 60.0,
) -> Path:
    """Write the page of two recordings of one length to `page`, complete or not at all; returns it.

    `seconds` of them from `start` on; by default from where most is played. Errors: AudioError.
    """
    excerpt = choose_excerpt(wet, dry, start=start, seconds=seconds)
    parts = {
        "title": html.escape(title),
        "about": html.escape(f"{about}. {listening_page.about(excerpt)}."),
        "data": script_json(page_data({"wet": wet, "dry": dry}, excerpt, heard)),
    }
    return write_html(page, fill(TEMPLATE, parts))


def page_data(files: dict[str, Path], excerpt: Excerpt, heard: HeardEffects | None) -> dict[str, Any]:
    """What the script plays and draws; both sounds are scaled alike, so that neither clips.

    Errors: AudioError.
    """
    waveforms = {name: excerpt.read(path) for name, path in files.items()}
    peak = max(float(np.abs(waveform).max()) for waveform in waveforms.values())
    gain = min(1.0, PEAK / peak) if peak else 1.0
    levels = {name: log_spectrogram(each, sample_rate=SAMPLE_RATE) for name, each in waveforms.items()}
    loudest = max(float(level.max()) for level in levels.values())
    tracks = [
        {
            "name": name,
            "sound": data_address(encoded(gain * waveform), "audio/mpeg"),
            "picture": data_address(picture(levels[name], loudest=loudest), "image/png"),
        }
        for name, waveform in waveforms.items()
    ]
    return {
        "tracks": tracks,
        "start": excerpt.first / excerpt.info.sample_rate,
        "duration": excerpt.count / excerpt.info.sample_rate,
        "frequencies": [LOWEST, HIGHEST],
        "range": RANGE,
        "effects": effect_rows(heard),
    }


def effect_rows(heard: HeardEffects | None) -> list[dict[str, Any]]:
    """Of each effect its name, probability, threshold, and whether it is said to be on; the surest first."""
    if heard is None:
        return []
    rows = [
        {
            "name": LABELS.get(name, name),
            "probability": round(float(probability), 4),
            "threshold": round(float(threshold), 4),
            "on": name in heard.chain,
        }
        for name, probability, threshold in zip(EFFECTS, heard.probabilities, heard.thresholds, strict=True)
    ]
    return sorted(rows, key=lambda row: (not row["on"], -row["probability"]))
