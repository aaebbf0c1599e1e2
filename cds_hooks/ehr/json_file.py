"""Reading one JSON file, plain or gzip, with errors that tell the place but never the content."""

from __future__ import annotations

import gzip
import json
import zlib
from pathlib import Path
from typing import Any, NoReturn

from cds_hooks.ehr.errors import UnusableFile

__all__ = ["Resource", "read_json"]

Resource = dict[str, Any]

_GZIP_MAGIC = b"\x1f\x8b"


def read_json(path: Path) -> Any:
    """Return what the file holds; gzip is recognised by its first bytes, whatever the name says.

    Raises UnusableFile when the file cannot be read, is empty, is a broken gzip or is not JSON.
    """
    content = _inflated(_content(path), path)
    if not content.strip():
        raise UnusableFile(str(path), "the file is empty")
    try:
        return json.loads(content, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
    except UnicodeDecodeError as error:
        place = f"byte {error.start} is not valid text"
    except RecursionError:
        place = "it is nested too deeply"
    except ValueError:
        place = "it holds a number that JSON cannot carry"
    # Raised outside the handlers: the decoder's own errors hold the whole document.
    raise UnusableFile(str(path), f"not JSON ({place})")


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UnusableFile(str(path), f"cannot be read ({error.strerror})") from None


def _inflated(content: bytes, path: Path) -> bytes:
    if not content.startswith(_GZIP_MAGIC):
        return content
    try:
        return gzip.decompress(content)
    except (EOFError, OSError, zlib.error):
        raise UnusableFile(str(path), "the gzip data is cut off or damaged; copy the file again") from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)
