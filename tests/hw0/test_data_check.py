"""The full check finds each kind of bad recording, by its sound."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile as sf

from common.audio_checks import N_FFT, NOISE_ABOVE, local_flatness
from hw0_note_classification import data, data_check


@pytest.mark.parametrize("pitch", [21, 60, 108])
def test_a_note_is_not_noise(nsynth_maker, pitch):
    waveform = (
        nsynth_maker.partials(pitch, 100).sum(axis=0)
        if pitch < 60
        else nsynth_maker.partials(pitch, 5).sum(axis=0)
    )
    noisy = waveform + 0.1 * np.random.default_rng(0).standard_normal(64_000)
    assert local_flatness(noisy, hop=N_FFT // 2) < NOISE_ABOVE / 2


def spoil_recordings(folder) -> dict[str, str]:
    """Spoil one recording in each way; the kind of each name."""
    names = [path.stem for path in sorted((folder / "audio").glob("*.wav"))]
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 64_000)
    kinds = {
        "recording is pure noise": (noise, 16_000),
        "recording silent": (np.zeros(64_000), 16_000),
        "recording not at 16000 Hz": (noise, 22_050),
        "recording not of 64000 samples": (noise[:5000], 16_000),
    }
    spoilt = dict(zip(kinds, names, strict=False))
    for kind, name in spoilt.items():
        sf.write(folder / "audio" / f"{name}.wav", *kinds[kind], subtype="PCM_16")
    (folder / "audio" / f"{names[4]}.wav").write_bytes(b"not a recording")
    return spoilt | {"recording broken": names[4]}


def test_check_finds_each_kind(folder):
    spoilt = spoil_recordings(folder)
    index, _ = data.open_split(folder, "train")
    problems, names = data_check.check_recordings(index, jobs=2)
    assert problems.first == {kind: [name] for kind, name in spoilt.items()}
    assert sorted(names) == sorted(spoilt.values())


def test_truncated_recording_is_broken(folder):
    path = next((folder / "audio").glob("*.wav"))
    path.write_bytes(path.read_bytes()[:70_000])
    assert data_check.examine(path) == "recording broken"


def test_check_command_and_its_skip_list(folder, capsys):
    spoilt = spoil_recordings(folder)
    assert data.Check(folder.parent, jobs=1, write_skip_list=True).run() == 2
    said = capsys.readouterr().out
    assert "nsynth-train: 39 notes are good" in said
    assert all(kind in said for kind in spoilt)
    index, problems = data.open_split(folder, "train")
    assert not set(index.names.astype(str)) & set(spoilt.values())
    assert problems.counts == {"listed in skip.txt": 5}
    assert data.Check(folder.parent, jobs=1).run() == 0
    index.path(0).unlink()
    assert data.Check(folder.parent, jobs=1).run() == 2
    assert "1 found: no wav file" in capsys.readouterr().out


def test_check_never_shortens_the_test_split(folder):
    test = folder.rename(folder.with_name("nsynth-test"))
    spoil_recordings(test)
    assert data.Check(test.parent, jobs=1, write_skip_list=True).run() == 2
    assert not (test / data.SKIP_LIST).exists()
