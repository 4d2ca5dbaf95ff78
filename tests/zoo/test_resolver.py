from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from zoo.file_server import FileServer

from cn_zoo.errors import UnknownModelError, WeightsError
from cn_zoo.zoo import FileRecord, Preset, get_preset, list_models, resolve, weights_path
from cn_zoo.zoo import resolver as resolver_module
from cn_zoo.zoo.save_preset import save_preset

PRESET = Preset(
    name="nyu",
    skeleton="nyu",
    camera=(588.03, 587.07, 320.0, 240.0),
    cube_mm=250.0,
    hand="right",
    architecture="default",
    latent_size=23,
    training_data="made-up hands",
    licence="Apache-2.0",
    protocol="mean joint error on made-up frames",
    errors_mm={"made-up": 9.5},
    parameters=1234,
    files={},
)


def export(folder: Path, name: str = "nyu") -> Preset:
    """A model's folder with two files and its record."""
    folder.mkdir(parents=True)
    (folder / "net.onnx").write_bytes(b"onnx of " + name.encode())
    (folder / "estimator.keras").write_bytes(b"keras of " + name.encode())
    files = {
        kind: FileRecord.of(folder / file) for kind, file in (("onnx", "net.onnx"), ("estimator", "estimator.keras"))
    }
    preset = replace(PRESET, name=name, files=files)
    save_preset(preset, folder)
    return preset


@pytest.fixture
def installed(tmp_path, monkeypatch) -> Path:
    """A zoo of two models."""
    monkeypatch.setattr(resolver_module, "PRETRAINED", tmp_path / "pretrained")
    export(tmp_path / "pretrained" / "nyu")
    export(tmp_path / "pretrained" / "icvl-paper", "icvl-paper")
    return tmp_path / "pretrained"


