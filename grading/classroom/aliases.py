"""Names for a leaderboard that can hang on a wall: only their owner and the teacher know whose."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from itertools import product
from pathlib import Path

from common.run_folder import write_atomically
from grading.classroom.tables import read_table, table_bytes

TEMPI = """adagio allegro andante animato agitato brillante calmo cantabile dolce energico espressivo giocoso
grave grazioso largo legato leggiero lento maestoso marcato mesto moderato pesante presto rubato scherzando
semplice sostenuto staccato tranquillo veloce vivace"""
PLAYERS = """accordion bagpipe banjo bassoon bugle celesta cello clarinet cornet cymbal dulcimer erhu flute
gamelan glockenspiel gong guitar guzheng harp horn kalimba koto lute mandolin marimba oboe ocarina organ piano
piccolo pipa recorder saxophone sitar suona tabla theremin timpani triangle trombone trumpet tuba ukulele
vibraphone viola violin xylophone zither"""


def draw_names(ids: Sequence[str], path: Path) -> dict[str, str]:
    """A name for each id, kept in the CSV file `path`: those that were drawn before stay.

    Drawn by chance, because whoever has this code could work out names that follow from the ids.
    """
    rows = read_table(path, ["student_id", "name"]) if path.is_file() else []
    drawn = {row["student_id"]: row["name"] for _, row in rows}
    all_names = {f"{tempo} {player}" for tempo, player in product(TEMPI.split(), PLAYERS.split())}
    free = sorted(all_names - set(drawn.values()))
    for student_id in ids:
        if student_id not in drawn:
            drawn[student_id] = free.pop(secrets.randbelow(len(free))) if free else f"player {len(drawn) + 1}"
    write_atomically(path, table_bytes(["student_id", "name"], sorted(drawn.items())))
    return drawn
