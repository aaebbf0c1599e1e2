"""Implications: an Observation of their own, or components of the variant or genotype they are about."""

import msgspec

from fhir_mapping.genomics.codes import codes
from fhir_mapping.genomics.elements import coded, codings, gene_names, provenance
from fhir_mapping.genomics.findings import Effect, GeneName, Implication
from fhir_mapping.genomics.usable import Source

_AXES = ("predicted", "metabolism", "efficacy", "transporter", "high-risk", "prognosis",
         "feature-consequence", "functional-effect")  # fmt: skip


def read_implication(source: Source, kind: str, derived_from: tuple[str, ...] = ()) -> Implication:
    """The implication of an Observation; without any element that tells one it is `no-value`."""
    elements, observation = source.elements, source.found.observation
    genes, conflict = gene_names(elements.concepts("gene"))
    effects = _effects(source)
    significance = elements.coded("significance", "significance")
    if significance is None and kind == "diagnostic" and observation.value_codeable_concept is not None:
        significance = coded(observation.value_codeable_concept, "significance")
    medications, therapies = elements.all_coded("medication"), elements.all_coded("therapy")
    phenotypes = elements.all_coded("phenotype")
    nothing = not (medications or therapies or phenotypes or effects or significance)
    return Implication(
        kind=kind,
        genes=genes,
        origin=provenance(source.found),
        reason=source.reason or conflict or ("no-value" if nothing else None),
        medications=medications,
        therapies=therapies,
        phenotypes=phenotypes,
        effects=effects,
        significance=significance,
        evidence=elements.coded("evidence"),
        inheritance=elements.coded("inheritance"),
        conclusion=next((one.text for one in elements.concepts("conclusion")), None),
        derived_from=derived_from or source.references(),
    )


def inline_implication(source: Source) -> Implication | None:
    """The implication that older senders put into the components of the finding itself; None without one."""
    names = source.elements.names()
    if "medication" in names or any(name.startswith("effect.") for name in names):
        return read_implication(source, "therapeutic", (source.found.source,))
    if "phenotype" in names or "inheritance" in names:
        return read_implication(source, "diagnostic", (source.found.source,))
    return None


def _effects(source: Source) -> tuple[Effect, ...]:
    found = [
        Effect(axis, answer)
        for axis in _AXES
        for answer in source.elements.all_coded(f"effect.{axis}", "effect")
    ]
    observation = source.found.observation
    # STU1 told the axis by the code of the Observation, and the answer as its value.
    for one in codings(observation.code):
        axis = codes().component(one.system, one.code) or ""
        if axis.startswith("effect.") and observation.value_codeable_concept is not None:
            found.append(
                Effect(axis.removeprefix("effect."), coded(observation.value_codeable_concept, "effect"))
            )
    return tuple(dict.fromkeys(found))


def with_genes(one: Implication, genes_of: dict[str, tuple[GeneName, ...]]) -> Implication:
    """The same with the genes of what it is derived from, where it names none itself."""
    if one.genes:
        return one
    inherited = [gene for reference in one.derived_from for gene in genes_of.get(reference, ())]
    return msgspec.structs.replace(one, genes=tuple(dict.fromkeys(inherited)))
