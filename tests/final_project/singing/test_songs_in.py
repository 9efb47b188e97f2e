"""Files of notes become songs: words on notes, octaves, parts; what is no song is refused in one line."""

import mido
import pytest

from common.cli import UserError
from common.singing import SINGERS
from common.synthesis import Note
from final_project.singing.song import Song, SongPart
from final_project.singing.songs_in import in_range, read_song, words_at
from final_project.singing.words_in import syllables_for, verse_lines
from final_project.singing.written_syllables import syllables_of

BEAT = 480
XML_NOTE = (
    "<note><pitch><step>{}</step><octave>4</octave></pitch><duration>1</duration>"
    "<lyric><syllabic>{}</syllabic><text>{}</text></lyric></note>"
)


def write_midi(path, *lines, names=(), words=(), tempo=100):
    """Lines of (pitch, begin, end) in quarter notes."""
    file = mido.MidiFile(ticks_per_beat=BEAT)
    file.tracks.append(mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(tempo))]))
    for number, notes in enumerate(lines):
        events = [(begin, 1, mido.Message("note_on", note=pitch)) for pitch, begin, _ in notes]
        events += [(end, 0, mido.Message("note_off", note=pitch)) for pitch, _, end in notes]
        if number == 0:
            events += [(beat, 2, mido.MetaMessage("lyrics", text=text)) for beat, text in words]
        track, now = mido.MidiTrack(), 0
        track.append(mido.MetaMessage("track_name", name=names[number] if names else ""))
        for beat, _, message in sorted(events, key=lambda event: event[:2]):
            track.append(message.copy(time=round((beat - now) * BEAT)))
            now = beat
        file.tracks.append(track)
    file.save(path)
    return path


def scale(*pitches, length=1.0):
    return [(pitch, place * length, (place + 1) * length) for place, pitch in enumerate(pitches)]


def notes(count):
    return [Note(60, 0.5 * place, 0.5) for place in range(count)]


def test_words_of_a_midi_file_stand_on_its_notes(tmp_path):
    words = ((0, "Twin"), (1, "kle "), (3, "star"))
    path = write_midi(tmp_path / "star.mid", scale(60, 62, 64, 65), words=words)
    song, notices = read_song(path)
    assert (song.title, song.tempo, song.language) == ("star", pytest.approx(100), "")
    assert song.syllables == ("Twin-", "kle", "", "star")
    assert [(n.pitch, n.start, n.end) for n in song.notes][1] == (62, pytest.approx(0.6), pytest.approx(1.2))
    assert not notices


def test_words_of_musicxml(tmp_path):
    bar = XML_NOTE.format("G", "begin", "Mor") + XML_NOTE.format("A", "end", "ning")
    path = tmp_path / "tune.musicxml"
    path.write_text(
        '<score-partwise><part-list><score-part id="P1"><part-name>Voice</part-name></score-part></part-list>'
        f'<part id="P1"><measure number="1"><attributes><divisions>1</divisions></attributes>{bar}</measure>'
        "</part></score-partwise>"
    )
    song, _ = read_song(path, tempo=60)
    assert song.syllables == ("Mor-", "ning") and song.melody.pitches == [67, 69]
    assert song.end == pytest.approx(2.0)


def test_lyrics_of_ones_own_are_sung_instead(tmp_path):
    path = write_midi(tmp_path / "a.mid", scale(60, 62, 64, 65, 67), words=((0, "la "),))
    song, _ = read_song(path, lyrics="Twinkle, twinkle\nstar", language="en-us")
    assert song.syllables == ("Twin-", "kle,", "twin-", "kle", "star")
    assert song.melody.lines == (0, 0, 0, 0, 1) and song.language == "en-us"
    other, _ = read_song(path, lyrics="O _ _ _ _")
    assert other.syllables == ("O", "", "", "", "")


@pytest.mark.parametrize(
    ("lyrics", "count", "language", "syllables", "notice"),
    [
        ("shine on", 4, "", ("shine", "on", "", ""), "2 notes more"),
        ("so", 6, "", ("so",) * 6, "begin again"),
        ("shine forever", 2, "", ("shine", "fo-"), "2 syllables more"),
        ("glo-ri-a _", 4, "la", ("glo-", "ri-", "a", ""), None),
        ("dormez-vous?", 3, "fr-fr", ("dor-", "mez-", "vous?"), None),
        ("stand on the wall", 4, "", ("stand", "on", "the", "wall"), None),  # "on the" is spoken as one
        ("w lesie", 2, "pl", ("w le-", "sie"), None),  # "w" has no vowel
        ("“小星星。”", 3, "cmn", ("“小-", "星-", "星。”"), None),
        ("어둠에 묻힌", 5, "ko", ("어-", "둠-", "에", "묻-", "힌"), None),  # espeak-ng joins the words
        ("fire!", 2, "", ("fire!", ""), "1 note more"),
    ],
)
def test_text_on_notes(lyrics, count, language, syllables, notice):
    found, lines, notices = syllables_for(lyrics, notes(count), language=language)
    assert found == syllables
    assert lines == (tuple(range(count)) if notice == "begin again" else (0,) * count)
    assert [notice in text for text in notices] == [True] * bool(notice)


