"""The options of a ``training.py``: without ``--mitigation`` a run trains as always."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from models.training.mitigation.candidate import Maker, check_candidate, write_candidate
from models.training.mitigation.crossfit import METHODS
from models.training.mitigation.report import encoded, printed
from models.training.mitigation.study import Declared, Study, compare


@dataclass(frozen=True)
class Offer:
    """What a model can be mitigated for: its attributes, its declared outputs, and how a study is made.

    ``attributes`` are tried when none is named, ``outputs`` are judged when none is named.
    """

    attributes: tuple[str, ...]
    known: tuple[str, ...]
    outputs: Mapping[str, Declared]
    study: Callable[[Mapping[str, Declared]], Study]
    candidate: Maker


@dataclass(frozen=True)
class Options:
    """What the command line asks for."""

    methods: tuple[str, ...]
    attributes: tuple[str, ...]
    out: Path | None
    candidate: Path | None
    threshold: float | None
    span: tuple[float, float] | None


def parse(arguments: Sequence[str], offer: Offer) -> Options | None:
    """The options, None when no mitigation is asked for; ends the run with a usage message when they do not
    fit."""
    parser = _parser(offer)
    given = parser.parse_args(arguments)
    if given.mitigation is None:
        if given.out or given.write_candidate or given.threshold or given.span:
            parser.error("--threshold, --range, --out and --write-candidate need --mitigation")
        return None
    if not offer.outputs and (given.threshold is None or given.span is None):
        parser.error("the manifest declares no decision threshold: give --threshold and --range")
    if given.write_candidate is not None:
        problem = check_candidate(given.write_candidate, given.mitigation, given.groups)
        if problem:
            parser.error(problem)
    return Options(
        given.mitigation, given.groups, given.out, given.write_candidate, given.threshold, given.span
    )


def _parser(offer: Offer) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Train the model of this folder, or compare mitigations.")
    add = parser.add_argument
    methods, known = ",".join(METHODS), ",".join(offer.known)
    helped = f"compare with the unmitigated recipe, train nothing: {methods}"
    add("--mitigation", metavar="METHODS", type=_names(METHODS), help=helped)
    helped = f"mitigate for these attributes: {known}"
    add("--groups", metavar="ATTRIBUTES", type=_names(offer.known), default=offer.attributes, help=helped)
    add("--threshold", metavar="T", type=_share, help="decision threshold, in place of the manifest's")
    add("--range", dest="span", metavar="LOW:HIGH", type=_span, help="range of thresholds, likewise")
    add("--out", metavar="FILE", type=Path, help="write the comparison as JSON")
    helped = "write the reweighed model into a new folder outside the catalogue"
    add("--write-candidate", metavar="DIR", type=Path, help=helped)
    return parser


def run(options: Options, offer: Offer, names: Sequence[str]) -> None:
    """Compare, print, and write what was asked for. ``names`` are the model's outputs, in their order."""
    study = offer.study({name: _declared(offer, options, name) for name in names})
    document, answers = compare(study, options.methods, options.attributes)
    print(printed(document))
    if options.out is not None:
        options.out.write_text(encoded(document), encoding="utf-8")
        print(f"\nwritten: {options.out}")
    if options.candidate is not None:
        write_candidate(options.candidate, study, options.attributes[0], answers, offer.candidate)
        print(f"\ncandidate, not in the catalogue and to be reviewed: {options.candidate}")


def _declared(offer: Offer, options: Options, name: str) -> Declared:
    declared = offer.outputs.get(name, Declared(options.threshold or 0.5, options.span or (0.1, 0.9)))
    if options.threshold is not None:
        declared = replace(declared, threshold=options.threshold)
    return declared if options.span is None else replace(declared, span=options.span)


def _names(known: Sequence[str]) -> Callable[[str], tuple[str, ...]]:
    def read(text: str) -> tuple[str, ...]:
        names = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
        wrong = [name for name in names if name not in known]
        if wrong or not names:
            raise argparse.ArgumentTypeError(f"{', '.join(wrong) or 'nothing'}: use {', '.join(known)}")
        return names

    return read


def _share(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0.0 < value < 1.0:
        raise argparse.ArgumentTypeError(f"{text}: must be a number between 0 and 1")
    return value


def _span(text: str) -> tuple[float, float]:
    low, _, high = text.partition(":")
    found = (_share(low), _share(high))
    if found[0] >= found[1]:
        raise argparse.ArgumentTypeError(f"{text}: the first threshold must be below the second")
    return found
