"""How muse2bach is handed in: its command is understood, its examples can be harmonized as they are."""

from __future__ import annotations

import tyro

from common.assignments import find, write_examples
from final_project.muse2bach import ASSIGNMENT
from final_project.muse2bach.hand_in import HAND_IN, TWINKLE, melody
from final_project.muse2bach.infer import CLOSING, InferConfig
from final_project.muse2bach.inputs import read_piece, voices_in
from final_project.muse2bach.task import make_task


def test_it_is_found_and_infer_py_understands_its_command():
    assert find("muse2bach").package == HAND_IN.package and HAND_IN.marker == ASSIGNMENT
    words = HAND_IN.infer_command("model", ["a", "b"], "out")
    config = tyro.cli(InferConfig, args=words[3:], config=(tyro.conf.OmitArgPrefixes,))
    assert [str(path) for path in config.files] == ["a", "b"] and str(config.out) == "out"
    assert config.json and config.formats == ("musicxml", "midi") and str(config.model) == "model"


def test_the_examples_are_three_melodies_with_words(tmp_path):
    first = write_examples(HAND_IN, tmp_path / "one")
    tasks = {}
    for path in first:
        piece, kind = read_piece(path)
        lines, notices = voices_in(piece, ("soprano",))
        tasks[path.name] = make_task("x", piece, lines, closing=CLOSING[kind])
        assert not notices and not tasks[path.name].notices
    assert {name: (len(task), task.key, task.metre.beats) for name, task in tasks.items()} == {
        "amazing_grace.abc": (16 * 12, (7, "major"), 3),
        "ode_to_joy.mid": (8 * 16, (7, "major"), 4),
        "twinkle.musicxml": (8 * 16, (7, "major"), 4),
    }
    assert tasks["amazing_grace.abc"].position[0] == 8  # an upbeat of a quarter
    assert tasks["amazing_grace.abc"].fermata.sum() == 40  # two notes of five quarters
    words = {name: "".join(task.text) for name, task in tasks.items()}
    assert (
        words["ode_to_joy.mid"].startswith("Freu-de,schö-nerGöt-ter-")
        and "dia-mond" in words["twinkle.musicxml"]
    )
    assert words["amazing_grace.abc"].endswith("blind,butnowIsee.")
    again = write_examples(HAND_IN, tmp_path / "two")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in again]


def test_a_melody_is_read_as_it_is_written():
    chorale = melody("Twinkle", TWINKLE)
    assert len(chorale) == 8 * 16 and chorale.note_count(0) == len(chorale.text) == 28
    assert chorale.voices[:4, 0].tolist() == [67] * 4 and (chorale.voices[:, 1:] == -1).all()
    assert chorale.fermata.reshape(-1, 16).sum(axis=1).tolist() == [0, 8] * 4
