"""The listener's ear and its two models."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from common.cli import UserError
from final_project.singing.models import (
    SLOTS,
    ListenerConfig,
    NearestMean,
    VowelNetwork,
    recording_means,
    slot_bounds,
    slot_means,
)
from final_project.singing.vowels import NAMES, VOWELS, vowel_class

CONFIG = ListenerConfig(width=16)


def vowel_sounds(count: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Noise in `count` clips of different lengths, zeros behind them, and the lengths."""
    generator = torch.Generator().manual_seed(seed)
    lengths = torch.randint(800, 8000, (count,), generator=generator)
    waveform = torch.randn(count, 8000, generator=generator)
    return waveform * (torch.arange(8000) < lengths[:, None]), lengths


def test_edges_keep_the_speed_of_speech_and_the_middle_stretches():
    bounds = slot_bounds(torch.tensor([10, 200]), hop=0.01)
    assert bounds[0].tolist() == pytest.approx([0, 4 / 3, 8 / 3, 4, 5, 6, 22 / 3, 26 / 3, 10])
    assert bounds[1, [0, 3, 5, 8]].tolist() == [0, 8, 190, 200]


def test_slot_means_weigh_frames_by_their_share():
    ramp = torch.arange(12.0).expand(1, 1, 12)
    means = slot_means(ramp, torch.tensor([10]), hop=0.01)[0, 0]
    assert means[3].item() == pytest.approx(4.0) and means[4].item() == pytest.approx(5.0)
    assert means[0].item() == pytest.approx(0.25)  # frame 0, and a third of frame 1
    assert torch.allclose(
        slot_means(torch.ones(2, 3, 5), torch.tensor([1, 5]), hop=0.01), torch.ones(2, 3, 8)
    )


def test_recordings_are_centred_one_by_one():
    features = torch.tensor([[1.0], [3.0], [10.0]])
    assert recording_means(features, torch.tensor([0, 0, 1])).flatten().tolist() == [2, 2, 10]


@pytest.mark.parametrize("kind", [VowelNetwork, NearestMean])
def test_padding_batch_and_level_do_not_matter(kind):
    model = kind(CONFIG).eval()
    waveform, lengths = vowel_sounds(6)
    recordings = torch.tensor([0, 0, 0, 1, 1, 1])
    if kind is NearestMean:
        model.learn(waveform, lengths, recordings, torch.arange(6))
    both = model(waveform, lengths, recordings)
    assert both.shape == (6, len(VOWELS))
    longest = int(lengths[3:].max())
    alone = model(waveform[3:, :longest], lengths[3:], recordings[3:])
    assert torch.allclose(both[3:], alone, atol=1e-3)
    louder = model(4 * waveform, lengths, recordings)
    assert torch.allclose(both, louder, atol=1e-3)


def test_a_network_learns_eight_vowels_by_heart():
    torch.manual_seed(0)
    model, (waveform, lengths) = VowelNetwork(ListenerConfig(width=32, dropout=0.0)), vowel_sounds(8)
    targets, optimizer = torch.arange(8), torch.optim.AdamW(model.parameters(), lr=3e-3)
    with torch.no_grad():
        cepstra = model.ear(waveform, lengths, torch.zeros(8, dtype=torch.long))
    for _ in range(60):
        F.cross_entropy(model.body(model.norm(cepstra)), targets).backward()
        optimizer.step()
        optimizer.zero_grad()
    assert (model(waveform, lengths).argmax(dim=1) == targets).all()


def test_the_nearest_mean_is_that_of_the_sound_itself():
    model, (waveform, lengths) = NearestMean(CONFIG), vowel_sounds(4)
    model.learn(waveform, lengths, torch.zeros(4, dtype=torch.long), torch.tensor([3, 1, 0, 2]))
    logits = model(waveform, lengths)
    assert logits.argmax(dim=1).tolist() == [3, 1, 0, 2]
    assert (logits[:, 4:] < -1e8).all()  # never heard in training


@pytest.mark.parametrize("wrong", [{"n_mfcc": 41}, {"hop_length": 600}, {"dropout": 1.0}, {"width": 0}])
def test_options_that_make_no_ear_are_named(wrong):
    option = next(iter(wrong)).replace("_", "-")
    with pytest.raises(UserError, match=f"--{option}"):
        ListenerConfig(**wrong)


def test_phonemes_of_all_accents_have_classes():
    assert len(NAMES) == len(VOWELS) == len(set(NAMES)) and SLOTS == 8
    for ipa, vowel in (("ˈiː", "i"), ("ɑːɹ", "ɑ"), ("eɪ", "e"), ("əʊ", "o"), ("ʌʉ", "aʊ"), ("œ", "ø")):
        assert VOWELS[vowel_class(ipa)] == vowel
    assert vowel_class("t") is None and vowel_class("n̩") is None
