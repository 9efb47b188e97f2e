"""The pages of a comparison, complete in themselves: the ranked list, and one for each of the first pairs.

Names and code come from hand-ins: all of it is escaped, and characters that hide or turn text round are
spelled out.
"""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path

from common.pages import fill
from grading.plagiarism.code_files import Code
from grading.plagiarism.similarity import FLOOR, Comparison, Owned, Pair
from grading.plagiarism.spans import Block
from grading.plagiarism.winnowing import GUARANTEE, K

INDEX, PAIR = (Path(__file__).with_name(name) for name in ("index.html", "pair.html"))
COLOURS = 6  # of runs; they repeat
CONTEXT = 2  # lines around a block
LONGEST_LINE, MOST_LINES, MOST_BLOCKS = (
    300,
    400,
    80,
)  # that are shown: characters, of a side of a block, of a pair
LISTED_PAIRS, LISTED_PROBLEMS = 200, 12
BINS = 20  # of the distribution
HIDDEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")  # categories of what is not seen or turns text round


def visible(text: str) -> str:
    """`text` with all that would not show as itself spelled out, as \\u202e."""
    return "".join(
        character
        if character == "\t" or unicodedata.category(character) not in HIDDEN
        else _spelled(character)
        for character in text
    )


def _spelled(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")


def escaped(text: str) -> str:
    return html.escape(visible(text), quote=True)


def pair_name(rank: int) -> str:
    return f"pair_{rank:03d}.html"


def index_page(
    comparison: Comparison,
    hand_ins: Sequence[tuple[Code, Owned]],
    references: Sequence[Code],
    *,
    pages: int,
    about: str,
) -> str:
    """The ranked list. pages: how many of the first pairs have a page; about: what was compared."""
    parts = {
        "about": escaped(about),
        "floor": str(FLOOR),
        "k": str(K),
        "guarantee": str(GUARANTEE),
        "distribution": distribution(comparison),
        "summary": escaped(summary(comparison)),
        "pairs": "\n".join(
            _pair_row(pair, rank, pages) for rank, pair in enumerate(comparison.pairs[:LISTED_PAIRS], start=1)
        ),
        "more": _more(len(comparison.pairs) - LISTED_PAIRS, "pairs that share something are in pairs.csv"),
        "hand_ins": "\n".join(_hand_in_row(code, own, comparison.dropped) for code, own in hand_ins),
        "problems": _problems([code for code, _ in hand_ins] + list(references)),
    }
    return fill(INDEX, parts)


def summary(comparison: Comparison) -> str:
    """Where the scores of all pairs lie: what a high one is to be seen against."""
    if not comparison.compared:
        return "No two hand-ins could be compared."
    scores = [pair.score for pair in comparison.pairs] + [0.0] * (comparison.compared - len(comparison.pairs))
    ordered = sorted(scores)
    median, high = (ordered[int(share * (len(ordered) - 1))] for share in (0.5, 0.95))
    return f"{comparison.compared:,} pairs: half score {median:.2f} or less, 95 in 100 {high:.2f} or less."


def distribution(comparison: Comparison) -> str:
    """A bar for each twentieth of the scale; heights are roots, or the few high scores would not be seen."""
    counts = [0] * BINS
    counts[0] = comparison.compared - len(comparison.pairs)
    for pair in comparison.pairs:
        counts[min(int(pair.score * BINS), BINS - 1)] += 1
    largest = max(*counts, 1)
    bars = []
    for place, count in enumerate(counts):
        title = f"{place / BINS:.2f} to {(place + 1) / BINS:.2f}: {count:,} pairs"
        height = 100 * (count / largest) ** 0.5
        bars.append(f'<span title="{title}"><b>{count or ""}</b><i style="height:{height:.1f}%"></i></span>')
    return "".join(bars)


def _pair_row(pair: Pair, rank: int, pages: int) -> str:
    score = f"{pair.score:.2f}"
    link = f'<a href="{pair_name(rank)}">{score}</a>' if rank <= pages else score
    kind = ' <em class="reference">reference</em>' if pair.reference else ""
    return (
        f'<tr><td class="number">{rank}</td><td class="score" style="--score:{pair.score:.3f}">{link}</td>'
        f'<td class="name">{escaped(pair.first)}</td><td class="name">{escaped(pair.second)}{kind}</td>'
        f'<td class="number shared">{pair.shared:,}</td>'
        f'<td class="number own">{pair.own_first:,} / {pair.own_second:,}</td></tr>'
    )


def _hand_in_row(code: Code, own: Owned, dropped: Mapping[str, int]) -> str:
    numbers = (len(code.files), len(own.fingerprints), dropped[code.name], len(code.problems))
    cells = "".join(f'<td class="number">{number:,}</td>' for number in numbers)
    return f"<tr><td>{escaped(code.name)}</td><td>{escaped(own.student)}</td>{cells}</tr>"


def _problems(codes: Sequence[Code]) -> str:
    """What could not be read, and what looked odd, for each hand-in."""
    items = []
    for code in codes:
        lines = [escaped(problem) for problem in code.problems[:LISTED_PROBLEMS]]
        lines += [more] if (more := _more(len(code.problems) - LISTED_PROBLEMS, "more")) else []
        if lines:
            items.append(f"<dt>{escaped(code.name)}</dt>" + "".join(f"<dd>{line}</dd>" for line in lines))
    return f"<dl>{''.join(items)}</dl>" if items else "<p>Nothing.</p>"


def _more(number: int, what: str) -> str:
    return f"{number:,} {what}" if number > 0 else ""


def pair_page(
    pair: Pair, rank: int, blocks: Sequence[Block], texts: tuple[Mapping[str, str], Mapping[str, str]]
) -> str:
    """What two hand-ins share, side by side, the longest block first. texts: path -> text, of either."""
    shown, sections, colour = blocks[:MOST_BLOCKS], [], 0
    for number, block in enumerate(shown, start=1):
        sections.append(_section(block, number, colour, texts))
        colour += len(block.runs)
    parts = {
        "rank": str(rank),
        "score": f"{pair.score:.2f}",
        "first": escaped(pair.first),
        "second": escaped(pair.second),
        "kind": "a reference" if pair.reference else "another hand-in",
        "shared": f"{pair.shared:,}",
        "own_first": f"{pair.own_first:,}",
        "own_second": f"{pair.own_second:,}",
        "blocks": "\n".join(sections),
        "more": _more(len(blocks) - len(shown), "shorter places are not shown"),
    }
    return fill(PAIR, parts)


def _section(
    block: Block, number: int, colour: int, texts: tuple[Mapping[str, str], Mapping[str, str]]
) -> str:
    first, second = block.runs[0].first_path, block.runs[0].second_path
    sides = (
        (first, texts[0][first], block.first_lines, [run.first_lines for run in block.runs]),
        (second, texts[1][second], block.second_lines, [run.second_lines for run in block.runs]),
    )
    panes = "\n".join(_pane(path, text, lines, runs, colour) for path, text, lines, runs in sides)
    heading = f"<h2>{number}. {block.length:,} symbols alike</h2>"
    return f'<section class="block">{heading}\n<div class="sides">\n{panes}\n</div></section>'


def _pane(path: str, text: str, lines: tuple[int, int], runs: Sequence[tuple[int, int]], colour: int) -> str:
    """The lines of one side, those of a run in its colour."""
    all_lines = text.split("\n")
    start, end = max(1, lines[0] - CONTEXT), min(len(all_lines), lines[1] + CONTEXT)
    rows = []
    for line in range(start, min(end, start + MOST_LINES - 1) + 1):
        covering = [place for place, (begin, last) in enumerate(runs) if begin <= line <= last]
        mark = f' class="m m{(colour + covering[-1]) % COLOURS}"' if covering else ""
        content = all_lines[line - 1]
        cut = escaped(content[:LONGEST_LINE]) + ("…" if len(content) > LONGEST_LINE else "")
        rows.append(f"<li{mark} value={line}><code>{cut or ' '}</code></li>")
    rest = _more(end - start - MOST_LINES + 1, "more lines")
    where = f"{escaped(path)}, lines {lines[0]} to {lines[1]}"
    return f'<div class="side"><h3>{where}</h3><ol tabindex="0" aria-label="{where}">{"".join(rows)}</ol>' + (
        f"<p>{rest}</p></div>" if rest else "</div>"
    )
