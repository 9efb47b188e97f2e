"""The detector: any length, any level, the same answer twice, poolings by hand, and it can learn."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from common.cli import UserError
from common.run_folder import ModelFolderError, strict_dataclass
from common.run_folder.files import plain
from common.training import layer_decay
from hw1_instrument_detection.models import (
    DetectorConfig,
    FrameHead,
    HeadConfig,
    InstrumentDetector,
    MelEncoder,
    MelEncoderConfig,
    build_detector,
    logit_of_mean,
)

SECOND = 24_000
PLAIN = {"equalizer_db": 0.0, "band_mask": 0.0, "time_mask": 0.0}
KINDS = (("cnn", "gru"), ("crnn", "gru"), ("crnn", "transformer"))
POOLINGS = ("mean", "max", "attention")


def detector(
    model="cnn", temporal="gru", pooling="attention", *, calibrated=True, freeze=False, dropout=0.3, **mel
) -> InstrumentDetector:
    """A small detector in eval mode, whose batch statistics have seen some noise."""
    torch.manual_seed(0)
    encoder = MelEncoder(MelEncoderConfig(**{"width": 4, **mel}))
    head = HeadConfig(temporal=temporal, pooling=pooling, dropout=dropout)
    network = InstrumentDetector(encoder, model=model, head=head, freeze_encoder=freeze)
    if calibrated:
        for seed in range(20):  # until the running statistics are near the batch's
            network(noise(8, SECOND, seed=seed))
    return network.eval()


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    """Noises of different colours, so that a network has something to tell apart."""
    generator = torch.Generator().manual_seed(seed)
    white = 0.3 * torch.randn(*shape, generator=generator)
    share = torch.linspace(-0.95, 0.95, shape[0]).reshape(-1, *[1] * (len(shape) - 1))
    return white + share * white.roll(1, dims=-1)


@torch.inference_mode()
def logits(network: InstrumentDetector, waveform: torch.Tensor) -> torch.Tensor:
    return network(waveform)


@pytest.fixture(scope="module", params=KINDS, ids=lambda kind: "-".join(kind))
def network(request) -> InstrumentDetector:
    return detector(*request.param)


# ---- what it hears ----


@pytest.mark.parametrize("seconds", [0.05, 1, 5, 30])
def test_any_length_is_heard(network, seconds):
    samples = round(seconds * SECOND)
    with torch.inference_mode():
        clips, frames = network.activity(noise(2, samples))
    assert clips.shape == (2, 9) and clips.isfinite().all() and frames.isfinite().all()
    assert frames.shape == (2, 9, samples // 4800 + 1)  # 5 a second
    assert network.frames_per_second == 5


def test_stereo_is_heard_as_the_mean_of_its_channels(network):
    stereo = noise(3, 2, SECOND)
    torch.testing.assert_close(logits(network, stereo), logits(network, stereo.mean(dim=1)))


def test_the_same_clip_twice_gives_the_same_answer(network):
    waveform = noise(4, SECOND)
    assert torch.equal(logits(network, waveform), logits(network, waveform))


def test_a_batch_gives_the_same_as_its_clips_alone(network):
    waveform = noise(6, 2 * SECOND)
    together = logits(network, waveform)
    alone = torch.cat([logits(network, item[None]) for item in waveform])
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-5)
    assert (together - together[0]).abs().max() > 0.01  # and they are not all the same


def test_the_level_does_not_matter(network):
    waveform = noise(4, SECOND)
    loud = logits(network, waveform)
    for gain in (0.1, 1e-3):
        torch.testing.assert_close(logits(network, gain * waveform), loud, rtol=0, atol=1e-4)


def test_silence_is_no_accident(network):
    waveform = torch.zeros(2, SECOND)
    waveform[1] = noise(1, SECOND)
    found = logits(network, waveform)
    assert found.isfinite().all()
    torch.testing.assert_close(found[1:], logits(network, waveform[1:]), rtol=0, atol=1e-5)


def test_it_answers_in_logits(network):
    """forward has no sigmoid: a step of the output bias moves every answer by as much, beyond 0 ... 1."""
    waveform = noise(4, SECOND)
    before = logits(network, waveform)
    with torch.no_grad():
        network.head.classify.bias += 10
    try:
        after = logits(network, waveform)
    finally:
        with torch.no_grad():
            network.head.classify.bias -= 10
    assert after.min() > 1 and before.min() < 0
    torch.testing.assert_close(logits(network, waveform), before, rtol=0, atol=1e-4)


def test_frames_are_where_the_music_is():
    """A burst at 3.0 s changes the frames about 3.0 s most."""
    network = detector("cnn", width=8)
    quiet = 0.01 * noise(1, 5 * SECOND)
    burst = quiet.clone()
    burst[:, 3 * SECOND : 3 * SECOND + 2400] += 0.2 * torch.sin(torch.arange(2400) * 0.5)
    burst[:, :2400] += 0.2 * torch.sin(torch.arange(2400) * 0.05)  # the same loudest band in both
    quiet[:, :2400] += 0.2 * torch.sin(torch.arange(2400) * 0.05)
    with torch.inference_mode():
        change = (network.activity(burst)[1] - network.activity(quiet)[1]).abs().sum(dim=(0, 1))
    assert abs(change.argmax().item() / network.frames_per_second - 3.05) <= 0.3
    assert change[:10].max() < 0.1 * change.max()  # the first two seconds


def test_spectrograms_stay_in_their_range():
    encoder = MelEncoder(MelEncoderConfig(width=4))
    found = encoder.decibels(encoder.mel(noise(3, SECOND)))
    assert found.shape == (3, 1, 96, 41)
    assert found.amax(dim=(1, 2, 3)).tolist() == pytest.approx([1.0] * 3) and found.min() >= -1


def test_evaluation_is_not_augmented():
    waveform = noise(2, SECOND)
    strong = detector(band_mask=0.9, time_mask=0.9, equalizer_db=30.0)
    plain = detector(calibrated=False, **PLAIN)
    plain.load_state_dict(strong.state_dict())
    assert torch.equal(logits(strong, waveform), logits(plain.eval(), waveform))


def test_other_rates_and_bands_are_taken():
    network = detector(calibrated=False, sample_rate=16_000, hop_length=512, n_mels=100)
    assert network.config.sample_rate == 16_000
    assert network.frames_per_second == 16_000 / 512 / 8
    assert logits(network, noise(2, 16_000)).isfinite().all()


# ---- pooling ----


def random_frames() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return 3 * torch.randn(4, 9, 50, generator=generator), torch.randn(4, 9, 50, generator=generator)


def test_the_clip_is_the_weighted_mean_of_its_frames_probabilities():
    frames, scores = random_frames()
    expected = (scores.softmax(dim=-1) * frames.sigmoid()).sum(dim=-1)
    torch.testing.assert_close(logit_of_mean(frames, scores).sigmoid(), expected)


def test_no_certainty_is_lost_to_rounding():
    for sure in (-300.0, 300.0):
        frames = torch.full((1, 9, 5), sure, requires_grad=True)
        found = logit_of_mean(frames, torch.zeros(1, 9, 5))
        torch.testing.assert_close(found, torch.full((1, 9), sure))
        found.sum().backward()
        torch.testing.assert_close(frames.grad, torch.full((1, 9, 5), 0.2))


@pytest.mark.parametrize("pooling", POOLINGS)
def test_heads_pool_what_they_show(pooling):
    head = FrameHead(16, "cnn", HeadConfig(pooling=pooling)).eval()
    if pooling == "attention":
        nn.init.normal_(head.attend.weight)
    features = torch.randn(3, 16, 20, generator=torch.Generator().manual_seed(0))
    clips, frames = head(features)
    assert clips.shape == (3, 9) and frames.shape == (3, 9, 20)
    p = frames.sigmoid()
    expected = {
        "mean": lambda: p.mean(dim=-1),
        "max": lambda: p.amax(dim=-1),
        "attention": lambda: (head.attend(head.context(features)).softmax(dim=-1) * p).sum(dim=-1),
    }[pooling]()
    torch.testing.assert_close(clips.sigmoid(), expected)
    assert (clips <= frames.amax(dim=-1) + 1e-5).all()  # no surer than its surest frame


def test_attention_starts_as_the_plain_mean():
    head = FrameHead(16, "crnn", HeadConfig(pooling="attention")).eval()
    clips, frames = head(torch.randn(3, 16, 20))
    torch.testing.assert_close(clips.sigmoid(), frames.sigmoid().mean(dim=-1))


# ---- learning ----


def eight_clips(slakh_maker) -> tuple[torch.Tensor, torch.Tensor]:
    """Clips of one second, each with another combination of instruments."""
    rng = np.random.default_rng(0)
    time = np.arange(SECOND) / SECOND
    targets = np.eye(9)[:8] + np.eye(9)[[3, 4, 5, 6, 7, 8, 0, 1]]
    clips = [
        sum(
            slakh_maker.tone(slakh_maker.CLASSES[i], 220 * 2 ** rng.random(), time)
            for i in np.flatnonzero(row)
        )
        for row in targets
    ]
    return torch.tensor(0.2 * np.array(clips), dtype=torch.float32), torch.tensor(targets).float()


@pytest.mark.parametrize(("kind", "pooling"), [*((k, "attention") for k in KINDS), (KINDS[0], "max")])
def test_it_can_learn_eight_clips_by_heart(slakh_maker, kind, pooling):
    waveform, target = eight_clips(slakh_maker)
    network = detector(*kind, pooling, calibrated=False, dropout=0.0, width=8, **PLAIN).train()
    optimizer = torch.optim.AdamW(network.parameters(), lr=3e-3)
    for _ in range(60):
        loss = F.binary_cross_entropy_with_logits(network(waveform), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    found = logits(network.eval(), waveform)
    assert torch.equal((found > 0).float(), target)
    assert F.binary_cross_entropy_with_logits(found, target) < 0.2  # by chance: log(2) = 0.69


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: "-".join(kind))
def test_every_weight_learns(kind):
    network = detector(*kind, calibrated=False).train()
    nn.init.normal_(network.head.attend.weight)
    F.binary_cross_entropy_with_logits(network(noise(4, SECOND)), torch.eye(9)[:4]).backward()
    idle = [
        name
        for name, weight in network.named_parameters()
        # A bias that all frames share does not move a softmax over frames.
        if (weight.grad is None or not weight.grad.any()) and name != "head.attend.bias"
    ]
    assert idle == []


def test_a_frozen_encoder_stays_as_it_is():
    network = detector(freeze=True, calibrated=False).train()
    before = {name: tensor.clone() for name, tensor in network.encoder.state_dict().items()}
    optimizer = torch.optim.AdamW([w for w in network.parameters() if w.requires_grad], lr=0.1)
    F.binary_cross_entropy_with_logits(network(noise(4, SECOND)), torch.eye(9)[:4]).backward()
    optimizer.step()
    assert all(torch.equal(before[name], tensor) for name, tensor in network.encoder.state_dict().items())
    assert not network.encoder.training and network.head.training
    assert all(weight.grad is None for weight in network.encoder.parameters())


def test_the_layers_of_the_encoder_are_all_its_weights_in_order():
    network = detector(calibrated=False)
    layers = network.encoder.layers
    held = [weight for layer in layers for weight in layer.parameters()]
    assert {id(weight) for weight in held} == {id(weight) for weight in network.encoder.parameters()}
    scales = layer_decay(network, [layer.parameters() for layer in layers], 0.5)
    assert scales["encoder.projection.0.weight"] == 0.5 and scales["encoder.blocks.0.0.weight"] == 0.5**6
    assert not any(name.startswith("head") for name in scales)


# ---- rebuilding ----


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: "-".join(kind))
def test_it_is_rebuilt_from_its_config(kind):
    network = detector(*kind, n_mels=64)
    config = strict_dataclass(DetectorConfig, plain(asdict(network.config)), where="config.json")
    again = build_detector(config, where="config.json").eval()
    again.load_state_dict(network.state_dict(), strict=True)
    waveform = noise(2, SECOND)
    assert torch.equal(logits(again, waveform), logits(network, waveform))
    assert again.config == network.config


def test_a_config_that_does_not_fit_is_refused():
    config = DetectorConfig()
    config.encoder["depth"] = 3
    with pytest.raises(ModelFolderError, match="config.json: unknown key depth"):
        build_detector(config, where="config.json")


def test_the_default_is_a_compact_network():
    for model in ("cnn", "crnn"):
        network = build_detector(DetectorConfig(model=model), where="")
        assert 100_000 < sum(p.numel() for p in network.parameters()) < 1_000_000


@pytest.mark.parametrize(
    ("config", "options", "message"),
    [
        (HeadConfig, {"dropout": 1.0}, "--dropout is 1.0"),
        (MelEncoderConfig, {"band_mask": 1.5}, "--band-mask is 1.5"),
        (MelEncoderConfig, {"time_mask": -1.0}, "--time-mask is -1.0"),
        (MelEncoderConfig, {"width": 0}, "--width 0"),
        (MelEncoderConfig, {"n_mels": 8}, "--n-mels 8"),
        (MelEncoderConfig, {"hop_length": 4096}, "--hop-length 4096"),
    ],
)
def test_options_that_make_no_sense(config, options, message):
    with pytest.raises(UserError, match=message):
        config(**options)
