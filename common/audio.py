"""Audio files and waveforms: read, write, resample.

Conventions: a waveform is numpy float32 `(channels, samples)` in [-1, 1] (files in float, or decoded from mp3
and ogg, may pass 1); times are seconds, rates Hz. Whatever is wrong with a file is an `AudioError`, one line
that names the file and the reason. Files go through libsndfile (soundfile), resampling through soxr.
"""

from __future__ import annotations

import io
import math
import os
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr

from common.cli import UserError

FORMATS = {".wav": "WAV", ".flac": "FLAC", ".ogg": "OGG", ".mp3": "MP3"}  # what `write` writes, by extension
LOSSY_FORMATS = {"OGG", "MP3"}
FLOAT_SUBTYPES = {"FLOAT", "DOUBLE"}
WRITE_CHUNK = (
    1 << 16
)  # samples; the Vorbis encoder of libsndfile 1.2 crashes on minutes of audio in one write

# libsndfile shortens a file to what is there and only its log says so: "data : 32000 (should be 19000)".
# The spellings are those of wav, aiff, au, w64 and rf64.
CUT_CHUNK = re.compile(r"(?:data|SSND|Data Size|riff|Riff size)\s*: (\d+) \(should be (\d+)\)")
STREAMED_BYTES = 0x7FFFF000  # from here on the size is a placeholder of programs that write wav into a pipe
MP3_MEMORY = (
    8192  # samples; begun elsewhere, an mp3 at 16 kHz sounded wrong for 2000: earlier bits are missing
)
UNKNOWN_FRAMES = 1 << 62  # libsndfile gives more than this for a stream that does not say how long it is


class AudioError(UserError):
    """An audio file that cannot be used. Its text is one line: FILE: reason; what to do."""


@dataclass(frozen=True)
class AudioInfo:
    """What the header of an audio file says."""

    sample_rate: int
    channels: int
    frames: int

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.frames / self.sample_rate


def info(path: str | Path) -> AudioInfo:
    """Rate, channels and length from the header alone, without decoding. AudioError as in `read`."""
    with _open(Path(path)) as file:
        return AudioInfo(file.samplerate, file.channels, file.frames)


def read(
    path: str | Path,
    *,
    sample_rate: int | None = None,
    mono: bool = False,
    start: float = 0.0,
    duration: float | None = None,
    allow_silence: bool = False,
) -> tuple[np.ndarray, int]:
    """Read a file, or `duration` seconds of it from `start` on -> ((channels, samples), sample rate).

    Resampled if `sample_rate` differs from the file's, to ceil(frames * sample_rate / rate of the file)
    samples; the mean of the channels if `mono`. Only the part asked for is decoded and held in memory.
    AudioError if the file is missing, a folder, empty, no audio or truncated (an ogg file does not tell), has
    no samples, NaN or infinite ones, or zeros alone (unless `allow_silence`), or ends before the part does.
    """
    path = Path(path)
    with _open(path) as file:
        first, count = _part(path, file, start, duration)
        waveform = _decode(path, file, first, count)
        original_rate = file.samplerate
    _check_finite(path, waveform, original_rate, start)
    if mono:
        waveform = to_mono(waveform)
    if not (allow_silence or waveform.any()):
        raise AudioError(f"{path}: silent, all samples are zero; choose another file or part")
    if sample_rate is None:
        return waveform, original_rate
    return resample(waveform, original_rate=original_rate, target_rate=sample_rate), sample_rate


def read_blocks(path: str | Path, *, samples: int) -> Iterator[np.ndarray]:
    """The mean of the channels of a file, in blocks: (samples,), else as `read_channel_blocks`."""
    for block in read_channel_blocks(path, samples=samples):
        yield to_mono(block)[0]


def read_channel_blocks(path: str | Path, *, samples: int) -> Iterator[np.ndarray]:
    """A file at its own rate, `samples` at a time: (channels, samples), the last fewer.

    Together they are what `read` gives at once, in the memory of one. The file stays open: opened anew for
    each block, an mp3 would be scanned from its beginning each time. AudioError as in `read`, but not for
    silence.
    """
    path = Path(path)
    with _open(path) as file:
        for first in range(0, file.frames, samples):
            block = _decode(path, file, first, min(samples, file.frames - first))
            _check_finite(path, block, file.samplerate, first / file.samplerate)
            yield block


