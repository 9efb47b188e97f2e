"""Features against librosa, within the tolerances they state, and on sounds whose answer is known."""

import math
import warnings
from pathlib import Path

import librosa
import numpy as np
import pytest
import soundfile
import torch

from common.features import (
    FEATURES,
    MFCC,
    RMS,
    Chroma,
    LogMelSpectrogram,
    MelSpectrogram,
    SpectralBandwidth,
    SpectralCentroid,
    SpectralContrast,
    SpectralFlatness,
    SpectralRolloff,
    Spectrogram,
    ZeroCrossingRate,
    chroma_filterbank,
    delta,
    mel_filterbank,
    mel_frequencies,
    mel_to_hz,
)

SAMPLE_RATE = 16_000
RECORDINGS = Path(__file__).parents[2].parent / "shared" / "data" / "recordings"
SIZES = [(2048, 512), (1024, 256), (400, 160)]

pytestmark = pytest.mark.filterwarnings("ignore:n_fft=.* is too large", "ignore:.*mel filters contain no bin")


def seconds(duration):
    return np.arange(int(duration * SAMPLE_RATE)) / SAMPLE_RATE


def noise(size, seed=0):
    return (0.2 * np.random.default_rng(seed).standard_normal(size)).astype(np.float32)


def sine(frequency, duration=1.0):
    return (0.5 * np.sin(2 * np.pi * frequency * seconds(duration))).astype(np.float32)


def chord():
    """C4 E4 G4, plucked: three decaying tones over a faint noise floor, as a room has one."""
    time = seconds(2.5)
    tones = sum(
        np.sin(2 * np.pi * f * time) * np.exp(-k * time) for k, f in enumerate((261.6, 329.6, 392.0), 1)
    )
    return (0.2 * tones).astype(np.float32) + 1e-4 * noise(len(time))


def sweep():
    return 0.5 * librosa.chirp(fmin=60, fmax=7500, sr=SAMPLE_RATE, duration=2).astype(
        np.float32
    ) + 1e-4 * noise(32_000)


SOUNDS = {
    "noise": lambda: noise(32_000),
    "chord": chord,
    "sweep": sweep,
    "silence": lambda: np.zeros(16_000, np.float32),
    "half silent": lambda: np.concatenate([np.zeros(16_000, np.float32), noise(20_000)]),
    "shorter than a window": lambda: noise(300),
    "one sample": lambda: np.array([0.5], np.float32),
}


def compute(module, waveform):
    return module(torch.from_numpy(np.asarray(waveform))).numpy()


def reference(name, y, rate, n_fft, hop):
    """What librosa says, for one waveform (samples,)."""
    frame = {"n_fft": n_fft, "hop_length": hop}
    rated = {"y": y, "sr": rate} | frame
    feature = librosa.feature
    match name:
        case "spectrogram":
            return np.abs(librosa.stft(y, **frame)) ** 2
        case "mel":
            return feature.melspectrogram(**rated)
        case "log_mel":
            return librosa.power_to_db(feature.melspectrogram(**rated))
        case "mfcc":
            return feature.mfcc(**rated)
        case "chroma":
            return feature.chroma_stft(**rated, tuning=0.0)
        case "spectral_flatness":
            return feature.spectral_flatness(y=y, **frame)
        case "rms":
            return feature.rms(y=y, frame_length=n_fft, hop_length=hop)
        case "zero_crossing_rate":
            return feature.zero_crossing_rate(y, frame_length=n_fft, hop_length=hop)
    return getattr(feature, name)(**rated)


# The docstrings' tolerances in float32: relative to the largest value, and absolute
TOLERANCES = {
    "spectrogram": (2e-6, 1e-12),
    "mel": (2e-6, 1e-12),
    "log_mel": (0, 0.005),
    "mfcc": (0, 0.005),
    "chroma": (0, 1e-5),
    "spectral_centroid": (0, 0.01),
    "spectral_bandwidth": (0, 0.01),
    "spectral_flatness": (0, 1e-5),
    "spectral_contrast": (0, 0.001),
    "zero_crossing_rate": (0, 1e-6),
    "rms": (0, 1e-6),
}


def assert_agrees(name, waveform, rate, n_fft, hop):
    ours = compute(FEATURES[name](sample_rate=rate, n_fft=n_fft, hop_length=hop), waveform)
    theirs = reference(name, waveform, rate, n_fft, hop)
    assert ours.shape == theirs.shape and np.isfinite(ours).all()
    if name == "spectral_rolloff":
        off = np.abs(ours - theirs) > 1e-3
        assert off.sum() <= max(1, 0.002 * off.size), "rounding decides in few frames"
    else:
        of_largest, absolute = TOLERANCES[name]
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=absolute + of_largest * np.abs(theirs).max())


