"""Remixes: their labels are what can be heard in them, and all they draw comes from the generator."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile as sf
import torch
from scipy import fft

from common import training
from common.cli import UserError
from hw1_instrument_detection import data, remix
from hw1_instrument_detection.classes import CLASSES
from hw1_instrument_detection.clip_dataset import ClipDataset
from hw1_instrument_detection.detector_training import remixed_clips
from hw1_instrument_detection.models import MelEncoder, MelEncoderConfig
from hw1_instrument_detection.random_sound import RandomSound, places_between_points
from hw1_instrument_detection.remix import ClipMixDataset, RemixDataset
from hw1_instrument_detection.remix_config import RemixConfig
from hw1_instrument_detection.stem_cache import StemFiles, open_stems
from hw1_instrument_detection.stem_players import WaveformPlayer

RATE = 16_000
STILL = {
    "remix_gain_db": 0.0,
    "remix_equalizer_db": 0.0,
    "remix_semitones": 0.0,
    "remix_level_db": 0.0,
}  # nothing is changed but what plays


def opened(root, tmp_path, *, train=None, drums_are_percussion=False, **options) -> ClipDataset:
    """The training clips of `root`, remixed; `options` are those of RemixConfig."""
    drums = {"drums_are_percussion": drums_are_percussion}
    train = data.open_training_splits(root, **drums)[0] if train is None else train
    config = RemixConfig(**options)
    tracks = data.open_tracks(root, **drums)
    if tracks is None:
        return ClipMixDataset(train, sample_rate=RATE, config=config)
    stems = open_stems(tracks, sample_rate=RATE, folder=tmp_path / "cache", limit_gb=1, jobs=1)
    player = WaveformPlayer(stems, config.sound(RATE), seconds=config.remix_seconds)
    return RemixDataset(train, tracks, player, config=config)


def draws(dataset, count=40):
    return [dataset.draw(n % len(dataset), np.random.default_rng(n)) for n in range(count)]


def test_undrawn_items_are_the_clips(tiny_slakh, tmp_path):
    dataset = opened(tiny_slakh, tmp_path)
    plain = ClipDataset(dataset.clips, sample_rate=RATE)
    assert isinstance(dataset, RemixDataset)
    assert all(torch.equal(dataset[n]["waveform"], plain[n]["waveform"]) for n in range(len(plain)))


def test_items_have_the_shapes_of_clips(tiny_slakh, tmp_path):
    for item in draws(opened(tiny_slakh, tmp_path, remix=1)):
        assert (item["waveform"].shape, item["waveform"].dtype) == ((5 * RATE,), torch.float32)
        assert (item["target"].shape, item["target"].dtype) == ((9,), torch.float32)
        assert item["waveform"].isfinite().all() and item["waveform"].abs().max() <= 1


def test_what_is_drawn_depends_on_the_generator_alone(tiny_slakh, tmp_path):
    dataset = opened(tiny_slakh, tmp_path)
    again = draws(opened(tiny_slakh, tmp_path))
    for one, other in zip(draws(dataset), again, strict=True):
        assert torch.equal(one["waveform"], other["waveform"])
        assert torch.equal(one["target"], other["target"])
    different = dataset.draw(0, np.random.default_rng(999))
    assert not torch.equal(different["waveform"], again[0]["waveform"])


def test_a_clip_that_is_not_remixed_is_a_stretch_of_the_mix(tiny_slakh, slakh_maker, tmp_path):
    dataset = opened(tiny_slakh, tmp_path, remix=0.0, **STILL)
    plan = slakh_maker.plan()[0]  # 16 kHz, like the model here
    mix, _ = sf.read(dataset.clips.path(0), dtype="float32")
    starts = set()
    for seed in range(30):
        item = dataset.draw(1, np.random.default_rng(seed))
        start = find(mix, item["waveform"].numpy())
        assert abs(start / RATE - 5) <= remix.JITTER_SECONDS + 1e-3
        assert item["target"].tolist() == window_truth(slakh_maker, plan, start / RATE)
        starts.add(start)
    assert len(starts) > 20


def find(mix, waveform) -> int:
    """The sample of `mix` at which `waveform` begins, or an assertion that it is not in it."""
    size = fft.next_fast_len(len(mix) + len(waveform))
    correlation = fft.irfft(fft.rfft(mix, size) * np.conj(fft.rfft(waveform, size)), size)
    start = int(correlation[: len(mix) - len(waveform) + 1].argmax())
    np.testing.assert_allclose(mix[start : start + len(waveform)], waveform, atol=5e-4)
    return start


def window_truth(maker, track, start) -> list[float]:
    """What the plan says for the 5 seconds from `start` on."""
    sounding = [
        any(begin < start + 5 - 1e-4 and end > start + 1e-4 for begin, end, _ in notes)
        for _, notes in track.stems
    ]
    target = np.zeros(9)
    for (name, _), sounds in zip(track.stems, sounding, strict=True):
        if name != maker.DRUMS and sounds:
            target[CLASSES.index(name)] = 1
    return target.tolist()


def make_pure_tones(maker, root):
    """Tracks whose class c is a sine of 500 (c + 1) Hz, so that a spectrum tells what plays."""
    maker.tone = lambda name, frequency, time: np.sin(
        2 * np.pi * (250 if name == maker.DRUMS else 500 * (CLASSES.index(name) + 1)) * time
    )
    return maker.make_tiny_slakh(root)


def heard_classes(waveform) -> np.ndarray:
    spectrum = np.abs(np.fft.rfft(waveform * np.hanning(len(waveform))))
    spectrum /= len(waveform) / 4
    return np.array([spectrum[500 * (c + 1) * 5 + np.arange(-20, 21)].max() for c in range(9)])


@pytest.fixture
def pure_tones(slakh_maker, tmp_path, monkeypatch):
    monkeypatch.setattr(slakh_maker, "tone", slakh_maker.tone)
    return make_pure_tones(slakh_maker, tmp_path / "pure")


def test_labels_of_a_remix_are_what_is_in_it(pure_tones, tmp_path):
    dataset = opened(pure_tones, tmp_path, remix=1, **{**STILL, "remix_gain_db": 2.0})
    levels = []
    for item in draws(dataset, 200):
        heard = heard_classes(item["waveform"].numpy())
        target = item["target"].numpy().astype(bool)
        assert (heard[~target] < 1e-3).all()
        levels.extend(heard[target])
    assert len(levels) > 100
    # A note of 0.4 s is a twelfth of a clip; a few reach into it by milliseconds only.
    assert np.mean(np.array(levels) > 1e-3) > 0.97


def test_speed_moves_the_pitch_and_the_label_looks_as_far(pure_tones, tmp_path):
    dataset = opened(pure_tones, tmp_path)
    bass = next(n for n, stem in enumerate(dataset.tracks[1].stems) if stem.program == 33)
    waveform, _ = dataset._play(1, [bass], 3.0, speed=1.05, generator=np.random.default_rng(0))
    peak = np.abs(np.fft.rfft(waveform)).argmax() / 5
    assert peak == pytest.approx(2500 * 1.05, abs=1)
    for start in np.arange(0, 7, 0.1):
        waveform, target = dataset._play(1, [bass], start, speed=1.4, generator=np.random.default_rng(0))
        assert len(waveform) == 5 * RATE
        if np.abs(waveform).max() > 0.1:
            assert target[4] == 1


def test_stems_of_other_tracks_come_in(tiny_slakh, tmp_path):
    dataset = opened(tiny_slakh, tmp_path, remix=1, remix_keep=0.0, remix_foreign=4, remix_balance=1.0)
    counts = np.sum([item["target"].numpy() for item in draws(dataset, 200)], axis=0)
    assert counts.min() > 0.15 * counts.sum() / 9  # by class, the rare ones too
    assert counts.max() < 3 * counts.sum() / 9


def test_without_others_only_the_own_stems_are_left(tiny_slakh, tmp_path):
    dataset = opened(tiny_slakh, tmp_path, remix=1, remix_foreign=0, remix_keep=0.5)
    for item in draws(dataset):
        track = dataset.tracks[dataset.clips.track[item["index"]]]
        labels = {track.label(stem) for stem in track.stems}
        assert set(item["target"].nonzero()[:, 0].tolist()) <= labels


def test_tracks_without_labels_stay_out(tiny_slakh, tmp_path):
    train, _ = data.open_training_splits(tiny_slakh)
    dataset = opened(tiny_slakh, tmp_path, train=train.subset(train.track == 1), remix=1)
    for item in draws(dataset):  # Strings, Bass, Percussion
        assert set(item["target"].nonzero()[:, 0].tolist()) <= {1, 4, 5}


def test_drums_count_if_asked_for(tiny_slakh, tmp_path):
    options = {"remix": 0, **STILL}
    dataset = opened(tiny_slakh, tmp_path, drums_are_percussion=True, **options)
    item = dataset.draw(0, np.random.default_rng(0))  # Piano, Bass, Guitar, Drums
    assert item["target"][1] == 1


def test_remixes_are_sparse_and_dense(tiny_slakh, tmp_path):
    dataset = opened(tiny_slakh, tmp_path, remix=1, remix_foreign=0)
    counts = {int(dataset.draw(0, np.random.default_rng(seed))["target"].sum()) for seed in range(40)}
    assert {1, 2, 3} <= counts  # of Piano, Bass, Guitar


def test_clips_from_stems_may_be_shorter(tiny_slakh, tmp_path):
    dataset = opened(tiny_slakh, tmp_path, remix_seconds=2.5)
    assert {len(item["waveform"]) for item in draws(dataset)} == {round(2.5 * RATE)}
    assert len(dataset[0]["waveform"]) == 5 * RATE


def test_a_broken_stem_leaves_the_clip_as_it_is(slakh_copy, tmp_path, capsys):
    for path in (slakh_copy / "train").glob("*/stems/S0[01].flac"):
        path.write_bytes(b"fLaC")
    dataset = opened(slakh_copy, tmp_path, remix=1, remix_keep=1.0)
    item = dataset.draw(3, np.random.default_rng(0))
    assert torch.equal(item["waveform"], dataset[3]["waveform"])
    assert "skipped: " in capsys.readouterr().err


def test_tracks_of_notes_only_give_their_clips(slakh_copy, slakh_maker, tmp_path):
    for track in (slakh_copy / "train").iterdir():
        slakh_maker.remove_audio(track)
        for path in (*(track / "MIDI").iterdir(), track / "metadata.yaml"):
            path.unlink()
    dataset = opened(slakh_copy, tmp_path, remix=1)
    assert torch.equal(dataset.draw(3, np.random.default_rng(0))["waveform"], dataset[3]["waveform"])


def test_tracks_must_be_those_of_the_index(tiny_slakh):
    train, _ = data.open_training_splits(tiny_slakh)
    with pytest.raises(ValueError, match="those of the index"):
        RemixDataset(
            train,
            data.open_tracks(tiny_slakh)[1:],
            WaveformPlayer(StemFiles(sample_rate=RATE), RemixConfig().sound(RATE), seconds=5.0),
            config=RemixConfig(),
        )


# From scratch


def test_from_scratch_stems_of_any_tracks_come_together(tiny_slakh, tmp_path):
    dataset = opened(tiny_slakh, tmp_path, remix_scratch=1.0, remix_last=0.0, remix_parts=3, remix_balance=1.0)
    targets = np.array([item["target"].numpy() for item in draws(dataset, 200)])
    assert set(targets.sum(axis=1)) == {1, 2, 3}
    assert targets.mean(axis=0).min() > 0.1  # by class
    pairs = {(0, 4), (2, 8), (1, 3)}  # that no track has
    assert all(targets[:, list(pair)].all(axis=1).any() for pair in pairs)


def test_songs_come_in_at_the_end(tiny_slakh, tmp_path):
    config = RemixConfig(remix_scratch=0.8, remix_scratch_last=0.5, remix_last=0.3)
    assert [config.scratch_share(epoch, 10) for epoch in (1, 7, 8, 10)] == [0.8, 0.8, 0.4, 0.4]
    dataset = opened(tiny_slakh, tmp_path, remix=0.0, remix_scratch=1.0, remix_scratch_last=0.0, remix_last=0.5)
    dataset.epochs = 2
    plain = opened(tiny_slakh, tmp_path, remix=0.0)
    for dataset.epoch, is_song in ((1, False), (2, True)):
        songs = [
            torch.equal(item["target"], other["target"])
            for item, other in zip(draws(dataset), draws(plain), strict=True)
        ]
        assert (np.mean(songs) > 0.9) == is_song


def test_drums_may_join_what_is_put_together_from_scratch(pure_tones, tmp_path):
    drums = []
    for chance in (0.0, 1.0):
        dataset = opened(
            pure_tones,
            tmp_path,
            remix_scratch=1.0,
            remix_last=0.0,
            remix_parts=1,
            remix_balance=1.0,
            remix_drums=chance,
            **STILL,
        )
        spectra = [np.abs(np.fft.rfft(item["waveform"].numpy())) for item in draws(dataset, 20)]
        drums.append(np.mean([spectrum[5 * 250 - 20 : 5 * 250 + 21].max() > 50 for spectrum in spectra]))
    assert drums == [0.0, 1.0]


# Spectrograms


def opened_as_spectrograms(root, tmp_path, **options) -> RemixDataset:
    """The training clips of `root`, remixed as spectrograms of a network at 24 kHz."""
    train, _ = data.open_training_splits(root)
    config = RemixConfig(remix_domain="spectrogram", **options)
    encoder = MelEncoder(MelEncoderConfig())
    return remixed_clips(config, train, data.open_tracks(root), encoder=encoder, data=tmp_path)


def test_spectrograms_have_the_shape_of_the_networks(tiny_slakh, tmp_path):
    dataset = opened_as_spectrograms(tiny_slakh, tmp_path, remix_seconds=1.25, remix_scratch=0.5)
    plain = MelEncoder(MelEncoderConfig()).mel(torch.zeros(1, round(1.25 * 24_000)))[0]
    for item in draws(dataset):
        assert (item["waveform"].shape, item["waveform"].dtype) == (plain.shape, torch.float32)
        assert item["waveform"].isfinite().all() and item["waveform"].min() >= 0
    assert list(tmp_path.iterdir()) == [tmp_path / ".spectrograms_24000_2048_600_96_3"]


def test_one_folder_may_keep_stems_of_every_kind(tiny_slakh, tmp_path):
    train, _ = data.open_training_splits(tiny_slakh)
    for domain in ("waveform", "spectrogram"):
        config = RemixConfig(remix_domain=domain, remix_cache=tmp_path / "kept")
        encoder = MelEncoder(MelEncoderConfig())
        remixed_clips(config, train, data.open_tracks(tiny_slakh), encoder=encoder, data=tmp_path / "data")
    names = sorted(path.name for path in (tmp_path / "kept").iterdir())
    assert names == [".cache_24000", ".spectrograms_24000_2048_600_96_3"]
    assert not (tmp_path / "data").exists()


def test_labels_of_spectrograms_are_what_is_in_them(pure_tones, tmp_path):
    still = STILL | {"remix_gain_db": 2.0}
    dataset = opened_as_spectrograms(pure_tones, tmp_path, remix_scratch=0.5, remix_seconds=2.0, **still)
    centres = dataset.player.spectrograms.mel.centre_frequencies.numpy()
    bands = [int(np.abs(centres - 500 * (label + 1)).argmin()) for label in range(9)]
    heard = []
    for item in draws(dataset, 200):
        power = item["waveform"].numpy().sum(axis=1)
        loudest, power = power.max(), power[bands]  # of drums, too, which have no label
        target = item["target"].numpy().astype(bool)
        assert power[~target].max(initial=0.0) <= 3e-2 * loudest
        heard.extend(power[target] > 1e-3 * loudest)
    assert len(heard) > 300 and np.mean(heard) > 0.95


def test_without_changes_a_spectrogram_is_that_of_the_mix(tiny_slakh, tmp_path):
    dataset = opened_as_spectrograms(tiny_slakh, tmp_path, remix=0.0, **STILL)
    assert torch.equal(dataset[2]["waveform"], ClipDataset(dataset.clips)[2]["waveform"])
    mel = MelEncoder(MelEncoderConfig()).mel
    total = np.mean([item["waveform"].sum() for item in draws(dataset, 60)])
    clips = np.mean([mel(dataset[n]["waveform"][None]).sum().item() for n in range(len(dataset))])
    assert total == pytest.approx(clips, rel=0.15)


def test_spectrograms_are_equalized_and_played_at_other_speeds(tiny_slakh, tmp_path):
    options = STILL | {"remix_scratch": 1.0, "remix_last": 0.0, "remix_parts": 1, "remix_drums": 0.0}

    def one(**changed):
        dataset = opened_as_spectrograms(tiny_slakh, tmp_path, **options | changed)
        return [item["waveform"] for item in draws(dataset)]

    equalized = one(remix_equalizer_db=6.0)
    assert any((power.sum(dim=1) > 0).any() for power in equalized)
    assert {type(power) for power in equalized} == {torch.Tensor}
    dataset = opened_as_spectrograms(tiny_slakh, tmp_path, **options | {"remix_semitones": 3.0})
    speeds = [dataset.player.speed(np.random.default_rng(seed)) for seed in range(200)]
    semitones = 12 * np.log2(speeds)
    assert set(semitones.round(3)) == {-3.0, -1.5, 0.0, 1.5, 3.0}
    assert 0.4 < np.mean(semitones == 0) < 0.6


def test_tracks_without_stems_give_the_spectrograms_of_their_clips(slakh_copy, slakh_maker, tmp_path):
    for track in (slakh_copy / "train").iterdir():
        slakh_maker.remove_audio(track)
        for path in (*(track / "MIDI").iterdir(), track / "metadata.yaml"):
            path.unlink()
    dataset = opened_as_spectrograms(slakh_copy, tmp_path / "cache", remix_seconds=1.25)
    clip = ClipDataset(dataset.clips)[3]["waveform"]
    expected = MelEncoder(MelEncoderConfig()).mel(clip[None])[0][:, :51]
    torch.testing.assert_close(dataset.draw(3, np.random.default_rng(0))["waveform"], expected)


# The release, which has no stems


def test_two_clips_are_mixed_and_their_labels_united(tiny_release, tmp_path):
    dataset = opened(tiny_release, tmp_path, remix=1, **STILL)
    assert isinstance(dataset, ClipMixDataset)
    waveforms = torch.stack([dataset[n]["waveform"] for n in range(len(dataset))])
    targets = torch.stack([dataset[n]["target"] for n in range(len(dataset))])
    others = set()
    for seed in range(30):
        item = dataset.draw(2, np.random.default_rng(seed))
        mixed = waveforms + waveforms[2]
        distance = (mixed - item["waveform"]).abs().amax(dim=1)
        other = int(distance.argmin())
        if mixed[other].abs().max() <= 1:
            assert distance[other] < 1e-5
            assert torch.equal(item["target"], torch.maximum(targets[2], targets[other]))
            others.add(other)
    assert len(others) > 5


def test_an_epoch_has_as_much_music_without_stems(tiny_slakh, tiny_release, tmp_path):
    options = {"remix_draws": 16, "remix_seconds": 1.25}
    with_stems, without = (opened(root, tmp_path, **options) for root in (tiny_slakh, tiny_release))
    assert len(with_stems) == 16 * len(with_stems.clips) and len(without) == 4 * len(without.clips)
    assert len(opened(tiny_release, tmp_path, remix_seconds=1.25)) == len(without.clips)


def test_remix_nothing_changes_the_level_alone(tiny_release, tmp_path):
    dataset = opened(tiny_release, tmp_path, remix=0)
    item, plain = dataset.draw(2, np.random.default_rng(0)), dataset[2]
    ratio = item["waveform"].norm() / plain["waveform"].norm()
    assert abs(ratio - 1) > 0.01
    torch.testing.assert_close(item["waveform"], ratio * plain["waveform"])
    assert torch.equal(item["target"], plain["target"])


# Sound


def sound(**options):
    still = {"gain_db": 0, "equalizer_db": 0, "semitones": 0, "level_db": 0}
    return RandomSound(sample_rate=RATE, **still | options)


def test_control_points_lie_apart_in_log_frequency():
    points = np.geomspace(60, 10_000, 8)
    between = np.sqrt(points[:-1] * points[1:])
    below, share = places_between_points(np.concatenate([[0, 20], points * 1.0001, between, [12_000]]))
    assert below.tolist() == [0, 0, *range(8), *range(7), 7]
    np.testing.assert_allclose(share, [0, 0, *[0] * 8, *[0.5] * 7, 0], atol=1e-3)


def test_without_gains_a_mix_is_the_sum():
    waveforms = np.random.default_rng(0).standard_normal((3, 5 * RATE)).astype(np.float32)
    np.testing.assert_allclose(
        sound().mix(waveforms, np.random.default_rng(0)), waveforms.sum(axis=0), atol=1e-5
    )
    assert sound().mix(waveforms[:0], np.random.default_rng(0)).shape == (5 * RATE,)


def test_equalizer_changes_levels_smoothly_and_nothing_else():
    time = np.arange(5 * RATE) / RATE
    frequencies = (100, 400, 1600, 6000)
    waveform = sum(np.sin(2 * np.pi * f * time) for f in frequencies).astype(np.float32)
    levels = []
    for seed in range(30):
        mixed = sound(equalizer_db=6).mix(waveform[None], np.random.default_rng(seed))
        spectrum = np.abs(np.fft.rfft(mixed)) / (len(mixed) / 2)
        peaks = [5 * f for f in frequencies]
        levels.append(20 * np.log10(spectrum[peaks]))
        assert np.delete(spectrum, peaks).max() < 1e-3
    changed = np.array([np.abs(level).max() > 0.1 for level in levels])
    assert 8 <= changed.sum() <= 22  # every other one
    assert 3 < np.std(np.array(levels)[changed]) < 8


@pytest.mark.parametrize("level_db", [0.0, 20.0])
def test_level_never_passes_one(level_db):
    waveform = np.full(100, 3.0, dtype=np.float32)
    for seed in range(20):
        assert sound(level_db=level_db).level(waveform, np.random.default_rng(seed)).max() <= 1 + 1e-6
    assert not sound().level(np.zeros(10, dtype=np.float32), np.random.default_rng(0)).any()


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("remix", 1.5),
        ("remix_keep", -1),
        ("remix_scratch", 2),
        ("remix_scratch_last", 2),
        ("remix_last", -1),
        ("remix_parts", 0),
        ("remix_drums", -0.5),
        ("remix_foreign", -1),
        ("remix_gain_db", -1),
        ("remix_semitones", 13),
    ],
)
def test_options_out_of_range(option, value):
    with pytest.raises(UserError, match=f"--{option.replace('_', '-')} is {value}; give a value"):
        RemixConfig(**{option: value})


@pytest.mark.parametrize("open_clips", [opened, opened_as_spectrograms])
def test_training_loader_reads_the_same_with_any_number_of_workers(tiny_slakh, tmp_path, open_clips):
    dataset = open_clips(tiny_slakh, tmp_path)

    def epoch(workers):
        loader = training.training_loader(dataset, training.TrainingConfig(batch_size=4, workers=workers))
        loader.batch_sampler.epoch = 1
        return torch.cat([batch["waveform"] for batch in loader])

    assert torch.equal(epoch(0), epoch(2))
