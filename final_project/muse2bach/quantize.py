"""Notes in seconds, as somebody has sung or played them -> notes in quarter notes, and the tempo.

Every tempo of a list is tried. With each, the notes are read one after another: the time to the next onset
becomes as many sixteenths as fit best, common note values before rare ones and beats before what is between
them, and the tempo follows the player a little; several readings are kept, for what comes may explain what
was. The tempo under which the notes need the least departure and the simplest values, and which
is itself a usual one, is taken. Half or double of what was meant remains possible, as it is for a listener
who hears one line alone; `--tempo` decides.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from common.notes_in.lines import LineNote
from final_project.muse2bach.chorale import FRAMES_PER_QUARTER

SLOWEST, FASTEST = 20.0, 400.0  # quarter notes a minute
TEMPI = np.geomspace(40, 200, 82)  # 2 % apart
USUAL, SPREAD = 90.0, 0.45  # of tempi: median, and deviation of the logarithm
DEVIATION, JITTER = 0.10, 0.025  # of played durations: share of the written one, and seconds
PHASE, FOLLOW = 0.4, 0.25  # how much of a departure the beat and the tempo take up
# Costs in nats of a length in sixteenths; others cost RARE. Roughly by how often sopranos have them.
COSTS = {1: 3.0, 2: 1.2, 3: 3.0, 4: 0.5, 6: 2.0, 8: 1.5, 12: 3.0, 16: 3.0}
RARE = 5.0
OFF_BEAT = (0.0, 1.0, 0.3, 1.0)  # nats of an onset at each sixteenth of a quarter note
WIDTH = 6  # readings
LONGEST = 32  # sixteenths


@dataclass(frozen=True)
class HeardNote:
    """A note of a recording: seconds, and a MIDI pitch."""

    onset: float
    end: float
    pitch: int


class Quantized(NamedTuple):
    """notes: in quarter notes from the first onset. tempo: quarter notes a minute. cost: nats a note."""

    notes: tuple[LineNote, ...]
    tempo: float
    cost: float


def quantize(notes: Sequence[HeardNote], *, tempo: float | None = None) -> Quantized:
    """The notes on the grid of sixteenths. tempo: quarter notes a minute, if it is known."""
    onsets = np.array([note.onset for note in notes])
    if tempo is None and len(onsets) < 2:
        tempo = USUAL
    tempi = TEMPI if tempo is None else np.array([tempo])
    readings = [follow(onsets, candidate, steady=tempo is not None) for candidate in tempi]
    totals = [
        reading.cost + 0.5 * (np.log(candidate / USUAL) / SPREAD) ** 2
        for reading, candidate in zip(readings, tempi, strict=True)
    ]
    best = readings[int(np.argmin(totals))].history()
    begins = np.array([reading.place for reading in best]) / FRAMES_PER_QUARTER
    paces = [reading.pace for reading in best[1:]] or [best[0].pace]  # of each note but the last
    found = []
    for place, note in enumerate(notes):
        pace = paces[min(place, len(paces) - 1)]
        sounding = max(round((note.end - note.onset) / pace * FRAMES_PER_QUARTER), 1)
        end = begins[place] + min(sounding, LONGEST) / FRAMES_PER_QUARTER
        if place + 1 < len(notes):
            end = min(end, begins[place + 1])
        else:  # nobody hears when exactly the last note should have ended: at a beat
            end = max(round(end), np.floor(begins[place]) + 1)
        found.append(LineNote(float(begins[place]), float(end), note.pitch))
    heard = float(tempi[0]) if tempo is not None else 60 / float(np.mean(paces))
    return Quantized(tuple(found), heard, best[-1].cost / max(len(notes) - 1, 1))


@dataclass(frozen=True)
class Reading:
    """The notes up to one of them, read in one way.

    cost: nats. grid: second where the last onset's sixteenth lies, which the player may have missed. pace:
    seconds a quarter note. place: sixteenths from the first onset to the last. before: without the last note.
    """

    cost: float
    grid: float
    pace: float
    place: int = 0
    before: Reading | None = None

    def history(self) -> list[Reading]:
        """The readings up to each of the notes."""
        found, reading = [], self
        while reading is not None:
            found.append(reading)
            reading = reading.before
        return found[::-1]


def follow(onsets: Sequence[float], tempo: float, *, steady: bool = False) -> Reading:
    """The cheapest reading of the onsets (seconds), of the WIDTH cheapest that are kept at each of them.

    steady: the tempo is known, and does not follow the player.
    """
    readings = [Reading(0.0, float(onsets[0]), 60 / tempo)]
    for onset in map(float, onsets[1:]):
        found = [longer for reading in readings for longer in read_on(reading, onset, steady=steady)]
        readings = sorted(found, key=lambda reading: reading.cost)[:WIDTH]
    return readings[0]


def read_on(reading: Reading, onset: float, *, steady: bool) -> Iterator[Reading]:
    """The reading with one note more, for each length that is near."""
    sixteenth = reading.pace / FRAMES_PER_QUARTER
    exact = (onset - reading.grid) / sixteenth
    for length in range(max(math.floor(0.7 * exact), 1), max(math.ceil(1.4 * exact), 1) + 1):
        deviation = math.hypot(DEVIATION * length, JITTER / sixteenth)
        cost = 0.5 * ((exact - length) / deviation) ** 2 + COSTS.get(length, RARE)
        cost += OFF_BEAT[(reading.place + length) % FRAMES_PER_QUARTER]
        error = onset - reading.grid - length * sixteenth
        grid = onset if length > LONGEST else onset - (1 - PHASE) * error
        pace = reading.pace
        if not steady:
            relative = min(max(error / (length * sixteenth), -0.3), 0.3)
            pace *= 1 + FOLLOW * relative * min(length / FRAMES_PER_QUARTER, 1)
        yield Reading(reading.cost + cost, grid, pace, reading.place + length, reading)