def assert_agrees_in_double(name, waveform, rate, n_fft, hop):
    waveform = waveform.astype(np.float64)
    ours = compute(FEATURES[name](sample_rate=rate, n_fft=n_fft, hop_length=hop), waveform)
    theirs = reference(name, waveform, rate, n_fft, hop)
    assert ours.dtype == np.float64
    # librosa keeps its mel and chroma filters, and RMS, in float32 whatever the input
    np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=2e-5)


@pytest.fixture
def double():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize("sound", SOUNDS)
@pytest.mark.parametrize("name", FEATURES)
def test_agrees_with_librosa(name, sound):
    for n_fft, hop in SIZES:
        assert_agrees(name, SOUNDS[sound](), SAMPLE_RATE, n_fft, hop)


@pytest.mark.parametrize("sound", SOUNDS)
@pytest.mark.parametrize("name", FEATURES)
def test_agrees_with_librosa_in_double(name, sound, double):
    for n_fft, hop in SIZES:
        assert_agrees_in_double(name, SOUNDS[sound](), SAMPLE_RATE, n_fft, hop)


def recordings():
    for path in sorted(RECORDINGS.glob("*.ogg")):
        rate = soundfile.info(path).samplerate
        waveform, _ = soundfile.read(path, start=rate, frames=3 * rate, dtype="float32", always_2d=True)
        yield np.ascontiguousarray(waveform.mean(axis=1)), rate


NO_RECORDINGS = "no recordings beside the repository (shared/data/recordings)"


@pytest.mark.skipif(not RECORDINGS.is_dir(), reason=NO_RECORDINGS)
@pytest.mark.parametrize("name", FEATURES)
def test_agrees_with_librosa_on_recordings(name):
    for waveform, rate in recordings():
        assert_agrees(name, waveform, rate, 2048, 512)


@pytest.mark.skipif(not RECORDINGS.is_dir(), reason=NO_RECORDINGS)
@pytest.mark.parametrize("name", FEATURES)
def test_agrees_with_librosa_on_recordings_in_double(name, double):
    for waveform, rate in recordings():
        assert_agrees_in_double(name, waveform, rate, 2048, 512)


def test_options_agree_with_librosa(double):
    y, frame = chord().astype(np.float64), {"n_fft": 1024, "hop_length": 300}
    rated = {"sample_rate": SAMPLE_RATE} | frame
    theirs = {"y": y, "sr": SAMPLE_RATE} | frame
    mel = {"n_mels": 40, "fmin": 50.0, "fmax": 7000.0, "htk": True}
    narrow = {"win_length": 601, "center": False}
    bands = {"n_bands": 4, "fmin": 100.0, "quantile": 0.1}
    odd = {"n_fft": 401, "hop_length": 100}
    pairs = [
        (Spectrogram(power=1, **frame), np.abs(librosa.stft(y, **frame))),
        (Spectrogram(power=None, **frame), librosa.stft(y, **frame)),
        (Spectrogram(power=None, **narrow, **frame), librosa.stft(y, **narrow, **frame)),
        (Spectrogram(power=None, pad_mode="reflect", **frame), librosa.stft(y, pad_mode="reflect", **frame)),
        (Spectrogram(power=None, **odd), librosa.stft(y, **odd)),
        (MelSpectrogram(**rated, **mel), librosa.feature.melspectrogram(**theirs, **mel)),
        (Chroma(**rated, tuning=0.3), librosa.feature.chroma_stft(**theirs, tuning=0.3)),
        (
            SpectralRolloff(**rated, roll_percent=0.5),
            librosa.feature.spectral_rolloff(**theirs, roll_percent=0.5),
        ),
        (SpectralFlatness(**frame, amin=1e-6), librosa.feature.spectral_flatness(y=y, **frame, amin=1e-6)),
        (SpectralContrast(**rated, **bands), librosa.feature.spectral_contrast(**theirs, **bands)),
    ]
    for module, expected in pairs:
        np.testing.assert_allclose(compute(module, y), expected, rtol=1e-5, atol=2e-5, err_msg=repr(module))


