"""The Patient resource of a vignette, with the US Core extensions for race, ethnicity and birth sex."""

from datetime import date, timedelta

from cds_hooks.demo.vocabulary import HL7, US_CORE, Json, profile, vocabulary, years_before

_OMB = "urn:oid:2.16.840.1.113883.6.238"
_GENDER = {"F": "female", "M": "male"}


def patient(name: str, person: Json, as_of: date) -> Json:
    """Patient whose age at `as_of` is `born.years`, with the last birthday `born.days` days before.

    A vignette without a family name is a chart that knows the birth date only: no name, no sex, no profile.
    """
    resource: Json = {"resourceType": "Patient", "id": name, "birthDate": birth_date(person["born"], as_of)}
    if "family" not in person:
        return resource
    resource |= {
        "meta": profile("us-core-patient"),
        "extension": _extensions(person),
        "identifier": [{"system": "https://bedside.example/demo/mrn", "value": f"DEMO-{name}"}],
        "name": [{"use": "official", "family": person["family"], "given": person["given"]}],
        "gender": _GENDER[person["sex"]],
    }
    return resource


def birth_date(born: Json, as_of: date) -> str:
    """Birth date of somebody who is `years` old at `as_of` and had a birthday `days` days before."""
    return years_before(as_of - timedelta(days=born["days"]), born["years"]).isoformat()


def _extensions(person: Json) -> list[Json]:
    words = vocabulary()
    races = [words["race"][key] for key in person["race"]]
    return [
        _category("us-core-race", races),
        _category("us-core-ethnicity", [words["ethnicity"][person["ethnicity"]]]),
        {"url": f"{US_CORE}/us-core-birthsex", "valueCode": person["sex"]},
    ]


def _category(name: str, answers: list[Json]) -> Json:
    parts: list[Json] = [
        {"url": "ombCategory", "valueCoding": {"system": _system(answer["code"]), **answer}}
        for answer in answers
    ]
    text = ", ".join(answer["display"] for answer in answers)
    return {"url": f"{US_CORE}/{name}", "extension": [*parts, {"url": "text", "valueString": text}]}


def _system(code: str) -> str:
    return f"{HL7}/v3-NullFlavor" if code.isalpha() else _OMB
