"""The command on a small class: ranked, subtracted, the same on every run, whatever is handed in."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from benchmarks.plagiarism_class import disguised
from common import cli
from grading.plagiarism import command
from grading.plagiarism.command import PlagiarismConfig, main

ROOT = Path(__file__).parents[3]
HANDOUT = "common/audio.py"
OWN = (
    "hw2_source_separation/umx.py",
    "hw2_source_separation/bandsplit.py",
    "hw1_instrument_detection/detector.py",
)


@pytest.fixture(scope="session")
def class_(tmp_path_factory) -> Path:
    """class/ with zips and a folder, handout/ and reference/: b copied a, c found its code, d is broken."""
    root = tmp_path_factory.mktemp("plagiarism")
    handout, *own = (ROOT.joinpath(path).read_text(encoding="utf-8") for path in (HANDOUT, *OWN))
    files = {
        "r10000001_hw2.zip": own[0],
        "r10000001_hw2_again.zip": own[0],
        "r10000002_hw2.zip": disguised(own[0], seed=1),
        "r10000003_hw2.zip": own[1],
    }
    for folder in ("class", "handout", "reference"):
        (root / folder).mkdir()
    for name, text in files.items():
        with zipfile.ZipFile(root / "class" / name, "w") as archive:
            archive.writestr("common/audio.py", handout)
            archive.writestr("hw2/model.py", text)
    (root / "class" / "r10000004_hw2").mkdir()
    (root / "class" / "r10000004_hw2" / "broken.py").write_text("def f(:\n  '" + own[2])
    (root / "class" / "r10000005_hw2.zip").write_bytes(b"PK\3\4 no zip")
    (root / "handout" / "audio.py").write_text(handout)
    (root / "reference" / "public.py").write_text(disguised(own[1], seed=2))
    return root


def run(class_: Path, out: Path, **options) -> list[dict[str, str]]:
    """The rows of pairs.csv."""
    options = {"handout": class_ / "handout", "reference": class_ / "reference", **options}
    assert main(PlagiarismConfig(folder=class_ / "class", out=out, **options)) == 0
    with (out / "pairs.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_copies_come_first(class_, tmp_path, capsys):
    rows = run(class_, tmp_path / "out", pages=3)
    found = [(row["first"], row["second"], row["reference"]) for row in rows[:3]]
    assert set(found) == {
        ("r10000001_hw2.zip", "r10000002_hw2.zip", "0"),
        ("r10000001_hw2_again.zip", "r10000002_hw2.zip", "0"),
        ("r10000003_hw2.zip", "public.py", "1"),
    }
    assert all(float(row["score"]) > 0.8 for row in rows[:3])
    assert all(float(row["score"]) < 0.3 for row in rows[3:])
    assert not any(
        {row["first"], row["second"]} == {"r10000001_hw2.zip", "r10000001_hw2_again.zip"} for row in rows
    )
    said = capsys.readouterr()
    assert said.out.startswith("score") and "advisory: it changes no score" in said.out
    assert "remarks on files" in said.err


def test_pages_show_the_code_and_what_was_not_read(class_, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "pair_007.html").write_text("of an earlier list")
    run(class_, out, pages=3)
    assert sorted(path.name for path in out.iterdir()) == [
        "index.html",
        "pair_001.html",
        "pair_002.html",
        "pair_003.html",
        "pairs.csv",
    ]
    index = (out / "index.html").read_text(encoding="utf-8")
    assert "a string is not closed" in index and "no zip that can be read" in index
    page = (out / "pair_001.html").read_text(encoding="utf-8")
    assert 'class="m m0"' in page and "hw2/model.py, lines" in page
    assert "common/audio.py" not in page  # the handout's


def test_what_all_were_given_counts_when_it_is_not_known(class_, tmp_path):
    (tmp_path / "nothing").mkdir()
    rows = run(class_, tmp_path / "out", handout=tmp_path / "nothing", pages=0)
    scores = {(row["first"], row["second"]): float(row["score"]) for row in rows}
    assert scores["r10000001_hw2.zip", "r10000003_hw2.zip"] > 0.3


def test_by_default_the_repository_is_the_handout(class_, monkeypatch):
    monkeypatch.setattr(command, "HANDED_OUT", ("hw2_*",))
    results = command.compare_folders(PlagiarismConfig(folder=class_ / "class"))
    assert [len(own.fingerprints) for own in results.class_][:2] == [
        len(results.own_code.fingerprints(code)) for code in results.hand_ins[:2]
    ]
    names = {own.name: len(own.fingerprints) for own in results.class_}
    audio = names["r10000001_hw2.zip"]  # the rest is the repository's
    assert audio == names["r10000003_hw2.zip"] and audio > 100


def test_hand_ins_within_the_handout_are_not_subtracted(class_):
    results = command.compare_folders(
        PlagiarismConfig(folder=class_ / "class", handout=class_, reference=class_ / "reference")
    )
    assert len(results.comparison.pairs) > 2 and results.comparison.pairs[0].score > 0.8


def test_the_same_bytes_on_every_run(class_, tmp_path):
    run(class_, tmp_path / "one", pages=2)
    options = [f"--{name}={class_ / name}" for name in ("handout", "reference")]
    code = "from common import cli; from grading.plagiarism.command import *; cli.run(main, PlagiarismConfig)"
    subprocess.run(
        [
            sys.executable,
            "-c",
            code,
            str(class_ / "class"),
            *options,
            f"--out={tmp_path / 'two'}",
            "--pages=2",
        ],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": "12345"},
        check=True,
        capture_output=True,
    )
    one, two = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("one", "two")
    )
    assert one == two and len(one) == 4


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["none"], "none: no such folder"),
        ([".", "--handout", "none"], "none: no such folder; give the folder that was handed out"),
        ([".", "--reference", "none"], "none: no such folder"),
        ([".", "--pages", "-1"], "--pages is -1"),
    ],
)
def test_errors_are_one_line(options, message, tmp_path, monkeypatch, capsys, error_of):
    (tmp_path / "a.py").write_text("x = 1\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as caught:
        cli.run(main, PlagiarismConfig, options)
    assert caught.value.code == 2
    assert message in error_of(capsys)


def test_a_class_of_one_student_is_told(tmp_path):
    for name in ("music_hw1_ann.py", "music_hw1_bob.py"):
        (tmp_path / name).write_text("x = 1\n")
    with pytest.raises(cli.UserError, match="all hand-ins are of music; name them"):
        main(PlagiarismConfig(folder=tmp_path, handout=tmp_path))


def test_hand_ins_without_code(tmp_path, capsys):
    for name in ("a", "b"):
        (tmp_path / "class" / name).mkdir(parents=True)
    (tmp_path / "handout").mkdir()
    config = PlagiarismConfig(folder=tmp_path / "class", handout=tmp_path / "handout", out=tmp_path / "out")
    assert main(config) == 0
    assert "no hand-ins share own code" in capsys.readouterr().out
