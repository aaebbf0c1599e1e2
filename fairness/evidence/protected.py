"""Which inputs of a model touch a protected trait: derived from its feature descriptions, never declared.

A description is an entry of `fhir_mapping.describe.describe`. A computed feature touches what its sources
touch.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fairness.evidence.facts import facts

Description = Mapping[str, Any]

LOINC = "http://loinc.org"
INPUT = "input of the model"
BEHIND = "read to compute an input"
RULE = "decides whether the model applies"


def protected_inputs(
    features: Sequence[Description], inputs: Sequence[str], rules: Sequence[Mapping[str, Any]]
) -> dict[str, list[dict[str, Any]]]:
    """For the `traits` of the rule and for `others`, which features touch them and how they are used.

    Every trait is listed, also when nothing touches it. `inputs` are the names of the model's inputs, `rules`
    those of the manifest (`when.feature`).
    """
    uses = _uses({str(one["name"]): one for one in features}, inputs, rules)
    return {
        part: [
            {
                "id": trait["id"],
                "label": trait["label"],
                "section_1557": trait.get("section_1557"),
                "used": any(_touches(one, trait) for one, use in uses if use != RULE),
                "features": [
                    {"name": one["name"], "label": one["label"], "use": use}
                    for one, use in uses
                    if _touches(one, trait)
                ],
            }
            for trait in facts("protected")[part]
        ]
        for part in ("traits", "others")
    }


def codes_of(feature: Description) -> Iterator[tuple[str, str]]:
    """(system, code) of everything that a feature reads, answers left out.

    Items of a questionnaire are often named by their LOINC code, and are taken for one.
    """
    listed = [*feature.get("codes", ()), *feature.get("componentOf", ())]
    for category in feature.get("categories", ()):
        listed += category.get("codes", ())
    for one in listed:
        yield str(one["system"]), str(one["code"])
    for item in feature.get("items", ()):
        yield LOINC, str(item).strip("/")


def _uses(
    features: Mapping[str, Description], inputs: Sequence[str], rules: Sequence[Mapping[str, Any]]
) -> list[tuple[Description, str]]:
    """Each feature that matters, once, with its strongest use, in the order of the manifest."""
    asked = _with_sources(features, [str(rule["when"]["feature"]) for rule in rules])
    behind = _with_sources(features, inputs)
    found = []
    for name, one in features.items():
        if name in inputs:
            found.append((one, INPUT))
        elif name in behind:
            found.append((one, BEHIND))
        elif name in asked:
            found.append((one, RULE))
    return found


def _with_sources(features: Mapping[str, Description], names: Sequence[str]) -> set[str]:
    found: set[str] = set()
    waiting = [name for name in names if name in features]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            sources = [*features[name].get("inputs", ()), features[name].get("prefer")]
            waiting += [source for source in sources if source in features]
    return found


def _touches(feature: Description, trait: Mapping[str, Any]) -> bool:
    if feature["kind"] in trait["kinds"]:
        return True
    codes, prefixes = trait["codes"], trait.get("prefixes", {})
    return any(
        code in codes.get(system, ()) or code.startswith(tuple(prefixes.get(system, ())))
        for system, code in codes_of(feature)
    )