@pytest.mark.parametrize("sound", ["chord", "silence", "one sample"])
def test_logarithms_agree_with_librosa(sound):
    y = SOUNDS[sound]()
    power = librosa.feature.melspectrogram(y=y, sr=SAMPLE_RATE)
    for options, expected in [
        ({"ref": "max"}, librosa.power_to_db(power, ref=np.max)),
        (
            {"ref": 0.01, "amin": 1e-6, "top_db": None},
            librosa.power_to_db(power, ref=0.01, amin=1e-6, top_db=None),
        ),
        ({"top_db": 30.0}, librosa.power_to_db(power, top_db=30.0)),
        ({"scaling": "log", "eps": 1e-3}, np.log(power + 1e-3)),
    ]:
        ours = compute(LogMelSpectrogram(sample_rate=SAMPLE_RATE, **options), y)
        np.testing.assert_allclose(ours, expected, atol=0.005, err_msg=str(options))


@pytest.mark.parametrize("order", [1, 2])
def test_deltas_agree_with_librosa(order):
    y = noise(20_000)
    mfcc = librosa.feature.mfcc(y=y, sr=SAMPLE_RATE, n_mfcc=13)
    ours = compute(MFCC(sample_rate=SAMPLE_RATE, n_mfcc=13, deltas=order), y)
    assert ours.shape[0] == 13 * (order + 1)
    np.testing.assert_allclose(ours[-13:], librosa.feature.delta(mfcc, order=order), atol=0.005)


def test_delta_of_a_line_is_its_slope_and_of_a_parabola_its_curvature():
    time = torch.arange(20.0)
    torch.testing.assert_close(delta(3 * time[None] + 5), torch.full((1, 20), 3.0))
    torch.testing.assert_close(
        delta(2 * time[None] ** 2, order=2), torch.full((1, 20), 4.0), atol=1e-4, rtol=0
    )


def test_delta_of_fewer_frames_than_its_width():
    torch.testing.assert_close(delta(torch.full((2, 3, 1), 7.0)), torch.zeros(2, 3, 1), rtol=0, atol=1e-6)
    short = delta(torch.arange(5.0)[None])
    assert short.shape == (1, 5) and torch.all(short > 0) and short[0, 2] == short.max()


@pytest.mark.parametrize("n_fft", [401, 1024, 2048])
def test_filterbanks_agree_with_librosa(n_fft):
    for htk in (False, True):
        ours = mel_filterbank(sample_rate=SAMPLE_RATE, n_fft=n_fft, n_mels=60, fmin=30.0, htk=htk)
        theirs = librosa.filters.mel(sr=SAMPLE_RATE, n_fft=n_fft, n_mels=60, fmin=30.0, htk=htk)
        np.testing.assert_allclose(ours.numpy(), theirs, atol=1e-7)
    for n_chroma in (12, 24):
        ours = chroma_filterbank(sample_rate=SAMPLE_RATE, n_fft=n_fft, n_chroma=n_chroma, tuning=0.2)
        theirs = librosa.filters.chroma(sr=SAMPLE_RATE, n_fft=n_fft, n_chroma=n_chroma, tuning=0.2)
        np.testing.assert_allclose(ours.numpy(), theirs, atol=1e-6)


@pytest.mark.parametrize("htk", [False, True])
def test_mel_frequencies_are_librosas(htk):
    expected = librosa.mel_frequencies(66, fmin=50, fmax=7000, htk=htk)
    np.testing.assert_allclose(mel_frequencies(66, fmin=50, fmax=7000, htk=htk), expected, rtol=1e-9)
    mel = MelSpectrogram(sample_rate=SAMPLE_RATE, n_mels=64, fmin=50, fmax=7000, htk=htk)
    np.testing.assert_allclose(mel.centre_frequencies, expected[1:-1], rtol=1e-9)


def test_mel_filters_narrower_than_a_bin_are_reported():
    with pytest.warns(UserWarning, match="of 128 mel filters contain no bin; lower n_mels or raise n_fft"):
        mel_filterbank(sample_rate=SAMPLE_RATE, n_fft=256, n_mels=128)


# --- sounds whose answer is known


