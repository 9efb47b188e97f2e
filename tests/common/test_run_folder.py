"""Run and model folders: what is written comes back; what is broken, foreign or torn is named."""

from __future__ import annotations

import errno
import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import safetensors.torch
import torch

from common.cli import UserError
from common.run_folder import (
    MAY_CHANGE,
    ModelFolderError,
    RunFolder,
    load_model,
    load_weights,
    save_model,
    strict_dataclass,
    write_atomically,
)


@dataclass(kw_only=True)
class Inner:
    seed: int = 7
    workers: int = field(default=1, metadata=MAY_CHANGE)


@dataclass(kw_only=True)
class Options:
    out: Path = Path("unused")
    rate: float = 0.5
    widths: tuple[int, ...] = (8, 16)
    kind: Literal["cnn", "svm"] = "cnn"
    data: Path | None = None
    inner: Inner = field(default_factory=Inner)


def create(path: Path, **options) -> RunFolder:
    return RunFolder.create(path, assignment="hw0", config=Options(out=path, **options))


def save(path: Path, tensors=None) -> Path:
    save_model(path, assignment="hw0", config={"n_mels": 64}, tensors=tensors or {"weight": torch.ones(3)})
    return path


# ---- runs ----


def test_run_json_says_how_to_repeat_the_run(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.argv", ["hw0/train.py", "--data", "my notes"])
    monkeypatch.chdir(tmp_path)
    create(tmp_path / "runs" / "a", data=Path("my notes"))
    record = json.loads((tmp_path / "runs" / "a" / "run.json").read_text())
    session = record["sessions"][0]
    assert session["command"] == "python hw0/train.py --data 'my notes'"
    assert session["working_directory"] == "../.."
    assert record["seed"] == 7
    assert record["config"]["widths"] == [8, 16] and record["config"]["data"] == "my notes"
    assert (
        session["versions"]["torch"] == torch.__version__ and session["versions"]["numpy"] == np.__version__
    )
    assert session["git_commit"] is None or len(session["git_commit"].removesuffix("-dirty")) == 40


def test_git_commit_is_null_without_git(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    create(tmp_path / "run")
    assert json.loads((tmp_path / "run" / "run.json").read_text())["sessions"][0]["git_commit"] is None


def test_a_run_goes_on_with_the_same_options_and_records_both_starts(tmp_path):
    create(tmp_path / "run")
    create(tmp_path / "run", inner=Inner(workers=3))
    assert len(json.loads((tmp_path / "run" / "run.json").read_text())["sessions"]) == 2
    assert RunFolder.open(tmp_path / "run").config["inner"]["workers"] == 3


def test_other_options_are_refused_by_name(tmp_path):
    create(tmp_path / "run")
    with pytest.raises(UserError, match=r"--rate 0\.5, now 0\.1, --seed 7, now 8\).*another --out"):
        create(tmp_path / "run", rate=0.1, inner=Inner(seed=8))


def test_the_run_of_another_assignment_is_refused(tmp_path):
    create(tmp_path / "run")
    with pytest.raises(UserError, match="belongs to hw0, not to hw1"):
        RunFolder.create(tmp_path / "run", assignment="hw1", config=Options())


def test_a_folder_of_other_things_is_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("x")
    with pytest.raises(UserError, match="holds other things"):
        create(tmp_path)
    assert os.listdir(tmp_path) == ["thesis.tex"]


def test_opening_what_is_no_run(tmp_path):
    with pytest.raises(UserError, match="not a run folder"):
        RunFolder.open(tmp_path)


def test_only_process_0_writes(tmp_path, monkeypatch):
    monkeypatch.setenv("RANK", "1")
    create(tmp_path / "run").log({"epoch": 1})
    assert not (tmp_path / "run").exists()


# ---- history ----


def test_history_comes_back_with_null_for_what_is_not_finite(tmp_path):
    run = create(tmp_path / "run")
    run.log({"epoch": 1, "loss": np.float32(0.5), "map": float("nan")})
    run.log({"epoch": 2, "loss": float("inf")})
    assert run.history() == [{"epoch": 1, "loss": 0.5, "map": None}, {"epoch": 2, "loss": None}]


@pytest.mark.parametrize("torn", [b'{"epoch": 2, "lo', b"\0\0\0\0", b'{"epoch": 2, "x": "\xc3'])
def test_a_torn_last_line_is_dropped_and_the_next_is_whole(tmp_path, torn):
    run = create(tmp_path / "run")
    run.log({"epoch": 1})
    with (run.path / "history.jsonl").open("ab") as file:
        file.write(torn)
    assert run.history() == [{"epoch": 1}]
    run.log({"epoch": 2})
    assert run.history() == [{"epoch": 1}, {"epoch": 2}]


def test_a_broken_line_elsewhere_is_reported(tmp_path):
    run = create(tmp_path / "run")
    (run.path / "history.jsonl").write_text('{"epoch": 1}\n???\n{"epoch": 3}\n')
    with pytest.raises(UserError, match="line 2 is not JSON"):
        run.history()


def test_rewind_forgets_later_epochs(tmp_path):
    run = create(tmp_path / "run")
    for epoch in (1, 2, 3):
        run.log({"epoch": epoch})
    run.rewind(2)
    assert [record["epoch"] for record in run.history()] == [1, 2]


# ---- model folders ----


def test_a_model_of_torch_and_one_of_numpy_come_back(tmp_path):
    tied = torch.arange(6.0).reshape(2, 3)
    centres = np.arange(4, dtype=np.float64)[::-1]
    save(tmp_path, {"embedding": tied, "output": tied, "view": tied.T, "centres": centres, "n": np.array(3)})
    config, tensors = load_model(tmp_path, assignment="hw0")
    assert config == {"n_mels": 64}
    assert torch.equal(tensors["output"], tied) and torch.equal(tensors["view"], tied.T)
    assert tensors["centres"].dtype == torch.float64 and tensors["centres"].tolist() == [3, 2, 1, 0]
    assert tensors["n"].item() == 3
    assert sorted(os.listdir(tmp_path)) == ["config.json", "model.safetensors"]


def test_a_missing_folder(tmp_path):
    with pytest.raises(ModelFolderError, match="nowhere: no such folder"):
        load_model(tmp_path / "nowhere", assignment="hw0")


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_a_folder_without_one_of_the_two_files(tmp_path, name):
    (save(tmp_path) / name).unlink()
    with pytest.raises(ModelFolderError, match=f"no {name}"):
        load_model(tmp_path, assignment="hw0")


def test_a_model_of_another_assignment(tmp_path):
    with pytest.raises(ModelFolderError, match="belongs to hw0, not to hw1"):
        load_model(save(tmp_path), assignment="hw1")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"format": 9, "assignment": "hw0"}', "format 9 is unknown"),
        ('{"n_mels": 64}', "format None is unknown"),
        ('{"format": 1, "assi', "not valid JSON"),
        ("[1, 2]", "not a JSON object"),
    ],
)
def test_a_strange_config(tmp_path, text, message):
    (save(tmp_path) / "config.json").write_text(text)
    with pytest.raises(ModelFolderError, match=message):
        load_model(tmp_path, assignment="hw0")


