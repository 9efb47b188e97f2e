"""What eval.py says, as aligned text: the goals, languages, voices, confusions, and the beautifier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from common.metrics.classification import confusion_table, worst_confusions
from common.metrics.classification.text import align
from final_project.singing.evaluation import SCORES, STATISTICS, Metrics, joined
from final_project.singing.song_measures import SongMeasures
from final_project.singing.vowels import VOWELS

WORST = 8
NAMED = tuple(str(place) for place in range(len(VOWELS)))  # vowels differ in more than \w knows
ROWS = (  # key, title, baseline, goal
    ("in_tune_pyin", "frames within 50 cents, pYIN", "one_tone_in_tune", 0.98),
    ("in_tune_harvest", "frames within 50 cents, Harvest", "one_tone_in_tune", 0.98),
    ("onset_median_ms", "onset error, ms: median", "speech_onset_median_ms", 30.0),
    ("onset_p90_ms", "onset error, ms: 90th percentile", "speech_onset_p90_ms", None),
    ("vowels_sung", "vowels understood, sung", "vowels_sine", None),
    ("vowels_spoken", "the same vowels, spoken", "vowels_majority", None),
    ("vowels_ratio", "sung by spoken", None, 0.9),
)
BEAUTIFIER_ROWS = (
    ("beautifier_pitch_error_before_cents", "pitch error of notes before, cents", None),
    ("beautifier_pitch_error_after_cents", "and after", None),
    ("beautifier_pitch_error_removed", "share removed", "at least 0.9"),
    ("beautifier_clean_pitch_change_cents", "change of a take without errors, cents", "at most 10"),
    ("beautifier_mcd_after_db", "mel-cepstral distortion after, dB", None),
    ("beautifier_mcd_world_db", "and of WORLD alone", None),
)


def full_report(metrics: Metrics, songs: Sequence[SongMeasures]) -> str:
    """All tables of one listener."""
    parts = [scores(metrics), remarks(metrics), languages(metrics), voices(songs), confusions(songs)]
    return "\n\n".join(part for part in parts if part)


def scores(metrics: Metrics) -> str:
    """The goals, with intervals and baselines."""
    rows = [["", "score", "95 % over songs", "baseline", "goal"]]
    for key, title, baseline, goal in ROWS:
        rows.append(
            [
                title,
                number(metrics[key]),
                f"{number(metrics[f'{key}_low'])} to {number(metrics[f'{key}_high'])}",
                number(metrics.get(baseline)) if baseline else "-",
                "-" if goal is None else f"{goal:g}",
            ]
        )
    return "\n".join(align(rows))


def remarks(metrics: Metrics) -> str:
    """What the baselines are, and what was counted."""
    lines = [
        "baselines: all on the commonest pitch; the words read aloud; for sung vowels a sine tone, for spoken"
        " ones the commonest vowel",
        f"counted: {share(metrics['counted_notes'])} of the notes are long enough to be in tune, an onset is"
        f" heard in {share(metrics['onset_heard'])}; a voice is heard in {share(metrics['voiced_pyin'])}"
        f" (pYIN) and {share(metrics['voiced_harvest'])} (Harvest) of the frames",
    ]
    if metrics.get("vowels_random") is not None:
        lines.append(f"a vowel guessed by its share in training: {number(metrics['vowels_random'])}")
    return "\n".join(lines)


def languages(metrics: Metrics) -> str:
    """The scores of each language; "" if there is but one."""
    found = [key.removeprefix("num_songs_") for key in metrics if key.startswith("num_songs_")]
    if len(found) < 2:
        return ""
    rows = [["by language", *found], ["songs", *(str(metrics[f"num_songs_{name}"]) for name in found)]]
    titles = {key: title for key, title, *_ in ROWS}
    rows += [[titles[key], *(number(metrics[f"{key}_{name}"]) for name in found)] for key in SCORES]
    return "\n".join(align(rows))


def voices(songs: Sequence[SongMeasures]) -> str:
    """The scores of each voice."""
    keys = ("in_tune_pyin", "onset_median_ms", "vowels_sung", "vowels_spoken", "vowels_ratio")
    rows = [["voice", "songs", "in tune", "onset, ms", "sung", "spoken", "ratio"]]
    for name in sorted({song.take.song.singer.name for song in songs}):
        own = [song for song in songs if song.take.song.singer.name == name]
        rows.append([name, str(len(own)), *(number(STATISTICS[key](own)) for key in keys)])
    return "\n".join(align(rows))


def confusions(songs: Sequence[SongMeasures]) -> str:
    """The commonest errors of the listener on sung vowels, and how often it errs so on spoken ones."""
    targets = joined([song.targets for song in songs])
    sung, spoken = (
        confusion_table(targets, joined([getattr(s, heard) for s in songs]), num_classes=len(VOWELS))
        for heard in ("heard_sung", "heard_spoken")
    )
    rows = [["worst confusions", "sung", "spoken", "vowels"]]
    for worst in worst_confusions(sung, NAMED, n=WORST):
        true, predicted = NAMED.index(worst.true), NAMED.index(worst.predicted)
        title = f"{VOWELS[true]} heard as {VOWELS[predicted]}"
        rows.append([title, str(worst.count), str(spoken[true, predicted]), str(sung[true].sum())])
    return "\n".join(align(rows)) if len(rows) > 1 else ""


def beautifier(metrics: Mapping[str, float | int | str | None]) -> str:
    """The rows of the beautifier; "" where it was not measured."""
    if metrics.get("beautifier_takes") is None:
        return ""
    rows = [[f"beautifier, {metrics['beautifier_takes']:.0f} takes", "", "goal"]]
    rows += [[title, number(metrics.get(key)), goal or "-"] for key, title, goal in BEAUTIFIER_ROWS]
    return "\n".join(align(rows))


def number(value: float | None) -> str:
    """Three digits, or one above 10; a dash for what is undefined."""
    if value is None or value != value:
        return "-"
    return f"{value:.1f}" if abs(value) >= 9.9995 else f"{value:.3f}"


def share(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"
