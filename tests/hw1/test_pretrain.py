"""Pretraining without labels: the pretext, the command, and what train.py takes over from it."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from common.cli import UserError
from common.run_folder import ModelFolderError, RunFolder, load_model
from hw1_instrument_detection import ASSIGNMENT, pretrain
from hw1_instrument_detection.clip_dataset import ClipDataset
from hw1_instrument_detection.data import open_split
from hw1_instrument_detection.decoded_clips import DecodedClips
from hw1_instrument_detection.detector import load_detector
from hw1_instrument_detection.encoders import encoder_from_option
from hw1_instrument_detection.models import MelEncoder, MelEncoderConfig
from hw1_instrument_detection.pretext import (
    EMBEDDING,
    PretextConfig,
    PretextModel,
    WindowPairs,
    at_speed,
    contrastive_loss,
    mix,
)
from hw1_instrument_detection.pretrain import PRESETS, PretrainConfig, without_labels


class Ramps:
    """Two clips of 5 s at 1 kHz that rise from 0 to 5, and to 10: the value tells the time."""

    sample_rate = 1000

    def __len__(self) -> int:
        return 2

    def __getitem__(self, position: int) -> dict:
        return {"waveform": (position + 1) * torch.arange(5000) / 1000}


# ---- windows ----


@pytest.mark.parametrize("semitones", [0.0, 3.0])
def test_windows_lie_in_the_clip_and_do_not_overlap(semitones):
    pairs = WindowPairs(Ramps(), PretextConfig(window_seconds=1.5, window_semitones=semitones))
    speeds, firsts = [], []
    for seed in range(200):
        item = pairs.draw(0, np.random.default_rng(seed))
        assert item["first"].shape == item["second"].shape == (1500,)
        spans = sorted((window[0].item(), window[-1].item()) for window in item.values())
        assert 0 <= spans[0][0] < spans[0][1] < spans[1][0] < spans[1][1] <= 5
        speeds += [(end - start) / 1.499 for start, end in spans]
        firsts.append(item["first"][0].item() == spans[0][0])
    assert min(speeds) == pytest.approx(2 ** (-semitones / 12), rel=0.02)
    assert max(speeds) == pytest.approx(2 ** (semitones / 12), rel=0.02)
    assert 60 < sum(firsts) < 140  # either may be the earlier one


def test_draws_follow_the_generator_and_validation_is_always_the_same():
    pairs = WindowPairs(Ramps(), PretextConfig(window_seconds=1.0))
    draw = lambda seed: pairs.draw(1, np.random.default_rng(seed))["first"]  # noqa: E731
    assert torch.equal(draw(1), draw(1)) and not torch.equal(draw(1), draw(2))
    assert torch.equal(pairs[1]["first"], pairs[1]["first"])
    assert not torch.allclose(2 * pairs[0]["first"], pairs[1]["first"])  # each clip its own windows


def test_a_faster_sine_is_a_higher_one():
    sine = np.sin(2 * np.pi * 100 * np.arange(2000) / 8000).astype(np.float32)
    spectrum = np.abs(np.fft.rfft(at_speed(sine, 1600) * np.hanning(1600)))
    assert spectrum.argmax() * 8000 / 1600 == 125
    assert np.array_equal(at_speed(sine, 2000), sine)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"temperature": 0.0}, "--temperature is 0.0; give a value above 0"),
        ({"window_semitones": 13.0}, "--window-semitones is 13.0"),
        ({"window_seconds": 2.4}, "two windows do not fit into a clip of 5 s"),
        ({"mix_db": -1.0}, "--mix-db is -1.0"),
        ({"window_time_mask": 1.0}, "--window-time-mask is 1.0"),
    ],
)
def test_options_that_make_no_sense(options, message):
    with pytest.raises(UserError, match=message):
        PretextConfig(**options)


# ---- mixing and loss ----


def test_mixes_hold_what_the_shares_say():
    torch.manual_seed(0)
    windows = torch.diag(torch.tensor([1.0, 5.0, 0.2, 3.0])) * 10  # levels do not matter
    mixed, shares = mix(windows, mix_db=6.0)
    level = (1 / torch.tensor(4.0)).sqrt()  # of a window with one sample, once its power is 1
    torch.testing.assert_close(shares.sum(dim=1), torch.ones(4))
    assert ((shares > 0).sum(dim=1) == 2).all() and (shares.diagonal() > 0).all()
    gains = (shares / shares.diagonal()[:, None])[~torch.eye(4, dtype=torch.bool)]
    assert gains.max() <= 10**0.3 + 1e-5 and gains[gains > 0].min() >= 10**-0.3 - 1e-5
    torch.testing.assert_close(mixed * level, shares / shares.diagonal()[:, None])


def test_a_single_window_and_silence_are_no_accident():
    mixed, shares = mix(torch.zeros(1, 8), mix_db=6.0)
    assert not mixed.any() and shares.tolist() == [[1.0]]


def test_the_loss_by_hand():
    queries = torch.tensor([[1.0, 0.0], [0.6, 0.8]])
    keys = torch.tensor([[0.0, 1.0], [1.0, 0.0]])
    shares = torch.tensor([[0.75, 0.25], [0.0, 1.0]])
    similarity = (queries @ keys.mT / 0.5).tolist()  # [[0, 2], [1.6, 1.2]]

    def cross_entropy(row: list[float], share: list[float]) -> float:
        total = math.log(sum(map(math.exp, row)))
        return sum(weight * (total - value) for value, weight in zip(row, share, strict=True))

    of_queries = (cross_entropy(similarity[0], [0.75, 0.25]) + cross_entropy(similarity[1], [0, 1])) / 2
    columns = list(zip(*similarity, strict=True))
    of_keys = (cross_entropy(columns[0], [1, 0]) + cross_entropy(columns[1], [0.2, 0.8])) / 2
    found = contrastive_loss(queries, keys, shares, temperature=0.5).item()
    assert found == pytest.approx((of_queries + of_keys) / 2, rel=1e-6)


def test_embeddings_have_length_one_and_every_weight_learns():
    torch.manual_seed(0)
    model = PretextModel(MelEncoder(MelEncoderConfig(width=4)), PretextConfig()).train()
    windows = 0.1 * torch.randn(4, 24_000)
    embeddings = model(windows)
    assert embeddings.shape == (4, EMBEDDING)
    torch.testing.assert_close(embeddings.norm(dim=1), torch.ones(4))
    contrastive_loss(embeddings, model(windows.flip(1)), torch.eye(4), temperature=0.1).backward()
    assert all(weight.grad is not None for weight in model.parameters())
    assert sum(bool(weight.grad.any()) for weight in model.parameters()) > 20


def test_windows_are_augmented_in_the_encoder_in_training_alone():
    model = PretextModel(MelEncoder(MelEncoderConfig(width=4, equalizer_db=0)), PretextConfig())
    windows = 0.1 * torch.randn(2, 24_000)
    assert torch.equal(model.eval()(windows), model.eval()(windows))
    encoder = model.encoder.train()
    power = encoder.mel(windows)
    assert not torch.equal(encoder.decibels(power), encoder.decibels(power))


# ---- decoded clips ----


def waveforms(clips: ClipDataset) -> list[torch.Tensor]:
    return [clips[position]["waveform"] for position in range(len(clips))]


def test_decoded_clips_are_the_clips(slakh_copy, tmp_path, monkeypatch):
    clips = open_split(slakh_copy, "validation")[0]
    first = waveforms(DecodedClips(clips, sample_rate=24_000, folder=tmp_path / "c"))
    plain = waveforms(ClipDataset(clips, sample_rate=24_000))
    for found, expected in zip(first, plain, strict=True):
        torch.testing.assert_close(found, expected, rtol=0, atol=1 / 32767)
    with monkeypatch.context() as patch:
        patch.setattr(type(clips), "waveform", lambda *_, **__: pytest.fail("it decodes"))
        again = DecodedClips(clips, sample_rate=24_000, folder=tmp_path / "c")
        assert all(torch.equal(*pair) for pair in zip(waveforms(again), first, strict=True))
    for path in (tmp_path / "c").iterdir():
        path.write_bytes(b"torn")
    assert torch.equal(again[0]["waveform"], first[0])


def test_a_folder_that_cannot_be_written_does_not_matter(slakh_copy, tmp_path):
    (tmp_path / "file").write_text("")
    clips = open_split(slakh_copy, "validation")[0]
    found = DecodedClips(clips, sample_rate=16_000, folder=tmp_path / "file" / "c")[0]
    assert found["waveform"].shape == (80_000,)


def test_broken_tracks_are_replaced_and_counted(slakh_copy, tmp_path):
    clips = open_split(slakh_copy, "train")[0]
    clips.path(0).write_bytes(b"torn")
    dataset = DecodedClips(clips, sample_rate=24_000, folder=tmp_path)
    good = int(np.flatnonzero(clips.file != clips.file[0])[0])
    assert torch.equal(dataset[0]["waveform"], dataset[good]["waveform"])
    assert len(dataset.problems().lines()) == 1


# ---- the command ----


@pytest.fixture(scope="module")
def data(slakh_maker, tmp_path_factory) -> Path:
    """A data folder of this file's own: the command keeps decoded clips in it."""
    return slakh_maker.make_tiny_slakh(tmp_path_factory.mktemp("pretrain"))


