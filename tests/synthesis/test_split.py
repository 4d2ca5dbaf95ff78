from cn_zoo.synthesis.split import SPLITS, sample_generator


def test_no_split_draws_what_another_does():
    """The same seed and number, as a test has them that is begun as training was."""
    drawn = {sample_generator(seed, index, name).random() for name in SPLITS for seed in (0, 3) for index in range(20)}
    assert len(drawn) == len(SPLITS) * 2 * 20
