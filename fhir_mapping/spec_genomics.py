"""Features of genomic results: alleles, genotypes, variants, microsatellites.

What these have in common: nothing is ever read from the absence of a result. A gene without a result, or with
one that is indeterminate, not called or contradicted, is missing with that reason.
"""

from typing import Annotated, Literal

import msgspec

from fhir_mapping.spec_base import Common

Fraction = Annotated[float, msgspec.Meta(gt=0, le=1)]
Level = Literal["stable", "low", "high"]
Significance = Literal["pathogenic", "likely-pathogenic", "uncertain-significance", "likely-benign", "benign"]
PATHOGENIC: tuple[Significance, ...] = ("pathogenic", "likely-pathogenic")


class AlleleCount(Common, frozen=True, kw_only=True, tag="allele_count"):
    """On how many of a patient's two chromosomes one of the alleles lies: 0, 1 or 2.

    With `match: core` a name stands for all its sub-alleles, copy numbers and tandems; with `exact`
    sub-allele (where one is written) and copy number must be those written, and the allele must be alone.
    """

    gene: str
    alleles: tuple[str, ...]
    match: Literal["core", "exact"] = "core"


class AlleleCarried(Common, frozen=True, kw_only=True, tag="allele_carried"):
    """1 when one of the chromosomes has an allele such as `*57:01` of HLA-B, 0 when a result says which other
    alleles there are."""

    gene: str
    allele: str


class Diplotype(Common, frozen=True, kw_only=True, tag="diplotype"):
    """The genotype of a gene as text, such as `CYP2D6*1/*4`.

    The value is the number that `values` gives for it (either order of the alleles, core names), 1 where
    there are no `values`.
    """

    gene: str
    values: dict[str, float] = msgspec.field(default_factory=dict)


class VariantPresent(Common, frozen=True, kw_only=True, tag="variant_present"):
    """1 when a variant is reported as present, 0 only when it is reported as absent.

    Which variant: any in the gene, or the one with an HGVS name (c., p. or g.) or dbSNP id. `significance`
    lists what it must mean, `min_allele_frequency` the least fraction of reads.
    """

    gene: str
    hgvs: str | None = None
    dbsnp: str | None = None
    significance: tuple[Significance, ...] = ()
    min_allele_frequency: Fraction | None = None


class Microsatellite(Common, frozen=True, kw_only=True, tag="microsatellite"):
    """Microsatellite instability of a tumour: the number of its level, missing for a level without one."""

    levels: dict[Level, float] = msgspec.field(
        default_factory=lambda: {"stable": 0.0, "low": 1.0, "high": 2.0}
    )
