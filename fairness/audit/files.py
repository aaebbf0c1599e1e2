"""The files of a report in one folder; each is made from the report alone."""

import os
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from fairness.disclosure import Release
from fairness.report.csv_view import to_csv
from fairness.report.json_view import to_json
from fairness.report.measure import to_measure
from fairness.report.model import Report

_TEXT: Mapping[str, Callable[[Report], bytes]] = {
    "report.json": to_json,
    "report.csv": lambda report: to_csv(report).encode(),
    "measure-report.json": to_measure,
}
_PAGES = {"report.html": "fairness.report.html", "report.pdf": "fairness.report.pdf"}
# A PDF needs a library that only offline use installs.
_NEEDS = {"fairness.report.pdf": "reportlab"}


def write_views(report: Report, folder: Path, earlier: Sequence[Report] = ()) -> dict[str, str | None]:
    """Write every view into a folder, which is made; by file name, None or why it was left out.

    `earlier` are former reports on the same model, oldest first, for the trend of the pages.
    Raises `OSError` where it cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, view in _TEXT.items():
        write_whole(folder / name, view(report))
    return dict.fromkeys(_TEXT) | {name: _page(report, folder / name, earlier) for name in _PAGES}


def _page(report: Report, path: Path, earlier: Sequence[Report]) -> str | None:
    module = _PAGES[path.name]
    needed = _NEEDS.get(module)
    if find_spec(module) is None or (needed is not None and find_spec(needed) is None):
        return f"not written: {needed or module} is not there; pip install 'bedside[audit]'"
    import_module(module).write(report, path, earlier=earlier)
    return None


def read_release(path: Path) -> Release | None:
    """What earlier reports have told; None where no file is there. Raises `SampleError` for another file."""
    return Release.decode(path.read_bytes()) if path.is_file() else None


def write_release(path: Path, release: Release) -> None:
    """Keep what reports have told, for its owner alone: it holds what they withhold.

    To be called before the report is written: a report that is out and not remembered would let the next one
    tell the difference. Raises `OSError`.
    """
    write_whole(path, release.encode(), mode=0o600)


def write_whole(path: Path, content: bytes, mode: int = 0o666) -> None:
    """Write a file in one step: a reader sees the old content or the new one. `mode` is cut by the umask."""
    draft = path.with_name(f".{path.name}.draft")
    try:
        draft.unlink(missing_ok=True)
        with open(draft, "xb", opener=lambda name, flags: os.open(name, flags, mode)) as stream:
            stream.write(content)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
