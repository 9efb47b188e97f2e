"""The networks: shapes, sizes, gradients, what they see, and that eight examples can be learnt by heart."""

from __future__ import annotations

from dataclasses import asdict, replace

import pytest
import torch

from common.cli import UserError
from common.run_folder import ModelFolderError
from hw2_source_separation.bandsplit import BandSplitConfig, band_edges
from hw2_source_separation.losses import separation_loss
from hw2_source_separation.mixing import TimeAttention, TimeConvolution, rotated
from hw2_source_separation.models import (
    SeparationModel,
    SeparationModelConfig,
    count_parameters,
    mid_and_side,
    model_from_config,
    require_small,
)
from hw2_source_separation.stems import STEMS
from hw2_source_separation.stft import num_frames
from hw2_source_separation.umx import UmxConfig

BANDSPLIT = BandSplitConfig(n_fft=512, hop_length=256, bands=8, width=16, blocks=2)
NETWORKS = {
    "convolution": BANDSPLIT,
    "recurrent": replace(BANDSPLIT, time_mixing="recurrent", band_mixing="recurrent"),
    "attention": replace(BANDSPLIT, time_mixing="attention"),
    "one frame a token": replace(BANDSPLIT, frames_per_token=1),
    "complex masks": replace(BANDSPLIT, mask="complex"),
    "umx": UmxConfig(n_fft=512, hop_length=128, hidden_size=16),
}


def build(network, targets=("vocals",)) -> SeparationModel:
    torch.manual_seed(0)
    return SeparationModel(SeparationModelConfig(network=network, targets=targets)).eval()


def noise(*shape: int) -> torch.Tensor:
    return 0.1 * torch.randn(shape, generator=torch.Generator().manual_seed(1))


@pytest.fixture(params=NETWORKS.values(), ids=NETWORKS.keys())
def network(request):
    return request.param


@pytest.mark.parametrize("samples", [1, 100, 4096, 5001])
@torch.no_grad()
def test_any_length_comes_back_as_it_was(network, samples):
    model = build(network, ("bass", "vocals"))
    mixture = noise(2, 2, samples)
    assert model(mixture).shape == (2, 2, 2, samples)
    spectra = model(mixture, as_spectra=True)
    assert spectra.shape == (2, 2, 2, 257, num_frames(samples, network.hop_length))
    torch.testing.assert_close(model.waveform(spectra, length=samples), model(mixture))


@torch.no_grad()
def test_a_batch_is_its_items_and_the_same_twice(network):
    model, mixture = build(network), noise(3, 2, 4000)
    together = model(mixture)
    torch.testing.assert_close(together, model(mixture), rtol=0, atol=0)
    apart = torch.cat([model(item[None]) for item in mixture])
    torch.testing.assert_close(together, apart, rtol=1e-4, atol=1e-6)


@torch.no_grad()
def test_silence_stays_silence(network):
    assert build(network)(torch.zeros(1, 2, 3000)).abs().max() == 0


def test_every_weight_learns(network):
    model = build(network).train()
    separation_loss(
        "spectrum", model(noise(2, 2, 6000), as_spectra=True), model.spectrum(noise(2, 1, 2, 6000))
    ).backward()
    still = [name for name, weight in model.named_parameters() if not weight.grad.abs().sum() > 0]
    assert still == []


@pytest.mark.parametrize("network", [NETWORKS["convolution"], NETWORKS["umx"]], ids=["bandsplit", "umx"])
def test_eight_examples_are_learnt_by_heart(network):
    """A sine in the middle and noise at the sides: what is left of the error is a tenth of the voice."""
    torch.manual_seed(0)
    time = torch.arange(4096) / 44_100
    pitches = torch.linspace(300, 900, 8)[:, None]
    voice = 0.2 * torch.sin(2 * torch.pi * pitches * time)[:, None].expand(-1, 2, -1)
    sources = torch.stack([voice, noise(8, 2, 4096)], dim=1)
    model = build(network).train()
    for module in model.modules():
        if isinstance(module, torch.nn.LSTM):
            module.dropout = 0.0
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    truth = model.spectrum(sources[:, :1])
    for _ in range(100):
        loss = separation_loss("spectrum", model(sources.sum(1), as_spectra=True), truth)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    error = model(sources.sum(1), as_spectra=True) - truth
    assert error.abs().square().sum() < 0.1 * truth.abs().square().sum()


@torch.no_grad()
def test_real_masks_keep_the_phase_and_never_make_louder():
    model, mixture = build(BANDSPLIT), noise(1, 2, 6000)
    whole, found = model.spectrum(mixture), model(mixture, as_spectra=True)[:, 0]
    masks = (found / whole)[whole.abs() > 1e-3]
    assert masks.imag.abs().max() < 1e-5 and masks.real.min() >= 0 and masks.real.max() <= 1
    turned = build(NETWORKS["complex masks"])(mixture, as_spectra=True)[:, 0]
    assert ((turned / whole)[whole.abs() > 1e-3].imag.abs() > 1e-3).any()


@torch.no_grad()
def test_scale_does_not_matter_to_the_masks_of_a_fresh_umx():
    """A network of ratios: twice the mixture, twice the estimate, once its scales are fitted to it."""
    model, mixture = build(NETWORKS["umx"]), noise(1, 2, 6000)
    model.network.fit_scales(torch.ones(257), torch.ones(257))
    once = model(mixture)
    model.network.fit_scales(2 * torch.ones(257), 2 * torch.ones(257))
    torch.testing.assert_close(model(2 * mixture), 2 * once, rtol=1e-3, atol=1e-5)


