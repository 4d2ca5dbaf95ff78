import pytest
from PIL import Image

from cn_zoo.drawing import contact_sheet


def test_pictures_stand_in_rows():
    reds = [Image.new("RGB", (20, 10), (10 * index, 0, 0)) for index in range(1, 6)]
    sheet = contact_sheet(reds, columns=3)
    assert sheet.width > 3 * 20
    assert 2 * 10 < sheet.height < 3 * 10 + 20
    cell_width, cell_height = (sheet.width - 4) // 3, (sheet.height - 4) // 2
    assert sheet.getpixel((4 + cell_width + 10, 4 + 5)) == (20, 0, 0)
    assert sheet.getpixel((4 + 10, 4 + cell_height + 5)) == (40, 0, 0)


def test_fewer_pictures_than_columns_leave_no_empty_columns():
    one = contact_sheet([Image.new("L", (20, 10))], columns=8)
    assert one.width < 40


def test_smaller_pictures_are_centred():
    sheet = contact_sheet([Image.new("RGB", (40, 40), "white"), Image.new("RGB", (10, 10), "red")], columns=1)
    assert sheet.getpixel((sheet.width // 2, 4 + 44 + 20)) == (255, 0, 0)


@pytest.mark.parametrize("images, columns", [([], 3), ([Image.new("L", (2, 2))], 0)])
def test_nothing_to_lay_out(images, columns):
    with pytest.raises(ValueError, match="contact sheet"):
        contact_sheet(images, columns)
