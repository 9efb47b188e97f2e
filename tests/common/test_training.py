"""Training learns, resumes to the last bit, stops when it should, and shares steps among processes."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from common.cli import UserError
from common.run_folder import RunFolder, load_model
from common.training import (
    TrainingConfig,
    evaluation_loader,
    fit,
    item_generator,
    pick_device,
    seed_everything,
    to_device,
    training_loader,
)
from common.training.batches import EpochBatches
from common.training.checkpoint import State
from common.training.optimization import (
    adamw,
    layer_decay,
    learning_rate,
    set_learning_rate,
    update_average,
)

ROOT = Path(__file__).parents[2]
SCRIPT = Path(__file__).with_name("training_script.py")
OPTIONS = {"epochs": 5, "batch_size": 16, "ema": 0.9, "learning_rate": 0.02}  # 3 steps an epoch

spec = importlib.util.spec_from_file_location("training_script", SCRIPT)
script = importlib.util.module_from_spec(spec)
sys.modules["training_script"] = script
spec.loader.exec_module(script)


@pytest.fixture(autouse=True)
def one_thread():
    """As in the script: sums over another number of threads end in other last bits."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def config(out: Path, **options) -> script.Config:
    return script.Config(out=out, **{"workers": 0, "device": "cpu", **OPTIONS, **options})


def command(out: Path, **options) -> list[str]:
    values = {"out": out, "device": "cpu", **OPTIONS, **options}
    return [str(SCRIPT), *(f"--{name.replace('_', '-')}={value}" for name, value in values.items())]


def launch(arguments: list[str], **options) -> subprocess.Popen:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([sys.executable, *arguments], env=environment, **pipes, **options)


def wait_for_epoch(out: Path, epoch: int) -> None:
    """Until `epoch` is done, and the next one has begun (a step takes 0.2 s, an epoch three)."""
    deadline = time.monotonic() + 120
    while (
        not (out / "history.jsonl").exists() or len((out / "history.jsonl").read_text().splitlines()) < epoch
    ):
        assert time.monotonic() < deadline, "the command does not train"
        time.sleep(0.02)
    time.sleep(0.3)


def same_files(one: Path, other: Path) -> bool:
    """Whether weights, moments and progress agree to the last bit."""
    names = ("model.safetensors", "checkpoint.safetensors")
    return all((one / name).read_bytes() == (other / name).read_bytes() for name in names)


def without_times(history: list[dict]) -> list[dict]:
    return [
        {key: value for key, value in record.items() if key not in ("seconds", "items_per_second")}
        for record in history
    ]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> Path:
    """The run folder of a run that nobody interrupted."""
    out = tmp_path_factory.mktemp("undisturbed") / "run"
    torch.set_num_threads(1)
    script.train(config(out))
    return out


# ---- learning ----


def test_it_overfits_eight_examples(tmp_path):
    best = script.train(config(tmp_path / "run", items=8, jitter=0, dropout=0, epochs=150, ema=0))
    last = RunFolder.open(tmp_path / "run").history()[-1]
    assert last["train_loss"] < 0.02
    assert best["accuracy"] > 0.7


def test_the_history_tells_the_epochs(undisturbed):
    history = RunFolder.open(undisturbed).history()
    assert [record["epoch"] for record in history] == [1, 2, 3, 4, 5]
    keys = {"epoch", "train_loss", "learning_rate", "seconds", "items_per_second", "score", "accuracy"}
    assert all(record.keys() == keys for record in history)
    assert history[-1]["train_loss"] < history[0]["train_loss"]


@pytest.mark.parametrize("ema", [0, 0.5])
def test_the_model_folder_holds_what_was_validated_at_the_best_epoch(tmp_path, ema):
    options = config(tmp_path / "run", ema=ema, learning_rate=0.3, epochs=8)
    best = script.train(options)
    history = RunFolder.open(options.out).history()
    assert best["score"] == max(record["score"] for record in history) > history[-1]["score"]
    assert best["epoch"] == 1 + np.argmax([record["score"] for record in history])
    model = script.make_model(options).eval()
    saved, tensors = load_model(options.out, assignment="points")
    model.load_state_dict(tensors)
    points = script.Points(64, seed=2)
    loss = nn.functional.cross_entropy(model(torch.tensor(points.points)), torch.tensor(points.labels))
    assert -loss.item() == best["score"] and saved == {"dropout": 0.2}


