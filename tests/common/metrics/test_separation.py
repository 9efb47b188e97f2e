"""Separation metrics against museval and answers worked out by hand."""

import json
import warnings
from types import SimpleNamespace

import numpy as np
import pytest

from common.metrics import separation as ours
from scripts.make_separation_golden import (
    CASES,
    GOLDEN,
    RATIOS,
    SAMPLE_RATE,
    Case,
    import_museval,
    museval_ratios,
    signals,
)

TOLERANCE = {"sdr": 1e-9, "isr": 1e-6, "sir": 1e-6, "sar": 1e-6}  # dB
GOLDEN_VALUES = json.loads(GOLDEN.read_text())["cases"]
OUTPUTS = ("vocals", "accompaniment")


@pytest.fixture(scope="module")
def museval():
    try:
        return import_museval()
    except ImportError as error:
        pytest.skip(f"museval cannot be imported ({error}); golden values from it are tested all the same")


def noise(*shape, seed=0, level=0.1):
    return level * np.random.default_rng(seed).standard_normal(shape)


def ratios(case):
    """Ours, by the names of `RATIOS`; the SDR by the fast way, too."""
    references, estimates = signals(case)
    found = ours.bss_eval(references, estimates, sample_rate=SAMPLE_RATE)._asdict() if case.filters else {}
    return found | {"sdr": ours.sdr_windows(references, estimates, sample_rate=SAMPLE_RATE)}


# Against museval


@pytest.mark.parametrize("name", CASES)
def test_every_window_is_as_museval_says(name):
    found = ratios(CASES[name])
    for ratio, values in GOLDEN_VALUES[name].items():
        expected = np.array(values, dtype=np.float64)  # None becomes NaN
        np.testing.assert_allclose(found[ratio], expected, rtol=0, atol=TOLERANCE[ratio], err_msg=ratio)
    assert len(GOLDEN_VALUES[name]) == (4 if CASES[name].filters else 1)


@pytest.mark.parametrize("name", ["mono", "one sample", "anti-phase estimate", "estimate too short"])
def test_golden_values_are_those_of_the_museval_that_is_here(name, museval):
    expected = dict(zip(RATIOS, museval_ratios(museval, CASES[name]), strict=True))
    for ratio, golden in GOLDEN_VALUES[name].items():
        golden = np.array(golden, dtype=np.float64)
        np.testing.assert_allclose(golden, expected[ratio], rtol=0, atol=TOLERANCE[ratio], err_msg=ratio)


@pytest.mark.parametrize("channels", [1, 2])
def test_random_signals_live_against_museval(channels, museval):
    case = Case(100 + channels, 3901, 2, channels, filters=True)
    found = ratios(case)
    for ratio, expected in zip(RATIOS, museval_ratios(museval, case), strict=True):
        np.testing.assert_allclose(found[ratio], expected, rtol=0, atol=TOLERANCE[ratio], err_msg=ratio)


def test_table_over_songs_is_that_of_museval(museval):
    """Its stores round each window to 1e-5 dB."""
    store, songs = museval.EvalStore(), {}
    for index, name in enumerate(["stereo", "silent source", "anti-phase estimate"]):
        references, estimates = signals(CASES[name])
        targets = {
            output: SimpleNamespace(audio=each.T) for output, each in zip(OUTPUTS, references, strict=True)
        }
        track = SimpleNamespace(name=f"song {index}", targets=targets, rate=SAMPLE_RATE)
        answers = {output: each.T for output, each in zip(OUTPUTS, estimates, strict=True)}
        store.add_track(museval.eval_mus_track(track, answers))
        songs[track.name] = ours.song_metrics(OUTPUTS, scored(references, estimates))
    table, metrics = store.agg_frames_tracks_scores(), ours.evaluate(songs, OUTPUTS)
    for output in OUTPUTS:
        assert metrics[f"{output}_sdr"] == pytest.approx(table[output]["SDR"], abs=1e-5)


# By hand


