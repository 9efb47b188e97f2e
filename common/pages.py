"""HTML pages that are complete in themselves: text, data and sound are inside, nothing is fetched.

A page is made from a template in which `{{name}}` stands for what is filled in, and `{{name.css}}` or
`{{name.js}}` for a file of page_parts: style and script that several pages share.
"""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import soundfile

PAGE_PARTS = Path(__file__).with_name("page_parts")
PEAK = 0.98  # of what is encoded; mp3 overshoots a little


def fill(template: Path, parts: Mapping[str, str]) -> str:
    """The text of `template` with `parts`, HTML each, in their places. KeyError if one is missing."""
    text = re.sub(r"\{\{(\w+\.\w+)\}\}", lambda place: shared_part(place[1]), template.read_text("utf-8"))
    # In one pass: what is filled in is not searched for places to fill in.
    return re.sub(r"\{\{(\w+)\}\}", lambda place: parts[place[1]], text)


def shared_part(name: str) -> str:
    """The text of a file of page_parts."""
    return (PAGE_PARTS / name).read_text(encoding="utf-8").rstrip()


def script_json(value: object) -> str:
    """JSON that can stand inside a <script> element: no text in it ends the element or begins a comment."""
    text = json.dumps(value, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def data_address(content: bytes, kind: str) -> str:
    """A data: address; `kind` is a media type such as image/png."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def mp3(
    blocks: Iterable[np.ndarray], *, sample_rate: int, channels: int = 1, compression: float = 0.5
) -> bytes:
    """Blocks (samples,) or (channels, samples) as an mp3; samples beyond PEAK are clipped.

    compression: libsndfile's scale, 0 (most bits) to 1. The bit rate is constant: in an mp3 where it varies,
    browsers only guess where a second begins.
    """
    encoded = io.BytesIO()
    with soundfile.SoundFile(
        encoded,
        "w",
        sample_rate,
        channels=channels,
        format="MP3",
        subtype="MPEG_LAYER_III",
        bitrate_mode="CONSTANT",
        compression_level=compression,
    ) as file:
        for block in blocks:
            file.write(np.clip(block, -PEAK, PEAK).T)
    return encoded.getvalue()
