"""Whose a hand-in is, which of several counts, and the score in the end."""

from __future__ import annotations

import csv

DEADLINE = "2026-11-01T23:59+08:00"


def rows_of(out) -> list[dict[str, str]]:
    with (out / "gradebook.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_the_last_one_received_counts_and_none_overwrites_another(zips, run, record):
    first, second = {"student_id": "r11111111", "points": 9}, {"student_id": "r11111111", "points": 2}
    folder = zips(r11111111_hw0=first, **{"r11111111_hw0 (1)": second})
    assert run(folder) == 0
    assert record()["students"]["r11111111"]["counts"]["file"] == "r11111111_hw0 (1).zip"  # by name: no times
    received = "file,time\nr11111111_hw0.zip,2026-11-01T11:00Z\nr11111111_hw0 (1).zip,2026-11-01T10:00Z\n"
    assert run(folder, received=received, deadline=DEADLINE) == 0
    [row] = rows_of(run.out)
    assert (row["file"], row["raw_score"]) == ("r11111111_hw0.zip", "19.0")
    assert (
        "2 hand-ins, the last one received counts. r11111111_hw0 (1).zip (12 points) does" in row["comment"]
    )
    assert len(list((run.out / "hand_ins").glob("*/grade.json"))) == 2
    assert run.log.read_text().count("\n") == 2  # times change no grade


def test_late_days_cost_a_share_of_the_score(zips, run, capsys):
    folder = zips(r11111111_hw0={"points": 8}, r22222222_hw0={"points": 8}, r33333333_hw0={"points": 8})
    received = "student_id,time\nr11111111,2026-11-02T23:59+08:00\nr22222222,2026-11-03T23:59:01+08:00\n"
    assert run(folder, received=received, deadline=DEADLINE) == 0
    one, two, three = rows_of(run.out)
    assert [one[key] for key in ("raw_score", "late_days", "late_penalty", "final_score")] == [
        "18.0", "1", "3.6", "14.4",
    ]  # fmt: skip
    assert (two["late_days"], two["final_score"], two["comment"]) == ("3", "7.2", "3 days late: -60 %")
    assert (three["final_score"], three["comment"]) == ("18.0", "no time of receipt: taken as on time")
    assert "\nto look at, see their comments: r33333333\n" in capsys.readouterr().out


def test_overrides_go_last_and_can_be_taken_back(zips, run, record, capsys):
    folder = zips(r11111111_hw0={"points": 3}, r22222222_hw0={"points": 3}, r33333333_hw0={"does": "exit"})
    overrides = (
        "student_id,item,points,reason\nr11111111,results,9,=1+1\nr22222222,score,99.5,agreed\n"
        "r33333333,score,50,by eye\nr44444444,score,1,\nr11111111,walk,1,\n"
    )
    received = "student_id,time\nr11111111,2026-11-02T10:00+08:00\n"
    assert run(folder, overrides=overrides, received=received, deadline=DEADLINE) == 2
    one, two, three = rows_of(run.out)
    assert (one["raw_score"], one["late_penalty"], one["final_score"]) == ("19.0", "3.8", "15.2")
    assert one["override"] == "results 9 (=1+1)"
    assert (two["raw_score"], two["final_score"]) == ("13.0", "99.5")
    assert (three["raw_score"], three["final_score"]) == ("", "50.0")
    said = capsys.readouterr().err
    assert "error: overrides.csv line 5: there is no hand-in of r44444444" in said
    assert "error: overrides.csv line 6: 'walk' is no item" in said
    assert record()["students"]["r11111111"]["automatic_score"] == 13.0
    page = (run.out / "students/r11111111/feedback.html").read_text()
    assert "Set by hand from 3 to 9: =1+1" in page
    assert "Score set by hand: agreed" in (run.out / "students/r22222222/feedback.html").read_text()
    run(folder)
    assert rows_of(run.out)[0]["final_score"] == "13.0"


def test_the_records_and_the_name_decide_whose_it_is_not_the_file_itself(zips, run, record):
    theft = {"student_id": "r22222222", "points": 1}
    folder = zips(r11111111_hw0=theft, r22222222_hw0={"points": 9}, own=theft)
    received = "file,student_id,time\nown.zip,r33333333,2026-11-01T10:00Z\n"
    run(folder, received=received, deadline=DEADLINE)
    students = record()["students"]
    assert students["r22222222"]["final_score"] == 19.0 and not students["r22222222"]["others"]
    notes = students["r11111111"]["counts"]["notes"]
    assert "the manifest says r22222222, the file's name r11111111: check whose it is" in notes
    notes = students["r33333333"]["counts"]["notes"]
    assert notes == ["the manifest says r22222222, the records r33333333: check whose it is"]
    for page in (run.out / "students").glob("r[13]*/feedback.html"):
        assert "r22222222" not in page.read_text()


def test_what_only_itself_says_whose_it_is_comes_before_what_has_the_name(zips, run, record):
    run(zips(r22222222_hw0={"points": 9}, zzz={"student_id": "r22222222", "points": 1}))
    student = record()["students"]["r22222222"]
    assert student["final_score"] == 19.0 and student["others"][0]["file"] == "zzz.zip"


def test_hand_ins_of_nobody_have_a_row_and_a_page_each(zips, run):
    run(zips(a={"does": "reject"}, b={"does": "exit"}, **{"=1+1": {}}))
    rows = rows_of(run.out)
    assert [row["student_id"] for row in rows] == ["", "", ""]
    assert {row["file"] for row in rows} == {"'=1+1.zip", "a.zip", "b.zip"}
    assert len(list((run.out / "students").glob("unknown-*/feedback.html"))) == 3
