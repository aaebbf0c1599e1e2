"""The grammar of one allele name: star alleles, HLA alleles, HGVS names, rs ids with a base, legacy names.

    allele   = part ("+" part)*                  a tandem or hybrid, such as *36+*10
    part     = star | hla | hgvs | rs | name
    star     = "*" number letter? ("." 3 digits)? ("x" copies)?
    copies   = number | "N" | "≥" number
    hla      = "*" 2 digits (":" digits)* suffix?   also without colons, as before 2010

What does not fit is None; nothing is repaired by guessing. `str` of an allele parses to the same allele.
"""

import re

import msgspec

from fhir_mapping.genomics.genes import Gene


class Part(msgspec.Struct, frozen=True):
    """One gene copy on a chromosome.

    `name` is the core name (`*4`, `*57:01`, `c.1905+1G>A`, `rs9923231 T`, `Reference`), `suballele` three
    digits, `copies` "", a number above 1, `N` (several, nobody counted) or `≥3`; `sequence` is the reference
    sequence of an HGVS name, where one was sent.
    """

    name: str
    suballele: str = ""
    copies: str = ""
    sequence: str = ""

    def __str__(self) -> str:
        prefix = f"{self.sequence}:" if self.sequence else ""
        sub = f".{self.suballele}" if self.suballele else ""
        copies = f"x{self.copies}" if self.copies else ""
        return f"{prefix}{self.name}{sub}{copies}"


class Allele(msgspec.Struct, frozen=True):
    """What lies on one chromosome of a pair: one part, or several in tandem.

    `synonym` is a second name in brackets behind the first, such as `*2A` of DPYD c.1905+1G>A.
    """

    parts: tuple[Part, ...]
    synonym: str = ""

    @property
    def core(self) -> str:
        """The name without sub-allele, synonym and reference sequence: what guideline tables are keyed by."""
        return "+".join(f"{part.name}x{part.copies}" if part.copies else part.name for part in self.parts)

    def __str__(self) -> str:
        return "+".join(map(str, self.parts)) + (f" ({self.synonym})" if self.synonym else "")


_STAR = re.compile(
    r"\*(?P<number>[0-9]{1,3})(?P<letter>[A-WYZa-wyz]?)(?:\.(?P<sub>[0-9]{3}))?"
    r"(?:[xX×](?P<copies>[0-9]{1,2}|[nN]|(?:≥|>=)[0-9]{1,2}))?"
)
_HLA = re.compile(
    r"\*(?P<fields>[0-9]{2,3}(?::[0-9]{2,4}){1,3}|[0-9]{2}|(?:[0-9]{2}){2,4})(?P<suffix>[NLSCAQPG]?)"
)
_POSITION = r"[*-]?[0-9]+(?:[+-][0-9]+)?"
_CHANGE = r"(?:[ACGT]+>[ACGT]+|[ACGT]+>del(?:\+Cn)?|=|delins[ACGT]+|del[ACGT]*|dup[ACGT]*|ins[ACGT]+|inv)"
_DNA = rf"[cgmn]\.{_POSITION}(?:_{_POSITION})?{_CHANGE}"
_PROTEIN = r"p\.\(?[A-Za-z]{1,3}[0-9]+(?:_[A-Za-z]{1,3}[0-9]+)?[A-Za-z0-9*=]*\)?"
_HGVS = re.compile(
    r"(?:(?P<sequence>(?:N[CGMPR]_[0-9]+(?:\.[0-9]+)?|LRG_[0-9]+(?:[tp][0-9]+)?)):)?"
    rf"(?P<change>{_DNA}(?:, ?{_DNA})*|{_PROTEIN})(?: ?\((?P<synonym>\*[0-9]+[A-Z]?|Hap[A-Z][0-9]+)\))?"
)
LOCUS = r"rs[0-9]+|(?:[cg]\.)?-?[0-9]+[ACGT]>[ACGT]"
"""Pattern of a position that a genotype may be given at."""
_BASE = re.compile(rf"(?P<locus>{LOCUS})[ :,]+(?:(?:reference|variant) ?)?\(?(?P<base>[ACGT]+|del|ins)\)?")
_LEGACY = re.compile(
    r"(?P<name>[A-Z][0-9]{1,4}(?:[A-Z](?:\([ACGT]>[ACGT]\))?|del)"
    r"|[0-9]{2,4}(?:[+-][0-9]+)?(?:kb)?(?:[ACGT]->[ACGT]|(?:del|ins)[ACGT]+))"
)
_EPSILON = re.compile(r"(?:APOE ?)?[-eEε]?(?P<number>[1-4])")
# Their four-digit names were given other first fields in 2010, so that the digits alone mislead.
_RENAMED_HLA = {("HLA-A", "92"), ("HLA-B", "95")}


def parse_allele(text: str, gene: Gene | None = None) -> Allele | None:
    """The allele that the text names, None when it names none; the gene decides how names are written.

    Expects text without the gene symbol; brackets around the whole are allowed.
    """
    text = _unwrap(text.strip())
    if gene is not None and gene.style == "hla":
        return _one(_hla(text, gene))
    return _star_tandem(text) or _named(text, gene) or _hgvs(text) or _base(text)


def _one(part: Part | None) -> Allele | None:
    return None if part is None else Allele((part,))


def _unwrap(text: str) -> str:
    for opening, closing in ("[]", "()"):
        if text.startswith(opening) and text.endswith(closing) and closing not in text[:-1]:
            return text[1:-1].strip()
    return text


def _star_tandem(text: str) -> Allele | None:
    parts = [_star(part.strip()) for part in text.split("+")]
    known = tuple(part for part in parts if part is not None)
    return Allele(known) if len(known) == len(parts) else None


def _star(text: str) -> Part | None:
    match = _STAR.fullmatch(text)
    if match is None or not int(match["number"]):
        return None
    copies = (match["copies"] or "").upper().replace(">=", "≥")
    count = copies.lstrip("≥")
    if count.isdigit():
        if not int(count):
            return None
        copies = copies.replace(count, str(int(count)))
    name = f"*{int(match['number'])}{match['letter'].upper()}"
    return Part(name, match["sub"] or "", "" if copies == "1" else copies)


def _hla(text: str, gene: Gene) -> Part | None:
    match = _HLA.fullmatch(text)
    if match is None:
        return None
    fields = match["fields"]
    if ":" not in fields and len(fields) > 2:
        if (gene.symbol, fields[:2]) in _RENAMED_HLA:
            return None
        fields = ":".join(fields[i : i + 2] for i in range(0, len(fields), 2))
    return Part(f"*{fields}{match['suffix']}")


def _named(text: str, gene: Gene | None) -> Allele | None:
    if text.lower() == "reference":
        return Allele((Part("Reference"),))
    if gene is None:
        return None
    for name in gene.names:
        if text.lower() == name.lower():
            return Allele((Part(name),))
    if gene.style == "legacy" and (match := _LEGACY.fullmatch(text)):
        return Allele((Part(match["name"]),))
    if gene.style == "epsilon" and (match := _EPSILON.fullmatch(text)):
        return Allele((Part(f"e{match['number']}"),))
    return None


def _hgvs(text: str) -> Allele | None:
    match = _HGVS.fullmatch(text)
    if match is None:
        return None
    name = ", ".join(change.strip() for change in match["change"].split(","))
    return Allele((Part(name, sequence=match["sequence"] or ""),), match["synonym"] or "")


def _base(text: str) -> Allele | None:
    match = _BASE.fullmatch(text)
    return None if match is None else Allele((Part(f"{match['locus']} {match['base']}"),))
