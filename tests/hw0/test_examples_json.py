"""examples.json as a stream: what is read, what is skipped, and the cache of the index."""

from __future__ import annotations

import json

import numpy as np
import pytest

from common.cli import UserError
from common.problems import Problems
from hw0_note_classification import data, examples_json
from hw0_note_classification.note_index import NoteIndex


def entries_of(folder) -> dict:
    return json.loads((folder / "examples.json").read_text())


def write_entries(folder, entries: dict) -> None:
    (folder / "examples.json").write_text(json.dumps(entries))


def change(folder, **fields) -> str:
    """Change fields of the first entry; its name."""
    entries = entries_of(folder)
    name = next(iter(entries))
    entries[name] |= fields
    write_entries(folder, entries)
    return name


# Reading as a stream


@pytest.mark.parametrize("chunk", [200, 1000, 1 << 20])
def test_stream_agrees_with_json(tiny_nsynth, monkeypatch, chunk):
    monkeypatch.setattr(examples_json, "CHUNK", chunk)  # four chunks must hold one entry
    path = tiny_nsynth / "nsynth-test" / "examples.json"
    assert list(examples_json.stream_object(path)) == list(json.loads(path.read_text()).items())


@pytest.mark.parametrize(
    "text", ["{}", " { } \n", '{"a": 12}', '\ufeff{"a":{"b":"}{,\\""},"c":[1,{}],"d":null}']
)
@pytest.mark.parametrize("chunk", [1, 3, 100])
def test_stream_of_odd_but_valid_json(tmp_path, monkeypatch, text, chunk):
    # The window is four chunks; cut the reads, not the window.
    monkeypatch.setattr(examples_json, "CHUNK", 40)
    monkeypatch.setattr(
        examples_json.Path, "open", lambda path, **_: ShortReads(text.lstrip("\ufeff"), chunk)
    )
    expected = list(json.loads(text.lstrip("\ufeff")).items())
    assert list(examples_json.stream_object(tmp_path / "examples.json")) == expected


class ShortReads:
    """A text file whose read() gives at most `limit` characters, as the end of a chunk does in mid-entry."""

    def __init__(self, text: str, limit: int):
        self.text, self.limit = text, limit

    def read(self, _size: int) -> str:
        head, self.text = self.text[: self.limit], self.text[self.limit :]
        return head

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "12",
        '{"a": 1',
        '{"a": 1,}',
        '{"a" 1}',
        '{"a": 1} x',
        '{"a": 1 "b": 2}',
        '{"a": {"b": }}',
        "{1: 2}",
    ],
)
def test_broken_json_is_one_line(folder, text):
    (folder / "examples.json").write_text(text)
    with pytest.raises(
        UserError, match=r"examples.json: is not a JSON object of notes from line 1 on; .*again"
    ) as error:
        data.open_split(folder, "train")
    assert "\n" not in str(error.value)


def test_truncated_json_names_the_line(folder):
    text = json.dumps(entries_of(folder), indent=1)
    (folder / "examples.json").write_text(text[: len(text) // 2])
    with pytest.raises(UserError, match=r"from line \d{3} on"):
        data.open_split(folder, "train")


def test_not_text(folder):
    (folder / "examples.json").write_bytes(b'{"a\xff": 1}')
    with pytest.raises(UserError, match="is not UTF-8 text"):
        data.open_split(folder, "train")


# Entries that are skipped


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"sample_rate": 44_100}, "sample rate is not 16000 Hz"),
        ({"instrument_family": 11}, "unknown family"),
        ({"instrument_family": -1}, "unknown family"),
        ({"instrument_family": 4}, "family disagrees with the name"),
        ({"instrument_family_str": "vocal"}, "family disagrees with the name"),
        ({"pitch": 61}, "pitch or velocity disagrees with the name"),
        ({"velocity": 3}, "pitch or velocity disagrees with the name"),
        ({"instrument": -5}, "instrument number out of range"),
        ({"instrument": None}, "entry lacks one of the numbers"),
        ({"pitch": "60"}, "entry lacks one of the numbers"),
    ],
)
def test_bad_entry_is_skipped_and_counted(folder, fields, kind):
    name = change(folder, **fields)
    index, problems = data.open_split(folder, "train")
    assert len(index) == 43
    assert name.encode() not in index.names
    [line] = [line for line in problems.lines() if "skipped" in line]
    assert line.startswith(f"1 skipped: {kind}")
    assert name in line


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "tuba", "flute_acoustic_001-60-100", "flute_plastic_001-060-100"]
)
def test_name_of_another_form(folder, name):
    write_entries(folder, {name: {}} | entries_of(folder))
    index, problems = data.open_split(folder, "train")
    assert len(index) == 44
    assert problems.counts == {"name is not <family>_<source>_<instrument>-<pitch>-<velocity>": 1}


