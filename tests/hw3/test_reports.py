"""The texts of HW3's eval.py: rows by hand, and that they fit the screen."""

from __future__ import annotations

import re

import pytest

from hw3_melody_generation import published, reports
from hw3_melody_generation.reports import TRUTH

NAME = reports.shortened("a_model_with_a_very_long_name")
MEASURES = dict(zip(published.IN_SONG, (7.5, 4.0, 10.0, 6.0, 15.0, 0.8, 44.0), strict=True))
COUNTS = {"num_windows": 1045, "num_notes": 20_900, "num_groups": 536}
OTHERS = {"mmd": 0.0123, "rest_mcc": 0.123, "duration_correlation": 0.2, "scale_consistency": 0.975}


def metrics_with(factor: float = 1.0, **more: float) -> dict:
    return COUNTS | {key: factor * value for key, value in MEASURES.items()} | more


@pytest.fixture(scope="module")
def systems():
    nll = {"nll": 4.0, "nll_low": 3.9, "nll_high": 4.1, "nll_rest": 0.5, "nll_rest_wrong_lyrics": 0.7}
    return {
        TRUTH: metrics_with(),
        "random": metrics_with(2.0, **OTHERS),
        "a_model_with_a_very_long_name": metrics_with(0.95, **OTHERS, **nll),
    }


def test_systems_stand_side_by_side(systems):
    text = reports.system_report(systems)
    assert text.startswith("1045 windows, 20900 notes of 536 songs")
    assert max(map(len, text.splitlines())) <= 100
    [model] = re.findall(r"^NLL, nats per note.*\n(.*)", text, re.MULTILINE)
    assert re.split(r"  +", model) == [NAME, "-", "-", "-", "-", "0.500", "0.700"]


def test_how_far_off_the_truth_in_percent(systems):
    header, noise, model = reports.off_the_truth(systems).splitlines()
    assert header.split()[4:] == ["2-rep", "3-rep", "span", "unique", "no", "rest", "rest", "length"]
    assert noise.split() == ["random", *["+100.0"] * 7]
    assert model.split()[1:] == ["-5.0"] * 7
    lacking = systems | {"random": {}, TRUTH: systems[TRUTH] | {"mean_rest": 0.0}}
    _, noise, model = reports.off_the_truth(lacking).splitlines()
    assert noise.split() == ["random", *"-------"]
    assert model.split()[6] == "-"  # of no rest at all nothing is a percentage


def test_the_figures_of_the_literature_are_marked(systems):
    text = reports.published_report(systems, ["a_model_with_a_very_long_name"])
    assert max(map(len, text.splitlines())) <= 100
    rows = {re.split(r"  +", line)[0]: line.split() for line in text.split("\n\n")[0].splitlines()}
    figures = ["7.69", "2.95", "7.67", "5.09", "16.70", "0.638", "39.2", "481.0", "0.082"]
    assert rows["LSTM-GAN (published)"][2:] == figures
    assert rows["truth (published)"][-2:] == ["-", "-"]
    assert rows["truth"][1:3] == ["7.50", "4.00"]
    assert list(rows)[-3:] == [f"{name} (published)" for name in published.MODELS]
    assert "not measured here" in text


def test_which_model_is_nearer_to_the_truth():
    truth = metrics_with()
    header, *rows = reports.nearer_table("transformer", truth | {"mmd": 0.01}, truth).splitlines()
    assert header.startswith("transformer is nearer  ") and header.endswith("length  MMD x 1000")
    assert [row.split()[:2] for row in rows] == [["than", name] for name in published.MODELS]
    assert [row.split()[2:] for row in rows] == [["yes"] * 7 + [mmd] for mmd in ("yes", "no", "yes")]
    spoilt = truth | {"span": 40.0, "mean_rest": 5.0, "mmd": 0.001}
    row = reports.nearer_table("transformer", spoilt, truth).splitlines()[2]
    assert row.split()[2:] == ["yes", "yes", "no", "yes", "yes", "no", "yes", "yes"]


def test_only_the_windows_of_the_literature_are_comparable():
    truth = {"num_windows": published.NUM_TEST_WINDOWS, **published.TRUTH}
    assert published.is_comparable(truth)
    assert published.is_comparable(truth | {"span": 10.63})  # what the corpus at hand has
    assert not published.is_comparable(truth | {"span": 9.7})
    assert not published.is_comparable(truth | {"num_windows": 830})
    assert not published.is_comparable({"num_windows": published.NUM_TEST_WINDOWS, "span": None})


def test_other_sampling_below_the_first(systems):
    others = {"guidance 1.5": metrics_with(1.1, **OTHERS | {"rest_mcc": 0.2})}
    text = reports.variation_report("transformer", systems[TRUTH], systems["random"], others)
    title, lyrics, statistics = text.split("\n\n")
    assert title == "transformer, sampled otherwise"
    assert [line.split("  ")[0] for line in lines(lyrics)] == ["as above", "guidance 1.5"]
    assert lines(lyrics)[1].split()[2] == "0.200"
    assert [line.split("  ")[0] for line in lines(statistics)] == [TRUTH, "as above", "guidance 1.5"]
    assert max(map(len, text.splitlines())) <= 100


def lines(table: str) -> list[str]:
    return table.splitlines()[1:]


def test_models_are_compared_on_the_same_notes():
    header, row = reports.paired_report("transformer", {"markov": (0.5, 0.4567, 0.6)}).splitlines()
    assert header.split("  ")[-1].strip() == "less transformer"
    assert row.split("  ")[-1].strip() == "+0.500 (+0.457 to +0.600)"


def test_the_line_of_a_model():
    metrics = {
        "num_sampled_windows": 830,
        "seconds": 9.84,
        "temperature": 1.0,
        "guidance": 1.5,
        "parameters": 1_234_567,
        "outside_vocabulary": 0.0,
    }
    line = reports.model_line("transformer", metrics)
    assert line == ("transformer: 1,234,567 parameters, 830 melodies in 9.8 s at temperature 1, guidance 1.5")
    line = reports.model_line("transformer", metrics | {"outside_vocabulary": 0.0123})
    assert line.endswith("\n  1.23% of the true notes have values unknown to it: it takes the nearest")
