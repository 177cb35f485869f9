"""Style, curves and how a notebook shows them."""

import io
import itertools

import matplotlib
import numpy as np
import pytest
import torch
from matplotlib import pyplot
from PIL import Image
from scipy import stats

from course_lib.plotting import curves, show, style

X = torch.linspace(-5, 5, 200)
COLOURS = {name: getattr(style, name) for name in ("DATA", "MODEL", "DISCRIMINATOR", "ACCENT", "MUTED", "INK")}


def normal(mean, std):
    return torch.distributions.Normal(mean, std).log_prob(X).exp()


FIGURES = {
    "lines": lambda: curves.lines(
        range(50), {"discriminator": np.random.default_rng(0).normal(size=(5, 50)), "generator": np.arange(50) / 50},
        xlabel="step", ylabel="loss", guide=1.386, guide_label="2 log 2",
    ),
    "log lines": lambda: curves.lines([1, 10, 100], {"a": [1, 0.1, 0.01]}, xlabel="n", ylabel="error", log="xy"),
    "densities": lambda: curves.densities(X, {"p": normal(0.0, 1.0), "q": normal(1.0, 1.5)}, shade=normal(0.0, 1.0),
                                          shade_label="p log p/q"),
    "adversarial": lambda: curves.adversarial_1d(X, normal(0.0, 1.0), normal(1.0, 1.0), {"D": torch.sigmoid(X)},
                                                 z=torch.linspace(-2, 2, 15), generated=torch.linspace(-1, 3, 15)),
    "scatter": lambda: curves.scatter_steps({f"step {i}": torch.randn(200, 2) for i in range(6)}, torch.randn(300, 2),
                                            columns=3, rows_labelled=["k = 1", "k = 5"]),
    "arms": lambda: curves.arms({"k = 1": [5, 6, 7, 8, 6], "k = 5": [7, 8, 8, 8, 7]}, ylabel="modes", guide=8),
}  # fmt: skip


def luminance(colour):
    channels = np.array(matplotlib.colors.to_rgb(colour))
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


@pytest.mark.parametrize("name", COLOURS)
def test_text_in_any_colour_reads_on_white(name):
    """WCAG 2.2, success criterion 1.4.3: a contrast of at least 4.5 to 1."""
    assert 1.05 / (luminance(COLOURS[name]) + 0.05) >= 4.5


# Machado, Oliveira and Fernandes (2009), tables for severity 1, acting on linear RGB.
DEFICIENCIES = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "none": np.eye(3),
}


def lab(linear):
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ linear
    f = np.cbrt(np.clip(xyz / [0.9505, 1.0, 1.089], 0.008856, None))
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("deficiency", DEFICIENCIES)
def test_data_model_and_discriminator_differ_for_every_eye(deficiency):
    """CIE76 distances beyond 20, some ten times the smallest difference that is seen."""
    seen = []
    for name in ("DATA", "MODEL", "DISCRIMINATOR"):
        channels = np.array(matplotlib.colors.to_rgb(COLOURS[name]))
        linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
        seen.append(lab(np.clip(np.array(DEFICIENCIES[deficiency]) @ linear, 0, 1)))
    assert min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2)) > 20


@pytest.mark.parametrize("name", FIGURES)
def test_figures_read_on_a_phone_and_are_small(name):
    figure = FIGURES[name]()
    assert figure.get_figwidth() <= style.MAX_WIDTH
    figure.draw_without_rendering()
    texts = [text for text in figure.findobj(matplotlib.text.Text) if text.get_text().strip() and text.get_visible()]
    assert texts
    assert min(text.get_fontsize() for text in texts) >= 9
    markup = show.figure_html(figure, alt="A figure of the course")
    assert len(markup) < 55_000


@pytest.mark.parametrize("name", FIGURES)
def test_nothing_is_cut_off(name):
    """The picture's outermost pixels are paper."""
    image = np.asarray(show.rasterise(FIGURES[name]()))
    assert min(edge.min() for edge in (image[0], image[-1], image[:, 0], image[:, -1])) > 250


