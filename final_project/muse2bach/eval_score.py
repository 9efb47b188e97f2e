"""One picture: how Bach harmonized a melody, and below it how the model does."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from PIL import Image

from common.engraving import A4, engrave, rasterize
from common.notes_in.lines import Metre
from final_project.muse2bach.articulation import articulated
from final_project.muse2bach.chorale import FRAMES_PER_QUARTER, Chorale
from final_project.muse2bach.chorale_key import key_of
from final_project.muse2bach.score import musicxml
from final_project.muse2bach.task import USUAL_TEMPO, found_upbeat
from final_project.muse2bach.token_scores import SOPRANO

BARS = 8  # of the beginning
TALL = 8 * A4[1]  # so that everything stands on one page


def comparison_picture(bach: Chorale, model: Chorale, *, name: str) -> bytes:
    """A PNG of the first BARS bars of both, which have one soprano. name: of the model."""
    bach = with_bars(bach)
    onsets = articulated(
        model.voices,
        known=bach.begins(),
        given=(SOPRANO,),
        position=bach.position,
        fermata=np.zeros(len(bach), dtype=bool) if bach.fermata is None else bach.fermata,
    )
    model = replace(model, onsets=onsets, position=bach.position, key=bach.key)
    title = bach.title or bach.name
    pages = [
        _page(chorale, f"{title}: {by}") for chorale, by in ((bach, "J. S. Bach"), (model, printable(name)))
    ]
    return stacked(pages)


def printable(name: str) -> str:
    """A folder's name without what a file system allows and a score does not."""
    return name.encode("utf-8", errors="replace").decode()


def with_bars(chorale: Chorale) -> Chorale:
    """The chorale with a key and bars: where nobody tells, of four quarters from the likeliest upbeat."""
    position = chorale.position
    if position is None:
        upbeat = found_upbeat(chorale.voices, chorale.begins(), Metre())
        position = ((np.arange(len(chorale)) - upbeat) % Metre().frames).astype(np.int16)
    return replace(chorale, position=position, key=chorale.key or key_of(chorale.voices))


def metre_of(chorale: Chorale) -> Metre:
    """The time signature of bars as long as the chorale's, in quarters where these fill a bar."""
    frames = int(chorale.position.max()) + 1
    quarters, rest = divmod(frames, FRAMES_PER_QUARTER)
    if rest:
        return Metre(frames, 4 * FRAMES_PER_QUARTER)
    return Metre(3, 2) if quarters == 6 else Metre(quarters, 4)  # as Bach's are


def stacked(pages: Sequence[bytes]) -> bytes:
    """PNGs of one width as one, the first on top."""
    images = [Image.open(io.BytesIO(page)).convert("L") for page in pages]
    whole = Image.new("L", (max(image.width for image in images), sum(image.height for image in images)), 255)
    top = 0
    for image in images:
        whole.paste(image, (0, top))
        top += image.height
    written = io.BytesIO()
    whole.save(written, "PNG", optimize=True)
    return written.getvalue()


def _page(chorale: Chorale, title: str) -> bytes:
    metre = metre_of(chorale)
    begins = np.flatnonzero(chorale.position == 0)  # of full bars
    stop = int(begins[BARS]) if len(begins) > BARS else len(chorale)
    document = musicxml(chorale.excerpt(0, stop), metre=metre, tempo=USUAL_TEMPO, title=title)
    (page,) = engrave(document, page_height=TALL)
    return rasterize(page)
