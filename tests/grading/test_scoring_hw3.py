"""Scores of HW3 are those of common.metrics for whole answers; a melody that is missing is the worst."""

from __future__ import annotations

import numpy as np
import pytest

from common.metrics.melody import Windows, evaluate
from grading.readers import MidiNotes
from grading.scoring import hw3
from grading.scoring.answers import OUT

from .prepared_tests import prepared, scored

TEXTS, SYLLABLES = 6, 8


@pytest.fixture
def lyrics(tmp_path):
    rng = np.random.default_rng(0)
    shape = (TEXTS, SYLLABLES)
    columns = {
        "pitch": rng.integers(60, 72, shape),
        "duration": rng.choice([0.5, 1.0, 2.0], shape),
        "rest": rng.choice([0.0, 0.0, 1.0], shape),
        "lines": np.repeat([[0, 0, 0, 1, 1, 1, 1, 2]], TEXTS, axis=0),
    }
    labels = {
        "inputs": [f"{n:04d}.txt" for n in range(1, TEXTS + 1)],
        **{name: column.tolist() for name, column in columns.items()},
        "groups": list("aabbcc"),
        "quarters_per_beat": 0.5,
        "random": {"scale_consistency": 0.8, "line_end_gain": None},
    }
    return prepared(tmp_path / "test", "hw3", labels), Windows(**columns)


def melodies(windows: Windows, seed: int = 1) -> list[hw3.Melody]:
    """Melodies in quarter notes that follow the lyrics in part."""
    rng = np.random.default_rng(seed)
    made = []
    for duration, rest in zip(windows.duration, windows.rest, strict=True):
        mask = rng.random(SYLLABLES) < 0.7
        pitch = rng.choice([60, 62, 64, 65, 67], SYLLABLES)
        own = np.where(mask, duration, 1.0), np.where(mask, rest, 0.0)
        made.append(hw3.Melody(pitch, own[0] * 0.5, own[1] * 0.5))
    return made


def sung(outputs, made, again=None):
    for name, songs in (("main", made), ("again", again or [None] * (len(made) - 1) + made[:1])):
        folder = outputs / name / OUT
        folder.mkdir(parents=True)
        for number, melody in enumerate(songs, start=1):
            if melody is not None:
                midi_of(melody).save(folder / f"{number:04d}.mid")
    return outputs


def midi_of(melody: hw3.Melody):
    """A melody on channel 1, with chords on channel 2, and at another tempo."""
    import mido

    file = mido.MidiFile(ticks_per_beat=96)
    track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=300_000)])
    for pitch, duration, rest in zip(melody.pitch, melody.duration, melody.rest, strict=True):
        track.append(mido.Message("note_on", note=int(pitch), time=round(rest * 96)))
        track.append(mido.MetaMessage("lyrics", text="la"))
        track.append(mido.Message("note_off", note=int(pitch), time=round(duration * 96)))
    chords = mido.MidiTrack(
        [
            mido.Message("note_on", channel=1, note=48),
            mido.Message("note_off", channel=1, note=48, time=9999),
        ]
    )
    file.tracks += [mido.MidiTrack(), track, chords]
    return file


def test_melodies_are_measured_as_by_common_metrics(lyrics, tmp_path):
    test, truth = lyrics
    made = melodies(truth)
    found = scored(test, sung(tmp_path / "out", made))
    columns = {
        "pitch": [melody.pitch for melody in made],
        "duration": [melody.duration * 2 for melody in made],
        "rest": [melody.rest * 2 for melody in made],
    }
    expected = evaluate(Windows(**columns, lines=truth.lines), truth, groups=list("aabbcc"))
    metrics = found["metrics"]
    for name in ("scale_consistency", "line_end_long", "inner_long", "rest_mcc", "duration_correlation"):
        for end in ("", "_low", "_high"):
            assert metrics[name + end] == pytest.approx(expected[name + end]), name + end
    assert metrics["line_end_gain"] == pytest.approx(metrics["line_end_long"] - metrics["inner_long"])
    assert metrics["line_end_gain_low"] <= metrics["line_end_gain"] <= metrics["line_end_gain_high"]
    assert metrics["right_length"] == 1 and metrics["random_scale_consistency"] == 0.8
    assert (found["answered"], found["asked"], found["repeats_differ"], found["problems"]) == (6, 6, 0, [])


def test_a_melody_that_is_missing_or_of_another_length_is_the_worst(lyrics, tmp_path):
    test, truth = lyrics
    made = melodies(truth)
    names = ("right_length", "scale_consistency", "line_end_gain", "rest_mcc", "duration_correlation")
    whole = scored(test, sung(tmp_path / "whole", made))["metrics"]
    short = hw3.Melody(*(getattr(made[0], name)[:-1] for name in hw3.COLUMNS))
    for number, first in enumerate((None, short)):
        found = scored(test, sung(tmp_path / str(number), [first, *made[1:]]))
        assert all(found["metrics"][name] < whole[name] for name in names)
        assert found["metrics"]["right_length"] == pytest.approx(5 / 6)
    worst = scored(test, None)["metrics"]
    assert [worst[name] for name in names] == pytest.approx([0, 0, -1, -1, -1])


def test_nothing_that_a_hand_in_leaves_out_helps(lyrics, tmp_path):
    """Whichever of the texts is not answered: no measure is better than with the answer."""
    test, truth = lyrics
    bad = melodies(Windows(truth.pitch, 2 / truth.duration, (truth.rest == 0) * 1.0), seed=3)
    whole = scored(test, sung(tmp_path / "whole", bad))["metrics"]
    for left in range(TEXTS):
        some = [None if place == left else melody for place, melody in enumerate(bad)]
        found = scored(test, sung(tmp_path / str(left), some))["metrics"]
        for name in ("scale_consistency", "line_end_long", "line_end_gain", "rest_mcc"):
            assert found[name] <= whole[name] + 1e-9, name


def test_overlapping_notes_and_files_without_notes(tmp_path):
    columns = ([1, 1, 2], [0, 0, 0], [60, 62, 48], [0, 240, 0], [480, 720, 960])
    melody = hw3.melody_of(MidiNotes(480, *map(np.array, columns)))
    assert melody.pitch.tolist() == [60, 62] and melody.rest.tolist() == [0, 0]
    assert melody.duration.tolist() == [1, 1]
    assert len(hw3.melody_of(MidiNotes(480, *np.zeros((5, 0), dtype=np.int64)))) == 0
