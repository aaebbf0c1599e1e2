"""All models of a service: the bundled catalogue and a hospital's own folders, grouped into CDS services."""

import os
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NamedTuple

from fairness.gate_load import examine, policy_problems
from fairness.gate_records import last_day
from fhir_mapping.terminology.site import SiteTerminology
from models.errors import ManifestError, ModelError, ModelRefused
from models.loader import load_model
from models.manifest import MANIFEST
from models.runtime import Model

CATALOG = Path(__file__).parent / "catalog"


class Refusal(NamedTuple):
    """A folder that is not served, and why."""

    folder: Path
    reason: str


class Service(NamedTuple):
    """One CDS service: the models that answer one hook under one service id."""

    id: str
    hook: str
    title: str
    description: str
    models: tuple[Model, ...]

    @property
    def kinds(self) -> frozenset[str]:
        """FHIR resource types that the models read."""
        return frozenset(kind for model in self.models for kind in model.features.kinds)


class Registry:
    """Loaded models by id, and the services that they form; retired models form none.

    `site` is the site's own terminology that the models were loaded with.
    """

    def __init__(
        self,
        models: Sequence[Model],
        refused: Sequence[Refusal] = (),
        site: SiteTerminology = SiteTerminology.EMPTY,
    ) -> None:
        self.site = site
        self.models: dict[str, Model] = {model.manifest.id: model for model in models}
        self.refused = tuple(refused)
        self.services: dict[tuple[str, str], Service] = _services(models)

    def kinds_of(self, service_id: str) -> frozenset[str]:
        """FHIR resource types that the models of a service read, on whichever of its hooks."""
        offered = (one for (known, _), one in self.services.items() if known == service_id)
        return frozenset(kind for one in offered for kind in one.kinds)

    @classmethod
    def load(
        cls,
        folders: Sequence[Path],
        strict: bool = True,
        site: SiteTerminology = SiteTerminology.EMPTY,
        today: date | None = None,
    ) -> "Registry":
        """Load every model folder inside `folders`, in the order of their names.

        A folder that cannot be served raises ModelError when `strict`; otherwise it is kept in `refused` and
        the others are served. A second model with an id that is taken is refused. A version that its own
        fairness policy keeps from being loaded (on `today`, by default the day in UTC) is no mistake: it is
        kept in `refused` in either case.
        """
        day = today or datetime.now(UTC).date()
        models: dict[str, Model] = {}
        refused: list[Refusal] = []
        for folder in _model_folders(folders):
            try:
                model = load_model(folder, site)
                if model.manifest.id in models:
                    raise ModelRefused(f"{folder}: model id `{model.manifest.id}` is taken; give it another")
                if reason := _forbidden(model, day):
                    refused.append(Refusal(folder, reason))
                    continue
                models[model.manifest.id] = model
            except ModelError as error:
                if strict:
                    raise
                refused.append(Refusal(folder, str(error)))
        return cls(list(models.values()), refused, site)


def _model_folders(folders: Sequence[Path]) -> Iterator[Path]:
    for folder in folders:
        if not os.path.isdir(folder):  # unlike pathlib, no error for one that may not be seen
            raise ModelRefused(f"{folder}: is not a folder; give a folder that holds model folders")
        if os.path.isfile(folder / MANIFEST):
            raise ModelRefused(f"{folder}: is a model folder itself; give the folder that holds it")
        try:
            yield from [inside for inside in sorted(folder.iterdir()) if (inside / MANIFEST).is_file()]
        except OSError as error:
            remedy = "let this user read the folder and what is in it"
            raise ModelRefused(f"{folder}: cannot be read ({error.strerror}); {remedy}") from None


def _forbidden(model: Model, today: date) -> str | None:
    """Why the model's fairness policy keeps it from being loaded; raises ManifestError for unknown names."""
    policy = model.manifest.fairness
    cells = model.evaluation.results if model.evaluation else ()
    for field, remedy in policy_problems(policy, cells):
        raise ManifestError((model.folder or Path()) / MANIFEST, field, remedy)
    if policy.override is not None and policy.override.until > last_day(today):
        remedy = f"must end within a year, on {last_day(today)} at the latest; then decide again"
        raise ManifestError((model.folder or Path()) / MANIFEST, "fairness.override.until", remedy)
    return examine(policy, cells, today).refusal


def _services(models: Sequence[Model]) -> dict[tuple[str, str], Service]:
    """Services by (id, hook); title and description are those of the first model."""
    found: dict[tuple[str, str], Service] = {}
    for model in models:
        manifest = model.manifest
        for hook in manifest.hooks if manifest.status != "retired" else ():
            key = (manifest.service_id, hook)
            before = found.get(key)
            if before is None:
                found[key] = Service(*key, manifest.title, manifest.description, (model,))
            else:
                found[key] = before._replace(models=(*before.models, model))
    return found
