"""Blocks: together they are what the whole at once would be."""

from __future__ import annotations

import errno
import resource
import tracemalloc
from contextlib import contextmanager

import numpy as np
import pytest
import soundfile

from common import audio, audio_blocks
from common.audio import AudioError
from common.audio_blocks import BlockWriter, Stretches, prefetched, resample_blocks


def in_blocks(waveform: np.ndarray, samples: int):
    return (waveform[..., first : first + samples] for first in range(0, waveform.shape[-1], samples))


@pytest.mark.parametrize("shape", [(), (2,), (3, 2)])
@pytest.mark.parametrize("rates", [(8000, 44_100), (96_000, 44_100), (44_100, 8000), (44_100, 44_100)])
def test_resampled_blocks_are_the_whole_resampled(shape, rates):
    original, target = rates
    waveform = np.random.default_rng(0).standard_normal((*shape, 20_011)).astype(np.float32)
    blocks = list(resample_blocks(in_blocks(waveform, 3001), original_rate=original, target_rate=target))
    whole = audio.resample(waveform.reshape(-1, 20_011), original_rate=original, target_rate=target)
    np.testing.assert_array_equal(np.concatenate(blocks, axis=-1), whole.reshape(*shape, -1))


@pytest.mark.parametrize("length", [1, 9_999, 10_000, 10_050])
def test_the_length_can_be_asked_for(length):
    waveform = np.ones((2, 20_000), dtype=np.float32)
    blocks = resample_blocks(
        in_blocks(waveform, 777), original_rate=48_000, target_rate=24_000, length=length
    )
    assert sum(block.shape[-1] for block in blocks) == length


def test_there_and_back_every_sample_is_where_it_was():
    click = np.zeros((1, 30_000), dtype=np.float32)
    click[0, 12_345] = 1
    there = resample_blocks(in_blocks(click, 1000), original_rate=32_000, target_rate=44_100)
    back = resample_blocks(there, original_rate=44_100, target_rate=32_000, length=30_000)
    back = np.concatenate(list(back), axis=-1)[0]
    assert back.argmax() == 12_345 and len(back) == 30_000
    np.testing.assert_allclose(back[12_345 - 50 : 12_345], back[12_345 + 50 : 12_345 : -1], atol=1e-5)


@pytest.mark.parametrize("block", [1, 7, 999, 5000, 40_000])
def test_stretches_do_not_depend_on_the_blocks(block):
    waveform = np.random.default_rng(0).standard_normal((2, 1234)).astype(np.float32)
    recording = Stretches(in_blocks(waveform, block))
    for start, end in ((0, 100), (0, 300), (250, 260), (700, 900), (700, 900), (1200, 2000), (1234, 1300)):
        np.testing.assert_array_equal(recording.read(start, end), waveform[:, start:end])
    with pytest.raises(ValueError, match="in order: 700"):
        recording.read(700, 800)


def peak_of_stretches(blocks: int) -> int:
    """Bytes that are held at most while a recording of `blocks` blocks is looked at."""
    recording = Stretches(np.zeros((2, 5000), dtype=np.float32) for _ in range(blocks))
    tracemalloc.start()
    for start in range(0, blocks * 5000, 1500):
        recording.read(start, start + 3000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def test_memory_does_not_grow_with_the_length():
    assert peak_of_stretches(300) < peak_of_stretches(6) + 20_000  # bytes


def test_what_the_thread_meets_is_raised_where_the_items_are_used():
    def items():
        yield 1
        raise AudioError("song.wav: broken")

    found = prefetched(items())
    assert next(found) == 1
    with pytest.raises(AudioError, match="song.wav: broken"):
        next(found)


def written(path, waveform, *, block: int = 700, **options):
    with BlockWriter(
        path, sample_rate=8000, channels=len(waveform), frames=waveform.shape[1], **options
    ) as writer:
        for part in in_blocks(waveform, block):
            writer.write(part)
    return audio.read(path)[0]


@pytest.mark.parametrize("channels", [1, 2, 6])
def test_a_wav_keeps_every_float(tmp_path, channels):
    loud = 3 * np.random.default_rng(0).standard_normal((channels, 5000)).astype(np.float32)
    np.testing.assert_array_equal(written(tmp_path / "loud.wav", loud), loud)
    assert soundfile.info(tmp_path / "loud.wav").subtype == "FLOAT"


def test_a_flac_keeps_24_bits(tmp_path):
    noise = np.random.default_rng(0).uniform(-1, 1, (2, 5000)).astype(np.float32)
    assert np.abs(written(tmp_path / "noise.flac", noise) - noise).max() < 2**-22
    assert soundfile.info(tmp_path / "noise.flac").subtype == "PCM_24"


def test_a_wav_too_large_for_its_header_is_rf64(tmp_path, monkeypatch):
    noise = np.random.default_rng(0).uniform(-1, 1, (2, 5000)).astype(np.float32)
    monkeypatch.setattr(audio_blocks, "LARGEST_WAV", 4 * noise.size - 1)
    np.testing.assert_array_equal(written(tmp_path / "long.wav", noise), noise)
    assert soundfile.info(tmp_path / "long.wav").format == "RF64"
    monkeypatch.setattr(audio_blocks, "LARGEST_WAV", 4 * noise.size)
    written(tmp_path / "short.wav", noise)
    assert soundfile.info(tmp_path / "short.wav").format == "WAV"


def test_what_a_format_cannot_hold_is_said(tmp_path):
    with pytest.raises(AudioError, match="cannot write 9 channels at 8000 Hz as FLAC"):
        written(tmp_path / "many.flac", np.zeros((9, 100), dtype=np.float32))


@contextmanager
def small_disk():
    """No file may grow beyond 500 bytes: only around what is tested, as pytest may be writing to one, too."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("samples", [100, 100_000])  # the disk fills with the last write, or before
@pytest.mark.parametrize("audio_format", ["wav", "flac"])
def test_a_full_disk_is_named(tmp_path, samples, audio_format):
    path = tmp_path / f"song.{audio_format}"
    noise = np.random.default_rng(0).uniform(-1, 1, (2, samples)).astype(np.float32)
    with small_disk(), pytest.raises(OSError, match="File too large") as caught:
        written(path, noise)
    assert caught.value.errno == errno.EFBIG and caught.value.filename == str(path)
