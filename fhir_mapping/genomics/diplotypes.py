"""The grammar of a genotype's text: any string becomes a pair of alleles, or a reason why it was not read.

    genotype    = alternative (("or" | "|") alternative)*      several alternatives are ambiguous
    alternative = gene? side "/" gene? side | gene? locus base "/" base | gene? c.[change];[change]
    side        = allele (see `fhir_mapping.genomics.alleles`)

HLA typings may also be GL Strings, where `+` stands between the chromosomes and `/` between possible alleles.
A reference genotype is only ever read where the text names it: no finding is not `*1/*1`.
"""

import re
import unicodedata
from itertools import product

import msgspec

from fhir_mapping.genomics.alleles import LOCUS, Allele, parse_allele
from fhir_mapping.genomics.codes import comment_pattern, reason_patterns
from fhir_mapping.genomics.genes import Gene, gene, table

Alleles = tuple[Allele, ...]
MAX_LENGTH = 1000
"""Characters; a longer text is not read."""
MAX_CANDIDATES = 64
"""Genotypes; a text that leaves more of them open lists none."""


class Reading(msgspec.Struct, frozen=True):
    """What a genotype's text says.

    `alleles` holds two alleles, or one where the gene allows a single one; None comes with a reason, a key of
    `fhir_mapping.genomics.findings.REASONS`. `candidates` are the genotypes that an ambiguous text leaves
    open, empty when they are not all readable; with `one-allele`, that allele. `gene` is the symbol in the
    text.
    """

    gene: str | None = None
    alleles: Alleles | None = None
    reason: str | None = None
    candidates: tuple[Alleles, ...] = ()


_SYMBOL = re.compile(
    r"(?P<symbol>[A-Za-z][A-Za-z0-9]{0,14}(?:-[A-Za-z0-9]{1,6})?)"
    r"(?P<noise>(?: ?(?:genotype|diplotype|haplotype|alleles?|result))? ?[:=]? ?)(?P<rest>.*)"
)
_GL_PREFIX = re.compile(r"hla#[^#]{1,20}#", re.IGNORECASE)
_ALTERNATIVES = re.compile(r" or |\|", re.IGNORECASE)
_BASES = r"[ACGT]+|del|ins"
_LOCUS = re.compile(
    rf"(?P<locus>{LOCUS})[ :,(]+(?:(?P<one>{_BASES})/(?P<two>{_BASES})|(?P<pair>[ACGT]{{2}}))\)?"
)
_COMPOUND = re.compile(
    r"(?:(?P<sequence>N[CGM]_[0-9.]+)(?:\((?P<gene>[A-Z0-9-]+)\))?:)?(?P<kind>[cg]\.)"
    r"\[(?P<one>[^][;]+)\];\[(?P<two>[^][;]+)\](?: AND .*)?"
)
_STARS = str.maketrans({"∗": "*", "＊": "*", "⁎": "*", "／": "/", "⁄": "/", "∕": "/", '"': " "})


def read_genotype(text: str, expected: str | None = None) -> Reading:
    """The pair of alleles that a text names, or why there is none.

    `expected` is the symbol of the gene that was studied, where it is known; it decides how allele names are
    written, and a text that names another gene is a `gene-conflict`.
    """
    text = _normal(text)
    if not text:
        return Reading(reason="no-value")
    if len(text) > MAX_LENGTH:
        return Reading(reason="not-a-genotype")
    reading = _structured(text, expected)
    if reading.reason == "not-a-genotype" and (shorter := comment_pattern().sub("", text)) != text:
        reading = _structured(shorter, expected)
    if reading.reason == "not-a-genotype":
        told = next((reason for reason, words in reason_patterns() if words.search(text)), reading.reason)
        return Reading(reading.gene, reason=told)
    return reading


def read_haplotype(text: str, expected: str | None = None) -> Reading:
    """The one allele that a text names, or why there is none; see `read_genotype`."""
    reading = read_genotype(text, expected)
    if reading.reason == "one-allele":
        return Reading(reading.gene, reading.candidates[0])
    if reading.alleles is not None and len(reading.alleles) > 1:
        return Reading(reading.gene, reason="not-a-haplotype")
    return reading


def write_genotype(symbol: str | None, alleles: Alleles) -> str:
    """The text of a genotype, which `read_genotype` reads as the same gene and alleles."""
    body = "/".join(map(str, alleles))
    return body if not symbol else f"{symbol}{body}" if body.startswith("*") else f"{symbol} {body}"


def _normal(text: str) -> str:
    text = text.translate(_STARS)
    text = "".join(c for c in re.sub(r"\s+", " ", text) if unicodedata.category(c)[0] != "C").strip()
    return re.sub(r" ?([/+|]) ?", r"\1", text)


def _structured(text: str, expected: str | None) -> Reading:
    gl_string = _GL_PREFIX.match(text)
    if gl_string:
        text = text[gl_string.end() :]
    named, rest = _take_gene(text)
    known = gene(named or expected or "")
    if named and expected and named != expected.upper():
        return Reading(named, reason="gene-conflict")
    if gl_string or (known is not None and known.style == "hla"):
        return _typing(rest, named, known)
    if pair := _locus(rest):
        return Reading(named, pair)
    readings = [_pair(one, named, known) for one in _ALTERNATIVES.split(rest)]
    return readings[0] if len(readings) == 1 else _alternatives(named, readings)


