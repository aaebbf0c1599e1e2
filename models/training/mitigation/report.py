"""The comparison as text: JSON with one group per line, and the table that a run prints."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from fairness.cells import OVERALL
from models.training.mitigation.change import (
    AUROC,
    DISTANCE,
    IN_RANGE,
    NET_BENEFIT,
    SENSITIVITY,
    SPECIFICITY,
)
from models.training.mitigation.study import Document

_CHANGES = {
    NET_BENEFIT: "net benefit",
    IN_RANGE: "over range",
    SENSITIVITY: "sensitivity",
    SPECIFICITY: "specificity",
    AUROC: "AUROC",
}
_LEVELLING = {
    "levelling-down": "LEVELLING DOWN",
    "not-excluded": "levelling down not excluded",
    "no": "no levelling down",
    "not-assessed": "levelling down not assessed",
}
_TERMS = {"standardised_net_benefit": "net benefit over share of events"}


def encoded(document: Document) -> str:
    """The document as JSON: keys sorted, one group of a comparison per line; same values, same bytes."""
    head = {name: value for name, value in document.items() if name != "comparisons"}
    parts = ",\n".join(_comparison(one) for one in document["comparisons"])
    text = json.dumps(head, sort_keys=True, indent=1, allow_nan=False, ensure_ascii=False)
    return f'{text[:-2]},\n "comparisons": [\n{parts}\n ]\n}}\n'


def printed(document: Document) -> str:
    """The comparison as lines of text: per method and attribute everybody and the groups of the attribute."""
    return "\n".join(_lines(document))


def _comparison(one: Mapping[str, Any]) -> str:
    head = json.dumps({k: v for k, v in one.items() if k != "groups"}, sort_keys=True, ensure_ascii=False)
    lines = ",\n".join(
        "   " + json.dumps(group, sort_keys=True, allow_nan=False, ensure_ascii=False)
        for group in one["groups"]
    )
    return f'  {head[:-1]}, "groups": [\n{lines}\n  ]}}'


def _lines(document: Document) -> Iterator[str]:
    data, folds = document["data"], document["plan"]["folds"]
    yield f"Mitigation tried on {data['name']} ({data['n']} rows), {document['plan']['text']}."
    yield (
        f"{folds['repeats']} x {folds['outer']} folds by subject, choices made inside the training folds; "
        f"change = method minus unmitigated recipe on the same rows, paired bootstrap 95 % interval "
        f"({document['plan']['replicates']} draws, given the fits, not adjusted for the number of groups)."
    )
    for one in document["comparisons"]:
        yield ""
        yield _title(one)
        yield " | ".join(("group", "n", "events", *(f"{name}, change" for name in _CHANGES.values()), "O/E"))
        for group in one["groups"]:
            if group["attribute"] in (OVERALL, one["attribute"]):
                yield _row(group)
        yield from (f"note: {note}" for note in one["notes"])
        lost = [_name(group) for group in one["groups"] if _effect(group) == "lost"]
        gained = [_name(group) for group in one["groups"] if _effect(group) == "gained"]
        yield f"net benefit shown to rise: {', '.join(gained) or 'in no group'}"
        yield f"net benefit shown to fall: {', '.join(lost) or 'in no group'}"
        for verdict in one["levelling"]:
            term = _TERMS.get(verdict["figure"], verdict["figure"])
            gap = ""
            if verdict["gap_before"] is not None:
                gap = f" (gap {verdict['gap_before']:.3f} -> {verdict['gap_after']:.3f})"
            yield f"{verdict['attribute']}, {term}: {_LEVELLING[verdict['state']]}{gap}; {verdict['why']}"


def _title(one: Mapping[str, Any]) -> str:
    about = f"{one['method']} by {one['attribute']}" if one["attribute"] else one["method"]
    low, high = one["range"]
    served = (
        "; needs the person's group when it is used, so it is never served"
        if one["needs_group_when_used"]
        else ""
    )
    return (
        f"== {about}: {one['output']}, threshold {one['threshold']:g}, range {low:g} to {high:g}; "
        f"gives a {one['gives']}{served}"
    )


def _row(group: Mapping[str, Any]) -> str:
    figures = {figure["name"]: figure for figure in group["figures"]}
    changes = (_change(figures[name]) for name in _CHANGES)
    ratio = figures[DISTANCE]
    told = "undefined" if ratio["after"] is None else f"{ratio['before']:.2f} -> {ratio['after']:.2f}"
    return " | ".join((_name(group), str(group["n"]), str(group["events"]), *changes, told))


def _change(figure: Mapping[str, Any]) -> str:
    if figure["change"] is None:
        return str(figure["state"])
    text = f"{figure['change']:+.4f}"
    if figure["low"] is not None:
        text += f" ({figure['low']:+.4f} to {figure['high']:+.4f})"
    return text if figure["state"] == "ok" else f"{text} [{figure['state']}]"


def _name(group: Mapping[str, Any]) -> str:
    return "everybody" if group["attribute"] == OVERALL else f"{group['attribute']} {group['value']}"


def _effect(group: Mapping[str, Any]) -> str:
    return next(str(figure["effect"]) for figure in group["figures"] if figure["name"] == NET_BENEFIT)
