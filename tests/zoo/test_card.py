from dataclasses import replace

from cn_zoo.zoo import get_preset
from cn_zoo.zoo.card import model_card


def test_models_of_real_frames_are_not_said_to_be_synthetic():
    preset = replace(get_preset("nyu"), training_data="5 labelled depth maps of the user's own; started from nyu")
    assert "No real image" not in model_card(preset)
    assert "No real image" in model_card(get_preset("nyu"))


def test_nothing_measured_is_no_empty_table():
    preset = replace(get_preset("nyu"), protocol="Not measured: no frames were held out.", errors_mm={})
    card = model_card(preset)
    assert "Not measured" in card and "| test | mm |" not in card
