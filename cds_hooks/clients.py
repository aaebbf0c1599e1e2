"""Client profiles: what an installation knows of single EHRs that call it.

Discovery is a GET without a login, so nothing in it tells who asks. A client with a profile is therefore
registered under an address of its own, `{base}/clients/{name}/cds-services`, and calls below that address.
The name tells clients apart; it is no secret and proves nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import msgspec

from fhir_mapping.prefetch_dialect import Dialect
from fhir_mapping.yamlfile import YAMLError, read_yaml

__all__ = ["PREFIX", "ClientProfile", "read_clients"]

PREFIX = "/clients/"
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


class ClientProfile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One client; `prefetch` is the version of CDS Hooks in whose words it is asked for prefetch."""

    prefetch: Dialect = "2.0"


def read_clients(path: Path) -> Mapping[str, ClientProfile]:
    """Profiles by name of client, from a YAML file; raises ValueError that says what does not fit."""
    try:
        found = msgspec.convert(read_yaml(path.read_text(encoding="utf-8")), dict[str, ClientProfile])
    except (OSError, UnicodeDecodeError):
        raise ValueError("must name a readable YAML file of client profiles") from None
    except YAMLError:
        raise ValueError("names a file that is no YAML") from None
    except msgspec.ValidationError as error:
        raise ValueError(
            f'names a file that does not fit ({error}); write `name: {{prefetch: "3.0"}}` for each client'
        ) from None
    for name in found:
        if not _NAME.fullmatch(name):
            raise ValueError(f"names a file with client `{name}`; use small letters, digits and hyphens")
    return found
