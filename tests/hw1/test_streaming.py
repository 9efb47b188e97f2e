"""Streaming: whatever the length, rate and blocks, the answer of reading the whole file at once."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
import soundfile as sf
import torch

from common import audio
from common.audio import AudioError
from common.audio_blocks import prefetched
from hw1_instrument_detection.streaming import (
    BATCH_SIZE,
    Schedule,
    cut_windows,
    detect_activity,
    read_blocks,
    stacked,
)

RATE = 1000  # Hz: small files, and times that are whole numbers of samples


class LoudnessDetector:
    """Class 0: the share of samples above 0.5; class 8: the rest. Frames of 0.1 s."""

    sample_rate, frames_per_second = RATE, 10.0
    thresholds = np.full(9, 0.5)

    def activity(self, waveforms: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
        assert waveforms.shape[1] == 5 * RATE and len(waveforms) <= BATCH_SIZE
        loud = (waveforms > 0.5).double().unflatten(1, (50, -1)).mean(dim=2).numpy()  # (B, 50)
        frames = np.zeros((len(loud), 9, 50))
        frames[:, 0], frames[:, 8] = loud, 1 - loud
        return frames.mean(axis=2), frames


def recording(tmp_path, seconds: float, loud: list[tuple[float, float]], *, rate: int = RATE):
    """A file whose samples are 0.9 in the stretches `loud` and 0.1 elsewhere."""
    time = (np.arange(round(seconds * rate)) + 0.5) / rate
    waveform = np.full(len(time), 0.1)
    for start, end in loud:
        waveform[(time > start) & (time < end)] = 0.9
    sf.write(tmp_path / "song.wav", waveform, rate)
    return tmp_path / "song.wav"


@pytest.mark.parametrize(
    ("seconds", "step", "edges", "starts"),
    [
        (3.2, 5, [0, 3.2], [0]),  # filled up with silence
        (5, 5, [0, 5], [0]),
        (10, 5, [0, 5, 10], [0, 5]),  # exact multiples give no further step
        (12.3, 5, [0, 5, 10, 12.3], [0, 5, 7.3]),  # the last window ends with the file
        (10.05, 5, [0, 5, 10], [0, 5]),  # what an encoder leaves at the end is no step
        (10.2, 5, [0, 5, 10, 10.2], [0, 5, 5.2]),
        (8, 2, [0, 2, 4, 6, 8], [0, 2, 3]),
        (7, 2, [0, 2, 4, 6, 7], [0, 2]),
        (3, 2, [0, 2, 3], [0]),
        (0.01, 5, [0, 0.01], [0]),
    ],
)
def test_where_steps_and_windows_lie(seconds, step, edges, starts):
    schedule = Schedule(round(seconds * RATE), RATE, step)
    assert schedule.edges.tolist() == [round(edge * RATE) for edge in edges]
    assert schedule.starts.tolist() == [round(start * RATE) for start in starts]


@pytest.mark.parametrize("step", [0.1, 1 / 3, 0.7, 1, 2.5, 3.1, 5])
def test_every_step_lies_in_a_window_that_begins_no_later(step):
    for samples in (1, 150, 4999, 5000, 5001, 5100, 5101, 12_345, 20_000, 33_333):
        schedule = Schedule(samples, RATE, step)
        covered = set()
        for start in schedule.starts:
            assert 0 <= start <= max(0, samples - schedule.window)
            covered.update(range(*schedule.steps_within(start)))
        assert covered == set(range(len(schedule.edges) - 1))
        assert (np.diff(schedule.edges) > 0).all()


@pytest.mark.parametrize("step", [0.0, 0.05, 5.1, float("nan")])
def test_a_step_is_a_tenth_of_a_second_to_a_window(step):
    with pytest.raises(ValueError, match="step_seconds must be 0.1 to 5.0"):
        Schedule(10_000, RATE, step)


def test_known_answer(tmp_path):
    activity = detect_activity(LoudnessDetector(), recording(tmp_path, 12.3, [(5, 10)]))
    last = (10 - 7.3) / 5  # of the window that ends with the file
    np.testing.assert_allclose(activity.probabilities[:, 0], [0, 1, last])
    np.testing.assert_allclose(activity.probabilities[:, 8], [1, 0, 1 - last])
    assert activity.active[:, 0].tolist() == [False, True, True] and not activity.active[:, 1:8].any()
    assert activity.edges.tolist() == [0, 5, 10, 12.3] and activity.duration == 12.3
    frames = np.arange(123)
    np.testing.assert_allclose(activity.frame_probabilities[:, 0], (frames >= 50) & (frames < 100))


def test_a_file_shorter_than_a_window_is_filled_up_with_silence(tmp_path):
    activity = detect_activity(LoudnessDetector(), recording(tmp_path, 2, [(1, 2)]))
    np.testing.assert_allclose(activity.probabilities[:, 0], [1 / 5])
    np.testing.assert_allclose(activity.frame_probabilities[:, 0], np.repeat([0.0, 1.0], 10))


@pytest.mark.parametrize("step", [0.5, 1.0, 1.7, 5.0])
def test_overlapping_windows_as_worked_out_one_by_one(tmp_path, step):
    rng = np.random.default_rng(0)
    loud = [(start, start + rng.uniform(0.1, 2)) for start in rng.uniform(0, 60, 15)]
    path = recording(tmp_path, 63.21, loud)
    waveform = audio.read(path)[0][0]
    starts = [round(k * step * RATE) for k in range(1000) if round(k * step * RATE) + 5000 <= len(waveform)]
    starts.append(len(waveform) - 5000)
    share = {start: (waveform[start : start + 5000] > 0.5).mean() for start in starts}
    activity = detect_activity(LoudnessDetector(), path, step_seconds=step)
    edges = np.round(activity.edges * RATE)
    assert edges[-1] == len(waveform)
    for step_start, step_end, probability in zip(
        edges[:-1], edges[1:], activity.probabilities[:, 0], strict=True
    ):
        around = [share[start] for start in starts if start <= step_start and step_end <= start + 5000]
        assert probability == pytest.approx(np.mean(around))


def test_progress_ends_at_the_duration(tmp_path):
    seen = []
    detect_activity(LoudnessDetector(), recording(tmp_path, 120.4, [(0, 1)]), progress=seen.append)
    assert seen == [40, 80, 120, 120.4]


@pytest.mark.parametrize("rate", [8000, 24_000, 44_100, 96_000])
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_blocks_are_what_reading_at_once_gives(tmp_path, rate, channels):
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, (rate * 7 // 3, channels))
    sf.write(tmp_path / "noise.wav", noise, rate)
    whole, _ = audio.read(tmp_path / "noise.wav", sample_rate=24_000, mono=True)
    for block_seconds in (0.5, 0.31, 60):
        blocks = read_blocks(tmp_path / "noise.wav", sample_rate=24_000, block_seconds=block_seconds)
        np.testing.assert_array_equal(np.concatenate(list(blocks)), whole[0])


@pytest.mark.parametrize("suffix", [".flac", ".ogg", ".mp3"])
def test_compressed_files_have_no_seams(tmp_path, suffix):
    noise = np.random.default_rng(0).uniform(-0.3, 0.3, (2, 44_100 * 3)).astype(np.float32)
    path = audio.write(tmp_path / f"noise{suffix}", noise, sample_rate=44_100)
    whole, _ = audio.read(path, sample_rate=24_000, mono=True)
    blocks = read_blocks(path, sample_rate=24_000, block_seconds=0.7)
    np.testing.assert_array_equal(np.concatenate(list(blocks)), whole[0])


def test_a_single_sample_at_a_high_rate_is_one_sample(tmp_path):
    sf.write(tmp_path / "click.wav", [0.5], 96_000)
    assert len(np.concatenate(list(read_blocks(tmp_path / "click.wav", sample_rate=24_000)))) == 1


@pytest.mark.parametrize("block", [1, 7, 999, 5000, 12_000, 40_000])
def test_windows_do_not_depend_on_the_blocks(block):
    waveform = np.random.default_rng(0).standard_normal(12_345).astype(np.float32)
    blocks = (waveform[first : first + block] for first in range(0, len(waveform), block))
    starts = [0, 300, 5000, 6000, 7345, 9000]
    windows = list(cut_windows(blocks, np.array(starts), 5000))
    assert [start for start, _ in windows] == starts
    padded = np.pad(waveform, (0, 5000))
    for start, window in windows:
        np.testing.assert_array_equal(window, padded[start : start + 5000])


def peak_of_windows(blocks: int) -> int:
    """Bytes that are held at most while a recording of `blocks` blocks is cut into windows."""
    reader = (np.zeros(20_000, dtype=np.float32) for _ in range(blocks))
    starts = np.arange(0, blocks * 20_000 - 5000, 2500)
    tracemalloc.start()
    for batch in prefetched(stacked(cut_windows(reader, starts, 5000))):
        assert len(batch.starts) <= BATCH_SIZE
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def test_memory_does_not_grow_with_the_length():
    few, many = peak_of_windows(6), peak_of_windows(300)
    assert many < few + 20_000 < 300 * 20_000  # bytes; the recording itself has 24 MB


def test_no_more_than_the_next_batch_is_read_ahead():
    given = []

    def reader():
        for number in range(100):
            given.append(number)
            yield np.full(5000, number, dtype=np.float32)

    batches = prefetched(stacked(cut_windows(reader(), np.arange(0, 500_000, 5000), 5000)))
    for used, batch in enumerate(batches, start=1):
        assert batch.waveforms[:, 0].tolist() == [start / 5000 for start in batch.starts]
        assert len(given) <= (used + 1) * BATCH_SIZE


def test_what_is_wrong_with_a_file_is_one_line(tmp_path):
    def reason(name: str) -> str:
        with pytest.raises(AudioError) as caught:
            detect_activity(LoudnessDetector(), tmp_path / name)
        assert "\n" not in str(caught.value)
        return str(caught.value).removeprefix(f"{tmp_path / name}: ")

    tone = 0.5 * np.sin(np.arange(30_000))
    sf.write(tmp_path / "silent.wav", np.zeros(30_000), RATE)
    sf.write(tmp_path / "opposite.wav", np.stack([tone, -tone], axis=1), RATE, subtype="FLOAT")
    sf.write(tmp_path / "nan.wav", np.where(np.arange(30_000) == 25_500, np.nan, tone), RATE, subtype="FLOAT")
    sf.write(tmp_path / "whole.flac", np.random.default_rng(0).uniform(-0.5, 0.5, 60_000), 8000)
    (tmp_path / "cut.flac").write_bytes((tmp_path / "whole.flac").read_bytes()[:50_000])
    (tmp_path / "text.wav").write_text("no sound")
    assert reason("silent.wav").startswith("silent")
    assert reason("opposite.wav").startswith("silent when mixed to one channel")
    assert reason("nan.wav").startswith("NaN or infinite samples, the first at 25.500 s")
    assert "truncated" in reason("cut.flac")
    assert reason("text.wav").startswith("not readable as audio")
    assert reason("nowhere.wav").startswith("no such file")
