"""How good a set of images is, or how near another. Nothing here is differentiable or needs to be.

frechet    distance between Gaussians fitted to features
sliced     Wasserstein distance along random directions
inception  how sure and how varied a classifier's answers are
images     what is seen in pictures alone: signal-to-noise ratio, checkerboards
"""

from course_lib.metrics.frechet import frechet_distance as frechet_distance
from course_lib.metrics.frechet import gaussian_frechet_distance as gaussian_frechet_distance
from course_lib.metrics.images import checkerboard_energy as checkerboard_energy
from course_lib.metrics.images import line_excess as line_excess
from course_lib.metrics.images import psnr as psnr
from course_lib.metrics.images import stride_lines as stride_lines
from course_lib.metrics.inception import inception_score as inception_score
from course_lib.metrics.sliced import sliced_wasserstein as sliced_wasserstein
