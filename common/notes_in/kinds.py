"""What a file of music is: its first bytes decide, not its name."""

from __future__ import annotations

import re

from common.cli import UserError

MOST_BYTES = 4_000_000  # of a file of notes
SCORES = (".mid", ".midi", ".kar", ".musicxml", ".xml", ".mxl", ".abc")
SOUND = (".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".au", ".m4a", ".webm")
SOUND_MARKS = (b"RIFF", b"fLaC", b"OggS", b"ID3", b"\xff\xfb", b"\xff\xf3", b"FORM", b".snd", b"RF64")
ABC = re.compile(r"^X:\s*\d", re.MULTILINE)


def kind_of(content: bytes, suffix: str) -> str:
    """ "midi", "musicxml", "abc" or "recording". Errors: UserError for anything else."""
    if not content:
        raise UserError("empty, 0 bytes; get the file again")
    if content.startswith(b"MThd"):
        return "midi"
    if content.startswith(b"PK\x03\x04"):
        return "musicxml"
    if content.startswith(SOUND_MARKS):
        return "recording"
    start = content[:4096]
    text = start.decode("utf-16" if start[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8", errors="replace")
    if text.lstrip("\ufeff \t\r\n").startswith("<"):
        return "musicxml"
    if ABC.search(text) and (suffix == ".abc" or re.search(r"^K:", content.decode("latin-1"), re.MULTILINE)):
        return "abc"
    if suffix in SOUND:
        return "recording"
    if suffix in SCORES:
        raise UserError(f"not what its name {suffix} says; save it anew")
    raise UserError("neither MIDI, MusicXML, ABC nor sound; give one of these")