class TestNames:
    def test_list(self, installed):
        (installed / "unfinished").mkdir()
        assert list_models() == ["icvl-paper", "nyu"]

    def test_record(self, installed):
        preset = get_preset("icvl-paper")
        assert preset.name == "icvl-paper"
        assert preset.camera == PRESET.camera
        assert preset.files["onnx"].bytes == len(b"onnx of icvl-paper")

    def test_files(self, installed):
        assert resolve("nyu") == installed / "nyu" / "net.onnx"
        assert weights_path("nyu") == installed / "nyu" / "estimator.keras"

    def test_unknown_kind(self, installed):
        with pytest.raises(WeightsError, match="'nets'; it has onnx, estimator"):
            weights_path("nyu", "nets")

    def test_unknown_name(self, installed):
        with pytest.raises(UnknownModelError) as caught:
            resolve("icvl_paper")
        message = str(caught.value)
        for form in ("icvl-paper, nyu", "preset.json", ".onnx", ".keras", "http(s)", "did you mean icvl-paper?"):
            assert form in message
        assert message.endswith("received icvl_paper")

    def test_a_name_wins_over_a_folder(self, installed, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        export(tmp_path / "nyu", "mine")
        assert get_preset("nyu").name == "nyu"
        assert get_preset("./nyu").name == "mine"

    def test_a_file_that_fails_its_hash_is_not_given(self, installed):
        (installed / "nyu" / "net.onnx").write_bytes(b"onnx of nyv")
        with pytest.raises(WeightsError, match="hash"):
            resolve("nyu")
        assert weights_path("nyu").is_file()

    def test_the_whole_hash_is_compared(self, installed):
        record = get_preset("nyu").files["onnx"]
        other = record.sha256[:-1] + ("0" if record.sha256[-1] != "0" else "1")
        with pytest.raises(WeightsError, match="hash"):
            resolver_module.verified(installed / "nyu", replace(record, sha256=other))

    def test_a_missing_file(self, installed):
        (installed / "nyu" / "net.onnx").unlink()
        with pytest.raises(WeightsError, match="is missing"):
            resolve("nyu")

    def test_a_file_kept_elsewhere_is_downloaded(self, installed, server: FileServer, home):
        path = installed / "nyu" / "net.onnx"
        server.files["/nyu/net.onnx"] = path.read_bytes()
        record = replace(get_preset("nyu").files["onnx"], url=f"{server.url}/nyu/net.onnx")
        save_preset(replace(PRESET, files={"onnx": record}), path.parent)
        path.unlink()
        assert resolve("nyu").read_bytes() == b"onnx of nyu"
        assert resolve("nyu").is_relative_to(home)
        assert len(server.requests) == 1


class TestPaths:
    def test_folder(self, installed, tmp_path):
        export(tmp_path / "run", "mine")
        assert get_preset(tmp_path / "run").name == "mine"
        assert resolve(tmp_path / "run") == tmp_path / "run" / "net.onnx"
        assert weights_path(str(tmp_path / "run" / "preset.json")) == tmp_path / "run" / "estimator.keras"

    def test_file(self, installed, tmp_path):
        export(tmp_path / "run", "mine")
        assert resolve(tmp_path / "run" / "net.onnx") == tmp_path / "run" / "net.onnx"
        assert get_preset(tmp_path / "run" / "net.onnx").name == "mine"

    def test_a_file_that_the_record_beside_it_knows_must_fit(self, installed, tmp_path):
        export(tmp_path / "mine")
        (tmp_path / "mine" / "net.onnx").write_bytes(b"damaged")
        with pytest.raises(WeightsError, match="does not fit its recorded hash"):
            resolve(tmp_path / "mine" / "net.onnx")
        (tmp_path / "mine" / "other.onnx").write_bytes(b"a file of one's own")
        assert resolve(tmp_path / "mine" / "other.onnx").read_bytes() == b"a file of one's own"

    def test_file_without_a_record(self, installed, tmp_path):
        (tmp_path / "net.onnx").write_bytes(b"onnx")
        assert resolve(tmp_path / "net.onnx") == tmp_path / "net.onnx"
        with pytest.raises(WeightsError, match=r"preset\.json"):
            get_preset(tmp_path / "net.onnx")

    def test_folder_without_a_record(self, installed, tmp_path):
        for folder in (tmp_path, str(tmp_path)):
            with pytest.raises(WeightsError, match=r"holds no preset\.json"):
                resolve(folder)

    @pytest.mark.parametrize("path", ["mod/nope.onnx", "nope.tflite", "mod/nope", Path("nope"), "x" * 300 + ".onnx"])
    def test_missing_path(self, installed, path):
        for find in (resolve, get_preset):
            with pytest.raises(WeightsError, match="no such file"):
                find(path)

    def test_unreadable_files_are_named(self, installed, tmp_path, monkeypatch):
        export(tmp_path / "run", "mine")

        def refuse(path, *_, **__):
            raise PermissionError(13, "Permission denied", str(path))

        # The tests may run as root, whom no mode stops.
        path = tmp_path / "run" / "net.onnx"
        monkeypatch.setattr(Path, "open", refuse)
        monkeypatch.setattr(resolver_module, "sha256_of", refuse)
        for find in (resolve, get_preset):
            with pytest.raises(WeightsError, match=r"net\.onnx: cannot be read \(Permission denied\)"):
                find(path)
        with pytest.raises(WeightsError, match=r"net\.onnx: cannot be read"):
            resolver_module.verified(path.parent, FileRecord("net.onnx", "0" * 64, 1))


class TestAddresses:
    @pytest.fixture
    def model(self, installed, server, tmp_path) -> str:
        """A model's folder on a server, as an address."""
        export(tmp_path / "run", "remote")
        for path in (tmp_path / "run").iterdir():
            server.files[f"/zoo/remote/{path.name}"] = path.read_bytes()
        return f"{server.url}/zoo/remote/"

    @pytest.mark.parametrize("file", ["", "preset.json", "net.onnx"])
    def test_record(self, model, file):
        assert get_preset(model + file).name == "remote"

    @pytest.mark.parametrize("file", ["", "preset.json", "net.onnx"])
    def test_file(self, model, file, home):
        path = resolve(model + file)
        assert path.read_bytes() == b"onnx of remote"
        assert path.name == "net.onnx"
        assert path.is_relative_to(home)

    @pytest.mark.parametrize("file", ["", "net.onnx"])
    def test_a_network_that_wants_a_login_first(self, model, server, file):
        """Its page is told, and does not stay for the file."""
        for name in ("preset.json", "net.onnx"):
            server.moods[f"/zoo/remote/{name}"] = ["login"]
        with pytest.raises(WeightsError, match="sent a web page"):
            get_preset(model + file)
        server.moods.clear()
        assert get_preset(model + file).name == "remote"

    def test_a_damaged_record_does_not_stay(self, model, server):
        whole = server.files["/zoo/remote/preset.json"]
        server.files["/zoo/remote/preset.json"] = whole[:40]
        with pytest.raises(WeightsError, match="is no model record"):
            get_preset(model)
        server.files["/zoo/remote/preset.json"] = whole
        assert get_preset(model).name == "remote"

    def test_a_file_that_is_no_network_does_not_stay(self, model, server):
        """As a pointer to a large file that the server does not have."""
        whole = server.files["/zoo/remote/net.onnx"]
        server.files["/zoo/remote/net.onnx"] = b"version https://git-lfs.github.com/spec/v1"
        record = server.files.pop("/zoo/remote/preset.json")
        with pytest.raises(WeightsError, match=r"net\.onnx: carries no model record"):
            get_preset(model + "net.onnx")
        server.files["/zoo/remote/net.onnx"], server.files["/zoo/remote/preset.json"] = whole, record
        get_preset(model + "net.onnx")
        assert resolve(model + "net.onnx").read_bytes() == whole

    def test_only_two_kinds_of_address(self, model):
        assert get_preset(model.replace("http", "HTTP")).name == "remote"
        with pytest.raises(UnknownModelError, match="begins with http"):
            get_preset("ftp://somewhere/nyu")

    def test_files_fit_the_record(self, model, server):
        server.files["/zoo/remote/estimator.keras"] = b"KERAS of remote"
        with pytest.raises(WeightsError, match="hash"):
            weights_path(model)

    def test_hash_in_the_address(self, model, server):
        sha256 = get_preset(model).files["onnx"].sha256
        assert resolve(f"{model}net.onnx#sha256={sha256}").read_bytes() == b"onnx of remote"
        assert resolve(f"{model}net.onnx#sha256={sha256.upper()}").read_bytes() == b"onnx of remote"
        server.files["/zoo/remote/other.onnx"] = b"another"
        with pytest.raises(WeightsError, match="hash"):
            resolve(f"{model}other.onnx#sha256={'0' * 64}")

    def test_malformed_hash(self, model):
        with pytest.raises(UnknownModelError, match="64 hexadecimal"):
            resolve(f"{model}net.onnx#sha256=12")


def test_importing_the_zoo_stays_light():
    heavy = "{'urllib.request', 'http.client', 'platformdirs', 'numpy', 'PIL'}"
    code = f"import sys, cn_zoo.zoo; cn_zoo.zoo.list_models(); print({heavy} & set(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "set()"


def test_every_installed_record_is_whole():
    for name in list_models():
        preset = get_preset(name)
        assert preset.name == name
        assert preset.errors_mm
        for kind, file in preset.files.items():
            if not file.url:
                assert resolve(name, kind).stat().st_size == file.bytes


def test_record_file_is_plain_json(tmp_path):
    export(tmp_path / "run")
    facts = json.loads((tmp_path / "run" / "preset.json").read_text())
    assert facts["errors_mm"] == {"made-up": 9.5}
    assert "folder" not in facts