@pytest.fixture(scope="module")
def run(command, data, tmp_path_factory) -> Path:
    """The run folder of a short pretraining. Read it, do not change it."""
    out = tmp_path_factory.mktemp("runs") / "pretrain"
    assert command("pretrain", "--preset", "quick", "--epochs", 2, "--data", data, "--out", out) == 0
    return out


def test_it_leaves_an_encoder_behind_and_says_what_comes_next(command, run, data, capsys):
    assert (run / "figures" / "learning_curve.png").stat().st_size > 10_000
    history = RunFolder.open(run).history()
    assert len(history) == 2 and all(0 <= record["valid_top1"] <= 1 for record in history)
    assert command("pretrain", "--preset", "quick", "--epochs", 2, "--data", data, "--out", run) == 0
    out = capsys.readouterr().out  # a finished run says it again
    assert f"model folder: {run}" in out
    assert f"next: python hw1/train.py --encoder {run} --data {data}" in out


def test_its_encoder_is_the_one_that_training_begins_with_at_random(run):
    encoder = encoder_from_option(str(run))
    plain = MelEncoder(PRESETS["quick"].mel)
    assert type(encoder) is MelEncoder and encoder.config == plain.config
    assert encoder.augmentation.equalizer_db == plain.augmentation.equalizer_db  # not that of the pretext
    tensors = load_model(run, assignment=ASSIGNMENT)[1]
    assert all(torch.equal(tensors[f"encoder.{name}"], value) for name, value in encoder.state_dict().items())
    moved = [not torch.equal(value, plain.state_dict()[name]) for name, value in encoder.state_dict().items()]
    assert any(moved)


