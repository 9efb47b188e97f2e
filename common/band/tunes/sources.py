"""What tunes there are, and which split each belongs to. Nothing here imports music21: it takes a second.

Only headers are looked at, by regular expressions: `X:` begins a tune of an ABC file, `T:` its title, `M:`
its meter, `K:` its key, which ends the header (abcnotation.com, ABC standard 2.1). Chorales, packed MusicXML
without usable titles, get theirs from the list of Riemenschneider's edition in music21's own source.
"""

from __future__ import annotations

import hashlib
import importlib.util
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from common.band.tunes.meters import METERS
from common.cli import UserError

Split = Literal["train", "validation", "test"]
SHARES: tuple[tuple[Split, float], ...] = (("train", 0.70), ("validation", 0.15), ("test", 0.15))

ABC_COLLECTIONS = (
    "airdsAirs",
    "essenFolksong",
    "miscFolk",
    "nottingham-dataset",
    "oneills1850",
    "ryansMammoth",
)
MUSICXML_COLLECTIONS = ("bach", "leadSheet")

DANCES = frozenset(
    ("reel", "jig", "hornpipe", "strathspey", "waltz", "polka", "march", "air", "slip", "clog", "fling")
)
ARTICLES = frozenset(("a", "an", "the", "der", "die", "das", "le", "la", "les"))
REMARKS = re.compile(
    r"\(.*?\)|\[.*?\]|\s--\s.*|\b(no|number|setting|version|part)\b\.?\s*\d*|\b\d+(st|nd|rd|th)\b"
)


@dataclass(frozen=True, slots=True, order=True)
class TuneSource:
    """Where one tune stands: `path` below music21's corpus; `number` counts the tunes of an ABC file from 1.

    `number` is None where the file has a single tune.
    """

    path: str
    number: int | None
    title: str

    @property
    def collection(self) -> str:
        return self.path.split("/")[0]

    def __str__(self) -> str:
        return self.path if self.number is None else f"{self.path}#{self.number}"


def corpus_folder() -> Path:
    """The folder of music21's corpus. Errors: UserError without music21 or without its corpus."""
    spec = importlib.util.find_spec("music21")  # finds it, and does not import it
    if spec is None or spec.origin is None:
        raise UserError("music21: is not installed; pip install -r requirements.txt")
    folder = Path(spec.origin).parent / "corpus"
    if not (folder / "ryansMammoth").is_dir():
        raise UserError(f"{folder}: has no tunes; install music21 from PyPI, with its corpus")
    return folder


@cache
def catalog() -> tuple[TuneSource, ...]:
    """All tunes whose header names a meter we know, sorted. Errors: those of `corpus_folder`."""
    corpus = corpus_folder()
    abc = (source for name in ABC_COLLECTIONS for source in _abc_sources(corpus, name))
    return tuple(sorted([*abc, *_musicxml_sources(corpus)]))


def abc_tunes(text: str) -> list[str]:
    """The tunes of an ABC file: from one `X:` to the next."""
    return re.split(r"(?m)^(?=X:)", text)[1:]


def header_field(tune: str, letter: str) -> str:
    """The first `letter:` field of a tune's header without its comment, "" where there is none."""
    header = re.split(r"(?m)^K:.*$\n?", tune)[0] if letter != "K" else tune
    found = re.search(rf"(?m)^{letter}:(.*)$", header)
    return found[1].split("%")[0].strip() if found else ""


def printable(title: str) -> str:
    """A title on one line; the corpus has control characters where its encodings went wrong."""
    return " ".join("".join(letter for letter in title if letter.isprintable()).split())


def _abc_sources(corpus: Path, collection: str) -> Iterator[TuneSource]:
    for path in (corpus / collection).glob("*.abc"):
        tunes = abc_tunes(path.read_text(encoding="utf-8", errors="replace"))
        for number, tune in enumerate(tunes, start=1):
            if header_field(tune, "M") in METERS:
                title = printable(header_field(tune, "T")) or f"{path.stem} {number}"
                yield TuneSource(f"{collection}/{path.name}", number if len(tunes) > 1 else None, title)


def _musicxml_sources(corpus: Path) -> Iterator[TuneSource]:
    titles = _chorale_titles(corpus)
    for collection in MUSICXML_COLLECTIONS:
        for path in (corpus / collection).glob("*.mxl"):
            title = titles.get(_bwv_number(path.stem.removeprefix("bwv")), path.stem)
            yield TuneSource(f"{collection}/{path.name}", None, title)


def _chorale_titles(corpus: Path) -> dict[str, str]:
    """{"269": "Aus meines Herzens Grunde", ...}: from the table in music21/corpus/chorales.py."""
    text = (corpus / "chorales.py").read_text(encoding="utf-8")
    rows = re.findall(r"\b\d+---\|\|---(\S+?)---\|\|---(.+?)---\|\|---", text)
    return {_bwv_number(bwv): title for bwv, title in rows}


def _bwv_number(name: str) -> str:
    """A number of Bach's works without the part or the reading: "197.7-a" and "197.7" are one chorale."""
    return re.sub(r"[-a-z].*", "", name)


def split_of(source: TuneSource) -> Split:
    """Which split a tune belongs to: 70/15/15 by a hash of its normalized title.

    So variants of a tune under one title, in whichever collections, fall into one split; a tune that is
    known under two titles may not.
    """
    digest = hashlib.sha256(normalized_title(source.title).encode()).digest()
    place = int.from_bytes(digest[:8], "big") / 2**64
    for split, share in SHARES:
        if place < share:
            return split
        place -= share
    return SHARES[-1][0]  # rounding


def normalized_title(title: str) -> str:
    """A title without accents, articles, numbers of settings and the dance it is, in lower case.

    "The Devil's Dream -- Reel", "DEVIL'S DREAM" and "Devils Dream, The (2nd setting)" are the same.
    """
    text = unicodedata.normalize("NFKD", title).casefold()
    text = "".join(letter for letter in text if not unicodedata.combining(letter))
    words = re.findall(r"[^\W_]+", re.sub(r"['’`.]", "", REMARKS.sub(" ", text)))
    kept = [word for word in words if word not in ARTICLES]
    while kept and kept[-1] in DANCES:
        kept.pop()
    return " ".join(kept or words) or text.strip()
