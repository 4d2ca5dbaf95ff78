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
