"""From a model's name, path or address to its record and to verified local files."""

from __future__ import annotations

import difflib
import os
import re
from pathlib import Path
from typing import NamedTuple

from cn_zoo import pretrained
from cn_zoo.errors import UnknownModelError, WeightsError
from cn_zoo.zoo._hashing import sha256_of
from cn_zoo.zoo.download import discard_unverified, download
from cn_zoo.zoo.embedded import read_embedded
from cn_zoo.zoo.file_record import FileRecord
from cn_zoo.zoo.preset import PRESET_FILE, Preset

#: Where the released models' folders lie.
PRETRAINED = Path(pretrained.__file__).parent
_WEIGHTS_SUFFIXES = {".onnx", ".keras", ".tflite"}


def list_models() -> list[str]:
    """Names of the released models."""
    return sorted(path.parent.name for path in PRETRAINED.glob(f"*/{PRESET_FILE}"))


def get_preset(model: str | Path) -> Preset:
    """The record of a model: that of the name, or the one inside or beside the weights at the path or address.

    Args:
        model: a name of ``list_models()``; a folder with ``preset.json``, or a file in it; an exported file,
            which carries its own record; an http or https address of such a file or folder (ending in ``/``),
            to which ``#sha256=...`` may be added.

    Raises:
        UnknownModelError: ``model`` is none of these.
        WeightsError: there is no such path; or the record is missing, damaged or cannot be downloaded.
    """
    if isinstance(model, str) and _is_address(model):
        address, sha256 = _split_address(model)
        base = address.rsplit("/", 1)[0] + "/"
        if address == base + PRESET_FILE:
            return _downloaded_record(base, sha256).with_urls(base)
        return _record_of_weights(download(address, sha256), base)
    path = _find(model)
    if path.is_dir():
        return Preset.load(path)
    _check_readable(path)
    if path.name != PRESET_FILE and (inside := read_embedded(path)):
        return inside
    if not (path.parent / PRESET_FILE).is_file():
        raise WeightsError(
            f"{path}: carries no model record (or is broken), and no {PRESET_FILE} lies beside it; put the model's own "
            "there, or export the model with cn-zoo export"
        )
    return Preset.load(path.parent)


def resolve(model: str | Path, kind: str = "onnx") -> Path:
    """A model's file on this machine, verified, downloaded if need be.

    Args:
        model: as for ``get_preset``. A weights file, by path or address, is taken whatever ``kind`` says; where a
            record beside it names it, it must have the hash told there. All other forms stand for the file of that
            kind in the model's record.
        kind: key of ``Preset.files``.

    Raises:
        UnknownModelError: ``model`` has none of the accepted forms.
        WeightsError: the file is missing, unreadable, cannot be downloaded or fails its hash.
    """
    if isinstance(model, str) and _is_address(model):
        address, sha256 = _split_address(model)
        if not address.endswith(f"/{PRESET_FILE}"):
            return download(address, sha256)
    elif (path := _find(model)).is_file() and path.name != PRESET_FILE:
        _check_readable(path)
        return _as_recorded(path)
    return file_of(get_preset(model), kind)


def weights_path(model: str | Path, kind: str = "estimator") -> Path:
    """A model's Keras file: ``"estimator"`` (built-in layers only) or ``"nets"`` (the whole CrossingNets).

    Args and errors as for ``resolve``.
    """
    return resolve(model, kind)


def file_of(preset: Preset, kind: str) -> Path:
    """The file of a kind in a model's record, verified, downloaded if need be.

    Raises:
        WeightsError: the model has none, or it is missing, cannot be downloaded or fails its hash.
    """
    if kind not in preset.files:
        has = ", ".join(preset.files) or "none, as an exported file stands alone; give the model that it was made from"
        raise WeightsError(f"{preset.name}: has no file of kind {kind!r}; it has {has}")
    return verified(preset.folder, preset.files[kind])


def verified(folder: Path, record: FileRecord) -> Path:
    """The file in the folder of its record, or its download.

    Raises:
        WeightsError: the file is missing, cannot be downloaded or fails its hash.
    """
    path = folder / record.path
    if _is_there(path):
        if _readable_sha256(path) != record.sha256:
            raise WeightsError(
                f"{path}: does not fit its recorded hash and is not loaded; get the model's whole folder anew"
            )
        return path
    if record.url:
        return download(record.url, record.sha256, record.bytes)
    raise WeightsError(f"{path}: is missing; get the model's whole folder anew")


