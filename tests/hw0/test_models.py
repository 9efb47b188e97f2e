"""The CNN of task 3: any length, any level, the same answer twice, and it can learn."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from common.cli import UserError
from hw0_note_classification.classifier import CNNClassifier, classify_notes, resampled
from hw0_note_classification.data import open_split, read_note
from hw0_note_classification.models import CNNConfig, NoteCNN


def network(*, calibrated: bool = True, **options) -> NoteCNN:
    """A small network in eval mode, whose batch statistics have seen some noise."""
    torch.manual_seed(0)
    model = NoteCNN(CNNConfig(**{"width": 4, **options}))
    if calibrated:
        for seed in range(30):  # until the running statistics are near the batch's
            model(noise(8, 16_000, seed=seed))
    return model.eval()


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    """Noises of different colours, so that a network has something to tell apart."""
    generator = torch.Generator().manual_seed(seed)
    white = 0.3 * torch.randn(*shape, generator=generator)
    share = torch.linspace(-0.95, 0.95, shape[0]).reshape(-1, *[1] * (len(shape) - 1))
    return white + share * white.roll(1, dims=-1)


@torch.inference_mode()
def logits(model: NoteCNN, waveform: torch.Tensor) -> torch.Tensor:
    return model(waveform)


@pytest.fixture(scope="module", params=["log-mel", "mel"])
def model(request) -> NoteCNN:
    return network(input=request.param)


# ---- what it hears ----


@pytest.mark.parametrize("samples", [1600, 16_000, 64_000, 64_001, 320_000])
@pytest.mark.parametrize("stereo", [False, True])
def test_any_length_is_heard(model, samples, stereo):
    shape = (2, 2, samples) if stereo else (2, samples)
    found = logits(model, noise(*shape))
    assert found.shape == (2, 11) and found.isfinite().all()


def test_stereo_is_heard_as_the_mean_of_its_channels(model):
    stereo = noise(3, 2, 16_000)
    torch.testing.assert_close(logits(model, stereo), logits(model, stereo.mean(dim=1)))


def test_the_same_note_twice_gives_the_same_answer(model):
    waveform = noise(4, 64_000)
    assert torch.equal(logits(model, waveform), logits(model, waveform))


def test_a_batch_gives_the_same_as_its_notes_alone(model):
    waveform = noise(6, 64_000)
    together = logits(model, waveform)
    alone = torch.cat([logits(model, item[None]) for item in waveform])
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-5)
    assert (together - together[0]).abs().max() > 0.01  # and they are not all the same


def test_the_level_does_not_matter(model):
    waveform = noise(4, 64_000)
    loud = logits(model, waveform)
    for gain in (0.1, 1e-3):
        torch.testing.assert_close(logits(model, gain * waveform), loud, rtol=0, atol=1e-5)


def test_features_stay_in_their_range(model):
    low = -1.0 if model.config.input == "log-mel" else 0.0
    with torch.inference_mode():
        features = model.features(noise(3, 16_000))
    assert features.shape == (3, 1, 96, 32)  # 16000 / 512 and one more
    assert features.amax(dim=(1, 2, 3)).tolist() == pytest.approx([1.0] * 3)
    assert features.min() >= low


def test_silence_is_no_accident(model):
    waveform = torch.zeros(2, 64_000)
    waveform[1] = noise(1, 64_000)
    found = logits(model, waveform)
    assert found.isfinite().all()
    torch.testing.assert_close(found[1:], logits(model, waveform[1:]), rtol=0, atol=1e-5)


def test_it_answers_in_logits(model):
    found = logits(model, noise(8, 64_000))
    assert found.min() < 0 and ((found.sum(dim=1) - 1).abs() > 1e-3).all()


def test_the_default_is_a_compact_network():
    assert 50_000 < sum(p.numel() for p in NoteCNN(CNNConfig()).parameters()) < 1_000_000


# ---- learning ----


@pytest.mark.parametrize("scale", ["log-mel", "mel"])
def test_it_can_learn_eight_notes_by_heart(tiny_nsynth, scale):
    notes, _ = open_split(tiny_nsynth, "train")
    chosen = np.flatnonzero(np.diff(notes.family, prepend=-1))[:8]  # the first note of eight families
    waveform = torch.stack([torch.from_numpy(read_note(notes.path(i)))[:16_000] for i in chosen])
    target = torch.from_numpy(notes.family[chosen]).long()
    assert len(set(target.tolist())) == 8
    plain = {"dropout": 0.0, "equalizer_db": 0.0, "band_mask": 0.0, "time_mask": 0.0}
    model = network(calibrated=False, input=scale, width=8, **plain)
    model.train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for _ in range(120):
        loss = F.cross_entropy(model(waveform), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    found = logits(model.eval(), waveform)
    assert found.argmax(dim=1).tolist() == target.tolist()
    assert F.cross_entropy(found, target) < 0.2  # by chance: log(11) = 2.4


def test_every_weight_learns():
    model = network().train()
    F.cross_entropy(model(noise(4, 16_000)), torch.tensor([0, 3, 7, 10])).backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in model.parameters())


# ---- other configurations ----


def test_another_sample_rate_is_taken():
    model = network(sample_rate=8000, n_fft=1024, hop_length=256)
    assert logits(model, noise(2, 32_000)).isfinite().all()
    assert model.mel.sample_rate == 8000


def test_notes_are_resampled_for_a_model_of_another_rate(tiny_nsynth):
    notes = open_split(tiny_nsynth, "test")[0].subset(np.arange(40) < 4)
    classifier = CNNClassifier(network(sample_rate=8000), torch.device("cpu"))
    heard = []
    probabilities = classifier.probabilities
    classifier.probabilities = lambda waveforms: heard.append(waveforms) or probabilities(waveforms)
    positions, [found] = classify_notes([classifier], notes, batch_size=4)
    assert positions.tolist() == [0, 1, 2, 3]
    assert [waveforms.shape for waveforms in heard] == [(4, 32_000)]
    expected = [
        probabilities(torch.from_numpy(read_note(notes.path(i), sample_rate=8000))[None]) for i in range(4)
    ]
    np.testing.assert_allclose(found, np.concatenate(expected), atol=1e-5)


def test_resampling_keeps_the_pitch():
    sine = torch.sin(2 * torch.pi * 1000 * torch.arange(64_000) / 16_000)[None]
    spectrum = np.abs(np.fft.rfft(resampled(sine, 8000)[0]))
    assert spectrum.argmax() == 4000  # 1 kHz in bins of a quarter hertz


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dropout": 1.0}, "--dropout is 1.0"),
        ({"dropout": -0.1}, "--dropout is -0.1"),
        ({"band_mask": 1.5}, "--band-mask is 1.5"),
        ({"time_mask": -1.0}, "--time-mask is -1.0"),
        ({"width": 0}, "--width 0"),
        ({"n_mels": 8}, "--n-mels 8"),
        ({"hop_length": 0}, "--hop-length 0"),
        ({"hop_length": 4096}, "--hop-length 4096"),
    ],
)
def test_options_that_make_no_sense(options, message):
    with pytest.raises(UserError, match=message):
        CNNConfig(**options)


# ---- augmentation ----


def test_evaluation_is_not_augmented():
    model = network(band_mask=0.9, time_mask=0.9, equalizer_db=30.0)
    plain = network(band_mask=0.0, time_mask=0.0, equalizer_db=0.0, calibrated=False)
    plain.load_state_dict(model.state_dict())
    assert torch.equal(logits(model, noise(2, 16_000)), logits(plain.eval(), noise(2, 16_000)))


def test_the_equalizer_leaves_the_loudest_band_at_the_top():
    model = network(equalizer_db=20.0, band_mask=0.0, time_mask=0.0).train()
    features = model.features(noise(8, 16_000))
    assert features.amax(dim=(1, 2, 3)).tolist() == pytest.approx([1.0] * 8)
    assert features.min() >= -1.0
