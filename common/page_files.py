"""A page as a file, and the files around it: how it finds them, links to them, and the sound inside."""

from __future__ import annotations

import html
import os
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

from common import audio
from common.pages import data_address, mp3
from common.run_folder import write_atomically

COMPRESSION = 0.75  # in libsndfile's scale: 96 kbit/s at 44.1 kHz
SECONDS_AT_ONCE = 10.0  # that are encoded


def write_html(page: Path, text: str) -> Path:
    """Write `text`, HTML, to `page`, complete or not at all; returns it."""
    write_atomically(page, text.encode("utf-8", errors="replace"))  # a name may be no UTF-8
    return page


def links(paths: Iterable[Path], folder: Path) -> str:
    """Links to the files that lie at or below the page's folder."""
    addresses = ((path, relative_address(path, folder)) for path in paths)
    return " ".join(link(path.name, address) for path, address in addresses if address)


def link(name: str, address: str) -> str:
    """A link that saves what is at `address` as `name`."""
    target = f'href="{html.escape(address, quote=True)}" download="{html.escape(name, quote=True)}"'
    return f"<a {target}>{html.escape(name)}</a>"


def relative_address(path: Path, folder: Path) -> str | None:
    """How the page finds a file at or below its folder; None for one that lies elsewhere, or nowhere."""
    path, folder = path.resolve(), folder.resolve()
    if not path.is_file() or not path.is_relative_to(folder):
        return None
    return "./" + quote(os.fsencode(path.relative_to(folder).as_posix()))


def sound_address(path: Path, folder: Path, *, longest: float) -> str:
    """What a player plays: the sound itself as mp3, or, beyond `longest` seconds, the file beside the page.

    Errors: AudioError.
    """
    info = audio.info(path)
    beside = relative_address(path, folder)
    if info.duration > longest and beside:
        return beside
    blocks = audio.read_channel_blocks(path, samples=round(SECONDS_AT_ONCE * info.sample_rate))
    encoded = mp3(blocks, sample_rate=info.sample_rate, channels=info.channels, compression=COMPRESSION)
    return data_address(encoded, "audio/mpeg")