def _as_recorded(path: Path) -> Path:
    """A weights file that fits its hash, if the record beside it has one."""
    if (path.parent / PRESET_FILE).is_file():
        for record in Preset.load(path.parent).files.values():
            if record.path == path.name:
                return verified(path.parent, record)
    return path


def _downloaded_record(base: str, sha256: str) -> Preset:
    record = download(base + PRESET_FILE, sha256)
    try:
        return Preset.load(record.parent)
    except WeightsError:
        discard_unverified(record)
        raise


def _record_of_weights(weights: Path, base: str) -> Preset:
    """The record in downloaded weights, or the one beside them on the server."""
    if inside := read_embedded(weights):
        return inside
    try:
        return _downloaded_record(base, "").with_urls(base)
    except WeightsError as error:
        discard_unverified(weights)
        raise WeightsError(
            f"{base}{weights.name}: carries no model record (or is no network), and there is none beside it: {error}"
        ) from None


def _find(model: str | Path) -> Path:
    """The folder of a name, or an existing path."""
    names = list_models()
    if model in names:
        return PRETRAINED / model
    path = Path(model)
    if _is_there(path) or _is_there(path / PRESET_FILE):
        return path
    if "://" in str(model):
        raise UnknownModelError(f"{model}: an address begins with http:// or https://")
    if _looks_like_path(model):
        raise WeightsError(_why_no_model(path))
    close = difflib.get_close_matches(str(model).lower(), names, n=1)
    hint = f"; did you mean {close[0]}?" if close else ";"
    raise UnknownModelError(
        f"a model is a name ({', '.join(names) or 'none installed'}), a folder with {PRESET_FILE}, a weights file "
        f"(.onnx, .keras, .tflite) or the http(s) address of one or of its {PRESET_FILE}{hint} received {model!s}"
    )


def _looks_like_path(model: str | Path) -> bool:
    """Whether a path was meant, not a name: it has a separator or a weights file's ending, or is a folder."""
    has_separator = any(separator in str(model) for separator in ("/", os.sep))
    has_ending = Path(model).suffix.lower() in _WEIGHTS_SUFFIXES
    return isinstance(model, Path) or has_separator or has_ending or (model != "" and _is_folder(Path(model)))


def _why_no_model(path: Path) -> str:
    if _is_folder(path):
        return f"{path}: holds no {PRESET_FILE}, so it is no model's folder; give one that has it, or a weights file"
    return f"{path}: no such file; check the path, or give a name of cn-zoo models"


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # too long for a path, or not to be looked into
        return False


def _is_there(path: Path) -> bool:
    """Whether it is a file.

    Raises:
        WeightsError: its folder may not be looked into.
    """
    try:
        return path.is_file()
    except PermissionError as error:
        raise _unreadable(path, error) from None
    except OSError:  # too long for a path, or otherwise none
        return False


def _check_readable(path: Path) -> None:
    """Open a weights file, as what reads it later takes all that fails for a broken network.

    Raises:
        WeightsError: it cannot be read.
    """
    try:
        path.open("rb").close()
    except OSError as error:
        raise _unreadable(path, error) from None


def _readable_sha256(path: Path) -> str:
    try:
        return sha256_of(path)
    except OSError as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: OSError) -> WeightsError:
    return WeightsError(f"{path}: cannot be read ({error.strerror or error}); check its permissions")


class _Address(NamedTuple):
    url: str
    sha256: str


def _is_address(model: str) -> bool:
    return model.lower().startswith(("http://", "https://"))


def _split_address(model: str) -> _Address:
    """The address and the hash behind ``#``, if any; a folder's address stands for its record's."""
    url, _, fragment = model.partition("#")
    if fragment and not re.fullmatch(r"sha256=[0-9a-fA-F]{64}", fragment):
        raise UnknownModelError(f"an address may end in #sha256= and 64 hexadecimal digits; received {model}")
    return _Address(url + PRESET_FILE if url.endswith("/") else url, fragment.removeprefix("sha256=").lower())
