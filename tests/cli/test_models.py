import json
import shutil
import sys

import pytest

from cn_zoo.cli.main import main
from cn_zoo.zoo import resolver as resolver_module


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_broken_record_does_not_hide_the_others(tmp_path, monkeypatch, capsys, options):
    for name in ("icvl", "nyu"):
        (tmp_path / name).mkdir()
        shutil.copy(resolver_module.PRETRAINED / name / "preset.json", tmp_path / name)
    (tmp_path / "icvl" / "preset.json").write_text("{")
    monkeypatch.setattr(resolver_module, "PRETRAINED", tmp_path)
    monkeypatch.setattr(sys, "argv", ["cn-zoo", "models", *options])
    with pytest.raises(SystemExit) as end:
        main()
    printed = capsys.readouterr()
    assert not end.value.code
    assert len(printed.err.splitlines()) == 1 and str(tmp_path / "icvl" / "preset.json") in printed.err
    assert "nyu" in printed.out
    if options:
        assert [preset["name"] for preset in json.loads(printed.out)] == ["nyu"]


def test_the_table_has_a_line_for_each_model_in_80_columns(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(sys, "argv", ["cn-zoo", "models"])
    with pytest.raises(SystemExit):
        main()
    lines = capsys.readouterr().out.splitlines()
    for name in resolver_module.list_models():
        preset = resolver_module.get_preset(name)
        line = next(line.split() for line in lines if line.split()[0] == name)
        assert line[1] == preset.skeleton
        assert [round(value) for value in preset.camera] == [int(value) for value in line[2].split(",")]
        errors = [f"{preset.errors_mm[test]:.1f}" for test in ("synthetic test", "WebXR hand")]
        assert line[3:] == [f"{preset.parameters:,}", preset.licence, errors[0], "/", errors[1]]
    assert "synthetic test / WebXR hand" in lines[-1]
