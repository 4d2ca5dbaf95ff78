"""What can go wrong, by kind. Every message is one line: what file, what is wrong, what to try."""

from __future__ import annotations


class CnZooError(Exception):
    """Base of all errors that a user can cause or mend."""


class InputError(CnZooError):
    """A file or an array is unreadable, or its content is implausible."""


class ImplausibleDepthError(InputError):
    """What was read is no depth image that a camera can have taken: empty, a mask, or in another unit."""


class RecipeError(InputError):
    """A command asks for a recipe that is not there, or for changes that it cannot take."""


class WeightsError(CnZooError):
    """Weights are missing, incomplete or fail their hash."""


class NoHandError(CnZooError):
    """The depth image shows no hand."""


class MissingDependencyError(CnZooError):
    """An optional dependency is not installed; the message carries the pip line."""


class UnknownModelError(CnZooError):
    """A name, path or address names no model; the message lists every accepted form."""


def with_subject(subject: str, error: CnZooError) -> str:
    """An error's message, with what it is about in front where it does not tell that itself."""
    return str(error) if subject in str(error) else f"{subject}: {error}"


def one_line(error: object, limit: int | None = None) -> str:
    """What an error of another library says, to be told within a message of one's own.

    Args:
        error: any; some, such as ``MemoryError()``, have no text, and are told by the name of their type.
        limit: how many characters at most; None: all.
    """
    return (" ".join(str(error).split()) or type(error).__name__)[:limit]
