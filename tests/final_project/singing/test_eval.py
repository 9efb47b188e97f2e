"""Evaluation of the singing, by its command and on made-up measures."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest

from common.assignments import find
from common.synthesis import Note
from final_project.singing.data import default_data
from final_project.singing.eval import usual_takes
from final_project.singing.evaluation import STATISTICS, all_metrics, interval
from final_project.singing.evaluation_split import open_test_songs
from final_project.singing.measures import tuning
from final_project.singing.song_measures import SongMeasures, Take, sine_of, take_of
from final_project.singing.vowels import VOWELS


def made_up(cents: float, late: float, right: int, *, language: str = "en") -> SongMeasures:
    """Ten frames `cents` off, onsets `late` seconds, of ten vowels `right` heard when sung, all when read."""
    song = SimpleNamespace(language=language, singer=SimpleNamespace(name="Olga"), notes=(Note(60, 0, 1),))
    voice, targets = SimpleNamespace(onsets=np.array([late, np.nan])), np.arange(10)
    both = {"pyin": np.full(10, cents), "harvest": np.full(10, cents)}
    heard = np.where(targets < right, targets, 16)
    return SongMeasures(
        SimpleNamespace(song=song, sung=voice, speech=voice),
        deviations=both,
        voiced={"pyin": 1.0, "harvest": 0.5},
        targets=targets,
        heard_sung=heard,
        heard_spoken=targets,
        heard_sine=np.zeros(10, dtype=int),
    )


def test_scores_are_those_of_what_was_measured():
    songs = [made_up(20, 0.01, 9), made_up(-60, -0.03, 7, language="de")]
    metrics = all_metrics(songs, np.ones(len(VOWELS)))
    assert metrics["in_tune_pyin"] == 0.5 and metrics["one_tone_in_tune"] == 1
    assert metrics["onset_median_ms"] == pytest.approx(20) and metrics["onset_late_ms"] == pytest.approx(-10)
    assert metrics["vowels_sung"] == metrics["vowels_ratio"] == 0.8 and metrics["vowels_sine"] == 0.1
    assert metrics["vowels_random"] == pytest.approx(1 / len(VOWELS))
    assert (metrics["vowels_ratio_en"], metrics["vowels_ratio_de"]) == (0.9, 0.7)
    assert metrics["vowels_ratio_low"] == 0.7 and metrics["vowels_ratio_high"] == 0.9
    json.dumps(metrics, allow_nan=False)


def test_what_is_handed_in_is_among_the_scores():
    metrics = all_metrics([made_up(20, 0.01, 9), made_up(-60, -0.03, 7)], np.ones(len(VOWELS)))
    for headline in find("singing").headlines:
        assert {headline.key, headline.baseline_key, f"{headline.key}_low"} <= set(metrics)


def test_one_song_has_no_interval():
    assert np.isnan(interval(STATISTICS["vowels_ratio"], [made_up(0, 0, 5)], seed=0)).all()
    assert all_metrics([made_up(0, 0, 5)], None)["vowels_ratio_low"] is None


@pytest.fixture(scope="module")
def take(singing_data) -> Take:
    return take_of(open_test_songs(singing_data)[0])


def test_a_song_is_sung_and_read_aloud_with_the_same_vowels(take):
    song = take.song
    assert [v.target for v in take.sung_vowels] == [v.target for v in take.spoken_vowels]
    assert len(take.sung_vowels) >= 4
    off = np.abs(tuning(take.sung.pitch["harvest"], song.notes))
    assert (off < 50).mean() > 0.9
    assert (np.abs(tuning(take.speech.pitch["harvest"], song.notes)) < 50).mean() < 0.5
    assert np.nanmedian(np.abs(take.sung.onsets)) < 0.05
    sine = sine_of(song, 16_000 * 2)
    spectrum = np.abs(np.fft.rfft(sine[: round(song.notes[0].end * 16_000)]))
    peak = np.argmax(spectrum) * 8000 / (len(spectrum) - 1)
    assert peak == pytest.approx(440 * 2 ** ((song.notes[0].pitch - 69) / 12), rel=0.01)


def test_the_command_writes_numbers_report_and_figures(
    command, listener_run, singing_data, take, own_copy, monkeypatch
):
    monkeypatch.setattr("final_project.singing.eval.take_of", lambda song: take)  # sung above
    run = own_copy(listener_run)
    assert command("eval", "--model", run, "--data", singing_data, "--takes", 0, "--jobs", 1) == 0
    metrics = json.loads((run / "metrics.json").read_text())
    assert metrics["in_tune_harvest"] > 0.9 and metrics["num_songs"] == 1 and metrics["is_mini_data"]
    assert "frames within 50 cents" in (run / "report.txt").read_text()
    assert {path.stem for path in (run / "figures").iterdir()} >= {"pitch", "onsets", "confusion_sung"}


def test_quick_data_are_for_a_quick_look():
    assert usual_takes(default_data(quick=True)) == 1
    assert usual_takes(default_data()) == usual_takes(default_data().with_name("people")) == 4


def test_a_run_without_a_model_is_refused(command, tmp_path, capsys, error_of):
    assert command("eval", "--model", tmp_path / "none") == 2
    assert "no such folder" in error_of(capsys)
