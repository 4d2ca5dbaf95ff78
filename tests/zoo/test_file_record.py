import pytest

from cn_zoo.zoo import FileRecord

SHA256 = "0123456789abcdef" * 4


def test_measuring_a_file(tmp_path):
    (tmp_path / "net.onnx").write_bytes(b"abc")
    record = FileRecord.of(tmp_path / "net.onnx")
    assert record == FileRecord("net.onnx", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", 3)


@pytest.mark.parametrize("path", ["../net.onnx", "/etc/passwd", "a/b", "a\\b", "..", "", ".hidden"])
def test_files_stay_in_their_folder(path):
    with pytest.raises(ValueError, match="own folder"):
        FileRecord(path, SHA256, 1)


@pytest.mark.parametrize("sha256", ["", "0" * 63, "g" * 64, "A" * 64])
def test_hash_must_be_one(sha256):
    with pytest.raises(ValueError, match="64"):
        FileRecord("net.onnx", sha256, 1)
