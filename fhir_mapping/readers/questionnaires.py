"""Answers to the items of a questionnaire, summed."""

import math
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, NamedTuple, cast

import msgspec

from fhir_mapping.errors import SpecError
from fhir_mapping.issues import Issue
from fhir_mapping.readers.statuses import IGNORED, by_code, statuses
from fhir_mapping.readers.window import placed
from fhir_mapping.record import PatientRecord
from fhir_mapping.resources import QuestionnaireResponse
from fhir_mapping.spec import Questionnaire
from fhir_mapping.terminology.code_systems import meant
from fhir_mapping.times import EARLIEST, IndexTime
from fhir_mapping.values import FeatureValue, missing
from fhir_mapping.wire import Coding, decoder

# What does not count, and need not be told: other forms, other times, forms that are not finished.
_ELSEWHERE = frozenset((IGNORED, "status-not-accepted", "after-index-time", "stale"))
_MAX_DEPTH = 20
_LARGEST_INTEGER = 2**31  # FHIR integers have 32 bits
_CANONICAL = re.compile(r"(https?://|urn:)[^\s|]+(\|[^\s|]+)?\Z")


class Answer(msgspec.Struct, gc=False, rename="camel"):
    """FHIR QuestionnaireResponse.item.answer; further items may hang on an answer."""

    value_integer: int | None = None
    value_decimal: float | None = None
    value_boolean: bool | None = None
    value_coding: Coding | None = None
    item: msgspec.Raw = msgspec.Raw()


class Item(msgspec.Struct, gc=False, rename="camel"):
    """FHIR QuestionnaireResponse.item; nested items stay raw until they are walked."""

    link_id: str | None = None
    answer: list[Answer] | None = None
    item: msgspec.Raw = msgspec.Raw()


_decode_items = decoder(list[Item])


class Form(NamedTuple):
    """A canonical URL and, where one is asked for or told, its version."""

    url: str
    version: str

    @classmethod
    def of(cls, canonical: str | None) -> "Form":
        """Split `url|version`."""
        url, _, version = (canonical or "").partition("|")
        return cls(url, version)


