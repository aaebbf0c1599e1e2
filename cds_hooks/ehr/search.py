"""The EHR's FHIR server in small: answers prefetch queries from a patient's Bundle.

It knows the subset that CDS Hooks 2.0 recommends (cds-hooks_2.0@58): reads, type searches, references,
tokens by equality, dates with eq, lt, gt, ge, le, `_count` and `_sort`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from cds_hooks.ehr.bundle_file import PatientBundle
from cds_hooks.ehr.dates import PREFIXES, DateRange, parse_date, range_of
from cds_hooks.ehr.errors import UnsupportedQuery
from cds_hooks.ehr.json_file import Resource
from cds_hooks.ehr.parameters import Parameter, parameter, values_at
from cds_hooks.ehr.query import Clause, Read, Search, SortKey, parse_query, split_unescaped, unescape
from cds_hooks.ehr.references import without_version

__all__ = ["BASE_URL", "answer"]

BASE_URL = "https://ehr.bedside.example/fhir"
"""Base of the fullUrls; nothing listens there, the data travels in the prefetch."""

_Matcher = Callable[[Resource], bool]


def answer(query: str, bundle: PatientBundle) -> Resource | None:
    """Answer a FHIR query: the resource that a read names or None, or a searchset Bundle for a search.

    A searchset's `total` counts all matches, its `entry` (absent when empty) holds at most `_count`.
    Raises UnsupportedQuery that names the parameter, prefix or modifier which it cannot answer.
    """
    parsed = parse_query(query)
    if isinstance(parsed, Read):
        return bundle.find(parsed.resource_type, parsed.resource_id)
    return _searchset(_matches(parsed, bundle), parsed.count)


def _searchset(matches: list[Resource], count: int | None) -> Resource:
    searchset: Resource = {"resourceType": "Bundle", "type": "searchset", "total": len(matches)}
    entries = [
        {
            "fullUrl": f"{BASE_URL}/{found['resourceType']}/{found['id']}",
            "resource": found,
            "search": {"mode": "match"},
        }
        for found in matches[:count]
    ]
    return searchset | {"entry": entries} if entries else searchset


def _matches(search: Search, bundle: PatientBundle) -> list[Resource]:
    parameter(search.resource_type, "_id")  # an unknown type is an error even without parameters
    matchers = [_matcher(search.resource_type, clause) for clause in search.clauses]
    matches = [
        found
        for found in bundle.of_type(search.resource_type)
        if all(is_match(found) for is_match in matchers)
    ]
    for key in reversed(search.sort):
        matches = _sorted(matches, key, parameter(search.resource_type, key.name))
    return matches


def _matcher(resource_type: str, clause: Clause) -> _Matcher:
    looked_at = parameter(resource_type, clause.name)
    build = {"token": _token_test, "date": _date_test, "reference": _reference_test}[looked_at.kind]
    tests = [build(clause.name, value) for value in clause.values]

    def is_match(resource: Resource) -> bool:
        elements = list(values_at(resource, looked_at.elements))
        return any(test(element) for test in tests for element in elements)

    return is_match


def _token_test(name: str, value: str) -> Callable[[Any], bool]:
    """Build the test of `code`, `system|code`, `|code` (no system) or `system|` (any code of the system)."""
    parts = [unescape(part) for part in split_unescaped(value, "|")]
    if len(parts) > 2 or not any(parts):
        raise UnsupportedQuery(f"a value of the search parameter {name!r} is no code, |code or system|code")
    code = parts[-1]
    system = parts[0] if len(parts) == 2 else None

    def is_match(element: Any) -> bool:
        return any(_same_token(found, system, code) for found in _tokens(element))

    return is_match


def _same_token(found: tuple[str | None, str], system: str | None, code: str) -> bool:
    found_system, found_code = found
    # A plain code element such as status carries no system: its binding implies one.
    right_system = system is None or found_system is None or found_system == system
    return right_system and code in ("", found_code)


def _tokens(element: Any) -> Iterator[tuple[str | None, str]]:
    """Yield (system, code) of each coding; system None for a plain code, "" for a coding without one."""
    if isinstance(element, bool):
        yield None, str(element).lower()
    elif isinstance(element, str):
        yield None, element
    elif isinstance(element, dict):
        codings = element["coding"] if isinstance(element.get("coding"), list) else [element]
        for coding in codings:
            code = coding.get("code", coding.get("value")) if isinstance(coding, dict) else None
            if isinstance(code, str):
                yield coding.get("system") or "", code


def _date_test(name: str, value: str) -> Callable[[Any], bool]:
    prefix, text = (value[:2], value[2:]) if value[:1].isalpha() else ("eq", value)
    if prefix not in PREFIXES:
        allowed = ", ".join(PREFIXES)
        raise UnsupportedQuery(f"a prefix of the search parameter {name!r} is none of {allowed}")
    # A "+" of a time zone that the template left unescaped arrives as a space.
    wanted = parse_date(text.replace(" ", "+"))
    if wanted is None:
        raise UnsupportedQuery(f"a value of the search parameter {name!r} is no date")
    compare = PREFIXES[prefix]

    def is_match(element: Any) -> bool:
        found = range_of(element)
        return found is not None and compare(found, wanted)

    return is_match


def _reference_test(name: str, value: str) -> Callable[[Any], bool]:
    """Build the test of a reference: an id, `Type/id` or an absolute URL; `patient` means a Patient."""
    wanted = without_version(unescape(value)).removeprefix(f"{BASE_URL}/")
    if name == "patient" and "/" not in wanted:
        wanted = f"Patient/{wanted}"

    def is_match(element: Any) -> bool:
        found = element.get("reference") if isinstance(element, dict) else None
        if not isinstance(found, str):
            return False
        found = without_version(found)
        return found == wanted or ("/" not in wanted and found.rpartition("/")[2] == wanted)

    return is_match


def _sorted(matches: list[Resource], key: SortKey, looked_at: Parameter) -> list[Resource]:
    """Sort by one parameter, stably; resources without a value come last in both directions."""
    keyed = [(list(_sort_values(found, looked_at, key.descending)), found) for found in matches]
    best = max if key.descending else min
    present = [(best(values), found) for values, found in keyed if values]
    present.sort(key=lambda pair: pair[0], reverse=key.descending)
    return [found for _, found in present] + [found for values, found in keyed if not values]


def _sort_values(resource: Resource, looked_at: Parameter, descending: bool) -> Iterator[datetime | str]:
    for element in values_at(resource, looked_at.elements):
        if looked_at.kind == "date":
            found = range_of(element)
            if found is not None:
                yield _edge(found, descending)
        elif looked_at.kind == "token":
            yield from (code for _, code in _tokens(element))
        elif isinstance(element, dict) and isinstance(element.get("reference"), str):
            yield element["reference"]


def _edge(found: DateRange, descending: bool) -> datetime:
    return found.high if descending else found.low
