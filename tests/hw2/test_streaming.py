"""Streaming: whatever the length, rate, channels and chunks, the result of separating the whole at once."""

from __future__ import annotations

import errno
import resource
import tracemalloc

import numpy as np
import pytest
import soundfile as sf
import torch
from scipy.signal import chirp, fftconvolve, lfilter

from common import audio
from common.audio import AudioError, AudioInfo
from common.cli import UserError
from hw2_source_separation import stem_files, streaming
from hw2_source_separation.models import SeparationModel, SeparationModelConfig
from hw2_source_separation.separator import Separator
from hw2_source_separation.streaming import Chunks, separate_blocks, separate_file

RATE = 8000  # Hz, of the separators here


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    """Half a second of context, so that songs of some seconds have many chunks."""
    monkeypatch.setattr(streaming, "CONTEXT_SECONDS", 0.5)
    monkeypatch.setattr(streaming, "FADE_SECONDS", 0.5)
    monkeypatch.setattr(streaming, "SHORTEST_CHUNK", 3.0)


class Gains:
    """Every output is the mixture with a gain, the last one what is left; counts what it is given."""

    def __init__(self, *gains: float, sample_rate: int = RATE) -> None:
        self.gains = torch.tensor([*gains, 1 - sum(gains)])[:, None, None]
        self.outputs = tuple(f"stem{number}" for number in range(len(self.gains)))
        self.sample_rate = sample_rate
        self.shapes = []

    def separate(self, mixture: torch.Tensor) -> torch.Tensor:
        assert mixture.dtype == torch.float32
        self.shapes.append(tuple(mixture.shape))
        return mixture[:, None] * self.gains


