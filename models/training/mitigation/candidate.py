"""A mitigated model in a folder of its own, for review; the catalogue is never written to.

Only a model that scores everybody alike can become one. Reweighing can. Recalibration and thresholds per
group need the group of the person who is scored: the served graph has no such input, and two people with the
same findings would be treated differently for their group. Reductions give a randomised decision, no
probability. These are refused, with the reason.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import yaml

from models.golden_cases import CASES, golden, read_cases
from models.manifest import MANIFEST
from models.registry import CATALOG
from models.sealing import metadata, seal
from models.training.design import Floats
from models.training.ensemble import Ensemble
from models.training.evaluate import Evaluation
from models.training.graph import write_model
from models.training.mitigation.crossfit import (
    POSTPROCESSING,
    RECALIBRATION,
    REDUCTIONS,
    REWEIGHING,
    Answer,
    Key,
)
from models.training.mitigation.reweighing import reweighing
from models.training.mitigation.study import Study
from models.training.reference import write_reference

# From weights [n, K] to the full recipe, fitted on everybody.
Fit = Callable[[Floats], Ensemble]
REFUSED: Mapping[str, str] = {
    RECALIBRATION: "it needs the group of the person who is scored, which is no input of the served model",
    POSTPROCESSING: "group-specific thresholds treat people of the same risk differently, and are not served",
    REDUCTIONS: "it gives a randomised decision at one threshold, and no probability that a card could tell",
}


class Maker:
    """How a model's full recipe is fitted, and the folder whose manifest a candidate starts from."""

    def __init__(self, folder: Path, fit: Fit) -> None:
        self.folder, self.fit = folder, fit


def check_candidate(target: Path, methods: Sequence[str], attributes: Sequence[str]) -> str | None:
    """Why no candidate can be written with these options; None when it can."""
    for method in methods:
        if method in REFUSED:
            return f"--write-candidate: {method} cannot be written as a model: {REFUSED[method]}"
    if tuple(methods) != (REWEIGHING,) or len(attributes) != 1:
        return "--write-candidate: give --mitigation reweighing and one attribute with --groups"
    if target.exists():
        return f"--write-candidate: {target.name} is there already; name a new folder"
    if CATALOG.resolve() in target.resolve().parents:
        return "--write-candidate: name a folder outside the catalogue"
    return None


def write_candidate(
    target: Path, study: Study, attribute: str, answers: Mapping[Key, Answer], maker: Maker
) -> None:
    """Fit the full recipe with weights and write the sealed folder, with the figures of the comparison."""
    strata = study.people.strata(attribute)
    outcomes = study.people.outcomes
    weights = np.column_stack([reweighing(strata, outcomes[:, k])[0] for k in range(outcomes.shape[1])])
    ensemble = maker.fit(weights)
    target.mkdir(parents=True)
    manifest = yaml.safe_load((maker.folder / MANIFEST).read_text(encoding="utf-8"))
    version = f"{study.version}-reweighed-by-{attribute.replace('_', '-')}"
    manifest |= {"version": version, "status": "research", "files": {}}
    _reviewed(manifest, study, attribute)
    text = yaml.safe_dump(manifest, sort_keys=False, allow_unicode=True, width=100)
    (target / MANIFEST).write_text(text, encoding="utf-8")
    shutil.copy(maker.folder / CASES, target / CASES)
    _evaluated(target, study, version, attribute, answers)
    write_reference(ensemble.reference, target / "reference.json")
    write_model(ensemble, target / "model.onnx", metadata(study.model, version, target))
    seal(target)
    golden(target, read_cases(target / CASES))
    seal(target)  # again, for golden.json


def _reviewed(manifest: dict[str, object], study: Study, attribute: str) -> None:
    """Say what the candidate is, and that the texts are not its own."""
    use = manifest["intended_use"]
    assert isinstance(use, dict), "a manifest has it"
    limit = (
        f"Candidate, reweighed by {attribute}: apart from evaluation.json every text and figure here is that "
        f"of version {study.version}, and has to be reviewed before use"
    )
    use["limits"] = [limit, *use.get("limits", [])]
    regulatory = manifest.setdefault("regulatory", {})
    assert isinstance(regulatory, dict), "a manifest has it as a mapping"
    how = f"Training rows were reweighed: {attribute} and outcome are independent (Kamiran & Calders 2012)"
    regulatory.setdefault("fairness", {})["mitigation"] = how


def _evaluated(
    target: Path, study: Study, version: str, attribute: str, answers: Mapping[Key, Answer]
) -> None:
    risks = [answers[(REWEIGHING, attribute, k)].risk for k in range(len(study.outputs))]
    thresholds = {name: [one.threshold] for name, one in study.outputs.items()}
    evaluation = Evaluation(study.model, version, study.folds.seed, thresholds)
    data = replace(study.data, description=f"{study.data.description}; {study.plan}")
    known = np.column_stack([risk for risk in risks if risk is not None])
    evaluation.add_results(data, study.people.outcomes, known, study.people.groups)
    evaluation.notes.append(
        f"Out-of-fold figures are of a small plan ({study.plan}); the model is the full recipe."
    )
    evaluation.write(target / "evaluation.json", study.code)
