"""Each check gives the right share of the points, and a message that names what was found."""

import math
from types import SimpleNamespace as Things

import pytest

from common.handin.pdf_facts import PdfFacts
from common.handin.rules import violation
from grading import checks, report_pages
from grading.checks import CHECKS, Evidence, MeasureOptions

DEFAULT_PDF = PdfFacts(8, (1280.0, 720.0), ("Cover", *("Results\n" + "word " * 20 for _ in range(7))), True)
SDR = MeasureOptions("sdr", "mixture_sdr", full={"real": 5.0}, full_above_baseline={"mini": 4.0}, unit="dB")


def evidence(
    *, metrics=None, kind="mini", answered=10, ok=True, explain="", differ=0, faults=(), pdf=DEFAULT_PDF
):
    outcome = Things(ok=ok, explain=explain, reason="finished")
    assignment = Things(script=lambda name: f"hw2/{name}")
    return Evidence(
        intake=Things(faults=faults, hand_in=Things(assignment=assignment, report_facts=pdf)),
        prepared=Things(kind=kind),
        run=Things(rounds={"main": outcome, "again": outcome}),
        scores=Things(
            metrics=metrics or {},
            answered=answered,
            asked=10,
            repeats_differ=differ,
            repeats=3,
            problems=("7.wav: is silent",),
        ),
    )


def judge(check, options, **facts):
    return CHECKS[check].function(evidence(**facts), options)


@pytest.mark.parametrize(("sdr", "share"), [(-9.0, -1.5), (-3.0, 0.0), (-1.0, 0.5), (1.0, 1.0), (9.0, 3.0)])
def test_a_measure_counts_linearly_from_the_baseline_to_the_target(sdr, share):
    found, message = judge("measure", SDR, metrics={"sdr": sdr, "mixture_sdr": -3.0})
    assert found == pytest.approx(share)
    assert f"sdr {sdr:.2f} dB; no points at -3.00 dB (the trivial answer), all from 1.00 dB on" in message
    assert "python hw2/eval.py" in message


def test_each_kind_of_data_has_its_target():
    metrics = {"sdr": 1.0, "mixture_sdr": -3.0}
    assert judge("measure", SDR, metrics=metrics, kind="mini")[0] == 1.0
    assert judge("measure", SDR, metrics=metrics, kind="real")[0] == 0.5


def test_on_quick_data_any_finite_value_counts_for_the_inputs_that_were_answered():
    share, message = judge("measure", SDR, metrics={"sdr": -9.0}, kind="quick", answered=5)
    assert share == 0.5 and "too small to judge a model" in message


@pytest.mark.parametrize("metrics", [{}, {"sdr": math.nan}, {"sdr": math.inf}])
def test_a_measure_that_is_no_number_earns_nothing(metrics):
    assert judge("measure", SDR, metrics=metrics)[0] == 0.0
    assert judge("measure", SDR, metrics=metrics, kind="quick")[0] == 0.0


def test_no_answers_earn_nothing_whatever_the_metrics_say():
    assert judge("measure", SDR, metrics={"sdr": 9.0, "mixture_sdr": 0.0}, answered=0)[0] == 0.0


def test_a_target_at_the_baseline_is_met_or_not():
    options = MeasureOptions("f1", 0.5, full={"mini": 0.5, "real": 0.5})
    assert judge("measure", options, metrics={"f1": 0.5})[0] == 1.0
    assert judge("measure", options, metrics={"f1": 0.4})[0] == 0.0


def test_an_undefined_baseline_is_no_fault_of_the_student():
    with pytest.raises(ValueError, match="no mixture_sdr"):
        judge("measure", SDR, metrics={"sdr": 9.0, "mixture_sdr": math.nan})


def test_the_end_of_a_run_is_told_without_its_last_words():
    assert judge("finished", None) == (1.0, "the command ended well")
    share, message = judge(
        "finished", None, ok=False, explain="ended with exit code 1; it wrote last: 100 passed at 0x7f"
    )
    assert share == 0.0 and message.startswith("ended with exit code 1; it must end by itself")


def test_answers_count_by_their_share():
    assert judge("answered", None)[0] == 1.0
    share, message = judge("answered", None, answered=4)
    assert share == 0.4 and "4 of 10 inputs have an answer" in message and "7.wav: is silent" in message


@pytest.mark.parametrize(
    ("facts", "share"), [({}, 1), ({"differ": 1}, 0), ({"ok": False}, 0), ({"answered": 0}, 0)]
)
def test_answers_must_be_the_same_again(facts, share):
    assert judge("repeatable", None, **facts)[0] == share


def test_faults_of_the_intake_cost_points_where_the_rubric_names_their_rule():
    faults = (violation("one-model", "model/b.safetensors"),)
    options = checks.RulesOptions(("one-model",), fine="one model")
    share, message = judge("rules_kept", options, faults=faults)
    assert share == 0.0 and "model/b.safetensors" in message and "one-model" in message
    options = checks.RulesOptions(("readme-command",), fine="the command is there")
    assert judge("rules_kept", options, faults=faults) == (1.0, "the command is there")


def test_a_report_must_be_wide():
    assert judge("report_there", None)[0] == 1.0
    assert judge("report_there", None, pdf=PdfFacts(8, (800.0, 600.0), (), True))[0] == 0.0
    share, message = judge("report_there", None, pdf="there is none")
    assert share == 0.0 and "there is none" in message


def test_pages_count_by_their_number():
    assert judge("pages", checks.PagesOptions(16))[0] == 0.5
    assert judge("pages", checks.PagesOptions(8))[0] == 1.0
    assert judge("pages", checks.PagesOptions(8), pdf="broken")[0] == 0.0


def test_headings_count_each():
    share, message = judge("headings", checks.HeadingsOptions(("Results", "Novelty")))
    assert share == 0.5 and "no page is headed Novelty" in message


def test_headings_may_be_numbered_but_are_not_found_within_sentences():
    pages = [
        "3. RESULTS  (test)\nThe findings are these.",
        "Novelty is what this is about, for three reasons and more",
    ]
    assert report_pages.missing_headings(pages, ["Results", "Findings", "Novelty"]) == ["Findings", "Novelty"]


PARTS = ("Results", "Findings", "Details")


def test_pages_that_nobody_wrote_are_found():
    pages = [
        "Cover",
        "Results\n" + "word " * 20,
        "Findings\n(to be\nwritten)\n" + "number " * 20,
        "Details\n4",
    ]
    assert report_pages.empty_pages(["Cover", "Confusion\ntable", "\n"], PARTS, 30, []) == [
        3
    ]  # a picture is on 2
    assert report_pages.empty_pages(pages, PARTS, 30, ["(to be written)"]) == [3, 4]
    options = checks.FilledOptions(PARTS, 30, ("(to be written)",), none_at=4)
    share, message = judge("filled", options, pdf=PdfFacts(4, (16.0, 9.0), tuple(pages), True))
    assert share == 0.5 and "nothing is said on pages 3, 4;" in message
    made = [*pages, *["Table\n" + "score 1.0 " * 30] * 20]  # by a program; they make up for no words
    assert judge("filled", options, pdf=PdfFacts(24, (16.0, 9.0), tuple(made), True))[0] == 0.5
    assert judge("filled", options, pdf=PdfFacts(8, (16.0, 9.0), tuple(pages * 4), True))[0] == 0.0


def test_without_a_run_there_is_nothing_to_judge():
    nothing = Evidence(intake=None)
    for check in ("finished", "answered", "repeatable", "measure"):
        assert CHECKS[check].function(nothing, SDR) == (0.0, checks.NOT_RUN)