class Filter:
    """Vocals: a linear filter, other in each channel, that looks `reach` samples to both sides."""

    sample_rate, outputs = RATE, ("vocals", "accompaniment")

    def __init__(self, *, reach: int = RATE // 2) -> None:
        self.kernel = np.random.default_rng(0).standard_normal((2, 2 * reach + 1)) / reach**0.5

    def separate(self, mixture: torch.Tensor) -> torch.Tensor:
        vocals = fftconvolve(mixture.numpy(), self.kernel[None], mode="full", axes=-1)
        reach = self.kernel.shape[1] // 2
        vocals = torch.from_numpy(vocals[..., reach:-reach].astype(np.float32))
        return torch.stack([vocals, mixture - vocals], dim=1)


class Recurrent:
    """Vocals: a running mean whose memory fades to 1/e in `seconds`, in both directions of time."""

    sample_rate, outputs = RATE, ("vocals", "accompaniment")

    def __init__(self, *, seconds: float) -> None:
        self.decay = float(np.exp(-1 / (seconds * RATE)))

    def separate(self, mixture: torch.Tensor) -> torch.Tensor:
        def run(signal):
            return lfilter([1 - self.decay], [1, -self.decay], signal)

        both = 0.5 * (run(mixture.numpy()) + run(mixture.numpy()[..., ::-1])[..., ::-1])
        vocals = torch.from_numpy(both.astype(np.float32))
        return torch.stack([vocals, mixture - vocals], dim=1)


def noise(seconds: float, *, channels: int = 2, rate: int = RATE, seed: int = 0) -> np.ndarray:
    shape = (channels, round(seconds * rate))
    return np.random.default_rng(seed).uniform(-0.5, 0.5, shape).astype(np.float32)


def save(path, waveform: np.ndarray, *, rate: int = RATE, subtype: str = "FLOAT"):
    sf.write(path, waveform.T, rate, subtype=subtype)
    return path


def streamed(
    separator, waveform: np.ndarray, *, rate: int = RATE, block: int = 7001, **options
) -> np.ndarray:
    """What separate_blocks gives for a waveform, as one array (outputs, channels, samples)."""
    blocks = (waveform[:, first : first + block] for first in range(0, waveform.shape[1], block))
    info = AudioInfo(rate, *waveform.shape)
    return np.concatenate(list(separate_blocks(separator, blocks, info=info, **options)), axis=-1)


def whole(separator, waveform: np.ndarray) -> np.ndarray:
    return separator.separate(torch.from_numpy(waveform)[None])[0].numpy()


@pytest.mark.parametrize("seconds", [0.01, 1, 2.9, 3.0, 3.1, 4.5, 12.0, 12.1, 31.7])
@pytest.mark.parametrize("chunk_seconds", [3, 5, 12])
def test_with_finite_context_chunks_give_what_the_whole_gives(seconds, chunk_seconds):
    mixture, separator = noise(seconds), Filter()
    found = streamed(separator, mixture, chunk_seconds=chunk_seconds)
    np.testing.assert_allclose(found, whole(separator, mixture), atol=1e-5)


def test_at_the_very_edges_of_chunks():
    """Every length around those at which a chunk more is needed."""
    length, step = Chunks(10**6, sample_rate=RATE, seconds=3).length, Chunks(10**6, sample_rate=RATE).step
    for samples in (1, length - 1, length, length + 1, length + step, length + step + 1):
        mixture = noise(samples / RATE)
        found = streamed(Filter(reach=400), mixture, chunk_seconds=3)
        np.testing.assert_allclose(found, whole(Filter(reach=400), mixture), atol=1e-5)


def test_the_default_model_looks_no_further_than_the_context(monkeypatch):
    monkeypatch.undo()  # the real context
    torch.manual_seed(0)
    separator = Separator(SeparationModel(SeparationModelConfig()), torch.device("cpu"))
    mixture = noise(15, rate=44_100)
    found = streamed(separator, mixture, rate=44_100)
    np.testing.assert_allclose(found, whole(separator, mixture), atol=1e-5)


@pytest.mark.parametrize(("memory", "tolerance"), [(0.05, 1e-4), (0.2, 0.03)])
def test_a_recurrent_separator_is_near_and_has_no_clicks(memory, tolerance):
    """Half a second of context leaves e^(-0.5 / memory) of what the whole would remember."""
    time = np.arange(20 * RATE) / RATE
    mixture = np.stack([np.sin(2 * np.pi * 3 * time), np.cos(2 * np.pi * 5 * time)]).astype(np.float32)
    found, truth = (way(Recurrent(seconds=memory), mixture) for way in (streamed, whole))
    assert np.abs(found - truth).max() < tolerance
    step = np.abs(np.diff(found[0])).max()  # the largest leap between two samples
    assert step < np.abs(np.diff(truth[0])).max() * 1.5 + 1e-5


@pytest.mark.parametrize("batch_size", [2, 3, 8])
@pytest.mark.parametrize("channels", [1, 2, 5])
def test_batches_give_what_single_chunks_give(batch_size, channels):
    mixture, separator = noise(20, channels=channels), Gains(0.3, 0.5)
    found = streamed(separator, mixture, chunk_seconds=3, batch_size=batch_size)
    assert max(shape[0] for shape in separator.shapes) <= batch_size
    np.testing.assert_allclose(found, streamed(Gains(0.3, 0.5), mixture, chunk_seconds=3), atol=1e-6)


@pytest.mark.parametrize("rate", [8000, 11_025, 22_050, 44_100, 96_000])
@pytest.mark.parametrize("channels", [1, 2, 3, 6])
def test_at_any_rate_the_outputs_add_up_to_the_recording(tmp_path, rate, channels):
    path = save(tmp_path / "song.wav", noise(4.3, channels=channels, rate=rate), rate=rate)
    separator = Gains(0.25, 0.5, sample_rate=44_100)
    paths = separate_file(separator, path, tmp_path / "out")
    stems = [audio.read(stem) for stem in paths.values()]
    assert all(stem_rate == rate for _, stem_rate in stems)
    mixture = audio.read(path)[0]
    np.testing.assert_allclose(sum(stem for stem, _ in stems), mixture, atol=1e-6)
    assert [path.name for path in sorted((tmp_path / "out").iterdir())] == [f"stem{n}.wav" for n in range(3)]


@pytest.mark.parametrize("rate", [8000, 22_050, 48_000, 96_000])
def test_at_any_rate_a_sample_stays_where_it_is(rate):
    time = np.arange(9 * rate) / rate
    sweep = chirp(time, 50, 9, 3000) * np.hanning(len(time))
    click = np.where(np.arange(len(time)) == 5 * rate + 11, 0.9, 0)
    mixture = np.stack([sweep, click]).astype(np.float32)
    found = streamed(Gains(0.5, sample_rate=44_100), mixture, rate=rate, chunk_seconds=3)
    np.testing.assert_allclose(found[0, 0], 0.5 * sweep, atol=1e-3)  # a sample off would be 0.2 and more
    assert found[0, 1].argmax() == 5 * rate + 11


def test_a_single_channel_is_heard_on_both_sides_and_averaged():
    mixture = noise(7, channels=1)
    found = streamed(Filter(), mixture, chunk_seconds=3)
    expected = whole(Filter(), np.repeat(mixture, 2, axis=0)).mean(axis=1, keepdims=True)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_many_channels_are_heard_in_pairs():
    mixture = noise(7, channels=5)
    found = streamed(Filter(), mixture, chunk_seconds=3, batch_size=2)
    pairs = [
        streamed(Filter(), mixture[part], chunk_seconds=3) for part in (slice(2), slice(2, 4), slice(4, 5))
    ]
    np.testing.assert_allclose(found, np.concatenate(pairs, axis=1), atol=1e-6)


def test_without_residual_the_last_output_is_the_models():
    class Halves(Gains):
        def separate(self, mixture):
            return torch.stack([mixture / 2, mixture / 4], dim=1)

    mixture = noise(7)
    np.testing.assert_allclose(streamed(Halves(0.5), mixture, residual=False)[1], mixture / 4, atol=1e-6)
    np.testing.assert_allclose(streamed(Halves(0.5), mixture)[1], mixture / 2, atol=1e-6)


def test_chunks_must_have_room_for_their_context():
    with pytest.raises(UserError, match="--chunk-seconds is 2.9; give at least 3 seconds"):
        Chunks(10**6, sample_rate=RATE, seconds=2.9)


@pytest.mark.parametrize("sample_rate", [8000, 44_100])
def test_every_sample_is_in_a_chunk_beyond_its_context(sample_rate):
    for samples in (1, 1000, 130_001, 1_234_567):
        chunks = Chunks(samples, sample_rate=sample_rate, seconds=3)
        starts, ends = zip(*chunks.spans, strict=True)
        assert starts[0] == 0 and ends[-1] == samples and not any(start % 4096 for start in starts)
        for end, start in zip(ends, starts[1:], strict=False):
            assert end - start == 2 * chunks.context + chunks.fade
        assert all(end - start > 2 * chunks.context + chunks.fade for start, end in chunks.spans[1:])


# ---- memory


class LongFile:
    """Stands for common.audio: zeros, of which it counts what is read but not yet done."""

    AudioInfo, AudioError = AudioInfo, AudioError

    def __init__(self, seconds: float) -> None:
        self.frames, self.given, self.done, self.ahead = round(seconds * RATE), 0, 0, 0

    def info(self, path) -> AudioInfo:
        return AudioInfo(RATE, 2, self.frames)

    def read_channel_blocks(self, path, *, samples: int):
        for first in range(0, self.frames, samples):
            count = min(samples, self.frames - first)
            self.given += count
            self.ahead = max(self.ahead, self.given - self.done)
            yield np.zeros((2, count), dtype=np.float32)


def separated_long_file(seconds: float, tmp_path, monkeypatch, *, residual: bool) -> tuple[int, int]:
    """Bytes and samples that are held at most while a file of zeros is separated."""
    file = LongFile(seconds)
    monkeypatch.setattr(streaming, "audio", file)

    def progress(so_far: float) -> None:
        file.done = round(so_far * RATE)

    tracemalloc.start()
    options = {"progress": progress, "batch_size": 2, "residual": residual}
    separate_file(Gains(0.5), tmp_path / "song.wav", tmp_path / "out", **options)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak, file.ahead


@pytest.mark.parametrize("residual", [True, False])
def test_memory_does_not_grow_with_the_length(tmp_path, monkeypatch, residual):
    few_bytes, few_samples = separated_long_file(100, tmp_path, monkeypatch, residual=residual)
    many_bytes, many_samples = separated_long_file(1000, tmp_path, monkeypatch, residual=residual)
    held = 2 * streaming.CHUNK_SECONDS + 2.5 * streaming.BLOCK_SECONDS  # two chunks, what is read meanwhile
    assert max(few_samples, many_samples) < held * RATE
    assert many_bytes < 1.2 * few_bytes < 1000 * RATE * 8 / 3  # of the samples of the file


# ---- files


def test_flac_where_it_fits_and_wav_where_something_is_louder(tmp_path):
    quiet, loud = (save(tmp_path / f"{name}.wav", noise(2)) for name in ("quiet", "loud"))
    kept = separate_file(Gains(0.25), quiet, tmp_path / "quiet", audio_format="flac")
    assert [path.name for path in kept.values()] == ["stem0.flac", "stem1.flac"]
    too_loud = separate_file(Gains(3.0), loud, tmp_path / "loud", audio_format="flac")  # 3 x and -2 x
    assert [path.name for path in too_loud.values()] == ["stem0.wav", "stem1.wav"]
    for paths in (kept, too_loud):
        total = sum(audio.read(path)[0] for path in paths.values())
        np.testing.assert_allclose(total, noise(2), atol=1e-6)
    assert np.abs(audio.read(too_loud["stem0"])[0]).max() > 1.4
    assert sf.info(kept["stem0"]).subtype == "PCM_24"


def test_more_channels_than_flac_holds_stay_in_wav(tmp_path):
    path = save(tmp_path / "many.wav", noise(1, channels=9))
    paths = separate_file(Gains(0.25), path, tmp_path / "out", audio_format="flac")
    assert {path.suffix for path in paths.values()} == {".wav"}


def test_only_what_is_asked_for_is_written_and_a_remix_of_all(tmp_path):
    path = save(tmp_path / "song.wav", noise(2))
    paths = separate_file(
        Gains(0.25, 0.5), path, tmp_path / "out", names=["stem1"], mix_gains={"stem0": 20, "stem1": -np.inf}
    )
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["remix.wav", "stem1.wav"]
    np.testing.assert_allclose(audio.read(paths["stem1"])[0], 0.5 * noise(2), atol=1e-6)
    np.testing.assert_allclose(audio.read(paths["remix"])[0], (10 * 0.25 + 0.25) * noise(2), atol=1e-5)


def test_silence_is_separated_into_silence(tmp_path):
    path = save(tmp_path / "silent.wav", np.zeros((2, 5 * RATE), np.float32))
    for stem in separate_file(Filter(), path, tmp_path / "out").values():
        assert not audio.read(stem, allow_silence=True)[0].any()


def spoilt(tmp_path, kind: str):
    """A file in which something is wrong near its end, after the first chunks."""
    path, waveform = tmp_path / f"{kind}.wav", noise(40)
    if kind == "nan":
        waveform[1, 39 * RATE] = np.nan
    save(path, waveform, subtype="FLOAT" if kind == "nan" else "PCM_16")
    if kind == "cut":  # in the middle of a frame
        path.write_bytes(path.read_bytes()[:-4001])
    if kind == "flac":
        sf.write(tmp_path / "flac.flac", waveform.T, RATE)
        path = tmp_path / "cut.flac"
        path.write_bytes((tmp_path / "flac.flac").read_bytes()[:-10_000])
    return path


@pytest.mark.parametrize(("kind", "reason"), [("nan", "NaN"), ("cut", "truncated"), ("flac", "truncated")])
def test_of_a_damaged_file_nothing_is_left(tmp_path, kind, reason):
    with pytest.raises(AudioError, match=reason):
        separate_file(Gains(0.5), spoilt(tmp_path, kind), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_extra_byte_at_the_end_is_no_frame(tmp_path):
    path = save(tmp_path / "song.wav", noise(1), subtype="PCM_16")
    content = bytearray(path.read_bytes())
    content[40:44] = (len(content) - 44 + 3).to_bytes(4, "little")  # three bytes of a fourth belong to it
    path.write_bytes(bytes(content) + b"abc")
    paths = separate_file(Gains(0.5), path, tmp_path / "out")
    assert {sf.info(stem).frames for stem in paths.values()} == {RATE}


@pytest.mark.parametrize("trouble", [KeyboardInterrupt, MemoryError])
def test_when_interrupted_nothing_is_left_and_what_was_there_stays(tmp_path, trouble):
    path = save(tmp_path / "song.wav", noise(40))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "stem0.wav").write_text("of an earlier call")

    def interrupt(seconds: float) -> None:
        if seconds > 20:
            raise trouble

    with pytest.raises(trouble):
        separate_file(Gains(0.5), path, tmp_path / "out", progress=interrupt)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["stem0.wav"]
    assert (tmp_path / "out" / "stem0.wav").read_text() == "of an earlier call"


@pytest.mark.parametrize("audio_format", ["wav", "flac"])
def test_a_full_disk_leaves_nothing(tmp_path, audio_format):
    path = save(tmp_path / "song.wav", noise(5))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))  # bytes of any file
    try:
        with pytest.raises(OSError) as caught:
            separate_file(Gains(0.5), path, tmp_path / "out", audio_format=audio_format)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert caught.value.errno == errno.EFBIG
    assert not (tmp_path / "out").exists()


def test_nan_from_the_model_is_told():
    with pytest.raises(UserError, match="the model gives NaN"):
        streamed(Gains(float("nan")), noise(1))


def test_a_hidden_file_that_a_crash_left_is_no_hindrance(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / ".stem0.partial").write_bytes(b"half")
    path = save(tmp_path / "song.wav", noise(1))
    assert set(separate_file(Gains(0.5), path, tmp_path / "out")) == {"stem0", "stem1"}
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["stem0.wav", "stem1.wav"]
    assert stem_files.REMIX not in Gains(0.5).outputs