def test_chosen_epochs_are_kept(tmp_path):
    script.train(config(tmp_path / "run", keep_epochs=(2, 5), ema=0))
    kept = [load_model(tmp_path / "run" / f"epoch_00{epoch}", assignment="points")[1] for epoch in (2, 5)]
    assert not torch.equal(kept[0]["0.weight"], kept[1]["0.weight"])
    assert not (tmp_path / "run" / "epoch_003").exists()


def test_workers_and_seeds(tmp_path, undisturbed):
    script.train(config(tmp_path / "worker", workers=1))
    assert same_files(tmp_path / "worker", undisturbed)
    script.train(config(tmp_path / "seed", seed=1))
    assert not same_files(tmp_path / "seed", undisturbed)


# ---- resuming ----


def test_killed_in_mid_epoch_it_ends_in_the_same_weights(tmp_path, undisturbed):
    out = tmp_path / "run"
    process = launch(command(out, workers=1, sleep=0.2))
    wait_for_epoch(out, 2)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    done = len(RunFolder.open(out).history())
    assert 2 <= done < 5 and not same_files(out, undisturbed)
    script.train(config(out))
    assert same_files(out, undisturbed)
    histories = [without_times(RunFolder.open(folder).history()) for folder in (out, undisturbed)]
    assert histories[0] == histories[1]


def test_ctrl_c_says_how_to_go_on_and_the_same_command_does(tmp_path, undisturbed):
    out = tmp_path / "run"
    process = launch(command(out, workers=1, sleep=0.5))
    wait_for_epoch(out, 1)
    process.send_signal(signal.SIGINT)
    errors = process.communicate(timeout=60)[1]
    assert process.returncode == 130
    assert re.search(r"\ninterrupted: the same command goes on after epoch [1-4]\n$", errors), errors
    assert "Traceback" not in errors
    script.train(config(out))
    assert same_files(out, undisturbed)


@pytest.mark.parametrize("place", ["log", "before the checkpoint"])
def test_a_crash_between_validation_and_checkpoint_is_repaired(tmp_path, undisturbed, monkeypatch, place):
    owner, name = (RunFolder, "log") if place == "log" else (State, "save")
    original, calls = getattr(owner, name), []

    def crash_the_third_time(*arguments):
        calls.append(arguments)
        if len(calls) == 3:
            raise ConnectionAbortedError("the power went")
        original(*arguments)

    monkeypatch.setattr(owner, name, crash_the_third_time)
    with pytest.raises(ConnectionAbortedError):
        script.train(config(tmp_path / "run"))
    script.train(config(tmp_path / "run"))
    assert same_files(tmp_path / "run", undisturbed)
    assert [record["epoch"] for record in RunFolder.open(tmp_path / "run").history()] == [1, 2, 3, 4, 5]


def test_a_finished_run_gives_its_result_without_training(tmp_path, capsys, monkeypatch):
    first = script.train(config(tmp_path / "run"))
    monkeypatch.setattr(nn.Module, "train", lambda *_: pytest.fail("it trains"))
    assert script.train(config(tmp_path / "run", workers=1)) == first
    assert "this run is finished already" in capsys.readouterr().err


def test_other_options_are_refused(tmp_path, undisturbed):
    with pytest.raises(UserError, match=r"--learning-rate 0\.02, now 0\.01\).*another --out"):
        script.train(config(undisturbed, learning_rate=0.01))
    with pytest.raises(UserError, match="--epochs 5, now 6"):
        script.train(config(undisturbed, epochs=6))


