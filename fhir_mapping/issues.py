"""What was wrong with one entry: where, and of which kind. Never what it said."""

import msgspec


class Issue(msgspec.Struct, frozen=True, gc=False):
    """One finding about one element of a payload.

    `path` is the element's path in the payload, `code` a stable word that scripts can test,
    `message` a sentence for people. None of them holds a value from the payload.
    """

    path: str
    code: str
    message: str
