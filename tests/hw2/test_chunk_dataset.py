"""Chunks for training and validation: what they hold, that they repeat, and what happens to broken songs."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile as sf
import torch

from common.cli import UserError
from common.training import TrainingConfig, collate_readable, training_loader
from hw2_source_separation.chunk_dataset import ChunkDataset, validation_excerpts
from hw2_source_separation.musdb import open_song, open_split
from hw2_source_separation.remix import NO_CHANGE, MixConfig
from hw2_source_separation.stems import STEMS

MIXED = MixConfig(mix_songs=1, gains=(1, 1), channel_swap=0, polarity=0)


@pytest.fixture(scope="module")
def songs(tiny_musdb):
    """Three songs of 6, 5 and 4.5 s."""
    return open_split(tiny_musdb, "train")[0]


def chunks(songs, *, targets=("vocals",), seconds=1.0, draws=60, config=NO_CHANGE) -> ChunkDataset:
    return ChunkDataset(songs, targets=targets, chunk_seconds=seconds, draws=draws, config=config)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def place_of(waveform, song, stem) -> int | None:
    """Where in the stem these samples (2, samples) are; None if nowhere. Silence is not looked for."""
    whole, part = song.read(stem)[0], np.asarray(waveform)[0]
    loudest = int(np.abs(part[:-2]).argmax())
    alike = [whole[step : len(whole) - 2 + step] == part[loudest + step] for step in range(3)]
    for place in np.flatnonzero(np.logical_and.reduce(alike)) - loudest:
        if place >= 0 and np.array_equal(whole[place : place + len(part)], part):
            return int(place)
    return None


# What a chunk is


def test_a_chunk_is_float32_by_output(songs):
    for targets, outputs in ((("vocals",), 2), (STEMS, 4), (("drums", "bass"), 3)):
        dataset = chunks(songs, targets=targets)
        sources = dataset.draw(0, rng())["sources"]
        assert sources.shape == (outputs, 2, 44_100) and sources.dtype == torch.float32
        assert len(dataset) == 60 and len(dataset.outputs) == outputs


def test_an_unmixed_chunk_is_a_stretch_of_one_song(songs):
    dataset = chunks(songs, targets=STEMS)
    for index in range(6):
        sources, song = dataset.draw(index, rng(index))["sources"], songs[index % 3]
        start = place_of(sources[1], song, "drums")
        assert start is not None
        for stem, waveform in zip(STEMS, sources, strict=True):
            np.testing.assert_array_equal(waveform, song.read(stem, start=start, frames=44_100))


def test_the_accompaniment_is_what_the_target_leaves(songs):
    vocals, accompaniment = chunks(songs).draw(1, rng(4))["sources"]
    four = chunks(songs, targets=STEMS).draw(1, rng(4))["sources"]
    np.testing.assert_array_equal(vocals, four[0])
    np.testing.assert_allclose(accompaniment, four[1:].sum(dim=0), atol=1e-6)
    drums, bass, rest = chunks(songs, targets=("drums", "bass")).draw(1, rng(4))["sources"]
    np.testing.assert_array_equal(torch.stack([drums, bass]), four[1:3])
    np.testing.assert_allclose(rest, four[0] + four[3], atol=1e-6)


def test_all_of_a_song_is_drawn_from(songs):
    dataset, starts = chunks(songs, targets=STEMS, seconds=0.1), []
    for seed in range(200):
        starts.append(place_of(dataset.draw(0, rng(seed))["sources"][1], songs[0], "drums"))
    places = np.array(starts) / (songs[0].frames - 4_410)
    assert places.min() < 0.05 and places.max() > 0.95
    assert places.mean() == pytest.approx(0.5, abs=0.07)


def test_sources_are_mixed_across_songs(songs):
    dataset, seen = chunks(songs, targets=STEMS, config=MIXED), set()
    for seed in range(12):
        sources = dataset.draw(1, rng(seed))["sources"]
        found = []
        for stem, waveform in zip(STEMS[1:], sources[1:], strict=True):
            places = {song.name: place_of(waveform, song, stem) for song in songs}
            found += [(name, place) for name, place in places.items() if place is not None]
        assert len({place for _, place in found}) == 3  # each from a place of its own
        seen |= {(stem, name) for stem, (name, _) in zip(STEMS[1:], found, strict=True)}
    assert len(seen) == 9  # each of three stems of each of three songs


def test_mixing_happens_as_often_as_asked(songs):
    half = MixConfig(mix_songs=0.5, gains=(1, 1), channel_swap=0, polarity=0)
    dataset, together = chunks(songs, targets=STEMS, seconds=0.1, config=half), []
    for seed in range(100):
        sources = dataset.draw(0, rng(seed))["sources"]
        start = place_of(sources[1], songs[0], "drums")
        bass = None if start is None else songs[0].read("bass", start=start, frames=4_410)
        together.append(bass is not None and np.array_equal(bass, sources[2]))
    assert np.mean(together) == pytest.approx(0.5, abs=0.15)


def test_gains_differ_from_source_to_source(songs):
    config = MixConfig(mix_songs=0, channel_swap=0, polarity=0.5)
    plain = chunks(songs, targets=STEMS).draw(0, rng(1))["sources"]
    # The same place: what is drawn before it does not depend on the gains.
    changed = chunks(songs, targets=STEMS, config=config).draw(0, rng(1))["sources"]
    gains = [
        float((new * old).sum() / (old * old).sum())
        for new, old in zip(changed, plain, strict=True)
        if old.any()
    ]
    assert len(set(np.round(gains, 3))) == len(gains) >= 3
    assert all(0.25 <= abs(gain) <= 1.25 for gain in gains)


def test_what_is_drawn_follows_from_seed_epoch_and_index(songs):
    dataset = chunks(songs, seconds=0.2, draws=8, config=MixConfig(semitones=2, seek_vocals=0.5))
    read = [
        [
            batch["sources"]
            for batch in training_loader(
                dataset, TrainingConfig(batch_size=4, workers=workers, device="cpu", seed=seed)
            )
        ]
        for workers, seed in ((0, 0), (1, 0), (0, 1))
    ]
    assert torch.equal(torch.cat(read[0]), torch.cat(read[1]))
    assert not torch.equal(torch.cat(read[0]), torch.cat(read[2]))
    assert torch.equal(dataset[3]["sources"], dataset[3]["sources"])


def test_a_change_of_speed_keeps_the_length_and_the_sources_together(songs):
    config = MixConfig(mix_songs=0, gains=(1, 1), channel_swap=0, polarity=0, semitones=12)
    sources = chunks(songs, targets=STEMS, config=config).draw(0, rng(2))["sources"]
    assert sources.shape == (4, 2, 44_100)
    spectra = np.abs(np.fft.rfft(sources[2:, 0].numpy() * np.hanning(44_100)))
    heard = spectra.argmax(axis=1)  # Hz, of bass and other, as a chunk lasts a second
    whole = [songs[0].read(stem, start=0, frames=44_100)[0] for stem in ("bass", "other")]
    written = np.abs(np.fft.rfft(np.stack(whole) * np.hanning(44_100)))
    speed = heard[0] / written[0].argmax()
    assert not 0.95 < speed < 1.05
    assert spectra[1, round(speed * written[1].argmax())] > 0.3 * spectra[1].max()


def test_a_song_shorter_than_a_chunk_ends_in_silence(songs):
    sources = chunks(songs, targets=STEMS, seconds=7.0).draw(2, rng())["sources"]
    assert sources.shape == (4, 2, 7 * 44_100)
    np.testing.assert_array_equal(sources[1, :, : songs[2].frames], songs[2].read("drums"))
    assert not sources[:, :, songs[2].frames :].any()


def test_seeking_vocals_finds_more_of_them(songs):
    seeking = MixConfig(mix_songs=0, gains=(1, 1), channel_swap=0, polarity=0, seek_vocals=1)
    sung = []
    for config in (NO_CHANGE, seeking):
        dataset = chunks(songs, seconds=0.2, config=config)
        sung.append(np.mean([bool(dataset.draw(i, rng(i))["sources"][0].any()) for i in range(60)]))
    assert sung[0] == pytest.approx(0.5, abs=0.15)  # the voice begins in the middle
    assert sung[1] > 0.9


# Songs with vocals and accompaniment only


@pytest.fixture
def two_stems(songs, musdb_maker, tmp_path):
    """A song that has its accompaniment only as a whole."""
    files = {name: (songs[0].read(name) * 32_768).astype(np.int16) for name in ("vocals", "accompaniment")}
    return open_song("mine", musdb_maker.write_song(tmp_path / "mine", files))


def test_songs_of_either_kind_train_together(songs, two_stems):
    both = [two_stems, *songs]
    for config in (NO_CHANGE, MIXED):
        dataset = chunks(both, config=config)
        for index in range(8):
            assert dataset.draw(index, rng(index))["sources"].shape == (2, 2, 44_100)
        assert not dataset.problems().lines()
    vocals, accompaniment = chunks(both).draw(0, rng(5))["sources"]
    start = place_of(accompaniment, two_stems, "accompaniment")
    np.testing.assert_array_equal(vocals, two_stems.read("vocals", start=start, frames=44_100))


def test_targets_that_a_song_lacks(songs, two_stems):
    with pytest.raises(UserError, match="mine: has vocals and accompaniment, but no drums, bass, other"):
        chunks([*songs, two_stems], targets=STEMS)
    with pytest.raises(UserError, match="there are no songs"):
        chunks([])


# Broken songs


def test_a_broken_song_is_told_once_and_replaced(musdb_copy, capsys):
    path = musdb_copy / "train" / "Ben - Noon" / "vocals.wav"
    samples, rate = sf.read(path)
    sf.write(path, samples * np.nan, rate, subtype="FLOAT")
    songs = open_split(musdb_copy, "train")[0]
    dataset = chunks(songs, targets=STEMS)
    for _ in range(2):
        drums = dataset.draw(1, rng())["sources"][1]
        assert place_of(drums, songs[2], "drums") is not None  # the next song's
    said = capsys.readouterr().err
    assert said.count("skipped: ") == 1 and "vocals.wav: NaN or infinite samples" in said
    assert dataset.problems().lines() == ["1 skipped: song that cannot be read everywhere (Ben - Noon)"]


def test_a_folder_that_is_gone_ends_the_run(musdb_copy, capsys):
    dataset = chunks(open_split(musdb_copy, "train")[0])
    for song in dataset.songs:
        (song.path / "vocals.wav").unlink()
    with pytest.raises(UserError, match="train: 100 chunks in a row cannot be read; check the data"):
        dataset.draw(0, rng())
    assert capsys.readouterr().err.count("skipped: ") == 3


# Validation


def test_excerpts_are_where_somebody_sings(songs):
    dataset = validation_excerpts(songs, targets=("vocals",), seconds=1.0, excerpts=2)
    assert len(dataset) == 6 and [number for number, _ in dataset.places] == [0, 0, 1, 1, 2, 2]
    for index, (number, start) in enumerate(dataset.places):
        vocals, accompaniment = dataset[index]["sources"]
        np.testing.assert_array_equal(vocals, songs[number].read("vocals", start=start, frames=44_100))
        np.testing.assert_allclose(
            accompaniment, songs[number].read("accompaniment", start=start, frames=44_100), atol=1e-6
        )
        assert vocals.any()
    again = validation_excerpts(songs, targets=("vocals",), seconds=1.0, excerpts=2)
    assert again.places == dataset.places


def test_excerpts_of_a_song_do_not_repeat(songs):
    dataset = validation_excerpts(songs[:1], targets=STEMS, seconds=2.0, excerpts=10)
    assert len(dataset) == 3  # 6 s hold no more
    starts = [start for _, start in dataset.places]
    assert min(np.diff(starts)) > 44_100 and dataset[0]["sources"].shape == (4, 2, 88_200)


def test_a_song_shorter_than_an_excerpt(songs):
    item = validation_excerpts(songs, targets=("vocals",), seconds=7.0)[2]["sources"]
    assert item.shape == (2, 2, 7 * 44_100) and not item[:, :, songs[2].frames :].any()


def test_without_vocals_the_middle_is_taken(musdb_copy):
    path = musdb_copy / "train" / "Ada - Morning" / "vocals.wav"
    samples, rate = sf.read(path)
    sf.write(path, 0 * samples, rate)
    songs = open_split(musdb_copy, "train")[0]
    dataset = validation_excerpts(songs[:1], targets=("vocals",), seconds=2.0)
    ((_, start),) = dataset.places
    assert start == pytest.approx(2 * 44_100, abs=1)


def test_a_broken_song_is_left_out_of_validation(musdb_copy, capsys):
    path = musdb_copy / "train" / "Ada - Morning" / "bass.wav"
    samples, rate = sf.read(path)
    sf.write(path, samples * np.nan, rate, subtype="FLOAT")
    dataset = validation_excerpts(open_split(musdb_copy, "train")[0], targets=("vocals",), seconds=1.0)
    assert dataset[0] is None and dataset[0] is None
    assert capsys.readouterr().err.count("bass.wav: NaN") == 1
    batch = collate_readable([dataset[index] for index in range(len(dataset))])
    assert batch["sources"].shape == (2, 2, 2, 44_100)
