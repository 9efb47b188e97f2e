"""Slakh2100's layout: clips and labels from it, its known dirt, the cache of parsed notes."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import soundfile as sf
import yaml

from common.cli import UserError
from hw1_instrument_detection import slakh, slakh_cache
from hw1_instrument_detection.classes import CLASSES


def planned(maker, split, **options) -> np.ndarray:
    return np.concatenate([maker.truth(track, **options) for track in maker.plan() if track.split == split])


@pytest.mark.parametrize("split", ["train", "validation", "test"])
@pytest.mark.parametrize("drums_are_percussion", [False, True])
def test_labels_are_those_planned(tiny_slakh, slakh_maker, split, drums_are_percussion):
    index, tracks, problems = slakh.open_split(tiny_slakh, split, drums_are_percussion=drums_are_percussion)
    assert problems.counts == {}
    expected = planned(slakh_maker, split, drums_are_percussion=drums_are_percussion)
    assert index.targets.tolist() == expected.tolist()
    assert index.tracks == tuple(track.name for track in tracks)
    assert [track.duration for track in tracks] == [size[0] for size in slakh_maker.SIZES[split]]


def test_clips_are_the_stretches_of_the_mix(tiny_slakh):
    index, tracks, _ = slakh.open_split(tiny_slakh, "train")
    position = next(p for p in range(len(index)) if index.name(p) == "Track00002_1")
    mix, sample_rate = sf.read(tracks[1].mix, dtype="float32")
    assert sample_rate == 24_000
    assert np.array_equal(index.waveform(position, sample_rate=24_000), mix[120_000:240_000])


def test_stems_know_their_class_and_audio(tiny_slakh, slakh_maker):
    _, tracks, _ = slakh.open_split(tiny_slakh, "train")
    names = [
        [CLASSES[track.label(stem)] if track.label(stem) is not None else "Drums" for stem in track.stems]
        for track in tracks
    ]
    assert names == [list(band) for band in slakh_maker.BANDS["train"]]
    assert all(stem.path.is_file() for track in tracks for stem in track.stems)


def test_whole_tracks_count_the_rest(tiny_slakh, slakh_maker):
    plan = [track for track in slakh_maker.plan() if track.split == "test"]
    shown = slakh.whole_tracks(tiny_slakh)
    assert [track.name for track in shown] == ["Track01876", "Track01877"]
    for track, whole in zip(plan, shown, strict=True):
        assert whole.targets.tolist() == slakh_maker.truth(track, steps=4).tolist()


def test_wav_does_instead_of_flac(slakh_maker, tmp_path):
    slakh_maker.make_tiny_slakh(tmp_path, suffix=".wav")
    index, _, problems = slakh.open_split(tmp_path, "test")
    assert (len(index), problems.counts) == (7, {})
    assert index.waveform(0, sample_rate=24_000).shape == (120_000,)


def test_a_bare_folder_of_tracks_is_a_test_split_only(tiny_slakh):
    assert len(slakh.open_split(tiny_slakh / "test", "test")[0]) == 7
    with pytest.raises(UserError, match="holds no train"):
        slakh.open_split(tiny_slakh / "test", "train")
    assert not slakh.holds(tiny_slakh / "test", "train")


def test_other_folders_are_no_split(slakh_copy):
    (slakh_copy / "train").rename(slakh_copy / "omitted")  # as in the redux of Slakh2100
    assert not slakh.holds(slakh_copy, "train")
    assert slakh.holds(slakh_copy, "test")


def test_a_track_shorter_than_a_step_is_one_clip(slakh_copy):
    track = slakh_copy / "test" / "Track01876"
    sf.write(track / "mix.flac", np.full(16_000, 0.25), 16_000)
    index, _, _ = slakh.open_split(slakh_copy, "test")
    assert (index.track == 0).sum() == 1
    waveform = index.waveform(0, sample_rate=16_000)
    assert waveform.shape == (80_000,)
    assert waveform[100:15_900].min() > 0.2 and not waveform[16_000:].any()


# Dirt


def spoilt(slakh_copy, spoil):
    track = slakh_copy / "test" / "Track01876"  # Piano, Bass, Wind Instruments, Drums
    spoil(track)
    _, tracks, problems = slakh.open_split(slakh_copy, "test")
    return {track.name: track for track in tracks}, problems


def edit_metadata(track, change):
    metadata = yaml.safe_load((track / "metadata.yaml").read_text())
    change(metadata["stems"])
    (track / "metadata.yaml").write_text(yaml.safe_dump(metadata))


@pytest.mark.parametrize(
    "content", [": [broken", "stems: 3", "", "- a\n- b", "\0\1\2", "stems: {S00: [1, 2]}"]
)
def test_broken_metadata_gives_way_to_the_programs_of_the_midi(slakh_copy, slakh_maker, content):
    before = planned(slakh_maker, "test")[:4]
    tracks, problems = spoilt(slakh_copy, lambda track: (track / "metadata.yaml").write_text(content))
    assert tracks["Track01876"].targets().tolist() == before.tolist()
    if "S00" not in content:
        assert problems.counts == {"metadata.yaml that cannot be read": 1}
        assert problems.first == {"metadata.yaml that cannot be read": ["Track01876"]}


def test_metadata_never_runs_code(slakh_copy, tmp_path):
    bomb = f"stems: !!python/object/apply:os.mkdir ['{tmp_path / 'made'}']"
    _, problems = spoilt(slakh_copy, lambda track: (track / "metadata.yaml").write_text(bomb))
    assert problems.counts == {"metadata.yaml that cannot be read": 1}
    assert not (tmp_path / "made").exists()


def test_a_stem_without_audio_does_not_count(slakh_copy):
    tracks, problems = spoilt(slakh_copy, lambda track: (track / "stems" / "S00.flac").unlink())
    assert not tracks["Track01876"].targets()[:, CLASSES.index("Piano")].any()
    assert problems.first == {"stem without audio": ["Track01876/S00"]}


def test_a_stem_that_was_never_rendered_is_no_problem(slakh_copy):
    def spoil(track):
        (track / "stems" / "S00.flac").unlink()
        edit_metadata(track, lambda stems: stems["S00"].update(audio_rendered=False))

    tracks, problems = spoilt(slakh_copy, spoil)
    assert [stem.name for stem in tracks["Track01876"].stems] == ["S01", "S02", "S03"]
    assert problems.counts == {}


def test_the_program_of_the_metadata_counts(slakh_copy):
    def spoil(track):
        edit_metadata(track, lambda stems: stems["S00"].update(program_num=19))

    tracks, _ = spoilt(slakh_copy, spoil)
    assert tracks["Track01876"].targets()[:, CLASSES.index("Organ")].any()
    assert not tracks["Track01876"].targets()[:, CLASSES.index("Piano")].any()


def test_broken_midi_of_a_stem_is_replaced_by_all_src(slakh_copy, slakh_maker):
    before = planned(slakh_maker, "test")[:4]
    tracks, problems = spoilt(slakh_copy, lambda track: (track / "MIDI" / "S00.mid").write_bytes(b"no"))
    assert tracks["Track01876"].targets().tolist() == before.tolist()
    assert problems.first == {"MIDI file that does not parse": ["Track01876/S00"]}


def test_missing_midi_is_replaced_by_all_src(slakh_copy, slakh_maker):
    before = planned(slakh_maker, "test")[:4]
    tracks, problems = spoilt(slakh_copy, lambda track: shutil.rmtree(track / "MIDI"))
    assert tracks["Track01876"].targets().tolist() == before.tolist()
    assert problems.counts == {}


def test_a_stem_without_any_midi_is_told(slakh_copy):
    def spoil(track):
        (track / "MIDI" / "S00.mid").unlink()
        (track / "all_src.mid").unlink()

    tracks, problems = spoilt(slakh_copy, spoil)
    assert [stem.name for stem in tracks["Track01876"].stems] == ["S01", "S02", "S03"]
    assert problems.first == {"stem without MIDI": ["Track01876/S00"]}


def test_all_src_alone_still_gives_labels(slakh_copy, slakh_maker):
    def spoil(track):
        for name in ("MIDI", "stems"):
            shutil.rmtree(track / name)
        (track / "metadata.yaml").unlink()

    tracks, problems = spoilt(slakh_copy, spoil)
    assert tracks["Track01876"].targets().tolist() == planned(slakh_maker, "test")[:4].tolist()
    assert problems.counts == {"track without metadata.yaml": 1}


@pytest.mark.parametrize(
    ("spoil", "kind"),
    [
        (lambda track: (track / "mix.flac").unlink(), "track without mix.flac"),
        (lambda track: (track / "mix.flac").write_bytes(b"x"), "track whose mix cannot be read"),
        (
            lambda track: (
                [shutil.rmtree(track / n) for n in ("MIDI", "stems")]
                + [(track / n).unlink() for n in ("metadata.yaml", "all_src.mid")]
            ),
            "track without MIDI",
        ),
    ],
)
def test_unusable_tracks_are_left_out(slakh_copy, spoil, kind):
    tracks, problems = spoilt(slakh_copy, spoil)
    assert list(tracks) == ["Track01877"]
    assert problems.first[kind] == ["Track01876"]


# The cache


@pytest.fixture
def cached(slakh_copy, monkeypatch):
    """A split whose notes are cached, and a list of the tracks parsed since."""
    monkeypatch.setattr(slakh_cache, "CACHE_FROM_TRACKS", 1)
    slakh.open_split(slakh_copy, "train")
    parsed = []

    def parse_track(folder, parse=slakh.parse_track):
        parsed.append(folder.name)
        return parse(folder)

    monkeypatch.setattr(slakh, "parse_track", parse_track)
    return slakh_copy, parsed


def same_tracks(a, b) -> bool:
    fields = ("mix", "sample_rate", "num_samples", "drums_are_percussion")
    return all(getattr(a, name) == getattr(b, name) for name in fields) and all(
        (s.name, s.path, s.program, s.is_drum) == (t.name, t.path, t.program, t.is_drum)
        and np.array_equal(s.notes.start, t.notes.start)
        and np.array_equal(s.notes.end, t.notes.end)
        for s, t in zip(a.stems, b.stems, strict=True)
    )


def test_cache_gives_the_same_tracks(cached):
    root, parsed = cached
    assert (root / "train" / ".notes.npz").is_file()
    _, from_cache, _ = slakh.open_split(root, "train", drums_are_percussion=True)
    assert parsed == []
    (root / "train" / ".notes.npz").unlink()
    _, anew, _ = slakh.open_split(root, "train", drums_are_percussion=True)
    assert len(parsed) == 4
    assert all(same_tracks(a, b) for a, b in zip(from_cache, anew, strict=True))


def test_a_changed_track_alone_is_parsed_again(cached):
    root, parsed = cached
    (root / "train" / "Track00002" / "stems" / "S00.flac").unlink()
    shutil.rmtree(root / "train" / "Track00003")
    _, tracks, problems = slakh.open_split(root, "train")
    assert parsed == ["Track00002"]
    assert [track.name for track in tracks] == ["Track00001", "Track00002", "Track00004"]
    slakh.open_split(root, "train")
    assert parsed == ["Track00002"]
    assert problems.counts == slakh.open_split(root, "train")[2].counts == {"stem without audio": 1}


@pytest.mark.parametrize("content", [b"", b"PK\3\4 broken", b"\x93NUMPY"])
def test_a_broken_cache_is_made_anew(cached, content):
    root, parsed = cached
    (root / "train" / ".notes.npz").write_bytes(content)
    assert len(slakh.open_split(root, "train")[1]) == len(parsed) == 4
    slakh.open_split(root, "train")
    assert len(parsed) == 4


def test_without_a_place_to_write_there_is_no_cache(slakh_copy, monkeypatch):
    monkeypatch.setattr(slakh_cache, "CACHE_FROM_TRACKS", 1)
    monkeypatch.setattr(slakh_cache.NotesCache, "places", lambda self: [slakh_copy / "README" / "a.npz"])
    (slakh_copy / "README").write_text("a file, not a folder")
    assert len(slakh.open_split(slakh_copy, "train")[1]) == 4


def test_small_splits_leave_the_folder_as_it_is(tiny_slakh):
    slakh.open_split(tiny_slakh, "train")
    assert not (tiny_slakh / "train" / ".notes.npz").exists()


def test_parallel_parsing_is_the_same(tiny_slakh, monkeypatch):
    _, one_by_one, _ = slakh.open_split(tiny_slakh, "train")
    monkeypatch.setattr(slakh, "SERIAL_UP_TO", 1)
    _, together, _ = slakh.open_split(tiny_slakh, "train")
    assert all(same_tracks(a, b) for a, b in zip(one_by_one, together, strict=True))
