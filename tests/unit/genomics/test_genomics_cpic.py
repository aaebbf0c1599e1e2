"""The allele and diplotype names of the CPIC tables."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from fhir_mapping.genomics import read_genotype, read_haplotype
from fhir_mapping.genomics.genes import table

DIPLOTYPES = 25396
HAPLOTYPES = 586


@pytest.fixture
def phenotypes(data_folder: Path) -> list[dict[str, Any]]:
    """The CPIC phenotype tables of March 2024, one per gene."""
    files = sorted((data_folder / "cpic" / "phenotype_2024").iterdir())
    contents = ((file.suffix, file.read_bytes()) for file in files)
    return [json.loads(gzip.decompress(raw) if suffix == ".gz" else raw) for suffix, raw in contents]


def test_every_diplotype_of_the_tables_is_read_as_its_key(phenotypes: list[dict[str, Any]]) -> None:
    """Each diplotype name gives the same alleles as the table's own key, which counts each allele."""
    seen = 0
    for one in phenotypes:
        for row in one["diplotypes"]:
            reading = read_genotype(row["diplotype"], one["gene"])
            key: Counter[str] = Counter()
            for name, count in row["diplotypekey"].items():
                key[str((read_haplotype(name, one["gene"]).alleles or (None,))[0])] += count
            assert Counter(map(str, reading.alleles or ())) == key, row["diplotype"]
            seen += 1
    assert seen == DIPLOTYPES


def test_every_allele_of_the_tables_is_read_as_itself(phenotypes: list[dict[str, Any]]) -> None:
    """No two allele names of a gene are read as the same allele, and none is left unread."""
    seen = 0
    for one in phenotypes:
        names = list(one["haplotypes"])
        alleles = [read_haplotype(name, one["gene"]).alleles for name in names]
        assert None not in alleles
        assert len(set(alleles)) == len(names)
        seen += len(names)
    assert seen == HAPLOTYPES


def test_gene_prefix_and_spaces_change_nothing(phenotypes: list[dict[str, Any]]) -> None:
    """A diplotype reads the same with its gene in front and spaces around the slash."""
    for one in phenotypes:
        for row in one["diplotypes"][::25]:
            bare = read_genotype(row["diplotype"], one["gene"])
            spaced = read_genotype(f"{one['gene']} {row['diplotype'].replace('/', ' / ')}")
            assert (spaced.gene, spaced.alleles) == (one["gene"], bare.alleles), row["diplotype"]


def test_every_gene_of_the_guidelines_is_in_the_table(data_folder: Path) -> None:
    """Genes that CPIC guidelines are about have a symbol and an HGNC id here."""
    guidelines = sorted((data_folder / "cpic" / "guidelines_2024").glob("*.json"))
    symbols = {
        gene["symbol"]
        for file in guidelines
        for gene in json.loads(file.read_bytes())["guideline"]["relatedGenes"]
    }
    assert symbols
    assert symbols <= set(table().by_symbol)