@pytest.mark.parametrize(
    ("word", "pieces"),
    [
        ("forever", "fo- re- ver"),
        ("Twinkle,", "Twin- kle,"),
        ("lovely", "love- ly"),
        ("beautiful", "beau- ti- ful"),
        ("Mädchen", "Mäd- chen"),
        ("gloria", "glo- ri- a"),
        ("берёза", "бе- рё- за"),
        ("きょう", "きょ- う"),
        ("ev-ery", "ev- ery"),
    ],
)
def test_words_are_parted_by_their_letters(word, pieces):
    assert syllables_of(word, len(pieces.split())) == pieces.split()


def test_syllables_that_are_not_written_are_held():
    assert syllables_of("rhythm", 2) == ["rhythm", ""]
    assert syllables_of("glo-ri-a", 2) == ["glo-", "ria"]


def test_lines_of_verse_end_at_rests_and_commas_after_some_words():
    syllables = ("the", "sun", "and", "moon,", "", "shine", "on")
    assert verse_lines(syllables, notes(7), [False] * 7) == (0, 0, 0, 0, 0, 1, 1)
    assert verse_lines(syllables, notes(7), [False, True] + [False] * 5) == (0, 0, 1, 1, 1, 1, 1)


def test_the_melody_is_found_and_the_rest_is_told(tmp_path):
    lines = scale(72, 74), scale(60, 62)
    song, notices = read_song(write_midi(tmp_path / "a.mid", *lines, names=("Flute", "Melody")))
    assert song.melody.pitches == [60, 62]
    assert any("2 lines; Melody is sung" in notice for notice in notices)
    assert song.syllables == ("la", "la") and any("no words" in notice for notice in notices)


def test_every_part_takes_the_words_of_the_melody(tmp_path):
    lines = scale(72, 74, 76, 77), [(48, 0, 2), (50, 2, 3), (52, 3, 3.5), (53, 3.5, 4)]
    path = write_midi(tmp_path / "a.mid", *lines, names=("Soprano", "Bass"))
    song, _ = read_song(path, lyrics="shine on little", every_part=True)
    assert [part.name for part in song.parts] == ["melody", "Bass"]
    assert song.parts[1].syllables == ("shine", "lit-", "tle", "")


def test_a_syllable_that_a_part_leaves_out_does_not_join_words():
    melody = SongPart("melody", tuple(notes(4)), ("lit-", "tle", "gloo-", "my"), (0, 0, 1, 1))
    slow = [Note(48, 0.0, 1.0), Note(50, 1.0, 1.0)]
    assert words_at(slow, melody) == (("lit", "gloo"), (0, 1))


def test_octaves_bring_a_song_into_range():
    def song(*pitches):
        own = tuple(Note(pitch, place, 1.0) for place, pitch in enumerate(pitches))
        return Song("a", (SongPart("melody", own, ("la",) * len(own)),))

    tenor = next(singer for singer in SINGERS["train"] if singer.name == "Gus")  # 48..67
    moved, notices = in_range(song(72, 79), tenor)
    assert moved.melody.pitches == [60, 67] and notices == ["moved 1 octave down, to where Gus can sing it"]
    assert in_range(song(50, 60), tenor) == (song(50, 60), [])
    assert in_range(song(24, 30))[0].melody.pitches == [48, 54]
    assert in_range(song(84, 90))[1] == ["moved 1 octave down, to where voices can sing it"]
    with pytest.raises(UserError, match="which no voice can sing"):
        in_range(song(24, 100))


@pytest.mark.parametrize(
    ("lines", "message"),
    [([], "MIDI file without notes"), ([[(60, 0, 1), (64, 0, 1), (67, 0, 1)]], "several notes at once")],
)
def test_midi_files_without_a_melody_are_refused(tmp_path, lines, message):
    with pytest.raises(UserError, match=message):
        read_song(write_midi(tmp_path / "a.mid", *lines))


def test_what_is_no_file_of_notes_is_refused(tmp_path):
    (tmp_path / "a.wav").write_bytes(b"RIFF....WAVE")
    (tmp_path / "a.mid").write_bytes(b"")
    for path, message in (
        (tmp_path, "is a folder"),
        (tmp_path / "none.mid", "no such file"),
        (tmp_path / "a.wav", "is sound, not notes"),
        (tmp_path / "a.mid", "empty"),
    ):
        with pytest.raises(UserError, match=message):
            read_song(path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tempo": 5.0}, "tempo is 5"),
        ({"lyrics": " ... "}, "without a word"),
        ({"lyrics": "привет"}, "cannot read"),
        ({"lyrics": "la", "language": "xx"}, "does not speak 'xx'"),
        ({"lyrics": "a" * 60_000}, "50,000 characters"),
    ],
)
def test_impossible_options_are_refused(tmp_path, options, message):
    with pytest.raises(UserError, match=message):
        read_song(write_midi(tmp_path / "a.mid", scale(60, 62)), **options)