def test_sine_falls_in_its_bin_band_and_pitch_class():
    y, middle = sine(1000.0), 16
    power = compute(Spectrogram(), y)[:, middle]
    assert power.argmax() == 1000 * 2048 / SAMPLE_RATE
    mel = compute(MelSpectrogram(sample_rate=SAMPLE_RATE), y)[:, middle]
    edges = mel_to_hz(torch.linspace(0, librosa.hz_to_mel(8000), 130)).numpy()
    assert edges[mel.argmax()] < 1000 < edges[mel.argmax() + 2]
    assert compute(Chroma(sample_rate=SAMPLE_RATE), sine(440.0))[:, middle].argmax() == 9  # A
    assert compute(SpectralCentroid(sample_rate=SAMPLE_RATE), y)[0, middle] == pytest.approx(1000, abs=1)
    assert compute(SpectralRolloff(sample_rate=SAMPLE_RATE), y)[0, middle] == pytest.approx(1000, abs=16)
    assert compute(SpectralBandwidth(sample_rate=SAMPLE_RATE), y)[0, middle] < 10
    assert compute(RMS(), y)[0, middle] == pytest.approx(0.5 / math.sqrt(2), rel=1e-3)
    assert compute(ZeroCrossingRate(), y)[0, middle] == pytest.approx(2 * 1000 / SAMPLE_RATE, abs=1 / 2048)


def test_noise_is_flat_and_a_tone_is_not():
    flatness = SpectralFlatness()
    assert compute(flatness, noise(32_000))[0, 20] > 0.4 > 1e-3 > compute(flatness, chord())[0, 20]


def test_twice_the_amplitude_is_six_decibels_more():
    log_mel = LogMelSpectrogram(sample_rate=SAMPLE_RATE)
    louder = compute(log_mel, 2 * noise(16_000)) - compute(log_mel, noise(16_000))
    np.testing.assert_allclose(louder, 20 * math.log10(2), atol=1e-4)


# --- batches, blocks, gradients, dtypes