def resample(waveform: np.ndarray, *, original_rate: int, target_rate: int) -> np.ndarray:
    """(channels, samples) -> (channels, ceil(samples * target_rate / original_rate)), band-limited, in phase.

    ValueError for rates below 1 Hz. Source: soxr's quality HQ.
    """
    if min(original_rate, target_rate) < 1:
        raise ValueError(f"sample rates must be >= 1 Hz, got {original_rate} and {target_rate}")
    channels, samples = _shape(waveform)
    if original_rate == target_rate or samples == 0:
        return waveform
    length = -(-samples * target_rate // original_rate)
    frames = soxr.resample(
        np.ascontiguousarray(waveform.T), original_rate, target_rate
    )  # (samples, channels)
    resampled = np.zeros((channels, length), dtype=np.float32)  # soxr rounds, and so may be one sample short
    resampled[:, : len(frames)] = frames[:length].T
    return resampled


def to_mono(waveform: np.ndarray) -> np.ndarray:
    """Mean of the channels: (channels, samples) -> (1, samples)."""
    _shape(waveform)
    return waveform.mean(axis=0, keepdims=True, dtype=np.float32)


def write(path: str | Path, waveform: np.ndarray, *, sample_rate: int, subtype: str = "PCM_16") -> Path:
    """Write (channels, samples) as .wav, .flac, .ogg or .mp3, by the extension -> path.

    Where the peak passes 1 the whole waveform is scaled down to 1, with a warning that names the factor;
    `subtype` FLOAT and DOUBLE (wav) keep it as it is; ogg and mp3 have their own coding and ignore `subtype`.
    The file appears complete or not at all; missing folders are made.
    AudioError for NaN or infinite samples, an unknown extension, or what the format cannot hold.
    """
    path = Path(path)
    _shape(waveform)
    if path.suffix.lower() not in FORMATS:
        raise AudioError(
            f"{path}: cannot write {path.suffix or 'a file without extension'}; use {', '.join(FORMATS)}"
        )
    audio_format = FORMATS[path.suffix.lower()]
    _check_finite(path, waveform, sample_rate, 0.0)
    if audio_format in LOSSY_FORMATS:
        subtype = soundfile.default_subtype(audio_format)
    if subtype not in FLOAT_SUBTYPES:
        waveform = _scaled_to_peak(path, waveform)
    _replace(path, _encode(path, waveform, sample_rate, audio_format, subtype))
    return path


class _SoundFile(soundfile.SoundFile):
    """A file that goes on where the last read ended; soundfile seeks there, which an mp3 does not survive."""

    def seekable(self) -> bool:
        return False


@contextmanager
def _open(path: Path) -> Iterator[soundfile.SoundFile]:
    """A file that libsndfile understands and that is as long as its header says."""
    if path.is_dir():
        raise AudioError(f"{path}: is a folder; name an audio file in it")
    if not path.is_file():
        raise AudioError(f"{path}: no such file; check the path")
    if path.stat().st_size == 0:
        raise AudioError(f"{path}: empty, 0 bytes; get the file again")
    if not os.access(path, os.R_OK):
        raise AudioError(f"{path}: no permission to read it; change its owner or mode")
    try:
        file = _SoundFile(os.fsencode(path))  # which takes a str for UTF-8, as not every name is
    except (soundfile.LibsndfileError, TypeError) as error:  # TypeError: .raw, which has no header
        raise AudioError(f"{path}: not readable as audio ({_reason(error)}); convert it to wav") from error
    with file:
        _check_length(path, file)
        yield file


def _check_length(path: Path, file: soundfile.SoundFile) -> None:
    for declared, present in CUT_CHUNK.findall(file.extra_info):
        if int(present) < int(declared) < STREAMED_BYTES:
            raise AudioError(
                f"{path}: truncated, {present} of {declared} bytes are there; get the file again"
            )
    if file.frames >= UNKNOWN_FRAMES:
        raise AudioError(f"{path}: its header does not say how long it is; convert it to wav")
    if file.frames == 0:
        raise AudioError(f"{path}: has no samples; get the file again")


def _part(path: Path, file: soundfile.SoundFile, start: float, duration: float | None) -> tuple[int, int]:
    """First frame and number of frames of the part asked for, which must lie within the file."""
    length = file.frames / file.samplerate
    if not (math.isfinite(start) and start >= 0):
        raise AudioError(f"{path}: start must be >= 0 s, got {start}")
    if duration is not None and not (math.isfinite(duration) and duration > 0):
        raise AudioError(f"{path}: duration must be > 0 s, got {duration}")
    first = round(start * file.samplerate)
    count = file.frames - first if duration is None else round(duration * file.samplerate)
    if first >= file.frames:
        raise AudioError(f"{path}: is {length:.3f} s long, got start {start} s; choose an earlier one")
    if first + count > file.frames:
        raise AudioError(
            f"{path}: is {length:.3f} s long, got start {start} s and duration {duration} s; ask for less"
        )
    if count == 0:
        raise AudioError(f"{path}: duration {duration} s is less than one sample; ask for more")
    return first, count


def _decode(path: Path, file: soundfile.SoundFile, first: int, count: int) -> np.ndarray:
    try:
        if file.tell() != first:
            before = min(first, MP3_MEMORY) if file.format == "MP3" else 0
            file.seek(first - before)
            if before:
                file.read(before, dtype="float32")
        frames = file.read(count, dtype="float32", always_2d=True)  # (samples, channels)
    except soundfile.LibsndfileError as error:
        raise AudioError(f"{path}: damaged or truncated ({_reason(error)}); get the file again") from error
    if len(frames) < count:
        there = first + len(frames)
        raise AudioError(f"{path}: truncated, {there} of {file.frames} samples are there; get the file again")
    return np.ascontiguousarray(frames.T)  # (channels, samples)


def _check_finite(path: Path, waveform: np.ndarray, sample_rate: int, start: float) -> None:
    finite = np.isfinite(waveform).all(axis=0)
    if not finite.all():
        time = start + int(np.argmin(finite)) / sample_rate
        raise AudioError(f"{path}: NaN or infinite samples, the first at {time:.3f} s; make the audio again")


def _shape(waveform: np.ndarray) -> tuple[int, int]:
    if waveform.ndim != 2:
        raise ValueError(f"a waveform is (channels, samples), got shape {waveform.shape}")
    return waveform.shape


def _scaled_to_peak(path: Path, waveform: np.ndarray) -> np.ndarray:
    peak = float(np.abs(waveform).max(initial=0.0))
    if peak <= 1:
        return waveform
    warnings.warn(f"{path}: peak {peak:.3f} > 1, scaled by {1 / peak:.4f}", stacklevel=3)
    return waveform / peak


def _encode(path: Path, waveform: np.ndarray, sample_rate: int, audio_format: str, subtype: str) -> bytes:
    """The bytes of the file; in memory, because libsndfile does not tell a full disk from other failures."""
    buffer = io.BytesIO()
    try:
        with soundfile.SoundFile(
            buffer, "w", sample_rate, len(waveform), format=audio_format, subtype=subtype
        ) as file:
            for begin in range(0, waveform.shape[1], WRITE_CHUNK):
                file.write(waveform[:, begin : begin + WRITE_CHUNK].T)
    except (soundfile.LibsndfileError, ValueError) as error:
        what = f"{len(waveform)} channels at {sample_rate} Hz as {audio_format} {subtype}"
        raise AudioError(
            f"{path}: cannot write {what} ({_reason(error)}); choose other ones, or .wav"
        ) from error
    return buffer.getvalue()


def _replace(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        partial.write_bytes(content)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def _reason(error: Exception) -> str:
    return str(getattr(error, "error_string", error)).removeprefix("Error : ").rstrip(".")