def test_other_data_or_another_model_or_a_broken_checkpoint_are_refused(tmp_path, monkeypatch):
    out = tmp_path / "run"
    script.train(config(out))
    with monkeypatch.context() as patch:
        patch.setattr(script.Points, "__len__", lambda points: len(points.points) - 10)
        with pytest.raises(UserError, match="data have changed: 3 batches an epoch then, 2 now"):
            script.train(config(out))
    with monkeypatch.context() as patch:
        patch.setattr(script, "make_model", lambda options: nn.Linear(2, 2))
        with pytest.raises(UserError, match="not of this model"):
            script.train(config(out))
    (out / "checkpoint.safetensors").write_bytes(b"torn")
    with pytest.raises(UserError, match="checkpoint.safetensors: broken"):
        script.train(config(out))


# ---- stopping ----


def fit_with_scores(out: Path, scores: list[float], **options) -> tuple[dict, nn.Module, list[torch.Tensor]]:
    """Best metrics, model, and the weights at each validation, when validation gives `scores` in turn."""
    training = TrainingConfig(epochs=len(scores), device="cpu", workers=0, batch_size=4, **options)
    run = RunFolder.create(out, assignment="test", config=training)
    weights: list[torch.Tensor] = []

    def validate(model: nn.Module) -> dict[str, float]:
        assert not model.training and not torch.is_grad_enabled()
        weights.append(model.weight.detach().clone())
        return {"score": scores[len(run.history())]}

    model = nn.Linear(3, 1)
    data = torch.utils.data.TensorDataset(torch.randn(8, 3))
    loader = training_loader(data, training)
    step = lambda model, batch: model(batch[0]).square().mean()  # noqa: E731
    best = fit(model, loader, step=step, validate=validate, run=run, config=training, model_config={})
    return best, model, weights


def test_early_stopping_stops_and_keeps_the_best(tmp_path, capsys):
    best, model, weights = fit_with_scores(tmp_path, [0.1, 0.5, 0.4, 0.5, 0.3, 0.9], patience=3)
    assert best == {"epoch": 2, "score": 0.5} and len(weights) == 5
    assert torch.equal(load_model(tmp_path, assignment="test")[1]["weight"], weights[1])
    assert torch.equal(model.weight, weights[1])
    assert "stopped early, 3 epochs without a better score; best epoch 2" in capsys.readouterr().err


def test_more_patience_goes_on_after_an_early_stop(tmp_path):
    scores = [0.1, 0.5, 0.4, 0.3, 0.9]
    assert fit_with_scores(tmp_path, scores, patience=2)[0]["epoch"] == 2
    assert fit_with_scores(tmp_path, scores, patience=3)[0] == {"epoch": 5, "score": 0.9}


def test_a_loss_that_is_not_finite_stops_and_keeps_the_checkpoint(tmp_path):
    options = config(tmp_path / "run", spoil_from=3)
    with pytest.raises(UserError, match=r"loss became nan in epoch 3 \(the checkpoint of epoch 2 is kept\)"):
        script.train(options)
    assert len(RunFolder.open(options.out).history()) == 2
    assert all(tensor.isfinite().all() for tensor in load_model(options.out, assignment="points")[1].values())


def test_weights_that_the_last_step_spoils_are_not_kept(tmp_path):
    training = TrainingConfig(epochs=2, device="cpu", workers=0, gradient_clip=0)
    run = RunFolder.create(tmp_path, assignment="test", config=training)
    loader = training_loader(torch.utils.data.TensorDataset(torch.zeros(4, 1)), training)
    step = lambda model, batch: model(batch[0]).mean().clamp(min=0).sqrt()  # noqa: E731  (finite; its slope is not)
    model = nn.Linear(1, 1, bias=False)
    with pytest.raises(UserError, match="loss became nan in epoch 1"):
        fit(
            model,
            loader,
            step=step,
            validate=lambda _: {"score": 1},
            run=run,
            config=training,
            model_config={},
        )
    assert not (tmp_path / "model.safetensors").exists()


