import json

import pytest

from final_project.guitar_effect_removal.models import load

TINY = ("--seconds", 0.5, "--excerpts", 4, "--batch-size", 2, "--epochs", 2, "--preset", "quick")


@pytest.mark.parametrize("kind", ["remover", "waveform", "detector"])
def test_a_training_ends_with_a_model_and_its_figures(command, guitars, tmp_path, capsys, kind):
    run = tmp_path / "run"
    assert command("train", "--model", kind, *TINY, "--data", guitars, "--out", run) == 0
    printed = capsys.readouterr().out
    assert "synthesized guitars, not to be compared" in printed and "eval.py" in printed
    assert load(run, device="cpu")[1].model == kind
    assert (run / "figures/learning_curve.png").stat().st_size > 5000
    history = [json.loads(line) for line in (run / "history.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in history] == [1, 2]


def test_a_run_that_was_stopped_ends_in_the_same_weights(command, guitars, tmp_path, monkeypatch):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert command("train", *TINY, "--data", guitars, "--out", whole) == 0

    from common.training import loop

    original = loop.conclude_epoch

    def stopped(record, *rest):
        result = original(record, *rest)
        raise KeyboardInterrupt if record["epoch"] == 1 else SystemExit(str(result))

    monkeypatch.setattr(loop, "conclude_epoch", stopped)
    assert command("train", *TINY, "--data", guitars, "--out", parts) == 130
    monkeypatch.setattr(loop, "conclude_epoch", original)
    assert command("train", *TINY, "--data", guitars, "--out", parts) == 0
    assert (whole / "model.safetensors").read_bytes() == (parts / "model.safetensors").read_bytes()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--effects", "fuzz"), "--effects fuzz: no such effect"),
        (("--effects", "reverb", "delay"), "takes a single effect"),
        (("--seconds", 0), "--seconds is 0"),
        (("--recolour", 2), "--recolour is 2; give a share, 0 to 1"),
        (("--data", "nowhere"), "no guitars there"),
    ],
)
def test_bad_options_are_one_line(command, options, message, tmp_path, capsys):
    assert command("train", "--preset", "quick", "--out", tmp_path / "run", *options) == 2
    error = capsys.readouterr().err
    assert message in error and "Traceback" not in error


def test_train_cannot_open_the_test_split():
    import final_project.guitar_effect_removal.train as module

    assert not hasattr(module, "open_test_split")
