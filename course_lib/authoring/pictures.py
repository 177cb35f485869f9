"""Pictures of pages that execute nothing.

course train gan --data digits --steps 2000 --sample-every 50 --out runs/gan/cover
python -m course_lib.authoring.pictures cover runs/gan/cover    the landing page: the same noise as a GAN learns
python -m course_lib.authoring.pictures avatars                 the page on data: the same people in every style
"""

from pathlib import Path

import numpy as np
import torch
import tyro
from PIL import Image

from course_lib.data import avatars as faces
from course_lib.errors import CourseError
from course_lib.plotting import grids

STEPS = (0, 50, 100, 200, 300, 500, 1000, 2000)
LATENTS = (1, 21, 30, 38, 55)  # which of the grid's 64, row by row
SCALE, GAP, SIDE = 5, 2, 8  # how a run's grid of 8x8 images is drawn: screen pixels a pixel, between images


def cover(run: tyro.conf.Positional[Path], out: Path = Path("book/_assets/cover.png")) -> None:
    """Draw a few latents of a run's sample grids, one row each, over the steps of training.

    Args:
        run: A run directory with sample grids of 8x8 images.
        out: The picture.
    """
    rows = []
    for step in STEPS:
        path = run / "samples" / f"{step:06d}.png"
        if not path.exists():
            raise CourseError(f"{path} is missing: train with --sample-every 50 --steps {STEPS[-1]}")
        sheet = np.array(Image.open(path).convert("L"))[GAP:, GAP:]
        cell = SCALE * SIDE + GAP
        corners = [(latent // 8 * cell, latent % 8 * cell) for latent in LATENTS]
        tiles = [sheet[y : y + cell - GAP : SCALE, x : x + cell - GAP : SCALE] for y, x in corners]
        rows.append(torch.from_numpy(np.stack(tiles)).float() / 127.5 - 1)
    images = torch.stack(rows, 1)[:, :, None]  # [latents, steps, 1, 8, 8]
    labels = [f"{step:,} steps" if step else "at first" for step in STEPS]
    grids.image_grid(images, scale=9, column_labels=labels).save(out, optimize=True)
    print(f"{out}: {len(LATENTS)} latents over {len(STEPS)} moments")


def avatars(out: Path = Path("book/_assets/avatars.webp"), people: tuple[int, ...] = (52, 61, 6, 29, 11)) -> None:
    """Draw a few people of the avatars, one row each, in every style.

    Args:
        out: The picture.
        people: Their indices.
    """
    crowd = faces.people(torch.tensor(people))
    with torch.no_grad():
        styles = faces.render_views(crowd, 112, tuple(faces.STYLES))
    images = torch.stack([style.expand(-1, 3, -1, -1) for style in styles.values()], 1)  # [people, styles, 3, H, W]
    grids.image_grid(images, scale=1, column_labels=list(styles)).save(out, quality=88, method=6)
    print(f"{out}: {len(people)} people in {len(styles)} styles")


if __name__ == "__main__":
    tyro.extras.subcommand_cli_from_dict({"cover": cover, "avatars": avatars})