def test_a_score_that_is_not_a_number_is_refused(tmp_path):
    with pytest.raises(UserError, match="score is not a number"):
        fit_with_scores(tmp_path, [float("nan")])


@pytest.mark.parametrize(
    "wrong", [{"epochs": 0}, {"warmup": 1.0}, {"ema": 1.5}, {"learning_rate": 0.0}, {"workers": -1}]
)
def test_impossible_options_are_named(wrong):
    option = next(iter(wrong)).replace("_", "-")
    with pytest.raises(UserError, match=f"--{option} is {next(iter(wrong.values()))}; give a value"):
        TrainingConfig(**wrong)


def test_a_device_that_is_not_there(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(UserError, match="--device cuda: this machine or this torch has none"):
        pick_device("cuda")
    assert pick_device("auto") == torch.device("cpu")
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert pick_device("auto") == torch.device("mps")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert pick_device("auto") == torch.device("cuda")


# ---- several processes ----


def test_two_processes_take_the_steps_of_one(tmp_path):
    options = {"epochs": 2, "items": 16, "dropout": 0, "jitter": 0, "ema": 0.5, "workers": 0}
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    process = launch([*torchrun, *command(tmp_path / "two", **options)])
    errors = process.communicate(timeout=120)[1]
    assert process.returncode == 0, errors
    script.train(config(tmp_path / "one", **options))
    two, one = (load_model(tmp_path / name, assignment="points")[1] for name in ("two", "one"))
    for name in one:
        assert torch.allclose(two[name], one[name], rtol=0, atol=1e-6), name
    start = script.make_model(config(tmp_path, **options)).state_dict()
    assert (one["0.weight"] - start["0.weight"]).abs().max() > 1e-3
    histories = [RunFolder.open(tmp_path / name).history() for name in ("two", "one")]
    assert [record["epoch"] for record in histories[0]] == [1, 2]  # written once
    for ours, theirs in zip(*histories, strict=True):
        assert ours["train_loss"] == pytest.approx(theirs["train_loss"], abs=1e-6)
    assert json.loads((tmp_path / "two" / "run.json").read_text())["sessions"][0]["processes"] == 2


def shares(
    monkeypatch, items: int, *, batch_size: int, processes: int, epoch: int = 1
) -> list[list[list[int]]]:
    """For each process, its batches of item indices."""
    monkeypatch.setenv("WORLD_SIZE", str(processes))
    result = []
    for process in range(processes):
        monkeypatch.setenv("RANK", str(process))
        batches = EpochBatches(items, batch_size=batch_size, seed=3)
        batches.epoch = epoch
        result.append([[index for _, index in batch] for batch in batches])
        assert len(result[-1]) == len(batches)
    return result


def test_shares_of_a_step_are_equal_and_together_the_batch_of_one_process(monkeypatch):
    [one] = shares(monkeypatch, 23, batch_size=6, processes=1)
    parts = shares(monkeypatch, 23, batch_size=6, processes=3)
    assert len(one) == 3 and len({index for batch in one for index in batch}) == 18
    for step, batch in enumerate(one):
        assert [len(part[step]) for part in parts] == [2, 2, 2]
        assert sorted(index for part in parts for index in part[step]) == sorted(batch)
    assert shares(monkeypatch, 23, batch_size=6, processes=1, epoch=2) != [one]


def test_less_than_one_batch_is_padded_by_its_first_items(monkeypatch):
    first, second = shares(monkeypatch, 5, batch_size=8, processes=2)
    assert len(first[0]) == len(second[0]) == 3
    assert set(first[0] + second[0]) == set(range(5)) and second[0][-1] == first[0][0]


def test_batches_that_cannot_be_made(monkeypatch):
    with pytest.raises(UserError, match="data set is empty"):
        EpochBatches(0, batch_size=8, seed=0)
    with pytest.raises(UserError, match="--batch-size 9 cannot be shared by 2 processes"):
        shares(monkeypatch, 20, batch_size=9, processes=2)


# ---- parts ----


def test_draws_differ_by_seed_epoch_and_item_only():
    draw = lambda *place: item_generator(*place).integers(2**60)  # noqa: E731
    assert draw(1, 2, 3) == draw(1, 2, 3)
    assert len({draw(1, 2, 3), draw(0, 2, 3), draw(1, 0, 3), draw(1, 2, 0), draw(1, 3, 2)}) == 5


@pytest.mark.parametrize("workers", [0, 1])
def test_data_sets_that_have_an_epoch_are_told_it(workers):
    class Epochs(torch.utils.data.Dataset):
        epoch = 0

        def __len__(self):
            return 4

        def draw(self, index, generator):
            return self.epoch

    loader = training_loader(Epochs(), TrainingConfig(batch_size=2, workers=workers))
    for epoch in (1, 5):
        loader.batch_sampler.epoch = epoch
        assert [batch.tolist() for batch in loader] == [[epoch] * 2] * 2


def test_seed_everything_seeds_all_generators():
    def numbers(**place) -> tuple:
        seed_everything(5, **place)
        return torch.rand(1).item(), np.random.rand(), __import__("random").random()

    assert numbers() == numbers()
    assert not set(numbers()) & set(numbers(epoch=1)) and numbers(epoch=1) != numbers(epoch=1, process=1)


@pytest.mark.parametrize("workers", [0, 1])
def test_evaluation_reads_everything_in_order(workers):
    loader = evaluation_loader(torch.arange(7), batch_size=3, workers=workers, device="cpu")
    assert [batch.tolist() for batch in loader] == [[0, 1, 2], [3, 4, 5], [6]]
    assert [batch.tolist() for batch in loader] == [[0, 1, 2], [3, 4, 5], [6]]


def test_to_device_reaches_into_containers():
    batch = {"x": [torch.ones(1), (torch.ones(2), "name")], "n": 3}
    moved = to_device(batch, torch.device("meta"))
    assert moved["x"][0].is_meta and moved["x"][1][0].is_meta
    assert moved["x"][1][1] == "name" and moved["n"] == 3 and isinstance(moved["x"][1], tuple)


def test_the_schedule_equals_torchs():
    training = TrainingConfig(warmup=0.2, learning_rate=0.5)
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.5)
    cosine = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=40)
    rates = [learning_rate(step, 50, training) for step in range(50)]
    assert rates[:10] == pytest.approx([0.05 * (step + 1) for step in range(10)])
    for rate in rates[10:]:
        assert rate == pytest.approx(optimizer.param_groups[0]["lr"], rel=1e-9)
        optimizer.step()
        cosine.step()
    constant = TrainingConfig(warmup=0.2, learning_rate=0.5, schedule="constant")
    assert {learning_rate(step, 50, constant) for step in range(10, 50)} == {0.5}


