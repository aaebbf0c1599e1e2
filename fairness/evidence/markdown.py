"""The model card in Markdown: everything a reader asks first, and every open item."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fairness.evidence.record import Record
from fairness.evidence.wording import at_text, plain, trait_text

_TEXT_MARKS = str.maketrans({mark: f"\\{mark}" for mark in "\\`*_[]<>#|"})
_PARTS = {
    "internal": "Everybody, on data of the same source",
    "internal_groups": "Groups, on data of the same source",
    "external": "Everybody, on data from elsewhere",
    "external_groups": "Groups, on data from elsewhere",
}


def page(record: Record) -> bytes:
    """The card as Markdown in UTF-8; texts of the manifest are escaped."""
    return ("\n".join(_lines(record)) + "\n").encode()


def _lines(record: Record) -> Iterator[str]:
    document = record.document
    manifest, use = document["manifest"], document["manifest"]["intended_use"]
    yield f"# {_text(document['title'])}"
    yield from ("", _text(manifest["description"]), "")
    yield f"Model {_text(document['model'])}, version {_text(document['version'])}, {manifest['status']}."
    yield f"Developer: {_text(manifest['developer']['name'])}, {_text(manifest['developer']['contact'])}."
    yield from _open(record.open_items)
    yield from _section("Purpose", [use["purpose"], use["decision_role"]])
    yield from _section("For whom", [use["population"], use["users"]])
    yield from _section("Not for", use["not_for"])
    yield from _section("Risks", use["risks"])
    yield from _section("Limits", use["limits"])
    training = manifest["training"]
    yield from _section("Training data", [training["data"], training["inclusion"], training["exclusion"]])
    traits = [*document["protected"]["traits"], *document["protected"]["others"]]
    yield from _section("Protected traits among the inputs", [trait_text(trait) for trait in traits])
    for part, title in _PARTS.items():
        yield from _table(title, document["summary"][part])
    yield from _section("Medical device question", _device(document["device"]))
    yield from _section("Digests", [f"{name}: {digest}" for name, digest in document["digests"].items()])
    yield f"- evidence record: {record.sha256}"


def _open(items: Sequence[Mapping[str, str]]) -> Iterator[str]:
    yield from ("", f"## Open items ({len(items)})", "")
    yield from (f"- {_text(one['what'])}. {_text(one['remedy'])}." for one in items)
    if not items:
        yield "None."


def _section(title: str, lines: Sequence[Any]) -> Iterator[str]:
    yield from ("", f"## {title}", "")
    yield from (f"- {_text(plain(line))}" for line in lines)
    if not lines:
        yield "Nothing is declared."


def _table(title: str, rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield from ("", f"## {title}", "")
    if not rows:
        yield "Nothing is known."
        return
    yield "| Data | Output | Group | n | Events | Figure | Value (95 % interval) |"
    yield "|---|---|---|---|---|---|---|"
    for row in rows:
        head = f"| {row['dataset']} | {row['output']} | {_text(row['label'])} |"
        if row["state"] == "masked":
            yield f"{head} withheld | withheld | | |"
        for one in row["figures"]:
            yield f"{head} {row['n']} | {row['events']} | {one['label']}{at_text(one)} | {one['text']} |"


def _device(device: Mapping[str, Any]) -> list[str]:
    lines = [f"Conclusion: {device['conclusion']}"]
    lines += [
        f"Criterion {one['id']}, {one['state']}: {'; '.join(one['reasons'])}" for one in device["criteria"]
    ]
    return lines + ([device["why"]] if device["why"] else [])


def _text(text: str) -> str:
    return " ".join(text.split()).translate(_TEXT_MARKS)
