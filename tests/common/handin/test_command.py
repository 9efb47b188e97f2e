"""python -m common.handin as a student types it: what is made when, what is said, the exit codes."""

from __future__ import annotations

import json

import pytest

from common import cli, report
from common.handin import __main__ as command
from common.handin.report_file import RECORD


@pytest.fixture
def typed(project, capsys, monkeypatch, tmp_path):
    """Type a command in an empty folder -> (exit code, standard output, standard error)."""
    monkeypatch.chdir(tmp_path)

    def run(*words):
        with pytest.raises(SystemExit) as caught:
            cli.run(
                command.main,
                command.Report | command.Pack | command.Check | command.Convert,
                [str(word) for word in words],
            )
        printed = capsys.readouterr()
        return caught.value.code or 0, printed.out, printed.err

    return run


@pytest.fixture
def built(project, monkeypatch):
    """The orders that the builder of reports gets; what it builds is a PDF of empty pages."""
    orders = []

    def build(assignment, run, *, student_id, name, words, out):
        orders.append((run.name, student_id, name))
        pdf = out / f"{student_id}_report.pdf"
        pdf.write_bytes(project.report.read_bytes())
        return report.ReportResult(pdf, out / "report.typ", ("Novelty",), 8)

    monkeypatch.setattr(report, "build_report", build)
    return orders


@pytest.fixture
def pack_tiny(typed, project):
    def run(*words, of=None):
        of = of or project.run_folder
        return typed("pack", "tiny", "--student-id", "R12345678", "--run", of, *words)

    return run


def test_packing_makes_the_report_and_ends_with_what_to_upload(pack_tiny, built, tmp_path, project):
    code, out, err = pack_tiny("--name", "王小明")
    assert code == 0
    assert out.splitlines()[-1].startswith("upload handin/r12345678_tiny.zip (0.0 MB)")
    assert (tmp_path / "handin/r12345678_tiny.zip").is_file()
    assert built == [("loud", "r12345678", "王小明")]
    assert "report: wrote project/final_project/tiny/report.md for your words" in err
    words = project.root / "final_project/tiny/report.md"
    assert words.read_text() == report.template(project.assignment)
    assert "report: 8 pages, none left empty" in out  # as the PDF says


def test_the_report_is_made_anew_when_run_words_or_name_change(pack_tiny, built, project):
    pack_tiny()
    assert "handin/tiny/r12345678_report.pdf is up to date" in pack_tiny()[2] and len(built) == 1
    assert "was made of another name; making it" in pack_tiny("--name", "X")[2]
    (project.root / "final_project/tiny/report.md").write_text("# Novelty\n")
    assert "was made of other words; making it" in pack_tiny()[2] and built[-1][2] == "X"  # as given last
    (project.run_folder / "metrics.json").write_text("{}")
    assert "was made of another run" in pack_tiny()[2] and len(built) == 4


def test_a_report_that_was_changed_by_hand_is_kept(pack_tiny, built, project, tmp_path, making):
    pack_tiny()
    pdf = tmp_path / "handin/tiny/r12345678_report.pdf"
    pdf.write_bytes(making.slides(9))
    assert pack_tiny()[0] == 0 and len(built) == 1  # it still fits
    (project.run_folder / "metrics.json").write_text("{}")
    code, _, err = pack_tiny()
    assert code == 2 and "changed since; hand it in as it is with pack --report, or delete it" in err
    assert pack_tiny("--report", pdf)[0] == 0 and len(built) == 1
    pdf.unlink()
    (pdf.parent / f"r12345678_{RECORD}").write_text("nonsense")
    assert pack_tiny()[0] == 0 and len(built) == 2


def test_two_students_may_share_a_folder(typed, built, project):
    for student_id in ("r12345678", "r12345679", "r12345678"):
        code, _, err = typed("report", "tiny", "--student-id", student_id, "--run", project.run_folder)
        assert code == 0, err
    assert len(built) == 2 and "is up to date" in err


def test_words_that_are_named_must_be_there(pack_tiny, built, tmp_path):
    code, _, err = pack_tiny("--words", "repotr.md")
    assert code == 2 and "error: --words repotr.md: no such file" in err
    assert not (tmp_path / "repotr.md").exists() and not built


def test_a_run_without_scores_is_evaluated_first(pack_tiny, built, project):
    (project.run_folder / "metrics.json").unlink()
    code, _, err = pack_tiny()
    assert code == 0 and "no metrics.json yet; running: python final_project/tiny/eval.py --model" in err
    arguments = json.loads((project.run_folder / "metrics.json").read_text())["arguments"]
    assert arguments == ["--model", str(project.run_folder), "--data", f"{project.root}/data"]
    (project.run_folder / "metrics.json").unlink()
    (project.root / "final_project/tiny/eval.py").write_text("raise SystemExit(2)")
    code, _, err = pack_tiny()
    assert code == 2 and "the evaluation failed, see above" in err


def test_the_newest_run_is_taken_by_itself(typed, built, project, monkeypatch):
    monkeypatch.chdir(project.root)
    code, out, err = typed("report", "tiny/", "--student-id", "r12345678")
    assert code == 0 and out == "handin/tiny/r12345678_report.pdf\n" and built[0][0] == "loud"
    assert "no words yet for Novelty, " in err and "write them into final_project/tiny/report.md" in err
    (project.root / "final_project/tiny/report.md").write_text("# Novelty\n\nWords.\n")
    assert "no words yet for Methodology, " in typed("report", "tiny", "--student-id", "r12345678")[2]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("pack", "hw7", "--student-id", "r12345678"), "hw7: is no assignment; choose among tiny"),
        (("report", "tiny", "--student-id", "12345678"), "--student-id 12345678: give 5 to 20 letters"),
        (("pack", "tiny", "--student-id", "r12345678"), "runs/tiny: no finished run; train one with final_"),
        (("check", "none.zip"), "none.zip: no such file"),
        (("convert", "none.pt"), "none.pt: no such file"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(typed, words, message):
    code, out, err = typed(*words)
    assert code == 2 and out == "" and err.count("\n") == 1
    assert err.startswith(f"error: {message}")


def test_check_says_at_the_end_whether_it_will_do(pack_tiny, typed, project, zipped):
    pack_tiny("--report", project.report)
    code, out, err = typed("check", "handin/r12345678_tiny.zip")
    assert code == 0 and err == "" and out.endswith("handin/r12345678_tiny.zip: acceptable\n")
    code, out, err = typed("check", zipped({"a/../b": b"", "x.pkl": b""}))
    assert code == 2 and out.endswith("r12345678_hw0.zip: not acceptable, see above\n")
    assert [line.split("(rule: ")[1] for line in err.splitlines()] == ["parent-path)", "pickle)"]


def test_a_real_report_goes_in(typed, pack_tiny, project):
    """With the builder itself: what it needs of a run is there, and the intake reads what it makes."""
    (project.run_folder / "history.jsonl").write_text('{"epoch": 1, "train_loss": 1.0, "seconds": 1.0}\n')
    code, out, err = pack_tiny()
    assert code == 2 and err.endswith('write it into its line "Name:", or give --name\n')
    code, _, err = typed(
        *("report", "tiny", "--student-id", "r12345678", "--name", "王小明", "--run", project.run_folder)
    )
    assert code == 0, err
    code, out, err = pack_tiny()  # the name is known by now
    assert code == 0 and "is up to date" in err, err
    assert "accepted, no faults" in out