def test_biases_and_norms_do_not_decay():
    model = nn.Sequential(nn.Conv1d(2, 3, 5), nn.BatchNorm1d(3))
    model[0].weight.requires_grad_(False)
    model.append(nn.Linear(3, 1))
    decays = {
        id(weight): group["weight_decay"]
        for group in adamw(model, TrainingConfig(weight_decay=0.3)).param_groups
        for weight in group["params"]
    }
    names = {name: decays.get(id(weight)) for name, weight in model.named_parameters()}
    assert names == {
        "0.weight": None,
        "0.bias": 0.0,
        "1.weight": 0.0,
        "1.bias": 0.0,
        "2.weight": 0.3,
        "2.bias": 0.0,
    }


def test_the_average_follows_its_recursion():
    fast, slow = nn.BatchNorm1d(1), nn.BatchNorm1d(1)
    expected = slow.weight.item()
    for step, value in enumerate([3.0, -1.0, 2.0, 5.0]):
        fast.weight.data.fill_(value)
        fast.num_batches_tracked += 1
        update_average(slow, fast, decay=0.3, step=step)
        decay = min(0.3, (2 + step) / (11 + step))
        expected = decay * expected + (1 - decay) * value
    assert slow.weight.item() == pytest.approx(expected, rel=1e-6)
    assert slow.num_batches_tracked == 4


