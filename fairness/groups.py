"""Which groups a person belongs to, in evaluation and at the bedside alike.

Four attributes that every evaluation knows (`sex`, `age_band`, `race`, `ethnicity`) and further ones that an
audit may add: `race_combination`, `race_ethnicity_2024`, `language`, `coverage`, `site`. Input is plain
strings, numbers and sets: machine values of `data/attributes.json` or the code spellings listed there, in any
case. Race and ethnicity are sets, since a person may give several answers and then counts in each group.

Three ways of not knowing stay apart: `declined` (asked, no answer), `unknown` (recorded as unknown) and
`absent` (nothing recorded: None, NaN, an empty string or an empty set).
"""

import math
from bisect import bisect_right
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import NamedTuple, TypeVar

import msgspec

from fairness.errors import GroupError

ABSENT = "absent"
_T = TypeVar("_T")


class _Value(msgspec.Struct, frozen=True):
    label: str
    spellings: tuple[str, ...] = ()
    answer: bool = True


class _Attribute(msgspec.Struct, frozen=True):
    label: str
    values: dict[str, _Value]
    open: bool = False  # any value counts, and is its own label


class _Definitions(msgspec.Struct, frozen=True):
    version: str
    source: str
    absent_label: str
    age_edges: tuple[int, ...]
    attributes: dict[str, _Attribute]


def _definitions_from_package() -> _Definitions:
    text = (files("fairness") / "data" / "attributes.json").read_bytes()
    return msgspec.json.decode(text, type=_Definitions)


_DEFINITIONS = _definitions_from_package()
ATTRIBUTES = tuple(_DEFINITIONS.attributes)


class Membership(NamedTuple):
    """One person in one group: `("race", "asian")`."""

    attribute: str
    value: str


class AgeBands(msgspec.Struct, frozen=True):
    """Bands of completed years, each from one edge up to the next; the last is open, and so is the one below.

    Raises `GroupError` unless the edges are at least one, positive and increasing.
    """

    edges: tuple[int, ...] = _DEFINITIONS.age_edges

    def __post_init__(self) -> None:
        if not self.edges or self.edges[0] <= 0 or list(self.edges) != sorted(set(self.edges)):
            raise GroupError(f"age_band: edges {self.edges} are not positive and increasing")

    @property
    def values(self) -> tuple[str, ...]:
        """All machine values from the youngest band up: `under-18`, `18-39`, ..., `80-plus`."""
        closed = [f"{low}-{high - 1}" for low, high in zip(self.edges, self.edges[1:], strict=False)]
        return (f"under-{self.edges[0]}", *closed, f"{self.edges[-1]}-plus")

    def value_of(self, age: float | None) -> str:
        """The band of an age in years; None and NaN are `absent`. Raises `GroupError` outside [0, inf)."""
        if age is None or math.isnan(age):
            return ABSENT
        if age < 0 or math.isinf(age):
            raise GroupError(f"age_band: {age} is not an age in years")
        return self.values[bisect_right(self.edges, age)]


DEFAULT_AGE_BANDS = AgeBands()


def sex_value(recorded: str | None) -> str:
    """`female`, `male`, `unknown` (something else is on record) or `absent`.

    Raises `GroupError` for a value that the data file does not list.
    """
    return ABSENT if _is_absent(recorded) else _machine_value("sex", recorded)


def race_values(recorded: Collection[str] | None) -> frozenset[str]:
    """Every OMB race the person is recorded with, alone or in combination; never empty.

    `declined` and `unknown` count only when no race is given beside them. Raises `GroupError` for a value
    that is not an OMB category (detailed codes have to be rolled up before).
    """
    return _answers("race", recorded)


def ethnicity_values(recorded: Collection[str] | None) -> frozenset[str]:
    """Every OMB ethnicity the person is recorded with; otherwise as `race_values`."""
    return _answers("ethnicity", recorded)


def memberships(
    *,
    sex: str | None = None,
    age: float | None = None,
    race: Collection[str] | None = None,
    ethnicity: Collection[str] | None = None,
    age_bands: AgeBands = DEFAULT_AGE_BANDS,
) -> tuple[Membership, ...]:
    """All groups of one person, attribute by attribute; each attribute occurs, as `absent` if need be."""
    return (
        Membership("sex", sex_value(sex)),
        Membership("age_band", age_bands.value_of(age)),
        *(Membership("race", value) for value in sorted(race_values(race))),
        *(Membership("ethnicity", value) for value in sorted(ethnicity_values(ethnicity))),
    )


