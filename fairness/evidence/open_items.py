"""What a record cannot answer, each with its remedy: shown in every view, never hidden."""

from collections.abc import Iterator, Mapping
from typing import Any

from fairness.evidence.facts import facts
from fairness.evidence.plain import MOST_GRADE
from fairness.evidence.pointers import found_at, is_told

OpenItem = dict[str, str]
_GROUPS = ("internal_groups", "external_groups")


def open_items(document: Mapping[str, Any]) -> list[OpenItem]:
    """Open items of a record, in a fixed order: declarations first, then what the figures leave open.

    Each has `at` (place in the record), `about`, `what` and `remedy`.
    """
    return [*_undeclared(document), *_unshown(document)]


def _undeclared(document: Mapping[str, Any]) -> Iterator[OpenItem]:
    for one in facts("requirements")["required"]:
        if not is_told(found_at(document, one["at"])):
            yield {name: str(one[name]) for name in ("at", "about", "what", "remedy")}


def _unshown(document: Mapping[str, Any]) -> Iterator[OpenItem]:
    if document["regulatory"]["plain"] is not None and document["plain"]["grade"] > MOST_GRADE:
        what = f"The plain summary asks for school grade {document['plain']['grade']}"
        yield _item("plain/grade", "summary", what, f"Shorten its sentences until grade {MOST_GRADE:g}")
    if document["evaluation"] is None:
        yield _item(
            "evaluation", "evidence", "There is no evaluation", "Evaluate the model and seal its folder"
        )
        return
    groups = (row for part in _GROUPS for row in document["summary"][part])
    measured = {row["attribute"] for row in groups}
    for attribute in document["manifest"]["fairness"]["attributes"]:
        if attribute not in measured:
            what = f"Nothing is known about fairness by {attribute.replace('_', ' ')}"
            yield _item("summary/internal_groups", "fairness", what, "Evaluate on data that record it")
    thin = document["summary"]["thin"]
    if thin:
        remedy = "Collect more patients of these groups, see summary/thin"
        what = f"Groups with too little evidence: {len(thin)}"
        yield _item("summary/thin", "fairness", what, remedy)


def _item(at: str, about: str, what: str, remedy: str) -> OpenItem:
    return {"at": at, "about": about, "what": what, "remedy": remedy}