class QuestionnaireReader:
    """Compiled form of a `questionnaire` feature."""

    kinds = ("QuestionnaireResponse",)
    __slots__ = ("answers", "form", "high", "items", "low", "name", "spec", "statuses", "unit", "window")

    def __init__(self, spec: Questionnaire) -> None:
        """Raises SpecError for a URL that is none, and for items that are missing or named twice."""
        if not _CANONICAL.match(spec.questionnaire):
            raise SpecError("must be a canonical URL, with |version only where it matters", "questionnaire")
        if not spec.items or len(set(spec.items)) != len(spec.items):
            raise SpecError("must name at least one linkId, and each once", "items")
        self.spec = spec
        self.name = spec.name
        self.unit = spec.unit
        self.form = Form.of(spec.questionnaire)
        self.items = spec.items
        self.answers = {(answer.system, answer.code): answer.value for answer in spec.answers}
        self.statuses = frozenset(spec.statuses)
        self.window = spec.seconds
        self.low, self.high = spec.range or (-math.inf, math.inf)

    def meaning(self) -> dict[str, object]:
        """What the digest holds beside the spec: answers without their labels."""
        return {"answers": sorted((*pair, value) for pair, value in self.answers.items())}

    def told(self) -> dict[str, Any]:
        """What a third party needs to know to send this."""
        answers = [
            {"system": one.system, "code": one.code, "value": one.value, "label": one.label}
            for one in self.spec.answers
        ]
        return {
            "questionnaire": self.spec.questionnaire,
            "items": list(self.items),
            "answers": [{key: value for key, value in one.items() if value is not None} for one in answers],
            "statuses": sorted(self.statuses),
            "value": "sum of the latest answers",
        }

    def read(self, record: PatientRecord, index: IndexTime) -> FeatureValue:
        """The score of the newest form in the window. One that may be the newest and cannot be used gives no
        score: an older one in its place would be yesterday's news."""
        decisive, aside = self._newest(record, index)
        if decisive is not None:
            at, reason = decisive
            score = self._score(record, at) if reason is None else reason
            if isinstance(score, float):
                date = record.resources[at].began
                return FeatureValue(self.name, score, unit=self.unit, date=date, source=record.source(at))
            record.issues.append(Issue(record.path(at), score, f"feature {self.name} could not use this"))
            return missing(self.name, score, self.unit)
        if record.doubts(self.kinds):
            aside = "incomplete"
        elif aside == "not-recorded" and not record.provides(self.kinds):
            aside = "not-provided"
        return missing(self.name, aside, self.unit)

    def _newest(self, record: PatientRecord, index: IndexTime) -> tuple[tuple[int, str | None] | None, str]:
        """Position of the form that decides with the reason that stands against it, and why others do not
        count; of equal times the greatest id decides."""
        aside = "not-recorded"
        earliest = EARLIEST if self.window == math.inf else index.back(self.window)
        found: list[tuple[bool, datetime, str, int, str | None]] = []
        for at in record.of_kind("QuestionnaireResponse"):
            response = cast(QuestionnaireResponse, record.resources[at])
            standing = self._standing(response)
            if standing is not None and standing in _ELSEWHERE:
                aside = standing or aside
                continue
            when, reason = placed(response.began, index, earliest)
            if reason in _ELSEWHERE:
                aside = reason or aside
                continue
            reason = ("ambiguous" if record.is_ambiguous(at) else None) or reason or standing
            found.append((when is None, when or EARLIEST, response.id or "", at, reason))
        if not found:
            return None, aside
        *_, at, reason = max(found, key=lambda one: one[:3])
        return (at, reason), aside

    def _standing(self, response: QuestionnaireResponse) -> str | None:
        """None for a form that counts, "" for another form, else the reason why it does not or may not."""
        form = Form.of(response.questionnaire)
        fits = self._fits(form) if form.url else self._may_fit(response)
        if fits is False:
            return IGNORED
        told = by_code(response.status, self.statuses, statuses().status["QuestionnaireResponse"])
        if told == IGNORED:
            return "status-not-accepted"
        return told or (None if fits else "detail-missing")

    def _fits(self, form: Form) -> bool | None:
        """Whether a response is to the form; None when it leaves out the version that is asked for."""
        if form.url != self.form.url:
            return False
        if self.form.version and not form.version:
            return None
        return self.form.version in ("", form.version)

    def _may_fit(self, response: QuestionnaireResponse) -> bool | None:
        """False for a response without its form that answers none of the items, None for any other."""
        raw = bytes(response.item)
        try:
            links = {item.link_id for item in _walk(_decode_items(raw) if raw else (), 0)}
        except msgspec.MsgspecError:
            return None
        return False if links.isdisjoint(self.items) else None

    def _score(self, record: PatientRecord, at: int) -> float | str:
        """Sum of the items, or the reason why there is none."""
        raw = bytes(cast(QuestionnaireResponse, record.resources[at]).item)
        if not record.accepts(at):
            return "invalid-resource" if record.concerns(record.resources[at]) else "other-subject"
        found: dict[str, list[Answer]] = {}
        try:
            for item in _walk(_decode_items(raw) if raw else (), 0):
                found.setdefault(item.link_id or "", []).extend(item.answer or ())
        except msgspec.MsgspecError:
            return "invalid-resource"
        numbers: list[float] = []
        for link in self.items:
            answers = found.get(link, [])
            if len(answers) != 1:
                return "several-answers" if answers else "not-answered"
            number = self._number(answers[0])
            if isinstance(number, str):
                return number
            numbers.append(number)
        total = math.fsum(numbers)
        return total if self.low <= total <= self.high else "out-of-range"

    def _number(self, answer: Answer) -> float | str:
        if answer.value_coding is not None:
            code, system = meant(answer.value_coding)
            number = self.answers.get((system or "", code or ""))
            return "answer-not-listed" if number is None else number
        if answer.value_integer is not None and abs(answer.value_integer) > _LARGEST_INTEGER:
            return "invalid-resource"
        for value in (answer.value_integer, answer.value_decimal, answer.value_boolean):
            if value is not None:
                return float(value)
        return "no-value"


def _walk(items: Iterable[Item], depth: int) -> Iterator[Item]:
    """Items with those inside them and inside their answers; raises MsgspecError."""
    if depth > _MAX_DEPTH:
        raise msgspec.ValidationError("items are nested too deeply")
    for item in items:
        yield item
        for inner in (item.item, *(answer.item for answer in item.answer or ())):
            raw = bytes(inner)
            if raw:
                yield from _walk(_decode_items(raw), depth + 1)
