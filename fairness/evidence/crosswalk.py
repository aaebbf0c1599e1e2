"""Frameworks of questions, answered by pointers into the record; a question without an answer stays open."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import msgspec

from fairness.evidence.facts import facts
from fairness.evidence.pointers import found_at, is_told
from fairness.evidence.record import Record
from fairness.evidence.wording import told

FRAMEWORKS = ("onc-predictive", "onc-evidence-based", "tripod-ai", "probast-ai", "future-ai", "ai-act")
State = Literal["answered", "partly", "open", "not available"]


class Pointer(msgspec.Struct, frozen=True):
    """A place in the record and what stands there, in lines of text."""

    at: str
    lines: tuple[str, ...]


class Answer(msgspec.Struct, frozen=True):
    """One question. `evidence` holds the places that say something, `missing` those that do not.

    `not available`: open, and the rule lets it be stated so.
    """

    id: str
    group: str
    text: str
    state: State
    evidence: tuple[Pointer, ...]
    missing: tuple[str, ...]


class Crosswalk(msgspec.Struct, frozen=True):
    """A framework filled for one version of a model, with the open items of the whole record."""

    framework: str
    title: str
    source: str
    framework_version: str
    note: str
    model: str
    version: str
    record_sha256: str
    needs_judgement: bool
    answers: tuple[Answer, ...]
    open: tuple[str, ...]
    open_items: list[dict[str, str]]

    def encode(self) -> bytes:
        """As JSON with sorted keys."""
        return msgspec.json.format(msgspec.json.encode(self, order="sorted"), indent=1) + b"\n"


def filled(framework: str, record: Record) -> Crosswalk:
    """One of `FRAMEWORKS` filled from a record; `open` lists the ids that are not answered in full."""
    content = facts(framework)
    answers = tuple(_answers(content, record.document))
    return Crosswalk(
        framework=framework,
        title=content["title"],
        source=content["source"],
        framework_version=content["version"],
        note=content["note"],
        model=record.document["model"],
        version=record.document["version"],
        record_sha256=record.sha256,
        needs_judgement=bool(content.get("needs_judgement", False)),
        answers=answers,
        open=tuple(answer.id for answer in answers if answer.state != "answered"),
        open_items=record.open_items,
    )


def _answers(content: Mapping[str, Any], document: Mapping[str, Any]) -> Iterator[Answer]:
    for item in content["items"]:
        values = {at: found_at(document, at) for at in item["at"]}
        evidence = tuple(Pointer(at, tuple(told(value))) for at, value in values.items() if is_told(value))
        missing = tuple(at for at, value in values.items() if not is_told(value))
        state = _state(bool(evidence), bool(missing), bool(item.get("may_be_unavailable", False)))
        yield Answer(item["id"], item["group"], item["text"], state, evidence, missing)


def _state(is_answered: bool, is_lacking: bool, may_be_unavailable: bool) -> State:
    if is_answered:
        return "partly" if is_lacking else "answered"
    return "not available" if may_be_unavailable else "open"
