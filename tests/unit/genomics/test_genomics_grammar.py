"""The grammar of star alleles, HLA alleles and other genotype texts."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fhir_mapping.genomics import (
    REASONS,
    Allele,
    Part,
    Reading,
    parse_allele,
    read_genotype,
    read_haplotype,
    write_genotype,
)
from fhir_mapping.genomics.genes import table

READ = [
    ("*1/*4", "CYP2D6", ["*1", "*4"]),
    ("CYP2D6*1/*4", None, ["*1", "*4"]),
    ("CYP2D6 *1 / *4", None, ["*1", "*4"]),
    ("cyp2d6 *1/*4", None, ["*1", "*4"]),
    ("CYP2D6: *1/*4", None, ["*1", "*4"]),
    ("CYP2D6*7.001 / CYP2D6*1.001", None, ["*7.001", "*1.001"]),
    ("*1x2/*2xN", "CYP2D6", ["*1x2", "*2xN"]),
    ("*4X2/*1×3", "CYP2D6", ["*4x2", "*1x3"]),
    ("*1x≥3/*2x>=3", "CYP2D6", ["*1x≥3", "*2x≥3"]),
    ("*1x1/*01", "CYP2D6", ["*1", "*1"]),
    ("*36+*10/*13", "CYP2D6", ["*36+*10", "*13"]),
    ("[*68 + *4]/*36x2+*10", "CYP2D6", ["*68+*4", "*36x2+*10"]),
    ("*3a/*3C", "TPMT", ["*3A", "*3C"]),
    ("*1/*4 (Intermediate Metabolizer)", "CYP2D6", ["*1", "*4"]),
    ("CYP2C19 *2/*2, poor metaboliser phenotype", None, ["*2", "*2"]),
    ("*1/*4 or *4/*1", "CYP2D6", ["*1", "*4"]),
    ("HLA-B*57:01:01:01/*58:01", None, ["*57:01:01:01", "*58:01"]),
    ("B*5701, B*5801", None, ["*57:01", "*58:01"]),
    ("HLA-DRB1*15:01+HLA-DRB1*04:01", None, ["*15:01", "*04:01"]),
    ("A*24:02:01:02L/A*01:11N", None, ["*24:02:01:02L", "*01:11N"]),
    ("c.1905+1G>A (*2A)/Reference", "DPYD", ["c.1905+1G>A (*2A)", "Reference"]),
    ("c.1129-5923C>G, c.1236G>A (HapB3)/c.2846A>T", "DPYD",
     ["c.1129-5923C>G, c.1236G>A (HapB3)", "c.2846A>T"]),
    ("VKORC1 rs9923231 A/G", None, ["rs9923231 A", "rs9923231 G"]),
    ("rs12979860 CT", "IFNL3", ["rs12979860 C", "rs12979860 T"]),
    ("rs2231142 reference (G)/rs2231142 variant (T)", "ABCG2", ["rs2231142 G", "rs2231142 T"]),
    ("VKORC1 -1639G>A: A/A", None, ["-1639G>A A", "-1639G>A A"]),
    ("NM_022787.3(NMNAT1):c.[53A>G];[769G>A] AND a disease", None,
     ["NM_022787.3:c.53A>G", "NM_022787.3:c.769G>A"]),
    ("F508del/G551D", "CFTR", ["F508del", "G551D"]),
    ("APOE ε3/ε4", None, ["e3", "e4"]),
    ("m.1555A>G", "MT-RNR1", ["m.1555A>G"]),
]  # fmt: skip

NOT_READ = [
    ("", None, "no-value"),
    (" \u200b\t", None, "no-value"),
    ("Indeterminate", "CYP2D6", "indeterminate"),
    ("*1/*4 indeterminate", "CYP2D6", "indeterminate"),
    ("No call", "CYP2D6", "no-call"),
    ("*1/*4 or *2/*3", "CYP2D6", "ambiguous"),
    ("*1|*4", "CYP2D6", "ambiguous"),
    ("hla#3.33.0#HLA-A*02:69+HLA-A*23:30|HLA-A*02:302+HLA-A*23:26", None, "ambiguous"),
    ("negative", "CYP2D6", "no-alleles-named"),
    ("wild type", "CYP2D6", "no-alleles-named"),
    ("No variants detected", "DPYD", "no-alleles-named"),
    ("HLA-B*57:01 positive", None, "presence-only"),
    ("*4", "CYP2D6", "one-allele"),
    ("CYP2C19*1/*2", "CYP2D6", "gene-conflict"),
    ("CYP2C19*1/CYP2D6*4", None, "gene-conflict"),
    ("A*01:01/B*08:01", None, "gene-conflict"),
    ("hla#3.1.0#HLA-A*01:01+HLA-A*02:01^HLA-B*08:01+HLA-B*07:02", None, "several-genes"),
    ("*1/*4/*5", "CYP2D6", "not-a-genotype"),
    ("(*1/*2)xN", "CYP2D6", "not-a-genotype"),
    ("*1/*2 x2", "CYP2D6", "not-a-genotype"),
    ("*1*4", "CYP2D6", "not-a-genotype"),
    ("*1/*4", "HLA-B", "not-a-genotype"),
    ("A*9201/A*0101", None, "not-a-genotype"),
    ("638797", None, "not-a-genotype"),
    ("*1/" * 1000, "CYP2D6", "not-a-genotype"),
]


@pytest.mark.parametrize(("text", "gene", "alleles"), READ)
def test_known_ways_to_write_a_genotype_are_read(text: str, gene: str | None, alleles: list[str]) -> None:
    """Spaces, gene prefixes, sub-alleles, copies, hybrids, HLA, HGVS and rs names give their alleles."""
    reading = read_genotype(text, gene)
    assert list(map(str, reading.alleles or ())) == alleles
    assert reading.reason is None


@pytest.mark.parametrize(("text", "gene", "reason"), NOT_READ)
def test_what_is_no_pair_of_alleles_has_a_reason(text: str, gene: str | None, reason: str) -> None:
    """Ambiguous, indeterminate, negative and unreadable texts give no alleles and tell why."""
    reading = read_genotype(text, gene)
    assert (reading.alleles, reading.reason) == (None, reason)


def test_an_ambiguous_typing_lists_what_it_leaves_open() -> None:
    """A GL String with alternatives gives every genotype that it allows."""
    reading = read_genotype("hla#3.33.0#HLA-A*02:69+HLA-A*23:30|HLA-A*02:302+HLA-A*23:26/HLA-A*23:39")
    assert [write_genotype("HLA-A", pair) for pair in reading.candidates] == [
        "HLA-A*02:69/*23:30",
        "HLA-A*02:302/*23:26",
        "HLA-A*02:302/*23:39",
    ]


def test_a_text_that_leaves_very_many_genotypes_open_lists_none() -> None:
    """The candidates of an ambiguous typing are bounded."""
    many = "/".join(f"HLA-A*02:{i:02d}" for i in range(1, 15))
    reading = read_genotype(f"{many}+{many}")
    assert (reading.reason, reading.candidates) == ("ambiguous", ())


def test_a_haplotype_with_a_pair_of_alleles_is_refused() -> None:
    """A pair where one allele belongs is `not-a-haplotype`."""
    assert read_haplotype("*1/*4", "CYP2D6").reason == "not-a-haplotype"


def test_the_core_name_leaves_detail_out() -> None:
    """The core of an allele is the name that guideline tables are keyed by."""
    texts = ("*4.001", "*36.001x2+*10.002", "c.1905+1G>A (*2A)", "NM_000110.4:c.2846A>T")
    cores = [allele.core for text in texts if (allele := parse_allele(text))]
    assert cores == ["*4", "*36x2+*10", "c.1905+1G>A", "c.2846A>T"]


stars = st.builds(
    Part,
    name=st.builds("*{}{}".format, st.integers(1, 999), st.sampled_from(["", *"ABCDEFGHIJKLMNOPQRSTUVWYZ"])),
    suballele=st.one_of(st.just(""), st.integers(0, 999).map("{:03d}".format)),
    copies=st.sampled_from(["", "2", "3", "12", "N", "≥3"]),
)
star_alleles = st.lists(stars, min_size=1, max_size=3).map(lambda parts: Allele(tuple(parts)))
dna = st.builds(
    "c.{}{}{}>{}".format, st.integers(1, 5000), st.sampled_from(["", "+1", "-12"]), st.sampled_from("ACGT"),
    st.sampled_from("ACGT"),
)  # fmt: skip
named_alleles = st.builds(
    Allele,
    st.builds(Part, name=dna, sequence=st.sampled_from(["", "NM_000110.4"])).map(lambda part: (part,)),
    st.sampled_from(["", "*2A", "HapB3"]),
)
hla_alleles = st.lists(st.integers(0, 99).map("{:02d}".format), min_size=1, max_size=4).map(
    lambda fields: Allele((Part("*" + ":".join(fields)),))
)


def genotypes(alleles: st.SearchStrategy[Allele], gene: str | None) -> st.SearchStrategy[tuple[str, Reading]]:
    """Text of a genotype and the reading that it must give."""
    pairs = st.tuples(alleles, alleles)
    return pairs.map(lambda pair: (write_genotype(gene, pair), Reading(gene, pair)))


@given(
    st.one_of(
        genotypes(star_alleles, "CYP2D6"),
        genotypes(star_alleles, None),
        genotypes(named_alleles, "DPYD"),
        genotypes(hla_alleles, "HLA-B"),
    )
)
def test_what_is_written_is_read_back(case: tuple[str, Reading]) -> None:
    """Writing a genotype and reading it gives the same gene and alleles."""
    text, reading = case
    assert read_genotype(text) == reading


PIECES = [
    *("*", "/", "|", "+", "~", "^", ",", " ", "[", "];[", "]", "(", ")", " or "),
    *("x", "N", "1", "4", "57:01", "A", "≥", "ε", "c.1A>G", "p.", "rs1", "hla#1#"),
    *("HLA-B", "CYP2D6", "Reference", "no call"),
]


@given(
    st.one_of(st.text(max_size=60), st.lists(st.sampled_from(PIECES), max_size=12).map("".join)),
    st.one_of(st.none(), st.sampled_from(sorted(table().by_symbol))),
)
@example("hla#1#HLA-A*01", None)
@example("c.[];[]", "CFTR")
def test_any_text_gives_alleles_or_a_reason(text: str, gene: str | None) -> None:
    """The reader is total: alleles and no reason, or a reason of the list and no alleles."""
    for read in (read_genotype, read_haplotype):
        reading = read(text, gene)
        assert (reading.alleles is None) == (reading.reason is not None)
        assert reading.reason is None or reading.reason in REASONS


@given(st.text(alphabet=st.characters(exclude_characters="*∗＊⁎"), max_size=40))
def test_a_star_allele_is_never_made_up(text: str) -> None:
    """A text without a star gives no star allele, whatever it says."""
    for allele in read_genotype(text, "CYP2D6").alleles or ():
        assert not str(allele).startswith("*")