def test_unknown_family_by_name(folder):
    write_entries(
        folder, {"tuba_acoustic_001-060-100": next(iter(entries_of(folder).values()))} | entries_of(folder)
    )
    assert data.open_split(folder, "train")[1].counts == {"unknown family": 1}


def test_duplicate_entry_counts_once(folder):
    name, entry = next(iter(entries_of(folder).items()))
    text = (folder / "examples.json").read_text().rstrip().removesuffix("}")
    (folder / "examples.json").write_text(f"{text}, {json.dumps(name)}: {json.dumps(entry)}}}")
    index, problems = data.open_split(folder, "train")
    assert len(index) == 44
    assert problems.lines() == [f"1 skipped: duplicate entry ({name})"]


# The cache of the index


@pytest.fixture
def cached(folder, monkeypatch, tmp_path):
    """The folder, with every examples.json large enough for a cache."""
    monkeypatch.setattr(examples_json, "CACHE_FROM_BYTES", 0)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user_cache"))
    change(folder, sample_rate=8000)  # problems are kept, too
    return folder


def forbid_parsing(monkeypatch):
    monkeypatch.setattr(examples_json, "parse_index", lambda source: pytest.fail("parsed again"))


def assert_same(first: tuple[NoteIndex, Problems], second: tuple[NoteIndex, Problems]):
    assert [first[0][i] for i in range(len(first[0]))] == [second[0][i] for i in range(len(second[0]))]
    assert first[1].lines() == second[1].lines()


def test_cache_gives_the_same_index_without_parsing(cached, monkeypatch):
    first = data.open_split(cached, "train")
    forbid_parsing(monkeypatch)
    assert_same(first, data.open_split(cached, "train"))


def test_cache_follows_the_file(cached):
    data.open_split(cached, "train")
    change(cached, sample_rate=data.SAMPLE_RATE)
    index, problems = data.open_split(cached, "train")
    assert (len(index), problems.skipped) == (44, 0)


@pytest.mark.parametrize(
    "spoil", [lambda b: b"", lambda b: b[: len(b) // 2], lambda b: b"PK\x03\x04" + b[::-1]]
)
def test_broken_cache_is_made_anew(cached, spoil):
    first = data.open_split(cached, "train")
    cache = cached / ".examples-index.npz"
    cache.write_bytes(spoil(cache.read_bytes()))
    assert_same(first, data.open_split(cached, "train"))
    assert np.load(cache, allow_pickle=False)["names"].shape == (43,)


def test_cache_goes_to_the_user_where_the_data_cannot_be_written(cached, monkeypatch, tmp_path):
    (
        cached / ".examples-index.npz"
    ).mkdir()  # root may write anywhere: a folder stands in for a read-only disk
    first = data.open_split(cached, "train")
    assert len(list((tmp_path / "user_cache" / "nsynth-index").iterdir())) == 1  # and nothing half-written
    forbid_parsing(monkeypatch)
    assert_same(first, data.open_split(cached, "train"))


def test_small_folders_are_left_as_they_are(folder):
    before = sorted(folder.iterdir())
    data.open_split(folder, "train")
    assert sorted(folder.iterdir()) == before
