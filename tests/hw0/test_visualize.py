"""Task 1: the right notes in the right panels, and the right numbers in them."""

from __future__ import annotations

import subprocess
import sys

import librosa
import numpy as np
import pytest
import soundfile as sf
from PIL import Image

from common.cli import UserError
from hw0_note_classification import visualize
from hw0_note_classification.data import open_split


@pytest.fixture(scope="module")
def train(tiny_nsynth):
    return open_split(tiny_nsynth, "train")[0]


def described(rows):
    return [[(note.family_str, note.pitch, note.velocity) for note in row] for row in rows]


def test_default_is_three_contrasting_families_at_three_octaves(train):
    expected = [
        [(family, pitch, 100) for pitch in (48, 60, 72)] for family in ("keyboard", "string", "brass")
    ]
    rows = visualize.choose_notes(train)
    assert described(rows) == expected
    assert all(len({note.instrument for note in row}) == 1 for row in rows)  # a row is one instrument


def test_default_avoids_what_the_data_lack(train):
    rare = train.subset((train.pitch != 60) | (train.family != 4))  # no keyboard at C4
    assert [row[0].family_str for row in visualize.choose_notes(rare)] == ["string", "brass", "flute"]


def test_default_takes_the_octaves_that_there_are(nsynth_maker, tmp_path):
    root = nsynth_maker.make_tiny_nsynth(tmp_path, pitches=(50, 62, 74), instruments={"train": 1})
    rows = visualize.choose_notes(open_split(root, "train")[0])
    assert [note.pitch for note in rows[0]] == [50, 62, 74]


def test_instruments_that_share_no_pitches_get_rows_of_their_own(train):
    missing = {4: 72, 8: 60, 1: 48}  # family: the pitch that its instruments lack
    lacks = [missing.get(f, p) == p for f, p in zip(train.family, train.pitch, strict=True)]
    rows = visualize.choose_notes(train.subset(~np.array(lacks)))
    assert [(row[0].family_str, [note.pitch for note in row]) for row in rows] == [
        ("keyboard", [48, 60, 67]),
        ("string", [48, 67, 72]),
        ("brass", [60, 67, 72]),
    ]


def test_families_instruments_and_pitches_can_be_chosen(train):
    last_guitar = sorted(
        {train[i].instrument_str for i in range(len(train)) if train[i].family_str == "guitar"}
    )[-1]
    rows = visualize.choose_notes(train, instruments=["flute", last_guitar], pitches=[67, 48])
    assert described(rows) == [[(family, pitch, 100) for pitch in (67, 48)] for family in ("flute", "guitar")]
    assert rows[1][0].instrument_str == last_guitar


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"instruments": ["tuba"]}, "no instrument tuba; families are bass, brass"),
        ({"pitches": [61]}, "no notes for MIDI 61; leave"),
        ({"velocity": 3}, "no notes for velocity 3; leave"),
        ({"instruments": ["flute"], "pitches": [48, 61]}, "no notes for flute, MIDI 48, MIDI 61"),
    ],
)
def test_what_the_data_lack_is_named(train, options, message):
    with pytest.raises(UserError, match=message):
        visualize.choose_notes(train, **options)


def test_panel_agrees_with_librosa(train):
    note = train[0]
    title, decibels, sample_rate, hop_length, frequencies = visualize.panel(note)
    waveform, _ = sf.read(note.path, dtype="float32")
    power = librosa.feature.melspectrogram(
        y=waveform, sr=16_000, n_fft=2048, hop_length=512, n_mels=128, pad_mode="constant"
    )
    np.testing.assert_allclose(decibels, librosa.power_to_db(power, ref=np.max), atol=0.01)
    assert (sample_rate, hop_length) == (16_000, 512)
    np.testing.assert_allclose(frequencies, librosa.mel_frequencies(130, fmax=8000)[1:-1], rtol=1e-4)
    assert title == f"{note.instrument_str}\nC3 (MIDI 48), velocity 100"


@pytest.mark.parametrize(("pitch", "name"), [(21, "A0"), (60, "C4"), (61, "C#4"), (69, "A4"), (108, "C8")])
def test_pitch_names(pitch, name):
    assert visualize.pitch_name(pitch) == name == librosa.midi_to_note(pitch, unicode=False)


def test_command_writes_one_figure_of_nine_panels(tiny_nsynth, tmp_path):
    out = tmp_path / "new" / "figure.png"
    command = [sys.executable, visualize.__file__, "--data", str(tiny_nsynth), "--out", str(out)]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    *titles, written = result.stdout.splitlines()
    assert len(titles) == 9
    assert len({title.split(",")[0] for title in titles}) == 3
    assert {title.split(", ")[1] for title in titles} == {"C3 (MIDI 48)", "C4 (MIDI 60)", "C5 (MIDI 72)"}
    assert written == f"written: {out}"
    pixels = np.asarray(Image.open(out).convert("RGB"))
    assert min(pixels.shape[:2]) > 500
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 100  # spectrograms, not an empty page
