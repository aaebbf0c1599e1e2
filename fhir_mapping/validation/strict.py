"""Strict msgspec structs, derived from fhir.resources' own R4B models so that they follow its version.

A struct accepts a part of what its model accepts, never more: no `null`, no primitive extensions
(`_birthDate`), no `contained`, no rare data types, nesting of limited depth, and nothing that changes what
the other elements say.
"""

import types
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin

import msgspec
from fhir_core.types import FhirBase
from msgspec.structs import astuple

from fhir_mapping.validation.primitives import PRIMITIVES, TIDY_PRIMITIVES

# How often these types, which may contain themselves, may do so on the way from the resource to an element.
DEPTH = 3
_NESTING = frozenset({"Extension", "Identifier", "QuestionnaireResponseItem"})

# The data types that charts carry; elements of other types are left to fhir.resources.
_DATA_TYPES = frozenset(
    {
        *("Address", "Age", "Annotation", "CodeableConcept", "Coding", "ContactPoint", "Dosage", "Duration"),
        *("Extension", "HumanName", "Identifier", "Meta", "Money", "Narrative", "Period", "Quantity"),
        *("Range", "Ratio", "Reference", "SampledData", "Timing"),
    }
)

# Elements that change what a resource says, which FHIR forbids to pass over; with those of one type alone.
CHANGING = ("implicitRules", "modifierExtension")
CHANGING_OF: Mapping[str, tuple[str, ...]] = MappingProxyType({"Observation": ("focus",)})

# Of the fifty types of Extension.value[x], those of common profiles: each costs time in every extension.
_EXTENSION_VALUES = frozenset(
    {
        *("Address", "Boolean", "Code", "CodeableConcept", "Coding", "Date", "DateTime", "Decimal"),
        *("Identifier", "Integer", "Period", "Quantity", "Reference", "String", "Uri"),
    }
)


class _Element(NamedTuple):
    """One element that the strict form knows: JSON name, msgspec type, must it be there, and the choice
    (`value` for `value[x]`) that it is one of."""

    name: str
    type: Any
    required: bool
    choice: str | None


class _Choice(NamedTuple):
    """Elements of which there is at most one (`value[x]`): those that the strict form knows, and whether one
    must be there."""

    required: bool
    members: list[str]


class _Context(NamedTuple):
    """The type that an element belongs to, and how its own type is to be derived."""

    outer: Any
    tidy: bool
    depth: int


@cache
def strict_struct(model: Any, tidy: bool = False, depth: int = DEPTH) -> Any:
    """Strict struct for a model class of fhir.resources, with at most `depth` more levels of nesting types.

    A `tidy` struct is for text that `is_tidy` only. None when an element that must be there is outside the
    strict form, so that nothing could be proved.
    """
    elements = list(_elements(model, tidy, depth))
    names = [element.name for element in elements]
    choices = _choices(model, elements)
    if not _required(model).issubset(names) or any(c.required and not c.members for c in choices.values()):
        return None
    is_resource = model.has_resource_base()
    return msgspec.defstruct(
        model.__name__,
        [_field(element) for element in elements],
        namespace={"__post_init__": _one_of_each(choices, names)} if choices else None,
        rename={_identifier(name): name for name in names},
        tag=model.get_resource_type() if is_resource else None,
        tag_field="resourceType" if is_resource else None,
        forbid_unknown_fields=True,
        kw_only=True,
        gc=False,
    )


def _elements(model: Any, tidy: bool, depth: int) -> Iterator[_Element]:
    """The elements that can be proved, in the order of the standard, in which most senders write them."""
    fields = {field.alias or name: field for name, field in model.model_fields.items()}
    required = _required(model)
    changing = (*CHANGING, *CHANGING_OF.get(model.__name__, ()))
    for name in model.elements_sequence():
        if name in changing:
            continue
        field = fields[name]
        choice = (field.json_schema_extra or {}).get("one_of_many")
        if model.__name__ == "Extension" and choice and name.removeprefix(choice) not in _EXTENSION_VALUES:
            continue  # before its type is asked for: fhir.resources imports each when it is
        kind = _strict_type(field.annotation, field.metadata, _Context(model, tidy, depth))
        if kind is not None:
            yield _Element(name, kind, name in required, choice)


def _required(model: Any) -> frozenset[str]:
    complex_ones = {field.alias or name for name, field in model.model_fields.items() if field.is_required()}
    return frozenset(complex_ones | {name for name, _ in model.get_required_fields(None)})


def _choices(model: Any, elements: list[_Element]) -> dict[str, _Choice]:
    found = {}
    for choice, members in model.get_one_of_many_fields(None).items():
        required = model.model_fields[members[0]].json_schema_extra["one_of_many_required"]
        known = [element.name for element in elements if element.choice == choice]
        if known or required:
            found[choice] = _Choice(required, known)
    return found


def _absent(choice: str) -> tuple[str]:
    # A tuple equals nothing that JSON decodes to, and each choice has its own, so that they can be counted.
    return (choice,)


def _field(element: _Element) -> tuple[str, Any] | tuple[str, Any, Any]:
    name = _identifier(element.name)
    if element.required:
        return name, element.type
    return name, element.type, _absent(element.choice) if element.choice else msgspec.UNSET


def _identifier(name: str) -> str:
    return f"{name}_"  # some elements have names that Python reserves, such as `class`


def _one_of_each(choices: dict[str, _Choice], names: list[str]) -> Callable[[Any], None]:
    """Check that at most one element of each choice is there, and exactly one where one must be."""
    bounds = [_bounds(choice, rule, names) for choice, rule in choices.items()]

    def check(struct: Any) -> None:
        values = astuple(struct)
        for span, absent, least, most in bounds:
            if not least <= values[span].count(absent) <= most:
                raise ValueError("one element of a choice was expected")

    return check


def _bounds(choice: str, rule: _Choice, names: list[str]) -> tuple[slice, tuple[str], int, int]:
    """Where the elements of a choice are, what stands for one that is absent, and how many of them may be."""
    places = sorted(map(names.index, rule.members))
    least, most = len(places) - 1, len(places) - rule.required
    return slice(places[0], places[-1] + 1), _absent(choice), least, most


def _strict_type(annotation: Any, metadata: list[Any], context: _Context) -> Any:
    """The msgspec type for an annotation of fhir.resources; None when it is outside the strict form."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        wanted = [argument for argument in arguments if argument is not type(None)]
        return _strict_type(wanted[0], metadata, context) if len(wanted) == 1 else None
    if origin is list:
        inner = _strict_type(arguments[0], [], context)
        return None if inner is None else types.GenericAlias(list, inner)
    if origin is Annotated:
        return _primitive(arguments[0], arguments[1:], context.tidy)
    if isinstance(annotation, type) and issubclass(annotation, FhirBase):
        return _complex(annotation.get_model_klass(), context)
    return _primitive(annotation, metadata, context.tidy)


def _primitive(annotation: Any, metadata: Any, tidy: bool) -> Any:
    names = [name for one in metadata if (name := getattr(one, "__visit_name__", None))]
    if not names and annotation is bool:
        return PRIMITIVES["boolean"]
    return (TIDY_PRIMITIVES if tidy else PRIMITIVES).get(names[0]) if len(names) == 1 else None


def _complex(inner: Any, context: _Context) -> Any:
    name, (outer, tidy, depth) = inner.__name__, context
    if name not in _DATA_TYPES and inner.__module__ != outer.__module__:
        return None
    if name not in _NESTING:
        return strict_struct(inner, tidy, depth)
    return strict_struct(inner, tidy, depth - 1) if depth else None
