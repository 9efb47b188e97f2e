"""The files of a song's outputs: all of them complete, or none.

They are written beside their places, as hidden files, and renamed when the last sample is written. Samples
are 32-bit floats: an estimate may be louder than full scale, and neither clipping nor scaling one stem
would leave the sum of all what it was. FLAC holds whole numbers, here of 24 bits: it is encoded from the
floats once these are all known, and a song in which something is louder than full scale stays in wav.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import numpy as np

from common.audio import AudioInfo, read_channel_blocks
from common.audio_blocks import Block, BlockWriter

REMIX = "remix"
ENCODED_AT_ONCE = 1 << 18  # samples
FLAC_CHANNELS, FLAC_RATE = 8, 655_350  # the most that the format holds; Hz


class StemWriter:
    """Takes the outputs of a song, block after block; `paths` says where they lie once all is written.

    mix_gains: dB by output; if there are any, the remix is the sum of all outputs, each with its gain.
    """

    def __init__(self, writers: Mapping[str, BlockWriter], mix_gains: Mapping[str, float]) -> None:
        self.writers = writers
        self.factors = {name: 10 ** (decibels / 20) for name, decibels in mix_gains.items()}
        self.peak = 0.0
        self.paths: dict[str, Path] = {}

    def write(self, blocks: Mapping[str, Block]) -> None:
        """Append (channels, samples) to each output's file; outputs without one only enter the remix."""
        if REMIX in self.writers:
            remix = sum(np.float32(self.factors.get(name, 1)) * block for name, block in blocks.items())
            blocks = {**blocks, REMIX: remix}
        for name, writer in self.writers.items():
            self.peak = max(self.peak, float(np.abs(blocks[name]).max(initial=0)))
            writer.write(blocks[name])


@contextmanager
def open_stems(
    folder: Path,
    names: Sequence[str],
    *,
    info: AudioInfo,
    audio_format: str = "wav",
    mix_gains: Mapping[str, float] | None = None,
) -> Iterator[StemWriter]:
    """Write FOLDER/NAME.wav (or .flac) for each of `names`, for a recording as `info` describes it.

    With `mix_gains` also FOLDER/remix.wav. Errors: OSError; whatever is raised within, nothing is left.
    """
    folder.mkdir(parents=True, exist_ok=True)
    beside = {
        name: folder / f".{name}.partial" for name in (*names, *([REMIX] if mix_gains else []))
    }  # the same each time: what a crash left is overwritten
    try:
        with ExitStack() as stack:
            writers = {
                name: stack.enter_context(block_writer(path, info, "WAV")) for name, path in beside.items()
            }
            stems = StemWriter(writers, mix_gains or {})
            yield stems
        flac = audio_format == "flac" and fits_flac(info, stems.peak)
        if flac:
            for path in beside.values():
                encode_flac(path, info)
        stems.paths = {name: folder / f"{name}{'.flac' if flac else '.wav'}" for name in beside}
        for name, path in beside.items():
            path.replace(stems.paths[name])
    finally:
        for path in beside.values():
            path.unlink(missing_ok=True)
        with suppress(OSError):
            folder.rmdir()  # if it is empty


def block_writer(path: Path, info: AudioInfo, audio_format: str) -> BlockWriter:
    return BlockWriter(
        path,
        sample_rate=info.sample_rate,
        channels=info.channels,
        frames=info.frames,
        audio_format=audio_format,
    )


def fits_flac(info: AudioInfo, peak: float) -> bool:
    """Whether FLAC can hold a recording like this in which nothing is louder than `peak`."""
    return peak <= 1 and info.channels <= FLAC_CHANNELS and info.sample_rate <= FLAC_RATE


def encode_flac(path: Path, info: AudioInfo) -> None:
    """Replace a wav file by its FLAC, under the same name."""
    encoded = path.with_name(f"{path.stem}.flac.partial")
    try:
        with block_writer(encoded, info, "FLAC") as writer:
            for block in read_channel_blocks(path, samples=ENCODED_AT_ONCE):
                writer.write(block)
        encoded.replace(path)
    finally:
        encoded.unlink(missing_ok=True)
