"""The first pass: which lines of a piece are kept, and for whom."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from fhir_mapping.bulk.blocks import UNDECODABLE, decoded
from fhir_mapping.bulk.export import resource_types, unread
from fhir_mapping.bulk.interest import SHARED_KINDS, Codes, Interest
from fhir_mapping.bulk.leads import Lead
from fhir_mapping.bulk.lines import Lines, Problem
from fhir_mapping.bulk.outline import (
    OUTLINES,
    Outline,
    odd_outline,
    owner_of,
    owner_of_broken,
)

SHARED = ""
"""Owner of what belongs to no patient and is referred to."""


class Kept(msgspec.Struct, array_like=True, gc=False):
    """One line that may matter: the patient's id, resource type and id, the drug that it refers to, its JSON.

    A line that is not JSON is kept for the patient whom it names, with kind `""`: of the record that it
    belonged to, no absence can be concluded. With `lead`, it is the newest of its feature, and others are not
    kept.
    """

    owner: str
    kind: str
    id: str | None
    drug: str | None
    raw: bytes
    lead: Lead | None = None


class Tally(msgspec.Struct):
    """What was met: lines `read`; `kept` because a feature may need them; `ownerless`, of a touched type but
    without reference to a patient; `broken`, not JSON or without a type; the types seen; the types of which
    a line was `lost`, so that it may be anybody's; what could not be read."""

    read: int = 0
    kept: int = 0
    ownerless: int = 0
    broken: int = 0
    kinds: set[str] = msgspec.field(default_factory=set)
    lost: set[str] = msgspec.field(default_factory=set)
    problems: list[Problem] = msgspec.field(default_factory=list)

    def add(self, other: "Tally") -> None:
        """Take in the tally of another piece."""
        for name in ("read", "kept", "ownerless", "broken"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.kinds |= other.kinds
        self.lost |= other.lost
        self.problems += other.problems


def scan(lines: Lines, interest: Interest, tally: Tally) -> Iterator[Kept]:
    """The lines to keep."""
    look = Look(lines, interest, tally).at
    for found, whole in decoded(lines, OUTLINES):
        yield from filter(None, map(look, found, lines.singly(whole)))


class Look:
    """Looks at the lines of a piece one by one; called with a line, gives what is to be kept of it."""

    def __init__(self, lines: Lines, interest: Interest, tally: Tally) -> None:
        self._lines = lines
        self._interest = interest
        self._tally = tally

    def __call__(self, line: bytes) -> Kept | None:
        try:
            outline = OUTLINES.decode(line)
        except UNDECODABLE:
            outline = None
        return self.at(outline, line)

    def at(self, outline: Outline | None, line: bytes) -> Kept | None:
        """What is to be kept of a line with this outline, None when it has none."""
        interest, tally = self._interest, self._tally
        if outline is None:
            found = None
            if not line.isspace():
                tally.read += 1
                found = _odd(line, self._lines, interest, tally)
                tally.kept += found is not None
            return found
        tally.read += 1
        kind = outline.kind
        if kind not in interest.kinds:
            _misplaced(kind, line, self._lines, interest, tally)
            return None
        tally.kinds.add(kind)
        wanted = interest.codes.get(kind)
        if wanted is not None and not is_touched(outline, wanted) and not may_tell(line, outline, interest):
            return None
        owner = SHARED if kind in SHARED_KINDS else owner_of(outline)
        if owner is None:
            _ownerless(kind, line, self._lines, tally)
            return None
        drug = outline.drug
        tally.kept += 1
        return Kept(owner, kind, outline.id, drug.reference if drug is not None else None, line)


def is_touched(outline: Outline, wanted: Codes) -> bool:
    """Whether a coded resource can matter: it carries a code of interest, points to its drug, or does not say
    in codes what it is about."""
    concept = outline.code or outline.drug_code
    codings = concept.coding if concept is not None else None
    if outline.drug is not None or not codings:
        return True
    is_coded = False
    for coding in codings:
        code = coding.code
        if code:
            systems = wanted.get(code)
            if systems is not None and (coding.system in systems or not coding.system):
                return True
            is_coded = True
    return not is_coded


def may_tell(line: bytes, outline: Outline, interest: Interest) -> bool:
    """Whether an observation under other codes may matter all the same: by its words, or as a panel."""
    hints = interest.hints
    if hints is None or outline.kind != "Observation":
        return False
    codings = (outline.code.coding if outline.code is not None else None) or ()
    is_settled = any(one.code and hints.is_settled(one.system, outline.component) for one in codings)
    return not is_settled and hints.may_be_in(line)


def _odd(line: bytes, lines: Lines, interest: Interest, tally: Tally) -> Kept | None:
    """A line whose outline cannot be read: kept whole when it is of a type that matters and its patient is
    known, so that the record knows of it."""
    try:
        outline = odd_outline(line)
    except msgspec.MsgspecError as error:
        named, owner = owner_of_broken(line)
        lines.note("no-type" if isinstance(error, msgspec.ValidationError) else "not-json", line)
        tally.broken += 1
        kind = named or lines.kind
        matters = (kind or "Patient") in interest.kinds
        if matters and owner is None:
            tally.lost |= {kind} if kind is not None else interest.kinds
        return Kept(owner, "", None, None, line) if matters and owner is not None else None
    if outline.kind not in interest.kinds:
        _misplaced(outline.kind, line, lines, interest, tally)
        return None
    tally.kinds.add(outline.kind)
    owner = SHARED if outline.kind in SHARED_KINDS else owner_of(outline)
    if owner is None:
        _ownerless(outline.kind, line, lines, tally)
        return None
    return Kept(owner, outline.kind, outline.id, None, line)


def _ownerless(kind: str, line: bytes, lines: Lines, tally: Tally) -> None:
    """A resource about nobody that can be told may be about anybody."""
    tally.ownerless += 1
    tally.lost.add(kind)
    lines.note("no-patient", line)


def _misplaced(kind: str, line: bytes, lines: Lines, interest: Interest, tally: Tally) -> None:
    """A line of a type that nobody reads, where one that features read may be meant: in the file of such a
    type, or in a file of any types under a name that is none of FHIR's, or as a Bundle of who knows what."""
    if lines.kind is not None:
        if lines.kind in interest.kinds:
            tally.lost.add(lines.kind)
            lines.note("other-type", line)
    elif kind == "Bundle" or kind not in resource_types():
        meant = {one for one in interest.kinds if one.lower() == kind.lower()}
        tally.lost |= meant or interest.kinds
        lines.note("no-such-type", line)


def note_unread(tally: Tally, folder: Path, kinds: frozenset[str]) -> None:
    """Say which files of an export may hold resources that matter and are not read, being no NDJSON."""
    for name, kind in unread(folder, kinds):
        tally.problems.append(Problem(name, 0, "no-ndjson"))
        tally.lost.add(kind)


def doubted(tally: Tally, kind_of: Mapping[str, str | None], kinds: frozenset[str]) -> set[str]:
    """Types of which resources may be missing from anybody's chart; `kind_of` tells a file's type."""
    cut = {one.file for one in tally.problems if one.code in ("unreadable", "too-long")}
    found = set(tally.lost)
    for file in cut:
        kind = kind_of.get(file)
        found |= kinds if kind is None else {kind}
    return found & kinds
