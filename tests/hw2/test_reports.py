"""The texts of eval.py: rows by hand, and that they fit the screen."""

from __future__ import annotations

import re

import pytest

from common.metrics.separation import Difference, evaluate
from hw2_source_separation import reports
from hw2_source_separation.reports import Row

OUTPUTS = ("vocals", "accompaniment")


def songs_with(sdr: float, *, songs: int = 5) -> dict:
    """Of some songs the scores, SDR around `sdr` for vocals and 7 dB better for the accompaniment."""
    return {
        f"Artist {number} - {'Very ' * number}long title": one(sdr + number - 2) for number in range(songs)
    }


def one(sdr: float) -> dict:
    metrics = {}
    for prefix, more in (("", 0), ("mixture_", -5), ("ideal_ratio_mask_", 5)):
        metrics[f"{prefix}num_windows"] = 30
        for output, better in zip(OUTPUTS, (0, 7), strict=True):
            scores = {"sdr": 0, "song_sdr": 0.5, "si_sdr": -0.5}
            metrics |= {f"{prefix}{output}_{name}": sdr + more + better + by for name, by in scores.items()}
            metrics |= {
                f"{prefix}{output}_spectral_convergence": 0.4567,
                f"{prefix}{output}_log_magnitude_distance": 12.346,
            }
    return metrics


@pytest.fixture(scope="module")
def metrics():
    return evaluate(songs_with(5.0), OUTPUTS) | {
        "parameters": 412345,
        "best_epoch": 47,
        "seconds": 10.0,
        "audio_seconds": 251.0,
    }


def row(title: str, sdr: float, *, compared: bool = True) -> Row:
    difference = dict.fromkeys((f"{output}_sdr" for output in OUTPUTS), Difference(-10.123, -12.5, -10.01))
    return Row(title, evaluate(songs_with(sdr), OUTPUTS), difference if compared else None)


def test_phases_stand_between_model_and_bounds(metrics):
    rows = [row("model", 5.0, compared=False), row("Wiener, warm Griffin-Lim", -5.123)]
    text = reports.model_report(metrics, OUTPUTS, phases=rows)
    assert max(map(len, text.splitlines())) <= 100
    _, heading, vocals, accompaniment, explanation = text.rsplit("\n\n", 4)
    assert heading == "phases" and explanation.startswith("Griffin-Lim seeks phases")
    header, model, griffin_lim, floor, ceiling = vocals.splitlines()
    assert re.split(r"  +", header) == [
        "vocals",
        "SDR",
        "95 % over songs",
        "less model",
        "SI-SDR",
        "conv.",
        "dist.",
    ]
    assert re.split(r"  +", model) == ["model", "5.00", "3.00 to 7.00", "4.50", "0.457", "12.35"]
    assert "-5.12   -7.12 to -3.12  -10.12 (-12.50 to -10.01)" in griffin_lim
    assert floor.split()[:2] == ["mixture", "0.00"] and ceiling.split()[:3] == ["ideal", "mask", "10.00"]
    assert accompaniment.splitlines()[1].split()[1] == "12.00"


def test_epochs_end_with_the_best_which_validation_chose(metrics):
    rows = [row("25", 4.0), row("50", 4.5), row("best (47)", 5.0, compared=False)]
    text = reports.model_report(metrics, OUTPUTS, epochs=rows)
    assert max(map(len, text.splitlines())) <= 100
    [_, vocals, _, explanation] = text.rsplit("\n\n", 3)
    lines = vocals.splitlines()
    assert [line.split("  ")[0] for line in lines[1:4]] == ["25", "50", "best (47)"]
    assert "less best (47)" in lines[0]
    assert "chosen on the validation songs" in explanation and "nothing is chosen" in explanation


def test_without_phases_and_epochs_there_are_no_such_tables(metrics):
    text = reports.model_report(metrics, OUTPUTS)
    assert "phases" not in text and "epoch" not in text
    assert reports.details(metrics, OUTPUTS, [], []) == []


def test_models_side_by_side(metrics):
    rows = [row("bandsplit", 5.0, compared=False), row("a_folder_with_a_very_long_name_of_its_own", 4.0)]
    text = reports.comparison_report(metrics, OUTPUTS, rows)
    vocals, accompaniment, explanation = text.split("\n\n")
    assert "less bandsplit" in vocals and explanation.startswith("SDR, dB: median over the 1-s windows")
    lines = vocals.splitlines()
    assert lines[2].startswith("a_folder_with_a_very_...   4.00 ")
    assert [line[:10].strip() for line in lines[3:]] == ["mixture", "ideal mask"]
    assert accompaniment.splitlines()[0].startswith("accompaniment ")


def test_every_song_has_a_line():
    songs, better = songs_with(5.0), songs_with(6.0)
    better[next(iter(better))]["vocals_sdr"] = None  # nobody sings
    text = reports.song_report({"umx": songs, "bandsplit": better}, OUTPUTS)
    vocals = text.split("\n\n")[0].splitlines()
    assert vocals[0].split() == ["vocals", "SDR,", "dB", "umx", "bandsplit", "mixture", "ideal", "mask"]
    assert vocals[1].split()[-4:] == ["3.00", "-", "-2.00", "8.00"]
    assert vocals[-1].split() == ["median", "5.00", "6.50", "0.00", "10.00"]
    assert len(vocals) == 7 and max(map(len, vocals)) <= 100
    alone = reports.song_report({"umx": songs}, OUTPUTS).splitlines()[0]
    assert alone.split() == ["vocals", "SDR,", "dB", "model", "mixture", "ideal", "mask"]


def test_the_line_of_a_model(metrics):
    line = reports.model_line("bandsplit", metrics)
    assert line == "bandsplit: 412,345 parameters, best epoch 47, 25.1 x real time"
    assert "best epoch" not in reports.model_line("bandsplit", metrics | {"best_epoch": None})


def test_floor_and_ceiling_keep_their_numbers(metrics):
    floor, ceiling = reports.bound_rows(metrics)
    assert floor.metrics["vocals_sdr"] == metrics["mixture_vocals_sdr"]
    assert ceiling.metrics["vocals_sdr_low"] == metrics["ideal_ratio_mask_vocals_sdr_low"]


def test_names_are_shortened_at_the_end():
    assert reports.shortened("Abcdef", 6) == "Abcdef"
    assert reports.shortened("Abcdefg", 6) == "Abc..."