def test_a_pretraining_run_is_no_detector(run):
    with pytest.raises(ModelFolderError, match="model 'pretext' is no detector"):
        load_detector(run)


def test_train_begins_with_it(command, run, data, tmp_path):
    options = ["--preset", "quick", "--epochs", 1, "--data", data]
    assert command("train", *options, "--encoder", run, "--freeze", "--out", tmp_path / "probe") == 0
    before = load_model(run, assignment=ASSIGNMENT)[1]
    after = load_model(tmp_path / "probe", assignment=ASSIGNMENT)[1]
    kept = [name for name in after if name.startswith("encoder.")]
    assert kept and all(torch.equal(after[name], before[name]) for name in kept)


def test_no_label_and_no_test_track_is_read(command, run, slakh_maker, tmp_path):
    root = slakh_maker.make_tiny_slakh(tmp_path / "data")
    for track in (root / "test").iterdir():
        for path in track.rglob("*"):
            if path.is_file():
                path.write_bytes(b"torn")
    clips = open_split(root, "train")[0]
    assert clips.targets.any() and not without_labels(clips).targets.any()
    original = pretrain.open_training_splits
    spoilt = lambda *a, **k: tuple(replace(c, targets=1 - c.targets) for c in original(*a, **k))  # noqa: E731
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pretrain, "open_training_splits", spoilt)
        out = tmp_path / "run"
        assert command("pretrain", "--preset", "quick", "--epochs", 2, "--data", root, "--out", out) == 0
    one, other = (load_model(folder, assignment=ASSIGNMENT)[1] for folder in (run, out))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_presets_fit_their_data():
    assert set(PRESETS) == {"quick", "default", "full"}
    assert PRESETS["default"].mel == MelEncoderConfig() == PretrainConfig().mel  # as train.py's own
    assert PretrainConfig(preset="quick").out_folder() == Path("runs/hw1/pretrain_quick")
    assert json.loads(json.dumps(PRESETS["full"].preset)) == "full"
