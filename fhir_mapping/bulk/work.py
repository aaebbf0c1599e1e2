"""The work folder of a run: what is done stays done, and nothing of another run is taken for it.

It holds lines of the export and is made readable by its owner only. Every result is written under another
name first and then renamed, so that a run that is stopped leaves whole results or none.
"""

import os
import shutil
from array import array
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from fhir_mapping.bulk.errors import BulkError
from fhir_mapping.bulk.export import ExportFile
from fhir_mapping.bulk.scan import Kept, Tally
from fhir_mapping.bulk.spill import unspilled

FORMAT = 5
_PLAN = "plan.json"


class Plan(msgspec.Struct, frozen=True):
    """What a run is made of; a run goes on only under an equal plan.

    `purpose` names what is computed: command, model, digest of its features, index time. `unread` are the
    names of files that are no NDJSON and leave a type in doubt.
    """

    purpose: dict[str, str]
    files: tuple[ExportFile, ...]
    partitions: int
    piece_bytes: int
    unread: tuple[str, ...] = ()
    format: int = FORMAT

    def changes(self, other: "Plan") -> list[str]:
        """What differs from another plan, in words."""
        told = [
            name
            for name in (*self.purpose, *other.purpose)
            if self.purpose.get(name) != other.purpose.get(name)
        ]
        before, now = ({file.name: file for file in plan.files} for plan in (self, other))
        told += [
            f"file {name}" for name in sorted(before.keys() | now.keys()) if before.get(name) != now.get(name)
        ]
        told += [f"file {name}" for name in sorted(set(self.unread) ^ set(other.unread))]
        if not told and self != other:
            told.append("the way in which the work is cut up")
        return list(dict.fromkeys(told))


class PieceDone(msgspec.Struct, frozen=True):
    """The result of the first pass on one piece; the lines themselves are in the spill file beside it."""

    tally: Tally


class WorkFolder:
    """Results of one run under one plan."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def begin(cls, path: Path, plan: Plan) -> "WorkFolder":
        """An empty work folder; raises BulkError when there is something at its path."""
        try:
            path.mkdir(mode=0o700, parents=True)
        except FileExistsError:
            raise BulkError(
                f"{path}: is left from a run that did not finish; go on with --resume, or remove it"
            ) from None
        except OSError as error:
            raise BulkError(f"{path}: cannot be made ({type(error).__name__})") from None
        work = cls(path)
        work._write(_PLAN, msgspec.json.encode(plan))
        return work

    @classmethod
    def go_on(cls, path: Path, plan: Plan) -> "WorkFolder":
        """The work folder of an unfinished run; raises BulkError when its plan is another one."""
        if not (path / _PLAN).is_file():
            raise BulkError(f"{path}: there is no unfinished run to go on with; leave --resume out")
        try:
            before = msgspec.json.decode((path / _PLAN).read_bytes(), type=Plan)
        except (OSError, msgspec.MsgspecError):
            raise BulkError(f"{path}: cannot be read; remove it and start again") from None
        if changes := before.changes(plan):
            shown = ", ".join(changes[:5]) + (f" and {len(changes) - 5} more" if len(changes) > 5 else "")
            raise BulkError(f"{path}: changed since the run was begun: {shown}; remove it and start again")
        return cls(path)

    def within(self, name: str) -> "WorkFolder":
        """A folder inside this one, for a part of the run."""
        (self.path / name).mkdir(mode=0o700, exist_ok=True)
        return WorkFolder(self.path / name)

    def piece(self, number: int) -> PieceDone | None:
        """The result on one piece, None when there is none yet."""
        try:
            content = (self.path / f"piece-{number:06}.json").read_bytes()
        except FileNotFoundError:
            return None
        return msgspec.json.decode(content, type=PieceDone)

    def spill_path(self, number: int) -> Path:
        """Spill file of one piece."""
        return self.path / f"piece-{number:06}.lines"

    def digests_path(self, number: int) -> Path:
        """Digests of the identities met in one piece."""
        return self.path / f"piece-{number:06}.ids"

    def owners_path(self, number: int) -> Path:
        """Digests of the owners of what was met in one piece."""
        return self.path / f"piece-{number:06}.owners"

    def rows_path(self, partition: int) -> Path:
        """Rows of one partition; the file is there when the partition is done."""
        return self.path / f"rows-{partition:06}"

    def unsettled_path(self, partition: int) -> Path:
        """Digests of the patients of one partition who have no row, because all their lines are needed; no
        file where there are none."""
        return self.path / f"unsettled-{partition:06}"

    def owners(self, name: str) -> frozenset[int] | None:
        """Digests of patients that were noted under a name, None when none were."""
        try:
            return frozenset(np.fromfile(self.path / name, dtype=np.int64).tolist())
        except FileNotFoundError:
            return None

    def note_owners(self, name: str, digests: Iterable[int]) -> None:
        """Note digests of patients under a name."""
        write_whole(self.path / name, array("q", sorted(digests)).tobytes())

    def finish_piece(self, number: int, done: PieceDone) -> None:
        """Say that a piece is done, after its spill file and digests are in place."""
        self._write(f"piece-{number:06}.json", msgspec.json.encode(done))

    def note(self, name: str, value: Any) -> None:
        """Keep a fact of the run."""
        self._write(f"{name}.json", msgspec.json.encode(value))

    def noted(self, name: str, kind: Any) -> Any:
        """A fact of the run, None when it is not known yet."""
        try:
            return msgspec.json.decode((self.path / f"{name}.json").read_bytes(), type=kind)
        except FileNotFoundError:
            return None

    def lines(self, partition: int, partitions: int, pieces: int) -> Iterator[Kept]:
        """Kept lines of one of the partitions over all pieces, in their order."""
        for number in range(pieces):
            with self.spill_path(number).open("rb", buffering=0) as file:
                yield from unspilled(file, partition, partitions)

    def remove(self) -> None:
        """Remove the folder with all that is in it."""
        shutil.rmtree(self.path)

    def _write(self, name: str, content: bytes) -> None:
        write_whole(self.path / name, content)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_bytes(content)
    draft.replace(path)
