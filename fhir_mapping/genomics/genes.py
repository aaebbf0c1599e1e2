"""Genes by approved symbol and by HGNC id, and how the alleles of each are written."""

from functools import cache
from importlib import resources
from typing import Literal

import msgspec

from fhir_mapping.errors import SpecError
from fhir_mapping.yamlfile import YAMLError, read_yaml


class Gene(msgspec.Struct, frozen=True):
    """One gene of the table: approved symbol, HGNC id with its prefix, allele naming, ploidy."""

    symbol: str
    hgnc_id: str
    style: Literal["star", "hla", "legacy", "epsilon", "named"] = "star"
    names: tuple[str, ...] = ()
    ploidy: Literal["diploid", "mitochondrial", "x-linked"] = "diploid"

    @property
    def may_be_single(self) -> bool:
        """Whether one allele can be the whole result."""
        return self.ploidy != "diploid"


class _Row(msgspec.Struct, forbid_unknown_fields=True):
    hgnc: int
    style: Literal["star", "hla", "legacy", "epsilon", "named"] = "star"
    names: tuple[str, ...] = ()
    ploidy: Literal["diploid", "mitochondrial", "x-linked"] = "diploid"


class GeneTable(msgspec.Struct, frozen=True):
    """The genes of `data/genomics/genes.yaml`."""

    by_symbol: dict[str, Gene]
    by_id: dict[str, Gene]


@cache
def table() -> GeneTable:
    """The gene table; raises SpecError when the file does not fit or names an id twice."""
    text = (resources.files("fhir_mapping") / "data" / "genomics" / "genes.yaml").read_text(encoding="utf-8")
    try:
        rows = msgspec.convert(read_yaml(text)["genes"], dict[str, _Row])
    except (msgspec.ValidationError, KeyError, YAMLError) as error:
        raise SpecError(f"genomics/genes.yaml: {error}") from None
    genes = [Gene(name, f"HGNC:{row.hgnc}", row.style, row.names, row.ploidy) for name, row in rows.items()]
    by_id = {gene.hgnc_id: gene for gene in genes}
    if len(by_id) != len(genes):
        raise SpecError("genomics/genes.yaml: an HGNC id stands for two genes; correct one of them")
    return GeneTable({gene.symbol: gene for gene in genes}, by_id)


def gene(symbol: str) -> Gene | None:
    """The gene with this approved symbol, None when the table has none; case does not matter."""
    return table().by_symbol.get(symbol.upper())