def test_broken_weights(tmp_path):
    weights = save(tmp_path) / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-5])
    with pytest.raises(ModelFolderError, match=r"model\.safetensors: broken"):
        load_model(tmp_path, assignment="hw0")


def test_a_pickle_is_not_opened(tmp_path):
    torch.save({"weight": torch.ones(3)}, save(tmp_path) / "model.safetensors")
    with pytest.raises(ModelFolderError, match="broken"):
        load_model(tmp_path, assignment="hw0")


def test_weights_of_another_shape(tmp_path):
    with pytest.raises(ModelFolderError, match="size mismatch"):
        load_weights(
            torch.nn.Linear(2, 2), {"weight": torch.ones(3, 2), "bias": torch.ones(2)}, where=tmp_path
        )
    with pytest.raises(ModelFolderError, match="Missing key"):
        load_weights(torch.nn.Linear(2, 2), {"weight": torch.ones(2, 2)}, where=tmp_path)


# ---- from JSON to dataclass ----


def as_json(**changes) -> dict:
    return json.loads(json.dumps(asdict(Options()) | {"out": "x"} | changes))


def test_a_dataclass_comes_back_from_json():
    options = strict_dataclass(Options, as_json(data="notes", rate=1), where="config.json")
    assert options == Options(out=Path("x"), data=Path("notes"), rate=1.0)
    assert isinstance(options.rate, float) and isinstance(options.inner, Inner)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n_mel": 3}, "unknown key n_mel"),
        ({"rate": "fast"}, "rate: expected float, got 'fast'"),
        ({"rate": True}, "rate: expected float"),
        ({"kind": "gnn"}, "kind: expected .*cnn.*, got 'gnn'"),
        ({"widths": [1, "2"]}, "widths: expected int, got '2'"),
        ({"widths": 3}, "widths: expected .*tuple"),
        ({"inner": {"seed": 1}}, "inner: missing key workers"),
        ({"inner": {"seed": 1.5, "workers": 1}}, "inner: seed: expected int, got 1.5"),
        ({"data": 3}, "data: expected .*Path.*, got 3"),
    ],
)
def test_wrong_keys_and_values_are_named(changes, message):
    with pytest.raises(ModelFolderError, match=f"config.json: {message}"):
        strict_dataclass(Options, as_json(**changes), where="config.json")


def test_a_missing_key_is_named_even_if_it_has_a_default():
    values = as_json()
    del values["rate"]
    with pytest.raises(ModelFolderError, match="missing key rate"):
        strict_dataclass(Options, values, where="config.json")


# ---- files ----


def test_a_full_disk_leaves_the_old_file_and_names_the_new_one(tmp_path, monkeypatch):
    path = tmp_path / "model.safetensors"
    write_atomically(path, b"old")

    def full(_descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left") as caught:
        write_atomically(path, b"new")
    assert caught.value.filename == str(path)
    assert path.read_bytes() == b"old" and os.listdir(tmp_path) == [path.name]


def test_leftovers_of_a_crash_do_not_stop_a_run(tmp_path):
    (tmp_path / ".run.json.part").write_bytes(b"{")
    create(tmp_path)
    assert os.listdir(tmp_path) == ["run.json"]


def test_safetensors_of_others_can_read_ours(tmp_path):
    assert torch.equal(
        safetensors.torch.load_file(save(tmp_path) / "model.safetensors")["weight"], torch.ones(3)
    )
