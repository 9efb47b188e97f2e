"""mini-Slakh: Slakh2100's layout, stems that add up, splits that share nothing, the same bytes again."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections import Counter

import numpy as np
import pytest
import soundfile as sf
import yaml

from common.band.arranger import arrange
from common.band.making import first_tune
from common.band.presets import band_soundfonts, presets
from common.band.tunes import normalized_title
from common.cli import UserError
from common.midi import pretty_midi
from hw1_instrument_detection.classes import KEYS, class_of
from hw1_instrument_detection.mini_slakh import MARKER, MINUTES, QUICK_MINUTES, make_mini_slakh, maker
from hw1_instrument_detection.mini_slakh.lineups import KITS, MOST, PROGRAMS, draw_lineups
from hw1_instrument_detection.mini_slakh.planning import FIRST_TRACK, plan_pieces

TINY = {"train": 0.2, "validation": 0.2, "test": 0.2}  # minutes: one track in each
RELEASE = {  # prevalence in the 5-second clips of the course's test split
    "piano": 0.841, "percussion": 0.108, "organ": 0.205, "guitar": 0.865, "bass": 0.924,
    "strings": 0.550, "voice": 0.216, "wind_instruments": 0.396, "synth": 0.288,
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def no_soundfonts_of_the_system():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(maker, "find_soundfonts", lambda: [])
        yield


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A mini-Slakh of three tracks. Read it, do not change it."""
    root = tmp_path_factory.mktemp("mini") / "mini"
    make_mini_slakh(root, jobs=1, minutes=TINY)
    return root


@pytest.fixture(scope="module")
def sounds():
    return {split: presets(split) for split in MINUTES}


def tracks_of(root):
    return sorted(path.parent for path in root.glob("*/*/metadata.yaml"))


def metadata(track) -> dict:
    return yaml.safe_load((track / "metadata.yaml").read_text())


def pcm(path) -> np.ndarray:
    return sf.read(path, dtype="int16")[0].astype(np.int64)


def contents(root) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


# ---- the folder ----


def test_the_layout_is_slakhs(made):
    tracks = tracks_of(made)
    assert {track.parent.name for track in tracks} == set(TINY)
    for split in TINY:
        names = [track.name for track in tracks if track.parent.name == split]
        assert names == [f"Track{FIRST_TRACK[split] + place:05d}" for place in range(len(names))]
    for track in tracks:
        entry = metadata(track)
        assert {p.name for p in track.iterdir()} == {
            "mix.flac",
            "stems",
            "MIDI",
            "all_src.mid",
            "metadata.yaml",
        }
        assert {p.stem for p in (track / "stems").iterdir()} == set(entry["stems"])
        assert {p.stem for p in (track / "MIDI").iterdir()} == set(entry["stems"])
        assert list(entry["stems"]) == [f"S{number:02d}" for number in range(len(entry["stems"]))]


def test_metadata_says_what_slakhs_says(made):
    for track in tracks_of(made):
        entry = metadata(track)
        assert re.fullmatch("[0-9a-f]{32}", entry["UUID"])
        assert (entry["audio_dir"], entry["midi_dir"], entry["target_peak"]) == ("stems", "MIDI", -1.0)
        assert set(entry["mini_slakh"]) == {"key", "meter", "source", "style", "tempo", "title"}
        assert re.fullmatch("[A-G]#? (major|minor)", entry["mini_slakh"]["key"])
        for stem in entry["stems"].values():
            assert stem["audio_rendered"] is stem["midi_saved"] is True
            assert stem["is_drum"] is (stem["program_num"] == 128) is (stem["inst_class"] == "Drums")
            assert stem["plugin_name"].split("/")[0] in {path.stem for path in band_soundfonts().values()}


def test_every_sample_of_the_mix_is_the_sum_of_the_stems(made):
    for track in tracks_of(made):
        for path in [track / "mix.flac", *(track / "stems").iterdir()]:
            header = sf.info(path)
            assert (header.samplerate, header.channels, header.subtype) == (44100, 1, "PCM_16")
        mix, stems = pcm(track / "mix.flac"), [pcm(path) for path in (track / "stems").iterdir()]
        np.testing.assert_array_equal(mix, np.sum(stems, axis=0))
        assert 0.85 < np.abs(mix).max() / 32768 < 0.95
        assert all(np.abs(stem).max() > 100 for stem in stems)  # none is silent


def test_the_midi_has_the_notes_that_sound(made):
    """A stem is silent before its first note and sounds soon after it; the parts together are all_src.mid."""
    for track in tracks_of(made):
        together = pretty_midi.PrettyMIDI(str(track / "all_src.mid"))
        assert together.resolution == 960
        assert together.get_tempo_changes()[1][0] == pytest.approx(
            metadata(track)["mini_slakh"]["tempo"], rel=1e-3
        )
        for number, (name, entry) in enumerate(metadata(track)["stems"].items()):
            (part,) = pretty_midi.PrettyMIDI(str(track / "MIDI" / f"{name}.mid")).instruments
            assert part.is_drum == entry["is_drum"]
            assert part.is_drum or part.program == entry["program_num"]
            assert [str(n) for n in part.notes] == [str(n) for n in together.instruments[number].notes]
            stem, first = (
                np.abs(pcm(track / "stems" / f"{name}.flac")),
                min(note.start for note in part.notes),
            )
            assert not stem[: max(0, int((first - 0.005) * 44100))].any()
            assert stem[int(first * 44100) : int((first + 0.5) * 44100)].max() > 30


