"""mini-MUSDB18: MUSDB18-HQ's layout, stems that add up, splits that share nothing, the same bytes again."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import Counter

import numpy as np
import pytest
import soundfile as sf

from common.band.presets import band_soundfonts, presets
from common.band.tunes import TuneSource, normalized_title
from common.cli import UserError
from hw2_source_separation.mini_musdb import MARKER, MINUTES, QUICK_MINUTES, make_mini_musdb, maker
from hw2_source_separation.mini_musdb.lineups import BANDS, CHOIRS, draw_lineup, is_choir
from hw2_source_separation.mini_musdb.lyrics import Words, count_syllables, lyrics
from hw2_source_separation.mini_musdb.planning import one_of_each_title, plan_songs, safe_name, take_turns
from hw2_source_separation.stems import STEMS

TINY = {"train": 0.1, "validation": 0.1, "test": 0.1}  # minutes: one song in each
RATE = 44100


@pytest.fixture(scope="module", autouse=True)
def no_soundfonts_of_the_system():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(maker, "find_soundfonts", lambda: [])
        yield


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A mini-MUSDB18 of three songs. Read it, do not change it."""
    root = tmp_path_factory.mktemp("mini") / "mini"
    make_mini_musdb(root, jobs=1, minutes=TINY)
    return root


@pytest.fixture(scope="module")
def sounds():
    return {split: presets(split) for split in MINUTES}


def songs_of(root):
    return sorted(path.parent for path in root.glob("*/*/mixture.wav"))


def pcm(path) -> np.ndarray:
    return sf.read(path, dtype="int16", always_2d=True)[0].astype(np.int64).T  # (2, samples)


def description(song) -> dict:
    return json.loads((song / "song.json").read_text(encoding="utf-8"))


def contents(root) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


# ---- the folder ----


def test_the_layout_is_musdbs(made):
    songs = songs_of(made)
    assert Counter(song.parent.name for song in songs) == {"train": 2, "test": 1}
    for song in songs:
        artist, title = song.name.split(" - ")
        assert artist and title
        assert {path.name for path in song.iterdir()} == {
            "song.json",
            "mixture.wav",
            *(f"{stem}.wav" for stem in STEMS),
        }
    (validation,) = (made / "validation.txt").read_text().splitlines()
    by_split = {description(song)["split"]: song for song in songs}
    assert by_split["validation"] == made / "train" / validation
    assert set(by_split) == set(TINY)


def test_every_sample_of_the_mixture_is_the_sum_of_the_stems(made):
    for song in songs_of(made):
        for path in song.glob("*.wav"):
            header = sf.info(path)
            assert (header.samplerate, header.channels, header.subtype) == (RATE, 2, "PCM_16")
        mixture, stems = pcm(song / "mixture.wav"), [pcm(song / f"{stem}.wav") for stem in STEMS]
        np.testing.assert_array_equal(mixture, np.sum(stems, axis=0))
        assert 20 * np.log10(np.abs(mixture).max() / 32768) == pytest.approx(-1.0, abs=0.01)
        for stem in stems:
            assert np.sqrt(np.mean(np.square(stem))) > 32768 * 10 ** (-50 / 20)  # none is silent


def test_the_voice_is_heard_where_it_is_said_to_sing(made):
    for song in songs_of(made):
        power = np.square(pcm(song / "vocals.wav")).mean(axis=0)
        sung = np.zeros(len(power), bool)
        phrases = description(song)["phrases"]
        assert phrases and all(phrase["words"] for phrase in phrases)
        for phrase in phrases:
            for start, end, pitch in phrase["notes"]:
                assert 36 <= pitch <= 84
                note = slice(round(start * RATE), round(end * RATE))
                sung[note] = True
                assert power[note].mean() > 0.001 * power.max() / 10
        first = round((phrases[0]["notes"][0][0] - 0.5) * RATE)
        assert not power[: max(first, 0)].any()
        assert power[sung].mean() > 3 * power[~sung].mean()


def test_the_sides_differ_but_not_in_the_bass(made):
    for song in songs_of(made):
        for stem, widest in (("bass", 0.3), ("mixture", 0.9)):
            left, right = pcm(song / f"{stem}.wav").astype(float)
            side, middle = np.square(left - right).sum(), np.square(left + right).sum()
            assert side < widest * middle
        left, right = pcm(song / "mixture.wav")
        assert (left != right).any()


def test_the_folder_says_what_it_was_made_of(made):
    origin = json.loads((made / MARKER).read_text())
    assert (origin["seed"], origin["minutes"]) == (0, TINY)
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in band_soundfonts().values()]
    assert [font["sha256"] for font in origin["soundfonts"]] == digests


# ---- made again ----


def test_the_same_seed_gives_the_same_bytes_and_what_is_there_is_kept(made, tmp_path):
    root = shutil.copytree(made, tmp_path / "mini")
    (root / MARKER).unlink()
    (root / "validation.txt").unlink()
    (song,) = (root / "test").iterdir()
    half = song.rename(song.with_name(f"{song.name}.partial"))  # as an interrupted call leaves it
    (half / "drums.wav").write_bytes(b"half a wa")
    kept = {path: path.stat().st_mtime_ns for path in (root / "train").rglob("*.wav")}
    make_mini_musdb(root, jobs=1, minutes=TINY)
    assert contents(root) == contents(made)
    assert {path: path.stat().st_mtime_ns for path in kept} == kept


