"""The sounds: what they are, and that the splits share none."""

from __future__ import annotations

import numpy as np
import pytest

from common.audio import AudioError
from common.cli import UserError
from final_project.project_name.data import (
    KINDS,
    NUM_SAMPLES,
    QUICK_SOUNDS,
    SAMPLE_RATE,
    SPLITS,
    Sounds,
    make_data,
    read_sound,
    tone,
)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The quick data set."""
    make_data(root := tmp_path_factory.mktemp("sounds") / "made", quick=True)
    return root


def test_all_kinds_are_in_all_splits(made):
    for split in SPLITS:
        assert Sounds(made / split).counts() == (QUICK_SOUNDS[split],) * len(KINDS)


def test_no_sound_is_in_two_splits(made):
    waveforms = [read_sound(path).tobytes() for split in SPLITS for path in Sounds(made / split).paths]
    assert len(set(waveforms)) == len(waveforms)


def test_the_same_seed_gives_the_same_bytes(made, tmp_path):
    make_data(tmp_path / "again", quick=True)
    paths = sorted(path.relative_to(made) for path in made.rglob("*.wav"))
    assert all((made / path).read_bytes() == (tmp_path / "again" / path).read_bytes() for path in paths)


@pytest.mark.parametrize(("kind", "second"), [("sine", 0.0), ("square", 0.0), ("sawtooth", 1 / 2)])
def test_a_tone_has_the_harmonics_of_its_kind(kind, second):
    spectrum = np.abs(np.fft.rfft(tone(kind, 400.0)))  # 2 Hz a bin: the harmonics are bins 200, 400, 600
    assert spectrum[400] / spectrum[200] == pytest.approx(second, abs=1e-6)
    assert spectrum[600] / spectrum[200] == pytest.approx(0.0 if kind == "sine" else 1 / 3, abs=1e-6)
    assert np.sqrt(np.mean(tone(kind, 400.0) ** 2)) == pytest.approx(1.0)


def test_short_sounds_are_padded_and_broken_ones_refused(tmp_path):
    from common import audio

    audio.write(tmp_path / "short.wav", np.full((2, 100), 0.5, np.float32), sample_rate=SAMPLE_RATE)
    waveform = read_sound(tmp_path / "short.wav")
    assert waveform.shape == (NUM_SAMPLES,) and not waveform[100:].any()
    (tmp_path / "broken.wav").write_bytes(b"RIFF")
    with pytest.raises(AudioError, match="not readable as audio"):
        read_sound(tmp_path / "broken.wav")


def test_a_folder_without_sounds_is_told(tmp_path):
    with pytest.raises(UserError, match="holds no KIND/NNN.wav"):
        Sounds(tmp_path)
