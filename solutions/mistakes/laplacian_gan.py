"""Named wrong answers, and correct variants, of the exercises of `laplacian_gan`."""

from itertools import pairwise

import torch
import torch.nn.functional as F

from course_lib.grading.mistakes import mistake, variant


def _kernel(x, weights=(1, 4, 6, 4, 1), total=16):
    """The kernel in both axes, one for each channel: [C, 1, k, k]."""
    line = torch.tensor(weights, dtype=x.dtype) / total
    return (line[:, None] * line).expand(x.shape[1], 1, -1, -1)


def _blurred(x, mode="replicate", **kernel):
    """x blurred, at its own size; the padding may be larger than the image."""
    weight = _kernel(x, **kernel)
    reach = weight.shape[-1] // 2
    if mode == "zeros":
        return F.conv2d(x, weight, padding=reach, groups=x.shape[1])
    for axis in (2, 3):
        place = torch.arange(-reach, x.shape[axis] + reach)
        last = x.shape[axis] - 1
        if mode == "mirror" and last > 0:
            place = (place % (2 * last) - last).abs() * -1 + last
        x = x.index_select(axis, place.clamp(0, last))
    return F.conv2d(x, weight, groups=x.shape[1])


def _neighbours(x, axis):
    last = x.shape[axis] - 1
    place = torch.arange(last + 1)
    return x.index_select(axis, (place - 1).clamp(min=0)), x.index_select(axis, (place + 1).clamp(max=last))


def _interleaved(even, odd, axis, size):
    return torch.stack([even, odd], axis + 1).flatten(axis, axis + 1).narrow(axis, 0, size)


# ---------------------------------------------------------------------------------------------------- downsample


@mistake("downsample", "You kept every second pixel without a blur: fine patterns then turn into false coarse ones.")
def without_blur(x):
    return x[..., ::2, ::2] * 1


@mistake("downsample", "Beyond the edge you took zeros, so the borders grow dark. Repeat the pixel at the edge.")
def zeros_beyond_the_edge(x):
    return _blurred(x, mode="zeros")[..., ::2, ::2]


@mistake("downsample", "You mirrored the image at its edge. Here the pixel at the edge is repeated.")
def mirrored_at_the_edge(x):
    return _blurred(x, mode="mirror")[..., ::2, ::2]


@mistake("downsample", "You kept the odd rows and columns: the first that stays is number 0.")
def odd_pixels(x):
    return _blurred(x)[..., 1::2, 1::2]


@mistake("downsample", "You blurred along one axis only. Rows and columns both are blurred before pixels are dropped.")
def one_axis_only(x):
    return _rows_blurred(x)[..., ::2, ::2]


def _rows_blurred(x):
    last = x.shape[2] - 1
    place = torch.arange(last + 1)
    taps = zip((1, 4, 6, 4, 1), range(-2, 3), strict=True)
    return sum(w / 16 * x.index_select(2, (place + m).clamp(0, last)) for w, m in taps)


@mistake("downsample", "All five pixels have the same weight in your blur. They have 1, 4, 6, 4, 1 sixteenths.")
def five_equal_weights(x):
    return _blurred(x, weights=(1, 1, 1, 1, 1), total=5)[..., ::2, ::2]


@mistake("downsample", "Your blur makes the image brighter: the five weights must sum to 1 along each axis.")
def weights_not_normalised(x):
    return _blurred(x, total=1)[..., ::2, ::2]


@mistake("downsample", "You averaged blocks of 2 x 2 pixels. The kernel of this chapter has five taps.")
def blocks_of_two(x):
    return F.avg_pool2d(x, 2, ceil_mode=True, count_include_pad=False)


@variant("downsample")
def by_strided_convolution(x):
    x = F.pad(x, (2, 2, 2, 2), mode="replicate")
    return F.conv2d(x, _kernel(x), stride=2, groups=x.shape[1])


