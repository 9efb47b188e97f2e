"""Pages are complete in themselves, hold nothing of others, and what a hand-in says is only text in them."""

from __future__ import annotations

import csv
import re
from html.parser import HTMLParser

import pytest

from grading.classroom.aliases import draw_names
from grading.classroom.distribution import distribution_figure
from grading.classroom.log_tail import log_tails

EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)> {{title}} & \"' `<b>`"


class Tags(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(page)

    def handle_starttag(self, tag, attributes) -> None:
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data) -> None:
        self.text += f" {data}"


@pytest.fixture
def feedback(zips, run):
    """The page of one hand-in."""

    def page(**wish) -> str:
        run(zips(r11111111_hw0=wish))
        return (run.out / "students/r11111111/feedback.html").read_text()

    return page


def test_what_a_hand_in_says_is_escaped(feedback):
    tags = Tags(feedback(message=EVIL, log=EVIL))
    assert not {"script", "img", "b"} & {tag for tag, _ in tags.tags}
    assert tags.text.count("<script>alert(1)</script>") == 2 and "{{title}}" in tags.text
    assert not any(key.startswith("on") for _, attributes in tags.tags for key in attributes)


def test_the_name_of_a_file_is_escaped(zips, run):
    run(zips(**{"<i>x": {}}))
    [page] = run.out.glob("students/*/feedback.html")
    assert "&lt;i&gt;x.zip" in page.read_text() and "<i>x" not in page.read_text()


def test_nothing_is_fetched(feedback, run):
    for page in (feedback(log="http://example.org"), (run.out / "leaderboard.html").read_text()):
        for _, attributes in Tags(page).tags:
            for key in ("src", "href", "action"):
                assert attributes.get(key, "data:").startswith("data:")
        assert "url(" not in page and "@import" not in page


def test_it_says_the_score_each_item_and_what_would_help(feedback):
    text = " ".join(Tags(feedback(points=7.25, message="mend `this`")).text.split())
    assert "17.25 of 20" in text and "Results 7.25 of 10" in text and "mend this" in text
    assert "top-1 accuracy 0.400 0.200" in text


def test_a_rejected_and_a_failed_one_say_so(feedback, run):
    assert "The archive was rejected" in feedback(does="reject")
    page = feedback(does="exit")
    assert "not graded yet" in page and "exit code" not in page
    assert not (run.out / "students/r11111111/grade.json").exists()  # that of the earlier archive


def test_the_log_is_short_and_cannot_steer_a_terminal(tmp_path):
    (tmp_path / "main.stderr.txt").write_text("\x1b[31mred\x1b[0m\n" * 3 + "\u202eodd\x00\n" + "x" * 10_000)
    (tmp_path / "main.stdout.txt").write_bytes(b"\xff line\n" * 1_000_000)
    (tmp_path / "empty.txt").write_text("\n\n")
    (tmp_path / "link.txt").symlink_to("/etc/passwd")
    (first, errors), (second, output) = log_tails(tmp_path)
    assert (first, second) == ("main.stderr", "main.stdout")
    assert errors.startswith("red\nred\nred\nodd\nxxx") and len(errors) < 1000
    assert output.startswith("...\n") and output.count("\n") == 40


def test_the_leaderboard_ranks_by_the_first_headline(zips, run):
    run(zips(
        r11111111_hw0={"top1": 0.3}, r22222222_hw0={"top1": 0.5}, r33333333_hw0={"top1": 0.5},
        r44444444_hw0={"does": "reject"}, r55555555_hw0={"top1": None},
    ))  # fmt: skip
    with (run.out / "leaderboard.csv").open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert [(row["rank"], row["name"], row["top1"]) for row in rows] == [
        ("1", "r22222222", "0.5"), ("1", "r33333333", "0.5"), ("3", "r11111111", "0.3"),
    ]  # fmt: skip
    page = Tags((run.out / "leaderboard.html").read_text())
    assert "the mark is the trivial baseline, 0.200" in page.text
    assert [attributes["value"] for tag, attributes in page.tags if tag == "li"] == ["1", "1", "3"]


def test_drawn_names_instead_of_ids(zips, run):
    folder = zips(r11111111_hw0={}, r22222222_hw0={})
    run(folder, anonymous=True)
    board = (run.out / "leaderboard.html").read_text()
    assert not re.search("r[12]{8}", board + (run.out / "leaderboard.csv").read_text())
    page = Tags((run.out / "students/r11111111/feedback.html").read_text()).text
    name = re.search(r"On the leaderboard you are\s+(\w+ \w+)", page)[1]
    assert name in board
    run(folder, anonymous=True)
    assert (run.out / "leaderboard.html").read_text() == board


def test_drawn_names_differ_and_stay(tmp_path):
    ids = [f"r{number:08d}" for number in range(200)]
    first = draw_names(ids[:100], tmp_path / "names.csv")
    both = draw_names(ids, tmp_path / "names.csv")
    assert len(set(both.values())) == 200 and both.items() >= first.items()


def test_the_distribution_without_any_score_and_with_more_than_the_most():
    assert distribution_figure([], most=100, title="$x").axes[0].get_xlim() == (0, 100)
    [axes] = distribution_figure([50.0, 60.0, 110.0], most=100, title="HW").axes
    assert axes.get_xlim() == (0, 110) and "median 60.0" in axes.get_title()
    assert sum(bar.get_height() for bar in axes.patches) == 3
