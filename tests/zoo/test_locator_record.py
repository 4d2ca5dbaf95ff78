from cn_zoo.zoo.locator_record import LOCATOR_FOLDER, LocatorRecord


def test_record_and_card_belong_together():
    record = LocatorRecord.load(LOCATOR_FOLDER)
    card = (LOCATOR_FOLDER / "card.md").read_text(encoding="utf-8")
    assert card == record.card()
    assert "synthetic" in card
    assert record.licence in card
    for file in record.files.values():
        assert file.sha256 in card


def test_the_networks_are_small():
    record = LocatorRecord.load(LOCATOR_FOLDER)
    assert sum(record.files[kind].bytes for kind in ("finder", "judge")) < 600_000


def test_round_trip(tmp_path):
    record = LocatorRecord.load(LOCATOR_FOLDER)
    saved = record.save(tmp_path / "new")
    assert saved == record == LocatorRecord.load(tmp_path / "new")
    assert saved.folder == tmp_path / "new"
    for name in ("locator.json", "card.md"):
        assert (tmp_path / "new" / name).read_bytes() == (LOCATOR_FOLDER / name).read_bytes()
