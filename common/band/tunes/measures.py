"""From music21's streams to plain measures: the only place that knows music21.

music21 is imported inside the functions, because it takes half a second: who only makes a list of tunes, or
plays one that was read elsewhere, does not wait for it.
"""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from common.band.tunes.tune import TuneError, TuneNote

if TYPE_CHECKING:
    from music21.stream import Measure as Music21Measure
    from music21.stream import Part

CHORD_SYMBOL = re.compile(r"[A-G][b#]?(m|min|maj|dim|sus|7|6|9)*(/\S*)?")
QUOTED = re.compile(r'"([^"\n]*)"')


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure as written, times in beats from its own beginning.

    `length` is what it lasts (a pickup is shorter than a bar), `chords` are (onset, symbol) pairs. A note
    that is tied to the one before it is a note of its own, and stands in `tied`. `endings` are the times
    through the repeat at which it is played, empty for all.
    """

    length: float
    notes: tuple[TuneNote, ...]
    chords: tuple[tuple[float, str], ...] = ()
    tied: frozenset[int] = frozenset()  # indices of `notes`
    begins_repeat: bool = False
    ends_repeat: bool = False
    endings: frozenset[int] = frozenset()


def parse_abc(text: str) -> Part:
    """One tune in ABC -> its part. Errors: TuneError (without the file's name)."""
    part_list = list(_parse(playable_abc(text), "abc").parts)
    if len(part_list) != 1:
        raise TuneError(f"has {len(part_list)} voices instead of one; choose another tune")
    return part_list[0]


def parse_musicxml(path: Path) -> dict[str, Part]:
    """A packed MusicXML file -> its parts by name. Errors: TuneError (without the file's name)."""
    with zipfile.ZipFile(path) as archive:
        name = next(name for name in archive.namelist() if not name.startswith("META-INF"))
        text = archive.read(name).decode("utf-8", errors="replace")
    return {part.partName or "": part for part in _parse(text, "musicxml").parts}


def playable_abc(text: str) -> str:
    """A tune's text with nothing in quotes but chord symbols, and without what follows a blank line.

    Fingerings, bowings and remarks stand in quotes too; a blank line ends a tune (ABC standard 2.1, 2.2.2).
    An accidental holds until the bar line, which music21 must be told.
    """

    def chord_only(found: re.Match[str]) -> str:
        symbol = found[1].strip()
        return f'"{symbol.split("/")[0]}"' if CHORD_SYMBOL.fullmatch(symbol) else ""

    header, key, body = re.split(r"(?m)(^K:.*\n)", text.strip() + "\n", maxsplit=1)
    body = re.split(r"\n\s*\n", body)[0]
    return f"%abc-2.1\n{header}%%propagate-accidentals octave\n{key}{re.sub(QUOTED, chord_only, body)}\n"


def _parse(text: str, format_name: str):
    from music21 import converter, exceptions21

    try:
        return converter.parseData(text, format=format_name)
    except (
        exceptions21.Music21Exception,
        ValueError,
        KeyError,
        IndexError,
        AttributeError,
        TypeError,
    ) as error:
        # music21 meets what it did not expect with whatever exception comes of it
        reason = str(error).strip().split("\n")[0] or type(error).__name__
        raise TuneError(f"music21 cannot read it ({reason}); choose another tune") from error


def measures_of(part: Part) -> list[Measure]:
    """The measures of a part. Errors: TuneError for one with several voices or two meters."""
    from music21 import stream

    if len({meter.ratioString for meter in part.recurse().getElementsByClass("TimeSignature")}) > 1:
        raise TuneError("changes its meter or has a bar that is too long; choose another tune")
    written = list(part.getElementsByClass(stream.Measure))
    endings = _endings(part)
    return [_measure(measure, endings.get(id(measure), frozenset())) for measure in written]


def sharps_of(part: Part) -> int:
    """The sharps of a part's first key signature, flats negative; 0 without one."""
    signatures = list(part.recurse().getElementsByClass("KeySignature"))
    return int(signatures[0].sharps) if signatures else 0


def meter_of(part: Part) -> str:
    """A part's first time signature such as "3/4", "" without one."""
    meters = list(part.recurse().getElementsByClass("TimeSignature"))
    return str(meters[0].ratioString) if meters else ""


def _endings(part: Part) -> dict[int, frozenset[int]]:
    """id of a measure -> the times through at which it is played, for those under a bracket."""
    from music21 import spanner

    return {
        id(measure): frozenset(bracket.numberRange)
        for bracket in part.recurse().getElementsByClass(spanner.RepeatBracket)
        for measure in bracket.getSpannedElements()
    }


def _measure(measure: Music21Measure, endings: frozenset[int]) -> Measure:
    if measure.hasVoices():
        raise TuneError("has several voices in one part; choose another tune")
    sounding = [
        item for item in measure.notes if not item.duration.isGrace and "ChordSymbol" not in item.classes
    ]
    notes = tuple(
        TuneNote(float(item.offset), float(item.quarterLength), max(pitch.midi for pitch in item.pitches))
        for item in sounding  # of a double stop the upper note
    )
    tied = (i for i, item in enumerate(sounding) if item.tie and item.tie.type in ("stop", "continue"))
    return Measure(
        length=float(measure.highestTime),
        notes=notes,
        chords=tuple((float(c.offset), c.figure) for c in measure.getElementsByClass("ChordSymbol")),
        tied=frozenset(tied),
        begins_repeat=_is_repeat(measure.leftBarline, "start"),
        ends_repeat=_is_repeat(measure.rightBarline, "end"),
        endings=endings,
    )


def _is_repeat(barline, direction: str) -> bool:
    return getattr(barline, "direction", None) == direction
