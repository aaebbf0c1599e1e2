"""The slim view of the FHIR resources that genomic results come in; all other elements are skipped."""

from msgspec import Raw, Struct

from fhir_mapping.wire import decoder


class Coding(Struct, rename="camel", gc=False):
    """FHIR Coding with its display, which is where laboratories put star alleles."""

    system: str | None = None
    code: str | None = None
    display: str | None = None


class Concept(Struct, rename="camel", gc=False):
    """FHIR CodeableConcept."""

    coding: list[Coding] | None = None
    text: str | None = None


class Quantity(Struct, rename="camel", gc=False):
    """FHIR Quantity."""

    value: float | None = None
    unit: str | None = None
    system: str | None = None
    code: str | None = None
    comparator: str | None = None


class Range(Struct, rename="camel", gc=False):
    """FHIR Range."""

    low: Quantity | None = None
    high: Quantity | None = None


class Reference(Struct, rename="camel", gc=False):
    """FHIR Reference, literal part only."""

    reference: str | None = None


class Period(Struct, rename="camel", gc=False):
    """FHIR Period."""

    start: str | None = None
    end: str | None = None


class Component(Struct, rename="camel", gc=False):
    """FHIR Observation.component."""

    code: Concept | None = None
    value_codeable_concept: Concept | None = None
    value_string: str | None = None
    value_quantity: Quantity | None = None
    value_range: Range | None = None
    value_integer: int | None = None
    data_absent_reason: Concept | None = None


class Observation(Struct, rename="camel", gc=False):
    """FHIR Observation; components stay raw, so that an odd one costs itself only."""

    id: str | None = None
    status: str | None = None
    code: Concept | None = None
    category: list[Concept] | None = None
    subject: Reference | None = None
    specimen: Reference | None = None
    effective_date_time: str | None = None
    effective_instant: str | None = None
    effective_period: Period | None = None
    issued: str | None = None
    value_codeable_concept: Concept | None = None
    value_string: str | None = None
    value_quantity: Quantity | None = None
    data_absent_reason: Concept | None = None
    derived_from: list[Reference] | None = None
    has_member: list[Reference] | None = None
    component: list[Raw] | None = None


class Report(Struct, rename="camel", gc=False):
    """FHIR DiagnosticReport."""

    id: str | None = None
    status: str | None = None
    result: list[Reference] | None = None


class Head(Struct, rename="camel", gc=False):
    """The parts of any resource in which further resources may lie; nested ones stay raw."""

    resource_type: str = ""
    id: str | None = None
    contained: list[Raw] | None = None
    entry: list[Raw] | None = None
    parameter: list[Raw] | None = None


class Entry(Struct, rename="camel", gc=False):
    """FHIR Bundle.entry."""

    full_url: str | None = None
    resource: Raw = Raw()


class Parameter(Struct, rename="camel", gc=False):
    """FHIR Parameters.parameter and its parts."""

    name: str = ""
    resource: Raw = Raw()
    value_boolean: bool | None = None
    part: list[Raw] | None = None


decode_head = decoder(Head)
decode_entry = decoder(Entry)
decode_parameter = decoder(Parameter)
decode_observation = decoder(Observation)
decode_report = decoder(Report)
decode_component = decoder(Component)
