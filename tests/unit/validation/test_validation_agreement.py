"""What is proved quickly, and what `problems` says, against fhir.resources itself."""

from __future__ import annotations

import json
import random
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec
import payloads
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mutants import as_text, mutant
from pydantic import ValidationError
from samples import touched
from specimens import specimen

from fhir_mapping.validate import TOUCHED_TYPES, problems
from fhir_mapping.validation.authority import model_of
from fhir_mapping.validation.proof import proves
from fhir_mapping.validation.strict import strict_struct

FOLDERS = {
    "us-core-examples": 1,
    "genomics-reporting-examples": 1,
    "synthea-uscore-bulk": 60,
    "synthea-uscore-demographics": 40,
    "synthea-r4-full": 2,
    "synthea-r4-clinical": 150,
}
_rng = random.Random(5)
VALID = [
    payloads.patient(_rng),
    payloads.observation(_rng, 1),
    payloads.condition(_rng, 1),
    payloads.medication_request(_rng, 1),
    payloads.encounter(_rng, 1),
]


def plain(resource_type: str, raw: bytes) -> list[tuple[str, str]] | None:
    """Location and type of each error of a run of fhir.resources and nothing else; None when it cannot be
    run."""
    model = getattr(import_module(f"fhir.resources.R4B.{resource_type.lower()}"), resource_type)
    try:
        model.model_validate(msgspec.json.decode(raw))
    except ValidationError as error:
        return [(".".join(map(str, detail["loc"])), detail["type"]) for detail in error.errors()]
    except (ValueError, LookupError, TypeError, ArithmeticError, AttributeError, RecursionError):
        return None
    return []


def assert_right(resource_type: str, raw: bytes) -> bool:
    """Whether a resource was proved valid, after checking that fhir.resources agrees."""
    proved = proves(resource_type, raw)
    if proved:
        assert plain(resource_type, raw) == [], raw
    return proved


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_what_is_proved_of_a_mutated_resource_is_valid(data: st.DataObject) -> None:
    """Elements dropped, retyped, repeated, emptied, nulled, renamed, added or made odd: no false proof."""
    resource = data.draw(st.sampled_from(VALID))
    raw = mutant(resource, lambda options: data.draw(st.sampled_from(options)))
    assert_right(resource["resourceType"], raw)


@pytest.mark.parametrize("resource_type", TOUCHED_TYPES)
def test_every_element_that_the_strict_form_knows_is_one_of_fhir_resources(resource_type: str) -> None:
    """Resources made from the strict form itself, with odd values that it accepts, are proved and valid."""
    choose = random.Random(f"specimens of {resource_type}").choice
    struct = strict_struct(model_of(resource_type))
    for _ in range(30):
        assert assert_right(resource_type, as_text(specimen(struct, choose), compact=choose((True, False))))


@pytest.mark.parametrize("resource_type", TOUCHED_TYPES)
def test_what_is_proved_of_a_mutated_specimen_is_valid(resource_type: str) -> None:
    """Mutations of rare elements give no false proof either."""
    choose = random.Random(f"mutants of {resource_type}").choice
    struct = strict_struct(model_of(resource_type))
    for _ in range(60):
        assert_right(resource_type, mutant(specimen(struct, choose), choose))


@pytest.mark.parametrize("folder", FOLDERS)
def test_what_is_proved_of_the_samples_and_their_mutants_is_valid(folder: str, samples_folder: Path) -> None:
    """Resources as other people's software writes them, as they are and with two elements made odd."""
    choose = random.Random(folder).choice
    found = list(touched(samples_folder / folder, FOLDERS[folder]))
    assert found
    for resource in found[:60]:
        assert_right(resource["resourceType"], json.dumps(resource).encode())
        assert_right(resource["resourceType"], mutant(resource, choose))


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_problems_are_those_of_fhir_resources(data: st.DataObject) -> None:
    """One issue per error, at its path, of its type, in its order; the second time as well."""
    resource = data.draw(st.sampled_from(VALID))
    raw = mutant(resource, lambda options: data.draw(st.sampled_from(options)))
    expected = plain(resource["resourceType"], raw)
    for _ in range(2):
        told = problems(resource["resourceType"], raw, "prefetch.x")
        found = [issue for issue in told if issue.code == "invalid-resource"]
        if expected is None:
            assert [issue.path for issue in found] == ["prefetch.x"]
        else:
            assert [issue.message for issue in found] == [
                f"is not valid FHIR R4 ({kind})" for _, kind in expected
            ]
            assert [issue.path for issue in found] == [_path(*error) for error in expected]


def _path(location: str, kind: str) -> str:
    if kind == "extra_forbidden":
        location = location.rpartition(".")[0]
    return f"prefetch.x.{location}".rstrip(".")


@pytest.mark.parametrize("resource", VALID, ids=lambda resource: resource["resourceType"])
@pytest.mark.parametrize("compact", [True, False])
def test_common_resources_are_proved(resource: dict[str, Any], compact: bool) -> None:
    """The US-Core-like resources of the benchmark need no fhir.resources, compact or not."""
    assert proves(resource["resourceType"], as_text(resource, compact))


def test_nearly_all_resources_of_the_charts_are_proved(samples_folder: Path) -> None:
    """The quick way is the usual way: 95 % of the touched resources of the Synthea charts."""
    proved = [
        proves(resource["resourceType"], json.dumps(resource).encode())
        for resource in touched(samples_folder / "synthea-r4-clinical", 30)
    ]
    share = sum(proved) / len(proved)
    print(f"{share:.1%} of {len(proved)} resources proved")
    assert share >= 0.95


def test_nearly_all_observations_of_us_core_are_proved(samples_folder: Path) -> None:
    """95 % of the Observations among the examples of US Core."""
    found = [
        one for one in touched(samples_folder / "us-core-examples") if one["resourceType"] == "Observation"
    ]
    share = sum(proves("Observation", json.dumps(one).encode()) for one in found) / len(found)
    print(f"{share:.1%} of {len(found)} Observations proved")
    assert share >= 0.95
