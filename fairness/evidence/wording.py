"""Plain lines of text for any part of a record; numbers stand as they are in it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_MANY = 12
"""Lines that are shown of a long list; the rest is counted and stays in the record."""


def told(value: Any) -> list[str]:
    """Lines of text for a value of a record, the most telling form first; at most a dozen."""
    lines = list(_lines(value))
    if len(lines) <= _MANY:
        return lines
    return [*lines[:_MANY], "and more, see the record"]


def _lines(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        yield from _of_mapping(value)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for one in value:
            yield from _lines(one)
    elif value is not None:
        yield plain(value)


def plain(value: Any) -> str:
    """A single value as text: yes and no for truth values."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return " ".join(str(value).split())


def _of_mapping(value: Mapping[str, Any]) -> Iterator[str]:
    if "figures" in value:
        yield row_text(value)
    elif "features" in value and "section_1557" in value:
        yield trait_text(value)
    elif "what" in value:
        yield f"{value['what']}. {value['remedy']}."
    elif {"label", "kind", "horizon"} <= value.keys():
        yield f"{value['label']}: {value['kind']}, {value['horizon']}"
    elif {"label", "kind"} <= value.keys():
        yield _described(value)
    elif {"name", "description", "source"} <= value.keys():
        yield f"{value['name']}: {value['description']} ({value['source']}; n = {value['n']})"
    else:
        for name, one in value.items():
            if isinstance(one, (Mapping, list, tuple)):
                yield f"{name}: {'; '.join(_lines(one))}"
            elif one is not None:
                yield f"{name}: {plain(one)}"


def row_text(row: Mapping[str, Any]) -> str:
    """Figures of one group in one line."""
    head = f"{row['label']} ({row['dataset']}, {row['output']})"
    if row["state"] == "masked":
        return f"{head}: withheld"
    figures = ", ".join(f"{one['label']}{at_text(one)} {one['text']}" for one in row["figures"])
    return f"{head}: n = {row['n']}, events = {row['events']}; {figures}"


def at_text(figure: Mapping[str, Any]) -> str:
    """The threshold of a figure, empty for a figure without one."""
    return "" if figure["threshold"] is None else f" at {figure['threshold']}"


def trait_text(trait: Mapping[str, Any]) -> str:
    """Whether and how a protected trait is used."""
    if not trait["features"]:
        return f"{trait['label']}: not used"
    uses = "; ".join(f"{one['label']} ({one['use']})" for one in trait["features"])
    return f"{trait['label']}: {uses}"


def _described(feature: Mapping[str, Any]) -> str:
    unit = feature.get("unit")
    window = feature.get("window")
    parts = [str(feature["kind"]).replace("_", " ")]
    parts += [str(unit)] if unit else []
    parts += [f"within {window}"] if window and window != "any" else []
    return f"{feature['label']}: {', '.join(parts)}"
