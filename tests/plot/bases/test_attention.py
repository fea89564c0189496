import numpy as np

from dnabert.plot.bases.attention import attention_maps_figure, head_rows_figure


def test_each_head_has_its_map_and_all_share_a_scale() -> None:
    maps = np.random.default_rng(0).dirichlet(np.ones(9), size=(6, 9))
    figure = attention_maps_figure(maps, [f"head {head}" for head in range(6)], "seq1, layer 3")
    shown = [axes for axes in figure.axes if axes.images]
    assert [axes.get_title() for axes in shown] == [f"head {head}" for head in range(6)]
    for axes, weights in zip(shown, maps, strict=True):
        assert np.array_equal(axes.images[0].get_array(), weights)
    assert len({axes.images[0].get_clim() for axes in shown}) == 1
    assert [bool(axes.xaxis.get_tick_params()["labelbottom"]) for axes in shown] == [False, False, True, True, True, True]  # none beneath
    assert figure.axes[-1].get_ylabel() == "Attention weight"
    texts = [text.get_text() for text in figure.texts]
    assert texts == ["seq1, layer 3", "k-mer attended to (its first base)", "k-mer that attends (its first base)"]


def test_the_scale_ends_below_a_few_large_weights_and_says_so() -> None:
    maps = np.full((1, 40, 40), 0.01)
    maps[0, 0, 0] = 0.9
    figure = attention_maps_figure(maps, ["head 0"], "s")
    assert figure.axes[0].images[0].get_clim() == (0, 0.01)
    assert figure.axes[0].images[0].colorbar is not None
    assert figure.axes[0].images[0].colorbar.extend == "max"


def test_maps_of_zeros_can_be_drawn() -> None:
    assert attention_maps_figure(np.zeros((1, 3, 3)), ["head 0"], "s").axes[0].images[0].get_clim() == (0, 1)


def test_heads_are_rows_over_the_letters() -> None:
    scores = np.arange(12.0).reshape(3, 4)
    figure = head_rows_figure(scores, ["head 0", "head 2", "head 5"], "ACGT", "seq1, layer 3", "Attention score")
    axes, bar = figure.axes
    assert np.array_equal(axes.images[0].get_array(), scores)
    assert [text.get_text() for text in axes.get_yticklabels()] == ["head 0", "head 2", "head 5"]
    assert "".join(text.get_text() for text in axes.texts) == "ACGT"  # type: ignore[attr-defined]
    assert bar.get_ylabel() == "Attention score"


def test_letters_that_would_overlap_are_left_out() -> None:
    axes = head_rows_figure(np.ones((2, 300)), ["head 0", "head 1"], "ACG" * 100, "s", "Score").axes[0]
    assert not axes.texts