def further_memberships(
    *,
    race: Collection[str] | None = None,
    combined_2024: Collection[str] | None = None,
    language: str | None = None,
    coverage: Collection[str] | None = None,
    site: str | None = None,
) -> tuple[Membership, ...]:
    """Groups of one person beyond `memberships`, each attribute once at least, as `absent` if need be.

    `race` as for `race_values`; more than one answer makes `multiple` of `race_combination`.
    """
    answers = race_values(race)
    alone = next(iter(answers)) if len(answers) == 1 else "multiple"
    return (
        Membership("race_combination", alone),
        *(
            Membership("race_ethnicity_2024", one)
            for one in sorted(_answers("race_ethnicity_2024", combined_2024))
        ),
        Membership("language", language or ABSENT),
        *(Membership("coverage", one) for one in sorted(_answers("coverage", coverage))),
        Membership("site", site or ABSENT),
    )


def group_columns(
    *,
    sex: Sequence[str | None] | None = None,
    age: Sequence[float | None] | None = None,
    race: Sequence[Collection[str] | None] | None = None,
    ethnicity: Sequence[Collection[str] | None] | None = None,
    age_bands: AgeBands = DEFAULT_AGE_BANDS,
) -> dict[str, list[frozenset[str]]]:
    """The same groups for n people at once, one column (n,) of value sets per attribute that is given.

    A column that is not given is left out: its attribute was never collected, which is not the same as
    `absent`.
    """
    columns: dict[str, list[frozenset[str]]] = {}
    _add(columns, "sex", sex, lambda value: frozenset({sex_value(value)}))
    _add(columns, "age_band", age, lambda value: frozenset({age_bands.value_of(value)}))
    _add(columns, "race", race, race_values)
    _add(columns, "ethnicity", ethnicity, ethnicity_values)
    return columns


def label(attribute: str, value: str, age_bands: AgeBands = DEFAULT_AGE_BANDS) -> str:
    """The group in plain words. Raises `GroupError` for a pair that is not defined here."""
    definition = _attribute(attribute)
    if value == ABSENT:
        return _DEFINITIONS.absent_label
    if attribute == "age_band" and value in age_bands.values:
        return _age_label(value)
    if definition.open and value not in definition.values:
        return value
    if value not in definition.values:
        raise GroupError(f"{attribute}: {value!r} is not a group")
    return definition.values[value].label


def values_of(attribute: str, age_bands: AgeBands = DEFAULT_AGE_BANDS) -> tuple[str, ...]:
    """Every value that a group of the attribute may have, `absent` last; of an open one, those that are
    defined.

    Raises `GroupError` for an attribute that is not defined here.
    """
    bands = age_bands.values if attribute == "age_band" else ()
    return tuple(dict.fromkeys((*bands, *_attribute(attribute).values, ABSENT)))


def attribute_label(attribute: str) -> str:
    """The attribute in plain words."""
    return _attribute(attribute).label


def _add(
    columns: dict[str, list[frozenset[str]]],
    attribute: str,
    recorded: Sequence[_T] | None,
    values_of: Callable[[_T], frozenset[str]],
) -> None:
    if recorded is not None:
        columns[attribute] = [values_of(entry) for entry in recorded]


def _answers(attribute: str, recorded: Collection[str] | None) -> frozenset[str]:
    if isinstance(recorded, str):
        raise GroupError(f"{attribute}: expected a collection of values, found the string {recorded!r}")
    if recorded is None or isinstance(recorded, float):
        return frozenset({ABSENT})
    values = {_machine_value(attribute, entry) for entry in recorded if not _is_absent(entry)}
    definitions = _DEFINITIONS.attributes[attribute].values
    given = {value for value in values if value != ABSENT and definitions[value].answer}
    return frozenset(given or values or {ABSENT})


def _machine_value(attribute: str, recorded: object) -> str:
    value = _by_spelling(attribute).get(str(recorded).strip().casefold())
    if value is None:
        raise GroupError(f"{attribute}: {recorded!r} is not a known value")
    return value


@cache
def _by_spelling(attribute: str) -> Mapping[str, str]:
    values = _attribute(attribute).values
    spellings = {
        spelling.casefold(): value for value, entry in values.items() for spelling in entry.spellings
    }
    return spellings | {value: value for value in values} | {ABSENT: ABSENT}


def _is_absent(recorded: object) -> bool:
    if isinstance(recorded, float):
        return math.isnan(recorded)
    return recorded is None or (isinstance(recorded, str) and not recorded.strip())


def _attribute(attribute: str) -> _Attribute:
    try:
        return _DEFINITIONS.attributes[attribute]
    except KeyError:
        raise GroupError(f"{attribute!r} is not a group attribute") from None


def _age_label(value: str) -> str:
    if value.startswith("under-"):
        return f"Under {value.removeprefix('under-')} years"
    if value.endswith("-plus"):
        return f"{value.removesuffix('-plus')} years and over"
    return f"{value.replace('-', ' to ')} years"
