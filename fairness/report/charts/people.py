"""One hundred people as symbols: a natural frequency that can be counted."""

from fairness.report.charts.palette import BLUE, INK, MUTED, VERMILION
from fairness.report.charts.scene import Item, Mark, Scene, Shape, Words, wrapped

_KINDS: tuple[tuple[Shape, str], ...] = (
    ("circle", BLUE),
    ("cross", VERMILION),
    ("hollow-diamond", INK),
    ("square", MUTED),
)
_STEP = 16.0


def hundred(title: str, counts: tuple[int, int, int, int], names: tuple[str, str, str, str]) -> Scene:
    """Ten rows of ten; `counts` add up to 100 and are in the order of `names`.

    Raises `ValueError` when they do not add up.
    """
    if sum(counts) != 100:
        raise ValueError(f"hundred: the counts add up to {sum(counts)}")
    kinds = [at for at, count in enumerate(counts) for _ in range(count)]
    items: list[Item] = [_symbol(kind, 14 + _STEP * (at % 10), 14 + _STEP * (at // 10))
                         for at, kind in enumerate(kinds)]  # fmt: skip
    y = 10 * _STEP + 24
    for kind, (count, name) in enumerate(zip(counts, names, strict=True)):
        items.append(_symbol(kind, 14, y - 4))
        lines = wrapped(f"{count} {name}", 324, 11.5)
        items += [Words(30, y + 15 * at, line, size=11.5) for at, line in enumerate(lines)]
        y += 15 * len(lines) + 4
    told = "; ".join(f"{count} {name}" for count, name in zip(counts, names, strict=True))
    return Scene(title, told, 360.0, y, tuple(items))


def _symbol(kind: int, x: float, y: float) -> Mark:
    shape, colour = _KINDS[kind]
    return Mark(x, y, shape, colour, 2.0 if shape == "square" else 4.5)