# ---- what the band-split network sees ----


def reach(network: BandSplitConfig) -> int:
    """Samples on either side of a moment that the network may hear, at most."""
    dilations = [(1, 2, 4, 8)[depth % 4] for depth in range(network.blocks)]
    tokens = sum(dilations) * (network.kernel // 2) + 1
    return tokens * network.frames_per_token * network.hop_length + network.n_fft


@torch.no_grad()
def test_convolution_hears_finitely_far():
    model, mixture = build(BANDSPLIT), noise(1, 2, 60_000)
    changed = mixture.clone()
    changed[..., 50_000:] = 0
    unheard = 50_000 - reach(BANDSPLIT)
    assert unheard > 20_000
    torch.testing.assert_close(
        model(changed)[..., :unheard], model(mixture)[..., :unheard], rtol=0, atol=1e-6
    )
    assert (model(changed) - model(mixture))[..., 45_000:50_000].abs().max() > 1e-3


def test_convolution_over_time_is_that_of_torch():
    torch.manual_seed(0)
    layer = TimeConvolution(3, 4, kernel=5, dilation=2)
    x = torch.randn(2, 11, 3, 4)
    weights = layer.weights.permute(1, 2, 0).reshape(12, 1, 5)  # (K * D, 1, kernel)
    theirs = torch.nn.functional.conv1d(
        x.flatten(2).mT, weights, groups=12, padding=4, dilation=2
    ).mT.unflatten(2, (3, 4))
    torch.testing.assert_close(layer(x), theirs)


def test_attention_knows_how_far_but_not_where():
    """Rotary positions: products of queries and keys depend on the distance alone."""
    query, key = torch.randn(2, 1, 8)
    turned_query, turned_key = rotated(query.expand(20, 8)), rotated(key.expand(20, 8))
    products = turned_query @ turned_key.T
    for distance in (-3, 0, 7):
        diagonal = products.diagonal(distance)
        torch.testing.assert_close(diagonal, diagonal[:1].expand_as(diagonal), rtol=1e-4, atol=1e-4)
    assert not torch.allclose(products.diagonal(1)[0], products.diagonal(5)[0])
    layer = TimeAttention(8)
    x = torch.randn(1, 6, 2, 8)
    assert layer(x).shape == x.shape


@pytest.mark.parametrize("n_fft", [512, 2048, 4096])
def test_bands_cover_all_bins_once_and_widen(n_fft):
    edges = band_edges(24, n_fft=n_fft)
    widths = [high - low for low, high in zip(edges, edges[1:], strict=False)]
    assert edges[0] == 0 and edges[-1] == n_fft // 2 + 1 and len(widths) == 24
    assert min(widths) >= 2
    assert all(wide >= narrow - 1 for narrow, wide in zip(widths[:-2], widths[1:-1], strict=True))  # rounding


def test_mid_and_side_keep_energy_and_undo_themselves():
    waveform = noise(3, 2, 50)
    turned = mid_and_side(waveform)
    torch.testing.assert_close(turned.square().sum(), waveform.square().sum())
    torch.testing.assert_close(mid_and_side(turned), waveform)
    assert mid_and_side(torch.ones(2, 4))[1].abs().max() == 0  # what is in the middle has no side


# ---- sizes and configurations ----


def test_the_default_models_are_as_large_as_the_homework_allows():
    for network in (BandSplitConfig(), UmxConfig()):
        require_small(SeparationModel(SeparationModelConfig(network=network)))
    umx = SeparationModel(SeparationModelConfig(network=UmxConfig()))
    assert count_parameters(umx) == 8_893_348  # Open-Unmix's own count
    with pytest.raises(UserError, match="35,573,392 parameters, the homework allows fewer than 10,000,000"):
        require_small(SeparationModel(SeparationModelConfig(network=UmxConfig(), targets=STEMS)))


def test_a_model_is_rebuilt_from_its_config(network):
    model = build(network, ("drums",))
    rebuilt = model_from_config(asdict(model.config) | {"targets": ["drums"]}, where="here")
    assert rebuilt.config == model.config
    rebuilt.load_state_dict(model.state_dict())


def test_unknown_configs_are_refused():
    with pytest.raises(ModelFolderError, match="here: unknown key tuba"):
        model_from_config(asdict(SeparationModelConfig()) | {"tuba": 1}, where="here")
    broken = asdict(SeparationModelConfig())
    broken["network"]["tuba"] = 1
    with pytest.raises(ModelFolderError, match="here: network"):
        model_from_config(broken, where="here")


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        (BandSplitConfig, {"kernel": 4}, "--kernel is 4; give an odd number"),
        (BandSplitConfig, {"bands": 1}, "--bands is 1"),
        (BandSplitConfig, {"bands": 999}, "--bands is 999"),
        (BandSplitConfig, {"width": 0}, "--width is 0"),
        (BandSplitConfig, {"width": 12, "time_mixing": "attention"}, "give a multiple of 8"),
        (BandSplitConfig, {"hop_length": 4000}, "got 4000 with n_fft"),
        (UmxConfig, {"hidden_size": 3}, "--hidden-size is 3"),
        (UmxConfig, {"bandwidth": 0.0}, "--bandwidth is 0.0"),
        (UmxConfig, {"n_fft": 4095}, "--n-fft is 4095"),
    ],
)
def test_values_that_make_no_sense(kind, options, message):
    with pytest.raises(UserError, match=message):
        kind(**options)