def test_sdr_is_the_noise_power_whatever_the_phase_of_the_rest():
    reference = np.sqrt(2) * np.sin(2 * np.pi * 0.01 * np.arange(3000))[None, None]  # power 1
    error = 0.1 * np.array([1, -1] * 1500)[None, None]  # power 0.01
    assert ours.sdr_windows(reference, reference + error, sample_rate=1000)[0] == pytest.approx([20.0] * 3)
    assert ours.sdr_windows(reference, -reference, sample_rate=1000)[0] == pytest.approx(
        [-20 * np.log10(2)] * 3
    )
    assert np.isposinf(ours.sdr_windows(reference, reference, sample_rate=1000)).all()
    assert np.isposinf(ours.si_sdr(reference, reference)[0]) or ours.si_sdr(reference, reference)[0] > 150


def test_si_sdr_does_not_know_the_level_and_the_others_do():
    reference, error = noise(1, 2, 9000), noise(1, 2, 9000, seed=1, level=0.01)
    s, e = reference.ravel(), error.ravel()
    error -= (s @ e / (s @ s)) * reference  # at right angles
    expected = 10 * np.log10((s @ s) / np.square(error).sum())
    for gain in (1.0, 0.5, -3.0, 1e-4):
        assert ours.si_sdr(reference, gain * (reference + error))[0] == pytest.approx(expected, abs=1e-6)
    assert ours.song_sdr(reference, reference + error)[0] == pytest.approx(expected, abs=1e-5)  # its epsilon
    assert ours.song_sdr(reference, 0.5 * reference)[0] == pytest.approx(10 * np.log10(4), abs=1e-5)
    assert ours.spectral_convergence(reference, 0.5 * reference)[0] == pytest.approx(0.5, abs=1e-6)


def test_scores_of_silence():
    silence, sound = np.zeros((1, 2, 3000)), noise(1, 2, 3000)
    assert np.isnan(ours.sdr_windows(silence, sound, sample_rate=1000)).all()
    assert np.isnan(ours.sdr_windows(sound, silence, sample_rate=1000)).all()
    assert ours.song_sdr(sound, silence)[0] == pytest.approx(0, abs=1e-6)
    assert ours.song_sdr(silence, silence)[0] == 0
    assert ours.song_sdr(silence, sound)[0] < -80
    assert np.isnan([ours.si_sdr(silence, sound), ours.si_sdr(sound, silence)]).all()
    assert np.isnan(ours.spectral_convergence(silence, sound)[0])
    assert ours.spectral_convergence(sound, silence)[0] == pytest.approx(1)
    assert ours.log_magnitude_distance(silence, silence)[0] == 0


def test_phase_blind_scores_do_not_hear_the_phase_and_know_the_level():
    reference = noise(2, 2, 20_000)
    for scores in (ours.spectral_convergence, ours.log_magnitude_distance):
        np.testing.assert_allclose(scores(reference, -reference), 0, atol=1e-6)
    np.testing.assert_allclose(ours.log_magnitude_distance(9 * reference, 0.9 * reference), 20, atol=0.01)
    delayed = np.roll(reference, 40, axis=-1)  # a millisecond: a catastrophe for the waveform only
    assert (ours.song_sdr(reference, delayed) < -2).all()
    assert (ours.spectral_convergence(reference, delayed) < 0.2).all()
    tone = np.sin(2 * np.pi * 64 / 2048 * np.arange(8192))[None, None]
    # A Hann window spreads a sine over three bins: 1, and twice a half. 80 dB below, the floor begins.
    expected = 20 * np.log10([1 / 1e-4, 0.5 / 1e-4, 0.5 / 1e-4]).sum() / 1025
    assert ours.log_magnitude_distance(tone, 0 * tone)[0] == pytest.approx(expected, rel=1e-3)


