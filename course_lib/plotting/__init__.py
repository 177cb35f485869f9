"""Pictures that read the same in a notebook, in the built book and in a file.

png      images as small palette PNGs and as `<img>` elements with alt text
grids    samples side by side, with row and column labels (no matplotlib, so that training may use it)
style    one figure style; colours named by what they mean
curves   what several chapters draw: metrics over seeds, 1-D densities with D(x), point clouds over training
show     a matplotlib figure or a grid in a notebook, with alt text
widgets  sliders over precomputed frames, alive in static HTML
"""
