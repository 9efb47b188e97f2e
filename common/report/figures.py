"""The figures of a run: what they are called and how they are laid on slides."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from common.cli import UserError

POINTS_PER_INCH = 72
WIDTH, HEIGHT = 758.0, 353.0  # points, of the part of a slide below the title
GAP = 14.0  # points between two figures
TALL = 1.5  # width over height below which a figure stands beside its title rather than under it
SMALLEST = 0.7  # of its own size a figure may be shown at to share a slide: letters of 10 points become 7
TITLES = {"confusion": "Confusion table"}
WORDS = {"sdr": "SDR", "f1": "F1", "mae": "MAE", "auc": "AUC", "by": "by", "and": "and", "of": "of"}


@dataclass(frozen=True)
class Picture:
    """An image file, its title, and its size in points as it was drawn."""

    path: Path
    title: str
    width: float
    height: float

    @property
    def is_tall(self) -> bool:
        return self.width / self.height < TALL


def find_figures(folder: Path) -> list[Picture]:
    """The PNG files of a run's figures/, by name. Errors: UserError for a broken one."""
    return [open_picture(path) for path in sorted(folder.glob("*.png"))]


def open_picture(path: Path, title: str | None = None) -> Picture:
    """An image with its size. Errors: UserError if it is none."""
    try:
        with Image.open(path) as image:
            image.verify()
            dots = image.info.get("dpi", (150, 150))[0] or 150
            width, height = (size * POINTS_PER_INCH / float(dots) for size in image.size)
    except (OSError, UnidentifiedImageError, SyntaxError) as error:
        raise UserError(f"{path}: no image that can be read; draw it again") from error
    return Picture(path, title_of(path.stem) if title is None else title, width, height)


def title_of(stem: str) -> str:
    """`spectrograms_Olga - Loch Vach` -> "Spectrograms: Olga - Loch Vach"; `sdr_by_song` -> "SDR by song"."""
    if stem in TITLES:
        return TITLES[stem]
    kind = re.match(r"[a-z0-9]+(?:_[a-z]+)*(?=_|$)", stem)
    if kind is None:
        return stem
    words = [WORDS.get(word, word) for word in kind[0].split("_")]
    title = " ".join(words)
    title = title[0].upper() + title[1:]
    rest = stem[kind.end() + 1 :]
    if not rest:
        return title
    return f"{title} {rest}" if rest.isdecimal() else f"{title}: {rest}"


def arrange(pictures: list[Picture]) -> list[list[Picture]]:
    """One figure a slide, or two flat ones that stay readable above one another."""
    slides: list[list[Picture]] = []
    for picture in pictures:
        if slides and len(slides[-1]) == 1 and _readable([*slides[-1], picture]):
            slides[-1].append(picture)
        else:
            slides.append([picture])
    return slides


def _readable(pair: list[Picture]) -> bool:
    high = (HEIGHT - GAP) / sum(one.height for one in pair)
    return min(high, *(WIDTH / one.width for one in pair)) >= SMALLEST
