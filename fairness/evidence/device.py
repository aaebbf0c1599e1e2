"""Self-assessment against the four criteria for decision support that is not a medical device.

The assessment never says that a model is no device: only a named person can, in the manifest. It says when
that cannot be claimed, because an input is an image, a signal or a genomic pattern, because the card is
time-critical, or because the basis cannot be reviewed. What is found in the inputs cannot be declared away.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from fairness.evidence.errors import EvidenceError
from fairness.evidence.facts import facts
from fairness.evidence.protected import Description, codes_of

State = Literal["met", "not met", "open"]
_PARTS = ("image_or_signal", "genomic_pattern")
_KINDS = {"image_or_signal": "an image or signal", "genomic_pattern": "a genomic pattern"}


def assessed(
    manifest: Mapping[str, Any], features: Sequence[Description], inputs: Sequence[str]
) -> dict[str, Any]:
    """Criteria with state and reasons, `excluding` inputs, the claim, and what the software lets be said.

    `conclusion` is `cannot be marked non-device`, `open` or `claimed non-device by the named person`. Raises
    EvidenceError when the manifest claims `non-device` and a criterion is not met or open, or nobody signs,
    or a declared name is no feature.
    """
    question: Mapping[str, Any] = manifest["regulatory"]["device"]
    excluding = list(_excluding(question, features))
    criteria = _criteria(manifest, features, inputs, excluding)
    _check(question, criteria, features)
    unmet = any(one["state"] == "not met" for one in criteria)
    conclusion = "open"
    if unmet:
        conclusion = "cannot be marked non-device"
    elif question["claim"] == "non-device":
        conclusion = "claimed non-device by the named person"
    return {
        "source": facts("fda-cds")["source"],
        "criteria": criteria,
        "excluding": excluding,
        "claim": question["claim"],
        "decided_by": question["decided_by"],
        "decided_on": question["decided_on"],
        "why": question["why"],
        "conclusion": conclusion,
    }


def _excluding(question: Mapping[str, Any], features: Sequence[Description]) -> Iterator[dict[str, str]]:
    """Features that are an image, a signal or a genomic pattern, also those that only a rule reads."""
    for part in _PARTS:
        told = facts("fda-cds")[part]
        for one in features:
            found = _found(one, told)
            declared = one["name"] in question[part]
            if found or declared:
                how = "by its code, kind or resource" if found else "declared in the manifest"
                yield {
                    "feature": str(one["name"]),
                    "label": str(one["label"]),
                    "is": _KINDS[part],
                    "how": how,
                }


def _found(feature: Description, told: Mapping[str, Any]) -> bool:
    return (
        feature["kind"] in told["kinds"]
        or any(kind in told["resources"] for kind in feature.get("resources", ()))
        or any(code in told["codes"].get(system, ()) for system, code in codes_of(feature))
    )


def _criteria(
    manifest: Mapping[str, Any], features: Sequence[Description], inputs: Sequence[str],
    excluding: Sequence[Mapping[str, str]],
) -> list[dict[str, Any]]:  # fmt: skip
    judged = (
        _first(features, inputs, excluding),
        _second(excluding),
        _third(manifest["regulatory"]["device"]),
        _fourth(manifest),
    )
    texts = facts("fda-cds")["criteria"]
    return [
        {"id": told["id"], "text": told["text"], "state": state, "reasons": reasons}
        for told, (state, reasons) in zip(texts, judged, strict=True)
    ]


def _first(
    features: Sequence[Description], inputs: Sequence[str], excluding: Sequence[Mapping[str, str]]
) -> tuple[State, list[str]]:
    if excluding:
        return "not met", [f"{one['label']} is {one['is']} ({one['how']})" for one in excluding]
    known = facts("fda-cds")["ordinary_kinds"]
    unknown = [str(one["label"]) for one in features if one["kind"] not in known]
    if unknown:
        return "open", [f"{label} is of a kind that nobody has classed yet" for label in unknown]
    repeated = [
        str(one["label"])
        for one in features
        if one["name"] in inputs and one.get("value") in facts("fda-cds")["repeated_values"]
        and one["kind"] == "observation" and not one.get("answers")
    ]  # fmt: skip
    if repeated:
        return "open", [
            f"{label} condenses repeated measurements; decide whether it is a pattern" for label in repeated
        ]
    return "met", ["No input is an image, a signal or a genomic pattern; each is one value of the chart"]


def _second(excluding: Sequence[Mapping[str, str]]) -> tuple[State, list[str]]:
    if excluding:
        return "open", ["Rests on how the inputs named under the first criterion are seen"]
    return "met", ["Every input is a fact that the chart holds, shown with its date and source"]


def _third(question: Mapping[str, Any]) -> tuple[State, list[str]]:
    if question["time_critical"]:
        return "not met", ["The manifest says that the card is time-critical"]
    if question["for_professionals"] is False:
        return "not met", ["The manifest says that the card is not for professionals only"]
    if question["time_critical"] is None or question["for_professionals"] is None:
        return "open", [
            "The manifest does not say whether the card is time-critical and for professionals only"
        ]
    return "met", ["The card is for professionals, is not time-critical, and offers information or a draft"]


def _fourth(manifest: Mapping[str, Any]) -> tuple[State, list[str]]:
    """The basis can be reviewed when purpose, users, people, method and reasons for a score are told."""
    use = manifest["intended_use"]
    lacking = [name for name in ("purpose", "users", "population") if not use[name]]
    if manifest["explanation"]["method"] == "none":
        lacking.append("explanation of each score")
    if manifest["regulatory"]["method"] is None:
        lacking.append("description of the method")
    if lacking:
        return "open", [f"Not told: {', '.join(lacking)}"]
    return "met", [
        "The card shows inputs with value and date, what is missing, the largest effects and the interval",
        "Purpose, users, population, data, method and validation are on the page of the model",
    ]


def _check(
    question: Mapping[str, Any], criteria: Sequence[Mapping[str, Any]], features: Sequence[Description]
) -> None:
    names = {one["name"] for one in features}
    for part in _PARTS:
        for name in question[part]:
            if name not in names:
                raise EvidenceError(
                    f"regulatory.device.{part}: `{name}` is not a feature; name one of `features`"
                )
    if question["claim"] != "non-device":
        return
    for one in criteria:
        if one["state"] != "met":
            raise EvidenceError(
                f"regulatory.device.claim: cannot be `non-device`, because criterion {one['id']} is "
                f"{one['state']}: {'; '.join(one['reasons'])}; take the claim out"
            )
    if not (question["decided_by"] and question["decided_on"]):
        raise EvidenceError(
            "regulatory.device.claim: `non-device` needs decided_by and decided_on; fill both"
        )