@pytest.mark.parametrize("name", FEATURES)
def test_batch_gives_what_its_clips_give(name):
    module = FEATURES[name](sample_rate=SAMPLE_RATE, n_fft=1024, hop_length=256)
    clips = torch.from_numpy(
        np.stack([noise(16_000), np.zeros(16_000, np.float32), 0.01 * noise(16_000, 1), sine(440)])
    )
    batch = module(clips.reshape(2, 2, -1))
    assert batch.shape == (2, 2, module.num_features, module.num_frames(16_000))
    for together, clip in zip(batch.flatten(0, 1), clips, strict=True):
        torch.testing.assert_close(together, module(clip), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", FEATURES)
def test_blocks_do_not_show(name, monkeypatch):
    module, waveform = FEATURES[name](sample_rate=SAMPLE_RATE), torch.from_numpy(noise(60_000)).reshape(3, -1)
    whole = module(waveform)
    monkeypatch.setattr("common.features.frames.CPU_BLOCK", 5 * 2048)
    torch.testing.assert_close(module(waveform), whole, rtol=1e-4, atol=1e-4)


def test_padding_at_the_end_adds_frames_and_changes_none():
    module, clip = LogMelSpectrogram(sample_rate=SAMPLE_RATE), torch.from_numpy(noise(20_000))
    alone, padded = module(clip), module(torch.nn.functional.pad(clip, (0, 12_000)))
    lengths = module.num_frames(torch.tensor([20_000, 32_000]))
    assert lengths.tolist() == [alone.shape[-1], padded.shape[-1]]
    torch.testing.assert_close(padded[:, : lengths[0]], alone, rtol=0, atol=1e-3)


@pytest.mark.parametrize(
    "name", [name for name in FEATURES if name not in ("spectral_rolloff", "zero_crossing_rate")]
)
def test_gradients_flow_and_stay_finite_on_silence(name):
    module = FEATURES[name](sample_rate=SAMPLE_RATE, n_fft=1024, hop_length=256)
    waveform = torch.from_numpy(np.stack([noise(8000), np.zeros(8000, np.float32)])).requires_grad_()
    module(waveform).square().sum().backward()
    assert torch.isfinite(waveform.grad).all()
    assert (waveform.grad[0] != 0).float().mean() > 0.9


def test_gradient_is_the_slope():
    module = LogMelSpectrogram(
        sample_rate=SAMPLE_RATE, n_fft=64, hop_length=32, n_mels=5, scaling="log"
    ).double()
    waveform = torch.from_numpy(noise(200).astype(np.float64)).requires_grad_()
    assert torch.autograd.gradcheck(module, waveform)


@pytest.mark.parametrize("name", FEATURES)
def test_dtype_is_the_modules(name):
    module, waveform = FEATURES[name](sample_rate=SAMPLE_RATE), torch.from_numpy(noise(16_000))
    single, exact = module(waveform), module.double()(waveform.double())
    assert exact.abs().dtype == torch.float64
    torch.testing.assert_close(single.to(exact.dtype), exact, rtol=1e-3, atol=1e-3)


def test_autocast_leaves_features_in_full_precision():
    module, waveform = LogMelSpectrogram(sample_rate=SAMPLE_RATE), torch.from_numpy(noise(16_000))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = module(waveform)
    assert inside.dtype == torch.float32 and torch.equal(inside, module(waveform))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("name", FEATURES)
def test_gpu_agrees_with_cpu(name):
    module, waveform = FEATURES[name](sample_rate=SAMPLE_RATE), torch.from_numpy(noise(32_000)).reshape(2, -1)
    torch.testing.assert_close(
        module.cuda()(waveform.cuda()).cpu(), module.cpu()(waveform), rtol=1e-3, atol=1e-3
    )


@pytest.mark.parametrize("name", FEATURES)
def test_nothing_is_saved_with_a_model(name):
    assert FEATURES[name](sample_rate=SAMPLE_RATE).state_dict() == {}


# --- what is refused


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: RMS(n_fft=2048, hop_length=4096), "hop_length must be <= n_fft, got 4096 > 2048"),
        (lambda: RMS(hop_length=0), "hop_length must be >= 1, got 0"),
        (lambda: RMS(sample_rate=0), "sample_rate must be > 0, got 0"),
        (lambda: RMS(pad_mode="zero"), "pad_mode must be constant, reflect or replicate, got 'zero'"),
        (
            lambda: Spectrogram(win_length=4096),
            r"win_length must be in 1 \.\.\. n_fft, got 4096 with n_fft 2048",
        ),
        (lambda: Spectrogram(power=-1), "power must be > 0"),
        (lambda: MelSpectrogram(sample_rate=16_000, fmax=9000), "fmax <= 8000 Hz, got 0, 9000"),
        (lambda: MelSpectrogram(sample_rate=16_000, n_mels=0), "n_mels must be >= 1, got 0"),
        (
            lambda: LogMelSpectrogram(sample_rate=16_000, scaling="dB"),
            "scaling must be 'db' or 'log', got 'dB'",
        ),
        (
            lambda: LogMelSpectrogram(sample_rate=16_000, ref="min"),
            "ref must be 'max' or a power > 0, got 'min'",
        ),
        (lambda: LogMelSpectrogram(sample_rate=16_000, amin=0), "amin and eps must be > 0"),
        (lambda: LogMelSpectrogram(sample_rate=16_000, top_db=-1), "top_db must be >= 0"),
        (lambda: MFCC(sample_rate=16_000, n_mfcc=200), "got 200 with n_mels 128"),
        (lambda: MFCC(sample_rate=16_000, deltas=3), "deltas must be 0, 1 or 2, got 3"),
        (lambda: Chroma(sample_rate=16_000, n_chroma=0), "n_chroma must be >= 1, got 0"),
        (lambda: SpectralRolloff(sample_rate=16_000, roll_percent=85), "fraction between 0 and 1, got 85"),
        (lambda: SpectralFlatness(amin=0), "amin must be > 0, got 0"),
        (lambda: SpectralContrast(sample_rate=8000), "must begin below 4000 Hz, got 6400"),
        (lambda: SpectralContrast(sample_rate=16_000, n_fft=64, hop_length=32), "raise n_fft"),
        (lambda: delta(torch.zeros(1, 20), width=8), "width must be odd"),
    ],
)
def test_impossible_settings_are_refused(build, message):
    with pytest.raises(ValueError, match=message):
        build()


@pytest.mark.parametrize(
    ("module", "waveform", "message"),
    [
        (RMS(), torch.zeros(2, 0), r"at least one sample, got shape \(2, 0\)"),
        (RMS(), torch.tensor(1.0), "at least one sample"),
        (RMS(), torch.zeros(9, dtype=torch.int16), "must be floating point in .*, got torch.int16"),
        (RMS(center=False), torch.zeros(100), "must have >= 2048 samples with center=False, got 100"),
        (
            Spectrogram(pad_mode="reflect"),
            torch.zeros(1024),
            "must have >= 1025 samples with pad_mode='reflect', got 1024",
        ),
    ],
)
def test_impossible_waveforms_are_refused(module, waveform, message):
    with pytest.raises(ValueError, match=message):
        module(waveform)


def test_every_feature_takes_the_three_common_options():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for feature in FEATURES.values():
            module = feature(sample_rate=SAMPLE_RATE, n_fft=2048, hop_length=512)
            assert module(torch.zeros(5000)).shape == (module.num_features, 10)
