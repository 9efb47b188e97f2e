"""The full check finds each kind of bad file, by its sound."""

from __future__ import annotations

import json

import numpy as np
import pytest
import soundfile as sf

from common.audio_checks import NOISE_ABOVE, local_flatness
from hw1_instrument_detection import data, data_check


@pytest.mark.parametrize("root", ["tiny_slakh", "tiny_release"])
def test_good_data_are_good(request, root, capsys):
    assert data.Check(request.getfixturevalue(root), jobs=1).run() == 0
    said = capsys.readouterr().out.splitlines()
    assert [line.split(": ")[-1] for line in said] == [
        "4 tracks, 12 clips",
        "2 tracks, 5 clips",
        "2 tracks, 7 clips",
    ]


def noise(seconds: float, rate: int) -> np.ndarray:
    return np.random.default_rng(0).uniform(-0.5, 0.5, round(seconds * rate))


@pytest.mark.parametrize(
    ("file", "sound", "kind"),
    [
        ("mix", None, "mix broken"),
        ("mix", (np.zeros(320_000), 16_000), "mix silent"),
        ("stems/S00", None, "stem broken"),
        ("stems/S00", (np.zeros(320_000), 16_000), "stem silent though its MIDI has notes"),
        ("stems/S00", (noise(20, 16_000), 16_000), "stem of pure noise"),
        ("stems/S00", (noise(20, 8_000), 8_000), "stem of another sample rate than its mix"),
        ("stems/S00", (noise(12, 16_000), 16_000), "stem shorter than its mix"),
    ],
)
def test_check_finds_each_kind_of_bad_audio(slakh_copy, file, sound, kind, capsys):
    path = slakh_copy / "test" / "Track01876" / f"{file}.flac"
    if sound is None:  # a header with nothing true behind it
        path.write_bytes(path.read_bytes()[:3000])
    else:
        sf.write(path, *sound)
    assert data.Check(slakh_copy, jobs=1).run() == 2
    assert f"1 found: {kind} (Track01876" in capsys.readouterr().out


def test_noise_of_drums_is_no_fault(slakh_copy):
    sf.write(slakh_copy / "test" / "Track01876" / "stems" / "S03.flac", noise(20, 16_000), 16_000)
    assert data.Check(slakh_copy, jobs=1).run() == 0


def test_a_silent_stem_without_notes_is_no_fault(slakh_copy, slakh_maker):
    track = slakh_copy / "test" / "Track01876"
    slakh_maker.midi_of([]).write(str(track / "MIDI" / "S00.mid"))
    sf.write(track / "stems" / "S00.flac", np.zeros(320_000), 16_000)
    assert data.Check(slakh_copy, jobs=1).run() == 0


def test_check_finds_midi_that_does_not_parse(slakh_copy, capsys):
    (slakh_copy / "train" / "Track00002" / "MIDI" / "S01.mid").write_bytes(b"MThd")
    assert data.Check(slakh_copy, jobs=1).run() == 2
    assert "1 found: MIDI file that does not parse (Track00002/S01)" in capsys.readouterr().out


def test_check_finds_each_kind_of_bad_clip(release_copy, capsys):
    clips = release_copy / "slakh" / "train"
    np.save(clips / "Track00001_0.npy", np.zeros(120_000, dtype=np.float32))
    np.save(clips / "Track00001_1.npy", np.zeros(100, dtype=np.float32))
    (clips / "Track00001_2.npy").unlink()
    labels = json.loads((release_copy / "slakh" / "train_labels.json").read_text())
    del labels["Track00001_3.npy"]
    (release_copy / "slakh" / "train_labels.json").write_text(json.dumps(labels))
    assert data.Check(release_copy, jobs=2).run() == 2
    said = capsys.readouterr().out
    for kind in (
        "clip silent though its label says that something plays (Track00001_0)",
        "clip broken or not 120000 floats (Track00001_1)",
        "label without its clip (Track00001_2.npy)",
        "clip without a label (Track00001_3.npy)",
    ):
        assert kind in said


@pytest.mark.parametrize("name", ["Piano", "Bass", "Strings", "Synth", "Wind Instruments"])
def test_a_note_is_not_noise(slakh_maker, name):
    time = np.arange(32_000) / 16_000
    assert local_flatness(slakh_maker.tone(name, 220, time)) < NOISE_ABOVE / 2


def test_long_files_are_decoded_in_blocks(tmp_path, monkeypatch):
    monkeypatch.setattr(data_check, "BLOCK_SECONDS", 0.7)
    sf.write(tmp_path / "a.wav", np.linspace(-0.5, 0.5, 16_000), 8_000, subtype="FLOAT")
    blocks = list(data_check._blocks(tmp_path / "a.wav"))
    assert [len(block) for block in blocks] == [5600, 5600, 4800]
    np.testing.assert_allclose(np.concatenate(blocks), np.linspace(-0.5, 0.5, 16_000), atol=1e-6)