# ---- learning rates by layer ----


def test_scales_of_one_change_no_bit(tmp_path, undisturbed, monkeypatch):
    original = script.make_model
    scales = dict.fromkeys(["0.weight", "1.bias", "4.weight"], 1.0)
    monkeypatch.setattr(script, "make_model", lambda options: set_scales(original(options), scales))
    script.train(config(tmp_path / "run"))
    assert same_files(tmp_path / "run", undisturbed)


def set_scales(model: nn.Module, scales: dict[str, float]) -> nn.Module:
    model.learning_rate_scales = scales
    return model


def test_each_parameter_takes_steps_of_its_own_length():
    model = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    model[1].bias.requires_grad_(False)
    model.learning_rate_scales = {"0.weight": 0.1, "0.bias": 0.1, "1.weight": 0.0}
    before = {name: weight.detach().clone() for name, weight in model.named_parameters()}
    optimizer = adamw(model, TrainingConfig(weight_decay=0.0, learning_rate=7.0))
    set_learning_rate(optimizer, 0.01)
    for weight in model.parameters():
        weight.grad = torch.full_like(weight, 3.0)  # Adam's first step has the length of the learning rate
    optimizer.step()
    moved = {name: (before[name] - weight).abs().max().item() for name, weight in model.named_parameters()}
    expected = {"0.weight": 0.001, "0.bias": 0.001, "1.weight": 0.0, "1.bias": 0.0}
    assert moved == pytest.approx(expected, abs=1e-6)


def test_weight_decay_shrinks_with_the_learning_rate():
    model = nn.Linear(1, 1, bias=False)
    model.weight.data.fill_(1.0)
    model.learning_rate_scales = {"weight": 0.5}
    optimizer = adamw(model, TrainingConfig(weight_decay=0.2))
    set_learning_rate(optimizer, 0.1)
    model.weight.grad = torch.zeros(1, 1)
    optimizer.step()
    assert model.weight.item() == pytest.approx(1 - 0.1 * 0.5 * 0.2)


def test_a_run_with_scales_resumes_to_the_last_bit(tmp_path, monkeypatch):
    original = script.make_model
    scales = {"0.weight": 0.1, "0.bias": 0.1, "1.weight": 0.3}

    def half_frozen(options: script.Config) -> nn.Module:
        model = set_scales(original(options), scales)
        model[1].bias.requires_grad_(False)
        return model

    monkeypatch.setattr(script, "make_model", half_frozen)
    script.train(config(tmp_path / "whole"))
    with monkeypatch.context() as patch:
        patch.setattr(State, "save", crash_at(State.save, 3))
        with pytest.raises(ConnectionAbortedError):
            script.train(config(tmp_path / "run"))
    script.train(config(tmp_path / "run"))
    assert same_files(tmp_path / "run", tmp_path / "whole")
    weights = load_model(tmp_path / "run", assignment="points")[1]
    assert torch.equal(weights["1.bias"], original(config(tmp_path)).state_dict()["1.bias"])  # frozen


def crash_at(original, time_: int):
    calls = []

    def crash(*arguments):
        calls.append(arguments)
        if len(calls) == time_:
            raise ConnectionAbortedError("the power went")
        original(*arguments)

    return crash


def test_scales_for_what_is_no_parameter_are_refused():
    model = nn.Linear(1, 1)
    model.learning_rate_scales = {"wieght": 0.1}
    with pytest.raises(ValueError, match="must name parameters, got wieght"):
        adamw(model, TrainingConfig())


def test_layers_decay_from_output_to_input():
    model = nn.Sequential(nn.Linear(1, 1), nn.Linear(1, 1), nn.Linear(1, 1))
    groups = [list(model[0].parameters()), list(model[1].parameters())]
    assert layer_decay(model, groups, 0.5) == {
        "0.weight": 0.25,
        "0.bias": 0.25,
        "1.weight": 0.5,
        "1.bias": 0.5,
    }