def test_style_lasts_as_long_as_its_block():
    before = matplotlib.rcParams["font.size"]
    with style.context():
        assert matplotlib.rcParams["font.size"] == 11
    assert matplotlib.rcParams["font.size"] == before


def test_a_figure_is_shown_with_alt_text_and_closed(monkeypatch):
    shown = []
    monkeypatch.setattr(show, "display", shown.append)
    figure = pyplot.figure(figsize=(4, 3))
    number = figure.number
    figure.add_subplot().plot([0, 1], [0, 1])
    show.figure(figure, alt="A rising line", caption="It rises.")
    assert not pyplot.fignum_exists(number)
    (page,) = shown
    assert 'alt="A rising line"' in page.data
    assert 'width="400" height="300"' in page.data
    assert "<figcaption>It rises.</figcaption>" in page.data


def test_a_figure_without_alt_text_is_refused():
    with pytest.raises(ValueError, match="alt text is empty"):
        show.figure(style.figure(), alt="")


def test_a_figure_too_wide_is_refused():
    with pytest.raises(ValueError, match=r"7\.0 in wide"):
        style.figure(8)
    wide = pyplot.figure(figsize=(9, 3))
    with pytest.raises(ValueError, match=r"7\.0 in wide"):
        show.figure(wide, alt="A very wide figure")
    pyplot.close(wide)


def test_the_palette_looks_the_same():
    image = show.rasterise(FIGURES["densities"]())
    from course_lib.plotting import png

    small = Image.open(io.BytesIO(png.encode(image)))
    assert small.mode == "P"
    difference = np.abs(np.asarray(small.convert("RGB"), dtype=float) - np.asarray(image, dtype=float))
    assert difference.mean() < 1


def test_lines_show_the_mean_and_the_range_of_seeds():
    y = np.array([[1.0, 2.0, 3.0], [3.0, 4.0, 8.0]])
    figure = curves.lines([0, 1, 2], {"a": y}, xlabel="step", ylabel="y")
    axes = figure.axes[0]
    assert axes.lines[0].get_ydata().tolist() == [2.0, 3.0, 5.5]
    band = axes.collections[0].get_paths()[0].vertices
    assert {tuple(point) for point in [[0, 1], [0, 3], [2, 3], [2, 8]]} <= {tuple(point) for point in band}
    assert [text.get_text() for text in axes.texts] == ["a"]


def test_labels_at_equal_ends_do_not_overlap():
    figure = curves.lines([0, 1], {"first": [0, 1], "second": [1, 1], "third": [2, 1]}, xlabel="x", ylabel="y")
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in figure.axes[0].texts]
    assert not any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2))


def test_density_of_samples_is_that_of_their_distribution():
    samples = torch.randn(200_000, 1, generator=torch.Generator().manual_seed(0))
    x = np.linspace(-4, 4, 81)
    exact = stats.norm.pdf(x)
    assert np.abs(curves.density_of(samples, x) - exact).max() < 0.02
    wider = stats.norm(scale=np.sqrt(1 + 0.5**2)).pdf(x)
    assert np.abs(curves.density_of(samples, x, bandwidth=0.5) - wider)[20:60].max() < 0.005
    far = curves.density_of(torch.cat([samples, samples + 100]), x)  # half of the mass is out of sight
    assert far.sum() * 0.1 == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: curves.lines([0, 1], {"a": [1, 2, 3]}, xlabel="", ylabel=""), "a: 3 values for 2 points"),
        (lambda: curves.densities(X, {"p": X[:5]}), "p: 5 values"),
        (lambda: curves.density_of([1.0], [0, 1, 3]), "evenly spaced"),
        (lambda: curves.density_of([], [0, 1, 2]), "samples is empty"),
        (lambda: curves.scatter_steps({"a": torch.zeros(3, 3)}, torch.zeros(3, 2)), r"points \[N, 2\]"),
        (lambda: curves.arms({"a": [1, 2], "b": [1]}, ylabel=""), "must be paired"),
    ],
)
def test_bad_shapes(call, message):
    with pytest.raises(ValueError, match=message):
        call()
