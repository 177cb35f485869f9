import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image

from course_lib.plotting import grids


def pixels(image):
    return np.asarray(image)


def test_images_stand_in_reading_order_with_nearest_enlargement():
    images = torch.stack([torch.full((1, 2, 2), level) for level in (-1.0, 0.0, 1.0, 0.5, -0.5, 0.2)])
    images[0, 0, 0, 1] = 1.0
    grid = pixels(grids.image_grid(images, columns=3, scale=3))
    gap, cell = 2, 2 * 3 + 2
    assert grid.shape == (2 * cell + gap, 3 * cell + gap)
    first = grid[gap : gap + 6, gap : gap + 6]
    assert np.array_equal(first, np.kron([[0, 255], [0, 0]], np.ones((3, 3))))
    centres = [grid[gap + row * cell + 4, gap + column * cell + 1] for row in range(2) for column in range(3)]
    assert centres == [0, 128, 255, 191, 64, 153]  # round((x + 1) 127.5), halves to even


def test_colour_and_an_incomplete_row():
    images = torch.tensor([1.0, -1.0, 0.0]).view(1, 3, 1, 1).expand(5, 3, 4, 4)
    grid = pixels(grids.image_grid(images, columns=3, scale=1))
    assert grid.shape == (14, 20, 3)
    assert grid[3, 3].tolist() == [255, 0, 128]
    assert grid[10, 16].tolist() == [255, 255, 255]


def test_a_table_of_images_keeps_its_columns():
    assert grids.image_grid(torch.zeros(2, 5, 1, 4, 4), scale=1).size == (5 * 6 + 2, 2 * 6 + 2)
    with pytest.raises(ValueError, match="5 columns already"):
        grids.image_grid(torch.zeros(2, 5, 1, 4, 4), columns=4)


def test_small_images_grow():
    assert grids.image_grid(torch.zeros(1, 1, 8, 8)).size == (44, 44)
    assert grids.image_grid(torch.zeros(1, 1, 64, 64)).size == (68, 68)


def test_labels_stand_outside_the_images():
    images = torch.rand(2, 3, 1, 8, 8) * 2 - 1
    plain = pixels(grids.image_grid(images))
    labelled = pixels(grids.image_grid(images, row_labels=["step 0", "step 100"], column_labels=["a", "b", "c"]))
    height, width = plain.shape
    assert np.array_equal(labelled[-height:, -width:], plain)
    margin = labelled[-height:, :-width]
    assert (margin < 128).any()  # there is text
    assert (margin[:, 0] == 255).all()  # and it is not cut off
    with pytest.raises(ValueError, match="1 row labels for 2 rows"):
        grids.image_grid(images, row_labels=["one"])


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (torch.zeros(2, 8, 8), r"\[N, 1 or 3, H, W\]"),
        (torch.zeros(2, 2, 8, 8), r"\[N, 1 or 3, H, W\]"),
        (torch.zeros(0, 1, 8, 8), r"\[N, 1 or 3, H, W\]"),
        (torch.zeros(1, 1, 8, 8, dtype=torch.uint8), "torch.uint8"),
        (torch.full((1, 1, 8, 8), 16.0), r"got \[16, 16\]"),
        (torch.full((1, 1, 8, 8), torch.nan), "not finite"),
    ],
)
def test_bad_images(images, message):
    with pytest.raises(ValueError, match=message):
        grids.image_grid(images)


def test_saved_whole(tmp_path):
    path = grids.save_grid(torch.zeros(4, 1, 8, 8), tmp_path / "grid.png", columns=4)
    with Image.open(path) as image:
        assert image.size == (4 * 42 + 2, 44)
    assert [file.name for file in tmp_path.iterdir()] == ["grid.png"]


def test_html_has_alt_text():
    markup = grids.grid_html(torch.zeros(4, 1, 8, 8), alt="Four grey squares")
    assert 'alt="Four grey squares"' in markup
    assert 'class="course-figure"' in markup


def test_64_digits_are_small():
    from sklearn.datasets import load_digits

    images = torch.tensor(load_digits().images[:64]).float()[:, None] / 8 - 1
    assert len(grids.grid_html(images, alt="Sixty-four handwritten digits")) < 10_000


def test_training_can_save_grids_without_matplotlib():
    code = "import sys; from course_lib.plotting import grids; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
