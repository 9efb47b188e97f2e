"""How one line of a rubric is judged: evidence and options -> share of the points, and a message that helps.

A message says what was found, what is needed and which command shows it. It holds nothing that changes from
one grading of the same archive to the next: no seconds, no paths, no last words of a program that broke down.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from common.handin.rules import FAULTS
from grading import report_pages

if TYPE_CHECKING:
    from common.handin.intake import Intake
    from common.handin.pdf_facts import PdfFacts
    from common.handin.rules import Violation
    from grading.running import RunRecord
    from grading.scoring import Scores
    from grading.tasks import Prepared

KINDS = ("mini", "real")  # of test data on which a measure counts; "quick" data are too small for that
CHECK = "`python -m common.handin check YOUR.zip` shows it"
CHECK_AND_RUN = "`python -m common.handin check YOUR.zip --run` tries the command"


@dataclass(frozen=True)
class Evidence:
    """All that is known of a hand-in that was accepted; None where a step could not be done."""

    intake: Intake
    prepared: Prepared | None = None
    run: RunRecord | None = None
    scores: Scores | None = None

    @property
    def pdf(self) -> PdfFacts | None:
        """What the report is; None if there is none that can be read."""
        facts = self.intake.hand_in.report_facts
        return None if isinstance(facts, str) else facts


Judgement = tuple[float, str]
"""Share of the points, 0 to 1 (NaN counts as 0), and the message."""


@dataclass(frozen=True)
class Check:
    function: Callable[[Evidence, Any], Judgement]
    options: type


@dataclass(frozen=True)
class NoOptions:
    pass


@dataclass(frozen=True)
class RulesOptions:
    rules: tuple[str, ...]
    """Rules of the intake, of which none may be broken."""
    fine: str
    """What to say then."""

    def __post_init__(self) -> None:
        unknown = sorted(set(self.rules) - FAULTS.keys())
        if unknown:
            raise ValueError(f"rules: the intake has no fault called {', '.join(unknown)}")


@dataclass(frozen=True)
class MeasureOptions:
    """The points grow linearly from the baseline (none) to `full` (all); more is better."""

    measure: str
    """A metric of scoring."""
    baseline: str | float
    """The trivial answer: another metric of scoring, or a number."""
    full: dict = field(default_factory=dict)
    """Kind of test data ("mini", "real") -> the value that earns all points."""
    full_above_baseline: dict = field(default_factory=dict)
    """The same, as a distance from the baseline."""
    unit: str = ""

    def __post_init__(self) -> None:
        given = [*self.full, *self.full_above_baseline]
        if sorted(given) != sorted(KINDS):
            raise ValueError(
                f"{self.measure}: full and full_above_baseline must name {' and '.join(KINDS)} once"
            )
        numbers = [*self.full.values(), *self.full_above_baseline.values()]
        if not all(type(number) in (int, float) and math.isfinite(number) for number in numbers):
            raise ValueError(f"{self.measure}: what earns all points must be numbers")

    def ends(self, kind: str, metrics: Mapping[str, float]) -> tuple[float, float]:
        """The values that earn no point and all points. Errors: ValueError for an undefined baseline."""
        low = metrics.get(self.baseline, math.nan) if isinstance(self.baseline, str) else self.baseline
        if not math.isfinite(low):
            raise ValueError(f"{self.measure} cannot be judged: scoring gives no {self.baseline}")
        return low, self.full[kind] if kind in self.full else low + self.full_above_baseline[kind]


@dataclass(frozen=True)
class PagesOptions:
    least: int


@dataclass(frozen=True)
class HeadingsOptions:
    headings: tuple[str, ...]
    """Each heads a page of its own."""


@dataclass(frozen=True)
class FilledOptions:
    headings: tuple[str, ...]
    """Of the pages that people write."""
    least_characters: int
    """What such a page must hold besides its heading."""
    notes: tuple[str, ...]
    """What stands on a page that nobody wrote."""
    none_at: int
    """So many empty pages earn nothing; made pages, which grow with the results, make up for none."""


def accepted(evidence: Evidence, options: NoOptions) -> Judgement:
    """The archive was taken in; a rejected one never comes here, see grading.grade."""
    return 1.0, "the archive breaks no rule"


def rules_kept(evidence: Evidence, options: RulesOptions) -> Judgement:
    broken = [fault for fault in evidence.intake.faults if fault.rule in options.rules]
    return (0.0, f"{told(broken)}; {CHECK}") if broken else (1.0, options.fine)


def finished(evidence: Evidence, options: NoOptions) -> Judgement:
    """The inference command ended by itself, with exit code 0, within the limits."""
    if evidence.run is None:
        return 0.0, NOT_RUN
    outcome = evidence.run.rounds["main"]
    if outcome.ok:
        return 1.0, "the command ended well"
    ending = outcome.explain.split(LAST_WORDS)[0]
    return 0.0, f"{ending}; it must end by itself with exit code 0; {CHECK_AND_RUN}"


def answered(evidence: Evidence, options: NoOptions) -> Judgement:
    """An answer that can be read for every input; some answers earn some points."""
    scores = evidence.scores
    if scores is None:
        return 0.0, NOT_RUN
    found = f"{scores.answered} of {scores.asked} inputs have an answer that can be read"
    if scores.answered >= scores.asked > 0:
        return 1.0, found
    reasons = "; ".join((found, *problems(scores)))
    return scores.answered / max(1, scores.asked), f"{reasons}; {CHECK_AND_RUN}"


def repeatable(evidence: Evidence, options: NoOptions) -> Judgement:
    """The same inputs, under other names and in another order, get the same answers."""
    run, scores = evidence.run, evidence.scores
    if run is None or scores is None:
        return 0.0, NOT_RUN
    if not run.rounds["main"].ok or not run.rounds["again"].ok or not scores.answered:
        return 0.0, f"the command must end well twice to be compared; {CHECK_AND_RUN}"
    if not scores.repeats_differ:
        return 1.0, "the same inputs got the same answers under other names and in another order"
    return 0.0, (
        f"{scores.repeats_differ} of {scores.repeats} inputs got other answers under other names and in"
        " another order; needed: none. Is eval() called, is the seed fixed, does an answer depend on others?"
    )


def measure(evidence: Evidence, options: MeasureOptions) -> Judgement:
    """Points by a metric, between the trivial baseline and a target; on quick data for any finite value."""
    scores = evidence.scores
    if scores is None:
        return 0.0, NOT_RUN
    value, number = scores.metrics.get(options.measure, math.nan), written(options.unit)
    if not scores.answered or not math.isfinite(value):
        reasons = "; ".join(problems(scores)) or "too few answers could be scored"
        return 0.0, f"no {options.measure}: {reasons}; {CHECK_AND_RUN}"
    if evidence.prepared.kind not in KINDS:
        share = scores.answered / max(1, scores.asked)
        return (
            share,
            f"{options.measure} {number(value)}; these data are too small to judge a model by: {QUICK}",
        )
    low, high = options.ends(evidence.prepared.kind, scores.metrics)
    share = (value - low) / (high - low) if high > low else float(value >= high)
    script = evidence.intake.hand_in.assignment.script("eval.py")
    return share, (
        f"{options.measure} {number(value)}; no points at {number(low)} (the trivial answer), all from"
        f" {number(high)} on; `python {script} --model RUN` shows it on your data"
    )


def report_there(evidence: Evidence, options: NoOptions) -> Judgement:
    if evidence.pdf is None:
        reason = evidence.intake.hand_in.report_facts
        return 0.0, f"no report that can be read: {reason}; needed: STUDENT_report.pdf, 16:9; {REPORT}"
    if evidence.pdf.is_16_9:
        return 1.0, "a PDF of 16:9 pages"
    width, height = evidence.pdf.aspect
    return 0.0, f"a page is {width:.0f} by {height:.0f} points; needed: all 16:9; {REPORT}"


def pages(evidence: Evidence, options: PagesOptions) -> Judgement:
    count = evidence.pdf.pages if evidence.pdf else 0
    share = min(1.0, count / options.least)
    found = f"{count} pages; needed: at least {options.least}"
    return share, found if share == 1 else f"{found}; {REPORT}"


def headings(evidence: Evidence, options: HeadingsOptions) -> Judgement:
    texts = evidence.pdf.text_by_page if evidence.pdf else ()
    missing = report_pages.missing_headings(texts, options.headings)
    share = 1 - len(missing) / len(options.headings)
    if not missing:
        return 1.0, "all headings are there"
    return share, f"no page is headed {', '.join(missing)}; needed: a page for each; {REPORT}"


def filled(evidence: Evidence, options: FilledOptions) -> Judgement:
    texts = evidence.pdf.text_by_page if evidence.pdf else ()
    if not texts:
        return 0.0, f"no report that can be read; {REPORT}"
    empty = report_pages.empty_pages(texts, options.headings, options.least_characters, options.notes)
    if not empty:
        return 1.0, "no page is empty"
    names = ", ".join(map(str, empty[:SHOWN])) + (", ..." if len(empty) > SHOWN else "")
    where = f"page{'s' if len(empty) > 1 else ''} {names}"
    return max(0.0, 1 - len(empty) / options.none_at), f"nothing is said on {where}; needed: your words there"


def problems(scores: Scores) -> list[str]:
    """The first few things that are wrong with the answers."""
    return [problem for problem in scores.problems if not problem.startswith(AGAIN)][:SHOWN]


def told(violations: list[Violation] | tuple[Violation, ...]) -> str:
    """The first few violations in one line."""
    more = f" (and {len(violations) - SHOWN} more)" if len(violations) > SHOWN else ""
    return "; ".join(map(str, violations[:SHOWN])) + more


def written(unit: str) -> Callable[[float], str]:
    return (lambda value: f"{value:.2f} {unit}") if unit else (lambda value: f"{value:.3f}")


LAST_WORDS = "; it wrote last: "  # behind it, the sandbox quotes the hand-in, which may differ each time
AGAIN = "asked again: "  # in front of problems that mostly are the same once more
SHOWN = 3  # of many things that are wrong
NOT_RUN = f"there was no test to run it on, so there is nothing to judge; {CHECK_AND_RUN}"
QUICK = "complete, finite scores earn the points"
REPORT = "`python -m common.handin report` makes one from a run"

CHECKS: dict[str, Check] = {
    "accepted": Check(accepted, NoOptions),
    "rules_kept": Check(rules_kept, RulesOptions),
    "finished": Check(finished, NoOptions),
    "answered": Check(answered, NoOptions),
    "repeatable": Check(repeatable, NoOptions),
    "measure": Check(measure, MeasureOptions),
    "report_there": Check(report_there, NoOptions),
    "pages": Check(pages, PagesOptions),
    "headings": Check(headings, HeadingsOptions),
    "filled": Check(filled, FilledOptions),
}