def test_decomposition_by_hand():
    """An estimate that is a filtered source, a leak and noise: each is found where it belongs."""
    references = noise(2, 1, 60_000)
    references[..., -100:] = 0  # else the filter would ring on after the song
    filtered, leak = 0.5 * np.roll(references[:1], 100, axis=-1), 0.1 * references[1:]
    artifacts = noise(1, 1, 60_000, seed=1, level=0.001)
    estimates = np.concatenate([filtered + leak + artifacts, references[1:] + artifacts])
    found = ours.bss_eval(references, estimates, sample_rate=60_000)
    assert found.sir[0, 0] == pytest.approx(20 * np.log10(0.5 / 0.1), abs=0.2)
    assert found.sar[0, 0] == pytest.approx(10 * np.log10(0.26 * 0.1**2 / 0.001**2), abs=0.2)
    assert found.isr[0, 0] == pytest.approx(10 * np.log10(1 / 1.25), abs=0.2)  # |s|^2 / |s/2 shifted - s|^2


def test_equal_channels_do_not_stop_the_decomposition():
    references, estimates = (np.repeat(each, 2, axis=1) for each in signals(Case(30, 3000, channels=1)))
    found = ours.bss_eval(references, estimates, sample_rate=SAMPLE_RATE)
    single = ours.bss_eval(references[:, :1], estimates[:, :1], sample_rate=SAMPLE_RATE)
    for both, one in zip(found, single, strict=True):
        np.testing.assert_allclose(both, one, atol=0.01)


# Streams


@pytest.mark.parametrize("block", [1, 333, 1000, 4300])
def test_blocks_do_not_change_the_scores(block):
    references, estimates = (each[..., :1300] if block == 1 else each for each in signals(CASES["stereo"]))
    sdr = ours.SdrAccumulator(sample_rate=SAMPLE_RATE)
    spectral = ours.SpectralAccumulator(n_fft=256, hop_length=100)
    for start in range(0, references.shape[-1], block):
        piece = slice(start, start + block)
        sdr.add(references[..., piece], estimates[..., piece])
        spectral.add(references[..., piece], estimates[..., piece])
    np.testing.assert_allclose(
        sdr.windows(), ours.sdr_windows(references, estimates, sample_rate=SAMPLE_RATE)
    )
    np.testing.assert_allclose(sdr.si_sdr(), ours.si_sdr(references, estimates))
    np.testing.assert_allclose(sdr.song_sdr(), ours.song_sdr(references, estimates))
    options = {"n_fft": 256, "hop_length": 100}
    for name in ("spectral_convergence", "log_magnitude_distance"):
        expected = getattr(ours, name)(references, estimates, **options)
        np.testing.assert_allclose(getattr(spectral, name)(), expected, rtol=1e-5, err_msg=name)


@pytest.mark.parametrize("block", [100, 20_000])
def test_blocks_do_not_change_the_filters(block):
    references, estimates = noise(2, 2, 40_000), noise(2, 2, 40_000, seed=1)
    blocks, whole = ours.Correlations(taps=32), ours.Correlations(taps=32)
    whole.add(references, estimates)
    for start in range(0, 40_000, block):
        blocks.add(references[..., start : start + block], estimates[..., start : start + block])
    np.testing.assert_allclose(blocks.filters().all, whole.filters().all, atol=1e-12)
    signal = np.concatenate([references, estimates]).reshape(8, -1)
    expected = [np.dot(signal[1, : 40_000 - lag], signal[6, lag:]) for lag in range(32)]
    np.testing.assert_allclose(blocks.lagged()[1, 6], expected, atol=1e-9)


def test_float32_is_summed_in_float64():
    """A song whose mean is far from 0: sums of float32 would lose the error."""
    references = (1000 + noise(1, 1, 200_000)).astype(np.float32)
    estimates = references + noise(1, 1, 200_000, seed=1, level=0.01).astype(np.float32)
    error = estimates.astype(np.float64) - references.astype(np.float64)
    expected = 10 * np.log10((references.astype(np.float64) ** 2).sum() / (error**2).sum())
    found = ours.sdr_windows(references, estimates, sample_rate=200_000)
    assert found[0, 0] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    ("references", "estimates", "message"),
    [
        (np.ones((2, 900)), np.ones((2, 900)), "sources, channels, samples"),
        (np.ones((2, 1, 900)), np.ones((1, 1, 900)), "estimates must be as references"),
        (np.ones((2, 1, 0)), np.ones((2, 1, 0)), "must hold samples"),
        (np.ones((1, 1, 9)), np.full((1, 1, 9), np.nan), "must be finite"),
        (np.ones((1, 1, 9)), np.full((1, 1, 9), np.inf), "must be finite"),
    ],
)
def test_what_cannot_be_scored_is_refused(references, estimates, message):
    with pytest.raises(ValueError, match=message), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        ours.sdr_windows(references, estimates, sample_rate=1000)


