"""Genomic results of one patient: HL7 Genomics Reporting observations, current and older, as frozen findings.

`read` takes raw resources and gives `GenomicFindings`; `result_for` tells the genotype of one gene, `carries`
whether a genotype has an allele. No finding is ever read from the absence of one.
"""

from fhir_mapping.genomics.agreement import GeneResult, agree, carries, result_for, same_pair
from fhir_mapping.genomics.alleles import Allele, Part, parse_allele
from fhir_mapping.genomics.codes import may_hold_findings
from fhir_mapping.genomics.diplotypes import Reading, read_genotype, read_haplotype, write_genotype
from fhir_mapping.genomics.findings import (
    REASONS,
    Biomarker,
    Coded,
    DiplotypeCall,
    Effect,
    GeneName,
    GenomicFindings,
    Implication,
    Provenance,
    VariantCall,
)
from fhir_mapping.genomics.reader import read

__all__ = [
    "REASONS",
    "Allele",
    "Biomarker",
    "Coded",
    "DiplotypeCall",
    "Effect",
    "GeneName",
    "GeneResult",
    "GenomicFindings",
    "Implication",
    "Part",
    "Provenance",
    "Reading",
    "VariantCall",
    "agree",
    "carries",
    "may_hold_findings",
    "parse_allele",
    "read",
    "read_genotype",
    "read_haplotype",
    "result_for",
    "same_pair",
    "write_genotype",
]
