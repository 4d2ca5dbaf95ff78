"""How records are kept: as JSON text with a table of files, a card beside it. Shared by models and the hand locator."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cn_zoo.zoo.file_record import FileRecord

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

#: What reading a text raises that is no record, or one of another version.
DAMAGE = (ValueError, KeyError, TypeError, AttributeError)
_CARD_FILE = "card.md"


def facts_of(content: bytes | str) -> dict[str, Any]:
    """A record's JSON text as the arguments of its class, all but the folder.

    Raises:
        ValueError, KeyError, TypeError, AttributeError: it is damaged; these are `DAMAGE`.
    """
    facts = json.loads(content)
    files = {kind: FileRecord(**file) for kind, file in facts.pop("files").items()}
    return {**facts, "files": files}


def json_of(record: DataclassInstance) -> str:
    """A record as JSON text; the folder that it was read from is not part of it.

    Raises:
        ValueError: a figure is no number.
    """
    facts = asdict(record)
    del facts["folder"]
    return json.dumps(facts, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def save_with_card(record: Path, text: str, card: str) -> None:
    """Write a record's text, and its card beside it first: what has a record is whole.

    Raises:
        OSError: the folder cannot be written.
    """
    from cn_zoo.io.atomic import atomic_path  # reading a record must not wait for NumPy and Pillow

    for path, content in ((record.with_name(_CARD_FILE), card), (record, text)):
        with atomic_path(path) as temporary:
            temporary.write_text(content, encoding="utf-8")