@variant("downsample")
def by_matrices(x):
    for axis in (2, 3):
        size = x.shape[axis]
        matrix = torch.zeros((size + 1) // 2, size, dtype=x.dtype)
        for i in range(len(matrix)):
            for m, weight in zip(range(-2, 3), (1, 4, 6, 4, 1), strict=True):
                matrix[i, min(max(2 * i + m, 0), size - 1)] += weight / 16
        x = torch.tensordot(x, matrix, dims=([axis], [1])).movedim(-1, axis)
    return x


# ------------------------------------------------------------------------------------------------------ upsample


@mistake("upsample", "You repeated each pixel. The result should be smooth: both formulas mix neighbours.")
def repeated_pixels(x, height, width):
    return x.repeat_interleave(2, 2).repeat_interleave(2, 3)[..., :height, :width].clone()


@mistake(
    "upsample",
    "A quarter of the brightness is left: three of four pixels were inserted zeros. The blur must make up for them.",
)
def zeros_not_made_up_for(x, height, width):
    for axis, size in ((2, height), (3, width)):
        before, after = _neighbours(x, axis)
        x = _interleaved((before + 6 * x + after) / 16, (x + after) / 4, axis, size)
    return x


@mistake("upsample", "Beyond the edge you took zeros, so the borders grow dark. Repeat the pixel at the edge.")
def dark_edges(x, height, width):
    for axis, size in ((2, height), (3, width)):
        last = x.shape[axis] - 1
        zero = torch.zeros_like(x.narrow(axis, 0, 1))
        before = torch.cat([zero, x.narrow(axis, 0, last)], axis)
        after = torch.cat([x.narrow(axis, 1, last), zero], axis)
        x = _interleaved((before + 6 * x + after) / 8, (x + after) / 2, axis, size)
    return x


@mistake("upsample", "Even and odd places are exchanged: y[0] is the blurred x[0], y[1] lies between x[0] and x[1].")
def even_and_odd_exchanged(x, height, width):
    for axis, size in ((2, height), (3, width)):
        before, after = _neighbours(x, axis)
        x = _interleaved((x + after) / 2, (before + 6 * x + after) / 8, axis, size)
    return x


@mistake("upsample", "Your even places keep x[i] as it is: they too are blurred, (x[i - 1] + 6 x[i] + x[i + 1]) / 8.")
def interpolated_only(x, height, width):
    for axis, size in ((2, height), (3, width)):
        _, after = _neighbours(x, axis)
        x = _interleaved(x, (x + after) / 2, axis, size)
    return x


@mistake("upsample", "Your odd places look back: y[2i + 1] lies between x[i] and x[i + 1].")
def odd_places_look_back(x, height, width):
    for axis, size in ((2, height), (3, width)):
        before, after = _neighbours(x, axis)
        x = _interleaved((before + 6 * x + after) / 8, (x + before) / 2, axis, size)
    return x


@mistake("upsample", "Always twice the size: where height or width is odd, one row or column less is asked for.")
def always_doubled(x, height, width):
    for axis in (2, 3):
        before, after = _neighbours(x, axis)
        x = _interleaved((before + 6 * x + after) / 8, (x + after) / 2, axis, 2 * x.shape[axis])
    return x


@variant("upsample")
def by_transposed_convolution(x, height, width):
    x = F.pad(x, (1, 1, 1, 1), mode="replicate")
    weight = _kernel(x, total=8)
    return F.conv_transpose2d(x, weight, stride=2, groups=x.shape[1])[..., 4 : 4 + height, 4 : 4 + width]


@variant("upsample")
def by_inserted_zeros(x, height, width):
    n, c, h, w = x.shape
    nails = torch.zeros(n, c, 2 * h + 4, 2 * w + 4, dtype=x.dtype)
    nails[..., ::2, ::2] = F.pad(x, (1, 1, 1, 1), mode="replicate")
    return F.conv2d(nails, _kernel(x, total=8), padding=2, groups=c)[..., 2 : 2 + height, 2 : 2 + width]


# ------------------------------------------------------------------------------------------------- build_pyramid


@mistake("build_pyramid", "The sign: h_k is the fine image minus the up-sampled coarse one.")
def sign_exchanged(image, levels, down, up):
    pyramid = []
    for _ in range(levels):
        coarse = down(image)
        pyramid.append(up(coarse, *image.shape[2:]) - image)
        image = coarse
    return [*pyramid, image]


@mistake("build_pyramid", "That is the Gaussian pyramid: the images themselves, not what each halving loses.")
def gaussian_pyramid(image, levels, down, up):
    images = [image * 1]
    for _ in range(levels):
        images.append(down(images[-1]))
    return images


@mistake("build_pyramid", "The list has levels + 1 entries: a difference for each halving, then the coarsest image.")
def coarsest_missing(image, levels, down, up):
    return build_by_definition(image, levels, down, up)[:-1]


@mistake("build_pyramid", "Finest first: h_0 is the first of the list, the coarsest image the last.")
def coarsest_first(image, levels, down, up):
    return build_by_definition(image, levels, down, up)[::-1]


@mistake("build_pyramid", "You halved the difference. It is the coarse image that the next level takes apart.")
def difference_halved(image, levels, down, up):
    pyramid = []
    for _ in range(levels):
        pyramid.append(image - up(down(image), *image.shape[2:]))
        image = down(pyramid[-1])
    return [*pyramid, image]


@mistake("build_pyramid", "The list has levels + 1 entries: a difference for each halving, then the coarsest image.")
def one_level_too_many(image, levels, down, up):
    return build_by_definition(image, levels + 1, down, up)


@mistake("build_pyramid", "The last entry is the coarsest image itself: there is nothing coarser to subtract from it.")
def coarsest_as_difference(image, levels, down, up):
    pyramid = build_by_definition(image, levels, down, up)
    coarsest = pyramid[-1]
    return [*pyramid[:-1], coarsest - up(down(coarsest), *coarsest.shape[2:])]


def build_by_definition(image, levels, down, up):
    images = [image * 1]
    for _ in range(levels):
        images.append(down(images[-1]))
    lows = [up(coarse, *fine.shape[2:]) for fine, coarse in pairwise(images)]
    return [fine - low for fine, low in zip(images, lows, strict=False)] + images[-1:]


@variant("build_pyramid")
def from_the_gaussian_pyramid(image, levels, down, up):
    return build_by_definition(image, levels, down, up)


@variant("build_pyramid")
def by_recursion(image, levels, down, up):
    if levels < 1:
        return [image.clone()]
    coarse = down(image)
    low = up(coarse, image.shape[-2], image.shape[-1])
    return [torch.sub(image, low), *by_recursion(coarse, levels - 1, down, up)]


# --------------------------------------------------------------------------------------------------- reconstruct


@mistake("reconstruct", "You subtracted the differences. They were what is missing: add them.")
def differences_subtracted(pyramid, up):
    image = pyramid[-1]
    for residual in reversed(pyramid[:-1]):
        image = up(image, *residual.shape[2:]) - residual
    return image * 1


@mistake("reconstruct", "You up-sample each difference alone. Up-sample the image that you have so far.")
def differences_without_the_image(pyramid, up):
    image = pyramid[-1]
    for level in reversed(range(len(pyramid) - 1)):
        image = up(pyramid[level + 1], *pyramid[level].shape[2:]) + pyramid[level]
    return image * 1


@mistake(
    "reconstruct", "The middle levels are lost: you up-sampled the coarsest image all the way and added h_0 alone."
)
def finest_and_coarsest_only(pyramid, up):
    image = pyramid[-1]
    for residual in reversed(pyramid[:-1]):
        image = up(image, *residual.shape[2:])
    return image + pyramid[0] if len(pyramid) > 1 else image * 1


@mistake("reconstruct", "The coarsest image is lost: the recurrence begins with it, not with zeros.")
def begins_with_zeros(pyramid, up):
    image = torch.zeros_like(pyramid[-1])
    for residual in reversed(pyramid[:-1]):
        image = up(image, *residual.shape[2:]) + residual
    return image


@mistake("reconstruct", "You stopped a level early: the last step adds h_0.")
def one_step_short(pyramid, up):
    image = pyramid[-1]
    for residual in reversed(pyramid[1:-1]):
        image = up(image, *residual.shape[2:]) + residual
    return image * 1


@mistake(
    "reconstruct", "You clipped to [-1, 1]. A generated pyramid may leave that range, and nothing may be lost here."
)
def clipped(pyramid, up):
    image = pyramid[-1]
    for residual in reversed(pyramid[:-1]):
        image = up(image, *residual.shape[2:]) + residual
    return image.clamp(-1, 1)


@variant("reconstruct")
def by_recursion_from_the_top(pyramid, up):
    first, *rest = pyramid
    return up(by_recursion_from_the_top(rest, up), first.shape[-2], first.shape[-1]).add(first) if rest else first * 1


@variant("reconstruct")
def from_the_end_by_index(pyramid, up):
    images = {len(pyramid) - 1: pyramid[-1].clone()}
    for level in range(len(pyramid) - 2, -1, -1):
        _, _, height, width = pyramid[level].shape
        images[level] = torch.add(pyramid[level], up(images[level + 1], height, width))
    return images[0]


# ------------------------------------------------------------------------------------------------- lapgan_sample


@mistake("lapgan_sample", "G_k draws a difference. Add it to the up-sampled image that it was drawn for.")
def low_pass_not_added(generator, noise, up):
    images = [generator(len(noise) - 1, noise[-1], None)]
    for level in reversed(range(len(noise) - 1)):
        images.insert(0, generator(level, noise[level], up(images[0], *noise[level].shape[2:])))
    return images


@mistake("lapgan_sample", "The next level continues from the difference h_k. It must continue from the image I_k.")
def continues_from_the_difference(generator, noise, up):
    residual = generator(len(noise) - 1, noise[-1], None)
    images = [residual]
    for level in reversed(range(len(noise) - 1)):
        low = up(residual, *noise[level].shape[2:])
        residual = generator(level, noise[level], low)
        images.insert(0, low + residual)
    return images


@mistake("lapgan_sample", "Finest first: the list begins with I_0 and ends with the coarsest image.")
def coarsest_first_in_the_list(generator, noise, up):
    return chain(generator, noise, up)[::-1]


@mistake("lapgan_sample", "Your generators see no image: hand G_k the up-sampled image l_k, not zeros.")
def condition_of_zeros(generator, noise, up):
    images = [generator(len(noise) - 1, noise[-1], None)]
    for level in reversed(range(len(noise) - 1)):
        low = up(images[0], *noise[level].shape[2:])
        images.insert(0, low + generator(level, noise[level], torch.zeros_like(low)))
    return images


@mistake(
    "lapgan_sample", "You clipped the images on the way. Levels take over what the one before has drawn, as it is."
)
def clipped_on_the_way(generator, noise, up):
    images = [generator(len(noise) - 1, noise[-1], None).clamp(-1, 1)]
    for level in reversed(range(len(noise) - 1)):
        low = up(images[0], *noise[level].shape[2:])
        images.insert(0, (low + generator(level, noise[level], low)).clamp(-1, 1))
    return images


@mistake(
    "lapgan_sample", "Levels are counted from the finest, which is 0: the generators got the numbers the other way."
)
def levels_counted_from_the_coarsest(generator, noise, up):
    return chain(lambda level, z, low: generator(len(noise) - 1 - level, z, low), noise, up)


@mistake(
    "lapgan_sample", "Only the finest image came back. The whole list is asked for, so that one can look at the chain."
)
def finest_alone(generator, noise, up):
    return chain(generator, noise, up)[:1]


def chain(generator, noise, up):
    image = generator(len(noise) - 1, noise[-1], None)
    images = [image]
    for level in range(len(noise) - 2, -1, -1):
        low = up(image, *noise[level].shape[2:])
        image = low + generator(level, noise[level], low)
        images.append(image)
    return images[::-1]


@variant("lapgan_sample")
def appended_then_reversed(generator, noise, up):
    return chain(generator, noise, up)


@variant("lapgan_sample")
def by_recursion_from_the_finest(generator, noise, up, level=0):
    if level == len(noise) - 1:
        return [generator(level, noise[level], None)]
    coarser = by_recursion_from_the_finest(generator, noise, up, level + 1)
    low = up(coarser[0], noise[level].shape[-2], noise[level].shape[-1])
    return [generator(level, noise[level], low).add(low), *coarser]
