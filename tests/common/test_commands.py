"""What the commands share: data, runs, names, what to type next."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from common import commands
from common.audio_files import audio_files
from common.cli import UserError
from common.training_data import DataRecord


def test_models_of_one_name_are_told_apart(tmp_path):
    assert commands.model_names([tmp_path / "a", tmp_path / "b"]) == ["a", "b"]
    assert commands.model_names([tmp_path / "1" / "a", tmp_path / "2" / "a"]) == [
        f"{tmp_path}/1/a",
        f"{tmp_path}/2/a",
    ]


def test_the_next_command_can_be_pasted(tmp_path):
    found = commands.next_command("hw0/eval.py", "--model", tmp_path / "my run", data=None)
    assert found == f"python hw0/eval.py --model '{tmp_path}/my run'"
    found = commands.next_command("hw1/train.py", "--encoder", tmp_path, data=tmp_path / "data")
    assert found == f"python hw1/train.py --encoder {tmp_path} --data {tmp_path}/data"


def test_the_newest_run_is_the_one_that_was_finished_last(tmp_path, capsys):
    for age, name in enumerate(("no_model", "newest", "older", "unfinished")):
        (tmp_path / name).mkdir()
        for file in ("config.json", "validation.json"):
            (tmp_path / name / file).write_text("{}")
        os.utime(tmp_path / name / "validation.json", (1e9 - age, 1e9 - age))
    (tmp_path / "unfinished" / "validation.json").unlink()
    (tmp_path / "no_model" / "config.json").unlink()
    assert commands.newest_run(tmp_path, script="hw0/train.py") == tmp_path / "newest"
    assert (
        capsys.readouterr().err == f"model: {tmp_path / 'newest'}, the newest run; --model chooses another\n"
    )
    with pytest.raises(UserError, match="x: no finished run; train one with hw0/train.py"):
        commands.newest_run(tmp_path / "x", script="hw0/train.py")


def trained_on(*names):
    """What `data_trained_on` answers for models that were trained on the data folders `names`."""

    def default_data(*, quick):
        return Path("data/mini_quick" if quick else "data/mini")

    known = [None if name is None else DataRecord(name, True) for name in names]
    models = [Path(f"run{number}") for number in range(len(names))]
    return commands.data_trained_on(
        models, known, default_data=default_data, ensure_data=lambda path, quick: default_data(quick=quick)
    ).name


def test_only_mini_data_can_be_found_again():
    assert trained_on("mini", "mini") == "mini"
    assert trained_on("mini_quick", None) == "mini_quick"
    for names, reason in (
        (["mini", "mini_quick"], "run0: trained on mini and mini_quick; say with --data"),
        (["other"], "run0: trained on other; say with --data"),
        ([None], "run0: the folder does not say what it was trained on; say with --data"),
    ):
        with pytest.raises(UserError, match=reason):
            trained_on(*names)


def test_results_on_other_data_have_a_folder_of_their_own(tmp_path):
    run, data = tmp_path / "run", tmp_path / "mini"
    assert commands.results_folder(run, DataRecord("mini", True), data) == run
    assert commands.results_folder(run, DataRecord("other", True), data) == run / "eval_mini"
    assert commands.results_folder(run, None, data) == run / "eval_mini"
    for path in commands.save_results(run / "eval_mini", {"f1": 0.5}, "F1 0.5"):
        assert path.parent == run / "eval_mini"
    assert json.loads((run / "eval_mini" / "metrics.json").read_text()) == {"f1": 0.5}
    assert (run / "eval_mini" / "report.txt").read_text() == "F1 0.5\n"


def test_a_record_of_the_data_is_read_back_strictly(tmp_path):
    record = DataRecord("mini", True)
    record.save(tmp_path)
    assert DataRecord.load(tmp_path) == record and DataRecord.load(tmp_path / "elsewhere") is None
    (tmp_path / "training_data.json").write_text('{"name": "mini"}')
    with pytest.raises(UserError, match="training_data.json: missing key is_mini"):
        DataRecord.load(tmp_path)


def test_folders_stand_for_the_audio_files_in_them(tmp_path):
    for place in (
        "music/b.wav",
        "music/a.FLAC",
        "music/deeper/c.mp3",
        "music/.hidden.wav",
        "music/cover.jpg",
    ):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).touch()
    (tmp_path / "nothing").mkdir()
    found = audio_files([tmp_path / "music", tmp_path / "nothing", tmp_path / "any.name"])
    names = [str(path.relative_to(tmp_path)) for path in found]
    assert names == ["music/a.FLAC", "music/b.wav", "music/deeper/c.mp3", "nothing", "any.name"]
