"""How well a model works, in everyday sentences with natural frequencies, which are rounded here, once."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fairness.cells import OVERALL
from fairness.evidence.readability import reading_grade

MOST_GRADE = 8.0
"""Highest reading grade of a plain summary."""
_WHO = {
    "cross-validation": (
        "The tool learnt from these same people. Each one was scored by a copy that had not seen them."
    ),
    "internal-test": "The tool had not learnt from these people. They came from the same place, though.",
    "external": "These people came from other places than those the tool learnt from.",
    None: "Where these people came from is not told.",
}


def plain_summary(
    regulatory: Mapping[str, Any], manifest: Mapping[str, Any], evaluation: Mapping[str, Any] | None
) -> dict[str, Any]:
    """`parts` (what, who, not_for, learnt_from, how_well, care: lists of sentences) and `grade`.

    `grade` is the reading grade of all parts with one digit after the point. Parts that nobody declared are
    empty.
    """
    declared = regulatory["plain"] or {}
    parts = {name: list(declared.get(name, ())) for name in ("what", "who", "not_for", "learnt_from", "care")}
    parts["how_well"] = list(_how_well(manifest, evaluation))
    grade = reading_grade(sentence for sentences in parts.values() for sentence in sentences)
    return {"parts": parts, "grade": round(grade, 1)}


def _how_well(manifest: Mapping[str, Any], evaluation: Mapping[str, Any] | None) -> Iterator[str]:
    cell = None if evaluation is None else _cell(manifest["fairness"], evaluation["results"])
    if evaluation is None or cell is None or cell["n"] is None:
        yield "No one has tested yet how well it works."
        return
    yield f"It was tested on {cell['n']} people. Of these, {cell['events']} had what it looks for."
    roles = {dataset["name"]: dataset["role"] for dataset in evaluation["datasets"]}
    yield _WHO[roles.get(cell["dataset"])]
    ranking = _hundred(cell, "auroc", None)
    if ranking is not None:
        yield (
            "Take two people, one who has it and one who does not. "
            f"In {ranking} of 100 such pairs, the tool gives the first one the higher number."
        )
    threshold = manifest["card"]["thresholds"].get(cell["output"])
    if threshold is not None:
        yield from _at(cell, threshold["at"])


def _at(cell: Mapping[str, Any], threshold: float) -> Iterator[str]:
    picked, found = _hundred(cell, "selection_rate", threshold), _hundred(cell, "sensitivity", threshold)
    right = _hundred(cell, "ppv", threshold)
    if picked is None or found is None or right is None:
        return
    yield f"Out of 100 people, it points to about {picked}."
    yield f"Of 100 people who have it, it points to about {found} and misses the rest."
    yield f"Of 100 people it points to, about {right} have it."


def _cell(policy: Mapping[str, Any], cells: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    wanted = (policy["dataset"], policy["output"], OVERALL)
    found = (cell for cell in cells if (cell["dataset"], cell["output"], cell["attribute"]) == wanted)
    return next(found, None)


def _hundred(cell: Mapping[str, Any], name: str, threshold: float | None) -> int | None:
    for metric in cell["metrics"]:
        if (metric["name"], metric["threshold"]) == (name, threshold) and metric["state"] == "ok":
            return round(100 * float(metric["value"]))
    return None