def test_the_folder_says_what_it_was_made_of(made):
    origin = json.loads((made / MARKER).read_text())
    assert (origin["seed"], origin["minutes"]) == (0, TINY)
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in band_soundfonts().values()]
    assert [font["sha256"] for font in origin["soundfonts"]] == digests


# ---- made again ----


def test_the_same_seed_gives_the_same_bytes_and_what_is_there_is_kept(made, tmp_path):
    root = shutil.copytree(made, tmp_path / "mini")
    (root / MARKER).unlink()
    shutil.rmtree(root / "train")
    half = root / "test" / "Track01876"
    half.rename(half.with_name("Track01876.partial"))  # as an interrupted call leaves it
    (half.with_name("Track01876.partial") / "mix.flac").write_bytes(b"half a fla")
    kept = {path: path.stat().st_mtime_ns for path in (root / "validation").rglob("*.flac")}
    make_mini_slakh(root, jobs=2, minutes=TINY)
    assert contents(root) == contents(made)
    assert {path: path.stat().st_mtime_ns for path in kept} == kept


def test_what_is_no_soundfont_is_refused_before_anything_is_written(tmp_path):
    text = tmp_path / "piano.sf2"
    text.write_text("a piano, I promise")
    with pytest.raises(UserError, match="piano.sf2: not a soundfont"):
        make_mini_slakh(tmp_path / "mini", soundfonts=[text], minutes=TINY)
    assert [path.name for path in tmp_path.iterdir()] == ["piano.sf2"]


# ---- the plan ----


def test_the_plan_has_the_minutes_it_promises(sounds):
    for minutes in (MINUTES, QUICK_MINUTES):
        plans = plan_pieces(0, minutes, sounds)
        for split, wanted in minutes.items():
            durations = [plan.duration for plan in plans if plan.split == split]
            assert sum(durations) == pytest.approx(60 * wanted)
            assert min(durations) > 15 and max(durations) < 80
    assert Counter(plan.split for plan in plans) == {"train": 8, "validation": 4, "test": 4}
    assert max(len(plan.instruments) for plan in plans) <= 5


def test_no_tune_is_in_two_splits_and_no_seed_serves_twice(sounds):
    plans = plan_pieces(0, MINUTES, sounds)
    titles = [
        {normalized_title(source.title) for plan in plans if plan.split == split for source in plan.sources}
        for split in MINUTES
    ]
    assert len(set.union(*titles)) == sum(map(len, titles))
    assert len({plan.seed for plan in plans}) == len(plans) == len({plan.sources[0] for plan in plans})
    assert plans == plan_pieces(0, MINUTES, sounds) != plan_pieces(1, MINUTES, sounds)


def test_too_many_minutes_are_refused(sounds):
    with pytest.raises(ValueError, match="no numbers for 1500 tracks; ask for fewer minutes"):
        plan_pieces(0, {"test": 1000.0}, sounds)


def test_programs_are_those_of_the_assignments_classes():
    for key, (name, weights) in zip(KEYS, PROGRAMS.items(), strict=True):
        assert key.startswith(name)
        assert {class_of(program, is_drum=False) for program in weights} == {KEYS.index(key)}
    assert len([program for weights in PROGRAMS.values() for program in weights]) == 120


@pytest.mark.parametrize("split", MINUTES)
def test_lineups_reach_every_preset_of_their_split(sounds, split):
    rng = np.random.default_rng(0)
    lineups = draw_lineups(rng, sounds[split], 3000, training=split == "train")
    drawn = Counter(
        ("drums", player.program) if player.is_drum else player.program for band in lineups for player in band
    )
    assert set(drawn) == set(sounds[split])
    assert set(KITS) == {key[1] for key in drawn if isinstance(key, tuple)}
    sizes = Counter(len(band) for band in lineups)
    assert min(sizes) == 2 and max(sizes) <= MOST
    small = sum(count for size, count in sizes.items() if size <= 4) / len(lineups)
    assert small == pytest.approx(0.15, abs=0.01)
    assert sum(any(player.is_drum for player in band) for band in lineups) / len(lineups) > 0.75


def test_a_small_test_split_has_every_class(sounds):
    for seed in range(5):
        plans = plan_pieces(seed, MINUTES, sounds)
        for split in ("validation", "test"):
            classes = Counter(
                name
                for plan in plans
                if plan.split == split
                for name in {class_of(i.program, is_drum=i.is_drum) for i in plan.instruments}
            )
            assert all(classes[number] >= 1 for number in range(9)), (seed, split)


def test_clips_have_the_classes_in_the_releases_shares(sounds):
    """Measured on arranged pieces, unrendered. Guitar and bass stay behind: the small ensembles lack them."""
    plan = plan_pieces(0, {"test": 0.2}, sounds)[0]
    tune, rng, rows = first_tune(plan.sources), np.random.default_rng(0), []
    for instruments in draw_lineups(rng, sounds["test"], 60, training=False):
        piece = arrange(tune, instruments, rng=rng, duration=60.0)
        steps = np.zeros((int(np.ceil(piece.duration / 5)), len(KEYS)))
        for part in piece.parts:
            number = class_of(part.instrument.program, is_drum=part.instrument.is_drum)
            for note in part.notes if number is not None else ():
                steps[int(note.start // 5) : int(np.ceil(note.end / 5)), number] = 1
        rows.append(steps)
    prevalence = dict(zip(KEYS, np.concatenate(rows).mean(axis=0), strict=True))
    assert prevalence == pytest.approx(RELEASE, abs=0.2)
