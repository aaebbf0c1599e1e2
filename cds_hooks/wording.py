"""Words and numbers of a card: natural frequencies, quantities, dates, and text made safe for Markdown.

Whatever a patient's record, a code's display or a third party's manifest says passes through `escape` before
it stands in a card's detail, and through `plain` before it stands in a summary.
"""

import html
import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache

from fhir_mapping.terminology.readable import readable_unit
from models.prediction import OutputValue

__all__ = [
    "about",
    "count",
    "day",
    "denominator",
    "escape",
    "escape_fixed",
    "fill",
    "number",
    "plain",
    "quantity",
    "readable_unit",
    "span",
    "summary",
]

SUMMARY_LIMIT = 139  # CDS Hooks 2.0: fewer than 140 characters
TEXT_LIMIT = 1000

_MARKDOWN = re.compile(r"([\\`*_\[\]|~$])")
_BLOCK_START = re.compile(r"(?:[#+=-]|\d+(?=[.)](?:\s|\Z)))")
# GitHub links these without any brackets, and a backslash does not stop all of them.
_AUTOLINKS = (
    (re.compile(r":(?=//)"), ": "),
    (re.compile(r"\b(www)(?=\.)", re.IGNORECASE), r"\1 "),
    (re.compile(r"\b(mailto|xmpp):", re.IGNORECASE), r"\1 :"),
    (re.compile(r"@"), " (at) "),
)
# A line without any of these is the same after everything that `escape` does.
_SPECIAL = re.compile(r"[\\`*_\[\]|~$:@&<>]|www|\A[#+=-]|\A\d+[.)]", re.IGNORECASE)
_PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)\.(of100|low100|high100|typical100)\}")
_DAY = re.compile(r"\d{4}(?:-\d{2}(?:-\d{2})?)?(?=T|\Z)")
_DANGLING = frozenset(("about", "in", "of", "to", "than", "fewer", "more", "the", "a", "(typical"))


def plain(text: str, limit: int = TEXT_LIMIT) -> str:
    """One line of visible characters, at most `limit`: no controls, no direction marks, single spaces."""
    if text.isprintable():  # by Unicode's own definition it then holds none of what is taken out below
        line = " ".join(text[: 4 * limit].split())
        return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"
    kept = (" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in text[: 4 * limit])
    visible = "".join(c for c in kept if unicodedata.category(c) not in ("Cf", "Cs", "Cn", "Co"))
    line = " ".join(visible.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def escape(text: str, limit: int = TEXT_LIMIT) -> str:
    """Text that GitHub-flavoured Markdown shows as it is: no HTML, emphasis, code, link or table break.

    What GitHub links without brackets (addresses of the web and of mail) is broken up visibly.
    """
    line = plain(text, limit)
    if _SPECIAL.search(line) is None:
        return line
    for pattern, replacement in _AUTOLINKS:
        line = pattern.sub(replacement, line)
    line = " ".join(line.split())
    line = _MARKDOWN.sub(r"\\\1", html.escape(line, quote=False))
    start = _BLOCK_START.match(line)
    if start is None:
        return line
    # A backslash works before punctuation only, so "1." becomes "1\." and "# " becomes "\# ".
    at = start.end() if start[0][0].isdigit() else 0
    return f"{line[:at]}\\{line[at:]}"


@lru_cache(maxsize=4096)
def escape_fixed(text: str) -> str:
    """`escape` for the words of a manifest or an audit, worked out once; never for those of a record, which
    would be kept."""
    return escape(text)


def summary(text: str, limit: int = SUMMARY_LIMIT) -> str:
    """A card's summary: one plain line of at most `limit` UTF-16 units, cut after a whole word.

    A cut text ends with an ellipsis and never with a number or the words that lead to one, because "about 9
    in" without its denominator misleads.
    """
    line = plain(text)
    if _units(line) <= limit:
        return line
    words: list[str] = []
    if " " not in line[:limit]:
        return line[: limit // 2].rstrip("0123456789.,") + "…"
    for word in line.split(" "):
        if _units(" ".join([*words, word])) >= limit:
            break
        words.append(word)
    while words and (words[-1].lower() in _DANGLING or any(c.isdigit() for c in words[-1])):
        words.pop()
    return " ".join(words).rstrip(" ,;:(") + "…"


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def denominator(probability: float) -> int:
    """100, or 1000 for a probability under 1 %."""
    return 100 if probability >= 0.01 else 1000


def count(probability: float, of: int = 100) -> str:
    """How many of `of` people, rounded half up; "fewer than 1" and "more than 99" at the ends, never all.

    Raises ValueError when the probability is NaN or outside [0, 1].
    """
    if not 0.0 <= probability <= 1.0:
        raise ValueError("a probability must lie in [0, 1]")
    people = math.floor(probability * of + 0.5)
    if people == 0:
        return "fewer than 1"
    return f"more than {of - 1}" if people >= of else str(people)


def span(low: float, high: float, of: int = 100) -> str:
    """An interval in people: `6 to 13`; `about 9` when both ends round to the same."""
    first, last = count(low, of), count(high, of)
    return f"{first} to {last}" if first != last else about(first)


def about(people: str) -> str:
    """`about 9`, but `fewer than 1` as it is."""
    return f"about {people}" if people.isdigit() else people


def fill(template: str, outputs: Iterable[OutputValue]) -> str | None:
    """A manifest's sentence with its `{output.of100}` placeholders filled; None when one has no value.

    `of100`, `low100`, `high100` and `typical100` are counts of 100 people.
    """
    numbers = {output.name: _counts(output) for output in outputs}
    try:
        text = _PLACEHOLDER.sub(lambda found: numbers[found[1]][found[2]], template)
    except KeyError:
        return None
    text = re.sub(r"\babout (?=(?:fewer|more) than)", "", text, flags=re.IGNORECASE)
    return text[:1].upper() + text[1:]


def _counts(output: OutputValue) -> dict[str, str]:
    counts = {"of100": count(output.probability), "low100": count(output.low), "high100": count(output.high)}
    return counts if output.typical is None else {**counts, "typical100": count(output.typical)}


def number(value: float) -> str:
    """Three significant digits, whole numbers in full: 27.43 is 27.4, 131.4 is 131, 12345.6 is 12346.

    Raises ValueError for NaN and infinity.
    """
    if not math.isfinite(value):
        raise ValueError("only finite numbers are shown")
    if value == 0:
        return "0"
    decimals = min(max(0, 2 - math.floor(math.log10(abs(value)))), 12)
    text = f"{value:.{decimals}f}"
    text = text.rstrip("0").rstrip(".") if decimals else text
    return "0" if text in ("", "-0", "-") else text


def quantity(value: float, ucum: str | None) -> str:
    """Number and unit, `27.4 kg/m²`; the number alone without a unit."""
    return f"{number(value)} {readable_unit(ucum or '1')}".rstrip()


def day(recorded: str | None) -> str:
    """The day (or month, or year) of a FHIR date or dateTime; empty when it is none."""
    found = _DAY.match(recorded or "")
    return found[0] if found else ""


def listing(items: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, [", ".join(items[:-1]), *items[-1:]]))
