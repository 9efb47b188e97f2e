"""How near an estimate is to the dry guitar: four measures, of which each hears something else.

    mr_stft   distance of magnitudes at three resolutions (mr_stft.py), 0 is best: what people compare by
    log_mel   mean difference of 128 mel bands, in dB, 0 is best: as coarse as the ear, and blind to phase
    si_sdr    scale-invariant signal-to-distortion ratio, in dB, high is best: compares waveforms
    esr       error-to-signal ratio, sum (dry - estimate)^2 / sum dry^2, 0 is best, 1 has silence: waveforms

The dry guitar is as loud as the wet one (`wet_dataset.item`), since volume is no effect. Measures of
waveforms punish a turned phase that nobody hears: what a phaser or a loudspeaker did to it is seldom undone.
Sources: mr_stft.py; Le Roux et al. 2019 (SI-SDR, see common.metrics.separation); A. Wright, E.-P. Damskägg,
V. Välimäki 2019, "Real-time black-box modelling with recurrent neural networks", equation 2 (ESR; ours is
without their pre-emphasis).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from common.features import MelSpectrogram
from common.metrics.separation import si_sdr
from final_project.guitar_effect_removal.guitars import SAMPLE_RATE
from final_project.guitar_effect_removal.mr_stft import RESOLUTIONS, distance, magnitudes

MEASURES = ("mr_stft", "log_mel", "si_sdr", "esr")
TITLES = {"mr_stft": "MR-STFT", "log_mel": "log-mel, dB", "si_sdr": "SI-SDR, dB", "esr": "ESR"}
FEWEST_SAMPLES = max(n_fft for n_fft, *_ in RESOLUTIONS) // 2 + 1
MEL = {"n_fft": 2048, "hop_length": 512, "n_mels": 128}
MEL_RANGE = 1e-8  # power below the dry guitar's loudest band, 80 dB: what is softer counts as that soft


@torch.no_grad()
def measure(estimates: Sequence[Tensor], dry: Tensor) -> list[dict[str, float]]:
    """Every measure of each estimate (S,) of one dry guitar (S,), on any device, by its name.

    The dry guitar's spectra, half of the work, are made once for all estimates. Errors: ValueError for other
    shapes, fewer than FEWEST_SAMPLES, and values that are not finite.
    """
    for estimate in estimates:
        if estimate.shape != dry.shape or dry.ndim != 1 or len(dry) < FEWEST_SAMPLES:
            shapes = f"{tuple(estimate.shape)}, {tuple(dry.shape)}"
            raise ValueError(f"waveforms must be (S,), S >= {FEWEST_SAMPLES}, got {shapes}")
    columns = {
        "mr_stft": mr_stft_of_each(estimates, dry),
        "log_mel": log_mel_distances(estimates, dry),
        "si_sdr": [_si_sdr(estimate, dry) for estimate in estimates],
        "esr": [error_to_signal_ratio(estimate, dry) for estimate in estimates],
    }
    rows = zip(*(columns[name] for name in MEASURES), strict=True)
    return [dict(zip(MEASURES, row, strict=True)) for row in rows]


def mr_stft_of_each(estimates: Sequence[Tensor], dry: Tensor) -> list[float]:
    """The MR-STFT distance of each estimate (S,), equal to that of mr_stft.py."""
    sums = np.zeros(len(estimates))
    for resolution in RESOLUTIONS:
        truth = magnitudes(dry[None], *resolution)  # (1, F, T)
        sums += [distance(magnitudes(each[None], *resolution), truth).item() for each in estimates]
    return (sums / len(RESOLUTIONS)).tolist()


def log_mel_distances(estimates: Sequence[Tensor], dry: Tensor) -> list[float]:
    """Mean |difference| in dB over bands and frames of each estimate (S,), nothing below MEL_RANGE."""
    mel = MelSpectrogram(sample_rate=SAMPLE_RATE, **MEL).to(dry.device)
    truth = mel(dry)  # (mels, frames)
    floor = (MEL_RANGE * truth.amax()).clamp(min=torch.finfo(truth.dtype).tiny)

    def level(power: Tensor) -> Tensor:
        return 10 * torch.maximum(power, floor).log10()

    return [(level(mel(each)) - level(truth)).abs().mean().item() for each in estimates]


def error_to_signal_ratio(estimate: Tensor, dry: Tensor) -> float:
    """(S,), (S,) -> sum (dry - estimate)^2 / sum dry^2; infinite where silence is to be met, and is not."""
    error, energy = (float(x.double().square().sum()) for x in (dry - estimate, dry))
    return error / energy if energy else (np.inf if error else 0.0)


def _si_sdr(estimate: Tensor, dry: Tensor) -> float:
    one_source = (waveform.cpu().numpy()[None, None] for waveform in (dry, estimate))
    return float(si_sdr(*one_source)[0])
