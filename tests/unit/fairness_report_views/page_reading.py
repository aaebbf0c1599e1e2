"""Reads a page back: its tables, and everything that must or must not be in it."""

from html.parser import HTMLParser
from typing import NamedTuple


class ReadCell(NamedTuple):
    """One cell: its text, the exact numbers in it, its state."""

    text: str
    numbers: tuple[float, ...]
    state: str | None


class ReadTable(NamedTuple):
    """A table by its caption; `rows` by the text of the row's heading."""

    caption: str
    columns: list[str]
    rows: dict[str, list[ReadCell]]

    def cell(self, row: str, column: str) -> ReadCell:
        """The cell of a row and a column by their headings."""
        return self.rows[row][self.columns.index(column) - 1]


class Page(HTMLParser):
    """All tables and all tags of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tables: list[ReadTable] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._text = ""
        self._numbers: list[float] = []
        self._state: str | None = None
        self._row: str | None = None
        self._is_heading = False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a cell, heading or caption; keep the exact number of a `data` element."""
        found = dict(attrs)
        self.tags.append((tag, found))
        if tag == "table":
            self.tables.append(ReadTable("", [], {}))
        if tag in ("td", "th", "caption"):
            self._text, self._numbers, self._state = "", [], found.get("data-state")
            self._is_heading = found.get("scope") == "row"
        if tag == "data":
            self._numbers.append(float(found["value"] or "nan"))

    def handle_endtag(self, tag: str) -> None:
        """Store the cell, heading or caption that ends here."""
        if tag not in ("td", "th", "caption"):
            return
        text = " ".join(self._text.split())
        table = self.tables[-1]
        if tag == "caption":
            self.tables[-1] = table._replace(caption=text)
        elif tag == "td":
            table.rows[self._row or ""].append(ReadCell(text, tuple(self._numbers), self._state))
        elif self._is_heading:
            self._row = text
            table.rows.setdefault(text, [])
        else:
            table.columns.append(text)

    def handle_data(self, data: str) -> None:
        """Collect text."""
        self._text += f" {data}"

    def having(self, column: str, row: str) -> list[ReadTable]:
        """Tables with such a column and row."""
        return [table for table in self.tables if column in table.columns and row in table.rows]
