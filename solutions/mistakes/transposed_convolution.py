"""Named wrong answers, and correct variants, of the exercises of `transposed_convolution`."""

import math

import torch
import torch.nn.functional as F

from course_lib.grading.mistakes import mistake, variant


def _places(size, kernel, stride, padding, dilation):
    return max(0, (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1)


def _made(size, kernel, stride, padding, output_padding, dilation):
    return max(0, (size - 1) * stride - 2 * padding + dilation * (kernel - 1) + 1 + output_padding)


def _pixels(height, width, kernel):
    return torch.eye(height * width, dtype=kernel.dtype).view(-1, 1, height, width)


def _matrix(kernel, height, width, stride=1, padding=0, dilation=1):
    return F.conv2d(_pixels(height, width, kernel), kernel[None, None], None, stride, padding, dilation).flatten(1).T


def _nails(x, stride):
    spaced = x.new_zeros(*x.shape[:2], (x.shape[2] - 1) * stride + 1, (x.shape[3] - 1) * stride + 1)
    spaced[..., ::stride, ::stride] = x
    return spaced


def _paint(x, weight, stride=1, padding=0, output_padding=0, dilation=1):
    down, across = (dilation * (size - 1) - padding for size in weight.shape[2:])
    spaced = F.pad(_nails(x, stride), (across, across + output_padding, down, down + output_padding))
    return F.conv2d(spaced, weight.transpose(0, 1).flip(2, 3), dilation=dilation)


# ---------------------------------------------------------------------------------------------- conv_output_size


@mistake("conv_output_size", "The first place costs no step of the stride: add 1.")
def first_place_forgotten(size, kernel, stride=1, padding=0, dilation=1):
    return max(0, (size + 2 * padding - dilation * (kernel - 1) - 1) // stride)


@mistake("conv_output_size", "The padding's zeros stand on both sides: count them twice.")
def padding_on_one_side(size, kernel, stride=1, padding=0, dilation=1):
    return max(0, (size + padding - dilation * (kernel - 1) - 1) // stride + 1)


@mistake("conv_output_size", "A dilated kernel is longer: its k weights cover d (k - 1) + 1 pixels.")
def dilation_forgotten_in_places(size, kernel, stride=1, padding=0, dilation=1):
    return max(0, (size + 2 * padding - kernel) // stride + 1)


@mistake("conv_output_size", "k weights have k - 1 gaps between them: the kernel covers d (k - 1) + 1 pixels, not d k.")
def a_gap_too_many(size, kernel, stride=1, padding=0, dilation=1):
    return max(0, (size + 2 * padding - dilation * kernel) // stride + 1)


@mistake("conv_output_size", "That rounds up. A last step that the kernel cannot finish is not taken: round down.")
def rounded_up(size, kernel, stride=1, padding=0, dilation=1):
    room = size + 2 * padding - dilation * (kernel - 1) - 1
    return math.ceil(room / stride) + 1 if room >= 0 else 0


@mistake("conv_output_size", "A kernel longer than the line has no place: the answer is 0, never less.")
def fewer_than_no_places(size, kernel, stride=1, padding=0, dilation=1):
    return (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1


@mistake("conv_output_size", "int() rounds towards 0, so that a kernel slightly too long seems to have a place.")
def rounded_towards_zero(size, kernel, stride=1, padding=0, dilation=1):
    return max(0, int((size + 2 * padding - dilation * (kernel - 1) - 1) / stride) + 1)


@variant("conv_output_size")
def counted(size, kernel, stride=1, padding=0, dilation=1):
    return len(range(0, size + 2 * padding - dilation * (kernel - 1), stride))


@variant("conv_output_size")
def asked_of_unfold(size, kernel, stride=1, padding=0, dilation=1):
    line, reach = torch.zeros(size + 2 * padding), dilation * (kernel - 1) + 1
    return line.unfold(0, reach, stride).shape[0] if reach <= len(line) else 0


# ----------------------------------------------------------------------------------- transposed_conv_output_size


@mistake("transposed_conv_output_size", "size pixels have size - 1 gaps between them: only those are a stride long.")
def a_stride_too_many(size, kernel, stride=1, padding=0, output_padding=0, dilation=1):
    return max(0, size * stride - 2 * padding + dilation * (kernel - 1) + 1 + output_padding)


@mistake("transposed_conv_output_size", "The padding is the convolution's. Its transpose crops what lies there.")
def padding_added(size, kernel, stride=1, padding=0, output_padding=0, dilation=1):
    return _made(size, kernel, stride, -padding, output_padding, dilation)


@mistake("transposed_conv_output_size", "The padding is cropped on both sides.")
def cropped_on_one_side(size, kernel, stride=1, padding=0, output_padding=0, dilation=1):
    return max(0, (size - 1) * stride - padding + dilation * (kernel - 1) + 1 + output_padding)


@mistake("transposed_conv_output_size", "output_padding is missing: it adds that many pixels.")
def output_padding_forgotten_in_size(size, kernel, stride=1, padding=0, output_padding=0, dilation=1):
    return _made(size, kernel, stride, padding, 0, dilation)


@mistake("transposed_conv_output_size", "output_padding adds pixels at one end only.")
def output_padding_at_both_ends(size, kernel, stride=1, padding=0, output_padding=0, dilation=1):
    return _made(size, kernel, stride, padding, 2 * output_padding, dilation)


@mistake(
    "transposed_conv_output_size", "A dilated kernel paints further: d (k - 1) + 1 pixels from its first to its last."
)
def dilation_forgotten_in_size(size, kernel, stride=1, padding=0, output_padding=0, dilation=1):
    return _made(size, kernel, stride, padding, output_padding, 1)


@mistake("transposed_conv_output_size", "Where cropping leaves nothing the size is 0, never less.")
def fewer_than_no_pixels(size, kernel, stride=1, padding=0, output_padding=0, dilation=1):
    return (size - 1) * stride - 2 * padding + dilation * (kernel - 1) + 1 + output_padding


@variant("transposed_conv_output_size")
def smallest_that_leads_here(size, kernel, stride=1, padding=0, output_padding=0, dilation=1):
    # of the uncropped line, where some size always does
    whole = next(many for many in range(1, 10**4) if _places(many, kernel, stride, 0, dilation) == size)
    return max(0, whole - 2 * padding + output_padding)


@variant("transposed_conv_output_size")
def painted_on_paper(size, kernel, stride=1, padding=0, output_padding=0, dilation=1):
    touched = {pixel * stride + tap * dilation for pixel in range(size) for tap in range(kernel)}
    return len(range(padding, max(touched) + 1 + output_padding - padding))


# --------------------------------------------------------------------------------------------------- conv_matrix


@mistake("conv_matrix", "The kernel is flipped. What networks call convolution lays it on the image as it is.")
def kernel_flipped(kernel, height, width, stride=1, padding=0, dilation=1):
    return _matrix(kernel.flip(0, 1), height, width, stride, padding, dilation)


@mistake("conv_matrix", "Rows and columns are exchanged: that is the matrix of the transposed convolution.")
def the_transpose(kernel, height, width, stride=1, padding=0, dilation=1):
    return _matrix(kernel, height, width, stride, padding, dilation).T


@mistake("conv_matrix", "Vectors read the image row by row: pixel (y, x) is number y * width + x.")
def column_by_column(kernel, height, width, stride=1, padding=0, dilation=1):
    whole = _matrix(kernel, height, width, stride, padding, dilation)
    return whole.unflatten(1, (height, width)).transpose(1, 2).flatten(1)


@mistake("conv_matrix", "The padding's zeros are no pixels: they have no column.")
def columns_for_the_padding(kernel, height, width, stride=1, padding=0, dilation=1):
    return _matrix(kernel, height + 2 * padding, width + 2 * padding, stride, 0, dilation)


@mistake(
    "conv_matrix", "A weight that falls off the right edge comes back in the next row. There is no pixel: leave it out."
)
def wrapped_round_the_edge(kernel, height, width, stride=1, padding=0, dilation=1):
    rows = _places(height, len(kernel), stride, padding, dilation)
    columns = _places(width, kernel.shape[1], stride, padding, dilation)
    matrix = kernel.new_zeros(rows, columns, height * width)
    for r in range(rows):
        for c in range(columns):
            for a in range(len(kernel)):
                for b in range(kernel.shape[1]):
                    pixel = (r * stride + a * dilation - padding) * width + c * stride + b * dilation - padding
                    if 0 <= pixel < height * width:
                        matrix[r, c, pixel] = matrix[r, c, pixel] + kernel[a, b]
    return matrix.flatten(0, 1)


@mistake("conv_matrix", "The stride belongs to the image: weight (a, b) of place (r, c) lies on (r s + a, c s + b).")
def stride_on_the_taps(kernel, height, width, stride=1, padding=0, dilation=1):
    rows = _places(height, len(kernel), stride, padding, dilation)
    columns = _places(width, kernel.shape[1], stride, padding, dilation)
    matrix = kernel.new_zeros(rows, columns, height, width)
    for r in range(rows):
        for c in range(columns):
            for a in range(len(kernel)):
                for b in range(kernel.shape[1]):
                    y, x = r * dilation + a * stride - padding, c * dilation + b * stride - padding
                    if 0 <= y < height and 0 <= x < width:
                        matrix[r, c, y, x] = kernel[a, b]
    return matrix.flatten(2).flatten(0, 1)


@mistake("conv_matrix", "The weights lie next to each other here. With dilation d they are d pixels apart.")
def dilation_forgotten_in_matrix(kernel, height, width, stride=1, padding=0, dilation=1):
    rows = _places(height, len(kernel), stride, padding, dilation)
    columns = _places(width, kernel.shape[1], stride, padding, dilation)
    whole = F.conv2d(_pixels(height, width, kernel), kernel[None, None], None, stride, padding)
    return whole[:, 0, :rows, :columns].flatten(1).T


@mistake(
    "conv_matrix",
    "The numbers are right, but no gradient reaches the kernel: fill in its entries, not copies as numbers.",
)
def kernel_as_numbers(kernel, height, width, stride=1, padding=0, dilation=1):
    return _matrix(kernel.detach(), height, width, stride, padding, dilation) + 0 * kernel.sum()


@variant("conv_matrix")
def pixel_by_pixel(kernel, height, width, stride=1, padding=0, dilation=1):
    return _matrix(kernel, height, width, stride, padding, dilation)


@variant("conv_matrix")
def by_taps(kernel, height, width, stride=1, padding=0, dilation=1):
    """Each weight times a 0-1 matrix: the Kronecker product of its shifts down and across."""
    matrix = 0
    for a in range(len(kernel)):
        for b in range(kernel.shape[1]):
            shifts = []
            for size, taps, tap in ((height, len(kernel), a), (width, kernel.shape[1], b)):
                pixel = torch.arange(_places(size, taps, stride, padding, dilation)) * stride + tap * dilation - padding
                shifts.append((pixel[:, None] == torch.arange(size)).to(kernel.dtype))
            matrix = matrix + kernel[a, b] * torch.kron(*shifts)
    return matrix


# --------------------------------------------------------------------------------------------- transposed_conv2d


@mistake("transposed_conv2d", "The kernel is turned round. A single bright pixel must paint the kernel as it is.")
def turned_kernel(x, weight, stride=1, padding=0, output_padding=0, dilation=1):
    return _paint(x, weight.flip(2, 3), stride, padding, output_padding, dilation)


@mistake("transposed_conv2d", "Later pixels paint over earlier ones. Where paintings overlap they must add up.")
def painted_over(x, weight, stride=1, padding=0, output_padding=0, dilation=1):
    height, width = (_made(size, k, stride, 0, output_padding, dilation)
                     for size, k in zip(x.shape[2:], weight.shape[2:], strict=True))  # fmt: skip
    canvas = x.new_zeros(len(x), weight.shape[1], height, width)
    reach = [dilation * (k - 1) + 1 for k in weight.shape[2:]]
    for h in range(x.shape[2]):
        for w in range(x.shape[3]):
            rows = slice(h * stride, h * stride + reach[0], dilation)
            columns = slice(w * stride, w * stride + reach[1], dilation)
            canvas[:, :, rows, columns] = torch.einsum("ni,ioab->noab", x[:, :, h, w], weight)
    return canvas[:, :, padding : height - padding, padding : width - padding]


@mistake("transposed_conv2d", "You shared the overlap out. Paintings add up; nothing is divided by how many they are.")
def overlap_averaged(x, weight, stride=1, padding=0, output_padding=0, dilation=1):
    many = _paint(
        torch.ones_like(x[:1, :1]), torch.ones_like(weight[:1, :1]), stride, padding, output_padding, dilation
    )
    return _paint(x, weight, stride, padding, output_padding, dilation) / many.clamp(min=1)


@mistake("transposed_conv2d", "The extra row and column of output_padding belong at the bottom and on the right.")
def output_padding_at_the_top(x, weight, stride=1, padding=0, output_padding=0, dilation=1):
    down, across = (dilation * (size - 1) - padding for size in weight.shape[2:])
    spaced = F.pad(_nails(x, stride), (across + output_padding, across, down + output_padding, down))
    return F.conv2d(spaced, weight.transpose(0, 1).flip(2, 3), dilation=dilation)


@mistake(
    "transposed_conv2d",
    "The pixels of output_padding are blank here. They are part of the canvas: what is painted there, and would "
    "otherwise be cropped, shows.",
)
def output_padding_blank(x, weight, stride=1, padding=0, output_padding=0, dilation=1):
    return F.pad(_paint(x, weight, stride, padding, 0, dilation), (0, output_padding, 0, output_padding))


@mistake(
    "transposed_conv2d", "The output is stretched by repeating pixels. Between the pixels lies nothing: insert zeros."
)
def pixels_repeated(x, weight, stride=1, padding=0, output_padding=0, dilation=1):
    size = _nails(x, stride).shape[2:]
    repeated = x.repeat_interleave(stride, 2).repeat_interleave(stride, 3)[..., : size[0], : size[1]]
    return _paint(repeated, weight, 1, padding, output_padding, dilation)


@mistake("transposed_conv2d", "The weights of the kernel must land d pixels apart.")
def dilation_forgotten_in_painting(x, weight, stride=1, padding=0, output_padding=0, dilation=1):
    close = _paint(x, weight, stride, padding, output_padding, 1)
    height, width = (_made(size, k, stride, padding, output_padding, dilation)
                     for size, k in zip(x.shape[2:], weight.shape[2:], strict=True))  # fmt: skip
    return F.pad(close, (0, width - close.shape[3], 0, height - close.shape[2]))


@mistake(
    "transposed_conv2d", "Only the first input channel paints. All of them do, each with its own kernels: sum over i."
)
def first_channel_only(x, weight, stride=1, padding=0, output_padding=0, dilation=1):
    return _paint(x[:, :1], weight[:1], stride, padding, output_padding, dilation)


@mistake("transposed_conv2d", "The value is right, but no gradient reaches the weights: the layer would never learn.")
def weight_detached(x, weight, stride=1, padding=0, output_padding=0, dilation=1):
    return _paint(x, weight.detach(), stride, padding, output_padding, dilation) + 0 * weight.sum()


@variant("transposed_conv2d")
def nails_and_convolution(x, weight, stride=1, padding=0, output_padding=0, dilation=1):
    return _paint(x, weight, stride, padding, output_padding, dilation)


@variant("transposed_conv2d")
def by_fold(x, weight, stride=1, padding=0, output_padding=0, dilation=1):
    """Every pixel's painting as a column, and F.fold to lay the columns down."""
    columns = torch.einsum("nihw,ioab->noabhw", x, weight).flatten(4).flatten(1, 3)
    size = [_made(many, k, stride, padding, output_padding, dilation)
            for many, k in zip(x.shape[2:], weight.shape[2:], strict=True)]  # fmt: skip
    whole = [many + 2 * padding for many in size]
    exact = [_made(many, k, stride, 0, 0, dilation) for many, k in zip(x.shape[2:], weight.shape[2:], strict=True)]
    canvas = F.fold(columns, exact, weight.shape[2:], dilation, 0, stride)
    canvas = F.pad(canvas, (0, whole[1] - exact[1], 0, whole[0] - exact[0]))
    return canvas[:, :, padding : whole[0] - padding, padding : whole[1] - padding]


@variant("transposed_conv2d")
def by_the_matrix(x, weight, stride=1, padding=0, output_padding=0, dilation=1):
    """One row of paint after the other, along each axis: 0-1 matrices that say where pixel and tap land."""
    landings = []
    for size, taps in zip(x.shape[2:], weight.shape[2:], strict=True):
        target = stride * torch.arange(size)[:, None] + dilation * torch.arange(taps) - padding
        made = _made(size, taps, stride, padding, output_padding, dilation)
        landings.append((target[..., None] == torch.arange(made)).to(x.dtype))  # [size, taps, made]
    return torch.einsum("nihw,ioab,hay,wbx->noyx", x, weight, *landings)


# ----------------------------------------------------------------------------------------------- bilinear_kernel


def _tent(factor, size, middle):
    return 1 - (torch.arange(size, dtype=torch.float64) - middle).abs() / factor


def _right(factor):
    size = 2 * factor - factor % 2
    return _tent(factor, size, (size - 1) / 2)


@mistake("bilinear_kernel", "For an odd factor the kernel has a middle pixel and 2 factor - 1 weights, not 2 factor.")
def always_even(factor):
    tent = _tent(factor, 2 * factor, factor - 0.5)
    return tent[:, None] * tent


@mistake(
    "bilinear_kernel", "The tent leans: the middle of k pixels lies at (k - 1) / 2, between two of them if k is even."
)
def middle_on_a_pixel(factor):
    tent = _tent(factor, 2 * factor - factor % 2, factor - 1)
    return tent[:, None] * tent


@mistake(
    "bilinear_kernel",
    "That sums to 1 over the whole kernel. Each output pixel sees only every factor-th weight: those must sum to 1.",
)
def normalised(factor):
    tent = _right(factor)
    return tent[:, None] * tent / tent.sum() ** 2


@mistake("bilinear_kernel", "A box repeats the nearest pixel. The weight must fall with the distance.")
def nearest_neighbour(factor):
    size, margin = 2 * factor - factor % 2, (factor - factor % 2) // 2
    box = torch.zeros(size, dtype=torch.float64)
    box[margin : margin + factor] = 1
    return box[:, None] * box


@mistake("bilinear_kernel", "That is a pyramid. Bilinear is linear along each axis, and the two are multiplied.")
def pyramid(factor):
    tent = _right(factor)
    return torch.minimum(tent[:, None], tent)


@mistake("bilinear_kernel", "The tents are added. Multiply them: at a corner both distances count.")
def tents_added(factor):
    tent = _right(factor)
    return (tent[:, None] + tent) / 2


@mistake("bilinear_kernel", "The values are right to seven digits: make the numbers in float64.")
def in_single_precision(factor):
    tent = _right(factor).float()
    return tent[:, None] * tent


@mistake(
    "bilinear_kernel", "The tent falls too fast: by 1 / factor for each pixel, which leaves more than 0 at the rim."
)
def zero_at_the_rim(factor):
    size = 2 * factor - factor % 2
    tent = _tent(max(1, (size - 1) / 2), size, (size - 1) / 2)
    return tent[:, None] * tent


@variant("bilinear_kernel")
def pixel_by_pixel_tent(factor):
    size = 2 * factor - factor % 2
    rows = [[(1 - abs(2 * a - size + 1) / (2 * factor)) * (1 - abs(2 * b - size + 1) / (2 * factor))
             for b in range(size)] for a in range(size)]  # fmt: skip
    return torch.tensor(rows, dtype=torch.float64)


@variant("bilinear_kernel")
def boxes_convolved(factor):
    """A tent is one box slid over another; an even factor's boxes meet between pixels, so they are finer."""
    fine = 1 if factor % 2 else 2
    box = torch.ones(1, 1, fine * factor, dtype=torch.float64)
    tent = F.conv1d(box, box, padding=fine * factor - 1)[0, 0][fine // 2 :: fine] / (fine * factor)
    if fine == 2:
        tent = F.conv1d(box, box, padding=2 * factor - 1)[0, 0][::2] / (2 * factor)
    return tent[:, None] * tent
