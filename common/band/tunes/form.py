"""From measures as written to one line of time: repeats played, pickups in their place, ties joined."""

from __future__ import annotations

from collections.abc import Sequence

from common.band.tunes.measures import Measure
from common.band.tunes.tune import TuneError, TuneNote

TOLERANCE = 1e-6  # beats


def played_order(measures: Sequence[Measure]) -> list[int]:
    """The indices of the measures in the order they are played: each repeat twice, each ending in its turn.

    A repeat sign without a beginning goes back to the end of the last repeat, or of its second ending.
    """
    order: list[int] = []
    index, start, time = 0, 0, 1
    while index < len(measures):
        measure = measures[index]
        left_ending = index > 0 and bool(measures[index - 1].endings) and not measure.endings
        if index > start and (measure.begins_repeat or left_ending):
            start, time = index, 1
        if not measure.endings or time in measure.endings:
            order.append(index)
            if measure.ends_repeat and time == 1:
                index, time = start, 2
                continue
        if measure.ends_repeat and time == 2 and not (measure.endings and 2 not in measure.endings):
            start, time = index + 1, 1
        index += 1
    return order


def starts_of(measures: Sequence[Measure], order: Sequence[int], beats_per_bar: float) -> list[float]:
    """Where each of the played measures begins, in beats, so that full ones begin on bar lines.

    A pickup completes the short bar before it, as is usual where a part is repeated; where the two do not
    add up to a bar, rests are put between them. Errors: TuneError for measures that are too long, and for
    short ones inside a part.
    """
    starts: list[float] = []
    position, run = 0.0, 0  # `run` counts the short measures since the last full one
    for place, index in enumerate(order):
        length = measures[index].length
        if length > beats_per_bar + TOLERANCE:
            raise TuneError(
                f"has a bar of {length:g} beats instead of {beats_per_bar:g}; choose another tune"
            )
        if length < beats_per_bar - TOLERANCE:
            starts.append(position)
            position, run = position + length, run + 1
            continue
        missing = _to_bar_line(position, beats_per_bar)
        if missing:
            _close_gap(starts, measures, order[:place], run, missing)
            position += missing
        starts.append(position)
        position, run = position + length, 0
    return starts


def _to_bar_line(position: float, beats_per_bar: float) -> float:
    missing = -position % beats_per_bar
    return 0.0 if min(missing, beats_per_bar - missing) < TOLERANCE else missing


def _close_gap(
    starts: list[float], measures: Sequence[Measure], played: Sequence[int], run: int, missing: float
) -> None:
    """Move the pickup before a full measure `missing` beats later; a short end of a part rests instead."""
    if len(played) == run:  # the tune's own pickup
        starts[:] = [start + missing for start in starts]
        return
    last = measures[played[-1]]
    if run == 1 and last.ends_repeat:  # a short end and no pickup after it
        return
    before = measures[played[-2]]
    returned = played[-1] <= played[-2]  # the repeat went back to a pickup
    part_begins = (
        returned or before.ends_repeat or last.begins_repeat or (before.endings and not last.endings)
    )
    if run > 2 or not (run == 2 or part_begins):
        raise TuneError("has a bar that is too short; choose another tune")
    starts[-1] += missing


def melody_of(measures: Sequence[Measure], order: Sequence[int], starts: Sequence[float]) -> list[TuneNote]:
    """The notes of the played measures, onsets in beats of the tune, tied ones joined."""
    notes: list[TuneNote] = []
    for index, start in zip(order, starts, strict=True):
        measure = measures[index]
        for number, note in enumerate(measure.notes):
            onset = start + note.onset
            last = notes[-1] if notes else None
            follows = last is not None and abs(last.end - onset) < TOLERANCE
            # A tie carries an accidental over the bar line, music21 does not.
            if follows and number in measure.tied and abs(last.pitch - note.pitch) <= 1:
                notes[-1] = TuneNote(last.onset, last.duration + note.duration, last.pitch)
            else:
                notes.append(TuneNote(onset, note.duration, note.pitch))
    return notes


def symbols_of(
    measures: Sequence[Measure], order: Sequence[int], starts: Sequence[float]
) -> list[tuple[float, str]]:
    """The chord symbols of the played measures: (onset in beats of the tune, symbol)."""
    return [
        (start + onset, symbol)
        for index, start in zip(order, starts, strict=True)
        for onset, symbol in measures[index].chords
    ]