def _take_gene(text: str) -> tuple[str | None, str]:
    """Split a gene symbol off the front: one of the table, or any symbol that stands before a star."""
    match = _SYMBOL.match(text)
    if match is None:
        return None, text
    symbol, rest = match["symbol"].upper(), match["rest"]
    if f"HLA-{symbol}" in table().by_symbol and rest.startswith("*"):
        return f"HLA-{symbol}", rest
    separated = rest.startswith("*") or bool(match["noise"])
    if symbol in table().by_symbol and rest and separated:
        return symbol, rest
    if rest.startswith("*") and len(symbol) > 1 and not symbol.isdigit():
        return symbol, rest
    return None, text


def _pair(text: str, named: str | None, known: Gene | None) -> Reading:
    """Read `side/side`, `side`, or a compound HGVS name."""
    if compound := _COMPOUND.fullmatch(text):
        return _compound(compound, named, known)
    alleles: list[Allele] = []
    for side in text.split("/"):
        symbol, rest = _take_gene(side)
        if symbol and named and symbol != named:
            return Reading(named, reason="gene-conflict")
        allele = parse_allele(rest, known or gene(symbol or ""))
        if allele is None:
            return Reading(named, reason="not-a-genotype")
        named = named or symbol
        alleles.append(allele)
    return _counted(named, tuple(alleles), known)


def _counted(named: str | None, alleles: Alleles, known: Gene | None) -> Reading:
    if len(alleles) == 2 or (len(alleles) == 1 and known is not None and known.may_be_single):
        return Reading(named, alleles)
    if len(alleles) == 1:
        return Reading(named, reason="one-allele", candidates=(alleles,))
    return Reading(named, reason="not-a-genotype")


def _compound(match: re.Match[str], named: str | None, known: Gene | None) -> Reading:
    symbol = match["gene"] or named
    if named and symbol != named:
        return Reading(named, reason="gene-conflict")
    prefix = f"{match['sequence']}:" if match["sequence"] else ""
    texts = (f"{prefix}{match['kind']}{match[side]}" for side in ("one", "two"))
    alleles = tuple(allele for text in texts if (allele := parse_allele(text, known)) is not None)
    return Reading(symbol, alleles) if len(alleles) == 2 else Reading(symbol, reason="not-a-genotype")


def _locus(text: str) -> Alleles | None:
    """Read the two bases at a position that is named once, such as `rs9923231 C/T`."""
    match = _LOCUS.fullmatch(text)
    if match is None:
        return None
    bases = match["pair"] or (match["one"], match["two"])
    alleles = (parse_allele(f"{match['locus']} {base}") for base in bases)
    return tuple(allele for allele in alleles if allele is not None)


def _alternatives(named: str | None, readings: list[Reading]) -> Reading:
    if not any(reading.alleles or reading.reason == "one-allele" for reading in readings):
        return Reading(named, reason="not-a-genotype")
    if any(reading.reason == "gene-conflict" for reading in readings):
        return Reading(named, reason="gene-conflict")
    named = named or next((reading.gene for reading in readings if reading.gene), None)
    pairs = [reading.alleles for reading in readings if reading.alleles]
    return _decided(named, pairs if len(pairs) == len(readings) else [])


def _decided(named: str | None, pairs: list[Alleles]) -> Reading:
    """One genotype if all alternatives are the same one; otherwise ambiguous."""
    by_name: dict[tuple[str, ...], Alleles] = {}
    for pair in pairs:
        by_name.setdefault(tuple(sorted(map(str, pair))), pair)
    different = tuple(by_name.values())
    if len(different) == 1:
        return Reading(named, different[0])
    listed = different if len(different) <= MAX_CANDIDATES else ()
    return Reading(named, reason="ambiguous", candidates=listed)


def _typing(text: str, named: str | None, known: Gene | None) -> Reading:
    """An HLA typing, as a GL String or with the two alleles on either side of a slash or comma."""
    if "^" in text or "~" in text or known is None:
        return Reading(named, reason="several-genes" if known else "gene-missing")
    genotypes: list[Alleles] = []
    for option in _ALTERNATIVES.split(text):
        sides = option.split("+") if "+" in option else re.split(r"/| ?[,;] ?| and ", option)
        spread = [alleles for side in sides if (alleles := _typed(side, known))]
        if len(spread) < len(sides) or len(sides) > 2:
            return Reading(named, reason=_typing_failure(sides, known))
        genotypes += product(*spread)
    if all(len(one) == 2 for one in genotypes):
        return _decided(named, genotypes)
    return _counted(named, genotypes[0], known) if len(genotypes) == 1 else Reading(named, reason="ambiguous")


def _typed(side: str, known: Gene) -> Alleles | None:
    """The alleles that one side of a typing leaves open; None when one of them is not read."""
    alleles: list[Allele] = []
    for one in side.split("/"):
        symbol, rest = _take_gene(one)
        allele = parse_allele(rest, known) if symbol in (None, known.symbol) else None
        if allele is None:
            return None
        alleles.append(allele)
    return tuple(alleles)


def _typing_failure(sides: list[str], known: Gene) -> str:
    others = {symbol for side in sides for one in side.split("/") if (symbol := _take_gene(one)[0])}
    return "gene-conflict" if others - {known.symbol} else "not-a-genotype"
