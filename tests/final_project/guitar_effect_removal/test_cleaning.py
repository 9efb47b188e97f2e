"""Cleaning in chunks gives what cleaning at once gives, at any rate, level, length and number of channels."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
import torch

from common import audio
from common.cli import UserError
from final_project.guitar_effect_removal.adding import LONGEST, add_effects, add_file
from final_project.guitar_effect_removal.cleaning import clean_file, measure_loudness
from final_project.guitar_effect_removal.effects import EFFECTS, apply_chain, parse_chain, rms
from final_project.guitar_effect_removal.heard_effects import HeardEffects, hear_effects, stretches
from final_project.guitar_effect_removal.models import load

RATE = 44_100


@pytest.fixture(scope="module")
def remover(remover_folder):
    return load(remover_folder, device="cpu")[0]


def noise(samples: int, channels: int = 1, *, level: float = 0.1, seed: int = 0) -> np.ndarray:
    """(samples, channels), smooth, so that a resampler keeps it."""
    white = np.random.default_rng(seed).standard_normal((samples + 64, channels))
    kernel = np.hanning(65) / np.linalg.norm(np.hanning(65))  # keeps the variance
    return level * np.apply_along_axis(np.convolve, 0, white, kernel, "valid")


def written(path: Path, waveform: np.ndarray, rate: int = RATE) -> Path:
    sf.write(path, waveform, rate, subtype="FLOAT")
    return path


@torch.no_grad()
def at_once(remover, waveform: np.ndarray) -> np.ndarray:
    """(samples, channels) -> the same, dry, by the model itself."""
    return remover(torch.from_numpy(waveform.T.astype(np.float32).copy())).numpy().T


def cleaned(remover, path: Path, **options) -> np.ndarray:
    """(samples, channels), read from what was written."""
    output = clean_file(remover, path, path.parent / "out", name="dry", **options)
    return sf.read(output, always_2d=True)[0]


def test_chunks_give_what_the_whole_gives(remover, tmp_path):
    waveform = noise(14 * RATE)
    waveform[: 7 * RATE] *= 0.05  # chunks whose own level is another
    path, told = written(tmp_path / "a.wav", waveform), []
    dry = cleaned(remover, path, chunk_seconds=6.0, progress=told.append)
    expected = at_once(remover, waveform)
    assert np.abs(expected - waveform).max() > 0.01  # the model does something
    np.testing.assert_allclose(dry, expected, atol=1e-4)  # 1e-3 is what is promised
    assert told == sorted(told) and told[-1] == 14


def test_channels_are_guitars_of_their_own(remover, tmp_path):
    waveform = noise(RATE, 3) * (1, 0.01, 0)
    dry = cleaned(remover, written(tmp_path / "a.wav", waveform))
    for channel in range(3):
        alone = at_once(remover, waveform[:, [channel]])
        np.testing.assert_allclose(dry[:, [channel]], alone, atol=1e-5)
    assert not dry[:, 2].any()


@pytest.mark.parametrize("rate", [8000, 48_000, 96_000])
def test_any_rate_gives_what_the_models_rate_gives(remover, tmp_path, rate):
    waveform = noise(rate, 2)
    dry = cleaned(remover, written(tmp_path / "a.wav", waveform, rate))
    assert dry.shape == waveform.shape
    resampled = audio.resample(waveform.T.astype(np.float32), original_rate=rate, target_rate=RATE)
    expected = audio.resample(at_once(remover, resampled.T).T, original_rate=RATE, target_rate=rate)
    np.testing.assert_allclose(dry, expected[:, :rate].T, atol=1e-3)


@pytest.mark.parametrize("samples", [1, 100, 1023, 1025])
def test_very_short_recordings(remover, tmp_path, samples):
    waveform = noise(samples)
    dry = cleaned(remover, written(tmp_path / "a.wav", waveform))
    np.testing.assert_allclose(dry, at_once(remover, waveform), atol=1e-5)


def test_silence_stays_silence(remover, tmp_path):
    dry = cleaned(remover, written(tmp_path / "a.wav", np.zeros((RATE, 2))))
    assert dry.shape == (RATE, 2) and not dry.any()


def test_pauses_do_not_count_as_soft_playing(tmp_path):
    playing = noise(2 * RATE)
    path = written(tmp_path / "a.wav", np.concatenate([playing, np.zeros((8 * RATE, 1))]))
    assert measure_loudness(path) == pytest.approx([rms(playing)], rel=1e-3)
    uneven = noise(3 * RATE // 2, 2) * (1, 0.5)
    path = written(tmp_path / "b.wav", uneven)
    assert measure_loudness(path) == pytest.approx([rms(channel) for channel in uneven.T], rel=1e-4)


def test_a_model_that_gives_nan_leaves_no_file(remover_folder, tmp_path):
    broken = load(remover_folder, device="cpu")[0]
    next(broken.parameters()).data.fill_(float("nan"))
    path = written(tmp_path / "a.wav", noise(RATE))
    with pytest.raises(UserError, match="NaN"):
        cleaned(broken, path)
    assert [each.name for each in tmp_path.iterdir()] == ["a.wav"]


# ---- effects heard


@dataclass
class Loudness:
    """A detector whose every probability is the RMS of what it hears."""

    thresholds = np.full(len(EFFECTS), 0.5)

    def probabilities(self, wet: torch.Tensor) -> np.ndarray:
        return np.full(len(EFFECTS), rms(wet.numpy()))


def test_stretches_end_with_the_recording():
    recording = np.arange(10, dtype=np.float32)
    blocks = iter([recording[:3], recording[3:8], recording[8:]])
    assert [part.tolist() for part in stretches(blocks, 10, 4)] == [[0, 1, 2, 3], [4, 5, 6, 7], [6, 7, 8, 9]]
    assert [part.tolist() for part in stretches(iter([recording[:3]]), 3, 4)] == [[0, 1, 2]]


def test_what_is_heard_is_the_mean_over_what_is_played(tmp_path):
    loud, soft = np.full((30 * 8000, 2), 0.8), np.full((30 * 8000, 2), 0.4)
    path = written(tmp_path / "a.wav", np.concatenate([loud, 0 * loud, soft]), 8000)
    heard = hear_effects(Loudness(), path)
    assert heard.probabilities == pytest.approx(0.6, abs=0.01)
    written(tmp_path / "a.wav", 0 * loud[:100], 8000)
    assert hear_effects(Loudness(), path) is None


def test_the_chain_goes_from_guitar_to_loudspeaker():
    probabilities = np.array([0.9, 0.1, 0.5, 0.8, 0.0, 0.2, 0.49, 0.3])
    heard = HeardEffects(probabilities, np.full(8, 0.5))
    assert heard.chain == ("compressor", "distortion", "reverb")
    assert heard.to_json()["probabilities"] == dict(zip(EFFECTS, probabilities.tolist(), strict=True))


# ---- the way back


def test_effects_are_added_to_each_channel_as_to_the_training_data():
    dry = noise(RATE, 2).T.astype(np.float32)
    chain = parse_chain("overdrive:20,amp:10")
    wet = add_effects(dry, chain, sample_rate=RATE)
    np.testing.assert_array_equal(wet[1], apply_chain(dry[1], chain, sample_rate=RATE))
    assert rms(wet) == pytest.approx(rms(dry), rel=1e-3) and np.abs(wet - dry).max() > 0.05


@pytest.mark.parametrize(("rate", "samples"), [(8000, 4000), (96_000, 4001), (44_100, 1)])
def test_effects_keep_rate_and_length(tmp_path, rate, samples):
    path = written(tmp_path / "a.wav", noise(samples, 2), rate)
    output = add_file(path, parse_chain("overdrive"), tmp_path / "out", name="wet", audio_format="flac")
    info = audio.info(output)
    assert (output.suffix, info.sample_rate, info.frames, info.channels) == (".flac", rate, samples, 2)


def test_what_is_too_long_for_effects_is_refused(tmp_path):
    path = written(tmp_path / "a.wav", np.zeros((int(LONGEST) * 100 + 100, 1)), 100)
    with pytest.raises(UserError, match="301 s long; --add takes 300 s, cut it"):
        add_file(path, parse_chain("amp"), tmp_path, name="wet")


def test_without_pedalboard_one_line_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "pedalboard", None)
    dry = noise(1000).T.astype(np.float32)
    with pytest.raises(UserError, match="^--add needs pedalboard .*; pip install -r requirements.txt$"):
        add_effects(dry, parse_chain("distortion"), sample_rate=RATE)
    add_effects(dry, parse_chain("overdrive"), sample_rate=RATE)  # ours
