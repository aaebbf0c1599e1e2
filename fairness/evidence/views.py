"""Every view of a record by its file name; each is made from the record alone."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from types import MappingProxyType

import msgspec

from fairness.evidence import chai, html, markdown, transparency
from fairness.evidence.crosswalk import FRAMEWORKS, filled
from fairness.evidence.facts import facts
from fairness.evidence.record import Record

JSON, HTML, XML = "application/json", "text/html; charset=utf-8", "application/xml"
MARKDOWN, FHIR = "text/markdown; charset=utf-8", "application/fhir+json"


class View(msgspec.Struct, frozen=True):
    """A file: its media type, the function that makes its bytes, and what it is in a few words."""

    media_type: str
    make: Callable[[Record], bytes]
    title: str


def _device_json(record: Record) -> bytes:
    document = {
        "model": record.document["model"],
        "version": record.document["version"],
        "device": record.document["device"],
        "record_sha256": record.sha256,
        "open_items": record.open_items,
    }
    return msgspec.json.format(msgspec.json.encode(document, order="sorted"), indent=1) + b"\n"


def _transparency(record: Record) -> bytes:
    return transparency.encode(transparency.bundle(record))


def _framework_json(name: str, record: Record) -> bytes:
    return filled(name, record).encode()


def _all() -> Iterator[tuple[str, View]]:
    yield "summary.html", View(HTML, html.summary, "Summary in plain language")
    yield "model-card.md", View(MARKDOWN, markdown.page, "The model in full")
    yield "record.json", View(JSON, Record.encode, "Evidence record, from which all else here is made")
    yield "chai-model-card.xml", View(XML, chai.as_xml, "CHAI Applied Model Card")
    yield "chai-model-card.json", View(JSON, chai.as_json, "CHAI Applied Model Card")
    yield "ai-transparency.json", View(FHIR, _transparency, "HL7 AI Transparency on FHIR")
    for name in FRAMEWORKS:
        title = facts(name)["title"]
        yield f"{name}.html", View(HTML, partial(html.framework, name), title)
        yield f"{name}.json", View(JSON, partial(_framework_json, name), title)
    device = "FDA clinical decision support: self-assessment by four criteria"
    yield "fda-cds.html", View(HTML, html.device, device)
    yield "fda-cds.json", View(JSON, _device_json, device)


VIEWS: Mapping[str, View] = MappingProxyType(dict(_all()))
