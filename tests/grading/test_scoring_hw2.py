"""Scores of HW2 are museval's where nothing is silent; silence and songs that are missing never help."""

from __future__ import annotations

import numpy as np
import pytest

from common.metrics.separation import sdr_windows
from grading.scoring import hw2
from grading.scoring.answers import OUT

from .prepared_tests import RATE, prepared, scored, write_song

SECONDS = 6


@pytest.fixture
def songs(tmp_path):
    """A test of two songs, and (outputs, channels, samples) of each; in its first second nobody sings."""
    rng = np.random.default_rng(0)
    frames = SECONDS * RATE + 1000
    names = ["0001.wav", "0002.wav"]
    test = prepared(tmp_path / "test", "hw2", {"inputs": names, "frames": [frames] * 2})
    truths = []
    for name in names:
        truth = rng.normal(0, [[[0.05]], [[0.1]]], (2, 2, frames)).astype(np.float32)
        truth[0, :, :RATE] = 0
        truth = np.round(truth * 2**15) / 2**15
        for output, signal in zip(hw2.OUTPUTS, truth, strict=True):
            path = test.labels / hw2.TRUTH / name[:4] / f"{output}.flac"
            write_song(path, signal * hw2.TRUTH_LEVEL, "PCM_24")
        write_song(test.inputs / name, truth.sum(axis=0))
        truths.append(truth)
    return test, truths


def estimates_of(truths, *, noise=(0.02, 0.04)):
    """What a model might make of it: noise moves from one output to the other."""
    rng = np.random.default_rng(1)
    made = []
    for truth, level in zip(truths, noise, strict=True):
        error = rng.normal(0, level, truth.shape[1:])
        made.append((truth + np.stack([error, -error])).astype(np.float32))
    return made


def separated(outputs, songs, again=None, subtype="FLOAT"):
    """Both rounds; by default the first song is answered the same again, under the name of the second."""
    again = [None, songs[0]] if again is None else again
    for name, made in (("main", songs), ("again", again)):
        for number, song in enumerate(made, start=1):
            for output, signal in zip(hw2.OUTPUTS, song if song is not None else [], strict=False):
                write_song(outputs / name / OUT / f"{number:04d}" / f"{output}.wav", signal, subtype)
    return outputs


def test_songs_are_scored_as_museval_does(songs, tmp_path):
    test, truths = songs
    made = estimates_of(truths)
    found = scored(test, separated(tmp_path / "out", made))
    windows = [sdr_windows(t, e, sample_rate=RATE) for t, e in zip(truths, made, strict=True)]
    expected = np.median([np.nanmedian(each, axis=1) for each in windows], axis=0)
    metrics = found["metrics"]
    assert [metrics["vocals_sdr"], metrics["accompaniment_sdr"]] == pytest.approx(expected, abs=1e-4)
    floor = [sdr_windows(t, np.stack([t.sum(axis=0)] * 2), sample_rate=RATE) for t in truths]
    expected = np.median([np.nanmedian(each, axis=1) for each in floor], axis=0)
    assert metrics["mixture_vocals_sdr"] == pytest.approx(expected[0], abs=1e-4)
    assert metrics["adds_up"] == 1
    assert (found["answered"], found["repeats_differ"], found["problems"]) == (2, 0, [])


def test_silence_never_helps(songs, tmp_path):
    """Whole windows, single outputs, channels that cancel: museval would leave these windows out."""
    test, truths = songs
    made = estimates_of(truths, noise=(0.3, 0.3))  # worse than the mixture's vocals would be
    made[0][:, :, 3 * RATE :] = truths[0][:, :, 3 * RATE :]  # but well done in the half of a song
    before = scored(test, separated(tmp_path / "before", made))["metrics"]
    for number, silence in enumerate((np.zeros((2, 2, 1)), np.array([[[0], [0]], [[1], [1]]]))):
        silenced = [song.copy() for song in made]
        silenced[0][:, :, RATE : 3 * RATE] *= silence
        after = scored(test, separated(tmp_path / f"after{number}", silenced))["metrics"]
        museval = np.nanmedian(sdr_windows(truths[0], silenced[0], sample_rate=RATE), axis=1)
        assert museval[0] > 50  # of one song: that is what silence would give
        assert after["vocals_sdr"] < 50 and after["accompaniment_sdr"] <= max(before["accompaniment_sdr"], 50)
    cancelling = [song.copy() for song in made]
    cancelling[0][0, 1, RATE : 3 * RATE] = -cancelling[0][0, 0, RATE : 3 * RATE]
    assert scored(test, separated(tmp_path / "cancel", cancelling))["metrics"]["vocals_sdr"] < 50


