"""How it is handed in: its command is understood, its examples are guitars and can be cleaned as they are."""

from __future__ import annotations

import re
import sys
from pathlib import Path, PurePosixPath

import numpy as np
import tyro

from common import audio
from common.assignments import ROOT, find, write_examples
from common.handin.code_files import code_files
from final_project.guitar_effect_removal import ASSIGNMENT
from final_project.guitar_effect_removal.hand_in import EXAMPLES, HAND_IN
from final_project.guitar_effect_removal.infer import InferConfig


def test_it_is_found_and_infer_py_understands_its_command():
    assert find(ASSIGNMENT).package == HAND_IN.package and HAND_IN.marker == ASSIGNMENT
    words = HAND_IN.infer_command("model", ["a", "b"], "out")
    config = tyro.cli(InferConfig, args=words[3:], config=(tyro.conf.OmitArgPrefixes,))
    assert [str(path) for path in config.files] == ["a", "b"] and str(config.out) == "out"
    assert config.json and str(config.model) == "model"


def test_the_homeworks_that_it_imports_are_handed_in_with_it():
    code = "\n".join(path.read_text() for path in (ROOT / HAND_IN.folder).glob("*.py"))
    imported = set(re.findall(r"^(?:from|import) (hw\d_\w+)", code, re.MULTILINE))
    assert imported == set(HAND_IN.builds_on)
    taken = set(code_files(HAND_IN, ROOT).taken)
    for module in Path(ROOT / "hw2_source_separation").glob("*.py"):
        assert PurePosixPath("hw2_source_separation", module.name) in taken
    assert not any(path.parts[0] == "hw0_note_classification" for path in taken)


def test_the_examples_are_three_guitars_the_same_each_time(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pedalboard", None)  # is not needed for them
    paths = write_examples(HAND_IN, tmp_path / "one")
    assert [path.stem for path in paths] == list(EXAMPLES)
    for path in paths:
        waveform, rate = audio.read(path)
        assert waveform.shape == (1, 5 * 44_100) and rate == 44_100
        seconds = waveform.reshape(5, rate)
        assert (np.abs(seconds).max(axis=1) > 0.01).all() and np.abs(waveform).max() <= 1
    again = write_examples(HAND_IN, tmp_path / "two")
    assert [path.read_bytes() for path in paths] == [path.read_bytes() for path in again]


def test_the_command_of_the_hand_in_cleans_them(command, remover_folder, tmp_path, monkeypatch):
    paths = write_examples(HAND_IN, tmp_path / "in")
    monkeypatch.chdir(tmp_path)  # without a runs folder
    words = HAND_IN.infer_command(str(remover_folder), [str(path) for path in paths[:1]], "out")
    assert command("infer", *words[3:]) == 0
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["riff_overdrive_dry.wav"]
