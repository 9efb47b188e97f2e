"""A page that plays a recording while a cursor moves over its activity: one HTML file, complete in itself.

The recording is inside the page as an mp3, mixed to one channel at 24 kHz, about 0.6 MB per minute. One that
is longer than 20 minutes is not: the page then plays the file itself, from where it lies, and says so.
The page itself, with its style and script, is activity_page.html beside this file.
"""

from __future__ import annotations

import html
import os
from pathlib import Path
from urllib.parse import quote

import numpy as np

from common.page_files import write_html
from common.pages import data_address, fill, mp3, script_json
from hw1_instrument_detection.activity_table import extent, to_json
from hw1_instrument_detection.classes import CLASSES, KEYS
from hw1_instrument_detection.streaming import Activity, read_blocks

TEMPLATE = Path(__file__).with_name("activity_page.html")
LONGEST_EMBEDDED = 20 * 60.0  # seconds, 13 MB of page
SAMPLE_RATE = 24_000  # Hz, of the sound in the page: all that the models hear, too
COMPRESSION = 0.63  # in libsndfile's scale: 64 kbit/s at this rate


def save_page(page: Path, recording: Path, activity: Activity) -> Path:
    """Write the page of a recording to `page`, complete or not at all. Errors: AudioError."""
    page.parent.mkdir(parents=True, exist_ok=True)
    if activity.duration <= LONGEST_EMBEDDED:
        source, note = embedded(recording), ""
    else:
        source = link(recording, page.parent)
        note = (
            "This recording is too long to be inside the page, which plays the file"
            f" {os.path.relpath(recording, page.parent)}."
            " Keep both where they are."
        )
    text = activity_page(activity, file=str(recording), title=recording.name, source=source, note=note)
    return write_html(page, text)


def activity_page(activity: Activity, *, file: str, title: str, source: str, note: str = "") -> str:
    """The HTML text. `file` is what the JSON calls it, `source` the address of the sound, `note` about it."""
    parts = {
        "title": html.escape(title),
        "about": extent(activity),
        "note": html.escape(note),
        "source": html.escape(source),
        "data": script_json(page_data(activity, file)),
    }
    return fill(TEMPLATE, parts)


def page_data(activity: Activity, file: str) -> dict:
    """What the script draws: the result as `infer.py --json` gives it, thresholds, and frames in percent."""
    percent = np.round(100 * activity.frame_probabilities).astype(int)  # (frames, 9)
    return {
        "result": {"file": file} | to_json(activity),
        "keys": KEYS,
        "names": CLASSES,
        "thresholds": activity.thresholds.tolist(),
        "frames": percent.T.tolist(),
        "frames_per_second": activity.frames_per_second,
    }


def embedded(recording: Path) -> str:
    """The sound of a file as a data: address. Errors: AudioError."""
    blocks = read_blocks(recording, sample_rate=SAMPLE_RATE)
    return data_address(mp3(blocks, sample_rate=SAMPLE_RATE, compression=COMPRESSION), "audio/mpeg")


def link(recording: Path, folder: Path) -> str:
    """The address of a file, relative to a page in `folder`."""
    return quote(Path(os.path.relpath(recording.resolve(), folder.resolve())).as_posix())
