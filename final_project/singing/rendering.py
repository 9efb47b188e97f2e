"""A take, a shift for each frame and a time map -> the corrected take, piece by piece.

What needs no change is copied from the recording, sample for sample: consonants, silence, and every voiced
stretch whose notes are in tune already. The rest WORLD analyses and sings anew: envelope (CheapTrick) and
aperiodicity (D4C) are measured where the time map reads, with the pitch that was sung, and synthesized with
the pitch that should have been. So formants stay where they are. Pieces meet in short fades.

Of a piece that WORLD sings only some seconds are held in memory. A longer stretch is cut, and each piece
begins with a period that the piece before has, too: over the fade, both have their pulses at the same time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import soxr
from numpy.typing import NDArray

from common.audio_blocks import Block, Stretches
from common.singing.world import FRAME, load_pyworld
from final_project.singing.loudness_match import as_loud
from final_project.singing.time_correction import TimeMap
from final_project.singing.tracking import PitchTrack

FADE = 0.01  # s, centred where two pieces meet
CONTEXT = 0.1  # s of sound around a piece, for the windows of the analysis
LEAD = 0.03  # s that WORLD sings before a piece, as its first period has no pulse
LONGEST = 1600  # frames (8 s) of a piece
HELD = 48_000  # samples before a piece, half a second at 96 kHz: more than a lead and a context
LOWEST_RATE = 16_000  # Hz; D4C looks up to 7.9 kHz
USUAL_FLOOR, LOW_FLOOR = 71.0, 55.0  # Hz of the lowest tone that CheapTrick's window is made for
HEARD = 1e-4  # semitones, frames; less is no change


@dataclass(frozen=True)
class Piece:
    """Frames `first` .. `end` (exclusive) of the take; `sung`: WORLD sings them, else they are copied."""

    first: int
    end: int
    sung: bool


@dataclass(frozen=True)
class Correction:
    """What is to be done with a take: shifts (frames,) in semitones, and when each frame sounds."""

    track: PitchTrack
    shifts: NDArray[np.float64]
    times: TimeMap

    def pieces(self) -> list[Piece]:
        """The whole take in order. A piece that WORLD sings is either voiced or not."""
        kind = np.where(self.changed_frames(), 1 + self.track.voiced, 0)
        edges = [0, *(np.flatnonzero(np.diff(kind)) + 1).tolist(), len(kind)]
        whole = [Piece(first, end, bool(kind[first])) for first, end in pairwise(edges)]
        return [part for piece in whole for part in shortened(piece)]

    def changed_frames(self) -> NDArray[np.bool_]:
        """Frames that cannot be copied: bool (frames,). A voiced stretch is sung as a whole, or copied."""
        changed = np.abs(self.times.lengths - 1) > HEARD
        for begin, end in self.track.stretches():
            changed[begin:end] = changed[begin:end].any() or np.abs(self.shifts[begin:end]).max() > HEARD
        return changed

    def pitches_at(self, source: NDArray[np.float64], piece: Piece) -> tuple[NDArray, NDArray]:
        """f0 of the take and of the output, Hz, 0 where unvoiced, at seconds `source` around a piece.

        Beyond the piece its first or last frame goes on, as both sides of a fade should have the same pitch.
        """
        position = np.clip(source / FRAME, piece.first, piece.end - 1)
        voiced = self.track.voiced[np.round(position).astype(int)]
        frames = piece.first + np.flatnonzero(self.track.voiced[piece.first : piece.end])
        if not len(frames):
            return np.zeros(len(source)), np.zeros(len(source))
        sung = np.exp2(np.interp(position, frames, np.log2(self.track.raw_f0[frames].astype(float))))
        shift = np.interp(position, frames, self.shifts[frames])
        return np.where(voiced, sung, 0.0), np.where(voiced, sung * np.exp2(shift / 12), 0.0)


def shortened(piece: Piece) -> list[Piece]:
    """A piece in parts of at most `LONGEST` frames."""
    count = -(-(piece.end - piece.first) // LONGEST)
    edges = np.linspace(piece.first, piece.end, count + 1).round().astype(int).tolist()
    return [Piece(first, end, piece.sung) for first, end in pairwise(edges)]


def render(
    correction: Correction, blocks: Iterable[Block], *, sample_rate: int, frames: int
) -> Iterator[Block]:
    """The corrected take, in blocks (channels, samples), from a recording of `frames` samples."""
    recording = Stretches(blocks)
    duration = frames / sample_rate
    edge = round(FADE / 2 * sample_rate)
    fade_in = 0.5 - 0.5 * np.cos(np.pi * (np.arange(2 * edge) + 0.5) / (2 * edge))
    before = None
    pieces = [piece for piece in correction.pieces() if piece.first * FRAME < duration]
    for place, piece in enumerate(pieces):
        last = place == len(pieces) - 1
        source = piece.first * FRAME, duration if last else piece.end * FRAME
        begin, end = (
            round(float(time) * sample_rate) for time in correction.times.output_at(np.array(source))
        )
        begin, end = (begin - edge if place else 0), end + (0 if last else edge)
        make = sung if piece.sung else copied
        sound = make(correction, piece, recording, begin, end, sample_rate=sample_rate)
        if before is not None:
            after = sound[:, : 2 * edge]
            sound[:, : 2 * edge] = before + fade_in * (after - before)  # exact where they agree
        before = None if last else sound[:, -2 * edge :]
        yield (sound if last else sound[:, : -2 * edge]).astype(np.float32)


def copied(
    correction: Correction, piece: Piece, recording: Stretches, begin: int, end: int, *, sample_rate: int
) -> NDArray[np.float32]:
    """Samples `begin` .. `end` of the output as they are in the recording."""
    start = piece.first * FRAME
    moved = round(float(correction.times.output_at(np.array(start))) * sample_rate) - round(
        start * sample_rate
    )
    return padded(recording, begin - moved, end - moved).copy()


def sung(
    correction: Correction, piece: Piece, recording: Stretches, begin: int, end: int, *, sample_rate: int
) -> NDArray[np.float64]:
    """Samples `begin` .. `end` of the output, each channel sung anew: (channels, samples)."""
    starts = pulse_before(correction, piece, begin, sample_rate=sample_rate)
    times = starts + np.arange(int((end / sample_rate - starts) / FRAME) + 3) * FRAME
    source = correction.times.source_at(times)
    first = round((source[0] - CONTEXT) * sample_rate)
    waveform = padded(recording, first, round((source[-1] + CONTEXT) * sample_rate))
    f0, wanted = correction.pitches_at(source, piece)
    skip = round((begin / sample_rate - starts) * sample_rate)
    positions = source - first / sample_rate
    voices = {}  # channels that are the same are sung once
    for channel in waveform:
        key = channel.tobytes()
        if key not in voices:
            voices[key] = resung(channel, f0, wanted, positions, sample_rate=sample_rate)
    return np.stack([voices[channel.tobytes()][skip : skip + end - begin] for channel in waveform])


def pulse_before(correction: Correction, piece: Piece, begin: int, *, sample_rate: int) -> float:
    """When (seconds of the output) WORLD has to start for a piece that is heard from sample `begin` on.

    WORLD's first pulse comes one period after its first frame. The later pieces of a voiced stretch count
    its periods from the start of the first one, and start with one of its pulses: so they go on with them.
    """
    start = begin / sample_rate - LEAD
    stretch = next((run for run in correction.track.stretches() if run[0] < piece.first < run[1]), None)
    if stretch is None:
        return start
    first = round(float(correction.times.output_at(np.array(stretch[0] * FRAME))) * sample_rate)
    edge = round(FADE / 2 * sample_rate) if stretch[0] else 0
    times = np.arange((first - edge) / sample_rate - LEAD, start + 2 * FRAME, FRAME)
    _, wanted = correction.pitches_at(correction.times.source_at(times), Piece(*stretch, True))
    periods = np.concatenate([[0.0], np.cumsum((wanted[1:] + wanted[:-1]) / 2 * FRAME)])
    return float(np.interp(np.floor(np.interp(start, times, periods)), periods, times))


def resung(
    waveform: NDArray[np.float32],
    f0: NDArray[np.float64],
    wanted: NDArray[np.float64],
    positions: NDArray[np.float64],
    *,
    sample_rate: int,
) -> NDArray[np.float64]:
    """One channel (samples,) read at `positions` (frames,), seconds, where it has `f0`, with f0 `wanted`.

    As many samples as there are frames, at `sample_rate`.
    """
    pyworld = load_pyworld()
    factor = -(-LOWEST_RATE // sample_rate)
    rate = factor * sample_rate
    heard = waveform if factor == 1 else soxr.resample(waveform, sample_rate, rate)
    heard = np.ascontiguousarray(heard, dtype=float)
    floor = USUAL_FLOOR if f0[f0 > 0].min(initial=np.inf) > USUAL_FLOOR else LOW_FLOOR
    size = pyworld.get_cheaptrick_fft_size(rate, floor)
    envelopes = pyworld.cheaptrick(heard, f0, positions, rate, f0_floor=floor, fft_size=size)
    noise = pyworld.d4c(heard, f0, positions, rate, threshold=0.0, fft_size=size)
    voice = pyworld.synthesize(wanted, envelopes, noise, rate, 1000 * FRAME)
    voice = as_loud(voice, heard, positions, sample_rate=rate)
    return voice if factor == 1 else soxr.resample(voice, rate, sample_rate)


def padded(recording: Stretches, begin: int, end: int) -> NDArray[np.float32]:
    """Samples `begin` .. `end` (channels, samples) of a recording, zeros where it is not."""
    held = max(begin - HELD, recording.first, 0)  # the next piece may read what lies before this one
    found = recording.read(held, max(end, held))[:, max(begin - held, 0) :]
    missing = end - begin - max(-begin, 0) - found.shape[-1]
    return np.pad(found, ((0, 0), (max(-begin, 0), missing)))
