"""The `regulatory` block of a manifest: what regulators ask of a model and nothing else in the manifest says.

Every field may be left out. What is left out is an open item of the evidence record and of each of its views;
it is never filled with a guess.
"""

from typing import Literal

import msgspec


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base: immutable, fields by name, and a field it does not know is refused."""


class Plain(_Part, frozen=True):
    """The model in short everyday sentences, for a committee or a patient; one list entry is one sentence."""

    what: tuple[str, ...]
    who: tuple[str, ...]
    not_for: tuple[str, ...]
    learnt_from: tuple[str, ...]
    care: tuple[str, ...]


class FairnessProcess(_Part, frozen=True):
    """How fairness was looked after while the model was made (45 CFR 170.315(b)(11)(iv)(B)(5))."""

    approach: str | None = None
    mitigation: str | None = None


class Validation(_Part, frozen=True):
    """Who tested the model on outside data, and how; the figures are in evaluation.json."""

    tested_by: str | None = None
    process: str | None = None


class Maintenance(_Part, frozen=True):
    """What happens after release, each with how often."""

    validity_monitoring: str | None = None
    fairness_monitoring: str | None = None
    updates: str | None = None
    corrections: str | None = None


class DeviceQuestion(_Part, frozen=True):
    """What bears on the four criteria of section 520(o)(1)(E) of the FD&C Act.

    `image_or_signal` and `genomic_pattern` name features that carry such data, beside those that the software
    finds by their codes. A claim of `non-device` needs `decided_by` and `decided_on`.
    """

    claim: Literal["non-device", "device"] | None = None
    decided_by: str | None = None
    decided_on: str | None = None
    time_critical: bool | None = None
    for_professionals: bool | None = None
    image_or_signal: tuple[str, ...] = ()
    genomic_pattern: tuple[str, ...] = ()
    why: str | None = None


class Discrimination(_Part, frozen=True):
    """Who answers for the tool under 45 CFR 92.210, and what has been done about the risk."""

    owner: str | None = None
    mitigation: tuple[str, ...] = ()


class Study(_Part, frozen=True):
    """What reporting guidelines ask about the study behind the model.

    `more` answers further questions by their name in the frameworks of `fairness/evidence/data`, such as
    `blinding`.
    """

    protocol: str | None = None
    registration: str | None = None
    ethics: str | None = None
    conflicts: str | None = None
    data_sharing: str | None = None
    code_sharing: str | None = None
    public_involvement: str | None = None
    sample_size: str | None = None
    outcome_assessment: str | None = None
    more: dict[str, str] = {}


class Regulatory(_Part, frozen=True):
    """The whole block. `evaluation_rows` says whether anybody may count the people behind the figures.

    `private` (the default): small cells of the evaluation are withheld in the record and in every view.
    """

    intervention: Literal["predictive", "evidence-based"] = "predictive"
    output_kind: (
        Literal["prediction", "classification", "recommendation", "evaluation", "analysis", "other"] | None
    ) = None
    decision_role: Literal["informs", "augments", "replaces"] | None = None
    ai_kind: (
        Literal["Rule-Based-Systems", "Machine-Learning-Models", "Deep-Learning-Models", "Hybrid-Models"]
        | None
    ) = None
    method: str | None = None
    released: str | None = None
    revised: str | None = None
    availability: str | None = None
    approval: str | None = None
    clinical_risk: str | None = None
    ethical_considerations: str | None = None
    stakeholders: str | None = None
    patient_disclosure: str | None = None
    local_relevance: str | None = None
    outcome_studies: tuple[str, ...] = ()
    evaluation_rows: Literal["public", "private"] = "private"
    plain: Plain | None = None
    fairness: FairnessProcess = FairnessProcess()
    validation: Validation = Validation()
    maintenance: Maintenance = Maintenance()
    device: DeviceQuestion = DeviceQuestion()
    discrimination: Discrimination = Discrimination()
    study: Study = Study()