def test_nothing_added_is_an_error():
    for empty in (
        ours.SdrAccumulator(sample_rate=9).windows,
        ours.SpectralAccumulator().log_magnitude_distance,
    ):
        with pytest.raises(ValueError, match="add the song first"):
            empty()


# Songs


def scored(references, estimates):
    scorer = ours.SongScorer(sample_rate=SAMPLE_RATE)
    for start in range(0, references.shape[-1], 700):
        scorer.add(references[..., start : start + 700], estimates[..., start : start + 700])
    return scorer.scores()


def songs_of(gains, *, noise_level=0.05):
    """Songs whose estimates are so good, with the mixture as floor and the truth at 0.99 as ceiling."""
    songs = {}
    for seed, gain in enumerate(gains):
        references = noise(2, 2, 5000, seed=seed)
        mixture = np.broadcast_to(references.sum(axis=0), references.shape)
        estimates = references + noise_level * gain * noise(2, 2, 5000, seed=1000 + seed)
        songs[f"song {seed}"] = ours.song_metrics(
            OUTPUTS,
            scored(references, estimates),
            mixture=scored(references, mixture),
            ideal_ratio_mask=scored(references, 0.99 * references),
        )
    return songs


def test_songs_by_hand():
    songs = {
        str(index): {"vocals_sdr": sdr, "vocals_song_sdr": sdr, "mixture_vocals_sdr": -5.0, "num_windows": 10}
        for index, sdr in enumerate([1.0, 2.0, 12.0, None])
    }
    metrics = ours.evaluate(songs, ["vocals"])
    assert metrics["num_songs"] == 4 and metrics["vocals_num_songs"] == 3 and metrics["num_windows"] == 40
    assert metrics["vocals_sdr"] == 2.0
    assert metrics["vocals_song_sdr"] == 5.0  # the mean
    assert metrics["mixture_vocals_sdr"] == -5.0
    assert metrics["vocals_sdr_over_mixture"] == 7.0
    # Of three songs the median is the lowest where at least two of three draws are: 7 of 27 resamples.
    assert (metrics["vocals_sdr_low"], metrics["vocals_sdr_high"]) == (1.0, 12.0)
    assert (metrics["mixture_vocals_sdr_low"], metrics["mixture_vocals_sdr_high"]) == (-5.0, -5.0)


def test_keys_of_everything():
    metrics = ours.evaluate(songs_of([1, 2, 3]), OUTPUTS)
    assert json.loads(json.dumps(metrics, allow_nan=False)) == metrics
    for system in ("", "mixture_", "ideal_ratio_mask_"):
        for output in OUTPUTS:
            for score in ("sdr", "song_sdr", "si_sdr", "spectral_convergence", "log_magnitude_distance"):
                assert f"{system}{output}_{score}" in metrics
            assert metrics[f"{system}{output}_sdr_low"] <= metrics[f"{system}{output}_sdr"]
            assert metrics[f"{system}{output}_sdr_high"] >= metrics[f"{system}{output}_sdr"]
    assert metrics["vocals_sdr"] == pytest.approx(20, abs=0.5)  # noise at 0.05 * 2
    assert metrics["mixture_vocals_sdr"] == pytest.approx(0, abs=0.5)  # as loud as the rest
    assert metrics["ideal_ratio_mask_vocals_sdr"] == pytest.approx(40, abs=1e-6)
    assert metrics["num_windows"] == metrics["mixture_num_windows"] == 15