def test_silence_has_what_the_mixture_has_at_most(songs, tmp_path):
    test, truths = songs
    found = scored(test, separated(tmp_path / "out", [np.zeros_like(truth) for truth in truths]))["metrics"]
    assert found["vocals_sdr"] == pytest.approx(min(0, found["mixture_vocals_sdr"]))
    assert found["mixture_vocals_sdr"] < 0 < found["mixture_accompaniment_sdr"]
    assert found["accompaniment_sdr"] == 0 and found["adds_up"] == 0


def test_no_level_of_the_mixture_beats_the_trivial_answer(songs, tmp_path):
    """Also none as soft as can be, which has 0 dB: more than the mixture itself."""
    test, truths = songs
    best = dict.fromkeys(hw2.OUTPUTS, -100.0)
    for level in (1e-6, 0.1, 0.2, 0.3, 0.5, 0.8, 1.0):
        made = [np.stack([level * truth.sum(axis=0)] * 2) for truth in truths]
        found = scored(test, separated(tmp_path / str(level), made))["metrics"]
        for output in hw2.OUTPUTS:
            assert found[f"{output}_sdr"] <= found[f"trivial_{output}_sdr"] + 0.05
            best[output] = max(best[output], found[f"{output}_sdr"])
    for output in hw2.OUTPUTS:
        assert best[output] == pytest.approx(found[f"trivial_{output}_sdr"], abs=0.1)
        assert best[output] > found[f"mixture_{output}_sdr"] + 0.5


def test_a_song_that_is_missing_is_the_worst(songs, tmp_path):
    test, truths = songs
    bad = [np.random.default_rng(2).normal(0, 3, truth.shape).astype(np.float32) for truth in truths]
    with_bad = scored(test, separated(tmp_path / "bad", [truths[0], bad[1]]))
    without = scored(test, separated(tmp_path / "none", [truths[0], None]))
    for output in hw2.OUTPUTS:
        assert without["metrics"][f"{output}_sdr"] < with_bad["metrics"][f"{output}_sdr"]
    assert without["answered"] == 1 and without["metrics"]["adds_up"] == 0.5
    nothing = scored(test, None)
    assert nothing["metrics"]["vocals_sdr"] == nothing["metrics"]["accompaniment_sdr"] == hw2.LOWEST


def test_short_ones_are_filled_up_long_ones_are_cut(songs, tmp_path):
    test, truths = songs
    made = estimates_of(truths)
    longer = [np.concatenate([song, song[:, :, :5000]], axis=2) for song in made]
    whole, long = (scored(test, separated(tmp_path / n, s)) for n, s in (("a", made), ("b", longer)))
    assert long["metrics"] == whole["metrics"]
    shorter = [song[:, :, : 3 * RATE + 7] for song in made]
    found = scored(test, separated(tmp_path / "c", shorter))
    assert found["answered"] == 2 and found["metrics"]["vocals_sdr"] < whole["metrics"]["vocals_sdr"]


def test_recordings_that_are_none_do_not_count(songs, tmp_path):
    test, truths = songs
    made = estimates_of(truths)
    for number, spoil in enumerate(
        (
            lambda song: np.where(np.arange(song.shape[2]) == 70_000, np.nan, song),
            lambda song: song[:, :1],
            lambda song: np.tile(song, 3),
        )
    ):
        outputs = separated(tmp_path / str(number), [spoil(made[0]), made[1]])
        found = scored(test, outputs)
        assert found["answered"] == 1 and found["metrics"]["vocals_sdr"] < -40
    link = tmp_path / "0" / "main" / OUT / "0001" / "vocals.wav"
    link.unlink()
    link.symlink_to(test.labels / hw2.TRUTH / "0001" / "vocals.flac")
    assert scored(test, tmp_path / "0")["answered"] == 1


def test_repeats_of_a_song_are_compared_to_60_db(songs, tmp_path):
    test, truths = songs
    made = estimates_of(truths)
    for change, differs in ((1e-5, 0), (1e-2, 1)):
        again = [None, made[0] * (1 + change)]
        found = scored(test, separated(tmp_path / str(change), made, again))
        assert found["repeats_differ"] == differs