def test_what_is_no_soundfont_is_refused_before_anything_is_written(tmp_path):
    text = tmp_path / "piano.sf2"
    text.write_text("a piano, I promise")
    with pytest.raises(UserError, match="piano.sf2: not a soundfont"):
        make_mini_musdb(tmp_path / "mini", soundfonts=[text], minutes=TINY)
    assert [path.name for path in tmp_path.iterdir()] == ["piano.sf2"]


# ---- the plan ----


def test_the_plan_has_the_minutes_it_promises(sounds):
    for minutes, counts in ((MINUTES, (32, 6, 12)), (QUICK_MINUTES, (4, 2, 2))):
        plans = plan_songs(0, minutes, sounds)
        assert tuple(Counter(plan.split for plan in plans).values()) == counts
        for split, wanted in minutes.items():
            durations = [plan.duration for plan in plans if plan.split == split]
            assert sum(durations) == pytest.approx(60 * wanted)


@pytest.mark.parametrize("seed", [0, 1])
def test_splits_share_no_tune_no_singer_and_no_words(sounds, seed):
    plans = plan_songs(seed, MINUTES, sounds)
    for values in (
        lambda plan: {normalized_title(source.title) for source in plan.sources},
        lambda plan: {plan.singer.name},
        lambda plan: set(plan.lyric.verse + plan.lyric.chorus),
    ):
        sets = [set().union(*(values(plan) for plan in plans if plan.split == split)) for split in MINUTES]
        assert len(set.union(*sets)) == sum(map(len, sets))
    assert all(plan.singer.language.startswith(plan.lyric.language) for plan in plans)
    assert len({plan.seed for plan in plans}) == len(plans)
    assert plans == plan_songs(seed, MINUTES, sounds) != plan_songs(seed + 2, MINUTES, sounds)


def test_too_many_minutes_are_refused(sounds):
    with pytest.raises(ValueError, match="tunes for 20000 tracks; ask for fewer minutes"):
        plan_songs(0, {"test": 10000.0}, sounds)


def test_all_take_turns():
    turns = take_turns(np.random.default_rng(0), "abc", 8)
    assert len(turns) == 8
    assert sorted(turns[:3]) == sorted(turns[3:6]) == ["a", "b", "c"]


def test_of_one_title_one_tune_is_sung():
    sources = [
        TuneSource("a.abc", place, title) for place, title in enumerate(["Ann", "The Ann", "Bob", "bwv1.6"])
    ]
    assert list(one_of_each_title(sources)) == [sources[0], sources[2]]


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("ES IST EIN SCHNEE GEFALLEN?", "Es Ist Ein Schnee Gefallen"),
        ("Was frag’ ich nach der Welt, BWV 94/8", "Was frag' ich nach der Welt, BWV 94 8"),
        ("Größe - klein..", "Grosse klein"),
        ("Dui huadeng, 3)", "Dui huadeng"),
        ("Der Tyroler und sein Kind (3-11), S. 30f", "Der Tyroler und sein Kind"),
        ("小白菜", "Untitled"),
    ],
)
def test_names_are_safe_on_any_system(title, name):
    assert safe_name(title) == name


@pytest.mark.parametrize("split", MINUTES)
def test_bands_have_drums_bass_and_two_to_five_others(sounds, split):
    rng = np.random.default_rng(0)
    choirs = 0
    for _ in range(300):
        band = draw_lineup(rng, sounds[split])
        assert all((("drums", i.program) if i.is_drum else i.program) in sounds[split] for i in band)
        roles = Counter(instrument.role for instrument in band)
        assert roles["drums"] == roles["bass"] == 1
        choirs += any(map(is_choir, band))
        assert 2 <= len(band) - 2 - any(map(is_choir, band)) <= 5
    assert 60 < choirs < 120


def test_nobody_but_the_choir_imitates_voices():
    voices = {*CHOIRS, 85, 91}  # voice lead, choir pad
    for band in BANDS.values():
        assert not voices & {program for player in band.players for program in player.programs}


# ---- the words ----


def test_lyrics_have_verses_and_choruses():
    for split, count in (("train", 20), ("validation", 4), ("test", 8)):
        assert len(lyrics(split)) == count
        for lyric in lyrics(split):
            assert len(lyric.verse) >= 6 and len(lyric.chorus) >= 2
            assert lyric.language in ("en", "de")


def test_words_fill_phrases():
    rng = np.random.default_rng(0)
    words = Words(["one two three four", "five six"], "en")
    assert words.take(3, rng) == "one two three"
    assert words.take(4, rng) == "four five six _"  # one syllable of four leaves room for the next line
    assert sorted(words.take(5, rng).split()) == ["_", "four", "one", "three", "two"]
    assert words.take(1, rng) == "five"
    assert Words(["remember"], "en").take(1, rng) == "remember"


@pytest.mark.parametrize(
    ("language", "words", "counts"),
    [
        ("en", "someone's little fire wished everything gone table", [2, 2, 1, 1, 4, 1, 2]),
        ("de", "Röslein wundersame Bäume sehn Lied", [2, 4, 2, 1, 1]),
    ],
)
def test_syllables_are_counted(language, words, counts):
    assert [count_syllables(word, language) for word in words.split()] == counts
