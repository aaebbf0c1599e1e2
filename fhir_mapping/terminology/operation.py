"""The HTTP side of an expansion: GET and POST of `$expand`, within the bounds of the FHIR reader."""

from pathlib import Path

import requests

from fhir_mapping.server.origin import Limits, ServerBase
from fhir_mapping.server.transport import BoundedAdapter, Connection

_JSON = "application/fhir+json"


class Operation(Connection):
    """A terminology server for the length of one expansion; for one thread."""

    def __init__(
        self, base: ServerBase, token: str | None, limits: Limits, ends: float, ca_bundle: Path | None = None
    ) -> None:
        """Arguments are those of Connection."""
        super().__init__(base, token, limits, ends, ca_bundle)
        self._posting = _PostingAdapter(base, token, limits, ends)
        for scheme in ("https://", "http://"):
            self._server.session.mount(scheme, self._posting)

    def expand(self, path: str, body: bytes | None) -> bytes:
        """Body of the answer to a GET of a path below the base, or to a POST of `body`; raises ReadError."""
        self._posting.parameters = body
        return self.get(path)

    def close(self) -> None:
        """Forget the token and close the sockets."""
        self._posting.forget()
        super().close()


class _PostingAdapter(BoundedAdapter):
    """Bounds of a read for an operation that changes nothing, and may be repeated, but goes as a POST when
    its parameters are a resource."""

    parameters: bytes | None = None

    def _open(self, request: requests.PreparedRequest, until: float, verify: bool | str) -> requests.Response:
        if self.parameters is not None:
            request = request.copy()
            request.prepare_method("POST")
            request.prepare_body(self.parameters, None)
            request.headers["Content-Type"] = _JSON
        return super()._open(request, until, verify)