def test_intervals_shrink_with_songs_and_hold_the_truth():
    """The median of song medians is normal here: nine in ten intervals or more must hold it."""
    rng, widths = np.random.default_rng(0), {}
    for count in (10, 50):
        held, wide = [], []
        for _ in range(60):
            values = rng.normal(5.0, 2.0, count)
            songs = {str(index): {"vocals_sdr": value} for index, value in enumerate(values)}
            metrics = ours.evaluate(songs, ["vocals"], seed=int(rng.integers(1000)))
            held.append(metrics["vocals_sdr_low"] <= 5.0 <= metrics["vocals_sdr_high"])
            wide.append(metrics["vocals_sdr_high"] - metrics["vocals_sdr_low"])
        assert np.mean(held) > 0.88
        widths[count] = np.mean(wide)
    assert widths[50] < 0.6 * widths[10]


def test_one_song_has_no_interval_and_no_song_no_score():
    metrics = ours.evaluate(songs_of([1]), OUTPUTS)
    assert metrics["vocals_sdr"] is not None
    assert metrics["vocals_sdr_low"] is None and metrics["vocals_sdr_over_mixture_high"] is None
    assert "-" in ours.format_report(metrics, OUTPUTS)
    assert ours.evaluate({}, OUTPUTS) == {"num_songs": 0, "vocals_num_songs": 0, "accompaniment_num_songs": 0}


def test_differences_are_paired():
    """Songs differ by 10 dB, the models by 1: only a paired comparison can tell."""
    gains = 10 ** (np.arange(12) / 22)
    first, second = songs_of(gains), songs_of(gains * 10 ** (-1 / 20))
    second = dict(reversed(second.items()))  # matched by name, not by order
    second["another"] = second["song 0"]
    found = ours.paired_differences(first, second, OUTPUTS)["vocals_sdr"]
    assert found.value == pytest.approx(1, abs=1e-6)
    assert (found.low, found.high) == pytest.approx((1, 1), abs=1e-6)
    alone = ours.evaluate(first, OUTPUTS)
    assert alone["vocals_sdr_high"] - alone["vocals_sdr_low"] > 2
    assert ours.format_difference(found) == "+1.00 (+1.00 to +1.00)"
    with pytest.raises(ValueError, match="same songs"):
        ours.paired_differences({"a": {}}, {"b": {}}, OUTPUTS)


def test_bss_metrics_join_the_others():
    references, estimates = signals(CASES["stereo"])
    bss = ours.bss_eval(references, estimates, sample_rate=SAMPLE_RATE)
    song = ours.song_metrics(OUTPUTS, scored(references, estimates)) | ours.bss_metrics(OUTPUTS, bss)
    metrics = ours.evaluate({"a": song}, OUTPUTS)
    assert metrics["accompaniment_sir"] == pytest.approx(np.median(bss.sir[1]))
    assert "SIR" in ours.format_report(metrics, OUTPUTS)
    assert "mixture" not in ours.format_report(metrics, OUTPUTS).split("\n\n")[1]  # there is none here


def test_report_has_the_numbers_and_fits_the_screen():
    metrics = ours.evaluate(songs_of([1, 2, 3]), OUTPUTS)
    text = ours.format_report(metrics, OUTPUTS)
    assert max(map(len, text.splitlines())) <= 110
    assert text.startswith("3 songs, 15 windows of 1 s")
    vocals = next(line for line in text.splitlines() if line.startswith("vocals "))
    expected = [
        f"{metrics[key]:.2f}" for key in ("vocals_sdr", "mixture_vocals_sdr", "ideal_ratio_mask_vocals_sdr")
    ]
    assert all(number in vocals.split() for number in expected)
    silent = {**songs_of([1]), "quiet": {"vocals_sdr": None, "num_windows": 0}}
    assert "vocals: 1 song has no SDR" in ours.format_report(ours.evaluate(silent, OUTPUTS), OUTPUTS)
