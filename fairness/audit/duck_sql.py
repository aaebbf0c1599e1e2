"""What DuckDB is asked for: columns as numbers, flags, groups, and the counts of a tally."""

from collections.abc import Mapping

from fairness.audit.checks import MISSING, OUTSIDE, UNREADABLE, type_error
from fairness.audit.entries import NO_NUMBER
from fairness.audit.source import Source
from fairness.engine import ScoreGrid
from fairness.engine.tally import MOMENT_SCALE, SUM_SCALE

SPLIT = 2**32
_NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER",
            "UBIGINT", "UHUGEINT", "FLOAT", "DOUBLE", "DECIMAL", "BOOLEAN", '"NULL"')  # fmt: skip
_NO_GROUPS = ("STRUCT", "MAP", "UNION", "BLOB")
_FLOATS = ("FLOAT", "DOUBLE")


class Expressions:
    """SQL of single columns by the file's types."""

    def __init__(self, source: Source, types: Mapping[str, str]) -> None:
        self._source, self._types = source, types

    def number(self, name: str, *, is_flag: bool = False) -> str:
        """A double, NULL or NaN where there is none; of a flag, true and false are 1 and 0.

        Raises `AuditError` for a column that holds neither numbers nor text.
        """
        if not self._is_text(name):
            return f"TRY_CAST({quoted(name)} AS DOUBLE)"
        text = self._trimmed(name)
        # A bare cast would be moved into the reader of CSV files, which then stops at text.
        plain = f"TRY_CAST({text} AS DOUBLE)"
        if not is_flag:
            return plain
        return (
            f"CASE lower({text}) WHEN 'true' THEN 1.0::DOUBLE WHEN 'false' THEN 0.0::DOUBLE ELSE {plain} END"
        )

    def unreadable(self, name: str, *, is_flag: bool = False) -> str:
        """Whether a row has a text that is no number."""
        if not self._is_text(name):
            return "FALSE"
        text, nothing = self._trimmed(name), ", ".join(map(literal, NO_NUMBER))
        number = self.number(name, is_flag=is_flag)
        return f"({text} IS NOT NULL AND lower({text}) NOT IN ({nothing}) AND {number} IS NULL)"

    def entry(self, name: str) -> str:
        """An entry of a group or class: lists and floating-point numbers as they are, the rest as text.

        Raises `AuditError` for a column of records or bytes.
        """
        kind = self._types[name]
        if kind.endswith("[]") or kind in _FLOATS:
            return quoted(name)
        if kind.startswith(_NO_GROUPS):
            raise type_error(
                self._source, name, kind.partition("(")[0].lower(), "write one text for each row"
            )
        return f"CAST({quoted(name)} AS VARCHAR)"

    def _trimmed(self, name: str) -> str:
        return f"trim(CAST({quoted(name)} AS VARCHAR))"

    def _is_text(self, name: str) -> bool:
        kind = self._types[name]
        if kind.startswith(("VARCHAR", "ENUM")) and not kind.endswith("]"):
            return True
        if kind.endswith("]") or not kind.startswith(_NUMBERS):
            raise type_error(self._source, name, kind.lower(), "write numbers")
        return False


def counting(source: Source, expressions: Expressions, scan: str, grid: ScoreGrid) -> str:
    """One row for each combination of group entries, outcome, score bin and card that occurs.

    `outcome` and `bin` hold the codes of `checks` where there is no valid number; `card` is 0 without a
    column for it.
    """
    columns = source.columns
    entries = "".join(f"{expressions.entry(name)} AS g{at}, " for at, name in enumerate(columns.groups))
    groups = "".join(f"g{at}, " for at in range(len(columns.groups)))
    shown, bad_shown = "0", "FALSE"
    if columns.shown is not None:
        shown = expressions.number(columns.shown, is_flag=True)
        bad_shown = expressions.unreadable(columns.shown, is_flag=True)
    cuts = "".join(f" + (q >= {cut!r}::DOUBLE)::INTEGER" for cut in grid.cuts().tolist())
    place = f"least(TRY_CAST(floor(q * {grid.bins}) AS INTEGER), {grid.bins - 1}){cuts}"
    powers = ("q", "(e - q) * (e - q)", "((e - q) * (e - q)) * ((e - q) * (e - q))")
    moments = ", ".join(
        f"sum(TRY_CAST(({power}) * {MOMENT_SCALE:.0f}::DOUBLE AS BIGINT)) AS m{k}"
        for k, power in enumerate(powers)
    )
    split = ", ".join(
        f"(m{k} // {SPLIT})::BIGINT AS m{k}_high, (m{k} % {SPLIT})::BIGINT AS m{k}_low" for k in range(3)
    )
    return f"""
        WITH numbers AS (
            SELECT {entries} {expressions.number(columns.score)} AS p,
                {expressions.unreadable(columns.score)} AS p_bad,
                {expressions.number(columns.outcome, is_flag=True)} AS y,
                {expressions.unreadable(columns.outcome, is_flag=True)} AS y_bad,
                {shown} AS s, {bad_shown} AS s_bad
            FROM {scan}),
        guarded AS (
            SELECT {groups} y, p, s, p_bad, y_bad, s_bad,
                CASE WHEN y = 1 THEN 1.0::DOUBLE ELSE 0.0::DOUBLE END AS e,
                CASE WHEN NOT isnan(p) AND p BETWEEN 0 AND 1 THEN p ELSE 0.0::DOUBLE END AS q
            FROM numbers),
        checked AS (
            SELECT {groups} e, q, {_state("y", "y IN (0, 1)", "CAST(e AS INTEGER)")} AS outcome,
                {_state("p", "p BETWEEN 0 AND 1", place)} AS bin,
                {_state("s", "s IN (0, 1)", "CAST(s AS INTEGER)")} AS card
            FROM guarded),
        counted AS (
            SELECT {groups} outcome, bin, card, count(*) AS people,
                sum(TRY_CAST(q * {SUM_SCALE:.0f}::DOUBLE AS BIGINT)) AS sums, {moments}
            FROM checked GROUP BY ALL)
        SELECT {groups} outcome, bin, card, people, sums::BIGINT AS sums, {split} FROM counted
    """  # noqa: S608 - column names are quoted, everything else is a number


def literal(value: str) -> str:
    """A text in SQL."""
    return "'" + value.replace("'", "''") + "'"


def quoted(name: str) -> str:
    """A column's name in SQL."""
    return '"' + name.replace('"', '""') + '"'


def _state(name: str, valid: str, value: str) -> str:
    """The value of a number that is valid; a code where there is none, another one, or an unreadable text."""
    return (
        f"CASE WHEN {name}_bad THEN {UNREADABLE} WHEN {name} IS NULL OR isnan({name}::DOUBLE) THEN {MISSING} "
        f"WHEN {valid} THEN {value} ELSE {OUTSIDE} END"
    )
